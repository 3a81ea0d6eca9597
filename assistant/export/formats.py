"""The export formats by name, each with its label, media type and writer. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from assistant.errors import BadInput
from assistant.export import fhir, hl7, pdf, report, subtitles, text, word
from assistant.export.report import Report


@dataclass(frozen=True, slots=True)
class Format:
    """``name`` is what requests say; ``label`` what people read; ``suffix`` ends the file's name.
    ``write`` raises ``BadInput`` where the report has nothing that the format can hold."""

    name: str
    label: str
    media_type: str
    suffix: str
    write: Callable[[Report], bytes]


def _cues(report: Report) -> list[subtitles.Cue]:
    """Raises ``BadInput``: ``subtitles_empty``."""
    if cues := subtitles.cues(report):
        return cues
    raise BadInput("Nothing was dictated, so there are no subtitles.", code="subtitles_empty")


FORMATS = {
    each.name: each
    for each in (
        Format(
            "docx",
            "Word (DOCX)",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            ".docx",
            word.write_docx,
        ),
        Format("pdf", "PDF", "application/pdf", ".pdf", pdf.write_pdf),
        Format(
            "txt", "Plain text", "text/plain; charset=utf-8", ".txt", lambda r: text.plain_text(r).encode()
        ),
        Format("md", "Markdown", "text/markdown; charset=utf-8", ".md", lambda r: text.markdown(r).encode()),
        Format("html", "HTML", "text/html; charset=utf-8", ".html", lambda r: text.html_page(r).encode()),
        Format(
            "fhir",
            "FHIR DiagnosticReport",
            "application/fhir+json",
            ".fhir.json",
            lambda r: fhir.write_json(fhir.diagnostic_report(r)),
        ),
        Format(
            "fhir-document",
            "FHIR DocumentReference",
            "application/fhir+json",
            ".document.fhir.json",
            lambda r: fhir.write_json(fhir.document_reference(r)),
        ),
        Format("hl7", "HL7 v2 ORU^R01", "application/hl7-v2", ".hl7", hl7.oru_r01),
        Format("json", "JSON with words and times", "application/json", ".json", report.write_json),
        Format(
            "srt",
            "Subtitles (SRT)",
            "application/x-subrip; charset=utf-8",
            ".srt",
            lambda r: subtitles.srt(_cues(r)).encode(),
        ),
        Format(
            "vtt",
            "Subtitles (WebVTT)",
            "text/vtt; charset=utf-8",
            ".vtt",
            lambda r: subtitles.vtt(_cues(r)).encode(),
        ),
    )
}


def find_format(name: str) -> Format:
    """Raises ``BadInput``: ``format_unknown``."""
    if found := FORMATS.get(name):
        return found
    raise BadInput(f"There is no such format. The formats are: {', '.join(FORMATS)}.", code="format_unknown")


def file_name(report: Report, form: Format) -> str:
    """The file's name. It contains no word of the report, because file names get around."""
    return f"report-{report.started_at:%Y%m%d-%H%M}{form.suffix}"
