"""Transcripts: live, final, and word by word. Pure."""

from typing import Literal

from pydantic import Field

from assistant.events.base import Part, ServerEventBase
from assistant.events.notices import ErrorBody


class TranscriptDelta(ServerEventBase):
    """Stable text to append to the item; nothing is taken back."""

    type: Literal["conversation.item.input_audio_transcription.delta"] = (
        "conversation.item.input_audio_transcription.delta"
    )
    item_id: str
    content_index: int = 0
    delta: str


class DurationUsage(Part):
    type: Literal["duration"] = "duration"
    seconds: float


class AlsoHeard(Part):
    """Another recogniser's transcript of the same speech."""

    recogniser: str
    transcript: str


class LogProbability(Part):
    """Log probability of a word; ``bytes`` are its UTF-8."""

    token: str
    bytes: list[int]
    logprob: float


class TranscriptCompleted(ServerEventBase):
    """The final text of an utterance. It overrides all deltas; empty means that nothing was said."""

    type: Literal["conversation.item.input_audio_transcription.completed"] = (
        "conversation.item.input_audio_transcription.completed"
    )
    item_id: str
    content_index: int = 0
    transcript: str
    usage: DurationUsage
    start_ms: int = Field(description="On the session's sample clock.")
    end_ms: int
    logprobs: list[LogProbability] | None = Field(None, description="Given if the session includes them.")
    at: str = Field("", description="Wall-clock time of the final, ISO 8601 with offset.")
    also_heard: AlsoHeard | None = Field(
        None, description="If two recognisers heard it: the text of the one that was not chosen."
    )


class TranscriptFailed(ServerEventBase):
    type: Literal["conversation.item.input_audio_transcription.failed"] = (
        "conversation.item.input_audio_transcription.failed"
    )
    item_id: str
    content_index: int = 0
    error: ErrorBody


class TranscriptPartial(ServerEventBase):
    """The whole live line. ``stable`` is never retracted before the final; ``tentative`` may change."""

    type: Literal["assistant.transcript.partial"] = "assistant.transcript.partial"
    item_id: str
    stable: str
    tentative: str
    written: str = Field(
        "", description="The live line in written form, as far as it is settled: it only grows."
    )
    written_tail: str = Field("", description="The rest of it, which may change.")


class WordTime(Part):
    text: str
    start_ms: int
    end_ms: int
    confidence: float | None = None
    alternatives: list[str] = Field(
        [],
        description="Other readings of the word, if the recogniser was in doubt; likeliest first.",
    )


class TranscriptWords(ServerEventBase):
    """Words of a final, where the recogniser has word times."""

    type: Literal["assistant.transcript.words"] = "assistant.transcript.words"
    item_id: str
    words: list[WordTime]
