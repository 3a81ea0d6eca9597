"""``POST /v1/realtime/calls``: a session over WebRTC alone, as OpenAI's clients open it.

The microphone is the call's audio; the client's data channel carries the events of a socket, both ways.
"""

import asyncio
import json
import logging
import secrets as random
from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from assistant.audio.webrtc import MAX_SDP_CHARS
from assistant.channels import Outbox
from assistant.components.components import Components
from assistant.conversation.log import Logged
from assistant.errors import AssistantError, BadInput
from assistant.events import AudioFormat, SessionConfig, event_id_of, parse_client_event
from assistant.principal import Principal
from assistant.server.auth import Identifier, address_of, keys, signed_out
from assistant.server.rest.bodies import form_of, limited
from assistant.server.rest.errors import answered
from assistant.server.rest.secrets import SecretRequest, Secrets, refused
from assistant.server.rights import known
from assistant.session.choices import Choices, chosen
from assistant.session.runner import SessionRunner

if TYPE_CHECKING:
    from aiortc import RTCDataChannel

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 2**20
MOST_WAITING = 1000
"""Messages of a client that wait to be taken; a client that sends more is hung up on."""
BUFFERED_BYTES = 2**20
"""May wait in the data channel; what follows waits where a slow client is noticed."""
LOOK_EVERY_S = 0.05


