"""No format loses a character: the words of a report come out of every writer in their order, none glued."""

import base64
import html.parser
import io
import json
import re

import docx
import hl7
import pypdfium2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assistant.events import Order, Patient, WordTime
from assistant.export.formats import FORMATS
from assistant.export.report import Utterance
from tests.export.builders import report

WORDS = [
    "Potassium", "4", "5.1", "-2.8", "<0.6", ">=3", "{nb}", "µmol/L", "37.5", "°C", "+1", "1.", "2)", "#3",
    "*", "A&B", "x|y", "~5", "\\alpha", "5^2", "[field]", "$5", "<b>", "-->", "--", "1:2", "3/4", "Ж", "≥",
    "胸部", "`q`", "_w_", "===", "0,5", "Müller", "e\u0301", "{\\an8}", "<5", "3>",
]  # fmt: skip
GAPS = [
    " ",
    "\t",
    "\n",
    "\n\n",
    "\r\n",
    "\x0b",
    "\x0c",
    "\x1f",
    "\x85",
    "\u2028",
    "\u2029",
    "  ",
    "\t\t",
    " \t",
]
texts = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(GAPS)), min_size=1, max_size=12).map(
    lambda parts: "".join(word + gap for word, gap in parts)
)


def written(name, made):
    return FORMATS[name].write(made)


class _Shown(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.text, self.in_body = "", False

    def handle_starttag(self, tag, attributes):
        self.in_body = self.in_body or tag == "body"
        self.text += " "

    def handle_data(self, data):
        self.text += data if self.in_body else ""


def from_html(made):
    parser = _Shown()
    parser.feed(written("html", made).decode())
    return parser.text


def from_markdown(made):
    shown = ""
    for token in MarkdownIt("commonmark").parse(written("md", made).decode()):
        if token.type == "list_item_open":
            shown += f" {token.info}{token.markup} " if token.info else " "
        for child in token.children or ():
            shown += child.content or " "
        shown += " "
    return shown


def from_docx(made):
    return "\n".join(
        paragraph.text for paragraph in docx.Document(io.BytesIO(written("docx", made))).paragraphs
    )


def from_pdf(made):
    with pypdfium2.PdfDocument(written("pdf", made)) as document:
        return re.sub(r"Preliminary: .*", "", "\n".join(p.get_textpage().get_text_range() for p in document))


def from_hl7(made):
    message = hl7.parse(written("hl7", made).decode())
    return "\n".join(
        message.unescape(f"{obx[3][0][1]}\n{obx[5]}") for obx in (message["OBX"] if made.filled else [])
    )


def from_fhir(made):
    return base64.b64decode(json.loads(written("fhir", made))["presentedForm"][0]["data"]).decode()


def from_fhir_document(made):
    content = json.loads(written("fhir-document", made))["content"]
    return base64.b64decode(content[0]["attachment"]["data"]).decode()


def from_json(made):
    return "\n".join(f"{s['title']}\n{s['text']}" for s in json.loads(written("json", made))["sections"])


READERS = {
    "docx": from_docx, "pdf": from_pdf, "txt": lambda made: written("txt", made).decode(),
    "md": from_markdown, "html": from_html, "fhir": from_fhir, "fhir-document": from_fhir_document,
    "hl7": from_hl7, "json": from_json,
}  # fmt: skip
BULLETS = {"-", "•", "*", "--"}
NAMED = re.compile(r"\[U\+([0-9A-F]{4,6})\]")
WIDE = str.maketrans("＜＞｛", "<>{")


def tokens(text):
    """Words as they read: named characters and wide signs as what they stand for, no list's mark."""
    text = NAMED.sub(lambda match: chr(int(match[1], 16)), text).translate(WIDE)
    return [word for word in text.split() if word not in BULLETS]


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=30, deadline=None)
@given(st.lists(texts, min_size=1, max_size=3))
@example(["Potassium\t4\t5.1"])
@example(["Sodium\x0b139\x0cPotassium\x1f4"])
def test_the_words_of_a_report_come_out_of_every_format_in_their_order(name, sections):
    made = report(*((f"Part{index}", text) for index, text in enumerate(sections)), title="Chest #")
    wanted = [each for i, text in enumerate(sections) for each in (f"Part{i}", *tokens(text))]
    got = [
        word.removesuffix(":") if word.startswith("Part") else word for word in tokens(READERS[name](made))
    ]
    got = got[got.index("Part0") :]
    assert got == wanted


def _everything(name, made):
    """All that a reader of the file can see, outside the text too."""
    match name:
        case "docx":
            return docx.Document(io.BytesIO(written(name, made))).sections[0].header.paragraphs[0].text
        case "hl7":
            message = hl7.parse(written(name, made).decode())
            (person,), (order,) = message["PID"], message["OBR"]
            fields = [person[3], person[5], person[7], order[2], order[4], order[7]]
            return message.unescape(" ".join(str(each).replace("^", " ") for each in fields))
        case "json":
            return written(name, made).decode()
        case _:
            return READERS[name](made)


names = st.lists(st.sampled_from([word for word in WORDS if "\\" not in word]), min_size=1, max_size=5)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=15, deadline=None)
@given(who=names, number=st.from_regex(r"[A-Z]-[0-9]{1,9}", fullmatch=True), exam=names)
def test_every_format_says_whose_report_it_is_and_of_which_order(name, who, number, exam):
    patient = Patient(id=number, name=" ".join(who), born="1950-02-01")
    order = Order(accession=f"{number}7", exam=" ".join(exam), at="2026-03-01T10:30")
    made = report(("Part", "x"), title="Note", patient=patient, order=order)
    shown = tokens(_everything(name, made))
    text = " ".join(shown)
    for each in (patient.name, order.exam) if name != "json" else ():
        assert " ".join(tokens(each)) in text
    for digits in (number, f"{number}7", "19500201", "20260301", "1030"):
        assert digits in text if digits[0].isalpha() else digits in re.sub(r"[-: T]", "", text)


def test_every_format_of_text_has_such_a_reader():
    assert set(READERS) | {"srt", "vtt"} == set(FORMATS)


@settings(max_examples=80, deadline=None)
@given(texts)
@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_the_words_that_were_said_come_out_of_subtitles_in_their_order(name, said):
    utterance = Utterance(item_id="u", start_ms=0, end_ms=900, at="", heard=said, written=f"Begin {said}",
                          words=(WordTime(text="begin", start_ms=0, end_ms=300),))  # fmt: skip
    text = written(name, report(("Part", "x"), utterances=(utterance,))).decode()
    assert text.count("-->") == 1, "nothing in a text is a time line"
    shown = text.split("\n", 3 if name == "vtt" else 2)[-1]
    if name == "vtt":
        shown = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    else:
        assert not re.search(r"[<{]", shown), "players hide what is in these"
    assert "\n\n" not in shown.strip()
    assert tokens(shown) == tokens(f"Begin {said}")


def test_a_title_that_ends_in_a_hash_keeps_it():
    made = report(("Grade #", "x"), ("Stage ##", "y"), title="Note #")
    assert from_markdown(made).split() == ["Note", "#", "Grade", "#", "x", "Stage", "##", "y"]


@pytest.mark.parametrize(
    ("said", "shown"), [("5\xad10 mm", "5-10 mm"), ("a\x08b", "a[U+0008]b"), ("1\x1f2", "1 2")]
)
def test_what_no_format_can_hold_reads_the_same_or_is_named(said, shown):
    for name, reader in READERS.items():
        if name != "json":  # it holds every character
            assert " ".join(reader(report(("Part", said))).split()).endswith(shown), name
