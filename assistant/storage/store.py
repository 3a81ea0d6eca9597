"""The store: finals, document revisions, answers, and their audit, durable at every commit.

It is one SQLite file or a PostgreSQL database (see ``database``), read while it is written, by other
processes too. A file may be encrypted (see ``keys``); the disk of a database server is its administrator's to
encrypt. Rows are only ever added, except by ``forget``.

The audit holds no text. It has a row for every stored event, every session and every deletion, each with the
hash of what it is about, chained by hashes; so ``verify`` finds what was changed, added, moved or deleted
otherwise. A chain whose end was cut off is found by a hash that was its last one earlier, as the server's log
has it. Whoever may write the file can also make a whole new chain; only such an earlier hash shows it.

Several servers may use one store. Each report has one that goes on with it, the last that took it up; what
another one still has to add is refused. Attachments are files, in a folder that these servers share.

Every method may wait for the disk or the network and is called off the event loop; one ``Store`` serves many
threads.
"""

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

import sqlalchemy as sa
from sqlalchemy import Connection, CursorResult
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from assistant.characters import storable
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
from assistant.installation import reports as default_folder
from assistant.principal import SOLE
from assistant.storage.database import (
    APPLICATION_ID,
    FIRST_APPLICATION_ID,
    check_key,
    file_of,
    has_tables,
    key_for,
    migrate,
    name_of,
    open_engine,
    prepare_file,
    url_of,
)
from assistant.storage.dialects import (
    DISK_ERRORS,
    DRIVER_ERRORS,
    MIGRATES,
    OPENING_ERRORS,
    READS,
    SQL_ERRORS,
    dialect_of,
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
HELD: Final = timedelta(days=1)
"""So long after it was taken up, a report is not deleted by another server because its time is over."""
SECOND_VERSION = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    "CREATE INDEX audit_of ON audit (session_id, seq)",
    "CREATE TRIGGER sessions_are_kept BEFORE UPDATE ON sessions"
    " BEGIN SELECT RAISE(ABORT, 'append only'); END",
)


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
    """Conditions on the reports of a list; empty fields are none. Days are YYYY-MM-DD. ``text`` is words of
    the report, or beginnings of words; ``patient`` and ``order`` are parts of a name or number."""

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

    def __init__(self, where: Path | str, *, files: Path | None = None, create: bool = True) -> None:
        """``where`` is a folder, or the URL of a database; ``files`` the folder of attachments, which is
        beside the SQLite file if none is given. With ``create`` False, a place without a store is refused
        (``store_missing``) and left untouched. Raises ``BadInput`` as ``Database`` does too."""
        self.url = url_of(where)
        self.path = file_of(self.url)
        """File of a SQLite store; else None."""
        self.name = name_of(self.url)
        self.key = key_for(self.url)
        """Key of an encrypted store, which seals its attachments too."""
        self.files = files or (self.path.parent if self.path else default_folder()) / "files"
        self.holder = secrets.token_urlsafe(12)
        """Name of this server as the one that goes on with a report."""
        self._dialect = dialect_of(self.url, self.key)
        self._create = create
        self._lock, self._read_lock = threading.Lock(), threading.Lock()
        try:
            if self.path and not create:
                check_key(self.path, self.key)
                if not self.path.is_file():
                    raise BadInput(f"There is no store in {self.path.parent}.", code="store_missing")
            self._open()
        except BadInput:
            raise
        except OPENING_ERRORS:
            raise self._unwritable() from None

    def _unwritable(self) -> BadInput:
        if self.path:
            why = f"The folder {self.path.parent} is not writable, so nothing can be stored."
        else:
            why = f"The database {self.name} does not answer or lets nobody in, so nothing can be stored."
        return BadInput(f"{why} Choose another --store, or --no-store.", code="store_unwritable")

    def _open(self) -> None:
        """Raises ``AssistantError``, ``OSError``, ``sqlite3.OperationalError``."""
        if self.path:
            prepare_file(self.path, self.key)
        self._engine = open_engine(self.url)
        try:
            with self._errors():
                self._prepare()
            if self.path:
                self._file, self._device = self._identity(), self.path.stat().st_dev
        except BaseException:
            self._engine.dispose()
            raise

    def _prepare(self) -> None:
        if not self._create:
            with self._reading() as connection:
                if not has_tables(connection):
                    raise BadInput(f"There is no store in {self.name}.", code="store_missing")
        if self.path and self._application_id() == FIRST_APPLICATION_ID:
            with self._engine.begin() as connection:
                self._carry_over(connection)
        migrate(self._engine)
        if self.path:
            self._outside_transactions("PRAGMA journal_mode = WAL")  # a copy may have lost it
        with self._reading() as connection:  # from here on the write-ahead log is there
            _run(connection, "SELECT 1 FROM sessions LIMIT 1").first()

    def _application_id(self) -> int:
        return int(self._outside_transactions("PRAGMA application_id"))

    def _outside_transactions(self, pragma: str) -> Any:
        connection = self._engine.raw_connection()
        try:
            return connection.cursor().execute(pragma).fetchone()[0]
        finally:
            connection.close()

    def _carry_over(self, connection: Connection) -> None:
        """A store that 0.2 made, whose audit had rows for some events only: the missing ones are added now.
        All or nothing."""
        for statement in SECOND_VERSION:
            connection.exec_driver_sql(statement)
        at, who, what = now(), "assistant", "carried_over"
        sessions = _run(connection, "SELECT * FROM sessions").all()
        self._audit(
            connection, (AuditRow(at, row[0], who, what, None, _row_sha256(tuple(row))) for row in sessions)
        )
        events = _run(
            connection,
            "SELECT session_id, seq, json FROM events WHERE NOT EXISTS (SELECT 1 FROM audit"
            " WHERE audit.session_id = events.session_id AND audit.seq = events.seq)",
        ).all()
        self._audit(connection, (AuditRow(at, row[0], who, what, row[1], _sha256(row[2])) for row in events))

    def look_again(self) -> bool:
        """Whether the file was deleted or replaced since it was opened; if so, open what is there now, or
        begin a new store. Without a look nobody would know: writing to a deleted file succeeds.

        Raises ``AssistantError``: ``store_failed`` where that cannot be done, or where the disk was taken
        away: nothing is written to the folder that a disk was mounted on.
        """
        if self.path is None:
            return False
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
            self._engine.dispose()
            try:
                self._open()
            except DISK_ERRORS:
                raise self._failed("the file was deleted, and no new one can be made") from None
            return True

    def _identity(self) -> tuple[int, ...]:
        """Device and inode of the file and its write-ahead log. Raises ``OSError``."""
        assert self.path is not None
        found = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        return tuple(value for path in found for value in (path.stat().st_dev, path.stat().st_ino))

    def close(self) -> None:
        with self._lock, self._read_lock:
            self._engine.dispose()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- writing ---

    def open_session(self, session: SessionInfo, token: str, who: str, owner: str = SOLE) -> None:
        """Register a session and its report, once, and take it up. ``token`` allows its ``owner``, the id of
        a user, to go on with it and to export it later; only its hash is stored."""
        row = (session.id, session.started_at.isoformat(), session.recogniser, _sha256(token))
        with self._transaction() as connection:
            if self._take_up(connection, session.id):
                return
            at = now()
            _run(
                connection,
                "INSERT INTO sessions VALUES (:id, :started_at, :recogniser, :token)",
                **dict(zip(("id", "started_at", "recogniser", "token"), row, strict=True)),
            )
            _run(
                connection,
                "INSERT INTO reports (id, owner, author, created_at, changed_at, holder, held_at)"
                " VALUES (:id, :owner, :who, :at, :at, :holder, :at)",
                **{"id": session.id, "owner": owner, "who": who, "at": at, "holder": self.holder},
            )
            _run(
                connection,
                "INSERT INTO report_keys VALUES (:token, :id) ON CONFLICT DO NOTHING",
                **{"token": row[3], "id": session.id},
            )
            self._audit(connection, [AuditRow(at, session.id, who, "session_opened", None, _row_sha256(row))])

    def take_up(self, session_id: str) -> None:
        """From now on only this server adds to the report."""
        with self._transaction() as connection:
            self._take_up(connection, session_id)

    def _take_up(self, connection: Connection, session_id: str) -> bool:
        """False where there is no such report."""
        return self._change(connection, session_id, holder=self.holder, held_at=now())

    def is_elsewhere(self, session_id: str) -> bool:
        """Whether another server took the report up since this one did."""
        rows = self._read("SELECT holder FROM reports WHERE id = :id", id=session_id)
        return bool(rows) and rows[0][0] != self.holder

    def add_key(self, session_id: str, token: str, who: str) -> None:
        """One more token that opens this session. Raises ``BadInput``: ``session_unknown``."""
        self.session(session_id)
        with self._transaction() as connection:
            _run(
                connection,
                "INSERT INTO report_keys VALUES (:token, :id)",
                **{"token": _sha256(token), "id": session_id},
            )
            self._audit(connection, [AuditRow(now(), session_id, who, "report_opened")])

    def append(
        self, session_id: str, rows: Sequence[Logged | Note], who: str, heard: Heard | None = None
    ) -> None:
        """Store events and notes, and how far the sound is written down in them; they are durable on return.
        ``who`` is the session's person.

        Events already stored are skipped, so a write whose outcome is unknown can be repeated.

        Raises ``BadInput``: ``session_elsewhere`` where another server took the report up since, or where it
        was deleted.
        """
        at = now()
        with self._transaction() as connection:
            held = _run(connection, "SELECT holder FROM reports WHERE id = :id", id=session_id).scalar()
            if held != self.holder:
                raise BadInput(
                    "This report goes on elsewhere, or was deleted. Open it again from the list.",
                    code="session_elsewhere",
                )
            query = "SELECT coalesce(max(seq), 0) FROM events WHERE session_id = :id"
            last = _run(connection, query, id=session_id).scalar_one()
            audit: list[AuditRow] = []
            values: list[dict[str, Any]] = []
            events: list[ServerEvent] = []
            for row in rows:
                if isinstance(row, Note):
                    audit.append(AuditRow(row.at, session_id, who, row.what))
                elif row.seq > last:
                    values.append(
                        {"session_id": session_id, "seq": row.seq, "type": row.type, "json": row.json}
                    )
                    events.append(server_events.validate_json(row.json))
                    done = _who_did_what(events[-1], who)
                    audit.append(AuditRow(at, session_id, *done, row.seq, _sha256(row.json)))
            if values:
                _run_many(connection, "INSERT INTO events VALUES (:session_id, :seq, :type, :json)", values)
            self._audit(connection, audit)
            changes = _changes(events, at)
            if heard is not None:
                changes["heard"] = heard.model_dump_json()
            if changes:
                self._change(connection, session_id, **changes)

    def _change(self, connection: Connection, session_id: str, **values: str | int) -> bool:
        """Columns of the report's row; their names are this module's own. False where there is none."""
        columns = ", ".join(f"{name} = :{name}" for name in values)
        kept = {name: storable(each) if isinstance(each, str) else each for name, each in values.items()}
        changed = _run(connection, f"UPDATE reports SET {columns} WHERE id = :id", **kept, id=session_id)
        return changed.rowcount > 0

    def refresh(self) -> None:
        """Bring the titles and the text that ``reports`` searches up to date."""
        for (session_id,) in self._read("SELECT id FROM reports WHERE stale = 1"):
            title, words = self._text_of(session_id)
            with self._transaction() as connection:
                _run(connection, "DELETE FROM report_texts WHERE report_id = :id", id=session_id)
                if self._change(connection, session_id, stale=0, title=title):
                    self._dialect.index(connection, session_id, words)

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
            "SELECT other.id FROM reports AS this JOIN reports AS other ON other.owner = :owner"
            " AND other.used = 1 AND other.created_at < this.created_at AND (this.patient_id != '' AND"
            " other.patient_id = this.patient_id OR this.patient_name != '' AND this.patient_born != '' AND"
            " (this.patient_id = '' OR other.patient_id = '') AND other.patient_name = this.patient_name AND"
            " other.patient_born = this.patient_born) WHERE this.id = :id"
            " ORDER BY other.created_at DESC LIMIT 1",
            **{"owner": owner, "id": session_id},
        )
        return str(rows[0][0]) if rows else None

    def _document_of(self, session_id: str) -> DocumentChanged | None:
        rows = self._read(
            "SELECT json FROM events WHERE session_id = :id AND type IN (:whole, :patch) AND seq >="
            " (SELECT max(seq) FROM events WHERE session_id = :id AND type = :whole) ORDER BY seq",
            **{"id": session_id, "whole": DOCUMENT_TYPES[0], "patch": DOCUMENT_TYPES[1]},
        )
        report = KnownReport()
        for (text,) in rows:
            event = server_events.validate_json(text)
            if isinstance(event, DocumentChanged | DocumentPatched):
                report.take(event)
        return report.whole()

    def record(self, session_id: str, who: str, what: str) -> None:
        """Add an audit entry about an action such as an export or playback. ``what`` holds no text."""
        with self._transaction() as connection:
            self._audit(connection, [AuditRow(now(), session_id, who, what)])

    def files_of(self, session_id: str) -> Path:
        """The folder of a session's attachments."""
        return self.files / session_id

    def forget(self, session_id: str, who: str, *, held: bool = False) -> None:
        """Delete a session: its rows, its attachments and its words in the index; the audit says that it was
        here and who deleted it. SQLite overwrites what it deletes. ``held``: only if this server goes on
        with it.

        Raises ``BadInput``: ``session_unknown``.
        """
        self.session(session_id)
        with self._transaction() as connection:
            query = "SELECT holder FROM reports WHERE id = :id"
            if held and _run(connection, query, id=session_id).scalar() != self.holder:
                return
            _run(connection, "DELETE FROM report_texts WHERE report_id = :id", id=session_id)
            self._dialect.rebuild_index(connection)
            _run(connection, "DELETE FROM report_keys WHERE report_id = :id", id=session_id)
            _run(connection, "DELETE FROM reports WHERE id = :id", id=session_id)
            _run(connection, "DELETE FROM events WHERE session_id = :id", id=session_id)
            _run(connection, "DELETE FROM sessions WHERE id = :id", id=session_id)
            self._audit(connection, [AuditRow(now(), session_id, who, DELETED)])
        with self._lock, self._errors():
            self._dialect.overwrite(self._engine)
        shutil.rmtree(self.files_of(session_id), ignore_errors=True)

    def _audit(self, connection: Connection, rows: Iterable[AuditRow]) -> None:
        last = _run(connection, "SELECT hash FROM audit ORDER BY id DESC LIMIT 1").scalar()
        previous = str(last or "")
        values = []
        for row in rows:
            previous = row.chained(previous)
            values.append({name: getattr(row, name) for name in AuditRow.__slots__} | {"hash": previous})
        if values:
            _run_many(
                connection,
                "INSERT INTO audit (at, session_id, who, what, seq, event_sha256, hash)"
                " VALUES (:at, :session_id, :who, :what, :seq, :event_sha256, :hash)",
                values,
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
            " WHERE report_keys.token_sha256 = :token AND owner = :owner",
            **{"token": _sha256(token), "owner": owner},
        )
        return str(rows[0][0]) if rows else None

    def owner_of(self, session_id: str) -> str | None:
        """The owner of a report; None if there is no such report."""
        rows = self._read("SELECT owner FROM reports WHERE id = :id", id=session_id)
        return str(rows[0][0]) if rows else None

    def sizes(self, owner: str | None = None) -> list[tuple[str, str, int]]:
        """Owner, id and bytes of events of each report of ``owner``, or of everybody's. Reads all events, and
        keeps no other reader waiting."""
        query = (
            f"SELECT owner, id, coalesce(sum({self._dialect.size('json')}), 0) FROM reports"
            " LEFT JOIN events ON session_id = id"
        )
        with self.snapshot() as connection:
            if owner is None:
                rows = _run(connection, f"{query} GROUP BY owner, id")
            else:
                rows = _run(connection, f"{query} WHERE owner = :owner GROUP BY owner, id", owner=owner)
            return [(str(row[0]), str(row[1]), int(row[2])) for row in rows]

    def load(self, session_id: str) -> KeptReport:
        """All that is needed to go on with a session. Raises ``BadInput``: ``session_unknown``."""
        session = self.session(session_id)
        rows = self._read(
            "SELECT seq, type, json FROM events WHERE session_id = :id ORDER BY seq", id=session_id
        )
        ((heard,),) = self._read("SELECT heard FROM reports WHERE id = :id", id=session_id)
        events = [Logged(*row) for row in rows if row[1] in KNOWN_TYPES]
        return KeptReport(session, events, Heard.model_validate_json(heard) if heard else Heard())

    def reports(self, owner: str | None, search: Search) -> list[Listed]:
        """The reports of ``owner``, or of all, that fit, the one that was changed last first."""
        where, values = ["used = 1"], dict[str, str | int | None]()
        for column, value in (("owner", owner), ("author", search.author or None)):
            if value is not None:
                where.append(f"{column} = :{column}")
                values[column] = value
        if search.state:
            where.append("state = :state")
            values["state"] = search.state
        contains, day = self._dialect.contains, self._dialect.day
        for name, columns, value in (
            ("patient", ("patient_id", "patient_name"), search.patient),
            ("order", ("accession", "exam"), search.order),
        ):
            if value:
                where.append("(" + " OR ".join(contains(each, name) for each in columns) + ")")
                values[name] = storable(value)
        if search.since:
            where.append(f"{day('changed_at')} >= {day(':since')}")
            values["since"] = search.since
        if search.until:
            where.append(f"{day('changed_at')} <= {day(':until')}")
            values["until"] = search.until
        if words := re.findall(r"\w+", search.text):
            where.append(self._dialect.matching)
            values["words"] = self._dialect.wanted(words)
        rows = self._read(
            f"SELECT {LISTED}, coalesce((SELECT substr(words, 1, {EXCERPT_CHARS}) FROM report_texts"
            f" WHERE report_id = id), '') FROM reports WHERE {' AND '.join(where)}"
            " ORDER BY changed_at DESC, id LIMIT :most",
            **values,
            most=search.limit,
        )
        return [Listed(*row) for row in rows]

    def expired(self, drafts_before: str, finals_before: str) -> list[str]:
        """Reports that were last changed before these times; those that were never used go with the drafts.
        An empty time: none."""
        rows = self._read(
            "SELECT id FROM reports"
            " WHERE changed_at < CASE WHEN state = 'draft' THEN :drafts ELSE :finals END"
            " AND (holder = :holder OR held_at < :lately)",
            drafts=drafts_before,
            finals=finals_before,
            holder=self.holder,
            lately=(datetime.now().astimezone() - HELD).isoformat(timespec="milliseconds"),
        )
        return [row[0] for row in rows]

    def events(self, session_id: str) -> list[ServerEvent]:
        """The session's events in order, without those of a newer version that are unknown here.

        Raises ``BadInput``: ``session_unknown``, ``store_broken``.
        """
        self.session(session_id)
        rows = self._read("SELECT type, json FROM events WHERE session_id = :id ORDER BY seq", id=session_id)
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
        with self.snapshot() as connection:
            return verified(connection, *earlier)

    # --- the database ---

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """All or nothing. Raises ``AssistantError``: ``store_failed`` (the disk, the database server),
        ``store_broken``."""
        with self._lock, self._errors(), self._engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Reads one state of the store while servers write."""
        with self._errors(), self._engine.connect() as connection:
            yield self._dialect.snapshot(connection)

    @contextlib.contextmanager
    def changing(self) -> Iterator[Connection]:
        """A transaction that may change the tables: all or nothing."""
        with self._lock, self._errors(), self._engine.connect() as connection:
            connection.execution_options(**{MIGRATES: True})
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            yield connection.execution_options(**{READS: True})

    def _read(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        with self._read_lock, self._errors(), self._reading() as connection:
            return [tuple(row) for row in _run(connection, query, **values)]

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except SQL_ERRORS as found:
            error = found if isinstance(found, SQLAlchemyError) else _wrapped(found)
            if not isinstance(error, DBAPIError):
                raise self._failed(type(error).__name__) from None
            if self._dialect.is_damage(error):
                raise self._broken() from None
            raise self._failed(self._dialect.reason(error)) from None

    def _failed(self, why: str) -> AssistantError:
        look = f"the disk of {self.path.parent}" if self.path else f"the database {self.name}"
        return AssistantError(f"Storing failed ({why}): look at {look}.", code="store_failed")

    def _broken(self) -> BadInput:
        return BadInput(
            f"{self.name} cannot be read as a store. It was left unchanged. Move it, or choose "
            "another --store.",
            code="store_broken",
        )


def verified(snapshot: Connection, *earlier: str) -> str:
    """``Store.verify`` of what this connection reads."""
    last = _check_chain(snapshot, set(earlier))
    _check_events(snapshot)
    _check_sessions(snapshot)
    return last


def _changes(events: Sequence[ServerEvent], at: str) -> dict[str, str | int]:
    """Columns of the report's row in the list after these events, but for its text: see ``refresh``."""
    changes: dict[str, str | int] = {}
    for event in events:
        match event:
            case DocumentChanged() | DocumentPatched():
                changes |= {"used": 1, "stale": 1, "changed_at": at}
            case TranscriptCompleted() | ResponseCreated() | AttachmentAdded():
                changes |= {"used": 1, "changed_at": at}
            case ReportSigned(number=number):
                state = "final" if number == 1 else "amended"
                changes |= {"used": 1, "changed_at": at, "state": state}
            case ReportReopened():
                changes |= {"changed_at": at, "state": "amending"}
            case ReportDescribed(patient=patient, order=order):
                changes |= {
                    "used": 1,
                    "changed_at": at,
                    "patient_id": patient.id,
                    "patient_name": patient.name,
                    "patient_born": patient.born,
                    "accession": order.accession,
                    "exam": order.exam,
                    "exam_at": order.at,
                }
            case _:
                pass
    return changes


