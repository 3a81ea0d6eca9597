"""Whether pictures of the archive, and files, are of a report's patient. Pure."""

import re
from dataclasses import dataclass
from typing import Literal

from assistant.events import Patient
from assistant.orders.order import agree, name_words

Whose = Literal["same", "other", "unknown"]
"""``unknown``: one of both has no patient number, and the birth dates, if known, agree."""


@dataclass(frozen=True, slots=True)
class PicturedPatient:
    """The patient whom the archive, or a file, names: the number as it is written there, and the date of
    birth as YYYY-MM-DD, or '' if it is missing or no date. ``others`` are further numbers of the same person;
    ``issuer`` says whose numbers they are, where the file does."""

    number: str
    born: str
    name: str = ""
    others: tuple[str, ...] = ()
    issuer: str = ""

    @property
    def numbers(self) -> frozenset[str]:
        return frozenset((self.number, *self.others)) - {""}


@dataclass(frozen=True, slots=True)
class Compared:
    """``message``: for the clinician; '' where the patient is the same."""

    whose: Whose
    message: str


def pictured_patient(
    number: object, born: object, name: object = None, issuer: object = None
) -> PicturedPatient:
    """From the values of the DICOM attributes Patient ID, Patient's Birth Date, Patient's Name and Issuer of
    Patient ID; None is no value."""
    date = re.fullmatch(r"(\d{4})\.?(\d\d)\.?(\d\d)", str(born or "").strip())
    family, _, given = str(name or "").partition("=")[0].partition("^")
    parts = (family.strip(), " ".join(given.replace("^", " ").split()))
    return PicturedPatient(
        str(number or "").strip(),
        "-".join(date.groups()) if date else "",
        ", ".join(part for part in parts if part),
        issuer=str(issuer or "").strip(),
    )


def are_apart(one: PicturedPatient, other: PicturedPatient) -> bool:
    """Whether numbers or birth dates say that they are two people; or, where they have no numbers to compare,
    their names."""
    if one.born and other.born and not agree(one.born, other.born):
        return True
    if one.numbers and other.numbers:
        return not one.numbers & other.numbers or bool(
            one.issuer and other.issuer and one.issuer != other.issuer
        )
    return _named_apart(one.name, other.name)


def _named_apart(one: str, other: str) -> bool:
    """Whether both are known, and neither has all words of the other. An initial stands for its word."""
    words, more = sorted((name_words(one), name_words(other)), key=len)

    def is_in(word: str) -> bool:
        return any(each == word or (1 in (len(each), len(word)) and each[0] == word[0]) for each in more)

    return bool(words) and not all(is_in(word) for word in words)


def doubt_about_file(report: Patient, named: PicturedPatient) -> str:
    """Why a file that names this patient may be of another one than the report, for the clinician; '' where
    they are the same, or one of them names nobody."""
    of_report = PicturedPatient(report.id.strip(), report.born, report.name)
    if not _words_of(of_report) or not _words_of(named):
        return ""
    told = f"It is of: {_words_of(named)}. The report is for: {_words_of(of_report)}."
    if are_apart(of_report, named):
        return f"This is of another patient. {told}"
    have_one_name = bool(name_words(named.name)) and bool(name_words(report.name))
    if have_one_name and _named_apart(report.name, named.name):
        return f"This has the number of the report’s patient and another name. {told}"
    if have_one_name or of_report.numbers & named.numbers:
        return ""
    return f"Nobody can tell whether this is of the report’s patient. {told}"


def _words_of(patient: PicturedPatient) -> str:
    number, born = patient.number, patient.born
    return ", ".join(
        each
        for each in (patient.name.strip(), number and f"number {number}", born and f"born {born}")
        if each
    )


def compare_patients(report: Patient, pictured: PicturedPatient) -> Compared:
    """Numbers are compared letter by letter, birth dates where both are known."""
    number = report.id.strip()
    if are_apart(PicturedPatient(number, report.born), pictured):
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
