"""The report's patient, order and retention. Pure."""

from typing import Literal

from pydantic import Field

from assistant.events.base import ClientEventBase, Part, ServerEventBase


class Patient(Part):
    """As written by hand or by another system; every field may be empty."""

    id: str = Field("", max_length=64)
    name: str = Field("", max_length=200)
    born: str = Field("", max_length=10, pattern=r"^(\d{4}(-\d\d(-\d\d)?)?)?$", description="YYYY-MM-DD.")
    sex: Literal["", "female", "male", "other", "unknown"] = ""


class Order(Part):
    """The examination or visit that the report is about."""

    accession: str = Field("", max_length=64, description="The order's number.")
    exam: str = Field("", max_length=200)
    at: str = Field(
        "",
        max_length=16,
        pattern=r"^(\d{4}-\d\d-\d\d(T\d\d:\d\d)?)?$",
        description="When it was done: YYYY-MM-DD or YYYY-MM-DDTHH:MM.",
    )
    placer: str = Field("", max_length=64, description="Its number at the system that placed it.")
    filler: str = Field("", max_length=64, description="Its number at the system that carries it out.")
    request: str = Field("", max_length=500, description="Address of its FHIR ServiceRequest.")
    study: str = Field("", max_length=64, pattern=r"^[0-9.]*$", description="UID of its DICOM study.")


NOBODY, NO_ORDER = Patient(), Order()


class ReportDescribe(ClientEventBase):
    """Write down whose report it is, and the order. Both are replaced as a whole."""

    type: Literal["assistant.report.describe"] = "assistant.report.describe"
    patient: Patient
    order: Order


class ReportDescribed(ServerEventBase):
    """The report's patient and order are these now."""

    type: Literal["assistant.report.described"] = "assistant.report.described"
    patient: Patient
    order: Order


class Keeping(Part):
    """The place where reports are kept, and days after the last change until they are deleted; 0: never."""

    where: str
    encrypted: bool = False
    drafts_days: int = 0
    finals_days: int = 0


Amending = Literal["addendum", "amendment"]
"""An addendum leaves what was signed as it is, and adds to it; an amendment may change it."""


class ReportSign(ClientEventBase):
    """Sign the report as it is at ``revision``; from then on nothing changes it.

    Errors: ``report_changed`` (it has another revision), ``report_unchecked`` (the checks have something to
    look at, and ``checked`` is not said), ``report_empty``, ``report_signed``, ``addendum_changes_report``,
    ``signer_is_user``, ``name_missing``, ``right_missing``.
    """

    type: Literal["assistant.report.sign"] = "assistant.report.sign"
    revision: int = Field(ge=0)
    name: str = Field(
        "",
        max_length=200,
        description="Of the person who signs, where the server has no users; elsewhere the user signs, and a "
        "name that is another is refused.",
    )
    checked: bool = Field(False, description="The person has looked at what the checks have found.")


class ReportSigned(ServerEventBase):
    """The report was signed. ``sha256`` is that of the JSON that docs/protocol.md describes."""

    type: Literal["assistant.report.signed"] = "assistant.report.signed"
    number: int = Field(description="1, and one more for each addendum or amendment.")
    kind: Literal["report", "addendum", "amendment"]
    name: str
    signer: str = Field(
        "",
        description="Id of the user who signed; empty where the name was typed, so that nobody verified it.",
    )
    at: str = Field(description="ISO 8601, with the offset from UTC.")
    revision: int
    sha256: str
    checks: list[str] = Field([], description="Codes of what the checks had found.")


class ReportAmend(ClientEventBase):
    """Open a signed report for an addendum or an amendment. What was signed stays. Error:
    ``report_not_signed``."""

    type: Literal["assistant.report.amend"] = "assistant.report.amend"
    kind: Amending
    reason: str = Field("", max_length=500)


class ReportReopened(ServerEventBase):
    """A signed report is open for an addendum or an amendment."""

    type: Literal["assistant.report.reopened"] = "assistant.report.reopened"
    kind: Amending
    reason: str
    at: str
