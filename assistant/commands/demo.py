"""``assistant demo``: plays a recording through the real WebRTC path in real time and prints the result."""

import argparse
import asyncio
import contextlib
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO

import numpy as np
import soxr
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.audio.frame import AudioFrame
from rich.console import Console
from rich.live import Live
from rich.text import Text

from assistant import events as ev
from assistant.audio.files import read_audio
from assistant.audio.frames import SAMPLE_RATE_HZ
from assistant.client import AssistantClient
from assistant.commands.settings import add_some_settings, settings_from
from assistant.commands.terminal import Subparsers, note
from assistant.errors import AssistantError, BadInput, Missing

DEFAULT_URL = "http://127.0.0.1:8080"
RECORDING = Path(__file__).parents[1] / "data" / "demo.flac"
RATE_HZ = 48_000
FRAME_SAMPLES = 960
TAIL_FRAMES = 50
SERVER_START_S = 90.0
QUIET_S = 1.0
"""Time without pending work after the last audio that ends the demo."""
NO_NEWS_S = 90.0
"""Longest wait for pending work after the last event."""


def register(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "demo",
        help="play a recording to the assistant",
        description="Play a recording over WebRTC in real time; print the transcript and the answers. "
        "Without a server at the default address, the demo starts one.",
    )
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="WAV, FLAC, MP3 … (default: the recording that ships)"
    )
    parser.add_argument("--url", help=f"the server (default: {DEFAULT_URL}, or a private one)")
    add_some_settings(parser, "token")
    parser.add_argument("--image", metavar="FILE", action="append", default=[], help="attach a picture")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    path = Path(args.file) if args.file else RECORDING
    frames = read_frames(path)
    first = next(frames, None)
    if first is None:
        raise BadInput(f"{path} contains no sound.", code="audio_empty")
    images = [Path(image) for image in args.image]
    for image in images:
        if not image.is_file():
            raise BadInput(f"{image}: no such file.", code="image_not_readable")
    secret = settings_from(args).token
    token = secret.get_secret_value() if secret else None
    return asyncio.run(_demo(args.url, token, RecordingTrack(first, frames), images))


async def _demo(url: str | None, token: str | None, track: "RecordingTrack", images: list[Path]) -> int:
    async with contextlib.AsyncExitStack() as stack:
        try:
            client = await stack.enter_async_context(AssistantClient(url or DEFAULT_URL, token))
        except AssistantError as error:
            if url or error.code != "server_unreachable":
                raise
            own = await stack.enter_async_context(own_server())
            client = await stack.enter_async_context(AssistantClient(own, token))
        assert client.session is not None
        if client.session.engine.notice:
            note(client.session.engine.notice)
        screen = stack.enter_context(Screen())
        for image in images:
            await client.attach(image)
        return await play(client, track, screen)


async def play(client: AssistantClient, track: "RecordingTrack", screen: "Screen") -> int:
    """Play ``track`` to the end and wait for all results. Returns 0 if complete, 1 if something failed."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    peer.addTrack(track)
    owed = Owed()
    events = client.events()
    try:
        await peer.setLocalDescription(await peer.createOffer())
        await client.send(ev.WebRtcOffer(event_id="offer", sdp=peer.localDescription.sdp))
        ending = asyncio.create_task(_end(client, track))
        waiting = asyncio.create_task(_next(events))
        try:
            while True:
                limit_s = (NO_NEWS_S if owed else QUIET_S) if ending.done() else None
                tasks = (waiting,) if ending.done() else (waiting, ending)
                done, _ = await asyncio.wait(tasks, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
                if ending in done:
                    ending.result()
                if waiting in done:
                    event = waiting.result()
                    if event is None:
                        break
                    waiting = asyncio.create_task(_next(events))
                    if isinstance(event, ev.WebRtcAnswer):
                        await peer.setRemoteDescription(RTCSessionDescription(event.sdp, "answer"))
                    if isinstance(event, ev.ErrorEvent) and event.error.event_id == "offer":
                        raise AssistantError(event.error.message, code=event.error.code)
                    owed.take(event)
                    screen.show(event)
                elif not done:
                    break
        finally:
            ending.cancel()
            waiting.cancel()
            await asyncio.wait((ending, waiting))
    finally:
        track.stop()
        await peer.close()
    if owed:
        note("error: a final or an answer did not arrive [demo_incomplete]")
    return 1 if owed or owed.failed or not owed.finals else 0


async def _next(events: AsyncIterator[ev.ServerEvent]) -> ev.ServerEvent | None:
    return await anext(events, None)


async def _end(client: AssistantClient, track: "RecordingTrack") -> None:
    await track.ended.wait()
    await asyncio.sleep(0.3)  # the last packets are on their way
    await client.send(ev.WebRtcClose(event_id=None))


class Owed:
    """Work that the server has begun and not finished: finals, their intents, answers."""

    def __init__(self) -> None:
        self._items: set[str] = set()
        self.finals = 0
        self.failed = False

    def __bool__(self) -> bool:
        return bool(self._items)

    def take(self, event: ev.ServerEvent) -> None:
        match event:
            case ev.SpeechStartedEvent(item_id=item_id):
                self._items.add(item_id)
            case ev.TranscriptCompleted(item_id=item_id, transcript=text):
                self.finals += 1
                if not text.strip():
                    self._items.discard(item_id)
            case ev.TranscriptFailed(item_id=item_id):
                self.failed = True
                self._items.discard(item_id)
            case ev.BufferCleared(item_id=str() as item_id):
                self._items.discard(item_id)
            case ev.IntentEvent(item_id=item_id, intent=intent) if intent != "question":
                self._items.discard(item_id)
            case ev.ResponseCreated(response=response, question_item_id=item_id):
                self._items.discard(item_id)
                self._items.add(response.id)
            case ev.ResponseDone(response=response):
                self._items.discard(response.id)
                self.failed |= response.status == "failed"
            case _:
                pass


class Screen:
    """The conversation as lines; on a terminal, the running line stays at the bottom."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._live: Live | None = None
        self._started = time.monotonic()
        self._answer = ""

    def __enter__(self) -> "Screen":
        if self._console.is_terminal:
            self._live = Live(console=self._console, transient=True, refresh_per_second=12)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, event: ev.ServerEvent) -> None:
        match event:
            case ev.TranscriptPartial(stable=stable, tentative=tentative):
                self._running(Text.assemble("… ", stable, (tentative, "dim")))
            case ev.TranscriptCompleted(transcript=text) if text.strip():
                self._line("heard", text, "bold")
            case ev.IntentEvent() as taken:
                self._line("intent", f"{taken.intent} {taken.confidence:.2f} ({taken.reason})", "cyan")
            case ev.ResponseCreated(engine=engine):
                self._answer = ""
                stand_in = " (not for medical use)" if engine.stand_in and not engine.declines else ""
                self._line("asked", f"{engine.name}{stand_in}", "magenta")
            case ev.OutputTextDelta(delta=delta):
                self._answer += delta
                self._running(Text(f"→ {self._answer}"))
            case ev.OutputTextDone(text=text):
                self._line("answer", text.strip(), "green")
            case ev.ResponseDone(response=response) if response.status != "completed":
                self._line("answer", response.status, "red")
            case ev.TranscriptFailed(error=error) | ev.ErrorEvent(error=error):
                self._line("error", f"{error.message} [{error.code}]", "red")
            case ev.AudioGap() as gap:
                self._line("gap", f"{gap.duration_ms} ms of audio lost ({gap.reason})", "yellow")
            case ev.Notice(message=message):
                self._line("notice", message, "yellow")
            case _:
                pass

    def _running(self, text: Text) -> None:
        if self._live:
            self._live.update(text)

    def _line(self, label: str, text: str, style: str) -> None:
        if self._live:
            self._live.update(Text(""))
        at_s = time.monotonic() - self._started
        self._console.print(Text.assemble((f"{at_s:6.1f} s  ", "dim"), f"{label:<8}", (text, style)))
        self._console.file.flush()


