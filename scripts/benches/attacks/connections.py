"""Attacks on the connection of a session, by the network and by people without a token."""

import asyncio
import contextlib
from pathlib import Path

from benches.attacks.dictating import Dictation
from benches.attacks.rows import Broken, Figures, Row
from benches.attacks.server import ServerProcess, started


async def figures_of(dictation: Dictation, server: ServerProcess) -> Figures:
    """Figures of a session whose every utterance should have been heard once."""
    heard_s = await server.heard_s()
    return Figures(
        spoken_s=dictation.spoken_s,
        heard_s=heard_s,
        lost_s=max(0.0, dictation.spoken_s - heard_s),
        told_lost_s=dictation.told_lost_s,
        finals_lost=dictation.finals_lost(),
        finals_doubled=dictation.finals_doubled(),
        memory_mb=server.memory_mb(),
    )


async def dropped_sockets(short: bool, folder: Path) -> Figures:
    """The socket is cut between utterances, again and again."""
    async with started(folder) as server, Dictation(server.url) as dictation:
        for _ in range(3 if short else 50):
            await dictation.say()
            await dictation.until_all_heard()
            socket = dictation.client._socket
            assert socket is not None
            socket.transport.abort()
        await dictation.say()
        await dictation.until_all_heard()
        return await figures_of(dictation, server)


async def idle_connections(short: bool, folder: Path) -> Figures:
    """Somebody without a token opens more connections than the server has descriptors, and says nothing."""
    files, count = (128, 200) if short else (1024, 1100)
    async with (
        started(folder, files=files) as server,
        Dictation(server.url) as dictation,
        contextlib.AsyncExitStack() as stack,
    ):
        await dictation.say()
        for _ in range(count):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            except OSError:
                break
            stack.callback(writer.close)
        await asyncio.sleep(3)  # longer than the pause between two looks at the template files
        await dictation.say(3)
        await dictation.until_all_heard(20)
        figures = await figures_of(dictation, server)
        if figures.finals_lost:
            raise Broken("the session ended", figures)
        return figures


ROWS = (
    Row("socket dropped between utterances", dropped_sockets),
    Row("idle connections without a token", idle_connections),
)
