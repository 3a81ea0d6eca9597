"""The command line: ``assistant COMMAND``."""

import argparse
import importlib
import io
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
    "users",
    "keys",
    "audit",
    "backup",
    "store",
    "doctor",
)


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 1 (partly failed), 2 (wrong use), 130 (interrupted)."""
    # Read by numpy when it is imported, which only commands do. Our matrices are small: a second thread of
    # OpenBLAS takes more of the machine than it saves (docs/decisions/0046).
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if isinstance(sys.stdout, io.TextIOWrapper):  # a letter that the terminal lacks is written as \u2264
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        args = _parser().parse_args(argv)
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
    except BrokenPipeError:  # whoever read standard output is gone
        _drop_output()
        return 0
    except OSError as error:  # a full disk, wherever it is met
        _drop_output()
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{error.strerror or type(error).__name__}. [io_failed]", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="assistant",
        description="A streaming voice assistant for clinicians. Not a medical device.",
    )
    parser.add_argument("--version", action="version", version=f"assistant {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f"assistant.commands.{name}").register(subparsers)
    return parser


def _drop_output() -> None:
    """Discard buffered output: the interpreter would otherwise try to write it again when it exits."""
    if sys.stdout:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
