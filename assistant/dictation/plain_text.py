"""A report as plain text, and text as any file can hold it. Pure."""

import re
from collections.abc import Iterable

_LINE_END = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
SOFT_HYPHEN = "\xad"


def plain_text(sections: Iterable[tuple[str, str]]) -> str:
    """The report of (title, text): a title line over each section that has one, a blank line between sections.

    A section without text is left out. The page has the same rule for when it is without the server
    (``transcript`` in web/selectors.js); tests/data/plain_text.json holds both to it.
    """
    blocks = []
    for title, text in sections:
        heading = " ".join(printable(title).split())
        if written := printable(text).strip():
            blocks.append(f"{heading}:\n{written}" if heading else written)
    return "\n\n".join(blocks)


def printable(text: str) -> str:
    """``text`` with one kind of line end, in characters that every document format can hold. No character is
    dropped: "4<unit separator>5" must not become "45". A separator becomes a space, any other control
    character its name (``[U+0008]``), and a soft hyphen, which most readers hide, a hyphen."""
    text = _LINE_END.sub("\n", text).replace("\x1f", " ").replace(SOFT_HYPHEN, "-")
    return _UNPRINTABLE.sub(lambda match: named(match[0]), text)


def named(character: str) -> str:
    """The replacement for a character that cannot be shown."""
    return f"[U+{ord(character):04X}]"
