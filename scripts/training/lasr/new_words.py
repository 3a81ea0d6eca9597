"""Recordings for fine-tuning: sentences with drug names that the mini model never heard, and others."""

import random
from pathlib import Path

from training.lasr import recordings, text, voices
from training.lasr.data import Utterance

NAMES = (
    "lecanemab",
    "inclisiran",
    "finerenone",
    "vericiguat",
    "mavacamten",
    "upadacitinib",
    "risankizumab",
    "zuranolone",
    "omaveloxolone",
    "resmetirom",
)
FRAMES = (
    "continue {} daily {{period}}",
    "can i give {} with <drug>",
    "start {} <digit> milligrams daily {{period}}",
    "what is the dose of {}",
    "is {} safe in pregnancy",
    "<who> was started on {} for <disease> {{period}}",
    "stop {} before <surgery>",
    "{} and <drug> {{period}}",
    "does {} cause <symptom>",
    "<who> denies <symptom> on {} {{period}}",
)
SENTENCES_PER_NAME = 24
OLD = 2_000


def synthesise(folder: Path, avoid: frozenset[str]) -> None:
    """Writes `new/` and `old/` (FLAC and transcripts.tsv), said by the training voices.

    `avoid`: what the model was trained on; no sentence of `old` is among it.
    """
    rng = random.Random(5)
    new = [
        text.expand(rng.choice(FRAMES).format(name), rng) for name in NAMES for _ in range(SENTENCES_PER_NAME)
    ]
    _write(folder / "new", new, rng)
    _write(folder / "old", text.sentences(OLD, seed=3, avoid=avoid), rng)


def _write(folder: Path, targets: list[str], rng: random.Random) -> None:
    said = []
    for target in targets:
        voice = rng.choice(voices.TRAINED)
        said.append(Utterance(voices.say(text.spoken(target), voice, rng), voice, target))
    recordings.write_folder(folder, said)
