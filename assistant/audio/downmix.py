"""Several channels to one, of which none takes another away: one of opposite sign is turned first. Pure.

The average of two channels is silence where one has the other's sign, as some cables and recorders make it.
Each channel is compared with the loudest one, over about a second.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.audio.frames import Samples

OPPOSITE = -0.8
"""A correlation under this turns a channel; one over its opposite turns it back. Two microphones of one room
lie between."""
MEMORY_S = 1.0


class Downmix:
    """One stream of any number of channels, which may not change."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._products: npt.NDArray[np.float64] | None = None
        self._signs: npt.NDArray[np.float32] | None = None

    def push(self, planes: npt.NDArray[Any]) -> Samples:
        """``planes``: [channels, n] → [n]."""
        channels, length = planes.shape
        if channels == 1 or not length:
            return np.asarray(planes.mean(axis=0), np.float32)
        if self._products is None or self._signs is None or len(self._signs) != channels:
            self._products = np.zeros((channels, channels))
            self._signs = np.ones(channels, np.float32)
        varying = planes.astype(np.float64)
        varying -= varying.mean(axis=1, keepdims=True)
        self._products *= np.exp(-length / (MEMORY_S * self._rate_hz))
        self._products += varying @ varying.T
        energies = np.diagonal(self._products)
        loudest = int(energies.argmax())
        with np.errstate(divide="ignore", invalid="ignore"):
            alike = np.nan_to_num(self._products[loudest] / np.sqrt(energies * energies[loudest]))
        alike *= self._signs[loudest]
        self._signs[alike < OPPOSITE] = -1
        self._signs[alike > -OPPOSITE] = 1
        return np.asarray((planes * self._signs[:, None]).mean(axis=0), np.float32)
