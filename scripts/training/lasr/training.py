"""Training a LASR with CTC on a time budget: model, loss, schedule, checkpoints, evaluation."""

import json
import math
import os
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import jiwer
import numpy as np
import torch
from torch import distributed, nn
from torch.nn import functional
from transformers import LasrCTCConfig, LasrForCTC, LasrTokenizer

from training.lasr import data, vocabulary, voices

BLANK = 0
LOG_MEL_MEAN, LOG_MEL_DEVIATION = -6.0, 3.5  # of the augmented training speech, over all bins
FLUENT = 1.2  # loss below which the easy first phase (short, clean) is over
Log = Callable[[str], None]


def small_model(vocab_size: int, *, hidden: int = 144, layers: int = 8) -> LasrForCTC:
    """A LASR of MedASR's form and the given size (4.2 M parameters by default), its head's dimension 36."""
    encoder = {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "intermediate_size": 4 * hidden,
        "subsampling_conv_channels": hidden,
        "batch_norm_momentum": 0.03,
        "dropout": 0.0,
        "attention_dropout": 0.0,
        "activation_dropout": 0.0,
        "layerdrop": 0.0,
    }
    model = LasrForCTC(LasrCTCConfig(vocab_size=vocab_size, pad_token_id=BLANK, encoder_config=encoder))
    start_well(model)
    return model


@torch.no_grad()
def start_well(model: LasrForCTC) -> None:
    """Initial weights of variance 1 / fan-in, and a first layer that takes raw log-mel to about unit size.

    The library starts all weights at 0.02 and the front end does not normalise.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv1d):
            gain = (
                1.4 if module in (model.encoder.subsampler.conv_0, model.encoder.subsampler.conv_1) else 1.0
            )
            fan_in = module.weight[0].numel()
            module.weight.normal_(0.0, gain / math.sqrt(fan_in))
    first = model.encoder.subsampler.dense_0
    first.weight.mul_(1.4 / LOG_MEL_DEVIATION)
    first.bias.copy_(-LOG_MEL_MEAN * first.weight.sum(1))


def ctc(logits: torch.Tensor, frames: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean loss per label. logits [B, T, V]; frames [B] valid frames; labels [B, U], -100 = none."""
    log_probs = functional.log_softmax(logits, dim=-1).transpose(0, 1)
    lengths = (labels >= 0).sum(-1)
    return functional.ctc_loss(
        log_probs, labels.clamp(min=0), frames, lengths, blank=BLANK, reduction="mean", zero_infinity=True
    )


