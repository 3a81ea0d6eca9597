"""An aiortc audio receiver's packets to 16 kHz chunks, in place of aiortc's own jitter buffer and decoder.

aiortc's jitter buffer throws away received audio after every loss, up to 4 % at 1 % loss, and its delay
grows to 280 ms for good. So that one private object is replaced; SRTP and RTCP stay aiortc's.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from assistant.audio.frames import SAMPLE_RATE_HZ, AudioChunk, Samples
from assistant.audio.jitter import RTP_CLOCK_HZ, Hole, JitterBuffer, Packet, Restart, Silence
from assistant.audio.opus import OpusDecoder, has_fec, packet_ticks
from assistant.errors import BadInput, Missing
from assistant.installation import install_command

AIORTC_JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"
"""The private attribute of aiortc 1.16's RTCRtpReceiver that is replaced."""

TICKS_PER_SAMPLE = RTP_CLOCK_HZ // SAMPLE_RATE_HZ
CONCEAL_LIMIT_SAMPLES = SAMPLE_RATE_HZ // 10
CONCEAL_STEP_SAMPLES = SAMPLE_RATE_HZ // 50
SILENCE_LIMIT_SAMPLES = SAMPLE_RATE_HZ

Sink = Callable[[AudioChunk], None]
OnGap = Callable[[int, int], None]


class RtpPacketLike(Protocol):
    """The fields used from aiortc's RtpPacket: 16-bit number, 32-bit timestamp, sender, payload."""

    sequence_number: int
    timestamp: int
    ssrc: int
    payload: bytes


@dataclass(slots=True)
class AudioStats:
    """Counts of packets since the start, except ``concealed_ms``.

    ``recovered`` of the ``lost`` came back by in-band FEC; ``late`` came after their place was given up.
    """

    received: int = 0
    lost: int = 0
    late: int = 0
    recovered: int = 0
    concealed_ms: int = 0


