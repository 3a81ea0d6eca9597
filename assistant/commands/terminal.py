"""Lines to the person at the terminal: results on standard output, all else on standard error."""

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Subparsers = object
"""What ``register`` of a command module is given."""


def say(text: str = "", end: str = "\n") -> None:
    """To standard output, at once: it may be a pipe that someone reads along."""
    print(text, end=end, flush=True)


def note(text: str, end: str = "\n") -> None:
    """To standard error."""
    print(text, end=end, file=sys.stderr, flush=True)
