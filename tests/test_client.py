"""The Python client against a small real WebSocket server."""

import asyncio
import contextlib
import json
import socket as socket_module
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from assistant import events as ev
from assistant.client import AssistantClient, endpoint
from assistant.errors import AssistantError, BadInput, Denied, EngineFailed

RATE = 8_000
ENGINE = ev.EngineDescription(name="fake", stand_in=True, sees_images=True)
Talk = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def server(talk: Talk, token: str | None = None) -> AsyncIterator[str]:
    def gate(connection: ServerConnection, request: Request) -> Response | None:
        if token and request.headers.get("Authorization") != f"Bearer {token}":
            return connection.respond(HTTPStatus.FORBIDDEN, "denied\n")
        return None

    # Without max_queue=None a server that closes while it has paused reading never reads the client's close
    # frame: both then wait for the library's 10 s. The assistant's own server reads on when it closes.
    async with serve(talk, "127.0.0.1", 0, process_request=gate, max_queue=None) as running:
        yield f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}"


async def say(socket: ServerConnection, *events: ev.ServerEvent) -> None:
    for event in events:
        await socket.send(event.model_dump_json())


def created(resumed: bool = False) -> ev.SessionCreated:
    state = ev.SessionState(
        id="s",
        resume_token="back",
        grace_s=5,
        audio=ev.SessionAudio(),
        recogniser=ev.Recogniser(name="fake"),
        engine=ENGINE,
    )
    return ev.SessionCreated(session=state, resumed=resumed)


async def heard(socket: ServerConnection, kind: str) -> dict[str, Any]:
    async for raw in socket:
        if isinstance(raw, str) and (message := json.loads(raw))["type"] == kind:
            return message  # type: ignore[no-any-return]
    raise AssertionError(f"the client never sent {kind}")


def response(status: str, **more: object) -> ev.ResponseBody:
    return ev.ResponseBody.model_validate({"id": "r1", "status": status, **more})


def answering(*pieces: str, status: str = "completed", **more: object) -> Talk:
    async def talk(socket: ServerConnection) -> None:
        await say(socket, created())
        message = await heard(socket, "conversation.item.create")
        text = message["item"]["content"][-1]["text"]
        await say(socket, ev.ItemAdded(seq=1, item=ev.ConversationItem(id="q1", role="user")))
        await heard(socket, "response.create")
        await say(
            socket,
            ev.ResponseCreated(
                seq=2, response=response("in_progress"), question=text, question_item_id="q1", engine=ENGINE
            ),
            ev.OutputTextDelta(seq=3, response_id="r0", item_id="a0", delta="of another answer"),
            *(
                ev.OutputTextDelta(seq=4 + i, response_id="r1", item_id="a1", delta=piece)
                for i, piece in enumerate(pieces)
            ),
        )
        if status:
            await say(socket, ev.ResponseDone(seq=90, response=response(status, **more)))
        await socket.wait_closed()

    return talk


async def test_an_answer_comes_in_pieces() -> None:
    async with server(answering("No ", "effusion.")) as url, AssistantClient(url) as client:
        assert [piece async for piece in client.ask("Is there one?")] == ["No ", "effusion."]


async def test_a_failed_answer_is_raised_with_its_code() -> None:
    details = {"error": {"code": "engine_gone", "message": "It is gone."}}
    failing = answering(status="failed", status_details=details)
    async with server(failing) as url, AssistantClient(url) as client:
        with pytest.raises(EngineFailed) as raised:
            _ = [piece async for piece in client.ask("what")]
    assert raised.value.code == "engine_gone"


async def test_leaving_an_answer_early_stops_it() -> None:
    stopped: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def talk(socket: ServerConnection) -> None:
        await say(socket, created())
        await heard(socket, "response.create")
        await say(
            socket,
            ev.ResponseCreated(
                seq=1, response=response("in_progress"), question="what", question_item_id="q", engine=ENGINE
            ),
            ev.OutputTextDelta(seq=2, response_id="r1", item_id="a1", delta="one"),
        )
        stopped.set_result((await heard(socket, "response.cancel"))["response_id"])

    async with server(talk) as url, AssistantClient(url) as client:
        answer = client.ask("what")
        assert await anext(answer) == "one"
        await answer.aclose()  # type: ignore[attr-defined]
        assert await asyncio.wait_for(stopped, 5) == "r1"


async def test_a_lost_connection_is_taken_up_where_it_broke_off() -> None:
    paths: list[str] = []
    offered: list[str] = []

    async def talk(socket: ServerConnection) -> None:
        assert socket.request
        paths.append(socket.request.path)
        offered.append(socket.request.headers["Sec-WebSocket-Protocol"])
        first, second = (ev.Notice(seq=seq, code=f"n{seq}", message="") for seq in (1, 2))
        if len(paths) == 1:
            await say(socket, created(), first)
            await socket.close(1011)
            return
        await say(socket, created(resumed=True), first, second)
        await socket.send('{"type": "assistant.invented.later", "seq": 3}')
        await say(socket, ev.SessionClosing(reason="over", retry=False))

    async with server(talk) as url, AssistantClient(url) as client:
        seen = [event async for event in client]
    assert [event.code for event in seen if isinstance(event, ev.Notice)] == ["n1", "n2"]
    assert paths == ["/v1/realtime", "/v1/realtime?after=1"]
    assert offered == ["assistant", "assistant, assistant.resume.back"]


