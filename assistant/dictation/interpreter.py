"""A spoken command and a report → the report as it is then, and what was done, in words. Pure.

Undo and redo are the editor's; what the session does (stop, sleep, wake) is not done here.
"""

from assistant.dictation.changes import capitals, delete, insert_macro, new_line, replace_words, scratch
from assistant.dictation.commands import Command
from assistant.dictation.desk import Desk, Outcome, section_title, unit_range
from assistant.dictation.document import Document
from assistant.dictation.moves import go_to, insert_at, select, step
from assistant.dictation.places import unit_at
from assistant.errors import BadInput

SESSION_COMMANDS = frozenset({"stop", "pause", "resume", "sleep", "wake", "help"})
"""Commands that say nothing about the report."""
REPORT_COMMANDS = frozenset(
    {"scratch", "undo", "redo", "delete", "select", "replace", "correct", "insert_at", "format", "new"}
    | {"go_to", "next", "previous", "insert", "new_report", "read_back"}
)
_GROUNDED = frozenset({"correct", "insert_at", "format"})
"""Worded as clinicians also dictate: a command only if the report has the words."""


def makes_sense(command: Command, document: Document, desk: Desk) -> bool:
    """Whether it is a command here; otherwise its words are text."""
    match command.name:
        case name if name in _GROUNDED and command.target:
            return desk.find(document, command.target) is not None
        case "select" | "replace" if len(command.target.split()) > 2 or len(command.text.split()) > 2:
            return (
                desk.find(document, command.target) is not None
            )  # "replace potassium with forty mEq by mouth"
        case "insert":
            return desk.library.macro(command.target) is not None
        case "go_to" if command.target:
            return section_title(document, command.target) is not None
        case name:
            return name in REPORT_COMMANDS or name in SESSION_COMMANDS


def obey(command: Command, document: Document, desk: Desk) -> Outcome:
    """Raises ``BadInput``, its message for people, when it cannot be done; then nothing has changed."""
    match command.name:
        case "scratch":
            return scratch(document, desk)
        case "delete":
            return delete(command, document, desk)
        case "select":
            return select(command, document, desk)
        case "correct" if not command.text:
            return select(command, document, desk)
        case "replace" | "correct":
            return replace_words(command, document, desk)
        case "insert_at":
            return insert_at(command, document, desk)
        case "format":
            return capitals(command, document, desk)
        case "new":
            return new_line(command, document, desk)
        case "go_to":
            return go_to(command, document)
        case "next" | "previous":
            return step(command, document)
        case "insert":
            macro = desk.library.macro(command.target)
            if macro is None:
                raise BadInput(f"There is no macro “{command.target}”.", code="macro_unknown")
            return Outcome(insert_macro(document, macro, desk.item_id), f"Inserted “{macro.name}”.")
        case "new_report":
            return _new_report(command, desk)
        case "read_back":
            return _read_back(command, document, desk)
    raise BadInput("This command cannot be carried out here.", code="command_unknown")


def _new_report(command: Command, desk: Desk) -> Outcome:
    if not command.target:
        return Outcome(Document(), "New report. “Undo” brings the last one back.")
    template = desk.library.template(command.target)
    return Outcome(template.document(), f"New report: {template.name}. “Undo” brings the last one back.")


def _read_back(command: Command, document: Document, desk: Desk) -> Outcome:
    here = document.section(document.cursor.section_id)
    if document.is_empty:
        raise BadInput("There is nothing to read: the report is empty.", code="report_empty")
    if document.selected:
        text = here.text[document.selected.start : document.selected.end]
    elif command.unit == "document" or command.which == "all":
        text = document.text
    elif command.unit == "section":
        text = here.text
    elif command.unit in ("word", "sentence", "line"):
        where = unit_range(command, document)
        text = here.text[where.start : where.end]
    else:
        span = unit_at(here.text, document.cursor.offset, "paragraph", "last")
        last = desk.last_utterance(document)
        if span is None and last:
            where = document.ranges_of(last)[-1]
            text = document.section(where.section_id).text[where.start : where.end]
        else:
            text = here.text[span[0] : span[1]] if span else document.text
    return Outcome(document, "Reading it back.", text.strip())
