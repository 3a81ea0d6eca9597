"""The key of an encrypted store: where it comes from, and which folder it is for.

A store in a folder may be encrypted: its database by SQLCipher, its attachments as ``sealing`` does. A
process learns the key of a folder once, by ``unlocked``; whoever opens the folder afterwards finds it by
``key_of``, so that no part of the program can write there without it.
"""

import hashlib
import secrets
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from assistant.config import Settings
from assistant.errors import BadInput

SHORTEST_CHARS: Final = 32
COMMAND_S: Final = 60
KEYRING_SERVICE: Final = "clinical-voice-assistant"
_keys: dict[Path, "Key"] = {}


@dataclass(frozen=True, slots=True)
class Key:
    """``secret`` is what the user keeps: random text of ``SHORTEST_CHARS`` or more."""

    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        """Raises ``BadInput``: ``encryption_key_weak``."""
        if len(self.secret) < SHORTEST_CHARS or len(set(self.secret)) < 8:
            raise BadInput(
                f"The encryption key must be {SHORTEST_CHARS} random characters or more, e.g. of: "
                "openssl rand -hex 32",
                code="encryption_key_weak",
            )

    def derived(self, purpose: str) -> bytes:
        """32 bytes for one purpose, from which no other can be computed."""
        return HKDF(hashes.SHA256(), 32, None, f"assistant store {purpose}".encode()).derive(
            self.secret.encode("utf-8", "surrogatepass")
        )

    @property
    def id(self) -> str:
        """Tells keys apart, and says nothing of them."""
        return hashlib.sha256(self.derived("id")).hexdigest()[:16]


def key_of(folder: Path) -> Key | None:
    """The key that this process has for the store in this folder."""
    return _keys.get(folder.resolve())


def use_key(folder: Path, key: Key | None) -> None:
    """From now on the store in this folder is opened with this key, or without one."""
    if key is None:
        _keys.pop(folder.resolve(), None)
    else:
        _keys[folder.resolve()] = key


def unlocked(settings: Settings) -> Path | str | None:
    """``--store``, ready to be opened with its key, if the settings name one. Blocks.

    Raises ``BadInput``: ``encryption_unsupported``, ``encryption_key_weak``, ``encryption_key_unreadable``,
    ``encryption_keyring_missing``.
    """
    place = settings.store
    key = key_from(settings)
    if isinstance(place, Path):
        use_key(place, key)
    elif place is not None and key is not None:
        raise BadInput(
            "An encryption key is for a store in a folder. Encrypt the disk of a database server instead.",
            code="encryption_unsupported",
        )
    return place


def key_from(settings: Settings, *, make: bool = False) -> Key | None:
    """The key that the settings name; ``make`` one in the keyring also for a store that exists. Raises as
    ``unlocked`` does."""
    if settings.encryption_key is not None:
        return Key(settings.encryption_key.get_secret_value().strip())
    if settings.encryption_key_command is not None:
        return Key(secret_of_command(settings.encryption_key_command))
    if settings.encryption_keyring:
        return Key(_of_keyring(settings.store, make))
    return None


def secret_of_command(command: str) -> str:
    """Run the command and return what it prints. Raises ``BadInput``: ``encryption_key_unreadable``."""
    try:
        done = subprocess.run(
            shlex.split(command), capture_output=True, check=True, timeout=COMMAND_S, stdin=subprocess.DEVNULL
        )
        return done.stdout.decode().strip()
    except (OSError, ValueError, subprocess.SubprocessError):
        raise BadInput(
            "The command that is to print the encryption key failed.",
            code="encryption_key_unreadable",
        ) from None


def _of_keyring(place: Path | str | None, make: bool) -> str:
    """Read the key of this store from the keyring; make one when there is no store yet."""
    import keyring  # noqa: PLC0415 - an optional package
    from keyring.errors import KeyringError  # noqa: PLC0415

    name = str(place.resolve() if isinstance(place, Path) else place)
    try:
        found = keyring.get_password(KEYRING_SERVICE, name)
        is_new = isinstance(place, Path) and not (place.exists() and any(place.iterdir()))
        if found is None and (make or is_new):
            found = secrets.token_hex(32)
            keyring.set_password(KEYRING_SERVICE, name, found)
    except KeyringError:
        raise BadInput(
            "This system has no keyring that works for this user. Give the key by --encryption-key-file.",
            code="encryption_keyring_missing",
        ) from None
    if found is None:
        raise BadInput(
            f"The keyring has no key of {name}, and there is something in it already.",
            code="encryption_key_unreadable",
        )
    return str(found)
