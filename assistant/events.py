"""The wire protocol of ``/v1/realtime``: one class per event, told apart by ``type``. Pure.

Names are those of the OpenAI Realtime API (GA) where it has them; ``assistant.*`` events add what it
lacks, and stock clients ignore them. ``docs/protocol.md`` and ``web/protocol.d.ts`` are generated from
this file by ``scripts/protocol_docs.py``.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from assistant.errors import BadInput

Mode = Literal["auto", "dictation", "question"]
Intent = Literal["dictation", "question", "command"]
Origin = Literal["voice", "typed", "template", "macro", "answer"]
"""Where a piece of the report came from."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


# --- what a client sends -------------------------------------------------------------------------


class ClientEventBase(_Part):
    event_id: str | None = Field(None, max_length=512, description="Echoed in an error about this event.")


class AudioFormat(_Part):
    type: Literal["audio/pcm"] = "audio/pcm"
    rate: int = Field(24_000, description="Samples per second, 8000 to 48000.")


class TranscriptionConfig(_Part):
    keywords: list[str] | None = Field(
        None, description="Words and names to expect; an empty list takes those of before back."
    )


class AudioInput(_Part):
    format: AudioFormat | None = None
    transcription: TranscriptionConfig | None = None


class SessionAudio(_Part):
    input: AudioInput | None = None


class HouseStyle(_Part):
    """How dictation is written. What is left out stays as the server's settings have it."""

    dates: Literal["long", "as_dictated"] | None = Field(None, description="January 1, 2011, or as said.")
    times: Literal["clock", "as_dictated"] | None = Field(None, description="2:30 PM, or as it was said.")
    numbers_under_ten: Literal["numerals", "words"] | None = Field(
        None, description="Of what is counted; what is measured or dosed is always in numerals."
    )
    units: Literal["abbreviated", "as_dictated"] | None = Field(None, description="mg, or milligrams.")
    cranial_nerves: Literal["roman", "arabic"] | None = None


class SessionConfig(_Part):
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


class InputAudioAppend(ClientEventBase):
    """Audio: base64 of PCM16 little-endian mono at the session's rate. Needs no set-up event.

    A binary WebSocket frame of the same PCM16 is the same event without the base64.
    """

    type: Literal["input_audio_buffer.append"] = "input_audio_buffer.append"
    audio: str


class InputAudioCommit(ClientEventBase):
    """End the running utterance now, without waiting for silence."""

    type: Literal["input_audio_buffer.commit"] = "input_audio_buffer.commit"


class InputAudioClear(ClientEventBase):
    """Throw the running utterance away."""

    type: Literal["input_audio_buffer.clear"] = "input_audio_buffer.clear"


class InputText(_Part):
    type: Literal["input_text"] = "input_text"
    text: str = Field(max_length=32_000)


class InputImage(_Part):
    type: Literal["input_image"] = "input_image"
    image_url: str = Field(description="A data URI: PNG, JPEG or WebP.")
    name: str = Field("image", max_length=255)


class UserMessage(_Part):
    type: Literal["message"] = "message"
    role: Literal["user"] = "user"
    content: list[Annotated[InputText | InputImage, Field(discriminator="type")]] = Field(
        min_length=1, max_length=16
    )


class ConversationItemCreate(ClientEventBase):
    """Text is the next question (asked by ``response.create``); images are attached to the session."""

    type: Literal["conversation.item.create"] = "conversation.item.create"
    item: UserMessage


class ResponseCreate(ClientEventBase):
    """Answer what ``conversation.item.create`` brought since the last answer."""

    type: Literal["response.create"] = "response.create"


class ResponseCancel(ClientEventBase):
    """Stop the running answer. ``response_id`` names it; without one, whichever runs."""

    type: Literal["response.cancel"] = "response.cancel"
    response_id: str | None = None


class WebRtcOffer(ClientEventBase):
    """Offer a microphone over WebRTC. A second offer replaces the first connection."""

    type: Literal["assistant.webrtc.offer"] = "assistant.webrtc.offer"
    sdp: str = Field(max_length=65_536)


class WebRtcClose(ClientEventBase):
    """The microphone is off: end the running utterance and close the connection."""

    type: Literal["assistant.webrtc.close"] = "assistant.webrtc.close"


