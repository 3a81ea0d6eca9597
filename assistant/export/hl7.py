"""A report as an HL7 v2.5.1 ORU^R01 message: one OBX of formatted text (FT) a section. Pure.

No PID segment: this program knows no patient; the interface engine adds it, or refuses. MSH-10, the
message's control id, is the same for the same revision exported at the same time.
"""

import hashlib
from datetime import datetime

from assistant.dictation.plain_text import printable
from assistant.export.fhir import is_imaging, loinc_of
from assistant.export.report import Report

APPLICATION = "VOICE_ASSISTANT"
VERSION = "2.5.1"
PRELIMINARY = "P"
_ESCAPES = str.maketrans({"|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\\": "\\E\\"})


def oru_r01(report: Report) -> bytes:
    """UTF-8; segments end with a carriage return, as the standard has it. No MLLP frame."""
    service = _service(report)
    started, exported = _timestamp(report.started_at), _timestamp(report.exported_at)
    control = hashlib.sha256(f"{report.session_id} {report.revision} {exported}".encode()).hexdigest()[:20]
    filler = escaped(report.session_id)
    segments = [
        f"MSH|^~\\&|{APPLICATION}||||{exported}||ORU^R01^ORU_R01|{control}|P|{VERSION}||||||UNICODE UTF-8",
        f"ORC|RE||{filler}",
        "|".join(
            ["OBR", "1", "", filler, service, "", "", started, *[""] * 14, exported, "",
             "RAD" if is_imaging(report) else "", PRELIMINARY]
        ),
    ]  # fmt: skip
    for number, section in enumerate(report.filled, 1):
        title = escaped(section.title.strip() or "Text")
        text = escaped(section.text.strip())
        segments.append(f"OBX|{number}|FT|^{title}||{text}||||||{PRELIMINARY}")
    return "".join(f"{segment}\r" for segment in segments).encode()


def escaped(text: str) -> str:
    """Separators as escape sequences, line ends as ``\\.br\\``."""
    return printable(text).translate(_ESCAPES).replace("\n", "\\.br\\").replace("\t", "\\X09\\")


def _service(report: Report) -> str:
    """OBR-4, a coded element: the LOINC code where there is one."""
    code, display = loinc_of(report) or ("", report.title)
    return f"{code}^{escaped(display)}^{'LN' if code else ''}".rstrip("^")


def _timestamp(at: datetime) -> str:
    return at.strftime("%Y%m%d%H%M%S%z")
