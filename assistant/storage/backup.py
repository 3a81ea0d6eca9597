"""A whole store in one file, and back: every table, the attachments and the checkpoints of the audit.

The file is a ZIP archive: ``tables/NAME.jsonl`` (its first line names the columns, each other one is a row),
``files/SESSION/…``, ``checkpoints`` and, last, ``manifest.json`` with the hash of each. It has no form of any
one database, so that what SQLite had can be restored into PostgreSQL. What follows from the rest (the index
of words) is left out and made again.

A backup reads one state of the database while servers write. A restore is one transaction: killed in the
middle, it has done nothing. It runs the migrations that are newer than the backup.
"""

import base64
import contextlib
import hashlib
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

import sqlalchemy as sa

from assistant.errors import AssistantError, BadInput
from assistant.storage.database import known_revisions, revisions_of, upgrade
from assistant.storage.keys import Key
from assistant.storage.sealing import Sink, Unsealing, maybe_sealing, wrong_key
from assistant.storage.store import Store, now, verified

FORMAT: Final = 1
MANIFEST, CHECKPOINTS = "manifest.json", "checkpoints"
STAGING: Final = ".restoring"
BLOCK_BYTES = 2**20
ROWS_AT_ONCE = 500
DERIVED = "report_texts"
"""Table of the index of words, and the beginning of the names of its own tables."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """``revisions`` are those of the migrations. ``sessions`` and ``access`` are what the two audits ended
    with. ``members`` has the SHA-256 of each member of the archive."""

    format: int
    at: str
    revisions: tuple[str, ...]
    sessions: str
    access: str
    rows: dict[str, int]
    members: dict[str, str]
    key: str = ""
    """Id of the key of an encrypted store, which sealed tables and attachments."""

    @property
    def attachments(self) -> int:
        return sum(name.startswith("files/") for name in self.members)


def back_up(store: Store, target: Path, checkpoints: Path | None = None) -> Manifest:
    """Write everything to the new file ``target``, for the user alone; it appears when it is whole.

    Raises ``BadInput``: ``backup_exists``, ``backup_unwritable``, ``checkpoints_unreadable``;
    ``AssistantError``: ``store_failed``.
    """
    if target.exists():
        raise BadInput(f"{target} exists already. Name another file.", code="backup_exists")
    part = target.with_name(f"{target.name}.part")
    try:
        made = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(made, "w+b") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
                manifest = _write(store, archive, checkpoints)
                archive.close()
                out.flush()
                os.fsync(out.fileno())
            os.replace(part, target)
            _sync(target.parent)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BadInput(f"{target} cannot be written: {why}.", code="backup_unwritable") from None
    return manifest


def _write(store: Store, archive: zipfile.ZipFile, checkpoints: Path | None) -> Manifest:
    members: dict[str, str] = {}
    rows: dict[str, int] = {}
    with store.snapshot() as connection:
        tables = _tables(connection)
        for table in tables:
            name = f"tables/{table.name}.jsonl"
            with archive.open(name, "w", force_zip64=True) as out:
                hashed = _Hashed(out)
                with maybe_sealing(hashed, store.key) as sink:
                    rows[table.name] = _write_rows(connection, table, sink)
            members[name] = hashed.hex()
        ends = {name: _last_hash(connection, name) for name in ("audit", "access_log")}
        sessions = connection.execute(sa.text("SELECT id FROM sessions ORDER BY id")).scalars().all()
        revisions = revisions_of(connection)
    for session in sessions:
        members |= _write_files(archive, store.files_of(session), f"files/{session}")
    if checkpoints is not None:
        try:
            members |= _write_file(archive, checkpoints, CHECKPOINTS)
        except OSError as error:
            raise BadInput(
                f"{checkpoints} cannot be read ({error.strerror}).", code="checkpoints_unreadable"
            ) from None
    manifest = Manifest(
        FORMAT,
        now(),
        revisions,
        ends["audit"],
        ends["access_log"],
        rows,
        members,
        store.key.id if store.key else "",
    )
    archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
    return manifest


def _write_rows(connection: sa.Connection, table: sa.Table, out: Sink) -> int:
    out.write(_line([column.name for column in table.columns]))
    count = 0
    query = sa.select(table).order_by(*table.primary_key)
    with connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE}) as found:
        for row in found:
            out.write(_line([_plain(value) for value in row]))
            count += 1
    return count


def _write_files(archive: zipfile.ZipFile, folder: Path, name: str) -> dict[str, str]:
    members: dict[str, str] = {}
    for each in sorted(folder.rglob("*")):
        if each.is_file() and not each.is_symlink():
            with contextlib.suppress(FileNotFoundError):  # an upload that has just ended
                members |= _write_file(archive, each, f"{name}/{each.relative_to(folder).as_posix()}")
    return members


def _write_file(archive: zipfile.ZipFile, file: Path, name: str) -> dict[str, str]:
    """Pictures are compressed already."""
    with file.open("rb") as source:
        member = zipfile.ZipInfo(name)
        with archive.open(member, "w", force_zip64=True) as out:
            hashed = _Hashed(out)
            shutil.copyfileobj(source, hashed, BLOCK_BYTES)
    return {name: hashed.hex()}


def restore(
    source: Path, store: Store, *, replace: bool = False, checkpoints: Path | None = None
) -> Manifest:
    """Put a backup into a ``store``; what it had is deleted if ``replace``. The attachments take their place
    after the rows. ``checkpoints``: where those of the backup are written, unless there is such a file.

    Raises ``BadInput``: ``backup_unreadable``, ``backup_newer``, ``store_not_empty``; ``AssistantError``:
    ``store_failed``, ``store_unwritable``.
    """
    with _opened(source) as archive:
        manifest = _manifest(archive)
        _check(archive, manifest)
        _check_key(manifest, store.key)
        staging = store.files / STAGING
        try:
            shutil.rmtree(staging, ignore_errors=True)
            with store.changing() as connection:
                if not replace and not _is_empty(connection):
                    raise BadInput(
                        f"{store.name} is not empty. --replace deletes what it has.", code="store_not_empty"
                    )
                _stage(archive, manifest, staging)
                _read(archive, manifest, connection, store.key)
            _take_place(staging, store.files)
            if checkpoints and CHECKPOINTS in manifest.members and not checkpoints.exists():
                checkpoints.parent.mkdir(parents=True, exist_ok=True)
                checkpoints.write_bytes(archive.read(CHECKPOINTS))
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise AssistantError(f"Nothing can be restored: {why}.", code="store_unwritable") from None
    return manifest


def check_restored(store: Store, manifest: Manifest) -> None:
    """The audit is whole, ends as that of the backup, and the attachments are there. Raises ``BadInput``:
    ``audit_broken``, ``audit_cut``, ``attachments_missing``."""
    with store.snapshot() as connection:
        verified(connection, *filter(None, [manifest.sessions]))
    for name in manifest.members:
        top, _, inner = name.partition("/")
        if top == "files" and not (store.files / inner).is_file():
            raise BadInput(f"The attachment {inner} was not restored.", code="attachments_missing")


@contextlib.contextmanager
def _opened(source: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(source) as archive:
            yield archive
    except FileNotFoundError:
        raise BadInput(f"There is no file {source}.", code="backup_unreadable") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
        raise _unreadable(f"{source} is no whole backup") from None


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        found = json.loads(archive.read(MANIFEST))
        if found["format"] > FORMAT:
            raise _newer()
        manifest = Manifest(**{**found, "revisions": tuple(found["revisions"])})
    except (KeyError, TypeError, ValueError):
        raise _unreadable("This file is not a backup of a store") from None
    if not set(manifest.revisions) <= known_revisions():
        raise _newer()
    return manifest


def _check(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Before anything is changed."""
    if set(archive.namelist()) != {MANIFEST, *manifest.members}:
        raise _unreadable("The backup has other parts than it says")
    for name, written in manifest.members.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or path.parts[:2] == ("files", STAGING):
            raise _unreadable(f"The backup has a part that it cannot have: {name}")
        hashed = hashlib.sha256()
        with archive.open(name) as member:
            while block := member.read(BLOCK_BYTES):
                hashed.update(block)
        if hashed.hexdigest() != written:
            raise _unreadable(f"{name} in the backup is not what was written")