class ModeSet(ClientEventBase):
    """How finals are taken: ``auto`` lets the assistant decide, the others force it."""

    type: Literal["assistant.mode.set"] = "assistant.mode.set"
    mode: Mode


class AttentionSet(ClientEventBase):
    """Asleep, nothing that is said is kept or sent but the command that wakes."""

    type: Literal["assistant.attention.set"] = "assistant.attention.set"
    asleep: bool


class SpeechState(ClientEventBase):
    """What the client reads aloud, a sentence at a time, so that its echo is not taken for dictation.

    Sent when a sentence begins, with its text, and without a text when nothing is read any more.
    """

    type: Literal["assistant.speech.state"] = "assistant.speech.state"
    text: str | None = Field(None, max_length=4_000)


class IntentCorrect(ClientEventBase):
    """An utterance was taken wrongly: make it dictation, or ask it."""

    type: Literal["assistant.intent.correct"] = "assistant.intent.correct"
    item_id: str = Field(max_length=64)
    intent: Literal["dictation", "question", "command"] = Field(
        description="“command” carries out what the utterance ``nearly`` was."
    )


class ItemEdit(ClientEventBase):
    """The text of a dictated item, corrected by hand. An empty text removes it from the dictation."""

    type: Literal["assistant.item.edit"] = "assistant.item.edit"
    item_id: str = Field(max_length=64)
    text: str = Field(max_length=32_000)


class DocumentEdit(ClientEventBase):
    """A hand edit: ``[start, end)`` of a section's text, as it was at ``revision``, becomes ``text``.

    What arrived meanwhile is kept: the edit is moved to where its place is now. Its ``event_id`` comes back
    in ``applied`` of the next ``assistant.document.changed``; or in an ``error``: ``edit_conflict`` (that
    very place has changed), ``edit_too_old``, ``section_unknown``, ``range_invalid``; nothing changed then.
    """

    type: Literal["assistant.document.edit"] = "assistant.document.edit"
    revision: int = Field(ge=0)
    section_id: str = Field(max_length=128)
    start: int = Field(ge=0, description="In code points, like all offsets.")
    end: int = Field(ge=0)
    text: str = Field(max_length=100_000)


class DocumentCommand(ClientEventBase):
    """What a button does to the report.

    ``go_to`` and ``place_cursor`` take ``section_id``, the latter ``offset`` and ``revision`` too;
    ``new_report`` takes a template's ``name`` (none: a blank report), ``insert_macro`` a macro's;
    ``insert_text`` takes ``text`` and its ``origin``; ``choose`` fills the field at ``offset`` with ``text``.
    """

    type: Literal["assistant.document.command"] = "assistant.document.command"
    command: Literal[
        "undo",
        "redo",
        "go_to",
        "place_cursor",
        "next_field",
        "previous_field",
        "new_report",
        "insert_macro",
        "insert_text",
        "choose",
    ]
    section_id: str | None = Field(None, max_length=128)
    offset: int | None = Field(None, ge=0)
    revision: int | None = Field(None, ge=0)
    name: str | None = Field(None, max_length=128)
    text: str | None = Field(None, max_length=100_000)
    origin: Origin = "typed"


class AttachmentLook(ClientEventBase):
    """What the clinician looks at: a question without a name for another image is about this one."""

    type: Literal["assistant.attachment.look"] = "assistant.attachment.look"
    attachment_id: str | None = Field(None, description="None when nothing is open any more.")


class AttachmentRemove(ClientEventBase):
    """Take an attached image away; later questions go without it."""

    type: Literal["assistant.attachment.remove"] = "assistant.attachment.remove"
    attachment_id: str = Field(max_length=64)


class LabelsScore(ClientEventBase):
    """Say how well each label fits an image, with an image matcher (``session.image_matcher``)."""

    type: Literal["assistant.labels.score"] = "assistant.labels.score"
    attachment_id: str = Field(max_length=64)
    index: int = Field(0, ge=0, description="Which of its pictures, as in /slice?i=.")
    labels: list[Annotated[str, Field(max_length=200)]] = Field(min_length=1, max_length=32)


