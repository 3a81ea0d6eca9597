#!/usr/bin/env python
"""Fine-tunes MedASR, or any LASR folder, on your recordings by Google's announced recipe.

    scripts/train medasr google/medasr recordings/ --out medasr-tuned --bundle models/medasr-tuned

`recordings/` holds audio files and transcripts.tsv (path, text). Write the text as the model writes it,
with {period} and [FINDINGS], for these to be learned. 30 % of the sentences are held out; word error on
them is printed before and after. `--old` names recordings of what the model already knows: they are mixed
in and scored too, so that forgetting shows. `--bundle` exports the result for the assistant.

The recipe: AdamW at 3e-5, 300 steps of warm-up and then linearly to nothing, batches of 8 x 4, recordings
under 0.6 s left out, like lengths together, all weights trained in fp32. Ours beside it: each recording is
heard anew each time (speed, level, silence around, noise), and BatchNorm keeps its statistics: few
recordings would spoil them.
"""

import argparse
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning would take the cores from what else runs

import numpy as np
import torch
from transformers import AutoProcessor, LasrForCTC, LasrTokenizer
from transformers.utils import logging as transformers_logging

from assistant.asr.export import Described, export
from training.lasr import data, recordings, training

HELD_OUT = "held out"


@dataclass(frozen=True, slots=True)
class Recipe:
    epochs: int = 5
    rate: float = 3e-5
    warmup: int = 300  # optimizer steps
    batch: int = 8
    accumulate: int = 4
    end_token: bool = True  # MedASR's own labels end with </s>; the mini model's do not
    seed: int = 42


def labels_of(tokens: LasrTokenizer, text: str, recipe: Recipe) -> list[int]:
    ids = list(tokens(text, add_special_tokens=False).input_ids)
    return [*ids, tokens.convert_tokens_to_ids("</s>")] if recipe.end_token else ids


def epoch(utterances: list[data.Utterance], tokens: LasrTokenizer, recipe: Recipe,
          rng: np.random.Generator) -> Iterator[data.Batch]:  # fmt: skip
    """Batches of like length in random order, each recording as another microphone may have heard it."""
    order = sorted(utterances, key=lambda u: u.seconds * rng.uniform(0.9, 1.1))
    groups = [order[i : i + recipe.batch] for i in range(0, len(order), recipe.batch)]
    for i in rng.permutation(len(groups)):
        pairs = [
            (
                data.features(data.augment((u.audio / 32768).astype(np.float32), rng)),
                labels_of(tokens, u.target, recipe),
            )
            for u in groups[i]
        ]
        if fitting := [(mel, label) for mel, label in pairs if data.fits(mel, label)]:
            yield data.collate([mel for mel, _ in fitting], [label for _, label in fitting])