_parsed = lru_cache(256)(sa.text)


def _run(connection: Connection, query: str, **values: object) -> "CursorResult[*tuple[Any, ...]]":
    return connection.execute(_parsed(query), values)


def _run_many(connection: Connection, query: str, values: Sequence[dict[str, Any]]) -> None:
    connection.execute(_parsed(query), values)


@contextlib.contextmanager
def _stream(connection: Connection, query: str) -> Iterator["CursorResult[*tuple[Any, ...]]"]:
    """Few rows in memory at a time."""
    with connection.execute(_parsed(query), execution_options={"yield_per": 500}) as rows:
        yield rows


def _wrapped(error: Exception) -> DBAPIError:
    """Wrap an error of the driver as SQLAlchemy does, which leaves it while a connection is made."""
    kinds: Any = DRIVER_ERRORS
    wrapped = DBAPIError.instance(None, None, error, kinds)
    assert isinstance(wrapped, DBAPIError)
    return wrapped


def _check_chain(connection: Connection, earlier: set[str]) -> str:
    previous = ""
    with _stream(connection, f"SELECT id, {AUDIT_COLUMNS}, hash FROM audit ORDER BY id") as rows:
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
        message = "The audit lacks a hash that it once ended with: its end was cut off."
        raise BadInput(message, code="audit_cut")
    return previous


