"""A mark of lost sound stands at its place until a person accepts it."""

import contextlib
import random

import pytest

from assistant.dictation.dictation import Dictation
from assistant.dictation.document import Range
from assistant.dictation.gaps import gaps_in
from assistant.dictation.library import read_library
from assistant.errors import BadInput
from assistant.events import DocumentCommand
from assistant.export.checks import check

MARK = "[2.0 s not heard]"


@pytest.fixture
def dictation():
    dictation = Dictation()
    dictation.take("utt_1", "the liver measures 8.1 centimeters", cut=True, lost_after=True)
    dictation.lose(4_000, 2_000)
    dictation.take("utt_2", "of the liver. The spleen is normal.", lost_before=True)
    return dictation


def marks(dictation):
    return [run.text for _, run in gaps_in(dictation.document)]


def press(dictation, command, **fields):
    return dictation.press(DocumentCommand(command=command, **fields))


def test_two_sentences_across_a_gap_are_not_glued_and_the_words_beside_it_are_in_doubt(dictation):
    assert dictation.document.text == f"The liver measures 8.1 cm {MARK} Of the liver. The spleen is normal."
    doubts = [(run.text, run.doubt.reason, run.origin) for _, run in dictation.document.doubts()]
    assert doubts == [
        ("8.1", "gap", "voice"), ("cm", "gap", "voice"), (MARK, "gap", "gap"),
        ("Of", "gap", "voice"), ("the", "gap", "voice"),
    ]  # fmt: skip


def test_the_checks_name_it_once_until_it_is_accepted(dictation):
    def codes():
        return [
            each.code
            for each in check(dictation.document)
            if each.code in ("sound_lost", "marker_unresolved")
        ]

    assert codes() == ["sound_lost"]
    ((place, _),) = gaps_in(dictation.document)
    press(dictation, "confirm", section_id="text", offset=place.offset)
    assert codes() == [] and MARK not in dictation.document.text
    assert "8.1 cm Of the liver" in dictation.document.text
    dictation.undo()
    assert marks(dictation) == [MARK]
    dictation.redo()
    assert marks(dictation) == []


def test_undo_redo_and_commands_leave_it(dictation):
    for number in range(2):
        dictation.undo()
        assert marks(dictation) == [MARK], number
    assert dictation.document.text == MARK
    dictation.redo()
    dictation.redo()
    assert dictation.document.text == f"The liver measures 8.1 cm {MARK} Of the liver. The spleen is normal."
    for said in ("scratch that", "delete the last sentence", "delete everything", "clear the report"):
        command = dictation.understand(said)
        if command:
            dictation.obey("utt_9", command)
        assert marks(dictation) == [MARK], said


def test_a_hand_may_delete_it_and_typing_beside_it_does_not(dictation):
    document = dictation.document
    ((place, run),) = gaps_in(document)
    dictation.editor.edit(document.revision, _range(place.offset, place.offset), "x")
    assert marks(dictation) == [MARK]
    ((place, run),) = gaps_in(dictation.document)
    dictation.editor.edit(
        dictation.document.revision, _range(place.offset, place.offset + len(run.text)), "by hand"
    )
    assert marks(dictation) == []
    dictation.take("utt_3", "and more")
    assert marks(dictation) == []


def test_another_report_has_none_of_it_and_undo_brings_the_old_one_back(dictation):
    press(dictation, "new_report")
    assert dictation.document.text == ""
    dictation.undo()
    assert marks(dictation) == [MARK]


def obey(dictation, said):
    return dictation.obey("utt_9", dictation.understand(said))


@pytest.mark.parametrize("by", [lambda d: press(d, "new_report"), lambda d: obey(d, "new report")])
def test_each_report_keeps_its_own_marks_however_often_they_change_places(dictation, by):
    by(dictation)
    dictation.take("utt_3", "no fracture")
    dictation.lose(9_000, 3_000)
    for _ in range(2):
        dictation.undo()
        assert dictation.document.text == "[3.0 s not heard]"
        dictation.undo()
        assert marks(dictation) == [MARK]
        dictation.redo()
        dictation.redo()
        assert dictation.document.text == "No fracture [3.0 s not heard]"


def taken_away_by_hand(dictation):
    ((place, run),) = gaps_in(dictation.document)
    where = _range(place.offset, place.offset + len(run.text))
    dictation.editor.edit(dictation.document.revision, where, "")


def typed_over(dictation):
    """After some typing, of which it is a part."""
    ((place, run),) = gaps_in(dictation.document)
    dictation.editor.edit(dictation.document.revision, _range(place.offset, place.offset), "x")
    where = _range(place.offset + 1, place.offset + 1 + len(run.text))
    dictation.editor.edit(dictation.document.revision, where, "y")


