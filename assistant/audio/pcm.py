"""A client's PCM16 stream at its own rate to 16 kHz chunks on an exact sample clock."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import soxr

from assistant.audio.frames import SAMPLE_RATE_HZ, AudioChunk, Samples, pcm16_to_samples
from assistant.errors import BadInput

DEFAULT_RATE_HZ = 24_000
"""The rate that OpenAI Realtime clients send."""

MIN_RATE_HZ = 8_000
MAX_RATE_HZ = 48_000
BYTES_PER_SAMPLE = 2
LARGEST_SAMPLE = np.float32(1 - 2**-15)


Encoding = Literal["pcm16", "ulaw", "alaw"]


def _g711(encoding: Literal["ulaw", "alaw"]) -> npt.NDArray[np.int16]:
    """The 256 values of G.711, as 16-bit numbers: ITU-T G.711, tables 1a to 2b."""
    codes = np.arange(256)
    if encoding == "ulaw":
        codes = codes ^ 0xFF
        magnitude = ((((codes & 0x0F) << 3) + 0x84) << ((codes & 0x70) >> 4)) - 0x84
        negative = codes & 0x80 != 0
    else:
        codes = codes ^ 0x55
        exponent, mantissa = (codes & 0x70) >> 4, (codes & 0x0F) << 4
        magnitude = np.where(exponent == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(exponent - 1, 0))
        negative = codes & 0x80 == 0
    return np.where(negative, -magnitude, magnitude).astype(np.int16)


_TABLES = {"ulaw": _g711("ulaw"), "alaw": _g711("alaw")}


def pcm16_of(data: bytes, encoding: Encoding) -> bytes:
    """Little-endian PCM16 of the same samples."""
    if encoding == "pcm16":
        return data
    return _TABLES[encoding][np.frombuffer(data, np.uint8)].astype("<i2").tobytes()


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
