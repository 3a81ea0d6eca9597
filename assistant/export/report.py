"""A report for export: the document with its utterances and answers. Pure.

Its JSON is an export format of its own, complete: every other format can be made from it later.
"""

from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from assistant.errors import BadInput
from assistant.events import WordTime

SCHEMA: Final = "assistant.report/1"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ReportSection(_Part):
    """``title`` is empty for text under no heading. A blank line ends a paragraph of ``text``."""

    id: str
    title: str
    text: str


class Utterance(_Part):
    """One dictated utterance. Times are on the session's sample clock; ``at`` is ISO 8601."""

    item_id: str
    start_ms: int
    end_ms: int
    at: str
    heard: str = Field(description="As the recogniser gave it.")
    written: str = Field(description="As it was taken into the document, before later edits there.")
    words: tuple[WordTime, ...] = ()


class Lost(_Part):
    """A place where sound was lost, which nobody has accepted yet. ``text`` is its mark in the section."""

    start_ms: int
    end_ms: int
    text: str


class Answered(_Part):
    """A question and the model's answer: kept beside the report, never part of its text."""

    question: str
    answer: str
    engine: str
    status: str


class Report(_Part):
    """``started_at`` and ``exported_at`` carry their offset from UTC."""

    report_schema: Literal["assistant.report/1"] = SCHEMA
    session_id: str
    template: str = ""
    status: Literal["preliminary"] = "preliminary"
    started_at: AwareDatetime
    exported_at: AwareDatetime
    recogniser: str = ""
    revision: int = 0
    sections: tuple[ReportSection, ...] = ()
    utterances: tuple[Utterance, ...] = ()
    answers: tuple[Answered, ...] = ()
    lost: tuple[Lost, ...] = ()

    @property
    def title(self) -> str:
        return self.template or "Dictation"

    @property
    def filled(self) -> tuple[ReportSection, ...]:
        """The sections that hold text."""
        return tuple(section for section in self.sections if section.text.strip())


def read_report(data: bytes) -> Report:
    """A JSON export back as a report. Raises ``BadInput``: ``report_unreadable``; never quotes the file."""
    try:
        return Report.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = f"{where}: {first['msg']}" if where else "it is not JSON"
        if where == "report_schema":
            reason = f"it is not of the form {SCHEMA}"
        raise BadInput(
            f"This file was not exported by this program ({reason}). Export a report as JSON.",
            code="report_unreadable",
        ) from None


def write_json(report: Report) -> bytes:
    return report.model_dump_json(indent=1).encode() + b"\n"
