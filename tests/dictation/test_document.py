"""The report as a value."""

import random

import pytest

from assistant.dictation.document import Document, Field, Position, Range, Run, Section
from assistant.dictation.editor import Editor
from assistant.dictation.places import _WHOLE, off_word
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


@pytest.mark.parametrize("seed", range(20))
def test_what_is_known_of_a_text_is_what_its_runs_say_whatever_was_changed(seed):
    """The text moves from a section to its successor; places are looked for from the nearer end."""
    chance, editor = random.Random(seed), Editor()
    for number in range(80):
        document = editor.document
        section = chance.choice(document.sections)
        start = chance.randint(0, section.length)
        where = Range(section.id, start, min(section.length, start + chance.choice((0, 0, 1, 30))))
        new = [
            Run(chance.choice(("", "a", "no lesion. ", "é🫁 ")), chance.choice((None, "u1", f"u{number}")))
            for _ in range(chance.randint(0, 3))
        ]
        match chance.random():
            case share if share < 0.7:
                editor.change(document.replace(where, new))
            case share if share < 0.8:
                editor.change(document.add_section(f"Part {number}"))
            case share if share < 0.9:
                editor.undo()
            case _:
                editor.redo()
        for each in editor.document.sections:
            text = "".join(run.text for run in each.runs)
            owners = [run.item_id for run in each.runs for _ in run.text]
            assert (each.text, each.length) == (text, len(text))
            assert [each.item_at(at) for at in range(len(text) + 1)] == [*owners, None]
            starts = [len("".join(run.text for run in each.runs[:n])) for n in range(len(each.runs) + 1)]
            assert [each.start_of(n) for n in range(len(starts))] == starts
            found = [(place.start, run) for place, run in each.places(lambda _: True)]
            assert found == list(zip(starts, each.runs, strict=False))
        for item_id in editor.document.item_ids:
            last = editor.document.ranges_of(item_id)[-1]
            assert editor.document.ends_item(item_id, Position(last.section_id, last.end))
            assert not editor.document.ends_item(item_id, Position(last.section_id, last.end - 1))


def test_the_steps_of_undo_keep_no_text_beside_their_runs():
    """A thousand texts of a long report would fill the memory."""
    editor = Editor()
    for number in range(50):
        end = editor.document.sections[0].length
        editor.change(editor.document.replace(Range("text", end, end), [Run("words ", f"u{number}")]))
        assert editor.document.sections[0].text == "words " * (number + 1)
    for _ in range(20):
        assert editor.undo()
        assert editor.document.sections[0].text
    steps = [step.before for step in (*editor._undo, *editor._redo)]
    assert len(steps) == 50
    assert not any(section._text for document in steps for section in document.sections)


@pytest.mark.parametrize("seed", range(10))
def test_the_word_at_the_cursor_is_found_without_looking_at_the_whole_text(seed):
    chance = random.Random(seed)
    for _ in range(100):
        text = "".join(chance.choices("a1.,'-−+/<>[( )\n°%x", k=30))
        at = chance.randint(0, len(text))
        document = Document((Section("text", "", (Run(text),)),), Position("text", at))
        word = next((m.span() for m in _WHOLE.finditer(text) if m.start() < at < m.end()), None)
        expected = at if word is None else word[0] if at - word[0] < word[1] - at else word[1]
        assert off_word(document).cursor.offset == expected
