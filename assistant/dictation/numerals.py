"""House style: which numbers are written in digits. Pure."""

import re

from assistant.dictation.numbers import ORDINALS, TEENS, TENS, UNITS, Number, is_digits
from assistant.dictation.tokens import table
from assistant.dictation.units import COUNTED

_DETERMINERS = frozenset(table("the these those his her my our their its all other only"))
_GRADED = frozenset(
    table(
        "type grade grades stage para gravida class number segment segments level levels phase "
        "category score scored scores nerve nerves step zone part day rads bosniak asa gcs scale "
        "tanner mallampati fitzpatrick lead times gleason childs of covid plus equals minus nyha "
        "harris birads ecog q room trimester"
    )
)
_ONE_NOUNS = frozenset(
    table(
        "view views nodule nodules lesion lesions stone polyp node nodes pregnancy episode episodes "
        "child children brother sister son daughter packs vessel vessels unit view mass cyst stent "
        "tumor calculus relapse miscarriage sample specimen core biopsy visit week bottle glass "
        "series fingerbreadth"
    )
)
_JOINERS = frozenset(table("to by over through plus slash x or point out"))
_ANATOMY = frozenset(
    table(
        "rib ribs metatarsal metacarpal intercostal digit toe finger mtp pip dip mcp proximal distal "
        "ray percentile postoperative hospital"
    )
)


def _numeric(word: str) -> bool:
    return is_digits(word) or word in UNITS or word in TEENS or word in TENS


def wanted(found: Number, words: list[str], start: int, end: int, *, small: bool = True) -> bool:
    """House style: digits for whatever is measured, counted or dosed; words where they are idiom."""
    before = words[start - 1] if start else ""
    early = words[start - 2] if start > 1 else ""
    after = words[end] if end < len(words) else ""
    if found.labels or found.counts:
        return found.labels or found.value >= 10
    if found.ordinal:
        if int(found.text) >= 10:
            return True
        if after in ("and", "through", "to") and words[end + 1 : end + 2] and words[end + 1] in ORDINALS:
            after = words[end + 2] if end + 2 < len(words) else ""
        return after in _ANATOMY
    if is_digits(after) and end - start == 1 and found.value < 10 and not _numeric(before):
        return False  # it counts what has a number behind it: "two 500 mL boluses"
    if "." in found.text or end - start > 1 or found.value >= 10 or found.value == 0:
        return True
    if after in ("o'clock", "oclock") or (after == "o" and words[end + 1 : end + 2] == ["clock"]):
        return True
    if COUNTED.match(after) and (after != "time"):
        return small or not re.match(r"(?:times|day|week|month|year|hour)", after)
    if before in _GRADED and before not in ("of", "part", "all"):
        return True
    if len(before) == 1 and before.isalpha() and before not in ("a", "i"):
        return True
    joined = (
        after in _JOINERS
        and end + 1 < len(words)
        and (_numeric(words[end + 1]) or words[end + 1] in ("of", "minus") or len(words[end + 1]) == 1)
    )
    if joined or (before in _JOINERS and _numeric(early)):
        return True
    if before == "of" and early == "out":
        return True
    if before in ("slash", "/", "\ue011", "point", "-", "+", ".") or after in (
        "/",
        "\ue011",
        "%",
        "-",
        "out",
    ):
        return True
    if after == "of" and found.text != "1" and end + 1 < len(words) and _numeric(words[end + 1]):
        return True
    if after == "of" or before in _DETERMINERS or (early in ("one", "two", "three") and before == "of"):
        return False
    if found.text == "1":
        return (
            after in _ONE_NOUNS
            or after == "plus"
            or (after in ("and", "or") and words[end + 1 : end + 2] != [] and _numeric(words[end + 1]))
        )
    if after in ("of",) or (before in ("in", "into", "all") and not after):
        return False
    return small
