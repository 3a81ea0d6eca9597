"""The store on disk, used when a folder is given: finals, document revisions, answers, and their audit.

One SQLite file (write-ahead log, synced at every commit), read while it is written, by other processes too.
Nothing is encrypted here: use an encrypted disk. Rows are only ever added, except by ``forget``.

The audit holds no text. It has a row for every stored event, every session and every deletion, each with the
hash of what it is about, chained by hashes; so ``verify`` finds what was changed, added, moved or deleted
otherwise. A chain whose end was cut off is found by a hash that was its last one earlier, as the server's log
has it. Whoever may write the file can also make a whole new chain; only such an earlier hash shows it.

Every method may wait for the disk and is called off the event loop; one ``Store`` serves many threads.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from assistant.conversation.log import Logged
from assistant.dictation.plain_text import plain_text
from assistant.errors import AssistantError, BadInput
from assistant.events import (
    AttachmentAdded,
    DocumentChanged,
    DocumentPatched,
    IntentEvent,
    ItemEdited,
    ReportDescribed,
    ReportReopened,
    ReportSigned,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
    TranscriptCompleted,
    server_events,
)
from assistant.events.patching import KnownReport
from assistant.export.history import SessionInfo
from assistant.principal import SOLE
from assistant.storage.database import (
    APPLICATION_ID,
    BUSY_S,
    FILE,
    FIRST_APPLICATION_ID,
    migrate,
    prepare_file,
)
from assistant.storage.heard import Heard

AUDIT_COLUMNS = "at, session_id, who, what, seq, event_sha256"
DELETED = "session_deleted"
LISTED = (
    "id, state, title, created_at, changed_at, author, patient_id, patient_name, patient_born, accession,"
    " exam, exam_at"
)
EXCERPT_CHARS = 200
DOCUMENT_TYPES = ("assistant.document.changed", "assistant.document.patched")
KNOWN_TYPES = frozenset(event.model_fields["type"].default for event in get_args(get_args(ServerEvent)[0]))
SECOND_VERSION = f"""
PRAGMA application_id = {APPLICATION_ID};
CREATE INDEX audit_of ON audit (session_id, seq);
CREATE TRIGGER sessions_are_kept BEFORE UPDATE ON sessions BEGIN SELECT RAISE(ABORT, 'append only'); END;
"""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One audit entry: person, action, time. ``seq`` names the stored event, if it is about one.
    ``event_sha256`` is the hash of that event or, where a session begins, of its row."""

    at: str
    session_id: str
    who: str
    what: str
    seq: int | None = None
    event_sha256: str = ""

    def chained(self, previous: str) -> str:
        """The hash of this row when it follows the row with the hash ``previous``."""
        fields = [previous, self.at, self.session_id, self.who, self.what, self.seq, self.event_sha256]
        return _sha256(json.dumps(fields, ensure_ascii=False))


@dataclass(frozen=True, slots=True)
class KeptReport:
    """The stored state from which a session continues."""

    session: SessionInfo
    events: list[Logged]
    heard: Heard


