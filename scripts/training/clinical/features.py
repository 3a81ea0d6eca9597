"""Clips to what the decoder is trained on: the int8 encoder's output and label tokens, plain and augmented.

The encoder stays as it is published, so its output is computed once. Frames of all items lie in one float16
file, [frames, 288]; a JSON line an item says where. Resumable: an item's line is written after its frames.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, resample_poly

from assistant.asr.moonshine import MoonshineModel
from training.clinical.labels import Tokenizer, corrected

RATE = 16_000
WIDTH = 288
LONGEST_S = 15.0
MOST_WRONG = {"flite": 0.7}
"""A clip of which the published model hears less is left out: its voice says something else."""

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Item:
    start: int  # first frame
    frames: int
    tokens: list[int]
    kind: str  # med, ask, gen, none
    source: str  # kokoro or flite, or noise
    text: str
    label: str
    wrong: float


class Encoder:
    """The published encoder and its transcripts."""

    def __init__(self, folder: Path) -> None:
        self.model = MoonshineModel(folder)
        self._session = self.model._encoder
        self._wanted = {i.name for i in self._session.get_inputs()}

    def frames(self, samples: Samples) -> NDArray[np.float16]:
        mask = np.ones((1, len(samples)), np.int64)
        feeds = {"input_values": samples[None].astype(np.float32), "attention_mask": mask}
        (out,) = self._session.run(None, {k: v for k, v in feeds.items() if k in self._wanted})
        return np.asarray(out[0], np.float16)


def augmented(samples: Samples, rng: np.random.Generator) -> Samples:
    """Another speed, a room, a cheap microphone or telephone, clipping, noise, level, silence around."""
    a = samples.astype(np.float64)
    up = int(rng.choice([92, 96, 100, 104, 108]))  # speed and pitch together
    if up != 100:
        a = resample_poly(a, 100, up)
    if rng.random() < 0.5:
        n = int(RATE * rng.uniform(0.05, 0.3))
        room = (
            rng.standard_normal(n) * np.exp(-np.linspace(0, rng.uniform(5, 8), n)) * rng.uniform(0.05, 0.25)
        )
        room[0] = 1
        a = np.convolve(a, room)[: len(a)]
    kind = rng.random()
    if kind < 0.12:  # telephone: 8 kHz, 300 to 3400 Hz
        b, c = butter(3, [300 / 4000, 3400 / 4000], "band")
        a = resample_poly(lfilter(b, c, resample_poly(a, 1, 2)), 2, 1)[: len(a)]
    elif kind < 0.4:
        b, c = butter(2, [rng.uniform(60, 300) / 8000, rng.uniform(3400, 7200) / 8000], "band")
        a = lfilter(b, c, a)
    if rng.random() < 0.1:
        most = np.abs(a).max() * rng.uniform(0.3, 0.8)
        a = np.clip(a, -most, most)
    noise = coloured(len(a), rng)
    a = a + noise / (np.std(noise) + 1e-9) * np.std(a) * 10 ** (-rng.uniform(8, 35) / 20)
    a = a / (np.abs(a).max() + 1e-9) * rng.uniform(0.05, 0.95)
    pad = [np.zeros(int(RATE * rng.uniform(0, 0.35))) for _ in range(2)]
    return np.concatenate([pad[0], a, pad[1]]).astype(np.float32)


def coloured(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """White, pink or brown noise, [n]."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequency = np.maximum(np.arange(len(spectrum)), 1) ** (rng.choice([0, 0.5, 1]))
    return np.fft.irfft(spectrum / frequency, n)


def no_speech(many: int, rng: np.random.Generator) -> Iterator[Samples]:
    """Silence, hum and noise that swells: what must give no words."""
    for _ in range(many):
        n = int(RATE * rng.uniform(0.4, 6))
        noise = coloured(n, rng)
        noise /= np.std(noise) + 1e-9
        at = np.arange(n) / RATE
        match int(rng.integers(5)):
            case 0:
                a = noise
            case 1:
                a = noise * (1 + 0.9 * np.sin(2 * np.pi * rng.uniform(0.2, 3) * at))
            case 2:
                a = np.sin(2 * np.pi * rng.choice([50, 60, 100, 120, 440]) * at) + noise * 0.2
            case 3:  # knocks and clicks
                a = noise * 0.1
                for start in rng.integers(0, n, int(rng.integers(1, 8))):
                    length = min(n - int(start), int(RATE * rng.uniform(0.01, 0.15)))
                    a[start : start + length] += (
                        rng.standard_normal(length) * np.exp(-np.linspace(0, 6, length)) * 8
                    )
            case _:
                a = noise * np.repeat(rng.uniform(0, 1, n // 1600 + 1), 1600)[:n] ** 2
        yield (a / (np.abs(a).max() + 1e-9) * 10 ** rng.uniform(-3, -0.1)).astype(np.float32)


def read(prefix: Path) -> list[Item]:
    """The items written so far."""
    path = prefix.with_suffix(".jsonl")
    return [Item(**json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def frames_of(prefix: Path) -> NDArray[np.float16]:
    return np.memmap(prefix.with_suffix(".f16"), np.float16, "r").reshape(-1, WIDTH)


def prepare(
    clips: Sequence[dict[str, str]], bundle: Path, prefix: Path, variants: int, silences: int = 0
) -> None:
    """Items of all clips, one plain and ``variants`` augmented each; those that stand are left."""
    encoder, tokenizer = Encoder(bundle), Tokenizer(bundle / "tokenizer.bin")
    done = read(prefix)
    texts = {item.text for item in done}
    at = max((item.start + item.frames for item in done), default=0)
    with (
        prefix.with_suffix(".f16").open("r+b" if done else "wb") as data,
        prefix.with_suffix(".jsonl").open("a") as lines,
    ):
        data.truncate(at * WIDTH * 2)
        data.seek(at * WIDTH * 2)

        def put(samples: Samples, **rest: Any) -> None:
            nonlocal at
            frames = encoder.frames(samples)
            data.write(frames.tobytes())
            data.flush()
            lines.write(json.dumps(asdict(Item(start=at, frames=len(frames), **rest))) + "\n")
            at += len(frames)

        for clip in clips:
            if clip["text"] in texts or float(clip["seconds"]) > LONGEST_S:
                continue
            source = Path(clip["path"]).parent.name.replace("train", "kokoro")
            samples, _ = soundfile.read(clip["path"], dtype="float32")
            heard = encoder.model.transcribe(samples)
            label, wrong = corrected(heard, clip["text"])
            if wrong > MOST_WRONG.get(source, 1.0):
                continue
            rest = {
                "tokens": tokenizer.encode(label),
                "kind": clip["kind"],
                "source": source,
                "text": clip["text"],
                "label": label,
                "wrong": wrong,
            }
            put(samples, **rest)
            rng = np.random.default_rng(random.Random(clip["text"]).getrandbits(32))
            for _ in range(variants):
                put(augmented(samples, rng), **rest)
            lines.flush()
        if silences and not any(item.kind == "none" for item in done):
            for samples in no_speech(silences, np.random.default_rng(7)):
                put(samples, tokens=[], kind="none", source="noise", text="", label="", wrong=0.0)
