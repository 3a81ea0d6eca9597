"""Units of measure: spoken to written, behind a number only."""

import re

from assistant.dictation.tokens import table

METRIC = {
    r"milli ?grams?": "mg",
    r"micro ?grams?|µg|μg|ug": "mcg",
    r"nano ?grams?": "ng",
    r"pico ?grams?": "pg",
    r"kilo ?grams?|kgs|kilos?": "kg",
    r"grams?": "g",
    r"milli ?(?:liter|litre)s?|mls?": "mL",
    r"deci ?(?:liter|litre)s?": "dL",
    r"micro ?(?:liter|litre)s?": "mcL",
    r"(?:liter|litre)s?": "L",
    r"milli ?(?:meter|metre)s? (?:of )?mercury|mm ?hg": "mmHg",
    r"(?:centimeter|centimetre)s? (?:of )?water": "cm H2O",
    r"cubic (?:centimeter|centimetre)s?|(?:centimeter|centimetre)s? cubed": "cm3",
    r"square (?:centimeter|centimetre)s?|(?:centimeter|centimetre)s? squared": "cm2",
    r"cubic milli(?:meter|metre)s?": "mm3",
    r"square milli(?:meter|metre)s?": "mm2",
    r"square (?:meter|metre)s?|(?:meter|metre)s? squared": "m2",
    r"centi ?(?:meter|metre)s?": "cm",
    r"milli ?(?:meter|metre)s?": "mm",
    r"kilo ?(?:meter|metre)s?": "km",
    r"(?:meter|metre)s?": "m",
    r"milli ?equivalents?|meqs?": "mEq",
    r"milli ?moles?": "mmol",
    r"micro ?moles?": "mcmol",
    r"milli ?osmoles?": "mOsm",
    r"centi ?grays?": "cGy",
    r"grays?": "Gy",
    r"milli ?curies?": "mCi",
    r"hounsfield units?": "HU",
    r"mega ?hertz": "MHz",
    r"hertz": "Hz",
    r"milli ?seconds?|msecs?": "ms",
    r"milli ?amperes?|milli ?amps?": "mA",
    r"joules?": "J",
    r"degrees? (?:celsius|centigrade|c)|celsius|centigrade": "°C",
    r"degrees? (?:fahrenheit|f)|fahrenheit": "°F",
    r"per ?cent": "%",
}
ALREADY = {
    w.lower(): w
    for w in table(
        "mg mcg ng pg kg g mL dL mcL L mmHg cm mm km m mEq mmol Gy cGy HU MHz ms mA cc cm3 cm2 mm3 m2"
    )
}
PER = {"minute": "min", "hour": "hr", "day": "day", "week": "week", "month": "month", "dose": "dose"}
SPELLED = (
    "international units|units?|tablets?|capsules?|pills?|puffs?|drops?|sprays?|patch(?:es)?|doses?|vials?|"
    "seconds?|minutes?|hours?|days?|weeks?|months?|years?|pounds?|ounces?|feet|foot|inch(?:es)?|"
    "teaspoons?|tablespoons?|times?|beats?|breaths?|pack|packs|degrees?|cycles?|fractions?|"
    "drinks?|cigarettes?|beers?|suppositor(?:y|ies)|liters?|cups?|sets?|g|mg|mm|cm|percent|x|million"
)
NUMBER = r"\d+(?:\.\d+)?"
_ALL = "|".join(METRIC) + "|" + "|".join(sorted(ALREADY, key=len, reverse=True))
_WRITTEN = [(re.compile(spoken, re.I), written) for spoken, written in METRIC.items()]
_DENOMINATOR = "|".join(METRIC) + "|" + "|".join((*ALREADY, *PER))
UNIT = re.compile(
    rf"(?<![\w.])({NUMBER}|million|thousand)(?:(?: ?- ?)(?=[A-Za-z]{{4}})| ?)(?:({_ALL})|((?:international )?units?))"
    rf"((?: per | ?/ ?)(?:{_DENOMINATOR}))?((?: per | ?/ ?)(?:{_DENOMINATOR}))?(?![\w/])",
    re.I,
)
COUNTED = re.compile(rf"(?:{_ALL}|{SPELLED})$", re.I)
"""A word behind which (that is: in front of which) a number is always a measure, a dose or a count."""
_SINGULAR = re.compile(
    r"(?:milligram|microgram|gram|milliliter|liter|milliequivalent|unit|millimeter|centimeter|inch|percent|"
    r"minute|hour|day|week|month|second|degree|french|gauge|calorie|mg|mcg|g|ml|cc|mm|cm|meq|l|%)$",
    re.I,
)
_GOES_ON = frozenset(
    table(
        "a an and are as at be before after by daily during every for from given h id if im in into is it iv "
        "nightly now of on once or over p per po q sc sq subcutaneously intravenously orally tapered the then times "
        "to twice two three was were with x until while"
    )
)
"""Behind a unit these begin something else: what they follow is no name of a thing."""
MEASURED = rf"(?:%|(?:{_ALL}|{SPELLED}|hounsfield|square|cubic)(?![a-z]))"
NOT_MEASURED = rf"(?!\d)(?![ -]?{MEASURED})"
"""Behind a number: no unit follows it."""
DOSE_UNITS = {"mg", "mcg", "g", "mEq", "mL", "units", "unit", "ng", "international units"}
_LAB = re.compile(r"/(?:dL|L|mL|mm3|mcL|m2)$")
_SIZE = re.compile(
    r"(?:volumes?|measur\w+|weigh\w+|mass|size|level|of about) (?:is |of |was |about )*$", re.I
)
_BARE = re.compile(rf"(?<![\w.])({NUMBER}) (tablets?|capsules?|units?|puffs?|drops?)\b", re.I)


