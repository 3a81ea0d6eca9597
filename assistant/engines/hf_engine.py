"""MedGemma on this machine, through transformers in a process of its own: neither its work nor its death
reaches the event loop."""

import asyncio
import contextlib
import json
import logging
import os
import sys
from collections.abc import AsyncIterator
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
from assistant.engines.pieces import ImagePiece, Piece, TextPiece
from assistant.engines.prompt import messages, room_for_answer, turns
from assistant.engines.thinking import ThinkingFilter
from assistant.errors import BadInput, EngineFailed, Missing
from assistant.installation import install_command

log = logging.getLogger(__name__)

STOP_WAIT_S = 1.0


class TransformersEngine:
    """One model, one question at a time; the others wait their turn in the order they came.

    ``timeout_s`` bounds the wait for the turn and for each piece; reading a prompt of many images on a CPU
    takes minutes. A process that died is started again by the next question.
    """

    def __init__(
        self,
        model: str,
        *,
        revision: str | None = None,
        precision: str = "auto",
        threads: int = 1,
        thinks: bool = False,
        max_tokens: int = ANSWER_TOKENS,
        timeout_s: float = PIECE_WAIT_S,
    ) -> None:
        self._command = [sys.executable, "-m", "assistant.engines.hf_worker", model]
        self._command += ["--precision", precision, "--threads", str(threads)]
        if revision:
            self._command += ["--revision", revision]
        self._thinks, self._max_tokens, self._timeout_s = thinks, max_tokens, timeout_s
        self._process: asyncio.subprocess.Process | None = None
        self._turn, self._turns = asyncio.Lock(), 0
        self._closed = False
        self.info = EngineInfo(name=model.rpartition("/")[2], stand_in=False, sees_images=True)

    async def load(self) -> None:
        """Starts the process and waits for the model; downloads show their progress on standard error.

        Raises ``Missing``: ``package_missing``, ``engine_model_gated``, ``engine_model_missing``,
        ``engine_load_failed``.
        """
        log.info("loading %s", self.info.name)
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "TOKENIZERS_PARALLELISM": "false", "HF_HUB_DISABLE_TELEMETRY": "1"},
        )
        try:
            told = await self._line()
        except BaseException:
            await self._end()
            raise
        if told is None or "error" in told:
            await self._end()
            raise _not_loaded(told)
        self.info = EngineInfo(
            name=told["loaded"]["name"].rpartition("/")[2],
            stand_in=False,
            sees_images=told["loaded"]["sees_images"],
            revision=told["loaded"]["revision"],
        )
        log.info("loaded %s", self.info.name)

    async def answer(self, question: Question, report: Report = nobody) -> AsyncIterator[Output]:
        """The model's output. Raises ``EngineFailed`` (``engine_failed``, ``engine_timeout``,
        ``engine_busy``, ``engine_died``, ``engine_out_of_memory``, ``engine_not_loaded``) and ``BadInput``
        (``prompt_too_long``, ``image_not_readable``)."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._turn.acquire()
        except TimeoutError:
            raise EngineFailed(
                "The answer engine is busy with other questions. Ask again.", code="engine_busy"
            ) from None
        turn = self._turns = self._turns + 1
        ended = False
        try:
            await self._ask(turn, question)
            thinking = ThinkingFilter()
            told = await self._next(turn)
            if "given" in told:
                report(_given(told["given"], question))
                told = await self._next(turn)
            while "text" in told:
                for output in thinking.push(told["text"]):
                    yield output
                told = await self._next(turn)
            ended = True
            for output in thinking.finish():
                yield output
            if "error" in told:
                raise _failed(told["error"])
            yield Usage(*told["usage"])
            if not told["whole"]:
                yield CutOff()
        finally:
            if not ended:
                self._write({"stop": turn})
            self._turn.release()

    async def _ask(self, turn: int, question: Question) -> None:
        if self._closed or self._process is None:
            raise EngineFailed("The engine is not loaded.", code="engine_not_loaded")
        if self._process.returncode is not None:
            await self.load()
        thinks = self._thinks and not question.images
        chat = turns(question, sees_images=self.info.sees_images, thinks=thinks)
        longest = room_for_answer(question, thinks=thinks, max_tokens=self._max_tokens)
        self._write({"ask": turn, "messages": messages(chat), "max_tokens": longest})

    async def _next(self, turn: int) -> dict[str, Any]:
        """The process's next message about this turn; messages about others are skipped."""
        try:
            async with asyncio.timeout(self._timeout_s):
                while (told := await self._line()) and told.get("turn") != turn:
                    pass
        except TimeoutError:
            raise EngineFailed("The answer engine timed out. Ask again.", code="engine_timeout") from None
        if told is None:
            await self._end()
            raise EngineFailed(
                "The model's process has ended, perhaps for lack of memory. Ask again; it will restart.",
                code="engine_died",
            )
        return told

    async def _line(self) -> dict[str, Any] | None:
        """The next message of the process, or None when it has ended."""
        assert self._process is not None and self._process.stdout is not None
        line = await self._process.stdout.readline()
        message: dict[str, Any] | None = json.loads(line) if line.endswith(b"\n") else None
        return message

    def _write(self, message: dict[str, Any]) -> None:
        process = self._process
        if process is not None and process.returncode is None and process.stdin is not None:
            process.stdin.write(json.dumps(message).encode() + b"\n")

    async def close(self) -> None:
        self._closed = True
        await self._end()

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_WAIT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _given(texts: list[str], question: Question) -> Sent:
    """The prompt as the model's own template made it, with the images between its texts."""
    images = [piece for piece in question.pieces if isinstance(piece, ImagePiece)]
    parts: list[Piece] = []
    for number, text in enumerate(texts):
        parts += images[number - 1 : number] if number else []
        parts += [TextPiece(text)] if text else []
    return Sent(tuple(parts))


def _not_loaded(told: dict[str, Any] | None) -> Missing:
    if told is None:
        return Missing(
            "The model's process ended while it loaded: is there enough memory, and are its packages here "
            f"({install_command('medgemma')})?",
            code="engine_load_failed",
        )
    return Missing(told["error"]["message"], code=told["error"]["code"])


def _failed(error: dict[str, Any]) -> EngineFailed | BadInput:
    if error.get("bad_input"):
        return BadInput(error["message"], code=error["code"])
    if "kind" in error:
        log.error("the model failed: %s", error["kind"])
    return EngineFailed(error["message"] or "The answer engine failed. Ask again.", code=error["code"])
