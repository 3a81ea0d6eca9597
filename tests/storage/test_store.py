"""The store, on a real disk: durable, append-only, refusing what it cannot read, losing nothing."""

import os
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from assistant.errors import AssistantError, BadInput
from assistant.events import (
    DurationUsage,
    IntentEvent,
    ItemEdited,
    TranscriptCompleted,
)
from assistant.export.history import SessionInfo
from assistant.storage.store import FILE, Store
from tests.storage.rows import logged

SESSION = SessionInfo("sess_1", datetime(2026, 11, 24, 9, 30, tzinfo=UTC), "lasr-mini")
SAID = "xylophagous lungs"


def events(first=1, text=SAID):
    """One utterance, heard and taken, without its deltas."""
    completed = TranscriptCompleted(
        seq=first, item_id="utt_1", transcript=text, usage=DurationUsage(seconds=1), start_ms=0, end_ms=1000
    )
    intent = IntentEvent(
        seq=first + 2, item_id="utt_1", intent="dictation", confidence=1, reason="", text=text
    )
    return [completed, intent]


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "kept")
    opened.open_session(SESSION, "secret", "Dr A")
    yield opened
    opened.close()


def test_what_was_stored_is_there_for_the_next_process(store, tmp_path):
    store.append("sess_1", logged(events()), "Dr A")
    store.close()
    again = Store(tmp_path / "kept", create=False)
    assert again.sessions() == [SESSION]
    assert again.events("sess_1") == events()
    again.close()


def test_only_its_owner_can_read_the_file(store):
    assert stat.S_IMODE(os.stat(store.path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(store.path.parent).st_mode) == 0o700


def test_the_token_is_stored_as_a_hash_and_recognised(store):
    assert store.is_token_of("sess_1", "secret")
    assert not store.is_token_of("sess_1", "other")
    assert not store.is_token_of("sess_2", "secret")
    store.close()
    assert b"secret" not in store.path.read_bytes()


def test_writing_the_same_events_twice_stores_them_once(store):
    store.append("sess_1", logged(events()), "Dr A")
    store.append("sess_1", logged([*events(), ItemEdited(seq=4, item_id="utt_1", text="New.")]), "Dr A")
    assert [event.seq for event in store.events("sess_1")] == [1, 3, 4]
    store.verify()


def test_the_audit_says_who_did_what_and_holds_no_text(store):
    store.append("sess_1", logged([*events(), ItemEdited(seq=4, item_id="utt_1", text=SAID)]), "Dr A")
    store.record("sess_1", "Dr A", "exported_docx")
    assert [(row.who, row.what) for row in store.audit()] == [
        ("Dr A", "session_opened"),
        ("recogniser", "utterance_heard"),
        ("assistant", "taken_as_dictation"),
        ("Dr A", "item_edited"),
        ("Dr A", "exported_docx"),
    ]
    assert SAID not in repr(store.audit())


def test_nothing_in_the_audit_can_be_changed_through_the_store(store):
    for change in ("UPDATE audit SET who = 'x'", "DELETE FROM audit", "UPDATE events SET json = ''"):
        store.append("sess_1", logged(events()), "Dr A")
        with sqlite3.connect(store.path) as raw, pytest.raises(sqlite3.IntegrityError, match="append only"):
            raw.execute(change)
        raw.close()


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE events SET json = replace(json, 'lungs', 'heart')",
        "DELETE FROM events",
        "UPDATE audit SET who = 'Dr B' WHERE id = 3",
        "DELETE FROM audit WHERE id = 2",
        "UPDATE audit SET at = '2020' WHERE id = 1",
    ],
)
def test_changes_behind_its_back_are_found(store, tamper):
    store.append("sess_1", logged(events()), "Dr A")
    last = store.verify()
    assert len(last) == 64
    with sqlite3.connect(store.path) as raw:
        for trigger in ("events_are_kept", "audit_is_kept", "audit_stays"):
            raw.execute(f"DROP TRIGGER {trigger}")
        raw.execute(tamper)
    raw.close()
    with pytest.raises(BadInput) as caught:
        store.verify()
    assert caught.value.code == "audit_broken"


def test_two_stores_on_one_folder_keep_one_chain(store, tmp_path):
    other = Store(tmp_path / "kept")
    other.open_session(SessionInfo("sess_2", SESSION.started_at, "x"), "t", "Dr B")

    def write(into, session_id):
        for n in range(20):
            into.append(session_id, logged(events(1 + 3 * n)), "who")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, (store, other), ("sess_1", "sess_2")))
    assert len(store.audit()) == 2 + 2 * 2 * 20
    store.verify()
    other.close()


def test_events_of_a_newer_version_are_left_out(store):
    store.append("sess_1", logged(events()), "Dr A")
    with sqlite3.connect(store.path) as raw:
        raw.execute("INSERT INTO events VALUES ('sess_1', 9, 'assistant.from.the.future', '{}')")
    raw.close()
    assert [event.seq for event in store.events("sess_1")] == [1, 3]


def test_an_unknown_session_is_refused(store):
    with pytest.raises(BadInput) as caught:
        store.events("sess_9")
    assert caught.value.code == "session_unknown"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="is not writable") as caught:
        Store(tmp_path / "file" / "store")
    assert caught.value.code == "store_unwritable"


def test_reading_needs_a_store_and_makes_none(tmp_path):
    with pytest.raises(BadInput) as caught:
        Store(tmp_path / "nothing", create=False)
    assert caught.value.code == "store_missing"
    assert not (tmp_path / "nothing").exists()


def _sqlite_of_another_program(path):
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE theirs (x)")
    raw.close()


def test_a_file_that_is_no_store_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / FILE
    for make in (
        lambda p: p.write_bytes(b"not a database, but long enough to look" * 30),
        _sqlite_of_another_program,
    ):
        path.unlink(missing_ok=True)
        make(path)
        before = path.read_bytes()
        with pytest.raises(BadInput) as caught:
            Store(tmp_path)
        assert caught.value.code == "store_broken"
        assert path.read_bytes() == before


def test_a_damaged_file_is_told_as_such(store):
    store.append("sess_1", logged(events(text="lungs " * 20_000)), "Dr A")
    store.close()
    data = bytearray(store.path.read_bytes())
    data[4096 * 2 :] = os.urandom(len(data) - 4096 * 2)
    store.path.write_bytes(data)
    with pytest.raises(BadInput) as caught:
        Store(store.path.parent).events("sess_1")
    assert caught.value.code == "store_broken"


def test_a_full_disk_is_an_error_and_what_was_stored_stays(store):
    store.append("sess_1", logged(events()), "Dr A")
    store._connection.execute("PRAGMA max_page_count = 1")  # sqlite's own way to fill a disk
    with pytest.raises(AssistantError) as caught:
        store.append("sess_1", logged(events(10, "lungs " * 50_000)), "Dr A")
    assert caught.value.code == "store_failed"
    assert "lungs" not in caught.value.message
    assert [event.seq for event in store.events("sess_1")] == [1, 3]
    store._connection.execute("PRAGMA max_page_count = 1000000")
    store.append("sess_1", logged(events(10, "lungs " * 50_000)), "Dr A")
    store.verify()
