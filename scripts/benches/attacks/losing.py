"""Attacks on sound that is on its way: cut off in the middle, not taken for a while, sent faster than it is
taken."""

import asyncio
from pathlib import Path

from assistant import events as ev
from benches.attacks.connections import figures_of
from benches.attacks.dictating import Dictation
from benches.attacks.rows import Broken, Figures, Row
from benches.attacks.server import started


async def cut_while_speaking(short: bool, folder: Path) -> Figures:
    """The socket is cut in the middle of an utterance, again and again: what was on its way is sent again."""
    async with started(folder) as server, Dictation(server.url) as dictation:
        for _ in range(3 if short else 50):
            speaking = asyncio.create_task(dictation.say(speed=5.0))
            await asyncio.sleep(0.1)
            socket = dictation.client._socket
            assert socket is not None
            socket.transport.abort()
            await speaking
        await dictation.until_all_heard()
        return await figures_of(dictation, server)


async def stands_still(short: bool, folder: Path) -> Figures:
    """Nothing of the server runs for longer than any of its pings, while somebody speaks."""
    async with started(folder) as server, Dictation(server.url) as dictation:
        speaking = asyncio.create_task(dictation.say(4 if short else 10, speed=1.0))
        await dictation.until(lambda: bool(dictation.finals()))
        await server.stand_still(6 if short else 15)
        await speaking
        await dictation.until_all_heard()
        figures = await figures_of(dictation, server)
        if created := sum(isinstance(event, ev.SessionCreated) for event in dictation.events) - 1:
            raise Broken(f"the session was connected again {created} times", figures)
        return figures


async def faster_than_it_is_taken(short: bool, folder: Path) -> Figures:
    """A recording of minutes is sent as fast as the network takes it."""
    async with started(folder) as server, Dictation(server.url) as dictation:
        await dictation.say(30 if short else 200, speed=0)
        await dictation.until_all_heard(600)
        return await figures_of(dictation, server)


ROWS = (
    Row("socket cut while somebody speaks", cut_while_speaking),
    Row("server stands still while somebody speaks", stands_still),
    Row("sound faster than it is taken", faster_than_it_is_taken),
)
