"""The trained part of the detector: words and their order → how likely it is a question. numpy only."""

import math
import re
import zipfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from assistant.errors import BadInput
from assistant.intents.form import form_of, is_for_later
from assistant.intents.lexicon import (
    BE,
    DEFINITE,
    DO,
    FILLERS,
    HAVE,
    INDEFINITE,
    MODALS,
    PEOPLE,
    PREFACES,
    PRONOUNS,
    REQUESTS,
    SAYING,
    WH,
    word_set,
)

MODEL = Path(__file__).with_name("model.npz")

_MARK = re.compile(r"\{[^}]*\}|\[[^\]]*\]|<[^>]*>")
_WORD = re.compile(r"[a-z0-9']+")
_SPOKEN_END = re.compile(r"(?:\s(?:question mark|period|full stop))+$")
_NUMBER = word_set(
    """
    zero one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty
    sixty seventy eighty ninety hundred
    """
)
GRAMMAR = (
    WH
    | BE
    | HAVE
    | DO
    | MODALS
    | PRONOUNS
    | DEFINITE
    | INDEFINITE
    | PEOPLE
    | FILLERS
    | PREFACES
    | REQUESTS
    | SAYING
) | word_set(
    """
    not of by than because due between versus him her me us them been being be done seen noted present about
    else more most much many often long large likely whether unclear unknown whereas however question
    questions stop start continue return follow schedule discussed told further
    """
)
"""Words that carry the form of a sentence; any other word is also seen as the class of its ending."""


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
    form = form_of(said)
    first = shapes[0] if shapes else ""
    found.update((f"form:{form.kind}", f"form:{form.reason}", f"form:{form.kind}|{first}"))
    if first in REQUESTS and is_for_later(said):
        found.update(("later", f"later|{first}"))
    found.add(f"asks:{tidy(text).endswith('?')}")
    return found


class Classifier:
    def __init__(self, path: Path = MODEL) -> None:
        try:
            with np.load(path, allow_pickle=False) as kept:
                self._rows = {name: row for row, name in enumerate(str(kept["names"]).split("\n"))}
                self._weights = kept["weights"].astype(np.float32) * kept["scale"]
                self._bias = float(kept["bias"])
                self.temperature = float(kept["temperature"])
                self.threshold = float(kept["threshold"])
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            message = f"{path} is no intent model; make one with: assistant intent --retrain FILE"
            raise BadInput(message, code="intent_model_not_readable") from None

    def __call__(self, text: str) -> float:
        """The probability that the text is a question."""
        found = features(text)
        rows = [row for name in found if (row := self._rows.get(name)) is not None]
        score = float(self._weights[rows].sum()) / math.sqrt(len(found)) + self._bias
        return 1 / (1 + math.exp(-score / self.temperature))


_loaded: Classifier | None = None


def classifier() -> Classifier:
    """The one in use, shared by all sessions; the shipped one unless ``load`` chose another."""
    return _loaded or load(None)


def load(path: Path | None) -> Classifier:
    """Read a model, and use it from now on. Raises ``BadInput`` (``intent_model_not_readable``)."""
    global _loaded  # noqa: PLW0603 - one model per process, like the recogniser
    _loaded = Classifier(path or MODEL)
    return _loaded