State = Literal["draft", "final", "amending", "amended"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A report in a list. Times are ISO 8601 with their offset; ``excerpt`` begins its text."""

    id: str
    state: State
    title: str
    created_at: str
    changed_at: str
    author: str
    patient_id: str
    patient_name: str
    patient_born: str
    accession: str
    exam: str
    exam_at: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Search:
    """What a list is to hold; empty fields ask for nothing. Days are YYYY-MM-DD. ``text`` is words of the
    report, each of which may be the beginning of one; ``patient`` and ``order`` are parts of a name or
    number."""

    state: State | Literal[""] = ""
    patient: str = ""
    order: str = ""
    author: str = ""
    text: str = ""
    since: str = ""
    until: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Note:
    """An action on a session that is no event, such as an export. ``what`` holds no text."""

    at: str
    what: str


class Store:
    """Open until ``close``. Raises ``BadInput``: ``store_unwritable``, ``store_broken``; see each method."""

    def __init__(self, folder: Path, *, create: bool = True) -> None:
        """With ``create`` False, a folder without a store is refused (``store_missing``) and left
        untouched."""
        self.path = folder / FILE
        if not create and not self.path.is_file():
            raise BadInput(f"There is no store in {folder}.", code="store_missing")
        self._lock, self._read_lock = threading.Lock(), threading.Lock()
        try:
            self._open()
        except BadInput:
            raise
        except (OSError, sqlite3.OperationalError, AssistantError):
            raise BadInput(
                f"The folder {folder} is not writable, so nothing can be stored. Choose another --store, or "
                "--no-store.",
                code="store_unwritable",
            ) from None

    def _open(self) -> None:
        """Raises ``AssistantError``, ``OSError``, ``sqlite3.OperationalError``."""
        prepare_file(self.path)
        self._connection = self._connected()
        self._reader = self._connected()
        try:
            with self._errors():
                self._prepare()
                self._reader.execute("PRAGMA query_only = ON")
                self._reader.execute("SELECT 1 FROM sessions").fetchone()
            self._file, self._device = self._identity(), self.path.stat().st_dev
        except BaseException:
            self._disconnect()
            raise

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)

    def _disconnect(self) -> None:
        self._reader.close()
        self._connection.close()

    def _prepare(self) -> None:
        run = self._connection.execute
        if run("PRAGMA application_id").fetchone()[0] == FIRST_APPLICATION_ID:
            self._carry_over()
        migrate(self.path)
        run("PRAGMA journal_mode = WAL")  # a copy may have lost it
        run("PRAGMA secure_delete = ON")
        run("PRAGMA synchronous = FULL")
        run("PRAGMA foreign_keys = ON")

    def _carry_over(self) -> None:
        """A store that 0.2 made, whose audit had rows for some events only: the missing ones are added now.
        All or nothing."""
        run = self._connection.execute
        self._connection.executescript(f"BEGIN IMMEDIATE; {SECOND_VERSION}")
        try:
            at, who, what = now(), "assistant", "carried_over"
            sessions = run("SELECT * FROM sessions").fetchall()
            self._audit(AuditRow(at, row[0], who, what, None, _row_sha256(row)) for row in sessions)
            events = run(
                "SELECT session_id, seq, json FROM events WHERE NOT EXISTS (SELECT 1 FROM audit"
                " WHERE audit.session_id = events.session_id AND audit.seq = events.seq)"
            ).fetchall()
            self._audit(AuditRow(at, row[0], who, what, row[1], _sha256(row[2])) for row in events)
            run("COMMIT")
        except BaseException:
            run("ROLLBACK")
            raise

    def look_again(self) -> bool:
        """Whether the file was deleted or replaced since it was opened; if so, open what is there now, or
        begin a new store. Without a look nobody would know: writing to a deleted file succeeds.

        Raises ``AssistantError``: ``store_failed`` where that cannot be done, or where the disk was taken
        away: nothing is written to the folder that a disk was mounted on.
        """
        with self._lock, self._read_lock:
            try:
                if self._identity() == self._file:
                    return False
            except FileNotFoundError:
                pass
            except OSError as error:
                raise self._failed(error.strerror or type(error).__name__) from None
            if not self.path.exists() and _device_of(self.path) != self._device:
                raise self._failed("the disk is not mounted any more")
            with contextlib.suppress(sqlite3.Error):
                self._disconnect()
            try:
                self._open()
            except (OSError, sqlite3.OperationalError):
                raise self._failed("the file was deleted, and no new one can be made") from None
            return True

    def _identity(self) -> tuple[int, ...]:
        """Device and inode of the file and its write-ahead log. Raises ``OSError``."""
        found = (self.path, self.path.with_name(f"{FILE}-wal"))
        return tuple(value for path in found for value in (path.stat().st_dev, path.stat().st_ino))

    def close(self) -> None:
        with self._lock, self._read_lock:
            self._disconnect()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- writing ---

    def open_session(self, session: SessionInfo, token: str, who: str, owner: str = SOLE) -> None:
        """Register a session and its report, once. ``token`` allows its ``owner``, the id of a user, to go on
        with it and to export it later; only its hash is stored."""
        row = (session.id, session.started_at.isoformat(), session.recogniser, _sha256(token))
        run = self._connection.execute
        with self._transaction():
            if run("SELECT 1 FROM sessions WHERE id = ?", row[:1]).fetchone():
                return
            at = now()
            run("INSERT INTO sessions VALUES (?, ?, ?, ?)", row)
            run(
                "INSERT INTO reports (id, owner, author, created_at, changed_at) VALUES (?, ?, ?, ?, ?)",
                (session.id, owner, who, at, at),
            )
            run("INSERT OR IGNORE INTO report_keys VALUES (?, ?)", (row[3], session.id))
            self._audit([AuditRow(at, session.id, who, "session_opened", None, _row_sha256(row))])

    def add_key(self, session_id: str, token: str, who: str) -> None:
        """One more token that opens this session. Raises ``BadInput``: ``session_unknown``."""
        self.session(session_id)
        with self._transaction():
            self._connection.execute("INSERT INTO report_keys VALUES (?, ?)", (_sha256(token), session_id))
            self._audit([AuditRow(now(), session_id, who, "report_opened")])

    def append(
        self, session_id: str, rows: Sequence[Logged | Note], who: str, heard: Heard | None = None
    ) -> None:
        """Store events and notes, and how far the sound is written down in them; they are durable on return.
        ``who`` is the session's person.

        Events already stored are skipped, so a write whose outcome is unknown can be repeated.
        """
        at = now()
        with self._transaction():
            query = "SELECT coalesce(max(seq), 0) FROM events WHERE session_id = ?"
            last = self._connection.execute(query, (session_id,)).fetchone()[0]
            audit: list[AuditRow] = []
            events: list[ServerEvent] = []
            for row in rows:
                if isinstance(row, Note):
                    audit.append(AuditRow(row.at, session_id, who, row.what))
                elif row.seq > last:
                    values = (session_id, row.seq, row.type, row.json)
                    self._connection.execute("INSERT INTO events VALUES (?, ?, ?, ?)", values)
                    events.append(server_events.validate_json(row.json))
                    done = _who_did_what(events[-1], who)
                    audit.append(AuditRow(at, session_id, *done, row.seq, _sha256(row.json)))
            self._audit(audit)
            self._list(session_id, events, at)
            if heard is not None:
                self._change(session_id, heard=heard.model_dump_json())

    def _list(self, session_id: str, events: Sequence[ServerEvent], at: str) -> None:
        """Bring the report's row in the list up to date, but for its text: see ``refresh``."""
        for event in events:
            match event:
                case DocumentChanged() | DocumentPatched():
                    self._change(session_id, used=1, stale=1, changed_at=at)
                case TranscriptCompleted() | ResponseCreated() | AttachmentAdded():
                    self._change(session_id, used=1, changed_at=at)
                case ReportSigned(number=number):
                    self._change(
                        session_id, used=1, changed_at=at, state="final" if number == 1 else "amended"
                    )
                case ReportReopened():
                    self._change(session_id, changed_at=at, state="amending")
                case ReportDescribed(patient=patient, order=order):
                    self._change(
                        session_id,
                        used=1,
                        changed_at=at,
                        patient_id=patient.id,
                        patient_name=patient.name,
                        patient_born=patient.born,
                        accession=order.accession,
                        exam=order.exam,
                        exam_at=order.at,
                    )
                case _:
                    pass

    def _change(self, session_id: str, **values: str | int) -> None:
        """Columns of the report's row; their names are this module's own."""
        columns = ", ".join(f"{name} = ?" for name in values)
        self._connection.execute(f"UPDATE reports SET {columns} WHERE id = ?", (*values.values(), session_id))

    def refresh(self) -> None:
        """Bring the titles and the text that ``reports`` searches up to date."""
        for (session_id,) in self._read("SELECT id FROM reports WHERE stale = 1"):
            title, text = self._text_of(session_id)
            with self._transaction():
                run = self._connection.execute
                run("DELETE FROM report_texts WHERE report_id = ?", (session_id,))
                run("INSERT INTO report_texts (report_id, words) VALUES (?, ?)", (session_id, text))
                self._change(session_id, stale=0, title=title)

    def _text_of(self, session_id: str) -> tuple[str, str]:
        document = self._document_of(session_id)
        return (document.template or "", plain_text(_sections(document))) if document else ("", "")

    def sections(self, session_id: str) -> list[tuple[str, str]]:
        """Title and text of the report's sections as they are now."""
        document = self._document_of(session_id)
        return _sections(document) if document else []

    def prior(self, session_id: str, owner: str) -> str | None:
        """The report of ``owner`` for the same patient that was begun last before this one: the same number,
        or the same name and birth date."""
        rows = self._read(
            "SELECT other.id FROM reports AS this JOIN reports AS other ON other.owner = ? AND other.used = 1"
            " AND other.created_at < this.created_at AND (this.patient_id != '' AND"
            " other.patient_id = this.patient_id OR this.patient_name != '' AND this.patient_born != '' AND"
            " (this.patient_id = '' OR other.patient_id = '') AND other.patient_name = this.patient_name AND"
            " other.patient_born = this.patient_born) WHERE this.id = ?"
            " ORDER BY other.created_at DESC LIMIT 1",
            *(owner, session_id),
        )
        return str(rows[0][0]) if rows else None

    def _document_of(self, session_id: str) -> DocumentChanged | None:
        rows = self._read(
            "SELECT json FROM events WHERE session_id = ? AND type IN (?, ?) AND seq >= (SELECT max(seq)"
            " FROM events WHERE session_id = ? AND type = ?) ORDER BY seq",
            *(session_id, *DOCUMENT_TYPES, session_id, DOCUMENT_TYPES[0]),
        )
        report = KnownReport()
        for (text,) in rows:
            event = server_events.validate_json(text)
            if isinstance(event, DocumentChanged | DocumentPatched):
                report.take(event)
        return report.whole()

    def record(self, session_id: str, who: str, what: str) -> None:
        """Add an audit entry about an action such as an export or playback. ``what`` holds no text."""
        with self._transaction():
            self._audit([AuditRow(now(), session_id, who, what)])

    def files_of(self, session_id: str) -> Path:
        """The folder of a session's attachments."""
        return self.path.parent / "files" / session_id

    def forget(self, session_id: str, who: str) -> None:
        """Delete a session: its rows are overwritten, its attachments deleted, and the audit says that it was
        here and who deleted it.

        Raises ``BadInput``: ``session_unknown``.
        """
        self.session(session_id)
        with self._transaction():
            run = self._connection.execute
            run("DELETE FROM report_texts WHERE report_id = ?", (session_id,))
            # Without this the index keeps the words that are in no report any more.
            run("INSERT INTO report_texts (report_texts) VALUES ('optimize')")
            run("DELETE FROM report_keys WHERE report_id = ?", (session_id,))
            run("DELETE FROM reports WHERE id = ?", (session_id,))
            run("DELETE FROM events WHERE session_id = ?", (session_id,))
            run("DELETE FROM sessions WHERE id = ?", (session_id,))
            self._audit([AuditRow(now(), session_id, who, DELETED)])
        with self._lock, self._errors():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.rmtree(self.files_of(session_id), ignore_errors=True)

    def _audit(self, rows: Iterable[AuditRow]) -> None:
        run = self._connection.execute
        last = run("SELECT hash FROM audit ORDER BY id DESC LIMIT 1").fetchone()
        previous = last[0] if last else ""
        for row in rows:
            previous = row.chained(previous)
            run(
                "INSERT INTO audit (at, session_id, who, what, seq, event_sha256, hash)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (row.at, row.session_id, row.who, row.what, row.seq, row.event_sha256, previous),
            )

    # --- reading ---

    def sessions(self) -> list[SessionInfo]:
        """All sessions, newest first."""
        rows = self._read("SELECT id, started_at, recogniser FROM sessions ORDER BY started_at DESC, id")
        return [SessionInfo(row[0], datetime.fromisoformat(row[1]), row[2]) for row in rows]

    def session(self, session_id: str) -> SessionInfo:
        """Raises ``BadInput``: ``session_unknown``."""
        for found in self.sessions():
            if found.id == session_id:
                return found
        raise BadInput("The store has no such session.", code="session_unknown")

    def is_token_of(self, session_id: str, token: str, owner: str = SOLE) -> bool:
        """Whether the session is ``owner``'s and this is one of its tokens."""
        return self.opened_by(token, owner) == session_id

    def opened_by(self, token: str, owner: str = SOLE) -> str | None:
        """The session of ``owner`` that this token opens."""
        rows = self._read(
            "SELECT report_id FROM report_keys JOIN reports ON report_id = id"
            " WHERE report_keys.token_sha256 = ? AND owner = ?",
            *(_sha256(token), owner),
        )
        return str(rows[0][0]) if rows else None

    def owner_of(self, session_id: str) -> str | None:
        """Whose report it is; None where there is no such report."""
        rows = self._read("SELECT owner FROM reports WHERE id = ?", session_id)
        return str(rows[0][0]) if rows else None

    def load(self, session_id: str) -> KeptReport:
        """All that is needed to go on with a session. Raises ``BadInput``: ``session_unknown``."""
        session = self.session(session_id)
        rows = self._read("SELECT seq, type, json FROM events WHERE session_id = ? ORDER BY seq", session_id)
        ((heard,),) = self._read("SELECT heard FROM reports WHERE id = ?", session_id)
        events = [Logged(*row) for row in rows if row[1] in KNOWN_TYPES]
        return KeptReport(session, events, Heard.model_validate_json(heard) if heard else Heard())

    def reports(self, owner: str | None, search: Search) -> list[Listed]:
        """The reports of ``owner``, or of all, that fit, the one that was changed last first."""
        where, values = ["used = 1"], list[str]()
        for column, value in (("owner", owner), ("author", search.author or None)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        if search.state:
            where.append("state = ?")
            values.append(search.state)
        for columns, value in (
            (("patient_id", "patient_name"), search.patient),
            (("accession", "exam"), search.order),
        ):
            if value:
                where.append("(" + " OR ".join(f"instr(lower({each}), lower(?))" for each in columns) + ")")
                values += [value] * len(columns)
        if search.since:
            where.append("date(changed_at) >= date(?)")
            values.append(search.since)
        if search.until:
            where.append("date(changed_at) <= date(?)")
            values.append(search.until)
        if words := re.findall(r"\w+", search.text):
            where.append("id IN (SELECT report_id FROM report_texts WHERE report_texts MATCH ?)")
            values.append(" ".join(f'"{word}"*' for word in words))
        rows = self._read(
            f"SELECT {LISTED}, coalesce((SELECT substr(words, 1, {EXCERPT_CHARS}) FROM report_texts"
            f" WHERE report_id = id), '') FROM reports WHERE {' AND '.join(where)}"
            " ORDER BY changed_at DESC, id LIMIT ?",
            *values,
            str(search.limit),
        )
        return [Listed(*row) for row in rows]

    def expired(self, drafts_before: str, finals_before: str) -> list[str]:
        """Reports that were last changed before these times; those that were never used go with the drafts.
        An empty time: none."""
        rows = self._read(
            "SELECT id FROM reports WHERE changed_at < CASE WHEN state = 'draft' THEN ? ELSE ? END",
            drafts_before,
            finals_before,
        )
        return [row[0] for row in rows]

    def events(self, session_id: str) -> list[ServerEvent]:
        """The session's events in order, without those of a newer version that are unknown here.

        Raises ``BadInput``: ``session_unknown``, ``store_broken``.
        """
        self.session(session_id)
        rows = self._read("SELECT type, json FROM events WHERE session_id = ? ORDER BY seq", session_id)
        try:
            return [server_events.validate_json(text) for kind, text in rows if kind in KNOWN_TYPES]
        except ValueError:
            raise self._broken() from None

    def last_hash(self) -> str:
        """The hash that the chain ends with; empty in a new store."""
        rows = self._read("SELECT hash FROM audit ORDER BY id DESC LIMIT 1")
        return str(rows[0][0]) if rows else ""

    def audit(self) -> list[AuditRow]:
        return [AuditRow(*row) for row in self._read(f"SELECT {AUDIT_COLUMNS} FROM audit ORDER BY id")]

    def verify(self, *earlier: str) -> str:
        """Check everything that an export reads against the chain; returns the chain's last hash. ``earlier``
        are hashes that were the last one at some time.

        Raises ``BadInput``: ``audit_broken``, which names what does not fit; ``audit_cut`` if the chain lacks
        one of ``earlier``.
        """
        with self._errors(), contextlib.closing(self._connected()) as snapshot:
            snapshot.execute("BEGIN")  # a server may be writing
            last = _check_chain(snapshot, set(earlier))
            _check_events(snapshot)
            _check_sessions(snapshot)
        return last

    # --- the file ---

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing. Raises ``AssistantError``: ``store_failed`` (the disk), ``store_broken``."""
        with self._lock, self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def _read(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        with self._read_lock, self._errors():
            return self._reader.execute(query, values).fetchall()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.OperationalError, sqlite3.ProgrammingError) as error:
            raise self._failed(str(error)) from None
        except sqlite3.DatabaseError:
            raise self._broken() from None

    def _failed(self, why: str) -> AssistantError:
        return AssistantError(
            f"Storing failed ({why}): look at the disk of {self.path.parent}.", code="store_failed"
        )

    def _broken(self) -> BadInput:
        return BadInput(
            f"{self.path} cannot be read as a store. It was left unchanged. Move it, or choose "
            "another --store.",
            code="store_broken",
        )


def _check_chain(connection: sqlite3.Connection, earlier: set[str]) -> str:
    previous = ""
    rows = connection.execute(f"SELECT id, {AUDIT_COLUMNS}, hash FROM audit ORDER BY id")
    for number, *fields, written in rows:
        row = AuditRow(*fields)
        previous = row.chained(previous)
        if previous != written:
            raise _audit_broken(
                f"Audit row {number} ({row.what} in {row.session_id}) was changed, or rows before it were"
                " changed, moved or deleted."
            )
        earlier.discard(previous)
    if earlier:
        message = "The audit once ended with another hash, which it does not have now: its end was cut off."
        raise BadInput(message, code="audit_cut")
    return previous


def _check_events(connection: sqlite3.Connection) -> None:
    events = connection.execute(
        "SELECT e.session_id, e.seq, e.type, e.json, a.id, a.event_sha256 FROM events e LEFT JOIN audit a"
        " ON a.session_id = e.session_id AND a.seq = e.seq ORDER BY e.session_id, e.seq"
    )
    for session_id, seq, kind, text, number, written in events:
        name = f"Event {seq} of {session_id} ({kind})"
        if number is None:
            raise _audit_broken(f"{name} is in no row of the audit: it was added or moved.")
        if _sha256(text) != written or json.loads(text).get("type") != kind:
            raise _audit_broken(f"{name} is not what audit row {number} is about: it was changed.")
    gone = connection.execute(
        "SELECT a.session_id, a.seq, a.what, a.id FROM audit a LEFT JOIN events e"
        " ON e.session_id = a.session_id AND e.seq = a.seq WHERE a.seq IS NOT NULL AND e.seq IS NULL"
        " AND a.session_id NOT IN (SELECT session_id FROM audit WHERE what = ?) ORDER BY a.id",
        (DELETED,),
    ).fetchone()
    if gone:
        session_id, seq, what, number = gone
        raise _audit_broken(f"Event {seq} of {session_id} ({what}, audit row {number}) was deleted.")


def _check_sessions(connection: sqlite3.Connection) -> None:
    found = connection.execute(
        "SELECT session_id, event_sha256, id FROM audit WHERE seq IS NULL AND event_sha256 != ''"
    )
    began = {session_id: (written, number) for session_id, written, number in found}
    deleted = {
        row[0] for row in connection.execute("SELECT session_id FROM audit WHERE what = ?", (DELETED,))
    }
    for row in connection.execute("SELECT * FROM sessions"):
        written, number = began.pop(row[0], ("", 0))
        if _row_sha256(row) != written:
            about = f"is not what audit row {number} is about" if number else "is in no row of the audit"
            raise _audit_broken(f"The session {row[0]} {about}: it was changed or added.")
    if gone := sorted(began.keys() - deleted):
        raise _audit_broken(f"The session {gone[0]} (audit row {began[gone[0]][1]}) was deleted.")


def _audit_broken(message: str) -> BadInput:
    return BadInput(message, code="audit_broken")


def _sections(document: DocumentChanged) -> list[tuple[str, str]]:
    return [(part.title, "".join(run.text for run in part.runs)) for part in document.sections]


def _who_did_what(event: ServerEvent, person: str) -> tuple[str, str]:
    match event:
        case TranscriptCompleted():
            return "recogniser", "utterance_heard"
        case IntentEvent():
            return (person if event.corrected else "assistant"), f"taken_as_{event.intent}"
        case ItemEdited():
            return person, "item_edited"
        case DocumentChanged() | DocumentPatched():
            return person, f"report_revision_{event.revision}"
        case ReportDescribed():
            return person, "report_described"
        case ReportSigned():
            return person, f"report_signed_{event.number}"
        case ReportReopened():
            return person, f"report_opened_for_{event.kind}"
        case ResponseCreated():
            return person, "question_asked"
        case ResponseDone():
            return "engine", f"answer_{event.response.status}"
        case _:
            return "assistant", event.type


def _device_of(path: Path) -> int:
    """Device of the nearest folder that exists."""
    return next(os.stat(each).st_dev for each in path.parents if each.exists())


def now() -> str:
    """The local time with its offset, to the millisecond."""
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


def _row_sha256(row: Sequence[str]) -> str:
    """Hash of a session's row."""
    return _sha256(json.dumps(list(row), ensure_ascii=False))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
