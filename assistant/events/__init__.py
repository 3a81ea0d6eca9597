"""The wire protocol of ``/v1/realtime``: one class per event, told apart by ``type``. Pure.

Names are those of the OpenAI Realtime API (GA) where it has them; ``assistant.*`` events add what it
lacks, and stock clients ignore them. ``docs/protocol.md`` and ``web/protocol.d.ts`` are generated from
this package by ``scripts/generated``, in the order of the two unions below.
"""

from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from assistant.errors import BadInput
from assistant.events.answers import (
    AnswerBoxes,
    AnswerChanges,
    AnswerLabs,
    AnswerThought,
    BoxPart,
    ChangePart,
    ContextUsed,
    ConversationItem,
    ConversationItemCreate,
    InputImage,
    InputText,
    ItemAdded,
    LabPart,
    OutputTextDelta,
    OutputTextDone,
    RecordPart,
    ResponseBody,
    ResponseCancel,
    ResponseCreate,
    ResponseCreated,
    ResponseDone,
    ResponseRecord,
    ResponseSources,
    SourcePart,
    TokenUsage,
    UserMessage,
)
from assistant.events.audio import (
    AudioGap,
    AudioStatus,
    BufferCleared,
    BufferCommitted,
    InputAudioAppend,
    InputAudioClear,
    InputAudioCommit,
    SpeechStartedEvent,
    SpeechStoppedEvent,
    WebRtcAnswer,
    WebRtcClose,
    WebRtcOffer,
)
from assistant.events.base import CommandName, DoubtReason, Intent, Mode, Origin, ServerEventBase
from assistant.events.document import (
    CommandDone,
    CommandHelp,
    DocumentChanged,
    DocumentCommand,
    DocumentEdit,
    DocumentPatched,
    DoubtPart,
    FieldPart,
    ItemEdit,
    ItemEdited,
    LibraryRead,
    PositionPart,
    RangePart,
    RunPart,
    SectionPart,
    SectionPatch,
    TextPatch,
    WordPlace,
)
from assistant.events.images import (
    Attachment,
    AttachmentAdded,
    AttachmentChecked,
    AttachmentLook,
    AttachmentRemove,
    AttachmentRemoved,
    LabelScore,
    LabelsScore,
    LabelsScored,
    SimilarFind,
    SimilarFound,
    SimilarImage,
)
from assistant.events.intents import (
    AttentionChanged,
    AttentionSet,
    EchoLeftOut,
    IntentCorrect,
    IntentEvent,
    Meant,
    SpeechState,
    SpeechStop,
)
from assistant.events.notices import ErrorBody, ErrorEvent, Notice
from assistant.events.session import (
    AudioFormat,
    AudioInput,
    EngineDescription,
    GuidelineShelf,
    HouseStyle,
    ImageMatcher,
    ModeSet,
    Recogniser,
    SessionAudio,
    SessionClosing,
    SessionConfig,
    SessionCreated,
    SessionState,
    SessionUpdate,
    SessionUpdated,
    TranscriptionConfig,
)
from assistant.events.transcript import (
    AlsoHeard,
    DurationUsage,
    TranscriptCompleted,
    TranscriptDelta,
    TranscriptFailed,
    TranscriptPartial,
    TranscriptWords,
    WordTime,
)

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
    | DocumentPatched
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

_client_events: TypeAdapter[ClientEvent] = TypeAdapter(ClientEvent)
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
