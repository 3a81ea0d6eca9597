"""Moonshine adapted to dictation, step by step: scripts/train moonshine STEP FOLDER."""

import argparse
import itertools
import json
from pathlib import Path

import soundfile

from assistant.asr.moonshine import MoonshineModel
from assistant.installation import downloads
from assistant.weights import resolve
from training.clinical import features, labels, scoring, sentences, speak, vocabulary, voices

BASE = "moonshine-tiny-en"
TEST, DEV = 72, 50
FLITE_FROM, FLITE = 400, 4400


def write(folder: Path) -> None:
    """All texts: train.tsv, test.tsv, dev.tsv, held_out.txt."""
    vocabulary.fetch(folder / "packages")
    terms, held = vocabulary.collect(folder / "packages")
    test = sentences.held_back(terms, held, TEST, seed=99)
    dev = sentences.held_back(terms, held, DEV, seed=77)[:DEV]
    tokenizer = labels.Tokenizer(resolve(BASE, downloads()) / "tokenizer.bin")

    def pieces(word: str) -> int:
        return len(tokenizer.encode(word))

    banned = {s.text for s in test + dev}
    speak.write_sentences(folder / "test.tsv", test)
    speak.write_sentences(folder / "dev.tsv", dev)
    speak.write_sentences(folder / "train.tsv", sentences.training(terms, pieces, banned))
    (folder / "held_out.txt").write_text("\n".join(f"{kind}\t{term}" for kind, term in held) + "\n")
    (folder / "terms.tsv").write_text(
        "\n".join(f"{kind}\t{t}" for kind, values in terms.items() for t in values) + "\n"
    )


def say(folder: Path, what: str, worker: int, workers: int) -> None:
    """Speak one of the texts: train, flite (sentences of train that Kokoro comes to late), dev or test."""
    packages = folder / "packages"
    voices.fetch(packages)
    clips = folder / "clips"
    match what:
        case "train":
            speak.speak(
                speak.read_sentences(folder / "train.tsv"),
                clips,
                packages,
                name="train",
                worker=worker,
                workers=workers,
            )
        case "flite":
            later = speak.read_sentences(folder / "train.tsv")[FLITE_FROM : FLITE_FROM + FLITE]
            speak.speak(later, clips, packages, name="flite", engine="flite", worker=worker, workers=workers)
        case "dev":
            texts = speak.read_sentences(folder / "dev.tsv")
            said_by = [_voice(voices.DEV_VOICES[i % 2], i) for i in range(len(texts))]
            speak.speak(texts, clips, packages, name="dev", voices=said_by, worker=worker, workers=workers)
        case "test":
            texts = speak.read_sentences(folder / "test.tsv")
            kokoro = itertools.cycle(voices.TEST_VOICES)
            said_by = [
                _voice(next(kokoro) if (i % 3 and s.kind == "med") or i % 6 == 0 else "joe", i)
                for i, s in enumerate(texts)
            ]
            speak.speak(texts, clips, packages, name="test", voices=said_by, worker=worker, workers=workers)
        case _:
            raise SystemExit(f"There is no text {what!r}.")


def prepare(folder: Path, name: str, variants: int, silences: int) -> None:
    """Features of the clips that stand, into features/NAME; no clip may hold a held-out word."""
    held = {
        vocabulary.key_word(line.split("\t")[1])
        for line in (folder / "held_out.txt").read_text().splitlines()
    }
    clips = [
        row for path in sorted((folder / "clips").glob(f"{name}.*.tsv")) for row in speak.read_clips(path)
    ]
    if leaked := {w for row in clips for w in row["text"].split()} & held:
        raise SystemExit(f"Held out, but spoken: {sorted(leaked)}")
    (folder / "features").mkdir(exist_ok=True)
    features.prepare(clips, resolve(BASE, downloads()), folder / "features" / name, variants, silences)


def evaluate(folder: Path, model: Path, tables: list[Path]) -> None:
    """Scores a model on spoken clips; the last line is JSON."""
    terms = [line.split("\t") for line in (folder / "terms.tsv").read_text().splitlines()]
    held = [line.split("\t") for line in (folder / "held_out.txt").read_text().splitlines()]
    drugs = frozenset(term for kind, term in terms + held if kind in ("drug", "rare_drug"))
    medical = scoring.medical_words({term for _, term in terms + held})
    score, recogniser = scoring.Score(), MoonshineModel(model)
    for row in [row for table in tables for row in speak.read_clips(table)]:
        samples, _ = soundfile.read(row["path"], dtype="float32")
        heard = recogniser.transcribe(samples)
        score.add(row["text"], heard, row["terms"].split("|") if row["terms"] else [], drugs, medical)
        print(f"{row['voice']}\t{row['text']}\n\t{heard}")
    print("invented:", *score.invented, "\nmissed:", ", ".join(score.missed))
    print(json.dumps({"model": str(model), **score.report()}))


def _voice(name: str, number: int) -> voices.Voice:
    return voices.Voice("piper" if name == "joe" else "kokoro", name, (1.0, 1.1, 1.2)[number % 3])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    one = steps.add_parser("write", help="write all sentences")
    one.add_argument("folder", type=Path)
    two = steps.add_parser("speak", help="speak train, flite, dev or test")
    two.add_argument("folder", type=Path)
    two.add_argument("what", choices=["train", "flite", "dev", "test"])
    two.add_argument("--worker", type=int, default=0)
    two.add_argument("--workers", type=int, default=1)
    three = steps.add_parser("prepare", help="labels and encoder outputs of the clips that stand")
    three.add_argument("folder", type=Path)
    three.add_argument("what", choices=["train", "flite"])
    three.add_argument("--variants", type=int, default=2, help="augmented copies of each clip")
    three.add_argument("--silences", type=int, default=0, help="clips without speech, once")
    four = steps.add_parser("train", help="adapt the decoder")
    four.add_argument("folder", type=Path)
    four.add_argument("name", help="of the model, under models/ in the folder")
    four.add_argument("--steps", type=int, default=1500)
    four.add_argument("--rate", type=float, default=3e-4)
    four.add_argument("--rank", type=int, default=0, help="of LoRA; 0 trains the whole decoder")
    four.add_argument("--features", nargs="+", default=["train", "flite"])
    five = steps.add_parser("evaluate", help="score a model on spoken clips")
    five.add_argument("folder", type=Path)
    five.add_argument("model", type=Path)
    five.add_argument("tables", type=Path, nargs="+")
    args = parser.parse_args()
    match args.step:
        case "write":
            write(args.folder)
        case "speak":
            say(args.folder, args.what, args.worker, args.workers)
        case "prepare":
            prepare(args.folder, args.what, args.variants, args.silences)
        case "train":
            from training.clinical import train  # noqa: PLC0415

            prefixes = [args.folder / "features" / name for name in args.features]
            recipe = train.Recipe(args.steps, args.rate, args.rank)
            train.train(resolve(BASE, downloads()), prefixes, args.folder / "models" / args.name, recipe)
        case "evaluate":
            evaluate(args.folder, args.model, args.tables)


if __name__ == "__main__":
    main()
