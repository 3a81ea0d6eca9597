"""A made-up sound to try recognisers with: no speech, but its rise, fall and harmonics. Pure."""

import numpy as np

from assistant.audio.frames import SAMPLE_RATE_HZ, Samples


def probe_signal(seconds: float) -> Samples:
    """[seconds · 16000], the same each time."""
    t = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    pitch = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * t)) / SAMPLE_RATE_HZ
    voice = sum(
        np.sin(k * pitch + k) / k * (1 + np.sin(2 * np.pi * (0.9 + 0.3 * k) * t)) for k in range(1, 25)
    )
    syllables = np.maximum(0.0, np.sin(2 * np.pi * 3.1 * t)) * (np.sin(2 * np.pi * 0.4 * t) > -0.8)
    breath = np.random.default_rng(0).standard_normal(len(t)) * 0.01
    return np.asarray(0.05 * voice * syllables + breath, np.float32)
