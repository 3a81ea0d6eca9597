"""Trains Moonshine's decoder on prepared items: whole, or LoRA. Embedding and output stay. The encoder stays,
or its last layers are trained too.

What the published model hears rightly is held by a Kullback-Leibler term to it: all of general English, and
of dictation the pieces that it is sure of and that the label has. One thread is the default:
two on a busy machine cost four times the CPU. Checkpoints let a stopped run go on, with the items that stand
then.
"""

import json
import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from torch.nn.utils import parametrize
from transformers.models.moonshine.modeling_moonshine import MoonshineEncoderModelOutput

from assistant.asr.moonshine_tokens import Pieces
from hearing.scoring import grave
from training.clinical import features, graph
from training.clinical.features import WIDTH, Item

START, STOP, IGNORED = 1, 2, -100
OTHER_PIECES = 2000
KNOWN = 0.8
"""The published model is sure of a piece that it gives this probability."""
WEIGHTS = {
    **{"flite": 0.4, "plain-flite": 0.4, "fragments": 2.0, "fragments-flite": 0.6, "noise": 0.4},
    **{"commands": 2.0, "commands-british": 3.0, "commands-pico": 0.7, "numbers": 1.0, "numbers-pico": 0.8},
}
"""Weight by which an item of a source is drawn; 1 if not given."""


GRAVE_WEIGHT = 3.0
"""Weight in the loss of a piece of a number, side, negation or unit; 1 of others."""


@dataclass(frozen=True)
class Recipe:
    steps: int
    rate: float
    rank: int = 0  # of LoRA; 0 trains the whole decoder
    layers: int = 0  # of the encoder, the last, that are trained too
    batch: int = 12
    hold: float = 0.5  # weight of the term that holds what the published model hears rightly
    smoothing: float = 0.02
    warm: int = 30
    decay: float = 0.5  # share of the steps, at the end, in which the rate falls to a twentieth
    threads: int = 1
    every: int = 0  # steps between models that are kept on the way, to choose from; 0 keeps the last only

    def share(self, step: int) -> float:
        """Share of the rate, at a step."""
        left = (self.steps - step) / max(1, self.decay * self.steps)
        return min(1.0, (step + 1) / self.warm, max(0.05, left))


class Low(torch.nn.Module):
    """A low-rank change of a matrix."""

    def __init__(self, outputs: int, inputs: int, rank: int) -> None:
        super().__init__()
        self.a = torch.nn.Parameter(torch.randn(rank, inputs) / inputs**0.5)
        self.b = torch.nn.Parameter(torch.zeros(outputs, rank))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return weight + self.b @ self.a


def _trainable(decoder: torch.nn.Module, rank: int) -> list[torch.nn.Parameter]:
    if not rank:
        found = [p for name, p in decoder.named_parameters() if "embed_tokens" not in name]
    else:
        found = []
        for module in list(decoder.modules()):
            if isinstance(module, torch.nn.Linear):
                low = Low(*module.weight.shape, rank)
                parametrize.register_parametrization(module, "weight", low, unsafe=True)
                found += [low.a, low.b]
    for parameter in found:
        parameter.requires_grad_(True)
    return found


