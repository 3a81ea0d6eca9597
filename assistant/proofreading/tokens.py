"""Words, numerals and signs of a text, each with its place. Pure."""

import re
from typing import Literal, NamedTuple

Kind = Literal["word", "numeral", "sign"]

_TOKEN = re.compile(
    r"(?P<numeral>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|(?<![\w.])\.\d+)(?P<th>(?:st|nd|rd|th)(?![A-Za-z]))?"
    r"|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*)"
    r"|\n|\S"
)
_UNHEARD = re.compile(r"</s>|[\ue000-\uf8ff]")


class Token(NamedTuple):
    """``text[start:end]``. ``glued``: nothing stands between it and the token before."""

    low: str
    start: int
    end: int
    kind: Kind
    glued: bool
    value: str = ""
    """The value of a numeral: see :func:`plain`."""
    ordinal: bool = False
    upper: bool = False
    """In capitals, but for the last letter at most ("Xa")."""


def plain(number: str) -> str:
    """A number without what does not change its value: ``12,000`` → ``12000``, ``.50`` → ``0.5``, ``02`` → 2.

    Zeros in front of three digits and more are part of a name ("007").
    """
    number = number.replace(",", "")
    if "." in number:
        whole, fraction = number.split(".")
        fraction = fraction.rstrip("0")
        whole = whole.lstrip("0") or "0"
        return f"{whole}.{fraction}" if fraction else whole
    if len(number) > 2 and number[0] == "0" and number.strip("0"):
        return number
    return number.lstrip("0") or "0"


def tokens(text: str) -> list[Token]:
    """Marks of the recogniser that nobody hears (``</s>``) are left out; places are those in ``text``."""
    if max(text, default="") >= "\ue000" or "</s>" in text:
        text = _UNHEARD.sub(lambda match: " " * len(match[0]), text)
    found: list[Token] = []
    last = 0
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        raw = match[0]
        glued = start == last and start > 0
        if match["numeral"]:
            value = plain(match["numeral"])
            found.append(Token(raw.lower(), start, end, "numeral", glued, value, match["th"] is not None))
        elif match["word"]:
            low = raw.lower().replace("’", "'")
            found.append(Token(low, start, end, "word", glued, upper=raw.isupper() or raw[:-1].isupper()))
        else:
            found.append(Token(raw, start, end, "sign", glued))
        last = end
    return found
