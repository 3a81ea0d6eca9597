"""Finds and removes echoes of speech output in the transcript, by their words. Pure.

The browser's echo canceller does not know the system's speech synthesis everywhere, so an answer that is read
aloud can come back as an utterance. The page says sentence by sentence what it reads and when.
"""

import itertools
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MATCH, MISMATCH, GAP = 1.0, -0.5, -0.5
"""Scores of the alignment, a letter. Letters and not words, since what a small recogniser makes of a
synthetic voice in a room shares sounds with what was read, but often no words."""
LEAST_SCORE = 16.0
"""Threshold for an utterance that is only an echo; with LEAST_COVER, measured by scripts/bench echo."""
LEAST_COVER = 0.75
"""Share of its letters that the alignment spans."""
LEAST_SCORE_MIXED = 30.0
"""Threshold for an echo inside a longer utterance: about six words of the text read."""
LEAST_KEPT_WORDS = 3
"""In a row, of an utterance that holds an echo; fewer are mishearings, unless they are a command."""
SHORTEST_LETTERS = 12
"""Letters of different words that a partial needs to be judged: what is made of the first half second may be
garble, and often says one word twice ("Level, level" of "No evidence")."""
MAY_BE = 0.3
"""Score a letter of a partial from which it is held back."""
STRANGE = 0.34
"""Share of a word's letters that match, below which the word may be a person's."""
LOOSE, LEAST_LOOSE = 0.65, 2.0
"""The same for the words at either end together, and by how many letters they must miss it."""
BEFORE_MS, AFTER_MS = 500, 1_500
"""A sentence may be heard so long before the page says that it reads it, and after it says that it ended:
the message, the loudspeaker and the room take their time."""
LONGEST_READING_MS = 60_000
"""A sentence whose end is never said: browsers do not always tell."""
MOST_STRETCHES = 64
LONGEST_CHARS = 2_000
"""Limit for the comparison: 15 s of speech are 300; more would hold up the event loop."""

_WORD = re.compile(r"\w+(?:['’-]\w+)*")


@dataclass(slots=True)
class _Stretch:
    text: str
    start_ms: int
    end_ms: int | None = None


class Loudspeaker:
    """The page's speech output, on the session's sample clock."""

    def __init__(self) -> None:
        self._stretches: deque[_Stretch] = deque(maxlen=MOST_STRETCHES)

    def begun(self, text: str, at_ms: int) -> None:
        """A new sentence is being read; the one before has ended."""
        self.ended(at_ms)
        self._stretches.append(_Stretch(text, at_ms))

    def ended(self, at_ms: int) -> None:
        if self._stretches and self._stretches[-1].end_ms is None:
            self._stretches[-1].end_ms = at_ms

    def is_reading(self, at_ms: int) -> bool:
        return bool(self._stretches) and at_ms < self._until(self._stretches[-1]) - AFTER_MS

    def since(self, at_ms: int) -> str:
        """The speech output audible from ``at_ms`` on."""
        return self.between(at_ms, at_ms + LONGEST_READING_MS)

    def between(self, start_ms: int, end_ms: int) -> str:
        """The speech output audible from ``start_ms`` to ``end_ms``."""
        return " ".join(
            each.text
            for each in self._stretches
            if each.start_ms - BEFORE_MS < end_ms and start_ms < self._until(each)
        )

    def _until(self, stretch: _Stretch) -> int:
        end = stretch.start_ms + LONGEST_READING_MS if stretch.end_ms is None else stretch.end_ms
        return end + AFTER_MS


