"""A report for export: the document with its utterances and answers. Pure.

Its JSON is an export format of its own, complete: every other format can be made from it later.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from assistant.dictation.plain_text import printable
from assistant.errors import BadInput, fault_of
from assistant.events import NO_ORDER, NOBODY, Order, Patient, WordTime

FIRST_FIELDS: Final = frozenset({"accession", "exam", "at"})
"""Fields of an order that are in every signed JSON. The others are there if they have a value."""
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


class Signature(_Part):
    """``sha256`` is ``content_sha256`` of what was signed."""

    number: int
    kind: Literal["report", "addendum", "amendment"]
    name: str
    signer: str = ""
    """Id of the user who signed; empty where the name was typed, so that nobody has verified it."""
    at: AwareDatetime
    revision: int
    sha256: str


class Report(_Part):
    """``started_at`` and ``exported_at`` carry their offset from UTC. A report that is open again after it
    was signed is ``preliminary``, and has its signatures."""

    report_schema: Literal["assistant.report/1"] = SCHEMA
    session_id: str
    template: str = ""
    status: Literal["preliminary", "final", "amended"] = "preliminary"
    patient: Patient = NOBODY
    order: Order = NO_ORDER
    signatures: tuple[Signature, ...] = ()
    started_at: AwareDatetime
    exported_at: AwareDatetime
    recogniser: str = ""
    revision: int = 0
    sections: tuple[ReportSection, ...] = ()
    utterances: tuple[Utterance, ...] = ()
    answers: tuple[Answered, ...] = ()
    lost: tuple[Lost, ...] = ()

    @property
    def signature(self) -> Signature | None:
        """The last one, where nothing was changed since."""
        return self.signatures[-1] if self.status != "preliminary" else None

    @property
    def signed_by(self) -> str:
        """The name of the last signature, with what is to be known of it."""
        if not (signature := self.signature):
            return ""
        return signature.name if signature.signer else f"{signature.name} (name not verified)"

    @property
    def title(self) -> str:
        return self.template or "Dictation"

    @property
    def head(self) -> tuple[tuple[str, str], ...]:
        """Patient and order as (label, value) for people to read; without what nobody has written
        down. Each value is one line."""
        patient, order = self.patient, self.order
        known = {
            "Patient": patient.name,
            "Patient number": patient.id,
            "Born": patient.born,
            "Sex": patient.sex,
            "Examination": order.exam,
            "Order number": order.accession,
            "Examined": order.at.replace("T", " "),
        }
        lines = ((label, " ".join(printable(value).split())) for label, value in known.items())
        return tuple((label, value) for label, value in lines if value)

    @property
    def filled(self) -> tuple[ReportSection, ...]:
        """The sections that hold text."""
        return tuple(section for section in self.sections if section.text.strip())


def content_sha256(
    report_id: str,
    template: str,
    sections: Iterable[tuple[str, str]],
    *,
    patient: Patient,
    order: Order,
    signature: tuple[int, str, str, str],
    signer: str = "",
) -> str:
    """SHA-256 of what was signed: the report's id, template, sections (title, text), patient and order, and
    the signature's number, kind, name, time (ISO 8601, as in the event) and, if there is one, its ``signer``,
    as JSON without spaces, keys in order, in UTF-8."""
    number, kind, name, at = signature
    content = {
        "report": report_id,
        "template": template,
        "sections": [list(each) for each in sections],
        "patient": patient.model_dump(),
        "order": {name: value for name, value in order.model_dump().items() if value or name in FIRST_FIELDS},
        "signature": {
            **{"number": number, "kind": kind, "name": name, "at": at},
            **({"signer": signer} if signer else {}),
        },
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_report(data: bytes) -> Report:
    """A JSON export back as a report. Raises ``BadInput``: ``report_unreadable``; never quotes the file."""
    try:
        return Report.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = f"{where}: {fault_of(first)}" if where else "it is not JSON"
        if where == "report_schema":
            reason = f"it is not of the form {SCHEMA}"
        raise BadInput(
            f"This file was not exported by this program ({reason}). Export a report as JSON.",
            code="report_unreadable",
        ) from None


def write_json(report: Report) -> bytes:
    return report.model_dump_json(indent=1).encode() + b"\n"
