"""A document's text → passages that can be found and shown at their place. Pure."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_CHARS = 900
"""About 200 tokens: a few fit into any prompt, and each still holds a whole recommendation."""
SHORTEST_CHARS = 200
"""A shorter paragraph goes together with the next one under the same heading."""


@dataclass(frozen=True, slots=True)
class Page:
    """Text as it stands in the file. ``number`` counts from 1 in a PDF, and is None elsewhere."""

    text: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One guideline file. ``file`` is its path within the folder; with ``markdown``, ``#`` is a heading."""

    file: str
    pages: tuple[Page, ...]
    markdown: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """``start`` and ``end`` are positions in its page's text; ``id`` is the same while the text is."""

    id: str
    file: str
    heading: str
    page: int | None
    start: int
    end: int
    text: str

    @property
    def place(self) -> str:
        """The passage's place for readers, such as ``page 3, Dosing``."""
        page = f"page {self.page}" if self.page else ""
        return ", ".join(part for part in (page, self.heading) if part)


_MARKDOWN_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t#]*$")
_NUMBERED_HEADING = re.compile(r"^\d+(?:\.\d+)*\.?\s+[A-Z][^.!?;]{2,70}$")
_BLOCK = re.compile(r"[^\r\n]+(?:\r?\n(?![ \t]*\r?\n)[^\r\n]*)*")
"""Lines up to an empty one."""
_SENTENCE_END = re.compile(r"[.;:!?][\"')\]]?\s")


def passages_of(document: Document) -> list[Passage]:
    """The document's passages, in order. Headings are kept with what stands under them, also over pages."""
    found: list[Passage] = []
    trail: list[tuple[int, str]] = []  # (level, heading)
    for page in document.pages:
        for heading, start, end in _sections(page.text, document.markdown, trail):
            for first, last in _pieces(page.text, start, end):
                text = page.text[first:last]
                name = f"{document.file}\0{page.number}\0{first}\0{text}"
                key = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:20]
                found.append(Passage(key, document.file, heading, page.number, first, last, text))
    return found


def _sections(text: str, markdown: bool, trail: list[tuple[int, str]]) -> Iterator[tuple[str, int, int]]:
    """(heading, start, end) of the text between headings; ``trail`` goes on over pages."""
    begun = 0
    at = 0
    lines = text.splitlines(keepends=True)
    for i, line in enumerate(lines):
        level_heading = _heading(lines, i, markdown)
        if level_heading is not None:
            if text[begun:at].strip():
                yield _trail_text(trail), begun, at
            level, heading = level_heading
            while trail and trail[-1][0] >= level:
                trail.pop()
            trail.append((level, heading))
            begun = at + len(line)
        at += len(line)
    if text[begun:].strip():
        yield _trail_text(trail), begun, len(text)


def _heading(lines: list[str], i: int, markdown: bool) -> tuple[int, str] | None:
    """(level, heading) if line ``i`` is one."""
    line = lines[i].strip()
    if markdown:
        match = _MARKDOWN_HEADING.match(line)
        return (len(match[1]), match[2]) if match else None
    if not 3 <= len(line) <= 80:
        return None
    if _NUMBERED_HEADING.match(line):
        number = line.split()[0].rstrip(".")
        return 1 + number.count("."), line
    follows_text = i + 1 < len(lines) and bool(lines[i + 1].strip())
    shouted = line.isupper() and sum(map(str.isalpha, line)) > 4
    if shouted and follows_text:
        return 1, line
    underlined = i + 1 < len(lines) and re.fullmatch(r"[=-]{3,}\s*", lines[i + 1])
    return (1, line) if underlined else None


def _trail_text(trail: list[tuple[int, str]]) -> str:
    return " › ".join(heading for _, heading in trail[-2:])


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Paragraphs, short ones together and long ones cut after a sentence."""
    first = last = -1
    for block in _BLOCK.finditer(text, start, end):
        if not block[0].strip():
            continue
        if first >= 0 and (last - first >= SHORTEST_CHARS or block.end() - first > LONGEST_CHARS):
            yield from _cut(text, first, last)
            first = -1
        if first < 0:
            first = block.start()
        last = block.start() + len(block[0].rstrip())
    if first >= 0:
        yield from _cut(text, first, last)


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > LONGEST_CHARS:
        ends = [match.end() for match in _SENTENCE_END.finditer(text, start, start + LONGEST_CHARS)]
        stop = ends[-1] if ends and ends[-1] - start > SHORTEST_CHARS else start + LONGEST_CHARS
        yield start, stop
        start = stop
    yield start, end