class SimilarFind(ClientEventBase):
    """Rank the session's other images and slices by how alike they are to this one."""

    type: Literal["assistant.similar.find"] = "assistant.similar.find"
    attachment_id: str = Field(max_length=64)
    index: int = Field(0, ge=0, description="Which of its pictures, as in /slice?i=.")


ClientEvent = Annotated[
    SessionUpdate
    | InputAudioAppend
    | InputAudioCommit
    | InputAudioClear
    | ConversationItemCreate
    | ResponseCreate
    | ResponseCancel
    | WebRtcOffer
    | WebRtcClose
    | ModeSet
    | AttentionSet
    | SpeechState
    | IntentCorrect
    | ItemEdit
    | DocumentEdit
    | DocumentCommand
    | AttachmentRemove
    | AttachmentLook
    | LabelsScore
    | SimilarFind,
    Field(discriminator="type"),
]

_client_events: TypeAdapter[ClientEvent] = TypeAdapter(ClientEvent)


# --- what the server sends -----------------------------------------------------------------------


class ServerEventBase(_Part):
    """``event_id`` and ``seq`` are set when the event is sent; ``seq`` rises by one per kept event."""

    event_id: str = ""
    seq: int = Field(
        0,
        description="Position in the session's log, from 1; 0 for passing events, which are not replayed.",
    )


class Recogniser(_Part):
    name: str
    sample_rate_hz: int = 16_000


class EngineDescription(_Part):
    name: str
    stand_in: bool = Field(description="A model that only shows that the pipeline runs: say so.")
    sees_images: bool
    notice: str = ""
    revision: str = Field("", description="Which weights: a commit, or a file's sha256. Empty: not stated.")


class GuidelineShelf(_Part):
    """What the guideline folder holds."""

    ready: bool = Field(description="It was read once; until then nothing is found.")
    files: int
    passages: int
    problems: list[str] = Field([], description="A sentence for each file that was left out, with its name.")


class ImageMatcher(_Part):
    """A SigLIP that checks images, scores labels and finds similar images. Unverified, as all models are."""

    name: str
    revision: str = ""


class SessionState(_Part):
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


class SessionUpdated(ServerEventBase):
    type: Literal["session.updated"] = "session.updated"
    session: SessionState


class ErrorBody(_Part):
    type: Literal["invalid_request_error", "server_error"] = "invalid_request_error"
    code: str = Field(description="Stable, snake_case.")
    message: str = Field(description="For people: what is wrong and what to do.")
    param: str | None = None
    event_id: str | None = Field(None, description="The client event that caused it.")


class ErrorEvent(ServerEventBase):
    """Something was not possible; the session goes on."""

    type: Literal["error"] = "error"
    error: ErrorBody


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
    """The running utterance was thrown away; ``item_id`` will get no final."""

    type: Literal["input_audio_buffer.cleared"] = "input_audio_buffer.cleared"
    item_id: str | None = None


class TranscriptDelta(ServerEventBase):
    """Stable text to append to the item; nothing is taken back."""

    type: Literal["conversation.item.input_audio_transcription.delta"] = (
        "conversation.item.input_audio_transcription.delta"
    )
    item_id: str
    content_index: int = 0
    delta: str


class DurationUsage(_Part):
    type: Literal["duration"] = "duration"
    seconds: float


class AlsoHeard(_Part):
    """What another recogniser made of the same words."""

    recogniser: str
    transcript: str


class TranscriptCompleted(ServerEventBase):
    """The final text of an utterance; it stands above all deltas. Empty: nothing was said."""

    type: Literal["conversation.item.input_audio_transcription.completed"] = (
        "conversation.item.input_audio_transcription.completed"
    )
    item_id: str
    content_index: int = 0
    transcript: str
    usage: DurationUsage
    start_ms: int = Field(description="On the session's sample clock.")
    end_ms: int
    at: str = Field("", description="Wall-clock time of the final, ISO 8601 with offset.")
    also_heard: AlsoHeard | None = Field(
        None, description="Where two recognisers heard it: what the one said that was not chosen."
    )


