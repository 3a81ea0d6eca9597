"""A question is heard by two recognisers: when, and which text is the better one. Pure."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from assistant.intents.classifier import words
from assistant.intents.detect import Decision
from assistant.intents.form import form_of
from assistant.intents.lexicon import (
    ADVERBS,
    AUX,
    DEFINITE,
    FILLERS,
    PEOPLE,
    PREFACES,
    PRONOUNS,
    SURE_REQUESTS,
    WH,
    word_set,
)

OPENERS = sorted(
    (WH | AUX | SURE_REQUESTS | word_set("show tell give read draft write compare please")) - {"am"}
)
NEVER = PRONOUNS | DEFINITE | PREFACES | ADVERBS | PEOPLE | word_set("right wall")
"""Words of their own that are as alike."""
SHORT = 4
"""Words of most commands; so short an utterance costs little to hear again."""
ALIKE = 0.7
"""Likeness of letters (difflib): "whould" and "umarize" are alike enough to what they were."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The text that a recogniser made of an utterance, and what it means."""

    text: str
    decision: Decision


Verdict = Literal["first", "second", "disputed"]


def worth_hearing_again(first: Heard, question_mode: bool) -> bool:
    """Whether the first recogniser's text may be a question or command: meant so, like one, or short."""
    if question_mode:
        return True
    decision = first.decision
    if decision.intent == "command":
        return False
    said = words(first.text)
    if 0 < len(said) <= SHORT:
        return True
    if decision.intent == "question" or decision.doubtful or form_of(said).kind in ("asked", "open"):
        return True
    opener = next((word for word in said if word not in FILLERS), "")
    return opener not in NEVER and bool(get_close_matches(opener, OPENERS, n=1, cutoff=ALIKE))


def verdict(first: Heard, second: Heard, question_mode: bool) -> Verdict:
    """The hearing that counts. ``second``, by the general recogniser, does if it asks or commands. If not, it
    was dictation, which the first recogniser knows better; "disputed" if only the first one asks."""
    if question_mode:
        return "second" if words(second.text) else "first"
    if second.decision.intent != "dictation":
        return "second"
    return "disputed" if first.decision.intent == "question" else "first"
