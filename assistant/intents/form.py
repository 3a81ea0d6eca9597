"""The form of a sentence: asked, told, or open to doubt. Pure.

A question has its finite verb before its subject ("is there", "what does it"), a request begins with a verb
that asks for words ("summarize"), and dictation has neither, or has them for another reason: a condition
("should it recur, call"), a question that is reported or answered at once, a note without a subject ("does
not smoke"). Word lists are closed classes of English; what they do not settle is ``open``, and the
trained classifier decides.
"""

import re
from itertools import pairwise

from assistant.intents.clauses import (
    answers_itself,
    asks_a_colleague,
    has_main_verb,
    is_condition,
    is_for_others,
    reports_speech,
)
from assistant.intents.kinds import ASKED, NONE, NOTE, OPEN, REQUEST, Form
from assistant.intents.lexicon import (
    ADJECTIVES,
    ADVERBS,
    AUX,
    BARE_VERBS,
    BE,
    DEFINITE,
    DO,
    FILLERS,
    HAVE,
    INDEFINITE,
    JUDGEMENTS,
    LATER,
    MODALS,
    NOT_SUBJECTS,
    NUMBERS,
    PEOPLE,
    PREFACES,
    PRONOUNS,
    REQUESTS,
    SIZES,
    SURE_REQUESTS,
    UNITS,
    WH,
    is_finite,
    is_participle,
    word_set,
)
from assistant.intents.wh import wh_form


def form_of(words: list[str]) -> Form:
    """``words`` without punctuation, in lower case."""
    core = _core(_without_months(words))
    if not core:
        return NONE
    if reports_speech(core):
        return Form("told", "reports what someone asked or said")
    form = _opening(core)
    if form.kind in ("asked", "open") and core[0] in AUX | WH:
        if answers_itself(core):
            return Form("told", "answers itself, as in a history")
        if core[0] in AUX and is_condition(core):
            return Form("told", "a condition, not a question")
    if form is NONE and core[0] in PREFACES:
        return _after_preface(core)
    return form


def _without_months(words: list[str]) -> list[str]:
    """The word "may" after "since" or before a number is the month."""
    out = list(words)
    for at, word in enumerate(words):
        before, after = words[at - 1] if at else "", words[at + 1] if at + 1 < len(words) else ""
        if word == "may" and (
            after[:1].isdigit() or before in ("since", "from", "in", "of", "last", "until")
        ):
            out[at] = "#month"
    return out


_SUMMARIZE = (["some", "arise"], ["some", "rise"])
"""As a recogniser may hear it; nothing else that is said begins so."""


def _core(words: list[str]) -> list[str]:
    if words[:2] in _SUMMARIZE:
        words = ["summarize", *words[3 if words[2:3] == ["of"] else 2 :]]
    at = 0
    while at < len(words) - 1 and words[at] in FILLERS:
        at += 1
    return words[at:]


def _opening(core: list[str]) -> Form:
    first = core[0]
    if len(core) == 1:
        return OPEN if first in ("why", "what", "where") else NONE
    if (announced := _announced(core)) is not NONE:
        return announced
    if _WANTS_TO_KNOW.match(" ".join(core)):
        return ASKED
    if first in AUX:
        return _verb_first(core)
    if first in WH:
        return wh_form(core)
    if first in REQUESTS:
        return _request(core)
    if first in ("any", "anything", "anyone", "anybody"):
        return _any(core)
    if first in ("i", "i'd", "i'm", "i've", "we", "let", "let's", "thoughts", "not", "mind"):
        return _wish(core)
    if first == "open" and core[1] in DEFINITE:
        return OPEN
    finite = any(word in AUX or is_finite(word) for word in core)
    for_me = any(a in ("for", "to") and b == "me" for a, b in pairwise(core))
    return OPEN if not finite and (for_me or _asks_for_a_thing(core)) and len(core) < 13 else NONE


_ARTICLES = word_set("a an one another my")
_HASTE = word_set("quick more last other further short brief small second third next final")


