"""Serve the application: print the address, obey signals, shut down in order within a time limit."""

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from assistant.addresses import is_loopback
from assistant.components.opening import open_components
from assistant.config import Settings
from assistant.errors import BadInput
from assistant.installation import reports, state
from assistant.server.app import MAX_MESSAGE_BYTES, Hub, create_app
from assistant.server.auth import new_token
from assistant.server.door import BACKLOG, PEER, Door, raise_file_limit
from assistant.server.tls import Certificate, certificate_of
from assistant.telemetry import configure_logging, log_of_the_loop

MAX_FRAME_BYTES = 4 * MAX_MESSAGE_BYTES
"""A larger WebSocket frame closes the connection (1009); a smaller one too large gets an ``error``."""
WAITING_IN_THE_SYSTEM = 1024
"""Connections that the operating system keeps until they are accepted."""


class Server(uvicorn.Server):
    """Loads the models first, says when it is ready, and tells clients before it closes their sockets."""

    def __init__(
        self,
        config: uvicorn.Config,
        hub: Hub,
        on_ready: Callable[[], None] = lambda: None,
        certificate: Certificate | None = None,
    ) -> None:
        super().__init__(config)
        self._hub, self._on_ready, self._certificate = hub, on_ready, certificate
        self._renewing: asyncio.Task[None] | None = None
        if certificate:
            config.ssl_context_factory = lambda *_: certificate.context

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self._hub.start()  # not in the lifespan, which would print a traceback for a missing model
        asyncio.get_running_loop().set_exception_handler(log_of_the_loop)
        for sock in sockets or []:
            if isinstance(sock, Door):
                self._hub.door = sock
        await super().startup(sockets)
        for sock in sockets or []:
            sock.listen(WAITING_IN_THE_SYSTEM)
        if self._certificate:
            if hasattr(signal, "SIGHUP") and threading.current_thread() is threading.main_thread():
                asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._certificate.reload)
            self._renewing = asyncio.create_task(self._certificate.keep_fresh(), name="certificate")
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Shut down within ``shutdown_s`` in all. A slow client has that long to read what is still queued
        for it."""
        started = time.monotonic()
        if self._renewing:
            self._renewing.cancel()
        await self._hub.close()
        left_s = self._hub.settings.shutdown_s - (time.monotonic() - started)
        self.config.timeout_graceful_shutdown = max(1, round(left_s))
        await super().shutdown(sockets)


def bind(host: str, port: int) -> Door:
    """A listening socket. Raises ``BadInput`` (``address_unavailable``)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = Door(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        advice = {
            errno.EADDRINUSE: "Is it running already? Try another --port.",
            errno.EACCES: "Try a --port above 1023.",
        }.get(error.errno or 0, "--host must be an address of this machine.")
        raise BadInput(
            f"Cannot listen on {host}:{port} ({error.strerror or error}). {advice}",
            code="address_unavailable",
        ) from None
    return sock


def kept_by_default(settings: Settings) -> Settings:
    """Reports are kept in the user's data folder, unless the settings say otherwise."""
    if settings.no_store:
        return settings.model_copy(update={"store": None})
    return settings if settings.store else settings.model_copy(update={"store": reports()})


class Peers:
    """ASGI middleware that notes whose connection a request came through, before the headers of a trusted
    proxy say for whom."""

    def __init__(self, app: ASGIApp, trusted: Sequence[str]) -> None:
        self._app = ProxyHeadersMiddleware(app, trusted_hosts=list(trusted))  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[PEER] = scope.get("client")
        await self._app(scope, receive, send)  # type: ignore[arg-type]


def server_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        Peers(app, settings.trusted_proxies),
        proxy_headers=False,
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=MAX_FRAME_BYTES,
        ws_ping_interval=5,
        ws_ping_timeout=None,  # a pong may stand behind sound that waits to be taken; see ``Door``
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=settings.shutdown_s,
    )


def serve(settings: Settings, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM. ``say`` prints a line. Raises ``Missing`` or ``BadInput``."""
    configure_logging(settings.log_level)
    raise_file_limit()
    logging.raiseExceptions = False  # a log that cannot be written would print the error being logged, whole
    token = settings.token.get_secret_value() if settings.token else None
    made = token is None and settings.sign_in == "token" and not is_loopback(settings.host)
    if made:
        token = new_token()
    certificate = certificate_of(settings)
    sock = bind(settings.host, settings.port)
    say("Loading the models…")
    settings = kept_by_default(settings)
    components = open_components(settings)
    answers = components.engine.info
    say(" ".join(filter(None, (f"Answers: {answers.name}.", answers.notice, answers.why))))
    app = create_app(settings, components, token)
    config = server_config(app, settings)

    def ready() -> None:
        address = f"{'https' if settings.tls_cert else 'http'}://{_host(settings)}:{sock.getsockname()[1]}"
        say(f"Ready: {address}/")
        if token:
            where = _kept(token, sock.getsockname()[1]) if made else "the one that you set"
            say(f"Browsers must open it once with ?token=TOKEN. The token, {token[:4]}…, is {where}.")
        if not settings.tls_cert and not is_loopback(settings.host):
            say("Browsers give the microphone to https pages only: add --tls-cert and --tls-key.")

    signal.signal(signal.SIGTERM, _exit)  # uvicorn raises it once more when it has ended
    asyncio.run(Server(config, app.state.hub, ready, certificate).serve(sockets=[sock]))


def _kept(token: str, port: int) -> str:
    """Write a token that was made at this start to a file; returns where. Raises ``BadInput``."""
    file = state() / f"token-{port}"
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(token + "\n")
    except OSError:
        message = f"The server's token could not be written to {file}. Set ASSISTANT_TOKEN, or --token-file."
        raise BadInput(message, code="token_not_kept") from None
    return f"in {file}, which only you can read"


def _exit(number: int, _: object) -> None:
    """Exit from Python: the default handler would end the process before Python releases its semaphores."""
    sys.exit(128 + number)


def _host(settings: Settings) -> str:
    if settings.host in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{settings.host}]" if ":" in settings.host else settings.host
