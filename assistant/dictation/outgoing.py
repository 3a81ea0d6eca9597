"""Commands that take text out of the report: to be read aloud, copied, printed or saved. Pure.

The page does what the server cannot; the messages say what it is about to do, and the page what came of it.
"""

from assistant.dictation.desk import Command, Desk, Outcome, meant, short, unit_range
from assistant.dictation.document import Document
from assistant.dictation.places import unit_at
from assistant.errors import BadInput


def read_back(command: Command, document: Document, desk: Desk) -> Outcome:
    """Without more said: the paragraph at the cursor, else the last utterance."""
    _not_empty(document, "read")
    here = document.section(document.cursor.section_id)
    if document.selected:
        text = selected_text(document)
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


def copy(command: Command, document: Document, desk: Desk) -> Outcome:
    """``text`` is what goes on the clipboard: the report, or what "that" or a unit means."""
    _not_empty(document, "copy")
    if command.which == "all" or command.unit == "document":
        return Outcome(document, "Copying the report.", document.text)
    if document.selected and not (command.target or command.unit):
        text = selected_text(document)
    else:
        where = meant(command, document, desk)
        text = document.section(where.section_id).text[where.start : where.end].strip()
    return Outcome(document, f"Copying “{short(text)}”.", text)


def selected_text(document: Document) -> str:
    """The selected text, each section's part on lines of its own."""
    parts = [document.section(each.section_id).text[each.start : each.end] for each in document.selected]
    return "\n\n".join(part.strip() for part in parts)


def print_report(_: Command, document: Document, __: Desk) -> Outcome:
    _not_empty(document, "print")
    return Outcome(document, "Opening the print dialog.")


def sign(_: Command, document: Document, __: Desk) -> Outcome:
    """By voice alone nothing is signed: a person has to confirm it."""
    _not_empty(document, "sign")
    return Outcome(document, "Check the report, then confirm that you sign it.")


def save(_: Command, document: Document, __: Desk) -> Outcome:
    _not_empty(document, "save")
    return Outcome(document, "Choose a format to save the report in.")


def _not_empty(document: Document, to: str) -> None:
    if document.is_empty:
        raise BadInput(f"There is nothing to {to}: the report is empty.", code="report_empty")
