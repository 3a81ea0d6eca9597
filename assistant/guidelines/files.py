"""Guideline files → their text: PDF, Markdown and plain text."""

import io
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.characters import whole
from assistant.errors import BadInput, is_passing
from assistant.guidelines.passages import Document, Page, Passage

MARKDOWN = frozenset({".md", ".markdown"})
TEXT = frozenset({".txt", ".text"})
KINDS = frozenset({".pdf"}) | MARKDOWN | TEXT
MAX_BYTES = 100 * 2**20
PAGE_SCALE = 1.6
"""Pixels per PDF point of a shown page: an A4 page is 950 px wide."""
HIGHLIGHT_RGBA = (255, 214, 64, 90)

_pdfium = threading.Lock()
"""PDFium may be used by one thread at a time, in all documents."""


def read_document(folder: Path, file: str) -> Document:
    """Read one file. Raises ``BadInput`` that names it: ``guideline_not_readable``, ``guideline_empty``,
    ``guideline_too_large``."""
    path = folder / file
    suffix = path.suffix.lower()
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(
                f"{file}: larger than {MAX_BYTES // 2**20} MB; split it.", code="guideline_too_large"
            )
        pages = _pdf_pages(path, file) if suffix == ".pdf" else (Page(_decoded(path.read_bytes(), file)),)
    except OSError as error:
        if is_passing(error):
            raise
        reason = error.strerror or "cannot be read"
        raise BadInput(f"{file}: {reason}.", code="guideline_not_readable") from None
    if not any(page.text.strip() for page in pages):
        why = "has no text; run OCR on scanned pages first" if suffix == ".pdf" else "is empty"
        raise BadInput(f"{file}: {why}.", code="guideline_empty")
    pages = tuple(replace(page, text=whole(page.text)) for page in pages)
    return Document(file, pages, markdown=suffix in MARKDOWN)


def _decoded(data: bytes, file: str) -> str:
    if b"\0" in data:
        raise BadInput(f"{file}: is not a text file.", code="guideline_not_readable")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


@contextmanager
def _opened(path: Path, file: str) -> Iterator[Any]:
    """A PDF. Raises ``BadInput``. Whatever is done with it is done under ``_pdfium``."""
    import pypdfium2  # noqa: PLC0415 (loads a large library)

    try:
        with _pdfium:
            pdf = pypdfium2.PdfDocument(path)
    except (pypdfium2.PdfiumError, ValueError) as error:
        locked = "password" in str(error).lower()
        why = "needs a password; save a copy without one" if locked else "is not a readable PDF"
        raise BadInput(f"{file}: {why}.", code="guideline_not_readable") from None
    try:
        yield pdf
    except pypdfium2.PdfiumError:
        raise BadInput(f"{file}: a page cannot be read.", code="guideline_not_readable") from None
    finally:
        with _pdfium:
            pdf.close()


def _pdf_pages(path: Path, file: str) -> tuple[Page, ...]:
    pages = []
    with _opened(path, file) as pdf:
        for i in range(len(pdf)):  # the lock is free in between: a page can be shown while a book is read
            with _pdfium, closing(pdf[i]) as page, closing(page.get_textpage()) as text:
                pages.append(Page(text.get_text_range(), i + 1))
    return tuple(pages)


def draw_page(folder: Path, passage: Passage) -> bytes:
    """The passage's page of its PDF as PNG, the passage marked. Raises ``BadInput``."""
    from PIL import Image, ImageDraw  # noqa: PLC0415

    assert passage.page is not None
    with _opened(folder / passage.file, passage.file) as pdf:
        if passage.page > len(pdf):
            raise BadInput(f"{passage.file}: has changed in the meantime.", code="guideline_not_readable")
        with _pdfium, closing(pdf[passage.page - 1]) as page, closing(page.get_textpage()) as text:
            picture = page.render(scale=PAGE_SCALE).to_pil().convert("RGBA")
            height = page.get_height()
            count = text.count_rects(passage.start, passage.end - passage.start)
            boxes = [text.get_rect(i) for i in range(count)]
    marks = Image.new("RGBA", picture.size)
    draw = ImageDraw.Draw(marks)
    for left, bottom, right, top in boxes:
        corners = [(left - 1, height - top - 1), (right + 1, height - bottom + 1)]
        draw.rectangle([(x * PAGE_SCALE, y * PAGE_SCALE) for x, y in corners], fill=HIGHLIGHT_RGBA)
    out = io.BytesIO()
    Image.alpha_composite(picture, marks).convert("RGB").save(out, "PNG", optimize=False)
    return out.getvalue()
