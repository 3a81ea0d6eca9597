"""The length of silence that ends an utterance, from the words before it. Pure."""

from assistant.intents.classifier import words
from assistant.intents.form import form_of
from assistant.intents.hearing import Heard
from assistant.intents.lexicon import AUX, DEFINITE, FILLERS, INDEFINITE, WH, word_set
from assistant.vad.endpoint import EndpointSettings

SURE = 0.9
DANGLING = (
    (AUX - {"may", "will", "can"})
    | INDEFINITE
    | (DEFINITE - {"her", "each", "any"})
    | (WH - {"why", "what", "where", "who"})
    | word_set(
        """
        and or but nor of in at to for from with without by between into onto per than as because if
        on most need needs have show shows cause causes cover covers suggest represent recommend
        whether that uh um er versus about approximately measuring left right upper lower mild moderate severe
        """
    )
)
"""A sentence that ends in one of these goes on, also where the recogniser puts a question mark behind it."""
ENDING_IN_LY = word_set(
    "daily weekly monthly family early only bodily early assembly bilaterally unilaterally"
)


def closing_silence_ms(heard: Heard, question_mode: bool, settings: EndpointSettings) -> int:
    """``heard`` is what was said up to a pause. A question or command that is whole ends sooner, a sentence
    that is not ends later than ``settings.silence_ms``."""
    said, decision = words(heard.text), heard.decision
    if not said:
        return settings.silence_ms
    if decision.intent == "command":
        return settings.question_silence_ms
    if said[-1] == "assistant" and set(said[:-1]) <= FILLERS:
        return settings.unfinished_silence_ms  # called, and not yet told what to do
    if said[-1] in DANGLING or (said[-1].endswith("ly") and said[-1] not in ENDING_IN_LY):
        return settings.unfinished_silence_ms
    asks = decision.intent == "question" and decision.confidence >= SURE
    asks = asks and form_of(said).kind == "asked"
    if asks and len(said) < 3 and said[0] in AUX:
        return settings.unfinished_silence_ms  # "is there"
    if asks or question_mode:
        return settings.question_silence_ms
    return settings.silence_ms
