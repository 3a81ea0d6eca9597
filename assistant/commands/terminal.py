"""Prints to the terminal: results on standard output, everything else on standard error."""

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Subparsers = object
"""The argument of a command module's ``register``."""


def say(text: str = "", end: str = "\n") -> None:
    """Print to standard output and flush: it may be a pipe that is read live."""
    print(text, end=end, flush=True)


def note(text: str, end: str = "\n") -> None:
    """Print to standard error."""
    print(text, end=end, file=sys.stderr, flush=True)