class TranscriptFailed(ServerEventBase):
    type: Literal["conversation.item.input_audio_transcription.failed"] = (
        "conversation.item.input_audio_transcription.failed"
    )
    item_id: str
    content_index: int = 0
    error: ErrorBody


class TranscriptPartial(ServerEventBase):
    """The live line, whole: ``stable`` is never taken back before the final, ``tentative`` may change."""

    type: Literal["assistant.transcript.partial"] = "assistant.transcript.partial"
    item_id: str
    stable: str
    tentative: str
    written: str = Field(
        "", description="The live line in written form, as far as it is settled: it only grows."
    )
    written_tail: str = Field("", description="The rest of it, which may change.")


class WordTime(_Part):
    text: str
    start_ms: int
    end_ms: int
    confidence: float | None = None


class TranscriptWords(ServerEventBase):
    """Words of a final, where the recogniser has word times."""

    type: Literal["assistant.transcript.words"] = "assistant.transcript.words"
    item_id: str
    words: list[WordTime]


class IntentEvent(ServerEventBase):
    """How an utterance was taken. A later one for the same item replaces it (a correction)."""

    type: Literal["assistant.intent"] = "assistant.intent"
    item_id: str
    intent: Intent
    confidence: float
    reason: str
    text: str = Field(
        description="What was taken, as it goes into the dictation (in written form) or the question. "
        "What was heard stands in the completed event."
    )
    corrected: bool = False
    doubtful: bool = Field(False, description="Dictation that may have been asked: offer to ask it.")
    part_of: str | None = Field(
        None, description="The utterance whose end this is, where one held dictation and then a question."
    )
    command: str | None = Field(None, description="For a command: its name.")
    nearly: str | None = Field(
        None, description="For dictation: the command it came close to. A correction to “command” does it."
    )


class CommandDone(ServerEventBase):
    """A command was carried out, or could not be (``failed``). ``text`` is to be read aloud (``read_back``).

    Undo, as a client event or spoken, takes back what it did to the report.
    """

    type: Literal["assistant.command.done"] = "assistant.command.done"
    item_id: str | None = Field(None, description="The utterance; none for a button.")
    command: str
    message: str = Field(description="What was done, for people.")
    text: str = ""
    failed: bool = False


class CommandHelp(_Part):
    say: str
    does: str


class LibraryRead(ServerEventBase):
    """What may be said and inserted; again when the files of templates, macros or words have changed."""

    type: Literal["assistant.library"] = "assistant.library"
    templates: list[str]
    macros: list[str]
    commands: list[CommandHelp]
    problems: list[str] = Field([], description="What is wrong with which file, for people.")


class AttentionChanged(ServerEventBase):
    """Asleep or awake, since somebody said or pressed so."""

    type: Literal["assistant.attention.changed"] = "assistant.attention.changed"
    asleep: bool
    by: Literal["voice", "hand"]


class EchoLeftOut(ServerEventBase):
    """An utterance was nothing but an echo of what was read aloud. ``assistant.intent.correct`` brings it
    back."""

    type: Literal["assistant.echo.left_out"] = "assistant.echo.left_out"
    item_id: str
    text: str


class SpeechStop(ServerEventBase):
    """Somebody said "stop" while something is read aloud."""

    type: Literal["assistant.speech.stop"] = "assistant.speech.stop"


class ItemEdited(ServerEventBase):
    """A dictated item has this text now."""

    type: Literal["assistant.item.edited"] = "assistant.item.edited"
    item_id: str
    text: str


class FieldPart(_Part):
    """A place to fill: shown as ``[name]`` until it is."""

    name: str
    choices: list[str] = []


class RunPart(_Part):
    """Text of one source; ``item_id`` is the utterance it was said in."""

    text: str
    item_id: str | None = None
    origin: Origin
    field: FieldPart | None = None


class SectionPart(_Part):
    id: str
    title: str = Field(description="Empty for the one section of a report without a template.")
    runs: list[RunPart]


class PositionPart(_Part):
    section_id: str
    offset: int


class RangePart(_Part):
    section_id: str
    start: int
    end: int


class WordPlace(_Part):
    """``[start, end)`` of a section's text, and when it was said, on the session's sample clock."""

    section_id: str
    start: int
    end: int
    item_id: str
    start_ms: int
    end_ms: int
    confidence: float | None = None


