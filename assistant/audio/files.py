"""Audio files of any common kind to 16 kHz mono samples."""

import io
import struct
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
import soxr

from assistant.audio.downmix import Downmix
from assistant.audio.frames import SAMPLE_RATE_HZ, Samples
from assistant.errors import BadInput

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

MAX_FILE_HOURS = 4
MAX_FILE_SAMPLES = MAX_FILE_HOURS * 3600 * SAMPLE_RATE_HZ
TRUNCATED = "audio_truncated"
MAX_MISSING_S = 0.5
"""A file that is shorter than its header says by more than this is cut off."""

UNKNOWN_WAV_BYTES = 0x7FFF0000
"""Programs that record to a pipe write about this, or the largest number, as the length."""

EXACT_LENGTH_FORMATS = frozenset({"w64", "aiff", "flac", "mov"})
"""Containers whose header states the length; for the others it is an estimate."""

PLAYLIST_FORMATS = frozenset({"hls", "concat", "dash", "imf"})
"""These hold no audio but the names of other files, which are never opened."""

LARGEST_SAMPLE = np.float32(1 - 2**-15)


def read_audio(path: str | Path, on_cut_short: Callable[[BadInput], None] | None = None) -> Samples:
    """All of the file's first audio track, [n] at 16 kHz; several channels are averaged, and one that has the
    opposite sign of the others is turned first.

    A file that ends before its audio should is told to ``on_cut_short`` and read as far as it goes; without
    it, that is an error like the others. Blocks; run it in a thread when on an event loop.

    Raises BadInput: ``file_not_found``, ``file_is_directory``, ``file_not_allowed`` (permissions), and those
    of ``audio_parts``.
    """
    parts: list[Samples] = []
    with _open_file(Path(path)) as file:
        try:
            parts += audio_parts(file, Path(path).name)  # keeps what came before an error
        except BadInput as error:
            if error.code != TRUNCATED or on_cut_short is None:
                raise
            on_cut_short(error)
    return np.concatenate(parts)


def audio_parts(
    file: IO[bytes], name: str, on_length: Callable[[float], None] = lambda _: None
) -> Iterator[Samples]:
    """The same samples part by part, of a second at most each, so that a recording of hours is never in
    memory. ``on_length`` is told once, before the first part, about how many seconds it has; 0: not stated.

    Raises BadInput: ``audio_unreadable`` (not audio, or damaged), ``audio_empty``, ``audio_too_long``
    (over 4 hours), and after the last part ``audio_truncated``.
    """
    whole = yield from _decoded(file, name, on_length)
    if not whole or _missing_wav_s(file) > MAX_MISSING_S:
        raise _truncated(name)


def _open_file(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise BadInput(f"There is no file {path}. Check the name.", code="file_not_found") from None
    except IsADirectoryError:
        raise BadInput(f"{path} is a folder. Name one audio file in it.", code="file_is_directory") from None
    except PermissionError:
        raise BadInput(f"{path} cannot be opened. Check its permissions.", code="file_not_allowed") from None
    except (OSError, ValueError):
        raise _unreadable(path.name) from None


def _unreadable(name: str) -> BadInput:
    return BadInput(
        f"{name} could not be read as audio. Use WAV, FLAC, MP3, M4A or OGG, for example.",
        code="audio_unreadable",
    )


def _decoded(
    file: IO[bytes], name: str, on_length: Callable[[float], None]
) -> Generator[Samples, None, bool]:
    """Yields the sound that can be read. Returns False if the file is cut short."""
    import av  # noqa: PLC0415 - brings all of FFmpeg; only whoever reads files pays for it

    read_samples = 0
    stated_s = 0.0
    try:
        # The file object and a protocol list without protocols keep playlists from opening anything else.
        with av.open(file, "r", options={"protocol_whitelist": "none"}) as container:
            if container.format.name in PLAYLIST_FORMATS or not container.streams.audio:
                raise _unreadable(name)
            stream = container.streams.audio[0]
            stated_s = _stated_length_s(container, stream)
            _check_length(stated_s * SAMPLE_RATE_HZ, name)
            on_length(stated_s or (container.duration or 0) / av.time_base)
            for part in _resampled(container, stream):
                read_samples += len(part)
                _check_length(read_samples, name)
                for at in range(0, len(part), SAMPLE_RATE_HZ):
                    yield np.clip(part[at : at + SAMPLE_RATE_HZ], -1, LARGEST_SAMPLE)
    except (av.FFmpegError, ValueError, OSError):
        if not read_samples:
            raise _unreadable(name) from None
        return False
    if not read_samples:
        raise BadInput(f"{name} holds no audio: it is 0 seconds long. Record it again.", code="audio_empty")
    return stated_s - read_samples / SAMPLE_RATE_HZ <= MAX_MISSING_S


def _stated_length_s(container: "InputContainer", stream: "AudioStream") -> float:
    """The length in the header; 0 if it is not exact. Writers to a pipe leave 0 or the maximum there."""
    formats = container.format.name.split(",")
    if EXACT_LENGTH_FORMATS.isdisjoint(formats) or stream.duration is None or stream.time_base is None:
        return 0.0
    return float(stream.duration * stream.time_base)


def _missing_wav_s(file: IO[bytes]) -> float:
    """Seconds that a WAV header promises and the file lacks; FFmpeg reads such a file as if it were whole."""
    size_bytes = file.seek(0, io.SEEK_END)
    file.seek(0)
    header = file.read(12)
    if header[:4] != b"RIFF" or header[8:] != b"WAVE":
        return 0.0
    bytes_per_s = 0
    while len(chunk := file.read(8)) == 8:
        name, length = struct.unpack("<4sI", chunk)
        start = file.tell()
        if name == b"data":
            known = bytes_per_s > 0 and length < UNKNOWN_WAV_BYTES
            return max(0, start + length - size_bytes) / bytes_per_s if known else 0.0
        if name == b"fmt ":
            bytes_per_s = int.from_bytes(file.read(12)[8:], "little")
        file.seek(start + length + length % 2)
    return 0.0


def _resampled(container: "InputContainer", stream: "AudioStream") -> Iterator[Samples]:
    """The channels together at 16 kHz, frame by frame, so that only 16 kHz mono is ever held."""
    from av.audio.resampler import AudioResampler  # noqa: PLC0415

    to_float = AudioResampler(format="fltp")
    resample: soxr.ResampleStream | None = None
    for frame in container.decode(stream):
        if resample is None:
            resample = soxr.ResampleStream(frame.sample_rate, SAMPLE_RATE_HZ, 1, dtype="float32")
            downmix = Downmix(frame.sample_rate)
        for planes in to_float.resample(frame):
            yield resample.resample_chunk(downmix.push(planes.to_ndarray()))
    if resample is not None:
        yield resample.resample_chunk(np.empty(0, np.float32), last=True)


def _check_length(samples: float, name: str) -> None:
    if samples > MAX_FILE_SAMPLES:
        raise BadInput(
            f"{name} is longer than {MAX_FILE_HOURS} hours. Cut it into shorter files.", code="audio_too_long"
        )


def _truncated(name: str) -> BadInput:
    return BadInput(f"{name} ends before its audio does. Copy or export the file again.", code=TRUNCATED)
