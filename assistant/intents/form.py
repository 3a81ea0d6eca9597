"""The form of a sentence: asked, told, or open to doubt. Pure.

A question has its finite verb before its subject ("is there", "what does it"), a request begins with a verb
that asks for words ("summarize"), and dictation has neither, or has them for another reason: a condition
("should it recur, call"), a question that is reported or answered at once, a note without a subject ("does
not smoke"). Word lists are closed classes of English; what they do not settle is ``open``, and the
trained classifier decides.
"""

from dataclasses import dataclass
from typing import Literal

from assistant.intents.lexicon import (
    ADJECTIVES,
    ADVERBS,
    BARE_VERBS,
    BE,
    CONDITION_VERBS,
    DEFINITE,
    DO,
    FILLERS,
    HAVE,
    INDEFINITE,
    MODALS,
    NOT_SUBJECTS,
    PEOPLE,
    PREFACES,
    PRONOUNS,
    REQUESTS,
    SAYING,
    SURE_REQUESTS,
    WH,
    is_finite,
    is_participle,
)

Kind = Literal["asked", "told", "open", "none"]


@dataclass(frozen=True, slots=True)
class Form:
    """``none``: nothing in the sentence asks. ``reason`` is a phrase a person understands."""

    kind: Kind
    reason: str


ASKED = Form("asked", "worded as a question")
REQUEST = Form("asked", "asks the assistant to do something")
OPEN = Form("open", "")
NOTE = Form("told", "has no subject, as in notes")
NONE = Form("none", "a statement")
AUX = BE | HAVE | DO | MODALS


def form_of(words: list[str]) -> Form:
    """``words`` without punctuation, in lower case."""
    core = _core(_without_months(words))
    if not core:
        return NONE
    if _reported_speech(core):
        return Form("told", "reports what someone asked or said")
    form = _opening(core)
    if form.kind in ("asked", "open") and core[0] in AUX | WH:
        if _answers_itself(core):
            return Form("told", "answers itself, as in a history")
        if core[0] in AUX and _is_condition(core):
            return Form("told", "a condition, not a question")
        if core[0] in AUX and core[-2:-1] == ["remains"] and core[-1] in _UNSURE:
            return Form("told", "begins as reports and notes do")
    if form is NONE and core[0] in PREFACES:
        return _after_preface(core)
    return form


def _without_months(words: list[str]) -> list[str]:
    """"may" after "since" or before a number is the month."""
    out = list(words)
    for at, word in enumerate(words):
        before, after = words[at - 1] if at else "", words[at + 1] if at + 1 < len(words) else ""
        if word == "may" and (after[:1].isdigit() or before in ("since", "from", "in", "of", "last", "until")):
            out[at] = "#month"
    return out


def _core(words: list[str]) -> list[str]:
    at = 0
    while at < len(words) - 1 and words[at] in FILLERS:
        at += 1
    return words[at:]


def _opening(core: list[str]) -> Form:
    first = core[0]
    if len(core) == 1:
        return OPEN if first in ("why", "what", "where") else NONE
    if first in AUX:
        return _verb_first(core)
    if first in WH:
        return _wh(core)
    if first in REQUESTS:
        return _request(core)
    if first in ("any", "anything", "anyone", "anybody"):
        return _any(core)
    if first in ("i", "i'd", "i'm", "we", "let", "let's", "thoughts"):
        return _wish(core)
    if first == "open" and core[1] in DEFINITE:
        return OPEN
    return OPEN if _asks_for_a_thing(core) else NONE


_THINGS = ("normal range", "dose of", "dosing of", "dosing for", "difference between", "differential for", "side effects")


def _asks_for_a_thing(core: list[str]) -> bool:
    """"normal range of TSH": a thing named, nothing said of it."""
    named = "please" in core[-2:] or " ".join(core[:2]) in _THINGS
    return named and len(core) < 11 and not any(word in AUX or is_finite(word) for word in core)


