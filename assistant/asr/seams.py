"""Speech that was cut without a pause: both sides are read over the cut and joined where they agree. Pure."""

from collections.abc import Sequence

from assistant.asr.base import Word

OVERLAP_MS = 1000
"""Each side is read so far beyond the cut: the words at it have their context."""
LATE_MS = 500
"""Two readings may place a word so far apart."""
TAIL_LETTERS = 24
LIKE_ENOUGH = 2 / 3
"""How much of both readings is compared, and the share of a word's letters that must be found again."""


def before_cut(words: Sequence[Word], cut_ms: int) -> tuple[Word, ...]:
    """What belongs to the first side: words most of which was said before ``cut_ms``."""
    count = sum((word.start_ms + word.end_ms) / 2 < cut_ms for word in words)
    return tuple(words[:count])


def after_cut(kept: Sequence[Word], words: Sequence[Word]) -> tuple[Word, ...]:
    """Of ``words``, another reading of what follows, those that ``kept`` does not end with already.

    Both are on the same clock. Nothing is kept twice, and nothing between them is lost: the number of words
    dropped is the one that reads most like the end of ``kept`` and is at its time.
    """
    if not kept:
        return tuple(words)
    until_ms = kept[-1].end_ms
    by_time = sum((word.start_ms + word.end_ms) / 2 < until_ms for word in words)
    tail = _letters(kept)

    def cost(count: int) -> tuple[float, int]:
        moved = words[min(count, by_time) : max(count, by_time)]
        unlike = _edits_from_end(tail, _letters(words[:count]))
        return unlike + LIKE_ENOUGH * sum(len(word.text) + 1 for word in moved), abs(count - by_time)

    near = [
        count
        for count in range(len(words) + 1)
        if all(
            abs(word.start_ms - until_ms) <= LATE_MS
            for word in words[min(count, by_time) : max(count, by_time)]
        )
    ]
    return tuple(words[min(near, key=cost) :])


def _letters(words: Sequence[Word]) -> str:
    """The last ones, without case and punctuation."""
    text = "".join(f" {word.text.lower()}" for word in words[-TAIL_LETTERS:])
    return "".join(letter for letter in text if letter.isalnum() or letter == " ")[-TAIL_LETTERS:]


def _edits_from_end(tail: str, said: str) -> int:
    """Edits from ``said`` to the end of ``tail`` that is most like it."""
    row = list(range(len(said) + 1))
    for letter in tail:
        corner, row[0] = row[0], 0
        for at, other in enumerate(said, 1):
            corner, row[at] = row[at], min(corner + (letter != other), row[at] + 1, row[at - 1] + 1)
    return row[-1]
