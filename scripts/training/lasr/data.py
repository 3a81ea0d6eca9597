"""Sets of synthetic utterances on disk, and batches of augmented features from them.

A set is a folder of shards: `NAME-00.npy` (int16 samples of all its utterances, one after the other) and
`NAME-00.tsv` (samples, voice, target; one line an utterance).
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import scipy.fft
import scipy.signal
import torch
from numpy.typing import NDArray
from transformers.models.lasr.feature_extraction_lasr import linear_to_mel_weight_matrix

from training.lasr import text, voices

SHARD = 300
FLOAT = NDArray[np.float32]
_MEL = linear_to_mel_weight_matrix(128, 257, 16_000, 125.0, 7500.0, np.float32)
_WINDOW = np.hanning(400).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Utterance:
    audio: NDArray[np.int16]  # 16 kHz
    voice: str
    target: str

    @property
    def seconds(self) -> float:
        return len(self.audio) / voices.SAMPLE_RATE


def write_shard(folder: Path, name: str, spoken: list[Utterance]) -> None:
    lines = [f"{len(u.audio)}\t{u.voice}\t{u.target}" for u in spoken]
    np.save(folder / f"{name}.npy", np.concatenate([u.audio for u in spoken]))
    partial = folder / f"{name}.tsv.partial"
    partial.write_text("\n".join(lines) + "\n")
    partial.rename(folder / f"{name}.tsv")  # last: a reader sees whole shards only


def read_set(folder: Path, name: str) -> list[Utterance]:
    """Every whole shard of a set that is there now (audio stays on disk)."""
    found: list[Utterance] = []
    for listing in sorted(folder.glob(f"{name}-*.tsv")):
        samples = np.load(listing.with_suffix(".npy"), mmap_mode="r")
        at = 0
        for line in listing.read_text().splitlines():
            length, voice, target = line.split("\t")
            found.append(Utterance(samples[at : at + int(length)], voice, target))
            at += int(length)
    return found


def synthesise(folder: Path, name: str, targets: list[str], *, seed: int, voice: str | None = None,
               shards: slice = slice(None)) -> None:  # fmt: skip
    """Writes a set, a shard at a time; shards already there are left (so it goes on where it stopped)."""
    folder.mkdir(parents=True, exist_ok=True)
    starts = list(range(0, len(targets), SHARD))[shards]
    for start in starts:
        shard = f"{name}-{start // SHARD:03d}"
        if (folder / f"{shard}.tsv").exists():
            continue
        rng = random.Random(f"{seed} {shard}")
        made = []
        for target in targets[start : start + SHARD]:
            speaker = voice or rng.choice(voices.TRAINED)
            made.append(Utterance(voices.say(text.spoken(target), speaker, rng), speaker, target))
        write_shard(folder, shard, made)


def features(audio: FLOAT) -> FLOAT:
    """Log-mel [frames, 128] as LasrFeatureExtractor has it, in float32 (it differs by less than 1e-4)."""
    frames = np.lib.stride_tricks.sliding_window_view(audio, 400)[::160]
    spectrum = scipy.fft.rfft(frames * _WINDOW, n=512)
    power = spectrum.real**2 + spectrum.imag**2
    return np.log(np.maximum(power @ _MEL, 1e-5), dtype=np.float32)


def at_level(audio: FLOAT, dbfs: float) -> FLOAT:
    level = math.sqrt(float(np.mean(audio**2)) + 1e-12)
    return (audio * (10 ** (dbfs / 20) / level)).astype(np.float32)


def _room(audio: FLOAT, rng: np.random.Generator) -> FLOAT:
    """A small room: the direct sound, then a tail that dies in 0.1 to 0.35 s."""
    length = int(rng.uniform(0.1, 0.35) * voices.SAMPLE_RATE)
    tail = rng.standard_normal(length) * np.exp(-6.9 * np.arange(length) / length) * rng.uniform(0.01, 0.06)
    tail[0] = 1.0
    return scipy.signal.fftconvolve(audio, tail.astype(np.float32))[: len(audio)].astype(np.float32)


def noise(samples: int, rng: np.random.Generator) -> FLOAT:
    """White to brownish noise of unit level."""
    white = rng.standard_normal(samples).astype(np.float32)
    noise = scipy.signal.lfilter([1.0], [1.0, -rng.uniform(0.0, 0.97)], white)
    return (noise / (np.std(noise) + 1e-9)).astype(np.float32)


def padded(audio: FLOAT, rng: np.random.Generator) -> FLOAT:
    """With 0.1 to 0.6 s of silence before and after, as a live utterance has."""
    before, after = (int(rng.uniform(0.1, 0.6) * voices.SAMPLE_RATE) for _ in range(2))
    return np.pad(audio, (before, after))


def augment(audio: FLOAT, rng: np.random.Generator, *, mild: bool = False) -> FLOAT:
    """One hearing of it: speed, room, silence around, level, noise (at times digitally clean)."""
    if mild:
        return padded(at_level(audio, rng.uniform(-30, -18)), rng)
    if rng.random() < 0.5:
        speed = rng.uniform(0.9, 1.1)
        audio = np.interp(np.arange(0, len(audio) - 1, speed), np.arange(len(audio)), audio).astype(
            np.float32
        )
    if rng.random() < 0.1:
        audio = _room(audio, rng)
    level = rng.uniform(-32, -16)
    audio = padded(at_level(audio, level), rng)
    if rng.random() < 0.4:
        audio = audio + noise(len(audio), rng) * np.float32(10 ** ((level - rng.uniform(20, 50)) / 20))
    return np.clip(audio, -1.0, 1.0).astype(np.float32)


def joined(utterance: Utterance, others: list[Utterance], rng: np.random.Generator) -> Utterance:
    """The utterance and another of the same voice, after a pause of 0.2 to 0.9 s."""
    other = others[rng.integers(len(others))]
    pause = np.zeros(int(rng.uniform(0.2, 0.9) * voices.SAMPLE_RATE), np.int16)
    audio = np.concatenate([utterance.audio, pause, other.audio])
    return Utterance(audio, utterance.voice, f"{utterance.target} {other.target}")


@dataclass(frozen=True, slots=True)
class Batch:
    features: torch.Tensor  # [B, T, 128] float32
    mask: torch.Tensor  # [B, T] int64
    labels: torch.Tensor  # [B, U] int64, -100 where there is none
    seconds: float


def frames_of(mel_frames: int) -> int:
    """Encoder frames (40 ms) of so many mel frames."""
    return ((mel_frames - 5) // 2 + 1 - 5) // 2 + 1


def collate(mels: list[FLOAT], labels: list[list[int]]) -> Batch:
    longest, most = max(map(len, mels)), max(map(len, labels))
    batch = np.zeros((len(mels), longest, 128), np.float32)
    mask = np.zeros((len(mels), longest), np.int64)
    ids = np.full((len(mels), most), -100, np.int64)
    for i, (mel, label) in enumerate(zip(mels, labels, strict=True)):
        batch[i, : len(mel)], mask[i, : len(mel)], ids[i, : len(label)] = mel, 1, label
    tensors = [torch.from_numpy(array) for array in (batch, mask, ids)]
    return Batch(*tensors, seconds=sum(map(len, mels)) / 100)


def fits(mel: FLOAT, label: list[int]) -> bool:
    """CTC needs a frame a label, and one more between two equal labels."""
    return frames_of(len(mel)) > len(label) + sum(a == b for a, b in pairwise(label))


def by_length(
    utterances: list[Utterance], batch_s: float, rng: np.random.Generator
) -> Iterator[list[Utterance]]:
    """Groups of like length of about `batch_s` seconds each, in random order."""
    order = sorted(utterances, key=lambda u: u.seconds * rng.uniform(0.9, 1.1))
    groups: list[list[Utterance]] = [[]]
    for utterance in order:
        if groups[-1] and utterance.seconds * (len(groups[-1]) + 1) > batch_s:
            groups.append([])
        groups[-1].append(utterance)
    for i in rng.permutation(len(groups)):
        yield groups[i]
