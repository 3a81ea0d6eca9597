"""Words that are nearly a drug or a place of the body: what was likely said is offered, never put in. Pure.

A recogniser that does not know "metoprolol" writes "metaprolol", or words that sound like it: "met a pro lol". Each
word that is in no list, and each short row of words, is compared with the terms by its letters and by its sound
(metaphone). Words that are known, in any sense, are taken as they are. ``scripts/bench near_misses`` has what is
found and what is marked wrongly.
"""

import lzma
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jellyfish import metaphone
from rapidfuzz.distance import Levenshtein, Postfix, Prefix
from rapidfuzz.process import cdist

from assistant.dictation.tokens import table
from assistant.dictation.written import Doubt, Mark

DATA = Path(__file__).parent / "data"
LONGEST_ROW = 5
"""So many words may be one term, torn apart."""
SHORTEST_WORD, SHORTEST_ROW = 5, 7
"""Letters; shorter ones are like too much."""
WELL_KNOWN_LETTERS = 10
"""A row of nothing but English words is a term only if it sounds exactly like a drug at least so long."""
FARTHEST = 6
"""Letters, of any pair that is looked at."""

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
"""A word of letters, with apostrophes inside."""
_APOSTROPHE = re.compile("['’]")
_GAP = re.compile(r"[ ,'’-]*")
_ENDINGS = frozenset(
    table(
        "s es l r ly al ar us um a ae i is en ina ic ous y ia ea eal ial ed ing on an ary oid le ular e o er ers"
    )
) | {""}  # fmt: skip
_PREFIXES = tuple(
    table(
        "ante anti circum endo epi exo extra hyper hypo infra inter intra mid para peri post pre re retro sub supra trans"
    )
)


@dataclass(frozen=True, slots=True)
class NearMiss:
    """``text[start:end]`` was likely ``likely``."""

    start: int
    end: int
    likely: str


@dataclass(frozen=True, slots=True)
class _Terms:
    words: tuple[str, ...]
    sounds: tuple[str, ...]
    drugs: frozenset[str]
    findings: frozenset[str]
    """Not offered: what is nearest to one of them is none of the others."""
    all: frozenset[str]


@dataclass(frozen=True, slots=True)
class Row:
    """Some words of the text, without what is between them; ``known``: each of them is a word of its own."""

    first: int
    size: int
    letters: str
    known: bool


@lru_cache(1)
def _terms() -> _Terms:
    lines = [line.partition("\t") for line in (DATA / "terms.txt").read_text(encoding="utf-8").splitlines()]
    words = tuple(word for word, _, _ in lines)
    drugs, findings = (
        frozenset(word for word, _, kind in lines if kind == wanted) for wanted in ("drug", "finding")
    )
    return _Terms(words, tuple(metaphone(word) for word in words), drugs, findings, frozenset(words))


def all_terms() -> frozenset[str]:
    """The drugs, places of the body and findings, in lower case."""
    return _terms().all


@lru_cache(1)
def known_words() -> frozenset[str]:
    """English and medical words, in lower case."""
    return frozenset(lzma.decompress((DATA / "known_words.txt.xz").read_bytes()).decode().split())


@lru_cache(512)
def near_misses(text: str, own: frozenset[str] = frozenset()) -> tuple[NearMiss, ...]:
    """In order, none overlapping. ``own``: words, in lower case, that this clinician uses as they are.

    The first call reads the lists, which takes up to a second; then it is about 0.3 ms a word.
    """
    _terms(), known_words()
    words = list(WORD.finditer(text))
    rows = list(_rows(text, words, own))
    best: dict[int, tuple[int, Row, str]] = {}
    for row, (cost, term) in _closest(rows):
        if row.first not in best or cost < best[row.first][0]:
            best[row.first] = (cost, row, term)
    found: list[NearMiss] = []
    free = 0
    for first in sorted(best):
        _, row, term = best[first]
        if first >= free:
            free = first + row.size
            if term not in _terms().findings:
                start, end = words[first].start(), words[free - 1].end()
                found.append(NearMiss(start, end, as_written(term, text, start)))
    return tuple(found)


