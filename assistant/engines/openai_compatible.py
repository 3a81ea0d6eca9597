"""Any server that speaks OpenAI's chat completions: vLLM, llama.cpp, Ollama, Google's MedGemma container."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, cast
from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel

from assistant.addresses import is_loopback
from assistant.engines.base import CutOff, EngineInfo, Output, Question, Report, Thought, Usage, nobody
from assistant.engines.openai_errors import Advice, translated
from assistant.engines.prompt import messages, room_for_answer, sent, turns
from assistant.engines.refusals import cut_off, filtered, refused
from assistant.engines.thinking import ThinkingFilter, without_end
from assistant.errors import AssistantError, BadInput

Said = str | Thought | Usage | CutOff
END_OF_STREAM = "[DONE]"


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
        why: str = "",
    ) -> None:
        self._advice = Advice(
            unreachable=f"No answer engine at {_shown(base_url)}. Is it running?",
            unauthorized="The answer engine refused the key: set --engine-key-file.",
            unknown=f"The answer engine has no model {model!r}: see --engine-model and --engine-url.",
        )
        self._max_tokens, self._timeout_s, self._key = max_tokens, timeout_s, api_key
        here = is_loopback(urlsplit(base_url).hostname or "")
        # No proxy of the environment sees a question to this machine, and no server passes one on to another.
        self._client = httpx2.AsyncClient(timeout=None, follow_redirects=False, trust_env=not here)
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        self._common: dict[str, Any] = {"model": model}
        self._thinks, self._streams, self._archive_token = thinks, streams, archive_token
        self.info = EngineInfo(
            name=model,
            stand_in=False,
            sees_images=sees_images,
            revision=revision or "",
            follows_links=follows_links,
            address=_shown(base_url),
            why=why,
        )

    async def answer(self, question: Question, report: Report = nobody) -> AsyncGenerator[Output, None]:
        """Pieces of the answer. Raises ``EngineFailed`` (``engine_unreachable``, ``engine_unauthorized``,
        ``engine_model_unknown``, ``engine_moved``, ``engine_quota``, ``engine_sees_no_images``,
        ``engine_timeout``, ``answer_filtered``, ``engine_failed``) and ``BadInput`` (``prompt_too_long``,
        ``too_many_images``, ``image_not_readable``, ``request_too_large``)."""
        thinking = ThinkingFilter()
        failed: AssistantError | None = None
        end: CutOff | None = None
        try:
            async with aclosing(self._said(self._request(question, report))) as said:
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

    def _request(self, question: Question, report: Report) -> dict[str, Any]:
        thinks = self._thinks and not question.pieces
        chat = turns(question, sees_images=self.info.sees_images, thinks=thinks)
        report(sent(chat))
        longest = room_for_answer(question, thinks=thinks, max_tokens=self._max_tokens)
        asked = {
            **self._common,
            "messages": messages(chat, self._archive_token),
            "max_tokens": longest,
            "temperature": 0,
        }
        streaming = {"stream": True, "stream_options": {"include_usage": True}}
        return asked | (streaming if self._streams else {})

    async def _said(self, request: dict[str, Any]) -> AsyncGenerator[Said, None]:
        """Text as it comes, thoughts that the server tells apart, usage. The server's answer says whether it
        streams."""
        async with self._posted(request) as response:
            kind, _, _ = response.headers.get("content-type", "").partition(";")
            streams = kind.strip().lower() == "text/event-stream"
            async with aclosing(self._streamed(response) if streams else self._whole(response)) as said:
                async for each in said:
                    yield each

    async def _streamed(self, response: httpx2.Response) -> AsyncGenerator[Said, None]:
        reason = None
        response.encoding = "utf-8-sig"  # every such stream is UTF-8; some begin with a byte order mark
        # An async generator, though its type does not say so.
        events = cast("AsyncGenerator[httpx2.ServerSentEvent, None]", aiter(httpx2.EventSource(response)))
        async with aclosing(events):
            while chunk := await self._next(events):
                if chunk.error:
                    raise refused(str(chunk.error))
                if chunk.usage:
                    yield Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
                if not chunk.choices:
                    continue
                reason = chunk.choices[0].finish_reason or reason
                if delta := chunk.choices[0].delta:
                    if thought := delta.thought:
                        yield Thought(thought)
                    yield without_end(delta.content or "")
        if reason is None:
            raise cut_off()
        if end := _end(reason):
            yield end

    async def _next(self, events: AsyncIterator[httpx2.ServerSentEvent]) -> "_Chunk | None":
        """The next chunk, or None at the end. A server's keep-alive comments do not extend the wait."""
        try:
            async with asyncio.timeout(self._timeout_s):
                async for event in events:
                    if event.data == END_OF_STREAM:
                        return None
                    if event.data:
                        return _Chunk.model_validate_json(event.data)
            return None
        except httpx2.TransportError:  # it was reachable when the answer began
            raise cut_off() from None

    async def _whole(self, response: httpx2.Response) -> AsyncGenerator[Said, None]:
        async with asyncio.timeout(self._timeout_s):
            answer = _Chunk.model_validate_json(await response.aread())
        if not answer.choices:  # Google's container says what it refuses with the status 200
            raise refused(str(answer.error or ""))
        choice = answer.choices[0]
        yield without_end((choice.message and choice.message.content) or "")
        if answer.usage:
            yield Usage(answer.usage.prompt_tokens, answer.usage.completion_tokens)
        if end := _end(choice.finish_reason):
            yield end

    @asynccontextmanager
    async def _posted(self, request: dict[str, Any]) -> AsyncIterator[httpx2.Response]:
        """The response, once its head is here. Raises ``httpx2.HTTPStatusError``, its body read."""
        async with asyncio.timeout(self._timeout_s):
            key = await self._key() if callable(self._key) else self._key
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            prepared = self._client.build_request("POST", self._url, json=request, headers=headers)
            response = await self._client.send(prepared, stream=True)
        try:
            if not response.is_success:
                async with asyncio.timeout(self._timeout_s):
                    await response.aread()
                response.raise_for_status()
            yield response
        finally:
            await response.aclose()

    async def load(self) -> None:
        """Nothing to load here: the server does."""

    async def close(self) -> None:
        await self._client.aclose()


