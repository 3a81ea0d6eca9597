"""The database that holds what lasts: where it is, how it is opened, and its tables, brought up to date.

It is one SQLite file, for the user alone, or a PostgreSQL database named by its URL; ``dialects`` has what
these do differently. The tables are made and changed by the Alembic migrations in ``migrations/``, which the
package carries; every start runs those that are missing. Rows that belong to somebody have an ``owner``: the
id of a user as text, ``LOCAL`` where the server has no users.
"""

import contextlib
import errno
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, inspect, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from assistant.errors import AssistantError, BadInput
from assistant.principal import SOLE
from assistant.storage.dialects import BUSY_S, MIGRATES, READS, dialect_of

FILE: Final = "sessions.sqlite3"
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
_one_at_a_time = threading.Lock()  # Alembic keeps what it is working on in its module


def url_of(where: Path | str) -> URL:
    """The address of the database: a URL as it is given, or of ``FILE`` in a folder.

    Raises ``BadInput``: ``database_unsupported``.
    """
    if isinstance(where, Path) or "://" not in where:
        return URL.create("sqlite", database=str(Path(where) / FILE))
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


def name_of(url: URL) -> str:
    """For people: the file, or the server and its database, without user, password and options."""
    shown = URL.create("postgresql", host=url.host, port=url.port, database=url.database)
    return str(file_of(url) or shown.render_as_string())


def place_of(where: Path | str) -> str:
    """``--store`` for people."""
    return str(where) if isinstance(where, Path) else name_of(url_of(where))


def open_engine(url: URL) -> Engine:
    """For threads. Nothing is connected yet. Raises ``BadInput``: ``database_driver_missing``."""
    with _driver_installed():
        engine = create_engine(
            url, hide_parameters=True, pool_timeout=POOL_S, connect_args=dict(dialect_of(url).options(url))
        )
    dialect_of(url).prepare(engine)
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

    def __init__(self, where: Path | str) -> None:
        """Raises ``BadInput``: ``database_unsupported``, ``database_driver_missing``."""
        self.url = url_of(where)
        dialect = dialect_of(self.url)
        driver = "sqlite+aiosqlite" if file_of(self.url) else self.url.drivername
        with _driver_installed():
            # Parameters are what patients and clinicians said: they are in no error.
            self.engine: AsyncEngine = create_async_engine(
                self.url.set(drivername=driver),
                hide_parameters=True,
                pool_timeout=POOL_S,
                connect_args=dict(dialect.options(self.url)),
            )
        dialect.prepare(self.engine.sync_engine)

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
                with self._errors():
                    async with self.engine.connect() as connection:
                        await connection.execution_options(**{MIGRATES: True})
                        async with connection.begin():
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
