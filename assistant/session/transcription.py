"""A recording to text on the path of live dictation: the same listening, segmenting, writing and checks."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from assistant.audio.frames import SAMPLE_RATE_HZ, AudioChunk, Samples
from assistant.components.components import Components
from assistant.conversation.transcripts import word_times
from assistant.conversation.types import Fact, FinalHeard, RecognitionFailed
from assistant.dictation.alignment import SpokenWords, align, is_below, least_confidence
from assistant.dictation.dictation import Dictation
from assistant.dictation.document import FIRST_SECTION
from assistant.errors import AssistantError, EngineFailed
from assistant.events import WordTime
from assistant.session.listener import Listener
from assistant.vad.endpoint import EndpointSettings

CHUNK_SAMPLES = 320
"""As a session's microphone gives them."""
CHUNKS_A_TURN = 5
"""Heard in one go on the event loop, where live sessions are heard too: about a millisecond."""

UNSURE = "Heard with little confidence."

Form = Literal["written", "heard"]
"""As dictation is written, or word for word as the recogniser heard it."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """``[start, end)`` of a segment's text that a person has to look at, and why."""

    start: int
    end: int
    reason: str
    """As in ``DoubtReason``; or ``low_confidence``: its words were heard with too little confidence."""
    message: str
    offer: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """One utterance. Times are milliseconds from the start of the recording."""

    start_ms: int
    end_ms: int
    text: str
    heard: str
    words: tuple[WordTime, ...]
    doubts: tuple[Doubt, ...] = ()
    also_heard: str = ""
    """The other recogniser's text, where two heard it."""


@dataclass(frozen=True, slots=True)
class Step:
    """``delta`` is text to append, which stays as it is; all up to ``until_ms`` has been heard."""

    delta: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class Transcript:
    text: str
    segments: tuple[Segment, ...]
    duration_ms: int
    hints_used: bool
    """Whether the recogniser could use the words to expect."""


