"""Sound on its way to a session: cut off, sent twice, out of order, too fast. None is lost unsaid."""

import asyncio
import contextlib
import random

import httpx
import numpy as np
import pytest

from assistant import events as ev
from assistant.asr.base import Partial, Transcript
from assistant.audio.files import read_audio
from assistant.audio.frames import AudioChunk
from assistant.audio.track import AudioStats
from assistant.client import AssistantClient
from assistant.session import microphone
from tests.asr.fakes import FakeStream

RATE = 16_000
COMPLETED = "conversation.item.input_audio_transcription.completed"
GAP = "assistant.audio.gap"
PATIENCE_S = 60
OFFER = "v=0\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n"
NO_LIMIT_S = 600
"""For ``final_limit_s``: however slow the machine is, no session is refused for it."""


def sound(*pattern):
    """``pattern`` of (seconds, loud) → PCM16 at 16 kHz."""
    parts = [np.full(int(seconds * RATE), 0.5 if loud else 0.0) for seconds, loud in pattern]
    return (np.concatenate(parts) * 32767).astype("<i2").tobytes()


class CountingStream(FakeStream):
    """Transcribes to the number of loud samples that it was given."""

    def __init__(self, gate):
        self._gate, self.samples = gate, 0

    def accept(self, samples, *, partial=True):
        self._gate.wait(PATIENCE_S)
        self.samples += int((np.abs(samples) > 0.1).sum())
        return Partial("", "") if partial else None

    def finish(self):
        return Transcript(str(self.samples))


@pytest.fixture
async def server(start_server):
    server = await start_server(store=None, final_limit_s=NO_LIMIT_S)
    server.model.open_stream = lambda: CountingStream(server.model.gate)
    return server


