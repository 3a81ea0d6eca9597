# ruff: noqa: E501 - a pattern is easier to read on one line
"""The command grammar: a whole utterance is a command, or it is none."""

import re

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
    "undo that": "scratch",
    "pause dictation": "pause",
    "stop dictation": "pause",
    "stop dictating": "pause",
    "resume dictation": "resume",
    "continue dictation": "resume",
    "start dictation": "resume",
}
"""Said in exactly these words."""

_UNIT = r"(?:(?:last|previous|next|first|current|whole|entire|this|that|the)\s)*(?:(?:\w+)\s)?"
_UNITS = r"(?:words?|sentences?|lines?|paragraphs?|section|field|phrase|selection|change|edit)"
_SECTION = (
    r"(?:findings?|impressions?|technique|history|hpi|plan|assessment(?: and plan)?|recommendations?|comparison"
    r"|indication|medications?|allergies|exam(?:ination)?|physical exam|conclusion|subjective|objective"
    r"|chief complaint|review of systems|labs?|clinical (?:history|information)|past medical history|procedure"
    r"|hospital course|social history|family history|vitals?|vital signs|summary|diagnosis|discussion|addendum)"
)
_PLACE = r"(?:top|end|bottom|beginning|start)(?: of (?:the |this )?(?:document|report|note|line|page|section|paragraph))?"
_WORDS = r"[\w']+(?:\s[\w']+)"
_GRAMMAR: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"(?:{pattern})"))
    for name, pattern in (
        ("undo", rf"undo(?: (?:it|this|last|{_UNIT}{_UNITS}))?"),
        ("redo", rf"redo(?: (?:it|this|that|last|{_UNIT}{_UNITS}))?"),
        ("scratch", rf"(?:scratch|strike) (?:out )?{_UNIT}{_UNITS}"),
        (
            "delete",
            rf"(?:delete|erase|remove) (?:it|this|everything|all|{_UNIT}{_UNITS})|clear (?:that|all|everything|"
            r"(?:the )?(?:document|report|selection|field|formatting))",
        ),
        (
            "go_to",
            rf"(?:go|jump|move|skip|navigate|switch)(?: down| up| back)? to (?:the )?(?:{_SECTION}(?: section| field)?"
            rf"|{_PLACE}|(?:next|previous|last|first) (?:field|section|line|paragraph|placeholder)"
            rf"|(?:section|field) {_WORDS}{{0,2}})|(?:end|top|bottom|beginning) of (?:the )?(?:document|report|note|line)"
            rf"|go back|(?:open|start) (?:the )?{_SECTION} section",
        ),
        ("next", r"(?:go (?:to )?(?:the )?)?next (?:field|section|placeholder|blank|line)|tab forward"),
        ("previous", r"(?:go (?:to )?(?:the )?)?(?:previous|prior|last) (?:field|section|placeholder)"),
        (
            "sleep",
            r"stop (?:listening|recording|transcribing)|go to sleep|sleep(?: now)?|mute(?: (?:the )?(?:mic|microphone))?"
            r"|(?:microphone|mic) off|turn (?:off )?(?:the )?(?:mic|microphone)(?: off)?|pause (?:listening|recording)",
        ),
        (
            "wake",
            r"(?:start|resume|begin) (?:listening|recording|transcribing)|wake(?: up)?"
            r"|unmute(?: (?:the )?(?:mic|microphone))?|(?:microphone|mic) on|turn (?:on )(?:the )?(?:mic|microphone)",
        ),
        ("pause", r"(?:pause|hold|suspend)(?: the)? (?:dictation|dictating|transcription)|pause"),
        ("resume", r"(?:resume|restart|begin|unpause)(?: the)? (?:dictation|dictating|transcription)|resume"),
        (
            "insert",
            rf"(?:insert|use|load|apply|add) (?:the |my |a )?(?:template|macro|auto ?text|normal) {_WORDS}{{0,4}}"
            rf"|(?:insert|load|use|apply) {_WORDS}{{0,4}} (?:template|macro|auto ?text|normals?)"
            r"|insert (?:the )?(?:date|time|signature|today's date)|insert (?:a )?(?:comma|period|colon|bullet)",
        ),
        (
            "insert_at",
            rf"insert (?:before|after) {_WORDS}{{0,4}}|(?:cursor|move) (?:before|after) {_WORDS}{{0,3}}",
        ),
        (
            "select",
            rf"(?:select|highlight) (?:that|all|everything|{_UNIT}{_UNITS})|unselect(?: that)?|deselect(?: that)?",
        ),
        ("select", rf"select (?!patients?\b|subjects?\b|cases?\b)(?:from )?{_WORDS}{{0,4}}"),
        ("replace", rf"(?:replace|change) {_WORDS}{{0,4}} (?:with|to|by) {_WORDS}{{0,4}}"),
        (
            "correct",
            rf"(?:correct|fix|spell) (?:that|this|{_UNIT}{_UNITS})|correct (?!for\b|to\b|as\b|the\b){_WORDS}{{0,2}}",
        ),
        (
            "format",
            rf"(?:capitali[sz]e|bold|underline|italici[sz]e|unbold|uppercase|lowercase|all caps|no caps|cap|caps) (?:that"
            rf"|this|it|on|off|{_UNIT}{_UNITS})|(?:make|put) (?:that|this|it) (?:bold|upper ?case|lower ?case|all caps"
            rf"|in (?:bold|capitals))|(?:all )?caps (?:on|off)|capitali[sz]e {_WORDS}{{0,2}}",
        ),
        (
            "new",
            r"(?:start |begin |insert |add )?(?:a )?new (?:line|paragraph|section|bullet|sentence|list item)"
            r"|(?:start|begin|end|stop|insert) (?:a |the )?(?:bullet(?:ed)?|number(?:ed)?)(?: points?)?(?: list)?"
            r"|(?:next|new) (?:bullet|number|item)(?: point)?|bullet point|(?:end|stop) (?:the )?list",
        ),
        (
            "read_back",
            rf"read (?:that|it|this)(?: back)?(?: to me| again)?|read back(?: (?:that|it|{_UNIT}{_UNITS}))?"
            rf"|read {_UNIT}{_UNITS} back(?: to me)?|play (?:that|it) back|repeat that",
        ),
        (
            "help",
            r"what (?:can|could|may|should|do) i say|(?:show|list) (?:me )?(?:the |all )?(?:voice )?commands"
            r"|voice commands|what (?:are the|commands are there)(?: voice)?(?: commands)?|show help",
        ),
        (
            "file",
            r"(?:save|sign|print|export|finali[sz]e|close|submit|copy)(?: (?:and sign|off))? (?:the |this |my )?"
            r"(?:report|note|document|draft|dictation)|sign off|(?:new|start a new) (?:report|note|document)|save(?: it| that)?",
        ),
        ("copy", r"(?:copy|cut|paste) (?:that|this|it|all|selection)|paste"),
        ("was_dictation", r"(?:no )?that was (?:a |not a )?(?:dictation|question)|that is dictation"),
    )
)
_POLITE = re.compile(
    r"^(?:(?:hey|hi|ok|okay)\s)?(?:assistant\s)(?=\w)|^(?:please|now|ok|okay)\s|\s(?:please|now|thanks|thank you)$"
)


def command_of(plain: str) -> str | None:
    """The command that ``plain`` (no punctuation, lower case) is, all of it."""
    for _ in range(3):
        if plain in COMMANDS:
            return COMMANDS[plain]
        shorter = _POLITE.sub("", plain)
        if shorter == plain:
            break
        plain = shorter
    for name, pattern in _GRAMMAR:
        if pattern.fullmatch(plain):
            return name
    return None
