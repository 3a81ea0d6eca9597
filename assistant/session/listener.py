"""From audio to facts: voice activity, utterances, and their transcription off the event loop."""

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Literal, assert_never

import numpy as np

from assistant import telemetry
from assistant.asr.base import LEAD_MS, AsrModel, AsrStream, Partial, Transcript, Word
from assistant.asr.seams import BACK_SAMPLES, BEYOND_SAMPLES, Repeated, after_cut, before_cut
from assistant.asr.shared import RecogniserFailed, SharedRecogniser, checked, checked_partial, recognise
from assistant.audio.frames import SAMPLE_RATE_HZ, AudioChunk, LostSound, Rechunker, Samples
from assistant.conversation.types import (
    Fact,
    FinalExpected,
    FinalHeard,
    Hearing,
    PartialHeard,
    RecognitionFailed,
    SoundLost,
    SpeechStarted,
    SpeechStopped,
    SpeechWentOn,
    UtteranceDropped,
)
from assistant.errors import AssistantError
from assistant.intents.detect import Decision, detect
from assistant.intents.hearing import Heard, verdict, worth_hearing_again
from assistant.intents.turn import closing_silence_ms
from assistant.session.utterance import Phase, after, next_step
from assistant.vad import endpoint
from assistant.vad.base import Vad

LONGEST_FILL_SAMPLES = SAMPLE_RATE_HZ
"""A hole in the audio is filled with silence up to 1 s; word times stay right, memory stays bounded."""
WAITING_UTTERANCES = 8
"""Utterances that wait for the recogniser: at most two minutes of speech. Then ``room`` waits."""

UNSURE_MS = 200
"""A frame of the detector, and what its probabilities lag behind."""
MOST_TRIES = 3
"""An utterance is given up when it has failed so often, though the recogniser takes other sound."""

LEAD_SAMPLES = LEAD_MS * SAMPLE_RATE_HZ // 1000


@dataclass(slots=True)
class _Utterance:
    number: int
    start: int
    first: int
    """The first sample of its audio: before ``start`` where there is a lead, or it goes on from another."""
    stream: AsrStream
    opened: int
    """Number of the recogniser's opening that the stream belongs to."""
    audio: list[Samples] = field(default_factory=list)
    """All of it: if the stream fails, another one gets it from the start. Its pieces are those of the
    history, so the same sound is in memory twice: in these, and joined in the stream."""
    taken: int = 0
    """Pieces that the stream has taken."""
    phase: Phase = "speaking"
    failures: int = 0
    due: float = math.inf
    """When its end was known, on the clock of the sound: see ``late_s``."""
    reading: Heard | None = None
    """The recogniser's latest text of all of it."""
    second_reading: Heard | None = None
    """The second recogniser's text of the same audio."""
    end: int | None = None
    cut: bool = False
    """It ended without a pause."""
    overlaps: bool = False
    """Its audio goes on beyond its end for a moment."""
    hears_on: bool = False
    """And has not all come yet."""
    follows: "_Utterance | None" = None
    """The utterance that it was cut off from: its audio begins in that one."""
    repeated: Repeated | None = None
    kept: tuple[Word, ...] = ()
    """The words of a final that was cut, on the session's clock."""
    lost_before: bool = False
    lost_after: bool = False


class AudioHistory:
    """The last ``seconds`` of audio, to be read by position on the sample clock."""

    def __init__(self, seconds: float) -> None:
        self._limit = int(seconds * SAMPLE_RATE_HZ)
        self._frames: deque[AudioChunk] = deque()

    def add(self, frame: AudioChunk) -> None:
        self._frames.append(frame)
        while self._frames[0].end < frame.end - self._limit:
            self._frames.popleft()

    def between(self, start: int, end: int) -> Samples:
        """Samples [start, end); what is missing in between is silence."""
        out = np.zeros(max(0, end - start), np.float32)
        for frame in self._frames:
            first, last = max(frame.start, start), min(frame.end, end)
            if first < last:
                out[first - start : last - start] = frame.samples[first - frame.start : last - frame.start]
        return out

    @property
    def start(self) -> int:
        return self._frames[0].start if self._frames else 0


