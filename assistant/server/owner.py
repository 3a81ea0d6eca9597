"""Sessions belong to their owner: every address below ``/v1/sessions/ID`` needs that session's token, shown
by its owner.

The routes hang below one mount, so that a new one cannot forget it. The token goes in ``X-Session-Token``.
The images of the page, which can send no header, go with a cookie that the socket sets: it opens GET alone.
"""

import hashlib
import hmac
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.errors import BadInput
from assistant.server.auth import Tries, address_of
from assistant.server.rest.errors import refusal
from assistant.server.rights import PREFIX, known, note_use
from assistant.session.runner import SessionRunner
from assistant.storage.writer import Writer

COOKIE = "assistant_session"
MOVED = ("/v1/attachments", "/v1/uploads", "/v1/pacs", "/v1/prompt")
"""Addresses of a session before 0.3."""


class Sessions(Protocol):
    """Finds sessions: the hub."""

    writer: Writer | None
    tries: Tries

    def find(self, session_id: str) -> SessionRunner | None: ...


class Owner:
    """ASGI middleware of the mount: lets requests of the session's owner through."""

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        self._app, self._sessions = app, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        session_id = scope["path_params"]["session_id"]
        runner, asks = self._sessions.find(session_id), known(scope)
        if runner and runner.person.id != asks.id:  # to them it does not exist
            await note_use(scope, asks, "refused: another's session")
            await refusal(404, "session_unknown", unknown().message)(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        token = connection.headers.get("x-session-token", "")
        if runner and _is_owner(runner, token, connection, scope):
            scope.setdefault("state", {})["session"] = runner
            if token and runner.has_no_socket_of_its_own:
                send = _with_cookie(send, runner, scope)
        elif not runner and await self._is_stored(session_id, token, asks.id):
            scope.setdefault("state", {})["session"] = None
        else:
            answer = refusal(404, "session_unknown", unknown().message)
            if runner and self._sessions.tries.wrong(address_of(scope), "a session's token"):
                answer = refusal(429, "too_many_tries", "Too many wrong tokens. Wait a moment.")
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _is_stored(self, session_id: str, token: str, owner: str) -> bool:
        writer = self._sessions.writer
        if not (token and writer):
            return False
        return await writer.read(partial(writer.store.is_token_of, session_id, token, owner))


def _with_cookie(send: Send, runner: SessionRunner, scope: Scope) -> Send:
    """Set the cookie for a client that shows the token. No socket has set it yet."""

    async def send_with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start":
            value = cookie(runner, secure=scope["scheme"] == "https").encode()
            message["headers"] = [*message.get("headers", []), (b"set-cookie", value)]
        await send(message)

    return send_with_cookie


def below_sessions(sessions: Sessions, routes: Sequence[BaseRoute]) -> Mount:
    """The mount of everything that belongs to one session."""
    return Mount(PREFIX, routes=routes, middleware=[Middleware(Owner, sessions=sessions)])


def moved() -> list[Route]:
    """Old addresses, which say where to look."""

    async def gone(request: Request) -> JSONResponse:
        message = "This address is now below /v1/sessions/ID; see docs/protocol.md. Reload the page."
        return refusal(410, "address_moved", message)

    methods = ["GET", "POST", "PUT"]
    return [Route(path, gone, methods=methods) for old in MOVED for path in (old, f"{old}/{{rest:path}}")]


def live(request: Request) -> SessionRunner:
    """The session of the request. Raises ``BadInput`` (``session_unknown``) when it has ended."""
    runner: SessionRunner | None = request.state.session
    if runner is None:
        raise unknown()
    return runner


def unknown() -> BadInput:
    return BadInput("There is no such session; reload the page.", code="session_unknown")


def cookie(runner: SessionRunner, *, secure: bool) -> str:
    """The value of ``Set-Cookie`` with which a browser may look at this session, for as long as it runs."""
    path = PREFIX.format(session_id=runner.id)
    flags = f"Path={path}; HttpOnly; SameSite=Strict{'; Secure' if secure else ''}"
    return f"{COOKIE}={_look_key(runner)}; {flags}"


def _is_owner(runner: SessionRunner, token: str, connection: HTTPConnection, scope: Scope) -> bool:
    if hmac.compare_digest(token.encode(), runner.resume_token.encode()):
        return True
    shown = connection.cookies.get(COOKIE, "") if scope["method"] in ("GET", "HEAD") else ""
    return hmac.compare_digest(shown.encode(), _look_key(runner).encode())


def _look_key(runner: SessionRunner) -> str:
    """Follows from the token, and does not lead back to it."""
    return hashlib.sha256(f"look {runner.resume_token}".encode()).hexdigest()
