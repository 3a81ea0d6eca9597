"""Moonshine's two graphs on onnxruntime: audio to hidden states, and tokens to what follows them.

The decoder has two branches. Without a cache it reads a whole guess in one pass (a fifth of the cost of
decoding it token by token); with one it goes on by a token, for several readings of the same audio at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from assistant.audio.frames import SAMPLE_RATE_HZ, Samples

START_TOKEN, STOP_TOKEN = 1, 2
FRAME_SAMPLES = 384
"""Duration of one hidden state, in samples: 24 ms."""
FRAME_MS = FRAME_SAMPLES * 1000 / SAMPLE_RATE_HZ

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Audio:
    """The encoder's output: [1, T, size] hidden states."""

    hidden: Floats

    @property
    def frames(self) -> int:
        return int(self.hidden.shape[1])


@dataclass(frozen=True, slots=True)
class Cache:
    """Keys and values. ``heard``: of the audio, [1, heads, T, head size] for each of two per layer, keys
    first; ``said``: of the tokens so far, [readings, heads, n, head size] in the same order."""

    heard: tuple[Floats, ...]
    said: tuple[Floats, ...]

    def first(self, tokens: int) -> "Cache":
        """As it was after so many tokens, the start token counted."""
        return Cache(self.heard, tuple(each[:, :, :tokens] for each in self.said))

    def of(self, readings: Sequence[int]) -> "Cache":
        """Those readings, in that order."""
        chosen = list(readings)
        return Cache(self.heard, tuple(each[chosen] for each in self.said))


class MoonshineGraph:
    """Thread-safe. One thread a run: a second one gains nothing (docs/log.md)."""

    def __init__(self, encoder: Path, decoder: Path) -> None:
        self._encoder, self._decoder = _session(encoder), _session(decoder)
        past = [each for each in self._decoder.get_inputs() if each.name.startswith("past_key_values")]
        self._past_said = [each.name for each in past if ".decoder." in each.name]
        self._past_heard = [each.name for each in past if ".encoder." in each.name]
        self._said, self._heard = (
            [name.replace("past_key_values", "present") for name in names]
            for names in (self._past_said, self._past_heard)
        )
        heads, size = past[0].shape[1], past[0].shape[3]
        self._nothing = {each.name: np.zeros((0, heads, 1, size), np.float32) for each in past}
        self._encoder_wants = {each.name for each in self._encoder.get_inputs()}
        self._decoder_wants = {each.name for each in self._decoder.get_inputs()}

    def encode(self, samples: Samples) -> Audio:
        """[n] samples at 16 kHz, at least 1,000."""
        feed = {
            "input_values": samples[None].astype(np.float32, copy=False),
            "attention_mask": np.ones((1, len(samples)), np.int64),
        }
        (hidden,) = self._encoder.run(None, {k: v for k, v in feed.items() if k in self._encoder_wants})
        return Audio(hidden)

    def read(self, audio: Audio, tokens: Sequence[int]) -> tuple[Floats, Cache]:
        """``tokens`` after the start token in one pass: what follows each, [n + 1, V], and the cache."""
        ids = np.array([[START_TOKEN, *tokens]], np.int64)
        names = ["logits", *self._heard, *self._said]
        logits, *present = self._run(names, ids, audio, self._nothing, cached=False)
        return logits[0], Cache(tuple(present[: len(self._heard)]), tuple(present[len(self._heard) :]))

    def step(self, audio: Audio, tokens: Sequence[int], cache: Cache) -> tuple[Floats, Cache]:
        """One more token for each reading: what follows, [readings, V], and the cache with it."""
        past = dict(zip(self._past_heard, cache.heard, strict=True))
        past |= zip(self._past_said, cache.said, strict=True)
        ids = np.array(tokens, np.int64)[:, None]
        logits, *said = self._run(["logits", *self._said], ids, audio, past, cached=True)
        return logits[:, -1], Cache(cache.heard, tuple(said))

    def _run(
        self,
        names: list[str],
        ids: npt.NDArray[np.int64],
        audio: Audio,
        past: dict[str, Floats],
        *,
        cached: bool,
    ) -> list[Floats]:
        feed = {
            "input_ids": ids,
            "encoder_hidden_states": audio.hidden,
            "encoder_attention_mask": np.ones((1, audio.frames * FRAME_SAMPLES), np.int64),
            "use_cache_branch": np.array([cached]),
            **past,
        }
        return list(self._decoder.run(names, {k: v for k, v in feed.items() if k in self._decoder_wants}))


def log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)), np.float32)


def _session(path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
