"""A question is heard by two recognisers: when, and which text is the better one. Pure."""

from difflib import get_close_matches

from assistant.intents.classifier import words
from assistant.intents.detect import Context, detect
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

AUTO = Context()
OPENERS = sorted(
    (WH | AUX | SURE_REQUESTS | word_set("show tell give read draft write compare please")) - {"am"}
)
NEVER = PRONOUNS | DEFINITE | PREFACES | ADVERBS | PEOPLE | word_set("right wall")
"""Words of their own that are as alike."""
SHORT = 4
"""Words of most commands; so short an utterance costs little to hear again."""
ALIKE = 0.7
"""Of letters (difflib): "whould" and "umarize" are alike enough to what they were."""


def worth_hearing_again(text: str, question_mode: bool) -> bool:
    """Whether the first recogniser's ``text`` may be a question or command: meant so, like one, or short."""
    if question_mode:
        return True
    decision = detect(text, AUTO)
    if decision.intent == "command":
        return False
    said = words(text)
    if 0 < len(said) <= SHORT:
        return True
    if decision.intent == "question" or decision.doubtful or form_of(said).kind in ("asked", "open"):
        return True
    first = next((word for word in said if word not in FILLERS), "")
    return first not in NEVER and bool(get_close_matches(first, OPENERS, n=1, cutoff=ALIKE))


def second_is_better(second: str, question_mode: bool) -> bool:
    """Whether the general recogniser's text replaces the dictation recogniser's: it does if it asks
    or commands. If not, it was dictation, and dictation is what the first recogniser knows."""
    if question_mode:
        return bool(words(second))
    return detect(second, AUTO).intent != "dictation"


def is_disputed(first: str, second: str) -> bool:
    """The first recogniser's text asks, and what the general one heard does not: in doubt, dictation."""
    return detect(first, AUTO).intent == "question" and detect(second, AUTO).intent == "dictation"
