"""Places in a text: words, sentences, lines, paragraphs, and spoken words. Pure."""

import re
from collections.abc import Callable, Iterator

from assistant.dictation.document import Document, Position, Range

_WORD = re.compile(r"\S+")
_SENTENCE = re.compile(r"[^\s](?:[^\n.?!]|[.?!](?!\s|$))*[.?!]*[\")\]]*")
_LINE = re.compile(r"[^\n]+")
_PARAGRAPH = re.compile(r"[^\n](?:[^\n]|\n(?!\s*\n))*")
_UNITS = {"word": _WORD, "sentence": _SENTENCE, "line": _LINE, "paragraph": _PARAGRAPH}

_WHOLE = re.compile(r"(?:(?<![^\s(\[])[<>≤≥±~#$€£+−-]+)?\w+(?:[.,:'’/+°^×−-]+\w+)*[%°²³]*")
"""Dictated words are put into none of these: a word, with its hyphens, or a number, with its sign and point."""

Span = tuple[int, int]


def spans(text: str, unit: str) -> list[Span]:
    return [match.span() for match in _UNITS[unit].finditer(text)]


def unit_at(text: str, offset: int, unit: str, which: str, count: int = 1) -> Span | None:
    """``count`` units before (last), at (this) or behind (next) ``offset``; None where there are none.

    The last one is that in which ``offset`` stands, if it stands behind its beginning.
    """
    every = spans(text, unit)
    if which == "this":
        every = [span for span in every if span[0] <= offset <= span[1]] or every[-1:]
        return every[0] if every else None
    if which == "next":
        found = [span for span in every if span[0] >= offset][:count]
    else:
        found = [span for span in every if span[0] < offset][-count:]
    return (found[0][0], found[-1][1]) if found else None


def off_word(document: Document) -> Document:
    """With the cursor at an edge of the word that it is in: the nearer one at which no other place is held.

    A place that is held in the word or at its end belongs to someone who types that word: words said before come
    before it.
    """
    at = document.cursor
    if document.selected:
        return document
    text = document.section(at.section_id).text
    start = end = at.offset  # no word has a space in it: what is far away is not looked at
    while start and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    every = (each.span() for each in _WHOLE.finditer(text, start, end))
    word = next((span for span in every if span[0] < at.offset < span[1]), None)
    if word is None:
        return document
    start, end = word
    others = {
        place.cursor.offset for place in document.held.values() if place.cursor.section_id == at.section_id
    }
    is_nearer_start = at.offset - start < end - at.offset
    if start not in others and (is_nearer_start or any(start < other <= end for other in others)):
        return document.move(Position(at.section_id, start))
    return document.move(Position(at.section_id, end))


def find(document: Document, said: str, write: Callable[[str], str]) -> Range | None:
    """Range of words in the report, as said or in their written form: the nearest before the cursor.

    Behind it next, then in the other sections, from the last. "X through Y" is all from X to Y.
    """
    from_to = re.split(r"\s+through\s+", said, maxsplit=1, flags=re.I)
    if len(from_to) == 2 and (whole := find(document, said.replace(" through ", "-"), write)) is None:
        first, last = find(document, from_to[0], write), find(document, from_to[1], write)
        if first and last and first.section_id == last.section_id and first.start <= last.end:
            return Range(first.section_id, first.start, max(first.end, last.end))
        return None
    elif len(from_to) == 2:
        return whole
    for words in dict.fromkeys((said, write(said), write(said).rstrip("."))):
        for section_id, text, cursor in _searched(document):
            if found := _nearest(text, words, cursor):
                return Range(section_id, *found)
    return None


def _searched(document: Document) -> Iterator[tuple[str, str, int]]:
    cursor = document.cursor
    here = document.section(cursor.section_id)
    yield here.id, here.text, cursor.offset
    for section in reversed(document.sections):
        if section.id != here.id:
            yield section.id, section.text, len(section.text)


def _nearest(text: str, words: str, cursor: int) -> Span | None:
    parts = [re.escape(part) for part in words.split()]
    if not parts:
        return None
    pattern = re.compile(r"(?<!\w)" + r"[\s-]+".join(parts) + r"(?!\w)", re.I)
    found = [match.span() for match in pattern.finditer(text)]
    before = [span for span in found if span[1] <= cursor]
    return before[-1] if before else found[0] if found else None
