"""Attacks on the store, and on memory and disk by what is typed."""

import asyncio
import contextlib
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import websockets

from assistant import events as ev
from assistant.storage.database import FILE
from assistant.storage.store import Store
from benches.attacks.dictating import Dictation
from benches.attacks.rows import Attack, Broken, Figures, Row
from benches.attacks.server import ServerProcess, started
from benches.postgres import LACKS, Postgres, running

MOST_TOLD_S = 2.0
LARGEST_MB = 400
LARGEST_STORE_PER_TYPED = 8


@contextlib.contextmanager
def locked(store: Path, seconds_s: float):
    """Another program holds the write lock for as long as the block lasts, and ``seconds_s`` at least."""
    with contextlib.closing(sqlite3.connect(store / FILE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        until = time.monotonic() + seconds_s
        yield
        time.sleep(max(0.0, until - time.monotonic()))
        other.execute("ROLLBACK")


@contextlib.contextmanager
def deleted(store: Path, seconds_s: float):
    shutil.rmtree(store)
    yield


def notices(dictation: Dictation, code: str) -> list[ev.Notice]:
    return [each for each in dictation.events if isinstance(each, ev.Notice) and each.code == code]


def stored_finals(store: Path | str, dictation: Dictation) -> list[str]:
    assert dictation.client.session
    with contextlib.closing(Store(store, create=False)) as reader:
        events = reader.events(dictation.client.session.id)
    return [each.transcript for each in events if isinstance(each, ev.TranscriptCompleted)]


@contextlib.contextmanager
def in_a_folder(folder: Path) -> Iterator[tuple[Path, Path]]:
    yield folder / "kept", folder / "kept"


@contextlib.contextmanager
def in_postgres(folder: Path) -> Iterator[tuple[str, Postgres]]:
    with running() as server:
        yield server.new_database(), server


@contextlib.contextmanager
def gone(server: Postgres, seconds_s: float) -> Iterator[None]:
    """PostgreSQL is switched off as by a power cut, and comes back."""
    server.stop()
    try:
        until = time.monotonic() + seconds_s
        yield
        time.sleep(max(0.0, until - time.monotonic()))
    finally:
        server.start()


def storing(
    fault: Callable[[Any, float], AbstractContextManager[None]],
    kept: Callable[[Path], AbstractContextManager[tuple[Path | str, Any]]] = in_a_folder,
) -> Attack:
    """Dictation goes on while ``fault`` lasts; afterwards everything is in the store. ``kept`` makes the
    store: where it is, and what ``fault`` is given."""

    async def attack(short: bool, folder: Path) -> Figures:
        with kept(folder) as (store, faulty):
            return await attacked(short, folder, store, faulty)

    async def attacked(short: bool, folder: Path, store: Path | str, faulty: Any) -> Figures:
        async with started(folder, store=store) as server, Dictation(server.url) as dictation:
            await dictation.say(2)
            await dictation.until_all_heard()
            with fault(faulty, 4 if short else 35):
                begun = time.monotonic()
                saying = asyncio.create_task(dictation.say(3))
                told = await dictation.until(lambda: bool(notices(dictation, "store_failed")), 30)
                told_s = time.monotonic() - begun
                await saying
                heard = await dictation.until_all_heard(10)
            again = await dictation.until(lambda: bool(notices(dictation, "store_works")), 30)
            await dictation.say()
            await dictation.until_all_heard()
            finals = stored_finals(store, dictation)
            figures = Figures(
                spoken_s=dictation.spoken_s,
                heard_s=await server.heard_s(),
                finals_lost=dictation.finals_lost() + dictation.finals_lost(finals),
                finals_doubled=dictation.finals_doubled() + dictation.finals_doubled(finals),
                memory_mb=server.memory_mb(),
                told_s=told_s if told else None,
            )
            if not told or (told_s > MOST_TOLD_S and not short):  # the short run is a test: no time counts
                raise Broken("told too late", figures)
            if not heard or not again:
                raise Broken("dictation stopped" if not heard else "storing did not go on", figures)
            return figures

    return attack


@contextlib.asynccontextmanager
async def typist(server: ServerProcess, **options: object) -> AsyncIterator[websockets.ClientConnection]:
    async with websockets.connect(
        f"{server.url}/v1/realtime?assistant=1", max_size=None, proxy=None, ping_interval=None, **options
    ) as socket:
        yield socket


def edit(revision: int, at: int, text: str) -> str:
    return ev.DocumentEdit(
        event_id=None, revision=revision, section_id="text", start=at, end=at, text=text
    ).model_dump_json(exclude_none=True)


def typing(chars: int, piece: int, *, reads: bool) -> Attack:
    """``chars`` are typed in pieces, each an edit of its own, by a client that reads, or does not."""

    async def attack(short: bool, folder: Path) -> Figures:
        total = chars // 10 if short else chars
        store = folder / "kept"
        async with started(folder, store=store) as server, Dictation(server.url) as dictation:
            before = server.memory_mb()
            options = {} if reads else {"max_queue": 1}
            async with typist(server, **options) as socket:
                reading = asyncio.create_task(drain(socket)) if reads else None
                with contextlib.suppress(websockets.ConnectionClosed):
                    for number in range(total // piece):
                        await socket.send(edit(number, number * piece, "typed text "[:10] * (piece // 10)))
                await asyncio.sleep(3)
                if reading:
                    reading.cancel()
            await dictation.say()
            await dictation.until_all_heard()
            size = sum(file.stat().st_size for file in store.iterdir())
            figures = Figures(
                finals_lost=dictation.finals_lost(),
                finals_doubled=dictation.finals_doubled(),
                memory_mb=server.memory_mb(),
            )
            print(
                f"  typed {total / 1e6:.2f} MB: memory {before:.0f} to {server.memory_mb():.0f} MB, "
                f"store {size / 2**20:.1f} MB",
                flush=True,
            )
            if server.memory_mb() - before > LARGEST_MB:
                raise Broken("memory", figures)
            if size > LARGEST_STORE_PER_TYPED * total + 8 * 2**20:
                raise Broken(f"the store has {size / 2**20:.0f} MB", figures)
            return figures

    return attack


async def drain(socket: websockets.ClientConnection) -> None:
    async for _ in socket:
        pass


ROWS = (
    Row("store locked by another program", storing(locked)),
    Row("folder of the store deleted", storing(deleted)),
    Row("PostgreSQL gone and back", storing(gone, in_postgres), LACKS),
    Row("6 MB typed by a client that does not read", typing(6_000_000, 1_000, reads=False)),
    Row("0.8 MB typed by a client that reads", typing(800_000, 100, reads=True)),
)
