"""The files of a folder of reports, and the text in them."""

import io
import zipfile
from pathlib import Path
from typing import Any

import docx
import docx.opc.exceptions
import pypdfium2

from assistant.characters import whole
from assistant.errors import BadInput
from assistant.records.notes import text_of

MEDIA_TYPES = {
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".htm": "text/html",
    ".html": "text/html",
    ".rtf": "application/rtf",
    ".pdf": "application/pdf",
}
ENDINGS = (*MEDIA_TYPES, ".docx")
LARGEST_TEXT_BYTES = 2 * 2**20
LARGEST_BYTES = 30 * 2**20
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def reports_in(folder: Path) -> list[Path]:
    """The reports, by name. Raises ``BadInput``: ``reports_missing``."""
    found = [path for path in _files(folder) if path.suffix.lower() in ENDINGS]
    if not found:
        raise BadInput(f"There are no {', '.join(ENDINGS)} files in {folder}.", code="reports_missing")
    return found


def others_in(folder: Path) -> list[Path]:
    """Files of other kinds, which are not read."""
    return [path for path in _files(folder) if path.suffix.lower() not in ENDINGS]


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def read_bytes(path: Path) -> bytes:
    """Raises ``BadInput``: ``report_too_large``, ``file_not_readable``."""
    largest = LARGEST_TEXT_BYTES if path.suffix.lower() in (".txt", ".md") else LARGEST_BYTES
    try:
        if path.stat().st_size > largest:
            raise BadInput("The file is too large for a report.", code="report_too_large")
        return path.read_bytes()
    except OSError:
        raise BadInput("The file cannot be read.", code="file_not_readable") from None


def text_in(data: bytes, suffix: str) -> str:
    """The words of a report, by the suffix of its file. Raises ``BadInput``: ``file_not_readable``,
    ``report_empty``, ``report_no_text``."""
    try:
        text = _words_of_docx(data) if suffix == ".docx" else text_of(MEDIA_TYPES[suffix], data, "utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput("The file is not UTF-8 text.", code="file_not_readable") from None
    except (pypdfium2.PdfiumError, docx.opc.exceptions.PackageNotFoundError, zipfile.BadZipFile, KeyError,
            ValueError):  # fmt: skip
        raise BadInput(f"The file is a damaged {suffix} file.", code="file_not_readable") from None
    if text is None:
        raise BadInput("The PDF has no text: its pages are pictures.", code="report_no_text")
    if not text.strip():
        raise BadInput("The file is empty.", code="report_empty")
    return whole(text)


def _words_of_docx(data: bytes) -> str:
    """Paragraphs in their order, those of tables and boxes among them, without what is marked as deleted."""
    body = docx.Document(io.BytesIO(data)).element.body
    return "\n".join(
        _paragraph(each) for each in body.iter(f"{_W}p") if not any(each.iterancestors(_FALLBACK))
    )


def _paragraph(paragraph: Any) -> str:
    parts = []
    for each in paragraph.iter(f"{_W}t", f"{_W}tab", f"{_W}br", f"{_W}noBreakHyphen"):
        if next(each.iterancestors(f"{_W}p")) is not paragraph:
            continue  # of a box, which has paragraphs of its own
        parts.append(
            {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}noBreakHyphen": "-"}.get(each.tag, each.text or "")
        )
    return "".join(parts)
