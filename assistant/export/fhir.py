"""A report as FHIR R4 (4.0.1): a DiagnosticReport or a DocumentReference, as JSON. Pure.

They name the patient and the order as far as somebody has written them down.
"""

import base64
import hashlib
import json
from datetime import datetime
from typing import Any

from assistant.dictation.plain_text import printable
from assistant.export.report import Report, Signature
from assistant.export.text import html_fragment, plain_text

Resource = dict[str, Any]

LOINC = "http://loinc.org"
SERVICE_SECTIONS = "http://terminology.hl7.org/CodeSystem/v2-0074"
SESSION_SYSTEM = "urn:clinical-voice-assistant:session"
USER_SYSTEM = "urn:clinical-voice-assistant:user"
XHTML = "http://www.w3.org/1999/xhtml"

IMAGING = ("18748-4", "Diagnostic imaging study")
NOTES = {
    "discharge": ("18842-5", "Discharge summary"),
    "progress": ("11506-3", "Progress note"),
    "soap": ("11506-3", "Progress note"),
}
IMAGING_WORDS = frozenset(
    {
        "ct",
        "mri",
        "mr",
        "x-ray",
        "xray",
        "radiograph",
        "ultrasound",
        "mammogram",
        "mammography",
        "pet",
        "imaging",
    }
)
CONCLUSIONS = frozenset({"impression", "conclusion", "assessment", "diagnosis", "diagnoses"})


def diagnostic_report(report: Report) -> Resource:
    """``conclusion`` is the impression; the whole report is in ``presentedForm`` and in the narrative."""
    resource: Resource = {
        "resourceType": "DiagnosticReport",
        **_common(report),
        "status": report.status,
        "code": _concept(report),
        "effectiveDateTime": _examined(report),
        "issued": _instant(report.signature.at if report.signature else report.exported_at),
    }
    if report.signature:
        resource["performer"] = resource["resultsInterpreter"] = [_signer(report.signature)]
    if _is_ordered(report):
        resource["basedOn"] = [{"type": "ServiceRequest", **_order(report)}]
    if report.order.study:
        uid = {"system": "urn:dicom:uid", "value": f"urn:oid:{report.order.study}"}
        resource["imagingStudy"] = [{"type": "ImagingStudy", "identifier": uid}]
    if is_imaging(report):
        resource["category"] = [
            {"coding": [{"system": SERVICE_SECTIONS, "code": "RAD", "display": "Radiology"}]}
        ]
    if conclusion := conclusion_of(report):
        resource["conclusion"] = conclusion
    if report.filled:
        resource["presentedForm"] = [_attachment(report)]
    return resource


def document_reference(report: Report) -> Resource:
    """The report as one plain-text attachment."""
    authors = [_signer(report.signature)] if report.signature else []
    related = [{"type": "ServiceRequest", **_order(report)}] if _is_ordered(report) else []
    return {
        "resourceType": "DocumentReference",
        **_common(report),
        "status": "current",
        "docStatus": report.status,
        "type": _concept(report),
        "date": _instant(report.exported_at),
        "description": printable(report.title),
        "content": [{"attachment": _attachment(report)}],
        "context": {
            "period": {"start": _examined(report)},
            **({"related": related} if related else {}),
        },
        **({"author": authors} if authors else {}),
    }


def write_json(resource: Resource) -> bytes:
    return json.dumps(resource, ensure_ascii=False, indent=1).encode() + b"\n"


def conclusion_of(report: Report) -> str:
    return "\n\n".join(
        printable(s.text).strip() for s in report.filled if s.title.strip().lower() in CONCLUSIONS
    )


def is_imaging(report: Report) -> bool:
    return not IMAGING_WORDS.isdisjoint(report.title.lower().split())


def loinc_of(report: Report) -> tuple[str, str] | None:
    """Code and display of the document's type, where the template tells it."""
    if is_imaging(report):
        return IMAGING
    return next((code for word, code in NOTES.items() if word in report.title.lower()), None)


def _common(report: Report) -> Resource:
    narrative = html_fragment(report) or "<p>No text.</p>"
    return {
        "text": {"status": "generated", "div": f'<div xmlns="{XHTML}">{narrative}</div>'},
        "identifier": [{"system": SESSION_SYSTEM, "value": f"{report.session_id}.{report.revision}"}],
        **({"subject": _subject(report)} if report.patient.id or report.patient.name else {}),
    }


def _signer(signature: Signature) -> Resource:
    """The user by id, or a name that was typed."""
    user = {"identifier": {"system": USER_SYSTEM, "value": signature.signer}} if signature.signer else {}
    return {"type": "Practitioner", **user, "display": printable(signature.name)}


def _subject(report: Report) -> Resource:
    patient = report.patient
    subject: Resource = {"type": "Patient"}
    if patient.id:
        subject["identifier"] = {"value": printable(patient.id)}
    if patient.name:
        subject["display"] = printable(patient.name)
    return subject


def _is_ordered(report: Report) -> bool:
    return bool(report.order.accession or report.order.placer or report.order.request)


def _order(report: Report) -> Resource:
    """A reference by the order's address, where it came over FHIR, and by its number: that of the accession,
    else the placer's, each of the type that HL7 gives to it."""
    placed = report.order
    order: Resource = {"reference": printable(placed.request)} if placed.request else {}
    if number := placed.accession or placed.placer:
        code = "ACSN" if placed.accession else "PLAC"
        kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": code}]}
        order["identifier"] = {"type": kind, "value": printable(number)}
    return {**order, **({"display": printable(report.order.exam)} if report.order.exam else {})}


def _concept(report: Report) -> Resource:
    concept: Resource = {"text": printable(report.title)}
    if found := loinc_of(report):
        code, display = found
        concept = {"coding": [{"system": LOINC, "code": code, "display": display}], **concept}
    return concept


def _attachment(report: Report) -> Resource:
    data = plain_text(report).encode()
    return {
        "contentType": "text/plain; charset=utf-8",
        "language": "en",
        "data": base64.b64encode(data).decode(),
        "size": len(data),
        "hash": base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode(),
        "title": printable(report.title),
        "creation": _instant(report.exported_at),
    }


def _examined(report: Report) -> str:
    """The day of the examination where it is known: FHIR wants a time zone with any time of day, and nobody
    has told the one that the examination was in. The time is in the attachment's head."""
    return report.order.at.partition("T")[0] or _instant(report.started_at)


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
