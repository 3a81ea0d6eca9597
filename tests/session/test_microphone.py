"""Audio in, before anybody listens to it: one clock over both ways in, and what did not fit is told."""

import asyncio

import numpy as np
import pytest

from assistant.audio.frames import AudioChunk, LostSound
from assistant.audio.track import AudioStats
from assistant.errors import BadInput
from assistant.events import AudioFormat, AudioGap, AudioStatus
from assistant.session import microphone as module
from assistant.session.microphone import Microphone

SECOND = np.zeros(16_000, "<i2").tobytes()
"""At 16 kHz."""


class Wire:
    def __init__(self):
        self.chunks, self.events = [], []
        self.microphone = Microphone(ice_servers=(), on_chunk=self.chunks.append, emit=self.events.append)
        self.microphone.use_format(AudioFormat(rate=16_000))

    async def taken(self, count):
        return [await self.microphone.next() for _ in range(count)]


@pytest.fixture
def wire():
    return Wire()


async def test_pcm_comes_out_in_chunks_of_20_ms_on_one_clock(wire):
    await wire.microphone.take_pcm(SECOND[:6_400])
    chunks = await wire.taken(10)
    assert [chunk.start for chunk in chunks] == list(range(0, 3_200, 320))
    assert wire.microphone.clock_ms == 200
    assert wire.chunks == chunks


async def test_a_new_rate_goes_on_where_the_clock_was_and_loses_no_sample(wire):
    wire.microphone.use_format(AudioFormat(rate=48_000))
    await wire.microphone.take_pcm(np.zeros(24_000, "<i2").tobytes())
    wire.microphone.use_format(AudioFormat(rate=8_000))
    await wire.microphone.take_pcm(np.zeros(4_000, "<i2").tobytes())
    wire.microphone.end_pcm()
    assert wire.microphone.clock_ms == 1_000
    ends = [chunk.end for chunk in wire.chunks]
    assert [chunk.start for chunk in wire.chunks] == [0, *ends[:-1]]


async def test_a_rate_that_cannot_be_taken_changes_nothing(wire):
    with pytest.raises(BadInput, match="8000 to 48000"):
        wire.microphone.use_format(AudioFormat(rate=7_999))
    assert wire.microphone.format.rate_hz == 16_000


async def test_what_did_not_fit_is_told_with_its_place(wire, monkeypatch):
    monkeypatch.setattr(module, "AUDIO_CHUNKS", 4)
    wire = Wire()
    for number in range(5):  # as packets come: they cannot be made to wait
        wire.microphone._take(AudioChunk(np.zeros(320, np.float32), number * 320))
    lost, first = await wire.taken(2)
    assert (lost, first.start) == (LostSound(0, 320, "overload"), 320)
    (gap,) = wire.events
    assert isinstance(gap, AudioGap)
    assert (gap.start_ms, gap.duration_ms, gap.reason) == (0, 20, "overload")


async def test_one_outage_is_one_gap_however_many_packets_it_took(wire, monkeypatch):
    monkeypatch.setattr(module, "AUDIO_CHUNKS", 4)
    wire = Wire()
    for number in range(54):
        wire.microphone._take(AudioChunk(np.zeros(320, np.float32), number * 320))
    lost, *rest = await wire.taken(5)
    assert lost == LostSound(0, 50 * 320, "overload") and [each.start // 320 for each in rest] == [
        50,
        51,
        52,
        53,
    ]
    assert [(each.start_ms, each.duration_ms) for each in wire.events] == [(0, 1_000)]


async def test_no_word_can_be_heard_in_sound_that_was_made_up_for_a_long_loss(wire):
    """Concealment bridges a short loss; what is marked as not heard is not heard."""
    for lost_ms, made_up in ((100, [1_600]), (1_000, [])):
        wire = Wire()
        wire.microphone._lose(1_600, 1_600 + lost_ms * 16, "network")
        wire.microphone._take(AudioChunk(np.ones(1_600, np.float32), 0))
        wire.microphone._take(AudioChunk(np.ones(1_600, np.float32), 1_600, concealed=True))
        wire.microphone._take(AudioChunk(np.ones(1_600, np.float32), 1_600 + lost_ms * 16))
        taken = [await wire.microphone.next() for _ in range(3 + len(made_up))]
        assert [each.start for each in taken if isinstance(each, AudioChunk) and each.concealed] == made_up
        assert [each.start for each in taken if isinstance(each, LostSound)] == [1_600]
        assert len(wire.events) == 1


