"""The log-mel front end of LASR, streaming, in numpy. Pure.

Equal to transformers' ``LasrFeatureExtractor`` (tests compare), whatever the chunks: frames start at
multiples of 160 samples, there is no centring, no normalisation and no dither, and the arithmetic is
float64 until the last step.
"""

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.audio.frames import SAMPLE_RATE_HZ, Samples
from assistant.errors import BadInput

Features = npt.NDArray[np.float32]
"""[frames, mel bins]: natural logarithms of mel powers."""


@dataclass(frozen=True, slots=True)
class FeatureSettings:
    """A bundle's front-end settings. The defaults are MedASR's."""

    sample_rate_hz: int = SAMPLE_RATE_HZ
    window_samples: int = 400
    hop_samples: int = 160
    fft_size: int = 512
    mel_bins: int = 128
    lowest_hz: float = 125.0
    highest_hz: float = 7500.0
    floor: float = 1e-5
    """The smallest mel power; silence is ln of it."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class LogMel:
    """One stream: any samples in, the frames they complete out."""

    def __init__(self, settings: FeatureSettings = FeatureSettings()) -> None:
        self._settings = settings
        self._window = _hann(settings.window_samples)
        self._filters = mel_filters(settings)
        self._rest = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> Features:
        """``samples``: [n] at 16 kHz, any n. Raises ``BadInput`` (``audio_not_finite``)."""
        if not np.isfinite(samples).all():
            raise BadInput("The audio holds values that are not numbers.", code="audio_not_finite")
        s = self._settings
        joined = np.concatenate([self._rest, samples])
        count = frame_count(len(joined), s)
        self._rest = joined[count * s.hop_samples :]
        if not count:
            return np.zeros((0, s.mel_bins), np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(joined.astype(np.float64), s.window_samples)
        spectrum = np.fft.rfft(self._window * frames[:: s.hop_samples][:count], n=s.fft_size)
        power = np.maximum(np.abs(spectrum) ** 2 @ self._filters, s.floor)
        return np.asarray(np.log(power), np.float32)


def log_mel(samples: Samples, settings: FeatureSettings = FeatureSettings()) -> Features:
    """All frames of a whole recording."""
    return LogMel(settings).push(samples)


def frame_count(samples: int, settings: FeatureSettings = FeatureSettings()) -> int:
    """The number of whole frames in so many samples."""
    return max(0, (samples - settings.window_samples) // settings.hop_samples + 1)


@lru_cache(maxsize=4)
def mel_filters(settings: FeatureSettings) -> npt.NDArray[np.float64]:
    """[fft_size // 2 + 1, mel_bins]: triangles on the mel scale 1127 ln(1 + f/700); the DC bin is zero."""
    hz = np.linspace(0.0, settings.sample_rate_hz / 2, settings.fft_size // 2 + 1)[1:]
    edges = np.linspace(_mel(settings.lowest_hz), _mel(settings.highest_hz), settings.mel_bins + 2)
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    mels = _mel(hz)[:, None]
    rising = (mels - lower) / (centre - lower)
    falling = (upper - mels) / (upper - centre)
    return np.pad(np.maximum(0.0, np.minimum(rising, falling)), ((1, 0), (0, 0)))


def _mel(hz: Any) -> Any:
    return 1127.0 * np.log(1.0 + np.asarray(hz, np.float64) / 700.0)


@lru_cache(maxsize=4)
def _hann(size: int) -> npt.NDArray[np.float64]:
    """Symmetric."""
    return np.hanning(size)
