"""The numbers that a run of number words can say, by the grammar of spoken English. Pure.

A run is every number word in a row, as "three thirty" in "on day three thirty milligrams". Most runs say
one number. Where a name in front takes a number ("day", "segment", "l" of a vertebra), the run says that one
and then another; where it can be cut in two ways, both are given, and the reader is told that there are two.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.proofreading.lexicon import (
    AFTER_LEVEL,
    BARE_LABELS,
    DECADES,
    DIGITS,
    DRUGS,
    FIXED,
    FORMS,
    LABELS,
    MONTHS,
    NOUGHT,
    ORDINALS,
    PARTS,
    POINT,
    POINT_BEFORE,
    POINT_DOUBTFUL,
    SCALES,
    SHARES,
    SPINE,
    TEENS,
    TENS,
    UNIT_WORDS,
)
from assistant.proofreading.tokens import Token, plain

NUMBER_WORDS = DIGITS.keys() | TEENS.keys() | TENS.keys()
STARTS = NUMBER_WORDS | ORDINALS.keys()
_YEARS = frozenset({"in", "since", "from", "of", "year", "until", "before", "after", "through", "circa"})
_TIMES = frozenset({"at", "around", "until", "till"})
_JOINERS = frozenset(
    {"over", "slash", "/", "to", "through", "and", "or", "out", "by", "x", "times", "-", "plus"}
)
SUTURES = frozenset(
    {
        "vicryl",
        "silk",
        "nylon",
        "prolene",
        "monocryl",
        "chromic",
        "ethilon",
        "pds",
        "suture",
        "sutures",
        "gut",
        "fiberwire",
    }
)
_DAYTIME = frozenset({"morning", "afternoon", "evening", "night", "tonight"})
_HALVES = frozenset({"half", "halves"})


@dataclass(frozen=True, slots=True)
class Item:
    """One number word of a run; ``at`` is its place among the tokens of the text."""

    low: str
    at: int
    value: str = ""
    """The value of a numeral."""
    ordinal: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A number of a reading, said in the items ``[first, last)``; ``glue`` may be written in front of it.

    Without a value it is a word of the run that is no number in this reading.
    """

    value: str
    first: int
    last: int
    ordinal: bool = False
    glue: tuple[str, ...] = ()
    over: str = ""
    """The denominator of a fraction."""
    half: bool = False
    """ "And a half" was said behind it."""


Reading = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """``[first, last)`` of the tokens; ``doubt``: more than one of ``readings`` is meant at times."""

    first: int
    last: int
    items: tuple[Item, ...]
    readings: tuple[Reading, ...]
    doubt: bool = False


# --- one number ---


def _tens(items: Sequence[Item], at: int) -> tuple[int, int] | None:
    """Zero to ninety-nine."""
    if at >= len(items):
        return None
    low = items[at].low
    if low in TENS:
        unit = DIGITS.get(items[at + 1].low, 0) if at + 1 < len(items) else 0
        return (TENS[low] + unit, at + 2) if unit else (TENS[low], at + 1)
    value = TEENS.get(low, DIGITS.get(low))
    return None if value is None else (value, at + 1)


def _scaled(items: Sequence[Item], at: int) -> bool:
    return at < len(items) and items[at].low in SCALES


def _hundred(items: Sequence[Item], at: int) -> bool:
    return at < len(items) and items[at].low == "hundred"


def _hundreds(items: Sequence[Item], at: int, *, behind_thousand: bool = False) -> tuple[int, int] | None:
    """Zero to 9999 with "hundred", and without it: "one twenty", "one oh five", "nineteen eighty"."""
    first = _tens(items, at)
    if first is None:
        return None
    value, end = first
    if end < len(items) and items[end].low == "hundred" and value:
        more = end + 2 if end + 1 < len(items) and items[end + 1].low == "and" else end + 1
        rest = _tens(items, more)
        another = behind_thousand and rest is not None and _scaled(items, rest[1])
        if rest and rest[0] and not _hundred(items, rest[1]) and not another:
            return value * 100 + rest[0], rest[1]
        return value * 100, end + 1
    if value:
        if end + 1 < len(items) and items[end].low in NOUGHT and DIGITS.get(items[end + 1].low, 0) >= 1:
            after = items[end + 2].low if end + 2 < len(items) else ""
            if after not in NOUGHT and after not in DIGITS:
                return value * 100 + DIGITS[items[end + 1].low], end + 2
        rest = _tens(items, end)
        if value <= 20 and rest and rest[0] >= 10 and not _hundred(items, rest[1]):
            return value * 100 + rest[0], rest[1]
    return value, end


