"""DOCX, opened with python-docx; PDF, with pypdf."""

import io

import docx
import pypdf
from hypothesis import given, settings

from assistant.dictation.plain_text import printable
from assistant.export.paragraphs import paragraphs
from assistant.export.pdf import write_pdf
from assistant.export.word import write_docx
from tests.export.builders import FINDINGS, report, reports


def _opened(made):
    return docx.Document(io.BytesIO(write_docx(made)))


def _pdf_text(made):
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(write_pdf(made))).pages)


def test_word_shows_headings_paragraphs_and_lists():
    opened = _opened(report(("Findings", "One.\nLine.\n\nTwo.\n- Item"), ("Impression", "None.")))
    assert [(p.style.name, p.text) for p in opened.paragraphs] == [
        ("Title", "Chest X-ray"),
        ("Heading 1", "Findings"),
        ("Normal", "One.\nLine."),
        ("Normal", "Two."),
        ("List Bullet", "Item"),
        ("Heading 1", "Impression"),
        ("Normal", "None."),
    ]


def test_word_says_that_nothing_is_signed_and_names_no_author():
    opened = _opened(report())
    assert "not signed" in opened.sections[0].footer.paragraphs[0].text
    assert opened.core_properties.author == ""
    assert opened.core_properties.title == "Chest X-ray"


def test_an_empty_report_is_a_document_all_the_same():
    assert [p.text for p in _opened(report(("", ""))).paragraphs] == ["Chest X-ray"]
    assert "Chest X-ray" in _pdf_text(report(("", "")))


@settings(max_examples=25)
@given(reports)
def test_word_takes_any_text_and_gives_it_back(made):
    got = [p.text for p in _opened(made).paragraphs]
    wanted = ["\n".join(p.lines) for section in made.filled for p in paragraphs(section.text)]
    rest = iter(got)
    assert all(text in rest for text in wanted), "a paragraph is missing or out of order"


def test_a_pdf_holds_the_text_in_any_script_its_font_has():
    text = _pdf_text(report(("Findings", "37.5 °C, µm, Müller, ≥ 3, Δ, Ж.\n\n- No fever")))
    for part in (
        "Findings",
        "37.5 °C",
        "µm",
        "Müller",
        "≥ 3",
        "Δ",
        "Ж",
        "• No fever",
        "not signed",
        "Page 1 of 1",
    ):
        assert part in text


def test_what_the_pdfs_font_lacks_is_named_not_lost():
    assert "[U+80F8][U+90E8]." in _pdf_text(report())


def test_a_long_report_runs_over_pages():
    reader = pypdf.PdfReader(io.BytesIO(write_pdf(report(("Findings", "\n\n".join([FINDINGS] * 20))))))
    assert len(reader.pages) > 2
    assert reader.metadata.title == "Chest X-ray"


@settings(max_examples=10)
@given(reports)
def test_a_pdf_takes_any_text(made):
    assert printable(write_pdf(made)[:5].decode()) == "%PDF-"