def loss_of(model: LasrForCTC, batch: data.Batch, *, halfway: float = 0.3) -> tuple[torch.Tensor, float]:
    """The loss to descend, and its CTC part at the top alone.

    CTC at the top, and with weight `halfway` at the middle layer through the same head (arXiv 2102.03216).
    """
    kept: list[torch.Tensor] = []
    middle = model.encoder.layers[len(model.encoder.layers) // 2 - 1]
    hook = middle.register_forward_hook(lambda _module, _args, output: kept.append(output))
    try:
        logits = model(input_features=batch.features, attention_mask=batch.mask).logits
    finally:
        hook.remove()
    frames = model._get_subsampling_output_length(batch.mask.sum(-1))
    final = ctc(logits, frames, batch.labels)
    loss = final
    if halfway:
        early = model.ctc_head(model.encoder.out_norm(kept[0]))
        loss = (1 - halfway) * loss + halfway * ctc(early, frames, batch.labels)
    return loss, final.item()


def train_mode(model: LasrForCTC, *, batch_norm: bool = True) -> None:
    """Into training; without `batch_norm` its statistics stay as they are: few data would spoil them."""
    model.train()
    if not batch_norm:
        for module in model.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.eval()


def rate_at(step: int, done: float, *, peak: float, warmup: int = 200) -> float:
    """Learning rate: linear warm-up in steps, then a cosine over the share `done` of the time budget."""
    return peak * min(1.0, (step + 1) / warmup) * max(0.01, 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


def normalised(text: str) -> str:
    """As MedASR's published word error counts: markers as words, no case, no punctuation."""
    return " ".join(re.sub(r"[^ a-z0-9']", " ", text.lower().replace("</s>", "")).split())


def greedy(model: LasrForCTC, tokens: LasrTokenizer, mels: list[np.ndarray], batch: int = 16) -> list[str]:
    """Offline greedy text of each, decoded in batches of like length."""
    texts = [""] * len(mels)
    order = sorted(range(len(mels)), key=lambda i: len(mels[i]))
    model.eval()
    for start in range(0, len(order), batch):
        some = order[start : start + batch]
        made = data.collate([mels[i] for i in some], [[0]] * len(some))
        ids = model.generate(input_features=made.features, attention_mask=made.mask)
        for i, text in zip(some, tokens.batch_decode(ids, skip_special_tokens=True), strict=True):
            texts[i] = text
    return texts


def word_error(references: list[str], hypotheses: list[str]) -> float:
    """Percent."""
    return 100 * jiwer.wer([normalised(r) for r in references], [normalised(h) for h in hypotheses])


def heard(utterances: list[data.Utterance], *, seed: int = 0) -> list[np.ndarray]:
    """Features of each as a fair microphone hears it: -26 dBFS, silence around, noise 40 dB below."""
    rng = np.random.default_rng(seed)
    mels = []
    for utterance in utterances:
        audio = data.padded(data.at_level(utterance.audio.astype(np.float32) / 32768, -26), rng)
        mels.append(data.features(audio + data.noise(len(audio), rng) * np.float32(10 ** (-66 / 20))))
    return mels


def evaluate(model: LasrForCTC, tokens: LasrTokenizer, utterances: list[data.Utterance]) -> dict[str, float]:
    """Word error by voice and over all, in percent."""
    texts = greedy(model, tokens, heard(utterances))
    pairs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for utterance, text in zip(utterances, texts, strict=True):
        for key in (utterance.voice, "all"):
            pairs[key].append((utterance.target, text))
    return {k: round(word_error([r for r, _ in v], [h for _, h in v]), 1) for k, v in sorted(pairs.items())}


def batches(
    folder: Path, tokens: LasrTokenizer, easy: Callable[[], bool], *, batch_s: float, seed: int
) -> Iterator[data.Batch]:
    """Augmented batches without end: short and clean while it is `easy`, then everything, and joined pairs.

    The set is read anew each round, so shards still being written are used as they come.
    """
    rng = np.random.default_rng(seed)
    while True:
        everything = [u for u in data.read_set(folder, "train") if u.voice in voices.TRAINED]
        started_easy = easy()
        if started_easy:
            everything = [u for u in everything if u.seconds < 4.5]
        for group in data.by_length(everything, batch_s, rng):
            if started_easy and not easy():
                break
            mels, labels = [], []
            for chosen in group:
                utterance = chosen
                if not easy() and chosen.seconds < 5 and rng.random() < 0.15:
                    near = [u for u in group if u.voice == chosen.voice]
                    utterance = data.joined(chosen, near, rng)
                mel = data.features(
                    data.augment(utterance.audio.astype(np.float32) / 32768, rng, mild=easy())
                )
                label = vocabulary.encode(tokens, utterance.target)
                if data.fits(mel, label):
                    mels.append(mel)
                    labels.append(label)
            if mels:
                yield data.collate(mels, labels)


@dataclass(slots=True)
class Run:
    """The state in a checkpoint besides weights and optimizer."""

    step: int = 0
    spent_s: float = 0.0
    heard_s: float = 0.0  # audio the model has seen
    loss: float = 9.0  # running mean
    easy: bool = True  # short, clean utterances only, until the loss is FLUENT once


def save(folder: Path, model: LasrForCTC, optimizer: torch.optim.Optimizer, run: Run) -> None:
    """Checkpoint for `resume`, and the model as a LASR folder in `hf/` (both replaced whole)."""
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(),
             "run": (run.step, run.spent_s, run.heard_s, run.loss)}  # fmt: skip
    torch.save(state, folder / "last.pt.partial")
    os.replace(folder / "last.pt.partial", folder / "last.pt")
    model.save_pretrained(folder / "hf")


def resume(folder: Path, model: LasrForCTC, optimizer: torch.optim.Optimizer) -> Run:
    state = torch.load(folder / "last.pt", weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return Run(*state["run"])


def average_gradients(model: LasrForCTC, spent_s: float, workers: int) -> float:
    """Averages gradients over the workers, and the time spent with them: all stop at the same step."""
    parameters = [p for p in model.parameters() if p.grad is not None]
    flat = torch.cat([*(p.grad.flatten() for p in parameters), torch.tensor([spent_s])])
    distributed.all_reduce(flat)
    flat /= workers
    at = 0
    for p in parameters:
        p.grad.copy_(flat[at : at + p.numel()].view_as(p))
        at += p.numel()
    return float(flat[-1])


def train(model: LasrForCTC, tokens: LasrTokenizer, folder: Path, *, minutes: float, peak: float = 2e-3,
          batch_s: float = 24.0, every_s: float = 300.0, again: bool = False, log: Log = print,
          rank: int = 0, workers: int = 1) -> None:  # fmt: skip
    """Trains until the budget is spent; worker 0 evaluates on the dev set and saves every `every_s`.

    With several workers (torch.distributed is up) each has a batch of its own and gradients are averaged: on
    shared cores, two processes of one thread wait for each other once a step, two threads at every operation.
    """
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=peak, betas=(0.9, 0.98), fused=True)
    run = resume(folder, model, optimizer) if again else Run()
    started, saved, before = time.monotonic(), time.monotonic(), run.spent_s
    shown: list[float] = []

    def done() -> float:
        return run.spent_s / (60 * minutes)

    made = batches(folder / "data", tokens, lambda: run.easy, batch_s=batch_s, seed=1000 * run.step + rank)
    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(next, made)
        while done() < 1:
            batch, coming = coming.result(), ahead.submit(next, made)
            model.train()
            rate = rate_at(run.step, done(), peak=peak)
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss, final = loss_of(model, batch)
            loss.backward()
            run.spent_s = before + time.monotonic() - started
            if workers > 1:
                run.spent_s = average_gradients(model, run.spent_s, workers)
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            if torch.isfinite(norm):
                optimizer.step()
            optimizer.zero_grad()
            shown.append(final)
            run.loss += 0.02 * (shown[-1] - run.loss)
            run.easy = run.easy and run.loss > FLUENT
            run.step += 1
            run.heard_s += workers * batch.seconds
            if rank == 0 and run.step % 50 == 0:
                log(f"{run.spent_s / 60:.1f} min step {run.step} loss {np.mean(shown):.3f} "
                    f"norm {norm.item():.2f} rate {rate:.2e} heard {run.heard_s / 3600:.2f} h")  # fmt: skip
                shown.clear()
            if rank == 0 and (time.monotonic() - saved > every_s or done() >= 1):
                saved = time.monotonic()
                save(folder, model, optimizer, run)
                errors = evaluate(model, tokens, data.read_set(folder / "data", "dev"))
                log(f"{run.spent_s / 60:.1f} min dev word error {json.dumps(errors)}")
        coming.cancel()
