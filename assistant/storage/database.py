"""The database that holds what lasts: where it is, how it is opened, and its tables, brought up to date.

It is one SQLite file, for the user alone, or a PostgreSQL database named by its URL; ``dialects`` has what
these do differently. The tables are made and changed by the Alembic migrations in ``migrations/``, which the
package carries; every start runs those that are missing. Rows that belong to somebody have an ``owner``: the
id of a user as text, ``LOCAL`` where the server has no users.
"""

import contextlib
import errno
import logging
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import aiosqlite
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, inspect, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from assistant.errors import AssistantError, BadInput
from assistant.principal import SOLE
from assistant.storage.dialects import (
    BUSY_S,
    MIGRATES,
    OPENING_ERRORS,
    READS,
    SQL_ERRORS,
    dialect_of,
    key_pragma,
    sqlcipher,
)
from assistant.storage.keys import Key, key_of
from assistant.storage.sealing import wrong_key

FILE: Final = "sessions.sqlite3"
ENCRYPTED_FILE: Final = "sessions.encrypted.sqlite3"
LOCAL: Final = SOLE
"""The owner of everything on a server without users."""
APPLICATION_ID: Final = 0x43564132
"""Marks the SQLite file as ours ("CVA2")."""
FIRST_APPLICATION_ID: Final = 0x43564131
"""Application id of files that 0.2 made; ``Store`` carries them over."""
POOL_S: Final = 5.0
"""Longest wait of a reader for one of the connections."""

_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+aiosqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_MIGRATIONS = Path(__file__).parent / "migrations"
logging.getLogger("aiosqlite").setLevel(logging.INFO)  # below that it logs what is written
_one_at_a_time = threading.Lock()  # Alembic keeps what it is working on in its module


def url_of(where: Path | str) -> URL:
    """The address of the database: a URL as it is given, or of ``FILE`` in a folder, of ``ENCRYPTED_FILE``
    where this process has its key.

    Raises ``BadInput``: ``database_unsupported``.
    """
    if isinstance(where, Path) or "://" not in where:
        folder = Path(where)
        return URL.create("sqlite", database=str(folder / (ENCRYPTED_FILE if key_of(folder) else FILE)))
    try:
        url = make_url(where)
        return url.set(drivername=_DRIVERS[url.drivername])
    except (ArgumentError, KeyError, ValueError):
        raise BadInput(
            "The database must be a folder, or a URL that begins with sqlite: or postgresql:.",
            code="database_unsupported",
        ) from None


def file_of(url: URL) -> Path | None:
    """The file of a SQLite database; None for others."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def key_for(url: URL) -> Key | None:
    """The key of a SQLite file that is encrypted."""
    file = file_of(url)
    return key_of(file.parent) if file and file.name == ENCRYPTED_FILE else None


def check_key(file: Path, key: Key | None) -> None:
    """Check that the store in the folder of ``file`` needs this key, or none; nothing is changed.

    Raises ``BadInput``: ``encryption_key_missing``, ``encryption_key_wrong``, ``encryption_missing``,
    ``store_not_encrypted``.
    """
    plain, encrypted = (_has_content(file.with_name(name)) for name in (FILE, ENCRYPTED_FILE))
    if key is None:
        if encrypted and file.name == FILE:
            raise BadInput(
                f"The store in {file.parent} is encrypted. Give its key: --encryption-key-file, "
                "--encryption-key-command or --encryption-keyring.",
                code="encryption_key_missing",
            )
        return
    require_sqlcipher()
    if plain:
        raise BadInput(
            f"The store in {file.parent} is not encrypted, or only half. Stop the server, then: assistant "
            "store encrypt",
            code="store_not_encrypted",
        )
    if encrypted:
        try:
            _read_only(file, key, "mode=ro")
        except sqlcipher.OperationalError:  # nobody has it open: its write-ahead log is not there
            _read_only(file, key, "immutable=1")


def require_sqlcipher() -> None:
    """Raises ``BadInput``: ``encryption_missing``."""
    if sqlcipher is None:
        raise BadInput(
            "Encryption needs other packages: pip install 'clinical-voice-assistant[encryption]'",
            code="encryption_missing",
        )


def _read_only(file: Path, key: Key, how: str) -> None:
    """Raises ``BadInput``: ``encryption_key_wrong``; ``sqlcipher3.OperationalError``."""
    uri = f"{file.resolve().as_uri()}?{how}"
    with contextlib.closing(sqlcipher.connect(uri, uri=True, timeout=BUSY_S)) as connection:
        try:
            connection.execute(key_pragma(key))
            connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlcipher.OperationalError:
            raise
        except sqlcipher.DatabaseError:
            raise wrong_key(str(file)) from None


def _has_content(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0


def connect(file: Path, key: Key | None) -> Any:
    """A connection of the driver itself, without transactions of its own; SQLCipher's with a ``key``."""
    driver: Any = sqlite3 if key is None else sqlcipher
    connection = driver.connect(file, timeout=BUSY_S, isolation_level=None)
    if key is not None:
        connection.execute(key_pragma(key))
    return connection


