"""Checks the written text against what was said: a clause that says something else stays as it was said. Pure.

The reading is done by ``assistant.proofreading``, which knows nothing of how the text was written.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from assistant.dictation.written import Doubt, Mark, Written, inside
from assistant.proofreading import Alarm, Clause, Proof, clauses, proofread

_HELD = re.compile(r"\{kept (\d+)\}")
_KEPT = "This stays as it was said: its written form could have changed the meaning."


def differences(said: str, written: str) -> tuple[str, ...]:
    """The differences between two texts, by kind ("numbers", "sides", "negations" and so on); none if all is well."""
    return proofread(said, written).kinds


def checked(said: str, write: Callable[[str], str | None], *, continues: bool = False) -> Written:
    """``said`` as ``write`` writes it; a clause that would say something else is kept as it was said, and marked.

    ``write`` keeps markers in braces as they are, and gives None where it comes to no end.
    """
    kept = _Kept(said, clauses(said))
    while True:
        text = write(kept.marked())
        restored = None if text is None else kept.restored(text, continues=continues)
        if restored is None:
            if not kept.everything():
                break
            continue
        proof = proofread(said, restored.text)
        if proof.holds:
            marks = (*restored.marks, *_doubts(proof))
            return Written(restored.text, inside(marks, len(restored.text)))
        if not kept.more(proof.alarms[0]):
            break
    return Written(
        plain := unformatted(said), (Mark(0, len(plain), Doubt("kept_as_said", _KEPT)),) if plain else ()
    )


def unformatted(text: str) -> str:
    """White space made even, and nothing else."""
    return re.sub(r"[^\S\n]+", " ", text).strip(" ")


@dataclass(slots=True)
class _Kept:
    """The clauses of ``said`` that are kept as they were said, and those whose marks are kept too."""

    said: str
    clauses: list[Clause]
    whole: set[int] = field(default_factory=set)
    marks: set[int] = field(default_factory=set)

    def _pieces(self) -> Iterator[tuple[int, int]]:
        """``[start, end)`` of what is kept, clauses and the marks kept between them together."""
        start: int | None = None
        for index, clause in enumerate(self.clauses):
            if index not in self.whole:
                continue
            start = clause.start if start is None else start
            if index in self.marks and index + 1 in self.whole:
                continue
            yield start, clause.next_start if index in self.marks else clause.end
            start = None

    def marked(self) -> str:
        """``said`` with a marker in the place of each piece."""
        out, at = "", 0
        for number, (start, end) in enumerate(self._pieces()):
            out += f"{self.said[at:start]}{{kept {number}}}"
            at = end
            if self.said[start:end].endswith(" "):
                out += " "
        return out + self.said[at:]

    def restored(self, text: str, *, continues: bool) -> Written | None:
        """``text`` with the pieces in their places; None when a marker was lost."""
        pieces = [unformatted(self.said[start:end]) for start, end in self._pieces()]
        if [int(number) for number in _HELD.findall(text)] != list(range(len(pieces))):
            return None if pieces else Written(text)
        out, at = "", 0
        marks: list[Mark] = []
        for match, piece in zip(_HELD.finditer(text), pieces, strict=True):
            out += text[at : match.start()]
            before = out.rstrip(" ")
            starts = before[-1] in ".?!\n" if before else not continues
            marks.append(Mark(len(out), len(out) + len(piece), Doubt("kept_as_said", _KEPT)))
            out += piece[:1].upper() + piece[1:] if starts else piece
            at = match.end()
        return Written(out + text[at:], tuple(marks))

    def more(self, alarm: Alarm) -> bool:
        """Keep the clause in which the alarm begins; False when everything is kept already.

        An alarm in a clause that is kept is about the marks at its ends, or about what stands beside it.
        """
        before = len(self.whole) + len(self.marks)
        starts = [clause.start for clause in self.clauses]
        index = max(bisect_right(starts, alarm.said_start) - 1, 0)
        if index in self.whole:
            self.marks.update((index - 1, index))
            self.whole.update(range(max(index - 1, 0), min(index + 2, len(starts))))
        elif starts:
            self.whole.add(index)
        return len(self.whole) + len(self.marks) > before or self.everything()

    def everything(self) -> bool:
        """Keep every clause; False when all are kept already."""
        before = len(self.whole)
        self.whole.update(range(len(self.clauses)))
        return len(self.whole) > before


def _doubts(proof: Proof) -> Iterator[Mark]:
    for doubt in proof.doubts:
        ways = " or ".join(doubt.readings) if len(doubt.readings) > 1 else "more than one number"
        yield Mark(doubt.start, doubt.end, Doubt("two_readings", f"“{doubt.said}” can be read as {ways}."))
