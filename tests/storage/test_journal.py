"""A session's way into the store: in order, once, and nobody waits for a disk that fails."""

import asyncio
import threading
from datetime import UTC, datetime

import pytest

from assistant.config import Settings
from assistant.errors import AssistantError
from assistant.events import ItemEdited, Notice, OutputTextDelta
from assistant.export.history import SessionInfo
from assistant.principal import sole_user
from assistant.storage import writer as writing
from assistant.storage.kept_session import KeptSession
from assistant.storage.store import Store
from assistant.storage.writer import Writer

PATIENCE_S = 20


class FailingStore(Store):
    """Its disk is full while ``full``, and does not answer while ``gate`` is cleared."""

    full = False

    def __init__(self, folder):
        self.gate = threading.Event()
        self.gate.set()
        super().__init__(folder)

    def append(self, *arguments):
        self.gate.wait(PATIENCE_S)
        if self.full:
            raise AssistantError("Storing failed.", code="store_failed")
        super().append(*arguments)


class Kept(KeptSession):
    """A session; ``troubles`` is what it was told, ``works`` that all is well again."""

    def __init__(self, writer, session_id="sess_1"):
        self.troubles, self.failed, self.works = [], asyncio.Event(), asyncio.Event()
        info = SessionInfo(session_id, datetime.now(UTC), "x")
        super().__init__(Settings(), info, writer, "t", self._tell, person=sole_user("Dr A"))

    def _tell(self, trouble):
        self.troubles.append(trouble)
        (self.failed if trouble else self.works).set()

    def say(self, text="Text."):
        return self.add(ItemEdited(item_id="utt_1", text=text))


@pytest.fixture
async def writer(where, monkeypatch):
    monkeypatch.setattr(writing, "RETRY_S", 0.02)
    monkeypatch.setattr(writing, "LOOK_S", 0.02)
    made = Writer(FailingStore(where))
    task = asyncio.create_task(made.run())
    yield made
    made.store.gate.set()
    await made.close()
    await task


@pytest.fixture
def kept(writer):
    return Kept(writer)


def stored(writer, session_id="sess_1"):
    return [each.seq for each in writer.store.events(session_id)]


async def soon(waiting):
    await asyncio.wait_for(waiting, PATIENCE_S)


async def test_what_is_durable_is_stored(writer, kept):
    events = [kept.say() for _ in range(3)]
    await soon(kept.durable(events[-1]))
    assert stored(writer) == [1, 2, 3]


async def test_many_events_are_written_in_order(writer, kept):
    events = [kept.say() for _ in range(1_200)]
    await soon(kept.durable(events[-1]))
    assert stored(writer) == list(range(1, 1_201))


async def test_a_delta_is_not_stored_and_waits_for_what_came_before_it(writer, kept):
    kept.say()
    await soon(kept.durable(kept.add(OutputTextDelta(response_id="r", item_id="i", delta="x"))))
    assert stored(writer) == [1]


async def test_while_the_disk_fails_nobody_waits_and_later_everything_is_there(writer, kept):
    writer.store.full = True
    await soon(kept.durable(kept.say()))
    assert [trouble.code for trouble in kept.troubles] == ["store_failed"]
    kept.say()
    await asyncio.sleep(0.1)
    assert len(kept.troubles) == 1, "it is told once"
    writer.store.full = False
    await soon(kept.works.wait())
    assert stored(writer) == [1, 2]


async def test_a_disk_that_does_not_answer_is_told_while_it_does_not_answer(writer, kept, monkeypatch):
    assert writing.TOLD_S < 2
    monkeypatch.setattr(writing, "TOLD_S", 0.05)
    writer.store.gate.clear()
    await soon(kept.durable(kept.say()))
    assert [trouble.code for trouble in kept.troubles] == ["store_failed"]
    writer.store.gate.set()
    await soon(kept.works.wait())
    assert stored(writer) == [1]


