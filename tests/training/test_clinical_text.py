"""Sentences, labels and scores of the clinical Moonshine's training."""

import random
import re

import pytest

from assistant.dictation.commands import TABLE
from hearing.scoring import Score, errors, found, grave, words
from hearing.terms import Terms, own
from training.clinical import short, vocabulary
from training.clinical.labels import corrected, plain
from training.clinical.sentences import (
    CORE,
    GENERAL_DEV,
    GENERAL_HELD_OUT,
    HELD_OUT_FRAMES,
    QUESTIONS,
    Writer,
    by_what_they_bring,
    everyday,
    fragments,
    held_back,
    spoken,
    training,
)
from training.clinical.sentences import plain as everyday_sentences

HELD = [("drug", f"heldoutmab{n}") for n in "abc"] + [("diagnosis", f"rare heldoutosis{n}") for n in "abcd"]


@pytest.fixture(scope="module")
def terms() -> Terms:
    rare = {"rare_drug": [f"rarumab{n}" for n in "abcdef"], "rare_term": [f"raritis{n}" for n in "abcdef"]}
    return own() | rare


@pytest.mark.parametrize(
    ("heard", "said", "label"),
    [
        (
            "The patient was put on metaprolol 25 mg twice daily and at ofastatin 40 mg at bedtime period.",
            "the patient was put on metoprolol twenty five milligrams twice daily and atorvastatin forty"
            " milligrams at bedtime period",
            "The patient was put on metoprolol 25 mg twice daily and atorvastatin 40 mg at bedtime period.",
        ),
        (
            "Is there a new methorax on this image?",
            "is there a pneumothorax on this image",
            "Is there a pneumothorax on this image?",
        ),
        (
            "No evidence of plural effusion. Or new methorax, period",
            "no evidence of pleural effusion or pneumothorax period",
            "No evidence of pleural effusion. Or pneumothorax, period",
        ),
        ("L4-L5 disc bulge.", "l four l five disc bulge", "L4-L5 disc bulge."),
        ("Blood pressure 142 over 88.", "blood pressure one hundred forty two over eighty eight",
         "Blood pressure 142 over 88."),
    ],
)  # fmt: skip
def test_a_label_is_what_was_heard_with_the_misheard_words_put_right(
    heard: str, said: str, label: str
) -> None:
    assert corrected(heard, said)[0] == label


def test_a_wrong_number_or_side_that_was_heard_is_put_right() -> None:
    label, wrong = corrected("The left kidney is 45 mm.", "the right kidney is fifty four millimeters")
    assert "right" in label
    assert "left" not in label
    assert words(label) == words("the right kidney is fifty four millimeters")
    assert wrong > 0


def test_every_label_says_what_was_said(terms: Terms) -> None:
    """Labels hold for every mishearing: words dropped, added and replaced at random."""
    writer, rng = Writer(terms, 5), random.Random(5)
    for _ in range(300):
        said = writer.write(CORE, "med").text
        heard = [w for w in said.split() if rng.random() > 0.15]
        heard = [rng.choice(["hummus", "new", "plural", "the"]) if rng.random() < 0.2 else w for w in heard]
        label, _ = corrected(" ".join(heard).capitalize() + ".", said)
        assert words(re.sub(r"[.,?]", "", label)) == words(said.replace(".", "")), (heard, said, label)
        assert grave(label) == grave(said), (heard, said, label)


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ("Formoterol 8 micrograms.", "formoterol eight hundred micrograms"),
        ("Zolpidem, one sixty milligrams.", "zolpidem one hundred sixty milligrams"),
        ("Vitamin E, one thousand two micrograms.", "vitamin e one thousand two hundred micrograms"),
        ("Not in the left lung.", "no nodule in the left lung"),
    ],
)
def test_a_label_keeps_every_number_side_and_negation(heard: str, said: str) -> None:
    assert grave(corrected(heard, said)[0]) == grave(said)


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("is there a pneumothorax here", "Is there a pneumothorax here?"),
        ("describe the pneumothorax", "Describe the pneumothorax."),
        ("is there a pneumothorax question mark", "Is there a pneumothorax question mark."),
    ],
)
def test_a_question_ends_with_a_question_mark_unless_one_is_spoken(said: str, label: str) -> None:
    assert plain(said) == label


def test_a_changed_number_side_or_negation_is_told_and_another_spelling_is_not() -> None:
    score = Score()
    for said, heard in (
        ("give one hundred sixty milligrams", "Give 160 mg."),
        ("on january twenty fourth twenty twenty five", "On January 24, 2025."),
        ("four hundred milliequivalents", "400 milli equivalents"),
        ("the third metacarpal", "The 3rd metacarpal."),
    ):
        score.add(said, heard, (), frozenset(), frozenset())
    assert score.changed == []
    wrong = (
        ("give one hundred sixty milligrams", "Give one sixty milligrams."),
        ("no effusion on the left", "An effusion on the left."),
        ("effusion on the left", "Effusion on the right."),
        ("four milligrams", "Four micrograms."),
    )
    for said, heard in wrong:
        score.add(said, heard, (), frozenset(), frozenset())
    assert score.changed == list(wrong)
    assert score.grave_errors == len(wrong)
    assert Score().report()["number_side_negation_errors_per_100"] == 0.0


