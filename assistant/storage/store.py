"""The store on disk, used when a folder is given: finals, document revisions, answers, and their audit.

One SQLite file (write-ahead log, synced at every commit), read while it is written, by other processes too.
Nothing is encrypted here: use an encrypted disk. Rows are only ever added. The audit holds no text; its rows
are chained by hashes that cover the stored events, so ``verify`` finds a later change of either. It does not
find a chain whose end was cut off: keep the last hash elsewhere to detect that.

Every method may wait for the disk and is called off the event loop; one ``Store`` serves many threads.
"""

import contextlib
import hashlib
import hmac
import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from assistant.conversation.log import Logged
from assistant.errors import AssistantError, BadInput
from assistant.events import (
    DocumentChanged,
    DocumentPatched,
    IntentEvent,
    ItemEdited,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
    TranscriptCompleted,
    server_events,
)
from assistant.export.history import SessionInfo

FILE = "sessions.sqlite3"
APPLICATION_ID = 0x43564131
"""Marks the file as ours ("CVA1"); the digit is the schema's version."""
BUSY_S = 1.0
"""How long a write waits for another program that locks the file."""
KNOWN_TYPES = frozenset(event.model_fields["type"].default for event in get_args(get_args(ServerEvent)[0]))
SCHEMA = """
CREATE TABLE sessions (id TEXT PRIMARY KEY, started_at TEXT NOT NULL, recogniser TEXT NOT NULL,
    token_sha256 TEXT NOT NULL);
CREATE TABLE events (session_id TEXT NOT NULL REFERENCES sessions(id), seq INTEGER NOT NULL,
    type TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (session_id, seq)) WITHOUT ROWID;
CREATE TABLE audit (id INTEGER PRIMARY KEY, at TEXT NOT NULL, session_id TEXT NOT NULL, who TEXT NOT NULL,
    what TEXT NOT NULL, seq INTEGER, event_sha256 TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TRIGGER events_are_kept BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER audit_is_kept BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'append only'); END;
"""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One audit entry: person, action, time. ``seq`` and ``event_sha256`` name the stored event, if there is
    one."""

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
                f"The folder {folder} is not writable, so nothing can be stored. Choose another --store.",
                code="store_unwritable",
            ) from None

    def _open(self) -> None:
        """Raises ``AssistantError``, ``OSError``, ``sqlite3.OperationalError``."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = not self.path.exists()
        self._connection = self._connected()
        self._reader = self._connected()
        try:
            if new:
                self.path.chmod(0o600)
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
        found = run("PRAGMA application_id").fetchone()[0]
        if found == 0 and not run("SELECT 1 FROM sqlite_master").fetchone():
            run("PRAGMA journal_mode = WAL")
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA application_id = {APPLICATION_ID}; COMMIT;"
            )
        elif found != APPLICATION_ID:
            raise BadInput(
                f"{self.path} is not a store of this version of the program. It was left "
                "unchanged. Choose another --store.",
                code="store_broken",
            )
        run("PRAGMA synchronous = FULL")
        run("PRAGMA foreign_keys = ON")

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
        """Of the file and its write-ahead log. Raises ``OSError``."""
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

    def open_session(self, session: SessionInfo, token: str, who: str) -> None:
        """Register a session, once. ``token`` allows its holder to export the session later; only its hash is
        stored."""
        row = (session.id, session.started_at.isoformat(), session.recogniser, _sha256(token))
        with self._transaction():
            if self._connection.execute("SELECT 1 FROM sessions WHERE id = ?", row[:1]).fetchone():
                return
            self._connection.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", row)
            self._audit([AuditRow(now(), session.id, who, "session_opened")])

    def append(self, session_id: str, rows: Sequence[Logged | Note], who: str) -> None:
        """Store events and notes; they are durable on return. ``who`` is the session's person.

        Events already stored are skipped, so a write whose outcome is unknown can be repeated.
        """
        at = now()
        with self._transaction():
            query = "SELECT coalesce(max(seq), 0) FROM events WHERE session_id = ?"
            last = self._connection.execute(query, (session_id,)).fetchone()[0]
            audit: list[AuditRow] = []
            for row in rows:
                if isinstance(row, Note):
                    audit.append(AuditRow(row.at, session_id, who, row.what))
                elif row.seq > last:
                    values = (session_id, row.seq, row.type, row.json)
                    self._connection.execute("INSERT INTO events VALUES (?, ?, ?, ?)", values)
                    if done := _who_did_what(server_events.validate_json(row.json), who):
                        audit.append(AuditRow(at, session_id, *done, row.seq, _sha256(row.json)))
            self._audit(audit)

    def record(self, session_id: str, who: str, what: str) -> None:
        """Add an audit entry about an action such as an export or playback. ``what`` holds no text."""
        with self._transaction():
            self._audit([AuditRow(now(), session_id, who, what)])

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

    def is_token_of(self, session_id: str, token: str) -> bool:
        rows = self._read("SELECT token_sha256 FROM sessions WHERE id = ?", session_id)
        return bool(rows) and hmac.compare_digest(rows[0][0], _sha256(token))

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

    def audit(self) -> list[AuditRow]:
        return [row for row, _ in self._chain()]

    def verify(self) -> str:
        """Check the chain against the stored events; returns its last hash.

        Raises ``BadInput``: ``audit_broken``, which names the first row that does not fit.
        """
        chain = self._chain()  # before the events: a server may be writing
        query = "SELECT session_id, seq, json FROM events"
        stored = {(session_id, seq): _sha256(text) for session_id, seq, text in self._read(query)}
        previous = ""
        for number, (row, written) in enumerate(chain, 1):
            previous = row.chained(previous)
            if previous != written:
                raise BadInput(
                    f"Audit row {number} was changed, or a row before it was deleted.", code="audit_broken"
                )
            if row.seq is not None and stored.get((row.session_id, row.seq)) != row.event_sha256:
                raise BadInput(f"The event of audit row {number} was changed.", code="audit_broken")
        return previous

    def _chain(self) -> list[tuple[AuditRow, str]]:
        rows = self._read("SELECT at, session_id, who, what, seq, event_sha256, hash FROM audit ORDER BY id")
        return [(AuditRow(*row[:-1]), row[-1]) for row in rows]

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


def _who_did_what(event: ServerEvent, person: str) -> tuple[str, str] | None:
    match event:
        case TranscriptCompleted():
            return "recogniser", "utterance_heard"
        case IntentEvent():
            return (person if event.corrected else "assistant"), f"taken_as_{event.intent}"
        case ItemEdited():
            return person, "item_edited"
        case DocumentChanged() | DocumentPatched():
            return person, f"report_revision_{event.revision}"
        case ResponseCreated():
            return person, "question_asked"
        case ResponseDone():
            return "engine", f"answer_{event.response.status}"
        case _:
            return None


def _device_of(path: Path) -> int:
    """Of the nearest folder that exists."""
    return next(os.stat(each).st_dev for each in path.parents if each.exists())


def now() -> str:
    """The local time with its offset, to the millisecond."""
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
