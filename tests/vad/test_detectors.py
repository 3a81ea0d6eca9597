"""The two detectors on real speech."""

import numpy as np
import pytest
import soundfile

from assistant.components.opening import open_vad
from assistant.config import Settings

KINDS = [pytest.param("silero", marks=pytest.mark.models), "webrtc"]


def probabilities(vad, samples):
    size = vad.frame_samples
    return [vad.probability(samples[i : i + size]) for i in range(0, len(samples) - size + 1, size)]


@pytest.fixture(scope="module")
def speech(data_dir):
    return soundfile.read(data_dir / "speech" / "librivox_0870.flac", dtype="float32")[0]


@pytest.mark.parametrize("kind", KINDS)
def test_speech_is_mostly_likely_and_silence_never(kind, speech):
    new_vad = open_vad(Settings(vad=kind))
    assert np.mean(np.array(probabilities(new_vad(), speech)) > 0.6) > 0.6
    assert max(probabilities(new_vad(), np.zeros(16_000, np.float32))) < 0.45


@pytest.mark.parametrize("kind", KINDS)
def test_streams_do_not_hear_each_other(kind, speech):
    new_vad = open_vad(Settings(vad=kind))
    alone = probabilities(new_vad(), speech)
    one, other = new_vad(), new_vad()
    size = one.frame_samples
    together = []
    for i in range(0, len(speech) - size + 1, size):
        together.append(one.probability(speech[i : i + size]))
        other.probability(speech[::-1][i : i + size].copy())
    assert together == alone


@pytest.mark.parametrize("kind", KINDS)
def test_samples_that_are_not_numbers_are_survived(kind, speech):
    vad = open_vad(Settings(vad=kind))()
    for wrong in (np.nan, np.inf, -np.inf):
        vad.probability(np.full(vad.frame_samples, wrong, np.float32))
    assert max(probabilities(vad, speech)) > 0.6
