"""One user's sessions are nobody else's: every route and every event of a client is tried as another user,
who even has the session's ids and its token. Made from the routes and the protocol's types."""

import json
import re

import httpx
import pytest
from starlette.datastructures import Headers

from assistant.principal import ROLES, Principal
from assistant.server.auth import Refused, keys
from assistant.server.rights import PREFIX
from tests.imaging.bad_files import png
from tests.server.conftest import PATIENCE_S, loud
from tests.server.test_inlets import client_events
from tests.server.test_inlets import filled as made
from tests.server.test_owner import of_a_session, routes

MARK = "xylophagous"


class ByName:
    """The bearer token is the user's name; everybody has every role, so that only whose it is can refuse."""

    async def identify(self, scope):
        shown = keys(Headers(scope=scope))
        if not shown:
            return Refused("who", "Say who you are.", 401)
        return Principal(f"user_{shown[0]}", shown[0], frozenset(ROLES))

    async def again(self, principal, *, used):
        return principal


def as_user(name):
    return {"Authorization": f"Bearer {name}"}


class Victim:
    """Ann's session, in which the mark was dictated, asked, answered and attached."""

    def __init__(self, server, client, session, cookie, own):
        self.server, self.client, self.session, self.cookie = server, client, session, cookie
        self.own = own

    def ids(self):
        """Every id that an event or address of hers may hold."""
        found = {self.session["id"], self.session["resume_token"]}

        def walk(value):
            if isinstance(value, dict):
                for name, each in value.items():
                    if isinstance(each, str) and (name == "id" or name.endswith("_id")):
                        found.add(each)
                    walk(each)
            elif isinstance(value, list):
                for each in value:
                    walk(each)

        for event in self.client.events:
            walk(event)
        return sorted(found)

    def state(self):
        runner = self.server.hub.find(self.session["id"])
        _, things = self.server.hub.belongings.things._held["user_ann"]
        return [event.json for event in runner.kept.after(0)], runner.connected, runner.over, things


@pytest.fixture
async def ann(start_server, tmp_path):
    server = await start_server(
        identifier=ByName(),
        store=tmp_path / "store",
        keep_audio_min=1,
        max_sessions_per_user=100,  # the other user opens one for each event
        final_limit_s=600,  # no other user's session is refused because the machine is slow
    )
    server.model.texts = {3: f"Dictated {MARK}.", 6: f"Is there a {MARK} on this image?"}
    server.engine.script(MARK, [f"Answer {MARK}."])
    client, created = await server.session(additional_headers=as_user("ann"))
    session = created["session"]
    cookie = client.socket.response.headers["Set-Cookie"].partition(";")[0]
    async with httpx.AsyncClient(base_url=server.http, timeout=PATIENCE_S, headers=as_user("ann")) as http:
        http.headers["X-Session-Token"] = session["resume_token"]
        base = f"/v1/sessions/{session['id']}"
        sent = await http.post(f"{base}/attachments", params={"name": f"{MARK}.png"}, content=png())
        assert sent.status_code == 201
        await http.post(f"{base}/uploads")
    await client.until("assistant.attachment.added")
    await client.append(loud(0.3) + loud(0.6))
    await client.until("response.done")
    async with httpx.AsyncClient(base_url=server.http, timeout=PATIENCE_S, headers=as_user("ann")) as http:
        await http.put("/v1/own/settings", json={"keep_corrections": True, "page": {"phrase": MARK}})
        sections = [{"title": MARK, "text": MARK}]
        kept = [
            await http.post("/v1/own/words", json={"written": f"{MARK}one", "sounds_like": [f"xylo {MARK}"]}),
            await http.post("/v1/own/macros", json={"name": MARK, "text": MARK}),
            await http.post("/v1/own/templates", json={"name": MARK, "sections": sections}),
        ]
        assert [each.status_code for each in kept] == [201] * 3
        corrected = await server.hub.belongings.things.put("user_ann", "corrections", "1", {"heard": MARK})
    own = [*(each.json()["id"] for each in kept), corrected.id]
    return Victim(server, client, session, cookie, own)


async def test_no_route_shows_or_changes_anything_of_another_users_session(ann):
    before = ann.state()
    headers = as_user("bob") | {"X-Session-Token": ann.session["resume_token"]}
    async with httpx.AsyncClient(base_url=ann.server.http, timeout=PATIENCE_S) as http:
        for shown in (headers, as_user("bob") | {"Cookie": ann.cookie}):
            for method, address in of_a_session(ann.server.app, ann.session["id"]):
                answer = await http.request(method, address, headers=shown)
                assert answer.status_code == 404, (method, address)
                assert MARK.encode() not in answer.content
        for path, methods in routes(ann.server.app):
            if path.startswith(PREFIX):
                continue
            for method in methods:
                takes_id = "{" in path and ":path" not in path  # the others know no id: one try is enough
                ids = ann.own if "{kind}" in path else ann.ids() if takes_id else ann.ids()[:1]
                for each in ids:
                    address = path.replace("{kind}", each.partition("_")[0])
                    address = re.sub(r"\{[^}]*\}", each, address)
                    answer = await http.request(method, address, headers=headers, content=each.encode())
                    assert MARK.encode() not in answer.content, (method, path)
    assert ann.state() == before
    await ann.client.works()


async def test_a_resume_token_in_other_hands_opens_a_session_of_their_own(ann):
    before = ann.state()
    ann.server.model.texts = {3: "The lungs are clear."}
    other, created = await ann.server.session(
        resume=ann.session["resume_token"], additional_headers=as_user("bob")
    )
    assert created["session"]["id"] != ann.session["id"]
    assert not created["resumed"]
    await other.works()
    assert MARK not in json.dumps(other.events)
    assert ann.state() == before
    await ann.client.works()


async def test_no_event_of_a_client_reaches_another_users_session(ann):
    before = ann.state()
    ann.server.model.texts = {3: "The lungs are clear.", 6: ""}
    for kind, schema in client_events():
        bob, _ = await ann.server.session(additional_headers=as_user("bob"))
        for each in ann.ids():
            await bob.socket.send(json.dumps(made(schema, each, schema)))
        await bob.send("conversation.item.retrieve", item_id="none", event_id="the-last")
        while (await bob.until("error"))["error"]["event_id"] != "the-last":
            pass
        assert MARK not in json.dumps(bob.events), kind
        await bob.socket.close()
    assert ann.state() == before
    await ann.client.works()


async def test_a_stored_session_that_has_ended_is_its_owners_too(ann):
    headers = {"X-Session-Token": ann.session["resume_token"]}
    address = f"/v1/sessions/{ann.session['id']}/export?format=txt"
    ann.server.hub.find(ann.session["id"]).end()
    await ann.client.until_closed()
    async with httpx.AsyncClient(base_url=ann.server.http, timeout=PATIENCE_S, headers=headers) as http:
        answer = await http.get(address, headers=as_user("bob"))
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "session_unknown")
        assert MARK in (await http.get(address, headers=as_user("ann"))).text
    ann.server.model.texts = {3: "The lungs are clear."}
    bob, created = await ann.server.session(
        resume=ann.session["resume_token"], additional_headers=as_user("bob")
    )
    assert created["session"]["id"] != ann.session["id"]
    await bob.works()
    assert MARK not in json.dumps(bob.events)
