"""Spellings of the same words are the same reading; other numbers and words are not."""

import pytest

from assistant.asr.same_reading import says_the_same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("25", "twenty-five"),
        ("25", "twenty five"),
        ("25", "twenty"),
        ("875", "eight hundred seventy five"),
        ("mg", "milligrams"),
        ("mm,", "millimeter"),
        ("x-ray", "X-ray,"),
        ("follow-up", "followup"),
        ("55%", "fifty five percent"),
        ("L4-L5", "L4 L5"),
        ("The", "the"),
    ],
)
def test_the_same_words(one, other):
    assert says_the_same(one, other)
    assert says_the_same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("15", "50"),
        ("fifteen", "fifty"),
        ("mg", "mcg"),
        ("hypodense", "hyperdense"),
        ("25", "35"),
        ("left", "right"),
        ("metoprolol", "metaprolol"),
        ("2.5", "25 mg"),
        ("milligram", "microgram"),
    ],
)
def test_other_words(one, other):
    assert not says_the_same(one, other)
    assert not says_the_same(other, one)
