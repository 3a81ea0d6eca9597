"""Sessions of one server are apart: what belongs to one needs its own token. Made from the routes."""

import asyncio
import sqlite3

import httpx
import pytest
from starlette.routing import Mount, Route, WebSocketRoute

from assistant.principal import Principal, sole_user
from assistant.server.auth import MOST_TRIES, PACE_S, TRY_EVERY_S, Pace, Tries
from assistant.server.owner import MOVED, PREFIX
from tests.server.conftest import PATIENCE_S

OF_EVERYBODY = {
    "/v1/realtime",  # begins a session, or takes one up with its token
    "/v1/guidelines/{passage_id}",  # one library for all
    "/v1/guidelines/{passage_id}/page.png",
    "/v1/audio/transcriptions",  # these begin and end with one request
    "/v1/chat/completions",
    "/v1/realtime/calls",  # begins a session
    "/v1/realtime/calls/{call_id}/hangup",
    "/v1/realtime/client_secrets",
    "/v1/reports",  # each sees their own: tests/server/test_worklist.py
    "/v1/reports/{report_id}/open",
    "/v1/reports/{report_id}/copy",
    "/v1/reports/{report_id}/compare",
    "/v1/reports/{report_id}",
    "/v1/orders",  # of everybody who may dictate, and own ones: tests/server/test_orders.py
    "/v1/orders/{order_id}",
    "/v1/orders/{order_id}/open",
    "/v1/own",  # each sees their own: tests/server/test_own.py
    "/v1/own/settings",
    "/v1/own/try",
    "/v1/own/corrections",
    "/v1/own/{kind}",
    "/v1/own/{kind}/{thing_id}",
    "/v1/shared",  # of administrators: tests/server/test_rights.py
    "/v1/shared/{kind}",
    "/v1/shared/{kind}/{thing_id}",
    "/administration",
    "/v1/administration",
    "/v1/administration/storage",
    "/v1/administration/users",
    "/v1/administration/users/{user_id}",
    "/v1/administration/keys",
    "/v1/administration/keys/{key_id}",
    "/v1/models",
    "/v1/models/{model:path}",
    "/v1/{path:path}",  # there is no such path
    "/openapi.json",
    "/sign-in",  # these concern who asks
    "/sign-in.js",
    "/sign-in.css",
    "/favicon.svg",
    "/v1/sign-in",
    "/v1/oidc/begin",
    "/v1/oidc/callback",
    "/v1/sign-out",
    "/v1/me",
    "/v1/me/password",
    "/healthz",
    "/readyz",
    "/metrics",
    "/{path:path}",  # no such socket
    "",  # the page's files
}
VALUES = {"attachment_id": "img_1", "upload_id": "up_1", "response_id": "resp_1", "index": "0", "number": "0"}


def routes(app, prefix=""):
    """Every path of the application with its methods."""
    for route in app.routes:
        match route:
            case Mount(path=path) if path == PREFIX:
                yield from routes(route, path)
            case Route(path=path, methods=methods):
                yield prefix + path, methods
            case Mount(path=path) | WebSocketRoute(path=path):
                yield prefix + path, set()
            case _:
                raise AssertionError(route)


def of_a_session(app, session_id):
    """The method and the address of everything that belongs to a session."""
    for path, methods in routes(app):
        if path.startswith(PREFIX):
            address = path.replace("{session_id}", session_id)
            for name, value in VALUES.items():
                address = address.replace(f"{{{name}}}", value).replace(f"{{{name}:int}}", value)
            assert "{" not in address, f"give {address} a value in VALUES"
            yield from ((method, address) for method in methods)


async def test_whatever_is_not_for_everybody_is_below_the_session_that_it_belongs_to(server):
    others = {path for path, _ in routes(server.app) if not path.startswith(PREFIX)}
    old = {path for path in others if path.startswith(MOVED)}
    assert others - old == OF_EVERYBODY
    assert len(list(of_a_session(server.app, "sess"))) > 12


async def test_every_route_of_a_session_needs_its_own_token(server):
    client, created = await server.session()
    _, stranger = await server.session()
    ours, theirs = created["session"], stranger["session"]
    server.hub.tries.wrong = lambda *_: False
    async with httpx.AsyncClient(base_url=server.http, timeout=PATIENCE_S) as http:
        for method, address in of_a_session(server.app, ours["id"]):
            for headers in (
                {},
                {"X-Session-Token": "wrong"},
                {"X-Session-Token": theirs["resume_token"]},
                {"Cookie": "assistant_session=wrong"},
                {"Authorization": f"Bearer {ours['resume_token']}"},
            ):
                answer = await http.request(method, address, headers=headers)
                assert answer.status_code == 404, (method, address)
                if method != "HEAD":
                    assert answer.json()["error"]["code"] == "session_unknown", (method, address)
            answer = await http.request(method, address, headers={"X-Session-Token": ours["resume_token"]})
            assert "session_unknown" not in answer.text, (method, address)
    await client.works()


