"""The voice commands, in one table: how each is said, what it does, and what the help says of it. Pure.

The grammar, the phrases that an utterance is nearly, the page's list and docs/commands.md are made from it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from assistant.dictation.changes import (
    accept_gaps,
    capitals,
    delete,
    has_gap,
    has_macro,
    insert,
    new_line,
    new_report,
    replace_words,
    scratch,
)
from assistant.dictation.correcting import can_choose, choose, is_spelled, spell
from assistant.dictation.desk import Command, Desk, Outcome, has_words, has_words_if_long
from assistant.dictation.document import Document
from assistant.dictation.moves import correct, go_to, has_section, insert_at, select, step
from assistant.dictation.outgoing import copy, print_report, read_back, save, sign
from assistant.events import CommandName

OnReport = Callable[[Command, Document, Desk], Outcome]
"""Does a command; raises ``BadInput``, its message for people, when it cannot be done: then nothing has changed."""
OfEditor = Literal["undo", "redo"]
OfSession = Literal["stop", "sleep", "wake", "help"]


@dataclass(frozen=True, slots=True)
class Refused:
    """It is understood and not done; ``message`` says why, and what to do instead."""

    message: str


@dataclass(frozen=True, slots=True)
class Row:
    """One command.

    ``exactly`` and ``pattern`` are what is said, all of it; ``<sections>`` and ``<macros>`` stand for the names in the
    open report. ``offered`` are the phrases that an utterance may have been meant as. Where ``if_here`` is
    false the words are text: they are worded as clinicians also dictate, and the report does not have what they name.

    ``needs_answer``: while no answer runs it is refused in words, but for ``also_dictated``, which is text then.
    """

    name: CommandName
    does: OnReport | OfEditor | OfSession | Refused
    pattern: str = ""
    exactly: tuple[str, ...] = ()
    help: tuple[str, str] | None = None
    """The help line: the words and what they do. Without it, the row is another name for a command in the list,
    or refused."""
    offered: tuple[str, ...] = ()
    if_here: Callable[[Command, Document, Desk], bool] = lambda *_: True
    needs_answer: bool = False
    also_dictated: tuple[str, ...] = ()

    @property
    def phrases(self) -> tuple[str, ...]:
        """The phrases that an utterance may have been meant as: everything that is said in fixed words."""
        listed = re.split(r" · |, or ", self.help[0]) if self.help else []
        fixed = (each for each in (*self.offered, *self.exactly, *listed) if "…" not in each)
        return tuple(dict.fromkeys(each.casefold() for each in fixed if each not in self.also_dictated))


_SECTION_NAMES = (
    r"(?:findings?|impressions?|technique|history|hpi|plan|assessment(?: and plan)?|recommendations?|comparison"
    r"|indication|medications?|allergies|exam(?:ination)?|physical exam|conclusion|subjective|objective"
    r"|chief complaint|review of systems|labs?|clinical (?:history|information)|past medical history|procedure"
    r"|hospital course|social history|family history|vitals?|vital signs|summary|diagnosis|discussion|addendum)"
)
HEARD_NUMBERS = {
    **{"won": "one", "to": "two", "too": "two", "toe": "two", "tow": "two", "tree": "three"},
    **{"for": "four", "fore": "four", "sex": "six", "sicks": "six", "ate": "eight"},
}
"""Mishearings of the numbers of choices."""
_NUMBER = r"(?P<count>two|three|four|five|six|seven|eight|nine|ten|\d{1,2})"
_CHOICE = rf"(?P<count>{'|'.join(HEARD_NUMBERS)}|one|two|three|four|five|six|seven|eight|nine|ten|\d{{1,2}})"
"""The number of a choice, also as recognisers mishear it."""
_UNIT = r"(?P<unit>words?|sentences?|lines?|paragraphs?|section|field|phrase|utterance|selection|change|edit)"
_WHICH = rf"(?:(?:the )?(?P<which>last|previous|next|current|whole|entire|this|that) )?(?:the )?(?:{_NUMBER} )?{_UNIT}"
_ALL = r"(?P<all>everything|all|(?:the )?(?:whole |entire )?(?:document|report|note))"
_SOME = r"\S+(?: \S+){0,7}"
_FEW = r"\S+(?: \S+){0,4}"
_TARGET = rf"(?P<target>{_SOME})"
_TEXT = rf"(?P<text>{_SOME})"
_THAT = r"(?:that|this|it)"
_REPORT = r"(?:report|note|document|draft|dictation)"
_MY = r"(?:(?:the|this|my) )?"
_CAPS = r"(?P<form>capitali[sz]e|upper ?case|lower ?case|all caps?|no caps?|cap|caps)"

TABLE: tuple[Row, ...] = (
    Row(
        "stop",
        "stop",
        help=("stop", "stops the answer, and its reading aloud"),
        exactly=(
            "stop",
            "stop it",
            "stop that",
            "stop the answer",
            "stop answering",
            "stop talking",
            "stop reading",
            "be quiet",
            "cancel",
            "cancel that",
            "cancel the answer",
            "never mind",
            "nevermind",
        ),
        needs_answer=True,
        also_dictated=("stop",),
    ),
    Row(
        "undo",
        "undo",
        help=("undo", "takes back the last change"),
        exactly=(
            "undo",
            "undo that",
        ),
        offered=("undo that",),
        pattern=rf"undo (?:it|this|last|{_WHICH})",
    ),
    Row(
        "redo",
        "redo",
        help=("redo", "brings back what undo took away"),
        exactly=(
            "redo",
            "redo that",
        ),
        offered=("redo that",),
        pattern=rf"redo (?:it|this|last|{_WHICH})",
    ),
    Row(
        "scratch",
        scratch,
        help=("scratch that", "takes the last utterance out; again for the one before"),
        exactly=(
            "scratch that",
            "scratch this",
            "strike that",
            "delete that",
        ),
        offered=(
            "scratch that",
            "scratch this",
            "strike that",
            "delete that",
        ),
        pattern=rf"(?:scratch|strike) (?:out )?{_WHICH}",
    ),
    Row(
        "delete",
        delete,
        help=("delete last word", "or sentence, line, paragraph; “delete last three words”"),
        offered=(
            "delete last word",
            "delete last sentence",
        ),
        pattern=rf"(?:delete|erase|remove|clear) (?:{_WHICH}|{_ALL})|(?:erase|remove|clear) {_THAT}|delete (?:it|this)",
    ),
    Row(
        "next",
        step,
        help=("next field", "selects the next place to fill; the next words fill it"),
        offered=("next field",),
        pattern=r"(?:go |move |jump )?(?:to )?(?:the )?next (?P<unit>field|section|placeholder|blank)|tab forward",
    ),
    Row(
        "previous",
        step,
        help=("previous field", "selects the one before"),
        offered=("previous field",),
        pattern=r"(?:go |move |jump )?(?:back )?(?:to )?(?:the )?(?:previous|prior|last) (?P<unit>field|section|placeholder|blank)",
    ),
    Row(
        "go_to",
        go_to,
        help=("go to impression", "or any section; “go to end”, “go to top”"),
        offered=("go to <sections>",),
        if_here=has_section,
        pattern=(
            r"(?:(?:go|jump|move|skip) (?:down |up |back )?to )?(?:the )?(?P<which>top|end|bottom|beginning|start) of (?:the |this )?(?P<unit>document|report|note|line|section|paragraph)"
            r"|(?:go|jump|move|skip) (?:down |up |back )?to (?:the )?(?P<place>top|end|bottom|beginning|start)"
            rf"|(?:go|jump|move|skip|navigate|switch) (?:down |up |back )?to (?:the )?(?P<target>{_SECTION_NAMES}|<sections>)(?: section| field)?|(?:open|start) (?:the )?(?P<target>{_SECTION_NAMES}|<sections>) section"
        ),
    ),
    Row(
        "sleep",
        "sleep",
        help=("stop listening", "nothing is taken until “start listening”"),
        offered=("stop listening",),
        pattern=r"stop (?:listening|recording|transcribing)|go to sleep|sleep(?: now)?|mute(?: (?:the )?(?:mic|microphone))?|(?:microphone|mic) off|turn (?:off )?(?:the )?(?:mic|microphone)(?: off)?|pause (?:listening|recording)",
    ),
    Row(
        "wake",
        "wake",
        help=("start listening", "takes dictation again"),
        pattern=r"(?:start|resume|begin) (?:listening|recording|transcribing)|wake(?: up)?|unmute(?: (?:the )?(?:mic|microphone))?|(?:microphone|mic) on|turn (?:on )(?:the )?(?:mic|microphone)",
    ),
    Row(
        "pause",
        "sleep",
        exactly=(
            "pause dictation",
            "stop dictation",
            "stop dictating",
        ),
        offered=(
            "pause dictation",
            "stop dictation",
            "stop dictating",
        ),
        pattern=r"(?:pause|hold|suspend)(?: the)? (?:dictation|dictating|transcription)|pause",
    ),
    Row(
        "resume",
        "wake",
        exactly=(
            "resume dictation",
            "continue dictation",
            "start dictation",
        ),
        offered=(
            "resume dictation",
            "continue dictation",
            "start dictation",
        ),
        pattern=r"(?:resume|restart|begin|unpause)(?: the)? (?:dictation|dictating|transcription)|resume",
    ),
    Row(
        "new_report",
        new_report,
        help=(
            "use template …",
            "adds its sections; “new report” leaves this report in the list and begins another",
        ),
        pattern=rf"(?:use|load|apply|open|start|insert) (?:the |my |a )?(?:report )?template (?!for\b|of\b|in\b)(?P<target>{_SOME})|(?:use|load|apply|open|start|insert) (?:the |my |a )?(?P<target>{_SOME}) template|(?:start |open )?(?:a )?(?:new|blank) (?:report|note|document)",
    ),
    Row(
        "insert",
        insert,
        help=("insert normal chest", "or any macro"),
        offered=("insert <macros>",),
        if_here=has_macro,
        pattern=rf"(?:insert|use|load|apply|add) (?:the |my |a )?(?:macro|auto ?text) (?P<target>{_SOME})|(?:insert|load|use|apply|add) (?:the |my |a )?(?P<target>{_SOME}) (?:macro|auto ?text)|insert (?:the |my |a )?(?P<target><macros>|normal {_SOME})",
    ),
    Row(
        "insert_at",
        insert_at,
        help=("insert before … · insert after …", "the next words go there"),
        if_here=has_words,
        pattern=rf"(?:insert|(?:move |put )?(?:the )?cursor) (?P<which>before|after) {_TARGET}",
    ),
    Row(
        "select",
        select,
        help=("select … · select … through …", "the next words replace it"),
        if_here=has_words_if_long,
        pattern=(
            rf"(?P<none>unselect|deselect)(?: {_THAT})?|(?:select|highlight) (?:{_THAT}|{_ALL}|{_WHICH})"
            r"|select (?:the )?words? (?P<target>\S+(?: \S+){0,2})"
            rf"|select (?!patients?\b|subjects?\b|cases?\b|from\b)(?P<target>{_FEW}(?: through {_FEW})?)"
        ),
    ),
    Row(
        "replace",
        replace_words,
        help=("replace … with …", "changes the nearest place with these words"),
        if_here=has_words_if_long,
        pattern=rf"replace {_TARGET} (?:with|by) {_TEXT}",
    ),
    Row(
        "correct",
        correct,
        help=("correct … · correct … to …", "selects it, or changes it"),
        if_here=has_words,
        pattern=rf"correct (?:{_THAT}|{_WHICH})|correct (?!for\b|to\b|as\b|the\b|{_THAT}\b)(?:words? )?{_TARGET} to {_TEXT}|correct the word {_TARGET} to {_TEXT}|correct (?:the )?words? (?P<target>\S+(?: \S+){{0,2}})|correct (?!for\b|to\b|as\b|the\b|{_THAT}\b)(?P<target>\S+(?: \S+){{0,2}})",
    ),
    Row(
        "choose",
        choose,
        help=(
            "choose two · pick two",
            "of what is offered for selected words, or of a field’s pick list; or say its words",
        ),
        if_here=can_choose,
        pattern=rf"(?:choose|chose|pick|picked|option)(?: number| option| entry)? {_CHOICE}|(?:choose|pick) (?P<target>{_SOME})",
    ),
    Row(
        "spell",
        spell,
        help=(
            "spell that",
            "its letters follow, or “alpha bravo charlie”; “capital”, “double” and “hyphen” too",
        ),
        offered=("spell that",),
        if_here=is_spelled,
        pattern=rf"spell (?:{_THAT}|(?:the )?last word)(?:[ ,:]+(?P<text>\S+(?: \S+){{0,30}}))?",
    ),
    Row(
        "format",
        capitals,
        help=("cap that · all caps that · no caps that", "or the words to change: “cap crohn's”"),
        if_here=has_words,
        pattern=rf"{_CAPS} (?:{_THAT}|{_WHICH})|(?P<form>all caps|no caps)|make {_THAT} (?P<form>upper ?case|lower ?case|all caps)|(?P<form>capitali[sz]e|cap|all caps|no caps) (?P<target>\S+(?: \S+){{0,2}})",
    ),
    Row(
        "new",
        new_line,
        help=(
            "new line · new paragraph · bullet point · numbered list · next number · end list",
            "also within a sentence",
        ),
        pattern=(
            r"(?:start |begin |insert |add )?(?:a )?(?:new|next) (?P<which>line|paragraph)"
            r"|(?:start |begin |insert |add |new |next )?(?:a |the )?(?P<list>bullet(?: point| list)?s?|bulleted list|numbered list|number(?:ed)? (?:list|item))"
            r"|(?:next|new) (?P<item>number|item)|(?P<none>end|stop) (?:the |of )?(?:list|bullets?|bulleted list|numbered list|numbering)"
        ),
    ),
    Row(
        "read_back",
        read_back,
        help=("read that back", "reads the last paragraph aloud"),
        offered=("read that back",),
        pattern=rf"read (?:me )?(?:back )?{_ALL}(?: back)?(?: to me)?|(?:read|play) {_THAT}(?: back)?(?: to me| again)?|read back(?: (?:{_THAT}|{_WHICH}))?|read (?:me )?(?:back )?{_WHICH}(?: back)?(?: to me)?|repeat that",
    ),
    Row(
        "help",
        "help",
        help=("what can I say", "shows this list"),
        offered=("what can i say",),
        pattern=r"what (?:can|could|may|should|do) i say|(?:show|list) (?:me )?(?:the |all )?(?:voice )?commands|voice commands|what (?:are the|commands are there)(?: voice)?(?: commands)?|show help",
    ),
    Row(
        "copy",
        copy,
        help=("copy the report · copy that", "puts the report, or the last utterance, on the clipboard"),
        pattern=rf"copy (?:{_THAT}|{_ALL}|{_MY}{_REPORT}|{_WHICH})",
    ),
    Row(
        "print",
        print_report,
        help=("print the report", "opens the browser's print dialog"),
        pattern=rf"print(?: (?:{_THAT}|{_ALL}|{_MY}{_REPORT}))?(?: out)?",
    ),
    Row(
        "save",
        save,
        help=("save the report", "opens the dialog that checks the report and saves it as a file"),
        pattern=rf"(?:save|export)(?: (?:{_THAT}|{_ALL}|{_MY}{_REPORT}))?",
    ),
    Row(
        "accept",
        accept_gaps,
        help=(
            "accept the gap · accept all gaps",
            "takes out the marks where sound was lost: the last one, or all",
        ),
        if_here=has_gap,
        pattern=r"accept (?:(?:the|that|this|last) )*(?P<unit>gap)|accept (?:(?P<all>all) )?(?:the )?gaps",
    ),
    Row(
        "sign",
        sign,
        help=("sign the report", "opens the dialog that checks the report, and asks whether to sign it"),
        pattern=rf"(?:sign|finali[sz]e|submit)(?: (?:and sign|and save|and close|off))?(?: on)? (?:{_THAT}|{_MY}{_REPORT})|(?:save|close) and sign {_MY}{_REPORT}|sign off",
    ),
    Row(
        "close",
        Refused(
            "A report is not closed here. “New report” begins another; “save the report” exports this one."
        ),
        pattern=rf"close(?: off)? {_MY}{_REPORT}",
    ),
    Row(
        "cut",
        Refused("Cutting is not available by voice. Say “copy that”, then “delete that”."),
        pattern=rf"cut (?:{_THAT}|{_ALL}|(?:the )?selection)",
    ),
    Row(
        "paste",
        Refused("Pasting is not available by voice. Press Ctrl+V, or ⌘V, in the report."),
        pattern=rf"paste(?: (?:{_THAT}|{_ALL}|(?:the )?selection|here))?",
    ),
    Row(
        "emphasis",
        Refused("A report is plain text: it has no bold, italic or underlined words."),
        pattern=rf"(?:bold|underline|italici[sz]e) (?:{_THAT}|{_WHICH})",
    ),
)
"""In the order in which they are tried."""

ROW: dict[CommandName, Row] = {row.name: row for row in TABLE}
HELP: tuple[tuple[str, str], ...] = (
    *(row.help for row in TABLE if row.help),
    ("literal …", "writes the words of a command or a punctuation mark"),
)
"""The help: each command's words, and what it does."""
