"""Puts RTP packets back in order, waiting a bounded time for what is missing. Pure: no asyncio, no clock."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

RTP_CLOCK_HZ = 48_000
"""Opus over RTP counts time in these ticks, whatever the sound card or the decoder runs at (RFC 7587)."""

HOLE_WAIT_MS = 60.0
RESTART_JUMP_PACKETS = 200
MAX_HELD_PACKETS = 64
MAX_GIVEN_UP_PACKETS = 1500
"""So many of those last given up are known, 30 s: an old packet is late, and not a sender that restarts."""
MAX_UNPOLLED_ITEMS = 1024
MAX_GAP_TICKS = 60 * RTP_CLOCK_HZ
TYPICAL_PACKET_TICKS = 960


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet in its place. ``seq`` is 16 bits, ``timestamp`` 32 bits in RTP ticks."""

    seq: int
    timestamp: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Hole:
    """``packets`` lost, ``ticks`` RTP ticks long in all; ``next_payload`` may hold FEC for the last."""

    packets: int
    ticks: int
    next_payload: bytes


@dataclass(frozen=True, slots=True)
class Silence:
    """The sender sent nothing for ``ticks`` RTP ticks and nothing was lost (DTX, mute)."""

    ticks: int


@dataclass(frozen=True, slots=True)
class Restart:
    """The sender began a new stream: decoder state is worthless, and how long it paused is unknown."""


Item = Packet | Hole | Silence | Restart


@dataclass(slots=True)
class _Held:
    timestamp: int
    payload: bytes
    arrived_ms: float