def _whole(items: Sequence[Item], at: int) -> tuple[str, int] | None:
    """A whole number in digits, as a string since names may begin with a nought."""
    item = items[at]
    if item.value:
        if _scaled(items, at + 1) and "." not in item.value:
            return str(int(item.value) * SCALES[items[at + 1].low]), at + 2
        return item.value, at + 1
    end = at
    while end < len(items) and (items[end].low in DIGITS or items[end].low in NOUGHT):
        end += 1
    after = items[end].low if end < len(items) else ""
    if after in POINT or after in SCALES or after in TENS or after in TEENS:
        end -= 1
    short = end - at == 3 and items[at + 1].low in NOUGHT and items[at].low not in NOUGHT
    if end - at >= 3 and not short:
        return "".join("0" if i.low in NOUGHT else str(DIGITS[i.low]) for i in items[at:end]), end
    nought = item.low in NOUGHT or item.low == "zero"
    if nought and at + 1 < len(items) and items[at + 1].low in DIGITS and not _scaled(items, at + 2):
        return str(DIGITS[items[at + 1].low]), at + 2
    if item.low in NOUGHT:
        if at + 2 < len(items) and items[at + 1].low in DIGITS and items[at + 2].low == "hundred":
            return f"{DIGITS[items[at + 1].low] * 100}", at + 3
        return None
    found = _hundreds(items, at)
    if found is None:
        return None
    value, end = found
    if end < len(items) and items[end].low == "thousand":
        value, end = value * 1000, end + 1
        more = end + 1 if end < len(items) and items[end].low == "and" else end
        rest = _hundreds(items, more, behind_thousand=True) if more < len(items) else None
        if rest and 0 < rest[0] < 1000 and not (rest[1] < len(items) and items[rest[1]].low == "thousand"):
            value, end = value + rest[0], rest[1]
    return str(value), end


def _decimals(items: Sequence[Item], at: int, *, bare: bool) -> tuple[str, int] | None:
    """Digits after "point". ``bare``: nothing stands before the point, so that it is digits or nothing."""
    digits, end = "", at
    while end < len(items) and (items[end].low in DIGITS or items[end].low in NOUGHT):
        digits += "0" if items[end].low in NOUGHT else str(DIGITS[items[end].low])
        end += 1
    if end < len(items) and items[end].low in POINT and len(digits) > 1:
        digits, end = digits[:-1], end - 1  # the last digit begins the next decimal
    if digits:
        return digits, end
    if bare and not (at < len(items) and items[at].value):
        return None
    rest = _tens(items, at)
    if rest and not _scaled(items, rest[1]):
        return str(rest[0]), rest[1]
    if at < len(items) and items[at].value and "." not in items[at].value:
        return items[at].low, at + 1
    return None


def _one(items: Sequence[Item], at: int) -> Part | None:
    """The longest number from ``at``."""
    item = items[at]
    if item.low in ORDINALS or (item.value and item.ordinal):
        return Part(item.value or str(ORDINALS[item.low]), at, at + 1, ordinal=True)
    if item.low in TENS and at + 1 < len(items) and 1 <= ORDINALS.get(items[at + 1].low, 0) <= 9:
        return Part(str(TENS[item.low] + ORDINALS[items[at + 1].low]), at, at + 2, ordinal=True)
    if item.low in POINT:
        after = _decimals(items, at + 1, bare=True)
        return Part(plain(f"0.{after[0]}"), at, after[1]) if after else None
    whole = _whole(items, at)
    if whole is None:
        return None
    value, end = whole
    if end < len(items) and items[end].low in POINT and "." not in value:
        after = _decimals(items, end + 1, bare=False)
        if after:
            return Part(plain(f"{value}.{after[0]}"), at, after[1])
    return Part(value, at, end)


