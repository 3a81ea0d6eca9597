"""The exception tree. Every error has a stable ``code`` that goes on the wire and on the command line.

    AssistantError
    ├── BadInput        input from the user or a client is wrong; they can fix it
    ├── Missing         a model, package or service is missing; the message says how to get it
    ├── EngineFailed    the answer engine failed, timed out or disappeared
    ├── TooSlow         a client does not read, or the machine cannot keep up
    └── Denied          access refused: wrong token, origin or host

Messages are shown to people: they say what to do, and never hold what a patient said.
"""

import errno
from collections.abc import Mapping
from typing import Any

_PASSING = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN, errno.EINTR})


class AssistantError(Exception):
    """Base of all errors of this package.

    ``code`` is snake_case and stable, e.g. ``image_not_readable``; programs may match on it. ``param`` is the
    field of the request that is wrong, where it is one.
    """

    default_code = "internal"

    def __init__(self, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.param = param


class BadInput(AssistantError):
    """Input that cannot be used as it is."""

    default_code = "bad_input"


class Missing(AssistantError):
    """Something needed is not installed, downloaded or running."""

    default_code = "missing"


class EngineFailed(AssistantError):
    """The answer engine could not answer."""

    default_code = "engine_failed"


class TooSlow(AssistantError):
    """A peer or this machine cannot keep up."""

    default_code = "too_slow"


class Denied(AssistantError):
    """Access refused."""

    default_code = "denied"


def is_passing(error: OSError) -> bool:
    """True if the system refused for want of files or memory: the file or address asked for may be fine."""
    return error.errno in _PASSING


def of_the_system(error: OSError) -> AssistantError:
    """The error for a client whose request the system refused: ``disk_full``, ``server_busy``."""
    if error.errno == errno.ENOSPC:
        return AssistantError("There is no room left on the server's disk.", code="disk_full")
    message = "The server has too many files open. Try again in a moment."
    return AssistantError(message, code="server_busy")


def fault_of(detail: Mapping[str, Any]) -> str:
    """One of pydantic's ``errors()`` in words, without the prefix of those that validators raise."""
    return str(detail["msg"]).removeprefix("Value error, ")
