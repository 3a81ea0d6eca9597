"""``assistant users``: the people who may sign in with ``--sign-in accounts``."""

import argparse
import asyncio
import getpass
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from assistant.commands.settings import add_store_settings, settings_from
from assistant.commands.terminal import Subparsers, is_terminal, note, say
from assistant.errors import BadInput
from assistant.principal import ROLES
from assistant.storage.access_log import AccessLog, command_line
from assistant.storage.database import Database
from assistant.storage.keys import unlocked
from assistant.storage.users import Users


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "users",
        help="who may sign in, and their roles",
        description="Users of a server with --sign-in accounts. A running server sees changes at once.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="add a user; asks for the password")
    add.add_argument("name", metavar="NAME")
    _add_roles(add)
    _add_password(add)
    listing = actions.add_parser("list", help="the users and their roles")
    remove = actions.add_parser("remove", help="sign a user out for ever; reports stay, keys end")
    remove.add_argument("name", metavar="NAME")
    password = actions.add_parser("password", help="a new password; ends sign-ins and keys")
    password.add_argument("name", metavar="NAME")
    _add_password(password)
    role = actions.add_parser("role", help="other roles")
    role.add_argument("name", metavar="NAME")
    _add_roles(role)
    for each, run in ((add, _add), (listing, _list), (remove, _remove), (password, _password), (role, _role)):
        add_store_settings(each)
        each.set_defaults(run=lambda args, run=run: asyncio.run(run(args)))


def _add_roles(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--role", action="append", choices=ROLES, required=True, help="may be given several times"
    )


def _add_password(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--password-file", type=Path, metavar="FILE", help="instead of asking; - is standard input"
    )


@asynccontextmanager
async def opened(args: argparse.Namespace) -> AsyncIterator[tuple[Users, AccessLog]]:
    """The users and the access log of ``--store``. Raises ``BadInput``: ``store_missing``, and as
    ``Database.start`` does."""
    store = unlocked(settings_from(args))
    if store is None:
        raise BadInput("Name the server's store with --store DIR or ASSISTANT_STORE.", code="store_missing")
    database = Database(store)
    await database.start()
    try:
        yield Users(database), AccessLog(database)
    finally:
        await database.close()


async def _add(args: argparse.Namespace) -> int:
    async with opened(args) as (users, log):
        user = await users.add(args.name, args.role, _asked_password(args))
        await log.did(command_line(), "user added", user.name)
    note(f"{user.name} can sign in.")
    return 0


async def _list(args: argparse.Namespace) -> int:
    async with opened(args) as (users, _):
        found = await users.all()
    for user in found:
        say(f"{user.name}  {', '.join(sorted(user.roles))}")
    if not found:
        note("There are no users. Add one: assistant users add NAME --role administrator")
    return 0


async def _remove(args: argparse.Namespace) -> int:
    async with opened(args) as (users, log):
        user = await users.remove(args.name)
        await log.did(command_line(), "user removed", user.name)
    note(f"{user.name} was removed.")
    return 0


async def _password(args: argparse.Namespace) -> int:
    async with opened(args) as (users, log):
        user = await users.set_password(args.name, _asked_password(args))
        await log.did(command_line(), "password changed", user.name)
    note(f"{user.name} has a new password, and is signed out everywhere.")
    return 0


async def _role(args: argparse.Namespace) -> int:
    async with opened(args) as (users, log):
        user = await users.set_roles(args.name, args.role)
        await log.did(command_line(), f"roles changed: {', '.join(sorted(user.roles))}", user.name)
    note(f"{user.name}: {', '.join(sorted(user.roles))}.")
    return 0


def _asked_password(args: argparse.Namespace) -> str:
    """Raises ``BadInput``: ``password_missing``, ``passwords_differ``."""
    file: Path | None = args.password_file
    if file is None and is_terminal():
        password = getpass.getpass("Password: ")
        if getpass.getpass("Once more: ") != password:
            raise BadInput("The two passwords are not the same.", code="passwords_differ")
        return password
    if file is None:
        raise BadInput("Nobody can be asked here: give --password-file FILE.", code="password_missing")
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadInput(f"{file} cannot be read.", code="password_missing") from None
    return text.rstrip("\r\n")
