"""The exception tree. Every error has a stable ``code`` that goes on the wire and on the command line.

    AssistantError
    ├── BadInput        input from the user or a client is wrong; they can fix it
    ├── Missing         a model, package or service is missing; the message says how to get it
    ├── EngineFailed    the answer engine failed, timed out or disappeared
    ├── TooSlow         a client does not read, or the machine cannot keep up
    └── Denied          access refused: wrong token, origin or host

Messages are shown to people: they say what to do, and never hold what a patient said.
"""


class AssistantError(Exception):
    """Base of all errors of this package.

    ``code`` is snake_case and stable, e.g. ``image_not_readable``; programs may match on it.
    """

    default_code = "internal"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code


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