def _greedy(items: Sequence[Item], at: int = 0, *, stop: int | None = None) -> Reading | None:
    """Numbers one behind the other, each as long as it can be; None when a word is no part of a number."""
    end = len(items) if stop is None else stop
    items = items[:end]
    parts: list[Part] = []
    while at < end:
        part = _one(items, at)
        if part is None:
            return None
        parts.append(part)
        at = part.last
    return tuple(parts)


def _single(items: Sequence[Item], first: int, last: int) -> Part | None:
    """The one number that ``items[first:last]`` say; None when they say none or several."""
    reading = _greedy(items, first, stop=last)
    return reading[0] if reading and len(reading) == 1 else None


# --- what a run says where it stands ---


@dataclass(frozen=True, slots=True)
class _Label:
    most: int
    only: frozenset[str] = frozenset()
    bare: bool = False
    letter: str = ""
    pairs: bool = False
    """The letter names the first of two neighbours: "l four five"."""


def _label(tokens: Sequence[Token], first: int) -> _Label | None:
    """The name in front of a run that takes a number."""
    if first == 0:
        return None
    token = tokens[first - 1]
    low = token.low
    if token.kind == "sign" and low in ("-", "#") and first > 1:
        token = tokens[first - 2]
        low = token.low
        first -= 1
    if token.kind != "word":
        return None
    before = tokens[first - 2].low if first > 1 else ""
    letters, at = low, first - 2
    while len(tokens[at + 1].low) <= 3 and at >= 0 and len(tokens[at].low) == 1 and tokens[at].kind == "word":
        letters = tokens[at].low + letters
        at -= 1
    named = f"{before} {low}"
    if named in FIXED:
        return _Label(0, FIXED[named])
    if len(letters) > 1 and letters in FIXED:
        return _Label(0, FIXED[letters], bare=letters == "po")
    if len(letters) == 1 and low in SPINE and not _a_one_c(tokens, first - 1):
        second = before in STARTS or before.isdigit() or (before in ("to", "-", "through") and first > 2)
        return _Label(SPINE[low], letter=low, pairs=not second)
    if len(letters) == 1 and low in FIXED:
        return _Label(0, FIXED[low], bare=True)
    if low == "level" and before not in ("at", "the", "to", "this", "that", "of", "spinal", "vertebral"):
        return None  # of something in the blood
    if low == "day" and before in ("per", "a", "one", "each", "every", "once", "twice"):
        return None
    if low in ("week", "day", "dose") and (
        before in NUMBER_WORDS or before in ("a", "per", "every", "each", "once")
    ):
        return None
    if low in LABELS:
        return _Label(LABELS[low])
    if low in BARE_LABELS and not (low == "fraction" and before in SHARES):
        return _Label(BARE_LABELS[low], bare=True)
    return None


def _a_one_c(tokens: Sequence[Token], at: int) -> bool:
    """Whether the letter at ``at`` is the last of "a one c"."""
    return (
        at > 1 and tokens[at].low == "c" and tokens[at - 1].low in ("one", "1") and tokens[at - 2].low == "a"
    )


def _takes(label: _Label, part: Part) -> bool:
    if part.ordinal or "." in part.value:
        return False
    return part.value in label.only if label.only else 0 <= int(part.value) <= label.most


def _glued(part: Part, *glue: str) -> Part:
    return Part(part.value, part.first, part.last, part.ordinal, glue)


def _unit_follows(tokens: Sequence[Token], last: int) -> bool:
    if last >= len(tokens):
        return False
    low = tokens[last].low
    if low == "-" and last + 1 < len(tokens):
        low = tokens[last + 1].low
    return low in UNIT_WORDS or low == "%"


def _form_follows(tokens: Sequence[Token], last: int) -> bool:
    """A unit and what the dose comes in: "milligram tablets"."""
    return any(token.low in FORMS for token in tokens[last + 1 : last + 3])


