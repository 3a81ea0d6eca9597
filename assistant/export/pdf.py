"""A report as a PDF (fpdf2) in DejaVu Sans, which is embedded as far as it is used."""

from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont
from fpdf import FPDF

from assistant.dictation.plain_text import named, printable
from assistant.export.paragraphs import paragraphs
from assistant.export.report import Report
from assistant.export.word import footnote, headline

FONTS = Path(__file__).resolve().parents[1] / "data" / "fonts"
FONT = "DejaVu"
MARGIN_MM = 22
LINE_MM = 6.2
BULLET_MM = 5
TAB = " " * 4
"""The font has no tab, and without one "Potassium<tab>4" would read "Potassium4"."""
PAGE_COUNT = "\ufdd0"
"""Stands for the number of pages until it is known; no text holds it (``printable``)."""


@cache
def _known() -> frozenset[int]:
    """The characters of the regular font; the bold one has them too."""
    with TTFont(FONTS / "DejaVuSans.ttf") as font:
        return frozenset(font.getBestCmap())


def is_shown(character: str) -> bool:
    """Whether a PDF shows this character rather than its name."""
    return character in "\n\t" or ord(character) in _known()


class _Pages(FPDF):
    def __init__(self, report: Report) -> None:
        super().__init__(format="A4")
        self._footnote, self._headline = footnote(report), headline(report)
        self.alias_nb_pages(PAGE_COUNT)
        self.set_margins(MARGIN_MM, MARGIN_MM)
        self.set_auto_page_break(True, MARGIN_MM)
        self.add_font(FONT, "", FONTS / "DejaVuSans.ttf")
        self.add_font(FONT, "B", FONTS / "DejaVuSans-Bold.ttf")
        self.set_title(printable(report.title))
        self.set_creation_date(report.exported_at)
        self.set_lang("en")

    def header(self) -> None:
        if not self._headline:
            return
        self.set_y(10)
        self.set_font(FONT, "", 8)
        self.multi_cell(0, 4, self._shown(self._headline), align="L", new_x="LMARGIN", new_y="NEXT")
        self.set_y(max(MARGIN_MM, self.get_y() + 2))

    def footer(self) -> None:
        self.set_y(-15)
        self.set_font(FONT, "", 8)
        text = f"{self._shown(self._footnote)}  Page {self.page_no()} of {PAGE_COUNT}"
        self.multi_cell(0, 4, text, align="C")

    def write_block(self, text: str, *, size_pt: int = 11, bold: bool = False, indent_mm: float = 0) -> None:
        self.set_font(FONT, "B" if bold else "", size_pt)
        self.set_x(self.l_margin + indent_mm)
        height = LINE_MM * size_pt / 11
        self.multi_cell(0, height, self._shown(text), align="L", new_x="LMARGIN", new_y="NEXT")

    def _shown(self, text: str) -> str:
        """Characters that the font lacks are named, so that nothing goes missing unseen."""
        has = self.current_font.cmap  # type: ignore[union-attr]
        text = text.replace("\t", TAB)
        return "".join(c if c == "\n" or ord(c) in has else named(c) for c in text)


def write_pdf(report: Report) -> bytes:
    pages = _Pages(report)
    pages.add_page()
    pages.write_block(printable(report.title), size_pt=16, bold=True)
    for section in report.filled:
        if section.title.strip():
            pages.ln(4)
            pages.write_block(printable(section.title), size_pt=12, bold=True)
        for paragraph in paragraphs(section.text):
            text = "\n".join(paragraph.lines)
            if paragraph.kind == "bullet":
                pages.write_block(f"• {text}", indent_mm=BULLET_MM)
            else:
                pages.ln(1.5)
                pages.write_block(text)
    return bytes(pages.output())
