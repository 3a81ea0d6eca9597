"""Ways in which a formatter could be wrong: each takes a right written text and breaks one thing in it."""

import random
import re
from collections.abc import Callable, Iterator
from itertools import pairwise

_TOKEN = re.compile(r"\d+(?:\.\d+)?|[A-Za-z]+(?:'[a-z]+)?|%")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\d)")
_UNITS = (
    "mg",
    "mcg",
    "g",
    "kg",
    "mL",
    "L",
    "mm",
    "cm",
    "mEq",
    "mmHg",
    "units",
    "hours",
    "days",
    "weeks",
    "%",
    "HU",
)
_SWAPS: tuple[tuple[str, ...], ...] = (
    ("left", "right"),
    ("kidney", "liver", "spleen", "lung", "colon"),
    ("day", "week", "dose", "image"),
    ("segment", "grade", "type", "stage"),
    ("man", "woman"),
    ("daily", "hourly", "weekly"),
    ("no", "new"),
    ("denies", "reports"),
    ("with", "without"),
    ("L", "C", "T"),
    ("AM", "PM"),
    ("II", "III"),
    ("January", "June", "July"),
    ("over", "under"),
    ("year", "month"),
    ("metoprolol", "metformin", "methadone", "metolazone"),
    ("prednisone", "prednisolone", "morphine", "hydromorphone"),
    ("labetalol", "lisinopril", "heparin", "insulin", "warfarin"),
    ("vancomycin", "ceftriaxone", "ketorolac", "apixaban"),
)

Mutation = Callable[[str, random.Random], Iterator[str]]


def _replaced(text: str, match: re.Match[str], new: str) -> str:
    return text[: match.start()] + new + text[match.end() :]


def drop_token(text: str, chance: random.Random) -> Iterator[str]:
    for match in _TOKEN.finditer(text):
        yield " ".join(_replaced(text, match, "").split())


def repeat_token(text: str, chance: random.Random) -> Iterator[str]:
    for match in _TOKEN.finditer(text):
        yield _replaced(text, match, f"{match[0]} {match[0]}")


def swap_tokens(text: str, chance: random.Random) -> Iterator[str]:
    found = list(_TOKEN.finditer(text))
    for one, two in pairwise(found):
        if one[0].lower() != two[0].lower():
            between = text[one.end() : two.start()]
            yield text[: one.start()] + two[0] + between + one[0] + text[two.end() :]


def join_numbers(text: str, chance: random.Random) -> Iterator[str]:
    for match in re.finditer(r"(?<=\d)[ ,/-]+(?=\d)", text):
        yield _replaced(text, match, "")
        if "." not in text[match.end() :].split(maxsplit=1)[0]:
            yield _replaced(text, match, ".")


def split_number(text: str, chance: random.Random) -> Iterator[str]:
    for match in re.finditer(r"(?<![\d.])\d{2,}(?![\d.]*\d)", text):
        at = chance.randrange(1, len(match[0]))
        yield _replaced(text, match, f"{match[0][:at]} {match[0][at:]}")
        yield _replaced(text, match, f"{match[0][:at]}.{match[0][at:]}")


def other_digit(text: str, chance: random.Random) -> Iterator[str]:
    for match in re.finditer(r"\d", text):
        yield _replaced(text, match, str((int(match[0]) + chance.randrange(1, 10)) % 10))


def move_point(text: str, chance: random.Random) -> Iterator[str]:
    for match in re.finditer(r"(\d+)\.(\d+)", text):
        whole, fraction = match.groups()
        yield _replaced(text, match, whole + fraction)
        yield _replaced(text, match, f"{whole}{fraction[0]}.{fraction[1:] or '0'}")
        if len(whole) > 1:
            yield _replaced(text, match, f"{whole[:-1]}.{whole[-1]}{fraction}")


def times_ten(text: str, chance: random.Random) -> Iterator[str]:
    for match in _NUMBER.finditer(text):
        if "." not in match[0]:
            yield _replaced(text, match, match[0] + "0")
            yield _replaced(text, match, "0." + match[0])


def negate_number(text: str, chance: random.Random) -> Iterator[str]:
    for match in _NUMBER.finditer(text):
        if match.start() == 0 or text[match.start() - 1] == " ":
            yield _replaced(text, match, "-" + match[0])


def other_unit(text: str, chance: random.Random) -> Iterator[str]:
    for match in re.finditer(r"(?<=\d) ?([A-Za-z]+|%)", text):
        if match[1] in _UNITS:
            yield _replaced(text, match, " " + chance.choice([u for u in _UNITS if u != match[1]]))


def other_word(text: str, chance: random.Random) -> Iterator[str]:
    for match in _TOKEN.finditer(text):
        for group in _SWAPS:
            if match[0] in group or match[0].lower() in group:
                low = match[0] if match[0] in group else match[0].lower()
                yield _replaced(text, match, chance.choice([w for w in group if w != low]))


def add_negation(text: str, chance: random.Random) -> Iterator[str]:
    for match in re.finditer(r" (?=[a-z])", text):
        yield _replaced(text, match, chance.choice((" no ", " not ", " without ")))


def add_mark(text: str, chance: random.Random) -> Iterator[str]:
    for match in re.finditer(r"(?<=[a-z]) (?=[a-z])", text):
        yield _replaced(text, match, chance.choice((". ", ", ", ": ", "\n", "? ")))


def dash_for_space(text: str, chance: random.Random) -> Iterator[str]:
    for match in re.finditer(r"(?<=\d) (?=\d)", text):
        yield _replaced(text, match, chance.choice(("-", "/", " x ", ", ")))


def other_sign(text: str, chance: random.Random) -> Iterator[str]:
    for match in re.finditer(r"(?<=\d)[-/:](?=[\dA-Z])|(?<=\d) x (?=\d)", text):
        yield _replaced(text, match, chance.choice([s for s in ("-", "/", ":", "+", " x ") if s != match[0]]))


MUTATIONS: dict[str, Mutation] = {
    each.__name__: each
    for each in (
        drop_token, repeat_token, swap_tokens, join_numbers, split_number, other_digit, move_point, times_ten,
        negate_number, other_unit, other_word, add_negation, add_mark, dash_for_space, other_sign,
    )
}  # fmt: skip


def mutants(text: str, chance: random.Random, most: int = 3) -> Iterator[tuple[str, str]]:
    """The kind of each mutation of ``text``, and the broken text; of each kind at most so many."""
    for name, mutation in MUTATIONS.items():
        found = [broken for broken in mutation(text, chance) if broken.lower() != text.lower()]
        for broken in chance.sample(found, min(most, len(found))):
            yield name, broken
