"""An utterance → dictation, question or command. Pure.

Rules where rules are right (modes, address words, the command grammar, the form of the sentence), and a
trained classifier for what they leave open. In doubt it is dictation, since a sentence missing from a
report does more harm than a question that has to be asked again.
"""

import re
from dataclasses import dataclass

from assistant.dictation.commands import ROW
from assistant.dictation.grammar import command_of
from assistant.dictation.literals import begins
from assistant.dictation.tokens import plain
from assistant.events import CommandName, Intent, Meant, Mode
from assistant.intents.classifier import classifier, tidy, words
from assistant.intents.corrections import correction_of
from assistant.intents.form import form_of, is_order
from assistant.intents.kinds import Form
from assistant.intents.lexicon import FILLERS


@dataclass(frozen=True, slots=True)
class Context:
    """The state of the conversation when the utterance ends."""

    mode: Mode = "auto"
    has_images: bool = False
    answer_running: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """``text`` is what goes on: without the address word for a question, as heard for dictation.

    ``reason`` is a short phrase a person understands; ``command`` is set exactly when ``intent`` is
    ``command``; ``doubtful`` marks dictation that may have been asked, to be offered.
    """

    intent: Intent
    confidence: float
    reason: str
    text: str
    command: CommandName | Meant | None = None
    doubtful: bool = False


AUTO = Context()
"""Nothing is known of the session."""

_ADDRESS = re.compile(
    rf"^(?:(?:{'|'.join(sorted(FILLERS))})\b[\s,.!…-]*)*(?:assistant\b(?P<mark>[\s]*[,:.!-]+\s*|\s+)"
    r"|(?P<question>question\s*(?:[:,]|\bcolon\b|\{colon\})\s*))(?=\w)",
    re.I,
)
"""The call of the assistant, its name with "okay" and the like: none of that belongs into a report."""
_REQUEST_OF_IMAGES = re.compile(
    r"^(?:please\s+)?(?:check|compare|examine|review)\s+(?:this|these|the\s+(?:image|picture|scan|film)s?)\b",
    re.I,
)
_THIS_ALONE = re.compile(r"(?:please )?(?:check|compare|examine|review) (?:this|these|the) \w+")
THRESHOLDS = {"asked": 0.1, "none": 0.8}
"""Thresholds of the trained classifier, by the form of the sentence: one that is worded as a question is one
unless much speaks against it; one that is not, but ends in a question mark, needs more."""

DOUBTFUL = 0.25
"""Dictation at least so likely to be a question is offered to be asked."""


def detect(text: str, context: Context = AUTO) -> Decision:
    """The intent of ``text``, one final as the recogniser wrote it, where no report is open."""
    return commanded(text, context) or meaning(text, context)


def commanded(text: str, context: Context) -> Decision | None:
    """The decision if all of ``text`` is a command of any report, or says how the last words were meant."""
    if about_last := of_the_last(text):
        return about_last
    bare = tidy(re.sub(r"[\[\]]", " ", text))
    command = command_of(bare)
    if command is None:
        return None
    dictated = context.mode == "dictation" and not context.answer_running
    if dictated and plain(bare).casefold() in ROW[command].also_dictated:
        return None  # "stop" alone in a dictation may be the spoken full stop
    return Decision("command", 0.97, "the whole utterance is a command", text.strip(), command)


def of_the_last(text: str) -> Decision | None:
    """The decision if ``text`` says how the utterance before it was meant."""
    last = correction_of(text)
    if last is None:
        return None
    meant: Meant = "was_dictation" if last == "dictation" else "was_question"
    return Decision("command", 0.97, "says how the last utterance was meant", text.strip(), meant)


def meaning(text: str, context: Context) -> Decision:
    """Dictation or question: the intent of words that are no command."""
    heard = text.strip()
    bare = " ".join(re.sub(r"[^\w\s']", " ", tidy(re.sub(r"[\[\]]", " ", heard))).casefold().split())
    if not bare:
        return Decision("dictation", 1.0, "nothing was said", heard)
    if begins(heard):
        return Decision("dictation", 1.0, "“literal” was said", heard)
    said = addressed(heard)
    if context.mode == "question":
        return Decision("question", 1.0, "question mode is on", said or heard)
    if context.mode == "dictation":
        return Decision("dictation", 1.0, "dictation mode is on", heard)
    if said:
        return Decision("question", 0.97, "spoken to the assistant", said[:1].upper() + said[1:])
    if context.has_images and _REQUEST_OF_IMAGES.match(heard):
        return Decision("question", 0.8, "asks about the image", heard)
    if not context.has_images and _THIS_ALONE.fullmatch(bare):
        return Decision("dictation", 0.7, "there is no image to look at", heard)
    return _by_form(heard)


def addressed(heard: str) -> str | None:
    """The words after the assistant's name or "question:"; None if neither begins the sentence."""
    address = _ADDRESS.match(heard)
    if address is None:
        return None
    said = heard[address.end() :]
    if address["question"] or (address["mark"] or "").strip():
        return said
    return said if form_of(words(said)).kind in ("asked", "open") else None  # "assistant surgeon doctor Lee"


def is_open(text: str) -> bool:
    """Whether the classifier has a say: the form of the sentence asks, or does not settle it."""
    form = _form(text)
    return form.kind in ("asked", "open") or (form.kind == "none" and tidy(text).endswith("?"))


_SPOKEN_PERIOD = re.compile(r"(?:\b(?:period|full stop)|\{period\})\W*$", re.I)


def _form(heard: str) -> Form:
    """The form of the sentence; who says "period" after an order dictates it."""
    said = words(heard)
    form = form_of(said)
    if form.kind in ("asked", "open") and _SPOKEN_PERIOD.search(heard) and is_order(said):
        return Form("told", "an order that ends in “period”")
    return form


def _by_form(heard: str) -> Decision:
    form = _form(heard)
    if not is_open(heard):
        return Decision("dictation", 0.98 if form.kind == "none" else 0.97, form.reason, heard)
    trained = classifier()
    asks = trained(heard)
    if asks >= THRESHOLDS.get(form.kind, trained.threshold):
        why = form.reason if form.kind == "asked" else "sounds like a question"
        return Decision("question", max(asks, 0.6), why, heard)
    doubtful = asks >= DOUBTFUL
    reason = "not surely a question" if doubtful else "reads like a note"
    return Decision("dictation", 1 - asks, reason, heard, doubtful=doubtful)
