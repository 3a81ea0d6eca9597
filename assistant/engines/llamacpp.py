"""GGUF models in process, through xllamacpp (llama.cpp)."""

import asyncio
import contextlib
import hashlib
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.engines.base import (
    ANSWER_TOKENS,
    PIECE_WAIT_S,
    CutOff,
    EngineInfo,
    Output,
    Question,
    Report,
    Sent,
    Usage,
    nobody,
)
from assistant.engines.pieces import TextPiece
from assistant.engines.prompt import (
    LONGEST_DOCUMENT_CHARS,
    completion_text,
    messages,
    room_for_answer,
    sent,
    turns,
)
from assistant.engines.refusals import failed, refused
from assistant.engines.thinking import ThinkingFilter, without_end
from assistant.errors import AssistantError, EngineFailed, Missing

CONTEXT_TOKENS = 32_768
"""The context that MedGemma 1.5 was trained with: room for 85 slices or 125 patches."""
STAND_IN_CONTEXT_TOKENS = 4096
STAND_IN_TOKENS = 96
STAND_IN_NOTICE = "Stand-in model, not for medical use: it only shows that answers stream."
QUIET = -1
"""llama.cpp's verbosity: nothing, since its log can hold the prompt."""
TEXT_BATCH_TOKENS = 64
"""Prompt tokens between two looks at whether to stop: 0.3 s for Gemma 3 270M on one core, and no slower in
all than 2048."""
IMAGE_BATCH_TOKENS = 512
"""An image's 256 tokens have to fit into one batch: they see each other."""
IMAGE_TOKENS = 256
LONGEST_ANSWER_TOKENS = 8192
FRAME_TOKENS = 300
"""For the question itself and the words around the dictation."""
CHARS_PER_TOKEN = 3
STOP_WAIT_S = 1.0

Message = dict[str, Any]


