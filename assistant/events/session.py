"""The session: its settings, and the server's models and abilities. Pure."""

from typing import Literal

from pydantic import Field

from assistant.events.base import ClientEventBase, Mode, Part, ServerEventBase


class AudioFormat(Part):
    type: Literal["audio/pcm"] = "audio/pcm"
    rate: int = Field(24_000, description="Samples per second, 8000 to 48000.")


class TranscriptionConfig(Part):
    keywords: list[str] | None = Field(
        None, description="Words and names to expect; an empty list takes those of before back."
    )


class AudioInput(Part):
    format: AudioFormat | None = None
    transcription: TranscriptionConfig | None = None


class SessionAudio(Part):
    input: AudioInput | None = None


class HouseStyle(Part):
    """House style of dictation. Fields left out keep the server's settings."""

    dates: Literal["long", "day_first", "as_dictated"] | None = Field(
        None, description="January 1, 2011; 1 January 2011; or as said."
    )
    times: Literal["clock", "as_dictated"] | None = Field(None, description="2:30 PM, or as it was said.")
    numbers_under_ten: Literal["numerals", "words"] | None = Field(
        None, description="Of what is counted; what is measured or dosed is always in numerals."
    )
    units: Literal["abbreviated", "as_dictated"] | None = Field(None, description="mg, or milligrams.")
    cranial_nerves: Literal["roman", "arabic"] | None = None
    classes: Literal["roman", "arabic"] | None = Field(
        None,
        description="Stages, classes and types: III or 3, where their field writes them in roman numerals.",
    )
    thousands: Literal["plain", "comma"] | None = Field(None, description="12000 or 12,000.")


class SessionConfig(Part):
    """Fields of the OpenAI session that are not named here are accepted and ignored."""

    type: Literal["realtime", "transcription"] | None = None
    audio: SessionAudio | None = None
    mode: Mode | None = Field(None, description="Ours: how finals are taken.")
    style: HouseStyle | None = Field(None, description="Ours: how dictation is written from now on.")
    wake_phrase: str | None = Field(
        None,
        max_length=60,
        description="Ours: with a phrase, only utterances that begin with it are questions; with an empty "
        "one, any may be.",
    )


class SessionUpdate(ClientEventBase):
    """Change the session: the rate of PCM input, words to expect, the mode."""

    type: Literal["session.update"] = "session.update"
    session: SessionConfig


class ModeSet(ClientEventBase):
    """The intent of finals: ``auto`` lets the assistant decide, the others force one."""

    type: Literal["assistant.mode.set"] = "assistant.mode.set"
    mode: Mode


class Recogniser(Part):
    name: str
    sample_rate_hz: int = 16_000
    takes_keywords: bool = Field(False, description="Whether it can be given words to expect.")


class EngineDescription(Part):
    name: str
    stand_in: bool = Field(description="It only shows that the pipeline runs: say so.")
    sees_images: bool
    notice: str = ""
    revision: str = Field("", description="Which weights: a commit, or a file's sha256. Empty: not stated.")
    declines: bool = Field(
        False, description="No model: its answers are fixed text or quote the report; all else is declined."
    )
    why: str = Field("", description="Why this engine answers, where the server chose it: a sentence.")


class GuidelineShelf(Part):
    """The contents of the guideline folder."""

    ready: bool = Field(description="It was read once; until then nothing is found.")
    files: int
    passages: int
    problems: list[str] = Field([], description="A sentence for each file that was left out, with its name.")


class ImageMatcher(Part):
    """A SigLIP that checks images, scores labels and finds similar images. Unverified, as all models are."""

    name: str
    revision: str = ""


class SessionState(Part):
    id: str
    resume_token: str = Field(description="Secret; given back as ?resume= to come back to this session.")
    grace_s: float = Field(description="How long a session without a connection is kept.")
    type: Literal["realtime"] = "realtime"
    mode: Mode = "auto"
    asleep: bool = False
    wake_phrase: str = ""
    style: HouseStyle | None = None
    guidelines: GuidelineShelf | None = None
    audio: SessionAudio
    recogniser: Recogniser
    engine: EngineDescription
    ice_servers: list[str] = []
    version: str = ""
    mark_below: float = Field(0, description="Words heard with less confidence are marked; 0 marks none.")
    keep_audio_min: float = Field(0, description="Minutes of audio kept in memory to be played; 0: none.")
    archive: bool = Field(False, description="Series can be fetched from the hospital's archive.")
    image_matcher: ImageMatcher | None = None
    stored: bool = Field(False, description="Finals, reports and answers are written to the server's disk.")


class SessionCreated(ServerEventBase):
    """The first event of a connection. ``resumed`` says whether the events that follow continue a session."""

    type: Literal["session.created"] = "session.created"
    session: SessionState
    resumed: bool = False
    replayed_to: int = Field(
        0, description="Events up to this `seq` are sent again: they are shown, and nothing is done for them."
    )


class SessionUpdated(ServerEventBase):
    type: Literal["session.updated"] = "session.updated"
    session: SessionState


class SessionClosing(ServerEventBase):
    """The server ends the connection; ``retry`` says whether to come back."""

    type: Literal["assistant.session.closing"] = "assistant.session.closing"
    reason: str
    retry: bool
