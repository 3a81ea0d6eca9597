#!/usr/bin/env python
"""Trains assistant/intents/model.npz from data/train.tsv (and more files named). Needs scikit-learn.

Validation is by template: whole templates are held back in turn, and their probabilities set the
temperature (calibration) and the threshold (no dictation of the validation taken for a question by the
classifier). The held-out set of tests/data is not read here.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from assistant.intents.classifier import MODEL, features, tidy
from assistant.intents.rules import spoken_of, verdict

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "assistant/intents/data/train.tsv"


def softmax(scores: np.ndarray) -> np.ndarray:
    likely = np.exp(scores - scores.max(axis=1, keepdims=True))
    return likely / likely.sum(axis=1, keepdims=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("more", nargs="*", type=Path, help="further files of the same columns (corrections)")
    parser.add_argument("-C", type=float, default=20.0, help="inverse regularisation")
    parser.add_argument("--features", type=int, default=24_000, help="how many features are kept")
    parser.add_argument("--threshold", type=float, default=0.65, help="below it, dictation")
    args = parser.parse_args()
    rows: list[dict[str, str]] = []
    for path in (DATA, *args.more):
        with path.open(newline="") as file:
            rows += csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    lost = [row["text"] for row in rows if row["label"] == "question" and spoken_of(tidy(row["text"]))]
    rows = [row for row in rows if not spoken_of(tidy(row["text"]))]  # what a rule decides never gets here
    print(f"questions that a rule keeps as dictation: {len(lost)} {lost[:5]}")
    labels = sorted({row["label"] for row in rows})
    y = np.array([labels.index(row["label"]) for row in rows])
    groups = np.array([row.get("group") or f"own{number}" for number, row in enumerate(rows)])
    found = [features(row["text"]) for row in rows]
    seen: dict[str, int] = {}
    for one in found:
        for name in one:
            seen[name] = seen.get(name, 0) + 1
    kept = {name for name, _ in sorted(seen.items(), key=lambda item: (-item[1], item[0]))[: args.features]}
    kept = {name for name in kept if seen[name] > 2}
    vectorizer = DictVectorizer(dtype=np.float32)
    x = vectorizer.fit_transform(
        [{name: len(one) ** -0.5 for name in sorted(one) if name in kept} for one in found]
    )

    def fit(on: np.ndarray) -> LogisticRegression:
        return LogisticRegression(C=args.C, max_iter=120, tol=1e-3).fit(x[on], y[on])

    scores = np.zeros((len(y), len(labels)))
    for train, test in GroupKFold(5).split(x, y, groups):
        scores[test] = fit(train).decision_function(x[test])
    right = np.arange(len(y)), y
    temperature = float(
        minimize_scalar(
            lambda t: -np.log(softmax(scores / t)[right] + 1e-9).mean(), bounds=(0.2, 8), method="bounded"
        ).x
    )
    likely = softmax(scores / temperature)
    question, dictation = labels.index("question"), labels.index("dictation")
    asks = likely[:, question]
    print(f"{len(y)} utterances, {x.shape[1]} features, temperature {temperature:.2f}")
    print(f"validation by template: accuracy {(likely.argmax(axis=1) == y).mean():.4f}")
    for level in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99):
        print(
            f"  threshold {level}: found {(asks[y == question] >= level).mean():.4f}, "
            f"dictation taken {int((asks[y == dictation] >= level).sum())}"
        )
    witness = np.array([verdict(tidy(row["text"]))[1] > 0.91 for row in rows])
    for level in (0.2, 0.3, 0.35, 0.4, 0.5):
        taken = (asks >= args.threshold) | ((asks >= level) & witness)
        print(
            f"  or {level} with a pattern that agrees: found {taken[y == question].mean():.4f}, "
            f"dictation taken {int(taken[y == dictation].sum())}"
        )
    top = np.argsort(np.where(y == dictation, asks, 0))[::-1][:30]
    for row in top:
        print(f"  {asks[row]:.3f} {rows[row]['text']}")
    final = fit(np.arange(len(y)))
    weights = final.coef_.T
    scale = np.float32(np.abs(weights).max() / 127)
    np.savez_compressed(
        MODEL,
        labels=np.array(labels),
        names=np.array("\n".join(vectorizer.feature_names_)),
        weights=np.round(weights / scale).astype(np.int8),
        scale=scale,
        bias=final.intercept_.astype(np.float32),
        temperature=np.float32(temperature),
        threshold=np.float32(args.threshold),
    )
    print(f"{MODEL.relative_to(ROOT)}: {MODEL.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
