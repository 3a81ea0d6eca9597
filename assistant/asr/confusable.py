"""Words that sound alike and mean something else: what is expected must never decide between them. Pure.

Listed ones are in ``data/alike.txt``; the others are made by exchanging a beginning or an ending.
"""

import re
from functools import cache
from itertools import permutations
from pathlib import Path

from assistant.asr.same_reading import NUMBER_WORDS

BEGINNINGS = (
    ("hyper", "hypo"),
    ("inter", "intra", "infra"),
    ("supra", "sub"),
    ("ante", "anti"),
    ("pre", "peri"),
    ("macro", "micro"),
    ("brady", "tachy"),
    ("dextro", "levo"),
    ("endo", "exo"),
)
ENDINGS = (
    ("ectomy", "otomy", "ostomy"),
    ("ectomies", "otomies", "ostomies"),
    ("penia", "philia"),
    ("plegia", "paresis"),
    ("itis", "osis"),
    ("emia", "uria"),
)
OPPOSED = NUMBER_WORDS | {
    "left", "right", "bilateral", "unilateral", "upper", "lower", "superior", "inferior",
    "anterior", "posterior", "medial", "lateral", "proximal", "distal", "dorsal", "ventral",
    "cranial", "caudal", "increased", "decreased", "increase", "decrease",
    "positive", "negative", "present", "absent",
    "no", "not", "non", "without", "with", "never", "none", "denies", "normal", "abnormal",
    "mild", "moderate", "severe", "acute", "chronic", "stable", "unstable", "larger", "smaller",
    "more", "less", "and", "or", "but", "before", "after", "up", "down", "in", "out", "on", "off",
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "half", "quarter", "double", "once", "twice", "daily", "weekly", "monthly",
    "milligram", "milligrams", "microgram", "micrograms", "gram", "grams", "milliliter", "milliliters",
    "millimeter", "millimeters", "centimeter", "centimeters", "unit", "units", "percent", "point",
    "mg", "mcg", "ml", "mm", "cm", "kg", "hour", "hours", "day", "days",
}  # fmt: skip
"""Sides, negatives, amounts, numbers and units: never expected, whatever list they stand in."""


@cache
def _listed() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    lines = (Path(__file__).parent / "data" / "alike.txt").read_text(encoding="utf-8").splitlines()
    for group in (line.split() for line in lines if not line.startswith("#")):
        for word in group:
            found.setdefault(word, set()).update(group)
    return {word: frozenset(others - {word}) for word, others in found.items()}


def alike(word: str) -> frozenset[str]:
    """Words that ``word`` must not be preferred to, in lower case; some that the rules make do not exist."""
    word = word.lower()
    found = set(_listed().get(word, ()))
    for forms in BEGINNINGS:
        for one, other in permutations(forms, 2):
            if word.startswith(one) and len(word) > len(one) + 3:
                found.add(other + word[len(one) :])
    for forms in ENDINGS:
        for one, other in permutations(forms, 2):
            if word.endswith(one) and len(word) > len(one) + 2:
                found.add(word[: -len(one)] + other)
    return frozenset(found - {word})


def expectable(phrase: str) -> list[str]:
    """The parts of a phrase that may be expected: without numbers, sides, negatives and amounts."""
    runs: list[list[str]] = [[]]
    for word in phrase.split():
        plain = re.sub(r"[^\w'-]+", "", word)
        if plain.lower() in OPPOSED or any(letter.isdigit() for letter in plain) or not plain:
            runs.append([])
        else:
            runs[-1].append(plain)
    return [" ".join(run) for run in runs if run]


def counterparts(phrase: str) -> list[str]:
    """The phrase with one of its words exchanged for one that it could be mistaken for."""
    words = phrase.split()
    return [
        " ".join([*words[:at], other, *words[at + 1 :]])
        for at, word in enumerate(words)
        for other in sorted(alike(word))
    ]
