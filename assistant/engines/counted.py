"""An engine that knows whether answers of it still run, so that it can be closed behind the last of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

from assistant.engines.base import Engine, EngineInfo, Output, Question, Report, nobody
from assistant.errors import EngineFailed


class Counted:
    """Passes everything on to ``engine``. An answer that runs when it is closed fails, and never poses as
    whole."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._running = 0
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def info(self) -> EngineInfo:
        return self.engine.info

    async def answer(self, question: Question, report: Report = nobody) -> AsyncIterator[Output]:
        """As the engine's. Raises ``EngineFailed`` (``engine_changed``), too."""
        self._running += 1
        self._idle.clear()
        try:
            async with aclosing(cast("Any", self.engine.answer(question, report))) as outputs:
                async for output in outputs:
                    yield output
            if self._closed:
                raise EngineFailed("Another model was chosen meanwhile. Ask again.", code="engine_changed")
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def idle(self, wait_s: float) -> bool:
        """Wait for the last answer to end; False if that takes longer."""
        try:
            async with asyncio.timeout(wait_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def load(self) -> None:
        await self.engine.load()

    async def close(self) -> None:
        self._closed = True
        await self.engine.close()
