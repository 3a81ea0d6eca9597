"""Opus packets to 16 kHz mono samples, by libopus through ctypes."""

import ctypes
import ctypes.util
import functools
import importlib.util
import weakref
from pathlib import Path

import numpy as np

from assistant.audio.frames import SAMPLE_RATE_HZ, Samples, pcm16_to_samples
from assistant.errors import BadInput, Missing
from assistant.installation import pip_command

MAX_PACKET_MS = 120
MAX_PACKET_SAMPLES = SAMPLE_RATE_HZ * MAX_PACKET_MS // 1000
STEP_SAMPLES = SAMPLE_RATE_HZ // 400
"""2.5 ms: libopus makes up audio in multiples of this."""

RTP_CLOCK_HZ = 48_000
FIRST_CELT_ONLY_CONFIG = 16
LONG_LENGTH_BYTE = 252


def _candidates() -> list[str]:
    """Possible paths of libopus: PyAV's own copy first, since its version is pinned with the package."""
    spec = importlib.util.find_spec("av")
    bundled: list[str] = []
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        folders = [package.parent / "av.libs", package / ".dylibs"]
        bundled = [str(path) for folder in folders for path in sorted(folder.glob("libopus[-.]*"))]
    found = ctypes.util.find_library("opus")
    return [*bundled, "libopus.so.0", *([found] if found else [])]


@functools.cache
def load_libopus() -> ctypes.CDLL:
    """The library with its signatures set. Raises Missing (``libopus_missing``)."""
    for name in _candidates():
        try:
            lib = ctypes.CDLL(name)
            _declare(lib)
        except (OSError, AttributeError):
            continue
        return lib
    raise Missing(
        f"libopus was not found. Install the package 'av' from a wheel ({pip_command('av')}), "
        "or the system library (Debian/Ubuntu: apt install libopus0).",
        code="libopus_missing",
    )


def _declare(lib: ctypes.CDLL) -> None:
    lib.opus_decoder_create.restype = ctypes.c_void_p
    lib.opus_decoder_create.argtypes = [ctypes.c_int32, ctypes.c_int, ctypes.POINTER(ctypes.c_int)]
    lib.opus_decoder_destroy.restype = None
    lib.opus_decoder_destroy.argtypes = [ctypes.c_void_p]
    lib.opus_decode.restype = ctypes.c_int
    lib.opus_decode.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_int,
    ]
    lib.opus_packet_get_nb_samples.restype = ctypes.c_int
    lib.opus_packet_get_nb_samples.argtypes = [ctypes.c_char_p, ctypes.c_int32, ctypes.c_int32]


def packet_ticks(payload: bytes) -> int:
    """A packet's duration in 48 kHz RTP ticks; 0 if it is empty or not an Opus packet."""
    if not payload:
        return 0
    ticks = int(load_libopus().opus_packet_get_nb_samples(payload, len(payload), RTP_CLOCK_HZ))
    return max(ticks, 0)


def has_fec(payload: bytes) -> bool:
    """Whether the packet carries a low-rate copy of the packet before it (LBRR, RFC 6716 section 4.2.4).

    Packets of three or more frames ("code 3") are taken to have none; browsers send one frame a packet.
    """
    if len(payload) < 2 or payload[0] >> 3 >= FIRST_CELT_ONLY_CONFIG:
        return False
    first_frame = _first_frame_offset(payload)
    if first_frame is None or first_frame >= len(payload):
        return False
    config = payload[0] >> 3
    frames_20ms = (1, 1, 2, 3)[config & 3] if config < 12 else 1
    flags = payload[first_frame]
    middle = flags >> (7 - frames_20ms) & 1
    side = flags >> (6 - 2 * frames_20ms) & 1 if payload[0] & 4 else 0
    return bool(middle or side)


def _first_frame_offset(payload: bytes) -> int | None:
    match payload[0] & 3:
        case 0 | 1:
            return 1
        case 2:
            return 2 if payload[1] < LONG_LENGTH_BYTE else 3
        case _:
            return None


class OpusDecoder:
    """State of one Opus stream. Not for use from two threads at once. All results are [n] float32, 16 kHz.

    Native memory is freed by ``close`` or, at the latest, with the object.
    Raises Missing (``libopus_missing``) when made.
    """

    def __init__(self) -> None:
        self._lib = load_libopus()
        failed = ctypes.c_int()
        pointer = self._lib.opus_decoder_create(SAMPLE_RATE_HZ, 1, ctypes.byref(failed))
        if not pointer or failed.value:
            raise MemoryError(f"libopus could not make a decoder (error {failed.value})")
        self._pointer: int | None = pointer
        self._free = weakref.finalize(self, self._lib.opus_decoder_destroy, pointer)
        self._pcm = np.empty(MAX_PACKET_SAMPLES, np.int16)

    def decode(self, payload: bytes) -> Samples:
        """One packet. Raises BadInput (``opus_packet_invalid``); the stream can go on after it."""
        if not payload:
            raise BadInput("An Opus packet was empty.", code="opus_packet_invalid")
        return self._run(payload, MAX_PACKET_SAMPLES, fec=False)

    def decode_fec(self, next_payload: bytes, samples: int) -> Samples:
        """The lost packet, ``samples`` long, from the copy in the packet after it. Call before ``decode``.

        Without a copy in it (see ``has_fec``) libopus makes the audio up. Raises BadInput like ``decode``.
        """
        return self._run(next_payload, _whole_steps(samples), fec=True)

    def conceal(self, samples: int) -> Samples:
        """Made-up audio that goes on from the last packet; rounded down to 2.5 ms, at most 120 ms a call."""
        length = _whole_steps(samples)
        return self._run(None, length, fec=False) if length else np.empty(0, np.float32)

    def close(self) -> None:
        """Free the native memory. Safe to call twice; decoding afterwards raises RuntimeError."""
        self._pointer = None
        self._free()

    def _run(self, payload: bytes | None, samples: int, *, fec: bool) -> Samples:
        if self._pointer is None:
            raise RuntimeError("the Opus decoder is closed")
        size = len(payload) if payload else 0
        decoded = self._lib.opus_decode(
            self._pointer, payload, size, self._pcm.ctypes.data, samples, int(fec)
        )
        if decoded < 0:
            raise BadInput(f"An Opus packet could not be decoded ({decoded}).", code="opus_packet_invalid")
        return pcm16_to_samples(self._pcm[:decoded])


def _whole_steps(samples: int) -> int:
    return min(samples, MAX_PACKET_SAMPLES) // STEP_SAMPLES * STEP_SAMPLES
