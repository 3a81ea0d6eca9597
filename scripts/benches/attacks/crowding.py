"""More people speak at once than the machine can hear."""

import asyncio
import contextlib
import time
from dataclasses import replace
from pathlib import Path

from assistant import events as ev
from assistant.client import AssistantClient
from assistant.errors import AssistantError
from benches.attacks.connections import figures_of
from benches.attacks.dictating import Dictation
from benches.attacks.rows import Broken, Figures, Row
from benches.attacks.server import ServerProcess, started
from benches.attacks.storing import notices

LIMIT_S = 1.0
"""Setting of the server: later than this, finals are late, and newcomers are refused."""
FAIR = 2.0
"""The last final of nobody comes so many times as late as that of somebody else, or ``FAIR_S`` later."""
FAIR_S = 3.0
PATIENCE_S = 300.0


def partials(dictations: list[Dictation]) -> float:
    """Partials for each utterance."""
    events = [event for each in dictations for event in each.events]
    said = sum(len(each.said) for each in dictations)
    return sum(isinstance(event, ev.TranscriptPartial) for event in events) / said


async def speak(dictation: Dictation, count: int) -> float:
    """At the speed of people; returns the seconds from the last word until all of it was written."""
    await dictation.say(count, speed=1.0)
    begun = time.monotonic()
    await dictation.until_all_heard(PATIENCE_S)
    return time.monotonic() - begun


async def too_many_speak(short: bool, folder: Path) -> Figures:
    """Streams at the speed of speech take twice the workers that there are. All are told, one more is refused
    with the reason, nothing is lost; partials become rarer, and everybody is as late. They all come before
    anybody speaks: later the server would refuse them."""
    people, count, final_s = (20, 1, -0.4) if short else (32, 4, 0.25)
    async with (
        started(
            folder,
            final_s=final_s,
            final_limit_s=LIMIT_S,
            max_sessions=100,
            max_sessions_per_address=100,
            log_level="error",
        ) as server,
        contextlib.AsyncExitStack() as stack,
    ):
        everybody = [await stack.enter_async_context(Dictation(server.url)) for _ in range(people)]
        first, *others = everybody
        await speak(first, 2)
        quiet = partials([first])
        begun = time.monotonic()
        speaking = [asyncio.create_task(speak(each, count)) for each in everybody]
        told_s = 0.0
        for each in everybody:
            if not await each.until(lambda each=each: bool(notices(each, "machine_busy"))):
                raise Broken("not everybody was told")
            told_s = time.monotonic() - begun
        refused = await refusal(server)
        late_s = [await each for each in speaking]
        crowded = partials(others)
        figures = replace(await figures_of(first, server), told_s=told_s)
        figures = replace(
            figures,
            spoken_s=sum(each.spoken_s for each in everybody),
            lost_s=sum(each.spoken_s for each in everybody) - (figures.heard_s or 0.0),
            finals_lost=sum(each.finals_lost() for each in everybody),
            finals_doubled=sum(each.finals_doubled() for each in everybody),
        )
        print(
            f"  {people} people: {quiet:.1f} partials for an utterance alone, {crowded:.1f} in the crowd; "
            f"last finals {min(late_s):.1f} to {max(late_s):.1f} s late; one more got “{refused}”",
            flush=True,
        )
        if not refused.startswith("server_busy") or f"{LIMIT_S:g} s is the limit" not in refused:
            raise Broken(f"one more got {refused or 'a session'}", figures)
        if crowded > quiet:
            raise Broken("partials came more often in the crowd", figures)
        if not short and max(late_s) > FAIR * min(late_s) + FAIR_S:  # the short run is a test: no time counts
            raise Broken("some were kept waiting for others", figures)
        return figures


async def refusal(server: ServerProcess) -> str:
    """The code and the words that a newcomer gets; "" where it gets a session."""
    try:
        async with AssistantClient(server.url):
            return ""
    except AssistantError as refused:
        return f"{refused.code}: {refused.message}"


ROWS = (Row("more people speak than the machine can hear", too_many_speak),)
