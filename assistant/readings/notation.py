"""Printed numbers, in whichever notation a report has: 1,250.5 or 1.250,5. Pure.

``1.250`` is a little more than one in one country, more than a thousand in another; so is ``1,250``. Which of
them a report means can often be told from its other numbers; where it cannot, it has no value here.
"""

import re
from collections.abc import Iterable
from typing import Literal

Notation = Literal["point", "comma", "unknown"]
"""The decimal mark."""

NUMBER = r"[-+−]?\d(?:[\d.,'’\u00a0\u2009\u202f]*\d)?"
"""A candidate for a number; ``value_of`` decides."""
_PLAIN = re.compile(r"[-+]?\d+")
_DECIMAL = re.compile(r"[-+]?(?:0+[.,]\d+|\d+[.,](?:\d{1,2}|\d{4,})|\d{4,}[.,]\d+)")
"""One sign with other than three digits behind it, or other than one to three before it: decimals."""
_EITHER = re.compile(r"[-+]?[1-9]\d{0,2}[.,]\d{3}")
_GROUPED = re.compile(r"[-+]?[1-9]\d{0,2}(?P<group>[.,'])\d{3}(?:(?P=group)\d{3})*(?:(?P<point>[.,])\d+)?")
_SPACES = re.compile("[’\u00a0\u2009\u202f]")


def notation_of(numbers: Iterable[str]) -> Notation:
    """The notation of one report, from its numbers as printed; ``unknown`` where they say nothing or
    contradict each other."""
    said = {said for number in numbers if (said := _said(_plain(number)))}
    return next(iter(said)) if len(said) == 1 else "unknown"


def value_of(number: str, notation: Notation) -> float | None:
    """None where it is no number, or may be two."""
    text = _plain(number)
    if _PLAIN.fullmatch(text):
        return float(text)
    if _EITHER.fullmatch(text):
        if notation == "unknown":
            return None
        sign = "." if notation == "point" else ","
        return float(text.replace(",", ".") if sign in text else re.sub(r"[.,]", "", text))
    if _DECIMAL.fullmatch(text):
        return float(text.replace(",", "."))
    grouped = _GROUPED.fullmatch(text)
    if grouped is None or grouped["point"] == grouped["group"]:
        return None
    return float(text.replace(grouped["group"], "").replace(",", "."))


def is_ambiguous(number: str) -> bool:
    """Whether it is two different numbers in the two notations."""
    return bool(_EITHER.fullmatch(_plain(number)))


def _plain(number: str) -> str:
    return _SPACES.sub("'", number.strip().replace("−", "-"))


def _said(text: str) -> Notation | None:
    if _DECIMAL.fullmatch(text):
        return "point" if "." in text else "comma"
    grouped = _GROUPED.fullmatch(text)
    if grouped is None or _EITHER.fullmatch(text) or grouped["point"] == grouped["group"]:
        return None
    if grouped["point"]:
        return "point" if grouped["point"] == "." else "comma"
    return {".": "comma", ",": "point"}.get(grouped["group"])  # type: ignore[return-value]
