"""A clinician who dictates tones through the Python client, and knows what must be in the report."""

import asyncio
import contextlib
from collections import Counter
from types import TracebackType
from typing import Self

from assistant import events as ev
from assistant.client import AssistantClient
from benches.attacks.tones import RATE, SPOKEN_S, sound_of, text_of

PIECE_S = 0.1
PATIENCE_S = 60.0


class Dictation:
    """``async with Dictation(url) as dictation``: one session. ``events`` are all that it was sent."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url, self.client = url, AssistantClient(url, token, rate_hz=RATE)
        self.events: list[ev.ServerEvent] = []
        self.said: list[str] = []
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        await self.client.__aenter__()
        self._reading = asyncio.create_task(self._read())
        await self.client.set_mode("dictation")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await self._reading
        await self.client.close()

    async def _read(self) -> None:
        try:
            async for event in self.client:
                self.events.append(event)
                async with self._changed:
                    self._changed.notify_all()
        finally:
            async with self._changed:
                self._changed.notify_all()

    async def say(self, count: int = 1, speed: float = 20.0) -> None:
        """Say the next ``count`` utterances, ``speed`` times as fast as people speak; 0: as fast as it
        goes."""
        size = int(PIECE_S * RATE) * 2
        for _ in range(count):
            number = len(self.said)
            self.said.append(text_of(number))
            sound = sound_of(number)
            for start in range(0, len(sound), size):
                await self.client.send_audio(sound[start : start + size])
                await asyncio.sleep(PIECE_S / speed if speed else 0)

    async def until_all_heard(self, patience_s: float = PATIENCE_S) -> bool:
        """Wait for a final of everything said; False when they do not come in this time."""
        return await self.until(lambda: len(self.finals()) >= len(self.said), patience_s)

    async def until(self, reached, patience_s: float = PATIENCE_S) -> bool:
        """Wait until ``reached()``, asked after every event; False when it is not in this time."""
        try:
            async with asyncio.timeout(patience_s), self._changed:
                await self._changed.wait_for(lambda: reached() or self._reading.done())
        except TimeoutError:
            pass
        return bool(reached())

    def finals(self) -> dict[str, str]:
        """The text of each utterance by its id."""
        return {
            event.item_id: event.transcript
            for event in self.events
            if isinstance(event, ev.TranscriptCompleted)
        }

    def finals_lost(self, shown: list[str] | None = None) -> int:
        """Number of sentences that were said and are missing from the finals, or from ``shown``."""
        return (Counter(self.said) - Counter(self._shown(shown))).total()

    def finals_doubled(self, shown: list[str] | None = None) -> int:
        """Number of finals, or texts of ``shown``, that nobody said, or said less often."""
        return (Counter(self._shown(shown)) - Counter(self.said)).total()

    def _shown(self, shown: list[str] | None) -> list[str]:
        return list(self.finals().values()) if shown is None else shown

    @property
    def spoken_s(self) -> float:
        """Seconds of tone said."""
        return len(self.said) * SPOKEN_S

    @property
    def told_lost_s(self) -> float:
        """Seconds of lost sound that it was told about."""
        return sum(event.duration_ms for event in self.events if isinstance(event, ev.AudioGap)) / 1000
