"""Changes to a report: revisions, undo and redo, and edits against an earlier revision. Pure."""

from collections import deque
from dataclasses import dataclass, replace
from itertools import pairwise

from assistant.dictation.document import Document, Position, Range, Run
from assistant.errors import BadInput

KEPT_REVISIONS = 500
"""An edit may be made against one of so many latest revisions. They share what did not change."""
KEPT_STEPS = 1_000
TYPED = "typed"


@dataclass(frozen=True, slots=True)
class Step:
    """A step of undo, with its cause: an utterance, a button, or ``TYPED``."""

    before: Document
    cause: str | None


class Editor:
    """One report. A revision is never used twice; undo makes a new one with the old content."""

    def __init__(self, document: Document | None = None) -> None:
        self.document = document or Document()
        self._undo: deque[Step] = deque(maxlen=KEPT_STEPS)
        self._redo: list[Step] = []
        self._revisions: deque[Document] = deque([self.document], maxlen=KEPT_REVISIONS)
        self._typed_to: Position | None = None

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
        """Replace the report by ``document`` as one step of undo. False if nothing changes."""
        if document.sections == self.document.sections and document.template == self.document.template:
            return self.move(document)
        self._undo.append(Step(self.document, cause))
        self._redo.clear()
        self._typed_to = None
        self._become(document)
        return True

    def move(self, document: Document) -> bool:
        """Move the cursor and the selection, without a step of undo. False if they are the same."""
        if (document.cursor, document.selected) == (self.document.cursor, self.document.selected):
            return False
        self._become(replace(self.document, cursor=document.cursor, selected=document.selected))
        return True

    def undo(self) -> bool:
        """Reverse the last change; False if there is none."""
        if not self._undo:
            return False
        step = self._undo.pop()
        self._redo.append(Step(self.document, step.cause))
        self._typed_to = None
        self._become(step.before)
        return True

    def redo(self) -> bool:
        if not self._redo:
            return False
        step = self._redo.pop()
        self._undo.append(Step(self.document, step.cause))
        self._typed_to = None
        self._become(step.before)
        return True

    def edit(self, revision: int, where: Range, text: str) -> None:
        """A hand edit against ``revision``. Typing on is one step of undo, up to the next word.

        Raises ``BadInput``: ``edit_conflict``, ``edit_too_old``, ``section_unknown``, ``range_invalid``.
        """
        where = self.rebased(revision, where)
        run = Run(text, self.document.item_at(where), "typed")
        document = self.document.replace(where, [run])
        typing_on = (
            self._typed_to == Position(where.section_id, where.start)
            and self.last_cause == TYPED
            and not text[:1].isspace()
        )
        if typing_on:
            self._redo.clear()
            self._become(document)
        else:
            self.change(document, TYPED)
        self._typed_to = document.cursor

    def rebased(self, revision: int, where: Range) -> Range:
        """The current place of a range in an earlier revision. Raises as ``edit`` does."""
        first = self._revisions[0].revision
        if not first <= revision <= self.document.revision:
            raise BadInput(
                "This edit refers to an old version of the report. Check the report and edit again.",
                code="edit_too_old",
            )
        kept = list(self._revisions)[revision - first :]
        if not 0 <= where.start <= where.end <= len(kept[0].section(where.section_id).text):
            raise BadInput("The position is outside the section's text.", code="range_invalid")
        for earlier, later in pairwise(kept):
            where = _moved(where, earlier, later)
        return where

    def _become(self, document: Document) -> None:
        self.document = replace(document, revision=self.document.revision + 1)
        self._revisions.append(self.document)


def _moved(where: Range, earlier: Document, later: Document) -> Range:
    before, after = earlier.section(where.section_id), later.section(where.section_id)
    if before is after:
        return where
    start, end, new_end = difference(before.text, after.text)
    if where.end <= start:
        return where
    if where.start >= end:
        shift = new_end - end
        return Range(where.section_id, where.start + shift, where.end + shift)
    raise BadInput("This part of the report has just changed. Check it and edit again.", code="edit_conflict")


def moved_position(position: Position, earlier: Document, later: Document) -> Position:
    """Where a position of ``earlier`` is in ``later``, which differs in one place; the end of what replaced it."""
    before = earlier.section(position.section_id)
    after = next((section for section in later.sections if section.id == before.id), None)
    if after is None:
        return later.cursor
    start, end, new_end = difference(before.text, after.text)
    if position.offset <= start:
        return position
    return Position(before.id, new_end + max(0, position.offset - end))


def difference(old: str, new: str) -> tuple[int, int, int]:
    """``(start, old_end, new_end)``: ``old[start:old_end]`` became ``new[start:new_end]``, and nothing else."""
    limit = min(len(old), len(new))
    start = 0
    while start < limit and old[start] == new[start]:
        start += 1
    tail = 0
    while tail < limit - start and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return start, len(old) - tail, len(new) - tail
