import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from aiortc import RTCRtpReceiver

from assistant.audio import track
from assistant.audio.frames import AudioChunk, Samples
from assistant.audio.track import AIORTC_JITTER_BUFFER, AudioStats, TrackReceiver
from assistant.errors import Missing

PACKET_SAMPLES = 320


@dataclass
class RtpPacket:
    sequence_number: int
    timestamp: int
    payload: bytes
    ssrc: int = 1


class Heard:
    """A sink that keeps all, and the gaps."""

    def __init__(self) -> None:
        self.chunks: list[AudioChunk] = []
        self.gaps: list[tuple[int, int]] = []
        self.receiver = TrackReceiver(self.chunks.append, lambda start, n: self.gaps.append((start, n)))

    def send(self, packets: list[bytes], lost: set[int] = frozenset(), *, first: int = 65_500) -> None:  # type: ignore[assignment]
        for i, payload in enumerate(packets):
            if i not in lost:
                number = first + i
                self.receiver.add(RtpPacket(number % 2**16, number * 960 % 2**32, payload))

    def timeline(self) -> Samples:
        audio = np.zeros(self.chunks[-1].end, np.float32)
        for chunk in self.chunks:
            audio[chunk.start : chunk.end] = chunk.samples
        return audio


def audio_receiver() -> RTCRtpReceiver:
    return RTCRtpReceiver("audio", SimpleNamespace(state="new"))


async def test_the_private_name_of_aiortc_exists_and_is_replaced() -> None:
    receiver = audio_receiver()
    assert hasattr(receiver, AIORTC_JITTER_BUFFER)
    adapter = track.receive(receiver, lambda chunk: None)
    assert getattr(receiver, AIORTC_JITTER_BUFFER) is adapter
    assert adapter.add(RtpPacket(1, 1, b"")) == (False, None)
    adapter.close()


async def test_an_aiortc_that_changed_is_said_with_the_version_to_install() -> None:
    with pytest.raises(Missing, match="pip install") as raised:
        track.receive(SimpleNamespace(), lambda chunk: None)
    assert raised.value.code == "aiortc_changed"


async def test_without_loss_every_sample_comes_in_order(
    speech: Samples, speech_packets: list[bytes], correlation: Callable[..., float]
) -> None:
    heard = Heard()
    heard.send(speech_packets)
    heard.receiver.close()
    ends = [0, *(chunk.end for chunk in heard.chunks)]
    assert [chunk.start for chunk in heard.chunks] == ends[:-1]
    assert correlation(heard.timeline(), speech) > 0.9
    assert heard.receiver.stats == AudioStats(received=len(speech_packets))
    assert heard.gaps == []


async def test_single_losses_are_recovered_by_fec_and_the_clock_keeps_time(
    speech_packets: list[bytes], correlation: Callable[..., float]
) -> None:
    whole, lossy = Heard(), Heard()
    whole.send(speech_packets)
    lost = set(range(20, len(speech_packets) - 1, 7))
    lossy.send(speech_packets, lost)
    lossy.receiver.close()
    stats = lossy.receiver.stats
    assert stats.lost == len(lost)
    assert stats.received == len(speech_packets) - len(lost)
    assert stats.recovered > 0.5 * len(lost)  # the encoder sends no copy of pauses
    assert stats.recovered * 20 + stats.concealed_ms == len(lost) * 20
    assert len(lossy.gaps) == len(lost) - stats.recovered
    assert lossy.chunks[-1].end == len(speech_packets) * PACKET_SAMPLES
    assert sum(chunk.concealed for chunk in lossy.chunks) == len(lost)
    assert correlation(lossy.timeline(), whole.timeline(), 1) > 0.9


async def test_a_long_loss_is_concealed_for_100_ms_and_then_the_clock_jumps(
    speech_packets: list[bytes],
) -> None:
    heard = Heard()
    heard.send(speech_packets[:100], set(range(30, 60)))
    heard.receiver.close()
    stats = heard.receiver.stats
    assert (stats.lost, stats.recovered, stats.concealed_ms) == (30, 1, 100)
    assert heard.gaps == [(30 * PACKET_SAMPLES, 29 * PACKET_SAMPLES)]
    jumps = [
        (a.end, b.start) for a, b in zip(heard.chunks, heard.chunks[1:], strict=False) if a.end != b.start
    ]
    assert jumps == [(35 * PACKET_SAMPLES, 59 * PACKET_SAMPLES)]
    assert heard.chunks[-1].end == 100 * PACKET_SAMPLES


async def test_without_fec_in_the_stream_everything_lost_is_told(
    speech: Samples, opus_packets: Callable[..., list[bytes]]
) -> None:
    heard = Heard()
    heard.send(opus_packets(speech[:32_000], fec="0"), {40, 41})
    heard.receiver.close()
    assert heard.receiver.stats.recovered == 0
    assert heard.gaps == [(40 * PACKET_SAMPLES, 2 * PACKET_SAMPLES)]


async def test_a_hole_at_the_end_of_speech_is_given_up_by_the_timer(speech_packets: list[bytes]) -> None:
    heard = Heard()
    told = asyncio.Event()
    heard.send(speech_packets[:10])
    heard.receiver._sink = lambda chunk: told.set()
    heard.send(speech_packets[11:12], first=65_511)
    assert not told.is_set()
    await asyncio.wait_for(told.wait(), 30)
    assert heard.receiver.stats.lost == 1
    heard.receiver.close()


async def test_undecodable_packets_are_lost_audio_and_the_stream_goes_on(speech_packets: list[bytes]) -> None:
    heard = Heard()
    packets = list(speech_packets[:50])
    packets[20] = b"\xff" * 4
    heard.send(packets)
    heard.receiver.close()
    assert heard.receiver.stats.lost == 1
    assert heard.chunks[-1].end == 50 * PACKET_SAMPLES


async def test_a_pause_of_the_sender_passes_on_the_clock_as_silence(speech_packets: list[bytes]) -> None:
    heard = Heard()
    heard.receiver.add(RtpPacket(1, 0, speech_packets[0]))
    heard.receiver.add(RtpPacket(2, 960 + 48_000 * 3, speech_packets[1]))
    heard.receiver.close()
    assert [(chunk.start, len(chunk.samples)) for chunk in heard.chunks] == [
        (0, 320),
        (320, 16_000),
        (320 + 48_000, 320),
    ]
    assert not heard.chunks[1].samples.any()
    assert heard.gaps == []


async def test_a_new_sender_goes_on_where_the_old_one_ended(speech_packets: list[bytes]) -> None:
    heard = Heard()
    heard.receiver.add(RtpPacket(1, 0, speech_packets[0], ssrc=1))
    heard.receiver.add(RtpPacket(9, 5, speech_packets[0], ssrc=2))
    heard.receiver.close()
    assert [chunk.start for chunk in heard.chunks] == [0, 320]
    assert heard.receiver.add(RtpPacket(10, 965, speech_packets[1], ssrc=2)) == (False, None)
    assert len(heard.chunks) == 2
