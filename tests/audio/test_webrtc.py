import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path

import av
import ifaddr
import numpy as np
import pytest
import soxr
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from assistant.audio.files import read_audio
from assistant.audio.frames import AudioChunk, Samples
from assistant.audio.webrtc import OPUS_FMTP, MicrophonePeer, with_opus_parameters
from assistant.errors import AssistantError, BadInput

FRAME_SAMPLES = 960
RATE_HZ = 48_000
GENEROUS_S = 60


def _has_interface() -> bool:
    addresses = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    return any(not str(address).startswith("127.") for address in addresses)


needs_interface = pytest.mark.skipif(not _has_interface(), reason="aiortc uses no loopback interface")


class FileTrack(MediaStreamTrack):
    """Plays samples in real time, then silence; ``played`` is set at the end of the samples."""

    kind = "audio"

    def __init__(self, samples: Samples) -> None:
        super().__init__()
        self._pcm = (np.clip(soxr.resample(samples, 16_000, RATE_HZ), -1, 0.999) * 32767).astype(np.int16)
        self._at = 0
        self._began_s: float | None = None
        self.played = asyncio.Event()

    async def recv(self) -> av.AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        now_s = asyncio.get_running_loop().time()
        self._began_s = self._began_s if self._began_s is not None else now_s
        await asyncio.sleep(max(0, self._began_s + self._at / RATE_HZ - now_s))
        pcm = np.zeros(FRAME_SAMPLES, np.int16)
        piece = self._pcm[self._at : self._at + FRAME_SAMPLES]
        pcm[: len(piece)] = piece
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self._at, Fraction(1, RATE_HZ)
        self._at += FRAME_SAMPLES
        if self._at > len(self._pcm) + RATE_HZ // 2:
            self.played.set()
        return frame


@pytest.fixture
def speech(data_dir: Path) -> Samples:
    return read_audio(data_dir / "audio" / "jfk.flac")[: 4 * 16_000]


@contextlib.asynccontextmanager
async def client(*tracks: MediaStreamTrack) -> AsyncIterator[RTCPeerConnection]:
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    for one in tracks:
        pc.addTrack(one)
    try:
        yield pc
    finally:
        await pc.close()


async def offer_of(pc: RTCPeerConnection) -> str:
    await pc.setLocalDescription(await pc.createOffer())
    return pc.localDescription.sdp


def timeline(chunks: list[AudioChunk]) -> Samples:
    audio = np.zeros(chunks[-1].end, np.float32)
    for chunk in chunks:
        audio[chunk.start : chunk.end] = chunk.samples
    return audio


def correlation(heard: Samples, original: Samples) -> float:
    products = np.correlate(heard, original, "valid") if len(heard) >= len(original) else np.zeros(1)
    at = int(products.argmax())
    part = heard[at : at + len(original)]
    return float(products[at] / (np.linalg.norm(part) * np.linalg.norm(original)))


async def play(peer: MicrophonePeer, speech: Samples) -> None:
    """Connect a client to ``peer`` and play all of ``speech`` to it."""
    microphone = FileTrack(speech)
    async with client(microphone) as pc:
        answer = await peer.accept(await offer_of(pc))
        await pc.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
        await asyncio.wait_for(microphone.played.wait(), GENEROUS_S)
        assert peer.state == "connected"


@needs_interface
async def test_a_file_played_over_webrtc_arrives_whole(speech: Samples) -> None:
    chunks: list[AudioChunk] = []
    gaps: list[tuple[int, int]] = []
    peer = MicrophonePeer(chunks.append, on_gap=lambda start, n: gaps.append((start, n)))
    assert peer.state == "new"
    await play(peer, speech)
    await peer.close()
    stats = peer.stats
    assert (stats.lost, stats.late, stats.concealed_ms, gaps) == (0, 0, 0, [])
    assert stats.received == len(chunks)
    assert all(a.end == b.start for a, b in itertools.pairwise(chunks))
    assert correlation(timeline(chunks), speech) > 0.9
    assert peer.codec == "opus/48000/2"
    assert peer.state == "closed"


