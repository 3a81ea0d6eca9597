"""A real server on a free port, in the test's own loop, with a recogniser that tells levels apart."""

import asyncio
import base64
import contextlib
import copy
import json
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Protocol, Self

import numpy as np
import pytest
import websockets

from assistant.asr.base import Partial, Transcript
from assistant.asr.hotwords import check_phrases
from assistant.asr.shared import SharedRecogniser
from assistant.audio.frames import Samples
from assistant.components import opening
from assistant.components.components import Components
from assistant.config import Settings
from assistant.engines.base import Engine
from assistant.engines.scripted import ScriptedEngine
from assistant.guidelines.library import Library
from assistant.server.app import create_app
from assistant.server.auth import Identifier
from assistant.server.run import Server, bind, server_config
from assistant.server.tls import certificate_of
from assistant.vad.endpoint import EndpointSettings
from tests.asr.fakes import FakeModel, FakeStream

RATE = 24_000
PATIENCE_S = 60


class LoudnessVad:
    frame_samples = 512

    def probability(self, frame: Samples) -> float:
        return 1.0 if np.abs(frame).max() > 0.05 else 0.0


class LoudnessModel(FakeModel):
    """Loudness 0.3 is a dictated sentence, 0.6 a question; ``texts`` may be changed."""

    name = "loudness"
    takes_phrases = True

    def __init__(self) -> None:
        self.texts = {3: "The lungs are clear.", 6: "Is there a pneumothorax on this image?"}
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()

    def open_stream(self) -> "LoudnessStream":
        return LoudnessStream(self)

    def expecting(self, phrases: Sequence[str], context: Sequence[str] = ()) -> Self:
        """A session's own: what it hears is followed by what it was told to expect."""
        other = copy.copy(self)
        other.texts = {level: " ".join([text, *check_phrases(phrases)]) for level, text in self.texts.items()}
        return other


class LoudnessStream(FakeStream):
    def __init__(self, model: LoudnessModel) -> None:
        self._model = model
        self._loud: list[Samples] = []

    def accept(self, samples: Samples, *, partial: bool = True) -> Partial | None:
        self._model.gate.wait(PATIENCE_S)
        if self._model.error and len(samples) and np.abs(samples).max() > 0.05:
            raise self._model.error
        loud = np.abs(samples)
        self._loud.append(loud[loud > 0.05])
        return Partial("", self._text()) if partial else None

    def finish(self) -> Transcript:
        return Transcript(self._text())

    def _text(self) -> str:
        loud = np.concatenate([np.zeros(0), *self._loud])
        return self._model.texts.get(round(float(np.median(loud)) * 10), "") if len(loud) else ""


def loud(level: float, seconds: float = 0.8, silence_s: float = 1.2) -> bytes:
    """PCM16 at 24 kHz: ``level`` for ``seconds``, then silence."""
    samples = np.concatenate([np.full(int(seconds * RATE), level), np.zeros(int(silence_s * RATE))])
    return bytes((samples * 32767).astype("<i2").tobytes())


Event = dict[str, Any]


