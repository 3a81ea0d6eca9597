"""Signs after a sentence's opening that it is not a question. Pure."""

from itertools import pairwise

from assistant.intents.lexicon import (
    AUX,
    BARE_VERBS,
    BE,
    CONDITION_VERBS,
    DEFINITE,
    INDEFINITE,
    MODALS,
    PEOPLE,
    PRONOUNS,
    SAYING,
    WH,
    is_finite,
    word_set,
)

_OTHERS = PEOPLE | word_set(
    """
    him them he she family therapy resident nurse nursing team pharmacy radiology cardiology consent school
    fellow
    """
)


def asks_a_colleague(core: list[str]) -> bool:
    """As in "could you please see this gentleman": as letters do."""
    if core[0] not in MODALS or core[1] != "you":
        return False
    rest = [word for word in core[2:8] if word not in ("please", "kindly", "also")]
    if not rest or rest[0] not in (
        "see",
        "evaluate",
        "follow",
        "assess",
        "arrange",
        "schedule",
        "refer",
        "book",
        "admit",
    ):
        return False
    return rest[0] in ("arrange", "schedule", "book") or bool(set(rest[1:5]) & (PEOPLE | {"him", "her"}))


def asks_later(words: list[str]) -> bool:
    pairs = pairwise(words)
    return any(a in AUX and b in PRONOUNS | DEFINITE | INDEFINITE for a, b in pairs)


def has_finite(words: list[str]) -> bool:
    return any(word in BE or word in ("has", "had", "measures", "projects") for word in words)


_UNSURE = word_set(
    """
    unknown unclear uncertain unlisted not difficult hard discussed reviewed explained recorded documented
    certain impossible debatable addressed stressed emphasized
    """
)


def is_doubted(words: list[str]) -> bool:
    """As in "… is not known", "… was a": a second finite verb that takes the first clause as its subject."""
    finite = [
        at
        for at, word in enumerate(words)
        if word in BE
        or word in ("remains", "remain", "cannot")
        or words[at : at + 2] in (["could", "not"], ["can", "not"])
    ]
    return any(
        at > 0
        and words[at - 1] not in _CLAUSE_STARTS
        and (words[at] == "cannot" or set(words[at + 1 : at + 3]) & _UNSURE)
        for at in finite
    )


_CLAUSE_STARTS = word_set(
    """
    if when that which who whether where and or but because since while what
    """
)


def has_main_verb(core: list[str]) -> bool:
    """As in "show position was used": not the order that it begins like."""
    for at in range(1, len(core) - 1):
        if core[at] in WH or core[at] in ("if", "whether", "that", "and", "or", "there"):
            return False
        if (
            at > 1
            and is_finite(core[at])
            and core[at + 1] in ("a", "an", "the", "no", "that", "marked", "mild")
        ):
            return True
        if at > 2 and core[at] in ("was", "were", "is", "are"):
            asks = core[at + 1 : at + 2] and core[at + 1] in ("it", "this", "that", "there")
            return not asks and core[at - 1] not in PEOPLE | {"he", "she", "they", "it", "we", "i"}
    return False


_BEFORE_PEOPLE = word_set("the this his her their referring primary care treating physical")


def is_for_others(core: list[str]) -> bool:
    """Done to or with someone else: "explain the risks to the patient", "tell her"."""
    if core[1] in _OTHERS or (
        core[1] in ("the", "this") and len(core) > 2 and core[2] in PEOPLE | {"team", "school"}
    ):
        return core[2:3] not in (["chart"], ["labs"], ["history"]) and core[3:4] not in (
            ["chart"],
            ["history"],
        )
    if (
        core[1] == "her"
        and core[2:3] not in (["last"], ["latest"], ["prior"], ["previous"], ["old"])
        and core[0] in ("tell", "show", "give", "ask", "remind", "help", "call", "have", "let")
    ):
        return True
    for at in range(1, len(core) - 1):
        if core[at] in ("to", "with") and core[at - 1] not in (
            "due",
            "according",
            "related",
            "compared",
            "patient",
        ):
            there = [word for word in core[at + 1 : at + 5] if word not in _BEFORE_PEOPLE]
            after_her = core[at + 2] if at + 2 < len(core) else "today"
            if core[at + 1] == "her" and after_her in (
                "before",
                "after",
                "at",
                "when",
                "today",
                "in",
                "again",
                "and",
            ):
                return True
            if (
                there
                and (there[0] in _OTHERS or there[0].endswith("ology"))
                and not (core[at] == "with" and there[0] in ("patient", "patients"))
            ):
                return core[0] not in ("write", "draft", "compose", "compare", "generate")
            if there and there[0] in ("patient",) and core[at + 1] in ("the", "this") and core[at] == "with":
                return core[0] in ("review", "discuss", "go", "share", "explain", "read")
    return False