class Peer:
    """A WebRTC connection whose packets are read one in a turn of the event loop."""

    def __init__(self, *, sink, on_gap, **_):
        self.sink, self.lost, self.stats, self.clock = sink, on_gap, AudioStats(), 0
        self.closed = False

    async def accept(self, sdp):
        return sdp

    async def close(self):
        self.closed = True

    def come(self, packets):
        """So many packets of 20 ms have come, and are not read yet."""
        if packets and not self.closed:
            self.stats.received += 1
            self.sink(AudioChunk(np.ones(320, np.float32), self.clock))
            self.clock += 320
            asyncio.get_running_loop().call_soon(self.come, packets - 1)


@pytest.fixture
async def over(wire, monkeypatch):
    """``over(seconds)``: so much time goes by; ``await over.offer()`` → a WebRTC connection."""
    now, peers = [0.0], []

    def made(**options):
        peers.append(Peer(**options))
        return peers[-1]

    monkeypatch.setattr(module, "MicrophonePeer", made)
    wire.microphone._now = lambda: now[0]

    def over(seconds):
        now[0] += seconds

    async def offer():
        await wire.microphone.offer("")
        return peers[-1]

    over.offer = offer
    return over


def gaps(wire):
    return [(each.start, each.end) for each in wire.microphone._lost]


async def test_what_came_over_webrtc_and_was_not_read_yet_is_heard_before_what_comes_another_way(wire, over):
    peer = await over.offer()
    peer.come(50)  # a second, all of it on this machine
    await wire.microphone.begin_at(0, 0)
    assert peer.closed and wire.microphone.clock_ms == 1_000
    peer.come(10)
    await wire.microphone.take_pcm(SECOND)
    assert wire.microphone.clock_ms == 2_000 and not gaps(wire)
    starts = [chunk.start for chunk in wire.chunks]
    assert starts == sorted(starts)


async def test_a_connection_that_is_lost_and_made_again_is_one_gap_of_its_length(wire, over):
    """As the page does it: over the socket until it is connected again."""
    peer = await over.offer()
    peer.come(1)
    over(2.0)
    await wire.microphone.begin_at(0, 0)
    peer.come(1)  # late
    again = await over.offer()
    over(0.5)
    await wire.microphone.take_pcm(SECOND[:16_000])
    again.come(1)
    over(1.5)
    again.come(1)
    assert gaps(wire) == [(320, 320 + 2 * 16_000)]


async def test_a_client_that_sends_over_webrtc_alone_has_a_gap_up_to_the_first_sound_of_its_next_connection(
    wire, over
):
    peer = await over.offer()
    peer.come(1)
    over(2.0)
    again = await over.offer()
    over(1.5)
    again.come(1)
    assert gaps(wire) == [(320, 320 + 3.5 * 16_000)]


def value(level, packets=1):
    """``packets`` of 20 ms over the socket, all samples at ``level`` of 100."""
    return np.full(320 * packets, level * 327, "<i2").tobytes()


def heard(wire):
    """The order of what is heard: levels of the socket's packets, 100 for those of WebRTC."""
    return [round(float(np.median(chunk.samples)) * 100) for chunk in wire.chunks if len(chunk.samples)]


def starts(wire):
    return [chunk.start for chunk in wire.chunks if len(chunk.samples)]


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("early", range(4))
async def test_sound_on_its_way_over_the_socket_is_heard_before_webrtc_however_late_it_comes(
    wire, over, numbered, early
):
    """``early``: so many of the socket's pieces come before the first packet of WebRTC."""
    if numbered:
        await wire.microphone.begin_at(0, 0)
    await wire.microphone.take_pcm(value(10))
    peer = await over.offer()
    for level in (20, 30, 40)[:early]:
        await wire.microphone.take_pcm(value(level))
    for level in (20, 30, 40)[early:]:
        peer.come(1)
        await wire.microphone.take_pcm(value(level))
    wire.microphone.end_socket()
    peer.come(1)
    assert heard(wire) == [10, 20, 30, 40] + [100] * (4 - early)
    assert starts(wire) == list(range(0, 320 * (8 - early), 320)) and not gaps(wire)


async def test_a_loss_over_webrtc_keeps_its_place_behind_the_socket_sound_that_comes_late(wire, over):
    await wire.microphone.take_pcm(value(10))
    peer = await over.offer()
    peer.come(1)
    peer.lost(320, 8_000)
    peer.clock += 8_000
    peer.come(1)
    await wire.microphone.take_pcm(value(20, 2))
    wire.microphone.end_socket()
    assert gaps(wire) == [(4 * 320, 4 * 320 + 8_000)]
    assert starts(wire) == [0, 320, 640, 960, 4 * 320 + 8_000]