class JitterBuffer:
    """Packets in any order in, ordered items out. In-order packets pass at once.

    ``packet_ticks(payload)`` tells how long a payload plays, in RTP ticks; 0 means "holds no audio".
    Call ``poll`` after every ``add``, and at ``deadline_ms`` while that is not None.

    Each packet added is counted once: ``received`` (it comes out, or is held to come out), ``late`` (its
    place was given up) or ``duplicated``. ``lost`` counts the packets in the holes that came out. A packet
    awaiting the confirmation of a sender restart is in none of them until the next packet decides.
    """

    def __init__(
        self,
        packet_ticks: Callable[[bytes], int] = lambda payload: TYPICAL_PACKET_TICKS,
        *,
        wait_ms: float = HOLE_WAIT_MS,
    ) -> None:
        self.received = self.lost = self.late = self.duplicated = 0
        self._packet_ticks = packet_ticks
        self._wait_ms = wait_ms
        self._held: dict[int, _Held] = {}
        self._ready: deque[Item] = deque()
        self._first = 0
        self._next: int | None = None
        self._given_up: deque[int] = deque(maxlen=MAX_GIVEN_UP_PACKETS)
        self._suspect: tuple[int, _Held] | None = None
        self._expected_ticks: int | None = None
        self._last_ticks = TYPICAL_PACKET_TICKS

    def add(self, seq: int, timestamp: int, payload: bytes, now_ms: float) -> None:
        """Take one packet. ``now_ms`` is any clock that does not go back, the same as for ``poll``.

        Raises RuntimeError if ``poll`` was forgotten for more than 1024 items.
        """
        if len(self._ready) > MAX_UNPOLLED_ITEMS:
            raise RuntimeError("JitterBuffer.poll must be called after every add")
        packet = _Held(timestamp, payload, now_ms)
        if self._next is None:
            self._first = self._next = seq
        place = self._place(self._next, seq)
        if abs(place - self._next) > RESTART_JUMP_PACKETS:
            self._suspect_restart(place, packet)
            return
        self._drop_suspect()
        self._take(place, packet)

    def poll(self, now_ms: float) -> Iterator[Item]:
        """Items whose turn has come, oldest first. A hole comes out once it was waited for."""
        while (deadline_ms := self.deadline_ms) is not None and now_ms >= deadline_ms:
            self._give_up_hole()
        while self._ready:
            yield self._ready.popleft()

    @property
    def deadline_ms(self) -> float | None:
        """When the hole in front will be given up, on the callers' clock; None if nothing is waited for."""
        if not self._held:
            return None
        return min(held.arrived_ms for held in self._held.values()) + self._wait_ms

    def restart(self) -> None:
        """Give up all holes and begin anew with the next packet (a new SSRC, or the end of the track)."""
        self._drop_suspect()
        self._flush()
        if self._next is not None:
            self._ready.append(Restart())
        self._next = self._expected_ticks = None
        self._given_up.clear()

    @staticmethod
    def _place(near: int, seq: int) -> int:
        """The 16-bit ``seq`` as a number that does not wrap: the one that is nearest to ``near``."""
        return near + ((seq - near + 0x8000) & 0xFFFF) - 0x8000

    def _take(self, place: int, packet: _Held) -> None:
        assert self._next is not None
        if place < self._next:
            self._count_old(place)
        elif place in self._held:
            self.duplicated += 1
        else:
            self.received += 1
            self._held[place] = packet
            self._release()
            while len(self._held) > MAX_HELD_PACKETS:
                self._give_up_hole()

    def _count_old(self, place: int) -> None:
        if place in self._given_up:
            self._given_up.remove(place)
            self.late += 1
        elif place < self._first:
            self.late += 1
        else:
            self.duplicated += 1

    def _suspect_restart(self, place: int, packet: _Held) -> None:
        """One stray packet must not end the stream: only a second one in a row does (RFC 3550 A.1)."""
        if self._suspect is None or place != self._suspect[0] + 1:
            self._drop_suspect()
            self._suspect = (place, packet)
            return
        (first_place, first), self._suspect = self._suspect, None
        if first_place in self._given_up and self._is_same_stream(first_place, first):
            for each in (first_place, first_place + 1):  # they took another way, and were read after the rest
                self._count_old(each)
            return
        self._flush()
        assert self._next is not None
        if first_place < self._next or not self._is_same_stream(first_place, first):
            self._ready.append(Restart())
            self._first = self._next = first_place & 0xFFFF
            self._given_up.clear()
            self._expected_ticks = None
        start = self._place(self._next, first_place & 0xFFFF)
        self.received += 2
        self._held[start], self._held[start + 1] = first, packet
        if start > self._next:
            self._give_up_hole()
        else:
            self._release()

    def _is_same_stream(self, place: int, packet: _Held) -> bool:
        """Whether timestamps jump as far as the numbers."""
        assert self._next is not None
        if self._expected_ticks is None:
            return False
        gap = ((packet.timestamp - self._expected_ticks + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        near = abs(gap - (place - self._next) * self._last_ticks) <= RTP_CLOCK_HZ
        return near and gap <= MAX_GAP_TICKS

    def _drop_suspect(self) -> None:
        if self._suspect is not None:
            self._suspect = None
            self.late += 1

    def _release(self) -> None:
        """Move what is in order from the held packets to the ready items."""
        assert self._next is not None
        while (held := self._held.pop(self._next, None)) is not None:
            self._append(self._next, held)
            self._next += 1

    def _append(self, place: int, held: _Held) -> None:
        ticks = self._packet_ticks(held.payload)
        if ticks > 0:
            gap = self._gap_ticks(held.timestamp)
            if gap:
                self._ready.append(Silence(gap))
            self._expected_ticks = (held.timestamp + ticks) & 0xFFFFFFFF
            self._last_ticks = ticks
        self._ready.append(Packet(place & 0xFFFF, held.timestamp, held.payload))

    def _give_up_hole(self) -> None:
        assert self._next is not None
        place = min(self._held)
        held = self._held[place]
        missing = place - self._next
        gap = self._gap_ticks(held.timestamp)
        self._ready.append(Hole(missing, gap or missing * self._last_ticks, held.payload))
        self.lost += missing
        self._given_up.extend(range(max(self._next, place - MAX_GIVEN_UP_PACKETS), place))
        self._expected_ticks = held.timestamp
        self._next = place
        self._release()

    def _flush(self) -> None:
        while self._held:
            self._give_up_hole()

    def _gap_ticks(self, timestamp: int) -> int | None:
        """Ticks between the end of the last audio and ``timestamp``; None if that makes no sense as time."""
        if self._expected_ticks is None:
            return None
        gap = (timestamp - self._expected_ticks) & 0xFFFFFFFF
        return gap if gap <= MAX_GAP_TICKS else None
