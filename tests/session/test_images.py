"""Which images a question is about."""

import pytest

from assistant.session.images import Attached, choose_images

PLAIN = [Attached("a", "IMG_1.png"), Attached("b", "IMG_2.png"), Attached("c", "IMG_3.png")]
NAMED = [Attached("pa", "chest_pa.png"), Attached("lat", "chest_lateral.png"), Attached("ecg", "ecg.jpg")]
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
        ("Compare the first image with the second image.", PLAIN, "a b c"),
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
    assert choose_images("Is this image normal?", PLAIN).why == "this one: the last one attached"
    assert choose_images("Is it normal?", []).why == ""