async def test_a_client_that_does_not_tell_the_end_of_its_socket_sound_loses_none(wire, over, monkeypatch):
    monkeypatch.setattr(module, "HANDOVER_S", 0.01)
    await wire.microphone.take_pcm(value(10))
    peer = await over.offer()
    peer.come(1)
    await wire.microphone.take_pcm(value(20))
    assert heard(wire) == [10, 20]
    async with asyncio.timeout(5):
        while 100 not in heard(wire):
            await wire.microphone.next()
    assert heard(wire) == [10, 20, 100] and not gaps(wire)


@pytest.mark.parametrize("numbered", [True, False])
async def test_what_comes_over_the_socket_when_webrtc_has_been_heard_is_one_gap_of_its_length(
    wire, over, numbered
):
    if numbered:
        await wire.microphone.begin_at(0, 0)
    await wire.microphone.take_pcm(value(10))
    peer = await over.offer()
    peer.come(1)
    wire.microphone.end_socket()
    for _ in range(10):
        await wire.microphone.take_pcm(value(20))
        peer.come(1)
    wire.microphone.end_socket()
    peer.come(1)
    assert heard(wire) == [10] + [100] * 12, "nothing is glued in a wrong place"
    assert gaps(wire) == [(12 * 320, 22 * 320)], "and nothing is dropped unsaid"


async def test_socket_sound_that_was_cut_off_while_webrtc_began_is_a_gap_of_its_length(wire, over):
    await wire.microphone.begin_at(0, 0)
    await wire.microphone.take_pcm(value(10))
    peer = await over.offer()
    peer.come(1)
    await wire.microphone.disconnected()
    await wire.microphone.begin_at(8_640, 0)  # the packet of WebRTC counts
    await wire.microphone.take_pcm(value(20))
    assert heard(wire) == [10, 100, 20] and gaps(wire) == [(640, 8_640)]


async def test_no_more_waits_than_a_client_keeps(wire, over, monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    await wire.microphone.take_pcm(value(10))
    peer = await over.offer()
    for _ in range(4):
        peer.come(1)
    assert heard(wire) == [10, 100, 100, 100, 100]


async def test_when_webrtc_dies_all_that_came_over_it_is_before_what_the_socket_brings(wire, over):
    """The other direction, with WebRTC that died while the socket's end was still on its way."""
    await wire.microphone.begin_at(0, 0)
    await wire.microphone.take_pcm(value(10))
    peer = await over.offer()
    peer.come(3)
    await wire.microphone.take_pcm(value(20))
    await wire.microphone.begin_at(640, 0)
    peer.come(5)  # late: the socket has taken over
    await wire.microphone.take_pcm(value(30))
    assert heard(wire) == [10, 20, 100, 100, 100, 30] and not gaps(wire)


async def test_numbers_left_out_are_a_loss_only_where_nothing_was_heard_over_webrtc(wire, over):
    """The client's count goes on while WebRTC has its sound. A server that was killed then, and had noted no
    WebRTC yet, sees what it lacks."""
    await wire.microphone.begin_at(0, 0)
    await wire.microphone.take_pcm(value(10))
    noted = wire.microphone.heard(320)
    peer = await over.offer()
    wire.microphone.end_socket()
    peer.clock += 2 * 3_600 * 16_000
    peer.come(1)
    await wire.microphone.begin_at(peer.clock + 320 + 2_000, 0)
    await wire.microphone.take_pcm(value(20))
    assert heard(wire) == [10, 100, 20] and not gaps(wire)

    anew = Wire()
    anew.microphone.go_on_from(noted, sends_again=True, cut_off=False)
    await anew.microphone.begin_at(3 * 16_000, 0)
    await anew.microphone.take_pcm(value(20))
    assert heard(anew) == [20] and gaps(anew) == [(320, 3 * 16_000)]


async def test_what_webrtc_lost_at_its_end_is_told_by_a_server_that_stood_still(wire, over):
    """By its clock the packets came just now; the client's count says what is missing behind them."""
    await wire.microphone.begin_at(0, 0)
    await wire.microphone.take_pcm(value(10))
    peer = await over.offer()
    wire.microphone.end_socket()
    peer.come(1)
    over(12.0)
    peer.come(1)
    await wire.microphone.begin_at(320 + 640 + 16_000, 0)
    await wire.microphone.take_pcm(value(20))
    assert heard(wire) == [10, 100, 100, 20] and gaps(wire) == [(960, 960 + 16_000)]


async def test_the_status_counts_frames_since_the_stream_began(wire):
    for _ in range(3):
        await wire.microphone.take_pcm(SECOND[:640])
    status = wire.microphone._status()
    assert status == AudioStatus(transport="websocket", received=3)
