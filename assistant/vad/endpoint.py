"""Detects the start, pauses and end of speech from speech probabilities on the sample clock. Pure."""

from dataclasses import dataclass
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from assistant.audio.frames import SAMPLE_RATE_HZ

EndReason = Literal["silence", "longest", "timer", "forced"]


class SettingsClash(ValueError):
    """Two settings that do not go together. ``rule`` has ``{name}`` for each of ``values``."""

    def __init__(self, rule: str, **values: object) -> None:
        super().__init__(rule.format(**{name: f"{name} {value}" for name, value in values.items()}))
        self.rule, self.values = rule, values


class EndpointSettings(BaseModel):
    """Start and end of utterances"""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vad_start: float = Field(0.6, gt=0, lt=1, description="Speech probability that may start an utterance.")
    vad_continue: float = Field(
        0.45, gt=0, lt=1, description="Speech probability that keeps it going; at most --vad-start."
    )
    start_ms: int = Field(
        96, ge=0, le=1000, description="Speech needed before an utterance starts: a click is not one."
    )
    pause_ms: int = Field(200, ge=60, le=2000, description="Silence after which the final is prepared.")
    silence_ms: int = Field(
        700, ge=100, le=5000, description="Silence that ends an utterance; at least --pause-ms."
    )
    question_silence_ms: int = Field(
        550,
        ge=100,
        le=5000,
        description="Silence that ends a whole question or command; at least --pause-ms.",
    )
    unfinished_silence_ms: int = Field(
        1400,
        ge=100,
        le=5000,
        description="Silence that ends a sentence that is not finished; at least --silence-ms.",
    )
    pre_roll_ms: int = Field(500, ge=0, le=1000, description="Audio kept from before the first speech.")
    longest_utterance_s: float = Field(
        15.0, ge=4, le=60, description="An utterance is cut at this length at the latest."
    )

    def cut_by(
        self, *, threshold: float | None = None, silence_ms: int | None = None, pre_roll_ms: int | None = None
    ) -> "EndpointSettings":
        """With these values; the others follow where they would not be in order."""
        start, silence = threshold or self.vad_start, silence_ms or self.silence_ms
        pause = min(self.pause_ms, silence)
        question = silence if silence_ms else self.question_silence_ms
        values = {name: getattr(self, name) for name in EndpointSettings.model_fields}
        return EndpointSettings(
            **values
            | {
                "vad_start": start,
                "vad_continue": min(self.vad_continue, start),
                "silence_ms": silence,
                "pause_ms": pause,
                "question_silence_ms": max(question, pause),
                "unfinished_silence_ms": max(self.unfinished_silence_ms, silence),
                "pre_roll_ms": self.pre_roll_ms if pre_roll_ms is None else pre_roll_ms,
            }
        )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        """Raises ``SettingsClash``, which pydantic wraps in its ``ValidationError``."""
        for smaller, larger in _AT_MOST:
            values = {smaller: getattr(self, smaller), larger: getattr(self, larger)}
            if values[smaller] > values[larger]:
                raise SettingsClash(f"{{{smaller}}} is more than {{{larger}}}.", **values)
        return self


_AT_MOST = (
    ("vad_continue", "vad_start"),
    ("pause_ms", "silence_ms"),
    ("pause_ms", "question_silence_ms"),
    ("silence_ms", "unfinished_silence_ms"),
)
"""The first of each pair is at most the second."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """``at``: the first sample of the utterance, pre-roll included; never before the last one's end."""

    at: int


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """A short silence: maybe the end."""

    at: int


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    at: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """``at``: the sample after the utterance's last. For ``longest`` it lies in the past, at a quiet place,
    and the next utterance starts there at once.
    """

    at: int
    reason: EndReason


Event = SpeechStarted | SpeechPaused | SpeechResumed | SpeechEnded

CUT_SEARCH_S = 4.0
"""A cut is made at the quietest place of the last seconds before the longest length is reached, but never in
the utterance's first half."""