def near_terms(words: str, most: int) -> list[str]:
    """The drugs and places of the body that are nearest to ``words`` by letters and sound, the nearest first."""
    letters = "".join(WORD.findall(words.lower()))
    if len(letters) < SHORTEST_WORD - 1:
        return []
    terms, sound = _terms(), metaphone(letters)
    (apart,) = cdist(
        [letters], terms.words, scorer=Levenshtein.distance, score_cutoff=FARTHEST, dtype=np.uint8
    )
    near: list[tuple[int, str]] = []
    for number in np.flatnonzero(apart <= min(FARTHEST, len(letters) // 2)):
        sounds = Levenshtein.distance(sound, terms.sounds[number], score_cutoff=2)
        if sounds <= 2 and terms.words[number] not in terms.findings and terms.words[number] != letters:
            near.append((int(apart[number]) + sounds, terms.words[number]))
    return [term for _, term in sorted(near)[:most]]


def near_miss_marks(text: str, own: frozenset[str]) -> list[Mark]:
    """The near misses of a written form, in doubt, each with the likely word to take."""
    return [
        Mark(
            miss.start,
            miss.end,
            Doubt("near_miss", f"“{text[miss.start : miss.end]}” may be “{miss.likely}”.", miss.likely),
        )
        for miss in near_misses(text, own)
    ]


def _rows(text: str, words: Sequence[re.Match[str]], own: frozenset[str]) -> Iterator[Row]:
    plain = [_APOSTROPHE.sub("", word[0].lower()) for word in words]
    terms, drugs, known = _terms().all, _terms().drugs, known_words()
    for first in range(len(words)):
        letters, all_known = "", True
        for size in range(1, LONGEST_ROW + 1):
            last = first + size - 1
            if last == len(words) or plain[last] in terms:
                break
            if len(plain[last]) >= SHORTEST_WORD and plain[last] in own:
                break
            if size > 1 and not _GAP.fullmatch(text, words[last - 1].end(), words[last].start()):
                break
            letters += plain[last]
            all_known = all_known and (
                _APOSTROPHE.split(words[last][0].lower())[0] in known or len(plain[last]) < 3
            )
            if size == 1:
                if not all_known and len(letters) >= SHORTEST_WORD:
                    yield Row(first, size, letters, known=False)
            elif len(letters) >= SHORTEST_ROW and (letters not in known or letters in drugs):
                yield Row(first, size, letters, all_known)


def _closest(rows: Sequence[Row]) -> Iterator[tuple[Row, tuple[int, str]]]:
    if not rows:
        return
    terms = _terms()
    apart = cdist(
        [row.letters for row in rows],
        terms.words,
        scorer=Levenshtein.distance,
        score_cutoff=FARTHEST,
        dtype=np.uint8,
    )
    for row, distances in zip(rows, apart, strict=True):
        sound = ""
        best: tuple[int, str] | None = None
        for number in np.flatnonzero(distances <= FARTHEST):
            term, letters = terms.words[number], int(distances[number])
            sound = sound or metaphone(row.letters)
            sounds = Levenshtein.distance(sound, terms.sounds[number], score_cutoff=2)
            if is_near(row, term, letters, sounds, term in terms.drugs):
                best = min(best or (99, ""), (letters + sounds, term))
        if best is not None:
            yield row, best


def is_near(row: Row, term: str, letters: int, sounds: int, is_drug: bool) -> bool:
    """``letters`` and ``sounds``: so many are different."""
    size = len(term)
    if row.size == 1:
        few = 1 if size < 8 else 2 if size < 11 else 3
        near = (sounds == 0 and letters <= 0.4 * size) or (
            sounds <= 1 and (letters <= few or (size >= 9 and letters <= size / 3))
        )
        return near and not _is_inflected(row.letters, term)
    if row.known:
        return is_drug and size >= WELL_KNOWN_LETTERS and sounds == 0 and letters <= 2
    return size >= SHORTEST_ROW and (
        (sounds == 0 and letters <= 0.5 * size) or (sounds <= 1 and letters <= 0.4 * size)
    )


def _is_inflected(word: str, term: str) -> bool:
    """As in "foramina", "inferiorly", "preaortic": another form of the term, or another word of the same make."""
    stem, tail = Prefix.similarity(word, term), Postfix.similarity(word, term)
    return (stem >= 4 and word[stem:] in _ENDINGS and term[stem:] in _ENDINGS) or (
        tail >= 4 and _begins_with_prefix(word) and _begins_with_prefix(term)
    )


def _begins_with_prefix(word: str) -> bool:
    return word.startswith(_PREFIXES)


def as_written(term: str, text: str, start: int) -> str:
    """``term`` for what begins at ``start``: with a capital where a sentence begins with one."""
    begins = not text[:start].strip() or text[:start].rstrip()[-1] in ".?!:\n"
    return term[:1].upper() + term[1:] if begins and text[start].isupper() else term
