"""Plain text, Markdown and HTML, read back with parsers of their own."""

import html.parser
from xml.etree import ElementTree

from hypothesis import given
from markdown_it import MarkdownIt

from assistant.dictation.plain_text import printable
from assistant.events import Order, Patient
from assistant.export.paragraphs import paragraphs
from assistant.export.text import html_fragment, html_page, markdown, plain_text
from tests.export.builders import FINDINGS, ORDER, PATIENT, report, reports


def test_plain_text_keeps_paragraphs_and_names_sections():
    text = plain_text(report(("Findings", "One.\n\nTwo."), ("Impression", "None."), ("Empty", " ")))
    assert text == "Findings:\nOne.\n\nTwo.\n\nImpression:\nNone.\n"


def test_an_empty_report_is_an_empty_text_and_still_a_page():
    assert plain_text(report(("Findings", ""))) == ""
    assert markdown(report(("Findings", ""))) == "# Chest X-ray\n"
    assert "<h1>Chest X-ray</h1></body>" in html_page(report(("", "")))


HEAD = [
    "Patient: Maria O'Neil & Söhne", "Patient number: P-1^a", "Born: 1950-02-01", "Sex: female",
    "Examination: CT *chest* <low dose>", "Order number: A|77", "Examined: 2026-03-01 10:30",
]  # fmt: skip


def test_whose_report_it_is_and_the_order_stand_over_the_text():
    made = report(("Findings", "Clear."), patient=PATIENT, order=ORDER)
    assert plain_text(made) == "\n".join([*HEAD, "", "Findings:", "Clear.", ""])
    shown = _visible(MarkdownIt("commonmark").parse(markdown(made))).split("\n")
    assert shown == [f"Chest X-ray{HEAD[0]}", *HEAD[1:-1], f"{HEAD[-1]}FindingsClear."]
    page = ElementTree.fromstring(html_page(made).partition("\n")[2].replace('<meta charset="utf-8">', ""))
    assert [*page.find("body/p").itertext()] == HEAD
    assert [each.tag for each in page.find("body")] == ["h1", "p", "h2", "p"]


def test_of_what_nobody_has_written_down_nothing_is_said():
    made = report(("", "Clear."), patient=Patient(name="  Ann\nExample\x08 "), order=Order(at="2026-03-01"))
    assert plain_text(made) == "Patient: Ann Example[U+0008]\nExamined: 2026-03-01\n\nClear.\n"
    assert "<h1>Chest X-ray</h1><p>Clear.</p>" in html_page(report(("", "Clear.")))


def test_text_without_a_heading_has_none():
    assert plain_text(report(("", "Just this."))) == "Just this.\n"
    assert "##" not in markdown(report(("", "Just this.")))


def test_paragraphs_lists_and_lines_are_told_apart():
    found = [(p.kind, p.lines) for p in paragraphs(FINDINGS)]
    assert found[1:] == [
        ("text", ("Second paragraph: T2* | 37.5 °C ~ µm, Müller^sign \\ 胸部.",)),
        ("bullet", ("No fever",)),
        ("bullet", ("No rash",)),
        ("numbered", ("1. First",)),
        ("numbered", ("2. Second",)),
    ]
    assert paragraphs("a\nb\n\n\n c ")[0].lines == ("a", "b")


def test_a_dash_within_a_line_and_a_measure_at_its_start_are_no_list():
    assert [p.kind for p in paragraphs("2-3 weeks\n\n1.5 cm\n\n-5 degrees")] == ["text"] * 3


def _visible(tokens):
    """The rendered Markdown as a reader sees it."""
    return "".join(
        _visible(token.children)
        if token.children
        else "\n"
        if token.type in ("hardbreak", "softbreak")
        else token.content
        for token in tokens
        if token.children or token.content or token.type in ("hardbreak", "softbreak")
    )


def _squeezed(text):
    return "".join(printable(text).split())


@given(reports)
def test_nothing_in_a_report_is_taken_for_markdown(made):
    tokens = MarkdownIt("commonmark").parse(markdown(made))
    allowed = {"heading", "paragraph", "bullet_list", "ordered_list", "list_item", "inline"}
    assert {token.type.removesuffix("_open").removesuffix("_close") for token in tokens} <= allowed
    inline = {child.type for token in tokens for child in token.children or ()}
    assert inline <= {"text", "text_special", "hardbreak", "softbreak"}


@given(reports)
def test_html_is_well_formed_and_shows_every_word(made):
    root = ElementTree.fromstring(f"<div>{html_fragment(made)}</div>")
    shown = _squeezed("".join(root.itertext()))
    for section in made.filled:
        assert _squeezed(section.title) in shown
        for paragraph in paragraphs(section.text):
            assert _squeezed("".join(paragraph.lines)) in shown


def test_a_page_of_html_parses_and_escapes_the_title():
    page = html_page(report(("A<b>", "x & <script>"), title="T <i>"))
    seen = []
    parser = html.parser.HTMLParser()
    parser.handle_starttag = lambda tag, attributes: seen.append(tag)
    parser.feed(page)
    assert seen == ["html", "head", "meta", "title", "body", "h1", "h2", "p"]


def test_markdown_shows_what_was_dictated():
    shown = _squeezed(_visible(MarkdownIt("commonmark").parse(markdown(report()))))
    assert "T2*|37.5°C~µm,Müller^sign\\胸部." in shown
    assert '(5<6mm)&no"effusion"' in shown
