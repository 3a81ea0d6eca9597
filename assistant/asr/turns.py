"""The order of the recogniser's steps: finals before partials, each kind in the order they came."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(eq=False, slots=True)
class _Waiting:
    is_urgent: Callable[[], bool]
    turn: asyncio.Future[bool]


class Turns:
    """At most ``workers`` steps at once. Steps for partials leave one worker to finals, if there are two.

    A session has one step at a time, so the order they came in is fair. Partials that wait cover more sound
    when their turn comes: they get rarer, for everyone alike. For one event loop.
    """

    def __init__(self, workers: int) -> None:
        self._free = workers
        self._for_partials = max(1, workers - 1)
        self._waiting: list[_Waiting] = []

    @asynccontextmanager
    async def turn(self, is_urgent: Callable[[], bool]) -> AsyncIterator[bool]:
        """Wait for a worker, and give it back at the end. ``is_urgent`` is asked again whenever a turn is
        given; yields what it said then."""
        waiting = _Waiting(is_urgent, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self.give()
        try:
            urgent = await waiting.turn
        except asyncio.CancelledError:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            elif not waiting.turn.cancelled():
                self._take_back(waiting.turn.result())
            raise
        try:
            yield urgent
        finally:
            self._take_back(urgent)

    def give(self) -> None:
        """Give every worker that is free to whose turn it is: also when what waits may have become urgent."""
        while self._free and (chosen := self._next()) is not None:
            waiting, urgent = chosen
            self._waiting.remove(waiting)
            if waiting.turn.cancelled():
                continue
            self._free -= 1
            self._for_partials -= not urgent
            waiting.turn.set_result(urgent)

    def _next(self) -> tuple[_Waiting, bool] | None:
        for waiting in self._waiting:
            if waiting.is_urgent():
                return waiting, True
        return (self._waiting[0], False) if self._waiting and self._for_partials > 0 else None

    def _take_back(self, urgent: bool) -> None:
        self._free += 1
        self._for_partials += not urgent
        self.give()
