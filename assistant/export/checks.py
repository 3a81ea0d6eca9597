"""Checks before export: each finding names its place. Pure. Findings never block the export."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.conversation.report import Report as SessionReport
from assistant.dictation.document import Document, Range, Section
from assistant.dictation.gaps import gaps_in
from assistant.dictation.library import spoken_key
from assistant.dictation.plain_text import named, printable
from assistant.events import WordPlace
from assistant.export import sides
from assistant.export.pdf import is_shown

Code = Literal[
    "report_empty",
    "side_mismatch",
    "field_unfilled",
    "section_missing",
    "section_empty",
    "marker_unresolved",
    "word_doubtful",
    "text_doubtful",
    "sound_lost",
    "answer_inserted",
    "character_replaced",
]

_MARKER = re.compile(r"\{[^{}\n]*\}|\[[^\[\]\n]*\]|<unk>|</s>|_{3,}|\*{3,}|\?{3,}|\bXXX+\b")
_SHOWN = 40
ORDERED = frozenset({"exam", "examination", "exam type", "procedure", "technique"})
DESCRIBING = frozenset({"findings", "objective", "hospital course"})
CONCLUDING = frozenset({"impression", "conclusion", "assessment", "discharge diagnosis", "plan"})


@dataclass(frozen=True, slots=True)
class Finding:
    """``[start, end)`` of the section's text; a finding about a whole section or report is empty there."""

    code: Code
    message: str
    section_id: str
    start: int = 0
    end: int = 0


def findings_in(report: SessionReport) -> list[Finding]:
    """The findings of the checks in a session's report."""
    dictation = report.dictation
    template = dictation.library.templates.get(spoken_key(dictation.document.template or ""))
    required = [section.title for section in template.sections] if template else []
    return check(dictation.document, required=required, doubtful=report.doubtful())


def check(
    document: Document, *, required: Iterable[str] = (), doubtful: Sequence[WordPlace] = ()
) -> list[Finding]:
    """All findings, in the order of the document; ``required`` are the titles a template asks for."""
    if document.is_empty:
        return [Finding("report_empty", "The report is empty.", document.sections[0].id)]
    found = [
        *_missing(document, required),
        *_sides(document),
        *_fields(document),
        *_markers(document),
        *_characters(document),
        *_answers(document),
        *_doubtful(document, doubtful),
        *_doubts(document),
    ]
    order = {section.id: index for index, section in enumerate(document.sections)}
    return sorted(found, key=lambda finding: (order[finding.section_id], finding.start))


def _missing(document: Document, required: Iterable[str]) -> Iterator[Finding]:
    there = {section.title.strip().lower() for section in document.sections}
    last = document.sections[-1]
    for title in required:
        if title.strip().lower() not in there:
            yield Finding("section_missing", f"The section {title} is missing.", last.id, *_end(last))
    for section in document.sections:
        if section.title and not section.text.strip():
            yield Finding("section_empty", f"{section.title} is empty.", section.id)


def _sides(document: Document) -> Iterator[Finding]:
    """Each section against those before it in the order of thought: exam, findings, impression."""
    stages = [
        [section for section in document.sections if section.title.strip().lower() in titles]
        for titles in (ORDERED, DESCRIBING, CONCLUDING)
    ]
    for index, later in enumerate(stages):
        for section in later:
            for earlier in (each for stage in stages[:index] for each in stage):
                for found in sides.conflicts(earlier.text, section.text):
                    message = (
                        f"{section.title} says {found.side} {found.what}; "
                        f"{earlier.title} says {found.other} {found.what} only."
                    )
                    yield Finding("side_mismatch", message, section.id, found.start, found.end)


def _fields(document: Document) -> Iterator[Finding]:
    for where, field in document.fields():
        yield Finding(
            "field_unfilled", f"[{field.name}] is not filled in.", where.section_id, where.start, where.end
        )


def _markers(document: Document) -> Iterator[Finding]:
    known = [where for where, _ in document.fields()]
    known += [Range(at.section_id, at.offset, at.offset) for at, _ in gaps_in(document)]
    fields = {(where.section_id, where.start) for where in known}
    for section in document.sections:
        for match in _MARKER.finditer(section.text):
            if (section.id, match.start()) not in fields:
                message = f"{_shown(match[0])} was left in the text."
                yield Finding("marker_unresolved", message, section.id, match.start(), match.end())


def _characters(document: Document) -> Iterator[Finding]:
    """The first place in each section of a character that some format writes by its name."""
    for section in document.sections:
        seen: set[str] = set()
        for at, character in enumerate(section.text):
            if character in seen:
                continue
            seen.add(character)
            if printable(character) == named(character):
                message = f"A control character is written as {named(character)}."
                yield Finding("character_replaced", message, section.id, at, at + 1)
            elif not all(map(is_shown, printable(character))):
                message = f"“{character}” is not in the font of the PDF, which says {named(character)}."
                yield Finding("character_replaced", message, section.id, at, at + 1)


def _answers(document: Document) -> Iterator[Finding]:
    for section in document.sections:
        at = 0
        for run in section.runs:
            if run.origin == "answer" and run.text.strip():
                message = "This text came from the model; nobody has verified it."
                yield Finding("answer_inserted", message, section.id, at, at + len(run.text))
            at += len(run.text)


def _doubtful(document: Document, words: Iterable[WordPlace]) -> Iterator[Finding]:
    for word in words:
        text = document.section(word.section_id).text[word.start : word.end]
        if word.confidence is not None:
            sure = f"{word.confidence:.0%}".replace("%", " %")
            message = f"“{_shown(text)}” was heard with {sure} confidence."
            yield Finding("word_doubtful", message, word.section_id, word.start, word.end)


def _doubts(document: Document) -> Iterator[Finding]:
    for where, run in document.doubts():
        if run.doubt is not None:
            code: Code = "sound_lost" if run.origin == "gap" else "text_doubtful"
            yield Finding(code, run.doubt.message, where.section_id, where.start, where.end)


def _end(section: Section) -> tuple[int, int]:
    return len(section.text), len(section.text)


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
