"""The contract of every engine, real or fake."""

import asyncio
import io
import logging
import os
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import PIL.Image
import pytest

from assistant.components.opening import SMALL_BUNDLE, models_dir
from assistant.config import Settings
from assistant.engines.base import Engine, Question
from assistant.engines.hf_engine import TransformersEngine
from assistant.engines.llamacpp import LlamaCppEngine
from assistant.engines.openai_compatible import OpenAICompatibleEngine
from assistant.engines.pieces import Image, ImagePiece
from assistant.engines.scripted import ScriptedEngine
from assistant.errors import BadInput, EngineFailed
from benches.random_gemma import CHAT_TEMPLATE
from benches.random_gemma import save as save_tiny_gemma
from tests.engines import gguf_of, model_server
from tests.engines.asking import ask, ask_one_piece, failure

ASKED = Question("What is the capital of Italy?", document="marker-dictation")
LONG = Question("marker " * 40_000)
IN_PIECES = {"scripted", "compatible", "gemma", "gguf", "transformers"}
"""All but a server that answers in one piece."""


@dataclass(frozen=True, slots=True)
class Opened:
    engine: Engine
    die: Callable[[], object] = lambda: None
    """The process that answers dies; the next question finds another one."""


@asynccontextmanager
async def scripted():
    engine = ScriptedEngine()
    engine.script("", ["Rome ", "it ", "is."], delay_s=0.01)
    yield Opened(engine)


@asynccontextmanager
async def _server(*, streams):
    async with model_server.running() as server:
        server.react = model_server.as_vllm

        def die():
            def dying(request):
                server.whole, server.react = True, model_server.as_vllm
                return "200 OK", [model_server.chunk("Ro")] if streams else []

            server.whole, server.react = False, dying

        engine = OpenAICompatibleEngine(
            base_url=f"{server.root}/v1",
            model="m",
            api_key="k",
            timeout_s=5,
            sees_images=True,
            max_tokens=50,
            streams=streams,
        )
        yield Opened(engine, die)


def compatible():
    return _server(streams=True)


def in_one_piece():
    return _server(streams=False)


@asynccontextmanager
async def gemma():
    folder = models_dir(Settings()) / SMALL_BUNDLE
    yield Opened(LlamaCppEngine(next(folder.glob("*.gguf")), mmproj=None, stand_in=True, threads=1))


@asynccontextmanager
async def gguf():
    with tempfile.TemporaryDirectory() as folder:
        model, tower = gguf_of.write(save_tiny_gemma(Path(folder)), CHAT_TEMPLATE)
        yield Opened(LlamaCppEngine(model, mmproj=tower, stand_in=False, threads=1, max_tokens=400))


@asynccontextmanager
async def transformers():
    with tempfile.TemporaryDirectory() as folder:
        engine = TransformersEngine(str(save_tiny_gemma(Path(folder))), max_tokens=20)
        yield Opened(engine, lambda: os.kill(engine._process.pid, signal.SIGKILL))


ALL = [scripted, compatible, in_one_piece, pytest.param(gemma, marks=pytest.mark.models), gguf, transformers]


@pytest.fixture(params=ALL)
async def opened(request):
    async with request.param() as opened:
        await opened.engine.load()
        yield opened
        await opened.engine.close()


async def test_it_streams_stops_when_left_or_cancelled_answers_again_and_closes(
    opened, request, caplog, capfd
):
    engine = opened.engine
    caplog.set_level(logging.WARNING)
    capfd.readouterr()
    pieces = await ask(engine, ASKED)
    assert len(pieces) > 1 or request.node.callspec.id not in IN_PIECES
    assert "".join(pieces).strip()

    assert await asyncio.wait_for(ask_one_piece(engine, ASKED), 20) == pieces[0]

    cancelled = asyncio.create_task(ask(engine, ASKED))
    await asyncio.sleep(0.02)
    cancelled.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert time.monotonic() - began < 2

    both = await asyncio.wait_for(asyncio.gather(ask(engine, ASKED), ask(engine, ASKED)), 30)
    assert both == [pieces, pieces]

    shown = caplog.text + "".join(capfd.readouterr())
    assert "marker" not in shown
    assert "".join(pieces) not in shown

    async with aclosing(engine.answer(ASKED)) as outputs:
        await anext(outputs)
        began = time.monotonic()
        await engine.close()
        assert time.monotonic() - began < 2


def picture(data=None):
    if data is None:
        png = io.BytesIO()
        PIL.Image.new("RGB", (56, 56), "navy").save(png, "PNG")
        data = png.getvalue()
    return ImagePiece(Image("att_1", "x.png", "image/png", data, 56, 56))


@pytest.mark.parametrize("opened", [compatible, in_one_piece, gguf, transformers], indirect=True)
async def test_what_cannot_be_asked_is_said_what_is_slow_or_dies_too_and_the_next_question_is_answered(
    opened, caplog, capfd
):
    engine = opened.engine
    said = await ask(engine, ASKED)
    assert await ask(engine, Question("Which view?", pieces=(picture(),)))

    for question, code in [
        (LONG, "prompt_too_long"),
        (Question("marker", pieces=(picture(), picture(b"marker"))), "image_not_readable"),
    ]:
        error, before = await failure(engine, question, BadInput)
        assert (error.code, before) == (code, "")
        assert await ask(engine, ASKED) == said

    patience_s, engine._timeout_s = engine._timeout_s, 1e-6
    assert (await failure(engine, ASKED, EngineFailed))[0].code == "engine_timeout"
    engine._timeout_s = patience_s
    assert await ask(engine, ASKED) == said

    if not isinstance(engine, LlamaCppEngine):  # that one lives and dies with the server
        dying = asyncio.create_task(failure(engine, ASKED, EngineFailed))
        opened.die()
        assert (await dying)[0].code in ("engine_died", "engine_failed", "engine_unreachable")
        assert await ask(engine, ASKED) == said
    assert "marker" not in caplog.text + "".join(capfd.readouterr())


def test_a_stand_in_says_that_it_is_one():
    assert ScriptedEngine().info.notice
