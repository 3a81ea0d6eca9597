""" "Literal scratch that", "literal period": the words themselves, whatever they would do without it. Pure."""

import re
from dataclasses import replace

from assistant.dictation.grammar import command_of
from assistant.dictation.punctuation import SPOKEN
from assistant.dictation.written import Written, inside

_BEGINS = re.compile(r"\s*literal(?:ly)?[\s,]+(?=\w)", re.I)
_MARK = re.compile(
    r"\bliteral[\s,]+(" + "|".join(sorted(map(re.escape, SPOKEN), key=len, reverse=True)) + r")\b[.,]?", re.I
)
_HELD = re.compile(r"\{literal (\d+)\}")


def begins(heard: str) -> bool:
    """Whether the whole utterance is the words of a command, not the command."""
    match = _BEGINS.match(heard)
    return match is not None and command_of(heard[match.end() :]) is not None


def hold(heard: str) -> tuple[str, list[str]]:
    """``heard`` with a marker, which formatting keeps, in the place of each literal; and what they stand for."""
    kept: list[str] = []

    def held(words: str) -> str:
        kept.append(words)
        return f"{{literal {len(kept) - 1}}}"

    match = _BEGINS.match(heard)
    if match and begins(heard):
        return held(heard[match.end() :].rstrip(" .")), kept
    return _MARK.sub(lambda match: held(match[1].lower()), heard), kept


def put_back(written: Written, kept: list[str], *, continues: bool) -> Written:
    """``written`` with the words in their places, a capital where a sentence starts with them."""
    if not kept:
        return written

    def words(match: re.Match[str]) -> str:
        text = kept[int(match[1])] if int(match[1]) < len(kept) else match[0]
        before = match.string[: match.start()].rstrip(" ")
        starts = not continues if not before else before[-1] in ".?!\n"
        return text[:1].upper() + text[1:] if starts else text

    out, at = "", 0
    moved: list[tuple[int, int]] = []  # where each literal ended, and by how much it moved what is behind
    for match in _HELD.finditer(written.text):
        out += written.text[at : match.start()] + words(match)
        at = match.end()
        moved.append((at, len(out) - at))
    out += written.text[at:]

    def place(offset: int) -> int:
        return offset + next((by for end, by in reversed(moved) if end <= offset), 0)

    marks = (replace(mark, start=place(mark.start), end=place(mark.end)) for mark in written.marks)
    return Written(out, inside(marks, len(out)))
