"""Stands in while no medical model is connected. It has no model and makes nothing up.

It greets, says how this program is used, and summarises the report by quoting it. It declines everything
else: a wording counts as one of these three only when the whole of it is listed here, so anything about a
patient, a drug or a picture is declined. What it says is fixed text, or the report's own words.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal, assert_never

from assistant.engines.base import AnswerText, EngineInfo, Output, Question, Report, Sent, nobody

NAME = "No medical model"
NOTICE = "No medical model is connected: medical questions and questions about images are not answered."
DECLINED = (
    "No medical model is connected, so this was not answered. Connect MedGemma to have this answered: "
    "“Models” on the page offers the ways. On the command line, run “assistant models pull medgemma”, or "
    "start the server with --engine openai and the --engine-url of a server that has it."
)
IMAGES_NOT_SEEN = "The attached images and records were not looked at."
PASSAGES_FOUND = (
    "The passages of your guideline folder that were found are listed here. No model has read them."
)
LONGEST_QUOTE_CHARS = 300
"""A longer first sentence is not quoted: cut off, it could say the opposite."""

Topic = Literal[
    "about", "commands", "dictating", "connecting", "images", "saving", "correcting", "data", "device"
]


@dataclass(frozen=True, slots=True)
class Greeting:
    """Nothing is asked."""


@dataclass(frozen=True, slots=True)
class Help:
    """Explains how this program is used."""

    topic: Topic


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary of the report so far. ``names_it``: by a word that means nothing but the report."""

    names_it: bool


@dataclass(frozen=True, slots=True)
class Other:
    """Everything else: not for this engine."""


Wish = Greeting | Help | Summary | Other


