"""A session's way into the store: in order, once, and nobody waits for a disk that fails."""

import asyncio
import contextlib
from datetime import UTC, datetime

import pytest

from assistant.errors import AssistantError
from assistant.events import ItemEdited
from assistant.export.history import SessionInfo
from assistant.storage.journal import Journal
from assistant.storage.store import Store

PATIENCE_S = 20


class FailingStore(Store):
    """Its disk is full while ``full``."""

    full = False

    def append(self, *arguments):
        if self.full:
            raise AssistantError("Storing failed.", code="store_failed")
        super().append(*arguments)


@pytest.fixture
async def journal(tmp_path, monkeypatch):
    """A running journal; ``troubles`` is what it said."""
    monkeypatch.setattr("assistant.storage.journal.RETRY_S", 0.02)
    with FailingStore(tmp_path) as store:
        session = SessionInfo("sess_1", datetime.now(UTC), "x")
        troubles, works = [], asyncio.Event()

        def tell(trouble):
            troubles.append(trouble)
            if trouble is None:
                works.set()

        made = Journal(store, session, token="t", who="Dr A", on_trouble=tell)
        made.store, made.troubles, made.works = store, troubles, works
        made.task = asyncio.create_task(made.run())
        yield made
        made.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await made.task


def event(seq):
    return ItemEdited(seq=seq, item_id="utt_1", text=f"Text {seq}.")


def stored(journal):
    return [each.seq for each in journal.store.events("sess_1")]


async def test_what_is_durable_is_stored(journal):
    for seq in (1, 2, 3):
        journal.put(event(seq))
    await asyncio.wait_for(journal.durable(3), PATIENCE_S)
    assert stored(journal) == [1, 2, 3]
    await asyncio.wait_for(journal.durable(0), PATIENCE_S)  # a passing event


async def test_many_events_are_written_in_few_commits_and_in_order(journal):
    for seq in range(1, 1_201):
        journal.put(event(seq))
    await asyncio.wait_for(journal.durable(1_200), PATIENCE_S)
    assert stored(journal) == list(range(1, 1_201))


async def test_while_the_disk_fails_nobody_waits_and_later_everything_is_there(journal):
    journal.store.full = True
    journal.put(event(1))
    await asyncio.wait_for(journal.durable(1), PATIENCE_S)
    assert [trouble.code for trouble in journal.troubles] == ["store_failed"]
    journal.put(event(2))
    await asyncio.sleep(0.1)
    assert len(journal.troubles) == 1, "it is told once"
    journal.store.full = False
    await asyncio.wait_for(journal.works.wait(), PATIENCE_S)
    assert stored(journal) == [1, 2]


async def test_a_session_that_ends_writes_what_waits_even_when_its_task_was_cancelled(journal):
    journal.put(event(1))
    journal.task.cancel()
    journal.put(event(2))
    await journal.finish()
    assert stored(journal) == [1, 2]


async def test_after_the_end_nobody_waits(journal):
    journal.store.full = True
    journal.task.cancel()
    journal.put(event(1))
    await journal.finish()
    await asyncio.wait_for(journal.durable(1), PATIENCE_S)


async def test_an_empty_session_leaves_nothing_in_the_store(journal):
    await journal.finish()
    assert journal.store.sessions() == []
