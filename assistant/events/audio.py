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


class AudioAt(ClientEventBase):
    """The sound that follows begins with this sample of the microphone, counted from 0 at the session's rate.

    A client that sends it at the beginning of each connection, and keeps what it sent until
    ``assistant.audio.received`` covers it, loses no sound when a connection breaks: after a resume it goes on
    from ``audio_sample`` of ``session.created``. What came already is not heard twice; samples left out are
    told as a gap, with their length. Clients that never send it work as before. A new rate has a new count.
    It also begins the sound of a client that leaves WebRTC for the WebSocket. Its count goes on while WebRTC
    has the sound: so a server that stood still or was started anew meanwhile tells how much it has not heard.
    """

    type: Literal["assistant.audio.at"] = "assistant.audio.at"
    sample: int = Field(ge=0, le=2**53)
    age_ms: int = Field(0, ge=0, le=86_400_000, description="Age of that sample, where sound was kept.")


class AudioEnd(ClientEventBase):
    """The sound over the WebSocket ends here: what is said from now on comes over WebRTC.

    Sound of both is heard in this order, whichever comes first. Without this event WebRTC's waits until the
    WebSocket has brought nothing for two seconds. Sound that comes over the WebSocket after that is not
    heard, and told as a gap with its length.
    """

    type: Literal["assistant.audio.end"] = "assistant.audio.end"


class AudioReceived(ServerEventBase):
    """All sound before this sample is with the session: it need not be kept for sending it again."""

    type: Literal["assistant.audio.received"] = "assistant.audio.received"
    sample: int


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
    recovered: int = Field(0, description="Lost packets that in-band error correction put back.")
    late: int = 0
    concealed_ms: int = 0
    level: InputLevel = Field("fine", description="Fault of the microphone's loudness, if any.")
    dropped_ms: int = Field(0, description="Thrown away because this machine did not keep up.")