async def test_every_session_is_told_also_one_that_begins_then(writer, kept):
    other = Kept(writer, "sess_2")
    writer.store.full = True
    kept.say()
    await soon(other.failed.wait())
    third = Kept(writer, "sess_3")
    assert third.trouble.code == "store_failed"
    await soon(third.durable(third.say()))
    writer.store.full = False
    await soon(asyncio.gather(kept.works.wait(), other.works.wait(), third.works.wait()))
    assert stored(writer, "sess_3") == [1]
    assert third.trouble is None


async def test_more_than_may_wait_is_stored_later_all_the_same(writer, kept, monkeypatch):
    monkeypatch.setattr("assistant.storage.journal.MOST_WAITING_BYTES", 1_000)
    writer.store.full = True
    for _ in range(100):
        kept.say("x" * 100)
    await soon(kept.failed.wait())
    assert kept._journal.waiting_bytes <= 1_000
    writer.store.full = False
    await soon(kept.works.wait())
    await soon(kept.durable(kept.say()))
    assert stored(writer) == list(range(1, 102))


async def test_a_session_that_ends_while_the_disk_fails_is_stored_later(writer, kept):
    other = Kept(writer, "sess_2")
    writer.store.full = True
    kept.say()
    await soon(kept.finish())
    told = len(kept.troubles)
    writer.store.full = False
    await soon(other.works.wait())
    assert stored(writer) == [1]
    assert len(kept.troubles) == told, "nobody is there to be told"


async def test_of_ended_sessions_only_so_much_is_kept_and_the_log_says_which_was_given_up(
    writer, monkeypatch, caplog
):
    monkeypatch.setattr(writing, "MOST_ENDED_BYTES", 1_000)
    writer.store.full = True
    first, second = Kept(writer, "sess_1"), Kept(writer, "sess_2")
    for kept in (first, second):
        kept.say("x" * 600)
        await soon(kept.finish())
    third = Kept(writer, "sess_3")
    await asyncio.sleep(0.1)
    writer.store.full = False
    await soon(third.works.wait())
    assert (stored(writer, "sess_1"), stored(writer, "sess_2")) == ([], [1])
    assert "session sess_1: it ended while storing failed" in caplog.text


async def test_when_the_server_stops_what_waits_is_written(tmp_path):
    writer = Writer(FailingStore(tmp_path))
    task = asyncio.create_task(writer.run())
    kept = Kept(writer)
    kept.say()
    await soon(writer.close())
    await soon(task)
    with Store(tmp_path, create=False) as store:
        assert [each.seq for each in store.events("sess_1")] == [1]


async def test_when_the_server_stops_while_the_disk_fails_the_log_says_what_is_lost(tmp_path, caplog):
    writer = Writer(FailingStore(tmp_path))
    writer.store.full = True
    task = asyncio.create_task(writer.run())
    kept = Kept(writer)
    event = kept.say()
    await soon(writer.close())
    await soon(task)
    await soon(kept.durable(event))
    assert "session sess_1: its last events could not be stored" in caplog.text


async def test_a_note_is_written_in_its_order_and_an_export_does_not_wait_for_a_disk_that_fails(writer, kept):
    kept.say()
    await soon(kept.note("exported_txt"))
    assert writer.store.audit()[-1].what == "exported_txt"
    writer.store.full = True
    await soon(kept.note("exported_pdf"))
    kept.say()
    writer.store.full = False
    await soon(kept.works.wait())
    assert [row.what for row in writer.store.audit()][-2:] == ["exported_pdf", "item_edited"]


async def test_an_empty_session_leaves_nothing_in_the_store(writer, kept):
    await soon(kept.finish())
    assert writer.store.sessions() == []


async def test_a_fault_of_the_program_is_told_as_a_failing_store_and_later_all_is_written(
    writer, kept, monkeypatch
):
    def broken(*_):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(Store, "append", broken)
        await soon(kept.durable(kept.say()))
        assert [trouble.code for trouble in kept.troubles] == ["store_failed"]
    await soon(kept.works.wait())
    assert stored(writer) == [1]


async def test_a_notice_is_an_event_like_others(writer, kept):
    await soon(kept.durable(kept.add(Notice(code="x", message="y"))))
    assert stored(writer) == [1]
