"""Bounded queues between the tasks of a session; each has an answer to "full?" and shows its peak."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from assistant.errors import TooSlow

T = TypeVar("T")


class DropOldest(Generic[T]):
    """A queue whose ``put`` never waits: when full, it drops the oldest item. For audio.

    A producer that can be slowed down awaits ``room`` before it puts; a live one cannot.
    """

    def __init__(self, max_items: int) -> None:
        self._items: deque[T] = deque()
        self._max_items = max_items
        self._ready = asyncio.Event()
        self._taken = asyncio.Event()
        self.peak = 0

    async def room(self) -> None:
        """Wait until it is less than half full."""
        while len(self._items) >= self._max_items // 2:
            self._taken.clear()
            await self._taken.wait()

    async def drained(self) -> None:
        """Wait until every item has been taken."""
        while self._items:
            self._taken.clear()
            await self._taken.wait()

    def put(self, item: T) -> T | None:
        """Add an item; returns the item dropped for it, if any."""
        dropped = self._items.popleft() if len(self._items) >= self._max_items else None
        self._items.append(item)
        self.peak = max(self.peak, len(self._items))
        self._ready.set()
        return dropped

    async def get(self) -> T:
        while not self._items:
            self._ready.clear()
            await self._ready.wait()
        self._taken.set()
        return self._items.popleft()


class Outbox(Generic[T]):
    """Items on their way to a client that may be slow, for at most ``max_bytes`` as ``size`` measures them.

    An item with the same ``key`` as one still waiting replaces it (of a partial only the newest
    matters); key None never coalesces. When full, ``put`` raises ``TooSlow``: such a client is disconnected
    (``drop``) and gets everything when it resumes.
    """

    def __init__(self, max_bytes: int, size: Callable[[T], int], first: Iterable[T] = ()) -> None:
        """``first`` waits already and is not counted: it is kept elsewhere too."""
        self._max_bytes, self._size = max_bytes, size
        self._first: deque[T] = deque(first)
        self._items: deque[tuple[object | None, T]] = deque()
        self._bytes = 0
        self._ready = asyncio.Event()
        self.code: int | None = None
        """Why it was closed, as a WebSocket close code."""
        self.dropped = asyncio.Event()
        """Set when the client is to be disconnected at once."""

    def put(self, item: T, key: object | None = None) -> None:
        """One item of any size finds room when nothing else waits."""
        if key is not None:
            for i, (other, waiting) in enumerate(self._items):
                if other == key:
                    self._bytes += self._size(item) - self._size(waiting)
                    self._items[i] = (key, item)
                    return
        if self._items and self._bytes + self._size(item) > self._max_bytes:
            raise TooSlow("This client does not read its events.", code="client_too_slow")
        self._items.append((key, item))
        self._bytes += self._size(item)
        self._ready.set()

    def close(self, code: int) -> None:
        """Stop accepting items. Those waiting are still delivered; then ``get`` returns None."""
        self.code = code
        self._ready.set()

    def drop(self, code: int) -> None:
        """Close and deliver nothing more."""
        self._first.clear()
        self._items.clear()
        self.close(code)
        self.dropped.set()

    async def get(self) -> T | None:
        """The next item; None when closed and empty."""
        if self._first:
            return self._first.popleft()
        while not self._items:
            if self.code is not None:
                return None
            self._ready.clear()
            await self._ready.wait()
        item = self._items.popleft()[1]
        self._bytes -= self._size(item)
        return item
