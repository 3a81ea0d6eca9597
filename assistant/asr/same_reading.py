"""Whether two spellings are read aloud alike, as "25 mg" and "twenty-five milligrams" are. Pure."""

import re

ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
NUMBER_WORDS = frozenset([*ONES, *TENS, "hundred", "thousand"])
UNITS = {
    "mg": "milligram", "mcg": "microgram", "g": "gram", "kg": "kilogram", "ml": "milliliter", "l": "liter",
    "mm": "millimeter", "cm": "centimeter", "m": "meter", "%": "percent", "hrs": "hour", "hr": "hour",
    "dr": "doctor", "mr": "mister", "mrs": "missus", "ok": "okay", "st": "saint", "vs": "versus",
}  # fmt: skip
_PART = re.compile(r"\d+|%|[^\W\d_]+")


def says_the_same(one: str, other: str) -> bool:
    """Also where one is the beginning of a number that the other writes whole ("25", "twenty")."""
    a, b = spoken(one), spoken(other)
    shorter, longer = sorted((a, b), key=len)
    begins = longer[: len(shorter)] == shorter and bool(shorter) and all(map(_is_number, longer))
    return "".join(a) == "".join(b) or begins


def spoken(text: str) -> list[str]:
    """In lower case, numbers and units in words, without punctuation, plural and hyphens of units."""
    words: list[str] = []
    for part in _PART.findall(text.lower().replace("'", "").replace("\u2019", "")):
        if part.isdigit():
            words += _number(int(part)) if len(part) <= 6 else [ONES[int(digit)] for digit in part]
        else:
            word = UNITS.get(part, part)
            words.append(word[:-1] if word[:-1] in UNITS.values() and word.endswith("s") else word)
    return [word for word in words if word not in ("hundred", "and")]


def _is_number(word: str) -> bool:
    return word in NUMBER_WORDS


def _number(n: int) -> list[str]:
    if n < 20:
        return [ONES[n]]
    if n < 100:
        return [TENS[n // 10 - 2], *(_number(n % 10) if n % 10 else [])]
    if n < 1000:
        return [*_number(n // 100), *(_number(n % 100) if n % 100 else [])]
    return [*_number(n // 1000), "thousand", *(_number(n % 1000) if n % 1000 else [])]
