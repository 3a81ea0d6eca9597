"""Makes an encrypted store of one that is not, in its place.

The database is written anew, encrypted, and attachments are sealed beside the old ones. Then the new database
takes its name: from that moment the store is encrypted. Only then is what is not encrypted overwritten and
deleted. Killed before that moment, nothing has changed; after it, the store cannot be opened until the same
command has deleted the rest.
"""

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from assistant.errors import BadInput
from assistant.storage.database import (
    APPLICATION_ID,
    ENCRYPTED_FILE,
    FILE,
    connect,
    require_sqlcipher,
)
from assistant.storage.dialects import sqlcipher
from assistant.storage.keys import Key, use_key
from assistant.storage.sealing import SEALED
from assistant.storage.store import Store

BLOCK_BYTES: Final = 2**20
BESIDE: Final = ("-wal", "-shm", "-journal")


def encrypt(folder: Path, key: Key, seal: Callable[[Path, Key], int], files: Path | None = None) -> int:
    """Encrypt the store in this folder; returns how many attachments were sealed now. ``seal`` does it for a
    session's folder. No server may use the store. Blocks.

    Raises ``BadInput``: ``store_missing``, ``store_in_use``, ``store_encrypted``, ``encryption_missing``,
    ``encryption_key_wrong``, and as ``Store`` and ``Store.verify`` do; ``OSError``.
    """
    require_sqlcipher()
    plain, encrypted = folder / FILE, folder / ENCRYPTED_FILE
    files = files or folder / "files"
    sealed = 0
    if not encrypted.exists():
        use_key(folder, None)
        with Store(folder, files=files, create=False) as store:  # of the newest version, and whole
            store.verify()
        part = folder / f"{ENCRYPTED_FILE}.part"
        _export(plain, part, key)
        sealed = sum(seal(each, key) for each in _sessions(files))
        os.replace(part, encrypted)
    elif not plain.exists():
        raise BadInput("This store is encrypted already.", code="store_encrypted")
    for each in _sessions(files):
        _delete_plain(each)
    _hide(plain)
    use_key(folder, key)
    with Store(folder, files=files, create=False) as store:
        store.verify()
    return sealed


def _export(plain: Path, part: Path, key: Key) -> None:
    for each in (part, *(part.with_name(part.name + ending) for ending in BESIDE)):
        each.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with contextlib.closing(sqlcipher.connect(str(plain), timeout=0, isolation_level=None)) as connection:
        run = connection.execute
        try:
            alone = run("PRAGMA journal_mode = DELETE").fetchone()[0] == "delete"
        except sqlcipher.OperationalError:
            alone = False
        if not alone:
            raise BadInput("A server uses this store. Stop it first.", code="store_in_use")
        run(f"ATTACH ? AS encrypted KEY \"x'{key.derived('database').hex()}'\"", (str(part),))
        run("BEGIN EXCLUSIVE")
        run("SELECT sqlcipher_export('encrypted')").fetchone()
        run(f"PRAGMA encrypted.application_id = {APPLICATION_ID}")
        before = _counts(connection)
        run("COMMIT")
        run("DETACH encrypted")
    with contextlib.closing(connect(part, key)) as copy:
        if _counts(copy) != before or copy.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise BadInput("The encrypted copy is not whole. Nothing was changed.", code="store_broken")
    with part.open("rb") as written:
        os.fsync(written.fileno())


def _counts(connection: Any) -> dict[str, int]:
    """Rows of each table."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in names}


def _hide(plain: Path) -> None:
    """Delete the database that is not encrypted, last of all: while it is there, the store is not opened."""
    for each in (*(plain.with_name(plain.name + ending) for ending in BESIDE), plain):
        if each.exists():
            _overwrite(each)


def _overwrite(file: Path) -> None:
    """A disk may keep what was there all the same: docs/operations.md says so."""
    with file.open("r+b") as out:
        left = file.stat().st_size
        while left > 0:
            left -= out.write(bytes(min(left, BLOCK_BYTES)))
        out.flush()
        os.fsync(out.fileno())
    file.unlink()


def _sessions(files: Path) -> list[Path]:
    return sorted(each for each in files.iterdir() if each.is_dir()) if files.is_dir() else []


def _delete_plain(folder: Path) -> None:
    for each in folder.iterdir():
        if each.is_dir():
            for file in each.rglob("*"):
                if file.is_file() and not file.is_symlink():
                    _overwrite(file)
            shutil.rmtree(each)
        elif not each.name.endswith(SEALED):
            _overwrite(each)
