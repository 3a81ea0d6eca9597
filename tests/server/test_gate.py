"""Access, and the rights of pages, over real connections."""

import httpx
import pytest
import websockets

TOKEN = "the-token"


@pytest.fixture
async def http(server):
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as client:
        yield client


async def refused_socket(server, query="", **headers):
    options = {"origin": headers.pop("origin")} if "origin" in headers else {}
    with pytest.raises(websockets.InvalidStatus) as refused:
        await server.connect(query, additional_headers=headers, **options)
    return refused.value.response.status_code


@pytest.mark.parametrize(
    "host", ["pacs.example.org", "evil.example:80", "127.0.0.1.evil.example", "[::1", ""]
)
async def test_a_foreign_host_is_refused(http, host):
    answer = await http.get("/", headers={"Host": host})
    assert answer.status_code in (400, 403)
    assert answer.status_code == 400 or answer.json()["error"]["code"] == "host_not_allowed"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://[", "http://127.0.0.1:1"])
async def test_a_foreign_origin_is_refused(server, http, origin):
    answer = await http.post("/v1/sessions/a/attachments", headers={"Origin": origin})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "origin_not_allowed"
    assert await refused_socket(server, origin=origin) == 403


async def test_its_own_origin_and_allowed_ones_may(start_server):
    server = await start_server(allowed_origins=("https://pacs.example.org",))
    for origin in (server.http, "https://pacs.example.org"):
        await server.session(origin=origin)


def cookie_of(server):
    return f"assistant_token_{server.http.rpartition(':')[2]}"


async def test_two_servers_on_one_host_keep_their_cookies_apart(start_server):
    one, other = await start_server(token="one"), await start_server(token="other")
    async with httpx.AsyncClient(trust_env=False) as browser:  # one jar for all ports, as browsers have it
        for server, token in ((one, "one"), (other, "other")):
            assert (await browser.get(f"{server.http}/?token={token}")).status_code == 303
        for server in (one, other):
            assert (await browser.get(server.http)).status_code == 200


async def test_the_token_by_bearer_cookie_and_address(start_server):
    server = await start_server(token=TOKEN)
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as http:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": f"{cookie_of(server)}=wrong"}):
            answer = await http.get("/", headers=headers)
            code = "token_wrong" if headers else "token_missing"
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)
            assert "Authorization: Bearer" in answer.json()["error"]["message"]
            assert answer.headers["www-authenticate"] == "Bearer"
            assert await refused_socket(server, **headers) == 401
        assert (await http.get("/?token=wrong")).status_code == 401
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 200
        assert (await http.get("/", headers={"Authorization": f"Bearer {TOKEN}"})).status_code == 200
        await server.session(additional_headers={"Authorization": f"Bearer {TOKEN}"})
        shown = await http.get(f"/?token={TOKEN}")
        assert (shown.status_code, shown.headers["location"]) == (303, "/")
        cookie = shown.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert (await http.get("/")).status_code == 200  # httpx keeps the cookie
        await server.session(additional_headers={"Cookie": f"{cookie_of(server)}={TOKEN}"})
        away = await http.get(f"{server.http}//evil.example/?token={TOKEN}", headers={"Cookie": ""})
        assert not away.headers.get("location", "").startswith("//")


async def test_a_person_without_the_token_reads_what_to_do(start_server):
    server = await start_server(token=TOKEN)
    async with httpx.AsyncClient(base_url=server.http, trust_env=False) as http:
        answer = await http.get("/", headers={"Accept": "text/html,*/*"})
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/html")
    assert "?token=TOKEN" in answer.text


async def test_the_page_may_talk_to_its_own_server_only(server, http):
    policy = (await http.get("/")).headers["content-security-policy"]
    host = server.http.removeprefix("http://")
    assert f"connect-src 'self' ws://{host} wss://{host};" in policy
    assert "form-action 'self'" in policy
    refused = await http.get("/", headers={"Host": "evil.example; script-src *"})
    assert "evil" not in refused.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/healthz", "/metrics", "/nothing", "/v1/sessions/a/attachments/b"])
async def test_every_answer_has_the_security_headers(http, path):
    headers = (await http.get(path)).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"]


@pytest.mark.parametrize("path", ["/../pyproject.toml", "/%2e%2e/pyproject.toml", "/..%2fpyproject.toml"])
async def test_nothing_outside_the_page_is_served(server, path):
    import asyncio

    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 404")
    assert b"clinical-voice-assistant" not in answer


async def test_metrics_have_numbers_and_no_words(server, http):
    client, _ = await server.session()
    await client.works()
    text = (await http.get("/metrics")).text
    assert "assistant_finals_total" in text
    assert "assistant_connections 1.0" in text
    assert "lungs" not in text