def _merged(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """All parameters under the names of the published model, low-rank changes added in."""
    changed = {
        f"{name}.weight" for name, module in model.named_modules() if parametrize.is_parametrized(module)
    }
    found = {name: p.detach() for name, p in model.named_parameters() if ".parametrizations." not in name}
    with torch.no_grad():
        return found | {name: model.get_submodule(name.removesuffix(".weight")).weight for name in changed}


class Data:
    """Items of several feature files, drawn by weight in batches of like length."""

    def __init__(self, prefixes: Sequence[Path], pieces: Pieces, seed: int) -> None:
        self._files = [features.frames_of(p) for p in prefixes]
        self.items: list[tuple[int, Item]] = [
            (n, item) for n, p in enumerate(prefixes) for item in features.read(p)
        ]
        self._weights = [WEIGHTS.get(item.source, 1.0) for _, item in self.items]
        self._rng = random.Random(seed)
        self._pieces = pieces

    def grave(self, item: Item) -> list[bool]:
        """For each piece of the label, and the stop after them, whether it belongs to a number, side,
        negation or unit."""
        out = [False] * (len(item.tokens) + 1)
        for word in self._pieces.words(item.tokens):
            if grave(word.text):
                out[word.first : word.end] = [True] * (word.end - word.first)
        return out

    def batch(self, size: int) -> list[tuple[NDArray[np.float16], Item]]:
        pick = self._rng.choices(range(len(self.items)), self._weights, k=size * 4)
        pick.sort(key=lambda i: self.items[i][1].frames)
        at = self._rng.randrange(4) * size
        found = (self.items[i] for i in pick[at : at + size])
        return [(self._files[n][item.start : item.start + item.frames], item) for n, item in found]


def _tensors(batch: Sequence[tuple[NDArray[np.float16], Item]]) -> tuple[torch.Tensor, ...]:
    """(hidden [b, t, 288], mask [b, t], decoder input [b, u], labels [b, u])."""
    longest = max(len(frames) for frames, _ in batch)
    tokens = max(len(item.tokens) for _, item in batch) + 1
    hidden = torch.zeros(len(batch), longest, WIDTH)
    mask = torch.zeros(len(batch), longest, dtype=torch.long)
    given = torch.full((len(batch), tokens), STOP)
    wanted = torch.full((len(batch), tokens), IGNORED)
    for k, (frames, item) in enumerate(batch):
        hidden[k, : len(frames)] = torch.from_numpy(frames.astype(np.float32))
        mask[k, : len(frames)] = 1
        n = len(item.tokens) + 1
        given[k, :n] = torch.tensor([START, *item.tokens])
        wanted[k, :n] = torch.tensor([*item.tokens, STOP])
    return hidden, mask, given, wanted


def train(
    bundle: Path, base: Path, prefixes: Sequence[Path], out: Path, recipe: Recipe, *, seed: int = 0
) -> None:
    """Writes ``bundle``, adapted, into ``out``, held to ``base``, the published bundle.

    Goes on from ``out/checkpoint.pt`` if there is one."""
    torch.manual_seed(seed)
    torch.set_num_threads(recipe.threads)
    model, names = graph.load(bundle)
    published = graph.load(base)[0].requires_grad_(False) if recipe.hold else None
    model.requires_grad_(False)
    decoder = model.model.decoder
    trained = _trainable(decoder, recipe.rank)
    encoder = model.model.encoder
    if recipe.layers:
        for module in (*encoder.layers[-recipe.layers :], encoder.layer_norm):
            trained += module.requires_grad_(True).parameters()
    optimizer = torch.optim.AdamW(trained, lr=recipe.rate, weight_decay=0.01, betas=(0.9, 0.98))
    out.mkdir(parents=True, exist_ok=True)
    first, saved = 0, out / "checkpoint.pt"
    if saved.exists():
        state = torch.load(saved)
        first = state["step"]
        for parameter, value in zip(trained, state["trained"], strict=True):
            parameter.data.copy_(value)
        optimizer.load_state_dict(state["optimizer"])
    data = Data(prefixes, Pieces((base / "tokenizer.bin").read_bytes()), seed + first)
    # the clips lie beside the folder of the features
    sounds = features.Sounds(prefixes[0].parents[1] / "clips", [item for _, item in data.items])
    hours = sum(item.frames for _, item in data.items) * 384 / 16_000 / 3600
    print(
        f"{len(data.items)} items, {hours:.2f} hours; {sum(p.numel() for p in trained)} trained", flush=True
    )
    losses: list[float] = []
    model.train()
    began = time.process_time()

    said = torch.tensor(sorted({STOP, *(t for _, item in data.items for t in item.tokens)}))
    embedding = model.model.decoder.embed_tokens.weight.detach()

    def states(of: torch.nn.Module, *batch: torch.Tensor) -> torch.Tensor:
        hidden, mask, given = batch
        heard = MoonshineEncoderModelOutput(last_hidden_state=hidden, attention_mask=mask)
        result: torch.Tensor = of.model(
            encoder_outputs=heard, decoder_input_ids=given, use_cache=False
        ).last_hidden_state
        return result

    def encoded(batch: Sequence[tuple[NDArray[np.float16], Item]]) -> torch.Tensor:
        """Output of the encoder in training, [b, t, 288]. Each clip alone: its norm is over all frames."""
        heard = [encoder(torch.from_numpy(sounds.of(item))[None]).last_hidden_state[0] for _, item in batch]
        if [len(frames) for frames in heard] != [item.frames for _, item in batch]:
            raise SystemExit("The clips are not those that the features were made from.")
        return torch.nn.utils.rnn.pad_sequence(heard, batch_first=True)

    before = {name: p.detach().clone() for name, p in _merged(model).items()}

    def write(folder: Path) -> None:
        changed = {
            name: value.float().numpy()
            for name, value in _merged(model).items()
            if not torch.equal(value, before[name])
        }
        graph.write_changed(bundle, folder, changed, names)

    for step in range(first, recipe.steps):
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate * recipe.share(step)
        batch = data.batch(recipe.batch)
        hidden, mask, given, wanted = _tensors(batch)
        general = torch.tensor([item.kind == "gen" for _, item in batch])
        kept = wanted != IGNORED
        # The softmax is over the pieces that labels use and some others, drawn anew: half the cost of all.
        drawn = torch.randint(len(embedding), (OTHER_PIECES,))
        among = torch.unique(torch.cat([said, drawn]))
        outputs = embedding[among]
        heard = encoded(batch) if recipe.layers else hidden
        with torch.autocast("cpu", torch.bfloat16):
            after = states(model, heard, mask, given)
            got = (after[kept] @ outputs.T).float()
            targets = torch.searchsorted(among, wanted[kept])
            losses_of = functional.cross_entropy(
                got, targets, label_smoothing=recipe.smoothing, reduction="none"
            )
            is_grave = torch.tensor([g for _, item in batch for g in data.grave(item)])
            weights = torch.where(is_grave, GRAVE_WEIGHT, 1.0)
            loss = (losses_of * weights).sum() / weights.sum()
            total = loss
            if published is not None:
                with torch.no_grad():
                    then = states(published, hidden, mask, given)
                    before_it = functional.log_softmax((then[kept] @ outputs.T).float(), -1)
                    right = before_it.gather(1, targets[:, None])[:, 0] > math.log(KNOWN)
                    held = right | general[:, None].expand_as(kept)[kept]
                now = functional.log_softmax(got[held], -1)
                away = functional.kl_div(now, before_it[held], log_target=True, reduction="sum") / len(held)
                total = total + recipe.hold * away
        optimizer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        if step % 25 == 24:
            cost = (time.process_time() - began) / (step + 1 - first)
            print(f"{step + 1} loss {np.mean(losses[-25:]):.3f} cpu s a step {cost:.2f}", flush=True)
        if step % 60 == 59:
            state = {
                "step": step + 1,
                "trained": [p.data for p in trained],
                "optimizer": optimizer.state_dict(),
            }
            torch.save(state, saved.with_suffix(".new"))
            saved.with_suffix(".new").replace(saved)
        if recipe.every and (step + 1) % recipe.every == 0:
            write(out / f"at-{step + 1}")
    write(out)
    said = {
        "items": len(data.items),
        "hours": round(hours, 3),
        "core_hours": round((time.process_time() - began) / 3600, 3),
        "loss": float(np.mean(losses[-50:])),
        **recipe.__dict__,
    }
    (out / "training.json").write_text(json.dumps(said, indent=1) + "\n")
    saved.unlink(missing_ok=True)
