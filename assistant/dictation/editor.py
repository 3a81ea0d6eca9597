"""Changes to a report: revisions, undo and redo, and edits against an earlier revision. Pure."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from operator import is_
from typing import NamedTuple

from assistant.dictation import gaps
from assistant.dictation.document import Document, Place, Position, Range, Run, Section, no_such_section
from assistant.errors import BadInput

KEPT_REVISIONS = 500
"""An edit may be made against one of so many latest revisions."""
KEPT_STEPS = 1_000
TYPED = "typed"


@dataclass(frozen=True, slots=True)
class Step:
    """A step of undo, with its cause: an utterance, a button, or ``TYPED``."""

    before: Document
    cause: str | None
    accepted: frozenset[str]
    """The gaps whose marks a person took away in it."""
    begins: bool = False
    """It put another report in the place of this one: neither has the marks of the other."""


class Change(NamedTuple):
    """``[start, end)`` of a section's text became ``[start, new_end)``, and nothing else changed."""

    start: int
    end: int
    new_end: int


@dataclass(frozen=True, slots=True)
class _Revision:
    """The length of each section, and the changes since the revision before."""

    number: int
    lengths: Mapping[str, int]
    changes: Mapping[str, Change]


class Editor:
    """One report. A revision is never used twice; undo makes a new one with the old content."""

    def __init__(self, document: Document | None = None) -> None:
        self.document = document or Document()
        self._undo: deque[Step] = deque(maxlen=KEPT_STEPS)
        self._redo: list[Step] = []
        lengths = {section.id: section.length for section in self.document.sections}
        first = _Revision(self.document.revision, lengths, {})
        self._revisions: deque[_Revision] = deque([first], maxlen=KEPT_REVISIONS)
        self.is_locked = False
        """Nothing changes it: it was signed."""
        self.was_refused = False
        """Since this was set to False, something would have changed it."""
        self._typed_to: Position | None = None
        self._has_gaps = any(gaps.gaps_in(self.document))  # or has had some

    @property
    def can_undo(self) -> bool:
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        return bool(self._redo)

    @property
    def last_cause(self) -> str | None:
        """The cause of the change that ``undo`` would reverse."""
        return self._undo[-1].cause if self._undo else None

    def change(self, document: Document, cause: str | None = None) -> bool:
        """Replace the report by ``document`` as one step of undo, with the marks of gaps that are missing in
        it. False if nothing changes."""
        return self._step(self._with_gaps(document), cause)

    def accept(self, document: Document, cause: str | None = None) -> bool:
        """``document`` is the report without the marks of gaps that a person has accepted."""
        return self._step(document, cause)

    def begin(self, document: Document, cause: str | None = None) -> bool:
        """As ``change``; ``document`` is another report, which has no marks of this one."""
        return self._step(document, cause, begins=True)

    def mark(self, document: Document) -> None:
        """``document`` is the report with a mark more, which is no step of undo."""
        if self._refuses():
            return
        self._typed_to = None
        self._has_gaps = True
        self._become(document)

    def _with_gaps(self, document: Document, but: frozenset[str] = frozenset()) -> Document:
        """``document`` with the marks of gaps that it lacks, each at its place; without those named ``but``."""
        if not self._has_gaps:
            return document
        there = gaps.ids_in(document) | but
        for position, run in gaps.gaps_in(self.document):
            if run.item_id not in there:
                document = gaps.inserted(document, moved_position(position, self.document, document), run)
        return document

    def _step(self, document: Document, cause: str | None, *, begins: bool = False) -> bool:
        if document.sections == self.document.sections and document.template == self.document.template:
            return self.move(document)
        if self._refuses():
            return False
        self._undo.append(Step(self.document, cause, self._taken_away(document), begins))
        self._redo.clear()
        self._typed_to = None
        self._become(document)
        return True

    def _taken_away(self, document: Document) -> frozenset[str]:
        """The gaps whose marks ``document`` lacks."""
        return gaps.ids_in(self.document) - gaps.ids_in(document) if self._has_gaps else frozenset()

    def move(self, document: Document) -> bool:
        """Move the cursor and the selection, without a step of undo. False if they are the same."""
        unmoved = (document.cursor, document.selected) == (self.document.cursor, self.document.selected)
        if unmoved or self.is_locked:
            return False
        self._become(replace(self.document, cursor=document.cursor, selected=document.selected))
        return True

    def hold(self, held: Mapping[int, Place]) -> None:
        """Keep these places, and no others, with their text. That is no new revision."""
        self.document = replace(self.document, held=dict(held))

    def undo(self) -> bool:
        """Reverse the last change; False if there is none."""
        if not self._undo or self._refuses():
            return False
        step = self._undo.pop()
        self._redo.append(replace(step, before=self.document))
        self._typed_to = None
        before = self._with_held(step.before)
        self._become(before if step.begins else self._with_gaps(before))
        return True

    def redo(self) -> bool:
        if not self._redo or self._refuses():
            return False
        step = self._redo.pop()
        self._undo.append(replace(step, before=self.document))
        self._typed_to = None
        before = self._with_held(step.before)
        self._become(before if step.begins else self._with_gaps(before, but=step.accepted))
        return True

    def _with_held(self, document: Document) -> Document:
        """``document``, which is no change of this one, with the places that are held now."""
        held = {
            name: _moved_place(place, self.document, document) for name, place in self.document.held.items()
        }
        return replace(document, held=held)

    def edit(self, revision: int, where: Range, text: str) -> None:
        """A hand edit against ``revision``. Typing on is one step of undo, up to the next word.

        Raises ``BadInput``: ``edit_conflict``, ``edit_too_old``, ``section_unknown``, ``range_invalid``,
        ``report_signed``.
        """
        if self.is_locked:
            raise signed()
        where = self.rebased(revision, where)
        run = Run(text, self.document.item_at(where), "typed")
        document = self.document.replace(where, [run])
        typing_on = (
            self._typed_to == Position(where.section_id, where.start)
            and self.last_cause == TYPED
            and not text[:1].isspace()
        )
        if typing_on:
            last = self._undo.pop()
            self._undo.append(replace(last, accepted=last.accepted | self._taken_away(document)))
            self._redo.clear()
            self._become(document)
        else:
            self._step(document, TYPED)
        self._typed_to = document.cursor

    def rebased(self, revision: int, where: Range) -> Range:
        """The current place of a range in an earlier revision. Raises as ``edit`` does."""
        for change in self._changes_since(revision, where):
            where = _moved(where, change)
        return where

    def position_now(self, revision: int, at: Position) -> Position:
        """The current place of a position in an earlier revision: behind what replaced the text that it was in.

        Raises ``BadInput``: ``edit_too_old``, ``section_unknown``, ``range_invalid``.
        """
        offset = at.offset
        for change in self._changes_since(revision, Range(at.section_id, offset, offset)):
            if offset > change.start:
                offset = change.new_end + max(0, offset - change.end)
        return Position(at.section_id, offset)

    def _changes_since(self, revision: int, where: Range) -> list[Change]:
        """The changes of a section since ``revision``, which has ``where`` in it."""
        first = self._revisions[0].number
        if not first <= revision <= self.document.revision:
            raise BadInput(
                "This edit refers to an old version of the report. Check the report and edit again.",
                code="edit_too_old",
            )
        base, *later = islice(self._revisions, revision - first, None)
        length = base.lengths.get(where.section_id)
        if length is None or any(where.section_id not in each.lengths for each in later):
            raise no_such_section()
        if not 0 <= where.start <= where.end <= length:
            raise BadInput("The position is outside the section's text.", code="range_invalid")
        return [each.changes[where.section_id] for each in later if where.section_id in each.changes]

    def _refuses(self) -> bool:
        self.was_refused |= self.is_locked
        return self.is_locked

    def _become(self, document: Document) -> None:
        before, after = self.document, replace(document, revision=self.document.revision + 1)
        known = {section.id: section for section in before.sections}
        lengths: dict[str, int] = {}
        changes: dict[str, Change] = {}
        for section in after.sections:
            earlier = known.get(section.id)
            if earlier is None:
                lengths[section.id] = section.length
                continue
            lengths[section.id] = self._revisions[-1].lengths[section.id]
            if earlier.runs is not section.runs:
                changes[section.id] = change = difference(earlier, section)
                lengths[section.id] += change.new_end - change.end
            if earlier is not section:
                earlier.forget_text()
        self.document = after
        self._revisions.append(_Revision(after.revision, lengths, changes))


