import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.jitter import (
    MAX_HELD_PACKETS,
    MAX_UNPOLLED_ITEMS,
    Hole,
    Item,
    JitterBuffer,
    Packet,
    Restart,
    Silence,
)

TICKS = 960


def feed(buffer: JitterBuffer, number: int, now_ms: float = 0, *, extra_ticks: int = 0) -> list[Item]:
    """Add packet ``number`` of an endless stream, wrapped as RTP wraps it, and poll."""
    timestamp = (number * TICKS + extra_ticks) % 2**32
    buffer.add(number % 2**16, timestamp, str(number).encode(), now_ms)
    return list(buffer.poll(now_ms))


def numbers(items: list[Item]) -> list[int]:
    return [int(item.payload) for item in items if isinstance(item, Packet)]


@given(
    first=st.one_of(st.integers(0, 70_000), st.integers(65_400, 65_540), st.just(2**32 // TICKS - 20)),
    lost=st.sets(st.integers(0, 149), max_size=60),
    delays_ms=st.lists(st.integers(0, 200), min_size=150, max_size=150),
    doubled=st.sets(st.integers(0, 149), max_size=20),
)
def test_any_loss_reordering_and_doubling_keeps_order_and_counts(
    first: int, lost: set[int], delays_ms: list[int], doubled: set[int]
) -> None:
    arrivals = [(i * 20 + delays_ms[i], i) for i in range(150) if i not in lost]
    arrivals += [(at_ms + 30, i) for at_ms, i in arrivals if i in doubled]
    buffer, out = JitterBuffer(), []
    for at_ms, i in sorted(arrivals):
        out += feed(buffer, first + i, at_ms)
    out += buffer.poll(10_000)

    heard = numbers(out)
    assert heard == sorted(set(heard))
    assert buffer.received == len(heard)
    assert buffer.received + buffer.late + buffer.duplicated == len(arrivals)
    assert buffer.lost == sum(item.packets for item in out if isinstance(item, Hole))
    if heard:
        assert heard[-1] - heard[0] + 1 == len(heard) + buffer.lost
        passed = sum(item.ticks for item in out if isinstance(item, Hole | Silence)) + len(heard) * TICKS
        assert passed == (heard[-1] - heard[0] + 1) * TICKS
    assert not any(isinstance(item, Restart) for item in out)


@given(order_seed=st.integers(0, 10_000), window=st.integers(1, 3))
def test_reordering_within_the_wait_loses_nothing(order_seed: int, window: int) -> None:
    rng = random.Random(order_seed)
    keys = {i: i + rng.uniform(0, window) for i in range(1, 100)}
    buffer, out = JitterBuffer(), feed(JitterBuffer(), 0)
    out = feed(buffer, 65_500)
    for slot, i in enumerate(sorted(keys, key=keys.__getitem__)):
        out += feed(buffer, 65_500 + i, slot * 15)
    assert numbers(out) == list(range(65_500, 65_600))
    assert (buffer.lost, buffer.late, buffer.duplicated) == (0, 0, 0)


@given(packets=st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 2**32 - 1)), max_size=300))
def test_arbitrary_garbage_is_bounded_and_every_packet_is_accounted_for(
    packets: list[tuple[int, int]],
) -> None:
    buffer, out = JitterBuffer(), 0
    for seq, timestamp in packets:
        buffer.add(seq, timestamp, b"x", 0)
        out += sum(isinstance(item, Packet) for item in buffer.poll(0))
        assert len(buffer._held) <= MAX_HELD_PACKETS
    buffer.restart()
    out += sum(isinstance(item, Packet) for item in buffer.poll(0))
    assert out == buffer.received
    assert buffer.received + buffer.late + buffer.duplicated == len(packets)


def test_a_hole_is_waited_for_60_ms_and_no_longer() -> None:
    buffer = JitterBuffer()
    feed(buffer, 0)
    assert feed(buffer, 2, 100) == []
    assert feed(buffer, 3, 120) == []
    assert buffer.deadline_ms == 160
    assert list(buffer.poll(159.9)) == []
    assert list(buffer.poll(160)) == [
        Hole(1, TICKS, b"2"),
        Packet(2, 2 * TICKS, b"2"),
        Packet(3, 3 * TICKS, b"3"),
    ]
    assert buffer.deadline_ms is None