def _verb_first(core: list[str]) -> Form:
    """The finite verb is the first word: a subject after it asks, anything else is a note."""
    verb, after = core[0], core[1]
    if core[:3] == ["may", "i", "add"]:
        return NOTE
    if _asks_a_colleague(core):
        return Form("told", "asks a colleague, not the assistant")
    if verb in BE and after == "there" and len(core) > 2 and core[2] in ("with", "to", "by"):
        return OPEN
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
    return NOTE if after in BARE_VERBS else OPEN


_JUDGED = frozenset("safe okay ok contraindicated indicated appropriate enough needed required better worse".split())
_OFTEN_OBJECTS = frozenset(
    (verb, noun)
    for verb in ("do", "have", "has", "had", "did")
    for noun in ("this", "that", "these", "those", "both", "it", "either")
    if (verb, noun) != ("did", "it")
)
_ROLES = frozenset(
    "only sole primary main oldest youngest same mother father daughter son wife husband restrained driver"
    " passenger proud eldest middle first second third one likely probable owner".split()
)


def _asks_a_colleague(core: list[str]) -> bool:
    """"could you please see this gentleman": as letters do."""
    if core[0] not in MODALS or core[1] != "you":
        return False
    rest = [word for word in core[2:8] if word not in ("please", "kindly", "also")]
    if not rest or rest[0] not in ("see", "evaluate", "follow", "assess", "arrange", "schedule", "refer", "book", "admit"):
        return False
    return rest[0] in ("arrange", "schedule", "book") or bool(set(rest[1:5]) & (PEOPLE | {"him", "her"}))


def _before_definite(core: list[str]) -> Form:
    verb, third = core[0], core[2] if len(core) > 2 else ""
    if verb in MODALS or verb in ("does", "doesn't", "did", "didn't"):
        acts = verb in MODALS or any(word in BARE_VERBS for word in core[3:])
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


def _wh(core: list[str]) -> Form:
    wh, after = core[0], core[1]
    if "'" in wh or wh in ("whats", "wheres", "hows", "whos"):
        return ASKED
    match wh:
        case "what":
            form = _what(core)
        case "which":
            form = _which(core)
        case "whose":
            form = OPEN
        case "who" | "whom":
            form = _who(core)
        case "how":
            form = _how(core)
        case _:
            asks = after in AUX or after == "not" or (after in ("exactly", "else") and core[2:3] and core[2] in AUX)
            form = ASKED if asks else OPEN if wh == "why" else NOTE
            if wh == "why" and (after in PRONOUNS | DEFINITE | INDEFINITE | PEOPLE):
                form = NOTE
    if form.kind in ("asked", "open") and _second_clause(core[2:]):
        form = NOTE
    return form if form is not NOTE else Form("told", "begins as reports and notes do")


def _what(core: list[str]) -> Form:
    after = core[1]
    if after in ("about", "if", "else"):
        return ASKED
    if after in AUX:
        third = core[2] if len(core) > 2 else ""
        if after in BE | HAVE and (is_participle(third) or third in ADVERBS):
            return NOTE if _finite_after(core[3:]) else OPEN
        if after in MODALS and third in BARE_VERBS | {"be", "also"}:
            return NOTE if _finite_after(core[3:]) else OPEN
        return ASKED
    if after in ("appears", "looks", "looked", "seems", "sounds", "remains", "appeared", "seemed", "remained"):
        return NOTE
    if after in PRONOUNS | DEFINITE | PEOPLE:
        return NOTE
    if is_finite(after):
        if after == "happened" and core[2:3] in (["when"], ["to"], ["with"], ["after"]):
            return ASKED
        return NOTE if _finite_after(core[2:]) else ASKED if after in _HAPPENS else OPEN
    return _noun_then_verb(core)


_HAPPENS = frozenset("causes caused happened happens explains helps changed works".split())


def _which(core: list[str]) -> Form:
    after = core[1]
    if after == "of":
        return OPEN
    if after in AUX:
        rest = core[2:]
        asks = bool(rest) and rest[0] in {"it", "this", "that", "the", "better", "worse", "more", "best"}
        return OPEN if asks and after in BE else NOTE
    if after in PRONOUNS | PEOPLE and after not in ("patient", "patients"):
        return NOTE
    if is_finite(after):
        return NOTE
    return _noun_then_verb(core)