class DocumentChanged(ServerEventBase):
    """The report, whole. Of these only the newest is kept for a client that comes back."""

    type: Literal["assistant.document.changed"] = "assistant.document.changed"
    revision: int = Field(description="Rises with every change, undo included.")
    sections: list[SectionPart]
    cursor: PositionPart = Field(description="Where the next words go.")
    selected: RangePart | None = Field(None, description="What the next words replace.")
    template: str | None = None
    can_undo: bool = False
    can_redo: bool = False
    applied: list[str] = Field([], description="The event ids of the latest hand edits that are in it.")
    doubtful: list[WordPlace] = Field(
        [], description="Words heard with less than the session's mark_below; none where nothing is known."
    )


class ConversationItem(_Part):
    id: str
    type: Literal["message"] = "message"
    role: Literal["user", "assistant"]
    status: Literal["in_progress", "completed", "incomplete"] = "completed"
    content: list[dict[str, Any]] = []


class ItemAdded(ServerEventBase):
    """A typed question, or an answer that begins."""

    type: Literal["conversation.item.added"] = "conversation.item.added"
    item: ConversationItem
    previous_item_id: str | None = None


class Attachment(_Part):
    id: str
    name: str
    media_type: str
    width_px: int
    height_px: int
    url: str = Field(description="Path of a small picture of it on this server; below it: /slice?i=&window=.")
    kind: str = Field("photo", description="photo, xray, pictures, ct, mr, slide, pages or record.")
    count: int = Field(1, description="Pictures to look through: slices, pages, patches behind an overview.")
    windows: list[str] = Field([], description="Windows that its slices can be seen in, the usual one first.")
    notes: list[str] = Field([], description="What to know about it, e.g. that slices are missing.")


class AttachmentAdded(ServerEventBase):
    """An image is attached: every question from now on is asked with it."""

    type: Literal["assistant.attachment.added"] = "assistant.attachment.added"
    attachment: Attachment


class AttachmentRemoved(ServerEventBase):
    type: Literal["assistant.attachment.removed"] = "assistant.attachment.removed"
    attachment_id: str


class AttachmentChecked(ServerEventBase):
    """What kind of image an attachment looks like, and faults that it may have, by the image matcher alone.
    It comes some time after ``assistant.attachment.added``; no question waits for it."""

    type: Literal["assistant.attachment.checked"] = "assistant.attachment.checked"
    attachment_id: str
    index: int = Field(description="Which of its pictures was looked at, as in /slice?i=.")
    kind: str = Field(description="e.g. “chest X-ray”; empty where no kind is sure.")
    share: float = Field(description="Of the best kind, against the others.")
    faults: list[str] = Field(description="e.g. “blurred”.")
    unlike_file: bool = Field(description="The file says that it is something else.")
    note: str = Field(description="All of it, for people.")


class LabelScore(_Part):
    label: str
    share: float = Field(description="Against the other labels: all shares add up to 1.")
    match: float = Field(
        description="By itself, as the model was trained; often small for the right one too."
    )


class LabelsScored(ServerEventBase):
    """The answer to ``assistant.labels.score``, best first."""

    type: Literal["assistant.labels.scored"] = "assistant.labels.scored"
    attachment_id: str
    index: int
    scores: list[LabelScore]


class SimilarImage(_Part):
    attachment_id: str
    index: int
    similarity: float = Field(description="Cosine of the two images' vectors: 1 is the same.")


class SimilarFound(ServerEventBase):
    """The answer to ``assistant.similar.find``, most alike first; it grows until ``looked_at`` is ``of``."""

    type: Literal["assistant.similar.found"] = "assistant.similar.found"
    attachment_id: str
    index: int
    images: list[SimilarImage]
    looked_at: int
    of: int = Field(description="Images that are searched; long series are thinned out.")


class TokenUsage(_Part):
    input_tokens: int
    output_tokens: int
    total_tokens: int


class ResponseBody(_Part):
    id: str
    object: Literal["realtime.response"] = "realtime.response"
    status: Literal["in_progress", "completed", "cancelled", "failed"]
    status_details: dict[str, Any] | None = None
    output: list[ConversationItem] = []
    usage: TokenUsage | None = None