def _readings(
    tokens: Sequence[Token], first: int, last: int, items: tuple[Item, ...]
) -> tuple[list[Reading], bool]:
    before = tokens[first - 1].low if first else ""
    plainly = _greedy(items)
    if plainly is None:
        apart = _and_apart("between", items)
        return ([apart], True) if apart else ([], False)
    after = tokens[last].low if last < len(tokens) else ""
    unit = _unit_follows(tokens, last)
    if before in MONTHS:
        return _dates(items, plainly)
    label = _label(tokens, first)
    if (clock := _clock(tokens, last, items)) and not (label and after == "hours"):
        return [*clock, plainly] if len(plainly) == 1 else clock, False
    if (apart := _and_apart(before, items)) is not None:
        return [plainly, apart], True
    if before == "at" and len(items) > 2 and items[0].low == "one" and items[1].low in POINT:
        behind = _greedy(items, 2)
        if behind and len(behind) == 1 and (items[2].low not in DIGITS or len(plainly) > 1):
            return [plainly, (Part("1", 0, 1), Part("", 1, 2), *behind)], True  # "at one point forty percent"
    if not unit and (date := _numeric_date(items)):
        return [date], False
    if label:
        found, doubt = _labelled(label, items, plainly, unit)
        if found:
            return found, doubt
    if _sees(tokens, first) and (eye := _eyes(items)):
        return [eye], False
    if len(plainly) == 1:
        return _alone(tokens, first, last, items, plainly)
    numerals = all(item.value for item in items)
    decimals = sum("." in part.value for part in plainly) >= len(plainly) - 1
    ordinals = any(part.ordinal for part in plainly)
    if len(plainly) == 2 and after in SUTURES:
        return [(plainly[0], _glued(plainly[1], "-"))], False
    counted = (
        len(plainly) == 2 and plainly[0].last == 1 and _hundred(items, 2)
    )  # "two five hundred milligram tablets"
    if decimals or ordinals or counted or (numerals and not unit):
        return [plainly], False
    return [
        plainly,
        tuple(_glued(part, "/", "-", "x", "") if at else part for at, part in enumerate(plainly)),
    ], True


def _two_doses(tokens: Sequence[Token], first: int, last: int, items: tuple[Item, ...]) -> Reading | None:
    """A strength and a count run together: "metoprolol fifty two tablets", "six hundred one tablet"."""
    if len(items) < 2 or last >= len(tokens) or items[-1].low not in DIGITS:
        return None
    after = tokens[last].low
    near = [token.low for token in tokens[max(0, first - 8) : first]]
    single = after in FORMS and not after.endswith("s") and items[-1].low == "one"
    dosed = after in FORMS and bool(near) and near[-1] in DRUGS
    scale = after in ("units", "unit") and near[-1:] == ["to"] and "for" in near  # of insulin
    if not (single or dosed or scale):
        return None
    left, right = _single(items, 0, len(items) - 1), _single(items, len(items) - 1, len(items))
    return (left, right) if left and right else None


def _and_apart(before: str, items: tuple[Item, ...]) -> Reading | None:
    """ "Between two hundred and four hundred": two numbers, where "and" could also go on with one."""
    at = next((k for k, item in enumerate(items) if item.low == "and"), None)
    if at is None or not (before == "between" or any(item.low in SCALES for item in items[at + 1 :])):
        return None
    left, right = _single(items, 0, at), _single(items, at + 1, len(items))
    if left is None or right is None or float(left.value) >= float(right.value):
        return None
    return (left, Part("", at, at + 1), right)


