"""What every engine keeps to, real or fake."""

import asyncio
import json
import logging
import tempfile
import time
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from assistant.components import STAND_IN_BUNDLE, models_dir
from assistant.config import Settings
from assistant.engines.base import Question
from assistant.engines.hf_engine import TransformersEngine
from assistant.engines.llamacpp import LlamaCppEngine
from assistant.engines.openai_compatible import OpenAICompatibleEngine
from assistant.engines.scripted import ScriptedEngine
from random_gemma import save as save_tiny_gemma
from tests.engines.asking import ask, ask_one_piece

ASKED = Question("What is the capital of Italy?", document="marker-dictation")


@asynccontextmanager
async def scripted():
    engine = ScriptedEngine()
    engine.script("", ["Rome ", "it ", "is."], delay_s=0.01)
    yield engine


async def _chat_server(reader, writer):
    """Answers in OpenAI's form, three pieces 50 ms apart."""

    def chunk(content, reason=None):
        choice = {"index": 0, "delta": {"content": content}, "finish_reason": reason}
        body = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
        return f"data: {json.dumps(body)}\n\n".encode()

    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(head.split("content-length:")[1].split()[0]))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for data in (chunk("Rome "), chunk("it "), chunk("is."), chunk("", "stop"), b"data: [DONE]\n\n"):
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(0.05)
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


@asynccontextmanager
async def compatible():
    async with await asyncio.start_server(_chat_server, "127.0.0.1", 0) as server:
        yield OpenAICompatibleEngine(
            base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1",
            model="m",
            api_key="k",
            timeout_s=5,
            sees_images=True,
            max_tokens=50,
        )


@asynccontextmanager
async def gemma():
    folder = models_dir(Settings()) / STAND_IN_BUNDLE
    yield LlamaCppEngine(next(folder.glob("*.gguf")), mmproj=None, stand_in=True, threads=1)


@asynccontextmanager
async def transformers():
    with tempfile.TemporaryDirectory() as folder:
        yield TransformersEngine(str(save_tiny_gemma(Path(folder))), max_tokens=20)


@pytest.fixture(params=[scripted, compatible, pytest.param(gemma, marks=pytest.mark.models), transformers])
async def engine(request):
    async with request.param() as engine:
        await engine.load()
        yield engine
        await engine.close()


async def test_it_streams_stops_when_left_or_cancelled_answers_again_and_closes(engine, caplog, capfd):
    caplog.set_level(logging.WARNING)
    capfd.readouterr()
    pieces = await ask(engine, ASKED)
    assert len(pieces) > 1
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


def test_a_stand_in_says_that_it_is_one():
    assert ScriptedEngine().info.notice
