"""Timed text: SubRip and WebVTT. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from assistant.export.paragraphs import printable
from assistant.export.report import Report


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
    """What ``Timed`` asks for."""

    start_ms: int
    end_ms: int
    text: str


def cues(report: Report) -> list[Cue]:
    """One cue an utterance, as it was written when it was said."""
    spoken = sorted(report.utterances, key=lambda utterance: utterance.start_ms)
    return [Cue(u.start_ms, u.end_ms, u.written) for u in spoken if u.written.strip()]


def srt(cues: Iterable[Timed]) -> str:
    return "".join(
        f"{number}\n{clock(cue.start_ms, ',')} --> {clock(cue.end_ms, ',')}\n{_lines(cue.text)}\n\n"
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


def _escaped(text: str) -> str:
    """WebVTT reads & and < as markup, and --> as a time line."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
