"""Moonshine's pieces: text to tokens and back, and which tokens make which word. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

SPACE = "\u2581"
FIRST_BYTE, FIRST_PIECE = 3, 259
"""Tokens from 3 on are single bytes, for what has no piece; below them are start, stop and unknown."""


@dataclass(frozen=True, slots=True)
class Spelled:
    """A written word and its tokens [first, end)."""

    text: str
    first: int
    end: int


class Pieces:
    """Made from ``tokenizer.bin``."""

    def __init__(self, data: bytes) -> None:
        self.raw = read_tokenizer(data)
        self._ids = {
            piece.decode("utf-8", "replace"): number
            for number, piece in reversed(list(enumerate(self.raw)))
            if number >= FIRST_PIECE
        }
        self.begins_word = [
            number >= FIRST_PIECE and piece.startswith(SPACE.encode())
            for number, piece in enumerate(self.raw)
        ]
        self.goes_on_word = [
            not begins and piece[:1].isalnum()
            for begins, piece in zip(self.begins_word, self.raw, strict=True)
        ]

        texts = [self.decode([number]) for number in range(len(self.raw))]
        self.is_said = [any(letter.isalnum() for letter in text) for text in texts]
        self.marks = [
            number
            for number in range(FIRST_PIECE, len(self.raw))
            if texts[number] and not self.is_said[number]
        ]
        """Punctuation: whether a comma stands before a word says nothing of the word."""

    def encode(self, text: str) -> list[int]:
        """As the model was taught: of all neighbours that make a piece, the earliest is joined first."""
        parts = list(SPACE + text.replace(" ", SPACE))
        while True:
            joins = [
                (self._ids[pair], at)
                for at in range(len(parts) - 1)
                if (pair := parts[at] + parts[at + 1]) in self._ids
            ]
            if not joins:
                break
            _, at = min(joins)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        found: list[int] = []
        for part in parts:
            known = self._ids.get(part)
            found += [known] if known is not None else [FIRST_BYTE + byte for byte in part.encode()]
        return found

    def decode(self, tokens: Sequence[int]) -> str:
        joined = b"".join(self.raw[token] for token in tokens if token < len(self.raw))
        return joined.decode("utf-8", "ignore").replace(SPACE, " ").strip()

    def words(self, tokens: Sequence[int]) -> list[Spelled]:
        """The words of ``decode``; a word starts at a piece that starts with a space."""
        starts = [at for at, token in enumerate(tokens) if at == 0 or self.begins_word[token]]
        ends = [*starts[1:], len(tokens)] if tokens else []
        spelled = [
            Spelled(self.decode(tokens[first:end]), first, end)
            for first, end in zip(starts, ends, strict=True)
        ]
        return [word for word in spelled if word.text]


def read_tokenizer(data: bytes) -> list[bytes]:
    """``tokenizer.bin``: for each token its length (one byte, or two with the high bit set) and its bytes."""
    pieces: list[bytes] = []
    at = 0
    while at < len(data):
        size = data[at]
        at += 1
        if size >= 128:
            size = size - 128 + data[at] * 128
            at += 1
        pieces.append(data[at : at + size])
        at += size
    return pieces
