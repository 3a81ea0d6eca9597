"""Absurd numbers, names, queries and bodies at every route: an answer below 500. Made from the routes."""

import itertools
import json
import re

import httpx
import pytest
import websockets

from assistant.audio.webrtc import with_names_open, with_own_candidates
from assistant.errors import BadInput
from assistant.guidelines.library import Library
from assistant.server.owner import MOVED
from tests.imaging.bad_files import png
from tests.server.test_owner import routes

VALUES = [
    "0", "-1", "1e9", "9" * 11, "9" * 30, "9" * 5000, "%00", "%ff", "%ed%a0%80", "..", "%2e%2e%2f", "%2F",
    "٣", "²", "a" * 3000, "{}", "nan", "true", " ",
]  # fmt: skip
QUERIES = [
    "i=" + "9" * 5000, "i=-1", "i=nan", "i=%00", "i=²", "window=%ff", "size=large&i=1e3", "format=%00",
    "format=csv", "format=txt&format=docx", "start_ms=9&end_ms=1", f"start_ms=0&end_ms={'9' * 5000}",
    "start_ms=-1&end_ms=²", "name=" + "a/" * 500, "name=%00", "name=..%2F..", "&".join(["a=1"] * 2000), "%",
]  # fmt: skip
BODIES = [
    b"", b"null", b"[]", b"{", b'"', b"\x00", b"\xff\xfe", b"[" * 4000, b'{"a":' * 800, b"1" * 4000, b"-",
    b'{"number": null}', b'{"number": []}', b'{"number": {"a": 1}}', b'{"number": "\\ud800"}', b"NaN",
    json.dumps({"number": "\0"}).encode(), json.dumps({"study": 1, "series": True}).encode(),
    json.dumps({"study": "../..", "series": "%00"}).encode(), b'{"number":' + b"9" * 4000 + b"}",
]  # fmt: skip
HEADERS = [
    {"X-File-Name": "%00"},
    {"X-File-Name": "%ed%a0%80"},
    {"X-File-Name": "a/" * 400},
    {"Cookie": "a=b;;=;\x01"},
    {"Range": "bytes=9-1"},
    {"Accept": "text/html"},
    {"X-Forwarded-For": "nonsense"},
    {"Authorization": "Bearer"},
]


async def address_of_a_session(server, http):
    """A session with an attachment, an upload and an answer; the values of its addresses."""
    client, created = await server.session()
    session = created["session"]
    http.headers["X-Session-Token"] = session["resume_token"]
    base = f"/v1/sessions/{session['id']}"
    attached = (await http.post(f"{base}/attachments", params={"name": "a.png"}, content=png())).json()
    upload = (await http.post(f"{base}/uploads")).json()["id"]
    return client, {
        "session_id": session["id"],
        "attachment_id": attached["id"],
        "upload_id": upload,
        "report_id": session["id"],
        "call_id": "rtc_1",
        "order_id": "ord_1",
        "kind": "words",
        "thing_id": "thing_1",
        "user_id": "usr_1",
        "key_id": "key_1",
        "response_id": "resp_1",
        "index": "0",
        "number": "0",
        "passage_id": "p",
        "model": "m",
        "path": "a",
        "rest": "a",
    }


def filled(path, values):
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda match: values[match[1]], path)


async def test_no_route_fails_at_absurd_input(start_server, tmp_path):
    (tmp_path / "guidelines").mkdir()
    (tmp_path / "guidelines" / "a.md").write_text("A guideline.")
    library = Library(tmp_path / "guidelines")
    server = await start_server(
        guidelines_library=library,
        dicomweb_url="http://127.0.0.1:9",
        store=tmp_path / "store",
        keep_audio_min=1,
    )
    failed, asked = [], 0
    async with httpx.AsyncClient(base_url=server.http, timeout=60) as http:
        client, values = await address_of_a_session(server, http)

        async def ask(method, path, **options):
            nonlocal asked
            answer = await http.request(method, path, **options)
            asked += 1
            no_archive = "/pacs/" in path and answer.status_code in (502, 503) and "code" in answer.text
            if answer.status_code >= 500 and not no_archive:
                failed.append((method, path[:80], options, answer.status_code))

        for path, methods in routes(server.app):
            if path.startswith(MOVED):
                continue  # they look at nothing
            for method in sorted((methods or {"GET"}) & {"GET", "POST", "PUT"}):
                names = re.findall(r"\{(\w+)", path)
                for name, value in itertools.product(names, VALUES):
                    await ask(method, filled(path, {**values, name: value}))
                good = filled(path, values)
                for query in QUERIES:
                    await ask(method, f"{good}?{query}")
                for headers in HEADERS:
                    await ask(method, good, headers=headers)
                if method in ("POST", "PUT"):
                    for body in BODIES:
                        await ask(method, good, content=body)
        assert failed == []
        assert asked > 800
    await client.works()


