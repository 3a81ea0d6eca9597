"""Questions and answers, and the inputs and findings that go with them. Pure."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from assistant.events.base import ClientEventBase, Part, ServerEventBase
from assistant.events.session import EngineDescription


class InputText(Part):
    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["input_text"] = "input_text"
    text: str = Field(max_length=32_000)


class InputImage(Part):
    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["input_image"] = "input_image"
    image_url: str = Field(description="A data URI: PNG, JPEG or WebP.")
    name: str = Field("image", max_length=255)
    detail: Literal["auto", "low", "high"] | None = Field(
        None, description="Every image is prepared in the same way."
    )


class UserMessage(Part):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str | None = Field(
        None, min_length=1, max_length=64, description="The client's own; else one is made."
    )
    type: Literal["message"] = "message"
    role: Literal["user"] = "user"
    object: Literal["realtime.item"] | None = None
    status: Literal["completed", "incomplete", "in_progress"] | None = None
    content: list[Annotated[InputText | InputImage, Field(discriminator="type")]] = Field(
        min_length=1, max_length=16
    )


class ConversationItemCreate(ClientEventBase):
    """Text is the next question (asked by ``response.create``); images are attached to the session."""

    type: Literal["conversation.item.create"] = "conversation.item.create"
    item: UserMessage
    previous_item_id: str | None = Field(
        None, description="Only the last item's: items stand in order of time."
    )


class ConversationItemRetrieve(ClientEventBase):
    """``conversation.item.retrieved`` has the item once more."""

    type: Literal["conversation.item.retrieve"] = "conversation.item.retrieve"
    item_id: str


class ConversationItemDelete(ClientEventBase):
    """Later questions are asked without the item. What it wrote in the report stays there."""

    type: Literal["conversation.item.delete"] = "conversation.item.delete"
    item_id: str


class ConversationItemTruncate(ClientEventBase):
    """Always refused (``item_has_no_audio``): answers are text."""

    type: Literal["conversation.item.truncate"] = "conversation.item.truncate"
    item_id: str
    content_index: int = 0
    audio_end_ms: int = 0


class OutputAudioClear(ClientEventBase):
    """There is no sound to clear: done at once."""

    type: Literal["output_audio_buffer.clear"] = "output_audio_buffer.clear"


class ResponseInput(Part):
    """A user's message with text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str | None = None
    type: Literal["message"] = "message"
    role: Literal["user"] = "user"
    status: Literal["completed", "incomplete", "in_progress"] | None = None
    object: Literal["realtime.item"] | None = None
    content: list[InputText] = Field(min_length=1, max_length=16)


class ResponseConfig(Part):
    """Settings of one answer. A field that is not named is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instructions: str | None = Field(None, max_length=32_000, description="In place of the session's.")
    input: Annotated[list[ResponseInput], Field(min_length=1, max_length=16)] | None = Field(
        None, description="Asked in place of the last item."
    )
    conversation: Literal["auto", "none"] = Field(
        "auto", description="none: question and answer are forgotten."
    )
    output_modalities: list[Literal["text"]] | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | Literal["inf"] | None = None
    metadata: dict[str, str] | None = None
    tools: Annotated[list[Any], Field(max_length=0)] | None = None
    tool_choice: Literal["auto", "none"] | None = None
    audio: None = None
    prompt: None = None
    reasoning: None = None


class ResponseCreate(ClientEventBase):
    """Answer the items created since the last answer. A running answer is stopped first."""

    type: Literal["response.create"] = "response.create"
    response: ResponseConfig | None = None


class ResponseCancel(ClientEventBase):
    """Stop the answer ``response_id``, or without an id the running one."""

    type: Literal["response.cancel"] = "response.cancel"
    response_id: str | None = None


class ConversationItem(Part):
    id: str
    object: Literal["realtime.item"] = "realtime.item"
    type: Literal["message"] = "message"
    role: Literal["user", "assistant"]
    status: Literal["in_progress", "completed", "incomplete"] = "completed"
    content: list[dict[str, Any]] = []


class ItemAdded(ServerEventBase):
    """Something was said or typed, or an answer began."""

    type: Literal["conversation.item.added"] = "conversation.item.added"
    item: ConversationItem
    previous_item_id: str | None = None


class ItemDone(ServerEventBase):
    """The item is whole."""

    type: Literal["conversation.item.done"] = "conversation.item.done"
    item: ConversationItem
    previous_item_id: str | None = None


class ItemRetrieved(ServerEventBase):
    type: Literal["conversation.item.retrieved"] = "conversation.item.retrieved"
    item: ConversationItem


class ItemDeleted(ServerEventBase):
    type: Literal["conversation.item.deleted"] = "conversation.item.deleted"
    item_id: str


class OutputItemAdded(ServerEventBase):
    type: Literal["response.output_item.added"] = "response.output_item.added"
    response_id: str
    output_index: int = 0
    item: ConversationItem


class OutputItemDone(ServerEventBase):
    type: Literal["response.output_item.done"] = "response.output_item.done"
    response_id: str
    output_index: int = 0
    item: ConversationItem


class ContentPart(Part):
    type: Literal["text"] = "text"
    text: str = ""


class TokenUsage(Part):
    input_tokens: int
    output_tokens: int
    total_tokens: int


class ResponseBody(Part):
    id: str
    object: Literal["realtime.response"] = "realtime.response"
    status: Literal["in_progress", "completed", "cancelled", "failed", "incomplete"]
    status_details: dict[str, Any] | None = None
    output: list[ConversationItem] = []
    output_modalities: list[Literal["text"]] = ["text"]
    metadata: dict[str, str] | None = None
    usage: TokenUsage | None = None


class ContextUsed(Part):
    """The context sent with a question, apart from the guideline passages in
    ``assistant.response.sources``."""

    document_chars: int = Field(
        0, description="Characters of the report so far; an engine with less room cuts it."
    )
    earlier: int = Field(0, description="Earlier questions with their answers; an engine takes what fits.")
    images: str = Field(
        "", description="Reason for the choice of images, in words; empty if the model was given none."
    )


class SourcePart(Part):
    """A guideline passage sent with a question; the answer cites it by number, as in ``[1]``."""

    number: int
    file: str
    place: str = Field("", description="Page and heading, for people.")
    text: str
    url: str = Field(description="Path on this server that shows the passage at its place.")


class ResponseCreated(ServerEventBase):
    """An answer begins. ``question`` is its wording; ``question_item_id`` the utterance it came from.
    ``attachment_ids`` are the images chosen by the question's words, or all images."""

    type: Literal["response.created"] = "response.created"
    response: ResponseBody
    question: str
    question_item_id: str
    attachment_ids: list[str] = []
    engine: EngineDescription
    context: ContextUsed | None = None
    wait_ms: int = Field(
        0,
        description="The question goes to no model before this time has passed: assistant.response.sent says "
        "when. Until then response.cancel keeps it back.",
    )


