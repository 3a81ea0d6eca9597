"""The changes between two reports, section by section and word by word. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

_TOKEN = re.compile(r"\s+|\w+(?:[.,]\d+)*|[^\w\s]")
"""A word, a number with its decimals, a mark, or the space between; all of them together are the text."""


@dataclass(frozen=True, slots=True)
class Piece:
    kind: Literal["same", "removed", "added"]
    text: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One section. The pieces that are not ``added`` are the earlier text, those not ``removed`` the new."""

    title: str
    pieces: tuple[Piece, ...]


def compare(earlier: Iterable[tuple[str, str]], later: Iterable[tuple[str, str]]) -> list[Compared]:
    """Both as (title, text). Sections of the same title are compared; others are added or removed as a
    whole."""
    before, after = _by_title(earlier), _by_title(later)
    titles = [*after, *(title for title in before if title not in after)]
    found = [
        Compared(names[0], tuple(_pieces(before.get(title, ("", ""))[1], after.get(title, ("", ""))[1])))
        for title in titles
        for names in [after.get(title) or before[title]]
    ]
    return [each for each in found if each.pieces]


def _by_title(sections: Iterable[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Sections of one title are one."""
    found: dict[str, tuple[str, str]] = {}
    for title, text in sections:
        key = " ".join(title.casefold().split())
        before = found.get(key)
        found[key] = (before[0], f"{before[1]}\n{text}") if before else (title, text)
    return found


def _pieces(earlier: str, later: str) -> Sequence[Piece]:
    before, after = _TOKEN.findall(earlier), _TOKEN.findall(later)
    pieces: list[Piece] = []
    for tag, i, j, k, n in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        old, new = "".join(before[i:j]), "".join(after[k:n])
        if tag == "equal":
            pieces.append(Piece("same", old))
            continue
        pieces += [Piece("removed", old)] * bool(old) + [Piece("added", new)] * bool(new)
    return pieces
