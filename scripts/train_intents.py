#!/usr/bin/env python
"""Trains assistant/intents/model.npz from data/train.tsv (and more files named). Needs scikit-learn.

Only what the form of a sentence leaves open is trained on. Validation is by template: whole templates are
held back in turn, and their probabilities set the temperature (calibration). The held-out sets of
tests/data are not read here.
"""

import argparse
import csv
from collections import Counter
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from assistant.intents.classifier import MODEL, features
from assistant.intents.detect import is_open

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "assistant/intents/data/train.tsv"
OWN_WEIGHT = 5
"""A correction by hand counts as much as so many made-up lines."""


def read(paths: list[Path]) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for path in paths:
        with path.open(newline="") as file:
            rows += csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    return [row for row in rows if row["label"] != "command"]


def sigmoid(scores: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-scores))


def report(asks: np.ndarray, y: np.ndarray, rows: list[dict[str, str]]) -> None:
    print(f"validation by template: accuracy {((asks > 0.5) == y).mean():.4f}")
    for level in (0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95):
        taken = asks >= level
        print(
            f"  threshold {level}: found {taken[y].mean():.4f}, "
            f"dictation taken {int((taken & ~y).sum())} of {(~y).sum()}"
        )
    for title, wrong in (("taken wrongly", np.where(y, 0, asks)), ("missed", np.where(y, 1 - asks, 0))):
        print(title)
        for row in np.argsort(wrong)[::-1][:25]:
            print(f"  {asks[row]:.3f} {rows[row]['text']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("more", nargs="*", type=Path, help="further files with label and text (corrections)")
    parser.add_argument("-C", type=float, default=10.0, help="inverse regularisation")
    parser.add_argument("--features", type=int, default=24_000, help="how many features are kept")
    parser.add_argument("--threshold", type=float, default=0.7, help="below it, dictation")
    parser.add_argument("--out", type=Path, default=MODEL, help="where the model is written")
    args = parser.parse_args()
    rows = read([DATA, *args.more])
    lost = [row["text"] for row in rows if row["label"] == "question" and not is_open(row["text"])]
    print(f"questions that their form keeps as dictation: {len(lost)} {lost[:5]}")
    rows = [row for row in rows if is_open(row["text"])]
    y = np.array([row["label"] == "question" for row in rows])
    weight = np.array([1 if row.get("group") else OWN_WEIGHT for row in rows])
    groups = np.array([row.get("group") or f"own{number}" for number, row in enumerate(rows)])
    found = [features(row["text"]) for row in rows]
    seen = Counter(name for one in found for name in one)
    kept = {name for name, _ in sorted(seen.items(), key=lambda item: (-item[1], item[0]))[: args.features]}
    kept = {name for name in kept if seen[name] > 2}
    vectorizer = DictVectorizer(dtype=np.float32)
    x = vectorizer.fit_transform(
        [{name: len(one) ** -0.5 for name in sorted(one) if name in kept} for one in found]
    )

    def fit(on: np.ndarray) -> LogisticRegression:
        return LogisticRegression(C=args.C, max_iter=120, tol=1e-3).fit(x[on], y[on], weight[on])

    scores = np.zeros(len(y))
    for train, test in GroupKFold(5).split(x, y, groups):
        scores[test] = fit(train).decision_function(x[test])
    sign = np.where(y, 1, -1)
    temperature = float(
        minimize_scalar(
            lambda t: np.log1p(np.exp(-sign * scores / t)).mean(), bounds=(0.2, 8), method="bounded"
        ).x
    )
    print(f"{len(y)} utterances, {x.shape[1]} features, temperature {temperature:.2f}")
    report(sigmoid(scores / temperature), y, rows)
    final = fit(np.arange(len(y)))
    weights = final.coef_[0]
    scale = np.float32(np.abs(weights).max() / 127)
    np.savez_compressed(
        args.out,
        names=np.array("\n".join(vectorizer.feature_names_)),
        weights=np.round(weights / scale).astype(np.int8),
        scale=scale,
        bias=np.float32(final.intercept_[0]),
        temperature=np.float32(temperature),
        threshold=np.float32(args.threshold),
    )
    print(f"{args.out}: {args.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
