"""A network that goes away while somebody speaks: the page shows where, until it is accepted."""

import asyncio
import contextlib
import re
import threading
import time

import pytest
from aioice.ice import StunProtocol
from playwright.sync_api import expect

from assistant.audio.track import TrackReceiver

pytestmark = [pytest.mark.e2e, pytest.mark.models]

HEARD_MS = 60_000
BEGINS_S, GONE_S = 3.0, 2.0
"""The outage: after the first sound over WebRTC, and its length."""


def stall(loop):
    """Nothing runs on the loop for 0.3 s of each second."""
    time.sleep(0.3)
    loop.call_later(0.7, stall, loop)


class Network:
    """Between the browser and the server: while it is gone, packets are lost and connections stand still."""

    def __init__(self, port, kind):
        self.is_noticed, self._is_busy = kind.startswith("noticed"), kind.endswith("busy")
        self._port, self._begins = port, None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def sound_came(self):
        """On the event loop of the server."""
        if self._begins is None:
            self._begins = time.monotonic() + BEGINS_S
            if self._is_busy:
                stall(asyncio.get_running_loop())

    @property
    def left_s(self):
        """Seconds until it is back; 0 while it is there."""
        now = time.monotonic()
        if self._begins is None or not self._begins <= now < self._begins + GONE_S:
            return 0.0
        return self._begins + GONE_S - now

    async def _serve(self):
        server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._stop, self._loop = asyncio.Event(), asyncio.get_running_loop()
        self._ready.set()
        await self._stop.wait()
        server.close()

    async def _join(self, reader, writer):
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    async def _pass(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await asyncio.sleep(self.left_s)
                writer.write(data)
                await writer.drain()
            writer.close()

    def stop(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)


@pytest.fixture
def network(server, monkeypatch, request):
    network = Network(server.port, request.param)
    server.url = network.url
    add, received = TrackReceiver.add, StunProtocol.datagram_received

    def added(self, packet):
        network.sound_came()
        return add(self, packet)

    def datagram_received(self, data, addr):
        if not network.left_s:
            received(self, data, addr)

    send_data, send_stun = StunProtocol.send_data, StunProtocol.send_stun

    async def data_sent(self, data, addr):
        if not network.left_s:
            await send_data(self, data, addr)

    def stun_sent(self, message, addr):
        if not network.left_s:
            send_stun(self, message, addr)

    monkeypatch.setattr(StunProtocol, "send_data", data_sent)
    monkeypatch.setattr(StunProtocol, "send_stun", stun_sent)
    monkeypatch.setattr(TrackReceiver, "add", added)
    monkeypatch.setattr(StunProtocol, "datagram_received", datagram_received)
    yield network
    network.stop()


KEEP_PEERS = """
const Connection = window.RTCPeerConnection;
window.peers = [];
window.RTCPeerConnection = class extends Connection {
  constructor(options) { super(options); window.peers.push(this); }
};
"""
NOTICE = """() => {
  Object.defineProperty(window.peers[0], 'connectionState', { value: 'disconnected' });
  window.peers[0].dispatchEvent(new Event('connectionstatechange'));
}"""
"""The event of a browser when nothing has come from the server for a while."""


@pytest.mark.parametrize(
    "network", ["unnoticed", "noticed", "noticed, and the server is busy"], indirect=True
)
def test_an_outage_is_one_mark_at_its_place_until_it_is_accepted(network, open_page):
    page = open_page("audio/chest_report.flac", init=KEEP_PEERS)
    page.click("#mic")
    if network.is_noticed:
        while not network.left_s:
            page.wait_for_timeout(50)
        page.wait_for_timeout(1_000)
        page.evaluate(NOTICE)
    expect(page.locator("#report")).to_contain_text(re.compile("disease", re.I), timeout=HEARD_MS)
    page.click("#mic")
    page.wait_for_timeout(2_000)
    mark = page.locator("#report .gap-mark")
    expect(mark).to_have_text([re.compile(r"^\[(0\.[89]|1\.\d|2\.[0-4]) s not heard\]$")])
    text = "\n".join(page.locator("#report .section-text").all_inner_texts()).lower()
    words = re.findall("[a-z]+", text)
    assert max(words.count(word) for word in ("go", "lungs", "heart", "normal", "size", "disease")) == 1, text
    page.get_by_role("button", name="Accept the gap", exact=True).click()
    expect(mark).to_have_count(0)
