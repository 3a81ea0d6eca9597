"""Whether pictures of the archive are of a report's patient. Pure."""

import re
from dataclasses import dataclass
from typing import Literal

from assistant.events import Patient
from assistant.orders.order import agree

Whose = Literal["same", "other", "unknown"]
"""``unknown``: one of both has no patient number, and the birth dates, if known, agree."""


@dataclass(frozen=True, slots=True)
class PicturedPatient:
    """The patient whom the archive, or a file, names: the number as it is written there, and the date of
    birth as YYYY-MM-DD, or '' if it is missing or no date."""

    number: str
    born: str


@dataclass(frozen=True, slots=True)
class Compared:
    """``message``: for the clinician; '' where the patient is the same."""

    whose: Whose
    message: str


def pictured_patient(number: object, born: object) -> PicturedPatient:
    """From the values of the DICOM attributes Patient ID and Patient's Birth Date; None is no value."""
    date = re.fullmatch(r"(\d{4})\.?(\d\d)\.?(\d\d)", str(born or "").strip())
    return PicturedPatient(str(number or "").strip(), "-".join(date.groups()) if date else "")


def compare_patients(report: Patient, pictured: PicturedPatient) -> Compared:
    """Numbers are compared letter by letter, birth dates where both are known."""
    number = report.id.strip()
    are_born_apart = bool(report.born and pictured.born and not agree(report.born, pictured.born))
    if are_born_apart or (number and pictured.number and number != pictured.number):
        message = (
            f"These pictures are of another patient: {_words(pictured.number, pictured.born)}. The report "
            f"is for: {_words(number, report.born)}. They are not offered. Ask the archive, or correct the "
            "report's patient."
        )
        return Compared("other", message)
    if number and pictured.number:
        return Compared("same", "")
    missing = {
        (True, False): "The archive has no patient number for these pictures.",
        (False, True): "The report has no patient number.",
        (False, False): "Neither the archive nor the report has a patient number.",
    }[bool(number), bool(pictured.number)]
    return Compared("unknown", f"{missing} Check yourself that the pictures are of the report's patient.")


def _words(number: str, born: str) -> str:
    return f"{f'number {number}' if number else 'no number'}, {f'born {born}' if born else 'no birth date'}"
