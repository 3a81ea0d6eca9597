"""A server that is killed in the middle of a dictation, and started again on the same store."""

import asyncio
import contextlib
import re
from pathlib import Path

from assistant.client import AssistantClient
from benches.attacks.dictating import Dictation
from benches.attacks.rows import Attack, Broken, Figures, Row
from benches.attacks.server import free_port, started
from benches.attacks.storing import stored_finals
from benches.attacks.tones import SILENCE_S, SPOKEN_S

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
                speaking = asyncio.create_task(dictation.say(speed=SPEED))
                await asyncio.sleep(LATEST_S * ((number * 3 + 1) % 10) / 10)
                await server.kill()
                server = await stack.enter_async_context(started(folder, **serving))
                async with asyncio.timeout(PATIENCE_S):
                    await speaking
            await dictation.say()
            heard = await dictation.until_all_heard(PATIENCE_S)
            finals = stored_finals(store, dictation)
            report = await _as_another_client_sees_it(server.url, dictation.client)
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

    return attack


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


ROWS = (Row("server killed again and again in a dictation", killed()),)
