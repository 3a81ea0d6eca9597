"""A server that is killed in the middle of a dictation, and started again on the same store."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

from assistant.client import AssistantClient
from benches.attacks.dictating import Dictation
from benches.attacks.rows import Attack, Broken, Figures, Row
from benches.attacks.server import free_port, started
from benches.attacks.storing import in_postgres, stored_finals
from benches.attacks.tones import SILENCE_S, SPOKEN_S
from benches.postgres import LACKS

KILLS, KILLS_IN_SHORT = 50, 4
PATIENCE_S = 60.0
TONE = re.compile(r"tone \d+")
SPEED = 5.0
LATEST_S = (SPOKEN_S + SILENCE_S) / SPEED * 1.5


def killed() -> Attack:
    """In an utterance and right after it, at other moments each time, the server is killed; its client comes
    back to a new one. At the end everything that was said is shown once, is stored once, and stands once in
    the report."""

    async def attack(short: bool, folder: Path) -> Figures:
        store, port, kills = folder / "kept", free_port(), KILLS_IN_SHORT if short else KILLS
        async with contextlib.AsyncExitStack() as stack:
            serving = {"port": port, "store": store, "log_level": "error"}
            server = await stack.enter_async_context(started(folder, **serving))
            dictation = await stack.enter_async_context(Dictation(server.url))
            for number in range(kills):
                async with _saying(dictation, number):
                    await server.kill()
                    server = await stack.enter_async_context(started(folder, **serving))
            return await _all_of_it(dictation, store)

    return attack


def taken_over() -> Attack:
    """Two servers and one PostgreSQL behind one address. The one that has the session is killed in the middle
    of a dictation, again and again; the other, which runs already, goes on with it."""

    async def attack(short: bool, folder: Path) -> Figures:
        kills = 1 if short else KILLS  # each starts a server
        async with contextlib.AsyncExitStack() as stack:
            store, _ = stack.enter_context(in_postgres(folder))
            serving = {"store": store, "store_files": folder / "files", "log_level": "error"}
            first = await stack.enter_async_context(started(folder, **serving))
            second = await stack.enter_async_context(started(folder, **serving))
            proxy = await stack.enter_async_context(Proxy(first.port))
            dictation = await stack.enter_async_context(Dictation(proxy.url))
            for number in range(kills):
                async with _saying(dictation, number):
                    proxy.port = second.port
                    await first.kill()
                first, second = second, await stack.enter_async_context(started(folder, **serving))
            return await _all_of_it(dictation, store)

    return attack


@contextlib.asynccontextmanager
async def _saying(dictation: Dictation, number: int) -> AsyncIterator[None]:
    """Acts within happen in the utterance ``number`` or right after it, each time elsewhere."""
    speaking = asyncio.create_task(dictation.say(speed=SPEED))
    await asyncio.sleep(LATEST_S * ((number * 3 + 1) % 10) / 10)
    yield
    done, _ = await asyncio.wait({speaking}, timeout=PATIENCE_S)
    if not done:
        raise Broken(f"after kill {number + 1} the client could not speak on")
    await speaking


async def _all_of_it(dictation: Dictation, store: Path | str) -> Figures:
    await dictation.say()
    heard = await dictation.until_all_heard(PATIENCE_S)
    finals = stored_finals(store, dictation)
    report = await _as_another_client_sees_it(dictation.url, dictation.client)
    written, said = (TONE.findall(text) for text in (report, " ".join(dictation.said)))
    figures = Figures(
        spoken_s=dictation.spoken_s,
        finals_lost=dictation.finals_lost() + dictation.finals_lost(finals),
        finals_doubled=dictation.finals_doubled() + dictation.finals_doubled(finals),
    )
    if not heard:
        raise Broken("not all was heard", figures)
    if written != said:
        raise Broken("the report is not what was said", figures)
    return figures


async def _as_another_client_sees_it(url: str, first: AssistantClient) -> str:
    """The text of the report for a client that knows nothing but the token."""
    assert first.session
    async with AssistantClient(url, resume=first.session.resume_token) as other:
        async with asyncio.timeout(PATIENCE_S):
            async for _ in other:
                if other.report and first.report and other.report.revision >= first.report.revision:
                    break
        assert other.report
        return " ".join(run.text for part in other.report.sections for run in part.runs)


class Proxy:
    """One address; connections go to the server at ``port``."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _connected(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            there, on = await asyncio.open_connection("127.0.0.1", self.port)
            await asyncio.gather(_pass_on(here, on), _pass_on(there, back))
        back.close()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
    target.close()


ROWS = (
    Row("server killed again and again in a dictation", killed()),
    Row("a second server goes on when the first is killed", taken_over(), LACKS),
)