def _alone(
    tokens: Sequence[Token], first: int, last: int, items: tuple[Item, ...], plainly: Reading
) -> tuple[list[Reading], bool]:
    """A run that can be one number: is it only that?"""
    unit = _unit_follows(tokens, last)
    part = plainly[0]
    before = tokens[first - 1].low if first else ""
    after = tokens[last].low if last < len(tokens) else ""
    if (
        part.value.startswith("0")
        and part.value.isdigit()
        and len(part.value) > 2
        and after in ("inch", "in")
    ):
        return [
            plainly,
            (Part(plain(f"0.{part.value}"), part.first, part.last),),
        ], False  # a wire of 0.035 inch
    if (doses := _two_doses(tokens, first, last, items)) is not None:
        return [plainly, doses], True
    if len(items) == 1:
        return [plainly], _thousand_or_decimal(tokens, first, items[0])
    cut = _tens(items, 0)
    if cut is None or part.ordinal or "." in part.value or "hundred" in (i.low for i in items):
        return [plainly], False
    left, at = cut
    rest = _tens(items, at) if at < len(items) else None
    if rest is None or rest[1] != len(items) or left >= 100:
        return [plainly], False  # formal, or "one oh five"
    high, low = Part(str(left), 0, at), Part(str(rest[0]), at, len(items))
    apart: Reading = (high, _glued(low, "/", "-", "x", ":", ""))
    if left >= 10:
        year = 1800 <= left * 100 + rest[0] < 2100
        sure = (
            year and not unit and (before in _YEARS or left in (18, 19) or (left == 20 and 1 <= rest[0] < 30))
        )
        return ([plainly], False) if sure and rest[0] != 20 else ([plainly, apart], True)
    if unit and _form_follows(tokens, last):
        return [plainly, apart], True
    if "o'clock" in {token.low for token in tokens[last : last + 4]}:
        return [plainly, apart], True  # "at two twelve and five o'clock"
    told = {token.low for token in tokens[last : last + 3]} & _DAYTIME
    if (before in _TIMES or told) and not unit and rest[0] < 60 and after not in _JOINERS:
        return [plainly, apart], True
    return [plainly], False


def _labelled(
    label: _Label, items: tuple[Item, ...], plainly: Reading, unit: bool
) -> tuple[list[Reading], bool]:
    whole = plainly if len(plainly) == 1 else None
    if whole and not unit and _takes(label, whole[0]):
        if label.pairs and len(items) == 2 and _next(label.letter, items):
            return [_pair(label.letter, items, ())], False
        return [whole], False
    found: list[Reading] = []
    for cut in range(1, len(items)):
        if items[cut - 1].low in POINT:
            break
        name = _single(items, 0, cut)
        if (
            name is None
            or not _takes(label, name)
            or items[cut].low in NOUGHT
            or items[cut - 1].low in NOUGHT
        ):
            continue
        rest = _greedy(items, cut)
        if rest is None:
            continue
        if label.pairs and _next(label.letter, items[:2]) and cut == 1:
            more = _greedy(items, 2) if len(items) > 2 else ()
            if more == () and not unit:
                return [_pair(label.letter, items, ())], False
            if more is not None and (not unit or len(more) == 1):
                found.append(_pair(label.letter, items, more))
        if (name.value, rest[0].value) == ("19", "9") and label.only:
            rest = (_glued(rest[0], "-", ""), *rest[1:])  # CA 19-9
        if not unit or len(rest) == 1 or label.only:
            found.append((name, *rest))
    decimal_cut = [reading for reading in found if items[reading[-1].first].low in POINT]
    found = [reading for reading in found if reading not in decimal_cut or len(reading[0].value) < 4] or found
    if whole and (not found or label.bare or not (unit or label.only)):
        found.append(whole)
    return found, len(found) > 1 or found[:1] == decimal_cut[:1] != []


def _next(letter: str, items: Sequence[Item]) -> bool:
    """ "Four five" behind "l": two neighbours of the spine."""
    numbers = [
        DIGITS.get(item.low, TEENS.get(item.low)) or (int(item.value) if item.value.isdigit() else None)
        for item in items
    ]
    if len(numbers) < 2 or None in numbers:
        return False
    one, two = numbers[:2]
    assert one is not None and two is not None
    return two == one + 1 or (one == AFTER_LEVEL[letter] and two == 1)


def _pair(letter: str, items: tuple[Item, ...], more: Reading) -> Reading:
    first, second = _single(items, 0, 1), _single(items, 1, 2)
    assert first and second
    return (first, _glued(second, "-", f"-{letter}", "/", f"/{letter}", "–", ""), *more)