class Listener:
    """One session's ears. ``hear`` is quick and runs on the event loop; ``recognise`` runs the model."""

    def __init__(
        self,
        *,
        vad: Vad,
        settings: endpoint.EndpointSettings,
        recogniser: SharedRecogniser,
        second: AsrModel | None = None,
        filter_samples: Callable[[Samples], Samples] = np.asarray,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
        partials: bool = True,
        means: Callable[[str], Decision] = detect,
    ) -> None:
        """Not ``partials``: nobody waits for text while speech goes on. ``means``: how a text is meant."""
        self._vad, self._recogniser, self._now = vad, recogniser, now
        self._model, self._opened = recogniser.model, recogniser.opened
        self._phrases: Sequence[str] = ()
        self._context: Sequence[str] = ()
        self._second, self._settings, self._partials = second, settings, partials
        self._means = means
        self.second_failed = False
        """The second recogniser failed: questions are heard by the first one only."""
        self.question_mode = False
        """Everything said is a question."""
        self._detector = endpoint.EndpointDetector(settings)
        self._filter_samples = filter_samples
        self._rechunk = Rechunker(vad.frame_samples)
        self._history = AudioHistory(settings.longest_utterance_s + 2)
        self._utterances: deque[_Utterance] = deque()
        self._lost: deque[tuple[int, LostSound]] = deque()  # each with the utterance that it comes after
        self._lost_until: int | None = None
        self._current: _Utterance | None = None
        self._cut: _Utterance | None = None  # that the next one goes on from
        self._count = 0
        self._heard_until = 0
        self._last_end = 0  # of the last utterance that is done
        self._began = -math.inf
        recogniser.load.join(self)
        self._work = asyncio.Event()
        self._resting = asyncio.Event()
        self._advanced = asyncio.Event()

    @property
    def speaking(self) -> bool:
        return self._current is not None

    def expect(self, phrases: Sequence[str]) -> None:
        """Listen for these phrases from the next utterance on. Raises ``BadInput``."""
        self._model = self._recogniser.model.expecting(phrases, self._context)
        self._opened = self._recogniser.opened
        self._phrases = phrases

    def expect_context(self, words: Sequence[str]) -> None:
        """Also for these words of what is at hand, where the recogniser can."""
        if self._recogniser.model.takes_phrases:
            self._model = self._recogniser.model.expecting(self._phrases, words)
            self._opened = self._recogniser.opened
            self._context = words

    async def room(self) -> None:
        """Wait while the recogniser is too far behind to take more."""
        while len(self._utterances) > WAITING_UTTERANCES:
            self._advanced.clear()
            await self._advanced.wait()

    def go_on_from(self, count: int, clock: int) -> None:
        """Give the next utterance a number beyond ``count``; its sound is not before sample ``clock``."""
        self._count, self._heard_until = count, clock

    @property
    def settled(self) -> int:
        """The sample up to which all that came has been written down, or holds no speech."""
        waiting = [each.start for each in self._utterances][:1] + [lost.start for _, lost in self._lost][:1]
        # In sound that came so short ago, speech may have begun that is not known yet.
        unsure_ms = self._settings.start_ms + self._settings.pre_roll_ms + UNSURE_MS
        unsure = unsure_ms * SAMPLE_RATE_HZ // 1000
        return min([*waiting, max(self._last_end, self._heard_until - unsure)])

    def begun(self) -> list[Fact]:
        """The facts that were sent about utterances that have no final yet."""
        facts: list[Fact] = []
        for each in self._utterances:
            if each.phase != "dropped":
                facts.append(SpeechStarted(each.number, _ms(each.start)))
                if each.end is not None:
                    facts.append(SpeechStopped(each.number, _ms(each.end)))
        return facts

    def mean(self, means: Callable[[str], Decision]) -> None:
        """From now on texts are meant so."""
        self._means = means

    def next_number(self) -> int:
        """A number for something that was heard and is no utterance; no utterance gets it."""
        self._count += 1
        return self._count

    def cut_by(self, settings: endpoint.EndpointSettings) -> None:
        """Find the ends of utterances with these settings from now on."""
        self._settings = settings
        self._detector.settings = settings

    @property
    def rests(self) -> bool:
        """The recogniser has nothing left to do."""
        return self._resting.is_set()

    async def at_rest(self) -> None:
        """Wait until the recogniser has nothing left to do. A recording waits at each pause, so that the
        same words end the same utterances on any machine."""
        await self._resting.wait()

    @property
    def paused(self) -> bool:
        """In a pause, of which the words so far say whether it is the end."""
        return self._current is not None and self._current.phase in ("paused", "prepared")

    def hear(self, chunk: AudioChunk) -> list[Fact]:
        """Take audio; returns what began and ended. About 0.3 ms of CPU per 32 ms of audio."""
        facts: list[Fact] = []
        self._began = max(self._began, time.monotonic() - chunk.end / SAMPLE_RATE_HZ)
        filtered = AudioChunk(self._filter_samples(chunk.samples), chunk.start, chunk.concealed)
        for frame in self._rechunk.push(filtered):
            self._keep(frame)
            probability = self._vad.probability(frame.samples)
            for event in self._detector.push(probability, frame.start, len(frame.samples)):
                facts += self._follow(event)
        self._wake()
        return facts

    def lose(self, lost: LostSound) -> list[Fact]:
        """Sound was lost. What is marked ends the running utterance, so that nothing from before it is heard
        as one with what comes after, and no word is made of silence put in its place."""
        if not lost.may_hold_a_word:
            return []
        if self._current is not None:
            self._current.lost_after = self._current.cut = True
        facts = self._end_now("forced")
        self._history = AudioHistory(self._settings.longest_utterance_s + 2)
        self._lost_until = self._heard_until = lost.end
        self._lost.append((self._count, lost))
        self._wake()
        return facts

    def late_s(self) -> float | None:
        """For how long the final of the oldest utterance has been due; None where none is.

        It is due when the end of the utterance could be known with sound that comes in real time. Sound sent
        faster than that waits for itself.
        """
        due = self._utterances[0].due if self._utterances else math.inf
        return None if math.isinf(due) else max(0.0, time.monotonic() - due)

    def expire(self) -> list[Fact]:
        """No audio has come for a while: what was being said has ended."""
        return self._end_now("timer")

    def commit(self) -> list[Fact]:
        """End the running utterance now."""
        return self._end_now("forced")

    def clear(self) -> list[Fact]:
        """Throw the running utterance away."""
        dropped = self._current
        self._detector.flush("forced")
        self._end_overlap()
        self._current = None
        if dropped is None:
            return [UtteranceDropped(None)]
        dropped.phase = after(dropped.phase, "drop")
        self._wake()
        return [UtteranceDropped(dropped.number)]

    def _end_now(self, reason: Literal["timer", "forced"]) -> list[Fact]:
        rest = self._rechunk.drain()
        if self._current is not None and len(rest):
            self._current.audio.append(rest)
        if self._current is not None and reason == "forced":
            self._current.audio.append(np.zeros(LEAD_SAMPLES, np.float32))  # else "." was heard as ","
        facts = [fact for event in self._detector.flush(reason) for fact in self._follow(event)]
        self._end_overlap()
        self._wake()
        return facts

    def _keep(self, frame: AudioChunk) -> None:
        if self._current is not None:
            hole = min(frame.start - self._heard_until, LONGEST_FILL_SAMPLES)
            if hole > 0:
                self._current.audio.append(np.zeros(hole, np.float32))
            self._current.audio.append(frame.samples)
        self._history.add(frame)
        self._heard_until = frame.end
        last = self._cut
        if last is not None and last.hears_on:
            last.audio.append(frame.samples)
            last.hears_on = frame.end < (last.end or 0) + BEYOND_SAMPLES

    def _follow(self, event: endpoint.Event) -> list[Fact]:
        match event:
            case endpoint.SpeechStarted(at):
                return self._begin(max(at, self._history.start))
            case endpoint.SpeechPaused():
                if self._current:
                    self._current.phase = after(self._current.phase, "pause")
                return []
            case endpoint.SpeechResumed():
                return self._go_on()
            case endpoint.SpeechEnded(at, reason):
                return self._end(at, cut=reason == "longest")
            case _:
                assert_never(event)

    def _go_on(self) -> list[Fact]:
        utterance = self._current
        self._detector.silence_ms = self._settings.silence_ms
        if utterance is None:
            return []
        told = utterance.phase == "expected"
        utterance.phase = after(utterance.phase, "go_on")
        return [SpeechWentOn(utterance.number)] if told else []

    def _begin(self, start: int) -> list[Fact]:
        self._count += 1
        self._detector.silence_ms = self._settings.silence_ms
        last = self._cut
        joins = last is not None and last.end == start
        first = start - (LEAD_SAMPLES if start == 0 else BACK_SAMPLES if joins else 0)
        audio = self._history.between(first, self._heard_until)
        self._current = _Utterance(self._count, start, first, self._open_stream(), self._opened, [audio])
        self._current.follows = last if joins else None
        self._current.lost_before = self._lost_until is not None and start <= self._lost_until
        self._utterances.append(self._current)
        return [SpeechStarted(self._count, _ms(start))]

    def _end(self, at: int, *, cut: bool) -> list[Fact]:
        utterance, self._current = self._current, None
        if utterance is None:
            return []
        utterance.cut = utterance.cut or cut
        self._end_overlap()
        if cut and self._model.times_words:
            self._cut, utterance.overlaps = utterance, True
            utterance.hears_on = self._heard_until < at + BEYOND_SAMPLES
        elif at < self._heard_until:  # it ended in the past: what came after belongs to the next utterance
            utterance.stream, utterance.opened = self._open_stream(), self._opened
            utterance.audio, utterance.taken = [self._history.between(utterance.first, at)], 0
        utterance.end, utterance.phase = at, after(utterance.phase, "end")
        utterance.due = self._began + self._heard_until / SAMPLE_RATE_HZ
        return [SpeechStopped(utterance.number, _ms(at))]

    def _open_stream(self) -> AsrStream:
        if self._opened != self._recogniser.opened:  # it was opened again meanwhile
            self._model = self._recogniser.model
            if self._phrases or self._context:
                self._model = self._model.expecting(self._phrases, self._context)
            self._opened = self._recogniser.opened
        return self._model.open_stream()

    def _end_overlap(self) -> None:
        """The utterance that was cut last hears no more."""
        if self._cut is not None:
            self._cut.hears_on, self._cut = False, None

    # --- transcription ---

    async def recognise(self) -> AsyncIterator[Fact]:
        """Partials and finals of the utterances, in order, as the model gets to them. Endless."""
        while True:
            if self._lost and (not self._utterances or self._utterances[0].number > self._lost[0][0]):
                _, lost = self._lost.popleft()
                yield SoundLost(_ms(lost.start), _ms(lost.end - lost.start))
                continue
            if not self._utterances:
                await self._rest()
                continue
            utterance = self._utterances[0]
            try:
                fact, busy = await self._advance(utterance)
            except AssistantError as error:
                fact, busy = None, True
                for each in await self._after_failure(utterance, error):
                    yield each
            if utterance.phase == "dropped":
                self._done(utterance)
            self._advanced.set()
            if fact is not None:
                yield fact
            if not busy:
                await self._rest()

    def _done(self, utterance: _Utterance) -> None:
        self._utterances.remove(utterance)
        self._last_end = max(self._last_end, utterance.end or utterance.start)

    def _wake(self) -> None:
        """There may be work, and what waits for its turn may have become urgent."""
        self._work.set()
        self._resting.clear()
        self._recogniser.look()

    async def _rest(self) -> None:
        self._work.clear()
        self._resting.set()
        await self._work.wait()

    async def _after_failure(self, utterance: _Utterance, error: AssistantError) -> list[Fact]:
        """Another stream gets all of the utterance's audio: at once after one error; else once the recogniser
        has been opened again and takes other sound. If this one still fails then, it is the sound, and it is
        given up; as it is when the model says why it cannot be read."""
        if utterance.phase == "dropped":
            return []
        if not isinstance(error, RecogniserFailed):
            return self._give_up(utterance, error.code, error.message)
        utterance.failures += 1
        if error.hung or utterance.failures > 1:
            await self._recogniser.mend(utterance.opened)
        if utterance.failures == MOST_TRIES:
            message = "The recogniser cannot read what was said here. Say it again, or type it."
            return self._give_up(utterance, "not_transcribed", message)
        utterance.stream, utterance.opened = self._open_stream(), self._opened
        utterance.taken = 0
        return []

    def _give_up(self, utterance: _Utterance, code: str, message: str) -> list[Fact]:
        """Tell the sound of the utterance as lost. What is said from now on is heard anew."""
        facts: list[Fact] = []
        if utterance is self._current:
            facts = self._end_now("forced")
            self._lost_until = self._heard_until
        utterance.phase = after(utterance.phase, "drop")
        length = (utterance.end or utterance.start) - utterance.start
        return [
            *facts,
            RecognitionFailed(utterance.number, code, message),
            SoundLost(_ms(utterance.start), _ms(length)),
        ]

    async def _advance(self, utterance: _Utterance) -> tuple[Fact | None, bool]:
        """One step of one utterance; returns the fact it brought, and whether anything was done."""
        stream = utterance.stream
        hears_on, has_audio = utterance.hears_on, utterance.taken < len(utterance.audio)
        if has_audio and utterance.phase == "speaking":  # most pieces bring no partial: no step for them
            has_audio = self._partials and stream.wants(sum(map(len, utterance.audio)))
        match next_step(utterance.phase, has_audio=has_audio, hears_on=hears_on):
            case "take":
                return await self._take_audio(utterance), True
            case "prepare":
                utterance.phase = after(utterance.phase, "prepare")
                await self._recogniser.run(
                    "asr_speculative", lambda: stream.prepare_final, tries=utterance.failures
                )
                return None, True
            case "look":
                expected = stream.expected()
                return (await self._expect(utterance, expected), True) if expected else (None, False)
            case "finish":
                return await self._finish(utterance), True
            case "leave":
                return None, True
            case "wait":
                return None, False

    async def _take_audio(self, utterance: _Utterance) -> PartialHeard | None:
        """All that has come when its turn has: the longer it waits, the fewer partials there are."""
        stream = utterance.stream

        def ended() -> bool:
            return utterance.phase != "speaking"

        def take() -> Callable[[], Partial | None]:
            nonlocal stream
            stream = utterance.stream
            audio = np.concatenate(utterance.audio[utterance.taken :])
            utterance.taken = len(utterance.audio)
            samples, speaking = sum(map(len, utterance.audio)), self._partials and not ended()
            return lambda: checked_partial(stream.accept(audio, partial=speaking), samples)

        heard = await self._recogniser.run("asr_partial", take, ended, tries=utterance.failures)
        if heard is None or utterance.phase == "dropped" or utterance.stream is not stream:
            return None
        heard = _not_repeated(utterance, heard)
        return PartialHeard(utterance.number, heard.stable, heard.tentative)

    async def _finish(self, utterance: _Utterance) -> FinalHeard | None:
        assert utterance.end is not None
        stream, samples = utterance.stream, sum(map(len, utterance.audio))
        transcript = await self._recogniser.run(
            "asr_final", lambda: lambda: checked(stream.finish(), samples), tries=utterance.failures
        )
        transcript, _, other = await self._choose(utterance, _joined(utterance, transcript))
        if utterance.phase == "dropped":
            return None
        self._recogniser.load.final(
            late_s=self.late_s() or 0.0,
            speech_s=(utterance.end - utterance.start) / SAMPLE_RATE_HZ,
        )
        self._done(utterance)
        telemetry.finals.inc()
        at = self._now().isoformat(timespec="milliseconds")
        start_ms, end_ms = _ms(utterance.start), _ms(utterance.end)
        utterance.kept = tuple(word.later(start_ms) for word in transcript.words)
        utterance.follows = None
        return FinalHeard(
            utterance.number,
            transcript.text,
            transcript.words,
            start_ms,
            end_ms,
            at,
            other,
            utterance.cut,
            utterance.lost_before,
            utterance.lost_after,
        )

    async def _expect(self, utterance: _Utterance, expected: Transcript) -> Fact | None:
        """The final is known, if no speech follows: its words say how long a silence ends the utterance."""
        chosen, heard, _ = await self._choose(utterance, _joined(utterance, expected))
        if utterance.phase != "prepared":  # speech went on meanwhile, or the utterance has ended
            return None
        utterance.phase = after(utterance.phase, "expect")
        self._detector.silence_ms = closing_silence_ms(heard, self.question_mode, self._settings)
        return FinalExpected(utterance.number, chosen.text)

    async def _choose(
        self, utterance: _Utterance, transcript: Transcript
    ) -> tuple[Transcript, Heard, Hearing | None]:
        """A question is heard again by the second recogniser; returns the better transcript, what it means,
        and the other text."""
        first = utterance.reading
        if first is None or first.text != transcript.text:
            utterance.reading = first = Heard(transcript.text, self._means(transcript.text))
            utterance.second_reading = None
        in_one = not utterance.overlaps and utterance.follows is None
        model = None if self.second_failed else self._second
        if model is None or not in_one or not worth_hearing_again(first, self.question_mode):
            return transcript, first, None
        second = utterance.second_reading
        if second is None:
            audio = np.concatenate(utterance.audio[: utterance.taken])
            try:
                again = await self._recogniser.run("asr_again", lambda: partial(recognise, model, audio))
            except RecogniserFailed:
                self.second_failed = True
                return transcript, first, None
            utterance.second_reading = second = Heard(again.text, self._means(again.text))
        counts = verdict(first, second, self.question_mode)
        if counts == "second":
            return Transcript(second.text), second, Hearing(self._model.name, first.text)
        return transcript, first, Hearing(model.name, second.text, counts == "disputed")


def _joined(utterance: _Utterance, heard: Transcript) -> Transcript:
    """Without what belongs to its neighbours, if it was cut off from them; words from its own start on."""
    words = tuple(word.later(_ms(utterance.first)) for word in heard.words)
    text = heard.text
    if utterance.overlaps and utterance.end is not None:
        words = before_cut(words, _ms(utterance.end))
        text = " ".join(word.text for word in words)
    if utterance.follows is not None:
        words = after_cut(utterance.follows.kept, words)
        text = " ".join(word.text for word in words)
    return Transcript(text, tuple(word.later(-_ms(utterance.start)) for word in words))


def _not_repeated(utterance: _Utterance, partial: Partial) -> Partial:
    if utterance.follows is None:
        return partial
    if utterance.repeated is None:
        utterance.repeated = Repeated(utterance.follows.kept)
    return utterance.repeated.without(partial)


def _ms(sample: int) -> int:
    return sample * 1000 // SAMPLE_RATE_HZ
