"""The Python client of a running assistant: audio and questions in, typed events out."""

import asyncio
import contextlib
import itertools
import json
from collections import deque
from collections.abc import AsyncIterator, Sequence
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit, urlunsplit
from urllib.request import ProxyHandler, Request, build_opener

from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
)
from websockets.typing import Subprotocol

from assistant import events as ev
from assistant.addresses import is_loopback
from assistant.channels import DropOldest
from assistant.errors import AssistantError, BadInput, Denied, EngineFailed
from assistant.events.patching import KnownReport

EVENTS_KEPT = 10_000
"""Events that wait for a slow reader; then the oldest go."""
LARGEST_MESSAGE_BYTES = 64 * 2**20
UPLOAD_TIMEOUT_S = 60
KEPT_S = 30
"""Most seconds of sound that are kept until the server acknowledges them, and are sent ahead of it."""
PING_TIMEOUT_S = 60
"""A pong may stand behind sound that the server has no room for yet."""
CLOSE_TIMEOUT_S = 2
"""Longest wait for the network to end a connection that was closed: a proxy may never do so."""
BACKOFF_S = (0.1, 0.3, 1.0, 2.0, 5.0)
CLOSED_DENIED = (1008, 4401, 4403)


class AssistantClient:
    """One session. The client resumes a dropped connection where it broke off, without the caller noticing.

        async with AssistantClient("ws://127.0.0.1:8080") as client:
            async for piece in client.ask("What is a pneumothorax?"):
                ...

    ``url`` may be http(s) or ws(s); without a path, ``/v1/realtime`` is meant. All methods belong to one
    event loop. Raises ``AssistantError`` with the codes ``server_unreachable``, ``denied``,
    ``url_invalid``; while waiting, ``session_lost``.
    """

    def __init__(
        self, url: str, token: str | None = None, *, rate_hz: int = 16_000, resume: str = ""
    ) -> None:
        """``resume`` is the token of a session to go on with, as ``POST /v1/reports/ID/open`` gives it; where
        it opens none, waiting raises ``session_unknown``."""
        self._resume = resume
        self._url = endpoint(url)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._direct = is_this_machine(self._url)
        self._rate_hz = rate_hz
        self._mode: ev.Mode | None = None
        self._socket: ClientConnection | None = None
        self._connected = asyncio.Event()
        self._readers: set[DropOldest[ev.ServerEvent | None]] = set()
        self._events: DropOldest[ev.ServerEvent | None] = DropOldest(EVENTS_KEPT)
        self._readers.add(self._events)
        self._task: asyncio.Task[None] | None = None
        self._ended: AssistantError | None = None
        self._done = False
        self._last_seq = 0
        self._ids = itertools.count(1)
        self._kept: deque[tuple[int, bytes]] = deque()  # sound not acknowledged, each with its first sample
        self._next_sample = 0
        self._numbered: ClientConnection | None = None  # which was told where its sound begins
        self._acknowledges = False
        self._acknowledged = asyncio.Event()
        self._speaking = asyncio.Lock()  # one caller's sound after the other's
        self._sounding = asyncio.Lock()  # held while sound is sent, never while it waits for the server
        self._sending_again: asyncio.Task[None] | None = None
        self._asking = asyncio.Lock()
        self.session: ev.SessionState | None = None
        """As the server last described it; set once connected."""
        self._report = KnownReport()

    async def __aenter__(self) -> Self:
        self._socket = await self._open()
        self._task = asyncio.create_task(self._read(), name="assistant-client")
        wait = asyncio.create_task(self._connected.wait())
        await asyncio.wait((wait, self._task), return_when=asyncio.FIRST_COMPLETED)
        wait.cancel()
        if self.session is None:
            await self.close()
            raise self._ended or AssistantError(
                "The server ended the connection at once.", code="server_unreachable"
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connection. The session on the server lives for its grace time."""
        self._done = True
        for task in (self._task, self._sending_again):
            if task:
                task.cancel()
                await asyncio.wait((task,))
        if self._socket:
            await self._socket.close()
        self._finish()

    async def events(self) -> AsyncIterator[ev.ServerEvent]:
        """All events from the first on, one reader only; ends when the session ends.

        Raises the ``AssistantError`` that ended it, if it did not end in good order.
        """
        while (event := await self._events.get()) is not None:
            yield event
        self._events.put(None)
        if self._ended:
            raise self._ended

    def __aiter__(self) -> AsyncIterator[ev.ServerEvent]:
        return self.events()

    @property
    def report(self) -> ev.DocumentChanged | None:
        """The report as it is now; None before its first words. Of a long one, events tell what changed."""
        return self._report.whole()

    # --- what is sent; while the connection is down these wait for it ------------------------------

    async def send(self, event: ev.ClientEvent) -> None:
        """Send any event of the protocol."""
        await self._transmit(event.model_dump_json(exclude_none=True))

    async def send_audio(self, pcm16: bytes) -> None:
        """Send PCM16 little-endian mono at ``rate_hz``, any number of whole samples.

        It is kept until the server has it, and sent again if the connection breaks before. Sound sent faster
        than the server takes it waits here.
        """
        if len(pcm16) % 2:
            raise BadInput(
                "PCM16 audio must be whole samples: an even number of bytes.", code="audio_invalid"
            )
        size = 2 * self._rate_hz
        async with self._speaking:
            for i in range(0, len(pcm16), size):
                await self._room()
                async with self._sounding:
                    await self._send_sound(pcm16[i : i + size])

    async def _room(self) -> None:
        """Wait while too much is not acknowledged."""
        while self._acknowledges and self._next_sample - self._kept_from > KEPT_S * self._rate_hz:
            self._acknowledged.clear()
            await self._acknowledged.wait()

    async def _send_sound(self, pcm16: bytes) -> None:
        self._kept.append((self._next_sample, pcm16))
        self._next_sample += len(pcm16) // 2
        while self._next_sample - self._kept_from > 2 * KEPT_S * self._rate_hz:  # nobody acknowledges
            self._kept.popleft()
        while True:
            socket = await self._connection()
            try:
                if self._numbered is socket:
                    await socket.send(pcm16)
                else:
                    await self._send_kept(socket)
                return
            except ConnectionClosed:
                self._disconnected(socket)

    async def _send_again(self, socket: ClientConnection) -> None:
        """After a lost connection: what the server did not get, also if nothing more is said."""
        with contextlib.suppress(ConnectionClosed):
            async with self._sounding:
                if self._kept and self._numbered is not socket:
                    await self._send_kept(socket)

    async def _send_kept(self, socket: ClientConnection) -> None:
        """The first sound on a connection: where it begins, and all that was not acknowledged."""
        at = ev.AudioAt(event_id=None, sample=self._kept_from, age_ms=0)
        await socket.send(at.model_dump_json(exclude_none=True))
        for _, pcm16 in tuple(self._kept):
            await socket.send(pcm16)
        self._numbered = socket

    @property
    def _kept_from(self) -> int:
        return self._kept[0][0] if self._kept else self._next_sample

    def _forget_sound(self, before: int) -> None:
        """The server has all sound before this sample."""
        while self._kept and self._kept[0][0] + len(self._kept[0][1]) // 2 <= before:
            self._kept.popleft()
        self._acknowledged.set()

    async def commit(self) -> None:
        """End the running utterance now."""
        await self.send(ev.InputAudioCommit(event_id=None))

    async def set_mode(self, mode: ev.Mode) -> None:
        self._mode = mode
        await self.send(ev.ModeSet(event_id=None, mode=mode))

    async def attach(self, path: str | Path) -> ev.Attachment:
        """Attach an image to the session; every later question is asked with it.

        Raises ``BadInput`` (``image_not_readable``, and what the server says about the image).
        """
        path = Path(path)
        try:
            data = await asyncio.to_thread(path.read_bytes)
        except OSError:
            raise BadInput(f"{path.name} cannot be read.", code="image_not_readable") from None
        await self._connected.wait()
        if self._done or self.session is None:
            raise self._ended or AssistantError("The session ended.", code="session_lost")
        parts = urlsplit(self._url)
        query = urlencode({"name": path.name[:255]})
        scheme = {"ws": "http", "wss": "https"}[parts.scheme]
        where = f"{parts.path.removesuffix('/v1/realtime')}/v1/sessions/{self.session.id}/attachments"
        url = urlunsplit((scheme, parts.netloc, where, query, ""))
        headers = {
            **self._headers,
            "X-Session-Token": self.session.resume_token,
            "Content-Type": "application/octet-stream",
        }
        request = Request(url, data=data, headers=headers, method="POST")
        return await asyncio.to_thread(upload, request, direct=self._direct)

    async def ask(self, text: str, images: Sequence[str | Path] = ()) -> AsyncIterator[str]:
        """Ask a written question; yields pieces of the answer as they arrive. Questions are answered in turn.

        ``images`` are attached first and stay attached. Closing the iterator early stops the answer.
        Raises ``EngineFailed``, ``BadInput``.
        """
        for image in images:
            await self.attach(image)
        async with self._asking:
            event_id = f"client-{next(self._ids)}"
            inbox = self._subscribe()
            item_id = response_id = None
            done = False
            try:
                message = ev.UserMessage(content=[ev.InputText(text=text)])
                await self.send(ev.ConversationItemCreate(event_id=event_id, item=message))
                await self.send(ev.ResponseCreate(event_id=event_id))
                while not done:
                    match await self._next(inbox, event_id):
                        case ev.ItemAdded(item=item) if item_id is None and _is_typed(item):
                            item_id = item.id
                        case ev.ResponseCreated() as created if response_id is None:
                            if created.question_item_id == item_id or created.question == text.strip():
                                response_id = created.response.id
                        case ev.OutputTextDelta() as delta if delta.response_id == response_id:
                            yield delta.delta
                        case ev.ResponseDone(response=response) if response.id == response_id:
                            done = True
                            if response.status in ("failed", "incomplete"):
                                raise failure(response)
            finally:
                self._readers.discard(inbox)
                if response_id and not done and not self._done:
                    await self.cancel(response_id)

    async def cancel(self, response_id: str | None = None) -> None:
        """Stop the running answer, or the one named."""
        await self.send(ev.ResponseCancel(event_id=None, response_id=response_id))

    async def correct(self, item_id: str, intent: Literal["dictation", "question"]) -> None:
        """Correct the intent of an utterance."""
        await self.send(ev.IntentCorrect(event_id=None, item_id=item_id, intent=intent))

    # --- the connection ---------------------------------------------------------------------------

    def _subscribe(self) -> DropOldest[ev.ServerEvent | None]:
        inbox: DropOldest[ev.ServerEvent | None] = DropOldest(EVENTS_KEPT)
        self._readers.add(inbox)
        if self._done:
            inbox.put(None)
        return inbox

    async def _next(self, inbox: DropOldest[ev.ServerEvent | None], event_id: str) -> ev.ServerEvent:
        """The next event; an ``error`` about ``event_id``, or the end, is raised."""
        event = await inbox.get()
        match event:
            case None:
                raise self._ended or AssistantError("The session ended.", code="session_lost")
            case ev.SessionCreated(resumed=False):
                raise AssistantError("The connection and its session were lost.", code="session_lost")
            case ev.ErrorEvent(error=error) if error.event_id == event_id:
                kind = EngineFailed if error.type == "server_error" else BadInput
                raise kind(error.message, code=error.code)
        return event

    async def _transmit(self, data: str) -> None:
        while True:
            socket = await self._connection()
            try:
                if self._kept and self._numbered is not socket:
                    await self._send_again(socket)  # what was said before this goes before it
                await socket.send(data)
                return
            except ConnectionClosed:
                self._disconnected(socket)

    async def _connection(self) -> ClientConnection:
        await self._connected.wait()
        if self._done or self._socket is None:
            raise self._ended or AssistantError("The session ended.", code="session_lost")
        return self._socket

    def _disconnected(self, socket: ClientConnection) -> None:
        if socket is self._socket:
            self._connected.clear()
            if self._done:
                self._connected.set()

    async def _open(self) -> ClientConnection:
        url = self._url
        protocols = [Subprotocol("assistant")]
        if resume := self.session.resume_token if self.session else self._resume:
            parts = urlsplit(url)
            protocols.append(Subprotocol(f"assistant.resume.{resume}"))
            query = {"after": str(self._last_seq)}
            url = urlunsplit(parts._replace(query="&".join(q for q in (parts.query, urlencode(query)) if q)))
        where = urlsplit(self._url).netloc.rpartition("@")[2]
        try:
            return await connect(
                url,
                additional_headers=self._headers,
                subprotocols=protocols,
                max_size=LARGEST_MESSAGE_BYTES,
                ping_timeout=PING_TIMEOUT_S,
                close_timeout=CLOSE_TIMEOUT_S,
                proxy=None if self._direct else True,
            )
        except InvalidStatus as error:
            status = error.response.status_code
            if status in (401, 403):
                raise Denied(f"{where} refused: is the token right?", code="denied") from None
            message = f"{where} answered {status}; is this the assistant's address?"
            raise AssistantError(message, code="server_unreachable") from None
        except InvalidURI:
            raise BadInput(
                "This is not an address such as ws://127.0.0.1:8080.", code="url_invalid"
            ) from None
        except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed):
            message = f"No assistant answers at {where}. Start one with: assistant serve"
            raise AssistantError(message, code="server_unreachable") from None

    async def _read(self) -> None:
        try:
            while not self._done:
                assert self._socket is not None
                try:
                    async for raw in self._socket:
                        await self._take(raw)
                except ConnectionClosed:
                    pass
                self._connected.clear()
                code = self._socket.close_code
                if code in CLOSED_DENIED:
                    raise Denied("The server refused: is the token right?", code="denied")
                if self._done or self.session is None:
                    break
                self._socket = await self._come_back()
        except AssistantError as error:
            self._ended = error
        finally:
            self._finish()

    async def _take(self, raw: str | bytes) -> None:
        try:
            event = ev.server_events.validate_json(raw)
        except ValidationError:
            return  # a newer server says something this client has no word for
        if event.seq:
            if event.seq <= self._last_seq:
                return
            self._last_seq = event.seq
        match event:
            case ev.AudioReceived(sample=sample):
                self._acknowledges = True
                self._forget_sound(sample)
            case ev.SessionCreated(session=session, previous=str()):
                self.session, self._last_seq, self._report = session, 0, KnownReport()
            case ev.SessionCreated(session=session, resumed=resumed, audio_sample=sample):
                if self._resume and self.session is None and not resumed:
                    raise BadInput("There is no such session.", code="session_unknown")
                if resumed and sample is not None:
                    if self.session is None:  # another client counted so far
                        self._next_sample = sample
                    self._forget_sound(sample)
                self.session = session
                if not resumed:
                    self._last_seq, self._report = 0, KnownReport()
                    self._acknowledges = False  # until it does: it may be an older server
                    self._acknowledged.set()
                if not resumed or _rate_of(session) != self._rate_hz:  # what was set may have been lost
                    await self._set_up()
                self._connected.set()
                if self._kept and self._socket is not None:
                    self._sending_again = asyncio.create_task(self._send_again(self._socket))
            case ev.SessionUpdated(session=session) if self.session:
                token = self.session.resume_token
                self.session = session.model_copy(update={"resume_token": token})
            case ev.ErrorEvent(error=error) if self.session is None:
                raise AssistantError(error.message, code=error.code)  # e.g. server_full
            case ev.DocumentChanged() | ev.DocumentPatched():
                self._report.take(event)
            case ev.SessionClosing(retry=False):
                self._done = True
        for reader in tuple(self._readers):
            reader.put(event)

    async def _set_up(self) -> None:
        assert self._socket is not None
        audio = ev.SessionAudio(input=ev.AudioInput(format=ev.AudioFormat(rate=self._rate_hz)))
        update = ev.SessionUpdate(event_id=None, session=ev.SessionConfig(audio=audio, mode=self._mode))
        with contextlib.suppress(ConnectionClosed):  # what came before the end is still to be read
            await self._socket.send(update.model_dump_json(exclude_none=True))

    async def _come_back(self) -> ClientConnection:
        """Connect again within the session's grace time. Raises the last failure."""
        assert self.session is not None
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.session.grace_s
        for attempt in itertools.count():
            try:
                return await self._open()
            except Denied:
                raise
            except AssistantError:
                pause_s = BACKOFF_S[min(attempt, len(BACKOFF_S) - 1)]
                if loop.time() + pause_s > deadline:
                    raise
                await asyncio.sleep(pause_s)
        raise AssertionError("not reached")

    def _finish(self) -> None:
        """Release everyone who waits: readers see the end, senders get the error."""
        if not self._done or self._readers:
            self._done = True
            for reader in self._readers:
                reader.put(None)
            self._readers.clear()
        self._connected.set()
        self._acknowledges = False
        self._acknowledged.set()


def endpoint(url: str) -> str:
    """``http://host`` and the like → the WebSocket address. Raises ``BadInput``: ``url_invalid``."""
    try:
        parts = urlsplit(url if "//" in url else f"ws://{url}")
        valid = parts.scheme in ("ws", "wss", "http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        valid = False
    if not valid:
        raise BadInput("This is not an address such as ws://127.0.0.1:8080.", code="url_invalid")
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    return urlunsplit(parts._replace(scheme=scheme, path=parts.path.rstrip("/") or "/v1/realtime"))


def _rate_of(session: ev.SessionState) -> int | None:
    return session.audio.input.format.rate if session.audio.input and session.audio.input.format else None


def _is_typed(item: ev.ConversationItem) -> bool:
    """Whether a person typed it, and did not say it."""
    return item.role == "user" and not any(part.get("type") == "input_audio" for part in item.content)


def is_this_machine(url: str) -> bool:
    """True for loopback addresses, which no proxy serves."""
    return is_loopback(urlsplit(url).hostname or "")


def upload(request: Request, *, direct: bool) -> ev.Attachment:
    """Send an image over HTTP; blocks. ``direct`` bypasses proxies."""
    opener = build_opener(*([ProxyHandler({})] if direct else []))
    try:
        with opener.open(request, timeout=UPLOAD_TIMEOUT_S) as response:
            return ev.Attachment.model_validate_json(response.read())
    except HTTPError as error:
        with error:
            body = error.read()
        try:
            told = json.loads(body)["error"]
            code, message = str(told["code"]), str(told["message"])
        except (ValueError, KeyError, TypeError):
            code, message = "image_refused", f"The server refused the image ({error.code})."
        raise (Denied if error.code in (401, 403) else BadInput)(message, code=code) from None
    except (OSError, HTTPException):
        raise AssistantError("The image could not be sent.", code="server_unreachable") from None
    except ValidationError:
        raise AssistantError("This is not the assistant's address.", code="server_unreachable") from None


def failure(response: ev.ResponseBody) -> EngineFailed:
    """The error for an answer that failed or is incomplete."""
    if response.status == "incomplete":
        message = "The answer was cut off at the token limit."
        return EngineFailed(message, code="answer_cut_off")
    error = (response.status_details or {}).get("error")
    error = error if isinstance(error, dict) else {}
    message = str(error.get("message") or "The engine could not answer.")
    return EngineFailed(message, code=str(error.get("code") or "engine_failed"))
