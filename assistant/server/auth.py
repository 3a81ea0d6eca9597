"""Access to the server: the host name, the origin and, for other machines, the token must be right."""

import asyncio
import hmac
import html
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.addresses import is_loopback
from assistant.principal import SOLE, Principal, sole_user
from assistant.server.rest.errors import RETRY_AFTER_S
from assistant.server.rest.secrets import OPENS, Secrets
from assistant.server.rights import OPEN_PATHS

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 5.0
"""After so long at most, who was signed out is."""
KEY_PROTOCOL = "openai-insecure-api-key."
MOST_TRIES, TRY_EVERY_S = 20, 3.0
PACE_S = 10.0
"""A page loads its files and its pictures in bursts."""
MOST_COUNTED = 10_000
"""Users or addresses that are counted at once; the one that was quiet longest is forgotten."""


class Counts:
    """Counts what users or addresses did lately: every ``every_s`` one is forgotten."""

    def __init__(self, every_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._every_s, self._now = every_s, now
        self._counts: dict[str, tuple[float, float]] = {}

    def of(self, name: str) -> float:
        count, at = self._counts.get(name, (0.0, 0.0))
        return max(0.0, count - (self._now() - at) / self._every_s)

    def add(self, name: str) -> None:
        count = self.of(name) + 1
        self._counts.pop(name, None)
        if len(self._counts) >= MOST_COUNTED:
            self._counts.pop(next(iter(self._counts)))
        self._counts[name] = count, self._now()


class Tries:
    """Wrong tokens by address: ``MOST_TRIES`` at once, then one in ``TRY_EVERY_S``; more are told to wait.

    Each that is not is logged with its address and nothing else of the request. The right token is never
    told to wait: others behind the same proxy may have tried wrong ones.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._counts = Counts(TRY_EVERY_S, now)

    def too_many(self, address: str) -> bool:
        return self._counts.of(address) > MOST_TRIES - 1

    def wrong(self, address: str, what: str) -> bool:
        """Count one; True if there were too many before."""
        if self.too_many(address):
            return True
        log.warning("refused: %s from %s is wrong", what, address)
        self._counts.add(address)
        return False


class Pace:
    """Requests of a user or an address: ``per_s`` on average over ``PACE_S``. On a server without users those
    of this machine are not counted."""

    def __init__(self, per_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._counts = per_s * PACE_S, Counts(1 / per_s, now)

    def too_fast(self, person: Principal, address: str) -> bool:
        """Count one, unless there were too many before. Refused requests do not count: clients that slow down
        are served."""
        name = address if person.id == SOLE else f"user {person.id}"
        if name == address and is_loopback(address):
            return False
        if self._counts.of(name) > self._most - 1:
            log.warning("refused: too many requests from %s", address)
            return True
        self._counts.add(name)
        return False


def address_of(scope: Scope) -> str:
    """The client's address; empty where the server does not know it."""
    client = scope.get("client")
    return str(client[0]) if client else ""


class Identifier(Protocol):
    """One way of finding out who asks."""

    async def identify(self, scope: Scope) -> Principal | Response:
        """The sender of a request, or the answer to a stranger."""

    async def again(self, principal: Principal, *, used: bool) -> Principal | None:
        """The same principal as it is now, while its socket stays open; None where its sign-in or key has
        ended. ``used``: its client has done something since the last look."""


async def signed_out(identifier: Identifier, person: Principal, used: asyncio.Event) -> None:
    """Return when the sign-in or key that opened a socket or a call has ended. ``used`` is set by what its
    client does, and cleared here."""
    while True:
        await asyncio.sleep(LOOK_AGAIN_S)
        now = await identifier.again(person, used=used.is_set())
        used.clear()
        if now is None or "dictate" not in now.rights:
            return


class Gate:
    """ASGI middleware in front of everything. It says who asks; ``guarded`` decides what they may.

    - A browser's ``Origin`` must be this server's, or one of ``allowed_origins``.
    - A short-lived key opens few addresses, for whoever made it.
    - Everybody else is identified, by one ``Identifier`` for the whole server.
    - Users, or addresses, that ask too often are told to wait.
    - Those who are not let in get one answer for each connection.
    """

    def __init__(
        self,
        app: ASGIApp,
        identifier: Identifier,
        allowed_origins: tuple[str, ...],
        secrets: Secrets,
        pace: Pace,
    ) -> None:
        self._app, self._identifier, self._origins = app, identifier, frozenset(allowed_origins)
        self._secrets, self._pace = secrets, pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refused = self._refused_origin(scope)
        if refused is None and scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, _closing(send))
            return
        found = refused or self._opened(scope) or await self._identifier.identify(scope)
        if isinstance(found, Principal) and self._pace.too_fast(found, address_of(scope)):
            found = Refused("too_many_requests", "Too many requests. Wait a moment, then try again.", 429)
        if isinstance(found, Principal):
            scope.setdefault("state", {})["principal"] = found
            scope["app"].state.hub.let_in(scope)
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await _for_people(found, scope)(scope, receive, _closing(send))
        elif "websocket.http.response" in scope.get("extensions", {}):
            await found(scope, receive, send)
        else:  # before the handshake is accepted: the client sees HTTP 403
            await send({"type": "websocket.close", "code": 4403, "reason": "denied"})

    def _refused_origin(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin and origin not in self._origins and _netloc(origin) != headers.get("host", ""):
            return Refused(
                "origin_not_allowed", "This page is not allowed to use the server. See --allowed-origins."
            )
        return None

    def _opened(self, scope: Scope) -> Principal | None:
        """The person who made the short-lived key of this request."""
        if scope["path"] not in OPENS:
            return None
        found = (self._secrets.find(key) for key in keys(Headers(scope=scope)))
        secret = next((each for each in found if each), None)
        return replace(secret.principal, scopes=frozenset({"dictate"})) if secret else None


class _Sole:
    """Everybody is the server's only user."""

    def __init__(self, name: str) -> None:
        self._principal = sole_user(name)

    async def again(self, principal: Principal, *, used: bool) -> Principal | None:
        return principal


class ThisMachine(_Sole):
    """Without a token the server serves this machine only: ``Host`` must be a loopback name, so that a web
    page cannot reach it through a name of its own (DNS rebinding)."""

    async def identify(self, scope: Scope) -> Principal | Response:
        if is_loopback(hostname_of(Headers(scope=scope).get("host", ""))):
            return self._principal
        return Refused("host_not_allowed", "Open this server at its local address, or start it with a token.")


class SharedToken(_Sole):
    """One secret for everybody: ``Authorization: Bearer``, a WebSocket's sub-protocol, or ``?token=`` once,
    which sets a cookie."""

    def __init__(self, token: str, name: str) -> None:
        super().__init__(name)
        self._token = token

    async def identify(self, scope: Scope) -> Principal | Response:
        headers = Headers(scope=scope)
        name = cookie_name(headers.get("host", ""), "assistant_token")
        cookie = HTTPConnection(scope).cookies.get(name, "")
        shown = [*keys(headers), cookie] if cookie else keys(headers)
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if any(hmac.compare_digest(each.encode(), self._token.encode()) for each in shown):
            return self._principal
        if given and hmac.compare_digest(given.encode(), self._token.encode()):
            response = RedirectResponse("/" + scope["path"].lstrip("/"), status_code=303)
            secure = scope["scheme"] in ("https", "wss")
            response.set_cookie(name, self._token, httponly=True, samesite="strict", secure=secure)
            return response
        tries: Tries = scope["app"].state.hub.tries
        if (shown or given) and tries.wrong(address_of(scope), "the server's token"):
            return too_many_tries()
        code, what = (
            ("token_wrong", "This is not the server's token.")
            if shown or given
            else ("token_missing", "The server needs its token.")
        )
        return Refused(
            code,
            f"{what} A browser opens this address once with ?token=TOKEN at its end; a program sends the "
            "header 'Authorization: Bearer TOKEN'. The person who runs the server has the token.",
            status_code=401,
        )


def keys(headers: Headers) -> list[str]:
    """The keys that a request shows: ``Authorization: Bearer``, and among the sub-protocols that a browser
    offers, as OpenAI's clients write it there, since they cannot set headers."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    offered = [each.strip() for each in headers.get("sec-websocket-protocol", "").split(",")]
    shown = [each.removeprefix(KEY_PROTOCOL) for each in offered if each.startswith(KEY_PROTOCOL)]
    if scheme.lower() == "bearer":
        shown.append(bearer.strip())
    return [key for key in shown if key]


def _closing(send: Send) -> Send:
    """The connection is closed after the answer, so that nobody keeps it without having been let in."""

    async def send_and_close(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), (b"connection", b"close")]
        await send(message)

    return send_and_close


def hostname_of(host: str) -> str:
    """The name in a ``Host`` header; empty when it is not one."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def cookie_name(host: str, name: str) -> str:
    """One for each port. Browsers share cookies between the ports of a host, so with one name two servers
    would log each other out."""
    try:
        port = urlsplit(f"//{host}").port
    except ValueError:
        port = None
    return f"{name}_{port}" if port else name


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def new_token() -> str:
    return secrets.token_urlsafe(24)


class Refused(JSONResponse):
    """In OpenAI's shape. 401 asks for a key, 403 says that none would help, 429 asks to wait."""

    def __init__(self, code: str, message: str, status_code: int = 403) -> None:
        kind = "rate_limit_error" if status_code == 429 else "authentication_error"
        error = {"message": message, "type": kind, "param": None, "code": code}
        headers = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": str(RETRY_AFTER_S)}}
        super().__init__({"error": error}, status_code=status_code, headers=headers.get(status_code))
        self.message = message


def too_many_tries() -> Refused:
    return Refused("too_many_tries", "Too many wrong tokens. Wait a moment, then try again.", 429)


def _for_people(answer: Response, scope: Scope) -> Response:
    """The refusal as a readable sentence, for a browser that asked for a page."""
    if not isinstance(answer, Refused) or "text/html" not in Headers(scope=scope).get("accept", ""):
        return answer
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        '<meta name="viewport" content="width=device-width"><title>Clinical Voice Assistant</title>'
        f"<main><h1>Clinical Voice Assistant</h1><p>{html.escape(answer.message)}</p></main></html>"
    )
    return HTMLResponse(page, status_code=answer.status_code)
