"""Bounded queues between the tasks of a session; each has an answer to "full?" and shows its peak."""

import asyncio
from collections import deque
from collections.abc import Callable
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
    """Items on their way to a client that may be slow.

    An item with the same ``key`` as one still waiting replaces it (of a partial only the newest
    matters); key None never coalesces. When full, ``put`` raises ``TooSlow``: such a client is
    disconnected and gets everything when it resumes.
    """

    def __init__(self, max_items: int, key: Callable[[T], object | None]) -> None:
        self._max_items, self._key = max_items, key
        self._items: deque[T] = deque()
        self._ready = asyncio.Event()
        self._closed = False
        self.peak = 0

    def put(self, item: T) -> None:
        key = self._key(item)
        if key is not None:
            for i, waiting in enumerate(self._items):
                if self._key(waiting) == key:
                    self._items[i] = item
                    return
        if len(self._items) >= self._max_items:
            raise TooSlow("This client does not read its events.", code="client_too_slow")
        self._items.append(item)
        self.peak = max(self.peak, len(self._items))
        self._ready.set()

    def close(self) -> None:
        """Stop accepting items. Those waiting are still delivered; then ``get`` returns None."""
        self._closed = True
        self._ready.set()

    async def get(self) -> T | None:
        """The next item; None when closed and empty."""
        while not self._items:
            if self._closed:
                return None
            self._ready.clear()
            await self._ready.wait()
        return self._items.popleft()
