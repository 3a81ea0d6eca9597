"""Dictations of which the right value is known, because they are made from it.

A clause is made of pieces. A piece has the words that a clinician says, and the written forms that are right
for them. Neither the formatter nor the check is asked: a written clause is right if it is one of the written
forms with the same words around it. The words as they were said are always right; they count as ``kept``.
"""

import itertools
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Literal

Style = Literal["lower", "recogniser", "hyphens", "digits"]


def _listed(text: str) -> list[str]:
    return text.split()


STYLES: tuple[Style, ...] = ("lower", "recogniser", "hyphens", "digits")
"""Lower case; a capital and a full stop as recognisers write them; number words joined by hyphens; digits."""

ONES = _listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
TENS = _listed("_ _ twenty thirty forty fifty sixty seventy eighty ninety")
ROMAN = _listed("_ I II III IV V VI VII VIII IX X XI XII")
ORDINAL = _listed(
    "_ first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """``accept`` are the right written forms, ``|`` between them, the usual one first; none: the words."""

    said: str
    accept: str | None = None
    digits: str | None = None
    """As a recogniser that writes digits has it."""
    number: bool = False
    """Made of number words, which a recogniser may join by hyphens."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause. ``doubtful``: it has more than one reading, so it must be marked."""

    family: str
    pieces: tuple[Piece, ...]
    doubtful: bool = False

    def spoken(self, style: Style = "lower") -> str:
        words = []
        for piece in self.pieces:
            if style == "hyphens" and piece.number:
                words.append(piece.said.replace(" ", "-"))
            elif style == "digits" and piece.digits is not None:
                words.append(piece.digits)
            else:
                words.append(piece.said)
        return " ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class Dictation:
    """Clauses with the mark behind each: how it is said, and what may be written."""

    text: str
    clauses: tuple[Clause, ...]
    pattern: str
    kept: str

    written: str
    """A right written form."""

    doubtful: bool
    """It has more than one reading, so it must be marked."""

    def verdict(self, written: str) -> Literal["right", "kept", "wrong"]:
        plain = " ".join(written.replace("’", "'").split())
        if re.fullmatch(self.pattern, plain, re.I):
            return "right"
        return "kept" if re.fullmatch(self.kept, plain, re.I) else "wrong"


# --- numbers: a value to the ways of saying it ---


def _below_hundred(n: int) -> str:
    return ONES[n] if n < 20 else TENS[n // 10] + (" " + ONES[n % 10] if n % 10 else "")


@cache
def whole(n: int) -> tuple[str, ...]:
    """The ways of saying a whole number, the most formal first."""
    if n < 100:
        return (_below_hundred(n),)
    if n < 1000:
        hundreds, rest = divmod(n, 100)
        if not rest:
            return (f"{ONES[hundreds]} hundred",)
        formal = f"{ONES[hundreds]} hundred {_below_hundred(rest)}"
        british = f"{ONES[hundreds]} hundred and {_below_hundred(rest)}"
        short = f"{ONES[hundreds]} {'oh ' if rest < 10 else ''}{_below_hundred(rest)}"
        return (formal, british, short)
    thousands, rest = divmod(n, 1000)
    ways = [" ".join([whole(thousands)[0], "thousand", *([whole(rest)[0]] if rest else [])])]
    if n < 10_000 and n % 1000 and n % 100 == 0:
        ways.append(f"{_below_hundred(n // 100)} hundred")
    return tuple(ways)


@cache
def decimal(value: str) -> tuple[str, ...]:
    """The ways of saying a decimal such as ``3.8``."""
    before, after = value.split(".")
    digits = " ".join(ONES[int(d)] for d in after)
    ways = [f"{head} point {digits}" for head in whole(int(before))]
    if after.startswith("0"):
        ways.append(f"{whole(int(before))[0]} point {digits.replace('zero', 'oh')}")
    if before == "0":
        ways.append(f"point {digits}")
    return tuple(ways)


def ways(value: str) -> tuple[str, ...]:
    return decimal(value) if "." in value else whole(int(value))


def shown(value: str) -> str:
    """A value in digits."""
    return value if "." in value or int(value) < 1000 else f"{value}|{int(value):,}"


# --- units ---

UNITS: dict[str, tuple[tuple[str, ...], str]] = {
    "mg": (("milligrams", "mg"), "mg"),
    "mcg": (("micrograms",), "mcg"),
    "g": (("grams",), "g|grams"),
    "kg": (("kilograms",), "kg"),
    "mL": (("milliliters", "mls"), "mL"),
    "L": (("liters",), "L|liters"),
    "mm": (("millimeters", "millimeter", "mm"), "mm"),
    "cm": (("centimeters", "centimeter"), "cm"),
    "%": (("percent", "per cent"), "%|percent|per cent"),
    "mEq": (("milliequivalents",), "mEq"),
    "mmHg": (("millimeters of mercury",), "mmHg|mm Hg"),
    "mg/dL": (("milligrams per deciliter",), "mg/dL"),
    "ng/mL": (("nanograms per milliliter",), "ng/mL"),
    "g/dL": (("grams per deciliter",), "g/dL"),
    "mg/kg": (("milligrams per kilogram", "milligrams per kilo"), "mg/kg"),
    "mcg/kg/min": (("micrograms per kilogram per minute",), "mcg/kg/min"),
    "mL/hr": (("milliliters per hour",), "mL/hr|mL/h|mL/hour"),
    "units": (("units",), "units"),
    "HU": (("hounsfield units",), "HU|Hounsfield units"),
    "cGy": (("centigray",), "cGy"),
    "tablets": (("tablets",), "tablets"),
    "weeks": (("weeks",), "weeks"),
    "days": (("days",), "days"),
    "hours": (("hours",), "hours"),
}
"""Written unit: the ways of saying it, and the right written forms."""

VALUES: dict[str, tuple[str, ...]] = {
    "mg": ("5", "12", "20", "30", "75", "132", "250", "500", "1500", "2.5", "0.5", "0.25", "12.5", "37.5"),
    "mcg": ("25", "50", "88", "112", "0.4", "150"),
    "g": ("1", "2", "4", "12", "0.5", "2.25", "3.375"),
    "kg": ("3", "54", "82", "104", "3.8", "97.5"),
    "mL": ("5", "15", "60", "250", "500", "1200", "7.5"),
    "L": ("2", "3", "10", "1.5", "2.75"),
    "mm": ("2", "3", "7", "9", "12", "15", "21", "48", "110", "3.8", "4.5", "0.8"),
    "cm": ("2", "4", "6", "11", "14", "23", "1.2", "2.4", "3.8", "5.1", "10.5", "0.7"),
    "%": ("5", "12", "20", "40", "55", "98", "100", "62.5", "0.9"),
    "mEq": ("10", "20", "40", "60"),
    "mmHg": ("8", "12", "35", "60", "110", "142"),
    "mg/dL": ("0.9", "1.2", "88", "104", "212", "340"),
    "ng/mL": ("0.04", "4.1", "6.4", "12", "250"),
    "g/dL": ("7.2", "9", "11.8", "14"),
    "mg/kg": ("1", "5", "10", "15", "0.5"),
    "mcg/kg/min": ("5", "10", "20", "0.1"),
    "mL/hr": ("75", "125", "30", "10"),
    "units": ("2", "4", "8", "10", "18", "22", "40", "5000", "12000"),
    "HU": ("15", "42", "120", "8"),
    "cGy": ("180", "200", "4500", "5040"),
    "tablets": ("1", "2", "3", "30", "90"),
    "weeks": ("2", "6", "12", "38"),
    "days": ("3", "7", "10", "14", "21"),
    "hours": ("4", "6", "12", "48", "72"),
}


def quantity(value: str, said: str, unit: str, unit_said: str) -> tuple[Piece, Piece]:
    number = Piece(said, shown(value), value, number=True)
    return number, Piece(unit_said, UNITS[unit][1], unit if unit in ("mg", "mm", "cm", "%") else None)


@cache
def quantities() -> tuple[tuple[str, str, str, str], ...]:
    """Every value, each way of saying it, every unit, each way of saying that."""
    return tuple(
        (value, said, unit, unit_said)
        for unit, (unit_ways, _) in UNITS.items()
        for value in VALUES[unit]
        for said in ways(value)
        for unit_said in unit_ways
    )


# --- labels: what a number names ---


@dataclass(frozen=True, slots=True)
class Label:
    """Words that take one number up to ``most``; ``roman``: it may be written so."""

    said: str
    most: int
    values: tuple[int, ...]
    roman: bool = False
    accept: str | None = None
    bare: bool = False
    """It also stands without a number: "nodule two point five centimeters" has two readings."""


def _label(
    said: str, most: int, *values: int, roman: bool = False, accept: str | None = None, bare: bool = False
) -> Label:
    return Label(said, most, values, roman, accept, bare)


LABELS = (
    _label("on day", 99, 1, 3, 5, 10, 14, 21, 28),
    _label("on hospital day", 99, 2, 3, 7, 12, 20, 31),
    _label("postoperative day", 99, 1, 2, 6, 11, 30),
    _label("post op day", 99, 1, 4, 13, accept="post-op day|post op day|postop day"),
    _label("week", 52, 2, 6, 12, 20, 24, 36),
    _label("cycle", 30, 1, 3, 6, 12),
    _label("phase", 4, 1, 2, 3, roman=True, bare=True),
    _label("visit", 60, 2, 5, 11, bare=True),
    _label("hepatic segment", 8, 2, 4, 5, 7, 8, roman=True),
    _label("segment", 17, 2, 6, 7, 8, 12, roman=True),
    _label("at level", 7, 1, 2, 3, 5, roman=True),
    _label("grade", 5, 1, 2, 3, 4, roman=True),
    _label("type", 9, 1, 2, 3, 5, roman=True),
    _label("zone", 7, 1, 2, 3, 5, roman=True),
    _label("stage", 5, 1, 2, 3, 4, roman=True),
    _label("class", 6, 1, 2, 3, 4, roman=True),
    _label("series", 99, 2, 4, 9, 12, 20, 301),
    _label("image", 1200, 7, 12, 48, 60, 112, 204, 350),
    _label("slice", 1200, 5, 18, 40, 76, 132),
    _label("frame", 1200, 9, 30, 64),
    _label("rib", 12, 3, 6, 9, 11, bare=True),
    _label("lead", 12, 1, 2, 3, roman=True, bare=True),
    _label("finger", 5, 2, 3, 5, bare=True),
    _label("digit", 5, 2, 3, 4, bare=True),
    _label("cranial nerve", 12, 3, 5, 7, 12, roman=True),
    _label("bed", 60, 3, 7, 12, 24, bare=True),
    _label("station", 14, 4, 7, 10, 11),
    _label("step", 10, 2, 3),
    _label("lesion", 30, 1, 2, 3, 4, bare=True),
    _label("nodule", 30, 1, 2, 5, bare=True),
    _label("dose", 12, 1, 2, 3, 6, bare=True),
    _label("port", 9, 1, 2, 3, bare=True),
    _label("fraction", 50, 3, 10, 15, bare=True),
    _label("tube", 9, 1, 2, bare=True),
    _label("bi rads", 6, 2, 3, 4, 5, accept="BI-RADS|BIRADS"),
)
JOINERS: tuple[tuple[str, str | None], ...] = (
    ("", None),
    ("at", None),
    ("with", None),
    ("measuring", None),
    ("of", None),
    ("was", None),
    ("received", None),
    ("comma", ","),
    ("dash", "-|–"),
    ("and", None),
    ("about", None),
    ("there was a", None),
)
AFTER = ("in the left kidney", "today", "without change", "", "on the right", "of prednisone", "no edema")


def _words(text: str) -> list[Piece]:
    return [Piece(text)] if text else []


def _label_pieces(label: Label, value: int) -> list[Piece]:
    digits = f"{value}|{ROMAN[value]}" if label.roman and value < len(ROMAN) else str(value)
    return [
        Piece(label.said, label.accept),
        Piece(whole(value)[-1], digits, str(value), number=True),
    ]


@cache
def _label_words() -> dict[str, int]:
    """Every way of saying a number that a label could take."""
    return {said: value for value in range(1201) for said in whole(value)}


@cache
def _value_words() -> frozenset[str]:
    every = {said for value in range(0, 1000) for said in whole(value)}
    tenths = {said for value in range(0, 1000) for d in range(1, 10) for said in decimal(f"{value}.{d}")}
    pairs = {f"{ONES[a]} {_below_hundred(b)}" for a in range(10, 20) for b in range(10, 100)}
    return frozenset(every | tenths | pairs | {said for _, said, _, _ in quantities()})


def readings(words: list[str], label: Label) -> int:
    """Number of ways to read a run of number words behind a label, and before a unit."""
    found = int(label.bare and " ".join(words) in _value_words())
    for cut in range(1, len(words)):
        number = _label_words().get(" ".join(words[:cut]))
        if number is not None and 0 < number <= label.most and " ".join(words[cut:]) in _value_words():
            found += 1
    return found


def labelled(chance: random.Random) -> Iterator[Clause]:
    """Every label, number of it and joiner, each with quantities in turn."""
    every = list(quantities())
    chance.shuffle(every)
    turn = itertools.cycle(every)
    afters = itertools.cycle(AFTER)
    for label in LABELS:
        for value in label.values:
            for joiner, mark in JOINERS:
                for _ in range(40 if not joiner else 9):
                    amount, said, unit, unit_said = next(turn)
                    if joiner == "there was a" and unit not in ("mm", "cm", "%"):
                        continue
                    first = _label_pieces(label, value)
                    run = f"{first[1].said} {said}".split()
                    yield Clause(
                        "label then quantity" if not joiner else "label, joiner, quantity",
                        (
                            *first,
                            *([Piece(joiner, mark)] if joiner else []),
                            *quantity(amount, said, unit, unit_said),
                            *_words(next(afters)),
                        ),
                        doubtful=not joiner and (readings(run, label) > 1 or said.startswith("point")),
                    )


# --- the point as a noun ---

POINTS = (
    "at that point",
    "at this point",
    "at one point",
    "at the point",
    "from that point",
    "at some point",
    "from this point",
    "the entry point",
    "the exit point",
    "a trigger point",
    "the mcburney's point",
    "mcburney's point",
    "the starting point",
    "erb's point",
    "at the midclavicular point",
    "the point",
    "at which point",
    "to the point",
    "the end point",
    "a bleeding point",
    "each point",
)


def points(chance: random.Random) -> Iterator[Clause]:
    for amount, said, unit, unit_said in quantities():
        for before in chance.sample(POINTS, 3):
            if said.startswith("point"):
                continue
            after = chance.choice(
                ("of labetalol was pushed", "above the umbilicus", "was given", "", "lateral")
            )
            digit = said in ONES[:10]
            if before == "at one point" and said.split()[0] in ONES[:10]:
                continue  # that is a decimal: "at one point five milligrams"
            yield Clause(
                "point as a noun",
                (
                    Piece(before, None),
                    *quantity(amount, said, unit, unit_said),
                    *_words(after),
                ),
                doubtful=before == "at one point"
                or (digit and before in ("to the point", "each point", "the point")),
            )


# --- numbers side by side ---


def decimals(chance: random.Random) -> Iterator[Clause]:
    """Decimals in a row, with and without a joiner."""
    pool = [f"{a}.{b}" for a in range(0, 13) for b in range(1, 10)]
    for count, last in ((2, ""), (2, "and"), (3, "and"), (3, "comma")):
        for _ in range(700):
            chosen = [chance.choice(pool) for _ in range(count)]
            chosen = [value if int(value[0]) else value.replace("0.", "1.", 1) for value in chosen]
            pieces: list[Piece] = [Piece(chance.choice(("nodules measure", "values of", "they were")))]
            for index, value in enumerate(chosen):
                if index and index == count - 1 and last:
                    pieces.append(Piece(last, "," if last == "comma" else None))
                pieces.append(Piece(decimal(value)[0], value, value, number=True))
            yield Clause("decimals in a row", (*pieces, Piece("centimeters", "cm")))


def pressures(chance: random.Random) -> Iterator[Clause]:
    for high in range(84, 212, 3):
        for said in whole(high):
            low = chance.choice(range(42, 118))
            for joiner in ("over", "slash"):
                for low_said in whole(low):
                    yield Clause(
                        "blood pressure",
                        (
                            Piece(chance.choice(("blood pressure", "bp is", "pressure was"))),
                            Piece(said, str(high), str(high), number=True),
                            Piece(joiner, "/"),
                            Piece(low_said, str(low), str(low), number=True),
                            *_words(chance.choice(("", "on the left", "today", "standing"))),
                        ),
                    )


def dimensions(chance: random.Random) -> Iterator[Clause]:
    for unit in ("mm", "cm"):
        for unit_said in UNITS[unit][0][:2]:
            for _ in range(900):
                chosen = [chance.choice(VALUES[unit]) for _ in range(chance.choice((2, 3)))]
                pieces: list[Piece] = [Piece(chance.choice(("a", "lesion measures", "cyst of", "now")))]
                for index, value in enumerate(chosen):
                    if index:
                        pieces.append(Piece(chance.choice(("by", "x")), "x|by|×"))
                    pieces.append(Piece(chance.choice(ways(value)), value, value, number=True))
                pieces.append(Piece(unit_said, UNITS[unit][1]))
                yield Clause("dimensions", (*pieces, *_words(chance.choice(AFTER[:5]))))


def ranges(chance: random.Random) -> Iterator[Clause]:
    for unit in UNITS:
        for joiner in ("to", "through", "or", "and"):
            for _ in range(25):
                first, last = chance.sample(VALUES[unit], 2)
                if float(first) >= float(last):
                    first, last = last, first
                said, said_last = chance.choice(ways(first)), chance.choice(ways(last))
                yield Clause(
                    "ranges",
                    (
                        Piece(chance.choice(("give", "about", "between", "it was"))),
                        Piece(said, shown(first), first, number=True),
                        Piece(joiner, {"to": "-|to", "through": "-|through"}.get(joiner)),
                        Piece(said_last, shown(last), last, number=True),
                        Piece(UNITS[unit][0][0], UNITS[unit][1]),
                    ),
                    doubtful=joiner == "and" and said.endswith(("hundred", "thousand")),
                )


DRUGS = _listed(
    "metoprolol lisinopril apixaban furosemide prednisone morphine labetalol ceftriaxone vancomycin heparin "
    "insulin warfarin atorvastatin gabapentin levothyroxine amiodarone enoxaparin ketorolac ondansetron "
    "acetaminophen"
)
HOW = ("twice daily", "by mouth daily", "every six hours", "at bedtime", "as needed", "")


def doses(chance: random.Random) -> Iterator[Clause]:
    every = [each for each in quantities() if each[2] in ("mg", "mcg", "g", "units", "mEq", "mg/kg", "mL")]
    for drug in DRUGS:
        for amount, said, unit, unit_said in every:
            order = chance.randrange(3)
            how = chance.choice(HOW)
            hours = [Piece("every"), Piece("six", "6", "6", number=True), Piece("hours", "hours|h")]
            tail = hours if how == "every six hours" else _words(how)
            number = quantity(amount, said, unit, unit_said)
            if order == 0:
                yield Clause("doses", (Piece(drug), *number, *tail))
            elif order == 1:
                yield Clause("doses", (Piece("given"), *number, Piece(f"of {drug}"), *tail))
            else:
                second = chance.choice(every)
                yield Clause(
                    "doses",
                    (Piece(drug), *number, Piece("and"), Piece(chance.choice(DRUGS)), *quantity(*second)),
                )


LABS = {
    "sodium": ("128", "138", "141"),
    "potassium": ("3.1", "3.8", "4.5", "5.2"),
    "creatinine": ("0.9", "1.2", "2.75"),
    "hemoglobin": ("7.2", "9.8", "11.4", "13"),
    "glucose": ("88", "104", "212", "350"),
    "troponin": ("0.04", "0.12", "1.8"),
    "lactate": ("1.1", "2.4", "4"),
    "white count": ("4.2", "11.8", "17"),
    "platelets": ("88", "150", "212"),
    "heart rate": ("58", "76", "104", "132"),
    "temperature": ("36.8", "98.6", "101.2", "38"),
    "weight": ("54", "82", "104.5"),
}


def labs(chance: random.Random) -> Iterator[Clause]:
    names = list(LABS)
    for name in names:
        for value in LABS[name]:
            for said in ways(value):
                for is_ in ("", "of", "is", "was"):
                    for other in chance.sample(names, 3):
                        other_value = chance.choice(LABS[other])
                        yield Clause(
                            "laboratory values",
                            (
                                Piece(f"{name} {is_}".strip()),
                                Piece(said, value, value, number=True),
                                Piece(other),
                                Piece(
                                    chance.choice(ways(other_value)),
                                    other_value,
                                    other_value,
                                    number=True,
                                ),
                            ),
                        )


# --- anatomy and marks ---


def levels(chance: random.Random) -> Iterator[Clause]:
    spine = [("c", 7), ("t", 12), ("l", 5)]
    for letter, most in spine:
        for n in range(1, most):
            for how in ("single", "pair", "to", "short"):
                for tail in ("disc bulge", "with stenosis", "fracture", "is normal", "quantity", "quantity"):
                    up, one, two = letter.upper(), ONES[n], ONES[n + 1]
                    both = f"{up}{n}-{up}{n + 1}|{up}{n}-{n + 1}|{up}{n}/{n + 1}|{up}{n}/{up}{n + 1}"
                    said_forms = {
                        "single": (f"{letter} {one}", f"{up}{n}"),
                        "pair": (f"{letter} {one} {letter} {two}", both),
                        "to": (f"{letter} {one} to {letter} {two}", f"{both}|{up}{n} to {up}{n + 1}"),
                        "short": (f"{letter} {one} {two}", both),
                    }
                    pieces = [Piece(*said_forms[how])]
                    if tail == "quantity":
                        value = chance.choice(VALUES["mm"])
                        said = chance.choice(ways(value))
                        first = said.split()[0]
                        joins = first not in ONES[:10] and how == "short"
                        bare = first == "point" or joins or (how == "single" and first == two != said)
                        end = quantity(value, said, "mm", "millimeter")
                        yield Clause(
                            "levels", (Piece("at"), *pieces, *end, Piece("listhesis")), doubtful=bare
                        )
                    else:
                        yield Clause("levels", (Piece("at"), *pieces, Piece(tail)))


ORGANS = (
    "the ascending colon is normal",
    "stomach small bowel and colon are normal",
    "the sigmoid colon shows diverticula",
    "carcinoma of the colon",
    "the entire colon was seen",
    "the colon is decompressed",
    "screening for colon cancer",
    "liver spleen and colon",
    "comfortable at this time period",
    "over a two week period",
    "the postoperative period was uneventful",
    "her last menstrual period was in june",
    "inverted comma",
    "influenza a",
    "worse over the last month",
    "a period of rest",
)
"""With "colon" and "period" as words, except where the clause ends in a spoken mark."""


def organs(chance: random.Random) -> Iterator[Clause]:
    for text in ORGANS[:8]:
        for _ in range(6):
            yield Clause("organs", (Piece(text),))
    yield Clause("organs", (Piece("findings"), Piece("colon", ":"), Piece("colon"), Piece("no mass")))
    for part in ("ascending", "sigmoid", "transverse", "descending"):
        yield Clause("organs", (Piece("findings"), Piece("colon", ":"), Piece(f"{part} colon normal")))


CLOSED = (
    "comfortable at this time",
    "stable at the present time",
    "worse over the last month",
    "seen once a day",
    "twice a week",
    "no fever in the past week",
    "influenza a",
    "hepatitis b",
    "follow up in one year",
    "unchanged for a month",
    "she sleeps all day",
    "three times a day",
    "seen every other day",
)


def time_words(chance: random.Random) -> Iterator[Clause]:
    """Words after which "period" closes the sentence, though it may also stand in a name."""
    for text in CLOSED:
        pieces = [
            Piece(word, f"{ONES.index(word)}|{word}") if word in ONES[1:10] else Piece(word)
            for word in text.split()
        ]
        for _ in range(8):
            yield Clause("time words before a full stop", tuple(pieces))


def letters(chance: random.Random) -> Iterator[Clause]:
    for text, accept in (
        ("he was counseled and i spoke with his wife", None),
        ("i agree with the plan", None),
        ("give a bolus then iv morphine", "give a bolus then IV morphine"),
        ("i v access was obtained", "IV access was obtained"),
        ("started on i v i g", "started on IVIG"),
        ("i discussed this with the family", None),
        ("c t of the chest", "CT of the chest"),
        ("m r i of the brain", "MRI of the brain"),
        ("i and my resident saw him", None),
    ):
        for value in VALUES["mg"]:
            for said in ways(value):
                yield Clause(
                    "letters",
                    (Piece(text, accept), Piece("with"), *quantity(value, said, "mg", "milligrams")),
                )


def ages(chance: random.Random) -> Iterator[Clause]:
    for age in range(1, 104):
        for unit in ("year", "month") if age < 24 else ("year",):
            for who in ("man", "woman"):
                yield Clause(
                    "ages",
                    (
                        Piece("a"),
                        Piece(whole(age)[-1], str(age), str(age), number=True),
                        Piece(f"{unit} old", f"{unit}-old|{unit} old"),
                        Piece(f"{who} with left knee pain"),
                    ),
                )


def scores(chance: random.Random) -> Iterator[Clause]:
    for top in (5, 10, 15, 30):
        for n in range(1, top + 1):
            for what in ("pain", "strength", "score"):
                yield Clause(
                    "out of",
                    (
                        Piece(what),
                        Piece(whole(n)[0], str(n), str(n), number=True),
                        Piece("out of", "/|out of"),
                        Piece(whole(top)[0], str(top), str(top), number=True),
                        *_words(chance.choice(("on the left", "today", ""))),
                    ),
                )


MONTHS = _listed("January February March April May June July August September October November December")


def dates(chance: random.Random) -> Iterator[Clause]:
    for month in MONTHS:
        for day in (1, 3, 5, 9, 12, 19, 20):
            for year in (1998, 2004, 2015, 2019, 2024, 2026):
                high, low = divmod(year, 100)
                said = (
                    f"two thousand {ONES[low]}"
                    if low < 10
                    else f"{_below_hundred(high)} {_below_hundred(low)}"
                )
                yield Clause(
                    "dates",
                    (
                        Piece(chance.choice(("seen on", "compared with", "dated"))),
                        Piece(
                            f"{month.lower()} {ORDINAL[day]} {said}",
                            f"{month} {day}, {year}|{month} {day} {year}",
                        ),
                    ),
                )


def times(chance: random.Random) -> Iterator[Clause]:
    for hour in range(1, 13):
        for minute in (0, 5, 15, 20, 30, 45, 52):
            for half in ("a", "p"):
                said = ONES[hour] + (
                    ""
                    if not minute
                    else f" oh {ONES[minute]}"
                    if minute < 10
                    else f" {_below_hundred(minute)}"
                )
                yield Clause(
                    "times",
                    (Piece("arrived at"), Piece(f"{said} {half} m", f"{hour}:{minute:02} {half.upper()}M")),
                )


def feet(chance: random.Random) -> Iterator[Clause]:
    for tall in range(4, 7):
        for inches in range(1, 12):
            yield Clause(
                "height",
                (
                    Piece("height"),
                    Piece(
                        f"{ONES[tall]} feet {ONES[inches]} inches",
                        f"{tall} feet {inches} inches|{tall} ft {inches} in|{tall}'{inches}\"",
                    ),
                ),
            )


def eyes(chance: random.Random) -> Iterator[Clause]:
    for low in (20, 25, 30, 40, 50, 60, 70, 80):
        for eye in ("right eye", "left eye"):
            said = f"twenty {_below_hundred(low)}"
            yield Clause(
                "visual acuity",
                (Piece("visual acuity"), Piece(said, f"20/{low}"), Piece(f"in the {eye}")),
            )
    for low in (30, 40, 50, 60):
        said = f"twenty {_below_hundred(low)}"
        for before in ("the value was", "it came back", "patient reports"):
            yield Clause(
                "two readings", (Piece(before), Piece(said, f"20/{low}|20{low}|20 {low}")), doubtful=True
            )


def counted(chance: random.Random) -> Iterator[Clause]:
    """ "Two fifty milligram tablets": a count and a size, or one size."""
    for count in range(2, 10):
        for size in (20, 25, 40, 50, 75, 80):
            for form in ("tablets", "capsules", "vials", "patches"):
                yield Clause(
                    "two readings",
                    (
                        Piece(chance.choice(("take", "give", "dispense"))),
                        Piece(
                            f"{ONES[count]} {_below_hundred(size)}",
                            f"{count}{size}|{count} {size}|{count} x {size}|{ONES[count]} {size}",
                            number=True,
                        ),
                        Piece("milligram", "mg"),
                        Piece(form),
                    ),
                    doubtful=True,
                )


def thousands(chance: random.Random) -> Iterator[Clause]:
    """ "1.250" as a recogniser writes it: a decimal, or a thousand."""
    for n in (1250, 1500, 2750, 12500, 5000):
        text = f"{n // 1000}.{n % 1000:03}"
        for unit in ("mg", "units", "mL"):
            said = UNITS[unit][0][0]
            amount = (Piece("give"), Piece(text, text), Piece(said, UNITS[unit][1]))
            yield Clause("two readings", amount, doubtful=True)


def said_no(chance: random.Random) -> Iterator[Clause]:
    findings = ("fever", "chest pain", "shortness of breath", "edema", "left effusion", "nausea", "headache")
    for negation in (
        "denies",
        "no",
        "without",
        "negative for",
        "no evidence of",
        "there is no",
        "not",
        "never had",
    ):
        for _ in range(60):
            few = chance.sample(findings, 3)
            yield Clause("negations", (Piece(f"{negation} {few[0]} or {few[1]} but has {few[2]}"),))


def fractions(chance: random.Random) -> Iterator[Clause]:
    for n in range(1, 13):
        for unit in ("mg", "weeks", "hours", "tablets"):
            yield Clause(
                "fractions",
                (
                    Piece("for"),
                    Piece(f"{ONES[n]} and a half", f"{n}.5|{n} 1/2|{n}½"),
                    Piece(UNITS[unit][0][0], UNITS[unit][1]),
                ),
            )


FAMILIES = (
    labelled,
    points,
    decimals,
    pressures,
    dimensions,
    ranges,
    doses,
    labs,
    levels,
    organs,
    time_words,
    letters,
    ages,
    scores,
    dates,
    times,
    feet,
    eyes,
    counted,
    thousands,
    said_no,
    fractions,
)


@lru_cache(maxsize=2)
def _every(seed: int) -> tuple[Clause, ...]:
    return tuple(clause for family in FAMILIES for clause in family(random.Random(seed)))


def clauses(seed: int = 13) -> list[Clause]:
    """Every clause of every family, always the same ones for a seed."""
    return list(_every(seed))


# --- dictations ---

MARKS = (("period", r"\."), ("comma", ","), ("semicolon", ";"), ("", ""))


_TIGHT = frozenset({",", "/", ":", "%", "x"})
"""Written forms beside which no space need stand; of "to" and "through" the hyphen too."""


def _as_said(piece: Piece) -> str:
    said = re.escape(piece.said).replace(r"\ ", "[ -]")
    return f"(?:{said}|{re.escape(piece.digits)})" if piece.digits is not None else f"(?:{said})"


def _tight(piece: Piece) -> bool:
    first, _, rest = (piece.accept or "").partition("|")
    return first in _TIGHT or (first == "-" and rest in ("to", "through"))


def _pattern(clause: Clause, *, kept: bool) -> str:
    out = ""
    for index, piece in enumerate(clause.pieces):
        if not piece.said:
            continue
        tight = _tight(piece) or (index and _tight(clause.pieces[index - 1]))
        out += ("[ -]?" if tight else "[ -]") * bool(out)
        forms = "|".join(re.escape(form) for form in (piece.accept or "").split("|"))
        if kept or not piece.accept:
            out += _as_said(piece)
        elif _tight(piece):
            out += f"(?:{forms})"
        else:  # one written in words, as house style has small numbers, is right too
            out += f"(?:{forms}|{_as_said(piece)})"
    return out


def _right(clause: Clause) -> str:
    out, glued = "", True
    for piece in clause.pieces:
        if not piece.said:
            continue
        form = piece.accept.split("|")[0] if piece.accept else piece.said
        close = _tight(piece) and form in ("/", "-")
        out += ("" if glued or close or form in (",", ":", "%") else " ") + form
        glued = close
    return out[:1].upper() + out[1:]


def dictation(parts: Iterable[tuple[Clause, str]], style: Style) -> Dictation:
    """``parts`` are clauses, each with the mark word that is said behind it; "" for none."""
    marks = dict(MARKS)
    text, pattern, kept, written = "", "", "", ""
    signs = {"period": ".", "comma": ",", "semicolon": ";", "": ""}
    chosen = list(parts)
    for clause, mark in chosen:
        text += (" " if text else "") + clause.spoken(style) + (f" {mark}" if mark else "")
        lead = r"[ ]" if pattern else ""
        pattern += lead + _pattern(clause, kept=False) + marks[mark]
        written += (" " if written else "") + _right(clause) + signs[mark]
        kept += lead + _pattern(clause, kept=True) + (rf"(?:{marks[mark]}| {mark})" if mark else "")
    if style == "recogniser":
        text = text[:1].upper() + text[1:] + "."
    tail = r"[. ]*"
    # digits are told apart by the recogniser: "day 3 30 mg"
    doubtful = any(
        c.doubtful and (style != "digits" or c.family == "two readings" or c.pieces[0].said == "at one point")
        for c, _ in chosen
    )
    return Dictation(
        text, tuple(clause for clause, _ in chosen), pattern + tail, kept + tail, written, doubtful
    )


@dataclass(slots=True)
class Corpus:
    """So many clauses, in dictations of one to three, over all families and styles."""

    size: int
    seed: int = 13
    dictations: list[Dictation] = field(default_factory=list)

    def __post_init__(self) -> None:
        chance = random.Random(self.seed)
        every = clauses(self.seed)
        chance.shuffle(every)
        stock = itertools.cycle(every)
        made = 0
        while made < self.size:
            count = chance.choice((1, 1, 1, 2, 3))
            style = STYLES[(made + chance.randrange(4)) % 4]
            parts = [
                (next(stock), chance.choice(("period", "comma", "period", "semicolon"))) for _ in range(count)
            ]
            if chance.random() < 0.3:
                parts[-1] = (parts[-1][0], "")
            self.dictations.append(dictation(parts, style))
            made += count
