"""The JSON export comes back as the same report; other files are refused with a reason."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given

from assistant.errors import BadInput
from assistant.export.formats import FORMATS, file_name, find_format
from assistant.export.report import read_report, write_json
from tests.export.builders import report, reports


@given(reports)
def test_json_comes_back_as_it_was(made):
    assert read_report(write_json(made)) == made


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"report_schema": "other/9"}',
        b'{"report_schema": "assistant.report/1"}',
    ],
)
def test_what_is_no_report_is_refused(data):
    with pytest.raises(BadInput) as caught:
        read_report(data)
    assert caught.value.code == "report_unreadable"
    assert "JSON" in caught.value.message


def test_the_refusal_never_quotes_the_file():
    data = json.loads(write_json(report()))
    data["sections"] = "xylophagous"
    with pytest.raises(BadInput) as caught:
        read_report(json.dumps(data).encode())
    assert "xylophagous" not in caught.value.message


def test_every_format_writes_an_empty_report_and_a_full_one():
    for form in FORMATS.values():
        assert isinstance(form.write(report(("", ""))), bytes)
        assert form.write(report())


def test_an_unknown_format_names_those_there_are():
    with pytest.raises(BadInput, match="docx") as caught:
        find_format("doc")
    assert caught.value.code == "format_unknown"


def test_file_names_tell_nothing_but_the_time():
    assert file_name(report(), FORMATS["fhir"]) == "report-20261124-0930.fhir.json"


def test_the_page_offers_every_format():
    page = Path(__file__).parents[2] / "web" / "reports.js"
    assert sorted(re.findall(r"name: '([^']+)', group", page.read_text())) == sorted(FORMATS)