class Transcription:
    """One recording. ``run`` once."""

    def __init__(
        self,
        components: Components,
        *,
        form: Form = "written",
        keywords: Sequence[str] = (),
        context: Sequence[str] = (),
        endpoint: EndpointSettings | None = None,
        mark_below: float = 0.5,
        on_step: Callable[[Step], None] = lambda _: None,
    ) -> None:
        """``keywords`` are words to expect, ``context`` those of what is at hand; both are hints. Words heard
        with less confidence than ``mark_below`` are doubtful. Raises ``BadInput``: ``hotwords_invalid``."""
        self._form, self._mark_below, self._on_step = form, mark_below, on_step
        self._endpoint = endpoint or components.endpoint
        self._listener = Listener(
            vad=components.open_vad(),
            settings=self._endpoint,
            recogniser=components.recordings or components.recogniser,
            second=components.second_model,
            filter_samples=components.open_filter(),
            partials=False,
        )
        self.hints_used = components.model.takes_phrases and bool(keywords or context)
        if self.hints_used:
            self._listener.expect(tuple(keywords))
            self._listener.expect_context(tuple(context))
        personal = components.personal.current
        self._dictation = Dictation(personal.formatter, personal.library, in_sections=False)
        self._spoken = SpokenWords()
        self._finals: list[FinalHeard] = []
        self._sent = 0

    async def run(self, parts: AsyncIterator[Samples]) -> Transcript:
        """``parts`` are [n] at 16 kHz, of any length. Raises what ``parts`` raises, and what a recogniser
        fails with: then there is no text, since words would be missing."""
        try:
            async with asyncio.TaskGroup() as tasks:
                recognising = tasks.create_task(self._recognise(), name="recognise-recording")
                samples = await self._feed(parts)
                recognising.cancel()
        except* AssistantError as group:
            raise _first(group) from None
        segments = self._segments()
        text = self._text if self._form == "written" else " ".join(segment.text for segment in segments)
        if self._form == "written":
            self._send(len(text))
        return Transcript(text, segments, samples * 1000 // SAMPLE_RATE_HZ, self.hints_used)

    @property
    def _text(self) -> str:
        return self._dictation.document.section(FIRST_SECTION).text

    async def _feed(self, parts: AsyncIterator[Samples]) -> int:
        """Hear all; returns how many samples there were."""
        clock = 0
        async for part in parts:
            clock = await self._hear(part, clock)
        # A recogniser ends its sentence better when silence follows than when it is told to stop.
        silence_ms = self._endpoint.unfinished_silence_ms + self._endpoint.pause_ms
        await self._hear(np.zeros(silence_ms * SAMPLE_RATE_HZ // 1000, np.float32), clock)
        self._take(self._listener.commit())
        await self._rest()
        return clock

    async def _hear(self, samples: Samples, clock: int) -> int:
        for number, at in enumerate(range(0, len(samples), CHUNK_SAMPLES)):
            chunk = AudioChunk(samples[at : at + CHUNK_SAMPLES], clock)
            clock = chunk.end
            self._take(self._listener.hear(chunk))
            if self._listener.paused:
                await self._rest()
            elif not number % CHUNKS_A_TURN:
                await self._listener.room()
                await asyncio.sleep(0)
        return clock

    async def _rest(self) -> None:
        await self._listener.at_rest()

    async def _recognise(self) -> None:
        async with aclosing(self._listener.recognise()) as facts:  # type: ignore[type-var]
            async for fact in facts:
                self._take([fact])

    def _take(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            match fact:
                case FinalHeard():
                    self._write(fact)
                case RecognitionFailed(_, code, message):
                    raise EngineFailed(message, code=code)
                case _:
                    pass  # what only a session shows: starts, stops, expectations

    def _write(self, fact: FinalHeard) -> None:
        item_id, text = str(len(self._finals)), fact.text.strip()
        if text:
            self._finals.append(fact)
            self._spoken.heard(item_id, word_times(fact))
            if self._form == "written":
                self._dictation.take(item_id, text, cut=fact.cut)
        if self._form == "written":
            self._send(self._dictation.settled, fact.end_ms)
        elif text:
            self._on_step(Step(text if len(self._finals) == 1 else f" {text}", fact.end_ms))

    def _send(self, settled: int, until_ms: int = 0) -> None:
        delta = self._text[self._sent : settled]
        self._sent = max(self._sent, settled)
        self._on_step(Step(delta, until_ms or (self._finals[-1].end_ms if self._finals else 0)))

    def _segments(self) -> tuple[Segment, ...]:
        if self._form == "heard":
            return tuple(self._as_heard(fact) for fact in self._finals)
        document = self._dictation.document
        text, where, at = self._text, dict[str, tuple[int, int]](), 0
        for run in document.section(FIRST_SECTION).runs:
            end = at + len(run.text)
            if run.item_id is not None:
                start, _ = where.get(run.item_id, (at, end))
                where[run.item_id] = start, end
            at = end
        doubts: dict[str, list[Doubt]] = {item_id: [] for item_id in where}
        for place, run in document.doubts():
            if run.item_id is not None and run.doubt is not None:
                doubt = run.doubt
                doubts[run.item_id].append(
                    Doubt(place.start, place.end, doubt.reason, doubt.message, doubt.offer)
                )
        for word in self._spoken.place(document.sections, below=self._mark_below):
            doubts[word.item_id].append(Doubt(word.start, word.end, "low_confidence", UNSURE))
        found: list[Segment] = []
        for number, fact in enumerate(self._finals):
            if str(number) in where:
                start, end = where[str(number)]
                shown = text[start:end].lstrip()
                start = end - len(shown)
                moved = [replace(d, start=d.start - start, end=d.end - start) for d in doubts[str(number)]]
                found.append(_segment(fact, shown.rstrip(), moved))
        return tuple(found)

    def _as_heard(self, fact: FinalHeard) -> Segment:
        text, words = fact.text.strip(), fact.words
        unsure = [
            Doubt(match.start, match.end, "low_confidence", UNSURE)
            for match in align([word.text for word in words], text)
            if is_below(least_confidence(words[match.first : match.last]), self._mark_below)
        ]
        return _segment(fact, text, unsure)


def _first(group: BaseExceptionGroup[AssistantError]) -> AssistantError:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _segment(fact: FinalHeard, text: str, doubts: Sequence[Doubt]) -> Segment:
    return Segment(
        start_ms=fact.start_ms,
        end_ms=fact.end_ms,
        text=text,
        heard=fact.text.strip(),
        words=tuple(word_times(fact)),
        doubts=tuple(sorted(doubts, key=lambda doubt: doubt.start)),
        also_heard=fact.other.text if fact.other else "",
    )
