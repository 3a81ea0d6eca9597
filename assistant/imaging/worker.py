"""Reads attachments in a separate process, because reading is slow and damaged files can crash it."""

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

from assistant.errors import BadInput
from assistant.imaging.options import Options, Prepared
from assistant.imaging.study import SourceFile, problem_of

log = logging.getLogger(__name__)

LONGEST_READ_S = 600.0
MEMORY_BYTES = 6 * 2**30
"""Address space of the process, its libraries counted."""
NICENESS = 5
"""Speech goes first."""


class Reader:
    """Shared by all sessions; reads one upload at a time. Its process starts with the first one."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._pool: ProcessPoolExecutor | None = None

    async def read(self, files: Sequence[SourceFile], folder: Path, most_studies: int) -> Prepared:
        """Prepare ``files`` in ``folder``. Raises ``BadInput``: ``reader_died``, ``reading_too_slow``,
        ``disk_full``, ``file_not_readable``."""
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_start)
        pool = self._pool
        loop = asyncio.get_running_loop()
        options = replace(self.options, most_studies=most_studies)
        try:
            async with asyncio.timeout(LONGEST_READ_S):
                return await loop.run_in_executor(pool, _prepare, files, folder, options)
        except BrokenProcessPool:
            self._drop(pool)
            raise BadInput(
                f"{_names(files)} could not be read: a file is damaged or needs too much memory. "
                "Attach fewer files at once to find it.",
                code="reader_died",
            ) from None
        except TimeoutError:
            self._drop(pool)
            raise BadInput(
                f"{_names(files)}: reading took more than {LONGEST_READ_S / 60:g} minutes and was stopped.",
                code="reading_too_slow",
            ) from None
        except Exception as error:  # a bug, or a full disk; its text may quote what is in the files
            log.error("reading failed: %s", type(error).__name__)
            problem = problem_of(_names(files), error)
            raise BadInput(problem.message, code=problem.code) from None

    def close(self) -> None:
        if self._pool:
            self._drop(self._pool)

    def _drop(self, pool: ProcessPoolExecutor) -> None:
        if self._pool is pool:
            self._pool = None
        for process in list((pool._processes or {}).values()):  # a process that hangs ends in no other way
            process.kill()
        pool.shutdown(wait=False, cancel_futures=True)


def _names(files: Sequence[SourceFile]) -> str:
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"{files[0].name}{more}"


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which ends this process
    os.nice(NICENESS)
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows; a lower limit is set already
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _prepare(files: Sequence[SourceFile], folder: Path, options: Options) -> Prepared:
    from assistant.imaging.prepare import prepare  # noqa: PLC0415 (only here: a second of libraries)

    return prepare(files, folder, options)
