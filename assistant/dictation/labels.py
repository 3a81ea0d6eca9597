"""Nouns that are followed by their own number: "day 3", "segment 7", "Ki 67". Pure."""

from assistant.dictation.tokens import table

_ANY = 99_999
_HIGHEST: dict[str, int] = {
    "day": 999, "week": 60, "month": 99, "hour": 99, "minute": 99, "pod": 99, "hd": 99,
    "segment": 17, "grade": 6, "type": 20, "zone": 14, "stage": 5, "phase": 6, "class": 6, "category": 6,
    "group": 9, "station": 14, "step": 20, "part": 99, "arm": 9, "cohort": 99, "item": 99,
    "image": _ANY, "slice": _ANY, "series": 999, "frame": _ANY, "figure": 99, "panel": 99,
    "rib": 12, "vertebra": 12, "vertebrae": 12, "interspace": 12, "nerve": 12, "lead": 12, "electrode": 256,
    "channel": 256, "contact": 99, "finger": 5, "digit": 5, "toe": 5, "ray": 5, "metatarsal": 5, "metacarpal": 5,
    "tooth": 32, "quadrant": 4, "trimester": 3, "gravida": 20, "para": 20, "factor": 13, "cycle": 99,
    "visit": 99, "attempt": 20, "question": 99, "exon": 363, "chromosome": 22, "codon": 9999,
    "asa": 6, "bosniak": 4, "rads": 6, "nyha": 4, "ecog": 5, "mallampati": 4, "tanner": 5, "fitzpatrick": 6,
    "mobitz": 2, "killip": 4, "chiari": 4, "kimura": 4, "hinchey": 4, "schatzker": 6, "gustilo": 3, "murmur": 6,
    "bed": _ANY, "room": _ANY, "ward": 99, "bay": 99, "floor": 99, "unit": 99, "record": _ANY, "mrn": _ANY,
    "accession": _ANY, "account": _ANY, "extension": _ANY, "pager": _ANY, "phone": _ANY, "case": _ANY,
    "specimen": _ANY, "block": 99, "cassette": 99, "lot": _ANY, "serial": _ANY, "zip": _ANY, "number": _ANY,
    "foot": 11, "feet": 11, "level": 12, "code": _ANY,
    "lesion": 19, "nodule": 19, "mass": 19, "cyst": 19, "node": 19, "polyp": 19, "core": 19,
    "dose": 19, "port": 9, "fraction": 99, "tube": 9, "bipolar": 2,
}  # fmt: skip
"""Labels in the singular, with the highest number that each may have."""
_SAME = frozenset(("series", "feet", "foot", "vertebrae", "mrn", "nyha", "asa", "hd", "pod"))
_PLURALS = {f"{word}s": most for word, most in _HIGHEST.items() if word not in _SAME} | {
    "categories": 6, "classes": 6, "phases": 6, "vertebrae": 12, "teeth": 32, "series": 999,
}  # fmt: skip
_NOT_PLURAL_LABELS = frozenset(table("units months weeks days hours minutes rooms feet"))
"""These count what they follow more often than they name it."""
_BARE = frozenset(
    table(
        "lesion nodule mass cyst node polyp core dose port fraction tube foot feet "
        "visit phase rib lead finger digit toe bed unit case tooth metatarsal metacarpal"
    )
)
"""These also stand without a number of their own: "nodule twelve millimeters"."""
_SPINE_BEHIND = frozenset(
    table(
        "at to through and level levels from one two three four five six seven eight nine ten eleven twelve"
    )
)
_LETTERS = {"b": 12, "c": 8, "t": 12, "l": 6, "s": 5, "d": 3, "g": 20, "p": 20, "n": 3, "v": 9, "h": 2}
"""Letters that have a number: vitamin B12, C5, T4, L4, S1, D3, G3, P2, N1, V4, H2."""
_IDENTIFIERS = frozenset(
    table(
        "bed room record mrn accession account extension pager phone case specimen lot serial zip number code"
    )
)
"""Their numbers are said digit by digit, or short: "room four twelve"."""
_NO_LABEL_BEHIND = frozenset(
    table("a an per each every another same this next last twice once of the long short")
)
"""Behind one of these the noun is no label: "twice a day twenty milligrams", "a long segment"."""
_LEVEL_OF = frozenset(
    table("at level levels from through to and the neck trauma nodal nodes station care esi acuity spinal a")
)
"""Before "level" these name a place or a grade; a laboratory value ("calcium level") has any number."""
_FRACTION_OF = frozenset(
    table(
        "at after before through to until by of for since and the this radiation radiotherapy treatment completed "
        "received final last first today's"
    )
)
"""Before "fraction" these name one of a radiotherapy; another word makes a share of it ("ejection fraction")."""
_FIXED: dict[str, frozenset[str]] = {
    name: frozenset(table(numbers))
    for name, numbers in {
        "covid": "19", "ki": "67", "phq": "2 4 8 9 15", "gad": "2 7", "ca": "125 19 15 27 72", "her": "2",
        "cd": "3 4 5 7 8 10 15 19 20 22 23 25 30 33 34 38 45 56 68 79 99 103 117 123 138", "p": "16 40 53 63",
        "bcl": "2 6", "omega": "3 6 9", "ck": "5 7 14 20", "cytokeratin": "5 7 14 18 20", "sars": "2", "cov": "2",
        "ctla": "4", "pd": "1", "il": "1 2 4 5 6 10 17 23", "interleukin": "1 2 4 5 6 10 17 23",
        "sf": "12 36", "brca": "1 2", "alpha": "1 2", "beta": "1 2", "cha": "2", "mlh": "1", "msh": "2 6", "pms": "2",
        "sox": "10 11", "hmb": "45", "mart": "1", "ttf": "1", "gata": "3", "cyclin": "1", "audit": "10",
        "promis": "10 29", "sglt": "2", "glp": "1", "fev": "1", "cyp": "2 3", "dpp": "4", "cox": "1 2",
    }.items()
}  # fmt: skip
"""Names that have a number in them, so that a value behind it is not joined with it."""


