"""A recogniser that fails."""

import asyncio
import contextlib
import time
from pathlib import Path

import httpx

from benches.attacks.dictating import Dictation
from benches.attacks.rows import Broken, Figures, Row
from benches.attacks.server import ServerProcess, started
from benches.attacks.storing import notices

HANGS_S = 20.0
PEOPLE = 3
RAISES = 10


async def readiness(server: ServerProcess) -> int:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        return (await http.get(f"{server.http}/readyz")).status_code


def figures_of_all(dictations: list[Dictation], server: ServerProcess, told_s: float | None) -> Figures:
    return Figures(
        spoken_s=sum(each.spoken_s for each in dictations),
        finals_lost=sum(each.finals_lost() for each in dictations),
        finals_doubled=sum(each.finals_doubled() for each in dictations),
        memory_mb=server.memory_mb(),
        told_s=told_s,
    )


async def noticed(dictations: list[Dictation], code: str) -> bool:
    """Wait until everybody has a notice with this code; False when somebody does not get it."""
    return all([await each.until(lambda each=each: bool(notices(each, code))) for each in dictations])


async def raises(short: bool, folder: Path) -> Figures:
    """Before each utterance but the first, the recogniser is made to raise an error in its final."""
    async with started(folder, log_level="error") as server, Dictation(server.url) as dictation:
        await dictation.say()
        for _ in range(RAISES):
            server.recogniser_raises()
            await dictation.say(speed=5.0)
            await dictation.until_all_heard()
        figures = figures_of_all([dictation], server, None)
        if (raised := await server.raised()) != RAISES:
            raise Broken(f"it raised {raised:g} errors instead of {RAISES}", figures)
        return figures


async def hangs(short: bool, folder: Path) -> Figures:
    """No step of the recogniser ends for 20 s while three people speak."""
    async with (
        started(folder, log_level="error", final_limit_s=600) as server,
        contextlib.AsyncExitStack() as stack,
    ):
        people = [await stack.enter_async_context(Dictation(server.url)) for _ in range(PEOPLE)]
        for each in people:
            await each.say()
            await each.until_all_heard()
        ready_before = await readiness(server)
        server.recogniser_hangs(HANGS_S)
        begun = time.monotonic()
        speaking = [asyncio.create_task(each.say(5, speed=1.0)) for each in people]
        told = await noticed(people, "recogniser_failing")
        told_s = time.monotonic() - begun
        ready_meanwhile = await readiness(server)
        await asyncio.gather(*speaking)
        for each in people:
            await each.until_all_heard()
        works = await noticed(people, "hearing_works")
        ready_after = await readiness(server)
        figures = figures_of_all(people, server, told_s)
        ready = (ready_before, ready_meanwhile, ready_after)
        print("  /readyz: {}, {} while it hung, {} afterwards".format(*ready), flush=True)
        if not told or not works:
            raise Broken("not everybody was told", figures)
        if ready != (200, 503, 200):
            raise Broken("/readyz said something else", figures)
        return figures


ROWS = (
    Row("recogniser raises an error in a final, 10 times", raises, has_short=False),
    Row("recogniser hangs for 20 s while three people speak", hangs, has_short=False),
)