def _dates(items: tuple[Item, ...], plainly: Reading) -> tuple[list[Reading], bool]:
    """Behind a month: a day, a year, or both."""
    found: list[Reading] = []
    for cut in range(1, len(items) + 1):
        day = _single(items, 0, cut)
        if day is None or "." in day.value or not 1 <= int(day.value) <= 31:
            continue
        if cut == len(items):
            found.append((day,))
            continue
        year = _single(items, cut, len(items))
        if year and not year.ordinal and "." not in year.value and 1800 <= int(year.value) < 2200:
            found.append((day, _glued(year, ",", "")))
    if len(plainly) == 1 and "." not in plainly[0].value and 1800 <= int(plainly[0].value) < 2200:
        return [plainly], False
    return (found or [plainly]), len(found) > 1


def _clock(tokens: Sequence[Token], last: int, items: tuple[Item, ...]) -> list[Reading]:
    """Before "a m", "o'clock" or "hours": an hour and minutes."""
    tail = [token.low for token in tokens[last : last + 4] if token.low != "."]
    half = tail[:1] and (tail[0] in ("am", "pm") or (tail[0] in ("a", "p") and tail[1:2] == ["m"]))
    if half or tail[:1] == ["o'clock"] or tail[:2] == ["o", "clock"]:
        whole = _single(items, 0, len(items))
        if whole and len(items) == 1 and not whole.ordinal and int(float(whole.value)) <= 12:
            return [(Part(whole.value, 0, 1), Part("0", 1, 1, glue=(":",))), (whole,)]
        return _hour_and_minute(items, 12)
    if tail[:1] == ["hours"]:
        if items[-1].low == "hundred":
            hour = _single(items, 0, len(items) - 1)
            if hour and "." not in hour.value and 10 <= int(hour.value) <= 24 and len(items) <= 3:
                return [(hour, Part("0", len(items) - 1, len(items), glue=(":",)))]
            nought = items[0].low in NOUGHT or items[0].low == "zero"
            if nought and len(items) == 3 and items[1].low in DIGITS:
                return [(Part(str(DIGITS[items[1].low]), 0, 2), Part("0", 2, 3, glue=(":",)))]
        elif items[0].low in TEENS or items[0].low == "twenty" or items[0].low in NOUGHT:
            return _hour_and_minute(items, 23)
    return []


def _hour_and_minute(items: tuple[Item, ...], most: int) -> list[Reading]:
    for cut in range(1, len(items)):
        hour, minute = _single(items, 0, cut), _single(items, cut, len(items))
        if hour and minute and "." not in hour.value + minute.value and int(hour.value) <= most:
            two = int(minute.value) >= 10 or items[cut].low in NOUGHT or items[cut].low == "zero"
            if two and int(minute.value) < 60:
                return [(hour, _glued(minute, ":"))]
    return []


def _sees(tokens: Sequence[Token], first: int) -> bool:
    near = {token.low for token in tokens[max(0, first - 12) : first]}
    eye = "".join(token.low for token in tokens[max(0, first - 2) : first])
    return bool(near & {"acuity", "vision", "snellen"}) or eye.endswith(("od", "os", "ou"))


def _eyes(items: tuple[Item, ...]) -> Reading | None:
    """ "Twenty forty": what is seen at twenty feet."""
    if items and (items[0].low == "twenty" or items[0].value == "20"):
        low = _single(items, 1, len(items)) if len(items) > 1 else None
        if low and "." not in low.value and 10 <= int(low.value) <= 800:
            return (Part("20", 0, 1), _glued(low, "/"))
    return None


def _numeric_date(items: tuple[Item, ...]) -> Reading | None:
    """ "Ten twelve twenty twenty three": a month, a day and a year."""
    if len(items) < 3:
        return None
    for one in range(1, min(4, len(items) - 1)):
        month = _single(items, 0, one)
        if month is None or "." in month.value or month.ordinal or not 1 <= int(month.value) <= 12:
            continue
        for two in range(one + 1, min(one + 4, len(items))):
            day, year = _single(items, one, two), _single(items, two, len(items))
            if day is None or year is None or "." in day.value + year.value or year.ordinal:
                continue
            if 1 <= int(day.value) <= 31 and 1900 <= int(year.value) < 2200 and len(year.value) == 4:
                return (month, _glued(day, "/", "-"), _glued(year, "/", "-"))
    return None


