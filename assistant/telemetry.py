"""Logging that cannot print what a patient said, and the numbers behind ``/metrics``.

Log calls in this package pass counts, codes and ids, never text. Libraries may not do the same, so
their loggers are held at WARNING, and only the type and place of an exception are printed.
"""

import logging
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

registry = CollectorRegistry()
sessions = Gauge("assistant_sessions", "Sessions alive.", registry=registry)
connections = Gauge("assistant_connections", "WebSockets open.", registry=registry)
finals = Counter("assistant_finals", "Utterances transcribed.", registry=registry)
answers = Counter("assistant_answers", "Answers by how they ended.", ["status"], registry=registry)
audio_dropped_ms = Counter("assistant_audio_dropped_ms", "Audio dropped: overload.", registry=registry)
queue_peak = Gauge("assistant_queue_peak", "Highest fill of a queue so far.", ["queue"], registry=registry)
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


def configure_logging(level: str) -> None:
    """Log this package at ``level`` to standard error, everything else from WARNING."""
    handler = logging.StreamHandler()
    handler.setFormatter(SafeFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("assistant").setLevel(level.upper())
    for loud in ("aiortc", "aioice", "httpx2", "httpcore2", "websockets", "uvicorn", "PIL"):
        logging.getLogger(loud).setLevel(logging.CRITICAL if loud == "aioice" else logging.WARNING)
