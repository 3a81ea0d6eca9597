"""Prints to the terminal: results on standard output, everything else on standard error."""

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Subparsers = object
"""The argument of a command module's ``register``."""


def is_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def ask_yes(question: str) -> bool:
    """Ask on the terminal; only "y" or "yes" means yes."""
    note(f"{question} [y/N] ", end="")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def say(text: str = "", end: str = "\n") -> None:
    """Print to standard output and flush: it may be a pipe that is read live."""
    print(text, end=end, flush=True)


def note(text: str, end: str = "\n") -> None:
    """Print to standard error."""
    print(text, end=end, file=sys.stderr, flush=True)
