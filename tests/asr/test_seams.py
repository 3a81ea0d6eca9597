"""Two readings over a cut make one text, in which nothing is lost or comes twice."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.asr.base import Word
from assistant.asr.seams import BACK_MS, BEYOND_MS, after_cut, before_cut

SAID = """the left lung is clear no acute fracture of seven millimeter nodule in right upper lobe twenty five
milligrams twice daily comma period metoprolol five hundred"""
TAKEN = "she takes metoprolol twenty five milligrams and atorvastatin forty milligrams at bedtime"
HEARD = "she takes metaprolol twenty-five milligrams and adorvastatin forty milligram at bedtime"


def spoken(texts, seed, shake_ms=0):
    """Words of 200 to 450 ms with small gaps; times shaken as another reading's are."""
    rng = random.Random(seed)
    words, at = [], 0
    for text in texts:
        long = 200 + rng.randrange(250)
        words.append(Word(text, at, at + long))
        at += long + rng.randrange(60)
    shaken = random.Random(seed + 1)
    return words, [
        Word(
            word.text,
            word.start_ms + shaken.randint(-shake_ms, shake_ms),
            word.end_ms + shaken.randint(-shake_ms, shake_ms),
        )
        for word in words
    ]


def cut_and_joined(first, second, cut_ms):
    """As the recogniser sees it: the first side up to a second after the cut, the second from two before."""
    ours = [word for word in first if word.end_ms <= cut_ms + BEYOND_MS]
    theirs = [word for word in second if word.start_ms >= cut_ms - BACK_MS]
    kept = before_cut(ours, cut_ms)
    return [word.text for word in (*kept, *after_cut(kept, theirs))]


@given(
    st.lists(st.sampled_from(SAID.split()), min_size=12, max_size=40),
    st.integers(0, 1000),
    st.floats(0.3, 0.7),
    st.sampled_from([0, 40, 90]),
)
def test_a_cut_anywhere_loses_and_doubles_nothing(texts, seed, share, shake_ms):
    said_twice = any(a == b for a, b in pairwise(texts))
    first, second = spoken(texts, seed, 0 if said_twice else shake_ms)  # "five five" is told by time alone
    cut_ms = int(first[-1].end_ms * share)
    assert cut_and_joined(first, second, cut_ms) == texts


@pytest.mark.parametrize("cut_ms", range(2000, 6000, 37))
def test_another_spelling_at_the_cut_does_not_come_twice(cut_ms):
    texts, heard = TAKEN.split(), HEARD.split()
    first, _ = spoken(texts, 1)
    other, _ = spoken(texts, 1)
    second, at = [], 0
    for text in heard:
        parts = 2 if text == "twenty-five" else 1
        second.append(Word(text, other[at].start_ms, other[at + parts - 1].end_ms))
        at += parts
    joined = cut_and_joined(first, second, cut_ms)
    plain = " ".join(joined).replace("-", " ").replace("metap", "metop").replace("adorv", "atorv")
    numbers = [word for word in plain.replace("milligrams", "milligram").split() if word != "milligram"]
    assert numbers == [word for word in texts if word != "milligrams"]


def test_without_anything_before_all_that_follows_is_kept():
    words = (Word("five", 0, 200), Word("milligrams", 210, 500))
    assert after_cut((), words) == words
    assert before_cut((), 1000) == ()
