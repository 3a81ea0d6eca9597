"""Training of the classifier: labelled lines → weights. Needs scikit-learn, which running it does not.

Only what the form of a sentence leaves open is trained on. Validation is by template: whole templates are
held back in turn, and their probabilities set the temperature (calibration).
"""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.errors import BadInput, Missing
from assistant.installation import pip_command
from assistant.intents.classifier import features
from assistant.intents.detect import is_open

DATA = Path(__file__).parent / "data/train.tsv"
CORRECTION_WEIGHT = 20.0
"""A correction by hand counts as much as so many made-up lines."""
MOST_FEATURES = 32_000
LEAST_SEEN = 3
INVERSE_REGULARISATION = 10.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """``group``: lines of one template; None for a correction by hand."""

    text: str
    asks: bool
    group: str | None


@dataclass(frozen=True, slots=True)
class Trained:
    """``held_back``: the probability of each line from a model that did not see its template."""

    names: tuple[str, ...]
    weights: Floats
    bias: float
    temperature: float
    held_back: Floats

    def save(self, path: Path, threshold: float) -> None:
        scale = np.float32(max(float(np.abs(self.weights).max()), 1e-6) / 127)
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                names=np.array("\n".join(self.names)),
                weights=np.round(self.weights / scale).astype(np.int8),
                scale=scale,
                bias=np.float32(self.bias),
                temperature=np.float32(self.temperature),
                threshold=np.float32(threshold),
            )


def read_lines(path: Path) -> list[Line]:
    """Read a file with the columns label and text, and optionally group; commands are left out. Raises
    ``BadInput``
    (``corrections_not_readable``)."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError):
        raise BadInput(f"{path} cannot be read.", code="corrections_not_readable") from None
    if any(not row.get("label") or row.get("text") is None for row in rows):
        message = (
            f"{path}: each line needs a label and a text, with a tab between; the first line names them."
        )
        raise BadInput(message, code="corrections_not_readable")
    return [
        Line(row["text"], row["label"] == "question", row.get("group") or None)
        for row in rows
        if row["label"] in ("question", "dictation")
    ]


def train(lines: list[Line]) -> Trained:
    """``lines`` must be open (``is_open``), of both kinds. Raises ``Missing`` (``scikit_learn_missing``)."""
    try:
        from scipy.optimize import minimize_scalar  # noqa: PLC0415
        from sklearn.feature_extraction import DictVectorizer  # noqa: PLC0415
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
        from sklearn.model_selection import GroupKFold  # noqa: PLC0415
    except ImportError:
        raise Missing(
            f"Training needs scikit-learn. Run: {pip_command('scikit-learn')}", code="scikit_learn_missing"
        ) from None
    y = np.array([line.asks for line in lines])
    weight = np.array([1.0 if line.group else CORRECTION_WEIGHT for line in lines])
    groups = np.array([line.group or f"own{number}" for number, line in enumerate(lines)])
    vectorizer = DictVectorizer(dtype=np.float32)
    x = vectorizer.fit_transform(_rows(lines))

    def fit(on: NDArray[np.intp]) -> LogisticRegression:
        return LogisticRegression(C=INVERSE_REGULARISATION, max_iter=120, tol=1e-3).fit(
            x[on], y[on], weight[on]
        )

    scores = np.zeros(len(y))
    for seen, held in GroupKFold(5).split(x, y, groups):
        scores[held] = fit(seen).decision_function(x[held])
    sign = np.where(y, 1, -1)
    found = minimize_scalar(
        lambda t: np.log1p(np.exp(-sign * scores / t)).mean(), bounds=(0.2, 8), method="bounded"
    )
    temperature = float(found.x)
    final = fit(np.arange(len(y)))
    return Trained(
        names=tuple(vectorizer.feature_names_),
        weights=final.coef_[0],
        bias=float(final.intercept_[0]),
        temperature=temperature,
        held_back=1 / (1 + np.exp(-scores / temperature)),
    )


def _rows(lines: list[Line]) -> list[dict[str, float]]:
    found = [features(line.text) for line in lines]
    seen = Counter(name for one in found for name in one)
    for line, one in zip(lines, found, strict=True):
        if line.group is None:
            seen.update(dict.fromkeys(one, LEAST_SEEN))  # what a correction brings is always kept
    by_count = sorted(seen.items(), key=lambda item: (-item[1], item[0]))[:MOST_FEATURES]
    kept = {name for name, count in by_count if count >= LEAST_SEEN}
    return [{name: len(one) ** -0.5 for name in sorted(one) if name in kept} for one in found]


def retrain(files: list[Path], out: Path, threshold: float, data: Path = DATA) -> tuple[int, int]:
    """The shipped data and corrections → a model at ``out``. Returns how many corrections were used, and
    how many there were: the form of a sentence settles the others. Raises as ``read_lines`` and ``train``."""
    own = [line for file in files for line in read_lines(file)]
    used = [line for line in own if is_open(line.text)]
    train([*filter(lambda line: is_open(line.text), read_lines(data)), *used]).save(out, threshold)
    return len(used), len(own)
