"""The pages of a PDF as pictures, for lab reports."""

import contextlib
from pathlib import Path

import PIL.Image
import pypdfium2

from assistant.errors import BadInput
from assistant.imaging.study import Study, Taken, keep_pictures

MOST_PAGES = 20
LONGEST_SIDE_PX = 1792
"""Twice what the model looks at: small print survives its processor's own step to 896."""


def read_pdf(path: Path, name: str, folder: Path) -> Study:
    """Raises ``BadInput``: ``pdf_encrypted``, ``pdf_not_readable``, ``pdf_empty``."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise BadInput(
                f"{name} is locked with a password. Save it without one, then attach it.",
                code="pdf_encrypted",
            ) from None
        raise BadInput(f"{name} is a damaged PDF. Save it again.", code="pdf_not_readable") from None
    try:
        with contextlib.suppress(pypdfium2.PdfiumError):  # a damaged form leaves the pages
            document.init_forms()  # else what was filled in is left out
        count = min(len(document), MOST_PAGES)
        if count == 0:
            raise BadInput(f"{name} is a PDF without pages.", code="pdf_empty")
        left_out = len(document) - count
        return keep_pictures(
            (Taken(_rendered(document[index]), True, f"{name}, page {index + 1}") for index in range(count)),
            folder,
            kind="pages",
            name=name,
            notes=(f"Only the first {count} of {len(document)} pages are kept.",) if left_out else (),
        )
    except pypdfium2.PdfiumError:
        raise BadInput(f"{name} is a damaged PDF. Save it again.", code="pdf_not_readable") from None
    finally:
        document.close()


def _rendered(page: pypdfium2.PdfPage) -> PIL.Image.Image:
    scale = LONGEST_SIDE_PX / max(page.get_size())
    picture: PIL.Image.Image = page.render(scale=scale).to_pil().convert("RGB")
    picture.thumbnail((LONGEST_SIDE_PX,) * 2)  # it may be a pixel too long
    return picture
