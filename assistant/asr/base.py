"""The recogniser interface: a shared model, and one stream per utterance. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from assistant.audio.frames import Samples

LEAD_MS = 300
"""Silence to put before speech that nothing was recorded before: without it "weight" was heard as "eight"
(docs/log.md)."""


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word. Times are milliseconds from the first sample of the utterance's audio.

    ``confidence`` is in [0, 1], None where the model has none; one that is not a number is none.
    """

    text: str
    start_ms: int
    end_ms: int
    confidence: float | None = None
    alternatives: tuple[str, ...] = ()
    """Other readings of the word, likeliest first; empty where the recogniser was sure."""

    def __post_init__(self) -> None:
        if self.confidence is not None and math.isnan(self.confidence):
            object.__setattr__(self, "confidence", None)

    def later(self, by_ms: int) -> "Word":
        """The same word on a clock that is ``by_ms`` ahead, and not before its zero.

        A recogniser may place a first word wholly in the silence before it: it is then where sound begins.
        """
        start_ms, end_ms = self.start_ms + by_ms, self.end_ms + by_ms
        if end_ms <= 0:
            start_ms, end_ms = 0, self.end_ms - self.start_ms
        return replace(self, start_ms=max(0, start_ms), end_ms=end_ms)


@dataclass(frozen=True, slots=True)
class Partial:
    """Text while speech goes on. ``stable`` only ever grows; ``tentative`` follows it and may change.

    The full line is ``stable + tentative``; a separating space, if any, is part of one of the two.
    """

    stable: str
    tentative: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """The final text of one utterance. ``words`` is empty where the model has no word times."""

    text: str
    words: tuple[Word, ...] = ()


class AsrStream(Protocol):
    """One utterance. Not thread-safe: the caller makes one call at a time, in a worker thread.

    Dropping the object frees its state; there is nothing to close.
    """

    def wants(self, samples: int) -> bool:
        """Whether the model would run for a partial if so many samples had come in all. While speech goes on
        the caller may keep the audio until then. Does no work."""
        ...

    def accept(self, samples: Samples, *, partial: bool = True) -> Partial | None:
        """Take the next audio (any length). Returns a new partial, or None when nothing is new.

        May run the model: up to a few hundred milliseconds of CPU, with the GIL released. With ``partial``
        False nobody waits for one (speech has paused or ended): only what the final needs is done.
        """
        ...

    def prepare_final(self) -> None:
        """Speech has paused: compute the final now, so that ``finish`` is free if no speech follows."""
        ...

    def expected(self) -> Transcript | None:
        """The result of ``finish`` if no speech follows the last ``prepare_final``; None while that is not
        known yet. Does no work."""
        ...

    def finish(self) -> Transcript:
        """No more audio: the full-context text, which stands above every partial."""
        ...


class AsrModel(Protocol):
    """A loaded recogniser shared by all sessions; thread-safe."""

    name: str
    """As shown on the page and the wire, e.g. ``moonshine-clinical``."""

    takes_phrases: bool
    """Whether ``expecting`` can be used."""

    times_words: bool
    """Whether every final has its words with times: speech that is cut without a pause is then read over the
    cut on both sides and joined."""

    def open_stream(self) -> AsrStream: ...

    def expecting(self, phrases: Sequence[str], context: Sequence[str] = ()) -> "AsrModel":
        """The same model, listening for these phrases as well. ``context`` are words of the report and the
        images at hand, which it may leave aside. Raises ``BadInput`` (``hotwords_invalid``,
        ``hotwords_not_supported``)."""
        ...