def prepare_file(file: Path, key: Key | None = None) -> None:
    """Make the file, and its folder, for the user alone; a file that has something in it is left as it is.

    Raises ``BadInput`` as ``check_key`` does; ``OSError``, also where the file may only be read;
    ``OperationalError`` of the driver.
    """
    check_key(file, key)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    # SQLite opens a file that it may only read, and fails at the first write. The file is not opened here to
    # find out: closing it would take away the locks of this process's other connections.
    if not os.access(file, os.W_OK):
        raise PermissionError(errno.EACCES, "only reading is allowed", str(file))
    if file.stat().st_size == 0:
        with contextlib.closing(connect(file, key)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")


def name_of(url: URL) -> str:
    """For people: the file, or the server and its database, without user, password and options."""
    shown = URL.create("postgresql", host=url.host, port=url.port, database=url.database)
    return str(file_of(url) or shown.render_as_string())


def place_of(where: Path | str) -> str:
    """``--store`` for people."""
    return str(where) if isinstance(where, Path) else name_of(url_of(where))


def open_engine(url: URL) -> Engine:
    """For threads. Nothing is connected yet. Raises ``BadInput``: ``database_driver_missing``."""
    key = key_for(url)
    dialect = dialect_of(url, key)
    options: dict[str, Any] = {"connect_args": dict(dialect.options(url)), "pool_timeout": POOL_S}
    if key is not None:
        options["module"] = sqlcipher
    with _driver_installed():
        engine = create_engine(url, hide_parameters=True, **options)
    dialect.prepare(engine)
    return engine


@contextlib.contextmanager
def _driver_installed() -> Iterator[None]:
    try:
        yield
    except ImportError:
        raise BadInput(
            "PostgreSQL needs another package: pip install 'clinical-voice-assistant[postgres]'",
            code="database_driver_missing",
        ) from None


class Database:
    """Open between ``start`` and ``close``."""

    def __init__(self, where: Path | str, *, keeps_open: bool = True) -> None:
        """Not ``keeps_open``: between two calls no file of SQLite is open, and none is made after ``start``:
        ``Store`` tells when it was deleted, and begins it anew.

        Raises ``BadInput``: ``database_unsupported``, ``database_driver_missing``.
        """
        self.url = url_of(where)
        self._key = key_for(self.url)
        self._must_be_there = None if keeps_open else file_of(self.url)
        dialect = dialect_of(self.url, self._key)
        options: dict[str, Any] = {"connect_args": dict(dialect.options(self.url))}
        options |= {"poolclass": NullPool} if self._must_be_there else {"pool_timeout": POOL_S}
        if self._key is not None:
            options["async_creator"] = self._connect
        driver = "sqlite+aiosqlite" if file_of(self.url) else self.url.drivername
        with _driver_installed():
            # Parameters are what patients and clinicians said: they are in no error.
            self.engine: AsyncEngine = create_async_engine(
                self.url.set(drivername=driver),
                hide_parameters=True,
                **options,
            )
        dialect.prepare(self.engine.sync_engine)

    async def _connect(self) -> aiosqlite.Connection:
        return await aiosqlite.Connection(
            lambda: sqlcipher.connect(str(file_of(self.url)), timeout=BUSY_S), iter_chunk_size=64
        )

    async def start(self) -> None:
        """Make the file if it is missing, and run the migrations that are missing.

        Raises ``BadInput``: ``database_unusable``, ``store_broken``.
        """
        try:
            if file := file_of(self.url):
                prepare_file(file, self._key)
            async with self.read() as connection:
                current = await connection.run_sync(is_current)
            if not current:
                with self._errors():
                    async with self.engine.connect() as connection:
                        await connection.execution_options(**{MIGRATES: True})
                        async with connection.begin():
                            await connection.run_sync(upgrade)
        except OPENING_ERRORS as error:
            await self.close()
            if isinstance(error, BadInput):
                raise
            raise BadInput(
                f"The database {self.name} cannot be opened or changed. Choose another --store.",
                code="database_unusable",
            ) from None

    @property
    def name(self) -> str:
        """For people."""
        return name_of(self.url)

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that only reads. Raises ``AssistantError``: ``database_failed``."""
        with self._errors():
            async with self.engine.connect() as connection:
                yield await connection.execution_options(**{READS: True})

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: all of it is durable at the end, or nothing. Raises ``AssistantError``:
        ``database_failed``."""
        with self._errors():
            async with self.engine.begin() as connection:
                yield connection

    async def overwrite(self) -> None:
        """After a deletion: what was deleted is in no file of SQLite any more, unless another connection
        reads right now. Raises ``AssistantError``: ``database_failed``."""
        if file_of(self.url) is None:
            return
        with self._errors():
            async with self.engine.connect() as connection:
                raw = await connection.get_raw_connection()
                assert raw.driver_connection is not None
                await raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        await self.engine.dispose()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        if self._must_be_there and not self._must_be_there.exists():
            raise AssistantError(f"The database {self.name} was deleted.", code="database_failed")
        try:
            yield
        except SQL_ERRORS as error:
            raise AssistantError(
                f"The database {self.name} failed ({type(error).__name__}).", code="database_failed"
            ) from None


def migrate(engine: Engine) -> None:
    """Bring the tables up to date, off the event loop. Raises ``BadInput`` (``store_broken``),
    ``SQLAlchemyError``."""
    with engine.connect().execution_options(**{READS: True}) as connection:
        if is_current(connection):
            return
    with engine.connect().execution_options(**{MIGRATES: True}) as connection, connection.begin():
        upgrade(connection)


def has_tables(connection: Connection) -> bool:
    """Whether there is a store at all."""
    return inspect(connection).has_table("sessions")


def is_current(connection: Connection) -> bool:
    """Whether no migration is missing. It only reads, so a full disk can be opened.

    Raises ``BadInput``: ``store_broken`` for the file of another program or of a newer version of this one.
    """
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        empty = found == 0 and not connection.exec_driver_sql("SELECT 1 FROM sqlite_master").first()
        if not empty and found not in (APPLICATION_ID, FIRST_APPLICATION_ID):
            raise _not_ours(connection)
    revisions = revisions_of(connection)
    if not set(revisions) <= known_revisions():
        raise _not_ours(connection)
    return set(revisions) == set(_scripts().get_heads())


def revisions_of(connection: Connection) -> tuple[str, ...]:
    """The newest migrations that were run; one for each branch of them."""
    return tuple(sorted(MigrationContext.configure(connection).get_current_heads()))


def known_revisions() -> frozenset[str]:
    """Names of all migrations."""
    return frozenset(each.revision for each in _scripts().walk_revisions())


def upgrade(connection: Connection, revisions: Sequence[str] = ("heads",)) -> None:
    """Run the migrations up to these that are missing, in the transaction of this connection: all or none."""
    config = _alembic()
    config.attributes["connection"] = connection
    with _one_at_a_time:
        for revision in revisions:
            command.upgrade(config, revision)


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_alembic())


def _not_ours(connection: Connection) -> BadInput:
    return BadInput(
        f"{name_of(connection.engine.url)} is not a store of this version of the program. It was left "
        "unchanged. Choose another --store.",
        code="store_broken",
    )
