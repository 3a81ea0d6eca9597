"""Writes one session's events to the store in order, off the event loop, losing none while the disk fails."""

import asyncio
from collections import deque
from collections.abc import Callable

from assistant.errors import AssistantError
from assistant.events import ServerEvent
from assistant.export.history import SessionInfo
from assistant.storage.store import Store

RETRY_S = 5.0
BATCH_EVENTS = 500


class Journal:
    """``run`` is a task of the session's group; ``on_trouble`` is called once when writing starts to fail,
    and with None when it works again."""

    def __init__(
        self,
        store: Store,
        session: SessionInfo,
        *,
        token: str,
        who: str,
        on_trouble: Callable[[AssistantError | None], None],
    ) -> None:
        self._store, self._session, self._token, self._who = store, session, token, who
        self._on_trouble = on_trouble
        self._waiting: deque[ServerEvent] = deque()
        self._written_seq = 0
        self._opened = self._failing = self._over = False
        self._work, self._advanced = asyncio.Event(), asyncio.Event()

    def put(self, event: ServerEvent) -> None:
        """Queue an event that has a ``seq``."""
        self._waiting.append(event)
        self._work.set()

    async def durable(self, seq: int) -> None:
        """Wait until the event with this ``seq`` is on disk. While the disk fails, return at once."""
        while self._written_seq < seq and not (self._failing or self._over):
            self._advanced.clear()
            await self._advanced.wait()

    async def run(self) -> None:
        """Write queued events until cancelled."""
        while True:
            self._work.clear()
            while self._waiting:
                if not await self._write():
                    await asyncio.sleep(RETRY_S)
            await self._work.wait()

    async def finish(self) -> None:
        """End of the session: try once more to write what is queued, then release all waiters."""
        try:
            while self._waiting and await self._write():
                pass
        finally:
            self._over = True
            self._advanced.set()

    async def record(self, what: str) -> None:
        """Add an audit entry about an action on the session. Raises ``AssistantError``."""
        await asyncio.to_thread(self._store.record, self._session.id, self._who, what)

    async def _write(self) -> bool:
        batch = [self._waiting[i] for i in range(min(len(self._waiting), BATCH_EVENTS))]
        try:
            await asyncio.to_thread(self._append, batch)
        except AssistantError as error:
            if not self._failing:
                self._failing = True
                self._advanced.set()
                self._on_trouble(error)
            return False
        for _ in batch:
            self._waiting.popleft()
        self._written_seq = batch[-1].seq
        self._advanced.set()
        if self._failing:
            self._failing = False
            self._on_trouble(None)
        return True

    def _append(self, batch: list[ServerEvent]) -> None:
        if not self._opened:
            self._store.open_session(self._session, self._token, self._who)
            self._opened = True
        self._store.append(self._session.id, batch, self._who)
