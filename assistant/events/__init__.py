"""The wire protocol of ``/v1/realtime``: one class per event, told apart by ``type``. Pure.

Names are those of the OpenAI Realtime API (GA) where it has them; ``assistant.*`` events add what it
lacks, and stock clients ignore them. ``docs/protocol.md`` and ``web/protocol.d.ts`` are generated from
this package by ``scripts/generated``, in the order of the two unions below.
"""

import json
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from assistant.errors import BadInput, fault_of
from assistant.events.answers import (
    AnswerBoxes,
    AnswerChanges,
    AnswerLabs,
    AnswerThought,
    BoxPart,
    ChangePart,
    ContentPart,
    ContentPartAdded,
    ContentPartDone,
    ContextUsed,
    ConversationItem,
    ConversationItemCreate,
    ConversationItemDelete,
    ConversationItemRetrieve,
    ConversationItemTruncate,
    InputImage,
    InputText,
    ItemAdded,
    ItemDeleted,
    ItemDone,
    ItemRetrieved,
    LabPart,
    OutputAudioClear,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    OutputTextDone,
    RecordPart,
    ResponseBody,
    ResponseCancel,
    ResponseConfig,
    ResponseCreate,
    ResponseCreated,
    ResponseDone,
    ResponseRecord,
    ResponseSent,
    ResponseSources,
    SourcePart,
    TokenUsage,
    UserMessage,
)
from assistant.events.audio import (
    AudioAt,
    AudioEnd,
    AudioGap,
    AudioReceived,
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
from assistant.events.base import (
    LONGEST_EVENT_ID,
    CommandName,
    DoubtReason,
    Intent,
    Mode,
    Origin,
    ServerEventBase,
)
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
    WordOffered,
    WordPlace,
)
from assistant.events.images import (
    Attachment,
    AttachmentAdded,
    AttachmentChecked,
    AttachmentConfirm,
    AttachmentDoubted,
    AttachmentLook,
    AttachmentRemove,
    AttachmentRemoved,
    LabelScore,
    LabelsScore,
    LabelsScored,
    SeriesStacks,
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
from assistant.events.reports import (
    NO_ORDER,
    NOBODY,
    Keeping,
    Order,
    Patient,
    ReportAmend,
    ReportDescribe,
    ReportDescribed,
    ReportReopened,
    ReportSign,
    ReportSigned,
)
from assistant.events.session import (
    AudioFormat,
    AudioInput,
    EngineDescription,
    GuidelineShelf,
    HouseStyle,
    ImageMatcher,
    ModeSet,
    Recogniser,
    SemanticVad,
    ServerVad,
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
    LogProbability,
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
    | AudioAt
    | AudioEnd
    | InputAudioCommit
    | InputAudioClear
    | ConversationItemCreate
    | ConversationItemRetrieve
    | ConversationItemDelete
    | ConversationItemTruncate
    | OutputAudioClear
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
    | ReportDescribe
    | ReportSign
    | ReportAmend
    | AttachmentRemove
    | AttachmentLook
    | AttachmentConfirm
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
    | ReportDescribed
    | ReportSigned
    | ReportReopened
    | CommandDone
    | LibraryRead
    | WordOffered
    | ItemAdded
    | ItemDone
    | ItemRetrieved
    | ItemDeleted
    | AttachmentAdded
    | AttachmentDoubted
    | AttachmentRemoved
    | AttachmentChecked
    | LabelsScored
    | SimilarFound
    | ResponseCreated
    | ResponseSent
    | ResponseSources
    | ResponseRecord
    | OutputItemAdded
    | ContentPartAdded
    | OutputTextDelta
    | OutputTextDone
    | ContentPartDone
    | OutputItemDone
    | AnswerThought
    | AnswerBoxes
    | AnswerChanges
    | AnswerLabs
    | ResponseDone
    | WebRtcAnswer
    | AudioReceived
    | AudioGap
    | AudioStatus
    | Notice
    | SessionClosing,
    Field(discriminator="type"),
]

_client_events: TypeAdapter[ClientEvent] = TypeAdapter(ClientEvent)
server_events: TypeAdapter[ServerEvent] = TypeAdapter(ServerEvent)

_VARIANTS = ("server_vad", "semantic_vad", "input_text", "input_image", "constrained-int", "literal['inf']")
"""Names of the members of unions, which pydantic puts into the places of errors."""

TRANSIENT = (
    CommandDone,
    LibraryRead,
    WordOffered,
    ItemAdded,
    ItemDone,
    ItemRetrieved,
    OutputItemAdded,
    OutputItemDone,
    ContentPartAdded,
    ContentPartDone,
    SessionCreated,
    TranscriptPartial,
    AudioStatus,
    AudioReceived,
    WebRtcAnswer,
    ErrorEvent,
    SessionClosing,
    SpeechStop,
    LabelsScored,
    SimilarFound,
)
"""Events that are true only when they are sent: they have no ``seq`` and are not replayed."""


NOT_HAD: dict[str, str] = {
    "session.output_modalities": "audio_output_not_supported",
    "session.tools": "tools_not_supported",
    "session.tool_choice": "tools_not_supported",
    "session.audio.input.noise_reduction": "noise_reduction_not_supported",
    "session.audio.input.format.type": "audio_format_not_supported",
    "session.input_audio_format": "audio_format_not_supported",
    "session.audio.input.turn_detection.idle_timeout_ms": "idle_timeout_not_supported",
    "session.prompt": "prompt_not_supported",
    "session.reasoning": "reasoning_not_supported",
    "session.truncation": "truncation_not_supported",
    "item.type": "item_not_supported",
    "item.role": "item_not_supported",
    "response.input": "item_not_supported",
    "response.audio": "audio_output_not_supported",
    "response.prompt": "prompt_not_supported",
    "response.reasoning": "reasoning_not_supported",
    "response.conversation": "conversation_unknown",
    "response.output_modalities": "audio_output_not_supported",
    "response.tools": "tools_not_supported",
    "response.tool_choice": "tools_not_supported",
}
"""Codes of fields whose other values OpenAI knows, and that cannot be had here."""


def parse_client_event(raw: str) -> ClientEvent:
    """One text frame → an event. Raises ``BadInput``: ``json_invalid``, ``event_unknown``, ``event_invalid``,
    ``parameter_unknown`` and those of ``NOT_HAD``.

    The message and ``param`` name the field, never its value.
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
        field = ".".join(str(part) for part in first["loc"][1:] if part not in _VARIANTS)
        if first["type"] == "extra_forbidden":
            message = f"{field}: this field is not supported."
            raise BadInput(message, code="parameter_unknown", param=field) from None
        wrong = "unknown type" if first["type"].startswith("union_tag") else fault_of(first)
        named = (code for known, code in NOT_HAD.items() if f"{field}.".startswith(f"{known}."))
        code = next(named, "event_invalid")
        raise BadInput(f"{field or 'event'}: {wrong}", code=code, param=field or None) from None


def event_id_of(raw: str | bytes) -> str | None:
    """The ``event_id`` of a frame that is no valid event, for the error about it."""
    try:
        event_id = json.loads(raw).get("event_id")
    except (ValueError, AttributeError, RecursionError):
        return None
    return event_id if isinstance(event_id, str) and len(event_id) <= LONGEST_EVENT_ID else None