class _Message(BaseModel):
    """The message of an answer in one piece, or what a chunk adds to it."""

    content: str | None = None
    reasoning_content: Any = None
    reasoning: Any = None

    @property
    def thought(self) -> str:
        """Thinking that the server told apart itself: vLLM with ``--reasoning-parser``, Ollama, llama.cpp."""
        text = self.reasoning_content or self.reasoning
        return text if isinstance(text, str) else ""


class _Choice(BaseModel):
    delta: _Message | None = None
    message: _Message | None = None
    finish_reason: str | None = None


class _TokenCounts(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Chunk(BaseModel):
    """A whole answer, or one event of a stream."""

    choices: tuple[_Choice, ...] | None = None
    usage: _TokenCounts | None = None
    error: Any = None


def _end(reason: str | None) -> CutOff | None:
    """Why an answer ended, as OpenAI, vLLM and SGLang say it. Raises ``EngineFailed`` (``answer_filtered``,
    ``engine_failed``) where something else than its length has ended it early."""
    match reason:
        case "length":
            return CutOff()
        case "content_filter":
            raise filtered()
        case "abort" | "error":
            raise cut_off()
        case _:
            return None


def _shown(base_url: str) -> str:
    """The scheme, host and port: no password. Raises ``BadInput``: ``settings_invalid``."""
    try:
        address = urlsplit(base_url)
        valid = address.scheme in ("http", "https") and address.hostname and address.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise BadInput(
            "--engine-url must be a web address such as http://127.0.0.1:8000/v1.", code="settings_invalid"
        )
    return f"{address.scheme}://{address.netloc.rpartition('@')[2]}"
