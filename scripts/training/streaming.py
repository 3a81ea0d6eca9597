#!/usr/bin/env python
"""Adapts a LASR that was trained with full context to small look-ahead, with itself as the teacher.

    scripts/train streaming ~/mini-train/hf ~/mini-train/data --minutes 14 --out adapted --bundle models/x

The folder is audio with transcripts.tsv, or the speech of `scripts/train mini`. Transcripts are never read
while training: a frozen copy of the model hears the whole utterance and says what should have come out. A
quarter of the steps keep the full context, the others run the very graph that streams
(assistant.asr.lasr_graph) with a chunk of 8 to 25 frames, 0 to 25 frames of look-ahead and 50 to 250 of
left context. The loss is CTC on the teacher's text, which leaves the student free to say a word later, and
the divergence from the teacher's posteriors, which keeps it the same model. BatchNorm keeps its statistics.
Word error, and the share of words that differ from the offline text, are printed before and after at
several look-aheads.
"""

import argparse
import copy
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning would take the cores from what else runs

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import AutoProcessor, LasrForCTC, LasrTokenizer
from transformers.utils import logging as transformers_logging

from assistant.asr.export import Described, export
from assistant.asr.lasr_graph import CachedLasr, advance, empty_caches
from training.lasr import data, recordings, training, voices

LOOK_AHEADS = (0, 4, 8, 16, 25)
CHUNK, LEFT = 12, 100
DIVERGENCE = 0.5


@dataclass(frozen=True, slots=True)
class Shape:
    """Lengths of one streaming pass, in frames of 40 ms."""

    chunk: int
    ahead: int
    left: int


def random_shape(rng: np.random.Generator) -> Shape:
    return Shape(int(rng.integers(8, 26)), int(rng.integers(0, 26)), int(rng.integers(50, 251)))


def streamed(graph: CachedLasr, features: Tensor, frames: Tensor, shape: Shape) -> Tensor:
    """Logits [B, N, V] as chunks commit them. features [B, T, mels]; frames [B] that are valid."""
    total = data.frames_of(features.shape[1])
    caches = empty_caches(graph.config, features.shape[0])
    committed = []
    at = 0
    while at < total:
        new = min(shape.chunk + shape.ahead, total - at)
        chunk = min(shape.chunk, new)
        out = graph(
            features[:, 4 * at : 4 * (at + new - 1) + 13],
            caches.pos,
            (frames - at).clamp(0, new),
            *caches[1:],
        )
        committed.append(out.logits[:, :chunk])
        caches = advance(caches, out, chunk, shape.left)
        at += chunk
    return torch.cat(committed, 1)


def texts_of(logits: Tensor, frames: Tensor) -> list[list[int]]:
    """Greedy labels of each: repeats and blanks dropped."""
    labels = []
    for ids, count in zip(logits.argmax(-1), frames, strict=True):
        kept = torch.unique_consecutive(ids[: int(count)])
        labels.append(kept[kept != training.BLANK].tolist())
    return labels


def distil(student: Tensor, teacher: Tensor, frames: Tensor) -> Tensor:
    """CTC on the teacher's greedy text, and the divergence from its posteriors, over valid frames."""
    labels = texts_of(teacher, frames)
    ids = torch.full((len(labels), max(1, *map(len, labels))), -100)
    for row, label in zip(ids, labels, strict=True):
        row[: len(label)] = torch.tensor(label, dtype=torch.int64)
    valid = torch.arange(student.shape[1]) < frames[:, None]
    divergence = functional.kl_div(
        functional.log_softmax(student[valid], -1), functional.log_softmax(teacher[valid], -1),
        reduction="batchmean", log_target=True,
    )  # fmt: skip
    return training.ctc(student, frames, ids) + DIVERGENCE * divergence


