"""The last minutes of a session's audio, so that a doubtful word can be heard again. In memory only."""

import io
import wave
from collections import deque

import numpy as np
from numpy.typing import NDArray

from assistant.audio.frames import SAMPLE_RATE_HZ, AudioChunk
from assistant.errors import BadInput

LONGEST_SLICE_MS = 60_000
BYTES_PER_SAMPLE = 2


class KeptAudio:
    """A ring of PCM16: 1.9 MB a minute. What is older than ``minutes`` is gone for good."""

    def __init__(self, minutes: float) -> None:
        self._limit = int(minutes * 60 * SAMPLE_RATE_HZ)
        self._chunks: deque[tuple[int, NDArray[np.int16]]] = deque()

    def add(self, chunk: AudioChunk) -> None:
        """Chunks come in order of their position on the sample clock."""
        if not len(chunk.samples):
            return
        pcm = (np.clip(chunk.samples, -1, 1) * 32767).astype("<i2")
        self._chunks.append((chunk.start, pcm))
        while self._chunks and _end(self._chunks[0]) <= chunk.end - self._limit:
            self._chunks.popleft()

    def wav(self, start_ms: int, end_ms: int) -> bytes:
        """[start_ms, end_ms) as a WAV file; what was lost in it is silence.

        Raises ``BadInput``: ``range_invalid``, ``audio_gone`` when none of it is kept (any more, or yet).
        """
        if not 0 <= start_ms < end_ms <= start_ms + LONGEST_SLICE_MS:
            raise BadInput(
                f"The start must be before the end, by {LONGEST_SLICE_MS // 1000} s at most.",
                code="range_invalid",
            )
        start, end = (ms * SAMPLE_RATE_HZ // 1000 for ms in (start_ms, end_ms))
        found = [chunk for chunk in self._chunks if chunk[0] < end and _end(chunk) > start]
        if not found:
            raise BadInput("This audio is no longer kept.", code="audio_gone")
        samples = np.zeros(end - start, "<i2")
        for at, pcm in found:
            first, last = max(at, start), min(at + len(pcm), end)
            samples[first - start : last - start] = pcm[first - at : last - at]
        return _wav(samples.tobytes())


def _end(chunk: tuple[int, NDArray[np.int16]]) -> int:
    return chunk[0] + len(chunk[1])


def _wav(pcm: bytes) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(BYTES_PER_SAMPLE)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(pcm)
    return out.getvalue()
