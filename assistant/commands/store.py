"""``assistant store``: encrypts a store, gives it another key, or decrypts it."""

import argparse
import asyncio
from pathlib import Path

from assistant.commands.backup import note_command
from assistant.commands.settings import add_store_settings, settings_from
from assistant.commands.terminal import Subparsers, note
from assistant.config import Settings
from assistant.errors import BadInput
from assistant.session.attachments import seal_kept, unseal_kept
from assistant.storage.encrypting import change_key, decrypt, encrypt
from assistant.storage.keys import Key, key_from, secret_of_command


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "store",
        help="encrypt a store, change its key, or decrypt it",
        description="What is done to a whole store. Make a backup first: assistant backup",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    encrypting = actions.add_parser(
        "encrypt", help="encrypt a store with the key of the options; no server may use it meanwhile"
    )
    add_store_settings(encrypting, "store-files")
    encrypting.set_defaults(run=_encrypt)
    changing = actions.add_parser(
        "rekey", help="encrypt a store anew with another key; no server may use it meanwhile"
    )
    add_store_settings(changing, "store-files")
    new = changing.add_mutually_exclusive_group(required=True)
    new.add_argument("--new-key-file", type=Path, metavar="FILE", help="file that holds the new key")
    new.add_argument("--new-key-command", metavar="COMMAND", help="command that prints the new key")
    changing.set_defaults(run=_rekey)
    decrypting = actions.add_parser(
        "decrypt", help="make a store that needs no key; no server may use it meanwhile"
    )
    add_store_settings(decrypting, "store-files")
    decrypting.set_defaults(run=_decrypt)


def _encrypt(args: argparse.Namespace) -> int:
    settings, folder = _folder(args)
    sealed = encrypt(folder, _key(settings, make=True), seal_kept, settings.store_files)
    asyncio.run(note_command(folder, "store encrypted"))
    note(f"{folder} is encrypted, with {sealed} attachments. Keep the key: nothing opens it without.")
    return 0


def _rekey(args: argparse.Namespace) -> int:
    settings, folder = _folder(args)
    old, new = _key(settings), _new_key(args)
    sealed = change_key(folder, old, new, settings.store_files)
    asyncio.run(note_command(folder, "store's key changed"))
    note(f"{folder} has the new key, with {sealed} attachments. Keep the old key for its earlier backups.")
    return 0


def _decrypt(args: argparse.Namespace) -> int:
    settings, folder = _folder(args)
    unsealed = decrypt(folder, _key(settings), unseal_kept, settings.store_files)
    asyncio.run(note_command(folder, "store decrypted"))
    note(f"{folder} is not encrypted any more, with {unsealed} attachments.")
    return 0


def _folder(args: argparse.Namespace) -> tuple[Settings, Path]:
    """Raises ``BadInput``: ``store_missing``, ``encryption_unsupported``."""
    settings = settings_from(args)
    if settings.store is None:
        raise BadInput("Name the server's store with --store or ASSISTANT_STORE.", code="store_missing")
    if not isinstance(settings.store, Path):
        raise BadInput(
            "Only a store in a folder is encrypted by this. Encrypt the disk of a database server instead.",
            code="encryption_unsupported",
        )
    return settings, settings.store


def _key(settings: Settings, *, make: bool = False) -> Key:
    """Raises ``BadInput``: ``encryption_key_missing``."""
    key = key_from(settings, make=make)
    if key is None:
        raise BadInput(
            "Give the key: --encryption-key-file, --encryption-key-command or --encryption-keyring.",
            code="encryption_key_missing",
        )
    return key


def _new_key(args: argparse.Namespace) -> Key:
    """Raises ``BadInput``: ``encryption_key_unreadable``, ``encryption_key_weak``."""
    if args.new_key_command is not None:
        return Key(secret_of_command(args.new_key_command))
    try:
        return Key(args.new_key_file.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError):
        raise BadInput(
            f"--new-key-file: {args.new_key_file} cannot be read.", code="encryption_key_unreadable"
        ) from None
