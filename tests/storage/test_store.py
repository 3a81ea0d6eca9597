"""The store, on a real disk: durable, append-only, refusing what it cannot read, losing nothing."""

import contextlib
import os
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.errors import AssistantError, BadInput
from assistant.events import (
    DocumentChanged,
    DurationUsage,
    IntentEvent,
    ItemEdited,
    OutputTextDone,
    PositionPart,
    RunPart,
    SectionPart,
    TranscriptCompleted,
)
from assistant.export.history import SessionInfo, report_from
from assistant.storage.store import FILE, Store
from tests.storage.rows import logged

DATA = Path(__file__).parents[1] / "data" / "store"
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


TAMPERINGS = {
    # a transcript, the report, an answer, and how it was taken
    "UPDATE events SET json = replace(json, 'lungs', 'heart') WHERE seq = 1": "Event 1 of sess_1",
    "UPDATE events SET json = replace(json, 'report', 'denial') WHERE seq = 4": "Event 4 of sess_1",
    "UPDATE events SET json = replace(json, 'An answer', 'Another') WHERE seq = 5": "Event 5 of sess_1",
    "UPDATE events SET json = replace(json, 'dictation', 'question') WHERE seq = 3": "Event 3 of sess_1",
    "UPDATE events SET type = 'assistant.unknown' WHERE seq = 5": "Event 5 of sess_1",
    # deleted, one and all
    "DELETE FROM events WHERE seq = 5": "Event 5 of sess_1",
    "DELETE FROM events": "Event 1 of sess_1",
    "DELETE FROM events WHERE session_id = 'sess_1'; DELETE FROM sessions WHERE id = 'sess_1'": "sess_1",
    "DELETE FROM sessions WHERE id = 'sess_2'": "The session sess_2",
    # forged
    "INSERT INTO events SELECT session_id, 9, type, replace(json, 'lungs', 'heart') FROM events"
    " WHERE seq = 1 AND session_id = 'sess_1'": "Event 9 of sess_1",
    "INSERT INTO sessions VALUES ('sess_9', '2026-01-01T00:00:00+00:00', 'x', 'y')": "The session sess_9",
    "INSERT INTO audit SELECT 99, at, session_id, who, 'exported_pdf', NULL, '', hash FROM audit"
    " WHERE id = 1": "Audit row 99",
    # moved
    "UPDATE events SET seq = 90 WHERE seq = 1; UPDATE events SET seq = 1 WHERE seq = 5": "Event 1 of sess_1",
    "UPDATE events SET session_id = 'sess_2' WHERE seq = 5": "Event 5 of sess_2",
    "UPDATE audit SET id = 50 WHERE id = 3; UPDATE audit SET id = 3 WHERE id = 4": "Audit row 3",
    # the session itself
    "UPDATE sessions SET started_at = '2020-01-01T00:00:00+00:00' WHERE id = 'sess_1'": "The session sess_1",
    "UPDATE sessions SET recogniser = 'other' WHERE id = 'sess_1'": "The session sess_1",
    "UPDATE sessions SET token_sha256 = 'x' WHERE id = 'sess_1'": "The session sess_1",
    # the audit
    "UPDATE audit SET who = 'Dr B' WHERE id = 3": "Audit row 3",
    "UPDATE audit SET at = '2020' WHERE id = 1": "Audit row 1",
    "UPDATE audit SET what = 'exported_pdf' WHERE what = 'exported_docx'": "Audit row 7",
    "UPDATE audit SET event_sha256 = '' WHERE id = 1": "Audit row 1",
    "DELETE FROM audit WHERE id = 2": "Audit row 3",
    "DELETE FROM audit WHERE id > 5": "Event 5 of sess_1",
    "DELETE FROM audit": "is in no row of the audit",
}


@pytest.fixture
def full(store):
    """Two sessions, with every kind of row that an export reads."""
    store.open_session(SessionInfo("sess_2", SESSION.started_at, "x"), "t", "Dr B")
    report = DocumentChanged(
        seq=4,
        revision=1,
        sections=[SectionPart(id="text", title="", runs=[RunPart(text="The report.", origin="voice")])],
        cursor=PositionPart(section_id="text", offset=0),
    )
    answer = OutputTextDone(seq=5, response_id="r", item_id="a", text="An answer.")
    store.append("sess_1", logged([*events(), report, answer]), "Dr A")
    store.record("sess_1", "Dr A", "exported_docx")
    store.append("sess_2", logged(events()), "Dr B")
    return store


