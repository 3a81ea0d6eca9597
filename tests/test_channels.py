"""Bounded queues: what happens when they are full."""

import asyncio

import pytest

from assistant.channels import DropOldest, Outbox
from assistant.errors import TooSlow


async def test_a_full_audio_queue_drops_the_oldest_and_says_which():
    queue = DropOldest(2)
    assert [queue.put(n) for n in range(3)] == [None, None, 0]
    assert [await queue.get(), await queue.get()] == [1, 2]
    assert queue.peak == 2


async def test_room_waits_until_the_queue_is_less_than_half_full():
    queue = DropOldest(4)
    queue.put(1)
    queue.put(2)
    waiting = asyncio.create_task(queue.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await queue.get()
    await waiting


async def test_drained_waits_for_the_last_item():
    queue = DropOldest(4)
    await queue.drained()
    queue.put(1)
    waiting = asyncio.create_task(queue.drained())
    await asyncio.sleep(0)
    assert not waiting.done()
    await queue.get()
    await waiting


async def test_a_newer_item_of_the_same_key_takes_the_place_of_the_waiting_one():
    outbox = Outbox(10, len)
    outbox.put("a1", "partial")
    outbox.put("b")
    outbox.put("a22", "partial")
    assert [await outbox.get(), await outbox.get()] == ["a22", "b"]


async def test_a_full_outbox_refuses_and_counts_bytes():
    outbox = Outbox(10, len)
    outbox.put("12345")
    outbox.put("12345")
    with pytest.raises(TooSlow):
        outbox.put("1")
    await outbox.get()
    outbox.put("1")


async def test_one_item_of_any_size_finds_room_when_nothing_else_waits():
    outbox = Outbox(10, len)
    outbox.put("x" * 100)
    assert await outbox.get() == "x" * 100
    outbox.put("1")


async def test_what_replaces_a_waiting_item_counts_instead_of_it():
    outbox = Outbox(10, len)
    outbox.put("12", "partial")
    outbox.put("123456", "partial")
    with pytest.raises(TooSlow):
        outbox.put("12345")
    outbox.put("1234")


async def test_what_waits_from_the_beginning_comes_first_and_is_not_counted():
    outbox = Outbox(4, len, first=["a" * 100, "b" * 100])
    outbox.put("1234")
    assert [(await outbox.get())[0] for _ in range(3)] == ["a", "b", "1"]


async def test_a_closed_outbox_delivers_what_it_has_and_then_ends():
    outbox = Outbox(4, len)
    outbox.put("1")
    outbox.close(4001)
    assert [await outbox.get(), await outbox.get()] == ["1", None]
    assert outbox.code == 4001


async def test_a_dropped_outbox_delivers_nothing_more():
    outbox = Outbox(4, len, first=["a"])
    outbox.put("1")
    outbox.drop(4008)
    assert await outbox.get() is None
    assert outbox.dropped.is_set()
