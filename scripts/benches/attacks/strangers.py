"""Requests of other users, absurd requests, and a server that is stopped while somebody speaks."""

import asyncio
import contextlib
import itertools
import re
import signal
import sys
from dataclasses import replace
from pathlib import Path

import httpx
from starlette.applications import Starlette

from assistant import events as ev
from assistant.client import AssistantClient
from assistant.config import Settings
from assistant.errors import BadInput
from benches.attacks.connections import figures_of
from benches.attacks.dictating import Dictation
from benches.attacks.rows import Broken, Figures, Row
from benches.attacks.server import ROOT, application, started
from benches.attacks.storing import stored_finals
from benches.attacks.tones import Tones

sys.path.insert(0, str(ROOT))

from tests.server.test_absurd import BODIES, HEADERS, QUERIES, VALUES, filled
from tests.server.test_owner import MOVED, of_a_session, routes

STOPS = 10


def own_application() -> Starlette:
    """An application with the server's routes, to list them."""
    return application(Settings(port=0, engine="openai", no_store=True), Tones())


async def another_user(short: bool, folder: Path) -> Figures:
    """Another user asks at every route of a session with its id and its token, and resumes with the token."""
    async with (
        started(folder, by_name=True, store=folder / "kept") as server,
        Dictation(server.url, "ann") as ann,
        httpx.AsyncClient(trust_env=False, timeout=60) as http,
    ):
        await ann.say()
        await ann.until_all_heard()
        session = ann.client.session
        assert session
        headers = {"Authorization": "Bearer bob", "X-Session-Token": session.resume_token}
        asked = served = 0
        for method, address in of_a_session(own_application(), session.id):
            answer = await http.request(method, server.http + address, headers=headers)
            asked, served = asked + 1, served + (answer.status_code != 404)
        with contextlib.suppress(BadInput):  # there is no such session, for him
            async with AssistantClient(server.url, "bob", resume=session.resume_token) as bob:
                served += bob.session is not None and bob.session.id == session.id
        own = await http.get(
            f"{server.http}/v1/sessions/{session.id}/export?format=txt",
            headers={**headers, "Authorization": "Bearer ann"},
        )
        await ann.say(2)
        await ann.until_all_heard()
        figures = await figures_of(ann, server)
        print(f"  {served} of {asked + 1} requests served; her own got {own.status_code}", flush=True)
        if served:
            raise Broken(f"{served} requests were served", figures)
        if own.status_code != 200:
            raise Broken("her own request was not served", figures)
        return figures


async def absurd_requests(short: bool, folder: Path) -> Figures:
    """Absurd numbers, names, queries, headers and bodies at every route."""
    async with (
        started(folder, store=folder / "kept", log_level="error") as server,
        Dictation(server.url) as dictation,
        httpx.AsyncClient(base_url=server.http, trust_env=False, timeout=60) as http,
    ):
        await dictation.say()
        await dictation.until_all_heard()
        session = dictation.client.session
        assert session
        http.headers["X-Session-Token"] = session.resume_token
        failed = asked = 0
        for method, path, options in absurd(session.id):
            asked += 1
            failed += (await http.request(method, path, **options)).status_code >= 500
        await dictation.say(2)
        await dictation.until_all_heard()
        figures = await figures_of(dictation, server)
        print(f"  {failed} of {asked} requests got an error of the server (5xx)", flush=True)
        if failed:
            raise Broken(f"{failed} requests got 5xx", figures)
        return figures


def absurd(session_id: str):
    """The method, the path and the options of each request. Without an archive, its routes answer 503."""
    for path, methods in routes(own_application()):
        if path.startswith(MOVED) or "/pacs/" in path:
            continue
        names = re.findall(r"\{(\w+)", path)
        good = {**dict.fromkeys(names, "0"), "session_id": session_id}
        for method in sorted((methods or {"GET"}) & {"GET", "POST", "PUT"}):
            for name, value in itertools.product(names, VALUES):
                yield method, filled(path, {**good, name: value}), {}
            for query in QUERIES:
                yield method, f"{filled(path, good)}?{query}", {}
            for headers in HEADERS:
                yield method, filled(path, good), {"headers": headers}
            for body in BODIES if method != "GET" else ():
                yield method, filled(path, good), {"content": body}


async def stopped_while_speaking(short: bool, folder: Path) -> Figures:
    """SIGTERM in the middle of an utterance: it is shown and stored. Each time another server."""
    sums = Figures(spoken_s=0.0)
    for number in range(STOPS):
        place = folder / str(number)
        place.mkdir()
        async with started(place, store=place / "kept") as server, Dictation(server.url) as dictation:
            await dictation.say()
            await dictation.until_all_heard()
            speaking = asyncio.create_task(dictation.say(speed=1.0))
            began = 1 + sum(isinstance(each, ev.SpeechStartedEvent) for each in dictation.events)
            await dictation.until(
                lambda dictation=dictation, began=began: (
                    sum(isinstance(each, ev.SpeechStartedEvent) for each in dictation.events) >= began
                )
            )
            server.process.send_signal(signal.SIGTERM)
            await server.process.wait()
            await dictation.until_all_heard(5)
            speaking.cancel()
            finals = stored_finals(place / "kept", dictation)
            sums = replace(
                sums,
                spoken_s=(sums.spoken_s or 0.0) + dictation.spoken_s,
                finals_lost=sums.finals_lost + dictation.finals_lost() + dictation.finals_lost(finals),
                finals_doubled=sums.finals_doubled
                + dictation.finals_doubled()
                + dictation.finals_doubled(finals),
            )
    return sums


ROWS = (
    Row("another user with a session's id and token", another_user, has_short=False),
    Row("absurd requests at every route", absurd_requests, has_short=False),
    Row("SIGTERM while somebody speaks, 10 times", stopped_while_speaking, has_short=False),
)
