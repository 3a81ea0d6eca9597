"""The report as a value."""

import pytest

from assistant.dictation.document import Document, Field, Position, Range, Run, Section
from assistant.errors import BadInput

SIZE = Field("size", ("4 mm", "6 mm"))


def report():
    return Document(
        sections=(
            Section(
                "findings",
                "Findings",
                (
                    Run("Clear lungs.", "utt_1"),
                    Run(" A ", None, "template"),
                    Run("[size]", None, "template", SIZE),
                ),
            ),
            Section("impression", "Impression", (Run(" Normal.", "utt_2"),)),
        ),
        cursor=Position("findings", 12),
    )


def test_the_text_has_titles_and_blank_lines_and_leaves_empty_sections_out():
    assert report().text == "Findings:\nClear lungs. A [size]\n\nImpression:\nNormal."
    assert Document().text == ""
    assert Document().is_empty


def test_a_replaced_range_keeps_the_sources_around_it_and_moves_the_cursor_behind():
    changed = report().replace(Range("findings", 6, 11), [Run("bases", None, "typed")])
    assert changed.section("findings").text == "Clear bases. A [size]"
    assert [run.origin for run in changed.section("findings").runs][:3] == ["voice", "typed", "voice"]
    assert changed.cursor == Position("findings", 11)


def test_a_field_that_is_cut_is_text():
    changed = report().replace(Range("findings", 19, 21), ())
    assert changed.section("findings").text == "Clear lungs. A [siz"
    assert changed.fields() == []
    assert report().fields() == [(Range("findings", 15, 21), SIZE)]


def test_an_utterance_is_taken_out_with_its_space():
    assert report().without_item("utt_1").section("findings").text == "A [size]"
    assert report().without_item("utt_2").section("impression").text == ""
    assert report().without_item("utt_9") == report()


def test_neighbours_of_one_source_are_one_run():
    document = Document().replace(
        Range("text", 0, 0), [Run("a", "utt_1"), Run("", "utt_2"), Run("b", "utt_1")]
    )
    assert document.section("text").runs == (Run("ab", "utt_1"),)


def test_a_new_section_stands_behind_the_cursors_and_replaces_a_blank_one():
    first = Document().add_section("Findings")
    assert [section.id for section in first.sections] == ["findings"]
    second = report().add_section("Clinical history").add_section("Findings")
    assert [s.id for s in second.sections] == ["findings", "clinical_history", "findings_2", "impression"]
    assert second.cursor == Position("findings_2", 0)


@pytest.mark.parametrize(
    ("where", "code"), [(Range("plan", 0, 0), "section_unknown"), (Range("findings", 3, 99), "range_invalid")]
)
def test_a_place_that_is_not_there_is_refused(where, code):
    with pytest.raises(BadInput) as error:
        report().replace(where, ())
    assert error.value.code == code
