"""The inputs of a command, and the place in the report that it means. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from assistant.dictation.document import Document, Range
from assistant.dictation.formatter import SECTIONS
from assistant.dictation.insertion import Write
from assistant.dictation.library import Library, spoken_key
from assistant.dictation.places import find, unit_at
from assistant.errors import BadInput
from assistant.events import CommandName


@dataclass(frozen=True, slots=True)
class Command:
    """``name`` is stable. ``unit`` is word, sentence, line, paragraph, section, field, document or "" ("that");
    ``which`` is last, next, this, all, end or top; ``target`` are words of the report, a section or a macro;
    ``text`` is what comes in its place, or the form of "cap": cap, all_caps, no_caps; ``said`` is all of it,
    in lower case, without "please" and the like."""

    name: CommandName
    unit: str = ""
    which: str = ""
    count: int = 1
    target: str = ""
    text: str = ""
    said: str = ""


Readings = Callable[[Document, Range], Sequence[str]]
"""Gives other readings of the recogniser at a place."""


@dataclass(frozen=True, slots=True)
class Offered:
    """``choices`` may come in place of ``text``, which stands at ``where``, while that is selected."""

    where: Range
    text: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """A command's inputs besides the report. ``utterances`` are those accepted, in order."""

    library: Library
    utterances: tuple[str, ...]
    write: Write
    item_id: str | None = None
    readings: Readings = lambda *_: ()
    own: tuple[str, ...] = ()
    offered: "Offered | None" = None

    def find(self, document: Document, said: str) -> Range | None:
        return find(document, said, lambda words: self.write(words, True).text)

    def last_utterance(self, document: Document) -> str | None:
        there = set(document.item_ids)
        return next((each for each in reversed(self.utterances) if each in there), None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """``text`` is what is to be read aloud, for ``read_back``, or copied, for ``copy``; ``begins`` says that it is
    another report. ``choices`` may come in place of what is now selected."""

    document: Document
    message: str
    text: str = ""
    begins: bool = False
    choices: tuple[str, ...] = ()


def meant(command: Command, document: Document, desk: Desk) -> Range:
    """The place meant by "that", a unit or words: the selection, the last utterance, or a place in the text."""
    if command.target:
        return found(command.target, document, desk)
    if command.which == "all":
        section = document.section(document.cursor.section_id)
        return Range(section.id, 0, len(section.text))
    if command.unit:
        return unit_range(command, document)
    if document.selected:
        return in_one_section(document)
    item_id = desk.last_utterance(document)
    if item_id is None:
        raise BadInput("Nothing has been dictated yet that “that” could refer to.", code="nothing_said")
    return document.ranges_of(item_id)[-1]


def in_one_section(document: Document) -> Range:
    """The selection. Raises ``BadInput`` (``selection_too_wide``) if it goes over several sections."""
    if len({each.section_id for each in document.selected}) > 1:
        raise BadInput(
            "The selection goes over several sections. Select words of one section for this.",
            code="selection_too_wide",
        )
    first, last = document.selected[0], document.selected[-1]
    return Range(first.section_id, first.start, last.end)


def text_at(document: Document, where: Range) -> str:
    return document.section(where.section_id).text[where.start : where.end]


def has_words(command: Command, document: Document, desk: Desk) -> bool:
    """Whether the report has the words that ``command`` names, if it names any."""
    return not command.target or desk.find(document, command.target) is not None


def has_words_if_long(command: Command, document: Document, desk: Desk) -> bool:
    """For more than two words, as in "replace potassium with forty mEq by mouth": whether the report has them."""
    is_short = len(command.target.split()) <= 2 and len(command.text.split()) <= 2
    return is_short or has_words(command, document, desk)


def found(words: str, document: Document, desk: Desk) -> Range:
    where = desk.find(document, words)
    if where is None:
        raise BadInput(f"The report does not contain “{words}”.", code="words_not_found")
    return where


def unit_range(command: Command, document: Document) -> Range:
    here = document.section(document.cursor.section_id)
    which = command.which or "last"
    if command.unit in ("section", "document"):
        span = (0, len(here.text)) if here.text else None
    elif command.unit == "field":
        return in_one_section(document) if document.selected else field_from(document, forward=False)
    else:
        span = unit_at(here.text, document.cursor.offset, command.unit, which, command.count)
    if span is None:
        raise BadInput(f"There is no {command.unit} here.", code="nothing_there")
    return Range(here.id, *span)


def field_from(document: Document, *, forward: bool) -> Range:
    """The next or previous unfilled field, from the cursor on and round again. Raises ``BadInput``."""
    fields = [where for where, _ in document.fields()]
    if not fields:
        raise BadInput("All fields are filled.", code="no_field")
    order = {section.id: number for number, section in enumerate(document.sections)}
    selected, start = document.selected, document.place.first
    here = (order[start.section_id], start.start)
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


def section_title(document: Document, said: str) -> str | None:
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


def short(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