class Calls:
    """``open_session`` makes a session for a person at an address; ``Call.run`` is a task for each."""

    def __init__(
        self,
        components: Components,
        secrets: Secrets,
        identifier: Identifier,
        open_session: Callable[[Principal, str], SessionRunner],
    ) -> None:
        self._components, self._secrets = components, secrets
        self._identifier, self._open_session = identifier, open_session
        self._calls: dict[str, Call] = {}

    def routes(self) -> list[Route]:
        path = "/v1/realtime/calls"
        return [
            Route(path, answered(self.create), methods=["POST"]),
            Route(f"{path}/{{call_id}}/hangup", answered(self.hang_up), methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        """An SDP offer, alone or in a form with the session; 201 with the answer and its ``Location``."""
        sdp, wanted = await self._read(request)
        choices = Choices(AudioFormat())
        for each in wanted:  # refused now or never
            choices = chosen(choices, each, self._components.model)
        runner = self._open_session(known(request.scope), address_of(request.scope))
        try:
            for each in wanted:
                await runner.start_with(each)
            outbox = runner.connect(None, address_of(request.scope))
            call = Call(runner, outbox, known(request.scope), self._identifier)
            answer = await runner.offer(sdp, call.take_channel, call.lost.set)
        except BaseException:
            runner.end()
            raise
        call_id = f"rtc_{random.token_urlsafe(18)}"
        self._calls[call_id] = call
        call.task = asyncio.create_task(call.run(), name=call_id)
        call.task.add_done_callback(lambda task: self._over(call_id, task))
        headers = {"Location": f"/v1/realtime/calls/{call_id}"}
        return Response(answer, status_code=201, media_type="application/sdp", headers=headers)

    async def hang_up(self, request: Request) -> Response:
        """End the call."""
        call = self._calls.get(request.path_params["call_id"])
        if call is None or call.runner.person.id != known(request.scope).id:
            raise BadInput("There is no such call.", code="call_unknown")
        call.lost.set()
        if call.task:
            await asyncio.wait({call.task})
        return Response(status_code=200)

    async def _read(self, request: Request) -> tuple[str, list[SessionConfig]]:
        """The offer, and what the session is to be: as the key says, then as the form does."""
        found = [secret for key in keys(request.headers) if (secret := self._secrets.find(key))]
        wanted = [secret.session for secret in found[:1]]
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        match kind:
            case "application/sdp":
                return _text(await limited(request, MAX_BODY_BYTES).body()), wanted
            case "multipart/form-data":
                form = await form_of(request, MAX_BODY_BYTES, max_files=2)
                try:
                    parts = {
                        name: await value.read() if isinstance(value, UploadFile) else value.encode()
                        for name, value in form.multi_items()
                    }
                finally:
                    await form.close()
                if "sdp" not in parts:
                    message = "Send the offer as the form's field 'sdp'."
                    raise BadInput(message, code="sdp_missing", param="sdp")
                return _text(parts["sdp"]), [*wanted, *_session(parts.get("session"))]
            case _:
                raise BadInput(
                    "Send the offer as application/sdp, or a form with the fields 'sdp' and 'session'.",
                    code="content_type_unsupported",
                )

    def _over(self, call_id: str, task: "asyncio.Task[None]") -> None:
        self._calls.pop(call_id, None)
        if not task.cancelled() and (error := task.exception()):
            log.error("call %s ended by a bug", call_id, exc_info=error)


class Call:
    """One session's client over WebRTC. ``lost`` is set when it is gone or hung up on."""

    def __init__(
        self, runner: SessionRunner, outbox: Outbox[Logged], person: Principal, identifier: Identifier
    ) -> None:
        self.runner, self._outbox = runner, outbox
        self._person, self._identifier, self._used = person, identifier, asyncio.Event()
        self.lost = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self._channel: asyncio.Future[RTCDataChannel] = asyncio.get_running_loop().create_future()
        self._messages: asyncio.Queue[str | bytes] = asyncio.Queue(MOST_WAITING)

    def take_channel(self, channel: "RTCDataChannel") -> None:
        """The first data channel carries the events."""
        if self._channel.done():
            return
        channel.add_listener("message", self._take)
        channel.add_listener("close", self.lost.set)
        self._channel.set_result(channel)

    def _take(self, message: str | bytes) -> None:
        try:
            self._messages.put_nowait(message)
        except asyncio.QueueFull:
            self.lost.set()

    async def run(self) -> None:
        """Until either side ends it; closes the connection."""
        ends = self._until_lost(), signed_out(self._identifier, self._person, self._used)
        work = [asyncio.create_task(each) for each in (self._send(), self._receive(), *ends)]
        try:
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in work:
                task.cancel()
            results = await asyncio.gather(*work, return_exceptions=True)
            while following := self.runner.following:
                self.runner, self._outbox = following.runner, following.outbox
            self.runner.done_with = True
            await self.runner.disconnect(self._outbox)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _until_lost(self) -> None:
        await self.lost.wait()

    async def _send(self) -> None:
        """The events of its session, and of those that follow it on the same connection."""
        channel = await self._channel
        await self._send_of_one(channel)
        while (following := self.runner.following) and channel.readyState == "open":
            self.runner, self._outbox = following.runner, following.outbox
            await self._send_of_one(channel)

    async def _send_of_one(self, channel: "RTCDataChannel") -> None:
        while (event := await self._outbox.get()) is not None:
            if event.type == "input_audio_buffer.speech_started":
                self._used.set()
            if event.type.startswith("assistant."):
                continue
            await self.runner.kept.durable(event)
            while channel.bufferedAmount > BUFFERED_BYTES and not self._outbox.dropped.is_set():  # noqa: ASYNC110
                await asyncio.sleep(LOOK_EVERY_S)
            if channel.readyState != "open":
                return
            channel.send(event.json)

    async def _receive(self) -> None:
        while True:
            message = await self._messages.get()
            self._used.set()
            text = message if isinstance(message, str) else message.decode("utf-8", "replace")
            runner = self.runner
            while following := runner.following:
                runner = following.runner
            try:
                await runner.receive(parse_client_event(text))
            except AssistantError as error:
                runner.refuse(error, event_id_of(text))


def _text(sdp: bytes) -> str:
    if len(sdp) > MAX_SDP_CHARS:
        raise BadInput("The WebRTC offer is too long.", code="webrtc_sdp_invalid", param="sdp")
    return sdp.decode("utf-8", "replace")


def _session(given: bytes | None) -> list[SessionConfig]:
    if given is None:
        return []
    try:
        return [SecretRequest.model_validate({"session": json.loads(given)}).session]
    except ValidationError as error:
        raise refused(error) from None
    except (ValueError, RecursionError):
        raise BadInput("'session' is not JSON.", code="json_invalid", param="session") from None
