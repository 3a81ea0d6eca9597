"""The store, on a real disk: durable, append-only, refusing what it cannot read, losing nothing."""

import contextlib
import os
import re
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from assistant.conversation.log import Logged
from assistant.errors import AssistantError, BadInput
from assistant.events import (
    DocumentChanged,
    DurationUsage,
    IntentEvent,
    ItemEdited,
    Order,
    OutputTextDone,
    Patient,
    PositionPart,
    ReportDescribed,
    RunPart,
    SectionPart,
    TranscriptCompleted,
)
from assistant.export.history import SessionInfo, report_from
from assistant.principal import SOLE
from assistant.storage.database import FILE
from assistant.storage.store import Search, Store, verified
from tests.postgres import needs_postgres
from tests.storage.rows import dump, logged, raw

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
def store(where, tmp_path):
    opened = Store(where, files=tmp_path / "files")
    opened.open_session(SESSION, "secret", "Dr A")
    yield opened
    opened.close()


@pytest.fixture
def in_a_file(tmp_path):
    """A store of SQLite, for what only a file can suffer."""
    with Store(tmp_path / "kept") as opened:
        opened.open_session(SESSION, "secret", "Dr A")
        yield opened


def test_what_was_stored_is_there_for_the_next_process(store, where):
    store.append("sess_1", logged(events()), "Dr A")
    store.close()
    again = Store(where, create=False)
    assert again.sessions() == [SESSION]
    assert again.events("sess_1") == events()
    again.close()


def test_the_bytes_of_each_report_are_counted_for_its_owner(store):
    said = logged(events(text="10 µg – naïve"))
    size = sum(len(each.json.encode()) for each in said)
    store.append("sess_1", said, "Dr A")
    store.open_session(SessionInfo("sess_2", SESSION.started_at, "lasr-mini"), "other", "Dr B", "user_b")
    assert sorted(store.sizes()) == [(SOLE, "sess_1", size), ("user_b", "sess_2", 0)]
    assert store.sizes("user_b") == [("user_b", "sess_2", 0)]
    store.forget("sess_1", "Dr A")
    assert store.sizes(SOLE) == []


def test_only_its_owner_can_read_the_file(in_a_file):
    assert stat.S_IMODE(os.stat(in_a_file.path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(in_a_file.path.parent).st_mode) == 0o700


def test_the_token_is_stored_as_a_hash_and_recognised(store, where):
    assert store.is_token_of("sess_1", "secret")
    assert not store.is_token_of("sess_1", "other")
    assert not store.is_token_of("sess_2", "secret")
    assert "secret" not in dump(where)
    assert "Dr A" in dump(where)


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


def test_nothing_in_the_audit_can_be_changed_through_the_store(store, where):
    for change in (
        "UPDATE audit SET who = 'x'",
        "DELETE FROM audit",
        "UPDATE events SET json = ''",
        "UPDATE sessions SET recogniser = 'x'",
    ):
        store.append("sess_1", logged(events()), "Dr A")
        with pytest.raises(DBAPIError, match="append only"), raw(where) as connection:
            connection.execute(sa.text(change))


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


def fill(store):
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


@pytest.fixture
def full(store):
    fill(store)
    return store


def tampered(where, statements):
    with raw(where, rules=False) as connection:
        for statement in filter(None, statements.split("; ")):
            connection.execute(sa.text(statement))


@pytest.mark.parametrize(("tamper", "named"), TAMPERINGS.items(), ids=range(len(TAMPERINGS)))
def test_changes_behind_its_back_are_found_and_named(full, where, tamper, named):
    assert len(full.verify()) == 64
    tampered(where, tamper)
    with pytest.raises(BadInput) as caught:
        full.verify()
    assert caught.value.code == "audit_broken"
    assert named in caught.value.message
    assert SAID not in caught.value.message


def test_every_value_that_an_export_reads_is_covered(full, where):
    """Each column of each row in turn."""
    with raw(where, rules=False) as connection:
        for table in ("events", "sessions"):
            for row in connection.execute(sa.text(f"SELECT * FROM {table}")).mappings().all():
                for column, value in row.items():
                    other = {**row, column: value + 1_000 if isinstance(value, int) else f"{value} "}
                    put(connection, table, row, other)
                    with pytest.raises(BadInput) as caught:
                        verified(connection)
                    assert caught.value.code == "audit_broken", (table, column)
                    put(connection, table, other, row)
    full.verify()


def put(connection, table, before, after):
    assignments = ", ".join(f"{column} = :new_{column}" for column in after)
    wanted = " AND ".join(f"{column} = :{column}" for column in before)
    values = {**before, **{f"new_{column}": value for column, value in after.items()}}
    assert (
        connection.execute(sa.text(f"UPDATE {table} SET {assignments} WHERE {wanted}"), values).rowcount == 1
    )


def test_an_end_that_was_cut_off_is_found_by_an_earlier_hash(full, where):
    earlier = full.verify()
    full.append("sess_2", logged([ItemEdited(seq=4, item_id="utt_1", text="New.")]), "Dr B")
    last = full.verify(earlier)
    number = len(full.audit())
    tampered(
        where,
        f"DELETE FROM events WHERE seq = 4 AND session_id = 'sess_2'; DELETE FROM audit WHERE id = {number}",
    )
    assert full.verify(earlier) == earlier, "without a later hash it looks whole"
    with pytest.raises(BadInput) as caught:
        full.verify(last)
    assert caught.value.code == "audit_cut"


def test_a_deletion_is_a_record_and_leaves_nothing_of_what_was_said(full, where):
    (full.files_of("sess_1") / "study").mkdir(parents=True)
    full.refresh()
    full.forget("sess_1", "Dr A")
    assert not full.files_of("sess_1").exists()
    full.verify()
    assert [session.id for session in full.sessions()] == ["sess_2"]
    assert (full.audit()[-1].who, full.audit()[-1].what) == ("Dr A", "session_deleted")
    assert not full.is_token_of("sess_1", "secret")
    with pytest.raises(BadInput) as caught:
        full.forget("sess_1", "Dr A")
    assert caught.value.code == "session_unknown"
    full.forget("sess_2", "Dr A")
    assert SAID not in dump(where)
    for file in full.path.parent.iterdir() if full.path else ():
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
        tampered(tmp_path, "UPDATE events SET json = replace(json, 'An answer', 'Another')")
        with pytest.raises(BadInput, match="Event 7 of sess_1"):
            store.verify()


def test_two_stores_in_one_place_keep_one_chain(store, where):
    other = Store(where)
    other.open_session(SessionInfo("sess_2", SESSION.started_at, "x"), "t", "Dr B")

    def write(into, session_id):
        for n in range(20):
            into.append(session_id, logged(events(1 + 3 * n)), "who")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, (store, other), ("sess_1", "sess_2")))
    assert len(store.audit()) == 2 + 2 * 2 * 20
    store.verify()
    other.close()


