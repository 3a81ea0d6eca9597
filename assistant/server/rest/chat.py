"""``POST /v1/chat/completions``: a question with its images through the answer engine, as on the page."""

import asyncio
import json
import secrets
import shutil
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant import telemetry
from assistant.components.components import Components
from assistant.config import Settings
from assistant.conversation.asking import NOT_FOUND, NOT_READY, search_text, source_part, sources_of
from assistant.engines.base import (
    AnswerText,
    CutOff,
    Engine,
    Exchange,
    Output,
    Question,
    Source,
    Thought,
    Usage,
)
from assistant.engines.pieces import Piece
from assistant.errors import AssistantError, BadInput
from assistant.imaging.photo import image_from_data_uri
from assistant.imaging.study import SourceFile, all_pieces
from assistant.imaging.worker import Reader
from assistant.server.rest.bodies import json_body, unless_gone
from assistant.server.rest.errors import answered, described, invalid
from assistant.server.rest.events import Events
from assistant.server.rest.slots import Slots

MAX_BODY_BYTES = 64 * 2**20
"""Images are in the request as base64."""
MOST_PICTURES = 16
END = "[DONE]"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TextPart(_Part):
    type: Literal["text"]
    text: str


class ImageUrl(_Part):
    url: str = Field(description="A data URI; the server opens no address.")
    detail: Literal["auto", "low", "high", "original"] | None = Field(
        None, description="Every image is prepared as on the page."
    )


class ImagePart(_Part):
    type: Literal["image_url"]
    image_url: ImageUrl


class Message(_Part):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Annotated[TextPart | ImagePart, Field(discriminator="type")]]
    name: str | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content if isinstance(part, TextPart))

    @property
    def images(self) -> list[str]:
        if isinstance(self.content, str):
            return []
        return [part.image_url.url for part in self.content if isinstance(part, ImagePart)]


class StreamOptions(_Part):
    include_usage: bool = False
    include_obfuscation: Literal[False] = False


class TextFormat(_Part):
    type: Literal["text"]


