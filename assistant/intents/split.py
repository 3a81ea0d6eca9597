"""One utterance that holds both: dictation, and at its end a question. Pure.

Only an end that is surely asked is split off: it is said to the assistant by name, or it is a sentence of its
own in the form of a question. A question that a statement follows is a history ("Do you smoke? No.") or
unclear; it stays in the document, and the page offers to ask it.
"""

import re
from dataclasses import dataclass, replace
from functools import cache

from assistant.intents.classifier import words
from assistant.intents.clauses import answers_itself, reports_speech
from assistant.intents.detect import Context, Decision, addressed, commanded, meaning
from assistant.intents.form import form_of
from assistant.intents.lexicon import FILLERS

_END = re.compile(
    r"(?:(?<=[.!?;])|\{(?:period|question mark|new paragraph|newline|next line|new line)\}"
    r"|\b(?:period|full stop|question mark|new paragraph)\b[.,]?)\s+(?=\S)",
    re.I,
)
_NAME = re.compile(
    r"(?<!\S)(?:(?:hey|hi|hello|ok|okay|alright|um|uh|er|hm|so|and|well|yeah)\b[\s,.!…-]*)*assistant\b", re.I
)
"""With what is said only to call; "now" and "again" may belong to the dictation before it."""
_PERIOD_OF = re.compile(
    r"\b(?:a|an|the|this|that|long|short|time|brief|same|recovery|observation|follow.?up|waiting|operative|menstrual"
    r"|incubation|treatment|postoperative|last|latency|latent)\s+period\W*$",
    re.I,
)
SURE = 0.9
"""So likely a question must be to be split off without the assistant's name."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some of an utterance as it was heard, and how it is meant."""

    heard: str
    decision: Decision


def decide(text: str, context: Context) -> tuple[Part, ...]:
    """The intents of the parts of one final, in order, where no report is open; usually one part."""
    if whole := commanded(text, context):
        return (Part(text, whole),)
    return split(text, context)


def split(text: str, context: Context) -> tuple[Part, ...]:
    """The parts of an utterance that is no command as a whole, in order; usually one. ``heard`` has all words
    together. Each piece of the text is looked at once."""
    read = cache(lambda start, end: meaning(text[start:end], context))
    end = len(text)

    def part(start: int, stop: int) -> Part:
        return Part(text[start:stop], read(start, stop))

    if context.mode != "auto":
        return (part(0, end),)
    if at := _where_addressed(text):
        called = commanded(text[at:], context) or read(at, end)
        return (*split(text[:at], context), Part(text[at:], called))
    starts = [0, *_sentence_starts(text)]
    if len(starts) == 1 or addressed(text) is not None:
        return (part(0, end),)
    while len(starts) > 1 and set(words(text[starts[-1] :])) <= FILLERS | {"or"}:
        starts.pop()  # "Which lobe is the mass in? And?"
    ends = [*starts[1:], end]
    asked = [
        form_of(words(text[start:stop])).kind == "asked" and _is_sure(read(start, stop))
        for start, stop in zip(starts, ends, strict=True)
    ]
    tail = len(asked)
    while tail and asked[tail - 1]:
        tail -= 1
    if tail == 0 or set(words(text[: ends[tail - 1]])) <= FILLERS | {"thanks", "thank", "you"}:
        return (part(0, end),)
    before = words(text[starts[tail - 1] : ends[tail - 1]])
    if not before or tail == len(asked) or reports_speech(before) or answers_itself(before):
        return (_told(part(0, end), any(asked)),)
    at = starts[tail]
    return (_told(part(0, at), any(asked[:tail])), part(at, end))


def undecided(text: str, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """An utterance that only one of two recognisers takes for a question: dictation, and offered."""
    if all(part.decision.intent != "question" for part in parts):
        return parts
    return (Part(text, Decision("dictation", 0.5, "heard in two ways", text, doubtful=True)),)


def _told(part: Part, asks: bool) -> Part:
    """Sentences that end in a statement are dictation, doubtful if one of them asks."""
    decision = part.decision
    if decision.intent == "dictation":
        return Part(part.heard, replace(decision, doubtful=decision.doubtful or asks))
    return Part(part.heard, Decision("dictation", 0.6, "asks, and then goes on", part.heard, doubtful=asks))


def _where_addressed(text: str) -> int | None:
    """The start of an address that follows dictation; None if all of it is addressed, or nothing."""
    for match in _NAME.finditer(text):
        if addressed(text[match.start() :]) is not None:
            before = set(words(text[: match.start()]))
            return match.start() if before - FILLERS else None
    return None


def _sentence_starts(text: str) -> list[int]:
    return [m.end() for m in _END.finditer(text) if not _PERIOD_OF.search(text[: m.end()])]


def _is_sure(decision: Decision) -> bool:
    return decision.intent == "question" and decision.confidence >= SURE
