"""The command line: ``assistant COMMAND``."""

import argparse
import importlib
import os
import sys

from assistant import __version__
from assistant.errors import AssistantError

COMMANDS = (
    "serve",
    "demo",
    "transcribe",
    "ask",
    "extract",
    "show",
    "labels",
    "intent",
    "format",
    "export",
    "models",
    "doctor",
)


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 1 (partly failed), 2 (wrong use), 130 (interrupted)."""
    parser = argparse.ArgumentParser(
        prog="assistant",
        description="A streaming voice assistant for clinicians. Not a medical device.",
    )
    parser.add_argument("--version", action="version", version=f"assistant {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        try:
            module = importlib.import_module(f"assistant.commands.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"assistant.commands.{name}":
                raise
            continue
        module.register(subparsers)
    try:
        args = parser.parse_args(argv)
        return int(args.run(args))
    except AssistantError as error:
        print(f"error: {error.message} [{error.code}]", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(
            f"error: {error.name} is not installed; try: assistant doctor [package_missing]", file=sys.stderr
        )
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read standard output is gone; keep the interpreter's last flush quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