def _thousand_or_decimal(tokens: Sequence[Token], first: int, item: Item) -> bool:
    """ "1.250", as some recognisers write a thousand and some a decimal."""
    whole, point, fraction = item.low.partition(".")
    if not (item.value and point and len(fraction) == 3 and whole.strip("0") and len(whole) <= 3):
        return False
    near = {token.low for token in tokens[max(0, first - 4) : first]}
    return "gravity" not in near and item.low != "3.375"


# --- where runs are ---


def runs(tokens: Sequence[Token]) -> dict[int, Run]:
    """Every run of number words, by the place of its first token."""
    found: dict[int, Run] = {}
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if not (token.kind == "numeral" or token.low in STARTS or token.low in POINT or token.low in NOUGHT):
            at += 1
            continue
        last, items, noun = _extent(tokens, at)
        if not items:
            at = max(last, at + 1)
            continue
        found.update(_cut(tokens, at, last, items, noun))
        at = last
    return found


def _cut(
    tokens: Sequence[Token], first: int, last: int, items: tuple[Item, ...], noun: bool
) -> dict[int, Run]:
    fraction = _fraction(tokens, first, last, items)
    if fraction:
        return {first: fraction}
    readings, doubt = _readings(tokens, first, last, items)
    return {first: Run(first, last, items, tuple(dict.fromkeys(readings)), doubt or noun)}


def _fraction(tokens: Sequence[Token], first: int, last: int, items: tuple[Item, ...]) -> Run | None:
    """ "Two thirds", "one and three quarters", "two and a half"."""
    ahead = [
        at
        for at in range(last, min(last + 6, len(tokens)))
        if not (tokens[at].low == "-" and tokens[at].glued)
    ]
    low = [tokens[at].low for at in ahead[:3]]
    whole = _single(items, 0, len(items))
    if (
        low[:1]
        and low[0] in PARTS
        and low[0] not in ORDINALS
        and whole
        and len(items) == 1
        and not whole.ordinal
    ):
        end = ahead[0] + 1
        part = Part(whole.value, 0, 1, over=str(PARTS[low[0]]))
        return Run(first, end, items, ((part,),))
    if len(low) == 3 and low[0] == "and" and low[1] in ("a", "one") and low[2] in _HALVES and whole:
        if "." in whole.value or whole.ordinal:
            return None
        return Run(first, ahead[2] + 1, items, ((Part(whole.value, 0, len(items), half=True),),))
    mixed = low[:1] == ["and"] and len(low) == 3 and low[2] in PARTS and low[1] in DIGITS
    if mixed and whole and "." not in whole.value and not whole.ordinal:
        more = (Item("and", ahead[0]), Item(low[1], ahead[1]))
        top = Part(str(DIGITS[low[1]]), len(items) + 1, len(items) + 2, over=str(PARTS[low[2]]))
        return Run(first, ahead[2] + 1, (*items, *more), ((whole, top),))
    if len(items) == 2 and items[1].low in PARTS and items[0].low in DIGITS and items[0].low != "zero":
        part = Part(str(DIGITS[items[0].low]), 0, 2, over=str(PARTS[items[1].low]))
        ordinal = _greedy(items) or ()
        return Run(first, last, items, ((part,), ordinal))
    return None


