"""From a word's posterior to how often such words are right. Pure.

CTC posteriors are nearly always close to one, right or wrong. Two numbers per bundle mend that, fitted on
speech whose words are known (``assistant models export --calibrate``).
"""

import difflib
import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from assistant.asr.base import Word

LEAST = 1e-6
STEPS = 50
RIDGE = 1e-2
"""Pulls towards no change: a few dozen words must not make the numbers run away."""


class Calibration(BaseModel):
    """confidence = sigmoid(scale · logit(posterior) + shift)"""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scale: float = 1.0
    shift: float = 0.0

    def __call__(self, probability: float) -> float:
        return float(1 / (1 + np.exp(-(self.scale * _logit(probability) + self.shift))))


def fit(probabilities: Sequence[float], right: Sequence[bool]) -> Calibration:
    """Logistic regression, by Newton's method."""
    x = np.stack([_logit(np.asarray(probabilities, np.float64)), np.ones(len(probabilities))], axis=1)
    y = np.asarray(right, np.float64)
    start = np.array([1.0, 0.0])
    weights = start.copy()
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        gradient = x.T @ (p - y) + RIDGE * (weights - start)
        curvature = (x * (p * (1 - p))[:, None]).T @ x + (RIDGE + 1e-9) * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        weights -= step * min(1.0, 2.0 / (float(np.abs(step).max()) + 1e-12))
    return Calibration(scale=float(weights[0]), shift=float(weights[1]))


def judge(words: Iterable[Word], said: str) -> list[tuple[float, bool]]:
    """Each word's posterior, and whether it is one of those that were said, in order."""
    heard = [(plain, word.confidence or 0.0) for word in words for plain in plain_words(word.text)]
    matcher = difflib.SequenceMatcher(None, [plain for plain, _ in heard], plain_words(said), autojunk=False)
    right = {block.a + k for block in matcher.get_matching_blocks() for k in range(block.size)}
    return [(confidence, number in right) for number, (_, confidence) in enumerate(heard)]


def expected_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error: how far confidence and truth are apart, over ten bins."""
    said, was = np.asarray(confidences), np.asarray(right, np.float64)
    which = np.minimum((said * bins).astype(int), bins - 1)
    gaps = [
        abs(said[which == k].mean() - was[which == k].mean()) * (which == k).mean()
        for k in range(bins)
        if (which == k).any()
    ]
    return float(sum(gaps))


def plain_words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def _logit(p: npt.NDArray[np.float64] | float) -> npt.NDArray[np.float64]:
    clipped = np.clip(np.asarray(p, np.float64), LEAST, 1 - LEAST)
    return np.log(clipped / (1 - clipped))