def _who(core: list[str]) -> Form:
    after = core[1]
    if after in ("should", "needs", "gets", "qualifies", "can", "could", "do", "does", "did", "else", "would"):
        return ASKED if after != "did" or len(core) > 2 and core[2] in PRONOUNS | DEFINITE else OPEN
    if after in ("ordered", "prescribed", "saw", "wrote", "signed", "read"):
        return OPEN
    third = core[2] if len(core) > 2 else ""
    if after in BE and core[2:4] == ["at", "risk"]:
        return ASKED
    if after in BE and third in ("this", "that", "at", "eligible", "the", "on", "these", "most"):
        return OPEN
    return NOTE


def _how(core: list[str]) -> Form:
    after = core[1]
    if after in ("about", "come"):
        return ASKED
    if after in AUX:
        return ASKED if len(core) > 2 else OPEN
    if after == "to" or after in PRONOUNS | DEFINITE | PEOPLE:
        return NOTE
    return _noun_then_verb(core)


def _noun_then_verb(core: list[str]) -> Form:
    """"what antibiotic does", "how long is": asked if the verb comes before any subject."""
    for at in range(2, len(core)):
        word = core[at]
        if word in AUX:
            return NOTE if _second_clause(core[at + 1 :]) else ASKED
        if word in ("he", "she", "they", "we", "i", "there", "it", "the", "you") or word in PEOPLE - {"patients"}:
            if _JOINS & set(core[2:at]) or at == len(core) - 1:
                continue
            return OPEN if _asks_later(core[at:]) else NOTE
        if is_finite(word):
            return OPEN
    return OPEN


_JOINS = frozenset("of in on for with after before at from to per by about among during under between".split())


def _asks_later(words: list[str]) -> bool:
    pairs = zip(words, words[1:], strict=False)
    return any(a in AUX and b in PRONOUNS | DEFINITE | INDEFINITE for a, b in pairs)


def _finite_after(words: list[str]) -> bool:
    return any(word in BE or word in ("has", "had", "measures", "projects") for word in words)


_UNSURE = frozenset(
    "unknown unclear uncertain unlisted not difficult hard discussed reviewed explained recorded documented"
    " certain impossible debatable addressed stressed emphasized".split()
)


def _second_clause(words: list[str]) -> bool:
    """"… is not known", "… was a": a second finite verb that takes the first clause as its subject."""
    finite = [
        at
        for at, word in enumerate(words)
        if word in BE or word in ("remains", "remain", "cannot") or words[at : at + 2] in (["could", "not"], ["can", "not"])
    ]
    return any(
        at > 0
        and words[at - 1] not in _CLAUSE_STARTS
        and (words[at] == "cannot" or set(words[at + 1 : at + 3]) & _UNSURE)
        for at in finite
    )


_CLAUSE_STARTS = frozenset("if when that which who whether where and or but because since while what".split())


def _request(core: list[str]) -> Form:
    verb = core[0]
    if verb == "point" and core[1] not in ("out", "to", "at"):
        return NONE
    if _for_others(core):
        return Form("told", "says what to do for the patient, not the assistant")
    if core[1] in ("attached", "enclosed", "into") or core[-2:] == ["with", "caution"] or "caution" in core[3:]:
        return NOTE
    if _has_main_verb(core):
        return NONE
    if verb in _MAKES and _ARTEFACTS & set(core[1:7]) and not any(word in AUX for word in core[2:]):
        return REQUEST
    if core[1] in ("me", "us") and verb in ("show", "tell", "give", "remind", "help", "walk", "teach", "read", "get"):
        return REQUEST
    if verb in SURE_REQUESTS and core[1] in DEFINITE | INDEFINITE | {"this", "these", "those", "that", "it", "all"}:
        return OPEN if "as" in core[2:] or core[2:3] in (["for"], ["under"]) else REQUEST
    return OPEN


