"""A report as an HL7 v2.5.1 ORU^R01 message: one OBX of formatted text (FT) a section. Pure.

A text longer than an FT may be goes on in further OBX of the same section, told apart by OBX-4.
PID, the placer's order number and the exam are there where somebody has written them down. Who signed stands
in OBR-32, as the family name of its person (its second component is a time). MSH-10, the message's control
id, is the same for the same revision exported at the same time.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from assistant.dictation.plain_text import printable
from assistant.export.fhir import is_imaging, loinc_of
from assistant.export.report import Report

APPLICATION = "VOICE_ASSISTANT"
VERSION = "2.5.1"
STATUS: dict[str, str] = {"preliminary": "P", "final": "F", "amended": "C"}
"""Codes of OBX-11 and OBR-25 (HL7 tables 0085 and 0123); a corrected result is C in both."""
SEX: dict[str, str] = {"female": "F", "male": "M", "other": "O", "unknown": "U"}
LONGEST_FT = 65_536
"""Characters of a value of type FT, escape sequences counted (HL7 v2.5.1, 2.A.31)."""
LONGEST_IDENTIFIER = 20
"""Characters of the first part of a coded element (HL7 v2.5.1, 2.A.3)."""
LOCAL = "L"
"""Coding system of the sections' identifiers: local, since no code covers every title (HL7 table 0396)."""
_ESCAPES = str.maketrans({"|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\\": "\\E\\"})


def oru_r01(report: Report) -> bytes:
    """UTF-8; segments end with a carriage return, as the standard has it. No MLLP frame."""
    service = _service(report)
    started, exported = _timestamp(report.started_at), _timestamp(report.exported_at)
    control = hashlib.sha256(f"{report.session_id} {report.revision} {exported}".encode()).hexdigest()[:20]
    filler = escaped(report.session_id)
    status, placed = STATUS[report.status], report.order
    accession = escaped(placed.accession)
    order = escaped(placed.placer) or accession
    filler = escaped(placed.filler) or filler
    signer = ""
    if report.signature:  # OBR-32, NDL: its first component has the user's id and the name
        signer = f"{escaped(report.signature.signer)}&{escaped(report.signature.name)}"
    done = _digits(report.order.at) or started
    segments = [
        f"MSH|^~\\&|{APPLICATION}||||{exported}||ORU^R01^ORU_R01|{control}|P|{VERSION}||||||UNICODE UTF-8",
        *_patient(report),
        f"ORC|RE|{order}|{filler}",
        "|".join(
            ["OBR", "1", order, filler, service, "", "", done, *[""] * 10,
             accession if placed.placer else "", *[""] * 3, exported, "",
             "RAD" if is_imaging(report) else "", status, *([*[""] * 6, signer] if signer else [])]
        ),
    ]  # fmt: skip
    observed = [
        (_named(section.title), part)
        for section in report.filled
        for part in _parts(escaped(section.text.strip()))
    ]
    times = Counter(section for section, _ in observed)
    seen: Counter[str] = Counter()
    for number, (section, part) in enumerate(observed, 1):
        seen[section] += 1
        sub_id = str(seen[section]) if times[section] > 1 else ""
        segments.append(f"OBX|{number}|FT|{section}|{sub_id}|{part}||||||{status}")
    return "".join(f"{segment}\r" for segment in segments).encode()


def _patient(report: Report) -> list[str]:
    """PID: 3 the number, 5 the name as it was written (as the family name's component, since nobody has told
    which part is which), 7 the birth date, 8 the sex."""
    patient = report.patient
    if not (patient.id or patient.name):
        return []
    fields = ["PID", "1", "", escaped(patient.id), "", escaped(patient.name), "", _digits(patient.born)]
    return ["|".join([*fields, SEX.get(patient.sex, "")]).rstrip("|")]


def _digits(at: str) -> str:
    """``2026-03-01T10:30`` as HL7 writes it."""
    return re.sub(r"\D", "", at)


def escaped(text: str) -> str:
    """Separators as escape sequences, line ends as ``\\.br\\``."""
    return printable(text).translate(_ESCAPES).replace("\n", "\\.br\\").replace("\t", "\\X09\\")


def _named(title: str) -> str:
    """Half a coded element: an identifier made of the title, the title, the coding system."""
    title = title.strip() or "Text"
    identifier = re.sub(r"[^A-Z0-9]+", "_", title.upper()).strip("_") or _hashed(title)
    if len(identifier) > LONGEST_IDENTIFIER:
        identifier = f"{identifier[: LONGEST_IDENTIFIER - 9]}_{_hashed(title)}"
    return f"{identifier}^{escaped(title)}^{LOCAL}"


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8].upper()


def _parts(text: str) -> Iterator[str]:
    """Escaped text in parts that an FT may hold, cut between words where there are any, and never in an
    escape sequence."""
    while len(text) > LONGEST_FT:
        cut = text.rfind(" ", 0, LONGEST_FT) + 1 or LONGEST_FT
        if text.count("\\", 0, cut) % 2:
            cut = text.rfind("\\", 0, cut)
        yield text[:cut]
        text = text[cut:]
    yield text


def _service(report: Report) -> str:
    """OBR-4, a coded element: the LOINC code where there is one, and the exam as it was written."""
    exam = report.order.exam
    if found := loinc_of(report):
        code, display = found
        return f"{code}^{escaped(display)}^LN" + (f"^{_named(exam)}" if exam.strip() else "")
    return f"^{escaped(exam or report.title)}"


def _timestamp(at: datetime) -> str:
    return at.strftime("%Y%m%d%H%M%S%z")
