"""Commands that delete, change and add text. Pure; each raises ``BadInput`` if it cannot be done."""

import re
from dataclasses import replace

from assistant.dictation.desk import Command, Desk, Outcome, found, meant, unit_range
from assistant.dictation.document import Document, Position, Range, Run, unique_id
from assistant.dictation.editor import moved_position
from assistant.dictation.gaps import gaps_in
from assistant.dictation.insertion import open_section, run_together, runs_of, without_second_mark
from assistant.dictation.library import Macro, Template, said_in
from assistant.dictation.places import off_word
from assistant.errors import BadInput


def scratch(_: Command, document: Document, desk: Desk) -> Outcome:
    if document.selected:
        return Outcome(document.cleared(), "Deleted the selection.")
    item_id = desk.last_utterance(document)
    if item_id is None:
        raise BadInput("There is no utterance to remove.", code="nothing_to_scratch")
    places = document.ranges_of(item_id)
    without = document.without_item(item_id)
    start = places[0].start
    text = without.section(places[0].section_id).text
    return Outcome(
        without.move(Position(places[0].section_id, min(start, len(text)))), "Removed the last utterance."
    )


def delete(command: Command, document: Document, desk: Desk) -> Outcome:
    if command.which == "all":
        if document.is_empty:
            raise BadInput("The report is empty.", code="report_empty")
        for section in document.sections:
            document = document.replace(Range(section.id, 0, len(section.text)), ())
        first = document.sections[0]
        return Outcome(document.move(Position(first.id, 0)), "Cleared the report. “Undo” brings it back.")
    if not command.unit:
        return scratch(command, document, desk)
    where = unit_range(command, document)
    return Outcome(document.delete(where), f"Deleted {_named(command)}.")


def replace_words(command: Command, document: Document, desk: Desk) -> Outcome:
    where = found(command.target, document, desk)
    old = document.section(where.section_id).text[where.start : where.end]
    written = desk.write(command.text, True)
    new = written.text
    if not old.rstrip().endswith("."):
        new = new.removesuffix(".")
    if old[:1].isupper() and old[1:2].islower() and new[:1].islower():
        new = new[:1].upper() + new[1:]
    item_id = document.item_at(where) or desk.item_id
    document = document.replace(where, runs_of(written.fitted(new), item_id))
    end = Position(where.section_id, len(document.section(where.section_id).text))
    return Outcome(document.move(end), f"Replaced “{old}” with “{new}”.")


def capitals(command: Command, document: Document, desk: Desk) -> Outcome:
    where = meant(command, document, desk)
    section = document.section(where.section_id)
    old = section.text[where.start : where.end]
    match command.text:
        case "all_caps":
            new = "".join(each.upper() if len(each.upper()) == 1 else each for each in old)
        case "no_caps":
            new = old.lower()
        case _:
            new = re.sub(r"(?<![\w'])[a-z]", lambda match: match[0].upper(), old)
    place = document.place
    return Outcome(_spelled(document, where, new).at(place), f"Wrote “{new.strip()}”.")


def _spelled(document: Document, where: Range, new: str) -> Document:
    """Other letters for the same words: each run keeps its source."""
    at = 0
    for run in document.section(where.section_id).runs:
        start, end = max(at, where.start), min(at + len(run.text), where.end)
        if start < end and run.field is None:
            piece = new[start - where.start : end - where.start]
            document = document.replace(Range(where.section_id, start, end), [replace(run, text=piece)])
        at += len(run.text)
    return document


def new_line(command: Command, document: Document, desk: Desk) -> Outcome:
    document, where = off_word(document).ready()
    text = document.section(where.section_id).text
    if text[where.end : where.end + 1] == " ":
        where = replace(where, end=where.end + 1)
    before = text[: where.start]
    match command.which:
        case "paragraph":
            piece, message = "\n\n", "New paragraph."
        case "bullet":
            piece, message = "\n- ", "New bullet."
        case "number":
            piece, message = f"\n{_next_number(before)}. ", "New number."
        case _:
            piece, message = "\n", "New line."
    if not before or before.endswith("\n"):
        piece = piece.lstrip("\n") if before.endswith("\n\n") or not before else piece.removeprefix("\n")
    if not piece:
        raise BadInput("There is a new line already.", code="nothing_to_break")
    return Outcome(document.replace(where, [Run(piece, desk.item_id)]), message)


