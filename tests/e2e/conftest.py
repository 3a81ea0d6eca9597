"""A real server with the real recogniser, and a real Chromium whose microphone plays a recording."""

import asyncio
import contextlib
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
import soundfile
import soxr
import uvicorn
from playwright.sync_api import Page, sync_playwright

from assistant.asr.base import AsrModel
from assistant.audio.frames import Samples
from assistant.components import opening
from assistant.config import Settings
from assistant.engines.base import Engine
from assistant.engines.scripted import ScriptedEngine
from assistant.server.app import create_app
from assistant.server.run import Server, bind

DATA = Path(__file__).resolve().parents[1] / "data"
LEAD_S = 2.5
"""Silence before the speech: what is said before the browser has opened the microphone is lost."""
TAIL_S = 2.5


class ServerThread:
    """The application on a free port, in a thread of its own."""

    engine: Any
    """Mostly a ``ScriptedEngine``, whose script and questions a test looks at."""

    def __init__(self, engine: Engine, model: AsrModel | None = None, port: int = 0, **settings: Any) -> None:
        chosen = Settings(port=0, engine="openai", **settings)
        components = opening.open_components(chosen)
        components.engine = engine
        components.recogniser.model = model or components.model
        self.engine = engine
        self._socket = bind("127.0.0.1", port)
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        app = create_app(chosen, components, chosen.token.get_secret_value() if chosen.token else None)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, ws="websockets-sansio", timeout_graceful_shutdown=5
        )
        self._server = Server(config, app.state.hub)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def start(self) -> None:
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            self._thread.join(0.05)
        assert self._thread.is_alive(), "the server did not start"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerThread]:
    """An indirect parameter is a function of ``tmp_path`` that gives settings."""
    settings = request.param(tmp_path) if hasattr(request, "param") else {}
    engine = ScriptedEngine()
    engine.info = replace(engine.info, stand_in=False)  # what it answers may go into the report
    thread = ServerThread(engine, **settings)
    thread.start()
    yield thread
    thread.stop()


def saved(page: Page, form: str) -> bytes:
    """The file that the open export dialog saves in this format."""
    with page.expect_download() as download:
        page.click(f"[data-format='{form}']")
    return download.value.path().read_bytes()


def read(name: str | Samples) -> Samples:
    """A clip of the test data at 48 kHz; samples at 48 kHz are taken as they are."""
    if isinstance(name, np.ndarray):
        return name
    samples, rate = soundfile.read(DATA / name, dtype="float32")
    resampled: Samples = soxr.resample(samples, rate, 48_000)
    return resampled


def recording(path: Path, *names: str | Samples, gap_s: float = 1.6, lead_s: float = LEAD_S) -> Path:
    """A 48 kHz WAV for the fake microphone: silence, the clips with gaps, silence."""
    gap = np.zeros(int(gap_s * 48_000), np.float32)
    pieces = [np.zeros(int(lead_s * 48_000), np.float32)]
    for name in names:
        pieces += [read(name), gap]
    pieces.append(np.zeros(int(TAIL_S * 48_000), np.float32))
    soundfile.write(path, np.concatenate(pieces), 48_000, subtype="PCM_16")
    return path


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    assert found, "No browser: apt-get install chromium"
    return found


class OpenPage(Protocol):
    """``open_page("clip.flac", …)`` → the page, its microphone playing the clips. Errors of any page that it
    opened fail the test."""

    def __call__(
        self,
        *clips: str | Samples,
        arguments: Sequence[str] = (),
        grant: bool = True,
        gap_s: float = 1.6,
        lead_s: float = LEAD_S,
        init: str | None = None,
        **context: Any,
    ) -> Page: ...


@pytest.fixture
def open_page(server: ServerThread, chromium: str, tmp_path: Path) -> Iterator[OpenPage]:
    errors: list[str] = []
    with contextlib.ExitStack() as stack:
        playwright = stack.enter_context(sync_playwright())

        def start(
            *clips: str | Samples,
            arguments: Sequence[str] = (),
            grant: bool = True,
            gap_s: float = 1.6,
            lead_s: float = LEAD_S,
            init: str | None = None,
            **context: Any,
        ) -> Page:
            wav = recording(tmp_path / "microphone.wav", *clips, gap_s=gap_s, lead_s=lead_s)
            browser = playwright.chromium.launch(
                executable_path=chromium,
                headless=True,
                args=[
                    "--no-sandbox",
                    "--disable-background-networking",
                    "--use-fake-device-for-media-stream",
                    f"--use-file-for-fake-audio-capture={wav}%noloop",
                    *(["--use-fake-ui-for-media-stream"] if grant else []),
                    *arguments,
                ],
            )
            stack.callback(browser.close)
            person = browser.new_context(**context)
            person.on("weberror", lambda found: errors.append(str(found.error)))  # of every page and window
            page = person.new_page()
            if init:
                page.add_init_script(init)
            page.goto(server.url)
            return page

        yield start
    assert not errors
