"""The session: its settings, and the server's models and abilities. Pure."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from assistant.events.base import ClientEventBase, Mode, Part, ServerEventBase
from assistant.events.reports import Keeping


class Asked(Part):
    """Part of a ``session.update``: a field that is not named is refused, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AudioFormat(Asked):
    """G.711 (``audio/pcmu``, ``audio/pcma``) always has 8,000 samples per second."""

    type: Literal["audio/pcm", "audio/pcmu", "audio/pcma"] = "audio/pcm"
    rate: int | None = Field(
        None, description="Samples of PCM per second, 8000 to 48000; 24000 if not given."
    )

    @property
    def rate_hz(self) -> int:
        return (self.rate or 24_000) if self.type == "audio/pcm" else 8_000


class TranscriptionConfig(Asked):
    model: str | None = Field(None, description="Any name; the recogniser that runs here is echoed.")
    language: str | None = Field(None, description="English only.")
    languages: list[str] | None = None
    prompt: str | None = Field(None, description="A hint: its longer words are expected.")
    keywords: list[str] | None = Field(
        None, description="A hint: words to expect; an empty list takes those of before back."
    )
    delay: Literal["minimal", "low", "medium", "high", "xhigh"] | None = Field(
        None, description="A hint; the echo has what --asr-preset says, which holds for all sessions."
    )


class ServerVad(Asked):
    """Silence ends a turn. ``idle_timeout_ms`` cannot be had."""

    type: Literal["server_vad"] = "server_vad"
    threshold: float | None = Field(None, gt=0, lt=1)
    prefix_padding_ms: int | None = Field(None, ge=0, le=1000)
    silence_duration_ms: int | None = Field(None, ge=100, le=5000)
    create_response: bool | None = Field(None, description="False: a question waits for response.create.")
    interrupt_response: bool | None = Field(None, description="True: speech ends the running answer.")
    idle_timeout_ms: None = None


class SemanticVad(Asked):
    """The words said so far decide how long a silence ends the turn, as they do by default."""

    type: Literal["semantic_vad"]
    eagerness: Literal["low", "medium", "high", "auto"] | None = None
    create_response: bool | None = None
    interrupt_response: bool | None = None


class AudioInput(Asked):
    format: AudioFormat | None = None
    transcription: TranscriptionConfig | None = None
    turn_detection: ServerVad | SemanticVad | None = Field(
        None, discriminator="type", description="null: only a commit ends a turn."
    )
    noise_reduction: None = Field(None, description="There is none.")


class SessionAudio(Asked):
    input: AudioInput | None = None
    output: dict[str, Any] | None = Field(None, description="There is no sound in answers; not echoed.")


class HouseStyle(Asked):
    """House style of dictation. Fields left out keep the server's settings."""

    dates: Literal["long", "day_first", "as_dictated"] | None = Field(
        None, description="January 1, 2011; 1 January 2011; or as said."
    )
    times: Literal["clock", "as_dictated"] | None = Field(None, description="2:30 PM, or as it was said.")
    numbers_under_ten: Literal["numerals", "words"] | None = Field(
        None, description="Style of counts; measurements and doses are always in numerals."
    )
    units: Literal["abbreviated", "as_dictated"] | None = Field(None, description="mg, or milligrams.")
    cranial_nerves: Literal["roman", "arabic"] | None = None
    classes: Literal["roman", "arabic"] | None = Field(
        None,
        description="Stages, classes and types: III or 3, where their field writes them in roman numerals.",
    )
    thousands: Literal["plain", "comma"] | None = Field(None, description="12000 or 12,000.")


