"""The store on disk, used when a folder is given: finals, document revisions, answers, and their audit.

One SQLite file (write-ahead log, synced at every commit), readable by other processes while a server writes.
Nothing is encrypted here: use an encrypted disk. Rows are only ever added. The audit holds no text; its rows
are chained by hashes that cover the stored events, so ``verify`` finds a later change of either. It does not
find a chain whose end was cut off: keep the last hash elsewhere to detect that.

Every method may wait for the disk and is called off the event loop; one ``Store`` serves many threads.
"""

import contextlib
import hashlib
import hmac
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from assistant.errors import AssistantError, BadInput
from assistant.events import (
    DocumentChanged,
    IntentEvent,
    ItemEdited,
    OutputTextDelta,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
    TranscriptCompleted,
    TranscriptDelta,
    server_events,
)
from assistant.export.history import SessionInfo

FILE = "sessions.sqlite3"
APPLICATION_ID = 0x43564131
"""Marks the file as ours ("CVA1"); the digit is the schema's version."""
BUSY_S = 10.0
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


class Store:
    """Open until ``close``. Raises ``BadInput``: ``store_unwritable``, ``store_broken``; see each method."""

    def __init__(self, folder: Path, *, create: bool = True) -> None:
        """With ``create`` False, a folder without a store is refused (``store_missing``) and left
        untouched."""
        self.path = folder / FILE
        if not create and not self.path.is_file():
            raise BadInput(f"There is no store in {folder}.", code="store_missing")
        self._lock = threading.Lock()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = not self.path.exists()
            self._connection = sqlite3.connect(
                self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
            )
            if new:
                self.path.chmod(0o600)
        except (OSError, sqlite3.OperationalError):
            raise BadInput(
                f"The folder {folder} is not writable, so nothing can be stored. Choose another --store.",
                code="store_unwritable",
            ) from None
        try:
            with self._errors():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

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

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- writing ---

    def open_session(self, session: SessionInfo, token: str, who: str) -> None:
        """Register a session. ``token`` allows its holder to export the session later; only its hash is
        stored."""
        row = (session.id, session.started_at.isoformat(), session.recogniser, _sha256(token))
        with self._transaction():
            self._connection.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", row)
            self._audit([AuditRow(_now(), session.id, who, "session_opened")])

    def append(self, session_id: str, events: Sequence[ServerEvent], who: str) -> None:
        """Store events; they are durable on return. ``who`` is the session's person. Deltas are not stored.

        Events already stored are skipped, so a write whose outcome is unknown can be repeated.
        """
        at = _now()
        with self._transaction():
            query = "SELECT coalesce(max(seq), 0) FROM events WHERE session_id = ?"
            last = self._connection.execute(query, (session_id,)).fetchone()[0]
            audit: list[AuditRow] = []
            for event in events:
                if event.seq <= last or isinstance(event, TranscriptDelta | OutputTextDelta):
                    continue
                text = event.model_dump_json()
                row = (session_id, event.seq, event.type, text)
                self._connection.execute("INSERT INTO events VALUES (?, ?, ?, ?)", row)
                if done := _who_did_what(event, who):
                    audit.append(AuditRow(at, session_id, *done, event.seq, _sha256(text)))
            self._audit(audit)

    def record(self, session_id: str, who: str, what: str) -> None:
        """Add an audit entry about an action such as an export or playback. ``what`` holds no text."""
        with self._transaction():
            self._audit([AuditRow(_now(), session_id, who, what)])

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
        with self._lock, self._errors():
            return self._connection.execute(query, values).fetchall()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.OperationalError, sqlite3.ProgrammingError) as error:
            raise AssistantError(
                f"Storing failed ({error}): look at the disk of {self.path.parent}.", code="store_failed"
            ) from None
        except sqlite3.DatabaseError:
            raise self._broken() from None

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
        case DocumentChanged():
            return person, f"report_revision_{event.revision}"
        case ResponseCreated():
            return person, "question_asked"
        case ResponseDone():
            return "engine", f"answer_{event.response.status}"
        case _:
            return None


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
