"""The gain of a quiet microphone, and where speech ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.asr.levels import MOST_GAIN, QUIET_RMS, gain_for, levels, speech_end
from assistant.asr.probe import probe_signal

SPEECH = probe_signal(3.0)


def noise(samples, level, seed=0):
    return (np.random.default_rng(seed).standard_normal(samples) * level).astype(np.float32)


def test_loud_speech_is_left_as_it_is():
    assert gain_for(SPEECH) == 1.0


@settings(max_examples=50)
@given(st.floats(1e-6, 2.0))
def test_quiet_speech_is_lifted_towards_one_level_and_never_beyond_the_bound(volume):
    quiet = SPEECH * np.float32(volume)
    gain = gain_for(quiet)
    assert 1.0 <= gain <= MOST_GAIN
    loud = float(np.percentile(levels(quiet), 90))
    assert gain in (1.0, MOST_GAIN) or gain * loud == pytest.approx(QUIET_RMS, rel=1e-3)


def test_silence_and_nothing_have_a_gain_within_the_bound():
    assert gain_for(np.zeros(0, np.float32)) == 1.0
    assert gain_for(np.zeros(16_000, np.float32)) == MOST_GAIN


@pytest.mark.parametrize("room", [0.0, 1e-4, 3e-3])
def test_a_longer_silence_after_speech_does_not_move_its_end(room):
    """The final that was prepared 0.2 s into the pause is the one that is decoded at the end."""
    whole = np.concatenate([SPEECH, np.zeros(16_000, np.float32)]) + noise(64_000, room)
    ends = {speech_end(whole[: 48_000 + pause]) for pause in (3200, 6400, 11_200, 16_000)}
    assert len(ends) == 1
    assert 48_000 - 8000 < ends.pop() <= 48_000 + 3200


def test_a_quiet_last_word_belongs_to_the_speech():
    word = probe_signal(0.4) * np.float32(0.05)
    samples = np.concatenate([SPEECH, np.zeros(8000, np.float32), word, np.zeros(8000, np.float32)])
    assert speech_end(samples) > 48_000 + 8000 + 3200


def test_a_door_that_slams_does_not_cost_the_quiet_words_after_it():
    slam, quiet = noise(4800, 0.5), SPEECH * np.float32(0.02)
    fading = quiet * np.geomspace(1, 0.2, len(quiet)).astype(np.float32)
    samples = np.concatenate([slam, np.zeros(4800, np.float32), fading, np.zeros(11_200, np.float32)])
    end = len(samples) - 11_200
    assert end - 1600 < speech_end(samples + noise(len(samples), 1e-5)) <= end + 3200


@pytest.mark.parametrize("level", [0.0, 1e-3, 0.1])
def test_what_is_steady_has_no_end_before_its_end(level):
    assert speech_end(noise(16_000, level)) == 16_000
    assert speech_end(noise(100, level)) == 100