def _whole(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_PROGRAM = r"(?:program|app|application|assistant|software|page)"
_REPORT = r"(?:the |my |this |our )?(?:report|dictation)"
_PAPER = r"(?:the |my |this |our )?(?:note|letter|document|text|draft)"
_PICTURES = (
    r"(?:an? |the |my |some )?(?:images?|pictures?|photos?|files?|x rays?|ct|mri|scans?|series|slides?"
    r"|folders?|lab reports?|dicom|dicom files?)"
)
_MODEL = r"(?:medgemma|(?:(?:a|the|another|a different) )?(?:medical )?model|ollama|vllm|llama cpp|lm studio)"

_SPEECH = r"(?:my|our) (?:data|audio|speech|voice|dictations?|recordings?)"

_GREETING = _whole(
    r"(?:hello|hi|hey|greetings)(?: there)?",
    r"good (?:morning|afternoon|evening|day|night)",
    r"(?:hello |hi |hey )?how are you(?: doing)?(?: today)?",
    r"(?:many )?(?:thanks|thank you)(?: very much| a lot| so much)?",
    r"(?:good ?)?bye",
    r"(?:can|do) you hear me",
    r"are you (?:there|listening|awake|ready)",
    r"testing(?: one two(?: three)?| 1 2(?: 3)?)?",
)
_TOPICS: tuple[tuple[Topic, re.Pattern[str]], ...] = (
    (
        "about",
        _whole(
            r"help(?: me)?",
            r"(?:can|could) you help(?: me)?",
            r"(?:what|how) (?:can|could) you help(?: me)?(?: with)?",
            r"what (?:can|do) you do(?: for me)?",
            r"what you (?:can|are able to) do(?: for me)?",
            r"what are you(?: able to do)?",
            r"who are you",
            rf"what (?:is|does) this {_PROGRAM}(?: do)?",
            rf"how does this {_PROGRAM} work",
            r"how do you work",
            rf"how (?:do|can|should) i use (?:you|(?:this|the) {_PROGRAM})",
        ),
    ),
    (
        "commands",
        _whole(
            r"what can i say(?: to you)?",
            r"(?:what|which) (?:voice )?commands(?: are there| can i (?:say|use|give)"
            r"| do you (?:know|understand|have))?",
            r"(?:list|show)(?: me)?(?: all)?(?: the)?(?: voice)? commands",
        ),
    ),
    (
        "dictating",
        _whole(
            rf"how (?:do|can|should) i (?:(?:start|begin|stop) )?dictat(?:e|ing)(?: {_REPORT})?",
            rf"how (?:do|can|should) i (?:start|begin|write|make) {_REPORT}",
            r"how (?:do|can) i (?:turn|switch) (?:on|off) the microphone",
            r"how (?:do|can) i (?:start|stop|turn on|turn off) the microphone",
            r"how (?:do|can) i (?:use|insert|choose|open) (?:a |the )?(?:template|macro)s?",
        ),
    ),
    (
        "connecting",
        _whole(
            rf"how (?:do|can) i (?:connect|get|install|use|add|enable|set up|switch to|download) {_MODEL}",
            r"(?:what|which) (?:medical )?model (?:are you(?: using)?|is (?:connected|running|used)"
            r"|do you use|answers)",
            rf"(?:is|are) (?:you )?{_MODEL}(?: connected| running| there)?",
            r"why (?:do|did|can|could|will|would) ?(?:you )?(?:not|n t|nt|t)?(?: you)? ?answer(?: me| that"
            r"| this| my questions?)?",
            r"why (?:was|is) (?:this|that|it|my question) not answered",
        ),
    ),
    (
        "images",
        _whole(
            rf"how (?:do|can) i (?:attach|upload|add|send|drop) {_PICTURES}",
            r"(?:can|do) you (?:see|read|look at|understand) (?:images|pictures|photos|x rays|scans)",
        ),
    ),
    (
        "saving",
        _whole(
            rf"how (?:do|can) i (?:export|save|copy|print|download|send) (?:{_REPORT}|{_PAPER})"
            r"(?: as (?:a )?(?:pdf|word|word file|file|text|fhir))?",
            r"how (?:do|can) i (?:export|save|print)",
        ),
    ),
    (
        "correcting",
        _whole(
            r"how (?:do|can) i (?:undo|redo)(?: that| it| something| a change| the last change)?",
            r"how (?:do|can) i (?:correct|delete|change|replace|fix) (?:a|the last|the) "
            r"(?:word|sentence|paragraph|misheard word|spelling mistake)",
        ),
    ),
    (
        "data",
        _whole(
            rf"where (?:does|do|is|are|will) {_SPEECH}(?: be)? (?:go|sent|stored|kept|processed)(?: to)?",
            rf"(?:do|will) you (?:store|record|keep|save|send) {_SPEECH}(?: anywhere)?",
            rf"(?:is|are) {_SPEECH} (?:private|safe|secure|stored|recorded|kept|sent anywhere)",
        ),
    ),
    (
        "device",
        _whole(
            r"are you (?:an? )?(?:certified |approved )?(?:medical device|doctor|physician|human|robot)",
            rf"is this {_PROGRAM} (?:an? )?(?:certified |approved )?medical device",
            r"(?:can|may|should) i (?:trust|rely on) you",
        ),
    ),
)
_SUMMARISE = r"(?:summari[sz]e|sum up|recap|outline)"
_A_SUMMARY = (
    r"(?:(?:give me|make|write|i need|i want|i would like|can i have|may i have|show me) )?"
    r"(?:a |the )?(?:short |brief |quick )?(?:summary|overview|recap|outline)"
)
_SO_FAR = r"(?: so far| until now| up to now)?"
_OF_THE_REPORT = _whole(
    rf"{_SUMMARISE} {_REPORT}{_SO_FAR}",
    rf"{_SUMMARISE} what i (?:have )?(?:dictated|said){_SO_FAR}",
    rf"{_A_SUMMARY} of {_REPORT}{_SO_FAR}",
    rf"what (?:have|did) i dictated?{_SO_FAR}",
    rf"what is in {_REPORT}{_SO_FAR}",
    rf"what does {_REPORT} say{_SO_FAR}",
    rf"how long is {_REPORT}",
)
_OF_WHAT_IS_HERE = _whole(
    rf"{_SUMMARISE}{_SO_FAR}",
    rf"{_SUMMARISE} {_PAPER}{_SO_FAR}",
    rf"{_A_SUMMARY}(?: of {_PAPER})?{_SO_FAR}",
    rf"what (?:have|did) i sa(?:y|id){_SO_FAR}",
    rf"what is in {_PAPER}{_SO_FAR}",
)

_LEADS_IN = re.compile(
    r"^(?:(?:please|so|um+|uh+|ok|okay|well|now|and|assistant|computer|excuse me|hello|hi|hey|dear|then"
    r"|(?:can|could|would|will) you(?: please)?(?= (?:summari[sz]e|sum up|recap|outline|give|make|write|show"
    r"|list|tell|explain))"
    r"|(?:tell|explain to) me(?= (?:what|how|where|which|who|why))|i would like to know|do you know)\s+)+"
)
_LEADS_OUT = re.compile(r"(?:\s+(?:please|thanks|thank you|assistant|computer|now|again|then))+$")
_MARKS = re.compile(r"[^\w\s]|_")
_SHORT = re.compile(r"\b(what|who|how|where|that|it|there)'s\b")
_NOT = re.compile(r"\b(do|did|ca|could|would|wo)n't\b")


def wish_of(text: str) -> Wish:
    """The wish behind a question, of those that this engine grants."""
    spoken = text.lower().replace("’", "'")
    spoken = _NOT.sub(lambda match: f"{match[1]} not", _SHORT.sub(r"\1 is", spoken))
    spoken = " ".join(_MARKS.sub(" ", spoken).split())
    for wording in (spoken, _LEADS_OUT.sub("", _LEADS_IN.sub("", spoken))):
        if _GREETING.fullmatch(wording):
            return Greeting()
        for topic, pattern in _TOPICS:
            if pattern.fullmatch(wording):
                return Help(topic)
        if _OF_THE_REPORT.fullmatch(wording):
            return Summary(names_it=True)
        if _OF_WHAT_IS_HERE.fullmatch(wording):
            return Summary(names_it=False)
    return Other()


HELP: dict[Topic, str] = {
    "about": (
        "This program writes what you dictate into the report, and passes questions to a medical model. "
        "None is connected now, so only three things are answered: a greeting, how this program is used, "
        "and a summary that quotes the report. “Models” offers the ways to connect MedGemma. Press “?” for "
        "the keys and for what you can say."
    ),
    "commands": (
        "Press “?” at the top of the page, or say “what can I say” as dictation: it lists the commands. "
        "Some of them: “new paragraph”, “scratch that”, “undo”, “go to impression”, “next field”, “correct "
        "…”."
    ),
    "dictating": (
        "Press Start at the bottom of the page, or the M key, and speak. What you say is written where the "
        "cursor stands. “Findings colon” opens a section. Templates and macros are over the report; by "
        "voice, say “use template” or “insert” and its name."
    ),
    "connecting": (
        "No medical model is connected. “Models” at the top of the assistant's column offers the ways: a "
        "server on this machine that has MedGemma, or a download of it. On the command line: assistant "
        "models pull medgemma."
    ),
    "images": (
        "Attach them with the buttons beside the question, drop them on the page, or paste them. No model "
        "that sees images is connected, so questions about them are not answered yet."
    ),
    "saving": (
        "“Export” at the top checks the report and saves it as a file; “Copy” puts it on the clipboard. By "
        "voice: “save the report”, “copy the report”, “print the report”."
    ),
    "correcting": (
        "Say “undo” to take back the last change and “scratch that” for the last utterance. “Correct” and "
        "the words selects them or, with “to” and other words, changes them. You can also type in the "
        "report."
    ),
    "data": (
        "Speech is recognised by the server that sent this page. While no model is connected, no question "
        "is sent to one. The server keeps reports on its disk unless it was started with --no-store; while "
        "it does, the page says “Stored on this server”."
    ),
    "device": (
        "No. This program is not a medical device, and no doctor. Read every word before it goes anywhere."
    ),
}
GREETED = (
    "Hello. Dictation works, and questions about this program are answered. No medical model is connected "
    "yet: “Models” offers the ways."
)
EMPTY_REPORT = "The report is empty so far."
NO_HEADING = "Without a heading"
NOT_BY_A_MODEL = "This summary counts and quotes; no model wrote it."


def reply(question: Question) -> str:
    """The whole answer: fixed text, or quotations of the report."""
    attached = bool(question.attachment_ids or question.record_ids)
    match wish_of(question.text):
        case Greeting():
            return GREETED
        case Help(topic):
            return HELP[topic]
        case Summary(names_it) if names_it or not attached:
            return summary(question.document)
        case Summary() | Other():
            return _declined(question, attached=attached)
        case other:
            assert_never(other)


def _declined(question: Question, *, attached: bool) -> str:
    parts = [DECLINED]
    if attached:
        parts.append(IMAGES_NOT_SEEN)
    if question.sources:
        parts.append(PASSAGES_FOUND)
    return " ".join(parts)


def summary(document: str) -> str:
    """Each part of the report in one line: its heading, its count of words, its first sentence as it stands.

    ``document`` is the report as ``plain_text`` writes it.
    """
    parts = _parts(document)
    if not parts:
        return EMPTY_REPORT
    words = sum(len(text.split()) for _, text in parts)
    lines = [f"{NOT_BY_A_MODEL} The report has {_count(words, 'word')} in {_count(len(parts), 'part')}."]
    for title, text in parts:
        first = first_sentence(text)
        name = f"{title or NO_HEADING} ({_count(len(text.split()), 'word')})"
        if len(first) > LONGEST_QUOTE_CHARS:
            lines.append(f"{name}: its first sentence is long; read it in the report.")
        elif first == text:
            lines.append(f"{name}: “{first}”")
        else:
            lines.append(f"{name} begins: “{first}” …")
    return "\n".join(lines)


def _parts(document: str) -> list[tuple[str, str]]:
    """(heading, text) in order; a paragraph without a heading belongs to the part before it."""
    parts: list[tuple[str, str]] = []
    for block in re.split(r"\n{2,}", document.strip()):
        heading, colon, text = block.partition(":\n")
        if colon and "\n" not in heading and text.strip():
            parts.append((heading.strip(), text.strip()))
        elif block.strip() and parts:
            title, before = parts[-1]
            parts[-1] = (title, f"{before}\n\n{block.strip()}")
        elif block.strip():
            parts.append(("", block.strip()))
    return parts


_SENTENCE_END = re.compile(r"(?<![^\W\d_])([^\W\d_]{4,})[.!?](?=\s+[A-Z]|\s*\n)")
"""Behind a word of four letters: an end behind "Dr.", "vs.", "5." or "p.m." may be none."""
_ABBREVIATED = frozenset(
    {"abdo", "approx", "assoc", "assn", "bilat", "capt", "cont", "corp", "dept", "diff", "excl", "gynae"}
    | {"hosp", "incl", "infl", "inst", "lymph", "neuro", "obst", "post", "prof", "resp", "sept", "supp"}
    | {"surg", "temp", "transv", "vert"}
)


def first_sentence(text: str) -> str:
    """The beginning of ``text``, to the first certain end of a sentence. It may hold more than one."""
    for end in _SENTENCE_END.finditer(text):
        if end[1].lower() not in _ABBREVIATED:
            return text[: end.end()]
    return text


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


class StandIn:
    """The engine while no medical model is connected. Nothing is ever sent to a model."""

    def __init__(self, why: str = "") -> None:
        """``why``: why there is nothing better, in one sentence."""
        self.info = EngineInfo(
            name=NAME, stand_in=True, sees_images=False, notice=NOTICE, declines=True, why=why
        )

    async def answer(self, question: Question, report: Report = nobody) -> AsyncIterator[Output]:
        """Streams ``reply``, word by word. Never fails."""
        report(Sent(()))
        for piece in re.findall(r"\S+\s*", reply(question)):
            yield AnswerText(piece)
            await asyncio.sleep(0)

    async def load(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to free."""
