"""Files that only a key opens: AES-256-GCM in blocks, so that files of any size are read and written in
little memory, and no block can be changed, moved, left out or cut off without it being seen.

A sealed file is ``MAGIC``, the id of its key (8 bytes), a random salt (16 bytes) and blocks. Each file has
a key of its own, by HKDF from the salt. The nonce of a block is its number (11 bytes) and whether it is the
last.
"""

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from assistant.errors import BadInput
from assistant.storage.keys import Key

SEALED: Final = ".sealed"
"""Ending of the names of sealed attachments."""
MAGIC: Final = b"CVASEAL1"
BLOCK_BYTES: Final = 2**20
TAG_BYTES: Final = 16
SALT_BYTES: Final = 16
ID_BYTES: Final = 8


class Sink(Protocol):
    """A place to write bytes to."""

    def write(self, data: bytes, /) -> int: ...


class Sealing:
    """Seals what is written, onto ``out``; ``close`` writes the last block and leaves ``out`` open."""

    def __init__(self, out: Sink, key: Key) -> None:
        salt = secrets.token_bytes(SALT_BYTES)
        self._out, self._cipher, self._number = out, _cipher(key, salt), 0
        self._waiting = bytearray()
        out.write(MAGIC + bytes.fromhex(key.id) + salt)

    def write(self, data: bytes, /) -> int:
        self._waiting += data
        while len(self._waiting) > BLOCK_BYTES:
            self._block(bytes(self._waiting[:BLOCK_BYTES]), last=False)
            del self._waiting[:BLOCK_BYTES]
        return len(data)

    def close(self) -> None:
        self._block(bytes(self._waiting), last=True)

    def _block(self, data: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._number, last=last), data, None))
        self._number += 1


class Unsealing:
    """Reads what was sealed. Raises ``BadInput``: ``encryption_key_wrong``, ``sealed_file_damaged``."""

    def __init__(self, source: IO[bytes], key: Key) -> None:
        head = source.read(len(MAGIC) + ID_BYTES + SALT_BYTES)
        if len(head) != len(MAGIC) + ID_BYTES + SALT_BYTES or not head.startswith(MAGIC):
            raise _damaged()
        if head[len(MAGIC) :][:ID_BYTES].hex() != key.id:
            raise wrong_key("A file of the store")
        self._source, self._cipher, self._number = source, _cipher(key, head[-SALT_BYTES:]), 0
        self._next = source.read(BLOCK_BYTES + TAG_BYTES)
        self._plain, self._over = b"", False

    def read(self, most: int = -1) -> bytes:
        parts, left = [], most
        while left and (self._plain or not self._over):
            if not self._plain:
                self._plain = self._block()
                continue
            part = self._plain if left < 0 else self._plain[:left]
            self._plain = self._plain[len(part) :]
            parts.append(part)
            left -= len(part) if left > 0 else 0
        return b"".join(parts)

    def readline(self) -> bytes:
        line = bytearray()
        while (end := self._plain.find(b"\n")) < 0:
            line += self._plain
            if self._over:
                self._plain = b""
                return bytes(line)
            self._plain = self._block()
        line += self._plain[: end + 1]
        self._plain = self._plain[end + 1 :]
        return bytes(line)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _block(self) -> bytes:
        block, self._next = self._next, self._source.read(BLOCK_BYTES + TAG_BYTES)
        self._over = not self._next
        try:
            data = self._cipher.decrypt(_nonce(self._number, last=self._over), block, None)
        except (InvalidTag, ValueError):
            raise _damaged() from None
        self._number += 1
        return data


def seal_folder(folder: Path, about: str, target: Path, key: Key) -> None:
    """Write all files of a folder, and the text ``about`` it, into one sealed file, for the user alone; it
    appears when it is whole. Raises ``OSError``."""
    files = sorted(each for each in folder.rglob("*") if each.is_file() and not each.is_symlink())
    names = [(each.relative_to(folder).as_posix(), each.stat().st_size) for each in files]
    part = target.with_name(f"{target.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        sealing = Sealing(out, key)
        sealing.write(json.dumps({"about": about, "files": names}).encode() + b"\n")
        for each in files:
            with each.open("rb") as source:
                while data := source.read(BLOCK_BYTES):
                    sealing.write(data)
        sealing.close()
        out.flush()
        os.fsync(out.fileno())
    os.replace(part, target)


def unseal_folder(source: Path, folder: Path, key: Key) -> str:
    """Write the files again, into a new folder; returns the text about it. Raises as ``Unsealing``, and
    ``OSError``."""
    with source.open("rb") as sealed:
        unsealing = Unsealing(sealed, key)
        head = json.loads(unsealing.readline())
        folder.mkdir(mode=0o700)
        for name, size in head["files"]:
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts:
                raise _damaged()
            place = folder / path
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with place.open("xb") as out:
                left = size
                while left and (data := unsealing.read(min(left, BLOCK_BYTES))):
                    out.write(data)
                    left -= len(data)
                if left:
                    raise _damaged()
    return str(head["about"])


def key_id_of(sealed: Path) -> str:
    """The id of the key of a sealed file. Raises ``BadInput`` (``sealed_file_damaged``), ``OSError``."""
    with sealed.open("rb") as source:
        head = source.read(len(MAGIC) + ID_BYTES)
    if len(head) != len(MAGIC) + ID_BYTES or not head.startswith(MAGIC):
        raise _damaged()
    return head[len(MAGIC) :].hex()


def reseal(source: Path, target: Path, old: Key, new: Key) -> None:
    """Write a sealed file anew, with another key; it appears when it is whole. Raises as ``Unsealing``, and
    ``OSError``."""
    part = target.with_name(f"{target.name}.part")
    made = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with source.open("rb") as sealed, os.fdopen(made, "wb") as out:
        unsealing, sealing = Unsealing(sealed, old), Sealing(out, new)
        while data := unsealing.read(BLOCK_BYTES):
            sealing.write(data)
        sealing.close()
        out.flush()
        os.fsync(out.fileno())
    os.replace(part, target)


@contextlib.contextmanager
def maybe_sealing(out: Sink, key: Key | None) -> Iterator[Sink]:
    """``out`` itself where there is no key."""
    if key is None:
        yield out
        return
    sealing = Sealing(out, key)
    yield sealing
    sealing.close()


def wrong_key(what: str) -> BadInput:
    return BadInput(
        f"{what} was encrypted with another key, or is damaged. Nothing was changed.",
        code="encryption_key_wrong",
    )


def _cipher(key: Key, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(hashes.SHA256(), 32, salt, b"file").derive(key.derived("files")))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _damaged() -> BadInput:
    return BadInput("A sealed file of the store is damaged.", code="sealed_file_damaged")
