"""The trained part of the detector: words and their order → how likely each intent is. numpy only."""

import math
import re
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from assistant.intents.rules import verdict

MODEL = Path(__file__).with_name("model.npz")

_MARK = re.compile(r"\{[^}]*\}|\[[^\]]*\]|<[^>]*>")
_WORD = re.compile(r"[a-z0-9']+")
_SPOKEN_END = re.compile(r"(?:\s(?:question mark|period|full stop))+$")
_NUMBER = frozenset(
    [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "fifteen",
        "twenty",
        "thirty",
        "forty",
        "fifty",
        "sixty",
        "seventy",
        "eighty",
        "ninety",
        "hundred",
    ]
)
GRAMMAR = frozenset(
    # what carries the form of a sentence; any other word is also seen as the class of its ending
    [
        "a",
        "an",
        "the",
        "this",
        "that",
        "these",
        "those",
        "it",
        "its",
        "there",
        "here",
        "any",
        "some",
        "no",
        "not",
        "every",
        "each",
        "all",
        "both",
        "either",
        "is",
        "isn't",
        "are",
        "aren't",
        "was",
        "wasn't",
        "were",
        "weren't",
        "be",
        "been",
        "being",
        "am",
        "do",
        "does",
        "did",
        "doesn't",
        "don't",
        "didn't",
        "done",
        "has",
        "have",
        "had",
        "having",
        "can",
        "can't",
        "cannot",
        "could",
        "couldn't",
        "may",
        "might",
        "must",
        "shall",
        "should",
        "shouldn't",
        "will",
        "would",
        "wouldn't",
        "i",
        "you",
        "he",
        "she",
        "we",
        "they",
        "me",
        "him",
        "her",
        "us",
        "them",
        "my",
        "your",
        "his",
        "our",
        "their",
        "what",
        "what's",
        "which",
        "who",
        "whose",
        "whom",
        "where",
        "when",
        "why",
        "how",
        "whether",
        "if",
        "of",
        "in",
        "on",
        "at",
        "to",
        "from",
        "with",
        "without",
        "for",
        "by",
        "as",
        "than",
        "and",
        "or",
        "but",
        "so",
        "then",
        "also",
        "because",
        "due",
        "since",
        "until",
        "after",
        "before",
        "during",
        "while",
        "between",
        "versus",
        "patient",
        "patients",
        "mother",
        "mom",
        "father",
        "dad",
        "wife",
        "husband",
        "family",
        "daughter",
        "son",
        "please",
        "now",
        "again",
        "seen",
        "noted",
        "present",
        "about",
        "else",
        "more",
        "most",
        "much",
        "many",
        "often",
        "long",
        "large",
        "big",
        "likely",
        "asks",
        "asked",
        "ask",
        "wonders",
        "wondered",
        "wants",
        "want",
        "know",
        "unclear",
        "unknown",
        "whereas",
        "however",
        "question",
        "questions",
        "summarize",
        "explain",
        "describe",
        "interpret",
        "draft",
        "read",
        "show",
        "tell",
        "give",
        "list",
        "compare",
        "stop",
        "start",
        "continue",
        "return",
        "follow",
        "schedule",
        "discussed",
        "told",
        "said",
    ]
)


def tidy(text: str) -> str:
    """Without the recogniser's markers and the spoken stop at the end; a spoken question mark is one."""
    text = re.sub(r"\s*(?:\{question mark\}|\bquestion mark\W*$)", "?", text, flags=re.I)
    return re.sub(r"\s+(?:period|full stop)\W*$", "", _MARK.sub(" ", text).strip(), flags=re.I).strip()


def words(text: str) -> list[str]:
    """The words, without punctuation, markers, spoken stops and capitals."""
    bare = " ".join(_WORD.findall(_MARK.sub(" ", text.casefold().replace("\u2019", "'"))))
    return _SPOKEN_END.sub("", " " + bare).split()


@lru_cache(4096)
def _shape(word: str) -> str:
    if word in GRAMMAR:
        return word
    if word in _NUMBER or word[0].isdigit():
        return "#num"
    for ending in ("ing", "ed", "ly", "ous", "al", "ic", "able", "ent", "ive", "s"):
        if len(word) > len(ending) + 2 and word.endswith(ending):
            return f"#{ending}"
    return "#w"


def features(text: str) -> set[str]:
    """1- to 3-grams of words and of shapes, those at the start and at the end also by their place."""
    said = words(text)[:60]
    shapes = [_shape(word) for word in said]
    found: set[str] = set()
    for kind, row in (("w", said), ("s", shapes)):
        for n in (1, 2, 3):
            for at in range(len(row) - n + 1):
                gram = " ".join(row[at : at + n])
                found.add(f"{kind}:{gram}")
                if at < 4 and n < 3:
                    found.add(f"{kind}{at}:{gram}")
        for n in (2, 3, 4):
            if len(row) >= n:
                found.add(f"{kind}^:{' '.join(row[:n])}")
        found.update(f"{kind}$:{' '.join(row[-n:])}" for n in (1, 2) if len(row) >= n)
    found.add(f"len:{min(len(said), 12) // 3}")
    bare = tidy(text)
    rule = verdict(bare)[0]
    found.update((f"rule:{rule}", f"rule:{rule}|{shapes[0] if shapes else ''}", f"asks:{bare.endswith('?')}"))
    return found


class Classifier:
    def __init__(self, path: Path = MODEL) -> None:
        with np.load(path, allow_pickle=False) as kept:
            self.labels: list[str] = [str(label) for label in kept["labels"]]
            self._rows = {name: row for row, name in enumerate(str(kept["names"]).split("\n"))}
            self._weights = kept["weights"].astype(np.float32) * kept["scale"]
            self._bias = kept["bias"].astype(np.float32)
            self.temperature = float(kept["temperature"])
            self.threshold = float(kept["threshold"])

    def __call__(self, text: str) -> dict[str, float]:
        """A probability for each label."""
        found = features(text)
        rows = [row for name in found if (row := self._rows.get(name)) is not None]
        scores = (self._weights[rows].sum(axis=0) / math.sqrt(len(found)) + self._bias) / self.temperature
        likely = np.exp(scores - scores.max())
        likely /= likely.sum()
        return dict(zip(self.labels, map(float, likely), strict=True))


@cache
def classifier() -> Classifier:
    """Read once, when it is first needed."""
    return Classifier()