def _has_main_verb(core: list[str]) -> bool:
    """"show position was used": not the order that it begins like."""
    for at in range(1, len(core)):
        if core[at] in WH or core[at] in ("if", "whether", "that", "and", "or", "there"):
            return False
        if at > 2 and core[at] in ("was", "were", "is", "are"):
            asks = core[at + 1 : at + 2] and core[at + 1] in ("it", "this", "that", "there")
            return not asks and core[at - 1] not in PEOPLE | {"he", "she", "they", "it", "we", "i"}
    return False


_MAKES = frozenset("draft write generate create make compose prepare suggest propose".split())
_ARTEFACTS = frozenset(
    "impression summary letter differential conclusion assessment plan diagnosis handout timeline table wording regimen treatment antibiotic alternative".split()
)
_OTHERS = PEOPLE | frozenset(
    "him them he she family therapy resident nurse nursing team pharmacy radiology cardiology consent school fellow".split()
)


_BEFORE_PEOPLE = frozenset("the this his her their referring primary care treating physical".split())


def _for_others(core: list[str]) -> bool:
    """Done to or with someone else: "explain the risks to the patient", "tell her"."""
    if core[1] in _OTHERS or (core[1] in ("the", "this") and len(core) > 2 and core[2] in PEOPLE | {"team", "school"}):
        return core[2:3] not in (["chart"], ["labs"], ["history"]) and core[3:4] not in (["chart"], ["history"])
    if core[1] == "her" and core[2:3] not in (["last"], ["latest"], ["prior"], ["previous"], ["old"]) and core[0] in ("tell", "show", "give", "ask", "remind", "help", "call", "have", "let"):
        return True
    for at in range(1, len(core) - 1):
        if core[at] in ("to", "with") and core[at - 1] not in ("due", "according", "related", "compared", "patient"):
            there = [word for word in core[at + 1 : at + 5] if word not in _BEFORE_PEOPLE]
            after_her = core[at + 2] if at + 2 < len(core) else "today"
            if core[at + 1] == "her" and after_her in ("before", "after", "at", "when", "today", "in", "again", "and"):
                return True
            if there and (there[0] in _OTHERS or there[0].endswith("ology")) and not (core[at] == "with" and there[0] in ("patient", "patients")):
                return core[0] not in ("write", "draft", "compose", "compare", "generate")
            if there and there[0] in ("patient",) and core[at + 1] in ("the", "this") and core[at] == "with":
                return core[0] in ("review", "discuss", "go", "share", "explain", "read")
    return False


def _any(core: list[str]) -> Form:
    if core[0] != "any":
        return NOTE if core[1] == "but" else OPEN if any(word in AUX for word in core[2:]) and len(core) > 6 else ASKED
    return NONE if any(word in AUX or word in ("denied", "denies") for word in core[1:]) else OPEN


def _wish(core: list[str]) -> Form:
    joined = " ".join(core[:4])
    wishes = ("i need ", "i want ", "i'd like ", "i would like ", "we need ", "let me ", "let's ", "thoughts on ")
    more = ("i have a question", "i wonder ", "i was wondering", "i am wondering", "i'm wondering", "i don't ")
    return OPEN if joined.startswith(wishes + more) else NONE


def _after_preface(core: list[str]) -> Form:
    """"in renal failure what is the dose": a clause that asks, after where or for whom it is asked."""
    for at in range(2, min(len(core) - 1, 16)):
        if core[at] not in WH and core[at] not in AUX or core[at - 1] in _NO_CLAUSE_BEFORE:
            continue
        asks_by_name = core[at] in BE and core[at + 1] not in NOT_SUBJECTS | ADVERBS and at < len(core) - 2
        if core[at] in WH or asks_by_name or core[at + 1] in PRONOUNS | DEFINITE | INDEFINITE:
            if core[at] in ("that", "which", "who", "whom", "when", "where", "had", "were", "what") and (
                core[at + 1] not in AUX
            ):
                continue
            if core[at - 1] in ("this", "that", "patient") and core[at + 1] not in ("i", "we", "you", "there"):
                continue
            form = form_of(core[at:])
            if form.kind == "asked" or (form.kind == "open" and core[-1] in _JUDGED):
                return form
    return NONE


