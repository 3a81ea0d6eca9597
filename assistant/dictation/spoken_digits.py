"""Number words to digits. What a run of number words says is read here; whether it is written in digits too."""

from collections.abc import Callable
from dataclasses import dataclass

from assistant.dictation.tokens import Token, join, split, table

UNITS = {w: n for n, w in enumerate(table("zero one two three four five six seven eight nine"))}
TEENS = {
    w: n + 10
    for n, w in enumerate(
        table("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
    )
}
TENS = {
    w: n * 10 for n, w in enumerate(table("twenty thirty forty fifty sixty seventy eighty ninety"), start=2)
}
ORDINALS = {
    w: n
    for n, w in enumerate(
        table(
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
            "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
        ),
        start=1,
    )
} | {
    w: n * 10
    for n, w in enumerate(
        table("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth"), start=2
    )
}
OH = {"oh", "o"}
SCALES = {"hundred", "thousand"}
POINT = {"point", "dot"}
WORDS = UNITS.keys() | TEENS.keys() | TENS.keys() | SCALES | ORDINALS.keys()


@dataclass(slots=True)
class Number:
    """``words[start:end]`` says ``text``."""

    text: str
    start: int
    end: int
    ordinal: bool = False

    @property
    def value(self) -> float:
        return float(self.text)


def is_digits(word: str) -> bool:
    return word[:1].isdigit()


def _below_hundred(words: list[str], at: int) -> tuple[int, int] | None:
    if at >= len(words):
        return None
    word = words[at]
    if word in TENS:
        if at + 1 < len(words) and UNITS.get(words[at + 1], 0) >= 1:
            return TENS[word] + UNITS[words[at + 1]], at + 2
        return TENS[word], at + 1
    value = TEENS.get(word, UNITS.get(word))
    return None if value is None else (value, at + 1)


def _below_thousand(words: list[str], at: int) -> tuple[int, int] | None:
    """As :func:`_below_hundred`, with hundreds, and with "one twenty" for 120 and "one oh five" for 105."""
    first = _below_hundred(words, at)
    if first is None:
        return None
    value, after = first
    if after < len(words) and words[after] == "hundred" and value:
        return _rest(words, after + 1, value * 100)
    if 1 <= value <= 9 and words[at] in UNITS:
        if after + 1 < len(words) and words[after] in OH and words[after + 1] in UNITS:
            return value * 100 + UNITS[words[after + 1]], after + 2
        follow = _below_hundred(words, after)
        if follow and follow[0] >= 10 and words[follow[1] : follow[1] + 1] not in (["hundred"], ["thousand"]):
            return value * 100 + follow[0], follow[1]
    elif value in (18, 19, 20):
        follow = _below_hundred(words, after)
        if follow and follow[0] >= 10 and words[follow[1] : follow[1] + 1] not in (["hundred"], ["thousand"]):
            return value * 100 + follow[0], follow[1]
    if 10 <= value <= 20 and after + 1 < len(words) and words[after] in OH and words[after + 1] in UNITS:
        return value * 100 + UNITS[words[after + 1]], after + 2
    return value, after


def _rest(words: list[str], at: int, value: int) -> tuple[int, int]:
    skip = at + 1 if at < len(words) and words[at] == "and" else at
    follow = _below_hundred(words, skip)
    if follow and follow[0]:
        return value + follow[0], follow[1]
    return value, at


def _integer(words: list[str], at: int) -> tuple[str, int] | None:
    if is_digits(words[at]):
        if at + 1 < len(words) and words[at + 1] in SCALES and "." not in words[at]:
            scale = 100 if words[at + 1] == "hundred" else 1000
            return str(int(words[at]) * scale), at + 2
        return words[at], at + 1
    end = at
    while end < len(words) and (words[end] in UNITS or words[end] in OH):
        end += 1
    after_run = words[end] if end < len(words) else ""
    if (
        end - at >= 3
        and after_run not in SCALES
        and (words[at] not in OH or end - at >= 4)
        and not (end - at == 3 and words[at + 1] in OH)
    ):
        if after_run in POINT or after_run in TENS or after_run in TEENS:
            end -= 1
        return "".join("0" if w in OH else str(UNITS[w]) for w in words[at:end]), end
    if words[at] in OH:
        if at + 2 < len(words) and words[at + 1] in UNITS and words[at + 2] == "hundred":
            return f"0{UNITS[words[at + 1]]}00", at + 3
        third = words[at + 2] if at + 2 < len(words) else ""
        if (
            at + 1 < len(words)
            and words[at + 1] in UNITS
            and (third in OH or (words[at] == "oh" and third in WORDS))
        ):
            return f"0{UNITS[words[at + 1]]}", at + 2
        return None
    first = _below_thousand(words, at)
    if first is None:
        return None
    value, after = first
    if after < len(words) and words[after] == "thousand":
        value *= 1000
        after += 1
        skip = after + 1 if after < len(words) and words[after] == "and" else after
        follow = _below_thousand(words, skip)
        if follow and 0 < follow[0] < 1000:
            value, after = value + follow[0], follow[1]
    return str(value), after


def _decimals(words: list[str], at: int) -> tuple[str, int]:
    digits, end = "", at
    while end < len(words) and (words[end] in UNITS or words[end] in OH):
        digits += "0" if words[end] in OH else str(UNITS[words[end]])
        end += 1
    if digits:
        return digits, end
    follow = _below_hundred(words, at)
    if follow:
        return str(follow[0]), follow[1]
    if at < len(words) and words[at].isdigit():
        return words[at], at + 1
    return "", at


def read_at(words: list[str], at: int) -> Number | None:
    """The number that ``words`` say from ``at``, the longest."""
    word = words[at]
    if word in POINT:
        digits, end = _decimals(words, at + 1) if word == "point" else ("", at)
        return Number("0." + digits, at, end) if digits else None
    if word in ORDINALS:
        return Number(str(ORDINALS[word]), at, at + 1, ordinal=True)
    if word in TENS and at + 1 < len(words) and 1 <= ORDINALS.get(words[at + 1], 0) <= 9:
        return Number(str(TENS[word] + ORDINALS[words[at + 1]]), at, at + 2, ordinal=True)
    if (
        word not in UNITS
        and word not in TEENS
        and word not in TENS
        and word not in OH
        and not is_digits(word)
    ):
        return None
    whole = _integer(words, at)
    if whole is None:
        return None
    text, end = whole
    if end < len(words) and words[end] in POINT and "." not in text:
        digits, after = _decimals(words, end + 1)
        if digits:
            return Number(f"{text}.{digits}", at, after)
    return Number(text, at, end)


def suffixed(value: int) -> str:
    """1 → 1st."""
    if value % 100 in (11, 12, 13):
        return f"{value}th"
    return f"{value}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(value % 10, 'th') }"


Wanted = Callable[[Number, list[str], int, int], bool]
"""Whether a number is written in digits: the number, all words in lower case, and the words it spans."""


def write_numbers(text: str, wanted: Wanted) -> str:
    """``text`` with the numbers that are ``wanted`` in digits."""
    tokens = split(text)
    words: list[str] = []
    where: list[int] = []
    for index, token in enumerate(tokens):
        hyphen = token.text == "-" and not token.space and 0 < index < len(tokens) - 1
        if hyphen and not tokens[index - 1].space:
            left, right = tokens[index - 1].low, tokens[index + 1].low
            if left in TENS and (right in UNITS or right in ORDINALS):
                continue
        words.append(token.low)
        where.append(index)
    out: list[Token] = []
    at = 0
    copied = 0
    while at < len(words):
        number = read_at(words, at) if _starts(words, at) else None
        if number is None or (number.end == at + 1 and is_digits(words[at])):
            at += 1
            continue
        if wanted(number, words, at, number.end):
            out += tokens[copied : where[at]]
            last = tokens[where[number.end - 1]]
            written = suffixed(int(number.text)) if number.ordinal else number.text
            out.append(Token(written, last.space))
            copied = where[number.end - 1] + 1
        at = number.end
    return join(out + tokens[copied:])


def _starts(words: list[str], at: int) -> bool:
    word = words[at]
    if word in WORDS:
        return True
    if at + 1 >= len(words):
        return False
    if is_digits(word):
        return words[at + 1] in SCALES or words[at + 1] in POINT
    return word == "point" or word in OH
