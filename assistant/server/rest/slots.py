"""A limit on the requests of a kind that are served at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from assistant.server.rest.errors import Busy


class Slots:
    """``most`` at once; one more is refused with this code and message."""

    def __init__(self, most: int, code: str, message: str) -> None:
        self._most, self._code, self._message = most, code, message
        self._taken = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Raises ``Busy``."""
        if self._taken >= self._most:
            raise Busy(self._message, code=self._code)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
