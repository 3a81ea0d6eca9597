"""Phrases that are expected (drugs, names, house terms), and how far a spelling has come in one. Pure."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

from assistant.errors import BadInput

MOST_PHRASES = 20_000
LONGEST_PHRASE = 80
ROOT = 0


class Hotwords:
    """A tree of characters over all phrases; case does not matter, words are separated by one space.

    A match begins where a word begins and counts when it ends where a word ends. The tree is made when it is
    first asked for, in a worker: thousands of phrases take a tenth of a second.
    """

    def __init__(self, phrases: Sequence[str]) -> None:
        self._phrases = phrases

    @cached_property
    def _tree(self) -> "_Tree":
        return _Tree(self._phrases)

    def walk(self, node: int, text: str) -> int | None:
        """From ``node`` along ``text``; None where no phrase goes on like this."""
        following = self._tree.next
        here: int | None = node
        for character in text:
            here = following[here].get(character) if here is not None else None
        return here

    def depth(self, node: int) -> int:
        """Characters matched so far."""
        return self._tree.depths[node]

    def is_end(self, node: int) -> bool:
        return self._tree.ends[node]


class _Tree:
    def __init__(self, phrases: Sequence[str]) -> None:
        self.next: list[dict[str, int]] = [{}]
        self.ends: list[bool] = [False]
        self.depths: list[int] = [0]
        for phrase in phrases:
            self._add(phrase)

    def _add(self, phrase: str) -> None:
        node = ROOT
        for character in normal(phrase):
            following = self.next[node].get(character)
            if following is None:
                following = len(self.next)
                self.next[node][character] = following
                self.next.append({})
                self.ends.append(False)
                self.depths.append(self.depths[node] + 1)
            node = following
        self.ends[node] = node != ROOT


def normal(phrase: str) -> str:
    return " ".join(phrase.lower().split())


def check_phrases(phrases: Iterable[str]) -> tuple[str, ...]:
    """Without doubles and empty ones. Raises ``BadInput`` (``hotwords_invalid``)."""
    found = tuple(dict.fromkeys(phrase.strip() for phrase in phrases if phrase.strip()))
    if len(found) > MOST_PHRASES:
        raise BadInput(f"At most {MOST_PHRASES} expected phrases.", code="hotwords_invalid")
    if any(len(phrase) > LONGEST_PHRASE for phrase in found):
        raise BadInput(
            f"An expected phrase has at most {LONGEST_PHRASE} characters.", code="hotwords_invalid"
        )
    return found


def read_phrases(path: Path) -> tuple[str, ...]:
    """A file with one phrase a line; what follows ``#`` is a comment. Raises ``BadInput``."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()  # Windows' editor begins with a mark
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"{path} cannot be read ({type(error).__name__}). It must be UTF-8, one phrase per line.",
            code="hotwords_invalid",
        ) from None
    return check_phrases(line.partition("#")[0] for line in lines)