def test_what_comes_after_its_place_was_given_up_is_late_once_then_doubled() -> None:
    buffer = JitterBuffer()
    feed(buffer, 0)
    feed(buffer, 2, 0)
    list(buffer.poll(60))
    assert feed(buffer, 1, 61) == [] == feed(buffer, 1, 62)
    assert (buffer.lost, buffer.late, buffer.duplicated) == (1, 1, 1)


def test_a_packet_older_than_the_first_is_late() -> None:
    buffer = JitterBuffer()
    feed(buffer, 1)
    assert feed(buffer, 0) == []
    assert (buffer.late, buffer.duplicated) == (1, 0)


def test_a_timestamp_gap_without_loss_is_silence() -> None:
    buffer = JitterBuffer()
    feed(buffer, 0)
    items = feed(buffer, 1, extra_ticks=48_000)
    assert items[0] == Silence(48_000)
    assert numbers(items) == [1]
    assert buffer.lost == 0


@pytest.mark.parametrize("jump", [30_000, -5_000, 300])
def test_a_sender_that_restarts_is_believed_at_its_second_packet(jump: int) -> None:
    buffer = JitterBuffer()
    feed(buffer, 10_000)
    start = (10_000 + jump) % 2**16
    buffer.add(start, 7, b"1", 20)
    assert list(buffer.poll(20)) == []
    buffer.add(start + 1, 7 + TICKS, b"2", 40)
    assert list(buffer.poll(40)) == [Restart(), Packet(start, 7, b"1"), Packet(start + 1, 7 + TICKS, b"2")]
    assert (buffer.received, buffer.lost) == (3, 0)


def test_one_stray_packet_does_not_end_the_stream() -> None:
    buffer = JitterBuffer()
    feed(buffer, 0)
    buffer.add(40_000, 9, b"stray", 10)
    assert numbers(feed(buffer, 1, 20)) == [1]
    assert buffer.late == 1


def test_a_network_outage_of_many_seconds_is_lost_time_and_not_a_restart() -> None:
    buffer = JitterBuffer()
    feed(buffer, 65_000)
    feed(buffer, 66_000, 20_000)
    items = feed(buffer, 66_001, 20_020)
    assert items[0] == Hole(999, 999 * TICKS, b"66000")
    assert numbers(items) == [66_000, 66_001]
    assert buffer.lost == 999


@given(st.randoms(use_true_random=False), st.integers(201, 400), st.integers(1, 120))
def test_packets_of_two_ways_that_are_read_in_turn_stay_in_their_order(
    rng: random.Random, first: int, second: int
) -> None:
    """A program that stood still reads them so when the sender changed over to another way meanwhile."""
    ways = [list(range(first)), list(range(first, first + second))]
    buffer, now_ms = JitterBuffer(), 0.0
    out = feed(buffer, ways[0].pop(0))
    while any(ways):
        now_ms += rng.random()
        way = rng.choice([each for each in ways if each])
        out += feed(buffer, way.pop(0), now_ms)
    out += buffer.poll(now_ms + 1_000)
    heard = numbers(out)
    assert heard == sorted(set(heard))
    passed = sum(item.ticks for item in out if isinstance(item, Hole | Silence)) + len(heard) * TICKS
    assert passed == (heard[-1] + 1) * TICKS, "what was not heard is told with its length"
    assert not any(isinstance(item, Restart) for item in out)


def test_a_burst_behind_a_hole_does_not_grow_without_bound() -> None:
    buffer = JitterBuffer()
    feed(buffer, 0)
    out = [item for i in range(2, 190) for item in feed(buffer, i)]
    assert len(buffer._held) == 0
    assert numbers(out) == list(range(2, 190))


def test_forgetting_to_poll_is_said() -> None:
    buffer = JitterBuffer()
    with pytest.raises(RuntimeError, match="poll"):
        for i in range(MAX_UNPOLLED_ITEMS + 2):
            buffer.add(i, i * TICKS, b"x", 0)
