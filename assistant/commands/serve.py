"""``assistant serve``: the server, with every setting as an option."""

import argparse

from assistant.commands.models import fetch_first
from assistant.commands.settings import add_settings, settings_from
from assistant.commands.terminal import Subparsers, say


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "serve",
        help="run the server",
        description="Run the server. Every option can also be set in the environment, e.g. ASSISTANT_PORT.",
    )
    add_settings(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = settings_from(args)
    fetch_first(settings)
    from assistant.server.run import serve  # noqa: PLC0415 (takes a second to import)

    serve(settings, say)
    return 0