def _next_number(before: str) -> int:
    last = re.search(r"(?:^|\n)(\d{1,2})\. [^\n]*$", before)
    return int(last[1]) + 1 if last else 1


def has_gap(_: Command, document: Document, __: Desk) -> bool:
    return any(gaps_in(document))


def accept_gaps(command: Command, document: Document, _: Desk) -> Outcome:
    """The last mark, or all of them, leave the report; the cursor stays with its text."""
    marks = list(gaps_in(document))
    accepted = marks[-1:] if command.unit else marks
    for at, run in reversed(accepted):
        without = document.delete(Range(at.section_id, at.offset, at.offset + len(run.text)))
        document = without.move(moved_position(document.cursor, document, without))
    return Outcome(document, "Accepted the gap." if len(accepted) == 1 else f"Accepted {len(accepted)} gaps.")


def has_macro(command: Command, _: Document, desk: Desk) -> bool:
    return desk.library.macro(command.target) is not None


def insert(command: Command, document: Document, desk: Desk) -> Outcome:
    macro = desk.library.macro(command.target)
    if macro is None:
        raise BadInput(f"There is no macro “{command.target}”.", code="macro_unknown")
    return Outcome(insert_macro(document, macro, desk.item_id), f"Inserted “{macro.name}”.")


def new_report(command: Command, document: Document, desk: Desk) -> Outcome:
    """A blank report, or one by a template. A template that is only named takes nobody's words away: a report
    that has some gets its sections."""
    if not command.target:
        return Outcome(Document(), "New report. “Undo” brings the last one back.", begins=True)
    template = desk.library.template(command.target)
    if is_filled(document):
        words = f"Added the sections of {template.name} to this report. “New report” begins an empty one."
        return Outcome(insert_template(document, template), words)
    return replace_by(template)


def replace_by(template: Template) -> Outcome:
    words = f"Began with {template.name}. “Undo” takes it away."
    return Outcome(template.document(), words, begins=True)


def is_filled(document: Document) -> bool:
    """Whether it has words that are not its template's."""
    runs = (run for section in document.sections for run in section.runs)
    return any(run.text.strip() and run.origin != "template" for run in runs)


def insert_template(document: Document, template: Template) -> Document:
    """The sections that the report does not have go to its end, those that it has without a word are filled; the
    cursor goes to the first new field."""
    before = document
    have = {section.title.casefold(): section for section in document.sections}
    sections = [section for section in document.sections if section.title or section.text.strip()]
    for new in template.sections:
        old = have.get(new.title.casefold())
        if old is None or old not in sections:
            new_id = unique_id(new.title, [section.id for section in sections])
            sections.append(replace(new, id=new_id))
        elif not old.text.strip():
            sections[sections.index(old)] = replace(old, runs=new.runs)
    ids = [section.id for section in sections]
    cursor = before.cursor if before.cursor.section_id in ids else Position(ids[0], 0)
    document = replace(before, sections=tuple(sections), cursor=cursor, selected=(), template=template.name)
    there = {place for place, _ in before.fields()}
    fields = [place for place, _ in document.fields() if place not in there]
    return document.select(fields[0]) if fields else document


def insert_macro(document: Document, macro: Macro, item_id: str | None) -> Document:
    """At the cursor; in the section that the macro names, at its end, where the report has that one."""
    here = document.section(document.cursor.section_id).title
    named = (macro.section or "").casefold()
    if named and here.casefold() != named and any(s.title.casefold() == named for s in document.sections):
        document = open_section(document, named)
    document, where = off_word(document).ready()
    text = document.section(where.section_id).text
    runs = said_in(macro, item_id)
    before, after = text[: where.start], text[where.end :]
    first = replace(runs[0], text=(" " if run_together(before, runs[0].text) else "") + runs[0].text)
    last = [Run(" ", item_id, "macro")] if run_together(runs[-1].text, after) else []
    *rest, end = [first, *runs[1:]]
    if end.field is None:
        end = replace(end, text=without_second_mark(end.text, after))
    document = document.replace(where, [*rest, end, *last])
    inserted = Range(where.section_id, where.start, document.cursor.offset)
    fields = [f for f, _ in document.fields() if f.section_id == inserted.section_id]
    inside = [f for f in fields if inserted.start <= f.start < inserted.end]
    return document.select(inside[0]) if inside else document


def _named(command: Command) -> str:
    number = f"{command.count} " if command.count > 1 else ""
    return f"the {command.which or 'last'} {number}{command.unit}{'s' if command.count > 1 else ''}"
