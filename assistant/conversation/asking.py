"""The context of a question: earlier turns, guideline passages, and the passages an answer cites. Pure."""

import re
from collections.abc import Iterable, Sequence
from typing import Literal
from urllib.parse import quote

from assistant.engines.base import Exchange, Question, Source
from assistant.events import SourcePart
from assistant.guidelines.passages import Passage

Guidelines = Literal["none", "first", "only"]
"""No folder; the folder first, and what the model knows; or nothing that the folder does not hold."""
MOST_EARLIER = 8
"""Turns that are remembered; how many fit is up to the engine's budget."""
NOT_FOUND = (
    "Nothing in the guideline folder is about this, so it was not answered. Ask it in other words, or attach "
    "what it is about."
)
NOT_READY = "The guideline folder is still being read. Ask again in a moment."

_FOLLOWS = re.compile(
    r"^(?:and|but|or|so|what about|how about|what if|why|then|also|in that case|for how long|is that"
    r"|does that)\b",
    re.I,
)
_OF_THE_REPORT = re.compile(
    r"\b(?:report|findings?|impression|dictat\w+|note|so far|above|summari[sz]e|summary|draft|rephrase|reword"
    r"|i said|read)\b",
    re.I,
)
_CITATION = re.compile(r"\[(\d{1,2}(?:\s*(?:,|;|and|-|–)\s*\d{1,2})*)\]")


def search_text(question: str, earlier: Sequence[Exchange]) -> str:
    """The search text. A follow-up question is searched together with the question before it."""
    if earlier and (_FOLLOWS.match(question) or len(question.split()) < 4):
        return f"{earlier[-1].question} {question}"
    return question


def is_about_the_session(question: Question) -> bool:
    """True if the question is about the attachments or the dictation, so that no guideline is needed."""
    about_report = bool(question.document) and _OF_THE_REPORT.search(question.text) is not None
    return bool(question.attachment_ids) or about_report


def sources_of(passages: Iterable[Passage]) -> tuple[Source, ...]:
    """Passages with the numbers by which an answer cites them."""
    return tuple(
        Source(i, passage.file, passage.place, " ".join(passage.text.split()), f"/v1/guidelines/{passage.id}")
        for i, passage in enumerate(passages, 1)
    )


def source_part(source: Source) -> SourcePart:
    return SourcePart(
        number=source.number,
        file=source.file,
        place=source.place,
        text=source.text,
        url=quote(source.url),
    )


def cited(answer: str, sources: Sequence[Source]) -> list[int]:
    """The numbers in brackets that are numbers of ``sources``, each once, in order."""
    given = {source.number for source in sources}
    found: set[int] = set()
    for match in _CITATION.finditer(answer):
        parts = re.split(r"\s*(?:,|;|and)\s*", match[1])
        for part in parts:
            ends = [int(number) for number in re.split(r"\s*[-–]\s*", part)]
            found.update(range(ends[0], ends[-1] + 1))
    return sorted(found & given)