def _extent(tokens: Sequence[Token], at: int) -> tuple[int, tuple[Item, ...], bool]:
    """End of the run from ``at``, its words, and whether a "point" in front of it may belong to it."""
    first, noun = at, False
    if tokens[at].low in POINT:
        follow = _behind(tokens, at)
        if follow is None or not (follow.low in DIGITS or follow.low in NOUGHT or follow.kind == "numeral"):
            return at + 1, (), False
        if _point_is_noun(tokens, at):
            return at + 1, (), False
    if tokens[at].low in NOUGHT:
        follow = tokens[at + 1] if at + 1 < len(tokens) else None
        spelled = (
            at > 0
            and tokens[at - 1].kind == "word"
            and len(tokens[at - 1].low) <= 3
            and tokens[at].low == "o"
        )
        if spelled or follow is None or follow.low not in NUMBER_WORDS:
            return at + 1, (), False
    if tokens[at].kind == "numeral" and tokens[at].glued and at and tokens[at - 1].kind == "word":
        return at + 1, (Item(tokens[at].low, at, tokens[at].value, tokens[at].ordinal),), False  # T2, SpO2
    items: list[Item] = []
    while at < len(tokens):
        token = tokens[at]
        low = token.low
        if token.kind == "numeral":
            items.append(Item(low, at, token.value, token.ordinal))
        elif _is_number_word(tokens, at, first, items):
            items.append(Item(low, at))
        elif not items or not (_joins(tokens, at, items) or _braces_point(tokens, at)):
            break
        at += 1
    while items and (items[-1].low in ("and", "-") or items[-1].low in POINT):
        items.pop()
    if not items:
        return first + 1, (), False
    end = items[-1].at + 1
    early = tokens[first - 1] if first else None
    noun = (
        early is not None
        and early.low in POINT
        and first > 1
        and all(item.low in DIGITS for item in items)
        and tokens[first - 2].low in POINT_DOUBTFUL
    )
    return end, tuple(items), noun


def _is_number_word(tokens: Sequence[Token], at: int, first: int, items: list[Item]) -> bool:
    """Whether the word at ``at`` goes on in a run of ``items`` that begins at ``first``."""
    low = tokens[at].low
    if low in SCALES:
        return bool(items) and items[-1].low not in ORDINALS
    if low in POINT:
        return at == first or _goes_on(tokens, at, items)
    if low in NOUGHT:
        return at == first or items[-1].low in POINT or _next_is(tokens, at, NUMBER_WORDS | NOUGHT)
    if low == "and":
        return bool(items) and items[-1].low in SCALES and _next_is(tokens, at, NUMBER_WORDS)
    return low in STARTS


def _behind(tokens: Sequence[Token], at: int) -> Token | None:
    """The token behind ``at``, over a hyphen that joins the two."""
    follow = at + 1
    if follow < len(tokens) and tokens[follow].low in ("-", "}") and tokens[follow].glued:
        follow += 1
    return tokens[follow] if follow < len(tokens) else None


def _braces_point(tokens: Sequence[Token], at: int) -> bool:
    """The braces of ``{decimal}`` in a number."""
    if tokens[at].low not in ("{", "}"):
        return False
    beside = at + 1 if tokens[at].low == "{" else at - 1
    return 0 <= beside < len(tokens) and tokens[beside].low in POINT


def _joins(tokens: Sequence[Token], at: int, items: list[Item]) -> bool:
    """A hyphen inside a number, as recognisers write it: "one-thirty-two", "three-point-eight"."""
    if tokens[at].low != "-" or not tokens[at].glued:
        return False
    follow = tokens[at + 1] if at + 1 < len(tokens) else None
    if follow is None or not follow.glued or follow.kind == "numeral" or items[-1].value:
        return False
    if follow.low in POINT:
        return _goes_on(tokens, at + 1, items)
    return follow.low in STARTS or follow.low in SCALES or follow.low in NOUGHT or follow.low == "and"


def _next_is(tokens: Sequence[Token], at: int, words: frozenset[str] | set[str]) -> bool:
    follow = _behind(tokens, at)
    return follow is not None and follow.low in words


def _goes_on(tokens: Sequence[Token], at: int, items: list[Item]) -> bool:
    """Whether a "point" behind a number is the point in it."""
    if not items or items[-1].low in ORDINALS or (items[-1].value and "." in items[-1].low):
        return False
    follow = _behind(tokens, at)
    if follow is None:
        return False
    if follow.low in DIGITS and at + 2 < len(tokens) and tokens[at + 2].low == "hundred":
        return False  # "at one point one hundred twenty": no decimal goes on so
    return (
        follow.low in NUMBER_WORDS
        or follow.low in NOUGHT
        or (follow.kind == "numeral" and "." not in follow.low)
    )


def _point_is_noun(tokens: Sequence[Token], at: int) -> bool:
    if at == 0:
        return False
    low = tokens[at - 1].low
    return low in POINT_BEFORE or low.endswith(("'s", "s'"))


def decade(low: str) -> str | None:
    return DECADES.get(low)
