"""The written form of speech in progress; text once settled is never changed. Pure.

The final is formatted anew, as a whole, and stands above it.
"""

import re
from collections.abc import Callable
from itertools import pairwise

from assistant.dictation.insertion import run_together
from assistant.dictation.numbers import WORDS
from assistant.dictation.punctuation import SPOKEN
from assistant.dictation.tokens import table
from assistant.dictation.units import COUNTED

_HELD = (
    WORDS
    | {word for phrase in SPOKEN for word in phrase.split()}
    | frozenset(
        table(
            "point over by to through out of and plus minus half per percent times a an about number type grade "
            "stage level january february march april may june july august september october november december "
            "year years old week weeks day days hour hours am pm daily twice three every literal"
        )
    )
)
"""Words whose written form depends on those beside them: nothing is cut there."""
_WORD = re.compile(r"\S+")
_PLAIN = re.compile(r"[a-z][a-z']{2,}[.,]?", re.I)
WORDS_BEHIND = 3
"""A word is settled when so many stable ones stand behind it."""


class LiveWriter:
    """One utterance. ``continues``: it goes on in a sentence of the report."""

    def __init__(self, write: Callable[[str, bool], str], *, continues: bool) -> None:
        self._write, self._continues = write, continues
        self._cut = 0
        self.written = ""

    def update(self, stable: str, tentative: str) -> tuple[str, str]:
        """The whole stable text and what may change → what is settled, which only grows, and the rest."""
        cut = self._next_cut(stable)
        if cut > self._cut:
            self.written += self._fitted(stable[self._cut : cut])
            self._cut = cut
        rest = stable[self._cut :] + tentative
        return self.written, self._fitted(rest) if rest.strip() else ""

    def _next_cut(self, stable: str) -> int:
        words = [match for match in _WORD.finditer(stable) if match.start() >= self._cut]
        cut = self._cut
        for before, after in pairwise(words[: max(0, len(words) - WORDS_BEHIND)]):
            if _settles(before[0]) and _settles(after[0]):
                cut = after.start()
        return cut

    def _fitted(self, words: str) -> str:
        before = self.written.rstrip(" ")
        continues = before[-1] not in ".?!:\n" if before else self._continues
        text = self._write(words, continues)
        space = run_together(self.written, text)
        return f" {text}" if space else text


def _settles(word: str) -> bool:
    bare = word.lower().rstrip(".,")
    return bool(_PLAIN.fullmatch(word)) and bare not in _HELD and not COUNTED.fullmatch(bare)
