"""``assistant backup`` and ``assistant restore``: a whole store in one file, and back."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from assistant.commands.settings import add_store_settings, settings_from
from assistant.commands.terminal import Subparsers, note, say
from assistant.config import Settings
from assistant.errors import BadInput
from assistant.storage import backup
from assistant.storage.access_log import AccessLog, command_line
from assistant.storage.database import Database
from assistant.storage.keys import unlocked
from assistant.storage.store import Store


def register(subparsers: Subparsers) -> None:
    making = subparsers.add_parser(
        "backup",
        help="copy a whole store into one file",
        description="Write reports, attachments, users, both audits and, with --audit-checkpoints, these to "
        "one new file, for you alone, sealed if the store is encrypted. Servers may go on meanwhile.",
    )
    making.add_argument("file", type=Path, metavar="FILE", help="a new file")
    restoring = subparsers.add_parser(
        "restore",
        help="put a backup into a store",
        description="Put a backup into an empty store, of SQLite or PostgreSQL, and check all of it against "
        "the audit. Stop the servers of the store first.",
    )
    restoring.add_argument("file", type=Path, metavar="FILE", help="from: assistant backup")
    restoring.add_argument(
        "--replace", action="store_true", help="delete what the store has; without it, an empty one is needed"
    )
    for parser, run in ((making, _back_up), (restoring, _restore)):
        add_store_settings(parser, "store-files", "audit-checkpoints", "audit-key")
        parser.set_defaults(run=run)


def _back_up(args: argparse.Namespace) -> int:
    settings = _settings(args)
    assert settings.store is not None
    with Store(settings.store, files=settings.store_files, create=False) as store:
        manifest = backup.back_up(store, args.file, settings.audit_checkpoints)
        asyncio.run(note_command(settings.store, "backup made"))
        _tell(manifest)
        sealed = "sealed with the key of the store" if manifest.key else "not encrypted"
        note(f"{args.file} has all of {store.name}. It is {sealed}.")
        store.verify()  # a backup of what is broken is better than none, but has to be known
    return 0


def _restore(args: argparse.Namespace) -> int:
    settings = _settings(args)
    assert settings.store is not None
    with Store(settings.store, files=settings.store_files) as store:
        manifest = backup.restore(
            args.file, store, replace=args.replace, checkpoints=settings.audit_checkpoints
        )
        backup.check_restored(store, manifest)
        asyncio.run(_check_access_log(settings.store, manifest))
        asyncio.run(note_command(settings.store, f"restored from a backup of {manifest.at}"))
        _tell(manifest)
        note(f"{store.name} is as it was at {manifest.at}, and fits the audit.")
    return 0


async def _check_access_log(where: Path | str, manifest: backup.Manifest) -> None:
    async with _opened(where) as log:
        await log.verify([manifest.access])


async def note_command(where: Path | str, what: str) -> None:
    """Write what a command did to a whole store into the access log."""
    async with _opened(where) as log:
        await log.did(command_line(), what)


@asynccontextmanager
async def _opened(where: Path | str) -> AsyncIterator[AccessLog]:
    database = Database(where)
    await database.start()
    try:
        yield AccessLog(database)
    finally:
        await database.close()


def _tell(manifest: backup.Manifest) -> None:
    for name, count in manifest.rows.items():
        say(f"{name}  {count}")
    say(f"attachments  {manifest.attachments}")


def _settings(args: argparse.Namespace) -> Settings:
    """Raises ``BadInput``: ``store_missing``."""
    settings = settings_from(args)
    if unlocked(settings) is None:
        raise BadInput("Name the server's store with --store or ASSISTANT_STORE.", code="store_missing")
    return settings
