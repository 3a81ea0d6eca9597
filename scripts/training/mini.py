#!/usr/bin/env python
"""Trains the mini LASR on synthetic clinical speech: text, voices, pieces, model, all from here.

scripts/train mini synthesise            # speech for 24,000 sentences (35 h) into ~/mini-train/data
scripts/train mini train --minutes 145   # goes on with --resume; the model lies in ~/mini-train/hf
scripts/train mini evaluate              # word error on unseen sentences and an unseen voice
scripts/train mini language-model        # a 6-gram over its pieces into ~/mini-train/pieces-6.arpa.gz
scripts/train mini recordings            # the test set as files, into ~/mini-train/test: for benchmarks
scripts/train mini new-words             # recordings for `scripts/train medasr` into ~/mini-train/{new,old}

With --sentences 600 on each and --minutes 3 it can be tried in ten minutes; such a model knows nothing.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning would take the cores from what else runs
os.environ.setdefault("KMP_BLOCKTIME", "0")

import torch
from torch import distributed
from transformers import LasrForCTC, LasrTokenizer

from assistant.asr.language_model import label
from training.lasr import data, new_words, ngrams, recordings, text, training, vocabulary, voices

TRAIN, DEV, TEST, UNSEEN = 24_000, 160, 400, 40


def sentences(count: int) -> tuple[list[str], list[str]]:
    """``count`` to train on, and the held-out ones (dev, test and unseen voice, in this order)."""
    train = text.sentences(count, seed=1)
    return train, text.sentences(DEV + TEST + UNSEEN, seed=2, avoid=frozenset(train))


def synthesise(folder: Path, count: int) -> None:
    train, held = sentences(count)
    data.synthesise(folder, "dev", held[:DEV], seed=2)
    data.synthesise(folder, "test", held[DEV : DEV + TEST], seed=3)
    data.synthesise(folder, "espeak", held[DEV + TEST :], seed=4, voice="espeak-ng")
    data.synthesise(folder, "train", train, seed=1)


def train(folder: Path, count: int, minutes: float, rank: int, workers: int, again: bool) -> None:  # noqa: PLR0917
    torch.set_num_threads(1)
    torch.manual_seed(1)
    if workers > 1:
        meeting = folder / "meeting"
        if rank == 0:
            meeting.unlink(missing_ok=True)
            for other in range(1, workers):
                # In a session of its own: Linux shares cores out by session.
                subprocess.Popen([sys.executable, *sys.argv, "--rank", str(other)], start_new_session=True)
        distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=workers)
    kept = folder / "hf/spiece.model"
    pieces = kept.read_bytes() if again else vocabulary.train_pieces(sentences(count)[0])
    if rank == 0 and not again:
        vocabulary.save_processor(folder / "hf", pieces)
    tokens = vocabulary.tokenizer(pieces)
    training.train(training.small_model(len(tokens)), tokens, folder, minutes=minutes, again=again, log=log,
                   rank=rank, workers=workers)  # fmt: skip


def evaluate(folder: Path, model_folder: Path, others: Path | None) -> None:
    tokens = LasrTokenizer.from_pretrained(model_folder)
    model = LasrForCTC.from_pretrained(model_folder, dtype=torch.float32)
    held = [*data.read_set(folder, "test"), *data.read_set(folder, "espeak")]
    if others:
        held = recordings.read_folder(others)
    for voice in sorted({u.voice for u in held}):
        log(f"{voice} {sum(u.voice == voice for u in held)} utterances")
    log(json.dumps(training.evaluate(model, tokens, held)))


def language_model(folder: Path, count: int, model_folder: Path) -> None:
    """Sentences that were trained on, none of those that are held out."""
    tokens = LasrTokenizer.from_pretrained(model_folder)
    said = [[label(piece) for piece in tokens.tokenize(target)] for target in sentences(count)[0]]
    ngrams.write_arpa(folder / "pieces-6.arpa.gz", ngrams.counted(said, order=6))


def what_is_missing(args: argparse.Namespace) -> str:
    """For what is asked: without speech, training would wait for it for ever."""
    speech = {"train": "train", "evaluate": "test", "recordings": "test"}.get(args.what)
    if speech and not args.recordings and not any((args.out / "data").glob(f"{speech}-*.tsv")):
        return f"There is no speech in {args.out}/data. Run: scripts/train mini synthesise --out {args.out}"
    if args.what == "train" and args.resume and not (args.out / "last.pt").is_file():
        return f"There is no {args.out}/last.pt to go on from. Train without --resume."
    model = args.model or args.out / "hf"
    if args.what in {"evaluate", "language-model"} and not model.is_dir():
        return f"There is no model in {model}. Train one, or name it with --model."
    return ""


def log(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    choices = ["synthesise", "train", "evaluate", "language-model", "recordings", "new-words"]
    parser.add_argument("what", choices=choices)
    parser.add_argument("--out", type=Path, default=Path.home() / "mini-train")
    parser.add_argument("--sentences", type=int, default=TRAIN, help="to train on (%(default)s)")
    parser.add_argument("--minutes", type=float, default=145.0)
    parser.add_argument("--workers", type=int, default=2, help="training processes of one thread each")
    parser.add_argument("--rank", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--model", type=Path, help="LASR folder to evaluate (default: the one being trained)")
    parser.add_argument("--recordings", type=Path, help="evaluate on this folder (transcripts.tsv) instead")
    args = parser.parse_args()
    if missing := what_is_missing(args):
        parser.error(missing)
    match args.what:
        case "synthesise":
            synthesise(args.out / "data", args.sentences)
        case "train":
            train(args.out, args.sentences, args.minutes, args.rank, args.workers, args.resume)
        case "evaluate":
            evaluate(args.out / "data", args.model or args.out / "hf", args.recordings)
        case "language-model":
            language_model(args.out, args.sentences, args.model or args.out / "hf")
        case "recordings":
            held = [u for u in data.read_set(args.out / "data", "test") if u.voice in voices.TRAINED]
            recordings.write_folder(args.out / "test", held)
        case "new-words":
            new_words.synthesise(args.out, avoid=frozenset(itertools.chain(*sentences(args.sentences))))


if __name__ == "__main__":
    main()
