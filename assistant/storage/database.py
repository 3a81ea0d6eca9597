"""The database that holds what lasts: where it is, how it is opened, and its tables, brought up to date.

It is one SQLite file, for the user alone, or a PostgreSQL database named by its URL. The tables are made and
changed by the Alembic migrations in ``migrations/``, which the package carries; every start runs those that
are missing. Rows that belong to somebody have an ``owner``: the id of a user as text, ``LOCAL`` where the
server has no users.
"""

import contextlib
import errno
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from assistant.errors import AssistantError, BadInput
from assistant.principal import SOLE

FILE: Final = "sessions.sqlite3"
LOCAL: Final = SOLE
"""The owner of everything on a server without users."""
APPLICATION_ID: Final = 0x43564132
"""Marks the SQLite file as ours ("CVA2")."""
FIRST_APPLICATION_ID: Final = 0x43564131
"""Application id of files that 0.2 made; ``Store`` carries them over."""
BUSY_S: Final = 1.0
"""How long a write waits for another connection that locks the file."""

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
_MIGRATIONS = Path(__file__).parent / "migrations"
_one_at_a_time = threading.Lock()  # Alembic keeps what it is working on in its module
_READS = "assistant_reads"


def url_of(where: Path | str) -> URL:
    """The address of the database: a URL as it is given, or of ``FILE`` in a folder.

    Raises ``BadInput``: ``database_unsupported``.
    """
    if isinstance(where, Path) or "://" not in where:
        return URL.create("sqlite+aiosqlite", database=str(Path(where) / FILE))
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


def prepare_file(file: Path) -> None:
    """Make the file, and its folder, for the user alone; a file that has something in it is left as it is.

    Raises ``OSError``, also where the file may only be read; ``sqlite3.OperationalError``.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    # SQLite opens a file that it may only read, and fails at the first write. The file is not opened here to
    # find out: closing it would take away the locks of this process's other connections.
    if not os.access(file, os.W_OK):
        raise PermissionError(errno.EACCES, "only reading is allowed", str(file))
    if file.stat().st_size == 0:
        with contextlib.closing(sqlite3.connect(file, timeout=BUSY_S)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")


class Database:
    """Open between ``start`` and ``close``."""

    def __init__(self, where: Path | str) -> None:
        """Raises ``BadInput``: ``database_unsupported``."""
        self.url = url_of(where)
        # Parameters are what patients and clinicians said: they are in no error.
        self.engine: AsyncEngine = create_async_engine(self.url, hide_parameters=True)
        if file_of(self.url):
            _as_sqlite(self.engine.sync_engine)

    async def start(self) -> None:
        """Make the file if it is missing, and run the migrations that are missing.

        Raises ``BadInput``: ``database_unusable``, ``store_broken``.
        """
        try:
            if file := file_of(self.url):
                prepare_file(file)
            async with self.read() as connection:
                current = await connection.run_sync(is_current)
            if not current:
                async with self.write() as connection:
                    await connection.run_sync(upgrade)
        except (AssistantError, OSError, sqlite3.Error) as error:
            await self.close()
            if isinstance(error, BadInput):
                raise
            raise BadInput(
                f"The database {self.name} cannot be opened or changed. Choose another --store.",
                code="database_unusable",
            ) from None

    @property
    def name(self) -> str:
        """For people; without its password."""
        return str(file_of(self.url) or self.url.render_as_string(hide_password=True))

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that only reads. Raises ``AssistantError``: ``database_failed``."""
        with self._errors():
            async with self.engine.connect() as connection:
                yield await connection.execution_options(**{_READS: True})

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: all of it is durable at the end, or nothing. Raises ``AssistantError``:
        ``database_failed``."""
        with self._errors():
            async with self.engine.begin() as connection:
                yield connection

    async def close(self) -> None:
        await self.engine.dispose()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise AssistantError(
                f"The database {self.name} failed ({type(error).__name__}).", code="database_failed"
            ) from None


def migrate(file: Path) -> None:
    """Bring a SQLite file up to date, off the event loop.

    Raises ``BadInput`` (``store_broken``), ``sqlite3.Error``.
    """
    engine = create_engine(URL.create("sqlite", database=str(file)), poolclass=NullPool, hide_parameters=True)
    _as_sqlite(engine)
    try:
        with engine.connect().execution_options(**{_READS: True}) as connection:
            if is_current(connection):
                return
        with engine.begin() as connection:
            upgrade(connection)
    except DatabaseError as error:
        raise error.orig if isinstance(error.orig, sqlite3.Error) else error from None


def is_current(connection: Connection) -> bool:
    """Whether no migration is missing. It only reads, so a full disk can be opened.

    Raises ``BadInput``: ``store_broken`` for the file of another program or of a newer version of this one.
    """
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        empty = found == 0 and not connection.exec_driver_sql("SELECT 1 FROM sqlite_master").first()
        if not empty and found not in (APPLICATION_ID, FIRST_APPLICATION_ID):
            raise _not_ours(connection)
    found = set(MigrationContext.configure(connection).get_current_heads())
    scripts = ScriptDirectory.from_config(_alembic())
    if not found <= {each.revision for each in scripts.walk_revisions()}:
        raise _not_ours(connection)
    return found == set(scripts.get_heads())


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing, in the transaction of this connection: all or none."""
    config = _alembic()
    config.attributes["connection"] = connection
    with _one_at_a_time:
        command.upgrade(config, "heads")


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _not_ours(connection: Connection) -> BadInput:
    return BadInput(
        f"{connection.engine.url.database} is not a store of this version of the program. It was left "
        "unchanged. Choose another --store.",
        code="store_broken",
    )


def _as_sqlite(engine: Engine) -> None:
    """Durable, deleted rows overwritten, and with transactions that hold for changes of tables too, which
    Python's driver leaves out of them."""

    @event.listens_for(engine, "connect")
    def _(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver begins no transaction by itself
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {round(BUSY_S * 1000)}")
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        reads = connection.get_execution_options().get(_READS)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
