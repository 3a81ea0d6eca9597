"""GGUF models in process, through xllamacpp (llama.cpp)."""

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from assistant.engines.base import EngineInfo, Question
from assistant.engines.prompt import chat_text, completion_text
from assistant.engines.thinking import ThinkingFilter
from assistant.errors import AssistantError, BadInput, EngineFailed, Missing

CONTEXT_TOKENS = 4096
STAND_IN_TOKENS = 96
STAND_IN_NOTICE = "Stand-in model, not for medical use: it only shows that answers stream."
QUIET = -1
"""llama.cpp's verbosity: nothing, since its log can hold the prompt."""

Message = dict[str, Any]


class LlamaCppEngine:
    """One model, one question at a time; the others wait their turn.

    xllamacpp opens an HTTP port of its own on 127.0.0.1. Nothing here uses it; it wants a key that only this
    process knows.
    """

    def __init__(
        self,
        gguf: Path,
        *,
        mmproj: Path | None,
        stand_in: bool,
        threads: int,
        max_tokens: int = 500,
        timeout_s: float = 120.0,
    ) -> None:
        self._gguf, self._mmproj, self._threads = gguf, mmproj, threads
        self._max_tokens, self._timeout_s = max_tokens, timeout_s
        self._server: Any = None
        self._turn = asyncio.Lock()
        self.info = EngineInfo(
            name="gemma-3-270m (stand-in)" if stand_in else gguf.stem,
            stand_in=stand_in,
            sees_images=mmproj is not None,
            notice=STAND_IN_NOTICE if stand_in else "",
        )

    async def load(self) -> None:
        """Takes seconds. Raises ``Missing``: ``gguf_missing``, ``engine_load_failed``."""
        for file in (self._gguf, self._mmproj):
            if file is not None and not file.is_file():
                raise Missing(f"There is no model file {file}.", code="gguf_missing")
        self._server = await asyncio.to_thread(self._open)

    def _open(self) -> Any:
        import xllamacpp  # noqa: PLC0415 (loads a large library)

        params = xllamacpp.CommonParams()
        params.model.path = str(self._gguf)
        if self._mmproj is not None:
            params.mmproj.path = str(self._mmproj)
        params.n_ctx, params.n_parallel = CONTEXT_TOKENS, 1
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = self._threads
        params.verbosity = QUIET
        params.hostnames = ["127.0.0.1"]
        params.api_keys = [secrets.token_urlsafe(32)]
        params.ui = False
        try:
            return xllamacpp.Server(params)
        except (RuntimeError, ValueError, OSError):
            raise Missing(
                f"{self._gguf.name} could not be loaded: no GGUF that llama.cpp reads, or too little memory.",
                code="engine_load_failed",
            ) from None

    async def answer(self, question: Question) -> AsyncIterator[str]:
        """Pieces of the answer. Raises ``EngineFailed`` (``engine_failed``, ``engine_timeout``,
        ``engine_not_loaded``) and ``BadInput`` (``prompt_too_long``)."""
        if self._server is None:
            raise EngineFailed("The engine is not loaded.", code="engine_not_loaded")
        async with self._turn:
            run = _Run(asyncio.get_running_loop())
            worker = asyncio.create_task(asyncio.to_thread(self._generate, question, run))
            try:
                thinking = ThinkingFilter()
                async for piece in run.pieces(self._timeout_s):
                    if shown := thinking.push(piece):
                        yield shown
                if rest := thinking.finish():
                    yield rest
            finally:
                run.stop()
                await asyncio.shield(worker)

    def _generate(self, question: Question, run: "_Run") -> None:
        try:
            if self.info.stand_in:
                self._server.handle_completions(self._completion(question), run.take)
            else:
                self._server.handle_chat_completions(self._chat(question), run.take)
            run.put(None)
        except Exception:
            run.put(EngineFailed("The answer engine failed. Ask again.", code="engine_failed"))

    def _completion(self, question: Question) -> Message:
        return {
            "prompt": completion_text(question),
            "stream": True,
            "temperature": 0,
            "repeat_penalty": 1.0,
            "n_predict": STAND_IN_TOKENS,
            "stop": ["\n"],
        }

    def _chat(self, question: Question) -> Message:
        images = [
            {
                "type": "image_url",
                "image_url": {"url": f"data:{i.media_type};base64,{base64.b64encode(i.data).decode()}"},
            }
            for i in (question.images if self.info.sees_images else ())
        ]
        content = [*images, {"type": "text", "text": chat_text(question)}]
        return {
            "messages": [{"role": "user", "content": content}],
            "stream": True,
            "temperature": 0,
            "max_tokens": self._max_tokens,
        }

    async def close(self) -> None:
        server, self._server = self._server, None
        del server  # llama.cpp frees the model with the object


class _Run:
    """One generation: chunks come in on a worker thread, and go out on the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: asyncio.Queue[str | AssistantError | None] = asyncio.Queue()
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True

    def put(self, item: str | AssistantError | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)

    def take(self, chunk: Message | str) -> bool:
        """Called by the library with each chunk; True ends the generation."""
        if isinstance(chunk, dict):
            if "error" in chunk or "code" in chunk:
                self.put(_translated(chunk))
                return True
            choice = (chunk.get("choices") or [{}])[0]
            if text := choice.get("text") or (choice.get("delta") or {}).get("content"):
                self.put(text)
        return self._stopped

    async def pieces(self, timeout_s: float) -> AsyncIterator[str]:
        while True:
            try:
                async with asyncio.timeout(timeout_s):
                    item = await self._queue.get()
            except TimeoutError:
                raise EngineFailed("The answer engine takes too long.", code="engine_timeout") from None
            if item is None:
                return
            if isinstance(item, AssistantError):
                raise item
            yield item


def _translated(chunk: Message) -> AssistantError:
    body = chunk.get("error")
    error = body if isinstance(body, dict) else chunk
    if "context" in str(error.get("type", "")) or "context" in str(error.get("message", "")):
        return BadInput("The question with its dictation is too long for this model.", code="prompt_too_long")
    return EngineFailed("The answer engine failed. Ask again.", code="engine_failed")
