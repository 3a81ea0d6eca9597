"""Marks in the report where sound was lost: words may be missing there. Pure.

A mark is a run of its own, with text, so that it stands in every export. It leaves the report only when a person
accepts it, or deletes it by hand: no command, no undo and no new utterance takes it away.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from assistant.dictation.document import Document, Position, Range, Run
from assistant.dictation.written import Doubt, Mark, Written, inside

WORDS_IN_DOUBT = 2
"""On each side of a gap: what a recogniser makes of a word that was cut is often another word."""
UNHEARD = "[not heard]"
_AT_END = re.compile(r"\[\d[\d.]* s not heard\] *$")
_WORD = re.compile(r"\S*\w\S*")
_BESIDE = Doubt("gap", "Sound was lost right beside this: it may be a part of another word.")


class Beside(NamedTuple):
    """Whether sound was lost right before some words, and right after them."""

    before: bool = False
    after: bool = False

    def marked(self, text: str) -> str:
        """The words with a mark where sound was lost."""
        return " ".join([*[UNHEARD] * self.before, text, *[UNHEARD] * self.after])


NOT_BESIDE = Beside()


def ends_with_gap(text: str) -> bool:
    """Whether a mark is the last of ``text``."""
    return bool(_AT_END.search(text))


def gap_id(start_ms: int) -> str:
    """The name of a gap by its place on the session's clock."""
    return f"gap_{start_ms}"


def gap_text(duration_ms: int) -> str:
    """The mark for ``duration_ms`` of lost sound, as text."""
    return f"[{_length(duration_ms)} s not heard]"


def gap_run(item_id: str, duration_ms: int) -> Run:
    """The mark for ``duration_ms`` of lost sound; ``item_id`` names this gap."""
    length = _length(duration_ms)
    message = f"{length} s were not heard here: words may be missing. Say them again, or accept the gap."
    return Run(gap_text(duration_ms), item_id, "gap", doubt=Doubt("gap", message))


def _length(duration_ms: int) -> str:
    seconds = max(0.1, duration_ms / 1000)
    return f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"


def gap_run_of(item_id: str, text: str) -> Run:
    """A mark that has this text already: from a session that the server has lost."""
    found = re.search(r"\d[\d.]*", text)
    return replace(gap_run(item_id, round(float(found[0].rstrip(".")) * 1000) if found else 0), text=text)


def gaps_in(document: Document) -> Iterator[tuple[Position, Run]]:
    """The marks, each with its place."""
    for where, run in document.places(lambda run: run.doubt is not None and run.origin == "gap"):
        yield Position(where.section_id, where.start), run


def ids_in(document: Document) -> frozenset[str]:
    """The names of the gaps that have a mark."""
    return frozenset(run.item_id for _, run in gaps_in(document) if run.item_id is not None)


def outside(document: Document, at: Position) -> Position:
    """``at``, or the end of the mark that it is in: nothing is put into a mark."""
    for start, run in gaps_in(document):
        end = start.offset + len(run.text)
        if start.section_id == at.section_id and start.offset < at.offset < end:
            return Position(at.section_id, end)
    return at


def inserted(document: Document, at: Position, run: Run) -> Document:
    """The document with a mark; the cursor and the selection stay with their text, or go behind the mark."""
    at = outside(document, at)
    text = document.section(at.section_id).text
    before, after = text[: at.offset], text[at.offset :]
    lead = " " if before and not before[-1].isspace() else ""
    tail = " " if after and not after[0].isspace() and after[0] not in ".,;:?!)" else ""
    runs = [Run(lead, origin="gap"), run, Run(tail, origin="gap")]
    cursor, selected = document.cursor, document.selected
    document = document.replace(Range(at.section_id, at.offset, at.offset), runs)
    shift = len(lead) + len(run.text) + len(tail)

    def moved(offset: int) -> int:
        return offset + shift if offset >= at.offset else offset

    selected = tuple(
        replace(each, start=moved(each.start), end=moved(each.end))
        if each.section_id == at.section_id
        else each
        for each in selected
    )
    if cursor.section_id == at.section_id:
        cursor = Position(cursor.section_id, moved(cursor.offset))
    return document.move(cursor, selected=selected)


def in_doubt_beside_gaps(written: Written, beside: Beside) -> Written:
    """``written`` with its first words in doubt if sound was lost before it, its last if after it."""
    words = list(_WORD.finditer(written.text))
    near = [
        *(words[:WORDS_IN_DOUBT] if beside.before else []),
        *(words[-WORDS_IN_DOUBT:] if beside.after else []),
    ]
    marks = [Mark(each.start(), each.end(), _BESIDE) for each in near]
    return replace(written, marks=inside([*written.marks, *marks], len(written.text)))
