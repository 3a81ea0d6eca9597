"""``assistant keys``: the API keys of programs, with ``--sign-in accounts``."""

import argparse
import asyncio
from datetime import datetime

from assistant.commands.settings import add_store_settings
from assistant.commands.terminal import Subparsers, note, say
from assistant.commands.users import opened
from assistant.principal import RIGHTS
from assistant.storage.access_log import command_line
from assistant.storage.users import LONGEST_KEY_DAYS


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "keys",
        help="API keys for programs",
        description="API keys of a server with --sign-in accounts. A running server sees changes at once.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="make a key and print it, once")
    add.add_argument("user", metavar="USER", help="whose sessions the program will have")
    add.add_argument("--name", required=True, help="what the key is for")
    add.add_argument(
        "--scope", action="append", choices=RIGHTS, required=True, help="may be given several times"
    )
    add.add_argument("--days", type=int, default=90, help=f"1 to {LONGEST_KEY_DAYS} (default: 90)")
    listing = actions.add_parser("list", help="the keys that are valid")
    revoke = actions.add_parser("revoke", help="end a key")
    revoke.add_argument("key", metavar="KEY", help="its id, from list")
    for each, run in ((add, _add), (listing, _list), (revoke, _revoke)):
        add_store_settings(each)
        each.set_defaults(run=lambda args, run=run: asyncio.run(run(args)))


async def _add(args: argparse.Namespace) -> int:
    async with opened(args) as (users, log):
        key, value = await users.add_key(args.user, args.name, args.scope, args.days)
        await log.did(command_line(), f"key added for {key.user}: {', '.join(sorted(key.scopes))}", key.id)
    say(value)
    note(f"{key.id} is valid until {_day(key.ends_at)}. It is not shown again.")
    return 0


async def _list(args: argparse.Namespace) -> int:
    async with opened(args) as (users, _):
        found = await users.keys()
    for key in found:
        say(f"{key.id}  {key.user}  {', '.join(sorted(key.scopes))}  until {_day(key.ends_at)}  {key.name}")
    if not found:
        note("There are no keys.")
    return 0


async def _revoke(args: argparse.Namespace) -> int:
    async with opened(args) as (users, log):
        await users.revoke_key(args.key)
        await log.did(command_line(), "key revoked", args.key)
    note(f"{args.key} was revoked.")
    return 0


def _day(time: float) -> str:
    return datetime.fromtimestamp(time).astimezone().strftime("%Y-%m-%d %H:%M")