def _one(spoken: str) -> str:
    low = spoken.lower().strip()
    if low in ALREADY:
        return ALREADY[low]
    for pattern, written in _WRITTEN:
        if pattern.fullmatch(low):
            return written
    return PER.get(low, low)


def dose(number: str) -> str:
    """Without trailing zeros, with a leading one."""
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return "0" + number if number.startswith(".") else number


def write_units(text: str, *, abbreviate: bool = True) -> str:
    def written(match: re.Match[str]) -> str:
        number, metric, units, *pers = match.groups()
        spelled = match.group(0)
        unit = _one(metric) if metric else units.lower()
        if metric and metric == "L" and "-" in spelled:
            return spelled
        if metric in ("M", "G", "gray") and not any(pers):
            return spelled
        for per in pers:
            if per:
                unit += "/" + _one(re.sub(r"^(?: per | ?/ ?)", "", per, flags=re.I))
        base = unit.split("/")[0]
        if base in DOSE_UNITS and not _LAB.search(unit) and not _SIZE.search(text[: match.start()]):
            number = dose(number)
        if not abbreviate and metric and metric.lower() not in ALREADY and unit not in ("%", "°C", "°F"):
            return number + spelled[len(match.group(1)) :]
        return number + ("%" if unit == "%" else " " + unit)

    text = UNIT.sub(written, text)
    return _BARE.sub(lambda m: f"{dose(m.group(1))} {m.group(2)}", text)


def counts_apart(words: list[str], at: int, *, many: bool = False) -> bool:
    """Whether the unit at ``at`` names the strength or size of things that may have been counted before it.

    "two fifty milligram tablets": 250 mg tablets, or two of 50 mg. ``many``: the things are in the plural.
    """
    at += words[at : at + 1] == ["-"]
    if at + 1 >= len(words) or not _SINGULAR.match(words[at]):
        return False
    thing = words[at + 1]
    if (
        not thing.isalpha()
        or thing in _GOES_ON
        or (COUNTED.match(thing) and not thing.startswith(("tab", "cap", "p")))
    ):
        return False
    if not many:
        return True
    behind = words[at + 1 : at + 5]
    stop = next((i for i, word in enumerate(behind) if not word.isalpha() or word in _GOES_ON), len(behind))
    return any(word.endswith("s") and not word.endswith(("ss", "us", "is")) for word in behind[:stop])
