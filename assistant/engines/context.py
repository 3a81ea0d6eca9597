"""Earlier turns and guideline passages as a model reads them, within a budget of characters. Pure."""

import re
from collections.abc import Sequence

from assistant.engines.base import Exchange, Question

LONGEST_EARLIER_ANSWER_CHARS = 800
"""Characters kept from the start of an earlier answer: the content comes first, cautions last."""
NOTHING_FOUND = (
    "The clinician's guideline folder was searched for this question and holds nothing on it: do not say "
    "what guidelines recommend."
)
USE_OF_SOURCES = (
    "Say what guidelines recommend only from these passages, and put the number of the passage behind each "
    "such statement, like [1]. If they do not answer the question, say so."
)

_TAG = re.compile(r"<(?=[^\s\d<=>.,-])")
"""Text that could open a tag or a model's control token: ``</dictation>``, ``<end_of_turn>``, ``<|im_end|>``.
Not ``<5 mm`` or ``a < b``."""
_REFERENCE = re.compile(r"\[(\d[\d,;\s–-]*)\]")
"""A guideline's own references, which would pose as numbers of passages."""


def framed(text: str) -> str:
    """``text`` with no tag and no control token in it: a space goes between ``<`` and what follows, so that
    it can neither close its frame nor pose as another turn."""
    return _TAG.sub("< ", text)


def sources_text(question: Question, limit_chars: int) -> str:
    """The passages with their numbers, as many as fit, and how to use them; empty without guidelines."""
    if not question.sources:
        return NOTHING_FOUND if question.guidelines_searched else ""
    parts: list[str] = []
    room = limit_chars
    for source in question.sources:
        place = ", ".join(part for part in (source.file, source.place) if part)
        text = _REFERENCE.sub(r"(\1)", source.text)
        part = framed(f"[{source.number}] {place}\n{text}")
        if len(part) > room and parts:
            break
        parts.append(part[:room])
        room -= len(part)
    passages = "\n\n".join(parts)
    return (
        f"Passages of the clinician's guidelines:\n<guidelines>\n{passages}\n</guidelines>\n{USE_OF_SOURCES}"
    )


def earlier_text(earlier: Sequence[Exchange], limit_chars: int) -> str:
    """The newest turns that fit, oldest first; empty when there are none."""
    turns: list[str] = []
    room = limit_chars
    for exchange in reversed(earlier):
        answer = exchange.answer.strip()
        if len(answer) > LONGEST_EARLIER_ANSWER_CHARS:
            answer = answer[:LONGEST_EARLIER_ANSWER_CHARS].rsplit(" ", 1)[0] + " …"
        turn = framed(f"Question: {exchange.question}\nAnswer: {answer}")
        if len(turn) > room:
            break
        turns.insert(0, turn)
        room -= len(turn)
    if not turns:
        return ""
    return "Asked and answered before:\n<earlier>\n" + "\n\n".join(turns) + "\n</earlier>"
