"""The web application: the page, the realtime socket, uploads, health and metrics."""

import asyncio
import contextlib
import errno
import hmac
import logging
import re
import secrets as random
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from assistant import telemetry
from assistant.addresses import is_loopback
from assistant.channels import Outbox
from assistant.components.components import Components
from assistant.config import Settings
from assistant.conversation.log import Logged
from assistant.conversation.past import past_of
from assistant.engines.counted import Counted
from assistant.errors import AssistantError, BadInput, TooSlow, of_the_system
from assistant.events import (
    NOBODY,
    ErrorBody,
    ErrorEvent,
    SessionConfig,
    event_id_of,
    parse_client_event,
    server_events,
)
from assistant.guidelines.library import watching
from assistant.installation import front_page, page
from assistant.principal import SOLE, Principal
from assistant.server import (
    administration,
    answers,
    guidelines,
    orders,
    own,
    reports,
    sign_in,
    worklist,
)
from assistant.server.accounts import Accounts
from assistant.server.auth import (
    Gate,
    Identifier,
    Pace,
    SharedToken,
    ThisMachine,
    Tries,
    address_of,
    keys,
    signed_out,
)
from assistant.server.calls import Calls
from assistant.server.door import PEER, Door
from assistant.server.models import ModelsDialog
from assistant.server.order_feeds import feeds_of
from assistant.server.owner import below_sessions, cookie, moved
from assistant.server.pacs import Pacs
from assistant.server.page import page_files
from assistant.server.rest import description
from assistant.server.rest.chat import Chat
from assistant.server.rest.errors import ANY_METHOD, http_error, no_such_path
from assistant.server.rest.models import Models
from assistant.server.rest.secrets import Secrets
from assistant.server.rest.transcriptions import Transcriptions
from assistant.server.rights import PREFIX, guarded, known, note_use
from assistant.server.uploads import Uploads
from assistant.session.attachments import kept_studies
from assistant.session.belongings import Belongings
from assistant.session.delivery import GOING_AWAY, TOO_SLOW
from assistant.session.runner import Earlier, SessionRunner
from assistant.storage.checkpoints import Checkpoint, Checkpoints
from assistant.storage.database import Database
from assistant.storage.keys import unlocked
from assistant.storage.orders import News, Orders
from assistant.storage.store import Store, now
from assistant.storage.things import Things
from assistant.storage.writer import TOLD_S, Writer

log = logging.getLogger(__name__)

