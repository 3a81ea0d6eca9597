"""Any server that speaks OpenAI's chat completions: vLLM, llama.cpp, Ollama."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import openai

from assistant.engines.base import EngineInfo, Question
from assistant.engines.prompt import chat_text
from assistant.engines.thinking import ThinkingFilter
from assistant.errors import AssistantError, BadInput, EngineFailed


class OpenAICompatibleEngine:
    """``timeout_s`` bounds the wait for each piece. The server need not run when this is made."""

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        api_key: str | None,
        timeout_s: float,
        sees_images: bool,
        max_tokens: int,
    ) -> None:
        self._base_url, self._model, self._max_tokens = base_url, model, max_tokens
        self._client = openai.AsyncOpenAI(
            base_url=base_url, api_key=api_key or "none", timeout=timeout_s, max_retries=0
        )
        self.info = EngineInfo(name=model, stand_in=False, sees_images=sees_images)

    async def answer(self, question: Question) -> AsyncIterator[str]:
        """Pieces of the answer. Raises ``EngineFailed`` (``engine_unreachable``, ``engine_unauthorized``,
        ``engine_model_unknown``, ``engine_timeout``, ``engine_failed``) and ``BadInput``
        (``prompt_too_long``)."""
        thinking = ThinkingFilter()
        finished = False
        try:
            stream = await self._client.chat.completions.create(
                model=self._model,
                messages=[{"role": "user", "content": self._content(question)}],
                max_tokens=self._max_tokens,
                temperature=0,
                stream=True,
            )
            async with stream:
                async for chunk in stream:
                    if not chunk.choices:
                        continue
                    finished = finished or chunk.choices[0].finish_reason is not None
                    if shown := thinking.push(chunk.choices[0].delta.content or ""):
                        yield shown
        except Exception as error:
            raise self._translated(error) from None
        if rest := thinking.finish():
            yield rest
        if not finished:
            raise EngineFailed(
                "The answer was cut off: the engine closed the connection.", code="engine_failed"
            )

    def _content(self, question: Question) -> Any:
        images = [
            {
                "type": "image_url",
                "image_url": {"url": f"data:{i.media_type};base64,{base64.b64encode(i.data).decode()}"},
            }
            for i in (question.images if self.info.sees_images else ())
        ]
        return [*images, {"type": "text", "text": chat_text(question)}]

    def _translated(self, error: Exception) -> AssistantError:
        """A library's error as ours; its own message may quote the prompt, so it is not passed on."""
        match error:
            case openai.APITimeoutError():
                return EngineFailed("The answer engine takes too long.", code="engine_timeout")
            case openai.APIConnectionError():
                return EngineFailed(
                    f"No answer engine at {self._base_url}. Is it running?", code="engine_unreachable"
                )
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return EngineFailed(
                    "The answer engine refused the key: set --engine-key.", code="engine_unauthorized"
                )
            case openai.NotFoundError():
                return EngineFailed(
                    f"The answer engine has no model {self._model!r}: see --engine-model.",
                    code="engine_model_unknown",
                )
            case openai.BadRequestError() if (
                "context" in str(error).lower() or "length" in str(error).lower()
            ):
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
