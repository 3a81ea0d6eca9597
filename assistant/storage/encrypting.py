"""Encrypts a store in its place, gives it another key, and decrypts it.

All three write a new database and new attachments beside the old ones. Then the new database takes its name:
from that moment the store is what it is to be. Only then are the old ones deleted. Killed before that moment,
nothing has changed. After it, the same command deletes the rest when it is run again; until then a store with
a new key opens with that key, and one that was encrypted or decrypted is not opened.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
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
from assistant.storage.dialects import key_pragma, sqlcipher
from assistant.storage.keys import Key, use_key
from assistant.storage.sealing import SEALED, key_id_of, reseal, wrong_key
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
        _export(plain, part, None, key)
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


def change_key(folder: Path, old: Key, new: Key, files: Path | None = None) -> int:
    """Encrypt the store in this folder, which has the ``old`` key, with the ``new`` one: every page of the
    database and every attachment. Returns how many attachments there are. No server may use the store.
    Blocks.

    Raises ``BadInput``: ``encryption_key_same``, ``sealed_file_damaged``, and as ``encrypt`` does;
    ``OSError``.
    """
    require_sqlcipher()
    if old == new:
        raise BadInput("The new key is the old one.", code="encryption_key_same")
    encrypted = folder / ENCRYPTED_FILE
    files = files or folder / "files"
    if not encrypted.exists():
        raise BadInput(f"There is no encrypted store in {folder}.", code="store_missing")
    if not _opens(encrypted, new):
        use_key(folder, old)
        with Store(folder, files=files, create=False) as store:
            store.verify()
        _require_alone(encrypted, old)
        for each in _sessions(files):
            _reseal_all(each, old, new)
        part = folder / f"{ENCRYPTED_FILE}.part"
        _export(encrypted, part, old, new)
        os.replace(part, encrypted)
        _sync(folder)
    for each in _sessions(files):
        _delete_other_keys(each, new)
    use_key(folder, new)
    with Store(folder, files=files, create=False) as store:
        store.verify()
    return sum(len(list(each.glob(f"*{SEALED}"))) for each in _sessions(files))


def decrypt(folder: Path, key: Key, unseal: Callable[[Path, Key], int], files: Path | None = None) -> int:
    """Make a store that no key is needed for; returns how many attachments were unsealed now. ``unseal`` does
    it for a session's folder. No server may use the store. Blocks.

    Raises ``BadInput``: ``store_missing``, and as ``change_key`` does; ``OSError``.
    """
    require_sqlcipher()
    plain, encrypted = folder / FILE, folder / ENCRYPTED_FILE
    files = files or folder / "files"
    unsealed = 0
    if encrypted.exists():
        if not _opens(encrypted, key):
            raise wrong_key(str(encrypted))
        _hide(plain)  # of a command that was killed; what is encrypted is whole
        use_key(folder, key)
        with Store(folder, files=files, create=False) as store:
            store.verify()
        _require_alone(encrypted, key)
        for each in _sessions(files):
            _delete_other_keys(each, key)
        unsealed = sum(unseal(each, key) for each in _sessions(files))
        part = folder / f"{FILE}.part"
        _export(encrypted, part, key, None)
        os.sync()  # the attachments
        os.replace(part, plain)
        _sync(folder)
        _hide(encrypted)
    elif not plain.exists():
        raise BadInput(f"There is no store in {folder}.", code="store_missing")
    for each in _sessions(files):
        for sealed in each.glob(f"*{SEALED}"):
            sealed.unlink()
    use_key(folder, None)
    with Store(folder, files=files, create=False) as store:
        store.verify()
    return unsealed


def _reseal_all(folder: Path, old: Key, new: Key) -> None:
    """Beside each attachment of a session, the same one sealed with the new key."""
    for name, sealed in _by_attachment(folder).items():
        if new.id in sealed:
            continue
        if old.id not in sealed:
            raise wrong_key(f"The attachment {folder.name}/{name}")
        reseal(sealed[old.id], folder / f"{name}.{new.id}{SEALED}", old, new)


def _delete_other_keys(folder: Path, key: Key) -> None:
    """Give the files that are sealed with this key their names, and delete those of another key."""
    for name, sealed in _by_attachment(folder).items():
        if own := sealed.pop(key.id, None):
            target = folder / f"{name}{SEALED}"
            for each in sealed.values():
                _overwrite(each)
            os.replace(own, target)
    _sync(folder)


def _by_attachment(folder: Path) -> dict[str, dict[str, Path]]:
    """The sealed files of a session: by attachment, then by the id of their key."""
    found: dict[str, dict[str, Path]] = {}
    for each in sorted(folder.glob(f"*{SEALED}")):
        found.setdefault(each.name.split(".")[0], {})[key_id_of(each)] = each
    return found


def _opens(file: Path, key: Key) -> bool:
    with contextlib.closing(connect(file, key)) as connection:
        try:
            connection.execute("PRAGMA cipher_log_level = NONE")  # a wrong key is an answer here
            connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlcipher.OperationalError:  # it is locked, or cannot be read
            raise BadInput("A server uses this store. Stop it first.", code="store_in_use") from None
        except sqlcipher.DatabaseError:
            return False
    return True


def _require_alone(file: Path, key: Key | None) -> None:
    """Raises ``BadInput``: ``store_in_use``."""
    with _alone(file, key):
        pass


@contextlib.contextmanager
def _alone(file: Path, key: Key | None) -> Iterator[Any]:
    """A connection of SQLCipher, which reads files without a key too, while no other process has the file
    open."""
    with contextlib.closing(sqlcipher.connect(str(file), timeout=0, isolation_level=None)) as connection:
        try:
            if key is not None:
                connection.execute(key_pragma(key))
            alone = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0] == "delete"
        except sqlcipher.OperationalError:
            alone = False
        if not alone:
            raise BadInput("A server uses this store. Stop it first.", code="store_in_use")
        yield connection


def _export(source: Path, part: Path, old: Key | None, new: Key | None) -> None:
    """Write the whole database into ``part``, with the new key instead of the old one."""
    for each in (part, *(part.with_name(part.name + ending) for ending in BESIDE)):
        each.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with _alone(source, old) as connection:
        run = connection.execute
        secret = f"x'{new.derived('database').hex()}'" if new else ""
        run(f'ATTACH ? AS other KEY "{secret}"', (str(part),))
        run("BEGIN EXCLUSIVE")
        run("SELECT sqlcipher_export('other')").fetchone()
        run(f"PRAGMA other.application_id = {APPLICATION_ID}")
        before = _counts(connection)
        run("COMMIT")
        run("DETACH other")
    with contextlib.closing(connect(part, new)) as copy:
        if _counts(copy) != before or copy.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise BadInput("The new copy is not whole. Nothing was changed.", code="store_broken")
    with part.open("rb") as written:
        os.fsync(written.fileno())


def _counts(connection: Any) -> dict[str, int]:
    """Rows of each table."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in names}


def _hide(file: Path) -> None:
    """Delete the old database, last of all: while it is there, the store is not opened."""
    for each in (*(file.with_name(file.name + ending) for ending in BESIDE), file):
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


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


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
