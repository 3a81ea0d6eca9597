"""Differences between SQLite and PostgreSQL: opening, locking, searching, deleting for good, telling why.

Everything else in ``storage/`` is SQL that both understand, with named parameters.
"""

import contextlib
import importlib
import re
import sqlite3
import unicodedata
from collections.abc import Mapping
from typing import Any, Final, Protocol

from sqlalchemy import URL, Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError, SQLAlchemyError

from assistant.characters import storable
from assistant.errors import AssistantError
from assistant.storage.keys import Key

sqlcipher: Any = None
"""The driver's module; None without the extra [encryption]."""
with contextlib.suppress(ImportError):
    sqlcipher = importlib.import_module("sqlcipher3.dbapi2")

DRIVER_ERRORS: Final[tuple[type[Exception], ...]] = (
    (sqlite3.Error,) if sqlcipher is None else (sqlite3.Error, sqlcipher.Error)
)
"""As SQLAlchemy leaves them while a connection is made, and SQLCipher's wherever it is not SQLAlchemy's own
driver."""
SQL_ERRORS: Final[tuple[type[Exception], ...]] = (SQLAlchemyError, *DRIVER_ERRORS)
DISK_ERRORS: Final[tuple[type[Exception], ...]] = (OSError, *DRIVER_ERRORS)
OPENING_ERRORS: Final[tuple[type[Exception], ...]] = (AssistantError, *DISK_ERRORS)
BUSY_S: Final = 1.0
"""Longest wait of a write for another connection that is writing."""
CONNECT_S: Final = 3
"""Longest wait for a new connection to a database server."""
SILENT_MS: Final = 5000
"""After this time without a sign of it a database server counts as gone."""
READS: Final = "assistant_reads"
"""Execution option of a connection that only reads; others write, one at a time."""
MIGRATES: Final = "assistant_migrates"
"""Execution option of a connection that changes the tables: it waits for others for ``MIGRATE_S``."""
MIGRATE_S: Final = 60
WRITE_LOCK: Final = 0x43564132
"""PostgreSQL's advisory lock of whoever writes: rows that are chained by hashes have one order."""
LONGEST_WORD_CHARS: Final = 64
MOST_WORD_BYTES: Final = 1_000_000
"""A tsvector holds one MiB; of a report with more different words the last ones are not found."""


class Dialect(Protocol):
    """Conditions are SQL with the named parameters that their docstrings name."""

    def options(self, url: URL) -> Mapping[str, object]:
        """Arguments for the driver's connections."""

    def prepare(self, engine: Engine) -> None:
        """Make every connection durable, and every transaction that writes the only one."""

    def snapshot(self, connection: Connection) -> Connection:
        """The connection, to read one state of the database in a transaction while others write."""

    def size(self, column: str) -> str:
        """SQL for the bytes of this column of text, in UTF-8."""

    def contains(self, column: str, parameter: str) -> str:
        """The column's text has the parameter's within, in any case of ASCII letters."""

    def day(self, sql: str) -> str:
        """The day in UTC of a time in ISO 8601, as text."""

    @property
    def matching(self) -> str:
        """The report ``id`` has the words of the parameter ``words``."""

    def wanted(self, words: list[str]) -> str:
        """The parameter ``words``: all of them, each the beginning of a word."""

    def index(self, connection: Connection, report_id: str, words: str) -> None:
        """Make a report's text searchable."""

    def rebuild_index(self, connection: Connection) -> None:
        """After a deletion, in its transaction: the index keeps no word that is in no report."""

    def overwrite(self, engine: Engine) -> None:
        """After a deletion: nothing of what was deleted can be read from the database's files, as far as
        the database can do that."""

    def is_damage(self, error: DBAPIError) -> bool:
        """Whether the error says that the database cannot be read as ours."""

    def reason(self, error: DBAPIError) -> str:
        """Why it failed, without a value of any row."""