class TrackReceiver:
    """Stands in for aiortc's jitter buffer: ``add`` orders, decodes and hands chunks to ``sink`` at once.

    Lives on the event loop; ``sink`` and ``on_gap`` are called there and must return quickly.
    ``on_gap(start_sample, samples)`` tells audio that was lost and not recovered by FEC, before the chunks
    that follow it; up to 100 ms of it also comes as chunks with ``concealed=True``, the rest is a jump in
    ``AudioChunk.start``. Call ``close`` at the end.
    """

    def __init__(self, sink: Sink, on_gap: OnGap | None = None) -> None:
        self._sink = sink
        self._on_gap = on_gap
        self._loop = asyncio.get_running_loop()
        self._jitter = JitterBuffer(packet_ticks)
        self._decoder = OpusDecoder()
        self._timer: asyncio.TimerHandle | None = None
        self._ssrc: int | None = None
        self._clock_ticks = 0
        self._undecodable = self._recovered = self._concealed_samples = 0
        self._closed = False

    @property
    def stats(self) -> AudioStats:
        return AudioStats(
            received=self._jitter.received,
            lost=self._jitter.lost + self._undecodable,
            late=self._jitter.late,
            recovered=self._recovered,
            concealed_ms=self._concealed_samples * 1000 // SAMPLE_RATE_HZ,
        )

    def add(self, packet: RtpPacketLike) -> tuple[bool, None]:
        """Called by aiortc for each RTP packet. The result means: no key frame wanted, no frame to decode."""
        if not self._closed:
            if self._ssrc not in (None, packet.ssrc):
                self._jitter.restart()
            self._ssrc = packet.ssrc
            self._jitter.add(packet.sequence_number, packet.timestamp, packet.payload, self._now_ms())
            self._pump()
        return False, None

    def close(self) -> None:
        """Hand out what is still held, then free the decoder. Safe to call twice; drops later packets."""
        if self._closed:
            return
        self._jitter.restart()
        self._pump()
        self._closed = True
        self._decoder.close()

    def _now_ms(self) -> float:
        return self._loop.time() * 1000

    def _pump(self) -> None:
        for item in self._jitter.poll(self._now_ms()):
            match item:
                case Packet():
                    self._play(item.payload)
                case Hole():
                    self._fill(item)
                case Silence():
                    self._stay_silent(item.ticks)
                case Restart():
                    self._decoder.close()
                    self._decoder = OpusDecoder()
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline_ms = self._jitter.deadline_ms
        if deadline_ms is not None:
            self._timer = self._loop.call_at(deadline_ms / 1000, self._pump)

    def _play(self, payload: bytes) -> None:
        if not payload:
            return
        try:
            samples = self._decoder.decode(payload)
        except BadInput:
            self._undecodable += 1
            self._lose(packet_ticks(payload))
            return
        self._emit(samples, concealed=False)

    def _fill(self, hole: Hole) -> None:
        """Concealment first, then time that passes unheard, then the last lost packet by FEC."""
        fec_ticks = packet_ticks(hole.next_payload) if has_fec(hole.next_payload) else 0
        fec_ticks = fec_ticks if fec_ticks <= hole.ticks else 0
        self._lose(hole.ticks - fec_ticks)
        if not fec_ticks:
            return
        start_ticks = self._clock_ticks
        try:
            recovered = self._decoder.decode_fec(hole.next_payload, fec_ticks // TICKS_PER_SAMPLE)
        except BadInput:
            self._lose(fec_ticks)
            return
        self._emit(recovered, concealed=True)
        self._recovered += 1
        self._clock_ticks = start_ticks + fec_ticks

    def _lose(self, ticks: int) -> None:
        """Let ``ticks`` of lost audio pass on the clock, at most 100 ms of it concealed."""
        samples = ticks // TICKS_PER_SAMPLE
        end_ticks = self._clock_ticks + ticks
        if samples and self._on_gap is not None:
            self._on_gap(self._clock_ticks // TICKS_PER_SAMPLE, samples)
        left = min(samples, CONCEAL_LIMIT_SAMPLES)
        while len(made_up := self._decoder.conceal(min(left, CONCEAL_STEP_SAMPLES))):
            self._emit(made_up, concealed=True)
            self._concealed_samples += len(made_up)
            left -= len(made_up)
        self._clock_ticks = end_ticks

    def _stay_silent(self, ticks: int) -> None:
        """Zeros for what the sender did not send, at most 1 s of them; beyond that the clock jumps."""
        end_ticks = self._clock_ticks + ticks
        samples = min(ticks // TICKS_PER_SAMPLE, SILENCE_LIMIT_SAMPLES)
        self._emit(np.zeros(samples, np.float32), concealed=False)
        self._clock_ticks = end_ticks

    def _emit(self, samples: Samples, *, concealed: bool) -> None:
        if not len(samples):
            return
        start = self._clock_ticks // TICKS_PER_SAMPLE
        self._clock_ticks += len(samples) * TICKS_PER_SAMPLE
        self._sink(AudioChunk(samples, start, concealed))


class _Discard:
    """A jitter buffer that keeps nothing."""

    def add(self, packet: RtpPacketLike) -> tuple[bool, None]:
        return False, None


def receive(receiver: Any, sink: Sink, on_gap: OnGap | None = None) -> TrackReceiver:
    """Send the audio of an aiortc ``RTCRtpReceiver`` to ``sink``. Call in the "track" event, on the loop.

    Raises Missing: ``aiortc_changed`` if this aiortc has no such private name, ``libopus_missing``.
    """
    _check_name(receiver)
    adapter = TrackReceiver(sink, on_gap)
    setattr(receiver, AIORTC_JITTER_BUFFER, adapter)
    return adapter


def discard(receiver: Any) -> None:
    """Drop all packets of a receiver nobody reads; aiortc would queue them for ever (aiortc#554)."""
    _check_name(receiver)
    setattr(receiver, AIORTC_JITTER_BUFFER, _Discard())


def _check_name(receiver: Any) -> None:
    if not hasattr(receiver, AIORTC_JITTER_BUFFER):
        raise Missing(
            f"This aiortc has no RTCRtpReceiver.{AIORTC_JITTER_BUFFER}. Install the version this package "
            f"was made for: {install_command()}",
            code="aiortc_changed",
        )