class ResponseSent(ServerEventBase):
    """A question that waited goes to the model now (--question-wait-ms)."""

    type: Literal["assistant.response.sent"] = "assistant.response.sent"
    response_id: str


class ResponseSources(ServerEventBase):
    """The guideline passages found for an answer, sent before its text. Only with a guideline folder."""

    type: Literal["assistant.response.sources"] = "assistant.response.sources"
    response_id: str
    sources: list[SourcePart]
    answered: bool = Field(
        description="False: nothing was found, and the answer's text says so; no model was asked."
    )


class RecordPart(Part):
    label: str = Field(description="As the answer names it, in brackets: Observation/12.")
    reference: str = Field(description="As the record has it: Observation/0f2c….")
    text: str


class ResponseRecord(ServerEventBase):
    """Sent after an answer from a patient's record: the resources that it cites, word for word."""

    type: Literal["assistant.response.record"] = "assistant.response.record"
    response_id: str
    read: int = Field(description="Number of resources that were read for it.")
    named: list[RecordPart]


class _OutputText(ServerEventBase):
    response_id: str
    item_id: str
    output_index: int = 0
    content_index: int = 0


class OutputTextDelta(_OutputText):
    type: Literal["response.output_text.delta"] = "response.output_text.delta"
    delta: str


class ContentPartAdded(_OutputText):
    type: Literal["response.content_part.added"] = "response.content_part.added"
    part: ContentPart


class ContentPartDone(_OutputText):
    type: Literal["response.content_part.done"] = "response.content_part.done"
    part: ContentPart


class OutputTextDone(_OutputText):
    """The whole text of the answer. For a stopped answer, the text so far."""

    type: Literal["response.output_text.done"] = "response.output_text.done"
    text: str


class AnswerThought(ServerEventBase):
    """A piece of the model's reasoning, to append. It is not part of the answer; show it folded or not at
    all."""

    type: Literal["assistant.answer.thought"] = "assistant.answer.thought"
    response_id: str
    delta: str


class BoxPart(Part):
    """A box by its upper left and lower right corner, in pixels of the attached picture."""

    label: str
    x0: float
    y0: float
    x1: float
    y1: float


class AnswerBoxes(ServerEventBase):
    """Boxes from the answer on an attached picture. They are approximate; show them as such."""

    type: Literal["assistant.answer.boxes"] = "assistant.answer.boxes"
    response_id: str
    attachment_id: str
    width_px: int = Field(description="Width of the picture, in the pixels of the corners.")
    height_px: int
    boxes: list[BoxPart]


class ChangePart(Part):
    finding: str
    change: Literal["improved", "stable", "worsened"]


class AnswerChanges(ServerEventBase):
    """Changes in the latest study, as far as the answer states them explicitly."""

    type: Literal["assistant.answer.changes"] = "assistant.answer.changes"
    response_id: str
    since: str = Field("", description="The study it is compared with, in words.")
    changes: list[ChangePart]


class LabPart(Part):
    name: str
    result: str
    unit: str
    reference: str
    flag: Literal["", "low", "normal", "high", "abnormal", "critical low", "critical high", "critical"]
    """Worked out from result and reference where they are numbers; else as the model read it."""
    printed: str = Field("", description="The flag as the report prints it.")
    note: str = Field("", description="Doubts about this row, such as a flag that its numbers contradict.")
    specimen: str
    method: str
    collected: str


class AnswerLabs(ServerEventBase):
    """The lab report in the images, as a table."""

    type: Literal["assistant.answer.labs"] = "assistant.answer.labs"
    response_id: str
    rows: list[LabPart]
    rejected: int = Field(description="Rows that did not fit the table and are left out.")
    rejected_rows: list[str] = Field([], description="These rows as text, as far as they were read.")
    url: str = Field(description="Path on this server where it can be had: ?format=csv or ?format=fhir.")


class ResponseDone(ServerEventBase):
    """The answer ended. ``response.status`` says how; with ``failed``, ``status_details.error`` says why;
    ``incomplete`` means that it was cut off at the token limit."""

    type: Literal["response.done"] = "response.done"
    response: ResponseBody
    cited: list[int] = Field([], description="The numbers of the sources that the answer cites.")
