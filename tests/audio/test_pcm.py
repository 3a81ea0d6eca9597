import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.audio.frames import Samples
from assistant.audio.pcm import StreamResampler
from assistant.errors import BadInput


def to_pcm(samples: Samples) -> bytes:
    return (np.clip(samples, -1, 0.9999) * 32768).astype("<i2").tobytes()


@settings(max_examples=40)
@given(
    rate_hz=st.sampled_from([8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000]),
    sizes=st.lists(st.integers(0, 5_000), min_size=1, max_size=10),
)
def test_any_rate_and_chunking_keeps_the_sample_clock(rate_hz: int, sizes: list[int]) -> None:
    resampler = StreamResampler(rate_hz, start_sample=1000)
    chunks = [resampler.push(bytes(2 * n)) for n in sizes] + [resampler.finish()]
    ends = [1000, *(chunk.end for chunk in chunks)]
    assert [chunk.start for chunk in chunks] == ends[:-1]
    assert abs(ends[-1] - 1000 - sum(sizes) * 16_000 / rate_hz) <= 1


@pytest.mark.parametrize("rate_hz", [8_000, 24_000, 44_100, 48_000])
def test_a_streamed_tone_is_where_it_was(rate_hz: int) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(rate_hz) / rate_hz).astype(np.float32) * 0.5
    resampler, pcm = StreamResampler(rate_hz), to_pcm(tone)
    chunks = [resampler.push(pcm[i : i + 640]) for i in range(0, len(pcm), 640)] + [resampler.finish()]
    heard = np.concatenate([chunk.samples for chunk in chunks])
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    assert heard.dtype == np.float32
    assert np.abs(heard - expected)[500:-500].max() < 0.01


def test_16_khz_passes_unchanged() -> None:
    samples = np.linspace(-1, 0.9, 999, dtype=np.float32)
    heard = StreamResampler(16_000).push(to_pcm(samples)).samples
    assert np.abs(heard - samples).max() < 1e-4


def test_full_scale_does_not_leave_the_range() -> None:
    square = np.where(np.arange(24_000) // 40 % 2, 1.0, -1.0).astype(np.float32)
    assert np.abs(soxr.resample(square, 24_000, 16_000)).max() > 1
    heard = StreamResampler().push(to_pcm(square)).samples
    assert heard.min() >= -1 and heard.max() < 1


def test_half_a_sample_is_bad_input_and_takes_nothing() -> None:
    resampler = StreamResampler(16_000)
    with pytest.raises(BadInput) as raised:
        resampler.push(b"abc")
    assert raised.value.code == "audio_odd_length"
    assert resampler.push(b"abcd").start == 0


@pytest.mark.parametrize("rate_hz", [0, -1, 7_999, 48_001, 10**9])
def test_a_rate_that_no_microphone_has_is_bad_input(rate_hz: int) -> None:
    with pytest.raises(BadInput) as raised:
        StreamResampler(rate_hz)
    assert raised.value.code == "audio_rate_unsupported"
