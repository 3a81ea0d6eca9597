"""``POST /v1/realtime/calls``: a session over WebRTC alone, opened by the stock ``openai`` client."""

import asyncio
import contextlib
import json

import httpx
import numpy as np
import openai
import pytest
from openai import AsyncOpenAI
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from assistant.audio.files import read_audio
from assistant.server.auth import ThisMachine
from tests.audio.test_webrtc import FileTrack, RTCSessionDescription, client, needs_interface, offer_of

COMPLETED = "conversation.item.input_audio_transcription.completed"
EVENT = TypeAdapter(RealtimeServerEvent)
PATIENCE_S = 60
SILENCE = np.zeros(16_000, np.float32)


class Call:
    """The client's side of a call; every event is one of the stock client's own types."""

    def __init__(self, pc, channel):
        self.pc, self.channel = pc, channel
        self.events, self._inbox = [], asyncio.Queue()
        self.open, self.closed = asyncio.Event(), asyncio.Event()
        channel.on("open", self.open.set)
        channel.on("close", self.closed.set)
        channel.on("message", lambda text: self._inbox.put_nowait(json.loads(text)))

    def send(self, kind, **fields):
        self.channel.send(json.dumps({"type": kind, **fields}))

    async def until(self, kind):
        async with asyncio.timeout(PATIENCE_S):
            while True:
                event = await self._inbox.get()
                EVENT.validate_python(event)
                assert not event["type"].startswith("assistant.")
                self.events.append(event)
                if event["type"] == kind:
                    return event


@pytest.fixture
async def calling():
    """``await calling(server, …)``: a call that was answered, and the response."""
    async with contextlib.AsyncExitStack() as stack:

        async def call(server, samples=SILENCE, key="any", **fields):
            pc = await stack.enter_async_context(client(FileTrack(samples)))
            call = Call(pc, pc.createDataChannel("oai-events"))
            stock = await stack.enter_async_context(
                AsyncOpenAI(api_key=key, base_url=f"{server.http}/v1", max_retries=0)
            )
            answer = await stock.realtime.calls.create(sdp=await offer_of(pc), **fields)
            assert answer.response.status_code == 201
            assert answer.response.headers["content-type"].startswith("application/sdp")
            call.id = answer.response.headers["location"].removeprefix("/v1/realtime/calls/")
            await pc.setRemoteDescription(RTCSessionDescription(sdp=answer.text, type="answer"))
            return call, stock

        yield call


@needs_interface
@pytest.mark.models
async def test_a_spoken_question_is_heard_and_answered_over_the_data_channel(start_server, data_dir, calling):
    server = await start_server(real=True)
    server.engine.script("image", ["None ", "seen."])
    speech = read_audio(data_dir / "audio" / "question.flac")
    call, _ = await calling(server, np.concatenate([np.tile(SILENCE, 2), speech]))
    created = await call.until("session.created")
    assert created["session"]["type"] == "realtime"
    heard = (await call.until(COMPLETED))["transcript"].lower()
    assert heard.startswith("is there a ") and "on this image" in heard
    done = await call.until("response.done")
    assert done["response"]["output"][0]["content"][0]["text"] == "None seen."


@needs_interface
async def test_a_call_takes_what_a_socket_takes_until_it_is_hung_up(server, calling):
    server.engine.script("pneumothorax", ["None ", "seen."])
    call, stock = await calling(server, session={"type": "realtime", "instructions": "Be brief."})
    created = await call.until("session.created")
    assert created["session"]["instructions"] == "Be brief."
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "A pneumothorax?"}]}
    call.send("conversation.item.create", item=item)
    call.send("response.create")
    await call.until("response.done")
    assert server.engine.questions[-1].instructions == "Be brief."
    call.send("nonsense", event_id="e")
    assert (await call.until("error"))["error"]["event_id"] == "e"
    (runner,) = server.hub.runners()
    await stock.realtime.calls.hangup(call.id)
    await asyncio.wait_for(call.closed.wait(), PATIENCE_S)
    assert runner.done_with and not runner.connected and not runner.listens
    with pytest.raises(openai.NotFoundError) as refused:
        await stock.realtime.calls.hangup(call.id)
    assert refused.value.code == "call_unknown"