class Client:
    """A WebSocket client that remembers every event."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket
        self.events: list[Event] = []

    async def send(self, kind: str, **fields: object) -> None:
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def append(self, pcm: bytes, size: int = 9_600) -> None:
        """``input_audio_buffer.append`` as fast as the server takes it."""
        for i in range(0, len(pcm), size):
            audio = base64.b64encode(pcm[i : i + size]).decode()
            await self.send("input_audio_buffer.append", audio=audio)

    async def next(self) -> Event:
        event: Event = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE_S))
        self.events.append(event)
        return event

    async def until(self, kind: str, **fields: object) -> Event:
        """The next event of this type with these fields."""
        while True:
            event = await self.next()
            if event["type"] == kind and all(event[name] == value for name, value in fields.items()):
                return event

    async def code(self) -> str:
        """The code of the next ``error``."""
        return str((await self.until("error"))["error"]["code"])

    async def until_closed(self) -> int | None:
        """Read to the end; the close code."""
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await self.next()
        return self.socket.close_code

    async def works(self) -> None:
        """The session still hears and transcribes."""
        await self.append(loud(0.3))
        done = await self.until("conversation.item.input_audio_transcription.completed")
        assert done["transcript"]

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event["type"] == kind]


class Running:
    engine: Any
    """Mostly a ``ScriptedEngine``, whose script a test changes."""
    model: Any
    """The ``LoudnessModel``, unless the real one is wanted."""

    def __init__(
        self,
        settings: Settings,
        components: Components,
        token: str | None,
        identifier: Identifier | None = None,
    ) -> None:
        self.components, self.engine, self.model = components, components.engine, components.model
        self.app = create_app(settings, components, token, identifier)
        self.hub = self.app.state.hub
        self._socket = bind("127.0.0.1", 0)
        self.port = self._socket.getsockname()[1]
        certificate, s = certificate_of(settings), "s" if settings.tls_cert else ""
        self.http, self.ws = f"http{s}://127.0.0.1:{self.port}", f"ws{s}://127.0.0.1:{self.port}"
        self._ready = asyncio.Event()
        self.server = Server(server_config(self.app, settings), self.hub, self._ready.set, certificate)
        self._stack = contextlib.AsyncExitStack()

    async def start(self) -> None:
        self._task = asyncio.create_task(self.server.serve(sockets=[self._socket]))
        await asyncio.wait_for(self._ready.wait(), PATIENCE_S)

    async def connect(self, query: str = "", path: str = "/v1/realtime", **options: Any) -> Client:
        """As our clients do, unless the address or the options are those of a stock client."""
        if "model=" not in query and "intent=" not in query:
            options.setdefault("subprotocols", ["assistant"])
        address = f"{self.ws}{path}{query}"
        socket = await websockets.connect(address, max_size=None, proxy=None, **options)
        await self._stack.enter_async_context(contextlib.aclosing(_Closing(socket)))
        return Client(socket)

    async def session(
        self, query: str = "", resume: str | None = None, after: int = 0, **options: Any
    ) -> tuple[Client, Event]:
        """A client, and its ``session.created``; with ``resume``, a token, of an earlier session."""
        if resume is not None:
            query = f"?after={after}"
            options["subprotocols"] = ["assistant", f"assistant.resume.{resume}"]
        client = await self.connect(query, **options)
        return client, await client.until("session.created")

    async def stop(self) -> None:
        if self._task.done():
            return
        await self._stack.aclose()
        if isinstance(self.model, LoudnessModel):
            self.model.gate.set()
        self.server.should_exit = True
        await asyncio.wait_for(self._task, PATIENCE_S)


class _Closing:
    def __init__(self, socket: websockets.ClientConnection) -> None:
        self._socket = socket

    async def aclose(self) -> None:
        await self._socket.close()


class StartServer(Protocol):
    """``await start_server(token=…, real=…, **settings)``; ended after the test."""

    async def __call__(
        self,
        *,
        token: str | None = None,
        identifier: Identifier | None = None,
        real: bool = False,
        engine: Engine | None = None,
        guidelines_library: Library | None = None,
        embedder: Any = None,
        **settings: Any,
    ) -> Running: ...


@pytest.fixture
async def start_server() -> AsyncIterator[StartServer]:
    running: list[Running] = []

    async def start(
        *,
        token: str | None = None,
        identifier: Identifier | None = None,
        real: bool = False,
        engine: Engine | None = None,
        guidelines_library: Library | None = None,
        embedder: Any = None,
        **settings: Any,
    ) -> Running:
        chosen = Settings(port=0, engine="openai", **settings)
        engine = engine or ScriptedEngine()
        if real:
            components = opening.open_components(chosen)
            components.engine = engine
        else:
            components = Components(
                recogniser=SharedRecogniser(LoudnessModel(), patience_s=chosen.asr_patience_s),
                open_vad=LoudnessVad,
                engine=engine,
                endpoint=EndpointSettings(),
            )
        components.guidelines = guidelines_library
        components.embedder = embedder
        server = Running(chosen, components, token, identifier)
        running.append(server)
        await server.start()
        return server

    yield start
    for server in running:
        await server.stop()


@pytest.fixture
async def server(start_server: StartServer) -> Running:
    return await start_server()


@pytest.fixture
def pcm() -> Callable[..., bytes]:
    return loud
