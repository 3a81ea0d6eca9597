"""Whether the words that a value is said to rest on stand in a report, and state that value. Pure.

Words are looked for whole: "invasive" does not stand in "Noninvasive" or "non-invasive", "ER positive" not in
"HER positive", "T2" not in "T2a". So are numbers: 2.8 does not stand in "-2.8", "<2.8", "12.8" or "2.85".
"""

import re
from collections.abc import Iterator

from assistant.readings.notation import NUMBER, Notation, notation_of, value_of

_NUMBER = re.compile(NUMBER.removeprefix("[-+−]?"))
_NO_NUMBER_BEFORE, _NO_NUMBER_BEHIND = r"(?!(?<=\d)\d|(?<=\d[.,])\d)", r"(?!(?<=\d)[.,]?\d)"
_SIGNS = "-−–+"
_COMPARED = re.compile(r"[<>≤≥±~]\s*$")
_DENIED = re.compile(r"\bnon[-‐‑–\s]\s*$", re.I)
_ALL_DIGITS_LAST = re.compile(r"(?<![^\W\d])\d[\d.,]*$")
_MINUS = re.compile(r"\b(?:minus|negative)\s+$", re.I)

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_OTHERS = {
    0: "no none nil negative absent without free",
    1: "a an single solitary sole only once first unifocal i",
    2: "both pair couple twice double second ii",
    3: "triple thrice third iii", 4: "fourth iv", 5: "fifth v", 6: "sixth vi", 7: "seventh vii",
    8: "eighth viii", 9: "ninth ix", 10: "tenth x", 12: "dozen",
}  # fmt: skip
_VALUES = {
    **{word: value for value, word in enumerate(_ONES)},
    **{word: 10 * value for value, word in enumerate(_TENS, 2)},
    **{word: value for value, words in _OTHERS.items() for word in words.split()},
}
_SMALL = rf"(?:{'|'.join(_TENS)})(?:[\s-]+(?:{'|'.join(_ONES[1:10])}))?|{'|'.join(reversed(_ONES))}"
_SPELLED = re.compile(
    rf"\b(?:(?P<hundreds>{'|'.join(_ONES[1:10])}|a)\s+hundred"
    rf"(?:\s+(?:and\s+)?(?P<rest>{_SMALL}))?|(?P<small>{_SMALL}))"
    rf"(?:\s+point(?P<decimals>(?:\s+(?:{'|'.join(_ONES[:10])}))+)|(?P<half>\s+and\s+a\s+half))?\b"
    rf"|\b(?P<other>{'|'.join(word for words in _OTHERS.values() for word in words.split())})\b",
    re.I,
)


def find(source: str, report: str) -> tuple[int, int] | None:
    """Start and end of the words of ``source`` in the report. They stand there whole; case and white space
    may differ."""
    words = [re.escape(word) for word in source.split()]
    if not words:
        return None
    gap = r"\s*" if any("<" in word for word in words) else r"\s+"
    pattern = re.compile(f"{_NO_NUMBER_BEFORE}{gap.join(words)}{_NO_NUMBER_BEHIND}", re.I)
    at = pattern.search(report)
    while at is not None:
        if _is_whole(report, *at.span()):
            return at.span()
        at = pattern.search(report, at.start() + 1)
    return None


def _is_whole(report: str, start: int, end: int) -> bool:
    before, behind = report[:start], report[end : end + 1]
    first, last = report[start], report[end - 1]
    if _in_word(first) and _in_word(before[-1:]):
        return False
    if _in_word(last) and _in_word(behind) and not _ALL_DIGITS_LAST.search(report[:end]):  # "23" of "23mm"
        return False
    if first.isalpha() and _DENIED.search(before[-8:]):
        return False
    return not (first.isdigit() and (_signed(before) or _COMPARED.search(before[-4:])))


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _signed(before: str) -> bool:
    """Whether a number has a sign in front of it, rather than the dash of a range or a name."""
    return before[-1:] in _SIGNS and bool(before) and not (_in_word(before[-2:-1]) or before[-2:-1] == ")")


def report_notation(report: str) -> Notation:
    """Decimals stand behind a point where nothing says otherwise: the reports are in English."""
    found = notation_of(match[0] for match in _NUMBER.finditer(report))
    return "point" if found == "unknown" else found


def states(words: str, value: float, notation: Notation) -> bool:
    """Whether the words state the number, in digits or spelled."""
    return value in {*_printed(words, notation), *spelled(words)}


def _printed(words: str, notation: Notation) -> Iterator[float]:
    for match in _NUMBER.finditer(words):
        number = value_of(match[0], notation)
        before = words[: match.start()]
        if number is not None:
            minus = before[-1:] in "-−–" and _signed(before)
            yield -number if minus or _MINUS.search(before) else number


def spelled(words: str) -> Iterator[float]:
    """Numbers in words, each whole: "twenty-three" states no three."""
    for match in _SPELLED.finditer(words):
        if other := match["other"]:
            yield float(_VALUES[other.lower()])
            continue
        value = 100 * _sum(match["hundreds"]) + _sum(match["rest"] or match["small"])
        decimals = "".join(str(_VALUES[word.lower()]) for word in (match["decimals"] or "").split())
        yield float(f"{value}.{decimals or 0}") + (0.5 if match["half"] else 0)


def number_of(words: str) -> float | None:
    """The number that the words are, spelled out; None if they are anything else."""
    match = _SPELLED.fullmatch(words.strip())
    return None if match is None or match["other"] else next(spelled(words))


def _sum(words: str | None) -> int:
    return sum(_VALUES[word.lower()] for word in re.split(r"[\s-]+", words or "") if word)