def tampered(store, statements):
    with contextlib.closing(sqlite3.connect(store.path)) as raw:
        for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {trigger}")
        raw.executescript(statements)


@pytest.mark.parametrize(("tamper", "named"), TAMPERINGS.items(), ids=range(len(TAMPERINGS)))
def test_changes_behind_its_back_are_found_and_named(full, tamper, named):
    assert len(full.verify()) == 64
    tampered(full, tamper)
    with pytest.raises(BadInput) as caught:
        full.verify()
    assert caught.value.code == "audit_broken"
    assert named in caught.value.message
    assert SAID not in caught.value.message


def test_every_value_that_an_export_reads_is_covered(full):
    """Each column of each row in turn."""
    tampered(full, "")
    with contextlib.closing(sqlite3.connect(full.path, isolation_level=None)) as raw:
        raw.row_factory = sqlite3.Row
        for table in ("events", "sessions"):
            for row in map(dict, raw.execute(f"SELECT * FROM {table}").fetchall()):
                for column, value in row.items():
                    other = value + 1_000 if isinstance(value, int) else f"{value} "
                    put(raw, table, row, {**row, column: other})
                    with pytest.raises(BadInput) as caught:
                        full.verify()
                    assert caught.value.code == "audit_broken", (table, column)
                    put(raw, table, {**row, column: other}, row)
    full.verify()


def put(raw, table, before, after):
    assignments = ", ".join(f"{column} = ?" for column in after)
    where = " AND ".join(f"{column} = ?" for column in before)
    values = (*after.values(), *before.values())
    assert raw.execute(f"UPDATE {table} SET {assignments} WHERE {where}", values).rowcount == 1


def test_an_end_that_was_cut_off_is_found_by_an_earlier_hash(full):
    earlier = full.verify()
    full.append("sess_2", logged([ItemEdited(seq=4, item_id="utt_1", text="New.")]), "Dr B")
    last = full.verify(earlier)
    number = len(full.audit())
    tampered(
        full,
        f"DELETE FROM events WHERE seq = 4 AND session_id = 'sess_2'; DELETE FROM audit WHERE id = {number}",
    )
    assert full.verify(earlier) == earlier, "without a later hash it looks whole"
    with pytest.raises(BadInput) as caught:
        full.verify(last)
    assert caught.value.code == "audit_cut"


def test_a_deletion_is_a_record_and_leaves_nothing_of_what_was_said(full):
    full.forget("sess_1", "Dr A")
    full.verify()
    assert [session.id for session in full.sessions()] == ["sess_2"]
    assert (full.audit()[-1].who, full.audit()[-1].what) == ("Dr A", "session_deleted")
    assert not full.is_token_of("sess_1", "secret")
    with pytest.raises(BadInput) as caught:
        full.forget("sess_1", "Dr A")
    assert caught.value.code == "session_unknown"
    full.forget("sess_2", "Dr A")
    for file in full.path.parent.iterdir():
        assert SAID.encode() not in file.read_bytes()


def test_a_store_of_the_first_version_opens_is_whole_and_covered_from_then_on(tmp_path):
    (tmp_path / FILE).write_bytes((DATA / "first_version.sqlite3").read_bytes())
    with Store(tmp_path, create=False) as store:
        last = store.verify("e277eae0691e966bcbd27ca4c8e4c2cf10b53d36c27b89307ccfc41c83896f10")
        first = store.session("sess_1")
        report = report_from(store.events("sess_1"), first, SESSION.started_at)
        assert report.answers[0].answer == "An answer."
        assert report.utterances[0].written == "The lungs are clear."
    with Store(tmp_path, create=False) as store:
        assert store.verify() == last, "it is carried over once"
        tampered(store, "UPDATE events SET json = replace(json, 'An answer', 'Another')")
        with pytest.raises(BadInput, match="Event 7 of sess_1"):
            store.verify()


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
