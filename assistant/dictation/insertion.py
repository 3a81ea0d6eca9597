"""Inserts an utterance into the report: its section, its written form, its spacing. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from assistant.dictation import markers
from assistant.dictation.document import Document, Position, Range, Run
from assistant.dictation.formatter import SECTIONS
from assistant.dictation.gaps import ends_with_gap
from assistant.dictation.tokens import table
from assistant.dictation.written import Written

Write = Callable[[str, bool], Written]
"""Spoken form, and whether it goes on in a sentence → written form."""

_LABELS = frozenset(table("contrast|protocol|exam|medications|allergies", "|"))
"""Names that stand before a colon in running text as often as over a section."""
_TAG = re.compile(r"\[([A-Z][A-Z /&]+)\]\s*(?:\{colon\}|:)?\s*")
_SAID = re.compile(r"([A-Za-z][A-Za-z /&]{2,40}?)(?:\s*(?::|\{colon\})|[,.]?\s+colon\b[,.]?)\s*", re.I)
_ENDS = re.compile(
    r"(?:^|[.?!\n]|\{(?:period|new paragraph|newline|new line|next line)\}|\b(?:period|new paragraph|new line|next line)[.,]?)\s*$",
    re.I,
)
_LIST_ITEM = re.compile(r"\s*(?:-|•|\d+\.)\s*$")
_FULL_STOP_SAID = re.compile(r"(?:\bperiod|\bfull stop|\bdot|\{period\})\W*$", re.I)
_SMALL = frozenset(
    table(
        "a an and are as at but by can no not of on or the there this to with without which is in it its from for "
        "extending measuring consistent likely mild moderate severe small large also however one two three four "
        "five six seven eight nine ten"
    )
)
"""Words that have a capital only because the recogniser took them for the start of a sentence."""


@dataclass(frozen=True, slots=True)
class Part:
    """Words for the section ``title``; None is the section where the cursor is."""

    title: str | None
    words: str


def parts_of(heard: str, titles: frozenset[str]) -> list[Part]:
    """Cut at section names: ``[FINDINGS]``, "findings colon", where a sentence may start. No word is lost.

    ``titles`` are the report's own, in lower case; they and the usual ones count.
    """
    known = titles | (SECTIONS - _LABELS)
    heard = markers.tags(heard, SECTIONS)
    parts: list[Part] = []
    title: str | None = None
    start = at = 0
    while at < len(heard):
        match = _TAG.match(heard, at) or (_SAID.match(heard, at) if _at_word(heard, at) else None)
        name = " ".join(match[1].lower().split()) if match else ""
        if match and name in known and _ENDS.search(heard[start:at]):
            if heard[start:at].strip() or title is not None:
                parts.append(Part(title, heard[start:at].strip(" ")))
            title, start, at = name, match.end(), match.end()
        else:
            at += 1
    parts.append(Part(title, heard[start:].strip(" ")))
    return parts


def _at_word(text: str, at: int) -> bool:
    return text[at].isalpha() and (at == 0 or not text[at - 1].isalnum())


def insert_spoken(document: Document, item_id: str, heard: str, write: Write) -> tuple[Document, str]:
    """The report with an utterance at its cursor, and what was written."""
    titles = frozenset(section.title.lower() for section in document.sections if section.title)
    written: list[str] = []
    for part in parts_of(heard, titles):
        if part.title is not None:
            document = open_section(document, part.title)
        document, text = _insert(document, item_id, part.words, write)
        written.append(f"{part.title.capitalize()}: {text}" if part.title else text)
    return document, "\n".join(written).strip(" ")


def insert_running(document: Document, item_id: str, heard: str, write: Write) -> tuple[Document, str]:
    """The same without sections: a heading that is said stands in the text, as it was said."""
    document, text = _insert(document, item_id, heard, write)
    return document, text.strip(" ")


def open_section(document: Document, title: str) -> Document:
    """Go to the end of a section; made, behind the current one, if it is not there."""
    for section in document.sections:
        if section.title.lower() == title.lower():
            return document.move(Position(section.id, len(section.text)))
    return document.add_section(title.capitalize() if title.islower() else title)


def _insert(document: Document, item_id: str, words: str, write: Write) -> tuple[Document, str]:
    if not words:
        return document, ""
    document, where = document.ready()
    text = document.section(where.section_id).text
    before, after = text[: where.start], text[where.end :]
    choice = _choice(document, where, words, write)
    written = write(words, goes_on(before)) if choice is None else Written(choice)
    fitted = fit(before, written.text, after, full_stop_said=bool(_FULL_STOP_SAID.search(words)))
    return document.replace(where, runs_of(written.fitted(fitted), item_id)), written.text


def runs_of(written: Written, item_id: str | None) -> list[Run]:
    """The written form of an utterance in runs: a text in doubt is a run of its own."""
    runs: list[Run] = []
    at = 0
    for mark in written.marks:
        runs.append(Run(written.text[at : mark.start], item_id))
        runs.append(Run(written.text[mark.start : mark.end], item_id, doubt=mark.doubt))
        at = mark.end
    return [*runs, Run(written.text[at:], item_id)]


def _choice(document: Document, where: Range, words: str, write: Write) -> str | None:
    """The entry of the selected field's pick list that was said, as the list has it."""
    if where.start == where.end:
        return None
    choices = next((field.choices for place, field in document.fields() if place == where), ())
    said = {bare(words), bare(write(words, True).text)}
    return next((choice for choice in choices if bare(choice) in said), None)


def bare(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text).casefold().split())


def goes_on(before: str) -> bool:
    """True if the next words continue a sentence."""
    tail = before.rstrip(" ")
    if not tail or tail[-1] in ".?!:\n" or ends_with_gap(tail):  # nobody knows what would go on behind a gap
        return False
    line = before[before.rfind("\n", 0, len(before.rstrip())) + 1 :]
    return not _LIST_ITEM.match(line)


def fit(before: str, text: str, after: str, *, full_stop_said: bool = False) -> str:
    """``text`` with the spaces, capital and full stop that its place asks for."""
    if goes_on(before):
        first = re.match(r"[A-Za-z]+", text)
        if first and first[0].istitle() and first[0].lower() in _SMALL:
            text = text[0].lower() + text[1:]
    rest = after.lstrip(" ")
    inside = bool(rest) and (rest[0].islower() or rest[0].isdigit() or rest[0] in ".,;:?!)")
    if inside and not full_stop_said and text.endswith("."):
        text = text[:-1]
    text = without_second_mark(text, after)
    if before.rstrip(" ")[-1:] in _MARKS and text[:1] in _MARKS and not text[1:2].isdigit():
        text = text[1:].lstrip(" ")
    if not before or before.endswith("\n\n"):
        text = text.lstrip("\n")
    elif before.endswith("\n") and text.startswith("\n"):
        text = text[1:]
    return (" " if run_together(before, text) else "") + text + (" " if run_together(text, after) else "")


_MARKS = frozenset(".,;:")
_ENDS_SAID = frozenset("?!")


def without_second_mark(text: str, after: str) -> str:
    """``text`` without the full stop, or other mark, at its end that would stand before one that is there."""
    there, last = after.lstrip(" ")[:1], text[-1:]
    is_second = there in _MARKS | _ENDS_SAID and (last in _MARKS or last == there)
    return text[:-1] if is_second else text


def run_together(left: str, right: str) -> bool:
    """Whether a space belongs between the two."""
    return (
        bool(left and right)
        and not (left[-1].isspace() or right[0].isspace())
        and left[-1] not in "(["
        and right[0] not in ".,;:?!)%"
    )