def _check_key(manifest: Manifest, key: Key | None) -> None:
    """A backup goes into a store with its key, or without one as it."""
    if manifest.key == (key.id if key else ""):
        return
    if not manifest.key:
        raise BadInput(
            "This backup is not encrypted, and the store is. Restore it into one that is not, and encrypt "
            "that: assistant store encrypt",
            code="backup_not_encrypted",
        )
    if key is None:
        raise BadInput("This backup is encrypted. Give its key.", code="encryption_key_missing")
    raise wrong_key("The backup")


def _stage(archive: zipfile.ZipFile, manifest: Manifest, staging: Path) -> None:
    staging.mkdir(mode=0o700, parents=True)
    for name in manifest.members:
        top, _, inner = name.partition("/")
        if top != "files":
            continue
        place = staging / inner
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with archive.open(name) as member, os.fdopen(made, "wb") as out:
            shutil.copyfileobj(member, out, BLOCK_BYTES)
            out.flush()
            os.fsync(out.fileno())


def _take_place(staging: Path, files: Path) -> None:
    for each in files.iterdir():
        if each != staging:
            shutil.rmtree(each) if each.is_dir() else each.unlink()
    for each in staging.iterdir():
        each.rename(files / each.name)
    staging.rmdir()
    _sync(files)


