"""The report: hand edits from the page, and updates to the page. Pure."""

from collections import deque
from collections.abc import Iterable

from assistant.conversation.types import Action, Emit, ReportCommanded, ReportEdited, refused
from assistant.dictation.alignment import SpokenWords
from assistant.dictation.commands import HELP
from assistant.dictation.dictation import Dictation
from assistant.dictation.document import Range, Run
from assistant.dictation.formatter import Formatter
from assistant.dictation.library import Library
from assistant.errors import BadInput
from assistant.events import (
    CommandDone,
    CommandHelp,
    DocumentChanged,
    DoubtPart,
    FieldPart,
    LibraryRead,
    PositionPart,
    RangePart,
    RunPart,
    SectionPart,
    WordPlace,
)

APPLIED_EDITS = 50
"""So many event ids of hand edits are told; a page has one edit under way at a time."""


class Report:
    """The dictation, its spoken words, and the revision that the page has."""

    def __init__(self, mark_below: float) -> None:
        """Words heard with less confidence than ``mark_below`` are doubtful."""
        self.dictation = Dictation(Formatter())
        self.spoken = SpokenWords()
        self._mark_below = mark_below
        self._style: dict[str, str] = {}
        self._applied: deque[str] = deque(maxlen=APPLIED_EDITS)
        self._shown_revision = 0

    def words(self) -> list[WordPlace]:
        """The spoken words of the report whose places are known."""
        return self.spoken.place(self.dictation.document.sections)

    def doubtful(self) -> list[WordPlace]:
        """The words heard with too little confidence."""
        return self.spoken.place(self.dictation.document.sections, below=self._mark_below)

    def changed(self) -> list[Action]:
        """The report event, if the report changed since the last one."""
        if self.dictation.document.revision == self._shown_revision:
            return []
        self._shown_revision = self.dictation.document.revision
        return [Emit(document_changed(self.dictation, self._applied, self.doubtful()))]

    def use_style(self, changes: dict[str, str]) -> list[Action]:
        self._style |= changes
        self.dictation.use(self.dictation.formatter.styled(**self._style), self.dictation.library)
        return []

    def use_library(self, formatter: Formatter, library: Library) -> list[Action]:
        """The clinician's files; a style that was chosen meanwhile still holds."""
        self.dictation.use(formatter.styled(**self._style), library)
        return [Emit(library_read(library))]

    def edit(self, fact: ReportEdited) -> list[Action]:
        edit = fact.edit
        if edit.event_id in self._applied:
            return []  # sent again, since the connection was lost before its answer
        try:
            where = Range(edit.section_id, edit.start, edit.end)
            self.dictation.editor.edit(edit.revision, where, edit.text)
        except BadInput as error:
            return [refused(error.code, error.message, edit.event_id)]
        if edit.event_id:
            self._applied.append(edit.event_id)
        return []

    def press(self, fact: ReportCommanded) -> list[Action]:
        button = fact.command
        try:
            message = self.dictation.press(button)
        except BadInput as error:
            return [refused(error.code, error.message, button.event_id)]
        return [Emit(CommandDone(command=button.command, message=message))] if message else []


def document_changed(
    dictation: Dictation, applied: Iterable[str], doubtful: Iterable[WordPlace] = ()
) -> DocumentChanged:
    """The newest revision; ``applied`` are the event ids of the latest hand edits."""
    document, editor = dictation.document, dictation.editor
    selected = document.selected
    return DocumentChanged(
        revision=document.revision,
        sections=[
            SectionPart(id=section.id, title=section.title, runs=[_run(run) for run in section.runs])
            for section in document.sections
        ],
        cursor=PositionPart(section_id=document.cursor.section_id, offset=document.cursor.offset),
        selected=selected
        and RangePart(section_id=selected.section_id, start=selected.start, end=selected.end),
        template=document.template,
        can_undo=editor.can_undo,
        can_redo=editor.can_redo,
        applied=list(applied),
        doubtful=list(doubtful),
    )


def _run(run: Run) -> RunPart:
    field = run.field and FieldPart(name=run.field.name, choices=list(run.field.choices))
    doubt = run.doubt and DoubtPart(reason=run.doubt.reason, message=run.doubt.message, offer=run.doubt.offer)
    return RunPart(text=run.text, item_id=run.item_id, origin=run.origin, field=field, doubt=doubt)


def library_read(library: Library) -> LibraryRead:
    """The event that lists templates, macros and words."""
    return LibraryRead(
        templates=[template.name for template in library.templates.values()],
        macros=[macro.name for macro in library.macros.values()],
        commands=[CommandHelp(say=say, does=does) for say, does in HELP],
        problems=[f"{problem.file}: {problem.message}" for problem in library.problems],
    )
