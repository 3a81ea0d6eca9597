"""Any server that speaks OpenAI's chat completions: vLLM, llama.cpp, Ollama."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import openai
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import ChoiceDelta

from assistant.engines.base import EngineInfo, Output, Question, Thought, Usage
from assistant.engines.prompt import chat_messages, room_for_answer
from assistant.engines.thinking import ThinkingFilter
from assistant.errors import AssistantError, BadInput, EngineFailed


class OpenAICompatibleEngine:
    """``timeout_s`` bounds the wait for each piece. The server need not run when this is made.

    Raises ``BadInput`` (``settings_invalid``) when ``base_url`` is no web address.
    """

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        api_key: str | None,
        timeout_s: float,
        sees_images: bool,
        max_tokens: int,
        thinks: bool = False,
        revision: str | None = None,
    ) -> None:
        self._shown_url = _shown(base_url)
        self._model, self._max_tokens, self._timeout_s = model, max_tokens, timeout_s
        self._client = openai.AsyncOpenAI(
            base_url=base_url, api_key=api_key or "none", timeout=timeout_s, max_retries=0
        )
        self.info = EngineInfo(name=model, stand_in=False, sees_images=sees_images, revision=revision or "")
        self._thinks = thinks

    async def answer(self, question: Question) -> AsyncIterator[Output]:
        """Pieces of the answer. Raises ``EngineFailed`` (``engine_unreachable``, ``engine_unauthorized``,
        ``engine_model_unknown``, ``engine_timeout``, ``engine_failed``) and ``BadInput``
        (``prompt_too_long``)."""
        thinking = ThinkingFilter()
        thinks = self._thinks and not question.images
        finished = False
        try:
            async with asyncio.timeout(self._timeout_s):
                stream = await self._client.chat.completions.create(
                    model=self._model,
                    messages=self._messages(question, thinks),
                    max_tokens=room_for_answer(question, thinks=thinks, max_tokens=self._max_tokens),
                    temperature=0,
                    stream=True,
                    stream_options={"include_usage": True},
                )
            async with stream:
                while chunk := await self._next(stream):
                    if chunk.usage:
                        yield Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
                    if not chunk.choices:
                        continue
                    finished = finished or chunk.choices[0].finish_reason is not None
                    delta = chunk.choices[0].delta
                    if thought := _reasoning(delta):
                        yield Thought(thought)
                    for output in thinking.push(delta.content or ""):
                        yield output
        except Exception as error:
            raise self._translated(error) from None
        for output in thinking.finish():
            yield output
        if not finished:
            raise _cut_off()

    async def _next(self, stream: openai.AsyncStream[ChatCompletionChunk]) -> ChatCompletionChunk | None:
        """The next chunk, or None at the end. A server's keep-alive comments do not extend the wait."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await anext(stream, None)
        except openai.APITimeoutError:
            raise
        except openai.APIConnectionError:  # it was reachable when the answer began
            raise _cut_off() from None

    def _messages(self, question: Question, thinks: bool) -> Any:
        return chat_messages(question, sees_images=self.info.sees_images, thinks=thinks)

    def _translated(self, error: Exception) -> AssistantError:
        """A library's error as ours; its own message may quote the prompt, so it is not passed on."""
        match error:
            case AssistantError():
                return error
            case openai.APITimeoutError() | TimeoutError():
                return EngineFailed("The answer engine takes too long.", code="engine_timeout")
            case openai.APIConnectionError():
                return EngineFailed(
                    f"No answer engine at {self._shown_url}. Is it running?", code="engine_unreachable"
                )
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return EngineFailed(
                    "The answer engine refused the key: set --engine-key.", code="engine_unauthorized"
                )
            case openai.NotFoundError():
                return EngineFailed(
                    f"The answer engine has no model {self._model!r}: see --engine-model and --engine-url.",
                    code="engine_model_unknown",
                )
            case openai.BadRequestError() if _is_too_long(error):
                return BadInput(
                    "The question with its dictation and images is too long for this model.",
                    code="prompt_too_long",
                )
            case _:
                return EngineFailed("The answer engine failed. Ask again.", code="engine_failed")

    async def load(self) -> None:
        """Nothing to load here: the server does."""

    async def close(self) -> None:
        await self._client.close()


def _cut_off() -> EngineFailed:
    return EngineFailed("The answer was cut off: the engine closed the connection.", code="engine_failed")


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


def _is_too_long(error: openai.BadRequestError) -> bool:
    """As vLLM, llama.cpp and OpenAI say it: there is no common code."""
    said = f"{error} {error.body}".lower()
    return any(sign in said for sign in ("context", "too long", "longer than the maximum"))
