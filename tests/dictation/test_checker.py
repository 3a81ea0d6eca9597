"""The check of a formatter that is wrong: the clause stays as it was said, and is marked."""

import random
from collections.abc import Callable

import pytest

from assistant.conversation.report import document_changed
from assistant.dictation import Formatter
from assistant.dictation.checker import checked
from assistant.dictation.dictation import Dictation
from assistant.dictation.document import Run
from assistant.errors import BadInput
from assistant.events import DocumentCommand
from assistant.export.checks import check
from assistant.proofreading import proofread
from tests.dictation.generated import sentence

SAID = "no pain on the left side comma heparin five thousand units period new line the lungs are clear period"


@pytest.fixture
def takes_left_for_right(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = Formatter._numbers
    monkeypatch.setattr(
        Formatter, "_numbers", lambda self, text: numbers(self, text).replace("left", "right")
    )


def marked(formatter: Formatter, said: str, *, continues: bool = False) -> tuple[str, list[tuple[str, str]]]:
    written = formatter.write(said, continues=continues)
    return written.text, [(written.text[m.start : m.end], m.doubt.reason) for m in written.marks]


@pytest.mark.usefixtures("takes_left_for_right")
def test_only_the_wrong_clause_stays_as_it_was_said() -> None:
    assert marked(Formatter(), SAID) == (
        "No pain on the left side, heparin 5000 units.\nThe lungs are clear.",
        [("No pain on the left side", "kept_as_said")],
    )


@pytest.mark.usefixtures("takes_left_for_right")
def test_every_wrong_clause_is_kept_wherever_it_stands() -> None:
    said = "five milligrams comma left hip six millimeters period left knee seven millimeters"
    assert marked(Formatter(), said, continues=True) == (
        "5 mg, left hip six millimeters. Left knee seven millimeters",
        [("left hip six millimeters", "kept_as_said"), ("Left knee seven millimeters", "kept_as_said")],
    )


def test_a_mark_that_was_an_organ_keeps_its_clause() -> None:
    written = checked(
        "small bowel and colon period no free air", lambda said: said.replace(" colon period", ":")
    )
    assert written.text == "Small bowel and colon period no free air"
    assert [mark.doubt.reason for mark in written.marks] == ["kept_as_said"]


def test_a_writer_that_loses_what_is_kept_or_comes_to_no_end_changes_nothing() -> None:
    for write in (lambda said: "", lambda said: None, lambda said: "50 mg"):
        written = checked("five  milligrams comma ten units", write)
        assert written.text == "five milligrams comma ten units"
        assert [(mark.start, mark.end) for mark in written.marks] == [(0, len(written.text))]
    assert checked("", lambda said: None).marks == ()


def _replaced(
    numbers: Callable[[Formatter, str], str], old: str, new: str, self: Formatter, text: str
) -> str:
    return numbers(self, text).replace(old, new)


def test_a_broken_formatter_never_gets_a_wrong_clause_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break the formatter in many ways; the words and values of every dictation stand."""
    numbers = Formatter._numbers
    breaks = (
        ("0", "00"), (".", ""), (" no ", " "), ("mg", "mcg"), ("right", "left"), ("left ", ""), ("1", "7"),
        (" mm", " cm"), ("heparin", "insulin"), (" and ", " or "), ("-", " "), ("/", "."), ("5", "-5"),
        ("kidney", "liver"), (" ", "  no "),
    )  # fmt: skip
    chance = random.Random(5)
    changed = 0
    for old, new in breaks:
        monkeypatch.setattr(
            Formatter, "_numbers", lambda self, text, o=old, n=new: numbers(self, text).replace(o, n)
        )
        broken = Formatter()
        for _ in range(40):
            said = sentence(chance)
            written = broken.write(said)
            assert proofread(said, written.text).holds, (old, new, said, written.text)
            changed += any(mark.doubt.reason == "kept_as_said" for mark in written.marks)
    assert changed > 100


# --- into the report ---


@pytest.fixture
def report() -> Dictation:
    dictation = Dictation()
    dictation.take("utt_1", "take two fifty milligram tablets period no fever period")
    return dictation


def doubtful(dictation: Dictation) -> list[tuple[str, str]]:
    event = document_changed(dictation, ())
    runs = [run for section in event.sections for run in section.runs]
    return [(run.text, run.doubt.reason) for run in runs if run.doubt]


def test_a_doubt_is_a_run_of_the_report_and_of_its_event(report: Dictation) -> None:
    assert report.document.text.lower() == "take two fifty milligram tablets. no fever."
    assert doubtful(report) == [("two fifty", "two_readings")]


def test_the_checks_before_export_name_it_and_its_place(report: Dictation) -> None:
    (finding,) = [each for each in check(report.document) if each.code == "text_doubtful"]
    assert report.document.text[finding.start : finding.end] == "two fifty"
    assert "can be read as" in finding.message


def test_a_doubt_in_the_second_utterance_has_its_place_behind_the_first(report: Dictation) -> None:
    report.take("utt_2", "{literal period} the value was twenty forty period")
    assert [text for text, _ in doubtful(report)][1] == "twenty forty"


def test_confirming_takes_the_mark_away_and_undo_brings_it_back(report: Dictation) -> None:
    place = report.document.text.index("two")
    report.press(DocumentCommand(command="confirm", section_id="text", offset=place))
    assert doubtful(report) == []
    assert "two fifty" in report.document.text
    report.undo()
    assert doubtful(report) == [("two fifty", "two_readings")]
    report.press(DocumentCommand(command="confirm", section_id="text", offset=place, text="two 50"))
    assert "two 50 milligram" in report.document.text
    with pytest.raises(BadInput, match="nothing in doubt"):
        report.press(DocumentCommand(command="confirm", section_id="text", offset=0))


def test_an_edit_in_the_text_takes_the_mark_away_and_one_beside_it_does_not(report: Dictation) -> None:
    document = report.document
    place = document.doubts()[0][0]
    beside = document.replace(type(place)("text", place.end, place.end), [Run(" of")])
    assert [run.text for _, run in beside.doubts()] == ["two fifty"]
    inside = document.replace(type(place)("text", place.start + 1, place.start + 2), [Run("x")])
    assert inside.doubts() == []


def test_words_that_replace_others_bring_their_doubt() -> None:
    dictation = Dictation()
    dictation.take("utt_1", "take one tablet period")
    command = dictation.understand("replace one tablet with two fifty milligram tablets")
    assert command is not None
    dictation.obey("utt_2", command)
    assert doubtful(dictation) == [("two fifty", "two_readings")]
