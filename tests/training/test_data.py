import random
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import LasrFeatureExtractor

from training.lasr import data, voices

needs_flite = pytest.mark.skipif(shutil.which("flite") is None, reason="needs Debian's flite")


def tone(seconds, hertz=220.0):
    t = np.arange(int(seconds * 16_000)) / 16_000
    return (8000 * np.sin(2 * np.pi * hertz * t)).astype(np.int16)


def test_a_set_is_read_back_as_it_was_written(tmp_path):
    made = [data.Utterance(tone(0.3 + i / 10), "slt", f"word {i} {{period}}") for i in range(3)]
    data.write_shard(tmp_path, "train-000", made[:2])
    data.write_shard(tmp_path, "train-001", made[2:])
    read = data.read_set(tmp_path, "train")
    assert [(u.voice, u.target) for u in read] == [(u.voice, u.target) for u in made]
    for a, b in zip(read, made, strict=True):
        assert np.array_equal(a.audio, b.audio)


def test_a_shard_that_is_still_written_is_not_read(tmp_path):
    np.save(tmp_path / "train-000.npy", tone(1.0))
    assert data.read_set(tmp_path, "train") == []


def test_features_are_those_of_the_library():
    audio = np.random.default_rng(0).standard_normal(16_000).astype(np.float32) * 0.1
    library = LasrFeatureExtractor()(audio, sampling_rate=16_000, return_tensors="np").input_features[0]
    assert np.abs(data.features(audio) - library).max() < 1e-3


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.booleans())
def test_an_augmented_utterance_is_sound_within_range_and_not_shorter_than_its_speech(seed, mild):
    heard = data.augment(tone(0.7).astype(np.float32) / 32768, np.random.default_rng(seed), mild=mild)
    assert heard.dtype == np.float32
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() <= 1.0
    assert len(heard) > 0.7 / 1.1 * 16_000


def test_labels_that_have_no_frames_are_found():
    mel = np.zeros((100, 128), np.float32)  # 22 encoder frames
    assert data.fits(mel, list(range(4, 25)))
    assert not data.fits(mel, list(range(4, 26)))
    assert not data.fits(mel, [5] * 12)  # between equal labels CTC needs a blank


def test_a_batch_tells_padding_from_speech():
    batch = data.collate([np.ones((30, 128), np.float32), np.ones((20, 128), np.float32)], [[5], [6, 7]])
    assert batch.mask.sum(1).tolist() == [30, 20]
    assert batch.labels.tolist() == [[5, -100], [6, 7]]
    assert batch.seconds == pytest.approx(0.5)


def test_groups_hold_every_utterance_once_and_at_most_the_seconds_asked_for():
    some = [data.Utterance(tone(0.2 + (i % 7) / 3), "slt", str(i)) for i in range(40)]
    groups = list(data.by_length(some, 5.0, np.random.default_rng(3)))
    assert sorted(u.target for g in groups for u in g) == sorted(u.target for u in some)
    assert all(sum(u.seconds for u in g) <= 6.0 for g in groups)


@needs_flite
def test_synthesis_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "SHARD", 2)
    targets = ["clear {period}", "is it normal", "[FINDINGS] {colon} stable"]
    data.synthesise(tmp_path, "dev", targets[:2], seed=1)
    first = (tmp_path / "dev-000.npy").stat().st_mtime_ns
    data.synthesise(tmp_path, "dev", targets, seed=1)
    assert (tmp_path / "dev-000.npy").stat().st_mtime_ns == first
    assert [u.target for u in data.read_set(tmp_path, "dev")] == targets


@needs_flite
def test_a_voice_speaks_and_the_silence_around_it_is_cut():
    audio = voices.say("the lungs are clear", "slt", random.Random(1))
    assert 0.6 < len(audio) / 16_000 < 2.5
    assert np.abs(audio[:1600].astype(int)).max() > 300


def test_a_voice_that_is_not_there_is_a_clear_error():
    with pytest.raises(voices.SynthesisError, match="nobody"):
        voices.say("the lungs are clear", "nobody", random.Random(1))


def test_abbreviations_are_said_by_their_letters():
    assert (
        voices.as_said("ct of the head and hemoglobin a one c") == "c t of the head and hemoglobin ay one c"
    )