def signed() -> BadInput:
    return BadInput(
        "This report is signed and cannot be changed. Amend it, or start a new report.", code="report_signed"
    )


def _moved(where: Range, change: Change) -> Range:
    if where.end <= change.start:
        return where
    if where.start >= change.end:
        shift = change.new_end - change.end
        return Range(where.section_id, where.start + shift, where.end + shift)
    raise BadInput("This part of the report has just changed. Check it and edit again.", code="edit_conflict")


def moved_position(position: Position, earlier: Document, later: Document) -> Position:
    """A position of ``earlier`` in ``later``, which differs in one place; if replaced, the end of the new text."""
    before = earlier.section(position.section_id)
    after = next((section for section in later.sections if section.id == before.id), None)
    if after is None:
        return later.cursor
    start, end, new_end = difference(before, after)
    if position.offset <= start:
        return position
    return Position(before.id, new_end + max(0, position.offset - end))


def _moved_place(place: Place, earlier: Document, later: Document) -> Place:
    there = {section.id: section for section in later.sections}
    for section in earlier.sections:
        if section.id not in there:
            if section.id in (place.cursor.section_id, *(each.section_id for each in place.selected)):
                return Place(later.cursor)
        elif section.runs is not there[section.id].runs:
            change = difference(section, there[section.id])
            place = place.moved(Range(section.id, change.start, change.end), change.new_end)
    return place