def _announced(core: list[str]) -> Form:
    """A question after words that say that one follows: "quick question how long is …"."""
    at = 2 if core[:2] in (["i", "have"], ["i've", "got"]) else 0
    at += core[at : at + 1] != [] and core[at] in _ARTICLES
    quick = core[at : at + 1] != [] and core[at] in _HASTE
    at += quick
    if at == len(core) or core[at] not in ("question", "one", "check", "thing"):
        return NONE
    if at == 0 and core[0] != "question":
        return NONE
    at += 1
    for_you = core[at : at + 2] == ["for", "you"]
    at += 2 * for_you
    if " ".join(core[at : at + 4]) in ("i want to ask", "i want to know", "i need to know"):
        for_you = True
        at += 4 + (core[at + 4 : at + 5] == ["is"])
    rest = core[at:]
    if not rest:
        return NONE
    if quick and rest[0] in ("about", "on", "regarding"):
        return OPEN
    if rest[0] not in AUX | WH or (not (quick or for_you) and _tells(rest)):
        return NONE
    form = form_of(rest)
    bare = core[0] == "question" and not for_you  # "question is there a fracture": reports raise one so, too
    if form.kind == "open":
        return ASKED if quick or for_you else OPEN
    return ASKED if form.kind == "asked" and (not bare or rest[0] in WH | DO | MODALS) else NONE


def _tells(rest: list[str]) -> bool:
    """As in "one question is whether", "a question was raised"."""
    return rest[0] in ("was", "were") or rest[1:2] in (["whether"], ["if"], ["how"], ["that"])


_THINGS = (
    "normal range",
    "dose of",
    "dosing of",
    "dosing for",
    "difference between",
    "differential for",
    "side effects",
)


def _asks_for_a_thing(core: list[str]) -> bool:
    """As in "normal range of TSH": a thing named, nothing said of it."""
    return "please" in core[-2:] or " ".join(core[:2]) in _THINGS


def _verb_first(core: list[str]) -> Form:
    """The finite verb is the first word: a subject after it asks, anything else is a note."""
    verb, after = core[0], core[1]
    if core[:3] == ["may", "i", "add"]:
        return NOTE
    if asks_a_colleague(core):
        return Form("told", "asks a colleague, not the assistant")
    if (
        verb in BE
        and after == "there"
        and core[2:3]
        and core[2] in ("with", "by", "for", "until", "and", "when")
    ):
        return NOTE
    begin, end = _after_measure(core)
    if verb in BE and begin < end:
        if verb in ("is", "are") and _judged(core, begin, end):
            return ASKED
        goes_on = "and" if end == len(core) else core[end]
        if begin == 1 and (verb in ("was", "were") or goes_on == "and" or goes_on in NOT_SUBJECTS):
            return NOTE
    if after in PEOPLE:
        return OPEN if verb in ("have", "had", "do", "is", "was") else ASKED
    if after in ("this", "that") and len(core) > 3 and core[2] in PEOPLE:
        return ASKED if verb not in ("have", "had", "do") else OPEN
    if core[:3] == ["have", "a", "look"]:
        return OPEN
    if after in ("he", "she", "it", "him", "her") and verb in ("have", "do"):
        return NOTE
    if after in PRONOUNS:
        return OPEN if (verb, after) in _OFTEN_OBJECTS or verb == "had" else ASKED
    if after in DEFINITE:
        return _before_definite(core)
    if after in INDEFINITE:
        if after == "no" or (verb in HAVE and not _has_participle(core[2:])):
            return NOTE
        acts = verb in MODALS and verb != "may"
        acts = acts or (verb == "does" and any(word in BARE_VERBS for word in core[3:-1]))
        return ASKED if acts else OPEN
    if after in NOT_SUBJECTS or after in ADVERBS:
        return NOTE
    if verb in BE:
        judged = any(word in _JUDGED for word in core[2:])
        return NOTE if (is_participle(after) or after.endswith(("ly", "ing"))) and not judged else OPEN
    if verb in HAVE:
        return OPEN if _has_participle(core[2:]) else NOTE
    if after in BARE_VERBS:
        return NOTE
    acts = verb in DO and "and" not in core[2:4] and bool(BARE_VERBS & set(core[2:4]))
    return ASKED if acts else OPEN