async def test_the_cookie_of_a_session_shows_its_images_and_does_nothing_else(server):
    client, created = await server.session()
    session = created["session"]
    set_cookie = client.socket.response.headers["Set-Cookie"]
    assert f"Path=/v1/sessions/{session['id']};" in set_cookie
    assert "HttpOnly" in set_cookie and "SameSite=Strict" in set_cookie
    assert session["resume_token"] not in set_cookie
    headers = {"Cookie": set_cookie.partition(";")[0]}
    async with httpx.AsyncClient(base_url=server.http, timeout=PATIENCE_S) as http:
        for method, address in of_a_session(server.app, session["id"]):
            answer = await http.request(method, address, headers=headers)
            looks = method in ("GET", "HEAD")
            assert ("session_unknown" in answer.text) is not looks, (method, address)
    other, _ = await server.session(resume=session["resume_token"])
    assert other.socket.response.headers["Set-Cookie"] == set_cookie


async def test_old_addresses_say_where_to_look(server):
    async with httpx.AsyncClient(base_url=server.http, timeout=PATIENCE_S) as http:
        for path in ("/v1/attachments?session=a", "/v1/uploads/b/finish", "/v1/pacs/find", "/v1/prompt/c"):
            for method in ("GET", "POST"):
                answer = await http.request(method, path)
                assert (answer.status_code, answer.json()["error"]["code"]) == (410, "address_moved")


async def test_a_resume_token_in_an_address_is_refused_and_the_session_is_not_touched(server):
    client, created = await server.session()
    thief = await server.connect(f"?resume={created['session']['resume_token']}&after=0")
    assert await thief.code() == "resume_in_address"
    assert await thief.until_closed() == 4400
    assert len(server.hub._runners) == 1
    await client.works()


async def test_no_token_of_a_session_is_in_the_store_or_in_what_is_replayed(start_server, tmp_path):
    server = await start_server(store=tmp_path)
    client, created = await server.session()
    session = created["session"]
    await client.send("assistant.mode.set", mode="dictation")
    assert (await client.until("session.updated"))["session"]["resume_token"] == ""
    await client.works()
    with sqlite3.connect(server.hub.writer.store.path) as db:
        dump = "\n".join(db.iterdump())
    assert "session.updated" in dump
    assert session["resume_token"] not in dump
    again, _ = await server.session(resume=session["resume_token"])
    await again.until("session.updated")
    assert session["resume_token"] not in str(again.events[1:])


async def test_after_many_wrong_tokens_only_the_right_one_is_let_in(start_server, caplog):
    server = await start_server(token="secret-of-the-house")
    async with httpx.AsyncClient(base_url=server.http, timeout=PATIENCE_S) as http:
        for _ in range(MOST_TRIES):
            answer = await http.get("/", headers={"Authorization": "Bearer a-patient-said"})
            assert answer.status_code == 401
        answer = await http.get("/", headers={"Authorization": "Bearer wrong"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too_many_tries")
        assert (await http.get("/?token=wrong")).status_code == 429
        right = {"Authorization": "Bearer secret-of-the-house"}
        assert (await http.get("/", headers=right)).status_code == 200
        assert (await http.get("/?token=secret-of-the-house")).status_code == 303
        http.cookies.clear()
        assert (await http.get("/")).status_code == 401  # without a token there is nothing to try
    assert "the server's token from 127.0.0.1 is wrong" in caplog.text
    assert "a-patient-said" not in caplog.text and "secret-of-the-house" not in caplog.text


async def test_wrong_tokens_of_a_session_are_counted_too(server):
    client, created = await server.session()
    address = f"/v1/sessions/{created['session']['id']}/words"
    async with httpx.AsyncClient(base_url=server.http, timeout=PATIENCE_S) as http:
        answers = await asyncio.gather(*(http.get(address) for _ in range(MOST_TRIES + 5)))
        assert {answer.status_code for answer in answers} == {404, 429}
        answer = await http.get(address, headers={"X-Session-Token": created["session"]["resume_token"]})
        assert answer.status_code == 200
    await client.works()


def test_tries_come_back_with_time_and_each_address_has_its_own():
    now = 0.0
    tries = Tries(lambda: now)
    for _ in range(MOST_TRIES):
        assert not tries.wrong("a", "a token")
    assert tries.wrong("a", "a token") and not tries.wrong("b", "a token")
    now += TRY_EVERY_S
    assert not tries.wrong("a", "a token")
    assert tries.wrong("a", "a token")
    now += TRY_EVERY_S * MOST_TRIES
    assert not tries.wrong("a", "a token")


def test_requests_are_counted_by_user_or_by_address_and_forgotten_with_time():
    now = 0.0
    pace, sole, ann = Pace(2, lambda: now), sole_user("person"), Principal("u1", "ann")
    for person, address in [(sole, "192.0.2.7"), (ann, "127.0.0.1")]:
        assert not any(pace.too_fast(person, address) for _ in range(int(2 * PACE_S)))
        assert pace.too_fast(person, address)
    assert pace.too_fast(ann, "192.0.2.9") and not pace.too_fast(sole, "192.0.2.9")
    assert not any(pace.too_fast(sole, "127.0.0.1") for _ in range(1000))
    now += 1
    assert [pace.too_fast(ann, "127.0.0.1") for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(("proto", "told"), [("https", True), ("http", False)])
async def test_browsers_are_told_to_stay_with_https_where_it_is_served(server, proto, told):
    async with httpx.AsyncClient(base_url=server.http, timeout=PATIENCE_S) as http:
        answer = await http.get("/", headers={"X-Forwarded-Proto": proto})
    assert ("strict-transport-security" in answer.headers) is told
