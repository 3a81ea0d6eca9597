"""Logging that cannot print what a patient said, and the numbers behind ``/metrics``.

Log calls in this package pass counts, codes and ids, never text. Libraries may not do the same, so
their loggers are held at WARNING, and only the type and place of an exception are printed.
"""

import asyncio
import logging
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

MOST_ALIKE, ALIKE_WITHIN_S = 5, 60.0
"""Log records of one kind that are printed in a minute; see ``Repeats``."""
MOST_KINDS = 1000

log = logging.getLogger(__name__)
registry = CollectorRegistry()
sessions = Gauge("assistant_sessions", "Sessions alive.", registry=registry)
connections = Gauge("assistant_connections", "WebSockets open.", registry=registry)
finals = Counter("assistant_finals", "Utterances transcribed.", registry=registry)
answers = Counter("assistant_answers", "Answers by how they ended.", ["status"], registry=registry)
audio_dropped_ms = Counter("assistant_audio_dropped_ms", "Audio dropped: overload.", registry=registry)
queue_peak = Gauge("assistant_queue_peak", "Highest fill of a queue so far.", ["queue"], registry=registry)
store_failing = Gauge("assistant_store_failing", "1 while nothing can be stored.", registry=registry)
certificate_ends = Gauge(
    "assistant_certificate_ends_seconds", "End of the certificate of https, since 1970.", registry=registry
)
asr_failures = Counter(
    "assistant_asr_failures", "Steps of the recogniser that failed.", ["how"], registry=registry
)
asr_state_bytes = Gauge(
    "assistant_asr_state_bytes", "Memory of the recogniser's open streams.", registry=registry
)
stage_seconds = Histogram(
    "assistant_stage_seconds",
    "Time spent per stage.",
    ["stage"],
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 10, 30),
    registry=registry,
)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Time a stage for ``/metrics``."""
    started = time.perf_counter()
    try:
        yield
    finally:
        stage_seconds.labels(name).observe(time.perf_counter() - started)


class SafeFormatter(logging.Formatter):
    """Prints the type and place of an exception, never its message, which may quote what was said."""

    def formatException(self, ei: Any) -> str:
        kind, _, trace = ei
        frames = [f"  {f.filename}:{f.lineno} in {f.name}" for f in traceback.extract_tb(trace)[-8:]]
        return "\n".join([f"{getattr(kind, '__name__', 'Exception')}", *frames])


class Repeats(logging.Filter):
    """Lets the first few warnings of one kind through in a while; the next while's first counts the others.

    A kind is what the calls of one place in the code log about one kind of exception, so that a cause that
    comes back thousands of times a second fills no disk.
    """

    def __init__(self, most: int = MOST_ALIKE, within_s: float = ALIKE_WITHIN_S) -> None:
        super().__init__()
        self._most, self._within_s = most, within_s
        self._seen: dict[tuple[object, ...], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        exception = record.exc_info[0] if record.exc_info else None
        kind = (record.pathname, record.lineno, exception)
        begun, count = self._seen.get(kind, (record.created, 0))
        left_out = 0
        if record.created - begun > self._within_s:
            left_out, begun, count = max(0, count - self._most), record.created, 0
        if kind not in self._seen and len(self._seen) >= MOST_KINDS:
            self._seen.pop(next(iter(self._seen)))
        self._seen[kind] = begun, count + 1
        if left_out:
            record.msg = f"{record.msg} ({left_out} more like it were left out)"
        return count < self._most


def log_of_the_loop(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """The event loop's exception handler. The loop's own prints tasks, which may quote text."""
    error = context.get("exception")
    log.error("%s", context["message"].partition("\n")[0], exc_info=error if error else False)


def _log_without_words() -> None:
    """Errors that nothing caught, and warnings: Python prints them with their message, the log without it."""

    def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.error("nothing caught this error", exc_info=(kind, error, trace))

    def in_a_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_type is SystemExit:
            return
        error = args.exc_value or args.exc_type()
        log.error("a thread ended with an error", exc_info=(args.exc_type, error, args.exc_traceback))

    def unraisable(args: Any) -> None:  # UnraisableHookArgs is a name for type checkers only
        error = args.exc_value or args.exc_type()
        log.error("an error could not be raised", exc_info=(args.exc_type, error, args.exc_traceback))

    def warned(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object, **__: object
    ) -> None:
        log.warning("%s at %s:%d", category.__name__, filename, lineno)

    sys.excepthook, threading.excepthook, sys.unraisablehook = uncaught, in_a_thread, unraisable
    warnings.showwarning = warned


def configure_logging(level: str) -> None:
    """Log this package at ``level`` to standard error, everything else from WARNING."""
    _log_without_words()
    handler = logging.StreamHandler()
    handler.addFilter(Repeats())
    handler.setFormatter(SafeFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("assistant").setLevel(level.upper())
    for loud in ("aiortc", "aioice", "httpx2", "httpcore2", "websockets", "uvicorn", "PIL"):
        logging.getLogger(loud).setLevel(logging.CRITICAL if loud == "aioice" else logging.WARNING)
