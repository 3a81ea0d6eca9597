"""N-gram language models over sentence pieces: KenLM's binary files through ``kenlm``, ARPA files in Python.

MedASR's ``lm_6.kenlm`` takes each piece for a word: its label is ``▁`` + the piece, inner ``▁`` as ``#``.
"""

import gzip
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from assistant.errors import BadInput, Missing
from assistant.installation import install_command

LN_10 = math.log(10.0)
UNKNOWN_LOG10 = -10.0

State = Any
"""Immutable; what the next piece's score depends on."""


class LanguageModel(Protocol):
    def start(self) -> State:
        """At the beginning of a sentence."""
        ...

    def score(self, state: State, piece: int) -> tuple[float, State]:
        """Natural logarithm of the piece's probability, and the state after it."""
        ...


def label(piece: str) -> str:
    """A piece's name in the language model."""
    if piece.startswith("<") and piece.endswith(">"):
        return piece
    return "\u2581" + piece.replace("\u2581", "#")


def open_language_model(path: Path, pieces: Sequence[str]) -> LanguageModel:
    """``.arpa`` and ``.arpa.gz`` are read in Python, all else by ``kenlm``.

    Raises ``Missing`` (``language_model_missing``, ``package_missing``) and ``BadInput``
    (``language_model_invalid``, ``language_model_vocabulary_mismatch``).
    """
    if not path.is_file():
        raise Missing(f"There is no language model {path}. Check the name.", code="language_model_missing")
    if path.name.endswith((".arpa", ".arpa.gz")):
        return ArpaModel(path, pieces)
    return KenLm(path, pieces)


class ArpaModel:
    """Back-off n-grams in dictionaries: for small models and tests."""

    def __init__(self, path: Path, pieces: Sequence[str]) -> None:
        self._grams, self._order = _read_arpa(path)
        self._labels = [label(piece) for piece in pieces]
        _check_vocabulary(path, sum((each,) in self._grams for each in self._labels), len(pieces))

    def start(self) -> State:
        return ("<s>",)

    def score(self, state: State, piece: int) -> tuple[float, State]:
        word = self._labels[piece]
        history: tuple[str, ...] = state
        found = self._log10((*history, word))
        return found * LN_10, (*history, word)[-(self._order - 1) :] if self._order > 1 else ()

    def _log10(self, gram: tuple[str, ...]) -> float:
        weight = 0.0
        while gram not in self._grams:
            if len(gram) == 1:
                return weight + self._grams.get(("<unk>",), (UNKNOWN_LOG10, 0.0))[0]
            weight += self._grams.get(gram[:-1], (0.0, 0.0))[1]
            gram = gram[1:]
        return weight + self._grams[gram][0]


class KenLm:
    """KenLM's own reader. Raises ``Missing`` (``package_missing``) and ``BadInput``."""

    def __init__(self, path: Path, pieces: Sequence[str]) -> None:
        try:
            import kenlm  # noqa: PLC0415 (an extra)
        except ModuleNotFoundError:
            raise Missing(
                f"This language model needs a package. Run: {install_command('lm')}",
                code="package_missing",
            ) from None
        try:
            self._model = kenlm.Model(str(path))
        except OSError:
            raise BadInput(f"{path} is not a KenLM model.", code="language_model_invalid") from None
        self._new_state = kenlm.State
        self._labels = [label(piece) for piece in pieces]
        _check_vocabulary(path, sum(each in self._model for each in self._labels), len(pieces))

    def start(self) -> State:
        state = self._new_state()
        self._model.BeginSentenceWrite(state)
        return state

    def score(self, state: State, piece: int) -> tuple[float, State]:
        after = self._new_state()
        return self._model.BaseScore(state, self._labels[piece], after) * LN_10, after


def _check_vocabulary(path: Path, known: int, size: int) -> None:
    if known < size // 2:
        raise BadInput(
            f"{path} knows {known} of the recogniser's {size} pieces: it was made for another one.",
            code="language_model_vocabulary_mismatch",
        )


def _read_arpa(path: Path) -> tuple[dict[tuple[str, ...], tuple[float, float]], int]:
    """n-gram → (log10 probability, log10 back-off weight), and the order."""
    grams: dict[tuple[str, ...], tuple[float, float]] = {}
    order = 0
    try:
        zipped = path.suffix == ".gz"
        with gzip.open(path, "rt", encoding="utf-8") if zipped else path.open(encoding="utf-8") as lines:
            for line in map(str.rstrip, lines):
                if line.startswith("\\") and line.endswith("-grams:"):
                    order = int(line[1 : line.index("-")])
                elif order and "\t" in line:
                    probability, gram, *back_off = line.split("\t")
                    weight = float(back_off[0]) if back_off else 0.0
                    grams[tuple(gram.split(" "))] = (float(probability), weight)
    except (OSError, ValueError, EOFError):
        raise BadInput(f"{path} is not an ARPA model.", code="language_model_invalid") from None
    if not grams:
        raise BadInput(f"{path} holds no n-grams.", code="language_model_invalid")
    return grams, order
