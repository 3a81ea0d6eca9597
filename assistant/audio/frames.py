"""The one PCM type of the package, and re-chunking on the sample clock. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 16_000
"""All audio inside the package is mono float32 in [-1, 1) at this rate."""

MARKED_SAMPLES = SAMPLE_RATE_HZ // 5
"""0.2 s: the shortest words, "no" among them, take about as long."""

Samples = npt.NDArray[np.float32]
"""Shape [n], mono, 16 kHz, float32 in [-1, 1)."""


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """Consecutive samples. ``start`` is the index of the first one on the session's sample clock.

    ``concealed`` marks samples that were made up (FEC or concealment) because packets were lost.
    """

    samples: Samples
    start: int
    concealed: bool = False

    @property
    def end(self) -> int:
        return self.start + len(self.samples)


@dataclass(frozen=True, slots=True)
class LostSound:
    """Samples [start, end) of the session's clock that were never heard."""

    start: int
    end: int
    reason: Literal["network", "overload"]

    @property
    def may_hold_a_word(self) -> bool:
        """Shorter losses are bridged; these are marked in the report."""
        return self.end - self.start >= MARKED_SAMPLES


def pcm16_to_samples(pcm: npt.NDArray[np.int16]) -> Samples:
    """int16 [n] → float32 [n] in [-1, 1)."""
    return pcm.astype(np.float32) / 32768.0


class GrowingAudio:
    """Audio that grows at its end and is always in one piece. Its room doubles when it is full, so a sample
    is copied about twice, however often audio is added."""

    def __init__(self) -> None:
        self._room = np.empty(4 * SAMPLE_RATE_HZ, np.float32)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def nbytes(self) -> int:
        return self._room.nbytes

    @property
    def samples(self) -> Samples:
        """All of it, read-only. What is added later does not change it."""
        view = self._room[: self._length]
        view.flags.writeable = False
        return view

    def add(self, samples: Samples) -> None:
        length = self._length + len(samples)
        if length > len(self._room):
            room = np.empty(max(length, 2 * len(self._room)), np.float32)
            room[: self._length] = self._room[: self._length]
            self._room = room
        self._room[self._length : length] = samples
        self._length = length


class Rechunker:
    """Any chunk sizes in, chunks of exactly ``size`` samples out.

    A jump in ``start`` (lost audio) drops the unfinished remainder, so that one chunk is always
    contiguous in time.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._parts: list[Samples] = []
        self._held = 0
        self._next = 0

    def push(self, chunk: AudioChunk) -> Iterator[AudioChunk]:
        if self._held and chunk.start != self._next:
            self._parts, self._held = [], 0
        self._parts.append(chunk.samples)
        self._held += len(chunk.samples)
        self._next = chunk.end
        if self._held < self._size:
            return
        joined = np.concatenate(self._parts)
        start = self._next - self._held
        whole = self._held - self._held % self._size
        for i in range(0, whole, self._size):
            yield AudioChunk(joined[i : i + self._size], start + i, chunk.concealed)
        rest = joined[whole:]
        self._parts, self._held = ([rest] if len(rest) else []), len(rest)

    def drain(self) -> Samples:
        """Take the rest, which is shorter than a chunk."""
        rest = np.concatenate(self._parts) if self._parts else np.zeros(0, np.float32)
        self._parts, self._held = [], 0
        return rest
