"""``assistant audit``: whether the audit of a store is whole, and who did what."""

import argparse
import asyncio
from pathlib import Path

from assistant.commands.settings import add_store_settings, settings_from
from assistant.commands.terminal import Subparsers, note, say
from assistant.commands.users import opened
from assistant.errors import BadInput
from assistant.storage.checkpoints import private_key, public_key, public_pem, read_checkpoints
from assistant.storage.keys import unlocked
from assistant.storage.store import Store


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "audit",
        help="whether the audit is whole, and who did what",
        description="The audit of a store: of its sessions and, with --sign-in accounts, of every access.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    verify = actions.add_parser("verify", help="check everything against the audit")
    verify.add_argument(
        "--checkpoints", type=Path, metavar="FILE", help="a copy of the server's --audit-checkpoints"
    )
    verify.add_argument(
        "--public-key", type=Path, metavar="FILE", help="of the checkpoints, from: assistant audit key"
    )
    listing = actions.add_parser("list", help="who did what, when, with what, from where")
    listing.add_argument("--who", default="", metavar="NAME", help="only this user")
    listing.add_argument("--about", default="", metavar="ID", help="only this session, user or key")
    listing.add_argument("--most", type=int, default=1000, help="the newest rows (default: 1000)")
    key = actions.add_parser("key", help="print the public key of --audit-key, to keep elsewhere")
    for each, run in ((verify, _verify), (listing, _list)):
        add_store_settings(each)
        each.set_defaults(run=lambda args, run=run: asyncio.run(run(args)))
    key.add_argument("file", type=Path, metavar="FILE", help="the server's --audit-key")
    key.set_defaults(run=_key)


async def _verify(args: argparse.Namespace) -> int:
    """Raises ``BadInput``: ``audit_broken``, ``audit_cut``, ``checkpoint_wrong``, ``public_key_missing``."""
    if (args.checkpoints is None) != (args.public_key is None):
        raise BadInput("Give both --checkpoints and --public-key.", code="public_key_missing")
    checkpoints = read_checkpoints(args.checkpoints, public_key(args.public_key)) if args.checkpoints else []
    async with opened(args) as (_, log):  # first: it says which store is missing
        access = await log.verify([each.access for each in checkpoints])
        store = unlocked(settings_from(args))
        assert store is not None
        sessions = await asyncio.to_thread(_verify_sessions, store, [each.sessions for each in checkpoints])
    say(f"sessions  {sessions or '(none)'}")
    say(f"access    {access or '(none)'}")
    if checkpoints:
        note(f"The audit is whole, and has all {len(checkpoints)} checkpoints to {checkpoints[-1].at}.")
    else:
        note("The audit fits together. Only --checkpoints can show that its end was cut off.")
    return 0


def _verify_sessions(where: Path | str, earlier: list[str]) -> str:
    with Store(where, create=False) as store:
        return store.verify(*filter(None, earlier))


async def _list(args: argparse.Namespace) -> int:
    async with opened(args) as (_, log):
        rows = await log.rows(who=args.who, about=args.about, most=args.most)
    for row in rows:
        say("\t".join((row.at, row.who, row.credential, row.what, row.about, row.address)))
    return 0


def _key(args: argparse.Namespace) -> int:
    say(public_pem(private_key(args.file)), end="")
    return 0
