"""Measures the load of finals: how late they are now, and how late they would be with one more session."""

import math
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakSet

WINDOW_S = 30.0
"""Length of the window in which load is measured."""
LEAST_SPEECH_S = 10.0
"""With less speech than this in the window, the cost measured at start is used."""
LATE_SHARE = 0.9
"""Share of finals that come no later than ``late_s``."""


class Waits(Protocol):
    def late_s(self) -> float | None:
        """For how long the oldest final has been due that has not come; None where none is due."""
        ...


@dataclass(frozen=True, slots=True)
class _Final:
    at: float
    late_s: float
    speech_s: float


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Load:
    """Seconds are of the clock, so a machine that others keep busy is a slower one."""

    def __init__(self, workers: int, now: Callable[[], float] = time.monotonic) -> None:
        self._at_once = min(workers, cores())
        self._now = now
        self._took_s, self._speech_s = 0.0, 1.0  # of a final at start
        self._steps: deque[tuple[float, float]] = deque()  # (when it ended, seconds it took), for finals
        self._finals: deque[_Final] = deque()
        self._waiting: WeakSet[Waits] = WeakSet()

    def measured(self, took_s: float, speech_s: float) -> None:
        """Set the cost at start: a final of ``speech_s`` of speech took ``took_s`` on an idle machine."""
        self._took_s, self._speech_s = took_s, speech_s

    def join(self, waits: Waits) -> None:
        """Count the finals of this session."""
        self._waiting.add(waits)

    def step(self, took_s: float) -> None:
        """Note that a worker computed for a final."""
        self._steps.append((self._now(), took_s))

    def final(self, *, late_s: float, speech_s: float) -> None:
        """Note a final that came ``late_s`` after it was due."""
        self._finals.append(_Final(self._now(), late_s, speech_s))

    @property
    def late_s(self) -> float:
        """Nine of ten finals come at most so long after the end of speech was known; those still due count
        with their wait so far."""
        self._forget()
        waits = [late_s for each in self._waiting if (late_s := each.late_s()) is not None]
        late = sorted([*(final.late_s for final in self._finals), *waits])
        return late[int(LATE_SHARE * (len(late) - 1) + 0.5)] if late else 0.0

    @property
    def busy(self) -> float:
        """Share of the machine that finals took, at most 1."""
        self._forget()
        return min(1.0, sum(took_s for _, took_s in self._steps) / WINDOW_S / self._at_once)

    @property
    def need(self) -> float:
        """Share of the machine that the finals of one more person take who speaks all the time."""
        took_s, speech_s, _ = self._costs()
        return took_s / speech_s / self._at_once

    def expected_s(self) -> float:
        """The time of a final if one more person speaks without a pause: the time it takes alone, divided
        by the share of the machine that is left."""
        took_s, _, finals = self._costs()
        left = 1.0 - self.busy - self.need
        return max(took_s / finals / left if left > 0 else math.inf, self.late_s)

    def _costs(self) -> tuple[float, float, int]:
        """(seconds of workers, seconds of speech, finals) in the window, or at start."""
        self._forget()
        speech_s = sum(final.speech_s for final in self._finals)
        if speech_s < LEAST_SPEECH_S:
            return self._took_s, self._speech_s, 1
        return sum(took_s for _, took_s in self._steps), speech_s, len(self._finals)

    def _forget(self) -> None:
        since = self._now() - WINDOW_S
        while self._steps and self._steps[0][0] < since:
            self._steps.popleft()
        while self._finals and self._finals[0].at < since:
            self._finals.popleft()
