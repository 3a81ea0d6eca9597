"""Signed checkpoints of the audit, in a file elsewhere: what the audit ended with, and when.

Whoever can write the database can cut the audit's end, or make a new one; the checkpoints have what it ended
with. A line is JSON, signed with Ed25519 together with the signature of the line before it, so that lines can
be neither changed nor taken out of the middle. The file belongs where the server can only add to it, or where
it is copied from; only a copy shows that the newest lines are gone.
"""

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from assistant.errors import BadInput


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last hashes of the audit of the sessions and of the access log; empty where there is none."""

    at: str
    sessions: str
    access: str

    def signed_text(self, previous: str) -> bytes:
        return json.dumps([previous, self.at, self.sessions, self.access]).encode()


class Checkpoints:
    """Adds lines to a file. ``key_file`` (PEM) is made, for the user alone, if it is missing."""

    def __init__(self, file: Path, key_file: Path) -> None:
        """Raises ``BadInput``: ``audit_key_unusable``, ``checkpoints_unwritable``, ``checkpoint_wrong``."""
        self._file, self._key = file, private_key(key_file, make=True)
        self._newest: Checkpoint | None = None
        self._signature = ""
        try:
            if file.exists():
                _drop_half_line(file)
                for line in _lines(file):
                    self._signature = line["signature"]
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
            file.open("a").close()
        except OSError as error:
            raise BadInput(
                f"The checkpoints of the audit cannot be written to {file} ({error.strerror}).",
                code="checkpoints_unwritable",
            ) from None

    def add(self, checkpoint: Checkpoint) -> None:
        """Add a line and sync it, unless the audit is as it was. Raises ``OSError``."""
        newest = self._newest
        if newest and (newest.sessions, newest.access) == (checkpoint.sessions, checkpoint.access):
            return
        signature = base64.b64encode(self._key.sign(checkpoint.signed_text(self._signature))).decode()
        line = {
            "at": checkpoint.at,
            "sessions": checkpoint.sessions,
            "access": checkpoint.access,
            "signature": signature,
        }
        with self._file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")
            out.flush()
            os.fsync(out.fileno())
        self._newest, self._signature = checkpoint, signature


def read_checkpoints(file: Path, public: Ed25519PublicKey) -> list[Checkpoint]:
    """The checkpoints of a file, all of them signed. Raises ``BadInput``: ``checkpoint_wrong``, which names
    the line; ``checkpoints_unreadable``."""
    try:
        lines = _lines(file)
    except OSError as error:
        raise BadInput(f"{file} cannot be read ({error.strerror}).", code="checkpoints_unreadable") from None
    found, previous = [], ""
    for number, line in enumerate(lines, 1):
        checkpoint = Checkpoint(line["at"], line["sessions"], line["access"])
        try:
            signature = base64.b64decode(line["signature"], validate=True)
            public.verify(signature, checkpoint.signed_text(previous))
        except (InvalidSignature, ValueError):
            raise _wrong(file, number) from None
        found.append(checkpoint)
        previous = line["signature"]
    return found


def private_key(file: Path, *, make: bool = False) -> Ed25519PrivateKey:
    """Raises ``BadInput``: ``audit_key_unusable``."""
    try:
        if make and not file.exists():
            made = Ed25519PrivateKey.generate()
            data = made.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            file.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(data)
        key = serialization.load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput(f"{file} is no readable Ed25519 key (PEM).", code="audit_key_unusable")
    return key


def public_key(file: Path) -> Ed25519PublicKey:
    """Read the public key from a file with it or the private key. Raises ``BadInput``:
    ``audit_key_unusable``."""
    try:
        key = serialization.load_pem_public_key(file.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        return private_key(file).public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise BadInput(f"{file} is no readable Ed25519 key (PEM).", code="audit_key_unusable")
    return key


def public_pem(key: Ed25519PrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def _lines(file: Path) -> list[dict[str, str]]:
    lines: list[dict[str, str]] = []
    for number, text in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        try:
            line = json.loads(text)
        except ValueError:
            line = None
        fields = {"at", "sessions", "access", "signature"}
        if (
            not isinstance(line, dict)
            or line.keys() != fields
            or not all(isinstance(value, str) for value in line.values())
        ):
            raise _wrong(file, number)
        lines.append(line)
    return lines


def _drop_half_line(file: Path) -> None:
    """Take away the part of a last line that a killed server wrote."""
    data = file.read_bytes()
    if data and not data.endswith(b"\n"):
        os.truncate(file, data.rfind(b"\n") + 1)


def _wrong(file: Path, number: int) -> BadInput:
    return BadInput(
        f"Line {number} of {file} is not signed by this key: it was changed, or lines before it were"
        " changed or deleted.",
        code="checkpoint_wrong",
    )
