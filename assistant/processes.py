"""Processes that compute for the server, one call at a time. They end with it, also when it is killed."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait

NICENESS = 5
"""Speech goes first."""


def open_process(begin: Callable[[], None] | None = None) -> ProcessPoolExecutor:
    """One process, started at its first call. ``begin``, a function of a module, is called in it first."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=context, initializer=_begin, initargs=(begin,))


def end_process(pool: ProcessPoolExecutor) -> None:
    """End the process at once, also in the middle of a call, which then raises ``BrokenProcessPool``."""
    for process in list((pool._processes or {}).values()):
        process.kill()
    pool.shutdown(wait=False, cancel_futures=True)


def _begin(begin: Callable[[], None] | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which ends this process
    threading.Thread(target=_end_with_server, name="end-with-server", daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    if begin:
        begin()
    _say_nothing()


def _say_nothing() -> None:
    """Discard all output of this process. Libraries, also those in C, print values of the files that they
    read, and these would be in the server's log. Errors come back as exceptions."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for printed in (1, 2):
        os.dup2(nowhere, printed)
    os.close(nowhere)


def _end_with_server() -> None:
    """A server that is killed tells nobody, and its process would wait for the next call for ever."""
    server = multiprocessing.parent_process()
    assert server is not None
    wait([server.sentinel])
    os._exit(1)