class EndpointDetector:
    """``silence_ms`` may be changed at any time: a question ends sooner than dictation."""

    def __init__(self, settings: EndpointSettings) -> None:
        self.settings = settings
        self.silence_ms = settings.silence_ms
        self._speech_since: int | None = None  # candidate start, not long enough yet
        self._start: int | None = None  # the running utterance
        self._last_speech = 0  # the end of the last speech frame
        self._paused = False
        self._previous_end = 0
        self._now = 0
        self._recent: list[tuple[int, float]] = []  # (middle of frame, probability) for a cut

    def push(self, probability: float, start: int, frame_samples: int) -> list[Event]:
        """One frame: samples [start, start + frame_samples). Frames come in order; a jump is silence."""
        end = start + frame_samples
        events = self._skip(start)
        self._now = end
        if self._start is None:
            return [*events, *self._wait_for_speech(probability, start, end)]
        return [*events, *self._follow_speech(probability, start, end)]

    def flush(self, reason: Literal["timer", "forced"]) -> list[Event]:
        """End the running utterance, if any, with all audio that came."""
        self._speech_since = None
        return [] if self._start is None else [self._end(self._now, reason)]

    def _skip(self, start: int) -> list[Event]:
        """Samples up to ``start`` that never came: a hole as long as a closing silence ends the utterance."""
        if start <= self._now:
            return []
        self._speech_since = None
        if self._start is None or start - self._last_speech < _samples(self.silence_ms):
            return []
        return [self._end(self._now, "silence")]

    def _wait_for_speech(self, probability: float, start: int, end: int) -> list[Event]:
        s = self.settings
        threshold = s.vad_start if self._speech_since is None else s.vad_continue
        if probability < threshold:
            self._speech_since = None
            return []
        if self._speech_since is None:
            self._speech_since = start
        if end - self._speech_since < _samples(s.start_ms):
            return []
        at = max(self._previous_end, self._speech_since - _samples(s.pre_roll_ms), 0)
        self._begin(at, end)
        return [SpeechStarted(at)]

    def _follow_speech(self, probability: float, start: int, end: int) -> list[Event]:
        events: list[Event] = []
        self._recent.append(((start + end) // 2, probability))
        if probability >= self.settings.vad_continue:
            self._last_speech = end
            if self._paused:
                self._paused = False
                events.append(SpeechResumed(start))
        quiet = end - self._last_speech
        if quiet >= _samples(self.silence_ms):
            return [*events, self._end(end, "silence")]
        if quiet >= _samples(self.settings.pause_ms) and not self._paused:
            self._paused = True
            events.append(SpeechPaused(end))
        longest = int(self.settings.longest_utterance_s * SAMPLE_RATE_HZ)
        while self._start is not None and end - self._start >= longest:
            events += self._cut(self._start + longest)
        return events

    def _cut(self, limit: int) -> list[Event]:
        longest_s = self.settings.longest_utterance_s
        earliest = limit - int(min(CUT_SEARCH_S, longest_s / 2) * SAMPLE_RATE_HZ)
        places = ((p, -middle) for middle, p in self._recent if earliest <= middle <= limit)
        _, at = min(places, default=(0.0, -limit))
        last_speech = self._last_speech
        ended = self._end(-at, "longest")
        if last_speech <= ended.at:
            return [ended]
        self._begin(ended.at, last_speech)
        return [ended, SpeechStarted(ended.at)]

    def _begin(self, at: int, last_speech: int) -> None:
        self._start, self._last_speech = at, last_speech
        self._speech_since, self._paused = None, False
        self._recent = [(middle, p) for middle, p in self._recent if middle >= at]

    def _end(self, at: int, reason: EndReason) -> SpeechEnded:
        self._start, self._paused = None, False
        self._previous_end = at
        if reason != "longest":
            self._recent = []
        return SpeechEnded(at, reason)


def _samples(ms: int) -> int:
    return ms * SAMPLE_RATE_HZ // 1000