class LlamaCppEngine:
    """One model, one question at a time; the others wait their turn in the order they came.

    ``timeout_s`` bounds the wait for the turn and for each piece. xllamacpp insists on an HTTP server of its
    own. Nothing here uses it: it listens on a Unix socket whose file is deleted once it is open, so that
    nothing can connect (on Windows: a free port of 127.0.0.1), and it wants a key that is thrown away.
    """

    def __init__(
        self,
        gguf: Path,
        *,
        mmproj: Path | None,
        stand_in: bool,
        threads: int,
        thinks: bool = False,
        max_tokens: int = ANSWER_TOKENS,
        timeout_s: float = PIECE_WAIT_S,
        why: str = "",
    ) -> None:
        """``stand_in``: a small base model, which continues texts and is not for medical use; ``why``: as in
        ``EngineInfo``."""
        self._thinks = thinks
        self._context_tokens = STAND_IN_CONTEXT_TOKENS if stand_in else CONTEXT_TOKENS
        self._gguf, self._mmproj, self._threads = gguf, mmproj, threads
        self._max_tokens = STAND_IN_TOKENS if stand_in else max_tokens
        self._timeout_s = timeout_s
        self._server: Any = None  # made and freed by the worker
        self._closed = False
        self._run: _Run | None = None
        self._turn = asyncio.Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="llamacpp")
        self.info = EngineInfo(
            name="gemma-3-270m (stand-in)" if stand_in else gguf.stem,
            stand_in=stand_in,
            sees_images=mmproj is not None,
            notice=STAND_IN_NOTICE if stand_in else "",
            why=why,
            completes=stand_in,
            most_images=(self._context_tokens - self._max_tokens - FRAME_TOKENS) // IMAGE_TOKENS,
        )

    async def load(self) -> None:
        """Takes seconds, in which xllamacpp holds the GIL: nothing else runs, so load before serving.

        Raises ``Missing``: ``gguf_missing``, ``engine_load_failed``. If cancelled, the engine stays closed.
        """
        for file in (self._gguf, self._mmproj):
            if file is not None and not file.is_file():
                raise Missing(f"There is no model file {file}.", code="gguf_missing")
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._worker, self._open)
            revision = await loop.run_in_executor(self._worker, _sha256, self._gguf)
        except asyncio.CancelledError:  # the worker goes on: without this it would never free what it loads
            await self.close()
            raise
        self.info = replace(self.info, revision=f"sha256 {revision[:12]}")

    def _open(self) -> None:
        import xllamacpp  # noqa: PLC0415 (loads a large library)

        params = xllamacpp.CommonParams()
        params.model.path = str(self._gguf)
        if self._mmproj is not None:
            params.mmproj.path = str(self._mmproj)
        params.n_ctx, params.n_parallel = self._context_tokens, 1
        params.n_batch = params.n_ubatch = TEXT_BATCH_TOKENS if self._mmproj is None else IMAGE_BATCH_TOKENS
        params.cache_ram_mib = 0  # else prompts of the past are kept, up to 8 GB of them
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = self._threads
        params.special = not self.info.stand_in  # else the marks of thinking are left out of the text
        params.verbosity = QUIET
        params.n_threads_http = 1
        params.api_keys = [secrets.token_urlsafe(32)]
        params.ui = params.endpoint_slots = False
        params.endpoint_metrics = True
        try:
            with tempfile.TemporaryDirectory(prefix="llm-") as folder:
                params.hostnames = ["127.0.0.1" if sys.platform == "win32" else f"{folder}/s.sock"]
                self._server = xllamacpp.Server(params)
                # Only the server's loop can answer this, so it runs now. Freed before, the server would wait
                # for it for ever, holding the GIL: the loop would start after it had been told to end.
                self._server.handle_metrics()
        except (RuntimeError, ValueError, OSError):
            raise Missing(
                f"{self._gguf.name} could not be loaded: it is not a GGUF file that llama.cpp can "
                "read, or memory is too small.",
                code="engine_load_failed",
            ) from None

    async def answer(self, question: Question, report: Report = nobody) -> AsyncIterator[Output]:
        """Pieces of the answer. Raises ``EngineFailed`` (``engine_failed``, ``engine_timeout``,
        ``engine_busy``, ``engine_not_loaded``) and ``BadInput`` (``prompt_too_long``,
        ``image_not_readable``)."""
        run = await self._start(question, report)
        thinking = ThinkingFilter()
        try:
            while (piece := await run.next_piece(self._timeout_s)) is not None:
                if isinstance(piece, Usage):
                    yield piece
                    continue
                for output in thinking.push(piece):
                    yield output
            for output in thinking.finish():
                yield output
            if run.cut_off and not self.info.stand_in:  # that one is kept short
                yield CutOff()
        finally:
            run.stop()
            # Usually one token. A stuck worker keeps the turn, and frees it when it ends.
            await asyncio.wait({run.ended}, timeout=STOP_WAIT_S)

    async def _start(self, question: Question, report: Report) -> "_Run":
        """Wait for the turn, then set the worker going. The turn ends when the worker does."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._turn.acquire()
        except TimeoutError:
            raise EngineFailed(
                "The answer engine is busy with other questions. Ask again.", code="engine_busy"
            ) from None
        loop = asyncio.get_running_loop()
        try:
            if self._server is None or self._closed:
                raise EngineFailed("The engine is not loaded.", code="engine_not_loaded")
            run = self._run = _Run(loop, LONGEST_ANSWER_TOKENS, report)
            run.ended = loop.run_in_executor(self._worker, self._generate, self._server, question, run)
        except BaseException:
            self._turn.release()
            raise
        run.ended.add_done_callback(lambda _: self._turn.release())
        return run

    def _generate(self, server: Any, question: Question, run: "_Run") -> None:
        """On the worker thread. Never raises."""
        try:
            if self.info.stand_in:
                server.handle_completions(self._completion(question, run), run.take)
            else:
                server.handle_chat_completions(self._chat(question, run), run.take)
            run.put(None)
        except Exception:  # whatever the library raises; its text may quote the prompt
            run.put(failed())

    def _completion(self, question: Question, run: "_Run") -> Message:
        prompt = completion_text(question)
        run.tell(Sent((TextPiece(prompt),)))
        return {
            "prompt": prompt,
            "stop": ["\n"],
            "repeat_penalty": 1.0,
            **self._generation(min(self._max_tokens, question.max_tokens or self._max_tokens)),
        }

    def _chat(self, question: Question, run: "_Run") -> Message:
        thinks = self._thinks and not question.images
        longest = room_for_answer(question, thinks=thinks, max_tokens=self._max_tokens)
        images = len(question.images) if self.info.sees_images else 0
        room = self._context_tokens - longest - FRAME_TOKENS - IMAGE_TOKENS * images
        chat = turns(
            question,
            sees_images=self.info.sees_images,
            thinks=thinks,
            document_chars=min(max(room, FRAME_TOKENS) * CHARS_PER_TOKEN, LONGEST_DOCUMENT_CHARS),
        )
        run.tell(sent(chat))
        return {"messages": messages(chat), **self._generation(longest)}

    def _generation(self, max_tokens: int) -> Message:
        # Progress: a call per batch of the prompt, too, so that a stop need not wait for the first token.
        return {
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0,
            "max_tokens": max_tokens,
            "return_progress": True,
        }

    async def close(self) -> None:
        """Stops what runs. The memory is freed when the worker has ended, usually at once."""
        if self._closed:
            return
        self._closed = True
        if self._run is not None:
            self._run.stop()
        freed = self._worker.submit(self._free)
        self._worker.shutdown(wait=False)
        await asyncio.wait({asyncio.wrap_future(freed)}, timeout=STOP_WAIT_S)

    def _free(self) -> None:
        self._server = None  # llama.cpp frees the model with its last reference


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class _Run:
    """One generation: chunks come in on a worker thread, and go out on the event loop.

    The queue holds a whole answer, so it cannot be full; were it, the answer would fail.
    """

    ended: "asyncio.Future[None]"

    def __init__(self, loop: asyncio.AbstractEventLoop, max_tokens: int, report: Report) -> None:
        self._loop, self._report = loop, report
        self._queue: asyncio.Queue[str | Usage | AssistantError | None] = asyncio.Queue(max_tokens + 8)
        self._stopped = False
        self.cut_off = False

    def stop(self) -> None:
        self._stopped = True

    def tell(self, what: Sent) -> None:
        """From the worker thread: this goes to the model."""
        with contextlib.suppress(RuntimeError):  # the loop has closed
            self._loop.call_soon_threadsafe(self._report, what)

    def put(self, item: str | Usage | AssistantError | None) -> None:
        """From the worker thread."""
        try:
            self._loop.call_soon_threadsafe(self._take_in, item)
        except RuntimeError:  # the loop has closed: nobody listens any more
            self._stopped = True

    def _take_in(self, item: str | Usage | AssistantError | None) -> None:
        if self._stopped:
            return
        try:
            self._queue.put_nowait(item)
        except asyncio.QueueFull:
            self._stopped = True
            self._queue.get_nowait()
            self._queue.put_nowait(failed())

    def take(self, chunk: Message | str) -> bool:
        """Called by the library with each chunk; True ends the generation."""
        if self._stopped:
            return True
        if isinstance(chunk, dict):
            if "error" in chunk:
                self.put(_translated(chunk["error"]))
                return True
            choice = (chunk.get("choices") or [{}])[0]
            self.cut_off = self.cut_off or choice.get("finish_reason") == "length"
            text = choice.get("text") or (choice.get("delta") or {}).get("content") or ""
            if text := without_end(text):
                self.put(text)
            if usage := chunk.get("usage"):
                self.put(Usage(usage["prompt_tokens"], usage["completion_tokens"]))
        return self._stopped

    async def next_piece(self, timeout_s: float) -> str | Usage | None:
        """The next piece, or None at the end."""
        try:
            async with asyncio.timeout(timeout_s):
                item = await self._queue.get()
        except TimeoutError:
            raise EngineFailed("The answer engine timed out. Ask again.", code="engine_timeout") from None
        if isinstance(item, AssistantError):
            raise item
        return item


def _translated(error: Any) -> AssistantError:
    if not isinstance(error, dict):
        return failed()
    kind = str(error.get("type"))
    return refused(f"{kind} {error.get('message')}", by_a_fault="exceed_context" not in kind)