async def test_a_proxy_that_never_ends_a_closed_connection_holds_up_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It passes the server's close frame on and keeps the connection; the library would wait for its end."""
    monkeypatch.setattr("assistant.client.CLOSE_TIMEOUT_S", 0.1)
    resumed, over, opened = asyncio.Event(), asyncio.Event(), 0

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        protocol = ServerProtocol()
        protocol.receive_data(await reader.readuntil(b"\r\n\r\n"))
        (request,) = protocol.events_received()
        assert isinstance(request, Request)
        protocol.send_response(protocol.accept(request))
        protocol.send_text(created(resumed=opened > 1).model_dump_json().encode())
        if opened == 1:
            protocol.send_close(1012)
        else:
            resumed.set()
        writer.writelines(protocol.data_to_send())
        await over.wait()
        writer.close()

    async with await asyncio.start_server(proxy, "127.0.0.1", 0) as running, asyncio.timeout(8):
        async with AssistantClient(f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}"):
            await resumed.wait()
        over.set()


async def test_audio_goes_as_binary_frames_at_the_rate_told_before() -> None:
    got: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()

    async def talk(socket: ServerConnection) -> None:
        await say(socket, created())
        update = await heard(socket, "session.update")
        assert (await heard(socket, "assistant.audio.at"))["sample"] == 0
        audio = await socket.recv()
        assert isinstance(audio, bytes)
        got.set_result((update["session"]["audio"]["input"]["format"]["rate"], audio))
        await socket.wait_closed()

    async with server(talk) as url, AssistantClient(url, rate_hz=8000) as client:
        await client.send_audio(b"\1\0\2\0")
        assert await asyncio.wait_for(got, 5) == (8000, b"\1\0\2\0")
        with pytest.raises(BadInput):
            await client.send_audio(b"\1")


class Hearing:
    """A server that breaks the first connection after ``breaks_after`` samples and counts what it hears. It
    acknowledges nothing of the first but where the sound begins, of later ones all if ``acknowledges``."""

    def __init__(self, breaks_after: int, *, resumes: bool, acknowledges: bool = True) -> None:
        self._breaks_after, self._resumes, self._acknowledges = breaks_after, resumes, acknowledges
        self.counts: list[int] = []
        self.committed = asyncio.Event()

    async def __call__(self, socket: ServerConnection) -> None:
        self.counts.append(0)
        first = len(self.counts) == 1
        await say(socket, created(resumed=not first and self._resumes))
        at = 0
        async for data in socket:
            if isinstance(data, bytes):
                self.counts[-1] += len(data) // 2
            elif (message := json.loads(data))["type"] == "assistant.audio.at":
                at = message["sample"]
            elif message["type"] == "input_audio_buffer.commit":
                self.committed.set()
            if first and self.counts[-1] > self._breaks_after:
                await socket.close(1011)
                return
            if self._acknowledges if not first else self.counts[-1] == 0:
                await say(socket, ev.AudioReceived(sample=at + self.counts[-1]))


async def dictate(client: AssistantClient, seconds: int) -> None:
    """The first second is sent alone, so that the client knows that sound is acknowledged."""
    await client.send_audio(bytes(2 * RATE))
    async for event in client:
        if isinstance(event, ev.AudioReceived):
            break
    await asyncio.wait_for(client.send_audio(bytes(2 * RATE * (seconds - 1))), 10)
    await client.commit()


async def test_sound_goes_on_after_a_break_while_all_that_is_kept_waits_to_be_acknowledged() -> None:
    """The client may send no more when the connection breaks; what is kept goes again, and then the rest."""
    hearing = Hearing(20 * RATE, resumes=True)
    async with server(hearing) as url, AssistantClient(url, rate_hz=RATE) as client:
        await dictate(client, 40)
        await asyncio.wait_for(hearing.committed.wait(), 10)
    assert hearing.counts == [21 * RATE, 40 * RATE]


@pytest.mark.parametrize("acknowledges", [True, False])
async def test_a_new_session_gets_what_the_lost_one_did_not_acknowledge(acknowledges: bool) -> None:
    """Also where the new server acknowledges nothing, as an older one does: then nothing waits for it."""
    hearing = Hearing(20 * RATE, resumes=False, acknowledges=acknowledges)
    async with server(hearing) as url, AssistantClient(url, rate_hz=RATE) as client:
        await dictate(client, 90)
        await asyncio.wait_for(hearing.committed.wait(), 10)
    assert hearing.counts == [21 * RATE, 90 * RATE]


