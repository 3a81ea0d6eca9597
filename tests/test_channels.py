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
    outbox = Outbox(10, key=lambda item: item[0])
    outbox.put(("partial", 1))
    outbox.put((None, 2))
    outbox.put(("partial", 3))
    assert [await outbox.get(), await outbox.get()] == [("partial", 3), (None, 2)]


async def test_a_full_outbox_refuses():
    outbox = Outbox(1, key=lambda _: None)
    outbox.put(1)
    with pytest.raises(TooSlow):
        outbox.put(2)


async def test_a_closed_outbox_delivers_what_it_has_and_then_ends():
    outbox = Outbox(4, key=lambda _: None)
    outbox.put(1)
    outbox.close()
    assert [await outbox.get(), await outbox.get()] == [1, None]
