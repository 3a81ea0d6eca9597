"""Speaks sentences, resumable. A clip is a FLAC and a line of a table (``FIELDS``)."""

import csv
import hashlib
import os
import random
from collections.abc import Sequence
from pathlib import Path

import soundfile

from assistant.audio.files import read_audio
from training.clinical.sentences import Sentence
from training.clinical.voices import FLITE_VOICES, PICO_VOICES, Speaker, Voice, trained_voice

FIELDS = ("path", "kind", "voice", "seconds", "text", "terms")


def write_sentences(path: Path, sentences: Sequence[Sentence]) -> None:
    rows = ("\t".join([s.kind, s.text, "|".join(s.terms)]) for s in sentences)
    path.write_text("\n".join(rows) + "\n")


def read_sentences(path: Path) -> list[Sentence]:
    rows = (line.split("\t") for line in path.read_text().splitlines())
    return [Sentence(kind, text, tuple(terms.split("|")) if terms else ()) for kind, text, terms in rows]


def read_clips(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, FIELDS, delimiter="\t", quoting=csv.QUOTE_NONE))


def clip(folder: Path, name: str, text: str) -> Path:
    """Path of a spoken sentence in the folder of all clips."""
    return folder / name / f"{hashlib.sha1(text.encode()).hexdigest()[:16]}.flac"


def take_recordings(table: Path, out: Path, name: str) -> int:
    """Own recordings, of a table with the columns ``path`` (beside it) and ``text``, as clips; how many.

    The text is what was said: numbers and marks as words, in small letters."""
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    out.mkdir(parents=True, exist_ok=True)
    with (out / f"{name}.0.tsv").open("w") as log:
        for row in rows:
            path = table.parent / row["path"]
            seconds = f"{len(read_audio(path)) / 16_000:.2f}"
            log.write("\t".join([str(path), "med", "own", seconds, row["text"].lower(), ""]) + "\n")
    return len(rows)


def _voice(engine: str, number: int, speaker: Speaker) -> Voice:
    rng = random.Random(f"{engine} {number}")
    if engine == "pico":
        name = f"{rng.choice(PICO_VOICES)}*{rng.uniform(0.72, 1.1):.2f}"
        return Voice("pico", name, round(rng.uniform(0.9, 1.2), 2))
    if engine == "flite":
        return Voice(
            "flite",
            f"{rng.choice(FLITE_VOICES)}*{rng.uniform(0.86, 1.16):.2f}",
            round(rng.uniform(0.9, 1.2), 2),
        )
    english, foreign = speaker.kokoro.names()
    if engine == "british":
        english = foreign = [name for name in english if name[0] == "b"]
    return trained_voice(rng, english, foreign)


def speak(
    sentences: Sequence[Sentence],
    out: Path,
    packages: Path,
    *,
    name: str,
    voices: Sequence[Voice] | None = None,
    engine: str = "kokoro",
    worker: int = 0,
    workers: int = 1,
) -> None:
    """Clips into ``out/name/``, lines into ``out/name.WORKER.tsv``; goes on where it was stopped.

    ``voices``: one a sentence; without, a voice for training is drawn."""
    speaker = Speaker(packages)
    (out / name).mkdir(parents=True, exist_ok=True)
    table = out / f"{name}.{worker}.tsv"
    done = {row["text"] for row in read_clips(table)} if table.exists() else set()
    with table.open("a") as log:
        for number in range(worker, len(sentences), workers):
            sentence = sentences[number]
            if sentence.text in done:
                continue
            path = clip(out, name, sentence.text)
            voice = voices[number] if voices else _voice(engine, number, speaker)
            samples = speaker.say(sentence.text, voice)
            soundfile.write(path, samples, 16_000)
            seconds = f"{len(samples) / 16_000:.2f}"
            log.write(
                "\t".join(
                    [str(path), sentence.kind, voice.name, seconds, sentence.text, "|".join(sentence.terms)]
                )
                + "\n"
            )
            log.flush()
            os.fsync(log.fileno())