_NO_CLAUSE_BEFORE = frozenset("that which who whom whether and of he she they it we i there than as question".split())


def _reported_speech(core: list[str]) -> bool:
    """Someone else says it: "asks is it cancer", "… she said", "he answered sometimes"."""
    if core[0] in SAYING and core[0] not in ("says",):
        return True
    people = PEOPLE | {"he", "she", "they", "him", "her"}
    for before, word in zip(core, core[1:], strict=False):
        if word in SAYING and before in people:
            return True
    if len(core) > 2 and core[-1] in SAYING and core[-2] in people | {"was", "were"}:
        return True
    return any(word in _WORRIES and {"was", "is", "were"} & set(core[max(3, at - 4) : at]) for at, word in enumerate(core[3:], 3))


_WORRIES = frozenset("question concern concerns worry worries complaint fear".split())


_LEFT_OPEN = frozenset(("was raised", "was discussed", "was asked", "was reviewed", "to say", "to tell"))
_AFTER_NO = frozenset("as at per today and but he she they do does did is are".split())
_ANSWERS = frozenset("yes no none never denies denied sometimes rarely occasionally negative positive".split())


def _answers_itself(core: list[str]) -> bool:
    people = PEOPLE | {"he", "she", "they", "mom"}
    if core[-1] in _ANSWERS and len(core) > 2:
        return not (core[-1] in ("positive", "negative") or core[-2:] == ["or", "no"])
    if len(core) > 4:
        for size in (2, 3):
            tail = core[-size:]
            clause = tail[0] in people and tail[1] in AUX | {"denies", "denied"} and tail[2:] in ([], ["not"])
            if clause and core[-size - 1] not in _CLAUSE_STARTS | {"than", "as", "the", "this", "how", "why"}:
                return True
    if "yes" in core[3:] or any(a == "no" and b in _AFTER_NO for a, b in zip(core[3:], core[4:], strict=False)):
        return True
    pairs = list(zip(core[3:], core[4:], strict=False))
    if core[0] in AUX and any(a == "per" and b in people or f"{a} {b}" in _LEFT_OPEN for a, b in pairs):
        return True
    if " ".join(core[-2:]) in _LEFT_OPEN or (core[0] in AUX and " ".join(core[-3:]) in ("unable to say", "hard to say")):
        return True
    if core[0] in AUX and " ".join(core[-2:]) in ("not sure", "not certain", "not say", "not know", "is unclear", "is unsure", "not measure"):
        return True
    parts = " ".join(core[2:])
    return any(f" {who} {verb}" in parts for who in people for verb in ("does not", "did not", "could not", "was not"))


def _is_condition(core: list[str]) -> bool:
    """"should it recur, call the office"; "had we known, we would have"; "will he need it we will decide"."""
    first = core[0]
    inverted = first in ("should", "had", "were")
    if first == "were" and "to" in core[2:5]:
        return True
    for at in range(3, len(core) - 1):
        subject, verb, before = core[at], core[at + 1], core[at - 1]
        if before in _CLAUSE_STARTS or before in ("how", "why", "before", "after", "until", "so", "than", "as", "say"):
            continue
        if subject in ("we", "i") and verb in MODALS | {"referred", "discussed", "recommend", "recommended"}:
            return True
        if inverted and verb in BE and core[at + 2 : at + 3] in (["recommended"], ["advised"], ["indicated"], ["needed"]):
            return True
        if inverted and verb in MODALS and subject not in ("and", "or", "that", "which", "who", "what"):
            return True
    if not inverted:
        return False
    first_verb = 3 if core[1] in DEFINITE | INDEFINITE else 2
    verbs = [at for at, word in enumerate(core) if at >= first_verb and (word in BARE_VERBS or word in CONDITION_VERBS)]
    return any(
        core[at] in CONDITION_VERBS and core[at - 1] not in _NO_ORDER_BEFORE and at > verbs[0] for at in verbs[1:]
    )


_NO_ORDER_BEFORE = frozenset("to and or a an the i we you he she they my his her any not then than be".split())