class ContextUsed(_Part):
    """What went with a question, besides the guideline passages of ``assistant.response.sources``."""

    document_chars: int = Field(0, description="Of the report so far; an engine with less room cuts it.")
    earlier: int = Field(0, description="Earlier questions with their answers; an engine takes what fits.")
    images: str = Field("", description="How the images were chosen, in words; empty without images.")


class SourcePart(_Part):
    """A guideline passage that went with a question; the answer cites it by its number, ``[1]``."""

    number: int
    file: str
    place: str = Field("", description="Page and heading, for people.")
    text: str
    url: str = Field(description="Path on this server that shows the passage at its place.")


class ResponseCreated(ServerEventBase):
    """An answer begins. ``question`` is as it was asked; ``question_item_id`` the utterance it came from.
    ``attachment_ids`` are the images that the words of the question choose, or all."""

    type: Literal["response.created"] = "response.created"
    response: ResponseBody
    question: str
    question_item_id: str
    attachment_ids: list[str] = []
    engine: EngineDescription
    context: ContextUsed | None = None


class ResponseSources(ServerEventBase):
    """With a guideline folder, once an answer: what was found. Comes before the answer's text."""

    type: Literal["assistant.response.sources"] = "assistant.response.sources"
    response_id: str
    sources: list[SourcePart]
    answered: bool = Field(
        description="False: nothing was found, and the answer's text says so; no model was asked."
    )


class RecordPart(_Part):
    label: str = Field(description="As the answer names it, in brackets: Observation/12.")
    reference: str = Field(description="As the record has it: Observation/0f2c….")
    text: str


class ResponseRecord(ServerEventBase):
    """At the end of an answer from a patient's record: the resources that it names, as they stand there."""

    type: Literal["assistant.response.record"] = "assistant.response.record"
    response_id: str
    read: int = Field(description="How many resources were read for it.")
    named: list[RecordPart]


class _OutputText(ServerEventBase):
    response_id: str
    item_id: str
    output_index: int = 0
    content_index: int = 0


class OutputTextDelta(_OutputText):
    type: Literal["response.output_text.delta"] = "response.output_text.delta"
    delta: str


class OutputTextDone(_OutputText):
    """The whole text of the answer; also of one that was stopped, as far as it came."""

    type: Literal["response.output_text.done"] = "response.output_text.done"
    text: str


class AnswerThought(ServerEventBase):
    """What the model thinks before it answers, to append: no part of the answer, shown folded if at all."""

    type: Literal["assistant.answer.thought"] = "assistant.answer.thought"
    response_id: str
    delta: str


class BoxPart(_Part):
    """Upper left and lower right corner, in pixels of the picture as it was attached."""

    label: str
    x0: float
    y0: float
    x1: float
    y1: float


class AnswerBoxes(ServerEventBase):
    """Places that the answer gives on an attached picture: approximate, and so they are to be shown."""

    type: Literal["assistant.answer.boxes"] = "assistant.answer.boxes"
    response_id: str
    attachment_id: str
    width_px: int = Field(description="Of the picture, as the corners count them.")
    height_px: int
    boxes: list[BoxPart]


class ChangePart(_Part):
    finding: str
    change: Literal["improved", "stable", "worsened"]


class AnswerChanges(ServerEventBase):
    """What has changed in the last study, where the answer says it in so many words."""

    type: Literal["assistant.answer.changes"] = "assistant.answer.changes"
    response_id: str
    since: str = Field("", description="Which study it is compared with, in words.")
    changes: list[ChangePart]


class LabPart(_Part):
    name: str
    result: str
    unit: str
    reference: str
    flag: Literal["", "low", "normal", "high", "abnormal"] = Field(
        description="Worked out from result and reference where they are numbers; else as the model read it."
    )
    specimen: str
    method: str
    collected: str


class AnswerLabs(ServerEventBase):
    """The lab report in the images, as a table."""

    type: Literal["assistant.answer.labs"] = "assistant.answer.labs"
    response_id: str
    rows: list[LabPart]
    rejected: int = Field(description="Rows that did not fit the table and are left out.")
    url: str = Field(description="Where it can be had as a file: ?format=csv or ?format=fhir.")