@needs_interface
async def test_packets_lost_on_the_way_are_counted_and_cost_no_time(
    speech: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assistant.audio.track import TrackReceiver

    real_add, seen, dropped = TrackReceiver.add, 0, 0

    def lossy_add(self, packet):
        nonlocal seen, dropped
        seen += 1
        if seen % 10 == 5:
            dropped += 1
            return False, None
        return real_add(self, packet)

    monkeypatch.setattr(TrackReceiver, "add", lossy_add)
    chunks: list[AudioChunk] = []
    peer = MicrophonePeer(chunks.append)
    await play(peer, speech)
    await peer.close()
    stats = peer.stats
    assert dropped - 1 <= stats.lost <= dropped
    assert stats.received == seen - dropped
    assert stats.recovered * 20 + stats.concealed_ms == stats.lost * 20
    assert all(a.end == b.start for a, b in itertools.pairwise(chunks))
    assert correlation(timeline(chunks), speech) > 0.8


@needs_interface
async def test_the_answer_asks_for_fec_and_takes_opus_only(speech: Samples) -> None:
    peer = MicrophonePeer(lambda chunk: None)
    async with client(FileTrack(speech)) as pc:
        answer = await peer.accept(await offer_of(pc))
    await peer.close()
    assert answer.count(f" {OPUS_FMTP}\r\n") == 1
    assert "PCMU" not in answer
    assert "a=recvonly" in answer


def test_an_fmtp_line_that_was_there_is_replaced() -> None:
    sdp = "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 usedtx=1\r\na=rtpmap:0 PCMU/8000\r\n"
    assert with_opus_parameters(sdp) == (
        f"a=rtpmap:111 opus/48000/2\r\na=fmtp:111 {OPUS_FMTP}\r\na=rtpmap:0 PCMU/8000\r\n"
    )


@pytest.mark.parametrize(
    "sdp", ["", "hello", "v=0\r\nm=audio\r\n", "v=0\r\n" + "a" * 100_000, "v=0\r\no=\r\n"]
)
async def test_what_is_no_session_description_is_bad_input(sdp: str) -> None:
    peer = MicrophonePeer(lambda chunk: None)
    with pytest.raises(BadInput) as raised:
        await peer.accept(sdp)
    assert raised.value.code in {"webrtc_sdp_invalid", "webrtc_no_audio"}
    await peer.close()


async def test_an_audio_section_with_nothing_to_connect_to_is_bad_input() -> None:
    peer = MicrophonePeer(lambda chunk: None)
    sdp = (
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
        "c=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\n"
    )
    with pytest.raises(BadInput) as raised:
        await peer.accept(sdp)
    assert raised.value.code == "webrtc_sdp_invalid"
    assert peer.state == "closed"


async def test_an_offer_without_audio_is_told_to_add_the_microphone() -> None:
    peer = MicrophonePeer(lambda chunk: None)
    async with client() as pc:
        pc.createDataChannel("data")
        with pytest.raises(BadInput) as raised:
            await peer.accept(await offer_of(pc))
    assert raised.value.code == "webrtc_no_audio"
    await peer.close()


async def test_an_offer_without_opus_is_refused(speech: Samples) -> None:
    peer = MicrophonePeer(lambda chunk: None)
    async with client(FileTrack(speech)) as pc:
        offer = (await offer_of(pc)).replace("opus/48000", "other/48000")
        with pytest.raises(BadInput) as raised:
            await peer.accept(offer)
    assert raised.value.code == "webrtc_no_opus"
    assert peer.state == "closed"


@needs_interface
async def test_a_client_that_never_connects_is_given_up(speech: Samples) -> None:
    failed: asyncio.Future[AssistantError] = asyncio.get_running_loop().create_future()
    peer = MicrophonePeer(lambda chunk: None, on_failed=failed.set_result, connect_limit_s=0.05)
    async with client(FileTrack(speech)) as pc:
        await peer.accept(await offer_of(pc))
        error = await asyncio.wait_for(failed, GENEROUS_S)
    assert error.code == "webrtc_not_connected"
    assert peer.state == "closed"
    await peer.close()


@needs_interface
async def test_a_client_that_goes_away_is_told_once(speech: Samples) -> None:
    failed: asyncio.Future[AssistantError] = asyncio.get_running_loop().create_future()
    peer = MicrophonePeer(lambda chunk: None, on_failed=failed.set_result)
    await play(peer, speech[:1600])
    error = await asyncio.wait_for(failed, GENEROUS_S)
    assert error.code == "webrtc_lost"
    await peer.close()


async def test_a_peer_closes_twice_and_before_any_offer() -> None:
    peer = MicrophonePeer(lambda chunk: None)
    await peer.close()
    await peer.close()
    assert (peer.state, peer.codec, peer.stats.received) == ("closed", "", 0)
    with pytest.raises(RuntimeError, match="one offer"):
        await peer.accept("v=0")
