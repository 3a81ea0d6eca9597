"""A client's PCM16 stream at its own rate to 16 kHz chunks on an exact sample clock."""

import numpy as np
import soxr

from assistant.audio.frames import SAMPLE_RATE_HZ, AudioChunk, Samples, pcm16_to_samples
from assistant.errors import BadInput

DEFAULT_RATE_HZ = 24_000
"""The rate that OpenAI Realtime clients send."""

MIN_RATE_HZ = 8_000
MAX_RATE_HZ = 48_000
BYTES_PER_SAMPLE = 2
LARGEST_SAMPLE = np.float32(1 - 2**-15)


class StreamResampler:
    """One stream: little-endian PCM16 mono bytes of any chunk size in, 16 kHz float32 chunks out.

    ``start`` of the chunks counts output samples from ``start_sample``; nothing is dropped or doubled. The
    filter holds back a few milliseconds until ``finish``. Raises BadInput (``audio_rate_unsupported``).
    """

    def __init__(self, rate_hz: int = DEFAULT_RATE_HZ, *, start_sample: int = 0) -> None:
        if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
            raise BadInput(
                f"The sample rate {rate_hz} Hz is not supported. Send PCM16 mono at 8000 to 48000 Hz.",
                code="audio_rate_unsupported",
            )
        self._next = start_sample
        self._stream = (
            None
            if rate_hz == SAMPLE_RATE_HZ
            else soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")
        )

    def push(self, pcm: bytes) -> AudioChunk:
        """The next bytes of the stream; the chunk may be empty while the filter fills.

        Raises BadInput (``audio_odd_length``) without having taken any of them.
        """
        if len(pcm) % BYTES_PER_SAMPLE:
            raise BadInput(
                f"{len(pcm)} bytes of PCM16 is not a whole number of samples. Send an even number of bytes.",
                code="audio_odd_length",
            )
        return self._resample(pcm16_to_samples(np.frombuffer(pcm, "<i2")), last=False)

    def finish(self) -> AudioChunk:
        """The rest of the stream. Nothing may be pushed after it."""
        return self._resample(np.empty(0, np.float32), last=True)

    def _resample(self, samples: Samples, *, last: bool) -> AudioChunk:
        if self._stream is not None:
            resampled = self._stream.resample_chunk(samples, last=last)
            samples = np.clip(resampled, -1, LARGEST_SAMPLE).astype(np.float32, copy=False)
        chunk = AudioChunk(samples, self._next)
        self._next = chunk.end
        return chunk
