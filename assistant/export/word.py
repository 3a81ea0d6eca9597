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
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def footnote(report: Report) -> str:
    """The notice for every reader of the page."""
    return f"Preliminary: dictated {report.started_at:%Y-%m-%d %H:%M}, not signed."


def _describe(document: WordDocument, report: Report) -> None:
    properties = document.core_properties
    properties.title = printable(report.title)[:255]
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.created = properties.modified = report.exported_at
