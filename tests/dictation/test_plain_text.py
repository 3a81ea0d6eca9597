"""One rule for the report as text: the document, the export and the page's copy agree on odd cases."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.dictation.document import Document, Position, Run, Section
from assistant.dictation.plain_text import plain_text
from assistant.export.fhir import document_reference
from assistant.export.formats import find_format
from assistant.export.report import Report, ReportSection

CASES = json.loads((Path(__file__).parents[1] / "data/plain_text.json").read_text())
"""tests/web/state.test.mjs holds the page to the same."""


def document_of(sections):
    made = tuple(Section(f"s{n}", title, (Run(text),)) for n, (title, text) in enumerate(sections))
    return Document(sections=made, cursor=Position("s0", 0))


def report_of(sections):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = tuple(ReportSection(id=f"s{n}", title=t, text=text) for n, (t, text) in enumerate(sections))
    return Report(session_id="s", started_at=now, exported_at=now, sections=made)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_document_and_the_export_are_the_same_text(case):
    assert document_of(case["sections"]).text == case["text"]
    exported = find_format("txt").write(report_of(case["sections"])).decode()
    assert exported == (case["text"] + "\n" if case["text"] else "")


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=80)), min_size=1, max_size=4))
def test_they_agree_on_any_text_and_lose_no_visible_character(sections):
    text = document_of(sections).text
    assert find_format("txt").write(report_of(sections)).decode().removesuffix("\n") == text
    assert text == plain_text(sections)
    for _, body in sections:
        kept = {c for c in body if c.isprintable() and not c.isspace()}
        assert kept <= set(text) | {"\xad"}


def test_fhir_carries_the_same_text():
    data = document_reference(report_of([["Findings", "Clear.\n"]]))["content"][0]["attachment"]["data"]
    assert base64.b64decode(data).decode() == "Findings:\nClear.\n"
