import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.frames import Samples
from assistant.audio.offset import OffsetFilter


def tone(hz: float, seconds: float = 1.0) -> Samples:
    return (0.2 * np.sin(2 * np.pi * hz * np.arange(int(16_000 * seconds)) / 16_000)).astype(np.float32)


@pytest.mark.parametrize("offset", [-0.7, -0.01, 0.0, 0.3, 0.79])
def test_what_is_constant_goes_from_the_first_sample_on_and_a_voice_stays(offset: float) -> None:
    heard = OffsetFilter().push(tone(120) + np.float32(offset))
    assert len(heard) == 16_000
    assert abs(float(heard[:160].mean())) < 0.08  # from the start: no step that a detector would hear
    settled = heard[4_000:]
    assert abs(float(settled.mean())) < 1e-3
    assert np.abs(settled - tone(120)[4_000:]).max() < 0.02


def test_an_offset_that_comes_later_is_gone_within_a_moment() -> None:
    sound = tone(200, 2.0)
    sound[16_000:] += 0.4
    heard = OffsetFilter().push(sound)
    assert abs(float(heard[24_000:].mean())) < 1e-3


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=6))
def test_how_it_is_cut_into_pieces_changes_nothing(sizes: list[int]) -> None:
    sound = tone(90, 2.0)[: sum(sizes)] + np.float32(0.25)
    one, pieces, at = OffsetFilter(), [], 0
    for size in sizes:
        pieces.append(one.push(sound[at : at + size]))
        at += size
    joined = np.concatenate(pieces)
    assert joined.dtype == np.float32
    assert np.allclose(joined, OffsetFilter().push(sound), atol=1e-6)