@pytest.mark.parametrize(
    "accept",
    [lambda d: obey(d, "accept the gap"), taken_away_by_hand, typed_over],
    ids=["voice", "hand", "typing"],
)
def test_what_was_accepted_in_any_way_is_so_again_after_undo_and_redo(dictation, accept):
    accept(dictation)
    assert marks(dictation) == []
    dictation.lose(9_000, 3_000)
    dictation.undo()
    assert sorted(marks(dictation)) == [MARK, "[3.0 s not heard]"]
    dictation.redo()
    assert marks(dictation) == ["[3.0 s not heard]"]


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_done_each_report_has_the_marks_of_its_own_gaps_that_nobody_accepted(seed):
    """Checked against the simplest model: sets of gaps, and what each step of undo does to them."""
    rng, dictation, reports, current = random.Random(seed), Dictation(), [set()], 0
    undo, redo = [], []  # (gaps accepted, report before, report after)
    ways = ["say", "say", "gap", "undo", "undo", "redo", "new report", "accept the gap", "accept all gaps"]
    for step in range(80):
        document, way = dictation.document, rng.choice([*ways, "scratch that", "delete everything"])
        match way:
            case "say":
                dictation.take(f"utt_{step}", f"the lungs are clear {step}")
            case "gap":
                dictation.lose(step * 1000, 300 + step * 100)
                reports[current].add(f"gap_{step * 1000}")
            case "undo" if undo:
                dictation.undo()
                accepted, before, after = undo.pop()
                redo.append((accepted, before, after))
                current = before
                reports[before] |= accepted
            case "redo" if redo:
                dictation.redo()
                accepted, before, after = redo.pop()
                undo.append((accepted, before, after))
                current = after
                reports[after] -= accepted
            case said if command := dictation.understand(said):
                with contextlib.suppress(BadInput):
                    dictation.obey(f"utt_{step}", command)
        found = {run.item_id for _, run in gaps_in(dictation.document)}
        if way not in ("gap", "undo", "redo") and dictation.document.sections != document.sections:
            before, gone = current, set()
            if way == "new report":
                reports.append(set())
                current = len(reports) - 1
            elif way.startswith("accept"):
                gone = reports[current] - found
                assert len(gone) == 1 or (way.endswith("gaps") and gone == reports[current])
                reports[current] -= gone
            undo.append((gone, before, current))
            redo.clear()
        assert found == reports[current], (step, way)


def test_a_field_that_was_to_be_filled_stays_selected():
    dictation = Dictation()
    text = "name: T\nsections: [{title: Size, text: 'A [size] mass.'}]"
    dictation.use(dictation.formatter, read_library({"t.yaml": text}))
    press(dictation, "new_report", name="T")
    dictation.lose(0, 2_000)
    assert dictation.document.text == f"Size:\nA {MARK} [size] mass."
    dictation.take("utt_1", "four centimeters")
    assert dictation.document.text == f"Size:\nA {MARK} 4 cm mass."


def test_a_report_written_into_another_session_keeps_it(dictation):
    other = Dictation()
    press(other, "insert_text", text="The liver measures 8.1 cm ", name="")
    press(other, "insert_text", text=MARK, origin="gap", name="")
    press(other, "insert_text", text=" Of the liver.", name="")
    assert other.document.text == f"The liver measures 8.1 cm {MARK} Of the liver."
    assert [each.code for each in check(other.document)] == ["sound_lost"]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_done_no_mark_is_lost_or_doubled(seed):
    """Random speech, gaps, undo, redo and commands: as many marks as gaps, in their order where they were."""
    rng, dictation, gaps = random.Random(seed), Dictation(), 0
    for step in range(60):
        match rng.choice(
            [
                "say",
                "say",
                "gap",
                "undo",
                "redo",
                "scratch that",
                "new paragraph",
                "delete the last word",
                "move",
            ]
        ):
            case "say":
                dictation.take(f"utt_{step}", "the lungs are clear", lost_before=rng.random() < 0.3)
            case "gap":
                dictation.lose(step * 1000, 300 + step * 100)
                gaps += 1
            case "undo" if dictation.editor.can_undo:
                dictation.undo()
            case "redo" if dictation.editor.can_redo:
                dictation.redo()
            case "move":
                section = dictation.document.sections[0]
                press(
                    dictation, "place_cursor", section_id=section.id, offset=rng.randint(0, len(section.text))
                )
            case said:
                if command := dictation.understand(said):
                    with contextlib.suppress(BadInput):  # there is nothing to scratch, and the like
                        dictation.obey(f"utt_{step}", command)
        found = [run.item_id for _, run in gaps_in(dictation.document)]
        assert len(found) == len(set(found)) == gaps, (step, found)


def _range(start, end):
    return Range("text", start, end)