class Cuttable:
    """A proxy in front of a server whose connections can be cut, in the middle of a frame too."""

    def __init__(self, port):
        self._port, self._writers = port, set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self.cut()
        self._server.close()

    async def _serve(self, reader, writer):
        there, there_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, there_writer}
        await asyncio.gather(self._pipe(reader, there_writer), self._pipe(there, writer))

    async def _pipe(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(4_000):
                writer.write(data)
                await writer.drain()
        writer.close()

    def cut(self):
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()


async def dictate(url, pcm, before=lambda index: None, piece=6_400):
    """Say ``pcm`` through the client, as fast as it is taken; the events up to the last final."""
    events = []
    async with AssistantClient(url, rate_hz=RATE) as client:
        await client.set_mode("dictation")
        for index in range(0, len(pcm), piece):
            before(index // piece)
            await client.send_audio(pcm[index : index + piece])
        await asyncio.sleep(0.5)  # a cut is noticed: what is not sound is not sent again
        await client.commit()
        await client.send(ev.ConversationItemCreate(
            event_id=None, item=ev.UserMessage(content=[ev.InputText(text="Is that all?")])
        ))  # fmt: skip
        await client.send(ev.ResponseCreate(event_id=None))
        open_items = set()
        asked = False
        async for event in client:
            events.append(event)
            match event:
                case ev.SpeechStartedEvent(item_id=item):
                    open_items.add(item)
                case ev.TranscriptCompleted(item_id=item):
                    open_items.discard(item)
                case ev.ResponseCreated():
                    asked = True
            if asked and not open_items:
                return events


def loud_samples(events):
    finals = [event for event in events if isinstance(event, ev.TranscriptCompleted)]
    assert len({each.item_id for each in finals}) == len(finals)
    return sum(int(each.transcript or 0) for each in finals)


@pytest.mark.parametrize("seed", range(3))
async def test_sound_that_a_cut_connection_had_on_its_way_is_sent_again_and_heard_once(server, seed):
    rng = random.Random(seed)
    pcm = sound(*[(0.7, True), (1.2, False)] * 20)
    async with Cuttable(server.port) as proxy:
        events = await dictate(proxy.url, pcm, before=lambda _: rng.random() < 0.08 and proxy.cut())
    assert not [event for event in events if isinstance(event, ev.AudioGap)]
    assert loud_samples(events) == 20 * int(0.7 * RATE)


async def test_what_was_said_last_is_sent_again_though_nothing_follows(server):
    pcm = sound((0.5, False), (1.0, True), (0.1, False))
    async with Cuttable(server.port) as proxy, AssistantClient(proxy.url, rate_hz=RATE) as client:
        await client.send_audio(pcm)
        proxy.cut()
        async with asyncio.timeout(PATIENCE_S):
            async for event in client:
                if isinstance(event, ev.TranscriptCompleted):
                    break
    assert event.transcript == str(RATE)


async def numbered(client, sample, pcm):
    await client.send("assistant.audio.at", sample=sample)
    await client.socket.send(pcm)


async def opened(server):
    client, created = await server.session()
    await client.send("session.update", session={"audio": {"input": {"format": {"rate": RATE}}}})
    await client.send("assistant.mode.set", mode="dictation")
    return client, created["session"]


async def finals_of(client):
    """Commit, and wait until all has been transcribed."""
    await client.send("input_audio_buffer.commit")
    await client.send("response.create")
    await client.until("error")
    while len(client.of(COMPLETED)) < len(client.of("input_audio_buffer.committed")):
        await client.next()
    return sum(int(each["transcript"] or 0) for each in client.of(COMPLETED))


async def test_sound_sent_twice_is_heard_once_and_sound_left_out_is_a_gap_of_its_length(server):
    client, session = await opened(server)
    loud = sound((1, True))
    await numbered(client, 0, loud + loud)
    await numbered(client, RATE, loud + loud)  # the second again, and a third
    await numbered(client, 0, loud)  # again, and nothing new
    await numbered(client, 5 * RATE, loud)  # two seconds are missing
    await numbered(client, 3 * RATE, loud)  # and come too late: they are told as lost
    await numbered(client, 6 * RATE, sound((1, False)))
    assert await finals_of(client) == 4 * RATE
    (gap,) = client.of(GAP)
    assert (gap["start_ms"], gap["duration_ms"], gap["reason"]) == (3_000, 2_000, "network")
    text = server.hub.find(session["id"]).conversation.document
    assert text.startswith(f"{3 * RATE} [2.0 s not heard] {RATE}")
    assert client.of("assistant.audio.received")[-1]["sample"] >= 6 * RATE
    async with httpx.AsyncClient(trust_env=False) as http:
        checked = await http.get(
            f"{server.http}/v1/sessions/{session['id']}/checks",
            headers={"X-Session-Token": session["resume_token"]},
        )
    assert "sound_lost" in [each["code"] for each in checked.json()["findings"]]


async def test_a_resuming_client_is_told_from_which_sample_to_go_on(server):
    client, session = await opened(server)
    await numbered(client, 0, sound((0.5, False), (1, True)))
    await client.until("assistant.audio.received")
    client.socket.transport.abort()
    again, created = await server.session(resume=session["resume_token"])
    have = created["audio_sample"]
    assert RATE <= have <= 1.5 * RATE
    whole = sound((0.5, False), (3, True), (1, False))
    await numbered(again, have, whole[2 * have :])
    assert await finals_of(again) == 3 * RATE
    assert not again.of(GAP)


async def test_a_client_without_numbers_that_was_cut_off_while_it_spoke_has_a_gap(server):
    """Two sentences must not be glued over two seconds that nobody heard."""
    client, session = await opened(server)
    await client.socket.send(sound((0.5, False), (1, True)))
    await client.until("input_audio_buffer.speech_started")
    client.socket.transport.abort()
    await asyncio.sleep(0.5)
    again, _ = await server.session(resume=session["resume_token"])
    await again.socket.send(sound((1, True), (1, False)))
    assert await finals_of(again) == 2 * RATE
    (gap,) = again.of(GAP)
    assert gap["duration_ms"] >= 500
    doubts = server.hub.find(session["id"]).conversation.dictation.document.doubts()
    assert [run.origin for _, run in doubts] == ["voice", "gap", "voice"]


@pytest.mark.parametrize("server_stops", [False, True])
async def test_words_on_their_way_over_the_socket_stand_before_those_of_webrtc(
    server, monkeypatch, server_stops
):
    """The page begins WebRTC while its last words over the socket are still on their way."""
    sinks = []

    class Peer:
        def __init__(self, *, sink, **_):
            self.stats = AudioStats()
            sinks.append(self)
            self.sink = sink

        async def accept(self, sdp):
            return sdp

        async def close(self):
            pass

    monkeypatch.setattr(microphone, "MicrophonePeer", Peer)
    client, _ = await opened(server)
    await numbered(client, 0, sound((0.5, False), (1, True)))
    await client.send("assistant.webrtc.offer", sdp=OFFER)
    await client.until("assistant.webrtc.answer")
    (peer,) = sinks
    peer.stats.received = 1
    peer.sink(AudioChunk(np.concatenate([np.full(3 * RATE, 0.5, "f4"), np.zeros(RATE, "f4")]), 0))
    await client.socket.send(sound((1, True), (1, False)))
    if server_stops:
        await client.until("input_audio_buffer.speech_stopped")
        server.server.should_exit = True
        await client.until_closed()
    else:
        await client.send("assistant.audio.end")
        await finals_of(client)
    assert [each["transcript"] for each in client.of(COMPLETED)] == [str(2 * RATE), str(3 * RATE)]
    assert not client.of(GAP)


async def test_a_sample_that_cannot_be_is_refused_and_the_session_goes_on(server):
    client, _ = await opened(server)
    await numbered(client, 0, sound((0.1, False)))
    await client.send("assistant.audio.at", sample=2**52)
    assert await client.code() == "audio_sample_invalid"
    await client.send("assistant.audio.at", sample=-1)
    assert await client.code() == "event_invalid"
    await client.socket.send(sound((0.5, False), (1, True), (1, False)))
    assert await finals_of(client) == RATE


async def test_sound_that_comes_faster_than_it_can_be_heard_keeps_its_connection(start_server, monkeypatch):
    """The pong stands behind sound for which there is no room yet: nobody may be cut off for that."""
    monkeypatch.setattr(microphone, "AUDIO_CHUNKS", 200)
    server = await start_server(final_limit_s=NO_LIMIT_S)
    assert server.server.config.ws_ping_timeout is None
    server.server.config.ws_ping_interval = 0.05
    server.model.open_stream = lambda: CountingStream(server.model.gate)
    server.model.gate.clear()
    client, _ = await opened(server)
    pcm = sound(*[(1, True), (1, False)] * 60)

    async def send():
        for i in range(0, len(pcm), 64_000):
            await client.socket.send(pcm[i : i + 64_000])

    sending = asyncio.create_task(send())
    await asyncio.sleep(1.0)
    server.model.gate.set()
    await sending
    assert await finals_of(client) == 60 * RATE
    assert not client.of(GAP)


async def test_the_client_sends_no_more_ahead_than_it_keeps(server):
    server.model.gate.clear()
    pcm = sound(*[(1, True), (1, False)] * 40)
    asyncio.get_running_loop().call_later(1.0, server.model.gate.set)
    events = await dictate(server.ws, pcm, piece=len(pcm))
    assert loud_samples(events) == 40 * RATE


@pytest.mark.models
async def test_a_dictation_whose_connection_is_cut_again_and_again_reads_as_if_it_never_was(
    start_server, data_dir
):
    server = await start_server(real=True, final_limit_s=NO_LIMIT_S)
    speech = read_audio(data_dir / "audio" / "chest_xray.flac")
    samples = np.concatenate([np.zeros(8_000, np.float32), speech, np.zeros(24_000, np.float32)])
    pcm = (samples * 32767).astype("<i2").tobytes()
    whole = await dictate(server.ws, pcm)
    async with Cuttable(server.port) as proxy:
        cut = await dictate(proxy.url, pcm, before=lambda index: index % 9 == 5 and proxy.cut())
    said = [
        [e.transcript for e in events if isinstance(e, ev.TranscriptCompleted)] for events in (whole, cut)
    ]
    assert said[0] == said[1] and any(said[0])
    assert not [event for event in cut if isinstance(event, ev.AudioGap)]