def _check_events(connection: Connection) -> None:
    query = (
        "SELECT e.session_id, e.seq, e.type, e.json, a.id, a.event_sha256 FROM events e LEFT JOIN audit a"
        " ON a.session_id = e.session_id AND a.seq = e.seq ORDER BY e.session_id, e.seq"
    )
    with _stream(connection, query) as events:
        for session_id, seq, kind, content, number, written in events:
            name = f"Event {seq} of {session_id} ({kind})"
            if number is None:
                raise _audit_broken(f"{name} is in no row of the audit: it was added or moved.")
            if _sha256(content) != written or json.loads(content).get("type") != kind:
                raise _audit_broken(f"{name} is not what audit row {number} is about: it was changed.")
    gone = _run(
        connection,
        "SELECT a.session_id, a.seq, a.what, a.id FROM audit a LEFT JOIN events e"
        " ON e.session_id = a.session_id AND e.seq = a.seq WHERE a.seq IS NOT NULL AND e.seq IS NULL"
        " AND a.session_id NOT IN (SELECT session_id FROM audit WHERE what = :deleted) ORDER BY a.id LIMIT 1",
        deleted=DELETED,
    ).first()
    if gone:
        session_id, seq, what, number = gone
        raise _audit_broken(f"Event {seq} of {session_id} ({what}, audit row {number}) was deleted.")


def _check_sessions(connection: Connection) -> None:
    found = _run(
        connection,
        "SELECT session_id, event_sha256, id FROM audit WHERE seq IS NULL AND event_sha256 != ''",
    )
    began = {session_id: (written, number) for session_id, written, number in found}
    deleted = {
        row[0]
        for row in _run(connection, "SELECT session_id FROM audit WHERE what = :deleted", deleted=DELETED)
    }
    for row in _run(connection, "SELECT * FROM sessions"):
        written, number = began.pop(row[0], ("", 0))
        if _row_sha256(tuple(row)) != written:
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