class ChatRequest(BaseModel):
    """A field that cannot be honoured is refused, never ignored. Answers are made without sampling, so that
    ``seed`` changes nothing."""

    model_config = ConfigDict(extra="forbid")

    model: str
    messages: list[Message] = Field(min_length=1, max_length=1000)
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: Literal[0] = 0
    top_p: Literal[1] = 1
    n: Literal[1] = 1
    presence_penalty: Literal[0] = 0
    frequency_penalty: Literal[0] = 0
    logprobs: Literal[False] = False
    store: Literal[False] = False
    seed: int | None = None
    user: str = ""
    safety_identifier: str = ""
    response_format: TextFormat = TextFormat(type="text")
    modalities: tuple[Literal["text"]] = ("text",)

    @property
    def longest(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens


class Chat:
    def __init__(self, settings: Settings, components: Components) -> None:
        self._settings, self._components = settings, components
        self._slots = Slots(
            settings.max_sessions,
            "too_many_questions",
            "Too many questions are being answered. Ask again soon.",
        )

    def routes(self) -> list[Route]:
        return [Route("/v1/chat/completions", answered(self.create), methods=["POST"])]

    async def create(self, request: Request) -> Response:
        """Answer the last message."""
        async with AsyncExitStack() as stack:
            stack.enter_context(self._slots.one())
            asked = _parsed(await json_body(request, MAX_BODY_BYTES))
            answer = _Answer(asked, self._engine(asked.model))
            outputs = await stack.enter_async_context(aclosing(self._outputs(answer)))
            if not asked.stream:
                return JSONResponse(await unless_gone(request, answer.whole(outputs)))
            first = await unless_gone(request, _first(outputs))  # what fails before it has its own status
            kept = stack.pop_all()
        return Events(answer.chunks(first, outputs), kept, END)

    def _engine(self, model: str) -> Engine:
        """Raises ``BadInput``: ``model_not_found``."""
        for engine in (self._components.engine, self._components.text_engine):
            if engine is not None and engine.info.name == model:
                return engine
        raise BadInput(
            "There is no such answer engine. See /v1/models.", code="model_not_found", param="model"
        )

    async def _outputs(self, answer: "_Answer") -> AsyncGenerator[Output, None]:
        question, instead = await self._question(answer)
        if instead:
            yield AnswerText(instead)
            return
        with telemetry.stage("answer"):
            async with aclosing(answer.engine.answer(question)) as outputs:  # type: ignore[type-var]
                async for output in outputs:
                    yield output
        if answer.engine.info.stand_in:  # a stock client shows nothing but the text
            yield AnswerText(f"\n\n{answer.engine.info.notice}")

    async def _question(self, answer: "_Answer") -> tuple[Question, str]:
        """The question as an engine gets it; or the text that is said instead of asking one: the guideline
        folder holds nothing on it."""
        question = _conversation(answer.asked.messages)
        images = [url for message in answer.asked.messages for url in message.images]
        if images:
            most = answer.engine.info.most_images
            pieces = await _prepared(images, most, self._components.reader)
            ids = tuple(piece.attachment_id for piece in pieces)
            question = replace(question, pieces=pieces, attachment_ids=ids)
        question = replace(question, max_tokens=answer.asked.longest)
        library = self._components.guidelines
        if library is None:
            return question, ""
        text = search_text(question.text, question.earlier)
        found = await asyncio.to_thread(library.search, text, self._settings.guideline_passages)
        answer.sources, ready = sources_of(found), library.shelf.ready
        question = replace(question, sources=answer.sources, guidelines_searched=ready)
        if answer.sources or images or not self._settings.guidelines_only:
            return question, ""
        return question, NOT_FOUND if ready else NOT_READY


async def _first(outputs: AsyncGenerator[Output, None]) -> Output | None:
    return await anext(outputs, None)


class _Answer:
    """One answer on its way into OpenAI's form."""

    def __init__(self, asked: ChatRequest, engine: Engine) -> None:
        self.asked, self.engine = asked, engine
        self.sources: Sequence[Source] = ()
        self._usage: dict[str, int] | None = None
        self._end = "stop"
        self._common = {
            "id": f"chatcmpl-{secrets.token_urlsafe(18)}",
            "created": int(time.time()),
            "model": engine.info.name,
        }

    async def whole(self, outputs: AsyncGenerator[Output, None]) -> dict[str, Any]:
        text = ""
        async with aclosing(outputs):
            async for output in outputs:
                text += self._text(output)
        message = {"role": "assistant", "content": text, "refusal": None, **self._cited()}
        choice = {"index": 0, "message": message, "finish_reason": self._end, "logprobs": None}
        return {
            **self._common,
            "object": "chat.completion",
            "choices": [choice],
            "usage": self._usage,
        }

    async def chunks(
        self, first: Output | None, outputs: AsyncGenerator[Output, None]
    ) -> AsyncIterator[dict[str, Any]]:
        async with aclosing(outputs):
            try:
                yield self._chunk(
                    {"role": "assistant", "content": "" if first is None else self._text(first)}
                )
                async for output in outputs:
                    if text := self._text(output):
                        yield self._chunk({"content": text})
            except AssistantError as error:
                yield described(error)[1]
                return
            yield self._chunk(self._cited(), self._end)
            if self.asked.stream_options.include_usage:
                yield {**self._chunk({}), "choices": [], "usage": self._usage}

    def _text(self, output: Output) -> str:
        match output:
            case AnswerText(text):
                return text
            case Thought():
                return ""
            case Usage(prompt, written):
                self._usage = {
                    "prompt_tokens": prompt,
                    "completion_tokens": written,
                    "total_tokens": prompt + written,
                }
            case CutOff():
                self._end = "length"
            case _:
                assert_never(output)
        return ""

    def _chunk(self, delta: dict[str, Any], end: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": end, "logprobs": None}
        return {**self._common, "object": "chat.completion.chunk", "choices": [choice]}

    def _cited(self) -> dict[str, Any]:
        """Ours: the guideline passages that an answer cites by number."""
        return {"sources": [source_part(each).model_dump() for each in self.sources]} if self.sources else {}


def _parsed(body: bytes) -> ChatRequest:
    """Raises ``BadInput``. A field that is null counts as left out, as it does at OpenAI."""
    try:
        given = json.loads(body)
    except ValueError:  # also not UTF-8
        raise BadInput("The body is not JSON.", code="json_invalid") from None
    except RecursionError:
        raise BadInput("The body is nested too deeply.", code="json_invalid") from None
    if isinstance(given, dict):
        given = {name: value for name, value in given.items() if value is not None}
    try:
        return ChatRequest.model_validate(given)
    except ValidationError as error:
        raise invalid(error) from None


def _conversation(messages: Sequence[Message]) -> Question:
    """The last message with what was asked and answered before it; what ``system`` and ``developer`` say
    stands before it, as MedGemma's own template puts it. Raises ``BadInput``: ``nothing_to_answer``."""
    instructions = [each.text for each in messages if each.role in ("system", "developer")]
    earlier: list[Exchange] = []
    open_: list[str] = []
    for message in messages:
        match message.role:
            case "user":
                open_.append(message.text)
            case "assistant":
                earlier.append(Exchange("\n".join(open_), message.text))
                open_ = []
            case "system" | "developer":
                pass
            case _:
                assert_never(message.role)
    asked = "\n".join(open_).strip()
    if not asked:
        raise BadInput(
            "The last message has to be a user's, with text in it.",
            code="nothing_to_answer",
            param="messages",
        )
    return Question(asked, instructions="\n\n".join(instructions), earlier=tuple(earlier))


async def _prepared(urls: Sequence[str], most: int, reader: Reader) -> tuple[Piece, ...]:
    """The images as the page prepares what is attached there. Raises ``BadInput``."""
    if len(urls) > MOST_PICTURES:
        raise BadInput(f"At most {MOST_PICTURES} images.", code="too_many_images", param="messages")
    folder = reader.scratch.new()
    try:
        given = await asyncio.to_thread(_written, urls, folder)
        read = await reader.read_photos(given, folder)
        for problem in read.problems:
            raise BadInput(problem.message, code=problem.code)
        return await asyncio.to_thread(all_pieces, read.studies, most)
    except BadInput as error:
        raise BadInput(error.message, code=error.code, param="messages") from None
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _written(urls: Sequence[str], folder: Path) -> list[SourceFile]:
    """The images of data URIs as files. Raises ``BadInput``."""
    given = [SourceFile(f"Image {number}", folder / str(number)) for number in range(1, len(urls) + 1)]
    for url, file in zip(urls, given, strict=True):
        file.path.write_bytes(image_from_data_uri(url))
    return given