def test_events_of_a_newer_version_are_left_out(store, where):
    store.append("sess_1", logged(events()), "Dr A")
    with raw(where) as connection:
        connection.exec_driver_sql(
            "INSERT INTO events VALUES ('sess_1', 9, 'assistant.from.the.future', '{}')"
        )
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
    with contextlib.closing(sqlite3.connect(path)) as theirs:
        theirs.execute("CREATE TABLE theirs (x)")


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


def test_a_damaged_file_is_told_as_such(in_a_file):
    store = in_a_file
    store.append("sess_1", logged(events(text="lungs " * 20_000)), "Dr A")
    store.close()
    data = bytearray(store.path.read_bytes())
    data[4096 * 2 :] = os.urandom(len(data) - 4096 * 2)
    store.path.write_bytes(data)
    with pytest.raises(BadInput) as caught:
        Store(store.path.parent).events("sess_1")
    assert caught.value.code == "store_broken"


def test_a_full_disk_is_an_error_and_what_was_stored_stays(in_a_file):
    store, pages = in_a_file, {"most": 1}

    @sa.event.listens_for(store._engine, "begin")
    def full(connection):  # sqlite's own way to fill a disk
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages['most']}")

    store.append("sess_1", logged(events()), "Dr A")
    with pytest.raises(AssistantError) as caught:
        store.append("sess_1", logged(events(10, "lungs " * 50_000)), "Dr A")
    assert caught.value.code == "store_failed"
    assert "lungs" not in caught.value.message
    assert [event.seq for event in store.events("sess_1")] == [1, 3]
    pages["most"] = 1_000_000
    store.append("sess_1", logged(events(10, "lungs " * 50_000)), "Dr A")
    store.verify()


def test_what_another_server_took_up_is_its_own_from_then_on(store, where):
    store.append("sess_1", logged(events()), "Dr A")
    with Store(where, create=False) as other:
        with pytest.raises(BadInput) as refused:
            other.append("sess_1", logged(events(10)), "Dr A")
        other.take_up("sess_1")
        assert store.is_elsewhere("sess_1")
        assert not other.is_elsewhere("sess_1")
        other.append("sess_1", logged(events(1_000_010)), "Dr A")
        with pytest.raises(BadInput) as late:
            store.append("sess_1", logged(events(20)), "Dr A")
        assert refused.value.code == late.value.code == "session_elsewhere"
        store.forget("sess_1", "assistant", held=True)
        assert [event.seq for event in other.events("sess_1")] == [1, 3, 1_000_010, 1_000_012]
        other.verify()
        assert store.expired("9999", "9999") == [], "it was taken up a moment ago"
        assert other.expired("9999", "9999") == ["sess_1"]
        other.forget("sess_1", "assistant", held=True)
    with pytest.raises(BadInput) as gone:
        store.append("sess_1", logged(events(30)), "Dr A")
    assert gone.value.code == "session_elsewhere"


def written(seq, *texts, name=""):
    """A report with these words, and the patient's name."""
    sections = [
        SectionPart(id=f"s{n}", title="", runs=[RunPart(text=each, origin="voice")])
        for n, each in enumerate(texts)
    ]
    report = DocumentChanged(
        seq=seq, revision=1, sections=sections, cursor=PositionPart(section_id="s0", offset=0)
    )
    patient = Patient(id="7", name=name, born="")
    return [report, ReportDescribed(seq=seq + 1, patient=patient, order=Order())]


