"""The listening socket: people who connect and ask for nothing take no place from those who do.

A connection waits until its first request has passed the gate (``Hub.let_in``). Of those that wait, the
oldest make room for the newest, so that somebody who opens thousands cannot keep anybody else out. Limits
follow from how many files the process may open; enough are left for sessions, uploads and the store. On
Windows, whose event loop accepts connections in its own way, nothing here applies.
"""

import asyncio
import contextlib
import errno
import logging
import socket
import sys
from typing import Any

if sys.platform != "win32":
    import resource

log = logging.getLogger(__name__)

PEER = "assistant.peer"
"""In the scope of a request: whose connection it came through, which behind a proxy is not ``client``."""
Peer = tuple[str, int]
"""Address and port of a client."""

ASK_WITHIN_S = 10.0
"""A connection without a whole request, or with an unfinished TLS handshake, is closed after this time."""
GONE_AFTER_MS = 20_000
"""A client whose system confirms nothing for so long is gone: pings give it something to confirm. Its program
may take longer to answer them, since the answer stands behind what it sent before."""
MOST_WAITING = 256
MOST_WAITING_PER_ADDRESS = 64
KEPT_FILES = 48
"""Descriptors that a server without sessions needs; a quarter of the rest is kept for work as well."""
FILES_IF_UNLIMITED = 65_536
BACKLOG = 16
"""Connections accepted at once, before the loop looks at anything else; more wait in the system's queue."""


def raise_file_limit() -> None:
    """Allow this process as many open files as the system lets it have without asking."""
    if sys.platform != "win32":
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = FILES_IF_UNLIMITED if hard == resource.RLIM_INFINITY else min(hard, FILES_IF_UNLIMITED)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _most_open() -> int:
    if sys.platform == "win32":
        return FILES_IF_UNLIMITED
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        files = FILES_IF_UNLIMITED
    return max(16, files * 3 // 4 - KEPT_FILES)


class _Connection(socket.socket):
    """An accepted connection that tells its door when it is closed."""

    door: "Door"
    peer: Peer

    def close(self) -> None:
        super().close()
        self.door.forget(self)

    def turn_away(self) -> None:
        """The loop sees the end of the connection and closes it in its own way."""
        with contextlib.suppress(OSError):
            self.shutdown(socket.SHUT_RDWR)


class Door(socket.socket):
    """A listening socket that counts the connections that came through it.

    It names its protocol, since asyncio turns Nagle's algorithm off only where TCP is named: with that
    algorithm an answer whose body follows its head, or a second event, waits for the client's delayed
    confirmation (40 ms)."""

    def __init__(self, family: int = socket.AF_INET) -> None:
        super().__init__(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._open: dict[Peer, _Connection] = {}
        self._waiting: dict[Peer, _Connection] = {}  # oldest first

    def accept(self) -> tuple[socket.socket, Any]:
        """Raises ``ConnectionAbortedError`` where the server has no room: the loop then goes on."""
        try:
            fd, address = self._accept()  # type: ignore[attr-defined]
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):  # accepting pauses for a second
                self._make_room(len(self._waiting))
            raise
        connection = _Connection(self.family, self.type, self.proto, fileno=fd)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_AFTER_MS)
        connection.door, connection.peer = self, (str(address[0]), int(address[1]))
        most = _most_open()
        if len(self._open) >= most:
            self._make_room(1)
            connection.close()
            raise ConnectionAbortedError
        self._open[connection.peer] = self._waiting[connection.peer] = connection
        self._limit(connection.peer[0], min(MOST_WAITING, most // 2))
        with contextlib.suppress(RuntimeError):  # no loop: a test that accepts by hand
            asyncio.get_running_loop().call_later(ASK_WITHIN_S, self._too_late, connection)
        return connection, address

    def let_in(self, peer: Peer) -> None:
        """The connection of this client may stay as long as it likes."""
        self._waiting.pop(peer, None)

    def forget(self, connection: _Connection) -> None:
        for known in (self._open, self._waiting):
            if known.get(connection.peer) is connection:
                del known[connection.peer]

    def _limit(self, address: str, most: int) -> None:
        of_address = [peer for peer in self._waiting if peer[0] == address]
        for peer in of_address[: max(0, len(of_address) - min(MOST_WAITING_PER_ADDRESS, most))]:
            self._turn_away(peer)
        self._make_room(len(self._waiting) - most)

    def _make_room(self, count: int) -> None:
        for peer in list(self._waiting)[: max(0, count)]:
            self._turn_away(peer)

    def _turn_away(self, peer: Peer) -> None:
        log.warning("connections that ask for nothing were closed to make room")
        self._waiting.pop(peer).turn_away()

    def _too_late(self, connection: _Connection) -> None:
        if self._waiting.get(connection.peer) is connection:
            del self._waiting[connection.peer]
            connection.turn_away()
