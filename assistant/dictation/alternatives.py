"""Alternatives to words of the report: other readings, near words, other forms. Offered, never put in. Pure."""

import re
from collections.abc import Iterable, Iterator

from jellyfish import metaphone
from rapidfuzz.fuzz import ratio

from assistant.dictation.near_misses import near_terms
from assistant.dictation.numbers import UNITS

MOST = 9
"""So many have a key of their own."""
MOST_WORDS = 4
"""Longer texts are offered only in the recogniser's readings and in other casings."""
_NEAR = 66
"""Per cent of the letters."""
_CONFUSED = (
    ("left", "right"),
    ("hyper", "hypo"),
    ("inter", "intra"),
    ("abduction", "adduction"),
    ("afferent", "efferent"),
    ("ileum", "ilium"),
    ("ileal", "iliac"),
    ("dysphagia", "dysphasia"),
    ("perineal", "peroneal"),
    ("mucus", "mucous"),
    ("affect", "effect"),
    ("increased", "decreased"),
    ("present", "absent"),
    ("anterior", "posterior"),
    ("superior", "inferior"),
    ("medial", "lateral"),
    ("proximal", "distal"),
    ("upper", "lower"),
)
"""Words, and beginnings of words, that are taken for each other, by recognisers and by people."""
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_TEENS = {f"{n + 10}": f"{n}0" for n in range(3, 10)}
_WRITTEN = {str(number): name for name, number in UNITS.items()}


def alternatives(
    words: str, report: str, readings: Iterable[str] = (), own: Iterable[str] = ()
) -> tuple[str, ...]:
    """At most ``MOST``, the likeliest first. ``readings`` are the recogniser's own; ``own`` the words of this
    clinician, as they are written."""
    found: dict[str, None] = {}
    for each in (*readings, *_others(words, report, own), *_casings(words)):
        written = _begun_as(words, each)
        if written != words:
            found.setdefault(written, None)
    return tuple(found)[:MOST]


def nearest_word(said: str, words: Iterable[str]) -> str | None:
    """The one of ``words`` that is or sounds nearly as what was said."""
    near = [(ratio(said.casefold(), each.casefold()), each) for each in words if _is_near(said, each)]
    return max(near, default=(0.0, None))[1]


def _others(words: str, report: str, own: Iterable[str]) -> Iterator[str]:
    if len(words.split()) > MOST_WORDS:
        return
    yield from _confused(words)
    yield from _numbers(words)
    there = {each.casefold(): each for each in (*_WORD.findall(report), *own)}
    near = [each for key, each in there.items() if key != words.casefold() and _is_near(words, each)]
    yield from sorted(near, key=lambda each: -ratio(words.casefold(), each.casefold()))[:3]
    yield from near_terms(words, most=4)


def _is_near(words: str, other: str) -> bool:
    if min(len(words), len(other)) < 4 or words.casefold() == other.casefold():
        return False
    return metaphone(words) == metaphone(other) or ratio(words.casefold(), other.casefold()) >= _NEAR


def _confused(words: str) -> Iterator[str]:
    for one, other in _CONFUSED:
        for there, instead in ((one, other), (other, one)):
            changed = re.sub(rf"\b{there}", instead, words, flags=re.I)
            if changed != words:
                yield changed


def _numbers(words: str) -> Iterator[str]:
    for teen, ten in _TEENS.items():
        for there, instead in ((teen, ten), (ten, teen)):
            changed = re.sub(rf"(?<![\d.]){there}(?![\d.])", instead, words)
            if changed != words:
                yield changed
    if words in _WRITTEN:
        yield _WRITTEN[words]
    if (number := UNITS.get(words.casefold())) is not None:
        yield str(number)


def _casings(words: str) -> Iterator[str]:
    yield words.lower()
    yield words[:1].upper() + words[1:]
    yield words.title()
    yield words.upper()


def _begun_as(words: str, other: str) -> str:
    """With the capital of the words in whose place it would stand, unless it only has other capitals."""
    if other.casefold() != words.casefold() and words[:1].isupper() and other[:1].islower():
        return other[:1].upper() + other[1:]
    return other
