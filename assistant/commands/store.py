"""``assistant store``: encrypts a store that is not encrypted yet."""

import argparse
from pathlib import Path

from assistant.commands.settings import add_store_settings, settings_from
from assistant.commands.terminal import Subparsers, note
from assistant.errors import BadInput
from assistant.session.attachments import seal_kept
from assistant.storage.encrypting import encrypt
from assistant.storage.keys import key_from


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "store",
        help="encrypt a store",
        description="What is done to a whole store. Make a backup first: assistant backup",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    encrypting = actions.add_parser(
        "encrypt", help="encrypt a store with the key of the options; no server may use it meanwhile"
    )
    add_store_settings(encrypting, "store-files")
    encrypting.set_defaults(run=_encrypt)


def _encrypt(args: argparse.Namespace) -> int:
    """Raises ``BadInput``: ``store_missing``, ``encryption_unsupported``, ``encryption_key_missing``, and as
    ``encrypt`` does."""
    settings = settings_from(args)
    if settings.store is None:
        raise BadInput("Name the server's store with --store or ASSISTANT_STORE.", code="store_missing")
    if not isinstance(settings.store, Path):
        raise BadInput(
            "Only a store in a folder is encrypted by this. Encrypt the disk of a database server instead.",
            code="encryption_unsupported",
        )
    key = key_from(settings, make=True)
    if key is None:
        raise BadInput(
            "Give the key: --encryption-key-file, --encryption-key-command or --encryption-keyring.",
            code="encryption_key_missing",
        )
    sealed = encrypt(settings.store, key, seal_kept, settings.store_files)
    note(f"{settings.store} is encrypted, with {sealed} attachments. Keep the key: nothing opens it without.")
    return 0
