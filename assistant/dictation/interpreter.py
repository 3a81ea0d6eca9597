"""A spoken command and a report → the report as it is then, and what was done, in words. Pure.

Undo and redo are the editor's; what the session does (stop, sleep, wake) is not done here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches

from assistant.dictation.commands import Command
from assistant.dictation.document import Document, Position, Range, Run
from assistant.dictation.formatter import SECTIONS
from assistant.dictation.insertion import open_section
from assistant.dictation.library import Library, Macro, said_in, spoken_key
from assistant.dictation.places import find, unit_at
from assistant.errors import BadInput

SESSION_COMMANDS = frozenset({"stop", "pause", "resume", "sleep", "wake", "help"})
"""Commands that say nothing about the report."""
REPORT_COMMANDS = frozenset(
    {"scratch", "undo", "redo", "delete", "select", "replace", "correct", "insert_at", "format", "new"}
    | {"go_to", "next", "previous", "insert", "new_report", "read_back"}
)
_GROUNDED = frozenset({"correct", "insert_at", "format"})
"""Worded as clinicians also dictate: a command only if the report has the words."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command needs to know beside the report. ``utterances`` are those taken, in order."""

    library: Library
    utterances: tuple[str, ...]
    write: Callable[[str, bool], str]
    item_id: str | None = None

    def find(self, document: Document, said: str) -> Range | None:
        return find(document, said, lambda words: self.write(words, True))

    def last_utterance(self, document: Document) -> str | None:
        there = set(document.item_ids)
        return next((each for each in reversed(self.utterances) if each in there), None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """``text`` is what is to be read aloud, for ``read_back``."""

    document: Document
    message: str
    text: str = ""


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
            return _section_title(document, command.target) is not None
        case name:
            return name in REPORT_COMMANDS or name in SESSION_COMMANDS


def obey(command: Command, document: Document, desk: Desk) -> Outcome:
    """Raises ``BadInput``, its message for people, when it cannot be done; then nothing has changed."""
    match command.name:
        case "scratch":
            return _scratch(document, desk)
        case "delete":
            return _delete(command, document, desk)
        case "select":
            return _select(command, document, desk)
        case "correct" if not command.text:
            return _select(command, document, desk)
        case "replace" | "correct":
            return _replace(command, document, desk)
        case "insert_at":
            return _insert_at(command, document, desk)
        case "format":
            return _capitals(command, document, desk)
        case "new":
            return _new(command, document, desk)
        case "go_to":
            return _go_to(command, document)
        case "next" | "previous":
            return _step(command, document)
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


def insert_macro(document: Document, macro: Macro, item_id: str | None) -> Document:
    """At the cursor; in the section that the macro names, at its end, where the report has that one."""
    here = document.section(document.cursor.section_id).title
    named = (macro.section or "").casefold()
    if named and here.casefold() != named and any(s.title.casefold() == named for s in document.sections):
        document = open_section(document, named)
    cursor = document.cursor
    where = document.selected or Range(cursor.section_id, cursor.offset, cursor.offset)
    text = document.section(where.section_id).text
    runs = said_in(macro, item_id)
    before, after = text[: where.start], text[where.end :]
    first = replace(runs[0], text=(" " if before and not before[-1].isspace() else "") + runs[0].text)
    last = [Run(" ", item_id, "macro")] if after and not after[0].isspace() else []
    document = document.replace(where, [first, *runs[1:], *last])
    inserted = Range(where.section_id, where.start, document.cursor.offset)
    fields = [f for f, _ in document.fields() if f.section_id == inserted.section_id]
    inside = [f for f in fields if inserted.start <= f.start < inserted.end]
    return document.select(inside[0]) if inside else document


# --- what is taken away and what is changed ---


def _scratch(document: Document, desk: Desk) -> Outcome:
    if document.selected:
        return Outcome(document.delete(document.selected), "Deleted the selection.")
    item_id = desk.last_utterance(document)
    if item_id is None:
        raise BadInput("There is no utterance to take out.", code="nothing_to_scratch")
    places = document.ranges_of(item_id)
    without = document.without_item(item_id)
    start = places[0].start
    text = without.section(places[0].section_id).text
    return Outcome(
        without.move(Position(places[0].section_id, min(start, len(text)))), "Took the last utterance out."
    )


def _delete(command: Command, document: Document, desk: Desk) -> Outcome:
    if command.which == "all":
        if document.is_empty:
            raise BadInput("The report is empty.", code="report_empty")
        for section in document.sections:
            document = document.replace(Range(section.id, 0, len(section.text)), ())
        first = document.sections[0]
        return Outcome(document.move(Position(first.id, 0)), "Cleared the report. “Undo” brings it back.")
    if not command.unit:
        return _scratch(document, desk)
    where = _unit_range(command, document)
    return Outcome(document.delete(where), f"Deleted {_named(command)}.")


def _replace(command: Command, document: Document, desk: Desk) -> Outcome:
    where = _found(command.target, document, desk)
    old = document.section(where.section_id).text[where.start : where.end]
    new = desk.write(command.text, True)
    if not old.rstrip().endswith("."):
        new = new.removesuffix(".")
    if old[:1].isupper() and old[1:2].islower() and new[:1].islower():
        new = new[:1].upper() + new[1:]
    document = document.replace(where, [Run(new, document.item_at(where) or desk.item_id)])
    end = Position(where.section_id, len(document.section(where.section_id).text))
    return Outcome(document.move(end), f"Replaced “{old}” with “{new}”.")


def _capitals(command: Command, document: Document, desk: Desk) -> Outcome:
    where = _meant(command, document, desk)
    section = document.section(where.section_id)
    old = section.text[where.start : where.end]
    match command.text:
        case "all_caps":
            new = old.upper()
        case "no_caps":
            new = old.lower()
        case _:
            new = re.sub(r"(?<![\w'])[a-z]", lambda match: match[0].upper(), old)
    cursor = document.cursor
    return Outcome(_spelled(document, where, new).move(cursor), f"Wrote “{new.strip()}”.")


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


def _new(command: Command, document: Document, desk: Desk) -> Outcome:
    cursor = document.cursor
    where = document.selected or Range(cursor.section_id, cursor.offset, cursor.offset)
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


# --- where the next words go ---


def _select(command: Command, document: Document, desk: Desk) -> Outcome:
    if command.which == "none":
        return Outcome(document.move(document.cursor), "Nothing is selected.")
    where = _meant(command, document, desk)
    text = document.section(where.section_id).text[where.start : where.end]
    start = where.start + len(text) - len(text.lstrip())
    where = Range(where.section_id, start, where.end)
    return Outcome(document.select(where), f"Selected “{_short(text.strip())}”: the next words replace it.")


def _insert_at(command: Command, document: Document, desk: Desk) -> Outcome:
    where = _found(command.target, document, desk)
    offset = where.start if command.which == "before" else where.end
    words = document.section(where.section_id).text[where.start : where.end]
    return Outcome(
        document.move(Position(where.section_id, offset)), f"The next words go {command.which} “{words}”."
    )


def _go_to(command: Command, document: Document) -> Outcome:
    here = document.section(document.cursor.section_id)
    if command.target:
        title = _section_title(document, command.target)
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


def _step(command: Command, document: Document) -> Outcome:
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


def field_from(document: Document, *, forward: bool) -> Range:
    """The next or previous unfilled field, from the cursor on and round again. Raises ``BadInput``."""
    fields = [where for where, _ in document.fields()]
    if not fields:
        raise BadInput("There is no field left to fill.", code="no_field")
    order = {section.id: number for number, section in enumerate(document.sections)}
    selected = document.selected
    start = selected.start if selected else document.cursor.offset
    here = (order[document.cursor.section_id], start)
    if forward:
        behind = [
            f
            for f in fields
            if (order[f.section_id], f.start) > here or (not selected and _key(f, order) == here)
        ]
        return behind[0] if behind else fields[0]
    ahead = [f for f in fields if _key(f, order) < here]
    return ahead[-1] if ahead else fields[-1]


def _key(where: Range, order: dict[str, int]) -> tuple[int, int]:
    return order[where.section_id], where.start


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
        where = _unit_range(command, document)
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


# --- places ---


def _meant(command: Command, document: Document, desk: Desk) -> Range:
    """What "that", a unit or words mean: the selection, the last utterance, or a place in the text."""
    if command.target:
        return _found(command.target, document, desk)
    if command.which == "all":
        section = document.section(document.cursor.section_id)
        return Range(section.id, 0, len(section.text))
    if command.unit:
        return _unit_range(command, document)
    if document.selected:
        return document.selected
    item_id = desk.last_utterance(document)
    if item_id is None:
        raise BadInput("There is no utterance yet that “that” could mean.", code="nothing_said")
    return document.ranges_of(item_id)[-1]


def _found(words: str, document: Document, desk: Desk) -> Range:
    where = desk.find(document, words)
    if where is None:
        raise BadInput(f"The report does not have “{words}”.", code="words_not_found")
    return where


def _unit_range(command: Command, document: Document) -> Range:
    here = document.section(document.cursor.section_id)
    which = command.which or "last"
    if command.unit in ("section", "document"):
        span = (0, len(here.text)) if here.text else None
    elif command.unit == "field":
        where = document.selected or field_from(document, forward=False)
        return where
    else:
        span = unit_at(here.text, document.cursor.offset, command.unit, which, command.count)
    if span is None:
        raise BadInput(f"There is no {command.unit} here.", code="nothing_there")
    return Range(here.id, *span)


def _section_title(document: Document, said: str) -> str | None:
    """The report's own section that was meant, or a usual one that is then opened; in lower case."""
    titles = {spoken_key(s.title): s.title.lower() for s in document.sections if s.title}
    key = spoken_key(said)
    for name in (key, key.removesuffix("s"), key + "s"):
        if name in titles:
            return titles[name]
    if close := get_close_matches(key, titles, n=1, cutoff=0.75):
        return titles[close[0]]
    if contained := [title for name, title in titles.items() if key in name.split()]:
        return contained[0]
    return next((name for name in (key, key.removesuffix("s"), key + "s") if name in SECTIONS), None)


def _named(command: Command) -> str:
    number = f"{command.count} " if command.count > 1 else ""
    return f"the {command.which or 'last'} {number}{command.unit}{'s' if command.count > 1 else ''}"


def _short(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
