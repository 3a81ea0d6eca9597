"""Whose report it is, what it was ordered for, and how long it is kept. Pure."""

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


NOBODY, NO_ORDER = Patient(), Order()


class ReportDescribe(ClientEventBase):
    """Write down whose report it is, and the order. Both are replaced as a whole."""

    type: Literal["assistant.report.describe"] = "assistant.report.describe"
    patient: Patient
    order: Order


class ReportDescribed(ServerEventBase):
    """Whose report it is now, and the order."""

    type: Literal["assistant.report.described"] = "assistant.report.described"
    patient: Patient
    order: Order


class Keeping(Part):
    """Where reports are kept, and for how long after their last change; 0 days: until they are deleted."""

    where: str
    drafts_days: int = 0
    finals_days: int = 0
