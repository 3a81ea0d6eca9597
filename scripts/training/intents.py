#!/usr/bin/env python
"""Trains assistant/intents/model.npz from assistant/intents/data/train.tsv, and reports the validation.

Needs scikit-learn. The held-out sets of tests/data are not read here. With corrections of one's own:
assistant intent --retrain FILE.
"""

import numpy as np

from assistant.intents.classifier import MODEL
from assistant.intents.detect import is_open
from assistant.intents.training import DATA, Line, read_lines, train

THRESHOLD = 0.7
"""Below it, dictation, where the form of the sentence is open."""


def report(asks: np.ndarray, lines: list[Line]) -> None:
    y = np.array([line.asks for line in lines])
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
            print(f"  {asks[row]:.3f} {lines[row].text}")


def main() -> None:
    lines = read_lines(DATA)
    lost = [line.text for line in lines if line.asks and not is_open(line.text)]
    print(f"questions that their form keeps as dictation: {len(lost)} {lost[:5]}")
    lines = [line for line in lines if is_open(line.text)]
    trained = train(lines)
    print(f"{len(lines)} utterances, {len(trained.names)} features, temperature {trained.temperature:.2f}")
    trained.save(MODEL, THRESHOLD)
    print(f"{MODEL.name}: {MODEL.stat().st_size / 1000:.0f} kB")
    report(trained.held_back, lines)


if __name__ == "__main__":
    main()
