"""Speech from the voices that Debian has: flite (training), festival and espeak-ng (never trained on)."""

import random
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
TRAINED = ("slt", "rms")  # flite voices; each sentence is said by one of them
UNSEEN = ("awb", "kal16", "espeak-ng")
SILENCE = 0.01  # of the peak: quieter ends are cut

# How abbreviations are read aloud, the same in every voice.
_AS_SAID = {
    r"\bct\b": "c t",
    r"\bmri\b": "m r i",
    r"\bmr\b": "m r",
    r"\bhiv\b": "h i v",
    r"\bgi\b": "g i",
    r"\becg\b": "e c g",
    r"\biv\b": "i v",
    r"\bcbc\b": "c b c",
    r"\btsh\b": "t s h",
    r"\bcopd\b": "c o p d",
    r"\bbi rads\b": "by rads",
    r"\ba one c\b": "ay one c",
    r"\bx-ray": "x ray",
}


class SynthesisError(Exception):
    """A voice is missing or made no sound; the message says which."""


def as_said(words: str) -> str:
    for pattern, said in _AS_SAID.items():
        words = re.sub(pattern, said, words)
    return words


def trim(audio: NDArray[np.int16], *, keep_s: float = 0.03) -> NDArray[np.int16]:
    """Without the silence at both ends, but for `keep_s`."""
    loud = np.flatnonzero(np.abs(audio.astype(np.int32)) > SILENCE * np.abs(audio.astype(np.int32)).max())
    keep = int(keep_s * SAMPLE_RATE)
    return audio[max(0, loud[0] - keep) : loud[-1] + keep] if len(loud) else audio[:0]


def _command(voice: str, words: str, out: str, stretch: float) -> list[str]:
    if voice == "espeak-ng":
        return ["espeak-ng", "-v", "en-us", "-s", str(round(150 / stretch)), "-w", out, words]
    return [
        "flite",
        "-voice",
        voice,
        "--setf",
        f"duration_stretch={stretch:.3f}",
        "-t",
        words + " ",
        "-o",
        out,
    ]


def say(words: str, voice: str, rng: random.Random) -> NDArray[np.int16]:
    """Mono int16 at 16 kHz, silence cut from its ends, at a random speaking rate (+-12 %)."""
    if voice not in (*TRAINED, *UNSEEN):  # flite would take another one without a word
        raise SynthesisError(f"There is no voice {voice}: have {', '.join((*TRAINED, *UNSEEN))}")
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        out = str(Path(folder) / "speech.wav")
        command = _command(voice, as_said(words), out, rng.uniform(0.85, 1.12))
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise SynthesisError(f"{command[0]} cannot speak with voice {voice}: is it installed?") from error
        audio, rate = soundfile.read(out, dtype="int16")
    if rate != SAMPLE_RATE:
        audio = soxr.resample(audio, rate, SAMPLE_RATE)
    audio = trim(audio)
    if len(audio) < SAMPLE_RATE // 10:
        raise SynthesisError(f"Voice {voice} made no sound for a sentence of {len(words.split())} words")
    return audio
