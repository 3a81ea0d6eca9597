"""A unit with no number before it is marked; right texts are not."""

import csv

import pytest

from assistant.conversation.report import document_changed
from assistant.dictation.formatter import Formatter
from assistant.dictation.missing_numbers import missing_number_marks
from tests.dictation.test_dictation import Speaker

UNITS = ("millimeter", "centimetre", "mm", "cm", "mg", "mcg", "mL", "percent", "milligram")


def marked(text):
    return [text[mark.start : mark.end] for mark in missing_number_marks(text)]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("heard", ["too", "to", "for", "ate", "Navy", "tree", "ICFOL"])
def test_a_unit_behind_a_word_instead_of_a_number_is_marked_in_the_report(heard, unit):
    """The words that recognisers write for numbers: they stay as they were heard, in doubt."""
    speaker = Speaker(f"The lesion is {heard} {unit} today.")
    assert f"{heard} {unit}" in speaker.text
    shown = document_changed(speaker.dictation, [], [])
    doubts = [run for section in shown.sections for run in section.runs if run.doubt]
    assert [run.text for run in doubts] == [f"{heard} {unit}"]
    assert doubts[0].doubt.reason == "missing_number"


@pytest.mark.parametrize(
    "number", ["2", "two", "2.5", "a hundred", "point seven", "1/2", "L4", "3-", "two to 3"]
)
@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_behind_a_number_is_not_marked(number, unit):
    assert marked(f"The lesion is {number} {unit} today.") == []


@pytest.mark.parametrize(
    "text",
    [
        "mm of the lesion",
        "a few millimeters",
        "a percent",
        "dose in mg per day",
        "glucose mg/dL",
        "per mL",
        "cm-sized",
    ],
)
def test_units_that_stand_without_a_number_are_not_marked(text):
    assert marked(text) == []


def test_no_right_text_is_marked(data_dir):
    for name in ("formatting.tsv", "formatting_kinds.tsv"):
        with (data_dir / name).open(newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        assert rows
        assert [row["written"] for row in rows if marked(row["written"])] == []
    with (data_dir / "hears" / "clips.tsv").open(newline="") as file:
        said = [row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    assert [text for text in said if marked(Formatter().write(text).text)] == []
