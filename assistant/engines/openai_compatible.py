"""Any server that speaks OpenAI's chat completions: vLLM, llama.cpp, Ollama, Google's MedGemma container."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any
from urllib.parse import urlsplit

import openai
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import ChoiceDelta

from assistant.engines.base import CutOff, EngineInfo, Output, Question, Thought, Usage
from assistant.engines.openai_errors import Advice, translated
from assistant.engines.prompt import chat_messages, room_for_answer
from assistant.engines.refusals import cut_off, refused
from assistant.engines.thinking import ThinkingFilter, without_end
from assistant.errors import AssistantError, BadInput

Said = str | Thought | Usage | CutOff
TOO_LONG = "length"
"""Why an answer ended: it had reached ``max_tokens``."""


class OpenAICompatibleEngine:
    """``timeout_s`` bounds the wait for each piece. The server need not run when this is made.

    ``streams`` false: the server answers in one piece and takes no field that its documentation lacks.
    ``follows_links``: it fetches DICOM series itself, and is given ``archive_token`` for that.
    Raises ``BadInput`` (``settings_invalid``) when ``base_url`` is no web address.
    """

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        api_key: str | Callable[[], Awaitable[str]] | None,
        timeout_s: float,
        sees_images: bool,
        max_tokens: int,
        thinks: bool = False,
        revision: str | None = None,
        streams: bool = True,
        follows_links: bool = False,
        archive_token: str | None = None,
    ) -> None:
        self._advice = Advice(
            unreachable=f"No answer engine at {_shown(base_url)}. Is it running?",
            unauthorized="The answer engine refused the key: set --engine-key.",
            unknown=f"The answer engine has no model {model!r}: see --engine-model and --engine-url.",
        )
        self._max_tokens, self._timeout_s = max_tokens, timeout_s
        self._client = openai.AsyncOpenAI(
            base_url=base_url, api_key=api_key or "none", timeout=timeout_s, max_retries=0
        )
        self._path = "/chat/completions"
        self._common: dict[str, Any] = {"model": model}
        self._thinks, self._streams, self._archive_token = thinks, streams, archive_token
        self.info = EngineInfo(
            name=model,
            stand_in=False,
            sees_images=sees_images,
            revision=revision or "",
            follows_links=follows_links,
        )

    async def answer(self, question: Question) -> AsyncGenerator[Output, None]:
        """Pieces of the answer. Raises ``EngineFailed`` (``engine_unreachable``, ``engine_unauthorized``,
        ``engine_model_unknown``, ``engine_quota``, ``engine_sees_no_images``, ``engine_timeout``,
        ``engine_failed``) and ``BadInput`` (``prompt_too_long``, ``too_many_images``,
        ``image_not_readable``, ``request_too_large``)."""
        thinking = ThinkingFilter()
        failed: AssistantError | None = None
        end: CutOff | None = None
        try:
            async with aclosing(self._said(self._request(question))) as said:
                async for each in said:
                    match each:
                        case str():
                            for output in thinking.push(each):
                                yield output
                        case CutOff():
                            end = each
                        case _:
                            yield each
        except Exception as error:
            failed = translated(error, self._advice)
        for output in thinking.finish():
            yield output
        if end:
            yield end
        if failed:
            raise failed

    def _request(self, question: Question) -> dict[str, Any]:
        thinks = self._thinks and not question.pieces
        messages = chat_messages(
            question, sees_images=self.info.sees_images, thinks=thinks, archive_token=self._archive_token
        )
        longest = room_for_answer(question, thinks=thinks, max_tokens=self._max_tokens)
        return {**self._common, "messages": messages, "max_tokens": longest, "temperature": 0}

    def _said(self, request: dict[str, Any]) -> AsyncGenerator[Said, None]:
        """Text as it comes, thoughts that the server tells apart, usage."""
        return self._streamed(request) if self._streams else self._whole(request)

    async def _streamed(self, request: dict[str, Any]) -> AsyncGenerator[Said, None]:
        async with asyncio.timeout(self._timeout_s):
            stream = await self._client.post(
                self._path,
                cast_to=ChatCompletionChunk,
                body={**request, "stream": True, "stream_options": {"include_usage": True}},
                stream=True,
                stream_cls=openai.AsyncStream[ChatCompletionChunk],
            )
        reason = None
        async with stream:
            while chunk := await self._next(stream):
                if chunk.usage:
                    yield Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
                if not chunk.choices:
                    continue
                reason = chunk.choices[0].finish_reason or reason
                delta = chunk.choices[0].delta
                if thought := _reasoning(delta):
                    yield Thought(thought)
                yield without_end(delta.content or "")
        if reason is None:
            raise cut_off()
        if reason == TOO_LONG:
            yield CutOff()

    async def _next(self, stream: openai.AsyncStream[ChatCompletionChunk]) -> ChatCompletionChunk | None:
        """The next chunk, or None at the end. A server's keep-alive comments do not extend the wait."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await anext(stream, None)
        except openai.APITimeoutError:
            raise
        except openai.APIConnectionError:  # it was reachable when the answer began
            raise cut_off() from None

    async def _whole(self, request: dict[str, Any]) -> AsyncGenerator[Said, None]:
        async with asyncio.timeout(self._timeout_s):
            answer = await self._client.post(self._path, cast_to=ChatCompletion, body=request)
        if not answer.choices:  # Google's container says what it refuses with the status 200
            raise refused(str((answer.model_extra or {}).get("error", "")))
        yield without_end(answer.choices[0].message.content or "")
        if answer.usage:
            yield Usage(answer.usage.prompt_tokens, answer.usage.completion_tokens)
        if answer.choices[0].finish_reason == TOO_LONG:
            yield CutOff()

    async def load(self) -> None:
        """Nothing to load here: the server does."""

    async def close(self) -> None:
        await self._client.close()


def _reasoning(delta: ChoiceDelta) -> str:
    """Thinking that the server told apart itself: vLLM with ``--reasoning-parser``, Ollama, llama.cpp."""
    extra = delta.model_extra or {}
    text = extra.get("reasoning_content") or extra.get("reasoning")
    return text if isinstance(text, str) else ""


def _shown(base_url: str) -> str:
    """The scheme, host and port: no password. Raises ``BadInput``: ``settings_invalid``."""
    try:
        address = urlsplit(base_url)
        valid = address.scheme in ("http", "https") and address.hostname and address.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise BadInput(
            "--engine-url is no web address such as http://127.0.0.1:8000/v1.", code="settings_invalid"
        )
    return f"{address.scheme}://{address.netloc.rpartition('@')[2]}"