def adapt(model: LasrForCTC, batches: Iterator[data.Batch], *, minutes: float, rate: float, seed: int,
          log: Callable[[str], None]) -> int:  # fmt: skip
    """Trains the model in place until the time or the batches are over; returns the steps taken."""
    teacher = copy.deepcopy(model).eval()
    graph = CachedLasr(model, frozen=False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.98))
    rng = np.random.default_rng(seed)
    started, step, losses = time.monotonic(), 0, []
    for batch in batches:
        if (done := (time.monotonic() - started) / (60 * minutes)) >= 1:
            break
        frames = model._get_subsampling_output_length(batch.mask.sum(-1))
        with torch.no_grad():
            heard = teacher(input_features=batch.features, attention_mask=batch.mask).logits
        training.train_mode(model, batch_norm=False)
        if rng.random() < 0.25:
            logits = model(input_features=batch.features, attention_mask=batch.mask).logits
        else:
            logits = streamed(graph, batch.features, frames, random_shape(rng))
        loss = distil(logits, heard, frames)
        loss.backward()
        optimizer.param_groups[0]["lr"] = training.rate_at(step, done, peak=rate, warmup=20)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        step += 1
        if step % 25 == 0:
            log(f"step {step}: loss {np.mean(losses[-25:]):.3f}")
    return step


@torch.no_grad()
def sweep(
    model: LasrForCTC, tokens: LasrTokenizer, utterances: list[data.Utterance]
) -> dict[str, dict[str, float]]:
    """By look-ahead in frames: word error of committed text, and the share of words unlike offline."""
    model.eval()
    graph = CachedLasr(model)
    mels = training.heard(utterances)
    offline = training.greedy(model, tokens, mels)
    references = [u.target for u in utterances]
    found = {"offline": {"word_error": round(training.word_error(references, offline), 1), "differs": 0.0}}
    for ahead in LOOK_AHEADS:
        texts = []
        for mel in mels:
            features = torch.from_numpy(mel)[None]
            frames = torch.tensor([data.frames_of(len(mel))])
            logits = streamed(graph, features, frames, Shape(CHUNK, ahead, LEFT))
            texts.append(
                tokens.decode(texts_of(logits, frames)[0], group_tokens=False, skip_special_tokens=True)
            )
        found[f"{ahead}"] = {
            "word_error": round(training.word_error(references, texts), 1),
            "differs": round(training.word_error(offline, texts), 1),
        }
    return found


def sets_of(folder: Path) -> tuple[list[data.Utterance], list[data.Utterance]]:
    """The speech for adapting and for scoring, from recordings that `scripts/train mini` made or from
    recordings."""
    if (folder / "transcripts.tsv").exists():
        return recordings.split(recordings.read_folder(folder))
    learn, test = (
        [u for u in data.read_set(folder, name) if u.voice in voices.TRAINED] for name in ("train", "test")
    )
    if not learn or not test:
        raise recordings.BadRecordings(
            f"{folder} holds neither transcripts.tsv nor the speech of `scripts/train mini` synthesise"
        )
    return learn, test[:60]


def endless(utterances: list[data.Utterance], batch_s: float, seed: int) -> Iterator[data.Batch]:
    rng = np.random.default_rng(seed)
    while True:
        for group in data.by_length(utterances, batch_s, rng):
            mels = [data.features(data.augment(u.audio.astype(np.float32) / 32768, rng)) for u in group]
            if mels := [mel for mel in mels if len(mel) >= 100]:
                yield data.collate(mels, [[training.BLANK]] * len(mels))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a LASR folder, or google/medasr where you have access")
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=14.0)
    parser.add_argument("--rate", type=float, default=1.5e-4, help="peak; for MedASR itself try 3e-5")
    parser.add_argument("--batch-seconds", type=float, default=24.0)
    parser.add_argument("--bundle", type=Path, help="also export for the assistant")
    parser.add_argument("--licence", default="that of the model it was adapted from")
    args = parser.parse_args()
    transformers_logging.disable_progress_bar()
    torch.manual_seed(1)
    processor = AutoProcessor.from_pretrained(args.model)
    model = LasrForCTC.from_pretrained(args.model, dtype=torch.float32)
    try:
        learn, test = sets_of(args.recordings)
    except recordings.BadRecordings as error:
        parser.error(str(error))
    before = sweep(model, processor.tokenizer, test)
    print("before", json.dumps(before), flush=True)
    adapt(
        model, endless(learn, args.batch_seconds, 1), minutes=args.minutes, rate=args.rate, seed=1, log=print
    )
    model.eval()
    model.save_pretrained(args.out)
    processor.save_pretrained(args.out)
    processor.feature_extractor.save_pretrained(args.out)
    print(json.dumps({"before": before, "after": sweep(model, processor.tokenizer, test)}), flush=True)
    if args.bundle:
        described = Described(args.bundle.name, f"{args.model}, adapted to streaming", "local", args.licence)
        for parity in export(args.out, args.bundle, described, on_step=print):
            print(parity)


if __name__ == "__main__":
    main()
