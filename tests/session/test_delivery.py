"""Events on their way to a client that leaves, comes back, or does not read."""

import asyncio
from datetime import UTC, datetime

import pytest

from assistant.config import Settings
from assistant.errors import BadInput, EngineFailed
from assistant.events import (
    AudioStatus,
    EngineDescription,
    ErrorEvent,
    ItemEdited,
    Notice,
    Recogniser,
    SessionAudio,
    SessionClosing,
    SessionCreated,
    SessionState,
    TranscriptPartial,
    server_events,
)
from assistant.export.history import SessionInfo
from assistant.principal import sole_user
from assistant.session.delivery import ENDED, OUTBOX_BYTES, TOO_SLOW, Delivery
from assistant.storage.kept_session import KeptSession

STATE = SessionState(
    id="s",
    resume_token="t",
    grace_s=0,
    audio=SessionAudio(),
    recogniser=Recogniser(name="scripted"),
    engine=EngineDescription(name="scripted", stand_in=True, sees_images=False),
)


@pytest.fixture
def gone():
    return asyncio.Event()


@pytest.fixture
def delivery(gone):
    info = SessionInfo("s", datetime(2026, 1, 1, tzinfo=UTC), "scripted")
    kept = KeptSession(Settings(), info, None, "t", lambda _: None, person=sole_user("person"))
    return Delivery("s", kept, 0, on_gone=gone.set)


async def rest_of(outbox):
    outbox.close(ENDED)
    events = []
    while (event := await outbox.get()) is not None:
        events.append(server_events.validate_json(event.json))
    return events


def edited(number):
    return ItemEdited(item_id=f"utt_{number}", text="")


async def test_a_partial_or_status_that_waits_is_replaced_by_the_newer_one(delivery):
    outbox = delivery.connect(STATE, None)
    for number in range(3):
        delivery.emit(TranscriptPartial(item_id="utt_1", stable=str(number), tentative=""))
        delivery.emit(TranscriptPartial(item_id="utt_2", stable=str(number), tentative=""))
        delivery.emit(AudioStatus(transport="websocket", received=number))
    created, one, two, status = await rest_of(outbox)
    assert isinstance(created, SessionCreated)
    assert (one.stable, two.stable, status.received) == ("2", "2", 2)


async def test_who_comes_back_gets_what_was_emitted_meanwhile(delivery, gone):
    outbox = delivery.connect(STATE, None)
    delivery.emit(edited(1))
    assert delivery.disconnect(outbox)
    delivery.emit(edited(2))
    back = delivery.connect(STATE, after_seq=1)
    created, missed = await rest_of(back)
    assert (created.resumed, missed.item_id, missed.seq) == (True, "utt_2", 2)
    assert not gone.is_set()


async def test_a_second_connection_takes_over_and_the_first_is_told(delivery):
    first = delivery.connect(STATE, None)
    second = delivery.connect(STATE, 0)
    assert isinstance((await rest_of(first))[-1], SessionClosing)
    assert not delivery.disconnect(first)
    assert delivery.connected
    assert delivery.disconnect(second)


async def test_a_client_that_does_not_read_is_let_go_and_the_session_ends_when_nobody_comes(delivery, gone):
    outbox = delivery.connect(STATE, None)
    sent = 0
    while delivery.connected:
        delivery.emit(ItemEdited(item_id=f"utt_{sent}", text="x" * 10_000))
        sent += 1
    assert sent <= OUTBOX_BYTES // 10_000 + 1
    assert (outbox.code, outbox.dropped.is_set()) == (TOO_SLOW, True)
    assert await outbox.get() is None, "what waited is let go"
    await gone.wait()


async def test_who_was_too_slow_gets_everything_when_it_comes_back_and_is_told(delivery):
    delivery.connect(STATE, None)
    sent = 0
    while delivery.connected:
        delivery.emit(ItemEdited(item_id=f"utt_{sent}", text="x" * 100_000))
        sent += 1
    _, *events = await rest_of(delivery.connect(STATE, 0))
    assert [e.item_id for e in events if isinstance(e, ItemEdited)] == [f"utt_{n}" for n in range(sent)]
    assert [e.code for e in events if isinstance(e, Notice)] == ["client_too_slow"]


async def test_a_replay_longer_than_the_outbox_arrives_whole(delivery):
    count = 2 * OUTBOX_BYTES // 100_000
    for number in range(count):
        delivery.emit(ItemEdited(item_id=f"utt_{number}", text="x" * 100_000))
    outbox = delivery.connect(STATE, 0)
    delivery.emit(edited(count))
    _, *events = await rest_of(outbox)
    assert [event.seq for event in events] == list(range(1, count + 2))


async def test_after_the_end_nobody_is_waited_for(delivery, gone):
    outbox = delivery.connect(STATE, None)
    delivery.close(ENDED)
    assert delivery.disconnect(outbox)
    await asyncio.sleep(0)
    assert not gone.is_set()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (BadInput("No.", code="item_unknown"), "invalid_request_error"),
        (EngineFailed("No.", code="engine_timeout"), "server_error"),
    ],
)
async def test_a_refusal_names_its_cause(delivery, error, kind):
    outbox = delivery.connect(STATE, None)
    delivery.refuse(error, "event_1")
    _, told = await rest_of(outbox)
    assert isinstance(told, ErrorEvent)
    assert (told.error.type, told.error.code, told.error.event_id) == (kind, error.code, "event_1")


async def test_an_event_that_cannot_be_sent_as_it_is_stops_no_other(delivery, monkeypatch):
    """It is mended before it is logged, or a notice stands in its place: a resume must not meet it again."""
    delivery.emit(ItemEdited(item_id="a", text="half \ud83d, whole \ud83d\ude00"))
    monkeypatch.setattr(ItemEdited, "model_validate", lambda _: ItemEdited(item_id="b", text="\ud800"))
    delivery.emit(ItemEdited(item_id="b", text="\ud800"))
    monkeypatch.undo()
    delivery.emit(ItemEdited(item_id="c", text="said"))
    outbox = delivery.connect(STATE.model_copy(update={"wake_phrase": "\udc80"}), 0)
    _, mended, notice, said = await rest_of(outbox)
    assert mended.text == "half \ufffd, whole 😀"
    assert notice.code == "event_not_sendable" and said.text == "said"
