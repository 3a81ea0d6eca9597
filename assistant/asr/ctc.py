"""CTC: log-probabilities per frame → pieces, words with times and confidences. Pure.

Piece 0 is the blank, 1 to 3 are ``<s>``, ``</s>`` and ``<unk>``: never text. What the model writes in braces
or brackets (``{period}``, ``{new paragraph}``, ``[FINDINGS]``, and any such marker nobody has heard of) is
kept as it is, as one word.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assistant.asr.base import Word

LogProbs = npt.NDArray[np.float32]
"""[frames, vocabulary]: natural logarithms, each row sums to one in probability."""

BLANK = 0
FIRST_TEXT_PIECE = 4
SPACE = "\u2581"
FRAME_MS = 40
FIRST_FRAME_START_MS = 52
"""Frame i is centred at 40 i + 72.5 ms."""
LONGEST_MARKER_WORDS = 5
SAME_PIECE_FRAMES = 3
"""A piece may come so much sooner or later in one window than in another."""
SEAM_FRAMES = 8
"""Overlap where two steps are joined. More would keep text that was decoded with less look-ahead."""
LATE_FRAMES = 12
"""A step may spell a word so much later than a full-context pass: five to nine were seen (decision 14)."""
TAIL_LETTERS, LIKE_ENOUGH = 24, 2 / 3
"""Length of the compared ends of two readings, and the share of a word's letters that must match."""
CLOSING = {"{": "}", "[": "]"}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece: the frames [first, last] that hold it, and the probability at its best frame."""

    piece: int
    first: int
    last: int
    probability: float


def log_softmax(logits: npt.NDArray[np.float32]) -> LogProbs:
    shifted = logits - logits.max(-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)), np.float32)


@dataclass(frozen=True, slots=True)
class BestPath:
    """The best piece of each frame and its probability: all that greedy decoding keeps of the frames."""

    pieces: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float32]

    @classmethod
    def of(cls, log_probs: LogProbs) -> "BestPath":
        pieces = log_probs.argmax(-1)
        best = np.take_along_axis(log_probs, pieces[:, None], -1)[:, 0]
        return cls(pieces, np.asarray(np.exp(best), np.float32))

    @classmethod
    def empty(cls) -> "BestPath":
        return cls(np.zeros(0, np.int64), np.zeros(0, np.float32))

    def __add__(self, other: "BestPath") -> "BestPath":
        return BestPath(
            np.concatenate([self.pieces, other.pieces]),
            np.concatenate([self.probabilities, other.probabilities]),
        )

    def __getitem__(self, frames: slice) -> "BestPath":
        return BestPath(self.pieces[frames], self.probabilities[frames])

    def __len__(self) -> int:
        return len(self.pieces)


def collapse(path: BestPath) -> list[Token]:
    """Repeats are one, blanks and pieces that are no text are none."""
    if not len(path):
        return []
    edges = np.flatnonzero(np.diff(path.pieces)) + 1
    firsts = np.concatenate([[0], edges])
    ends = np.concatenate([edges, [len(path)]])
    return [
        Token(piece, first, end - 1, float(path.probabilities[first:end].max()))
        for first, end in zip(firsts.tolist(), ends.tolist(), strict=True)
        if (piece := int(path.pieces[first])) >= FIRST_TEXT_PIECE
    ]


@dataclass(frozen=True, slots=True)
class TokenWord:
    """A word and the tokens that spell it."""

    text: str
    tokens: tuple[Token, ...]

    @property
    def probability(self) -> float:
        """The confidence of a word: that of its least likely piece."""
        return min(token.probability for token in self.tokens)


def spell(tokens: Sequence[Token], pieces: Sequence[str]) -> list[TokenWord]:
    """Tokens → words; a word starts at a piece that starts with a space."""
    words: list[tuple[str, list[Token]]] = []
    for token in tokens:
        text = pieces[token.piece]
        if text.startswith(SPACE) or not words:
            words.append(("", []))
        so_far, own = words[-1]
        own.append(token)
        words[-1] = (so_far + text.replace(SPACE, ""), own)
    spelled = [TokenWord(text, tuple(own)) for text, own in words if text]
    return _join_markers(spelled)


def _join_markers(words: list[TokenWord]) -> list[TokenWord]:
    """``{new`` ``paragraph}`` → ``{new paragraph}``; what never closes stays as it is."""
    out: list[TokenWord] = []
    at = 0
    while at < len(words):
        size = _marker_size(words, at)
        group = words[at : at + size]
        tokens = tuple(token for word in group for token in word.tokens)
        out.append(TokenWord(" ".join(word.text for word in group), tokens))
        at += size
    return out


def _marker_size(words: list[TokenWord], at: int) -> int:
    closing = CLOSING.get(words[at].text[0])
    if closing is None or closing in words[at].text:
        return 1
    for size in range(2, LONGEST_MARKER_WORDS + 1):
        if at + size > len(words):
            return 1
        text = words[at + size - 1].text
        if text[0] in CLOSING:
            return 1
        if closing in text:
            return size
    return 1


def timed(
    words: Sequence[TokenWord], confidence: Callable[[float], float] = lambda probability: probability
) -> tuple[Word, ...]:
    """Times in milliseconds of the utterance, right to about a frame; ``confidence`` of each posterior."""
    return tuple(
        Word(
            word.text,
            FIRST_FRAME_START_MS + FRAME_MS * word.tokens[0].first,
            FIRST_FRAME_START_MS + FRAME_MS * (word.tokens[-1].last + 1),
            round(confidence(word.probability), 3),
        )
        for word in words
    )


def _calm(blanks: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """[n + 1]: how surely nothing is said in the two frames before and the two after each cut."""
    padded = np.pad(blanks, 2, mode="edge")
    return np.asarray(np.convolve(padded, np.ones(4), mode="valid"), np.float32)


def join_windows(left: LogProbs, right: LogProbs, overlap: int) -> LogProbs:
    """Two windows whose last and first ``overlap`` frames are the same audio → one, on the same frame grid.

    The seam lies where both have the same pieces before and after it and are surest that nothing is being
    said, nearest the middle among equals: there no piece can be lost or come twice.
    """
    ours, theirs = left[len(left) - overlap :], right[:overlap]
    from_middle = np.abs(np.arange(overlap + 1) - overlap // 2) / max(overlap, 1)
    score = _calm(ours[:, BLANK] + theirs[:, BLANK]) - 1e-3 * from_middle
    score += 1e3 * _agreement(BestPath.of(ours), BestPath.of(theirs), overlap)
    margin = overlap // 4  # nearer to its edges a window has seen too little
    seam = margin + int(score[margin : overlap + 1 - margin].argmax())
    return np.concatenate([left[: len(left) - overlap + seam], right[seam:]])


def join_steps(committed: BestPath, ahead: BestPath, decoded: BestPath) -> BestPath:
    """The text after ``committed``: ``ahead`` from the last step, then the new ``decoded``.

    A piece may move by some frames from one reading to the other, and so over the edge of what is committed:
    it would come twice, or be lost. The seam is the first place where both have the same pieces around it.
    """
    overlap = min(len(ahead), len(decoded))
    before = committed[max(0, len(committed) - SEAM_FRAMES) :]
    last = len(before) + min(overlap, SEAM_FRAMES)
    agreement = _agreement(before + ahead[:overlap], before + decoded[:overlap], last)
    seam = int(agreement[len(before) :].argmax())
    return ahead[:seam] + decoded[seam:]


def _agreement(ours: BestPath, theirs: BestPath, last: int) -> npt.NDArray[np.int64]:
    """[last + 1]: of each cut, 0 to 2: whether both readings have the same piece, at nearly the same time,
    last before it, and first after it (of those begun before ``last``). -1 where a piece would be cut."""
    a, b = ([token for token in collapse(path) if token.first < last] for path in (ours, theirs))

    def same(i: int, j: int) -> bool:
        if i in (-1, len(a)) or j in (-1, len(b)):
            return (i == -1 and j == -1) or (i == len(a) and j == len(b))
        apart = max(a[i].first, b[j].first) - min(a[i].last, b[j].last)
        return a[i].piece == b[j].piece and apart <= SAME_PIECE_FRAMES

    found = []
    for cut in range(last + 1):
        i, j = sum(t.first < cut for t in a), sum(t.first < cut for t in b)
        whole = i == sum(t.last < cut for t in a) and j == sum(t.last < cut for t in b)
        found.append(same(i - 1, j - 1) + same(i, j) if whole else -1)
    return np.array(found)


def covered(before: Sequence[TokenWord], words: Sequence[TokenWord], until: int) -> int:
    """The number of leading ``words`` that repeat ``before``, another reading of the same speech up to
    ``until``.

    Those that begin before that frame; but a word may be spelled on the other side of it. What is moved over
    the cut for that must be like what ``before`` ends with.
    """
    by_time = sum(word.tokens[0].first < until for word in words)
    if not before or (by_time and words[by_time - 1].text == before[-1].text):
        return by_time
    tail = " ".join(word.text for word in before[-TAIL_LETTERS:])[-TAIL_LETTERS:]

    def cost(count: int) -> float:
        moved = words[min(count, by_time) : max(count, by_time)]
        said = " ".join(word.text for word in words[max(0, count - TAIL_LETTERS) : count])
        return _unlike(tail, said[-2 * TAIL_LETTERS :]) + LIKE_ENOUGH * sum(
            len(word.text) + 1 for word in moved
        )

    near = [
        count
        for count in range(len(words) + 1)
        if count == by_time
        or all(
            abs(word.tokens[0].first - until) <= LATE_FRAMES
            for word in words[min(count, by_time) : max(count, by_time)]
        )
    ]
    return min(near, key=lambda count: (cost(count), abs(count - by_time)))


def _unlike(tail: str, text: str) -> int:
    """Edits from ``tail`` to the end of ``text`` that is most like it."""
    row = [0] * (len(text) + 1)
    for letter in tail:
        corner, row[0] = row[0], row[0] + 1
        for at, other in enumerate(text, 1):
            corner, row[at] = row[at], min(corner + (letter != other), row[at] + 1, row[at - 1] + 1)
    return row[-1]
