"""The grammar of voice commands: a whole utterance is a command, with its arguments, or it is none. Pure.

Words in a command's place are kept as they were heard, capitals too, so that they can be looked for and written.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches

from assistant.dictation.numbers import UNITS as NUMBERS


@dataclass(frozen=True, slots=True)
class Command:
    """``name`` is stable. ``unit`` is word, sentence, line, paragraph, section, field, document or "" ("that");
    ``which`` is last, next, this, all, end or top; ``target`` are words of the report, a section or a macro;
    ``text`` is what comes in its place, or the form of "cap": cap, all_caps, no_caps."""

    name: str
    unit: str = ""
    which: str = ""
    count: int = 1
    target: str = ""
    text: str = ""


COMMANDS: dict[str, str] = {
    "stop": "stop",
    "stop it": "stop",
    "stop that": "stop",
    "stop the answer": "stop",
    "stop answering": "stop",
    "stop talking": "stop",
    "stop reading": "stop",
    "be quiet": "stop",
    "cancel": "stop",
    "cancel that": "stop",
    "cancel the answer": "stop",
    "never mind": "stop",
    "nevermind": "stop",
    "scratch that": "scratch",
    "scratch this": "scratch",
    "strike that": "scratch",
    "delete that": "scratch",
    "undo": "undo",
    "undo that": "undo",
    "redo": "redo",
    "redo that": "redo",
    "pause dictation": "pause",
    "stop dictation": "pause",
    "stop dictating": "pause",
    "resume dictation": "resume",
    "continue dictation": "resume",
    "start dictation": "resume",
}
"""Said in exactly these words."""

HELP: tuple[tuple[str, str], ...] = (
    ("scratch that", "takes the last utterance out; again for the one before"),
    ("undo · redo", "takes back the last change; brings it back"),
    ("delete last word", "or sentence, line, paragraph; “delete last three words”"),
    ("select … · select … through …", "the next words replace it"),
    ("replace … with …", "changes the nearest place with these words"),
    ("correct … · correct … to …", "selects it, or changes it"),
    ("insert before … · insert after …", "the next words go there"),
    ("cap that · all caps that · no caps that", "or the words to change: “cap crohn's”"),
    ("new line · new paragraph", "also within a sentence"),
    ("bullet point · numbered list · next number · end list", "lists"),
    ("go to impression", "or any section; “go to end”, “go to top”"),
    ("next field · previous field", "visits what is still to fill"),
    ("insert normal chest", "or any macro; “use template chest x-ray” begins a new report"),
    ("read that back", "reads the last paragraph aloud"),
    ("stop listening · start listening", "sleeps and wakes"),
    ("literal …", "writes the words of a command or a punctuation mark"),
    ("what can I say", "shows this list"),
)
"""What a person may say, and what it does."""

SECTION_NAMES = (
    r"(?:findings?|impressions?|technique|history|hpi|plan|assessment(?: and plan)?|recommendations?|comparison"
    r"|indication|medications?|allergies|exam(?:ination)?|physical exam|conclusion|subjective|objective"
    r"|chief complaint|review of systems|labs?|clinical (?:history|information)|past medical history|procedure"
    r"|hospital course|social history|family history|vitals?|vital signs|summary|diagnosis|discussion|addendum)"
)
_NUMBER = r"(?P<count>two|three|four|five|six|seven|eight|nine|ten|\d{1,2})"
_UNIT = r"(?P<unit>words?|sentences?|lines?|paragraphs?|section|field|phrase|utterance|selection|change|edit)"
_WHICH = rf"(?:(?:the )?(?P<which>last|previous|next|current|whole|entire|this|that) )?(?:the )?(?:{_NUMBER} )?{_UNIT}"
_ALL = r"(?P<all>everything|all|(?:the )?(?:whole |entire )?(?:document|report|note))"
_SOME = r"\S+(?: \S+){0,7}"
_FEW = r"\S+(?: \S+){0,4}"
_TARGET = rf"(?P<target>{_SOME})"
_TEXT = rf"(?P<text>{_SOME})"
_THAT = r"(?:that|this|it)"
_CAPS = r"(?P<form>capitali[sz]e|upper ?case|lower ?case|all caps?|no caps?|cap|caps)"

_PATTERNS: tuple[tuple[str, str], ...] = (
    ("undo", rf"undo (?:it|this|last|{_WHICH})"),
    ("redo", rf"redo (?:it|this|last|{_WHICH})"),
    ("scratch", rf"(?:scratch|strike) (?:out )?{_WHICH}"),
    ("delete", rf"(?:delete|erase|remove|clear) (?:{_WHICH}|{_ALL})|(?:erase|remove|clear) {_THAT}|delete (?:it|this)"),
    ("next", r"(?:go |move |jump )?(?:to )?(?:the )?next (?P<unit>field|section|placeholder|blank)|tab forward"),
    ("previous", r"(?:go |move |jump )?(?:back )?(?:to )?(?:the )?(?:previous|prior|last) (?P<unit>field|section|placeholder|blank)"),
    (
        "go_to",
        r"(?:(?:go|jump|move|skip) (?:down |up |back )?to )?(?:the )?(?P<which>top|end|bottom|beginning|start) of (?:the |this )?(?P<unit>document|report|note|line|section|paragraph)"
        r"|(?:go|jump|move|skip) (?:down |up |back )?to (?:the )?(?P<place>top|end|bottom|beginning|start)",
    ),
    ("go_to", rf"(?:go|jump|move|skip|navigate|switch) (?:down |up |back )?to (?:the )?(?P<target>{SECTION_NAMES}|<sections>)(?: section| field)?|(?:open|start) (?:the )?(?P<target>{SECTION_NAMES}|<sections>) section"),
    ("sleep", r"stop (?:listening|recording|transcribing)|go to sleep|sleep(?: now)?|mute(?: (?:the )?(?:mic|microphone))?|(?:microphone|mic) off|turn (?:off )?(?:the )?(?:mic|microphone)(?: off)?|pause (?:listening|recording)"),
    ("wake", r"(?:start|resume|begin) (?:listening|recording|transcribing)|wake(?: up)?|unmute(?: (?:the )?(?:mic|microphone))?|(?:microphone|mic) on|turn (?:on )(?:the )?(?:mic|microphone)"),
    ("pause", r"(?:pause|hold|suspend)(?: the)? (?:dictation|dictating|transcription)|pause"),
    ("resume", r"(?:resume|restart|begin|unpause)(?: the)? (?:dictation|dictating|transcription)|resume"),
    ("new_report", rf"(?:use|load|apply|open|start|insert) (?:the |my |a )?(?:report )?template (?!for\b|of\b|in\b)(?P<target>{_SOME})|(?:use|load|apply|open|start|insert) (?:the |my |a )?(?P<target>{_SOME}) template|(?:start |open )?(?:a )?(?:new|blank) (?:report|note|document)"),
    ("insert", rf"(?:insert|use|load|apply|add) (?:the |my |a )?(?:macro|auto ?text) (?P<target>{_SOME})|(?:insert|load|use|apply|add) (?:the |my |a )?(?P<target>{_SOME}) (?:macro|auto ?text)|insert (?:the |my |a )?(?P<target><macros>|normal {_SOME})"),
    ("insert_at", rf"(?:insert|(?:move |put )?(?:the )?cursor) (?P<which>before|after) {_TARGET}"),
    ("select", rf"(?P<none>unselect|deselect)(?: {_THAT})?|(?:select|highlight) (?:{_THAT}|{_ALL}|{_WHICH})"),
    ("select", rf"select (?!patients?\b|subjects?\b|cases?\b|from\b)(?P<target>{_FEW}(?: through {_FEW})?)"),
    ("replace", rf"replace {_TARGET} (?:with|by) {_TEXT}"),
    ("correct", rf"correct (?:{_THAT}|{_WHICH})|correct (?!for\b|to\b|as\b|the\b|{_THAT}\b){_TARGET} to {_TEXT}|correct (?!for\b|to\b|as\b|the\b|{_THAT}\b)(?P<target>\S+(?: \S+){{0,2}})"),
    ("format", rf"{_CAPS} (?:{_THAT}|{_WHICH})|(?P<form>all caps|no caps)|make {_THAT} (?P<form>upper ?case|lower ?case|all caps)|(?P<form>capitali[sz]e|cap|all caps|no caps) (?P<target>\S+(?: \S+){{0,2}})"),
    (
        "new",
        r"(?:start |begin |insert |add )?(?:a )?(?:new|next) (?P<which>line|paragraph)"
        r"|(?:start |begin |insert |add |new |next )?(?:a |the )?(?P<list>bullet(?: point| list)?s?|bulleted list|numbered list|number(?:ed)? (?:list|item))"
        r"|(?:next|new) (?P<item>number|item)|(?P<none>end|stop) (?:the |of )?(?:list|bullets?|bulleted list|numbered list|numbering)",
    ),
    ("read_back", rf"read (?:me )?(?:back )?{_ALL}(?: back)?(?: to me)?|(?:read|play) {_THAT}(?: back)?(?: to me| again)?|read back(?: (?:{_THAT}|{_WHICH}))?|read (?:me )?(?:back )?{_WHICH}(?: back)?(?: to me)?|repeat that"),
    ("help", r"what (?:can|could|may|should|do) i say|(?:show|list) (?:me )?(?:the |all )?(?:voice )?commands|voice commands|what (?:are the|commands are there)(?: voice)?(?: commands)?|show help"),
    ("file", r"(?:save|sign|print|export|finali[sz]e|close|submit|copy)(?: (?:and sign|off))? (?:the |this |my )?(?:report|note|document|draft|dictation)|sign off|save(?: it| that)?"),
    ("copy", r"(?:copy|cut|paste) (?:that|this|it|all|selection)|paste"),
    ("emphasis", rf"(?:bold|underline|italici[sz]e) (?:{_THAT}|{_WHICH})"),
)  # fmt: skip
_POLITE = re.compile(
    r"^(?:(?:hey|hi|ok|okay)\s)?(?:assistant\s)(?=\w)|^(?:please|now|ok|okay|alright|so|well|um|uh)\s|\s(?:please|now|thanks|thank you|period|full stop)$",
    re.I,
)
_MARKS = re.compile(r"\{[^{}]*\}|(?<![^\W_])[^\w\s']|[^\w\s'](?![^\W_])|_")
LONGEST_CHARACTERS = 120


def plain(heard: str) -> str:
    """``heard`` without the marks around its words: "Select 5.2 cm." → "Select 5.2 cm"."""
    return " ".join(_MARKS.sub(" ", heard.replace("’", "'")).split())


class Grammar:
    """The commands, with the section and macro names of one report added to those everybody has."""

    def __init__(self, sections: Collection[str] = (), macros: Collection[str] = ()) -> None:
        self._sections, self._macros = sorted(sections), sorted(macros)
        self._patterns = [(name, self._compile(pattern)) for name, pattern in _PATTERNS]

    def _compile(self, pattern: str) -> re.Pattern[str]:
        pattern = pattern.replace("<sections>", _any_of(self._sections)).replace(
            "<macros>", _any_of(self._macros)
        )
        names: dict[str, int] = {}

        def once(match: re.Match[str]) -> str:
            names[match[1]] = names.get(match[1], 0) + 1
            return match[0] if names[match[1]] == 1 else f"(?P<{match[1]}_{names[match[1]]}>"

        return re.compile("(?:" + re.sub(r"\(\?P<([a-z]+)>", once, pattern) + ")", re.I)

    def parse(self, heard: str) -> Command | None:
        """The command that ``heard`` is, all of it."""
        said = plain(heard)
        if not said or len(said) > LONGEST_CHARACTERS:
            return None
        for _ in range(3):
            if (name := COMMANDS.get(said.casefold())) is not None:
                return Command(name)
            shorter = _POLITE.sub("", said)
            if shorter == said:
                break
            said = shorter
        for name, pattern in self._patterns:
            if match := pattern.fullmatch(said):
                return _command(name, match)
        return None

    def nearly(self, heard: str) -> str | None:
        """A command that ``heard``, which is none, comes close to; as it would be said."""
        said = plain(heard).casefold()
        if not 2 <= len(said.split()) <= 5:
            return None
        sections = self._sections or ["findings", "impression", "plan", "recommendation"]
        phrases = [
            *(p for p in COMMANDS if " " in p and COMMANDS[p] != "stop"),
            *(f"go to {name}" for name in sections),
            *(f"insert {name}" for name in self._macros),
            "next field",
            "previous field",
            "delete last word",
            "delete last sentence",
            "read that back",
            "what can i say",
            "stop listening",
        ]
        close = get_close_matches(said, phrases, n=1, cutoff=0.84)
        return close[0] if close else None


def _any_of(names: Collection[str]) -> str:
    return "(?:" + "|".join(re.escape(name) for name in names) + ")" if names else r"(?!)"


_UNITS = {"utterance": "", "selection": "", "change": "", "edit": "", "phrase": "", "placeholder": "field", "blank": "field",
          "report": "document", "note": "document"}  # fmt: skip
_WHICHES = {"previous": "last", "current": "this", "whole": "this", "entire": "this", "that": "this", "bottom": "end",
            "beginning": "top", "start": "top"}  # fmt: skip
_FORMS = {"all cap": "all_caps", "all caps": "all_caps", "uppercase": "all_caps", "upper case": "all_caps",
          "no cap": "no_caps", "no caps": "no_caps", "lowercase": "no_caps", "lower case": "no_caps"}  # fmt: skip


def _command(name: str, match: re.Match[str]) -> Command:
    found = {key: value for key, value in match.groupdict().items() if value is not None}

    def first(*keys: str) -> str:
        return next((v for k, v in found.items() if re.sub(r"[_\d]*$", "", k) in keys), "")

    unit, which = first("unit").lower(), first("which", "place").lower()
    unit = unit.removesuffix("s")
    count = first("count").lower()
    form = first("form").lower()
    if first("all"):
        unit, which = "document", "all"
    if first("none"):
        which = "none"
    if first("list", "item"):
        which = "number" if "number" in first("list", "item").lower() or first("item") else "bullet"
    return Command(
        name,
        unit=_UNITS.get(unit, unit),
        which=_WHICHES.get(which, which),
        count=(int(count) if count.isdigit() else NUMBERS.get(count, 1)) if count else 1,
        target=first("target"),
        text=first("text") or (_FORMS.get(form, "cap") if name == "format" else ""),
    )


_COMMON = Grammar()


def command_of(heard: str) -> str | None:
    """The name of the command that ``heard`` is in any report, all of it."""
    found = _COMMON.parse(heard)
    return found.name if found else None
