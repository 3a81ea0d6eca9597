"""The front end against the model's own."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.asr.features import FeatureSettings, LogMel, frame_count, log_mel, mel_filters
from assistant.errors import BadInput


def noise(samples, seed=0, level=0.1):
    return (np.random.default_rng(seed).standard_normal(samples) * level).astype(np.float32)


@pytest.fixture(scope="module")
def extractor():
    from transformers.models.lasr.feature_extraction_lasr import LasrFeatureExtractor

    return LasrFeatureExtractor()


@pytest.mark.parametrize("level", [0.0, 1e-4, 0.1, 1.0])
@pytest.mark.parametrize("samples", [400, 16_000, 51_234])
def test_the_features_are_those_of_the_models_own_extractor(extractor, samples, level):
    audio = noise(samples, samples, level)
    theirs = extractor(audio, sampling_rate=16_000, return_tensors="pt").input_features[0].numpy()
    ours = log_mel(audio)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1e-6


def test_the_filters_are_those_of_the_models_own_extractor(extractor):
    assert np.abs(mel_filters(FeatureSettings()) - extractor.mel_filters.numpy()).max() <= 1e-12


@settings(max_examples=60)
@given(st.integers(0, 4000), st.lists(st.integers(0, 1500), max_size=8), st.integers(0, 9))
def test_any_chunking_gives_the_same_frames(samples, cuts, seed):
    audio = noise(samples, seed)
    whole = log_mel(audio)
    edges = [0, *sorted(min(cut, samples) for cut in cuts), samples]
    stream = LogMel()
    parts = [stream.push(audio[a:b]) for a, b in pairwise(edges)]
    joined = np.concatenate(parts)
    assert joined.shape == whole.shape == (frame_count(samples), 128)
    assert np.abs(joined - whole).max(initial=0.0) <= 1e-6


def test_silence_is_the_floor():
    assert np.allclose(log_mel(np.zeros(4000, np.float32)), np.log(1e-5))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_audio_that_is_not_finite_is_refused(bad):
    audio = noise(1000)
    audio[500] = bad
    with pytest.raises(BadInput) as error:
        LogMel().push(audio)
    assert error.value.code == "audio_not_finite"
