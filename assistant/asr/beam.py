"""CTC prefix beam search with a language model over pieces and expected phrases. Pure.

Every prefix of pieces is held once, with the probability that it ends in a blank and that it ends in its last
piece. What the language model and the expected phrases say of a prefix is added when it is made.
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from assistant.asr.ctc import BLANK, FIRST_TEXT_PIECE, SPACE, LogProbs, Token, TokenWord, spell
from assistant.asr.hotwords import ROOT, Hotwords
from assistant.asr.language_model import LanguageModel, State

NEVER = -math.inf


@dataclass(frozen=True, slots=True)
class BeamSettings:
    """Weights are low by default: a language model set high has dropped names (facts 1.4, decision 0016)."""

    width: int = 8
    lm_weight: float = 0.15
    piece_bonus: float = 0.3
    """For each piece, only with a language model: it makes up for what every piece costs there."""
    hotword_bonus: float = 0.6
    """For each character of an expected phrase."""
    least: float = -5.0
    """Pieces of a frame that are less likely (natural logarithm) are not tried."""
    least_expected: float = -9.0
    """The same for pieces that go on with an expected phrase."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One of the n best: pieces and their score (natural logarithm, bonuses included)."""

    pieces: tuple[int, ...]
    score: float


@dataclass(slots=True)
class _Prefix:
    parent: "_Prefix | None"
    piece: int
    lm_state: State = None
    extra: float = 0.0
    """Language model and piece bonuses."""
    kept: float = 0.0
    """Bonus of completed expected phrases."""
    nodes: tuple[tuple[int, int], ...] = ()
    """Places in expected phrases that the text may be at; how many letters of each are in ``kept`` already:
    "insulin" is not paid for again in "insulin glargine"."""
    pending: float = 0.0
    """For those; taken back if none of them is completed."""
    children: dict[int, "_Prefix"] = field(default_factory=dict)
    in_blank: float = NEVER
    in_piece: float = NEVER

    @property
    def acoustic(self) -> float:
        return _add(self.in_blank, self.in_piece)

    @property
    def total(self) -> float:
        return self.acoustic + self.extra + self.kept + self.pending


