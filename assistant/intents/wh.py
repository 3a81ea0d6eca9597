"""Sentences that begin with a question word: "what is", "which of", "how the". Pure."""

from assistant.intents.clauses import asks_later, has_finite, is_doubted
from assistant.intents.kinds import ASKED, NOTE, OPEN, Form
from assistant.intents.lexicon import (
    ADVERBS,
    AUX,
    BARE_VERBS,
    BE,
    DEFINITE,
    HAVE,
    INDEFINITE,
    MODALS,
    PEOPLE,
    PRONOUNS,
    is_finite,
    is_participle,
    word_set,
)


def wh_form(core: list[str]) -> Form:
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
            asks = (
                after in AUX
                or after == "not"
                or (after in ("exactly", "else") and core[2:3] and core[2] in AUX)
            )
            form = ASKED if asks else OPEN if wh == "why" else NOTE
            if wh == "why" and (after in PRONOUNS | DEFINITE | INDEFINITE | PEOPLE):
                form = NOTE
    if form.kind in ("asked", "open") and is_doubted(core[2:]):
        form = NOTE
    return form if form is not NOTE else Form("told", "begins as reports and notes do")


def _what(core: list[str]) -> Form:
    after = core[1]
    if after in ("about", "if", "else"):
        return ASKED
    if after in AUX:
        third = core[2] if len(core) > 2 else ""
        if after in BE | HAVE and (is_participle(third) or third in ADVERBS):
            return NOTE if has_finite(core[3:]) else OPEN
        if after in MODALS and third in BARE_VERBS | {"be", "also"}:
            return NOTE if has_finite(core[3:]) else OPEN
        return ASKED
    if after in _SEEMS:
        return NOTE
    if after in PRONOUNS | DEFINITE | PEOPLE:
        return NOTE
    if is_finite(after):
        if after in ("happened", "happens") and core[2:3] in (["when"], ["to"], ["with"], ["after"]):
            return ASKED
        return NOTE if has_finite(core[2:]) else ASKED if after in _HAPPENS else OPEN
    return _noun_then_verb(core)


_SEEMS = word_set("appear appears appeared look looks looked seem seems seemed sounds remains remained")
_HAPPENS = word_set("causes caused happened happens explains helps changed works")


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
    if after in (
        "should",
        "needs",
        "gets",
        "qualifies",
        "can",
        "could",
        "do",
        "does",
        "did",
        "else",
        "would",
    ):
        return ASKED if after != "did" or (len(core) > 2 and core[2] in PRONOUNS | DEFINITE) else OPEN
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
    """As in "what antibiotic does", "how long is": asked if the verb comes before any subject."""
    for at in range(2, len(core)):
        word = core[at]
        if word in AUX:
            return NOTE if is_doubted(core[at + 1 :]) else ASKED
        if word in ("he", "she", "they", "we", "i", "there", "it", "the", "you") or word in PEOPLE - {
            "patients"
        }:
            if _JOINS & set(core[2:at]) or at == len(core) - 1:
                continue
            return OPEN if asks_later(core[at:]) else NOTE
        if is_finite(word):
            return OPEN
    return OPEN


_JOINS = word_set(
    """
    of in on for with after before at from to per by about among during under between
    """
)