class SessionConfig(Asked):
    """Fields left out stay as they are. What cannot be had is refused, and then nothing is changed."""

    type: Literal["realtime", "transcription"] | None = Field(
        None, description="transcription: what is heard is transcribed, and no model is ever asked."
    )
    audio: SessionAudio | None = None
    input_audio_format: Literal["pcm16", "g711_ulaw", "g711_alaw"] | None = Field(
        None, description="The beta's name of audio.input.format."
    )
    model: str | None = Field(None, description="Any name; what runs here is echoed.")
    instructions: str | None = Field(None, max_length=32_000, description="Stand before every question.")
    output_modalities: list[Literal["text"]] | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | Literal["inf"] | None = None
    include: list[Literal["item.input_audio_transcription.logprobs"]] | None = None
    tools: Annotated[list[Any], Field(max_length=0)] | None = None
    tool_choice: Literal["auto", "none"] | None = None
    parallel_tool_calls: bool | None = None
    truncation: Literal["auto"] | None = None
    prompt: None = None
    reasoning: None = None
    tracing: Literal["auto"] | dict[str, Any] | None = Field(
        None, description="Without effect, and not echoed: nothing is told to a tracing service."
    )
    mode: Mode | None = Field(None, description="Ours: how finals are taken.")
    style: HouseStyle | None = Field(None, description="Ours: how dictation is written from now on.")
    wake_phrase: str | None = Field(
        None,
        max_length=60,
        description="Ours: with a phrase, only utterances that begin with it are questions; with an empty "
        "one, any may be.",
    )


class SessionUpdate(ClientEventBase):
    """Change the session in one step: all of it, or, with an error, nothing."""

    type: Literal["session.update"] = "session.update"
    session: SessionConfig


class ModeSet(ClientEventBase):
    """The intent of finals: ``auto`` lets the assistant decide, the others force one."""

    type: Literal["assistant.mode.set"] = "assistant.mode.set"
    mode: Mode


class Recogniser(Part):
    name: str
    label: str = Field("", description="Description in a few words, for people.")
    sample_rate_hz: int = 16_000
    takes_keywords: bool = Field(False, description="Whether it can be given words to expect.")


class EngineDescription(Part):
    name: str
    stand_in: bool = Field(description="It only shows that the pipeline runs: say so.")
    sees_images: bool
    notice: str = ""
    revision: str = Field(
        "", description="Version of the weights: a commit, or a file's sha256. Empty: not stated."
    )
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
    resume_token: str = Field(
        description="Secret with which a client comes back and asks for what belongs to this session. "
        "Only in ``session.created``; elsewhere empty."
    )
    grace_s: float = Field(description="Time for which a session without a connection is kept.")
    type: Literal["realtime", "transcription"] = "realtime"
    object: Literal["realtime.session"] = "realtime.session"
    model: str = Field("", description="The engine that answers; the recogniser in a transcription session.")
    instructions: str = ""
    output_modalities: list[Literal["text"]] = ["text"]
    max_output_tokens: int | Literal["inf"] = "inf"
    include: list[Literal["item.input_audio_transcription.logprobs"]] = []
    tools: list[Any] = []
    tool_choice: Literal["auto"] = "auto"
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
    signer: str | None = Field(
        None,
        description="The user, with whose name reports are signed; null where the server has no users: then "
        "a name is typed, which nobody has verified.",
    )
    may_sign: bool = Field(True, description="The user has the right to sign reports.")
    keeping: Keeping | None = Field(None, description="Where, and for how long; none where nothing is kept.")


class SessionCreated(ServerEventBase):
    """The first event of a connection. ``resumed`` says whether the events that follow continue a session.

    It comes again on the same connection when another report was begun ("new report"): the session with the
    id ``previous`` has ended, and its report stays in the list as it was. What was said after these words,
    and what the client sends from now on, belongs to the new session, which has its own id and token. The
    settings and the numbers of utterances, typed items and answers go on; `seq` begins anew.
    """

    type: Literal["session.created"] = "session.created"
    session: SessionState
    previous: str | None = None
    resumed: bool = False
    audio_sample: int | None = Field(
        None,
        description="The first sample that is not with the session yet; none where samples had no number.",
    )
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