def _read(archive: zipfile.ZipFile, manifest: Manifest, connection: sa.Connection, key: Key | None) -> None:
    _drop(connection)
    upgrade(connection, manifest.revisions)
    tables = {table.name: table for table in _tables(connection)}
    if tables.keys() != manifest.rows.keys():
        raise _unreadable("The backup has other tables than its version")
    for name, table in tables.items():
        with archive.open(f"tables/{name}.jsonl") as lines:
            count = _read_rows(connection, table, Unsealing(lines, key) if key else lines)
        if count != manifest.rows[name]:
            raise _unreadable(f"The backup lacks rows of {name}")
    upgrade(connection)
    # Texts are to be searchable again; a server that still runs adds to no report that it no longer knows.
    connection.execute(sa.text("UPDATE reports SET stale = 1, holder = ''"))
    _number_on(connection, tables.values())


def _read_rows(connection: sa.Connection, table: sa.Table, lines: "IO[bytes] | Unsealing") -> int:
    columns = [table.columns[name] for name in json.loads(lines.readline())]
    values: list[dict[str, Any]] = []
    count = 0
    for line in lines:
        row = zip(columns, json.loads(line), strict=True)
        values.append({column.name: _typed(column, value) for column, value in row})
        count += 1
        if len(values) == ROWS_AT_ONCE:
            connection.execute(table.insert(), values)
            values = []
    if values:
        connection.execute(table.insert(), values)
    return count


def _tables(connection: sa.Connection) -> list[sa.Table]:
    """Our tables that are there, those that others refer to first."""
    there = set(sa.inspect(connection).get_table_names())
    found = sa.MetaData()
    found.reflect(connection, only=sorted(_ours() & there), resolve_fks=False)
    return [table for table in found.sorted_tables if not table.name.startswith(DERIVED)]


@cache
def _ours() -> frozenset[str]:
    """The tables that the migrations make: a database of PostgreSQL may have others."""
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        upgrade(connection)
        names = frozenset(sa.inspect(connection).get_table_names())
    engine.dispose()
    return frozenset(name for name in names if not name.startswith((f"{DERIVED}_", "alembic_")))


def _is_empty(connection: sa.Connection) -> bool:
    return not any(connection.execute(sa.select(table).limit(1)).first() for table in _tables(connection))


def _drop(connection: sa.Connection) -> None:
    there = set(sa.inspect(connection).get_table_names())
    tables = [table.name for table in reversed(_tables(connection))]
    for name in (*tables, DERIVED, "alembic_version"):
        if name in there:
            connection.execute(sa.text(f"DROP TABLE {name}"))


def _number_on(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
    """New rows get numbers after those that were restored."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        for column in table.primary_key:
            if isinstance(column.type, sa.Integer) and len(table.primary_key) == 1:
                connection.execute(
                    sa.text(
                        f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'),"
                        f" (SELECT max({column.name}) FROM {table.name}))"
                    )
                )


def _last_hash(connection: sa.Connection, table: str) -> str:
    query = sa.text(f"SELECT hash FROM {table} ORDER BY id DESC LIMIT 1")
    return str(connection.execute(query).scalar() or "")


def _line(values: Sequence[Any]) -> bytes:
    return json.dumps(values).encode() + b"\n"


def _plain(value: object) -> object:
    return base64.b64encode(value).decode() if isinstance(value, bytes | memoryview) else value


def _typed(column: "sa.Column[Any]", value: Any) -> Any:
    if isinstance(column.type, sa.JSON) and value is None:
        return sa.null()  # else it would be JSON's null
    if isinstance(column.type, sa.LargeBinary) and value is not None:
        return base64.b64decode(value)
    return value


class _Hashed:
    """Writes on, and hashes what it wrote."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out, self._hash = out, hashlib.sha256()

    def write(self, data: bytes, /) -> int:
        self._hash.update(data)
        return self._out.write(data)

    def hex(self) -> str:
        return self._hash.hexdigest()


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _unreadable(what: str) -> BadInput:
    return BadInput(f"{what}. Nothing was changed.", code="backup_unreadable")


def _newer() -> BadInput:
    return BadInput(
        "A newer version of the program made this backup. Restore it with that one.", code="backup_newer"
    )
