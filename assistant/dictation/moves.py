"""Commands that move the cursor. Pure; each raises ``BadInput`` if it cannot be done."""

from assistant.dictation.changes import replace_words
from assistant.dictation.correcting import with_choices
from assistant.dictation.desk import Command, Desk, Outcome, field_from, found, meant, section_title, short
from assistant.dictation.document import Document, Position, Range
from assistant.dictation.insertion import open_section
from assistant.dictation.places import unit_at
from assistant.errors import BadInput


def select(command: Command, document: Document, desk: Desk) -> Outcome:
    if command.which == "none":
        return Outcome(document.move(document.cursor), "Nothing is selected.")
    if command.which == "all":
        return _select_all(document)
    where = meant(command, document, desk)
    text = document.section(where.section_id).text[where.start : where.end]
    start = where.start + len(text) - len(text.lstrip())
    where = Range(where.section_id, start, where.end)
    selected = Outcome(
        document.select(where), f"Selected “{short(text.strip())}”: the next words replace it."
    )
    return with_choices(selected, desk)


def _select_all(document: Document) -> Outcome:
    first, last = document.sections[0], document.sections[-1]
    place = document.between(Position(first.id, 0), Position(last.id, last.length))
    if not place.selected:
        raise BadInput("The report is empty.", code="report_empty")
    return Outcome(document.at(place), "Selected all of it: the next words replace it.")


def insert_at(command: Command, document: Document, desk: Desk) -> Outcome:
    where = found(command.target, document, desk)
    offset = where.start if command.which == "before" else where.end
    words = document.section(where.section_id).text[where.start : where.end]
    return Outcome(
        document.move(Position(where.section_id, offset)), f"The next words go {command.which} “{words}”."
    )


def correct(command: Command, document: Document, desk: Desk) -> Outcome:
    """Changes the words where it is said to what; selects them otherwise."""
    return replace_words(command, document, desk) if command.text else select(command, document, desk)


def has_section(command: Command, document: Document, _: Desk) -> bool:
    return not command.target or section_title(document, command.target) is not None


def go_to(command: Command, document: Document, _: Desk) -> Outcome:
    here = document.section(document.cursor.section_id)
    if command.target:
        title = section_title(document, command.target)
        if title is None:
            raise BadInput(f"There is no section “{command.target}”.", code="section_unknown")
        document = open_section(document, title)
        section = document.section(document.cursor.section_id)
        if field := next((f for f, _ in document.fields() if f.section_id == section.id), None):
            document = document.select(field)
        return Outcome(document, f"At {section.title}.")
    within = {"section": (0, len(here.text)), "line": _line(here.text, document.cursor.offset)}
    within["paragraph"] = unit_at(here.text, document.cursor.offset, "paragraph", "this") or (0, 0)
    if command.unit in within:
        start, end = within[command.unit]
        offset = start if command.which == "top" else end
        return Outcome(
            document.move(Position(here.id, offset)), f"At the {command.which} of the {command.unit}."
        )
    if command.which == "top":
        return Outcome(document.move(Position(document.sections[0].id, 0)), "At the top.")
    last = document.sections[-1]
    return Outcome(document.move(Position(last.id, len(last.text))), "At the end.")


def _line(text: str, offset: int) -> tuple[int, int]:
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    return start, len(text) if end < 0 else end


def step(command: Command, document: Document, _: Desk) -> Outcome:
    if command.unit == "section":
        ids = [section.id for section in document.sections]
        at = ids.index(document.cursor.section_id) + (1 if command.name == "next" else -1)
        if not 0 <= at < len(ids):
            raise BadInput(f"There is no {command.name} section.", code="no_section")
        section = document.sections[at]
        moved = document.move(Position(section.id, len(section.text)))
        return Outcome(moved, f"At {section.title or 'the text'}.")
    where = field_from(document, forward=command.name == "next")
    name = document.section(where.section_id).text[where.start : where.end]
    return Outcome(document.select(where), f"At {name}.")
