from pathlib import Path

import numpy as np
import pytest
import soxr

from assistant.audio.files import read_audio
from assistant.audio.frames import AudioChunk, Samples
from assistant.audio.input_level import LevelMeter

RATE_HZ = 16_000


def quiet_room(seconds: float, rms: float = 3e-4) -> Samples:
    return np.random.default_rng(4).normal(0, rms, int(seconds * RATE_HZ)).astype(np.float32)


class Played:
    """A meter, and the levels it told once a second while this was played to it."""

    def __init__(self) -> None:
        self.meter, self.levels, self._clock = LevelMeter(), [], 0

    def play(self, samples: Samples, size: int = 320) -> list[str]:
        told: list[str] = []
        for at in range(0, len(samples), size):
            self.meter.push(AudioChunk(samples[at : at + size], self._clock))
            before = self._clock // RATE_HZ
            self._clock += len(samples[at : at + size])
            if self._clock // RATE_HZ > before:
                told.append(self.meter.level)
        return told


def test_speech_of_a_usual_level_is_fine_from_beginning_to_end(speech: Samples) -> None:
    for factor in (0.1, 0.3, 1.0):
        assert set(
            Played().play(speech * np.float32(factor) + quiet_room(len(speech) / RATE_HZ)[: len(speech)])
        ) == {"fine"}


@pytest.mark.parametrize("offset", [0.0, 0.3])
def test_a_dead_microphone_is_told_after_five_seconds(offset: float) -> None:
    told = Played().play(np.full(10 * RATE_HZ, offset, np.float32))
    assert told == ["fine"] * 4 + ["silent"] * 6


def test_it_is_fine_again_as_soon_as_something_comes(speech: Samples) -> None:
    played = Played()
    played.play(np.zeros(8 * RATE_HZ, np.float32))
    assert played.play(speech)[0] == "fine"


def test_a_pause_in_a_room_that_the_browser_makes_silent_is_no_dead_microphone(speech: Samples) -> None:
    played = Played()
    played.play(speech)
    assert set(played.play(np.zeros(15 * RATE_HZ, np.float32))) == {"fine"}
    assert played.play(np.zeros(10 * RATE_HZ, np.float32))[-1] == "silent"


def test_a_quiet_room_where_nobody_speaks_is_fine() -> None:
    for rms in (2e-4, 1e-3, 3e-3):
        assert set(Played().play(quiet_room(30, rms))) == {"fine"}


def test_very_quiet_speech_is_told_and_the_words_stay_for_a_moment(speech: Samples) -> None:
    played = Played()
    assert "quiet" in played.play(speech * np.float32(0.012))
    assert played.play(speech)[:2] == ["quiet", "quiet"]
    assert played.play(speech)[-1] == "fine"


@pytest.mark.parametrize("gain", [8, 30])
def test_speech_that_is_cut_off_is_told(speech: Samples, gain: int) -> None:
    told = Played().play(np.clip(speech * np.float32(gain), -1, 1 - 2**-15))
    assert "clipping" in told[:4]


def test_a_click_is_no_distortion(speech: Samples) -> None:
    clicked = speech.copy() * np.float32(0.5)
    clicked[RATE_HZ :: RATE_HZ // 2] = 1.0
    assert set(Played().play(clicked)) == {"fine"}


def test_what_was_made_up_for_lost_packets_says_nothing_of_the_microphone() -> None:
    meter = LevelMeter()
    for number in range(600):
        meter.push(AudioChunk(np.zeros(320, np.float32), number * 320, concealed=True))
    assert meter.level == "fine"


@pytest.mark.parametrize("size", [160, 320, 512, 1_000])
def test_the_size_of_the_pieces_changes_nothing(speech: Samples, size: int) -> None:
    loud = np.clip(speech * 20, -1, 1).astype(np.float32)
    assert Played().play(loud, size)[-1] == Played().play(loud)[-1] == "clipping"


SPEECH = ["audio/jfk", "audio/chest_xray", "audio/chest_report", "speech/librivox_0870",
          "speech/librivox_0890", "speech/sb_LJ050-0131"]  # fmt: skip


@pytest.mark.parametrize("name", SPEECH)
@pytest.mark.parametrize("gain", [0.3, 1.0])
def test_a_telephone_s_band_is_told_and_a_microphone_s_is_not(data_dir: Path, name: str, gain: float) -> None:
    one = read_audio(data_dir / f"{name}.flac")
    speech = np.tile(one * np.float32(gain), int(30 * RATE_HZ / len(one)) + 1)
    assert "narrow" not in Played().play(speech)
    telephone = soxr.resample(soxr.resample(speech, RATE_HZ, 8_000), 8_000, RATE_HZ)
    told = Played().play(telephone)
    assert told[-1] == "narrow" and set(told) <= {"fine", "narrow"}
    clicks = telephone.copy()
    clicks[5 * RATE_HZ :: 5 * RATE_HZ] += 0.3  # each is as broad as a hiss
    assert Played().play(clicks)[-1] == "narrow"


def test_what_is_too_quiet_or_no_speech_says_nothing_of_the_band(speech: Samples) -> None:
    low = soxr.resample(soxr.resample(speech, RATE_HZ, 8_000), 8_000, RATE_HZ)
    assert "narrow" not in Played().play(np.tile(low * np.float32(0.03), 3))
    assert "narrow" not in Played().play(np.zeros(30 * RATE_HZ, np.float32))
