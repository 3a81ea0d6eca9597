"""A question is heard by two recognisers: when, and which text is the better one. Pure."""

from assistant.intents.classifier import words
from assistant.intents.detect import Context, detect
from assistant.intents.form import form_of

AUTO = Context()


def worth_hearing_again(text: str, question_mode: bool) -> bool:
    """Whether the first recogniser's ``text`` may be a question: it is meant to be one, or looks like one."""
    if question_mode:
        return True
    decision = detect(text, AUTO)
    if decision.intent == "command":
        return False
    opens = form_of(words(text)).kind in ("asked", "open")
    return decision.intent == "question" or decision.doubtful or opens


def second_is_better(second: str, question_mode: bool) -> bool:
    """Whether the general recogniser's text replaces the dictation recogniser's: it does if it asks. If not,
    it was dictation, and dictation is what the first recogniser knows."""
    if question_mode:
        return bool(words(second))
    return detect(second, AUTO).intent == "question"