class RecordingTrack(MediaStreamTrack):
    """20 ms frames at real time; ``ended`` is set after the last one and a second of silence."""

    kind = "audio"

    def __init__(self, first: AudioFrame, rest: Iterator[AudioFrame]) -> None:
        super().__init__()
        self._first: AudioFrame | None = first
        self._rest = rest
        self._sent = 0
        self._tail = TAIL_FRAMES
        self._started: float | None = None
        self.ended = asyncio.Event()

    async def recv(self) -> AudioFrame:
        now = asyncio.get_running_loop().time()
        if self._started is None:
            self._started = now
        delay_s = self._started + self._sent * FRAME_SAMPLES / RATE_HZ - now
        if delay_s > 0:
            await asyncio.sleep(delay_s)
        frame = self._first or next(self._rest, None)
        self._first = None
        if frame is None:
            if not self._tail:
                self.ended.set()
                self.stop()
                raise MediaStreamError
            self._tail -= 1
            frame = AudioFrame(format="s16", layout="mono", samples=FRAME_SAMPLES)
            frame.planes[0].update(bytes(FRAME_SAMPLES * 2))
            frame.sample_rate = RATE_HZ
        frame.pts = self._sent * FRAME_SAMPLES
        self._sent += 1
        return frame


def read_frames(path: Path) -> Iterator[AudioFrame]:
    """A file as 20 ms frames of 48 kHz mono. Raises ``BadInput`` as ``read_audio`` does."""
    samples = soxr.resample(
        read_audio(path, on_cut_short=lambda error: note(f"warning: {error.message}")),
        SAMPLE_RATE_HZ,
        RATE_HZ,
    )
    pcm = (np.clip(samples, -1, 1 - 2**-15) * 32768).astype(np.int16)
    for start in range(0, len(pcm) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        frame = AudioFrame.from_ndarray(pcm[None, start : start + FRAME_SAMPLES], format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        yield frame


@contextlib.asynccontextmanager
async def own_server() -> AsyncIterator[str]:
    """A private server on a free port, stopped afterwards. Raises ``Missing``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    note(f"No server at {DEFAULT_URL}; starting one on port {port} …")
    log: IO[bytes]
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "assistant", "serve", "--host", "127.0.0.1", "--port", str(port)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            await _until_ready(process, port, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            if process.returncode is None:
                process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), 15)
                except TimeoutError:
                    process.kill()
                    await process.wait()


async def _until_ready(process: asyncio.subprocess.Process, port: int, log: IO[bytes]) -> None:
    deadline = time.monotonic() + SERVER_START_S
    while time.monotonic() < deadline:
        if process.returncode is not None:
            log.seek(0)
            lines = log.read().decode("utf-8", "replace").strip().splitlines()
            reason = lines[-1] if lines else f"it ended with status {process.returncode}"
            raise Missing(f"The server did not start: {reason}", code="server_not_started")
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            await writer.wait_closed()
            return
        await asyncio.sleep(0.2)
    raise Missing("The server did not start in time; try: assistant doctor", code="server_not_started")
