"""A report as a Word document (python-docx). Pure: bytes out, nothing on disk."""

import io

import docx
from docx.document import Document as WordDocument

from assistant.dictation.plain_text import printable
from assistant.export.paragraphs import paragraphs
from assistant.export.report import Report


def write_docx(report: Report) -> bytes:
    """Word's own heading and list styles, so that a clinic's template restyles it."""
    document = docx.Document()
    _describe(document, report)
    document.add_heading(printable(report.title), level=0)
    for section in report.filled:
        if section.title.strip():
            document.add_heading(printable(section.title), level=1)
        for paragraph in paragraphs(section.text):
            style = "List Bullet" if paragraph.kind == "bullet" else None
            document.add_paragraph("\n".join(paragraph.lines), style)  # "\n" becomes a line break
    document.sections[0].footer.paragraphs[0].text = footnote(report)
    document.sections[0].header.paragraphs[0].text = headline(report)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def footnote(report: Report) -> str:
    """The notice for every reader of the page."""
    dictated = f"dictated {report.started_at:%Y-%m-%d %H:%M}"
    if signature := report.signature:
        state = "Final" if report.status == "final" else "Amended"
        by, at = printable(report.signed_by), f"{signature.at:%Y-%m-%d %H:%M}"
        return f"{state}: {dictated}, signed by {by} {at}, SHA-256 {signature.sha256[:16]}."
    if report.signatures:
        return f"Preliminary: {dictated}, open again after it was signed; these changes are not signed."
    return f"Preliminary: {dictated}, not signed."


def headline(report: Report) -> str:
    """Patient and order in one line; empty where nobody has written them down."""
    return " · ".join(f"born {value}" if label == "Born" else value for label, value in report.head)


def _describe(document: WordDocument, report: Report) -> None:
    properties = document.core_properties
    properties.title = printable(report.title)[:255]
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.created = properties.modified = report.exported_at