class ResponseDone(ServerEventBase):
    """The answer ended: ``response.status`` says how; on ``failed``, ``status_details.error`` says why."""

    type: Literal["response.done"] = "response.done"
    response: ResponseBody
    cited: list[int] = Field([], description="The numbers of the sources that the answer cites.")


class WebRtcAnswer(ServerEventBase):
    type: Literal["assistant.webrtc.answer"] = "assistant.webrtc.answer"
    sdp: str


class AudioGap(ServerEventBase):
    """Audio was lost and could not be put back: words may be missing here."""

    type: Literal["assistant.audio.gap"] = "assistant.audio.gap"
    start_ms: int
    duration_ms: int
    reason: Literal["network", "overload"]


class AudioStatus(ServerEventBase):
    """About once a second while audio arrives: what came and what was lost since the microphone started."""

    type: Literal["assistant.audio.status"] = "assistant.audio.status"
    transport: Literal["webrtc", "websocket"]
    received: int = Field(description="Packets (WebRTC) or frames (WebSocket).")
    lost: int = 0
    recovered: int = Field(0, description="Of the lost, those put back by in-band error correction.")
    late: int = 0
    concealed_ms: int = 0
    dropped_ms: int = Field(0, description="Thrown away because this machine did not keep up.")


class Notice(ServerEventBase):
    """Something a person should know; nothing failed."""

    type: Literal["assistant.notice"] = "assistant.notice"
    level: Literal["info", "warning"] = "info"
    code: str
    message: str


class SessionClosing(ServerEventBase):
    """The server ends the connection; ``retry`` says whether to come back."""

    type: Literal["assistant.session.closing"] = "assistant.session.closing"
    reason: str
    retry: bool


ServerEvent = Annotated[
    SessionCreated
    | SessionUpdated
    | ErrorEvent
    | SpeechStartedEvent
    | SpeechStoppedEvent
    | BufferCommitted
    | BufferCleared
    | TranscriptDelta
    | TranscriptCompleted
    | TranscriptFailed
    | TranscriptPartial
    | TranscriptWords
    | IntentEvent
    | AttentionChanged
    | EchoLeftOut
    | SpeechStop
    | ItemEdited
    | DocumentChanged
    | CommandDone
    | LibraryRead
    | ItemAdded
    | AttachmentAdded
    | AttachmentRemoved
    | AttachmentChecked
    | LabelsScored
    | SimilarFound
    | ResponseCreated
    | ResponseSources
    | ResponseRecord
    | OutputTextDelta
    | OutputTextDone
    | AnswerThought
    | AnswerBoxes
    | AnswerChanges
    | AnswerLabs
    | ResponseDone
    | WebRtcAnswer
    | AudioGap
    | AudioStatus
    | Notice
    | SessionClosing,
    Field(discriminator="type"),
]

server_events: TypeAdapter[ServerEvent] = TypeAdapter(ServerEvent)

TRANSIENT = (
    CommandDone,
    LibraryRead,
    SessionCreated,
    TranscriptPartial,
    AudioStatus,
    WebRtcAnswer,
    ErrorEvent,
    SessionClosing,
    SpeechStop,
    LabelsScored,
    SimilarFound,
)
"""Events that are true only when they are sent: they have no ``seq`` and are not replayed."""


def parse_client_event(raw: str) -> ClientEvent:
    """One text frame → an event. Raises ``BadInput``: ``json_invalid``, ``event_unknown``, ``event_invalid``.

    The message names the field, never its value.
    """
    try:
        return _client_events.validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        if first["type"] == "json_invalid":
            raise BadInput("This is not JSON.", code="json_invalid") from None
        if not first["loc"]:  # the event's own type, not that of a part in it
            raise BadInput(
                "Unknown event: 'type' must be one of those in docs/protocol.md.", code="event_unknown"
            ) from None
        field = ".".join(str(part) for part in first["loc"][1:])
        wrong = "unknown type" if first["type"].startswith("union_tag") else first["msg"]
        raise BadInput(f"{field or 'event'}: {wrong}", code="event_invalid") from None
