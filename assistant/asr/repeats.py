"""Word sequences that come several times in a row: a recogniser going round in a circle, mostly. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Repeat:
    """Words [first, end) are ``size`` words over and over."""

    first: int
    end: int
    size: int


def plain(word: str) -> str:
    """Without case and punctuation."""
    return re.sub(r"\W+", "", word.lower())


def find_repeats(
    words: Sequence[str], longest: int, times: int, long_times: int | None = None
) -> list[Repeat]:
    """From left to right, not overlapping: up to ``longest`` words at least ``times`` in a row; with
    ``long_times``, sequences of four words and more at least so often."""
    said = [plain(word) for word in words]
    found: list[Repeat] = []
    at = 0
    while at < len(said):
        repeat = next(
            (
                repeat
                for size in range(1, longest + 1)
                if (repeat := _repeat(said, at, size))
                and repeat.end - at >= size * (times if long_times is None or size < 4 else long_times)
            ),
            None,
        )
        if repeat is None:
            at += 1
        else:
            found.append(repeat)
            at = repeat.end
    return found


def _repeat(said: Sequence[str], at: int, size: int) -> Repeat:
    end = at + size
    while said[end : end + size] == said[at : at + size]:
        end += size
    return Repeat(at, end, size)
