"""The generator of dictations with a known value, and what its verdicts are worth."""

import random

import pytest

from tests.dictation.truth import STYLES, Clause, Corpus, Piece, clauses, decimal, dictation, whole

DAY = Clause(
    "example",
    (
        Piece("on hospital day"),
        Piece("three", "3", "3", number=True),
        Piece("thirty", "30", "30", number=True),
        Piece("milligrams", "mg", "mg"),
        Piece("of prednisone"),
    ),
)


def test_a_number_is_said_in_every_usual_way() -> None:
    assert whole(132) == ("one hundred thirty two", "one hundred and thirty two", "one thirty two")
    assert whole(105)[-1] == "one oh five"
    assert whole(1500) == ("one thousand five hundred", "fifteen hundred")
    assert decimal("0.25") == ("zero point two five", "point two five")


def test_every_style_says_the_same() -> None:
    assert [DAY.spoken(style) for style in STYLES] == [
        "on hospital day three thirty milligrams of prednisone",
        "on hospital day three thirty milligrams of prednisone",
        "on hospital day three thirty milligrams of prednisone",
        "on hospital day 3 30 mg of prednisone",
    ]


@pytest.mark.parametrize(
    ("written", "verdict"),
    [
        ("On hospital day 3 30 mg of prednisone.", "right"),
        ("On hospital day three 30 mg of prednisone.", "right"),
        ("on hospital day three thirty milligrams of prednisone period", "right"),
        ("On hospital day 330 mg of prednisone.", "wrong"),
        ("On hospital day 3 30 mcg of prednisone.", "wrong"),
        ("On hospital day 3 3.0 mg of prednisone.", "wrong"),
        ("On hospital day 3 30 mg of prednisolone.", "wrong"),
        ("On hospital 3 30 mg of prednisone.", "wrong"),
    ],
)
def test_a_wrong_value_is_wrong(written: str, verdict: str) -> None:
    found = dictation([(DAY, "period")], "lower").verdict(written)
    assert found == verdict or (verdict, found) == ("right", "kept")


def test_the_corpus_is_large_and_always_the_same() -> None:
    every = clauses()
    assert len(every) > 30_000
    assert len({clause.family for clause in every}) > 15
    assert [each.text for each in Corpus(50).dictations] == [each.text for each in Corpus(50).dictations]


def test_what_was_said_is_never_wrong() -> None:
    for each in random.Random(1).sample(Corpus(6000).dictations, 1000):
        assert each.verdict(each.text) != "wrong", each.text
