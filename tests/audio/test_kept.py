"""Kept audio: what is asked for is what was said, holes are silence, and old audio is gone."""

import io
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.frames import AudioChunk
from assistant.audio.kept import KeptAudio
from assistant.errors import BadInput

MS = 16


def ramp(start, count):
    """Samples whose value tells their position."""
    return ((np.arange(start, start + count) % 30_000) / 32_767).astype(np.float32)


def read(data):
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


@given(st.lists(st.integers(1, 700), min_size=1, max_size=20), st.data())
def test_any_slice_holds_the_samples_of_its_place(sizes, data):
    kept, at = KeptAudio(1), 0
    for size in sizes:
        kept.add(AudioChunk(ramp(at, size), at))
        at += size
    start = data.draw(st.integers(0, (at - 1) // MS))
    end = data.draw(st.integers(start + 1, start + 50))
    got = read(kept.wav(start, end))
    wanted = np.arange(start * MS, end * MS)
    assert len(got) == len(wanted)
    assert np.abs(got - np.where(wanted < at, wanted % 30_000, 0)).max() <= 1


def test_lost_audio_is_silence():
    kept = KeptAudio(1)
    kept.add(AudioChunk(np.full(160, 0.5, np.float32), 0))
    kept.add(AudioChunk(np.full(160, 0.5, np.float32), 320))
    got = read(kept.wav(0, 30))
    assert got[:160].min() > 16_000
    assert not got[160:320].any()
    assert got[320:].min() > 16_000


def test_only_the_last_minutes_are_kept():
    kept = KeptAudio(0.01)  # 600 ms
    for i in range(100):
        kept.add(AudioChunk(ramp(320 * i, 320), 320 * i))
    with pytest.raises(BadInput) as caught:
        kept.wav(0, 1_000)
    assert caught.value.code == "audio_gone"
    assert len(read(kept.wav(1_500, 1_600))) == 1_600
    assert sum(len(pcm) for _, pcm in kept._chunks) <= 9_600 + 320


def test_loud_samples_are_clipped_not_wrapped():
    kept = KeptAudio(1)
    kept.add(AudioChunk(np.array([1.5, -1.5] * 80, np.float32), 0))
    assert set(read(kept.wav(0, 10)).tolist()) == {32_767, -32_767}


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 5), (9, 3), (0, 60_001)])
def test_a_range_that_is_none_is_refused(start, end):
    with pytest.raises(BadInput) as caught:
        KeptAudio(1).wav(start, end)
    assert caught.value.code == "range_invalid"
