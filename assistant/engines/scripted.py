"""An engine that answers from a script: for tests, and for trying the page without a model."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from assistant.engines.base import EngineInfo, Output, Question, Report, nobody
from assistant.engines.prompt import sent, turns
from assistant.engines.thinking import ThinkingFilter
from assistant.errors import AssistantError


@dataclass(frozen=True, slots=True)
class _Line:
    pattern: str
    pieces: tuple[str, ...]
    delay_s: float = 0.0
    gate: asyncio.Semaphore | None = None
    error: AssistantError | None = None


class ScriptedEngine:
    """``questions`` holds what was asked; ``running`` how many answers run now."""

    info = EngineInfo(name="scripted", stand_in=True, sees_images=True, notice="Scripted answers, for tests.")

    def __init__(self) -> None:
        self._lines: list[_Line] = []
        self.questions: list[Question] = []
        self.running = 0

    def script(
        self,
        pattern: str,
        pieces: Sequence[str],
        delay_s: float = 0.0,
        gate: asyncio.Semaphore | None = None,
    ) -> None:
        """Questions that hold ``pattern`` (any case) get ``pieces``, ``delay_s`` apart; ``<unused94>`` and
        ``<unused95>`` stand around thoughts, as MedGemma writes them.

        ``gate`` holds each piece back until there is a permit for it: start with ``asyncio.Semaphore(0)``,
        and each ``release()`` on the engine's event loop lets one piece out.
        """
        self._lines.append(_Line(pattern.lower(), tuple(pieces), delay_s, gate))

    def fail(self, pattern: str, error: AssistantError, after: Sequence[str] = ()) -> None:
        """Questions that hold ``pattern`` get the pieces ``after``, then raise ``error``."""
        self._lines.append(_Line(pattern.lower(), tuple(after), error=error))

    async def answer(self, question: Question, report: Report = nobody) -> AsyncIterator[Output]:
        report(sent(turns(question, sees_images=self.info.sees_images)))
        self.questions.append(question)
        self.running += 1
        try:
            line = self._find(question.text)
            thinking = ThinkingFilter()
            for piece in line.pieces:
                if line.gate:
                    await line.gate.acquire()
                await asyncio.sleep(line.delay_s)
                for output in thinking.push(piece):
                    yield output
            for output in thinking.finish():
                yield output
            if line.error:
                raise line.error
        finally:
            self.running -= 1

    def _find(self, text: str) -> _Line:
        """The newest line that fits."""
        for line in reversed(self._lines):
            if line.pattern in text.lower():
                return line
        return _Line("", ("I have no script for this.",))

    async def load(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to free."""
