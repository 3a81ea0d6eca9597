"""Incoming audio over the WebSocket or WebRTC, and the start and end of speech in it. Pure."""

import base64
from typing import Literal

from pydantic import Field

from assistant.errors import BadInput
from assistant.events.base import ClientEventBase, InputLevel, ServerEventBase


class InputAudioAppend(ClientEventBase):
    """Audio: base64 of PCM16 little-endian mono at the session's rate. Needs no set-up event.

    A binary WebSocket frame of the same PCM16 is the same event without the base64.
    """

    type: Literal["input_audio_buffer.append"] = "input_audio_buffer.append"
    audio: str

    def pcm(self) -> bytes:
        """Raises ``BadInput``: ``audio_not_base64``."""
        try:
            return base64.b64decode(self.audio, validate=True)
        except ValueError:
            raise BadInput("'audio' is not base64.", code="audio_not_base64") from None


class InputAudioCommit(ClientEventBase):
    """End the running utterance now, without waiting for silence."""

    type: Literal["input_audio_buffer.commit"] = "input_audio_buffer.commit"


class InputAudioClear(ClientEventBase):
    """Discard the current utterance."""

    type: Literal["input_audio_buffer.clear"] = "input_audio_buffer.clear"


class WebRtcOffer(ClientEventBase):
    """Offer a microphone over WebRTC. A second offer replaces the first connection."""

    type: Literal["assistant.webrtc.offer"] = "assistant.webrtc.offer"
    sdp: str = Field(max_length=65_536)


class WebRtcClose(ClientEventBase):
    """The microphone was turned off: end the current utterance and close the connection."""

    type: Literal["assistant.webrtc.close"] = "assistant.webrtc.close"


class WebRtcAnswer(ServerEventBase):
    type: Literal["assistant.webrtc.answer"] = "assistant.webrtc.answer"
    sdp: str


class SpeechStartedEvent(ServerEventBase):
    type: Literal["input_audio_buffer.speech_started"] = "input_audio_buffer.speech_started"
    audio_start_ms: int
    item_id: str


class SpeechStoppedEvent(ServerEventBase):
    type: Literal["input_audio_buffer.speech_stopped"] = "input_audio_buffer.speech_stopped"
    audio_end_ms: int
    item_id: str


class BufferCommitted(ServerEventBase):
    type: Literal["input_audio_buffer.committed"] = "input_audio_buffer.committed"
    item_id: str
    previous_item_id: str | None = None


class BufferCleared(ServerEventBase):
    """The current utterance was discarded; ``item_id`` gets no final."""

    type: Literal["input_audio_buffer.cleared"] = "input_audio_buffer.cleared"
    item_id: str | None = None


class AudioGap(ServerEventBase):
    """Audio was lost and could not be restored: words may be missing here."""

    type: Literal["assistant.audio.gap"] = "assistant.audio.gap"
    start_ms: int
    duration_ms: int
    reason: Literal["network", "overload"]


class AudioStatus(ServerEventBase):
    """Received and lost audio since the microphone started; sent about once a second while audio arrives."""

    type: Literal["assistant.audio.status"] = "assistant.audio.status"
    transport: Literal["webrtc", "websocket"]
    received: int = Field(description="Packets (WebRTC) or frames (WebSocket).")
    lost: int = 0
    recovered: int = Field(0, description="Of the lost, those put back by in-band error correction.")
    late: int = 0
    concealed_ms: int = 0
    level: InputLevel = Field(
        "fine", description="What is wrong with how loud the microphone is, if anything."
    )
    dropped_ms: int = Field(0, description="Thrown away because this machine did not keep up.")
