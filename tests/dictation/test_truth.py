"""The generator of dictations with a known value, and what its verdicts are worth."""

import random
from collections import Counter

import pytest

from assistant.dictation import Formatter
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


def test_nothing_wrong_is_written_and_little_is_left_as_it_was_said() -> None:
    """The short form of scripts/bench truth."""
    formatter = Formatter()
    verdicts = Counter[str]()
    for each in Corpus(1500, seed=29).dictations:
        written = formatter.write(each.text)
        if each.doubtful:
            assert written.marks, each.text
        else:
            verdict = each.verdict(written.text)
            assert verdict != "wrong", (each.text, written.text)
            verdicts[verdict] += 1
    assert verdicts["kept"] <= verdicts.total() * 0.01


@pytest.mark.parametrize(
    ("said", "written"),
    [
        (
            "at that point twenty milligrams of labetalol was pushed",
            "At that point 20 mg of labetalol was pushed",
        ),
        ("on hospital day three thirty milligrams of prednisone", "On hospital day 3 30 mg of prednisone"),
        ("three-point-eight", "3.8"),
        ("one-thirty-two over seventy-six", "132/76"),
    ],
)
def test_values_that_were_once_written_wrong(said: str, written: str) -> None:
    found = Formatter().write(said)
    assert found.text == written
    assert not found.marks


def test_what_was_said_is_never_wrong() -> None:
    for each in random.Random(1).sample(Corpus(6000).dictations, 1000):
        assert each.verdict(each.text) != "wrong", each.text
