"""Expected words never decide between words that sound alike."""

import pytest

from assistant.asr.confusable import alike, counterparts, expectable


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hyperdense", "hypodense"),
        ("hyperkalemia", "hypokalemia"),
        ("hypotension", "hypertension"),
        ("abduction", "adduction"),
        ("adducted", "abducted"),
        ("interatrial", "intraatrial"),
        ("nephrectomy", "nephrotomy"),
        ("nephrostomy", "nephrectomy"),
        ("colostomy", "colectomy"),
        ("dextrocardia", "levocardia"),
        ("hydralazine", "hydroxyzine"),
        ("Vinblastine", "vincristine"),
        ("prednisone", "prednisolone"),
        ("dysphagia", "dysphasia"),
        ("ureter", "urethra"),
    ],
)
def test_each_of_a_pair_knows_the_other(one, other):
    assert other.lower() in alike(one)
    assert one.lower() in alike(other)


def test_no_word_is_its_own_counterpart_and_pairs_are_mutual():
    for word in ("hypodense", "hydralazine", "carpal", "tachycardia", "cystectomy"):
        assert word not in alike(word)
        assert all(word in alike(other) for other in alike(word))


@pytest.mark.parametrize(
    ("phrase", "parts"),
    [
        ("left lower lobe consolidation", ["lobe consolidation"]),
        ("insulin glargine 10 units", ["insulin glargine"]),
        ("no pneumothorax", ["pneumothorax"]),
        ("T4 N1", []),
        ("Dr. Okonkwo-Reyes", ["Dr Okonkwo-Reyes"]),
        ("twice daily", []),
    ],
)
def test_numbers_sides_and_negatives_are_never_expected(phrase, parts):
    assert expectable(phrase) == parts


def test_a_phrase_is_exchanged_word_by_word():
    assert "hyperdense lesion" in counterparts("hypodense lesion")