def _after_measure(core: list[str]) -> tuple[int, int]:
    """The place where the number of "is five centimeters …" or "is a potassium of six …" begins, and the
    place behind it and its unit; the same place twice if there is none."""
    at = core.index("of") + 1 if core[1] in ("a", "an") and "of" in core[2:6] else 1
    begin = at
    while at < len(core) and (core[at] in NUMBERS or core[at][0].isdigit()):
        at += 1
    while begin < at < len(core) and core[at] in UNITS:
        at += 1
    return begin, at


def _judged(core: list[str], begin: int, at: int) -> bool:
    """As in "is five centimeters dilated for an aortic root", "is a potassium of six dangerous"."""
    for here in range(at, min(len(core), at + 6)):
        after = core[here + 1] if here + 1 < len(core) else ""
        if core[here] in JUDGEMENTS and core[here - 1] not in ("and", "or", "but"):
            return after not in ("of", "to") and not (after == "for" and core[here] in _POINTS_TO)
        if core[here] in SIZES and (after == "for" or (not after and begin > 1)):
            return True
    return False


_POINTS_TO = word_set("suspicious concerning worrisome")
"""As in "concerning for metastasis": a finding that reports word so."""


_JUDGED = word_set(
    """
    safe okay ok contraindicated indicated appropriate enough needed required better worse
    """
)
_OFTEN_OBJECTS = frozenset(
    (verb, noun)
    for verb in ("do", "have", "has", "had", "did")
    for noun in ("this", "that", "these", "those", "both", "it", "either")
    if (verb, noun) != ("did", "it")
)
_ROLES = word_set(
    """
    only sole primary main oldest youngest same mother father daughter son wife husband restrained driver
    passenger proud eldest middle first second third one likely probable owner
    """
)


def _before_definite(core: list[str]) -> Form:
    verb, third = core[0], core[2] if len(core) > 2 else ""
    if verb in MODALS or verb in ("does", "doesn't", "did", "didn't"):
        acts = verb in MODALS or third in PEOPLE or any(word in BARE_VERBS for word in core[3:])
        return ASKED if acts and len(core) > 3 else OPEN
    if verb in BE:
        own = core[1] in ("his", "her", "their") and third == "own"
        if verb in ("was", "were") and third not in PEOPLE:
            judged = any(is_participle(word) or word in ADJECTIVES for word in core[3:])
            return ASKED if judged and core[3] != "of" and not own and third not in _ROLES else OPEN
        return OPEN if own or third in _ROLES else ASKED
    if verb in ("has", "hasn't", "haven't") or (verb == "have" and third not in PEOPLE):
        return ASKED if _has_participle(core[2:]) else NOTE
    return OPEN


def _has_participle(words: list[str]) -> bool:
    return any(is_participle(word) or word in ("been", "had", "gone", "got") for word in words)


def is_order(words: list[str]) -> bool:
    """It tells someone to do something, and names nobody who wants to hear of it."""
    core = _core(words)
    return bool(core) and core[0] in REQUESTS - AUX and not {"me", "us"} & set(core)


def is_for_later(words: list[str]) -> bool:
    """As in "check for growth on the next scan", "at discharge"; what somebody wants to hear is for now."""
    later = bool(LATER & set(words[2:])) or any(pair in _LATER_PAIRS for pair in pairwise(words))
    return later and not {"me", "us"} & set(words)


_LATER_PAIRS = frozenset({("at", "discharge"), ("on", "discharge"), ("at", "follow"), ("in", "follow")})


def _request(core: list[str]) -> Form:
    form = _now(core)
    return OPEN if form is REQUEST and is_for_later(core) else form


def _now(core: list[str]) -> Form:
    verb = core[0]
    if verb == "point" and core[1] not in ("out", "to", "at"):
        return NONE
    if is_for_others(core):
        return Form("told", "says what to do for the patient, not the assistant")
    if (
        core[1] in ("attached", "enclosed", "into")
        or core[-2:] == ["with", "caution"]
        or "caution" in core[3:]
    ):
        return NOTE
    if has_main_verb(core):
        return NONE
    if verb in _MAKES and _ARTEFACTS & set(core[1:7]) and not any(word in AUX for word in core[2:]):
        return REQUEST
    if verb == "translate" and "into" in core and not PEOPLE & set(core[core.index("into") :]):
        return REQUEST
    if core[1] in ("me", "us") and verb in (
        "show",
        "tell",
        "give",
        "remind",
        "help",
        "walk",
        "teach",
        "read",
        "get",
    ):
        return REQUEST
    if verb in SURE_REQUESTS and core[1] in DEFINITE | INDEFINITE | {
        "this",
        "these",
        "those",
        "that",
        "it",
        "all",
    }:
        return OPEN if "as" in core[2:] or core[2:3] in (["for"], ["under"]) else REQUEST
    return OPEN