EXPIRED_EVERY_S = 3_600
MAX_MESSAGE_BYTES = 4 * 2**20
"""A base64 image in a data URI fits up to about 3 MB; larger ones are uploaded."""
CLOSE_S = 10
"""A client that does not read has so long to take the code that it is disconnected with."""
GONE = (WebSocketDisconnect, RuntimeError, OSError)
"""Exceptions of sending when the client is gone."""
CSP = (
    "default-src 'self'; connect-src 'self'{sockets}; img-src 'self' data: blob:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

CLOSED_ON_PURPOSE = (1000, 1001)
"""Close codes of a client that has ended, not of a connection that was lost."""
SIGNED_OUT = 4401
"""Close code: the sign-in or key that opened the socket has ended."""
CHECKPOINT_EVERY_S = 600.0
NO_CACHE = (b"cache-control", b"no-cache")
HSTS = (b"strict-transport-security", b"max-age=31536000")
PROTOCOL, RESUME, STOCK_PROTOCOL = "assistant", "assistant.resume.", "realtime"
"""WebSocket subprotocols: ours, what carries a resume token, which is in no address, and OpenAI's. Clients
that offer ours, or have ``?assistant=1`` in the address, get the ``assistant.*`` events; others do not."""


class Hub:
    """All sessions: each one's runner is a task of this group."""

    def __init__(self, settings: Settings, components: Components, writer: Writer | None = None) -> None:
        self.settings, self.components, self.writer = settings, components, writer
        self._runners: dict[str, SessionRunner] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._addresses: dict[str, str] = {}  # of the client that began each session
        self._closing = False
        self._going_on = asyncio.Lock()
        self._forgetting: set[asyncio.Task[None]] = set()
        self.tries = Tries()
        self.accounts = Accounts(settings) if settings.sign_in == "accounts" else None
        self._database = Database(settings.store, keeps_open=False) if settings.store else None
        self.orders = Orders(self._database) if self._database else None
        self.feeds = feeds_of(settings, self.orders, self._tell_of_orders) if self.orders else []
        self._feeding: list[asyncio.Task[None]] = []
        self.belongings = Belongings(components, Things(self._database))
        """Own words, templates, macros and settings of users."""
        self.door: Door | None = None
        """The door for clients, once the server listens."""

    def let_in(self, scope: Scope) -> None:
        """The connection of this request has passed the gate and may stay open."""
        peer = scope.get(PEER) or scope.get("client")
        if self.door and peer:
            self.door.let_in((str(peer[0]), int(peer[1])))

    def open(self, person: Principal, address: str = "", *, keeps: bool = True) -> SessionRunner:
        """A new session of this person's client at ``address``; without ``keeps`` nothing of it is stored.
        Raises ``AssistantError``: ``server_full``, ``server_busy``, ``server_stopping``,
        ``too_many_sessions``."""
        self._admit(person, address)
        return self._start(self._runner(person, keeps=keeps), address)

    def _runner(
        self,
        person: Principal,
        earlier: Earlier | None = None,
        follows: SessionRunner | None = None,
        *,
        keeps: bool = True,
    ) -> SessionRunner:
        return SessionRunner(
            self.settings,
            self.components,
            person,
            self.writer if keeps else None,
            earlier,
            belongings=self.belongings,
            follows=follows,
            begin_another=self._begin_another,
        )

    def _begin_another(self, left: SessionRunner) -> SessionRunner:
        """The session of another report, in the place of one that its client leaves. Raises
        ``AssistantError``: ``server_stopping``."""
        if self._closing:
            raise AssistantError("The server is stopping. Try again soon.", code="server_stopping")
        return self._start(self._runner(left.person, follows=left), self._addresses.get(left.id, ""))

    async def go_on(self, token: str, person: Principal, address: str = "") -> SessionRunner | None:
        """The stored session of this person that this token opens, alive again; None where there is none.
        Raises as ``open`` does, and ``AssistantError`` where the store cannot be read."""
        if self.writer is None or self._closing:
            return None
        store = self.writer.store
        async with self._going_on:
            session_id = await self.writer.read(partial(store.opened_by, token, person.id))
            if session_id is None:
                return None
            if (alive := self._runners.get(session_id)) and not alive.over:
                return alive
            await self.ended(session_id)
            self._admit(person, address)
            with contextlib.suppress(AssistantError):  # a full disk can be read; the writer takes it up later
                await self.writer.write(partial(store.take_up, session_id))
            earlier = await self.writer.read(partial(self._load, session_id, token))
            runner = self._runner(person, earlier)
            await runner.take_up()
            self._start(runner, address)
            if self.orders and (news := await self.orders.news_of(session_id)):
                self._tell_of_orders([news])
            return runner

    async def copy(self, session_id: str, person: Principal, address: str = "") -> SessionRunner:
        """A new session whose report begins with the text of a stored one. Raises as ``open`` does, and
        ``BadInput``: ``session_unknown``, ``report_empty``."""
        assert self.writer is not None
        past = (await self.writer.read(partial(self._load, session_id, ""))).past
        document = past.report.whole()
        if document is None:
            raise BadInput("This report has no text to copy.", code="report_empty")
        runner = self.open(person, address)
        runner.fill(document, past.described.patient if past.described else NOBODY)
        return runner

    def _load(self, session_id: str, token: str) -> Earlier:
        """``token``: what its client holds; empty for a copy, which has no attachments. Blocks."""
        assert self.writer is not None
        store = self.writer.store
        kept = store.load(session_id)
        past = past_of(server_events.validate_json(event.json) for event in kept.events)
        folder, scratch = store.files_of(session_id), self.components.reader.scratch.new
        return Earlier(kept, past, kept_studies(folder, store.key, scratch) if token else [], token)

    async def key_to(self, report_id: str, person: Principal) -> str:
        """A token with which this person's client goes on with this stored report of theirs."""
        assert self.writer is not None
        if (runner := self.find(report_id)) and not runner.over:
            await runner.kept.note("report_opened")
            return runner.resume_token
        token = random.token_urlsafe(24)
        await self.writer.write(partial(self.writer.store.add_key, report_id, token, person.name))
        return token

    async def report_order(self, order_id: str, person: Principal, address: str = "") -> tuple[str, str]:
        """Begin the report of an order, or go on with it: the id of its session and a token. Raises as
        ``open`` and ``Orders.take`` do, and ``BadInput``: ``nothing_kept``."""
        if self.orders is None or self.writer is None:
            raise BadInput("This server keeps no orders (--no-store).", code="nothing_kept")
        begun = (await self.orders.found(order_id, person.id)).report_id
        if begun:
            alive = (runner := self.find(begun)) is not None and not runner.over
            if alive or await self.writer.read(partial(self.writer.store.owner_of, begun)) == person.id:
                return begun, await self.key_to(begun, person)
            await self.orders.release(begun)  # nothing was kept of it
        runner = self.open(person, address)
        try:
            entry = await self.orders.take(order_id, person.id, runner.id)
        except BaseException:
            runner.end()
            raise
        runner.begin_for(entry.patient, entry.order)
        return runner.id, runner.resume_token

    def _tell_of_orders(self, news: Sequence[News]) -> None:
        """Tell the sessions in which the report of such an order is open."""
        for each in news:
            if (runner := self.find(each.report_id)) and not runner.over:
                runner.tell_of_order(each.what)

    async def ended(self, session_id: str) -> None:
        """Wait until this session, which is about to end or has ended, has written all that it had."""
        if task := self._tasks.get(session_id):
            await asyncio.wait((task,))

    async def delete(self, session_id: str, who: str = "assistant", *, held: bool = False) -> None:
        """Delete a stored report with all that belongs to it; ``who`` is for the audit. ``held``: unless
        another server goes on with it. Raises ``BadInput`` (``session_unknown``), ``AssistantError``
        (``store_failed``)."""
        assert self.writer is not None
        if runner := self._runners.get(session_id):
            runner.end()
        await self.ended(session_id)
        await self.writer.write(partial(self.writer.store.forget, session_id, who, held=held))
        if self.orders:
            await self.orders.release(session_id)

    async def _forget(self, session_id: str) -> None:
        """Delete a session in which nothing was done."""
        with contextlib.suppress(AssistantError):
            await self.delete(session_id, held=True)

    async def delete_expired(self) -> None:
        """Delete the reports whose time is over, except those that are open. Runs until cancelled."""
        assert self.writer is not None
        while True:
            try:
                limits = map(_days_ago, (self.settings.keep_drafts_days, self.settings.keep_finals_days))
                for session_id in await self.writer.read(partial(self.writer.store.expired, *limits)):
                    if session_id not in self._tasks:
                        await self.delete(session_id)
                if self.orders:
                    await self.orders.delete_old(self.settings.keep_orders_days)
            except AssistantError as error:
                log.error("reports whose time is over could not be deleted: %s", error.code)
            await asyncio.sleep(EXPIRED_EVERY_S)

    def _admit(self, person: Principal, address: str) -> None:
        if not self._closing and not is_loopback(address):
            theirs = [each for each in self._runners if self._addresses[each] == address]
            self._limit(theirs, self.settings.max_sessions_per_address, "from your address")
        if not self._closing and person.id != SOLE:
            theirs = [each for each, runner in self._runners.items() if runner.person.id == person.id]
            self._limit(theirs, self.settings.max_sessions_per_user, "of yours")
        if (refusal := self.refusal()) and not (
            refusal.code == "server_full" and self._make_room(self._runners)
        ):
            raise refusal

    def _limit(self, theirs: Sequence[str], most: int, whose: str) -> None:
        if len(theirs) >= most and not self._make_room(theirs):
            message = f"Too many sessions {whose}. Close others, or wait until they have ended."
            raise AssistantError(message, code="too_many_sessions")

    def _start(self, runner: SessionRunner, address: str) -> SessionRunner:
        self._runners[runner.id], self._addresses[runner.id] = runner, address
        task = asyncio.get_running_loop().create_task(runner.run(), name=runner.id)
        self._tasks[runner.id] = task
        task.add_done_callback(lambda done: self._over(runner, done))
        return runner

    def refusal(self) -> AssistantError | None:
        """Why a new session would be refused. The first session is never refused for load."""
        if self._closing:
            return AssistantError("The server is stopping. Try again soon.", code="server_stopping")
        if len(self._runners) >= self.settings.max_sessions:
            return AssistantError("The server is full. Try again later.", code="server_full")
        limit_s = self.settings.final_limit_s
        if self._runners and (expected_s := self.components.recogniser.load.expected_s()) > limit_s:
            late = f"{expected_s:.1f} s" if expected_s < 60 else "more than a minute"
            return TooSlow(
                f"The server is busy: with one more person, what is said would be written {late} late; "
                f"{limit_s:g} s is the limit here. Try again later.",
                code="server_busy",
            )
        return None

    def _make_room(self, among: Iterable[str]) -> bool:
        """End the oldest of these sessions that was opened, abandoned and never used, or else the oldest
        whose client has closed it and knows no way back; False if there is none."""
        runners = [self._runners[each] for each in among]
        over = next((runner for runner in runners if runner.abandoned), None)
        over = over or next((r for r in runners if r.done_with and not r.connected), None)
        if over is None:
            return False
        over.end()
        del self._runners[over.id]
        return True

    def _over(self, runner: SessionRunner, task: "asyncio.Task[None]") -> None:
        self._runners.pop(runner.id, None)
        self._addresses.pop(runner.id, None)
        self._tasks.pop(runner.id, None)
        if self.writer and not (runner.was_used or self._closing):
            forgetting = asyncio.get_running_loop().create_task(self._forget(runner.id))
            self._forgetting.add(forgetting)
            forgetting.add_done_callback(self._forgetting.discard)
        if not task.cancelled() and (error := task.exception()):
            log.error("session %s ended by a bug", runner.id, exc_info=error)

    def runners(self) -> list[SessionRunner]:
        """The sessions that are alive."""
        return [runner for runner in self._runners.values() if not runner.over]

    def find(self, session_id: str) -> SessionRunner | None:
        return self._runners.get(session_id)

    async def resume(self, token: str, person: Principal) -> SessionRunner | None:
        """This person's session with this resume token, if it is still alive and no other server has taken
        it up since."""
        for runner in self._runners.values():
            if hmac.compare_digest(runner.resume_token.encode(), token.encode()):
                if runner.over or runner.person.id != person.id:
                    return None
                if await self._is_elsewhere(runner.id):
                    runner.end()
                    return None
                return runner
        return None

    async def _is_elsewhere(self, session_id: str) -> bool:
        """A store that does not answer keeps nobody waiting."""
        if self.writer is None or self.writer.trouble is not None:
            return False
        with contextlib.suppress(AssistantError, TimeoutError):
            async with asyncio.timeout(TOLD_S):
                return await self.writer.read(partial(self.writer.store.is_elsewhere, session_id))
        return False

    async def start(self) -> None:
        """Open the accounts and load the models. Raises ``Missing``, ``BadInput``."""
        try:
            if self.accounts:
                await self.accounts.start()
            if self._database:
                await self._database.start()
            await self.components.start()
        except BaseException:
            await self.components.close()
            raise

    def feed(self) -> None:
        """Begin to take orders from where the settings say, until ``close``."""
        run = asyncio.get_running_loop().create_task
        self._feeding = [run(each.run(each), name=f"orders-{each.source}") for each in self.feeds]  # type: ignore[arg-type]

    async def close_database(self) -> None:
        if self._database:
            await self._database.close()

    async def close(self) -> None:
        """Tell every client, then end every session, within ``shutdown_s``. Later calls do nothing."""
        if self._closing:
            return
        self._closing = True
        began = time.monotonic()
        for task in self._feeding:
            task.cancel()
        await asyncio.gather(*self._feeding, return_exceptions=True)
        runners = list(self._runners.values())
        if finishing := [asyncio.create_task(runner.finish_speech()) for runner in runners]:
            _, late = await asyncio.wait(finishing, timeout=self.settings.shutdown_s / 2)
            for task in late:  # the rest of the time is for delivering and storing what is there
                task.cancel()
        for runner in runners:
            runner.say_goodbye()
        if tasks := list(self._tasks.values()):
            left_s = max(0.0, self.settings.shutdown_s - (time.monotonic() - began))
            _, late = await asyncio.wait(tasks, timeout=left_s)
            for task in late:
                task.cancel()


async def realtime(socket: WebSocket) -> None:
    """``/v1/realtime``: a new session; with the subprotocol ``assistant.resume.TOKEN`` and ``?after=SEQ``,
    one that lost its connection."""
    hub: Hub = socket.app.state.hub
    offered = socket.scope.get("subprotocols", [])
    protocol = next((each for each in (PROTOCOL, STOCK_PROTOCOL) if each in offered), None)
    token = next((each.removeprefix(RESUME) for each in offered if each.startswith(RESUME)), "")
    person = known(socket.scope)
    runner = await hub.resume(token, person) if token else None
    after: int | None = None
    keeps = socket.query_params.get("keep") != "nothing"
    try:
        if runner is None and token:
            runner = await hub.go_on(token, person, address_of(socket.scope))
        if runner is not None:
            runner.person = person  # the same user, perhaps with a key of fewer rights
            given = socket.query_params.get("after", "0")
            after = int(given) if given.isascii() and given.isdecimal() and len(given) < 16 else 0
        if "resume" in socket.query_params:
            message = "A resume token in the address is refused: send it as a subprotocol. Reload the page."
            raise BadInput(message, code="resume_in_address")
        if "call_id" in socket.query_params:
            message = "A call has one client, on its data channel: a socket cannot join it."
            raise BadInput(message, code="call_not_joinable")
        runner = runner or hub.open(person, address_of(socket.scope), keeps=keeps)
    except AssistantError as error:
        await socket.accept(protocol)
        kind = "invalid_request_error" if isinstance(error, BadInput) else "server_error"
        body = ErrorBody(type=kind, code=error.code, message=error.message)
        with contextlib.suppress(WebSocketDisconnect):
            await socket.send_text(ErrorEvent(error=body).model_dump_json())
            closed = 4400 if isinstance(error, BadInput) else 1013
            await socket.close(closed, error.code.replace("_", " "))
        return
    secure = socket.scope["scheme"] == "wss"
    try:
        await socket.accept(protocol, [(b"set-cookie", cookie(runner, secure=secure).encode())])
    except BaseException:
        if after is None:
            runner.end()  # nobody has heard of it
        raise
    if runner.over:  # it ended meanwhile: the client begins anew
        await socket.close(1001)
        return
    telemetry.connections.inc()
    await note_use(socket.scope, person, "session begun" if after is None else "session resumed", runner.id)
    if after is None:
        await runner.start_with(_wanted(socket))
    outbox = runner.connect(after, address_of(socket.scope))
    ours = PROTOCOL in offered or "assistant" in socket.query_params
    comes_back = ours and keeps
    # Each ends when the connection does; whichever ends first takes the others with it. _receive may wait
    # for room that nobody makes any more when its session is over.
    used = asyncio.Event()
    tasks = [
        asyncio.create_task(_send(socket, runner, outbox, ours=ours), name=f"send-{runner.id}"),
        asyncio.create_task(
            _receive(socket, runner, used, comes_back=comes_back), name=f"receive-{runner.id}"
        ),
        asyncio.create_task(_until_signed_out(socket, person, used), name=f"signed-in-{runner.id}"),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        telemetry.connections.dec()
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        while following := runner.following:
            runner, outbox = following.runner, following.outbox
        await runner.disconnect(outbox)
    for result in results:
        if isinstance(result, Exception):
            raise result


def _wanted(socket: WebSocket) -> SessionConfig:
    """The session that the client's secret is for; a transcription session where the address says so."""
    secrets: Secrets = socket.app.state.secrets
    found = [secret for key in keys(socket.headers) if (secret := secrets.find(key))]
    wanted = found[0].session if found else SessionConfig()
    if socket.query_params.get("intent") == "transcription":
        return wanted.model_copy(update={"type": "transcription"})
    return wanted


async def no_such_socket(socket: WebSocket) -> None:
    await socket.close(4404, "not found")


async def _send(socket: WebSocket, runner: SessionRunner, outbox: Outbox[Logged], *, ours: bool) -> None:
    """The events of this session, and of those that follow it on the same connection."""
    await _send_of_one(socket, runner, outbox, ours=ours)
    while (following := runner.following) and not outbox.dropped.is_set():
        runner, outbox = following.runner, following.outbox
        await note_use(socket.scope, runner.person, "session begun", runner.id)
        await _send_of_one(socket, runner, outbox, ours=ours)


async def _send_of_one(
    socket: WebSocket, runner: SessionRunner, outbox: Outbox[Logged], *, ours: bool
) -> None:
    sending = asyncio.create_task(_send_all(socket, runner, outbox, ours=ours), name=f"send-all-{runner.id}")
    dropped = asyncio.create_task(outbox.dropped.wait(), name=f"dropped-{runner.id}")
    try:
        await asyncio.wait((sending, dropped), return_when=asyncio.FIRST_COMPLETED)
    finally:
        dropped.cancel()
        sending.cancel()
        (result,) = await asyncio.gather(sending, return_exceptions=True)
    if isinstance(result, Exception):
        raise result
    if outbox.dropped.is_set():
        with contextlib.suppress(*GONE, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await socket.close(outbox.code or TOO_SLOW)


async def _send_all(socket: WebSocket, runner: SessionRunner, outbox: Outbox[Logged], *, ours: bool) -> None:
    with contextlib.suppress(*GONE):  # _receive notices too
        while (event := await outbox.get()) is not None:
            if not ours and event.type.startswith("assistant."):
                continue
            await runner.kept.durable(event)
            await socket.send_text(event.json)
        if not outbox.dropped.is_set() and not runner.following:
            await socket.close(outbox.code or GOING_AWAY)


async def _until_signed_out(socket: WebSocket, person: Principal, used: asyncio.Event) -> None:
    """While the sign-in or key that opened the socket holds; then close the socket."""
    await signed_out(socket.app.state.identifier, person, used)
    with contextlib.suppress(*GONE, TimeoutError):
        async with asyncio.timeout(CLOSE_S):
            await socket.close(SIGNED_OUT, "signed out")


async def _receive(
    socket: WebSocket, runner: SessionRunner, used: asyncio.Event, *, comes_back: bool
) -> None:
    while True:
        message = await socket.receive()
        used.set()
        while following := runner.following:
            runner = following.runner
        if message["type"] == "websocket.disconnect":
            runner.done_with = not comes_back and message.get("code") in CLOSED_ON_PURPOSE
            return
        try:
            _check_size(message)
            if (binary := message.get("bytes")) is not None:
                await runner.take_pcm(binary)
            else:
                await runner.receive(parse_client_event(message["text"]))
        except AssistantError as error:
            runner.refuse(error, event_id_of(message.get("text") or ""))


def _check_size(message: Message) -> None:
    if len(message.get("bytes") or message.get("text") or "") > MAX_MESSAGE_BYTES:
        raise BadInput(
            f"A message may have {MAX_MESSAGE_BYTES // 2**20} MB at most; nothing of it was taken. "
            "Upload large images to /v1/sessions/ID/attachments.",
            code="message_too_large",
        )


async def health(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """Whether a new session would be served now: for load balancers. ``health`` only says that it runs."""
    hub: Hub = request.app.state.hub
    refusal = hub.refusal()
    if hub.components.recogniser.state == "failing":
        refusal = AssistantError("The recogniser does not answer.", code="recogniser_failing")
    if refusal is None:
        return JSONResponse({"status": "ready"})
    return JSONResponse({"status": refusal.code, "message": refusal.message}, 503)


async def metrics(request: Request) -> Response:
    return PlainTextResponse(generate_latest(telemetry.registry), media_type=CONTENT_TYPE_LATEST)


def _csp(host: str) -> bytes:
    """The policy names the page's own socket beside 'self': in older Safari 'self' does not cover ws:."""
    named = re.fullmatch(r"[\w.-]+(?::\d+)?|\[[\da-fA-F:]+\](?::\d+)?", host, re.ASCII)
    return CSP.format(sockets=f" ws://{host} wss://{host}" if named else "").encode()


class SecurityHeaders:
    """ASGI middleware: headers that isolate the page from other sites."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", []))
                message["headers"] = [
                    *own,
                    (b"content-security-policy", _csp(Headers(scope=scope).get("host", ""))),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"no-referrer"),
                    (b"permissions-policy", b"camera=(), geolocation=()"),
                    *([HSTS] if scope["scheme"] == "https" else []),
                    *([] if any(name == b"cache-control" for name, _ in own) else [NO_CACHE]),
                ]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


async def out_of_resources(request: Request, error: Exception) -> Response:
    """The answer to a request that the system gave no file, memory or connection for."""
    assert isinstance(error, OSError)
    log.error("a request failed: %s", errno.errorcode.get(error.errno or 0, "OSError"))
    told = of_the_system(error)
    return JSONResponse({"error": {"code": told.code, "message": told.message}}, status_code=503)


def _days_ago(days: int) -> str:
    """Empty where there is no limit."""
    return (datetime.now().astimezone() - timedelta(days=days)).isoformat() if days else ""


def create_app(
    settings: Settings,
    components: Components,
    token: str | None = None,
    identifier: Identifier | None = None,
) -> Starlette:
    """The application. ``components`` are loaded when it starts and closed when it ends. ``identifier`` says
    who asks; without one everybody is the one user of the server, who shows the ``token`` if there is one.

    Raises ``BadInput`` when the store or the audit key of the settings cannot be used.
    """
    place = unlocked(settings)
    writer = Writer(Store(place, files=settings.store_files)) if place else None
    hub = Hub(settings, components, writer)
    if identifier is None:
        sole = SharedToken(token, settings.user) if token else ThisMachine(settings.user)
        identifier = hub.accounts or sole
    uploads, pacs, secrets = Uploads(hub.find), Pacs(settings), Secrets(components)
    components.engine = Counted(components.engine)
    dialog = ModelsDialog(settings, components, hub.runners, shared=not isinstance(identifier, ThisMachine))
    session_routes = [
        *uploads.routes(),
        *pacs.routes(),
        *reports.ROUTES,
        *answers.ROUTES,
        *dialog.routes(),
    ]

    checkpoints = None
    if settings.audit_checkpoints and settings.audit_key:
        checkpoints = Checkpoints(settings.audit_checkpoints, settings.audit_key)

    async def checkpoint() -> None:
        """Sign what the audit ends with. A failure is logged, and the next one says as much."""
        if checkpoints and writer:
            try:
                sessions = await writer.read(writer.store.last_hash)
                access = await hub.accounts.log.last_hash() if hub.accounts else ""
                await asyncio.to_thread(checkpoints.add, Checkpoint(now(), sessions, access))
            except (AssistantError, OSError) as error:
                log.error("the audit's end was not signed: %s", getattr(error, "code", type(error).__name__))

    async def sign_now_and_then() -> None:
        while True:
            await checkpoint()
            await asyncio.sleep(CHECKPOINT_EVERY_S)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        writing = writer and asyncio.create_task(writer.run(), name="store")
        signing = asyncio.create_task(sign_now_and_then(), name="checkpoints")
        deleting = writer and asyncio.create_task(hub.delete_expired(), name="delete-expired")
        async with watching(components.guidelines):
            hub.feed()
            yield
            await hub.close()
        if deleting:
            deleting.cancel()
        signing.cancel()
        await checkpoint()
        if writer and writing:
            await writer.close()
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        await dialog.close()
        await components.close()
        if hub.accounts:
            await hub.accounts.close()
        await hub.close_database()

    routes = [
        WebSocketRoute("/v1/realtime", realtime),
        below_sessions(hub, guarded(session_routes, PREFIX)),
        *worklist.ROUTES,
        *orders.ROUTES,
        *own.ROUTES,
        *administration.ROUTES,
        *moved(),
        *guidelines.routes(components),
        *Transcriptions(settings, components).routes(),
        *Chat(settings, components).routes(),
        *Models(components).routes(),
        *secrets.routes(),
        *sign_in.ROUTES,
        *Calls(components, secrets, identifier, hub.open).routes(),
        Route("/v1/{path:path}", no_such_path, methods=ANY_METHOD),
        *description.ROUTES,
        Route("/healthz", health),
        Route("/readyz", ready),
        Route("/metrics", metrics),
        WebSocketRoute("/{path:path}", no_such_socket),  # StaticFiles takes HTTP only
        Mount("/", page_files(page(), front_page())),
    ]
    app = Starlette(
        routes=guarded(routes),
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(
                CORSMiddleware,
                allow_origins=settings.allowed_origins,
                allow_methods=["GET", "POST"],
                allow_headers=["Authorization", "Content-Type"],
                expose_headers=["Location"],
            ),
            Middleware(
                Gate,
                identifier=identifier,
                allowed_origins=settings.allowed_origins,
                secrets=secrets,
                pace=Pace(settings.max_requests_per_s),
            ),
        ],
        exception_handlers={OSError: out_of_resources, HTTPException: http_error},
        lifespan=lifespan,
    )
    app.state.hub, app.state.secrets, app.state.identifier = hub, secrets, identifier
    return app