def reports_speech(core: list[str]) -> bool:
    """Someone else says it: "asks is it cancer", "… she said", "he answered sometimes"."""
    if core[0] in SAYING and core[0] not in ("says",):
        return True
    people = PEOPLE | {"he", "she", "they", "him", "her"}
    for before, word in pairwise(core):
        if word in SAYING and before in people:
            return True
    if len(core) > 2 and core[-1] in SAYING and core[-2] in people | {"was", "were"}:
        return True
    return any(
        word in _WORRIES and {"was", "is", "were"} & set(core[max(3, at - 4) : at])
        for at, word in enumerate(core[3:], 3)
    )


_WORRIES = word_set("question concern concerns worry worries complaint fear")


_LEFT_OPEN = frozenset(("was raised", "was discussed", "was asked", "was reviewed", "to say", "to tell"))
_AFTER_NO = word_set("as at per today and but he she they do does did is are")
_ANSWERS = word_set(
    """
    yes no none never denies denied sometimes rarely occasionally negative positive
    """
)


def answers_itself(core: list[str]) -> bool:
    people = PEOPLE | {"he", "she", "they", "mom"}
    if core[-1] in _ANSWERS and len(core) > 2:
        return not (core[-1] in ("positive", "negative") or core[-2:] == ["or", "no"])
    if len(core) > 4:
        for size in (2, 3):
            tail = core[-size:]
            clause = tail[0] in people and tail[1] in AUX | {"denies", "denied"} and tail[2:] in ([], ["not"])
            if clause and core[-size - 1] not in _CLAUSE_STARTS | {"than", "as", "the", "this", "how", "why"}:
                return True
    if "yes" in core[3:] or any(a == "no" and b in _AFTER_NO for a, b in pairwise(core[3:])):
        return True
    pairs = list(pairwise(core[3:]))
    if core[0] in AUX and any((a == "per" and b in people) or f"{a} {b}" in _LEFT_OPEN for a, b in pairs):
        return True
    if " ".join(core[-2:]) in _LEFT_OPEN or (
        core[0] in AUX and " ".join(core[-3:]) in ("unable to say", "hard to say")
    ):
        return True
    if core[0] in AUX and core[-2] == "remains" and core[-1] in _UNSURE:
        return True
    if core[0] in AUX and " ".join(core[-2:]) in (
        "not sure",
        "not certain",
        "not say",
        "not know",
        "is unclear",
        "is unsure",
        "not measure",
    ):
        return True
    parts = " ".join(core[2:])
    return any(
        f" {who} {verb}" in parts
        for who in people
        for verb in ("does not", "did not", "could not", "was not")
    )


def is_condition(core: list[str]) -> bool:
    """As in "should it recur, call the office", "will he need it we will decide"."""
    first = core[0]
    inverted = first in ("should", "had", "were")
    if first == "were" and "to" in core[2:5]:
        return True
    for at in range(3, len(core) - 1):
        subject, verb, before = core[at], core[at + 1], core[at - 1]
        if before in _CLAUSE_STARTS or before in (
            "how",
            "why",
            "before",
            "after",
            "until",
            "so",
            "than",
            "as",
            "say",
        ):
            continue
        if subject in ("we", "i") and verb in MODALS | {"referred", "discussed", "recommend", "recommended"}:
            return True
        if (
            inverted
            and verb in BE
            and core[at + 2 : at + 3] in (["recommended"], ["advised"], ["indicated"], ["needed"])
        ):
            return True
        if inverted and subject in ("he", "she", "they") and verb in BE:
            return True
        if inverted and verb in MODALS and subject not in ("and", "or", "that", "which", "who", "what"):
            return True
    if not inverted:
        return False
    first_verb = 3 if core[1] in DEFINITE | INDEFINITE else 2
    verbs = [
        at
        for at, word in enumerate(core)
        if at >= first_verb and (word in BARE_VERBS or word in CONDITION_VERBS)
    ]
    return any(
        core[at] in CONDITION_VERBS and core[at - 1] not in _NO_ORDER_BEFORE and at > verbs[0]
        for at in verbs[1:]
    )


_NO_ORDER_BEFORE = word_set(
    """
    to and or a an the i we you he she they my his her any not then than be
    """
)
