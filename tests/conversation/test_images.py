"""The images that a question is about."""

import pytest

from assistant.conversation.images import choose_images
from assistant.imaging.timeline import Attached, timeline

PLAIN = [Attached("a", "IMG_1.png"), Attached("b", "IMG_2.png"), Attached("c", "IMG_3.png")]
NAMED = [Attached("pa", "chest_pa.png"), Attached("lat", "chest_lateral.png"), Attached("ecg", "ecg.jpg")]
TAGGED = [
    Attached("now", "X-ray", taken="20260110080000", exam="2"),
    Attached("then", "X-ray", taken="20240110080000", exam="1"),
    Attached("side", "X-ray", taken="20260110080100", exam="2"),
]
DATED = [Attached("new", "ct_2026-03-01.png"), Attached("old", "ct_2025-01-20.png")]
LABELLED = [Attached("p", "prior chest.png"), Attached("c", "chest today.png")]


@pytest.mark.parametrize(
    ("question", "images", "ids"),
    [
        ("Is there a pneumothorax?", PLAIN, "a b c"),
        ("What does the second image show?", PLAIN, "b"),
        ("What is on the last picture?", PLAIN, "c"),
        ("Describe the first chest film.", PLAIN, "a"),
        ("What about the second one?", PLAIN, "b"),
        ("Is there an effusion on image 2?", PLAIN, "b"),
        ("Look at images one and three.", PLAIN, "a c"),
        ("Is this image normal?", PLAIN, "c"),
        ("What does this x-ray show?", PLAIN, "c"),
        ("Are these images normal?", PLAIN, "a b c"),
        ("Compare the first image with the second image.", PLAIN, "a b"),
        ("Has it grown since the first image?", PLAIN, "a b c"),
        ("Is the nodule larger than on the prior?", LABELLED, "p c"),
        ("What does the fifth image show?", PLAIN, "a b c"),
        ("Is the second rib broken?", PLAIN, "a b c"),
        ("Is that a CT 5 mm nodule?", PLAIN, "a b c"),
        ("Is the effusion seen on the lateral view?", NAMED, "lat"),
        ("Interpret the ECG.", NAMED, "ecg"),
        ("Is the chest normal?", NAMED, "pa lat ecg"),
        ("Was it there on the prior?", DATED, "old"),
        ("What does the current scan show?", DATED, "new"),
        ("Was it there on the previous film?", LABELLED, "p"),
        ("Compare with the prior.", LABELLED, "p c"),
        ("Was it there on the prior?", PLAIN, "a b c"),
        ("What does it show?", PLAIN[:1], "a"),
        ("What does it show?", [], ""),
    ],
)
def test_images_are_chosen_by_the_words_of_the_question(question, images, ids):
    assert choose_images(question, images).ids == tuple(ids.split())


def test_how_they_were_chosen_is_said():
    assert choose_images("Is there one?", PLAIN).why == "all attached"
    assert choose_images("Is this image normal?", PLAIN).why == "image 3 of 3, the last one attached"
    assert choose_images("Is it normal?", []).why == ""


@pytest.mark.parametrize(
    ("question", "images", "open_id", "ids", "task"),
    [
        ("Where is the left clavicle?", PLAIN[:1], "", "a", "locate"),
        ("Locate the carina.", PLAIN, "", "c", "locate"),
        ("Locate the carina.", PLAIN, "b", "b", "locate"),
        ("Draw a box around the heart on image 1", PLAIN, "b", "a", "locate"),
        ("Where is the effusion on the lateral view?", NAMED, "", "lat", "locate"),
        ("Where are the nodules on these images?", PLAIN, "", "a b c", "answer"),
        ("Where are the nodules on images 1 and 2?", PLAIN, "", "a b", "answer"),
        ("Where is the liver?", [*PLAIN, Attached("ct", "CT", one_picture=False)], "", "a b c ct", "answer"),
        ("Where is the liver?", [Attached("ct", "CT", one_picture=False)], "", "ct", "answer"),
        ("Where is the left clavicle?", [], "", "", "answer"),
        ("Is there a pneumothorax?", PLAIN, "b", "b", "answer"),
        ("Are these images normal?", PLAIN, "b", "a b c", "answer"),
        ("Is it normal?", PLAIN, "gone", "a b c", "answer"),
        ("Is there a pneumothorax?", TAGGED, "", "then now side", "answer"),
        ("Compare these X-rays.", TAGGED, "", "then now side", "compare"),
        ("Compare these two X-rays.", LABELLED[::-1], "", "p c", "compare"),
        ("Has the effusion improved since the last one?", DATED, "", "old new", "compare"),
        ("Compare these two X-rays.", PLAIN[:1], "", "a", "answer"),
        ("Make a table of this lab report", PLAIN[:1], "", "a", "labs"),
        ("Extract the lab results", PLAIN[:2], "", "a b", "labs"),
        ("Read the blood test results into a table", PLAIN[:1], "", "a", "labs"),
        ("Extract the lab results", [], "", "", "answer"),
        ("Are the lab results normal?", PLAIN[:1], "", "a", "answer"),
    ],
)
def test_a_place_is_asked_for_on_one_image_and_change_in_the_order_of_time(
    question, images, open_id, ids, task
):
    choice = choose_images(question, images, open_id)
    assert (choice.ids, choice.task) == (tuple(ids.split()), task)


def test_views_of_one_study_are_compared_together_and_the_order_is_told():
    choice = choose_images("What has changed?", TAGGED)
    assert choice.comparison is not None
    assert choice.comparison.exams == (("then",), ("now", "side"))
    assert choice.why == "oldest first by the dates in the files: images 2, then 1 and 3"
    assert not choice.comparison.since_first
    assert choose_images("What changed since the first study?", TAGGED).comparison.since_first
    assert choose_images("Locate the carina.", PLAIN).why == "image 3 of 3, the last one attached"
    assert choose_images("Locate it.", PLAIN, "b").why == "image 2 of 3, the one that is open"


@pytest.mark.parametrize(
    ("images", "order", "by"),
    [
        (TAGGED[:2], "then, now", "by the dates in the files"),
        (DATED, "old, new", "by the dates in the files and their names"),
        (LABELLED[::-1], "p, c", "by their names"),
        (PLAIN, "a, b, c", "in the order in which they were attached"),
        ([DATED[0], PLAIN[0]], "new, a", "in the order in which they were attached"),
        ([TAGGED[2], TAGGED[0]], "now, side", "by the dates in the files"),
        ([Attached("x", "x", taken="20260101000000"), Attached("y", "y", taken="20260101000000")], "x, y",
         "in the order in which they were attached"),
    ],
)  # fmt: skip
def test_the_order_of_time_rests_on_tags_then_names_then_the_order_of_attaching(images, order, by):
    found = timeline(images)
    assert ", ".join("+".join(image.id for image in exam) for exam in found.exams) == order
    assert found.by == by
