"""Reads attachments in separate processes, because reading is slow and damaged files can crash it."""

import asyncio
import contextlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

from assistant.errors import BadInput
from assistant.imaging.options import Options, Prepared, Wanted
from assistant.imaging.scratch import Scratch
from assistant.imaging.study import Problem, SourceFile, problem_of
from assistant.processes import end_process, open_process

log = logging.getLogger(__name__)

LONGEST_READ_S = 600.0
LONGEST_FILE_S, LONGEST_FILE_S_PER_GB = 45.0, 60.0
"""For one file; the second for each GB of its upload."""
LOOK_EVERY_S = 0.25
MOST_LEFT_OUT = 3
"""Files of one upload that may end their reader; the rest is read again without them."""
MEMORY_BYTES = 6 * 2**30
"""Address space of a process, its libraries counted."""
MARK = ".reading"
"""The file in which a reader says what it reads now."""


class Reader:
    """Shared by all sessions; each of its processes reads one upload at a time. They start when needed.

    Photos do not wait for large uploads: as many processes again are for them.
    """

    def __init__(self, options: Options, processes: int = 2) -> None:
        self.options = options
        self.scratch = Scratch()
        self._free, self._free_for_photos = asyncio.Semaphore(processes), asyncio.Semaphore(processes)
        self._idle: list[ProcessPoolExecutor] = []
        self._busy: set[ProcessPoolExecutor] = set()

    async def read(
        self, files: Sequence[SourceFile], folder: Path, most_studies: int, wanted: Wanted | None = None
    ) -> Prepared:
        """Prepare ``files`` in ``folder``, or what is wanted of them. A file that takes too long or ends
        its reader becomes a problem, and the others are read without it.

        Raises ``BadInput``: ``reader_died``, ``reading_too_slow``, ``disk_full``, ``file_not_readable``.
        """
        options = replace(self.options, most_studies=most_studies, wanted=wanted)
        return await self._read_all(files, folder, options)

    async def read_photos(self, files: Sequence[SourceFile], folder: Path) -> Prepared:
        """Each file as one picture, in order; what is none becomes a problem. Raises as ``read`` does."""
        return await self._read_all(files, folder, replace(self.options, only_photos=True))

    async def _read_all(self, files: Sequence[SourceFile], folder: Path, options: Options) -> Prepared:
        ends_at = time.monotonic() + LONGEST_READ_S
        left_out: list[Problem] = []
        async with self._free_for_photos if options.only_photos else self._free:
            while True:
                place = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=folder))
                skip = frozenset(problem.name for problem in left_out)
                try:
                    prepared = await self._read(files, place, options, skip, ends_at)
                except _Stopped as stopped:
                    await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)
                    problem = stopped.problem
                    if not problem.name:
                        raise BadInput(f"{_names(files)} {problem.message}", code=problem.code) from None
                    left_out.append(problem)
                    if len(left_out) > MOST_LEFT_OUT or {file.name for file in files} <= skip | {
                        problem.name
                    }:
                        return Prepared((), tuple(left_out))
                else:
                    return replace(prepared, problems=(*left_out, *prepared.problems))

    async def _read(
        self,
        files: Sequence[SourceFile],
        place: Path,
        options: Options,
        skip: frozenset[str],
        ends_at: float,
    ) -> Prepared:
        """One try, in a process that is idle or new. Raises ``_Stopped``, ``BadInput``."""
        known = bool(self._idle)
        pool = self._idle.pop() if known else open_process(_limit_memory)
        self._busy.add(pool)
        whole = False
        try:
            reading = asyncio.wrap_future(pool.submit(_prepare, files, place, options, skip))
            reading.add_done_callback(_retrieved)
            gigabytes = await asyncio.to_thread(_gigabytes, files)
            await _until_done(reading, place / MARK, gigabytes, ends_at)
            prepared = reading.result()
            whole = True
            return prepared
        except BrokenProcessPool:
            if known and not await asyncio.to_thread((place / MARK).exists):  # it had ended before
                return await self._read(files, place, options, skip, ends_at)
            name = await asyncio.to_thread(_marked, place / MARK)
            message = f"{name} could not be read: it is damaged or needs too much memory."
            if not name:
                message = "could not be read: a file is damaged or needs too much memory."
            raise _Stopped(Problem(name, "reader_died", message)) from None
        except (BadInput, _Stopped):
            raise
        except Exception as error:  # a bug, or a full disk; its text may quote what is in the files
            whole = not isinstance(error, OSError)
            log.error("reading failed: %s", type(error).__name__)
            problem = problem_of(_names(files), error)
            raise BadInput(problem.message, code=problem.code) from None
        finally:
            self._busy.discard(pool)
            if whole:
                self._idle.append(pool)
            else:
                end_process(pool)

    def close(self) -> None:
        for pool in [*self._idle, *self._busy]:
            end_process(pool)
        self._idle.clear()
        self.scratch.close()


class _Stopped(Exception):
    """A try that ended in the middle of a file, or, with an empty name, elsewhere."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


async def _until_done(
    reading: "asyncio.Future[Prepared]", mark: Path, gigabytes: float, ends_at: float
) -> None:
    """Wait for the reader of an upload of this size. Raises ``_Stopped`` when a file takes too long."""
    seen, since = "", time.monotonic()
    while True:
        done, _ = await asyncio.wait([reading], timeout=LOOK_EVERY_S)
        if done:
            return
        now, marked = time.monotonic(), await asyncio.to_thread(_mark, mark)
        if marked != seen:
            seen, since = marked, now
        name = marked.partition("\n")[2]
        limit_s = LONGEST_FILE_S + LONGEST_FILE_S_PER_GB * gigabytes
        if name and now - since > limit_s:
            message = f"{name}: reading it took more than {limit_s:.0f} s and was stopped."
            raise _Stopped(Problem(name, "reading_too_slow", message))
        if now > ends_at:
            message = f"took more than {LONGEST_READ_S / 60:g} minutes to read; reading was stopped."
            raise _Stopped(Problem("", "reading_too_slow", message))


def _retrieved(done: "asyncio.Future[Prepared]") -> None:
    """Nobody waits any more for the end of a reader that was stopped."""
    if not done.cancelled():
        done.exception()


def _mark(file: Path) -> str:
    try:
        return os.fsdecode(file.read_bytes())
    except OSError:
        return ""


def _marked(file: Path) -> str:
    return _mark(file).partition("\n")[2]


def _gigabytes(files: Sequence[SourceFile]) -> float:
    return sum(file.path.stat().st_size for file in files if file.path.is_file()) / 2**30


def _names(files: Sequence[SourceFile]) -> str:
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"{files[0].name}{more}"


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows; a lower limit is set already
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _prepare(files: Sequence[SourceFile], place: Path, options: Options, skip: frozenset[str]) -> Prepared:
    count = 0

    def begin(name: str) -> bool:
        nonlocal count
        count += 1
        (place / MARK).write_bytes(os.fsencode(f"{count}\n{name}"))
        return name not in skip

    if options.only_photos:
        from assistant.imaging.photo import prepare_photos  # noqa: PLC0415 (in the reader's process only)

        return prepare_photos(files, place, begin)
    from assistant.imaging.prepare import prepare  # noqa: PLC0415 (a second of libraries)

    return prepare(files, place, options, begin)
