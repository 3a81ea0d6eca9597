"""The rows that one session has to write to the store, in order."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from assistant.conversation.log import EventLog, Logged
from assistant.errors import AssistantError
from assistant.events import OutputTextDelta, TranscriptDelta
from assistant.export.history import SessionInfo
from assistant.storage.heard import Heard
from assistant.storage.store import Note, now

BATCH = 500
MOST_WAITING_BYTES = 32 * 2**20
"""Limit for what waits beside the log of the session; the rest is taken from the log, which has everything
but superseded versions of the report."""
DELTAS = frozenset(kind.model_fields["type"].default for kind in (TranscriptDelta, OutputTextDelta))
"""Not stored: the whole text follows."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    row: Logged | Note
    since: float  # loop time


class Journal:
    """A session's queue to the ``Writer``, which takes batches of it.

    ``on_trouble`` is called when storing starts to fail, and with None when it works again.
    """

    def __init__(
        self,
        log: EventLog,
        session: SessionInfo,
        *,
        token: str,
        who: str,
        owner: str,
        on_trouble: Callable[[AssistantError | None], None],
        on_work: Callable[[], None],
    ) -> None:
        self.session, self.token, self.who, self.owner = session, token, who, owner
        self.on_trouble = on_trouble
        self._log, self._on_work = log, on_work
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._queued_seq = log.last_seq  # what it has at first is stored
        self._notes = self._notes_written = 0
        self.heard: Heard | None = None
        """To be written, once all rows before it are."""
        self._behind = False  # what is to be written is in the log only
        self._advanced = asyncio.Event()
        self.nobody_waits = False
        self.is_over = False
        self._given_up = False

    # --- the session's side ---

    def put(self, event: Logged) -> None:
        """Queue an event that has a ``seq``."""
        if event.type in DELTAS or self._given_up:
            return
        if self._behind or self._bytes + len(event.json) > MOST_WAITING_BYTES:
            self._behind = True
        else:
            self._append(event)
        self._on_work()

    def put_heard(self, heard: Heard) -> None:
        """Queue how far the sound is written down: true of the rows that are queued already."""
        if not self._given_up:
            self.heard = heard
            self._on_work()

    async def durable(self, seq: int) -> None:
        """Wait until all events up to this ``seq`` are on disk. While storing fails, return at once."""
        await self._until(lambda: not self._is_waiting(seq))

    async def note(self, what: str) -> None:
        """Queue an audit entry, and wait as ``durable`` does."""
        if self._given_up:
            return
        self._notes += 1
        number = self._notes
        self._append(Note(now(), what))
        self._on_work()
        await self._until(lambda: self._notes_written >= number)

    async def finish(self) -> None:
        """End of the session: wait as ``durable`` does for all of it."""
        await self._until(lambda: not self.waits)
        self.is_over = True
        if self._behind:
            self._catch_up()

    # --- the writer's side ---

    @property
    def waits(self) -> bool:
        return bool(self._waiting) or self._behind

    @property
    def waiting_bytes(self) -> int:
        return self._bytes

    @property
    def oldest(self) -> float:
        """When the first row of a ``batch`` was queued, in the loop's time."""
        return self._waiting[0].since

    def batch(self) -> list[Logged | Note]:
        """The next rows to write."""
        if self._behind and not self._waiting:
            self._catch_up()
        return [self._waiting[i].row for i in range(min(len(self._waiting), BATCH))]

    def last_batch(self, rows: list[Logged | Note]) -> Heard | None:
        """The position of the sound to write with these rows, if no other rows wait."""
        return self.heard if len(rows) == len(self._waiting) and not self._behind else None

    def written(self, count: int, heard: Heard | None = None) -> None:
        """The first ``count`` rows are on disk, and ``heard``."""
        if heard is not None and self.heard is heard:
            self.heard = None
        for _ in range(count):
            row = self._waiting.popleft().row
            if isinstance(row, Logged):
                self._bytes -= len(row.json)
            else:
                self._notes_written += 1
        self.wake()

    def begin_again(self) -> None:
        """The store is another one: all that the log has is to be written."""
        notes = [each for each in self._waiting if isinstance(each.row, Note)]
        self._waiting, self._bytes, self._queued_seq = deque(notes), 0, 0
        self._catch_up()

    def give_up(self) -> None:
        """Nothing of it is to be written any more: another server goes on with the report."""
        self._given_up = self.nobody_waits = True
        self._waiting.clear()
        self._bytes, self._behind, self.heard = 0, False, None
        self.wake()

    def wake(self) -> None:
        """Let those who wait look again."""
        self._advanced.set()

    # ---

    def _append(self, row: Logged | Note) -> None:
        self._waiting.append(_Waiting(row, asyncio.get_running_loop().time()))
        if isinstance(row, Logged):
            self._bytes += len(row.json)
            self._queued_seq = row.seq

    def _catch_up(self) -> None:
        self._behind = False
        for event in self._log.after(self._queued_seq):
            if event.type not in DELTAS:
                self._append(event)

    def _is_waiting(self, seq: int) -> bool:
        first = next((each.row.seq for each in self._waiting if isinstance(each.row, Logged)), None)
        return self._behind if first is None else first <= seq

    async def _until(self, is_done: Callable[[], bool]) -> None:
        while not (is_done() or self.nobody_waits):
            self._advanced.clear()
            await self._advanced.wait()