UUID = "12345678-abcd-4abc-8abc-123456789abc.local"


def offer(*addresses):
    lines = [f"a=candidate:1 1 udp 1 {address} 5000 typ host\r\n" for address in addresses]
    return "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" + "".join(lines) + "a=end-of-candidates\r\n"


@pytest.mark.parametrize(
    ("client", "named", "kept"),
    [
        ("192.0.2.7", ["192.0.2.7", "10.0.0.1", "169.254.169.254", "::1", "127.0.0.1"], ["192.0.2.7"]),
        ("::ffff:192.0.2.7", ["192.0.2.7", "192.0.2.8"], ["192.0.2.7"]),
        ("192.0.2.7", ["::ffff:192.0.2.7", "2001:db8::1"], ["::ffff:192.0.2.7"]),
        ("2001:db8::1", ["2001:DB8:0::1", "2001:db8::2"], ["2001:DB8:0::1"]),
        ("192.0.2.7", [UUID, "printer.local", "pacs.hospital.example", "x" + UUID], [UUID]),
        ("127.0.0.1", ["127.0.0.1", "203.0.113.9"], ["127.0.0.1"]),
    ],
)
def test_webrtc_sends_to_the_client_and_nowhere_else(client, named, kept):
    assert with_own_candidates(offer(*named), client) == offer(*kept)


def test_an_offer_with_hidden_names_says_nothing_of_an_end():
    end = "a=end-of-candidates\r\n"
    for named in ([UUID], ["192.0.2.7", UUID]):
        assert with_names_open(offer(*named)) == offer(*named).removesuffix(end)
    for named in ([], ["192.0.2.7"], ["printer.local"]):
        assert with_names_open(offer(*named)) == offer(*named)


def test_an_offer_that_names_only_other_addresses_is_refused():
    for named in (["10.0.0.1"], ["printer.local"], ["", "x"]):
        with pytest.raises(BadInput) as error:
            with_own_candidates(offer(*named), "192.0.2.7")
        assert error.value.code == "webrtc_address_refused"
    assert with_own_candidates(offer(), "192.0.2.7") == offer()  # the client's own checks will tell


async def test_an_offer_is_limited_by_the_setting(start_server):
    for setting, refused in [("own", True), ("any", False)]:
        server = await start_server(webrtc_addresses=setting)
        client, _ = await server.session(additional_headers={"X-Forwarded-For": "192.0.2.7"})
        await client.send("assistant.webrtc.offer", sdp=offer("10.0.0.1"))
        assert (await client.code() == "webrtc_address_refused") is refused
        await client.works()


async def test_an_address_that_asks_too_often_is_told_to_wait_and_others_are_served(start_server):
    server = await start_server(max_requests_per_s=1)
    theirs = {"X-Forwarded-For": "192.0.2.7"}
    open_before, _ = await server.session(additional_headers=theirs)
    async with httpx.AsyncClient(base_url=server.http, headers=theirs) as http:
        answers = [await http.get("/v1/models") for _ in range(30)]
        assert {answer.status_code for answer in answers} == {200, 429}
        last = answers[-1]
        assert (last.status_code, last.json()["error"]["code"]) == (429, "too_many_requests")
        assert last.json()["error"]["type"] == "rate_limit_error"
        assert int(last.headers["retry-after"]) > 0
        with pytest.raises(websockets.InvalidStatus) as refused:
            await server.connect(additional_headers=theirs)
        assert refused.value.response.status_code == 429
        for others in ("192.0.2.8", "127.0.0.1"):
            answer = await http.get("/v1/models", headers={"X-Forwarded-For": others})
            assert answer.status_code == 200
    await open_before.works()


async def test_one_address_cannot_hold_all_sessions(start_server):
    server = await start_server(max_sessions_per_address=2, max_sessions=10)
    theirs = {"X-Forwarded-For": "192.0.2.7"}
    first, _ = await server.session(additional_headers=theirs)
    second, _ = await server.session(additional_headers=theirs)
    for client in (first, second):
        await client.works()
    third = await server.connect(additional_headers=theirs)
    assert await third.code() == "too_many_sessions"
    assert await third.until_closed() == 1013
    other, _ = await server.session(additional_headers={"X-Forwarded-For": "192.0.2.8"})
    await other.works()
    for _ in range(3):  # this machine's own are not counted
        await server.session()
