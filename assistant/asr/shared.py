"""The recogniser that all sessions share: its steps run in turn off the event loop, each within a time limit,
and it is opened again when it fails."""

import asyncio
import atexit
import itertools
import logging
import math
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, TypeVar

import numpy as np

from assistant import telemetry
from assistant.asr.base import AsrModel, Partial, Transcript
from assistant.asr.load import Load
from assistant.asr.turns import Turns
from assistant.audio.frames import SAMPLE_RATE_HZ, Samples
from assistant.errors import AssistantError

log = logging.getLogger(__name__)

PATIENCE_S = 20.0
OPEN_S = 120.0
"""For opening it again."""
SLOW_SHARE = 0.5
"""A step that has taken this share of its time is told as "does not answer"."""
BACK_OFF_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Between two tries to open it again; the last of them from then on."""
SPARE_THREADS = 4
"""More threads than workers that may hang for ever; then nothing is tried until one of them ends."""
CHARS_PER_S, FEW_CHARS = 50, 200
"""More text than this for the length of the sound is no speech: people say 15 to 25 characters a second."""
TIME_SLACK_MS = 2000
THREAD = "asr"
LAST_STEPS_S = 5.0
PROBE: Samples = np.concatenate(
    [np.zeros(SAMPLE_RATE_HZ // 2), 0.1 * np.sin(np.arange(SAMPLE_RATE_HZ // 2) / 8)]
).astype(np.float32)
"""Silence alone would not reach every model."""

State = Literal["works", "failing"]
T = TypeVar("T")


class RecogniserFailed(AssistantError):
    """A step raised, returned what cannot be a result, or took too long (``hung``)."""

    default_code = "recogniser_failed"

    def __init__(self, *, hung: bool = False) -> None:
        super().__init__("The recogniser failed.")
        self.hung = hung


def urgent() -> bool:
    return True


class SharedRecogniser:
    """For one event loop. ``model`` may be replaced by ``mend``: ``opened`` counts.

    ``reopen`` makes the model anew, in a thread; without it, the same one is tried again. ``probe`` is sound
    that it must be able to take, [n] at 16 kHz. ``begin_thread`` is called first in every thread.
    ``gives_up``: it is opened again once, and what then still fails is an error: nobody speaks meanwhile.
    """

    def __init__(
        self,
        model: AsrModel,
        *,
        reopen: Callable[[], AsrModel] | None = None,
        probe: Samples = PROBE,
        workers: int = 2,
        turns: Turns | None = None,
        patience_s: float = PATIENCE_S,
        begin_thread: Callable[[], None] = lambda: None,
        gives_up: bool = False,
    ) -> None:
        self.model, self.opened = model, 1
        self._begin_thread, self._gives_up = begin_thread, gives_up
        self.load = Load(workers)
        self._reopen, self._probe, self._patience_s = reopen, probe, patience_s
        self._turns = turns or Turns(workers)
        self._most_stuck = workers + SPARE_THREADS
        self._running: dict[object, float] = {}  # step → when it began
        self._stuck: set[object] = set()  # nobody waits for these any more
        self._mending: asyncio.Task[None] | None = None

    @property
    def state(self) -> State:
        if self._mending is not None:
            return "failing"
        longest_s = time.monotonic() - min(self._running.values(), default=math.inf)
        return "failing" if longest_s > self._patience_s * SLOW_SHARE else "works"

    def start(self) -> None:
        """Warm up, and measure what a final takes. In a worker thread, before there are sessions."""
        recognise(self.model, self._probe)
        began = time.perf_counter()
        recognise(self.model, self._probe)
        took_s = time.perf_counter() - began
        self.load.measured(took_s, len(self._probe) / SAMPLE_RATE_HZ)

    async def close(self) -> None:
        if (mending := self._mending) is not None:
            mending.cancel()
            await asyncio.gather(mending, return_exceptions=True)

    async def run(
        self,
        stage: str,
        prepare: Callable[[], Callable[[], T]],
        is_urgent: Callable[[], bool] = urgent,
        *,
        tries: int = 0,
    ) -> T:
        """One step. When its turn has come, ``prepare`` is called on the loop, what it returns in a thread.

        The time limit doubles with each earlier try. Raises ``RecogniserFailed``, and the model's own
        ``AssistantError`` as it is.
        """
        async with self._turns.turn(is_urgent) as is_for_final:
            call, began = prepare(), time.monotonic()
            try:
                with telemetry.stage(stage):
                    return await self._step(call, self._patience_s * 2**tries)
            except RecogniserFailed as failed:
                telemetry.asr_failures.labels("hung" if failed.hung else "raised").inc()
                raise
            finally:
                if is_for_final:
                    self.load.step(time.monotonic() - began)

    def look(self) -> None:
        """Give out turns anew: a step that waits may have become urgent."""
        self._turns.give()

    async def mend(self, opened: int) -> None:
        """Open it again unless it was since ``opened``; returns once it has taken the probe, however long
        that lasts. Raises ``RecogniserFailed`` if it gives up."""
        if self.opened != opened:
            return
        if self._mending is None:
            self._mending = asyncio.create_task(self._mend(), name="mend-recogniser")
            self._mending.add_done_callback(self._mended)
        await asyncio.shield(self._mending)

    def _mended(self, task: "asyncio.Task[None]") -> None:
        self._mending = None
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, AssistantError):
            log.error("the recogniser was not opened again", exc_info=error)

    async def _mend(self) -> None:
        log.error("the recogniser fails; it is opened again")
        for tries in itertools.count():
            try:
                model = await self._step(self._reopen, OPEN_S) if self._reopen else self.model
                await self._step(lambda model=model: recognise(model, self._probe), self._patience_s)  # type: ignore[misc]
            except AssistantError:
                if self._gives_up:
                    raise
                await asyncio.sleep(BACK_OFF_S[min(tries, len(BACK_OFF_S) - 1)])
            else:
                self.model, self.opened = model, self.opened + 1
                log.warning("the recogniser works again")
                return

    async def _step(self, call: Callable[[], T], patience_s: float) -> T:
        """In a thread of its own, since one that hangs cannot be ended: it is left behind."""
        if len(self._stuck) >= self._most_stuck:
            raise RecogniserFailed(hung=True)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[tuple[T | None, BaseException | None]] = loop.create_future()
        step = object()
        self._running[step] = time.monotonic()

        def ended(result: T | None, error: BaseException | None) -> None:
            self._stuck.discard(step)
            if not done.done():
                done.set_result((result, error))

        def work() -> None:
            outcome: tuple[T | None, BaseException | None]
            try:
                self._begin_thread()
                outcome = call(), None
            except BaseException as error:  # whatever a library raises
                outcome = None, error
            with suppress(RuntimeError):  # the loop has closed
                loop.call_soon_threadsafe(ended, *outcome)

        threading.Thread(target=work, name=THREAD, daemon=True).start()
        try:
            async with asyncio.timeout(patience_s):
                result, error = await done
        except TimeoutError:
            log.error("a step of the recogniser took more than %.0f s", patience_s)
            raise RecogniserFailed(hung=True) from None
        finally:
            del self._running[step]
            if not done.done() or done.cancelled():
                self._stuck.add(step)
        if isinstance(error, AssistantError):
            raise error
        if error is not None:
            log.error("a step of the recogniser failed", exc_info=error)
            raise RecogniserFailed from None
        return result  # type: ignore[return-value]


def end_steps_before_python() -> None:
    """From now on, the process ends after the steps that still run, and without Python if one of them hangs.

    Python unwinds its daemon threads when it ends. Native code answers that with an abort, and an abort may
    leave a core dump with what was said.
    """
    atexit.unregister(_end_steps)
    atexit.register(_end_steps)


def _end_steps() -> None:
    ends_at = time.monotonic() + LAST_STEPS_S
    for step in [each for each in threading.enumerate() if each.name == THREAD]:
        step.join(max(0.0, ends_at - time.monotonic()))
        if step.is_alive():
            log.error("a step of the recogniser hangs: the process ends without it")
            os._exit(1)


def recognise(model: AsrModel, samples: Samples) -> Transcript:
    """The final of [n] samples at 16 kHz, alone. Blocks."""
    stream = model.open_stream()
    stream.accept(samples, partial=False)
    return checked(stream.finish(), len(samples))


def checked(transcript: Transcript, samples: int) -> Transcript:
    """Raises ``ValueError`` where this cannot be what was said in so many samples, whatever the model."""
    if not isinstance(transcript, Transcript):
        raise ValueError("no transcript")
    _check_text(transcript.text, samples)
    latest_ms = samples * 1000 // SAMPLE_RATE_HZ + TIME_SLACK_MS
    for word in transcript.words:
        _check_text(word.text, samples)
        if not 0 <= word.start_ms <= word.end_ms <= latest_ms:
            raise ValueError("a word outside the sound")
        if word.confidence is not None and (word.confidence < 0 or word.confidence > 1):
            raise ValueError("a confidence that is not between 0 and 1")
    return transcript


def checked_partial(partial: Partial | None, samples: int) -> Partial | None:
    """As ``checked``."""
    if partial is not None:
        if not isinstance(partial, Partial):
            raise ValueError("no partial")
        _check_text(partial.stable + partial.tentative, samples)
    return partial


def _check_text(text: str, samples: int) -> None:
    if not isinstance(text, str):
        raise ValueError("a text that is no string")
    if len(text) > FEW_CHARS + CHARS_PER_S * samples / SAMPLE_RATE_HZ:
        raise ValueError("more text than can be said")
