"""The report as it stands on the wire. Pure."""

from collections.abc import Iterable

from assistant.dictation.commands import HELP
from assistant.dictation.dictation import Dictation
from assistant.dictation.document import Run
from assistant.dictation.library import Library
from assistant.events import (
    CommandHelp,
    DocumentChanged,
    FieldPart,
    LibraryRead,
    PositionPart,
    RangePart,
    RunPart,
    SectionPart,
    WordPlace,
)


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
    return RunPart(text=run.text, item_id=run.item_id, origin=run.origin, field=field)


def library_read(library: Library) -> LibraryRead:
    """What may be said and inserted."""
    return LibraryRead(
        templates=[template.name for template in library.templates.values()],
        macros=[macro.name for macro in library.macros.values()],
        commands=[CommandHelp(say=say, does=does) for say, does in HELP],
        problems=[f"{problem.file}: {problem.message}" for problem in library.problems],
    )
