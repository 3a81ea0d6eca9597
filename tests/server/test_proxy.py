"""docs/deploy/haproxy.cfg in a real HAProxy, with the server behind it."""

import asyncio
import contextlib
import os
import re
import shutil
import socket
import ssl
import urllib.parse
from pathlib import Path

import httpx
import pytest
import websockets

from tests.audio.test_webrtc import FileTrack, RTCSessionDescription, needs_interface, offer_of
from tests.audio.test_webrtc import client as webrtc_client
from tests.certificates import certificate_for_localhost
from tests.server.conftest import PATIENCE_S, Client, loud
from tests.server.test_calls import SILENCE, Call

CONFIG = Path(__file__).parents[2] / "docs/deploy/haproxy.cfg"
HAPROXY = shutil.which("haproxy") or "/usr/sbin/haproxy"
TOKEN = "secret-of-the-house"
pytestmark = pytest.mark.skipif(
    not Path(HAPROXY).exists() and "CI" not in os.environ, reason="needs HAProxy: apt-get install haproxy"
)


class Proxy:
    """A running HAProxy. ``lines`` is its log."""

    def __init__(self, https, http, trusting, log):
        self.https, self.http, self.trusting, self.lines = https, http, trusting, ""
        asyncio.get_running_loop().add_reader(log, self._read, log)

    def client(self, **options):
        return httpx.AsyncClient(
            base_url=f"https://localhost:{self.https}",
            verify=self.trusting,
            trust_env=False,
            timeout=PATIENCE_S,
            **options,
        )

    @contextlib.asynccontextmanager
    async def session(self, **headers):
        async with websockets.connect(
            f"wss://localhost:{self.https}/v1/realtime",
            ssl=self.trusting,
            max_size=None,
            proxy=None,
            origin=f"https://localhost:{self.https}",
            subprotocols=["assistant"],
            additional_headers={"Authorization": f"Bearer {TOKEN}", **headers},
        ) as opened:
            client = Client(opened)
            yield client, (await client.until("session.created"))["session"]

    def _read(self, log):
        self.lines += log.recv(65_536).decode() + "\n"


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
async def proxy(tmp_path, start_server):
    """The server, and HAProxy with the shipped file: only its ports, its files and its log are other ones."""
    server = await start_server(token=TOKEN)
    certificate, key = certificate_for_localhost(tmp_path)
    pem = tmp_path / "both.pem"
    pem.write_bytes(certificate.read_bytes() + key.read_bytes())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(tmp_path / "log"))
        log.setblocking(False)
        https, http = free_port(), free_port()
        text = CONFIG.read_text()
        for old, new in [
            ("/dev/log", str(tmp_path / "log")),
            (":443 ", f"127.0.0.1:{https} "),
            ("bind :80\n", f"bind 127.0.0.1:{http}\n"),
            ("/etc/haproxy/assistant.pem", str(pem)),
            ("127.0.0.1:8080", f"127.0.0.1:{server.port}"),
        ]:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "haproxy.cfg").write_text(text)
        process = await asyncio.create_subprocess_exec(HAPROXY, "-db", "-f", str(tmp_path / "haproxy.cfg"))
        try:
            found = Proxy(https, http, ssl.create_default_context(cafile=certificate), log)
            async with asyncio.timeout(PATIENCE_S), found.client() as asking:
                while True:
                    with contextlib.suppress(httpx.TransportError):
                        if (await asking.get("/healthz")).status_code == 200:
                            break
                    await asyncio.sleep(0.05)
            yield server, found
        finally:
            asyncio.get_running_loop().remove_reader(log)
            process.terminate()
            await process.wait()


async def test_people_dictate_upload_and_search_through_it_and_its_log_tells_no_token_and_no_name(proxy):
    server, through = proxy
    async with through.session() as (client, session), through.client() as http:
        await client.append(loud(0.3))
        assert (await client.until("conversation.item.input_audio_transcription.completed"))["transcript"]
        shown = await http.get(f"/?token={TOKEN}")
        assert shown.status_code == 303 and "secure" in shown.headers["set-cookie"].lower()
        assert (await http.get("/")).headers["strict-transport-security"]
        headers = {"X-Session-Token": session["resume_token"], "Origin": str(http.base_url).rstrip("/")}
        address = f"/v1/sessions/{session['id']}/uploads"
        upload = (await http.post(address, headers=headers)).json()["id"]
        headers["X-File-Name"] = "large.bin"
        sent = await http.put(f"{address}/{upload}", headers=headers, content=os.urandom(20_000_000))
        assert sent.status_code == 204
        await http.get("/v1/reports", params={"text": "Xylophagous"})
        await http.get("/v1/reports?text=%zz" + urllib.parse.quote("\x01Xylophagous"))
        await http.request("BREW", "/v1/nothing?patient=Xylophagous")
        await client.append(loud(0.3))
        await client.until("conversation.item.input_audio_transcription.completed")
    async with httpx.AsyncClient(trust_env=False) as plain:
        away = await plain.get(f"http://localhost:{through.http}/?token={TOKEN}")
    assert away.status_code == 301 and away.headers["location"].startswith("https://localhost")
    with socket.create_connection(("127.0.0.1", through.http)) as broken:
        broken.sendall(b"GET /v1/reports?text=Xylophagous\0 HTTP/1.1\r\nHost: x\r\n\r\n")
        broken.settimeout(PATIENCE_S)
        assert b" 400 " in broken.recv(1000)
    await server.stop()
    async with through.client() as http:
        assert (await http.get("/v1/reports?text=Xylophagous")).status_code == 503
    async with asyncio.timeout(PATIENCE_S):
        while "GET /v1/reports 503" not in through.lines:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    lines = through.lines
    assert re.search(rf"127\.0\.0\.1 PUT {address}/[\w-]+ 204 ", lines)
    assert "Xylophagous" not in lines and TOKEN not in lines and session["resume_token"] not in lines


async def test_addresses_that_clients_write_are_not_believed(proxy, caplog):
    server, through = proxy
    forged = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "http"}
    async with through.session(**forged) as (_, session):
        assert server.hub._addresses[session["id"]] == "127.0.0.1"
        async with through.client(headers={**forged, "Authorization": "Bearer wrong"}) as http:
            answer = await http.get("/")
    assert answer.status_code == 401 and "strict-transport-security" in answer.headers
    assert "the server's token from 127.0.0.1 is wrong" in caplog.text


@needs_interface
async def test_a_call_over_webrtc_is_begun_through_it_and_its_sound_goes_beside_it(proxy):
    _, through = proxy
    async with webrtc_client(FileTrack(SILENCE)) as pc, through.client() as http:
        call = Call(pc, pc.createDataChannel("oai-events"))
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/sdp"}
        answer = await http.post("/v1/realtime/calls", headers=headers, content=await offer_of(pc))
        assert answer.status_code == 201
        await pc.setRemoteDescription(RTCSessionDescription(sdp=answer.text, type="answer"))
        await call.until("session.created")


async def test_only_trusted_proxies_say_who_asks(start_server):
    for trusted, address in [
        (("127.0.0.0/8",), "192.0.2.7"),
        (("10.0.0.1",), "127.0.0.1"),
        ((), "127.0.0.1"),
    ]:
        server = await start_server(trusted_proxies=trusted)
        _, created = await server.session(additional_headers={"X-Forwarded-For": "192.0.2.7"})
        assert server.hub._addresses[created["session"]["id"]] == address
