"""A section's text as paragraphs, list items among them. Pure."""

import re
from dataclasses import dataclass
from typing import Literal

_BULLET = re.compile(r"\s*[-•*] +(?=\S)")
_NUMBERED = re.compile(r"\s*\d{1,3}\. +(?=\S)")
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
SOFT_HYPHEN = "\xad"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """``lines`` are at least one. A bullet's dash is taken off; a number stays, since it was dictated."""

    kind: Literal["text", "bullet", "numbered"]
    lines: tuple[str, ...]


def printable(text: str) -> str:
    """``text`` with one kind of line end, in characters that every document format can hold. No character is
    dropped: "4<unit separator>5" must not become "45". A separator becomes a space, any other control
    character its name (``[U+0008]``), and a soft hyphen, which most readers hide, a hyphen."""
    text = _LINE_END.sub("\n", text).replace("\x1f", " ").replace(SOFT_HYPHEN, "-")
    return _UNPRINTABLE.sub(lambda match: named(match[0]), text)


def named(character: str) -> str:
    """What stands for a character that cannot be shown."""
    return f"[U+{ord(character):04X}]"


def paragraphs(text: str) -> list[Paragraph]:
    """Blank lines divide paragraphs; every list item is one of its own."""
    found: list[Paragraph] = []
    running: list[str] = []

    def close() -> None:
        if running:
            found.append(Paragraph("text", tuple(running)))
            running.clear()

    for line in printable(text).split("\n"):
        if not line.strip():
            close()
        elif bullet := _BULLET.match(line):
            close()
            found.append(Paragraph("bullet", (line[bullet.end() :].rstrip(),)))
        elif _NUMBERED.match(line):
            close()
            found.append(Paragraph("numbered", (line.strip(),)))
        else:
            running.append(line.strip())
    close()
    return found
