"""Words of a text with what stands between them, and the private characters the passes talk in."""

import re
from dataclasses import dataclass

TOKEN = re.compile(r"(\d+(?:\.\d+)?|[A-Za-z]+(?:['’][A-Za-z]+)*|[^\sA-Za-z\d])(\s*)")

# A spoken mark is one private character until the marks are placed, so that it is never mistaken
# for one the recogniser put there by itself.
MARKS = {
    ".": "\ue001",
    ",": "\ue002",
    ":": "\ue003",
    ";": "\ue004",
    "?": "\ue005",
    "!": "\ue006",
    "\n": "\ue007",
    "\n\n": "\ue008",
    "(": "\ue009",
    ")": "\ue00a",
    "[": "\ue00b",
    "]": "\ue00c",
    "open quote": "\ue00d",
    "close quote": "\ue00e",
    "-": "\ue00f",
    "dash": "\ue010",
    "/": "\ue011",
    "bullet": "\ue012",
    "...": "\ue013",
    "&": "\ue014",
}
PRIVATE = re.compile("[\ue000-\uf8ff]")
HELD = 0xE100
"""First of the characters that stand for markers nobody knows."""


_AROUND = re.compile(r"\{[^{}]*\}|(?<![^\W_])[^\w\s']|[^\w\s'](?![^\W_])|_")


def plain(heard: str) -> str:
    """``heard`` without the marks around its words: "Select 5.2 cm." → "Select 5.2 cm"."""
    return " ".join(_AROUND.sub(" ", heard.replace("’", "'")).split())


@dataclass(slots=True)
class Token:
    """One word, number or sign, and the white space after it."""

    text: str
    space: str

    @property
    def low(self) -> str:
        return self.text.lower()


def split(text: str) -> list[Token]:
    return [Token(word, space) for word, space in TOKEN.findall(text)]


def join(tokens: list[Token]) -> str:
    return "".join(token.text + token.space for token in tokens)


def table(text: str, separator: str | None = None) -> list[str]:
    """A table kept on few lines."""
    return text.split(separator)
