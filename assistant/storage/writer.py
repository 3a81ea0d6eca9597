"""Writes the events of all sessions to the store, on threads of its own.

The promise: an event is shown once it is on disk, or, at the latest ``TOLD_S`` after it was made, with a
notice that it is not. What waits is kept in memory, also after its session has ended, and is written when
storing works.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from assistant import telemetry
from assistant.conversation.log import Logged
from assistant.errors import AssistantError, BadInput
from assistant.storage.heard import Heard
from assistant.storage.journal import Journal
from assistant.storage.store import Note, Store

log = logging.getLogger(__name__)

TOLD_S = 1.5
RETRY_S = 2.0
LOOK_S = 1.0
"""Between two looks at whether the store is still there, when there is nothing to write."""
MOST_ENDED_BYTES = 256 * 2**20
"""Limit for ended sessions together; beyond it the session that ended first is given up."""
LAST_TRY_S = 5.0

T = TypeVar("T")
Batch = tuple[Journal, list[Logged | Note], Heard | None]


class Writer:
    """One per store. ``run`` is a task of the server; ``close`` ends it, and the store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._thread = ThreadPoolExecutor(1, "store-write")
        self._readers = ThreadPoolExecutor(2, "store-read")
        self._journals: dict[Journal, bool] = {}  # True: the store has its session
        self._work, self._over = asyncio.Event(), asyncio.Event()
        self._closing = self._closed = False
        self.trouble: AssistantError | None = None

    def join(self, journal: Journal) -> None:
        """Write this journal's rows from now on."""
        self._journals[journal] = False
        journal.nobody_waits = self._closing or self.trouble is not None

    def look(self) -> None:
        """There is something to write."""
        self._work.set()

    async def read(self, read: Callable[[], T]) -> T:
        """Call ``read``, which uses the store, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, read)

    async def write(self, write: Callable[[], T]) -> T:
        """Call ``write``, which changes the store, between two batches."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, write)

    async def run(self) -> None:
        """Write until ``close``."""
        try:
            while not self._closing:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._work.wait(), LOOK_S)
                self._work.clear()
                while not await self._write() and not self._closing:
                    await self._pause()
        finally:
            self._over.set()

    async def close(self) -> None:
        """Try once more to write what waits, for ``LAST_TRY_S`` at most."""
        self._closing = True
        self._work.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), LAST_TRY_S)
            await asyncio.wait_for(self._write(), LAST_TRY_S)
        for journal in self._journals:
            if journal.waits:
                log.error("session %s: its last events could not be stored", journal.session.id)
            journal.nobody_waits = True
            journal.wake()
        with contextlib.suppress(AssistantError, TimeoutError):
            last = await asyncio.wait_for(self.read(self.store.last_hash), LAST_TRY_S)
            log.info("the audit of %s ends with %s", self.store.name, last)
        self._closed = True
        self._thread.shutdown(wait=False)
        self._readers.shutdown(wait=False)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(self.store.close), LAST_TRY_S)

    async def _pause(self) -> None:
        """Wait before the next try, but not if the server stops."""
        until = asyncio.get_running_loop().time() + RETRY_S
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                while not self._closing:
                    self._work.clear()
                    await self._work.wait()

    async def _write(self) -> bool:
        """Write all that waits. False if it failed."""
        while not self._closed:
            self._tidy()
            batches = list(self._batches())
            if not await self._commit(batches):
                return False
            self._tell(None)
            if not any(journal.waits for journal in self._journals):
                return True
        return False  # the thread that writes has been given up

    def _batches(self) -> Iterator[Batch]:
        for journal in self._journals:
            rows = journal.batch()
            heard = journal.last_batch(rows)
            if rows or (heard and self._journals[journal]):
                yield journal, rows, heard

    async def _commit(self, batches: list[Batch]) -> bool:
        loop = asyncio.get_running_loop()
        oldest = min((journal.oldest for journal, rows, _ in batches if rows), default=loop.time())
        attempt = loop.run_in_executor(self._thread, self._in_thread, batches)
        await asyncio.wait({attempt}, timeout=max(0.0, oldest + TOLD_S - loop.time()))
        if not attempt.done():
            self._tell(AssistantError("The store does not answer.", code="store_failed"))
        try:
            elsewhere = await attempt
        except AssistantError as error:
            self._tell(error)
            return False
        except Exception:
            log.exception("storing failed by a bug")
            self._tell(AssistantError("Storing failed by an error in the program.", code="store_failed"))
            return False
        if elsewhere is None:
            log.error("the store was deleted, moved or replaced; %s is a new one", self.store.name)
            gone = "The store was deleted or replaced. Older reports may be gone."
            self._tell(AssistantError(gone, code="store_failed"))
            for journal in self._journals:
                self._journals[journal] = False
                journal.begin_again()
            return False
        for journal, rows, heard in batches:
            if journal in elsewhere:
                self._give_up(journal, elsewhere[journal])
                continue
            self._journals[journal] = True
            journal.written(len(rows), heard)
        return True

    def _in_thread(self, batches: list[Batch]) -> dict[Journal, AssistantError] | None:
        """The sessions that another server goes on with, and what to tell them. None if the store turned out
        to be another one; then nothing was written."""
        if self.store.look_again():
            return None
        elsewhere: dict[Journal, AssistantError] = {}
        for journal, rows, heard in batches:
            if not self._journals[journal]:
                self.store.open_session(journal.session, journal.token, journal.who, journal.owner)
            try:
                self.store.append(journal.session.id, rows, journal.who, heard)
            except BadInput as error:
                if error.code != "session_elsewhere":
                    raise
                elsewhere[journal] = error
        return elsewhere

    def _give_up(self, journal: Journal, error: AssistantError) -> None:
        log.error("session %s goes on elsewhere: what was left of it is not stored", journal.session.id)
        del self._journals[journal]
        was_over = journal.is_over
        journal.give_up()
        if not was_over:
            journal.on_trouble(error)

    def _tell(self, trouble: AssistantError | None) -> None:
        changed = (self.trouble is None) != (trouble is None)
        self.trouble = trouble
        telemetry.store_failing.set(trouble is not None)
        for journal in self._journals:
            journal.nobody_waits = trouble is not None
            journal.wake()
            if changed and not journal.is_over:
                journal.on_trouble(trouble)

    def _tidy(self) -> None:
        for journal in [each for each in self._journals if each.is_over and not each.waits]:
            del self._journals[journal]
        for journal in list(self._surplus()):
            log.error("session %s: it ended while storing failed, and is given up", journal.session.id)
            del self._journals[journal]

    def _surplus(self) -> Iterator[Journal]:
        ended = [journal for journal in self._journals if journal.is_over]
        total = sum(journal.waiting_bytes for journal in ended)
        for journal in ended:
            if total <= MOST_ENDED_BYTES:
                return
            total -= journal.waiting_bytes
            yield journal