SEARCHED = {
    "lung": True,
    "LUNGS clear": True,
    "lungs effusion": False,
    "ung": False,
    "abdomen": True,
    "chest abdomen": True,
    "chest/abd": True,
    "naive": True,
    "NAÏVE": True,
    "mri-2": True,
    "3.5": True,
    "3.6": False,
    "example.org": True,
    "o'brien": True,
    "' OR 1 --": False,
    "& | ! :*": True,  # no word at all
    "肺": True,
    "a_b": True,
}


def test_words_are_found_by_their_beginnings_alike_in_both_databases(store):
    text = "The lungs are clear. Chest/abdomen: naïve to O'Brien's MRI-2, 3.5 cm, www.example.org 肺炎 a_b"
    store.append("sess_1", logged(written(1, text)), "Dr A")
    store.refresh()
    for asked, found in SEARCHED.items():
        assert [each.id for each in store.reports(None, Search(text=asked))] == ["sess_1"] * found, asked


def test_reports_are_found_by_what_is_known_of_them(store):
    store.append("sess_1", logged(written(1, "Clear.\0", name="Ann\0 Example")), "Dr A")
    store.refresh()
    (listed,) = store.reports(SOLE, Search())
    assert listed.patient_name.replace("\0", "") == "Ann Example"
    assert listed.excerpt.startswith("Clear.")
    day = listed.changed_at[:10]
    utc = datetime.fromisoformat(listed.changed_at).astimezone(UTC).date().isoformat()
    for search, found in (
        (Search(patient="ann"), 1),
        (Search(patient="%"), 0),
        (Search(patient="\0ann"), 1),
        (Search(order="x"), 0),
        (Search(since=utc, until=utc), 1),
        (Search(since="2999-01-01"), 0),
        (Search(until="2000-01-01"), 0),
        (Search(author="Dr A", state="draft"), 1),
        (Search(state="final"), 0),
    ):
        assert len(store.reports(SOLE, search)) == found, (search, day)
    assert store.reports("user_of_another", Search()) == []


@needs_postgres
def test_nothing_of_a_deleted_report_is_in_the_files_of_postgresql_after_what_the_docs_say(
    postgres_server, postgres
):
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    commands = re.search(r"```sql\n(.*?)```", page, re.S)[1]

    def holding():
        files = [each for each in (postgres_server.folder / "data").rglob("*") if each.is_file()]
        return [
            each.name
            for each in files
            if any(word in each.read_bytes() for word in (SAID[:8].encode(), b"Quintessa"))
        ]

    name = sa.make_url(postgres).database
    with Store(postgres) as store:
        store.open_session(SESSION, "secret", "Dr A")
        store.append("sess_1", logged(written(1, SAID, name="Quintessa")), "Dr A")
        store.refresh()
        postgres_server.sql(name, "ANALYZE")
        postgres_server.sql(name, "CHECKPOINT")
        assert holding()
        store.forget("sess_1", "Dr A")
        for command in filter(None, map(str.strip, commands.split(";"))):
            postgres_server.sql(name, command)
        assert holding() == []


@needs_postgres
def test_a_report_of_more_words_than_postgresql_searches_is_stored(postgres):
    with Store(postgres) as store:
        store.open_session(SESSION, "secret", "Dr A")
        many = " ".join(f"xylophagous{n:07d}" for n in range(80_000))
        store.append("sess_1", logged(written(1, f"first {many} {'x' * 4000}")), "Dr A")
        store.refresh()
        assert len(store.reports(None, Search(text="first xylophagous0000007"))) == 1
        assert store.sections("sess_1")[0][1].endswith("x")


@needs_postgres
def test_an_error_of_postgresql_names_no_value_of_a_row(postgres):
    with Store(postgres) as store:
        store.open_session(SESSION, "secret", "Dr A")
        broken = [
            Logged(1, "assistant.item.edited", ItemEdited(seq=1, item_id="u", text=SAID).model_dump_json())
        ]
        with raw(postgres) as connection:
            connection.execute(sa.text("ALTER TABLE events ADD CHECK (json = '')"))
        with pytest.raises(AssistantError) as failed:
            store.append("sess_1", broken, "Dr A")
        assert failed.value.code == "store_failed"
        assert SAID not in failed.value.message
        assert "23514" in failed.value.message


@needs_postgres
def test_a_database_without_a_store_is_not_made_one_by_reading(postgres_server, tmp_path):
    url = postgres_server.new_database("template0")
    with pytest.raises(BadInput) as missing:
        Store(url, create=False)
    assert missing.value.code == "store_missing"
    postgres_server.drop_databases()


@needs_postgres
def test_a_database_that_does_not_answer_is_refused_without_its_password(postgres_server):
    with pytest.raises(BadInput) as refused:
        Store("postgresql://me:hunter2@127.0.0.1:9/nobody")
    assert refused.value.code == "store_unwritable"
    assert "hunter2" not in refused.value.message