def highest(word: str, early: str) -> int | None:
    """The highest number of the label ``word``, behind the word ``early``; None if it is no label here."""
    if len(word) == 1:
        return _LETTERS.get(word)
    most = _HIGHEST.get(word)
    if most is None:
        return _PLURALS.get(word) if word not in _NOT_PLURAL_LABELS else None
    if word == "level":
        return most if not early.isalpha() or early in _LEVEL_OF else None
    if word == "fraction":
        return most if not early.isalpha() or early in _FRACTION_OF else None
    if word in ("unit", "murmur"):
        return most if early not in _NO_LABEL_BEHIND else None
    if early in _NO_LABEL_BEHIND and word not in ("foot", "feet"):
        return most if early == "the" else None
    return most


def is_bare(word: str) -> bool:
    """Whether the label ``word`` also stands without a number."""
    return word in _BARE


def is_spine(word: str, early: str) -> bool:
    """Whether the letter ``word`` is certainly that of a vertebra, which takes a number."""
    return word in ("l", "s") or (
        word in ("c", "t") and (not early or early in _SPINE_BEHIND or early.isdecimal())
    )


def is_identifier(word: str) -> bool:
    """Whether ``word`` has a number that is said digit by digit, or short."""
    return word in _IDENTIFIERS


_OF_HER2 = frozenset(
    table(
        "positive negative status neu amplified amplification overexpression equivocal by fish ihc score is was plus"
    )
)


def fixed_numbers(word: str, early: str, after: str) -> frozenset[str]:
    """The numbers that the name ``word`` may have in it, between ``early`` and the words behind the number.

    Empty if it is no such name: "her two children".
    """
    if word == "p" and early in ("g", "gravida"):
        return frozenset()
    if word == "her" and after.isalpha() and after not in _OF_HER2:
        return frozenset()
    return _FIXED.get(word, frozenset())


def is_plural(word: str) -> bool:
    """Whether ``word`` looks like a noun in the plural: things that may have been counted."""
    return (
        len(word) > 4
        and word.endswith("s")
        and not word.endswith(("ss", "us", "is", "os", "as", "'s"))
        and word.isalpha()
        and word not in _NO_NOUN
    )


_NO_NOUN = frozenset(
    table(
        "times always demonstrates shows reveals measures appears remains includes requires suggests extends weighs "
        "states reports denies takes feels has was does hertz diabetes besides towards perhaps"
    )
)
