"""A session's incoming audio, from PCM over the WebSocket or from WebRTC, on one sample clock."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

from assistant import telemetry
from assistant.audio.frames import MARKED_SAMPLES, SAMPLE_RATE_HZ, AudioChunk, LostSound
from assistant.audio.input_level import LevelMeter
from assistant.audio.pcm import DEFAULT_RATE_HZ, Encoding, StreamResampler, pcm16_of
from assistant.audio.webrtc import MicrophonePeer
from assistant.channels import DropOldest
from assistant.errors import AssistantError, BadInput
from assistant.events import (
    AudioFormat,
    AudioGap,
    AudioReceived,
    AudioStatus,
    Notice,
    ServerEvent,
)
from assistant.storage.heard import Anchor, Heard

if TYPE_CHECKING:
    from aiortc import RTCDataChannel

AUDIO_CHUNKS = 30_000
"""600 s at 20 ms, 38 MB: a machine that is busy for a while writes later, and loses no word. Half of it may
come faster than it is said; then the client is slowed down."""
PCM_CHUNK_SAMPLES = 320
ENCODINGS: dict[str, Encoding] = {"audio/pcm": "pcm16", "audio/pcmu": "ulaw", "audio/pcma": "alaw"}
SILENT_S = 1.0
"""No audio for so long, in the middle of an utterance, ends it: packets stop when a microphone is muted."""
STATUS_EVERY_S = 1.0
ACKNOWLEDGE_EVERY_S = 0.5
"""Limit for sound that is sent again after a lost connection, beside what was on its way."""
LONGEST_GAP_S = 3_600
MOST_UNWRITTEN_S = 25
"""So much at most is a client to keep, because it is not written down; clients keep 30 s."""
CUT_OFF_SAMPLES = SAMPLE_RATE_HZ
"""Speech that was cut off is told as at least a second that is lost: how long it was is not known to more."""
ANCHORS = 8
HANDOVER_S = 2.0
"""WebRTC sound waits for the end of the WebSocket's sound, or until the WebSocket has brought nothing for so
long: a client that does not tell that end loses no word, but its first words over WebRTC come later."""
MOST_WAITING = 1_500
"""Packets that may wait so, 30 s: as much as a client keeps."""
IDLE_TURNS = 20
"""Turns of the event loop in which no packet is read: then none waits. A packet takes up to six."""


class Microphone:
    """A queue fed by both transports and read with ``next``. One WebRTC connection at a time."""

    def __init__(
        self,
        *,
        ice_servers: Sequence[str],
        on_chunk: Callable[[AudioChunk], None],
        emit: Callable[[ServerEvent], None],
    ) -> None:
        """``on_chunk`` gets every chunk as it arrives, even if it is dropped later."""
        self._ice_servers, self._on_chunk, self._emit = ice_servers, on_chunk, emit
        self._chunks: DropOldest[AudioChunk] = DropOldest(AUDIO_CHUNKS)
        self._clock = 0  # the session's sample clock: the end of the last audio
        self._peer: MicrophonePeer | None = None
        self._heard_at: float | None = None  # when the peer last brought sound, by the loop's clock
        self._pcm: StreamResampler | None = None
        self._pcm_frames = 0
        self._pcm_at: float | None = None  # when the last PCM came
        self._left_at: float | None = None  # a client without sample numbers was cut off while it was sending
        self._socket_open = False  # sound over the WebSocket has been announced, and has not ended
        self._socket_ended = 0  # the clock then
        self._taking = False  # it has come, and there may be no room for it yet
        self._waiting: list[Callable[[], None]] = []  # WebRTC sound that came before that end
        self._late = 0  # samples of the clock that came over the WebSocket when WebRTC had been heard
        self._ending: asyncio.TimerHandle | None = None
        self._again = 0  # so many samples of those that come have come already
        self._told_sample = 0
        self._dropped_ms = 0
        self._lost: deque[LostSound] = deque()  # in order, not told yet
        self._held: AudioChunk | None = None
        self._meter = LevelMeter()
        self._anchors: tuple[Anchor, ...] = ()
        self.settled: Callable[[], int] | None = None
        """Tells the sample of the clock up to which all is written down, where a client is to keep the rest:
        it could send that again to a server that was started anew."""
        self.format = AudioFormat(rate=DEFAULT_RATE_HZ)
        """Format of the sound sent over the WebSocket."""
        self.next_sample: int | None = None
        """The first sample of the client's that has not been taken; None where they have no numbers."""

    def bring_to(self, on_chunk: Callable[[AudioChunk], None], emit: Callable[[ServerEvent], None]) -> None:
        """Belong to another session of the same client from now on; the clock goes on."""
        self._on_chunk, self._emit = on_chunk, emit

    def heard(self, settled: int) -> Heard:
        """The position of the sound, which has been written down up to ``settled``."""
        return Heard(
            clock=self._clock,
            settled=settled,
            at_s=time.time(),
            anchors=self._anchors if self.next_sample is not None else (),
            live=self._heard_at is not None,
        )

    def go_on_from(self, heard: Heard, *, sends_again: bool, cut_off: bool) -> None:
        """Go on where a server that has ended stood. ``sends_again``: the client has kept its sound, and
        sends what was not written down. Else that is lost where speech was ``cut_off`` by the server's
        end."""
        sample = heard.sample_at(heard.settled) if sends_again and not heard.live else None
        if sample is not None:
            self._clock, self.next_sample, self._told_sample = heard.settled, sample, sample
            self._anchor()
            return
        self._clock = max(heard.clock, heard.settled)
        if cut_off:
            self._clock = max(self._clock, heard.settled + CUT_OFF_SAMPLES)
            self._lose(heard.settled, self._clock, "network")
        if heard.live:
            self._heard_at = self._now() - min(LONGEST_GAP_S, max(0.0, time.time() - heard.at_s))

    def _anchor(self) -> None:
        assert self.next_sample is not None
        anchor = Anchor(clock=self._clock, sample=self.next_sample, rate_hz=self.format.rate_hz)
        self._anchors = (*self._anchors[-ANCHORS:], anchor)

    @property
    def clock_ms(self) -> int:
        return _ms(self._clock)

    @property
    def is_on(self) -> bool:
        """Whether a client sends audio, or is about to."""
        return self._peer is not None or self._pcm is not None

    async def next(self) -> AudioChunk | LostSound | None:
        """The oldest chunk, or None when none has arrived for ``SILENT_S``. What was lost comes in its place,
        in one piece, and is told to the client then."""
        while True:
            chunk = self._held or await self._oldest()
            self._held = None
            if not self._lost or (chunk and chunk.start < self._lost[0].end and not chunk.concealed):
                return chunk
            lost = self._lost[0]
            if chunk and chunk.concealed and chunk.start < lost.end:
                if not lost.may_hold_a_word:
                    return chunk
                continue  # made up in place of what is told as lost: no word may be heard in it
            self._held = chunk
            self._lost.popleft()
            self._emit(
                AudioGap(start_ms=_ms(lost.start), duration_ms=_ms(lost.end - lost.start), reason=lost.reason)
            )
            return lost

    async def _oldest(self) -> AudioChunk | None:
        try:
            async with asyncio.timeout(SILENT_S):
                return await self._chunks.get()
        except TimeoutError:
            return None

    def _lose(self, start: int, end: int, reason: Literal["network", "overload"]) -> None:
        """Samples [start, end) of the clock are lost. What is lost in one go is one piece."""
        last = self._lost[-1] if self._lost else None
        if last is not None and last.reason == reason and start <= last.end:
            self._lost[-1] = LostSound(last.start, max(last.end, end), reason)
        else:
            self._lost.append(LostSound(start, end, reason))

    async def drained(self) -> None:
        """Wait until every chunk received has been taken."""
        await self._chunks.drained()

    async def flush(self) -> None:
        """Wait until all audio received has been taken, including the last milliseconds in the resampler."""
        self.end_pcm()
        await self.drained()

    async def report(self) -> None:
        """Report received and lost audio about once a second while audio arrives. Runs until cancelled."""
        last = 0
        while True:
            await asyncio.sleep(STATUS_EVERY_S)
            if self._clock != last:
                last = self._clock
                self._emit(self._status())

    # --- PCM over the WebSocket ---

    def use_format(self, form: AudioFormat) -> None:
        """Set the format of the sound that follows. Raises ``BadInput``: ``audio_rate_unsupported``."""
        StreamResampler(form.rate_hz)
        if form != self.format:
            self.next_sample, self._again, self._anchors = None, 0, ()
        self.format = form
        self.end_pcm()

    async def begin_at(self, sample: int, age_ms: int) -> None:
        """The PCM that follows begins with this sample of the client's, recorded ``age_ms`` ago. A connection
        that brought sound is over: what comes over it later is not heard. Raises ``BadInput``:
        ``audio_sample_invalid``."""
        expected = sample if self.next_sample is None else self.next_sample
        if self._heard_at is not None:  # numbers that are left out are those of WebRTC
            expected = max(sample, expected)
        if sample - expected > LONGEST_GAP_S * self.format.rate_hz:
            raise BadInput(
                "'sample' leaves out more than an hour. Start a new session.", code="audio_sample_invalid"
            )
        if self._heard_at is not None:  # the last sound came over WebRTC
            await self._end_peer()
            silent = round((self._now() - age_ms / 1000 - self._heard_at) * SAMPLE_RATE_HZ)
            self.end_socket()
            self._heard_at = None
            if self.next_sample is not None and sample > self.next_sample:
                silent = self._missing_over_webrtc(sample - self.next_sample)
            if silent > MARKED_SAMPLES:
                self._skip(silent)
        if sample > expected:
            self.end_pcm()
            self._skip((sample - expected) * SAMPLE_RATE_HZ // self.format.rate_hz)
        self._again = max(0, expected - sample)
        self.next_sample = max(sample, expected)
        self._left_at, self._socket_open = None, True
        self._anchor()
        self._acknowledge()

    def _missing_over_webrtc(self, counted: int) -> int:
        """Samples of the clock that were not heard of those that a client ``counted`` since the end of its
        socket sound. By its own clock a server that stood still could not tell when they were said."""
        return counted * SAMPLE_RATE_HZ // self.format.rate_hz - (self._clock - self._socket_ended)

    def _acknowledge(self) -> None:
        assert self.next_sample is not None
        self._told_sample = sample = self.next_sample
        if self.settled is not None:
            written = self.heard(self.settled()).sample_at(self.settled())
            least = sample - MOST_UNWRITTEN_S * self.format.rate_hz
            sample = max(0, least, min(sample, least if written is None else written))
        self._emit(AudioReceived(sample=sample))

    async def take_pcm(self, pcm: bytes) -> None:
        """Mono sound in the session's format. Raises ``BadInput``.

        Waits while there is no room: a client that sends faster than real time is slowed down, not cut. When
        the waiting is cancelled, what ``next_sample`` counts has been taken and the rest has not.
        """
        if self._left_at is not None:
            self._tell_absence()
        if not self._webrtc_is_heard():
            self._tell_silence()
        pcm = pcm16_of(pcm, ENCODINGS[self.format.type])
        size = len(pcm) if len(pcm) % 2 else 2 * self.format.rate_hz  # a second at once; all that is refused
        self._taking = True
        try:
            for i in range(0, len(pcm), size):
                await self._chunks.room()
                self._take_second(pcm[i : i + size])
        finally:
            self._taking = False
            if self._waiting:
                self._end_soon()

    def _take_second(self, pcm: bytes) -> None:
        if self._again:
            came_already = min(self._again, len(pcm) // 2)
            self._again -= came_already
            pcm = pcm[2 * came_already :]
        if self._comes_late():
            if not self._late:
                self._end_soon()
            self._late += len(pcm) // 2 * SAMPLE_RATE_HZ // self.format.rate_hz
        else:
            self._socket_open = True
            self._hear_pcm(pcm)
        self._pcm_at = self._now()
        if self.next_sample is not None:
            self.next_sample += len(pcm) // 2
            if self.next_sample - self._told_sample >= self.format.rate_hz * ACKNOWLEDGE_EVERY_S:
                self._acknowledge()

    def _hear_pcm(self, pcm: bytes) -> None:
        if self._pcm is None:
            self._pcm = StreamResampler(self.format.rate_hz, start_sample=self._clock)
            self._pcm_frames = 0
            self._meter = LevelMeter()
        self._pcm_frames += 1
        chunk = self._pcm.push(pcm)
        for i in range(0, len(chunk.samples), PCM_CHUNK_SAMPLES):
            self._take(AudioChunk(chunk.samples[i : i + PCM_CHUNK_SAMPLES], chunk.start + i))

    def _tell_absence(self) -> None:
        """A client without sample numbers was away while it was sending: what it said meanwhile is lost."""
        assert self._left_at is not None
        away_s, self._left_at = self._now() - self._left_at, None
        if away_s * SAMPLE_RATE_HZ > MARKED_SAMPLES:
            self._skip(round(away_s * SAMPLE_RATE_HZ))

    def end_pcm(self) -> None:
        """The PCM stream has ended: take the rest out of the resampler."""
        pcm, self._pcm = self._pcm, None
        if pcm is not None:
            self._take(pcm.finish())

    # --- from the WebSocket to WebRTC: the one place that decides their order ---

    def _webrtc_is_heard(self) -> bool:
        return self._peer is not None and self._peer.stats.received > 0

    def _comes_late(self) -> bool:
        """Whether PCM that comes now was said before what has been heard over WebRTC. With sample numbers,
        a client that leaves WebRTC begins with ``begin_at``; without, WebRTC has been silent then."""
        if self._socket_open or self._heard_at is None or not self._webrtc_is_heard():
            return False
        return self.next_sample is not None or self._now() - self._heard_at < SILENT_S

    def _in_turn(self, act: Callable[[], None]) -> None:
        """Do this with sound of WebRTC: at once, or when the WebSocket's has ended, which is before it."""
        if not self._socket_open:
            act()
            return
        self._waiting.append(act)
        if len(self._waiting) > MOST_WAITING:
            self.end_socket()
        elif len(self._waiting) == 1:
            self._end_soon()

    def _end_soon(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
        self._ending = asyncio.get_running_loop().call_later(HANDOVER_S, self._nothing_comes)

    def _nothing_comes(self) -> None:
        if self._taking:
            self._end_soon()
        else:
            self.end_socket()

    def end_socket(self) -> None:
        """The sound over the WebSocket has ended. What waited for it is behind it; what came too late to be
        heard is one gap of its length."""
        was_open, self._socket_open = self._socket_open, False
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        self.end_pcm()
        late, self._late = self._late, 0
        if late:
            self._skip(late)
        self._socket_ended = self._clock if was_open else self._socket_ended + late
        waiting, self._waiting = self._waiting, []
        for act in waiting:
            act()

    async def disconnected(self) -> None:
        """The client is gone, maybe to come back."""
        await self.close_peer()
        self.end_socket()
        if self.next_sample is None and self._pcm_at is not None and self._now() - self._pcm_at < SILENT_S:
            self._left_at = self._pcm_at

    async def turn_off(self) -> None:
        """The client has turned its microphone off: what is not heard from now on is not lost."""
        await self.close_peer()  # which may still bring sound
        self.end_socket()
        self._heard_at = self._left_at = None

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    # --- WebRTC ---

    async def offer(
        self,
        sdp: str,
        on_channel: "Callable[[RTCDataChannel], None] | None" = None,
        on_lost: Callable[[], None] = lambda: None,
    ) -> str:
        """Connect a microphone, replacing the current one; returns the answer. ``on_channel`` gets the data
        channels of the other side; ``on_lost`` is called when it is gone by itself. Raises
        ``AssistantError``."""
        await self._end_peer()
        self.end_pcm()
        offset, first = self._clock, True
        self._meter = LevelMeter()

        def heard(chunk: AudioChunk) -> None:
            nonlocal first
            if first:
                self._tell_silence()
                first = False
            self._heard_at = self._now()
            self._in_turn(partial(place, chunk))

        def place(chunk: AudioChunk) -> None:
            nonlocal offset
            offset = max(offset, self._clock - chunk.start)
            self._take(AudioChunk(chunk.samples, chunk.start + offset, chunk.concealed))

        def lost(start: int, samples: int) -> None:
            self._in_turn(lambda: self._lose(start + offset, start + offset + samples, "network"))

        def failed(error: AssistantError) -> None:
            self._peer_failed(error)
            on_lost()

        peer = MicrophonePeer(
            sink=heard,
            on_gap=lost,
            on_failed=failed,
            ice_servers=self._ice_servers,
            on_channel=on_channel,
        )
        self._peer = peer
        try:
            answer = await peer.accept(sdp)
        except AssistantError:
            if self._peer is peer:
                self._peer = None
            await peer.close()
            raise
        return answer

    def _tell_silence(self) -> None:
        """Report a gap: when sound comes another way in mid-stream, what was said since the last is lost."""
        if self._heard_at is None:
            return
        silent_s, self._heard_at = self._now() - self._heard_at, None
        if silent_s > SILENT_S:
            self._skip(int(silent_s * SAMPLE_RATE_HZ))

    def _skip(self, samples: int) -> None:
        """So much sound was lost since the last that came."""
        start, self._clock = self._clock, self._clock + samples
        self._lose(start, self._clock, "network")

    async def _end_peer(self) -> None:
        """Take what has come over the connection and was not read yet, and close it."""
        peer, idle = self._peer, 0
        while peer is not None and idle < IDLE_TURNS:
            received = peer.stats.received
            await asyncio.sleep(0)
            idle = idle + 1 if peer.stats.received == received else 0
        await self.close_peer()

    async def close_peer(self) -> None:
        peer, self._peer = self._peer, None
        if peer:
            await peer.close()

    def _peer_failed(self, error: AssistantError) -> None:
        self._peer = None  # it has closed itself
        self._emit(Notice(level="warning", code=error.code, message=error.message))

    # --- both ---

    def _take(self, chunk: AudioChunk) -> None:
        """Put audio on the session's sample clock."""
        self._clock = chunk.end
        self._meter.push(chunk)
        self._on_chunk(chunk)
        dropped = self._chunks.put(chunk)
        telemetry.queue_peak.labels("audio").set(self._chunks.peak)
        if dropped is not None:
            lost_ms = _ms(len(dropped.samples))
            self._dropped_ms += lost_ms
            telemetry.audio_dropped_ms.inc(lost_ms)
            self._lose(dropped.start, dropped.end, "overload")

    def _status(self) -> AudioStatus:
        if self._peer is None:
            return AudioStatus(
                transport="websocket",
                received=self._pcm_frames,
                dropped_ms=self._dropped_ms,
                level=self._meter.level,
            )
        stats = self._peer.stats
        return AudioStatus(
            transport="webrtc",
            received=stats.received,
            lost=stats.lost,
            recovered=stats.recovered,
            late=stats.late,
            concealed_ms=stats.concealed_ms,
            dropped_ms=self._dropped_ms,
            level=self._meter.level,
        )


def _ms(samples: int) -> int:
    return samples * 1000 // SAMPLE_RATE_HZ
