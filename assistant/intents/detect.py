"""An utterance → dictation, question or command, by rules. Pure.

The first form: a table of patterns, read from the top. A trained detector takes its place behind the
same ``detect``. In doubt it is dictation, since a sentence missing from a report does more harm than a
question that has to be asked again.
"""

import re
from dataclasses import dataclass
from typing import Literal

from assistant.events import Intent, Mode

Command = Literal["stop", "scratch", "pause", "resume"]


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

    ``reason`` is a stable snake_case word; ``command`` is set exactly when ``intent`` is ``command``.
    """

    intent: Intent
    confidence: float
    reason: str
    text: str
    command: Command | None = None


COMMANDS: dict[str, Command] = {
    "stop": "stop",
    "stop it": "stop",
    "stop that": "stop",
    "stop the answer": "stop",
    "stop answering": "stop",
    "stop talking": "stop",
    "cancel": "stop",
    "cancel that": "stop",
    "cancel the answer": "stop",
    "never mind": "stop",
    "nevermind": "stop",
    "scratch that": "scratch",
    "strike that": "scratch",
    "delete that": "scratch",
    "undo that": "scratch",
    "pause dictation": "pause",
    "stop dictation": "pause",
    "stop dictating": "pause",
    "resume dictation": "resume",
    "continue dictation": "resume",
    "start dictation": "resume",
}

_ADDRESS = re.compile(
    r"^(?:(?:hey|hi|hello|ok|okay)[\s,]+)?(?:(?:the\s+)?assistant\b(?!\s+(?:professor|surgeon|was|is|to)\b)[\s,:.!-]*"
    r"|question\s*(?:[:,]|\bcolon\b)\s*)(?=\w)",
    re.I,
)

# What opens like a question or a request but is said in reports and notes. Checked first.
_DICTATED = re.compile(
    r"""^(?:
      question(?:able|\s+(?:of|whether|if|is|was|raised))\b
    | (?:what|which|who|where|when|why|how)\s+(?:appears?|looks?|seems?|may|might|could\s+be|was|were|had|have
        |has|i|we|he|she|they|the\s+patient\s+\w+s|is\s+(?:likely|probably|presumably|thought|felt|also))\b(?!.*\?)
    | which\s+(?:is|are|measures|does|can|will|would|should)\b(?!\s+(?:the|of|side|one|lobe)\b)(?!.*\?)
    | when(?:ever)?\s+(?!(?:is|are|was|were|did|do|does|should|can|will)\b)
    | where(?:as|by|in|upon)\b | however\b | how(?:ever)?\s+the\b
    | (?:is|are|was|were|has|have|had|does|did|can|may|could|should|will|would)\s+
        (?:again\s+|also\s+|not\s+|now\s+|currently\s+|well\s+|best\s+)*
        (?:seen|noted|present|identified|visualized|visualised|unchanged|stable|normal|unremarkable|clear|intact
        |consistent|compatible|suggestive|within|in\s+keeping|likely|due|been|be|not|recommended|reported
        |denied|admitted|started|demonstrated|shown|suspected|favou?red|correlate|represent|reflect)\b(?!.*\?)
    | (?:can|may|could|will)\s+(?:the\s+)?\d*\s*20\d\d\b
    | may\s+\d | march\s | will\s+(?:follow|continue|start|discuss|need|obtain|order|return|see
        |refer|repeat)\b
    | please\s+(?:schedule|arrange|refer|follow|correlate|contact|call|see|note|order|obtain
        |continue|take|return
        |do\s+not|book|send|ensure|repeat|consider|fax|cc|copy|page|discontinue|increase|decrease|start|stop)\b
    | (?:compare[ds]?|comparison|correlat\w+|recommend\w*)\b
    | (?:the\s+)?(?:patient|he|she|mother|father|wife|husband|family|daughter|son|they)\s+
        (?:\w+\s+)?(?:asks?|asked|wonders?|wondered|wants?|questions|questioned|inquired)\b
    | (?:is|was|has|had|have)\s+an?\b(?!.*\?) | had\b(?!.*\?)
    | should\s+(?:return|follow|avoid|continue|call|be\b|not\b|have\b|undergo)(?!.*\?)
    | what\s+is\s+(?:seen|noted|described|shown)\b.*\s(?:is|are)\b(?!.*\?)
    | do\s+not\b | does\s+not\b | (?:summary|draft|list)\s*(?:colon|:)
    | show(?:s|ed|ing)\b | explain(?:s|ed)\b | read(?:s|ing)?\s+(?:as|by)\b | (?:find|finding)s\b
    )""",
    re.I | re.X,
)

_NOUN = r"(?:the|a|an|any|there|this|that|these|those|it|its|he|she|they|you|i|we|my|his|her|your|our|their)"
QUESTIONS: tuple[tuple[str, float, re.Pattern[str]], ...] = tuple(
    (reason, confidence, re.compile(pattern, re.I | re.X))
    for reason, confidence, pattern in (
        ("asks_assistant", 0.95, r"^(?:please\s+)?(?:can|could|would|will)\s+you\b"),
        ("interrogative", 0.93, r"^(?:is|are|was|were)\s+there\b"),
        (
            "interrogative",
            0.92,
            rf"^(?:is|are|was|were|does|do|did|has|have|had|can|could|should|would|will|may|might)\s+{_NOUN}\b",
        ),
        (
            "interrogative",
            0.92,
            r"^(?:what|which|who|where|when|why|how)(?:'s|\s+(?:is|are|does|do|did|should|would|can|will))\b",
        ),
        (
            "interrogative",
            0.92,
            r"^(?:what|which)\s+(?!(?:a|the)\b)\w+(?:\s+\w+){0,3}\s+(?:is|are|does|do|did|should|would|can|could|will|was|were|has|have)\b",
        ),
        (
            "interrogative",
            0.9,
            r"^how\s+(?:much|many|often|long|large|big|wide|severe|likely|sensitive|specific|far|old|high|low|about)\b",
        ),
        (
            "interrogative",
            0.9,
            r"^what\s+(?:about|if|else|dose|could|might|the)\b(?=.*\?)|^what\s+(?:about|else|dose|antibiotic)\b",
        ),
        ("interrogative", 0.85, r"^why\s+\w+"),
        (
            "interrogative",
            0.85,
            r"^(?:is|are|does|do|did|should|can|could|would)\s+(?!no\b)[\w-]+(?:\s+[\w-]+)*?\s+(?:safe|contraindicated|indicated|appropriate|cause|interact|mean|explain|be|need|require|better|worse|normal|abnormal|a|an|the)\b",
        ),
        (
            "request",
            0.9,
            r"^(?:please\s+|now\s+)*(?:summari[sz]e|interpret|explain|describe|analy[sz]e|translate|define|outline)\s+(?:\w+\s+)?(?:the|this|these|that|those|my|what|why|how|all|it|for)\b",
        ),
        ("request", 0.9, r"^(?:please\s+|now\s+)*(?:show|tell|give|remind|help|walk|find)\s+(?:me|us)\b"),
        (
            "request",
            0.9,
            r"^(?:please\s+|now\s+)*read\s+.*\b(?:to\s+me|aloud|out\s+loud|back)\b|^(?:please\s+)?read\s+back\b",
        ),
        (
            "request",
            0.88,
            r"^(?:please\s+|now\s+)*(?:draft|write|suggest|list|generate|propose|compose)\s+(?:me\s+)?(?:an?|the|some|possible|three|five|differentials?|up)\b",
        ),
        (
            "request",
            0.85,
            r"^(?:please\s+|now\s+)*(?:point\s+(?:out|to)|highlight|locate|outline|measure|look\s+(?:at|for|up))\s+(?:the|any|this|that|where|all)\b",
        ),
    )
)
_REQUEST_OF_IMAGES = re.compile(
    r"^(?:please\s+)?(?:check|compare|examine|review)\s+(?:this|these|the\s+(?:image|picture|scan|film)s?)\b",
    re.I,
)


def detect(text: str, context: Context) -> Decision:
    """How ``text``, one final as the recogniser wrote it, is meant."""
    heard = text.strip()
    plain = re.sub(r"[^\w\s']", " ", heard).casefold()
    plain = " ".join(plain.split())
    address = _ADDRESS.match(heard)
    said = heard[address.end() :] if address else heard
    command = COMMANDS.get(re.sub(r"^(?:please )|(?: please)$|^(?:(?:hey |ok |okay )?assistant )", "", plain))
    if command == "stop" and plain == "stop" and not context.answer_running and context.mode == "dictation":
        command = None  # "stop" alone in a dictation may be the spoken full stop
    if command:
        return Decision("command", 0.97, "command_phrase", heard, command)
    if not plain:
        return Decision("dictation", 1.0, "empty", heard)
    if context.mode == "question":
        return Decision("question", 1.0, "mode", said)
    if context.mode == "dictation":
        return Decision("dictation", 1.0, "mode", heard)
    if address:
        return Decision("question", 0.97, "addressed", said[:1].upper() + said[1:])
    if _DICTATED.match(heard):
        return Decision("dictation", 0.9, "reads_as_dictation", heard)
    for reason, confidence, pattern in QUESTIONS:
        if pattern.search(heard):
            return Decision("question", confidence, reason, heard)
    if context.has_images and _REQUEST_OF_IMAGES.match(heard):
        return Decision("question", 0.8, "request_about_image", heard)
    if heard.endswith("?"):
        return Decision("question", 0.7, "question_mark", heard)
    return Decision("dictation", 0.8, "statement", heard)
