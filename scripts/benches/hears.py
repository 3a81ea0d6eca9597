"""Errors of recognisers on dictation: words, medical terms, drugs, terms never trained on; what they invent;
numbers, sides, negations and units that they lose or change, per 100 that were said; short voice commands.

The clips of tests/data/hears are synthetic, in voices and sentence frames that no training has seen; real
medical speech is unmeasured. People reading general English are tests/data/speech. Noise is made here.
``--words both`` runs each Moonshine with and without the list of words that it expects.
"""

import argparse
import csv
import json
import platform
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant import weights
from assistant.asr import expected_words
from assistant.asr.medasr import MedAsrModel
from assistant.asr.moonshine import MoonshineModel
from assistant.audio.files import read_audio
from assistant.audio.frames import SAMPLE_RATE_HZ, Samples
from assistant.installation import downloads, manifests
from hearing.noise import no_speech
from hearing.scoring import Score, medical_words
from hearing.terms import own

DATA = Path(__file__).parents[2] / "tests/data"
SILENCES = 40


@dataclass(frozen=True)
class Clip:
    set: str
    samples: Samples
    text: str
    terms: tuple[str, ...]
    drugs: frozenset[str]


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def clips() -> Iterator[Clip]:
    folder = DATA / "hears"
    for row in rows(folder, "clips.tsv"):
        kinds = [term.split(":", 1) for term in row["terms"].split("|") if term]
        drugs = frozenset(term for kind, term in kinds if kind == "drug")
        terms = tuple(term for _, term in kinds)
        by = " (Piper)" if row["voice"] == "joe" else ""
        yield Clip(row["set"] + by, read_audio(folder / row["file"]), row["text"], terms, drugs)
    for row in rows(DATA / "speech", "transcripts.tsv"):
        yield Clip("people", read_audio(DATA / "speech" / row["path"]), row["text"], (), frozenset())


Transcribe = Callable[[Samples], str]


def recognisers(names: list[str], words: str, directory: Path) -> Iterator[tuple[str, Transcribe]]:
    for name in names:
        if name == "lasr-mini":
            mini = MedAsrModel(manifests() / name)
            yield name, lambda samples, mini=mini: mini.transcribe(samples).text
            continue
        folder = weights.resolve(name, directory)
        if words in ("off", "both"):
            yield name, MoonshineModel(folder).transcribe
        if words in ("on", "both"):
            yield (
                f"{name} + words",
                MoonshineModel(folder, vocabulary=expected_words.medical_words()).transcribe,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", nargs="+", default=["moonshine-tiny-en", "moonshine-clinical"])
    parser.add_argument("--words", choices=["off", "on", "both"], default="both", help="words to expect")
    parser.add_argument("--models-dir", type=Path, default=downloads())
    parser.add_argument("--heard", action="store_true", help="print what was heard")
    parser.add_argument("--every", type=int, default=1, help="only every Nth clip, to be quick")
    args = parser.parse_args()
    heard_of = list(clips())[:: args.every]
    medical = medical_words(
        {term for terms in own().values() for term in terms} | {t for c in heard_of for t in c.terms}
    )
    silences = list(no_speech(SILENCES, np.random.default_rng(11)))
    result: dict[str, object] = {"bench": "hears", "every": args.every}
    for name, transcribe in recognisers(args.model, args.words, args.models_dir):
        scores: dict[str, Score] = {}
        begun, seconds = time.process_time(), 0.0
        for clip in heard_of:
            heard = transcribe(clip.samples)
            seconds += len(clip.samples) / SAMPLE_RATE_HZ
            scores.setdefault(clip.set, Score()).add(clip.text, heard, clip.terms, clip.drugs, medical)
            if args.heard:
                print(f"{name} | {clip.set} | {clip.text}\n  {heard}")
        cost = (time.process_time() - begun) / seconds
        noise = [text for text in map(transcribe, silences) if text]
        figures = {each: score.report() for each, score in scores.items()}
        result[name] = {
            **figures,
            "cpu_s_per_s": round(cost, 3),
            "noise_clips": SILENCES,
            "noise_with_words": len(noise),
        }
        print(name)
        for each, report in figures.items():
            print(f"  {each:20} " + "  ".join(f"{key} {value}" for key, value in report.items()))
            print("    invented:", *scores[each].invented)
            for said, wrong in scores[each].changed:
                print(f"    changed: {said}\n             {wrong}")
        print(f"  noise and silence with words: {len(noise)} of {SILENCES} {noise}; CPU a second {cost:.3f}")
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    machine = platform.processor() or platform.machine()
    print(json.dumps({**result, "commit": commit.stdout.strip(), "machine": machine}))


if __name__ == "__main__":
    main()
