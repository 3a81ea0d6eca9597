"""Speech that was cut without a pause: both sides are read over the cut and joined where they agree. Pure."""

from collections.abc import Sequence

from assistant.asr.base import Partial, Word
from assistant.audio.frames import SAMPLE_RATE_HZ

BEYOND_MS, BACK_MS = 1000, 2000
"""The first side is read so far beyond the cut, the second from so far before it: the words at it have their
context, and both sides some words in common that are read right."""
GAP_MS = 80
"""Distance of two words: the middle of the next one is usually later than the end of this one by more."""
BEYOND_SAMPLES, BACK_SAMPLES = (ms * SAMPLE_RATE_HZ // 1000 for ms in (BEYOND_MS, BACK_MS))
LATE_MS = 500
"""Two readings may place a word so far apart."""
MOST_REPEATED = 12
"""Words said in the overlap, at most."""
TAIL_LETTERS = 24
LIKE_ENOUGH = 2 / 3
"""Length compared of both readings, and the share of a word's letters that must match."""
NEAR_MS = 200
"""For a word so far on the wrong side of the time, twice as many."""


def before_cut(words: Sequence[Word], cut_ms: int) -> tuple[Word, ...]:
    """The words of the first side: those of which most was said before ``cut_ms``."""
    count = sum((word.start_ms + word.end_ms) / 2 < cut_ms for word in words)
    return tuple(words[:count])


def after_cut(kept: Sequence[Word], words: Sequence[Word]) -> tuple[Word, ...]:
    """Those of ``words``, another reading of what follows, that ``kept`` does not end with already.

    Both are on the same clock. Nothing is kept twice, and nothing between them is lost: the number of words
    dropped is the one that reads most like the end of ``kept`` and is at its time.
    """
    if not kept:
        return tuple(words)
    until_ms = kept[-1].end_ms + GAP_MS // 2
    by_time = sum((word.start_ms + word.end_ms) / 2 < until_ms for word in words)
    tail = _letters(kept)

    def apart_ms(word: Word) -> float:
        return abs((word.start_ms + word.end_ms) / 2 - until_ms)

    def cost(count: int) -> tuple[float, int]:
        moved = words[min(count, by_time) : max(count, by_time)]
        unlike = _edits_from_end(tail, _letters(words[:count]))
        across = sum((len(word.text) + 1) * (1 + apart_ms(word) / NEAR_MS) for word in moved)
        return unlike + LIKE_ENOUGH * across, abs(count - by_time)

    near = [
        count
        for count in range(len(words) + 1)
        if all(
            abs(word.start_ms - until_ms) <= LATE_MS
            for word in words[min(count, by_time) : max(count, by_time)]
        )
    ]
    return tuple(words[min(near, key=cost) :])


class Repeated:
    """Counts the words ``kept`` before a cut that stand again at the beginning of the partials after it. They
    are not shown twice, and nothing is stable until their number is known."""

    def __init__(self, kept: Sequence[Word]) -> None:
        self._tail = _letters(kept)
        self._count: int | None = None

    def without(self, partial: Partial) -> Partial:
        """The partial without them."""
        stable = partial.stable.split()
        words = [*stable, *partial.tentative.split()]
        count = self._count
        if count is None:
            count = self._found(words)
            if len(stable) >= MOST_REPEATED:
                self._count = count
            else:
                return Partial("", " ".join(words[count:]))
        shown, tail = " ".join(stable[count:]), " ".join(words[len(stable) :])
        return Partial(shown, f" {tail}" if shown and tail else tail)

    def _found(self, words: Sequence[str]) -> int:
        def cost(count: int) -> float:
            said = _last_letters(words[:count])
            return _edits_from_end(self._tail, said) - len(said) / 2

        return min(range(min(len(words), MOST_REPEATED) + 1), key=cost)


def _letters(words: Sequence[Word]) -> str:
    return _last_letters([word.text for word in words])


def _last_letters(words: Sequence[str]) -> str:
    """Without case and punctuation."""
    text = "".join(f" {word.lower()}" for word in words[-TAIL_LETTERS:])
    return "".join(letter for letter in text if letter.isalnum() or letter == " ")[-TAIL_LETTERS:]


def _edits_from_end(tail: str, said: str) -> int:
    """Edits from ``said`` to the end of ``tail`` that is most like it."""
    row = list(range(len(said) + 1))
    for letter in tail:
        corner, row[0] = row[0], 0
        for at, other in enumerate(said, 1):
            corner, row[at] = row[at], min(corner + (letter != other), row[at] + 1, row[at - 1] + 1)
    return row[-1]