def without_echo(heard: str, read: str, is_command: Callable[[str], bool]) -> str:
    """``heard`` without the words that are an echo of ``read``; all of it when it holds none.

    In doubt a person said it: a whole utterance is dropped when it follows what was read nearly from end to
    end, and a part of one only when it is long. A command in the midst of an echo is kept.
    """
    words = list(_WORD.finditer(heard[:LONGEST_CHARS]))
    letters = "".join(_letters(word[0]) for word in words)
    said = _letters(read[-LONGEST_CHARS:])
    if not letters or not said or is_command(heard):
        return heard
    score, first, last, matched = _aligned(letters, said)
    whole = last - first >= LEAST_COVER * len(letters)
    if score < (LEAST_SCORE if whole else LEAST_SCORE_MIXED):
        return heard
    runs = _persons_words(words, first, last, matched)
    kept = []
    for run in runs:
        text = heard[run[0].start() : run[-1].end()]
        if len(run) >= LEAST_KEPT_WORDS or is_command(text):
            kept.append(text)
    return " ".join(kept)


def may_be_echo(heard: str, read: str) -> bool:
    """Whether ``heard``, the beginning of an utterance, may turn out to be an echo of ``read``."""
    letters, said = _letters(heard[:LONGEST_CHARS]), _letters(read[-LONGEST_CHARS:])
    different = {_letters(word[0]) for word in _WORD.finditer(heard[:LONGEST_CHARS])}
    if sum(map(len, different)) < SHORTEST_LETTERS or not said:
        return bool(said)
    return _aligned(letters, said)[0] >= MAY_BE * len(letters)


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())


def _aligned(heard: str, read: str) -> tuple[float, int, int, dict[int, int]]:
    """The best local alignment (Smith and Waterman's): its score, the stretch [first, last) of ``heard``, and
    for each letter in it that matches, its place in ``read``."""
    one, other = (np.frombuffer(text.encode(), np.uint8) for text in (heard, read))
    gaps = -GAP * np.arange(len(other) + 1)
    score: NDArray[np.float64] = np.zeros((len(one) + 1, len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = np.maximum(score[i - 1] + GAP, 0.0)
        row[1:] = np.maximum(row[1:], score[i - 1, :-1] + np.where(other == letter, MATCH, MISMATCH))
        score[i] = np.maximum.accumulate(row + gaps) - gaps  # gaps in ``heard``, all at once
    i, j = (int(place) for place in np.unravel_index(int(score.argmax()), score.shape))
    best, last = float(score[i, j]), i
    matched: dict[int, int] = {}
    while i and j and score[i, j] > 1e-9:
        same = one[i - 1] == other[j - 1]
        if _same(score[i, j], score[i - 1, j - 1] + (MATCH if same else MISMATCH)):
            i, j = i - 1, j - 1
            if same:
                matched[i] = j
        elif _same(score[i, j], score[i - 1, j] + GAP):
            i -= 1
        else:
            j -= 1
    return best, i, last, matched


def _same(one: float, other: float) -> bool:
    return abs(one - other) < 1e-9


def _persons_words(
    words: Sequence[re.Match[str]], first: int, last: int, matched: dict[int, int]
) -> list[list[re.Match[str]]]:
    """Runs of words that are no echo: outside of the alignment, hardly matching, or a loose end of it."""
    sizes = [len(_letters(word[0])) for word in words]
    starts = [0, *itertools.accumulate(sizes)]
    hits = [sum(k in matched for k in range(at, at + size)) for at, size in zip(starts, sizes, strict=False)]
    theirs = [
        2 * (min(at + size, last) - max(at, first)) <= size or hit < STRANGE * size
        for at, size, hit in zip(starts, sizes, hits, strict=False)
    ]
    loose = _loose_end(sizes, hits)
    theirs[len(theirs) - loose :] = [True] * loose
    loose = _loose_end(sizes[::-1], hits[::-1])
    theirs[:loose] = [True] * loose
    groups = itertools.groupby(zip(words, theirs, strict=True), key=lambda pair: pair[1])
    return [[word for word, _ in group] for is_theirs, group in groups if is_theirs]


def _loose_end(sizes: Sequence[int], hits: Sequence[int]) -> int:
    """The number of last words that together match too loosely to be an echo: letters can fit by chance."""
    loose, least = 0, -LEAST_LOOSE
    total = 0.0
    for count in range(1, len(sizes) + 1):
        total += hits[-count] - LOOSE * sizes[-count]
        if total < least:
            loose, least = count, total
    return loose
