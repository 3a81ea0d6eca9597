"""Number words to digits: every reading of a run of number words, and the one that its neighbours allow.

A run such as "three thirty" has several readings: 330, or 3 and 30. What stands before and after decides. A
label ("day", "segment") takes exactly its own number; a unit needs a number. Where two readings are left, the
words stay as they were said. Pure.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from assistant.dictation.labels import fixed_numbers, highest, is_bare, is_identifier, is_plural, is_spine
from assistant.dictation.points import is_noun, opens_decimal
from assistant.dictation.tokens import Token, join, split, table
from assistant.dictation.units import COUNTED, counts_apart

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
SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
POINT = {"point", "dot"}
WORDS = UNITS.keys() | TEENS.keys() | TENS.keys() | {"hundred", "thousand"} | ORDINALS.keys()
_CARDINALS = UNITS.keys() | TEENS.keys() | TENS.keys()
_JOINERS = frozenset(table("by to over through plus minus x out of slash and or"))
_ARTICLES = frozenset(("a", "an", "the", "this", "that", "each", "every", "another", "per"))
_PRESSURE = frozenset(("pressure", "pressures", "bp", "systolic"))
_COUNTING = frozenset(table("dispense dispensed disp quantity number # prescribed"))
_MONTHS = frozenset(
    table("january february march april may june july august september october november december")
)
_YEARS_BEHIND = _MONTHS | frozenset(table("in since of year circa until dated early late mid"))
LONGEST_COUNT = 12
"""So many of a thing ("two 500 mg boluses") are counted in front of its strength."""
TELEPHONE_DIGITS = 7
"""So many digits in a row are one number, whatever they are called."""


@dataclass(slots=True)
class Number:
    """``words[start:end]`` says ``text``."""

    text: str
    start: int
    end: int
    ordinal: bool = False
    labels: bool = False
    """It is the number of the label before it."""
    counts: bool = False
    """It counts things that are called by a number: "two 500 mL boluses"."""

    @property
    def value(self) -> float:
        return float(self.text)


def is_digits(word: str) -> bool:
    return word[:1].isdigit()


Reading = tuple[str, int]
"""The digits of a number that begins at some word, and the word behind it."""


def _below_hundred(words: list[str], at: int) -> Iterator[tuple[int, int]]:
    word = words[at] if at < len(words) else ""
    if word in TENS:
        yield TENS[word], at + 1
        if at + 1 < len(words) and UNITS.get(words[at + 1], 0):
            yield TENS[word] + UNITS[words[at + 1]], at + 2
    elif word in TEENS or word in UNITS:
        yield (TEENS | UNITS)[word], at + 1


def _below_thousand(words: list[str], at: int) -> Iterator[tuple[int, int]]:
    """With "twenty five hundred" for 2500."""
    for value, end in _below_hundred(words, at):
        yield value, end
        if value and words[end : end + 1] == ["hundred"]:
            yield value * 100, end + 1
            for rest, after in _rest(words, end + 1, _below_hundred):
                yield value * 100 + rest, after


def _rest(
    words: list[str], at: int, read: Callable[[list[str], int], Iterator[tuple[int, int]]]
) -> Iterator[tuple[int, int]]:
    start = at + 1 if words[at : at + 1] == ["and"] else at
    return ((value, end) for value, end in read(words, start) if value)


def cardinals(words: list[str], at: int) -> Iterator[Reading]:
    """Numbers as a grammar book has them, from ``at``, of every length."""
    word = words[at] if at < len(words) else ""
    if is_digits(word):
        yield word, at + 1
        scale = SCALES.get(words[at + 1], 0) if at + 1 < len(words) else 0
        if scale and word.isdigit():
            yield str(int(word) * scale), at + 2
        return
    for value, end in _below_thousand(words, at):
        yield str(value), end
    for value, end in [*_below_thousand(words, at), *_shortened(words, at)]:
        if value and words[end : end + 1] == ["thousand"]:
            yield str(value * 1000), end + 1
            for rest, after in _rest(words, end + 1, _below_thousand):
                if rest < 1000:
                    yield str(value * 1000 + rest), after


def _shortened(words: list[str], at: int) -> Iterator[tuple[int, int]]:
    word = words[at] if at < len(words) else ""
    hundreds = UNITS.get(word, 0) * 100
    if not hundreds:
        return
    if at + 2 < len(words) and words[at + 1] in OH and UNITS.get(words[at + 2], 0):
        yield hundreds + UNITS[words[at + 2]], at + 3
    for rest, end in _below_hundred(words, at + 1):
        if rest >= 10 and words[end : end + 1] != ["hundred"]:
            yield hundreds + rest, end


def shortened(words: list[str], at: int) -> Iterator[Reading]:
    """Without its "hundred": "one twenty" is 120, "one oh five" is 105."""
    for value, end in _shortened(words, at):
        yield str(value), end


def decimals(words: list[str], at: int) -> Iterator[Reading]:
    """ "two point one", "seven point thirty five", "point five"."""
    yield from _decimals(words, at, [("0", at)] if words[at] == "point" else cardinals(words, at))


def short_decimals(words: list[str], at: int) -> Iterator[Reading]:
    """ "one twenty point five"."""
    yield from _decimals(words, at, shortened(words, at))


def _decimals(words: list[str], at: int, wholes: Iterable[Reading]) -> Iterator[Reading]:
    for text, end in wholes:
        if "." in text or end >= len(words) or words[end] not in POINT:
            continue
        digits, after = "", end + 1
        while after < len(words) and (words[after] in UNITS or words[after] in OH):
            digits += "0" if words[after] in OH else str(UNITS[words[after]])
            after += 1
            if words[after : after + 1] not in (["hundred"], ["thousand"]):
                yield f"{text}.{digits}", after
        if not digits and after < len(words) and words[after].isdigit():
            yield f"{text}.{words[after]}", after + 1
        if not digits and words[at] != "point":
            for value, last in _below_hundred(words, after):
                if words[last : last + 1] != ["hundred"]:
                    yield f"{text}.{value}", last


def halves(words: list[str], at: int) -> Iterator[Reading]:
    """ "two and a half"."""
    for text, end in [*cardinals(words, at), *shortened(words, at)]:
        if words[end : end + 3] in (["and", "a", "half"], ["and", "one", "half"]) and "." not in text:
            yield f"{text}.5", end + 3


def years(words: list[str], at: int) -> Iterator[Reading]:
    """ "nineteen eighty five", "twenty oh eight"."""
    century = {"eighteen": 18, "nineteen": 19, "twenty": 20}.get(words[at])
    if century is None:
        return
    if at + 2 < len(words) and words[at + 1] in OH and words[at + 2] in UNITS:
        yield f"{century}0{UNITS[words[at + 2]]}", at + 3
    for value, end in _below_hundred(words, at + 1):
        if value >= 10 and words[end : end + 1] not in (["hundred"], ["thousand"]):
            yield f"{century}{value}", end


def digit_string(words: list[str], at: int) -> Reading:
    """Digits said one by one."""
    digits, end = "", at
    while end < len(words) and (words[end] in UNITS or words[end] in OH):
        digits += "0" if words[end] in OH else str(UNITS[words[end]])
        end += 1
    return digits, end


def whole(words: list[str]) -> str | None:
    """The one number that all of ``words`` say, in whatever way numbers are said; None if they say none."""
    if not words:
        return None
    for read in (cardinals, decimals, halves, shortened, short_decimals, years):
        for text, end in read(words, 0):
            if end == len(words):
                return text
    digits, end = digit_string(words, 0)
    if end == len(words):
        return digits
    if words[-1] in ORDINALS:
        before = [*cardinals(words[:-1], 0)] if len(words) > 1 else [("0", 0)]
        for text, end in before:
            if end == len(words) - 1 and text.isdigit() and not int(text) % 10:
                return str(int(text) + ORDINALS[words[-1]])
    return None


def suffixed(value: int) -> str:
    """1 → 1st."""
    if value % 100 in (11, 12, 13):
        return f"{value}th"
    return f"{value}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(value % 10, 'th') }"


# --- which reading ---


@dataclass(frozen=True, slots=True)
class _Run:
    """Number words in a row, ``words[start:end]``, and what decides how they are read."""

    words: list[str]
    start: int
    end: int

    @property
    def said(self) -> list[str]:
        return self.words[self.start : self.end]

    @property
    def before(self) -> str:
        return self.words[self.start - 1] if self.start else ""

    @property
    def early(self) -> str:
        return self.words[self.start - 2] if self.start > 1 else ""

    @property
    def after(self) -> str:
        """The word behind, past a hyphen: "four-millimeter"."""
        behind = self.words[self.end : self.end + 2]
        return behind[-1] if behind[:1] == ["-"] else behind[0] if behind else ""

    @property
    def needed(self) -> bool:
        """Whether what follows needs a number of its own: a unit, things that are counted, "over eighty"."""
        after = self.after
        then = self.words[self.end + 1] if self.end + 1 < len(self.words) else ""
        next_is_number = then in _CARDINALS or is_digits(then)
        if after in _JOINERS:
            return next_is_number and after not in ("and", "or", "of")
        if highest(after, "") is not None and next_is_number:
            return False  # "cycle three day fifteen"
        behind = " ".join(self.words[self.end : self.end + 2])
        return bool(COUNTED.match(after) or COUNTED.match(behind)) or is_plural(after)

    @property
    def counts(self) -> bool:
        """ "… milligram tablets": things of one strength, which may have been counted in front of it."""
        return self.before not in ("a", "an") and counts_apart(self.words, self.end)


def read_run(run: _Run) -> list[Number] | None:
    """The numbers of a run: none where it has no reading, None where it has more than one."""
    if all(is_digits(word) for word in run.said):
        return []
    candidates = _fixed(run) or _labelled(run) or _alone(run)
    distinct = {tuple((n.text, n.end) for n in numbers): numbers for numbers in candidates}
    if len(distinct) > 1:
        return None
    return next(iter(distinct.values()), [])


def _pair(run: _Run, first: Reading, second: Reading, *, labels: bool) -> list[Number]:
    cut = run.start + first[1]
    return [
        Number(first[0], run.start, cut, labels=labels, counts=not labels),
        Number(second[0], cut, run.end),
    ]


def _single(run: _Run, text: str, *, labels: bool = False) -> list[Number]:
    return [Number(text, run.start, run.end, labels=labels)]


def _ways(said: list[str], at: int, *reads: Callable[[list[str], int], Iterator[Reading]]) -> list[str]:
    """The readings of all words from ``at``."""
    found = (text for read in reads for text, end in read(said, at) if end == len(said))
    return list(dict.fromkeys(found)) if at < len(said) else []


def _fixed(run: _Run) -> list[list[Number]]:
    """A name with a number in it ("Ki 67", "PHQ-9"), and perhaps a value behind."""
    numbers = fixed_numbers(run.before, run.early, run.after)
    if not numbers:
        return []
    said = run.said
    found: list[list[Number]] = []
    for text, end in [*cardinals(said, 0), *shortened(said, 0)]:
        if text not in numbers:
            continue
        if end == len(said):
            found.append(_single(run, text, labels=True))
        else:
            rest = _ways(said, end, cardinals, decimals) or _ways(said, end, shortened)
            found += [_pair(run, (text, end), (value, 0), labels=True) for value in rest]
    longest = max((numbers[0].end for numbers in found), default=0)
    return [numbers for numbers in found if numbers[0].end == longest]


def _labelled(run: _Run) -> list[list[Number]]:
    """Behind a label, whose number is not joined with the quantity that follows it."""
    most = highest(run.before, run.early)
    if most is None:
        return []
    said = run.said
    strict = _ways(said, 0, cardinals, decimals, halves)
    if is_spine(run.before, run.early) and run.needed:
        pairs = _splits(run, most, cardinals, decimals, halves) or _splits(run, most, shortened)
        if run.early in ("to", "through") or run.early in _CARDINALS or is_digits(run.early):
            return pairs  # "t one to t two three point eight millimeters": the pair is whole
        for first, _ in _splits(run, most, _any_rest):  # "t nine ten twelve millimeters"
            behind = _Run(run.words, first.end, run.end)
            rests = _splits(behind, most, cardinals, decimals)
            pairs += [[first, *rest] for rest in rests if rest[0].value == first.value + 1]
        return pairs
    if is_bare(run.before) and run.needed:
        alone = [_single(run, text) for text in strict or _ways(said, 0, shortened, short_decimals)]
        return alone + (_splits(run, most, cardinals, decimals, halves) or _splits(run, most, shortened))
    if is_identifier(run.before) and not run.needed:
        strict = strict or _ways(said, 0, shortened, short_decimals)
        digits, end = digit_string(said, 0)
        if end == len(said) and len(said) > 1:
            strict = [digits]
        return [_single(run, text, labels=True) for text in strict[:1]]
    pairs = _splits(run, most, cardinals, decimals, halves) if run.needed else []
    if strict and not (pairs and run.after in _JOINERS and not _falls(run, strict[0])):
        own = [_single(run, text, labels=not run.needed) for text in strict]
        fits = float(strict[0]) <= most or run.needed
        return own + pairs if fits else pairs or own
    if strict:
        return [_single(run, text, labels=True) for text in strict]
    if pairs:
        return pairs
    if run.needed and (pairs := _splits(run, most, shortened)):
        return pairs
    if most > 99 and (short := _ways(said, 0, shortened, short_decimals)) and not run.needed:
        return [_single(run, text, labels=True) for text in short]
    if is_plural(run.before) and all(word in UNITS for word in said):
        return [
            [
                Number(str(UNITS[word]), run.start + at, run.start + at + 1, labels=True)
                for at, word in enumerate(said)
            ]
        ]
    if pairs := [pair for pair in _splits(run, most, decimals) if not pair[1].text.startswith("0.")]:
        return pairs  # "free t four one point one"
    if run.before in ("c", "t", "l", "s") and len(said) == 2 and not run.needed:  # "L four five"
        return _splits(run, most, cardinals)
    return []


def _any_rest(words: list[str], at: int) -> Iterator[Reading]:
    yield "0", len(words)


def _falls(run: _Run, text: str) -> bool:
    """ "day twenty one to two tablets": a range that would fall."""
    behind = run.words[run.end + 1 : run.end + 2]
    value = whole(behind) if behind else None
    return run.after in ("to", "through") and value is not None and float(value) < float(text)


def _splits(
    run: _Run, most: float, *reads: Callable[[list[str], int], Iterator[Reading]], labels: bool = True
) -> list[list[Number]]:
    """The readings as two numbers, the first of them at most ``most``."""
    return [
        _pair(run, (text, end), (rest, 0), labels=labels)
        for text, end in [*cardinals(run.said, 0), *(shortened(run.said, 0) if most > 999 else ())]
        if "." not in text and float(text) <= most and end < len(run.said)
        for rest in _ways(run.said, end, *reads)
    ]


def _alone(run: _Run) -> list[list[Number]]:
    """Behind no label: one number, or a count and a strength, or decimals in a row."""
    if highest(run.before, run.early) is not None:
        return []
    said = run.said
    strict = _ways(said, 0, cardinals, decimals, halves)
    apart = _counted(run) if run.counts else []
    if _holds_two(run):
        return []
    if strict:
        own = [_single(run, text) for text in strict[:1]]
        if (
            run.before == "over"
            and run.needed
            and _PRESSURE & set(run.words[max(0, run.start - 9) : run.start])
        ):
            apart = _splits(run, 150, cardinals)  # "one twenty over eighty five minutes later"
            return apart if said[-1] == "one" and not run.after.endswith("s") else own + apart
        return own + apart if run.before in _COUNTING else own
    if run.before == "over" and run.needed:  # "over eighty twenty minutes later"
        return _splits(run, 999, cardinals) + [
            _single(run, text) for text in _ways(said, 0, shortened, short_decimals)
        ]
    short = _ways(said, 0, shortened, short_decimals)
    if short and run.before not in ("height", "tall", "stands"):
        return [_single(run, short[0]), *apart]
    if apart:
        return apart
    if (
        not run.needed
        and (run.before in _YEARS_BEHIND or run.early in _MONTHS)
        and (year := _ways(said, 0, years))
    ):
        return [_single(run, text) for text in year]
    digits, end = digit_string(said, 0)
    if end == len(said) and (len(said) >= TELEPHONE_DIGITS or (said[0] in OH and len(said) >= 3)):
        return [_single(run, digits)]
    if (run.before in ("plus", "x") or (run.before in ("to", "by") and run.needed)) and (
        pairs := _splits(run, 99, cardinals)
    ):
        return pairs
    in_a_row = _decimals_in_a_row(said)
    return [
        [Number(text, run.start + a, run.start + b) for (_, a), (text, b) in pairwise([("", 0), *numbers])]
        for numbers in in_a_row
    ]


_TAKEN = frozenset(
    table("tablet tablets capsule capsules pill pills puff puffs drop drops patches vials sprays")
)
_BEFORE_COUNT = frozenset(
    table(
        "dispense give gave take took takes taking taken ingested swallowed received of with for total about another "
        "approximately have has had and to or is was were by only over additional remaining # number quantity than"
    )
)
_HOURS = frozenset([*list(UNITS)[1:], "ten", "eleven", "twelve"])
_AT_A_TIME = frozenset(
    table(
        "seen given arrived started admitted ended extubated intubated delivered born called paged done began again "
        "drawn placed time noted found left returned died pronounced administered"
    )
)
_DILUTIONS = ("1000", "10000", "100000", "200000")
LEAST_GLUCOSE = 60
"""In mg/dL: a range from here up, before "units", is that of a sliding scale."""


def _holds_two(run: _Run) -> bool:
    """Whether one number may be two things: a dose and how many, a glucose and its units, hours of a clock."""
    said, first = run.said, run.said[0]
    if (
        run.after in _TAKEN
        and len(said) > 1
        and UNITS.get(said[-1], 0)
        and said[-2] not in POINT | OH | UNITS.keys()
    ):
        # "six hundred one tablet", "metoprolol fifty two tablets"
        one = said[-1] == "one" and not run.after.endswith("s")
        return one or (UNITS[said[-1]] <= 4 and run.before.isalpha() and run.before not in _BEFORE_COUNT)
    if run.before in ("to", "through") and run.after == "units":  # "one fifty one to two hundred four units"
        start = run.start - 1
        while start and (
            run.words[start - 1] in _CARDINALS | OH | SCALES.keys() or is_digits(run.words[start - 1])
        ):
            start -= 1
        low = whole(run.words[start : run.start - 1])
        if low is not None and float(low) >= LEAST_GLUCOSE:
            return bool(
                _splits(run, 999, cardinals) or (said[-1] in UNITS and _ways(said[:-1], 0, shortened))
            )
    if (
        run.before == "to" and run.early in ("one", "1") and "point" in said
    ):  # "one to one thousand point three"
        return whole(said[: said.index("point")]) in _DILUTIONS
    if (
        run.before == "at"
        and run.early in _AT_A_TIME
        and not run.needed
        and first in _HOURS
        and len(said) > 1
    ):
        return True  # "seen at two fifteen"
    behind = run.words[run.end : run.end + 4]
    return len(said) > 1 and "o'clock" in behind and first in _HOURS


def _counted(run: _Run) -> list[list[Number]]:
    """ "two five hundred milligram tablets": the count, then the strength."""
    pairs = [
        numbers
        for numbers in _splits(
            run, LONGEST_COUNT if run.before not in _COUNTING else 999, cardinals, decimals, labels=False
        )
        if numbers[0].value > 0 and not numbers[1].text.startswith("0.")
    ]
    many = is_plural(run.words[run.end + 1 : run.end + 2][0]) if run.end + 1 < len(run.words) else False
    return [
        numbers
        for numbers in pairs
        if many or numbers[0].text == "1" or counts_apart(run.words, run.end, many=True)
    ]


def _decimals_in_a_row(said: list[str], at: int = 0) -> list[list[Reading]]:
    if at == len(said):
        return [[]]
    if said[at] == "point":
        return []
    return [
        [(text, end), *rest] for text, end in decimals(said, at) for rest in _decimals_in_a_row(said, end)
    ]


# --- in a text ---

Wanted = Callable[[Number, list[str], int, int], bool]
"""Whether a number is written in digits: the number, all words in lower case, and the words it spans."""


def write_numbers(text: str, wanted: Wanted) -> str:
    """``text`` with the numbers that are ``wanted`` in digits."""
    tokens = split(text)
    words, where, breaks = _words(tokens)
    out: list[Token] = []
    copied = 0
    for number in _numbers(words, breaks):
        if _torn(tokens, where, number) or (
            number.end == number.start + 1 and is_digits(words[number.start])
        ):
            continue
        if wanted(number, words, number.start, number.end):
            out += tokens[copied : where[number.start]]
            written = suffixed(int(number.text)) if number.ordinal else number.text
            out.append(Token(written, tokens[where[number.end - 1]].space))
            copied = where[number.end - 1] + 1
    return join(out + tokens[copied:])


def _torn(tokens: list[Token], where: list[int], number: Number) -> bool:
    """ "five-ten": 510, or 5 to 10."""
    first, last = where[number.start], where[number.end - 1]
    return any(
        token.text == "-"
        and tokens[first + at - 1].low in UNITS
        and tokens[first + at + 1].low in TEENS
        and tokens[first + at - 1].low != "one"
        and not _pressure(tokens, first + at)
        for at, token in enumerate(tokens[first : last + 1])
        if 0 < at < last - first
    )


def _words(tokens: list[Token]) -> tuple[list[str], list[int], set[int]]:
    """The words, their tokens, and before which words a line breaks; hyphens that join a number are left out."""
    words: list[str] = []
    where: list[int] = []
    breaks: set[int] = set()
    for index, token in enumerate(tokens):
        if token.text == "-" and _joins(tokens, index):
            continue
        if index and "\n" in tokens[index - 1].space:
            breaks.add(len(words))
        attached = index > 0 and not tokens[index - 1].space and tokens[index - 1].text.isalnum()
        words.append(f"\0{token.low}" if attached and token.text.isalpha() else token.low)  # the c of "A1c"
        where.append(index)
    return words, where, breaks


_HYPHENED = re.compile(
    rf"\b({'|'.join([*_CARDINALS, *OH, *SCALES, r'[0-9]+'])})-(by|to|over|through|and|and-a|and-one|out-of|plus|slash|x)-"
    rf"(?={'|'.join([*_CARDINALS, 'half', 'point', r'[0-9]'])})",
    re.I,
)


def unhyphened(text: str) -> str:
    """ "three-by-four" as "three by four": a hyphen around a word between numbers says nothing."""
    return _HYPHENED.sub(lambda m: f"{m[1]} {m[2].replace('-', ' ')} ", text)


_IN_NUMBER = _CARDINALS | OH | POINT | SCALES.keys()


def _joins(tokens: list[Token], at: int) -> bool:
    """Whether a hyphen only joins number words, as recognisers write them: "one-thirty-two", "three-by-four"."""
    if tokens[at].space or not 0 < at < len(tokens) - 1 or tokens[at - 1].space:
        return False
    left, right = tokens[at - 1].low, tokens[at + 1].low

    if left in POINT or right in POINT:
        other = right if left in POINT else left
        return other in _IN_NUMBER or is_digits(other)
    if right in SCALES or left in SCALES:
        return (left in _IN_NUMBER or is_digits(left)) and (right in _IN_NUMBER or right in ORDINALS)
    if left not in _IN_NUMBER or not (right in _IN_NUMBER or right in ORDINALS):
        return False
    if left in TENS and (UNITS.get(right, 0) or 1 <= ORDINALS.get(right, 0) <= 9):
        return True
    if left in OH or right in OH:
        return True
    if right in UNITS and at > 2 and any(tokens[i].low in POINT for i in range(at - 3, max(-1, at - 12), -2)):
        return True  # "point-two-five"
    return UNITS.get(left, 0) > 0 and (right in TENS or right in TEENS)


def _pressure(tokens: list[Token], at: int) -> bool:
    near = [token.low for token in tokens[max(0, at - 4) : at + 4]]
    return "over" in near


def _numbers(words: list[str], breaks: set[int]) -> Iterator[Number]:
    at = 0
    while at < len(words):
        end = _run_end(words, at, breaks)
        if end == at:
            at += 1
            continue
        for number in _of_run(words, at, end):
            yield number
            end = max(end, number.end)
        at = end


def _run_end(words: list[str], at: int, breaks: set[int]) -> int:
    """End of the run of number words that begins at ``at``; ``at`` if none begins."""
    first = words[at]
    following = words[at + 1] if at + 1 < len(words) and at + 1 not in breaks else ""
    if first in ORDINALS:
        return at + 1
    if first in OH:
        if following not in UNITS or (at and len(words[at - 1]) == 1 and words[at - 1].isalpha()):
            return at
    elif first == "point":
        if following not in _CARDINALS and following not in OH:
            return at
    elif is_digits(first):
        if following not in SCALES and following not in POINT:
            return at
    elif first in ("hundred", "thousand") or first not in _CARDINALS:
        return at
    end = at + 1
    while end < len(words) and end not in breaks:
        word = words[end]
        behind = words[end + 1] if end + 1 < len(words) else ""
        inside = (
            word in _CARDINALS
            or word in ("hundred", "thousand")
            or (word in OH and (behind in UNITS or words[end - 1] in UNITS or words[end - 1] in POINT))
            or (word in POINT and (behind in _CARDINALS or behind in OH or is_digits(behind)))
            or (is_digits(word) and words[end - 1] in POINT)
            or (word == "and" and words[end - 1] in SCALES and behind in _CARDINALS)
        )
        if not inside:
            break
        end += 1
    if words[end : end + 3] in (["and", "a", "half"], ["and", "one", "half"]):
        return end + 3
    return end


def _of_run(words: list[str], start: int, end: int) -> Iterator[Number]:
    said = words[start:end]
    if said[-1] in ORDINALS:
        yield Number(str(ORDINALS[said[-1]]), start, end, ordinal=True)
        return
    behind = words[end] if end < len(words) else ""
    if 1 <= ORDINALS.get(behind, 0) <= 9 and said[-1] in TENS:
        value = whole([*said, behind])
        if value is not None:  # "twenty first"
            yield Number(value, start, end + 1, ordinal=True)
        elif len(said) > 1:
            yield from _of_run(words, start, end - 1)
            yield Number(str(TENS[said[-1]] + ORDINALS[behind]), end - 1, end + 1, ordinal=True)
        return
    before = words[start - 1] if start else ""
    if said[0] == "point":
        if is_noun(before, words[start - 2] if start > 1 else ""):
            yield from _of_run(words, start + 1, end)
        elif (
            opens_decimal(before)
            or said[1] in OH
            or said[1] == "zero"
            or (before == "a" and counts_apart(words, end))
        ):
            yield from read_run(_Run(words, start, end)) or ()
        return
    if before in ("at", "from") and said[:2] == ["one", "point"]:
        if said[2] in TEENS or said[2] in TENS:
            yield from _of_run(words, start + 2, end)
        return  # "at one point two milligrams were given": 1.2, or 2
    apart = before == "between" and not (
        behind in _JOINERS and end + 1 < len(words) and words[end + 1] in _CARDINALS
    )
    read = [] if _two_sums(said) or ("and" in said and apart) else read_run(_Run(words, start, end))
    if read == [] and "and" in said and said[-1] != "half" and not _two_sums(said):
        cut = start + said.index("and")
        yield from _of_run(words, start, cut)
        yield from _of_run(words, cut + 1, end)
        return
    yield from read or ()


def _two_sums(said: list[str]) -> bool:
    """ "two hundred and four thousand five hundred": 204500, or 200 and 4500."""
    if "and" not in said or "thousand" not in said[said.index("and") :]:
        return False
    return said[-1] != "thousand" or said[said.index("and") + 1] in UNITS


def read_at(words: list[str], at: int) -> Number | None:
    """The longest single number that ``words`` say from ``at``."""
    for end in range(len(words), at, -1):
        if (text := whole(words[at:end])) is not None:
            return Number(text, at, end)
    return None
