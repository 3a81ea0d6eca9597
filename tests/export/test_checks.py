"""Findings of the checks in a report, and texts they let pass."""

import pytest

from assistant.dictation.document import Document, Field, Run, Section
from assistant.events import WordPlace
from assistant.export.checks import check
from assistant.export.sides import conflicts


def document(**sections):
    return Document(
        sections=tuple(
            Section(name.lower(), name, (Run(text),) if isinstance(text, str) else tuple(text))
            for name, text in sections.items()
        )
    )


def found(made, **options):
    """(code, the text it points at) of each finding."""
    return [
        (each.code, made.section(each.section_id).text[each.start : each.end])
        for each in check(made, **options)
    ]


GOOD = {"Findings": "A 4.5 mm nodule in the right upper lobe.", "Impression": "Right upper lobe nodule."}


def test_a_good_report_has_no_findings():
    assert check(document(**GOOD), required=["Findings", "Impression"]) == []


def test_an_empty_report_is_one_finding():
    assert [each.code for each in check(Document(), required=["Findings"])] == ["report_empty"]


def test_a_side_that_changes_between_findings_and_impression_is_found():
    made = document(**GOOD | {"Impression": "Nodule of the left upper lobe."})
    assert found(made) == [("side_mismatch", "left")]
    assert check(made)[0].message == ("Impression says left upper lobe; Findings says right upper lobe only.")


def test_the_exam_is_held_against_the_findings_too():
    made = document(Exam="MRI of the left knee", Findings="Tear of the right knee meniscus.")
    assert found(made) == [("side_mismatch", "right")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Small right pleural effusion.", "Left pleural effusion."),
        ("No left effusion. Small right effusion.", "Left effusion."),
        ("The right kidney is normal. A 3 mm stone in the left kidney.", "Right kidney stone."),
        ("Fracture of the left 5th and 6th ribs.", "Right rib fractures."),
        ("Right effusion.", "Bilateral effusions."),
        ("Right effusion.", "Bilateral effusions, right greater than left."),
        ("Right lower lobe opacity, otherwise clear.", "Left lower lobe opacity."),
        ("A LEFT HIP FRACTURE", "right hip fracture"),
    ],
)
def test_these_sides_disagree(first, second):
    assert len(conflicts(first, second)) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Small bilateral effusions.", "Small left effusion."),
        ("Bilateral effusions, right greater than left.", "Left effusion."),
        ("Nodules in the right and left upper lobes.", "Left upper lobe nodule."),
        ("Right effusion.", "No left effusion."),
        ("Right kidney stone.", "Left hip fracture."),
        ("The patient left the room. Knee pain.", "Right knee pain."),
        ("Left-handed. Right wrist fracture.", "Right wrist fracture."),
        (
            "Right upper lobe nodule, left lower lobe nodule.",
            "Nodules of the right upper and left lower lobes.",
        ),
        ("", "Left knee."),
        ("Left kidney. Right kidney stone.", "Stone in the right kidney."),
    ],
)
def test_these_sides_agree(first, second):
    assert conflicts(first, second) == []


def test_unfilled_fields_missing_and_empty_sections_are_found_at_their_place():
    made = document(
        Findings=[Run("Heart: "), Run("[size]", origin="template", field=Field("size")), Run(".")],
        Impression=" ",
    )
    assert found(made, required=["Technique", "Findings"]) == [
        ("field_unfilled", "[size]"), ("section_empty", ""), ("section_missing", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "marker", ["{next field}", "[???]", "[DIAGNOSES]", "<unk>", "</s>", "___", "???", "XXX"]
)
def test_markers_that_were_left_in_the_text_are_found(marker):
    assert found(document(Findings=f"Clear {marker} lungs.")) == [("marker_unresolved", marker)]


def test_text_of_the_model_is_named():
    made = document(Findings=[Run("Clear. "), Run("No mass seen.", origin="answer")])
    assert found(made) == [("answer_inserted", "No mass seen.")]


def test_doubtful_words_are_listed_with_how_sure_they_are():
    made = document(Findings="Metoprolol 50 mg.")
    place = WordPlace(
        section_id="findings", start=0, end=10, item_id="utt_1", start_ms=0, end_ms=500, confidence=0.314
    )
    (one,) = check(made, doubtful=[place])
    assert one.message == "“Metoprolol” was heard with 31 % confidence."
    assert (one.code, one.start, one.end) == ("word_doubtful", 0, 10)


def test_findings_come_in_the_order_of_the_document():
    made = document(Exam="[a]", Findings="{b} and {c}")
    assert [text for _, text in found(made)] == ["[a]", "{b}", "{c}"]


def test_characters_that_a_format_writes_by_name_are_found_once_a_section():
    made = document(Findings="Clear\x08. 胸部胸 seen\t≥ 3\x1f.", Impression="胸")
    assert found(made) == [
        ("character_replaced", "\x08"), ("character_replaced", "胸"), ("character_replaced", "部"),
        ("character_replaced", "胸"),
    ]  # fmt: skip
    assert "[U+80F8]" in check(made)[1].message
