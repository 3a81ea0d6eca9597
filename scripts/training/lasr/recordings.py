"""A folder of recordings: audio files, and `transcripts.tsv` with the columns path and text."""

import csv
import random
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from training.lasr.data import Utterance
from training.lasr.voices import SAMPLE_RATE

SHORTEST_S = 0.6


class BadRecordings(Exception):
    """The folder cannot be used; the message says which file or column, never what was said."""


def read_audio(path: Path) -> NDArray[np.int16]:
    """Mono int16 at 16 kHz, channels averaged, resampled where needed."""
    try:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise BadRecordings(f"{path.name} cannot be read as audio") from error
    mono = audio.mean(1)
    if rate != SAMPLE_RATE:
        mono = soxr.resample(mono, rate, SAMPLE_RATE)
    if not np.isfinite(mono).all():
        raise BadRecordings(f"{path.name} holds values that are not numbers")
    return (np.clip(mono, -1, 1) * 32767).astype(np.int16)


def read_folder(folder: Path) -> list[Utterance]:
    """Every recording of 0.6 s or more that has text, with the folder it lies in as its voice."""
    listing = folder / "transcripts.tsv"
    if not listing.is_file():
        raise BadRecordings(f"{listing} is missing: it needs the columns path and text, separated by tabs")
    with listing.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    if not rows or not {"path", "text"} <= rows[0].keys():
        raise BadRecordings(f"{listing} needs rows under the columns path and text, separated by tabs")
    if any(row["path"] is None or row["text"] is None for row in rows):
        raise BadRecordings(f"{listing} has lines without a tab: each needs a path and a text")
    found = [
        Utterance(
            read_audio(folder / row["path"]), Path(row["path"]).parent.name or "recorded", row["text"].strip()
        )
        for row in rows
    ]
    usable = [u for u in found if u.seconds >= SHORTEST_S and u.target]
    if not usable:
        raise BadRecordings(f"{listing} names no recording of {SHORTEST_S} s or more with text")
    return usable


def write_folder(folder: Path, utterances: list[Utterance]) -> None:
    """Writes what ``read_folder`` reads: FLAC files in a folder for each voice, and transcripts.tsv."""
    rows = ["path\ttext"]
    for number, utterance in enumerate(utterances):
        path = folder / utterance.voice / f"{number:03d}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, utterance.audio, SAMPLE_RATE)
        rows.append(f"{utterance.voice}/{path.name}\t{utterance.target}")
    (folder / "transcripts.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def split(
    utterances: list[Utterance], *, test_share: float = 0.3, seed: int = 42
) -> tuple[list[Utterance], list[Utterance]]:
    """Train and test, cut by sentence: one sentence in two voices is never on both sides."""
    sentences = sorted({u.target for u in utterances})
    if len(sentences) < 2:
        raise BadRecordings("There is one sentence only: with nothing to hold out, nothing can be scored")
    random.Random(seed).shuffle(sentences)
    held = set(sentences[: max(1, round(test_share * len(sentences)))])
    return [u for u in utterances if u.target not in held], [u for u in utterances if u.target in held]