def difference(before: Section, after: Section) -> Change:
    """The one place in which the texts of a section differ. Takes time for the runs that changed only."""
    same, old, new = changed_runs(before.runs, after.runs)
    offset = after.start_of(same)
    start, end, new_end = text_difference("".join(run.text for run in old), "".join(run.text for run in new))
    return Change(offset + start, offset + end, offset + new_end)


def changed_runs(before: Sequence[Run], after: Sequence[Run]) -> tuple[int, Sequence[Run], Sequence[Run]]:
    """The number of equal runs at the start, and the runs that differ, before and after."""
    limit = min(len(before), len(after))
    start = _as_many_alike(before, after, limit)
    tail = _as_many_alike(before[start:][::-1], after[start:][::-1], limit - start)
    return start, before[start : len(before) - tail], after[start : len(after) - tail]


def _as_many_alike(before: Sequence[Run], after: Sequence[Run], limit: int) -> int:
    """Number of equal runs at the start, ``limit`` at most. Most are the same objects."""
    first_other = bytes(map(is_, before, after)).find(False)
    count = limit if first_other < 0 else min(first_other, limit)
    while count < limit and (before[count] is after[count] or before[count] == after[count]):
        count += 1
    return count


def text_difference(old: str, new: str) -> Change:
    """``old[start:end]`` became ``new[start:new_end]``."""
    limit = min(len(old), len(new))
    start = _alike(limit, lambda n: old[:n] == new[:n])
    tail = _alike(limit - start, lambda n: old[len(old) - n :] == new[len(new) - n :])
    return Change(start, len(old) - tail, len(new) - tail)


def _alike(most: int, is_alike: Callable[[int], bool]) -> int:
    """The largest number up to ``most`` that ``is_alike``, if all smaller ones are."""
    least = 0
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if is_alike(middle) else (least, middle - 1)
    return least
