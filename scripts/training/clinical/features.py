"""Clips to what the decoder is trained on: the int8 encoder's output and label tokens, plain and augmented.

The encoder stays as it is published, so its output is computed once; to train its last layers, ``Sounds``
makes the samples again. Frames of all items lie in one float16 file, [frames, 288]; a JSON line an item says
where. Resumable: an item's line is written after its frames, and the texts of clips that are left out stand
in a file beside it.
"""

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, lfilter, resample_poly

from assistant.asr.moonshine import MoonshineModel
from assistant.asr.moonshine_search import SearchSettings
from assistant.asr.moonshine_tokens import Pieces
from assistant.audio.files import read_audio
from hearing.noise import RATE, Samples, coloured, no_speech
from training.clinical import speak
from training.clinical.labels import corrected, plain
from training.clinical.voices import session

WIDTH = 288
ENCODER = "encoder_model.ort"
LONGEST_S = 15.0
MOST_WRONG = {"flite": 0.7}
"""A clip of which the published model hears less is left out: its voice says something else."""


@dataclass(frozen=True)
class Item:
    start: int  # first frame
    frames: int
    tokens: list[int]
    kind: str  # med, ask, gen, none
    source: str  # train (Kokoro), flite, noise, or own recordings
    text: str
    label: str
    wrong: float


class Encoder:
    """The published encoder, and what the published model writes, without words to expect."""

    def __init__(self, folder: Path) -> None:
        self.model = MoonshineModel(folder, search=SearchSettings(width=1, bonus=0))
        self._session = session(folder / ENCODER)
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
        a = fftconvolve(a, room)[: len(a)]
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


def _chances(text: str) -> np.random.Generator:
    """Random choices for augmenting the clip of a text; the same at each run."""
    return np.random.default_rng(random.Random(text).getrandbits(32))


def _silences(count: int) -> list[Samples]:
    return list(no_speech(count, np.random.default_rng(7)))


class Sounds:
    """The samples that items were made from. A clip is found by its text, so own recordings are not."""

    def __init__(self, clips: Path, items: Sequence[Item]) -> None:
        self._clips = clips
        before: Counter[tuple[str, str]] = Counter()
        self._variant: dict[tuple[str, int], int] = {}
        for item in items:
            self._variant[item.source, item.start] = before[item.source, item.text]
            before[item.source, item.text] += 1
        self._quiet = before["noise", ""]

    @cached_property
    def _silences(self) -> list[Samples]:
        return _silences(self._quiet)

    def of(self, item: Item) -> Samples:
        """[n] at 16 kHz. Raises ``BadInput`` if the clip is not there."""
        variant = self._variant[item.source, item.start]
        if item.kind == "none":
            return self._silences[variant]
        samples = varied = read_audio(speak.clip(self._clips, item.source, item.text))
        rng = _chances(item.text)
        for _ in range(variant):
            varied = augmented(samples, rng)
        return varied


def read(prefix: Path) -> list[Item]:
    """The items written so far."""
    path = prefix.with_suffix(".jsonl")
    return [Item(**json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def frames_of(prefix: Path) -> NDArray[np.float16]:
    """[frames, 288]; also while more are being written."""
    path = prefix.with_suffix(".f16")
    return np.memmap(path, np.float16, "r", shape=(path.stat().st_size // (WIDTH * 2), WIDTH))


def prepare(
    clips: Sequence[dict[str, str]], bundle: Path, prefix: Path, variants: int, silences: int = 0
) -> None:
    """Items of all clips, one plain and ``variants`` augmented each; those that stand are left."""
    source = prefix.name
    encoder, pieces = Encoder(bundle), Pieces((bundle / "tokenizer.bin").read_bytes())
    done = read(prefix)
    left_out = prefix.with_suffix(".left_out")
    texts = {item.text for item in done} | set(left_out.read_text().splitlines() if left_out.exists() else ())
    at = max((item.start + item.frames for item in done), default=0)
    with (
        prefix.with_suffix(".f16").open("r+b" if done else "wb") as data,
        prefix.with_suffix(".jsonl").open("a") as lines,
        left_out.open("a") as unfit,
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

        for clip in sorted(clips, key=lambda clip: plain(clip["text"]) is None):  # the quick ones first
            if clip["text"] in texts or float(clip["seconds"]) > LONGEST_S:
                continue
            texts.add(clip["text"])  # a text that two workers spoke has one clip, the later one
            samples = read_audio(clip["path"])
            label, wrong = plain(clip["text"]), 0.0
            if label is None:
                label, wrong = corrected(encoder.model.transcribe(samples), clip["text"])
            if wrong > MOST_WRONG.get(source, 1.0):
                unfit.write(clip["text"] + "\n")
                unfit.flush()
                continue
            rest = {
                "tokens": pieces.encode(label),
                "kind": clip["kind"],
                "source": source,
                "text": clip["text"],
                "label": label,
                "wrong": wrong,
            }
            put(samples, **rest)
            rng = _chances(clip["text"])
            for _ in range(variants):
                put(augmented(samples, rng), **rest)
            lines.flush()
        if silences and not any(item.kind == "none" for item in done):
            for samples in _silences(silences):
                put(samples, tokens=[], kind="none", source="noise", text="", label="", wrong=0.0)
