"""Timed text: SubRip and WebVTT. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from assistant.dictation.alignment import align
from assistant.dictation.plain_text import printable
from assistant.export.report import Report, Utterance

MAX_CUE_CHARACTERS = 84
"""Two lines of 42, as subtitles are read."""
MAX_CUE_MS = 7_000


class Timed(Protocol):
    """Times are milliseconds from the start of the recording or session."""

    @property
    def start_ms(self) -> int: ...
    @property
    def end_ms(self) -> int: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle."""

    start_ms: int
    end_ms: int
    text: str


def cues(report: Report) -> list[Cue]:
    """The dictation as it was first written, and a cue for each place where sound was lost."""
    lost = [Cue(each.start_ms, each.end_ms, each.text) for each in report.lost]
    return sorted([*cues_of(report.utterances), *lost], key=lambda cue: cue.start_ms)


def cues_of(utterances: Iterable[Utterance]) -> list[Cue]:
    """One cue per utterance, several for a long one."""
    return [cue for utterance in utterances if utterance.written.strip() for cue in _split(utterance)]


def _split(utterance: Utterance) -> list[Cue]:
    """Cut between words, where their times are known and their places certain."""
    written, words = utterance.written, utterance.words
    found: list[Cue] = []
    start, start_ms, end_ms = 0, utterance.start_ms, utterance.end_ms
    for match in align([word.text for word in words], written):
        said_ms = words[match.first].start_ms
        too_long = (
            match.end - start > MAX_CUE_CHARACTERS or words[match.last - 1].end_ms - start_ms > MAX_CUE_MS
        )
        if too_long and written[start : match.start].strip():
            found.append(Cue(start_ms, said_ms, written[start : match.start].strip()))
            start, start_ms = match.start, said_ms
    return [*found, Cue(start_ms, end_ms, written[start:].strip())]


def srt(cues: Iterable[Timed]) -> str:
    return "".join(
        f"{number}\n{clock(cue.start_ms, ',')} --> {clock(cue.end_ms, ',')}\n"
        f"{_unmarked(_lines(cue.text))}\n\n"
        for number, cue in enumerate(cues, 1)
    )


def vtt(cues: Iterable[Timed]) -> str:
    return "WEBVTT\n\n" + "".join(
        f"{clock(cue.start_ms, '.')} --> {clock(cue.end_ms, '.')}\n{_escaped(_lines(cue.text))}\n\n"
        for cue in cues
    )


def clock(ms: int, point: str) -> str:
    """Milliseconds → ``00:01:02,345``."""
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"


def _lines(text: str) -> str:
    """An empty line would end the cue."""
    return re.sub(r"\n\s*\n+", "\n", printable(text).strip())


def _unmarked(text: str) -> str:
    """SubRip has no escapes, and players hide what stands in <> or {}: "<5 and >3" would lose its middle.
    Wide forms of these signs read the same; an arrow is broken, since it would be a time line."""
    return text.replace("<", "＜").replace("{", "｛").replace("-->", "--＞")


def _escaped(text: str) -> str:
    """WebVTT reads & and < as markup, and --> as a time line."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