async def test_closing_stops_sending_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server takes nothing after a break: what is kept is on its way when the client closes."""
    stuck = asyncio.Event()
    ended: list[bool] = []

    async def sends(client: AssistantClient, socket: object) -> None:
        stuck.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    hearing = Hearing(0, resumes=True)
    async with server(hearing) as url, AssistantClient(url, rate_hz=RATE) as client:
        await client.send_audio(bytes(2 * RATE))
        monkeypatch.setattr(AssistantClient, "_send_kept", sends)
        await asyncio.wait_for(stuck.wait(), 10)
    assert ended == [True]


async def test_an_image_is_attached(tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    path.write_bytes(b"pixels")

    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(created().model_dump_json())
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await socket.receive_text()

    async def attachments(request: HttpRequest) -> JSONResponse:
        assert request.headers["x-session-token"] == "back"
        assert request.headers["authorization"] == "Bearer right"
        if await request.body() != b"pixels":
            return JSONResponse({"error": {"code": "image_unreadable", "message": "No."}}, 400)
        name = request.query_params["name"]
        picture = {"media_type": "image/png", "width_px": 4, "height_px": 3, "url": "/x"}
        return JSONResponse({"id": "i1", "name": name, **picture}, 201)

    app = Starlette(
        routes=[
            WebSocketRoute("/v1/realtime", talk),
            Route("/v1/sessions/s/attachments", attachments, methods=["POST"]),
        ]
    )
    config = uvicorn.Config(app, port=0, log_config=None, ws="websockets-sansio", lifespan="off")
    running = uvicorn.Server(config)
    with socket_module.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        task = asyncio.create_task(running.serve(sockets=[sock]))
        while not running.started:  # noqa: ASYNC110 (uvicorn has nothing to wait for)
            await asyncio.sleep(0.01)
        async with AssistantClient(f"127.0.0.1:{sock.getsockname()[1]}", "right") as client:
            attachment = await client.attach(path)
            assert (attachment.id, attachment.name) == ("i1", "film.png")
            path.write_bytes(b"other")
            with pytest.raises(BadInput) as raised:
                await client.attach(path)
            assert raised.value.code == "image_unreadable"
            with pytest.raises(BadInput) as raised:
                await client.attach(tmp_path / "nothing.png")
            assert raised.value.code == "image_not_readable"
        running.should_exit = True
        await task


async def test_an_error_about_the_question_is_raised() -> None:
    async def talk(socket: ServerConnection) -> None:
        await say(socket, created())
        event_id = (await heard(socket, "response.create"))["event_id"]
        body = ev.ErrorBody(code="nothing_to_answer", message="Ask first.", event_id=event_id)
        await say(socket, ev.ErrorEvent(error=body))
        await socket.wait_closed()

    async with server(talk) as url, AssistantClient(url) as client:
        with pytest.raises(BadInput) as raised:
            await anext(client.ask("what"))
    assert raised.value.code == "nothing_to_answer"


async def test_the_token_opens_the_door_and_a_wrong_one_does_not() -> None:
    async with server(answering("yes"), token="right") as url:
        async with AssistantClient(url, "right") as client:
            assert [piece async for piece in client.ask("what")] == ["yes"]
        with pytest.raises(Denied) as raised:
            await AssistantClient(url, "wrong").__aenter__()
    assert raised.value.code == "denied"


async def test_no_server_and_a_full_server_are_told() -> None:
    with pytest.raises(AssistantError) as raised:
        await AssistantClient("ws://127.0.0.1:1").__aenter__()
    assert raised.value.code == "server_unreachable"

    async def full(socket: ServerConnection) -> None:
        await say(socket, ev.ErrorEvent(error=ev.ErrorBody(code="server_full", message="Full.")))
        await socket.close(1013)

    async with server(full) as url:
        with pytest.raises(AssistantError) as raised:
            await AssistantClient(url).__aenter__()
    assert raised.value.code == "server_full"


async def test_what_waits_for_a_session_that_ends_is_told() -> None:
    async def talk(socket: ServerConnection) -> None:
        await say(socket, created())
        await heard(socket, "response.create")
        await say(socket, ev.SessionClosing(reason="over", retry=False))

    async with server(talk) as url, AssistantClient(url) as client:
        with pytest.raises(AssistantError) as raised:
            await anext(client.ask("what"))
        assert raised.value.code == "session_lost"
        with pytest.raises(AssistantError):
            await client.cancel()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/v1/realtime"),
        ("https://host/", "wss://host/v1/realtime"),
        ("localhost:8080", "ws://localhost:8080/v1/realtime"),
        ("ws://host/other", "ws://host/other"),
    ],
)
def test_addresses_are_understood(given: str, meant: str) -> None:
    assert endpoint(given) == meant


@pytest.mark.parametrize("given", ["gopher://x", "", "http://", "ws://host:port"])
def test_other_addresses_are_refused(given: str) -> None:
    with pytest.raises(BadInput) as raised:
        endpoint(given)
    assert raised.value.code == "url_invalid"