def fine_tune(model: LasrForCTC, tokens: LasrTokenizer, utterances: list[data.Utterance], recipe: Recipe,
              log: Callable[[str], None]) -> None:  # fmt: skip
    """Trains the model in place."""
    rng = np.random.default_rng(recipe.seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.rate)
    per_epoch = -(-len(utterances) // (recipe.batch * recipe.accumulate))
    # A set too small for 300 steps of warm-up would never reach its rate.
    steps = recipe.epochs * per_epoch
    warmup = min(recipe.warmup, max(1, steps // 5))
    step = 0
    for number in range(recipe.epochs):
        losses = []
        batches = list(epoch(utterances, tokens, recipe, rng))
        for start in range(0, len(batches), recipe.accumulate):
            some = batches[start : start + recipe.accumulate]
            for batch in some:
                training.train_mode(model, batch_norm=False)
                loss, final = training.loss_of(model, batch, halfway=0.0)
                (loss / len(some)).backward()
                losses.append(final)
            optimizer.param_groups[0]["lr"] = recipe.rate * min(
                (step + 1) / warmup, (steps - step) / (steps - warmup + 1)
            )
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            step += 1
        log(f"epoch {number + 1} of {recipe.epochs}: loss {np.mean(losses):.3f}")


def found_share(references: list[str], hypotheses: list[str], words: set[str]) -> float:
    """The percentage of the times that one of `words` was said in which it stands in the text."""
    said = found = 0
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        wanted = Counter(word for word in training.normalised(reference).split() if word in words)
        said += wanted.total()
        found += (wanted & Counter(training.normalised(hypothesis).split())).total()
    return 100 * found / said if said else float("nan")


def scores(
    model: LasrForCTC, tokens: LasrTokenizer, sets: dict[str, list[data.Utterance]], words: set[str]
) -> dict[str, float]:
    """Word error of each set in percent, offline and greedy; how many of `words` are found in the first."""
    result = {}
    for name, utterances in sets.items():
        mels = [data.features((u.audio / 32768).astype(np.float32)) for u in utterances]
        said, texts = [u.target for u in utterances], training.greedy(model, tokens, mels)
        result[name] = round(training.word_error(said, texts), 1)
        if words and name == HELD_OUT:
            result["words found"] = round(found_share(said, texts, words), 1)
    return result


def run(
    args: argparse.Namespace, recipe: Recipe, log: Callable[[str], None] = print
) -> dict[str, dict[str, float]]:
    torch.manual_seed(recipe.seed)
    words = set(training.normalised(args.words.replace(",", " ")).split())
    processor = AutoProcessor.from_pretrained(args.model)
    model = LasrForCTC.from_pretrained(args.model, dtype=torch.float32)
    learn, test = recordings.split(recordings.read_folder(args.recordings))
    sets = {HELD_OUT: test}
    if args.old:
        old_learn, sets["old"] = recordings.split(recordings.read_folder(args.old))
        learn = [*learn * args.repeat, *old_learn]
    log(
        f"{len(learn)} recordings ({sum(u.seconds for u in learn) / 60:.1f} min) to learn from, "
        f"{len(test)} held out"
    )
    unknown = processor.tokenizer.unk_token_id
    if odd := sum(unknown in labels_of(processor.tokenizer, u.target, recipe) for u in learn):
        log(f"{odd} of them have signs that the model has no piece for: it cannot learn to write those")
    result = {"before": scores(model, processor.tokenizer, sets, words)}
    fine_tune(model, processor.tokenizer, learn, recipe, log)
    result["after"] = scores(model, processor.tokenizer, sets, words)
    model.eval()
    model.save_pretrained(args.out)
    processor.save_pretrained(args.out)
    processor.feature_extractor.save_pretrained(args.out)
    log(json.dumps({"percent": result}))
    if args.bundle:
        described = Described(args.bundle.name, f"{args.model}, fine-tuned", "local", args.licence)
        for parity in export(args.out, args.bundle, described, on_step=log):
            log(str(parity))
    return result


def main() -> None:
    usual = Recipe()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a LASR folder, or google/medasr where you have access")
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder for the tuned model")
    parser.add_argument("--old", type=Path, help="recordings of what it already knows: mixed in, and scored")
    parser.add_argument(
        "--repeat", type=int, default=1, metavar="N", help="hear each new recording N times an epoch"
    )
    parser.add_argument("--words", default="", help="new words, with commas: how many of them are found")
    parser.add_argument("--bundle", type=Path, help="also export for the assistant")
    parser.add_argument("--licence", default="that of the model it was tuned from")
    parser.add_argument("--epochs", type=int, default=usual.epochs)
    parser.add_argument("--rate", type=float, default=usual.rate)
    parser.add_argument("--batch", type=int, default=usual.batch)
    parser.add_argument("--accumulate", type=int, default=usual.accumulate)
    parser.add_argument(
        "--no-end-token", action="store_true", help="labels without </s>, as the mini model has them"
    )
    args = parser.parse_args()
    transformers_logging.disable_progress_bar()
    recipe = Recipe(
        args.epochs, args.rate, batch=args.batch, accumulate=args.accumulate, end_token=not args.no_end_token
    )
    try:
        run(args, recipe)
    except recordings.BadRecordings as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
