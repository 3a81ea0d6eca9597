"""Word sequences over and over are found, and only those."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.asr.repeats import Repeat, find_repeats


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("give 20 mg 20 mg 20 mg now", [Repeat(1, 7, 2)]),
        ("no no no", [Repeat(0, 3, 1)]),
        ("no no", []),
        ("metoprolol 25 mg daily metoprolol 25 mg daily", [Repeat(0, 8, 4)]),
        ("twenty milligrams, Twenty milligrams. twenty milligrams", [Repeat(0, 6, 2)]),
        ("the left lung and the right lung", []),
        ("", []),
    ],
)
def test_repeats_are_found_whatever_their_marks(text, found):
    assert find_repeats(text.split(), 8, 3, 2) == found


@given(st.lists(st.sampled_from("abcdefgh"), max_size=20), st.integers(1, 5), st.integers(3, 6))
def test_what_is_repeated_often_is_found_wherever_it_stands(before, size, times):
    sequence = [f"w{number}" for number in range(size)]
    words = [*before, *sequence * times]
    assert find_repeats(words, 8, 3)[-1].end == len(words)
