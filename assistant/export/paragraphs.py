"""A section's text as paragraphs, list items among them. Pure."""

import re
from dataclasses import dataclass
from typing import Literal

from assistant.dictation.plain_text import printable

_BULLET = re.compile(r"\s*[-•*] +(?=\S)")
_NUMBERED = re.compile(r"\s*\d{1,3}\. +(?=\S)")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """``lines`` are at least one. A bullet's dash is taken off; a number stays, since it was dictated."""

    kind: Literal["text", "bullet", "numbered"]
    lines: tuple[str, ...]


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
