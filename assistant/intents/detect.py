"""An utterance → dictation, question or command. Pure.

Rules where rules are right (modes, address words, the command grammar, who is spoken of), and a trained
classifier for all else. In doubt it is dictation, since a sentence missing from a report does more harm
than a question that has to be asked again.
"""

import re
from dataclasses import dataclass

from assistant.events import Intent, Mode
from assistant.intents.classifier import classifier, tidy
from assistant.intents.commands import COMMANDS, command_of
from assistant.intents.rules import spoken_of, verdict

__all__ = ["COMMANDS", "Command", "Context", "Decision", "detect"]

Command = str
"""``stop``, ``scratch``, ``pause``, ``resume``, or a further name of ``assistant.intents.commands``."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the conversation knows when the utterance ends."""

    mode: Mode = "auto"
    has_images: bool = False
    answer_running: bool = False
    dictation_paused: bool = False
    """Dictation was paused by voice: only commands, and words to the assistant, are taken."""


@dataclass(frozen=True, slots=True)
class Decision:
    """``text`` is what goes on: without the address word for a question, as heard for dictation.

    ``reason`` is a short phrase a person understands; ``command`` is set exactly when ``intent`` is
    ``command``.
    """

    intent: Intent
    confidence: float
    reason: str
    text: str
    command: Command | None = None


_ADDRESS = re.compile(
    r"^(?:(?:hey|hi|hello|ok|okay)[\s,]+)?(?:(?:the\s+)?assistant\b(?!\s+(?:professor|surgeon|was|is|to)\b)[\s,:.!-]*"
    r"|question\s*(?:[:,]|\bcolon\b|\{colon\})\s*)(?=\w)",
    re.I,
)
_REQUEST_OF_IMAGES = re.compile(
    r"^(?:please\s+)?(?:check|compare|examine|review)\s+(?:this|these|the\s+(?:image|picture|scan|film)s?)\b",
    re.I,
)
_THIS_ALONE = re.compile(r"(?:please )?(?:check|compare|examine|review) (?:this|these|the) \w+")
_HOW = {
    "asks_assistant": "asks the assistant",
    "interrogative": "worded as a question",
    "request": "asks the assistant to do something",
    "question_mark": "ends like a question",
}


def detect(text: str, context: Context) -> Decision:
    """How ``text``, one final as the recogniser wrote it, is meant."""
    heard = text.strip()
    tidied = tidy(heard)
    plain = " ".join(re.sub(r"[^\w\s']", " ", tidied).casefold().split())
    address = _ADDRESS.match(heard)
    said = heard[address.end() :] if address else heard
    command = command_of(plain) if len(plain) < 100 else None
    if command == "stop" and plain == "stop" and not context.answer_running and context.mode == "dictation":
        command = None  # "stop" alone in a dictation may be the spoken full stop
    if command:
        return Decision("command", 0.97, "the whole utterance is a command", heard, command)
    if not plain:
        return Decision("dictation", 1.0, "nothing was said", heard)
    if context.mode == "question":
        return Decision("question", 1.0, "question mode is on", said)
    if context.mode == "dictation":
        return Decision("dictation", 1.0, "dictation mode is on", heard)
    if address:
        return Decision("question", 0.97, "spoken to the assistant", said[:1].upper() + said[1:])
    if why := spoken_of(tidied):
        return Decision("dictation", 0.97, why, heard)
    if context.has_images and _REQUEST_OF_IMAGES.match(heard):
        return Decision("question", 0.8, "asks about the image", heard)
    if not context.has_images and _THIS_ALONE.fullmatch(plain):
        return Decision("dictation", 0.7, "there is no image to look at", heard)
    trained = classifier()
    asks = trained(heard)["question"]
    rule, sure = verdict(tidied)
    if asks >= trained.threshold or (asks >= 0.5 and sure > 0.91):  # or a pattern agrees
        return Decision("question", asks, _HOW.get(rule, "sounds like a question"), heard)
    if rule == "reads_as_dictation":
        reason = "begins as reports and notes do"
    else:
        reason = "not surely a question" if asks > 0.2 else "a statement"
    return Decision("dictation", 1 - asks, reason, heard)
