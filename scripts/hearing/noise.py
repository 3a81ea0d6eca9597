"""Noise, and what holds no speech: it must give no words."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
Samples = NDArray[np.float32]


def coloured(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """White, pink or brown noise, [n]."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequency = np.maximum(np.arange(len(spectrum)), 1) ** (rng.choice([0, 0.5, 1]))
    return np.fft.irfft(spectrum / frequency, n)


def no_speech(many: int, rng: np.random.Generator) -> Iterator[Samples]:
    """Silence, hum and noise that swells: what must give no words."""
    for _ in range(many):
        n = int(RATE * rng.uniform(0.4, 6))
        noise = coloured(n, rng)
        noise /= np.std(noise) + 1e-9
        at = np.arange(n) / RATE
        match int(rng.integers(5)):
            case 0:
                a = noise
            case 1:
                a = noise * (1 + 0.9 * np.sin(2 * np.pi * rng.uniform(0.2, 3) * at))
            case 2:
                a = np.sin(2 * np.pi * rng.choice([50, 60, 100, 120, 440]) * at) + noise * 0.2
            case 3:  # knocks and clicks
                a = noise * 0.1
                for start in rng.integers(0, n, int(rng.integers(1, 8))):
                    length = min(n - int(start), int(RATE * rng.uniform(0.01, 0.15)))
                    a[start : start + length] += (
                        rng.standard_normal(length) * np.exp(-np.linspace(0, 6, length)) * 8
                    )
            case _:
                a = noise * np.repeat(rng.uniform(0, 1, n // 1600 + 1), 1600)[:n] ** 2
        yield (a / (np.abs(a).max() + 1e-9) * 10 ** rng.uniform(-3, -0.1)).astype(np.float32)
