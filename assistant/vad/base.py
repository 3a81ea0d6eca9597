"""The voice activity detector interface. Pure."""

from typing import Protocol

from assistant.audio.frames import Samples


class Vad(Protocol):
    """Speech probability per frame. One instance per stream: it keeps state."""

    frame_samples: int
    """The exact frame length in samples that ``probability`` takes (16 kHz)."""

    def probability(self, frame: Samples) -> float:
        """Speech probability in [0, 1] of ``frame``, shape [frame_samples]. Under 1 ms; CPU only."""
        ...
