"""A language of tones, and an acoustic model that hears it the way LASR hears speech.

Each word is one tone of 160 ms. The model is wrong near the edges of what it is given, as a model without
context is, and its spikes may come a frame sooner or later in one window than in the next.
"""

import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from assistant.asr.acoustic import Abort, WindowSteps
from assistant.asr.bundle import encoder_frames
from assistant.asr.ctc import LogProbs, log_softmax
from assistant.asr.features import Features, FeatureSettings
from assistant.asr.lasr_stream import LasrStream, Preset
from assistant.asr.medasr import GreedyDecoder
from assistant.audio.frames import Samples
from tests.asr.fakes import FakeModel

RATE = 16_000
WORDS = 20
PIECES = ("<blk>", "<s>", "</s>", "<unk>", *(f"▁w{n}" for n in range(WORDS)))
FIRST_HZ, STEP_HZ = 400.0, 150.0
PRESET = Preset(chunk=12, look_ahead=30, left=100, sure=0.5)


def say(numbers: Sequence[int], gap_s: float = 0.12, seed: int = 0) -> Samples:
    """Words by number, with gaps of ``gap_s`` to twice that."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(0.16 * RATE)) / RATE
    parts = [np.zeros(RATE // 2)]
    for number in numbers:
        parts += [
            0.3 * np.sin(2 * np.pi * (FIRST_HZ + STEP_HZ * number) * t) * np.hanning(len(t)),
            np.zeros(int(rng.uniform(gap_s, 2 * gap_s) * RATE)),
        ]
    return np.concatenate([*parts, np.zeros(RATE // 2)]).astype(np.float32)


def written(numbers: Sequence[int]) -> str:
    return " ".join(f"w{n}" for n in numbers)


def _bins() -> npt.NDArray[np.int64]:
    """The mel bin in which each word's tone is loudest."""
    from assistant.asr.features import log_mel

    return np.array([log_mel(say([n]))[50:66].mean(0).argmax() for n in range(WORDS)])


class ToneAcoustic:
    """``edge``: frames at both ends of a window that come out wrong; ``jitter``: of the spikes."""

    def __init__(self, edge: int = 25, jitter: int = 1) -> None:
        self._edge, self._jitter, self._bins = edge, jitter, _bins()
        self.calls = 0

    def whole(self, feats: Features, abort: Abort | None = None) -> LogProbs:
        self.calls += 1
        frames = encoder_frames(len(feats))
        logits = np.zeros((frames, len(PIECES)), np.float32)
        logits[:, 0] = 6
        middle = feats[6 : 6 + 4 * frames : 4]
        loud = middle.max(1) > -2
        nearest = np.abs(middle.argmax(1)[:, None] - self._bins).argmin(1)
        shift = np.random.default_rng(zlib.crc32(feats.tobytes())).integers(-self._jitter, self._jitter + 1)
        for t in np.flatnonzero(loud):
            at = int(np.clip(t + shift, 0, frames - 1))
            wrong = (t < self._edge or t >= frames - self._edge) and frames > 2 * self._edge
            logits[at, 0] = 0
            logits[at, 4 + (nearest[t] + 7 * wrong) % WORDS] = 6
        return log_softmax(logits)

    def open_steps(self, left: int) -> WindowSteps:
        return WindowSteps(self, left)


class ToneModel(FakeModel):
    name = "tones"
    times_words = True

    def __init__(self, acoustic: ToneAcoustic | None = None) -> None:
        self.acoustic = acoustic or ToneAcoustic()
        self._pool = ThreadPoolExecutor(1)

    def open_stream(self) -> LasrStream:
        return LasrStream(
            self.acoustic,
            pieces=PIECES,
            features=FeatureSettings(),
            preset=PRESET,
            decoder=GreedyDecoder(PIECES),
            pool=self._pool,
        )
