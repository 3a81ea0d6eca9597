"""A written form, and the places in it that a clinician has to look at. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from assistant.events import DoubtReason


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a piece of text may not be what was said. ``offer`` is what was likely meant, if anything is."""

    reason: DoubtReason
    message: str
    offer: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """``text[start:end]`` is in doubt."""

    start: int
    end: int
    doubt: Doubt


@dataclass(frozen=True, slots=True)
class Written:
    text: str
    marks: tuple[Mark, ...] = ()

    def fitted(self, text: str) -> "Written":
        """The marks on ``text``, which is this one with other edges: spaces, the first capital, the last stop."""
        core = self.text.strip().rstrip(".").lower()
        before, after = self.text.lower().find(core), text.lower().find(core)
        shift = after - before if after >= 0 else 0
        moved = (replace(mark, start=mark.start + shift, end=mark.end + shift) for mark in self.marks)
        return Written(text, inside(moved, len(text)))


def inside(marks: Iterable[Mark], length: int) -> tuple[Mark, ...]:
    """Marks cut to a text of ``length``, in order, none empty or over another."""
    found: list[Mark] = []
    at = 0
    for mark in sorted(marks, key=lambda each: (each.start, -each.end)):
        start, end = max(mark.start, at), min(mark.end, length)
        if start < end:
            found.append(replace(mark, start=start, end=end))
            at = end
    return tuple(found)