def test_every_lost_or_added_number_counts() -> None:
    score = Score()
    score.add(
        "a four point seven millimeter focus",
        "ICFOL point seven millimeter focus",
        (),
        frozenset(),
        frozenset(),
    )
    score.add("no fracture", "No fracture on the left", (), frozenset(), frozenset())
    assert (score.graves, score.grave_errors) == (5, 2)


def test_texts_of_training_hold_every_command_and_no_sentence_of_the_tests(terms: Terms) -> None:
    trained = {s.text for s in short.commands(terms)}
    assert {p for row in TABLE for p in row.phrases if "<" not in p} <= trained
    assert not set(short.NUMBERS.split("\n")) & set(short.TEST_NUMBERS_FRAMES.split("\n"))
    numbers = {s.text for s in short.numbers(terms, 200)}
    held_back = {s.text for s in short.test(terms) if s.kind != "command"}
    assert not numbers & held_back


def test_what_is_held_back_is_in_no_sentence_of_training(terms: Terms) -> None:
    back = held_back(terms, HELD, 40, seed=3)
    assert {t for _, t in HELD} <= {t for s in back for t in s.terms}
    texts = {s.text for s in back}
    trained = training(terms, lambda word: len(word) // 3, texts, many=1 / 50)
    assert not texts & {s.text for s in trained}
    keys = {vocabulary.key_word(t) for _, t in HELD}
    assert not keys & {w for s in trained for w in s.text.split()}
    assert not set(HELD_OUT_FRAMES.split("\n")) & set(CORE.split("\n"))


def test_no_everyday_sentence_that_is_learnt_is_one_that_a_model_is_chosen_or_tested_on() -> None:
    learnt = [s.text for s in everyday_sentences(600)]
    assert len(set(learnt)) == len(learnt) == 600 + len(everyday("everyday.txt"))
    assert not set(learnt) & {*everyday("everyday_dev.txt"), *GENERAL_DEV, *GENERAL_HELD_OUT}


def test_parts_of_sentences_that_a_test_listens_for_are_not_learnt() -> None:
    learnt = {s.text for s in fragments(own(), 300)}
    assert len(learnt) == 300
    assert all(not re.search("or back pain|or fever|leg weakness|no fever", text) for text in learnt)


def test_training_asks_questions_says_marks_and_negates(terms: Terms) -> None:
    trained = training(terms, lambda word: len(word) // 3, set(), many=1 / 20)
    said = " ".join(s.text for s in trained)
    for words_ in (
        "is there a",
        "period",
        "comma",
        "new paragraph",
        "no evidence of",
        "milligrams",
        "l four",
    ):
        assert words_ in said
    assert {s.kind for s in trained} == {"med", "ask", "gen"}
    assert all(set(s.terms) <= {t for values in terms.values() for t in values} for s in trained)


def test_the_same_seed_writes_the_same_sentences(terms: Terms) -> None:
    def texts() -> list[str]:
        return [s.text for s in training(terms, lambda word: len(word) // 3, set(), many=1 / 50)]

    assert texts() == texts()


def test_what_brings_new_words_is_said_first(terms: Terms) -> None:
    writer = Writer(terms, 9)
    sentences = [writer.write(CORE, "med") for _ in range(400)]
    ordered = by_what_they_bring(sentences, lambda word: float(len(word) > 6))
    assert sorted(s.text for s in ordered) == sorted(s.text for s in sentences)

    def covered(some: list) -> int:
        return len({w for s in some for w in s.text.split() if len(w) > 6})

    assert covered(ordered[:100]) > 1.3 * covered(sentences[:100])


def test_every_slot_of_every_frame_can_be_filled(terms: Terms) -> None:
    writer = Writer(terms, 2)
    for frames in (CORE, QUESTIONS, HELD_OUT_FRAMES):
        for _ in frames.split("\n"):
            assert "{" not in writer.write(frames, "med").text


@pytest.mark.parametrize(("n", "text"), [(0, "zero"), (21, "twenty one"), (142, "one hundred forty two"),
                                         (1050, "one thousand fifty")])  # fmt: skip
def test_numbers_are_said_in_words(n: int, text: str) -> None:
    assert spoken(n) == text
    assert words(str(n)) == words(text)


def test_scores_count_errors_terms_and_what_was_invented() -> None:
    score = Score()
    medical = frozenset({"hypodense", "hyperdense", "effusion"})
    score.add("a hypodense lesion period", "A hyperdense lesion.", ["hypodense lesion"], frozenset(), medical)
    score.add("start metoprolol twenty five milligrams", "Start metoprolol 25 mg.", ["metoprolol"],
              frozenset({"metoprolol"}), medical)  # fmt: skip
    assert score.invented == ["hyperdense"]
    assert score.missed == ["hypodense lesion"]
    report = score.report()
    assert (report["terms_found_percent"], report["drugs_found_percent"]) == (50.0, 100.0)
    assert report["invented_per_100_clips"] == 50.0
    assert (score.errors, score.words) == (1, 8)


def test_compounds_and_spellings_that_mean_the_same_are_no_errors() -> None:
    assert errors(words("follow up of the x-ray"), words("followup of the xray")) == 0
    assert errors(words("7x9 mm"), words("seven by nine millimeters")) == 0
    assert found(["deep vein thrombosis"], words("no deep vein thrombosis")) == ["deep vein thrombosis"]
    assert found(["edema", "edema"], words("edema")) == ["edema"]