_MAKES = word_set("draft write generate create make compose prepare suggest propose")
_ARTEFACTS = word_set(
    """
    impression summary letter note workup work differential conclusion assessment plan diagnosis handout
    timeline table wording regimen treatment antibiotic alternative
    """
)


def _any(core: list[str]) -> Form:
    if core[0] != "any":
        return (
            NOTE
            if core[1] == "but"
            else OPEN
            if any(word in AUX for word in core[2:]) and len(core) > 6
            else ASKED
        )
    return NONE if any(word in AUX or word in ("denied", "denies") for word in core[1:]) else OPEN


def _wish(core: list[str]) -> Form:
    said = " ".join(core)
    if _WANTS_OF_OTHERS.match(said):
        return NONE
    if core[0] == "not":
        return OPEN if core[1] == "sure" and "you" in core[2:] else NONE
    return OPEN if f"{said} ".startswith(_WISHES + _DOES_NOT_KNOW) else NONE


_WANTS_TO_KNOW = re.compile(
    r"i (?:need|want) to (?:know|find out|understand)\b|(?:i'd|i would) like to find out\b"
    rf"|(?:(?:i'd|i would) (?:like|love) to know|i have to know|(?:i was|i am|i'm) (?:wondering|curious))"
    rf" (?:if|whether|{'|'.join(sorted(WH))})\b"
    r"|i(?:'m| am) trying to (?:remember|recall|find out|figure out|understand)\b"
    r"|i need (?:an answer|a (?:quick )?(?:reminder|refresher))\b"
    r"|you (?:wouldn't|don't) (?:happen to )?know\b|what i (?:want|need) to (?:know|ask) is\b"
)
_WANTS_OF_OTHERS = re.compile(
    rf"(?:i need|i want|i'd like|i would like) (?:the |this )?(?:him|her|them|{'|'.join(sorted(PEOPLE))})\b"
)
_WISHES = (
    "i need ",
    "i want ",
    "i'd like ",
    "i would like ",
    "we need ",
    "let me ",
    "let's ",
    "thoughts on ",
    "mind telling me ",
)
_DOES_NOT_KNOW = (
    "i have a question ",
    "i have a quick question ",
    "i've got a question ",
    "i wonder ",
    "i was wondering ",
    "i am wondering ",
    "i'm wondering ",
    "i'm curious ",
    "i am curious ",
    "i don't ",
    "i do not know ",
    "i do not remember ",
    "i forgot ",
    "i forget ",
    "i've forgotten ",
    "i can't remember ",
    "i can't recall ",
    "i cannot remember ",
    "i cannot recall ",
    "i'm not sure ",
    "i am not sure ",
)


def _after_preface(core: list[str]) -> Form:
    """As in "in renal failure what is the dose": a clause that asks, after where or for whom it is asked."""
    for at in range(2, min(len(core) - 1, 16)):
        if (core[at] not in WH and core[at] not in AUX) or core[at - 1] in _NO_CLAUSE_BEFORE:
            continue
        asks_by_name = core[at] in BE and core[at + 1] not in NOT_SUBJECTS | ADVERBS and at < len(core) - 2
        if core[at] in WH or asks_by_name or core[at + 1] in PRONOUNS | DEFINITE | INDEFINITE:
            if core[at] in ("that", "which", "who", "whom", "when", "where", "had", "were", "what") and (
                core[at + 1] not in AUX
            ):
                continue
            if core[at - 1] in ("this", "that", "patient") and core[at + 1] not in (
                "i",
                "we",
                "you",
                "there",
            ):
                continue
            form = form_of(core[at:])
            if form.kind == "asked" or (form.kind == "open" and core[-1] in _JUDGED):
                return form
    return NONE


_NO_CLAUSE_BEFORE = word_set(
    """
    that which who whom whether and of he she they it we i there than as question
    """
)
