import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soxr

from assistant.audio import files
from assistant.audio.files import read_audio
from assistant.audio.frames import Samples
from assistant.errors import BadInput


def write(path: Path, samples: Samples, codec: str, rate_hz: int = 16_000, channels: int = 1) -> Path:
    """``samples`` at 16 kHz as a file; with two channels the second is silent."""
    planes = np.zeros((channels, len(soxr.resample(samples, 16_000, rate_hz))), np.float32)
    planes[0] = soxr.resample(samples, 16_000, rate_hz)
    layout = "mono" if channels == 1 else "stereo"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate_hz, layout=layout)
        size = 1024
        for start in range(0, planes.shape[1], size):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(planes[:, start : start + size]), format="fltp", layout=layout
            )
            frame.sample_rate, frame.pts = rate_hz, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def code_of(path: Path) -> str:
    with pytest.raises(BadInput) as raised:
        read_audio(path)
    assert raised.value.message.endswith(".")
    assert raised.value.__cause__ is None
    return raised.value.code


@pytest.mark.parametrize(
    "kind",
    [
        ("a.wav", "pcm_s16le", 8_000),
        ("a.wav", "pcm_s24le", 44_100),
        ("a.wav", "pcm_mulaw", 8_000),
        ("a.wav", "pcm_f32le", 48_000),
        ("a.mp3", "libmp3lame", 44_100),
        ("a.flac", "flac", 48_000),
        ("a.ogg", "libopus", 48_000),
        ("a.m4a", "aac", 44_100),
        ("a.webm", "libopus", 48_000),
    ],
)
def test_any_common_kind_of_file_gives_the_same_speech(
    kind: tuple[str, str, int], speech: Samples, tmp_path: Path, correlation: Callable[..., float]
) -> None:
    name, codec, rate_hz = kind
    heard = read_audio(write(tmp_path / name, speech[:48_000], codec, rate_hz))
    assert heard.dtype == np.float32 and heard.ndim == 1
    assert abs(len(heard) - 48_000) < 1_600
    assert correlation(heard, speech[:48_000]) > 0.9


def test_channels_are_averaged(speech: Samples, tmp_path: Path) -> None:
    heard = read_audio(write(tmp_path / "a.wav", speech, "pcm_s16le", channels=2))
    assert np.abs(heard - speech / 2).max() < 1e-3


def test_full_scale_is_kept_below_one(tmp_path: Path) -> None:
    square = np.where(np.arange(16_000) // 40 % 2, 1.0, -1.0).astype(np.float32)
    heard = read_audio(write(tmp_path / "a.wav", square, "pcm_f32le", 44_100))
    assert heard.min() >= -1 and heard.max() < 1


def test_what_is_not_there_or_a_folder_is_said(tmp_path: Path) -> None:
    assert code_of(tmp_path / "none.wav") == "file_not_found"
    assert code_of(tmp_path) == "file_is_directory"


def test_text_pdf_pictures_and_playlists_are_unreadable(tmp_path: Path, speech: Samples) -> None:
    target = write(tmp_path / "real.wav", speech, "pcm_s16le")
    contents = {
        "a.txt": b"Two days of cough.\n" * 50,
        "a.pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(range(256)) * 20,
        "empty.wav": b"",
        "a.ffconcat": f"ffconcat version 1.0\nfile '{target}'\n".encode(),
        "a.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{target}\n#EXT-X-ENDLIST\n".encode(),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        assert code_of(tmp_path / name) == "audio_unreadable", name


def test_a_recording_of_no_samples_is_empty(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
    assert code_of(tmp_path / "a.wav") == "audio_empty"


@pytest.mark.parametrize(("name", "codec"), [("a.wav", "pcm_s16le"), ("a.flac", "flac")])
def test_a_file_cut_in_half_is_truncated(name: str, codec: str, speech: Samples, tmp_path: Path) -> None:
    path = write(tmp_path / name, speech, codec)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert code_of(path) == "audio_truncated"


def test_a_wav_written_to_a_pipe_with_no_length_in_it_is_read(speech: Samples, tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", speech, "pcm_s16le")
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[4:8] = content[at : at + 4] = b"\xff" * 4
    path.write_bytes(content)
    assert abs(len(read_audio(path)) - len(speech)) < 10


def test_more_than_the_longest_file_is_refused(
    speech: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_FILE_SAMPLES", 16_000)
    assert code_of(write(tmp_path / "a.wav", speech, "pcm_s16le")) == "audio_too_long"
    assert code_of(write(tmp_path / "a.mp3", speech, "libmp3lame")) == "audio_too_long"


@pytest.mark.parametrize(
    ("name", "codec"), [("a.wav", "pcm_s16le"), ("a.wav", "pcm_f32le"), ("a.flac", "flac")]
)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_file_cut_short_is_read_to_its_end_and_told(
    name: str, codec: str, share: float, speech: Samples, tmp_path: Path
) -> None:
    path = write(tmp_path / name, speech, codec)
    whole = read_audio(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    told: list[BadInput] = []
    heard = read_audio(path, on_cut_short=told.append)
    assert [error.code for error in told] == ["audio_truncated"]
    assert 0.8 * share < len(heard) / len(whole) < 1.1 * share
    assert np.abs(heard[:-4_096] - whole[: len(heard) - 4_096]).max() < 1e-3


def test_a_whole_file_is_not_told_to_be_cut_short(speech: Samples, tmp_path: Path) -> None:
    told: list[BadInput] = []
    read_audio(write(tmp_path / "a.wav", speech, "pcm_s16le"), on_cut_short=told.append)
    assert told == []


def test_a_file_of_a_turned_channel_is_heard(
    speech: Samples, tmp_path: Path, correlation: Callable[..., float]
) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 16_000, 0, "NONE", ""))
        file.writeframes((np.stack([speech, -speech], axis=1) * 32_767).astype("<i2").tobytes())
    heard = read_audio(path)
    assert correlation(heard, speech) > 0.99