@needs_interface
async def test_the_client_may_go_and_its_session_gives_way(start_server, calling):
    server = await start_server(max_sessions=1)
    call, _ = await calling(server)
    await call.until("session.created")
    (runner,) = server.hub.runners()
    await call.pc.close()
    async with asyncio.timeout(PATIENCE_S):
        while runner.connected:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.05)
    other, _ = await calling(server)
    await other.until("session.created")


@needs_interface
async def test_the_end_of_a_sign_in_ends_the_call(server, calling, monkeypatch):
    monkeypatch.setattr("assistant.server.auth.LOOK_AGAIN_S", 0.05)
    call, _ = await calling(server)
    await call.until("session.created")
    assert not call.closed.is_set()

    async def nobody(*_, used):
        return None

    monkeypatch.setattr(ThisMachine, "again", nobody)
    await asyncio.wait_for(call.closed.wait(), PATIENCE_S)


@needs_interface
async def test_a_secret_opens_a_call_of_its_session(start_server, calling):
    server = await start_server(token="the-key")
    async with AsyncOpenAI(api_key="the-key", base_url=f"{server.http}/v1") as stock:
        made = await stock.realtime.client_secrets.create(session={"type": "transcription"})
    call, _ = await calling(server, key=made.value)
    assert (await call.until("session.created"))["session"]["type"] == "transcription"
    with pytest.raises(openai.AuthenticationError):
        await calling(server, key="wrong")


@needs_interface
async def test_what_cannot_be_had_is_refused_and_leaves_no_session(server, calling):
    audio = {"input": {"transcription": {"language": "de"}}}
    for session, code in (
        ({"type": "realtime", "audio": audio}, "language_not_supported"),
        ({"type": "realtime", "tools": [{"type": "function", "name": "f"}]}, "tools_not_supported"),
    ):
        with pytest.raises(openai.BadRequestError) as refused:
            await calling(server, session=session)
        assert refused.value.code == code
    url = f"{server.http}/v1/realtime/calls"
    async with httpx.AsyncClient() as http:
        for body, kind, code in (
            ("v=0", "application/sdp", "webrtc_no_audio"),
            ("nothing", "application/sdp", "webrtc_sdp_invalid"),
            ("v=0" + "x" * 70_000, "application/sdp", "webrtc_sdp_invalid"),
            ("{}", "application/json", "content_type_unsupported"),
        ):
            answer = await http.post(url, content=body, headers={"content-type": kind})
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
        for data, code in (
            ({"session": "{}"}, "sdp_missing"),
            ({"sdp": "v=0", "session": "{"}, "json_invalid"),
        ):
            answer = await http.post(url, files={name: (None, text) for name, text in data.items()})
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    async with asyncio.timeout(PATIENCE_S):
        while server.hub.runners():  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.05)


async def test_no_second_client_joins_a_call(server):
    other = await server.connect("?call_id=rtc_1")
    assert await other.code() == "call_not_joinable"
    assert await other.until_closed() == 4400


async def test_a_page_of_an_allowed_origin_may_call_and_another_may_not(start_server):
    server = await start_server(token="the-key", allowed_origins=("https://pacs.example.org",))
    url = f"{server.http}/v1/realtime/calls"
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    async with httpx.AsyncClient() as http:
        for origin, status in (("https://pacs.example.org", 200), ("https://evil.example", 400)):
            answer = await http.options(url, headers={"Origin": origin, **asks})
            assert answer.status_code == status
            assert (answer.headers.get("access-control-allow-origin") == origin) is (status == 200)
        sends = {"Origin": "https://pacs.example.org", "Authorization": "Bearer the-key"}
        answer = await http.post(url, content="v=0", headers={**sends, "Content-Type": "application/sdp"})
        assert answer.json()["error"]["code"] == "webrtc_no_audio"
        assert answer.headers["access-control-allow-origin"] == "https://pacs.example.org"
        assert answer.headers["access-control-expose-headers"] == "Location"
