"""The demo against a small server with a real WebRTC peer."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from websockets.asyncio.server import ServerConnection, serve

from assistant import events as ev
from assistant.client import AssistantClient
from assistant.commands import demo

QUESTION = Path(__file__).parent / "data" / "audio" / "question.flac"
ENGINE = ev.EngineDescription(name="fake", stand_in=True, sees_images=False)


async def say(socket: ServerConnection, *events: ev.ServerEvent) -> None:
    for event in events:
        await socket.send(event.model_dump_json())


def assistant(status: str, received: list[int]) -> Callable[[ServerConnection], Awaitable[None]]:
    """Hears one question, whatever is said, and gives one answer that ends as ``status`` says."""

    async def talk(socket: ServerConnection) -> None:
        state = ev.SessionState(
            id="s",
            resume_token="t",
            grace_s=0,
            audio=ev.SessionAudio(),
            recogniser=ev.Recogniser(name="fake"),
            engine=ENGINE,
        )
        await say(socket, ev.SessionCreated(session=state))
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        tasks = []

        async def count(track: object) -> None:
            try:
                while True:
                    frame = await track.recv()  # type: ignore[attr-defined]
                    received.append(frame.samples)
                    if len(received) == 20:
                        await say(socket, ev.SpeechStartedEvent(seq=1, audio_start_ms=0, item_id="i"))
            except MediaStreamError:
                return

        peer.on("track", lambda track: tasks.append(asyncio.ensure_future(count(track))))
        async for raw in socket:
            message = json.loads(raw)
            if message["type"] == "assistant.webrtc.offer":
                await peer.setRemoteDescription(RTCSessionDescription(message["sdp"], "offer"))
                await peer.setLocalDescription(await peer.createAnswer())
                await say(socket, ev.WebRtcAnswer(sdp=peer.localDescription.sdp))
            if message["type"] == "assistant.webrtc.close":
                break
        text = "Is there one?"
        await say(
            socket,
            ev.TranscriptCompleted(
                seq=2,
                item_id="i",
                transcript=text,
                usage=ev.DurationUsage(seconds=1),
                start_ms=0,
                end_ms=1000,
            ),
            ev.IntentEvent(seq=3, item_id="i", intent="question", confidence=0.9, reason="rule", text=text),
        )
        running = ev.ResponseBody(id="r", status="in_progress")
        ended = ev.ResponseBody.model_validate({"id": "r", "status": status})
        await asyncio.sleep(demo.QUIET_S * 1.5)  # an answer that takes its time is waited for
        await say(
            socket,
            ev.ResponseCreated(seq=4, response=running, question=text, question_item_id="i", engine=ENGINE),
            ev.OutputTextDone(seq=5, response_id="r", item_id="a", text="No."),
            ev.ResponseDone(seq=6, response=ended),
        )
        await peer.close()
        await asyncio.gather(*tasks)
        await socket.wait_closed()

    return talk


@pytest.fixture(autouse=True)
def short_silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(demo, "TAIL_FRAMES", 5)
    yield


@pytest.mark.parametrize(("status", "expected"), [("completed", 0), ("failed", 1)])
async def test_a_recording_goes_over_webrtc_and_what_comes_back_is_printed(
    status: str, expected: int, capsys: pytest.CaptureFixture[str]
) -> None:
    received: list[int] = []
    frames = demo.read_frames(QUESTION)
    track = demo.RecordingTrack(next(frames), frames)
    async with serve(assistant(status, received), "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with AssistantClient(url) as client:
            with demo.Screen() as screen:
                assert await demo.play(client, track, screen) == expected
    seconds = sum(received) / demo.RATE_HZ
    assert 2.3 < seconds < 4
    printed = capsys.readouterr().out
    for part in ("heard   Is there one?", "intent  question 0.90 (rule)", "answer  No."):
        assert part in printed


def test_the_recording_that_ships_is_whole_and_small() -> None:
    assert demo.RECORDING.stat().st_size < 2**20
    seconds = sum(frame.samples for frame in demo.read_frames(demo.RECORDING)) / demo.RATE_HZ
    assert 20 < seconds < 30
