"""The constant part of a signal taken out: a microphone that is off zero is heard like any other. Pure."""

import numpy as np

from assistant.audio.frames import SAMPLE_RATE_HZ, Samples

CUTOFF_HZ = 8.0
"""A high-pass far below any voice: what is slower goes."""
_DECAY = float(np.exp(-2 * np.pi * CUTOFF_HZ / SAMPLE_RATE_HZ))
_BLOCK = 2048
"""So many samples are done at once; the powers of ``_DECAY`` stay well in range."""


class OffsetFilter:
    """One stream at 16 kHz, in pieces of any size. The first sample is taken for the offset."""

    def __init__(self) -> None:
        self._offset: float | None = None

    def push(self, samples: Samples) -> Samples:
        """The next samples, as many, without what is constant in them."""
        if not len(samples):
            return samples
        if self._offset is None:
            self._offset = float(samples[0])
        return np.concatenate(
            [self._block(samples[at : at + _BLOCK]) for at in range(0, len(samples), _BLOCK)]
        )

    def _block(self, samples: Samples) -> Samples:
        """The running mean m[n] = d·m[n-1] + (1 - d)·x[n] in closed form."""
        assert self._offset is not None
        powers = _DECAY ** np.arange(1, len(samples) + 1)
        mean = powers * (self._offset + (1 - _DECAY) * np.cumsum(samples / powers))
        self._offset = float(mean[-1])
        return (samples - mean).astype(np.float32)
