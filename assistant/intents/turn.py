"""How long a silence ends an utterance, from what was said before it. Pure."""

from assistant.intents.classifier import tidy, words
from assistant.intents.detect import Context, detect
from assistant.intents.form import form_of
from assistant.intents.lexicon import AUX, DEFINITE, INDEFINITE, WH, word_set
from assistant.vad.endpoint import EndpointSettings

AUTO = Context()
SURE = 0.9
DANGLING = (
    (AUX - {"may", "will", "can"})
    | INDEFINITE
    | (DEFINITE - {"her", "each", "any"})
    | (WH - {"why", "what", "where", "who"})
    | word_set(
        """
        and or but nor of in at to for from with without by between into onto per than as because if
        whether that uh um er versus about approximately measuring left right upper lower mild moderate severe
        """
    )
)
"""A sentence that ends in one of these goes on."""


def closing_silence_ms(text: str, question_mode: bool, settings: EndpointSettings) -> int:
    """``text`` is what was heard up to a pause. A question or command that is whole ends sooner, a sentence
    that is not ends later than ``settings.silence_ms``."""
    said = words(text)
    if not said:
        return settings.silence_ms
    decision = detect(text, AUTO)
    if decision.intent == "command":
        return settings.question_silence_ms
    if said[-1] in DANGLING and not tidy(text).endswith("?"):
        return settings.unfinished_silence_ms
    asks = decision.intent == "question" and decision.confidence >= SURE
    if question_mode or (asks and form_of(said).kind == "asked" and len(said) > 2):
        return settings.question_silence_ms
    return settings.silence_ms
