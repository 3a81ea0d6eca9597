from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soxr

from assistant.audio.files import read_audio
from assistant.audio.frames import Samples


@pytest.fixture(scope="session")
def speech(data_dir: Path) -> Samples:
    """About 11 s of real speech at 16 kHz."""
    return read_audio(data_dir / "audio" / "jfk.flac")


def _opus_packets(samples: Samples, **options: str) -> list[bytes]:
    """20 ms packets of a real libopus encoder, with FEC, as a browser makes them."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "s16"
    encoder.bit_rate = 32_000
    encoder.options = {"application": "voip", "fec": "1", "packet_loss": "20", **options}
    pcm = (np.clip(soxr.resample(samples, 16_000, 48_000), -1, 0.999) * 32767).astype(np.int16)
    packets = []
    for start in range(0, len(pcm) - 959, 960):
        frame = av.AudioFrame.from_ndarray(pcm[None, start : start + 960], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, start
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


@pytest.fixture(scope="session")
def speech_packets(speech: Samples) -> list[bytes]:
    return _opus_packets(speech)


def _correlation(heard: Samples, original: Samples, max_shift_samples: int = 8000) -> float:
    """The best normalised correlation over shifts of ``heard`` against ``original``."""
    n = min(len(heard), len(original))
    a, b = heard[:n].astype(np.float64), original[:n].astype(np.float64)
    size = 2 * n
    products = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    near = np.concatenate([products[:max_shift_samples], products[-max_shift_samples:]])
    return float(near.max() / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-9))


@pytest.fixture(scope="session")
def opus_packets() -> Callable[..., list[bytes]]:
    """``opus_packets(samples, **encoder_options)``."""
    return _opus_packets


@pytest.fixture(scope="session")
def correlation() -> Callable[..., float]:
    """``correlation(heard, original, max_shift_samples=8000)``."""
    return _correlation