class Sqlite:
    """One file, for the user alone: see ``database.prepare_file``. With a ``key`` SQLCipher encrypts each
    page of it, of its write-ahead log and of its index of words."""

    def __init__(self, key: Key | None = None) -> None:
        self._key = key

    matching = "id IN (SELECT report_id FROM report_texts WHERE report_texts MATCH :words)"

    def size(self, column: str) -> str:
        return f"length(CAST({column} AS BLOB))"  # octet_length needs SQLite 3.43

    def options(self, url: URL) -> Mapping[str, object]:
        return {}

    def prepare(self, engine: Engine) -> None:
        """Deleted rows are overwritten, and transactions hold for changes of tables too, which Python's
        driver leaves out of them."""

        @event.listens_for(engine, "connect")
        def _(connection: Any, _record: object) -> None:
            connection.isolation_level = None  # the driver begins no transaction by itself
            cursor = connection.cursor()
            if self._key:
                cursor.execute(key_pragma(self._key))
            cursor.execute(f"PRAGMA busy_timeout = {round(BUSY_S * 1000)}")
            for pragma in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        @event.listens_for(engine, "begin")
        def _(connection: Connection) -> None:
            reads = connection.get_execution_options().get(READS)
            connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    def snapshot(self, connection: Connection) -> Connection:
        return connection.execution_options(**{READS: True})

    def contains(self, column: str, parameter: str) -> str:
        return f"instr(lower({column}), lower(:{parameter})) > 0"

    def day(self, sql: str) -> str:
        return f"date({sql})"

    def wanted(self, words: list[str]) -> str:
        return " ".join(f'"{word}"*' for word in words)

    def index(self, connection: Connection, report_id: str, words: str) -> None:
        values = {"report_id": report_id, "words": words}
        connection.execute(
            text("INSERT INTO report_texts (report_id, words) VALUES (:report_id, :words)"), values
        )

    def rebuild_index(self, connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO report_texts (report_texts) VALUES ('optimize')")

    def overwrite(self, engine: Engine) -> None:
        """Empties the write-ahead log: ``secure_delete`` has overwritten the rows."""
        connection = engine.raw_connection()  # outside of any transaction
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        finally:
            connection.close()

    def is_damage(self, error: DBAPIError) -> bool:
        return not isinstance(error, OperationalError | ProgrammingError)

    def reason(self, error: DBAPIError) -> str:
        return str(error.orig)  # SQLite's words name tables and files, never values


class Postgres:
    """A database of a PostgreSQL server, which others may use at the same time."""

    matching = "id IN (SELECT report_id FROM report_texts WHERE tokens @@ CAST(:words AS tsquery))"

    def size(self, column: str) -> str:
        return f"octet_length({column})"

    def options(self, url: URL) -> Mapping[str, object]:
        """Those that the URL has stay as they are."""
        wanted: dict[str, object] = {
            "connect_timeout": CONNECT_S,
            "tcp_user_timeout": SILENT_MS,
            "keepalives_idle": SILENT_MS // 1000,
            "keepalives_interval": 1,
            "keepalives_count": 3,
            "application_name": "clinical-voice-assistant",
        }
        own = url.query.get("options", "")
        durable = f"-c lock_timeout={round(BUSY_S * 1000)} -c synchronous_commit=on -c timezone=UTC"
        return {name: value for name, value in wanted.items() if name not in url.query} | {
            "options": f"{own if isinstance(own, str) else ' '.join(own)} {durable}".strip()
        }

    def prepare(self, engine: Engine) -> None:
        @event.listens_for(engine, "begin")
        def _(connection: Connection) -> None:
            options = connection.get_execution_options()
            if options.get(MIGRATES):
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{MIGRATE_S}s'")
            if not options.get(READS):
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")

    def snapshot(self, connection: Connection) -> Connection:
        return connection.execution_options(**{READS: True}, isolation_level="REPEATABLE READ")

    def contains(self, column: str, parameter: str) -> str:
        return f"strpos(lower({column}), lower(CAST(:{parameter} AS text))) > 0"

    def day(self, sql: str) -> str:
        return f"(CAST({sql} AS timestamptz) AT TIME ZONE 'UTC')::date"

    def wanted(self, words: list[str]) -> str:
        return " & ".join(f"'{word}':*" for word in sorted(_tokens(" ".join(words)))) or "''"

    def index(self, connection: Connection, report_id: str, words: str) -> None:
        """PostgreSQL's own parser takes "chest/abdomen" for the name of a file, and would not find
        "abdomen"."""
        room, tokens = MOST_WORD_BYTES, list[str]()
        for token in dict.fromkeys(_tokens(words)):
            room -= len(token.encode()) + 4
            if room < 0:
                break
            tokens.append(token)
        values = {"report_id": report_id, "words": storable(words), "tokens": tokens}
        connection.execute(
            text(
                "INSERT INTO report_texts (report_id, words, tokens)"
                " VALUES (:report_id, :words, array_to_tsvector(CAST(:tokens AS text[])))"
            ),
            values,
        )

    def rebuild_index(self, connection: Connection) -> None:
        """A deleted row is in no index that a query reads."""

    def overwrite(self, engine: Engine) -> None:
        """Only the server's administrator can: docs/operations.md says how."""

    def is_damage(self, error: DBAPIError) -> bool:
        return False

    def reason(self, error: DBAPIError) -> str:
        """PostgreSQL's own words can hold the values of a row."""
        state = getattr(error.orig, "sqlstate", None)
        return f"PostgreSQL {state}" if state else "the database does not answer"


def dialect_of(url: URL, key: Key | None = None) -> Dialect:
    return Postgres() if url.get_backend_name() == "postgresql" else Sqlite(key)


def key_pragma(key: Key) -> str:
    """The first statement of a connection of SQLCipher."""
    return f"PRAGMA key = \"x'{key.derived('database').hex()}'\""


def _tokens(words: str) -> list[str]:
    """Words as they are searched: lower case, without accents; like FTS5's ``unicode61``."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", words) if not unicodedata.combining(each))
    return [token[:LONGEST_WORD_CHARS] for token in re.findall(r"[^\W_]+", plain.lower())]
