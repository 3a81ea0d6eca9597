"""A tree of the tokens of words to expect, and what it is worth to be on the way through it. Pure.

Words that could be mistaken for each other are worth the same, whether they were asked for or not, and
however many tokens they have: between them only what was heard decides.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from assistant.asr.confusable import counterparts, expectable
from assistant.errors import BadInput

SHORTEST_WORD = 4
"""Letters; shorter words are found everywhere."""
SHORTEST_CONTEXT_WORD = 6
"""The same for words that nobody asked for."""
LONGEST_PROMPT = 20_000
"""Characters: a long report; its words are looked for in one go."""


@dataclass(slots=True)
class Node:
    """A place in the tree. ``lent``: while on the way; ``kept``: when a word ends here, else 0."""

    lent: float = 0.0
    kept: float = 0.0
    next: dict[int, "Node"] = field(default_factory=dict)


class ExpectedWords:
    """``encode`` gives the tokens of a text. Each token of a word is worth one."""

    def __init__(self, phrases: Sequence[str], encode: Callable[[str], Sequence[int]]) -> None:
        self._phrases, self._encode = phrases, encode

    @cached_property
    def root(self) -> Node:
        """Made when it is first asked for, in a worker: ten thousand phrases take a second."""
        root = Node()
        tokens: dict[str, list[Sequence[int]]] = {}

        def spellings(phrase: str) -> list[Sequence[int]]:
            if phrase not in tokens:
                forms = dict.fromkeys((phrase, phrase.lower(), phrase[:1].upper() + phrase[1:]))
                tokens[phrase] = [self._encode(form) for form in forms]
            return tokens[phrase]

        worth: dict[str, float] = {}
        for phrase in dict.fromkeys(part for each in self._phrases for part in expectable(each)):
            if len(phrase) < SHORTEST_WORD:
                continue
            if len(spellings(phrase)[0]) == 1:  # it needs no help
                continue
            group = [phrase, *counterparts(phrase)]
            least = min(len(spelling) for each in group for spelling in spellings(each))
            for each in group:
                worth[each] = min(worth.get(each, least), least)
        for phrase, value in worth.items():
            for spelling in spellings(phrase):
                _add(root, spelling, float(value))
        _lend(root, 0)
        return root


def _add(node: Node, spelling: Sequence[int], value: float) -> None:
    for token in spelling:
        node = node.next.setdefault(token, Node())
    node.kept = min(node.kept, value) if node.kept else value


def check_prompt(text: str) -> None:
    """Raises ``BadInput`` (``hint_too_long``) if a client's text to take words from is too long."""
    if len(text) > LONGEST_PROMPT:
        raise BadInput(f"A prompt may have {LONGEST_PROMPT} characters at most.", code="hint_too_long")


def words_in(text: str) -> list[str]:
    """Those of a report or the name of a study that may be worth expecting."""
    return re.findall(rf"[^\W\d_]{{{SHORTEST_CONTEXT_WORD},}}", text)


def medical_words() -> tuple[str, ...]:
    """The list that ships."""
    text = (Path(__file__).parent / "data" / "medical_words.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


def _lend(node: Node, depth: int) -> float:
    """On the way a token is worth one, but never more than the best word ahead is."""
    best = max([node.kept, *(_lend(following, depth + 1) for following in node.next.values())])
    node.lent = min(float(depth), best)
    return best
