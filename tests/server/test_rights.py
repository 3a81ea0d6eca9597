"""The rights that each route needs, and the people who have them."""

import httpx
import pytest
from starlette.routing import Route

from assistant.principal import GRANTED, RIGHTS, ROLES, Principal
from assistant.server.app import health
from assistant.server.auth import Refused, keys
from assistant.server.rights import NEEDS, PREFIX, guarded
from tests.server.test_owner import of_a_session, routes


class ByRole:
    """The bearer token is the role."""

    async def identify(self, scope):
        from starlette.datastructures import Headers

        shown = keys(Headers(scope=scope))
        if not shown:
            return Refused("who", "Say who you are.", 401)
        return Principal(f"user_{shown[0]}", shown[0], frozenset(shown) & frozenset(ROLES))

    async def again(self, principal, *, used):
        return principal


def test_a_route_without_a_statement_keeps_the_application_from_starting():
    for prefix in ("", PREFIX):
        with pytest.raises(KeyError):
            guarded([Route("/v1/new", health)], prefix)


async def test_the_table_has_the_routes_that_there_are(server):
    assert {path for path, _ in routes(server.app)} == NEEDS.keys()


def test_every_role_has_rights_and_every_right_a_role():
    assert GRANTED.keys() == set(ROLES)
    assert {right for rights in GRANTED.values() for right in rights} == set(RIGHTS)


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
async def test_every_route_answers_those_who_have_its_right_and_refuses_others(start_server, role):
    server = await start_server(identifier=ByRole())
    granted = GRANTED.get(role, frozenset())
    headers = {"Authorization": f"Bearer {role}"}
    async with httpx.AsyncClient(base_url=server.http, timeout=60, headers=headers) as http:
        base = "/v1/sessions/none"
        if "dictate" in granted:
            _, created = await server.session(additional_headers=headers)
            base = f"/v1/sessions/{created['session']['id']}"
            http.headers["X-Session-Token"] = created["session"]["resume_token"]
        for path, methods in routes(server.app):
            need = NEEDS[path]
            if not methods or (path.startswith(PREFIX) and "dictate" not in granted):
                continue
            address = path.replace(PREFIX, base).replace("{", "").replace("}", "")
            for method in methods - {"HEAD"}:
                answer = await http.request(method, address)
                may = need in ("nothing", "known") or need in granted
                assert ('"right_missing"' in answer.text) is not may, (method, path)
                assert may or answer.status_code == 403
    refused = "dictate" not in granted
    if refused:
        import websockets

        with pytest.raises(websockets.InvalidStatus) as error:
            await server.connect(additional_headers=headers)
        assert error.value.response.status_code == 403


async def test_strangers_get_health_and_nothing_else(start_server):
    server = await start_server(identifier=ByRole())
    async with httpx.AsyncClient(base_url=server.http, timeout=60) as http:
        for path, methods in routes(server.app):
            address = path.replace("{", "").replace("}", "") or "/"
            for method in methods or {"GET"}:
                answer = await http.request(method, address)
                assert (answer.status_code == 401) is (NEEDS[path] != "nothing"), (method, path)


async def test_a_short_lived_key_has_its_makers_sessions_and_opens_nothing_else(start_server):
    server = await start_server(identifier=ByRole())
    async with httpx.AsyncClient(base_url=server.http, timeout=60) as http:
        asked = await http.post("/v1/realtime/client_secrets", headers={"Authorization": "Bearer clinician"})
        key = asked.json()["value"]
        client, created = await server.session(additional_headers={"Authorization": f"Bearer {key}"})
        session = created["session"]
        assert server.hub.find(session["id"]).person.id == "user_clinician"
        headers = {"X-Session-Token": session["resume_token"], "Authorization": "Bearer clinician"}
        for method, address in of_a_session(server.app, session["id"]):
            if "/models/" not in address or "/attachments/" in address:
                answer = await http.request(method, address, headers=headers)
                assert "session_unknown" not in answer.text
    await client.works()
