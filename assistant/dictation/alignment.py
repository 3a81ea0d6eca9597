"""Matches spoken words with parts of the written document. Pure.

Formatting and editing change the text between the recogniser and the page; a word's time and confidence
are only shown where its place is certain enough, and nowhere else.
"""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple, Protocol

from assistant.asr.base import Word
from assistant.events import WordPlace, WordTime

LONGEST_GROUP = 12
"""Words that became something else together ("five point two" → "5.2"); more is no formatting."""

_TOKEN = re.compile(r"\S+")
_EDGES = re.compile(r"^\W+|\W+$")


@dataclass(frozen=True, slots=True)
class Match:
    """``written[start:end]`` was said in ``words[first:last]``."""

    start: int
    end: int
    first: int
    last: int


class _Piece(NamedTuple):
    """The part of an item that edits left in one run."""

    section_id: str
    offset: int
    text: str


class Excerpt(NamedTuple):
    """Runs of a section that stand side by side, the first of them at ``start`` of its text."""

    section_id: str
    start: int
    runs: "Sequence[RunLike]"


class RunLike(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def item_id(self) -> str | None: ...


class SectionLike(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def runs(self) -> Sequence[RunLike]: ...


def align(words: Sequence[str], written: str) -> list[Match]:
    """Matches in order, none overlapping; words that left nothing, and text that nobody said, have none."""
    tokens = list(_TOKEN.finditer(written))
    said = [_plain(word) or f"\0{i}" for i, word in enumerate(words)]  # a marker is like nothing else
    shown = [_plain(token[0]) for token in tokens]
    matches: list[Match] = []
    for tag, first, last, left, right in SequenceMatcher(None, said, shown, autojunk=False).get_opcodes():
        if tag == "equal":
            matches += [
                Match(token.start(), token.end(), first + i, first + i + 1)
                for i, token in enumerate(tokens[left:right])
            ]
        elif tag == "replace" and max(last - first, right - left) <= LONGEST_GROUP:
            matches.append(Match(tokens[left].start(), tokens[right - 1].end(), first, last))
    return matches


class SpokenWords:
    """The recognised words of a session's utterances, and where they stand in its document.

    Their times are on the session's sample clock.
    """

    def __init__(self) -> None:
        self._words: dict[str, Sequence[WordTime]] = {}
        self._aligned: dict[str, tuple[str, list[Match]]] = {}  # by item: its text, and what matched there
        self._least: dict[str, float | None] = {}  # by item: how sure its least sure word is

    def heard(self, item_id: str, words: Sequence[WordTime]) -> None:
        """An empty ``words`` is a recogniser without word times: nothing is claimed of that item."""
        if words:
            self._words[item_id] = words
            self._least[item_id] = least_confidence(words)

    def share(self, item_id: str, part_id: str) -> None:
        """A part of an utterance is an item of its own; its words are among those of the whole."""
        self.heard(part_id, self._words.get(item_id, ()))

    def place(
        self,
        sections: Iterable[SectionLike],
        below: float | None = None,
        only: Container[str | None] | None = None,
    ) -> list[WordPlace]:
        """Every word that has a place in the document, item by item; with ``below`` those less sure, with
        ``only`` those of these items. Only changed items are aligned anew.
        """
        return self.place_in([Excerpt(each.id, 0, each.runs) for each in sections], below, only)

    def place_in(
        self,
        excerpts: Iterable[Excerpt],
        below: float | None = None,
        only: Container[str | None] | None = None,
    ) -> list[WordPlace]:
        """As ``place``, where each item that is looked for has all of its text in the excerpts, or none."""
        pieces: dict[str, list[_Piece]] = {}
        wanted = self._words if only is None else only
        for excerpt in excerpts:
            offset = excerpt.start
            for run in excerpt.runs:
                if run.item_id in wanted and run.item_id in self._words:
                    pieces.setdefault(run.item_id, []).append(_Piece(excerpt.section_id, offset, run.text))
                offset += len(run.text)
        return [placed for item_id, found in pieces.items() for placed in self._place(item_id, found, below)]

    def readings(self, sections: Iterable[SectionLike], section_id: str, start: int, end: int) -> list[str]:
        """Texts of ``[start, end)`` of a section with other readings of one of its words."""
        sections = list(sections)
        text = next("".join(run.text for run in each.runs) for each in sections if each.id == section_id)
        found: list[str] = []
        for place in self.place(sections):
            if place.section_id != section_id or not start <= place.start < place.end <= end:
                continue
            for word in self._words[place.item_id]:
                if word.start_ms == place.start_ms and word.end_ms == place.end_ms:
                    found += [
                        text[start : place.start] + each + text[place.end : end] for each in word.alternatives
                    ]
        return found

    def _place(self, item_id: str, pieces: Sequence[_Piece], below: float | None) -> Iterator[WordPlace]:
        if below is not None and not is_below(self._least[item_id], below):
            return
        spoken = self._words[item_id]
        matches = self._matches(item_id, " ".join(piece.text for piece in pieces))
        at = 0
        for piece in pieces:
            for match in matches:
                start, end = max(match.start, at), min(match.end, at + len(piece.text))
                if start < end:
                    group = spoken[match.first : match.last]
                    confidence = least_confidence(group)
                    if below is not None and not is_below(confidence, below):
                        continue
                    shift = piece.offset - at
                    yield WordPlace(
                        section_id=piece.section_id,
                        start=start + shift,
                        end=end + shift,
                        item_id=item_id,
                        start_ms=group[0].start_ms,
                        end_ms=group[-1].end_ms,
                        confidence=confidence,
                    )
            at += len(piece.text) + 1

    def _matches(self, item_id: str, text: str) -> list[Match]:
        known = self._aligned.get(item_id)
        if known is None or known[0] != text:
            words = [word.text for word in self._words[item_id]]
            known = self._aligned[item_id] = (text, align(words, text))
        return known[1]


def is_below(confidence: float | None, below: float) -> bool:
    return confidence is not None and confidence < below


def least_confidence(group: Sequence[Word | WordTime]) -> float | None:
    """A group is as sure as its least sure word."""
    known = [word.confidence for word in group if word.confidence is not None]
    return min(known) if known else None


def _plain(token: str) -> str:
    """Without case and the marks around it; empty for a marker such as ``{period}``."""
    return "" if token[:1] == "{" and token[-1:] == "}" else _EDGES.sub("", token.lower())