class BeamDecoder:
    """Shared by all streams; holds no state between utterances."""

    def __init__(
        self,
        pieces: Sequence[str],
        settings: BeamSettings = BeamSettings(),
        *,
        hotwords: Hotwords | None = None,
        language_model: LanguageModel | None = None,
    ) -> None:
        self._pieces, self._settings = pieces, settings
        self._texts = [piece.replace(SPACE, "").lower() for piece in pieces]
        self._starts_word = [piece.startswith(SPACE) for piece in pieces]
        self._ends_word = [
            starts or (bool(text) and not text[0].isalnum())  # "metoprolol," says metoprolol
            for starts, text in zip(self._starts_word, self._texts, strict=True)
        ]
        self._hotwords, self._lm = hotwords, language_model

    def decode(self, log_probs: LogProbs) -> list[TokenWord]:
        best = self.n_best(log_probs, 1)
        return self.words(log_probs, best[0])

    def words(self, log_probs: LogProbs, reading: Reading) -> list[TokenWord]:
        """With the frames that hold them."""
        return spell(align(log_probs, reading.pieces), self._pieces)

    def n_best(self, log_probs: LogProbs, n: int) -> list[Reading]:
        """At most ``n`` and at most ``width`` readings, best first; always at least one."""
        root = _Prefix(None, BLANK, self._lm.start() if self._lm else None, in_blank=0.0)
        beam = [root]
        nothing = np.logaddexp.reduce(log_probs[:, :FIRST_TEXT_PIECE], axis=1)
        for frame, blank in zip(log_probs, nothing.tolist(), strict=True):
            beam = self._step(beam, frame, blank)
        readings = [
            Reading(_spelled(prefix), prefix.total - prefix.pending + self._completed(prefix)[0])
            for prefix in beam
        ]
        return sorted(readings, key=lambda reading: -reading.score)[:n]

    def _step(self, beam: list[_Prefix], frame: npt.NDArray[np.float32], blank: float) -> list[_Prefix]:
        s = self._settings
        least = s.least_expected if self._hotwords else s.least
        candidates = [
            (int(piece) + FIRST_TEXT_PIECE, float(frame[piece + FIRST_TEXT_PIECE]))
            for piece in np.flatnonzero(frame[FIRST_TEXT_PIECE:] > least)
        ]
        found: dict[int, tuple[_Prefix, float, float]] = {}

        def put(prefix: _Prefix, in_blank: float, in_piece: float) -> None:
            before = found.get(id(prefix))
            if before:
                in_blank, in_piece = _add(before[1], in_blank), _add(before[2], in_piece)
            found[id(prefix)] = (prefix, in_blank, in_piece)

        for prefix in beam:
            acoustic = prefix.acoustic
            put(
                prefix,
                acoustic + blank,
                prefix.in_piece + float(frame[prefix.piece]) if prefix.parent else NEVER,
            )
            for piece, log_prob in candidates:
                if log_prob <= s.least and not self._goes_on(prefix, piece):
                    continue
                came = prefix.in_blank if piece == prefix.piece else acoustic
                if came > NEVER:
                    put(self._child(prefix, piece), NEVER, came + log_prob)
        for prefix, in_blank, in_piece in found.values():
            prefix.in_blank, prefix.in_piece = in_blank, in_piece
        return heapq.nlargest(
            s.width, (prefix for prefix, _, _ in found.values()), key=lambda each: each.total
        )

    def _child(self, prefix: _Prefix, piece: int) -> _Prefix:
        child = prefix.children.get(piece)
        if child is not None:
            return child
        s = self._settings
        child = _Prefix(prefix, piece, extra=prefix.extra, kept=prefix.kept)
        if self._lm:
            score, child.lm_state = self._lm.score(prefix.lm_state, piece)
            child.extra += s.lm_weight * score + s.piece_bonus
        if self._hotwords:
            self._follow(prefix, child)
        prefix.children[piece] = child
        return child

    # --- expected phrases ---

    def _follow(self, prefix: _Prefix, child: _Prefix) -> None:
        """The child's position in the phrases, and its bonus."""
        assert self._hotwords
        piece = child.piece
        text = self._texts[piece]
        begins = self._starts_word[piece] or prefix.parent is None
        paid = 0
        if begins or self._ends_word[piece]:
            kept, paid = self._completed(prefix)
            child.kept += kept
        along = f" {text}" if begins else text
        steps = [
            (self._hotwords.walk(node, along), max(counted, min(paid, self._hotwords.depth(node))))
            for node, counted in prefix.nodes
        ]
        if begins:
            steps.append((self._hotwords.walk(ROOT, text), 0))
        child.nodes = tuple((node, counted) for node, counted in steps if node is not None)
        most = max((self._hotwords.depth(node) - counted for node, counted in child.nodes), default=0)
        child.pending = self._settings.hotword_bonus * most

    def _completed(self, prefix: _Prefix) -> tuple[float, int]:
        """The bonus that a prefix keeps if its last word ends here, and the letters it covers."""
        if not self._hotwords:
            return 0.0, 0
        depth = self._hotwords.depth
        ends = [
            (depth(node) - counted, depth(node))
            for node, counted in prefix.nodes
            if self._hotwords.is_end(node)
        ]
        gained, letters = max(ends, default=(0, 0))
        return self._settings.hotword_bonus * gained, letters

    def _goes_on(self, prefix: _Prefix, piece: int) -> bool:
        """Whether an expected phrase goes on, or begins, with this piece."""
        if not self._hotwords:
            return False
        text = self._texts[piece]
        begins = self._starts_word[piece] or prefix.parent is None
        if begins and text and self._hotwords.walk(ROOT, text) is not None:
            return True
        along = f" {text}" if begins else text
        return any(self._hotwords.walk(node, along) is not None for node, _ in prefix.nodes)


def align(log_probs: LogProbs, pieces: Sequence[int]) -> list[Token]:
    """The most likely frames of given pieces (Viterbi)."""
    if not pieces:
        return []
    log_probs = log_probs.copy()
    log_probs[:, BLANK] = np.logaddexp.reduce(log_probs[:, :FIRST_TEXT_PIECE], axis=1)
    labels = np.zeros(2 * len(pieces) + 1, np.int64)
    labels[1::2] = pieces
    skips = np.zeros(len(labels), bool)
    skips[3::2] = labels[3::2] != labels[1:-2:2]
    score = np.full(len(labels), NEVER)
    score[:2] = log_probs[0, labels[:2]]
    came = np.zeros((len(log_probs), len(labels)), np.int8)
    for t in range(1, len(log_probs)):
        ways = np.stack(
            [
                score,
                np.concatenate([[NEVER], score[:-1]]),
                np.where(skips, np.concatenate([[NEVER, NEVER], score[:-2]]), NEVER),
            ]
        )
        came[t] = ways.argmax(0)
        score = ways.max(0) + log_probs[t, labels]
    at = len(labels) - 1 if score[-1] >= score[-2] else len(labels) - 2
    path = [at]
    for t in range(len(log_probs) - 1, 0, -1):
        at -= int(came[t, at])
        path.append(at)
    states = np.array(path[::-1])
    tokens = []
    for number, piece in enumerate(pieces):
        frames = np.flatnonzero(states == 2 * number + 1)
        best = float(np.exp(log_probs[frames, piece].max()))
        tokens.append(Token(piece, int(frames[0]), int(frames[-1]), best))
    return tokens


def _spelled(prefix: _Prefix) -> tuple[int, ...]:
    pieces = []
    while prefix.parent:
        pieces.append(prefix.piece)
        prefix = prefix.parent
    return tuple(reversed(pieces))


def _add(a: float, b: float) -> float:
    """ln(e^a + e^b)"""
    if a < b:
        a, b = b, a
    return a if b == NEVER else a + math.log1p(math.exp(b - a))
