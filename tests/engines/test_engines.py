"""One contract for all engines; then what is particular to each."""

import asyncio
import json
import logging
import os
import threading
import time
from contextlib import aclosing, asynccontextmanager
from types import SimpleNamespace

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from assistant.components import STAND_IN_BUNDLE, models_dir
from assistant.config import Settings
from assistant.engines.base import Question
from assistant.engines.llamacpp import LlamaCppEngine, _Run, _translated
from assistant.engines.openai_compatible import OpenAICompatibleEngine
from assistant.engines.pieces import Image, ImagePiece
from assistant.engines.scripted import ScriptedEngine
from assistant.errors import BadInput, EngineFailed, Missing

FRANCE = Question("What is the capital of Italy?", document="marker-dictation")


class ChatServer:
    """An OpenAI-compatible server whose next answer is scripted."""

    def __init__(self):
        self.pieces, self.delay_s, self.cut, self.status = ["Rome ", "it ", "is."], 0.0, False, 200
        self.error = {}
        self.requests, self.gone = [], threading.Event()
        app = Starlette(routes=[Route("/v1/chat/completions", self.complete, methods=["POST"])])
        self.server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/v1"
        return self

    def __exit__(self, *_):
        self.server.should_exit = self.server.force_exit = True
        self.thread.join(10)
        assert not self.thread.is_alive()

    async def complete(self, request):
        self.requests.append((dict(request.headers), await request.json()))
        if self.status != 200:
            return JSONResponse({"error": self.error}, self.status)
        return StreamingResponse(self.stream(), media_type="text/event-stream")

    async def stream(self):
        def chunk(content, reason=None):
            choice = {"index": 0, "delta": {"content": content}, "finish_reason": reason}
            body = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
            return f"data: {json.dumps({**body, 'choices': [choice]})}\n\n"

        try:
            for piece in self.pieces:
                waited = 0.0
                while waited < self.delay_s:
                    yield ": keep-alive\n\n"
                    await asyncio.sleep(0.05)
                    waited += 0.05
                yield chunk(piece)
            if self.cut:
                return
            yield chunk("", "stop")
            yield "data: [DONE]\n\n"
        except asyncio.CancelledError:
            self.gone.set()
            raise


@pytest.fixture
def chat_server():
    with ChatServer() as server:
        yield server


def client(url, *, timeout_s=5.0, sees_images=True):
    return OpenAICompatibleEngine(
        base_url=url, model="m", api_key="k", timeout_s=timeout_s, sees_images=sees_images, max_tokens=50
    )


@pytest.fixture
def scripted():
    engine = ScriptedEngine()
    engine.script("", ["Rome ", "it ", "is."], delay_s=0.01)
    return engine


@pytest.fixture
def compatible(chat_server):
    chat_server.delay_s = 0.05
    return client(chat_server.url)


@pytest.fixture
def gemma():
    folder = models_dir(Settings()) / STAND_IN_BUNDLE
    file = next(folder.glob("*.gguf"), None)
    assert file, f"No GGUF in {folder}: run `assistant models download {STAND_IN_BUNDLE}`"
    return LlamaCppEngine(file, mmproj=None, stand_in=True, threads=1)


@pytest.fixture(params=["scripted", "compatible", pytest.param("gemma", marks=pytest.mark.models)])
def engine(request):
    return request.getfixturevalue(request.param)


@asynccontextmanager
async def loaded(engine):
    await engine.load()
    try:
        yield engine
    finally:
        await engine.close()


async def ask(engine, question=FRANCE):
    async with aclosing(engine.answer(question)) as pieces:
        return [piece async for piece in pieces]


async def ask_one_piece(engine, question=FRANCE):
    async with aclosing(engine.answer(question)) as pieces:
        async for piece in pieces:
            return piece


async def error_of(engine, question=FRANCE):
    """The code of the error, after the pieces that came before it."""
    pieces = []
    with pytest.raises((EngineFailed, BadInput)) as caught:
        async with aclosing(engine.answer(question)) as stream:
            async for piece in stream:
                pieces.append(piece)
    assert "marker" not in caught.value.message
    return caught.value.code, "".join(pieces)


# The contract.


async def test_every_engine_streams_stops_when_left_or_cancelled_and_answers_again(engine):
    async with loaded(engine):
        pieces = await ask(engine)
        assert len(pieces) > 1
        assert "Rome" in "".join(pieces)

        assert await asyncio.wait_for(ask_one_piece(engine), 20) == pieces[0]

        cancelled = asyncio.create_task(ask(engine))
        await asyncio.sleep(0.02)
        cancelled.cancel()
        started = time.perf_counter()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert time.perf_counter() - started < 2

        both = await asyncio.wait_for(asyncio.gather(ask(engine), ask(engine)), 30)
        assert both == [pieces, pieces]
        if engine.info.stand_in:
            assert engine.info.notice
    await engine.close()  # twice does no harm


async def test_no_engine_logs_what_was_asked_or_answered(engine, caplog, capfd):
    caplog.set_level(logging.WARNING)
    async with loaded(engine):
        await ask(engine)
    shown = caplog.text + "".join(capfd.readouterr())
    assert "marker" not in shown
    assert "Rome" not in shown


# The scripted engine.


async def test_a_gate_lets_out_one_piece_per_release():
    engine, gate = ScriptedEngine(), asyncio.Semaphore(0)
    engine.script("italy", ["Rome ", "it is."], gate=gate)
    async with aclosing(engine.answer(FRANCE)) as pieces:
        first = asyncio.ensure_future(anext(pieces))
        await asyncio.sleep(0)
        assert not first.done()
        gate.release()
        assert await first == "Rome "
        assert engine.running == 1
    assert engine.running == 0
    assert engine.questions == [FRANCE]


async def test_the_script_can_fail_in_the_middle():
    engine = ScriptedEngine()
    engine.fail("italy", EngineFailed("Gone.", code="engine_failed"), after=["Ro"])
    assert await error_of(engine) == ("engine_failed", "Ro")


# An OpenAI-compatible server.


async def test_images_and_text_go_to_the_server_with_the_key(chat_server):
    image = Image("att_1", "x.png", "image/png", b"pixels", 1, 1)
    async with loaded(client(chat_server.url)) as engine:
        await ask(engine, Question("What is it?", pieces=(ImagePiece(image),)))
    headers, body = chat_server.requests[0]
    assert headers["authorization"] == "Bearer k"
    assert [part["type"] for part in body["messages"][0]["content"]] == ["image_url", "text"]


async def test_thinking_is_not_part_of_the_answer(chat_server):
    chat_server.pieces = ["<unus", "ed94>thought", " secret<unused", "95>Rome", " it is."]
    async with loaded(client(chat_server.url)) as engine:
        assert await ask(engine) == ["Rome", " it is."]


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (401, {"message": "bad key marker"}, "engine_unauthorized"),
        (403, {"message": "no"}, "engine_unauthorized"),
        (404, {"message": "no model marker"}, "engine_model_unknown"),
        (400, {"message": "maximum context length marker"}, "prompt_too_long"),
        (400, {"message": "marker", "type": "exceed_context_size_error"}, "prompt_too_long"),
        (400, {"message": "The decoder prompt is longer than the maximum model length"}, "prompt_too_long"),
        (400, {"message": "unknown field marker"}, "engine_failed"),
        (500, {"message": "marker"}, "engine_failed"),
    ],
)
async def test_a_refusal_has_a_stable_code(chat_server, status, error, code):
    chat_server.status, chat_server.error = status, error
    async with loaded(client(chat_server.url)) as engine:
        assert await error_of(engine) == (code, "")
        chat_server.status = 200
        assert await ask(engine) == ["Rome ", "it ", "is."]


async def test_an_answer_cut_in_the_middle_is_a_failure_after_what_came(chat_server):
    chat_server.cut = True
    async with loaded(client(chat_server.url)) as engine:
        assert await error_of(engine) == ("engine_failed", "Rome it is.")


async def test_keep_alives_do_not_hide_a_server_that_takes_too_long(chat_server):
    chat_server.delay_s = 30
    async with loaded(client(chat_server.url, timeout_s=0.4)) as engine:
        assert await error_of(engine) == ("engine_timeout", "")
    assert await asyncio.to_thread(chat_server.gone.wait, 5)


async def test_nobody_there_is_unreachable_and_the_message_hides_the_password():
    async with loaded(client("http://user:hunter2@127.0.0.1:1/v1")) as engine:
        with pytest.raises(EngineFailed) as caught:
            await ask(engine)
    assert caught.value.code == "engine_unreachable"
    assert "http://127.0.0.1:1" in caught.value.message
    assert "hunter2" not in caught.value.message


async def test_leaving_closes_the_stream_at_the_server(chat_server):
    chat_server.pieces, chat_server.delay_s = ["piece "] * 1000, 0.05
    async with loaded(client(chat_server.url)) as engine:
        assert await ask_one_piece(engine) == "piece "
        assert await asyncio.to_thread(chat_server.gone.wait, 5)


# llama.cpp, with a fake library: what the real one does seldom.


class FakeLibrary:
    def __init__(self, *, deaf=False, raises=False):
        self.deaf, self.raises, self.release = deaf, raises, threading.Event()

    def handle_completions(self, request, take):
        if self.raises:
            raise RuntimeError("marker")
        if self.deaf:
            self.release.wait(10)
        for text in (" Rome", " it is."):
            if take({"choices": [{"text": text}]}):
                return


@asynccontextmanager
async def with_library(library, tmp_path, timeout_s=5.0):
    engine = LlamaCppEngine(tmp_path / "m.gguf", mmproj=None, stand_in=True, threads=1, timeout_s=timeout_s)
    engine._open = lambda: library
    (tmp_path / "m.gguf").touch()
    async with loaded(engine):
        yield engine


async def test_a_stuck_model_times_out_keeps_its_turn_and_gives_it_back(tmp_path):
    library = FakeLibrary(deaf=True)
    async with with_library(library, tmp_path, timeout_s=0.2) as engine:
        assert (await error_of(engine))[0] == "engine_timeout"
        assert (await error_of(engine))[0] == "engine_busy"
        library.deaf = False
        library.release.set()
        assert await ask(engine) == ["Rome", " it is."]


async def test_a_library_that_dies_is_an_engine_failure(tmp_path):
    async with with_library(FakeLibrary(raises=True), tmp_path) as engine:
        assert await error_of(engine) == ("engine_failed", "")


async def test_a_cancelled_wait_for_the_turn_leaves_the_turn_to_others(tmp_path):
    library = FakeLibrary(deaf=True)
    async with with_library(library, tmp_path) as engine:
        running, waiting = asyncio.create_task(ask(engine)), asyncio.create_task(ask(engine))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        library.release.set()
        assert await running == ["Rome", " it is."]
        assert await ask(engine) == ["Rome", " it is."]


async def test_more_pieces_than_were_asked_for_are_a_failure():
    run = _Run(asyncio.get_running_loop(), max_tokens=0)
    for _ in range(20):
        run.take({"choices": [{"text": "x"}]})
        await asyncio.sleep(0)
    assert run.take({"choices": [{"text": "x"}]}), "the model is told to stop"
    with pytest.raises(EngineFailed):
        while True:
            await run.next_piece(1)


def test_an_error_of_the_library_is_translated_by_its_type():
    assert _translated({"type": "exceed_context_size_error"}).code == "prompt_too_long"
    assert _translated({"type": "server_error", "message": "lost context"}).code == "engine_failed"


async def test_a_missing_or_broken_file_says_so(tmp_path):
    engine = LlamaCppEngine(tmp_path / "no.gguf", mmproj=None, stand_in=True, threads=1)
    with pytest.raises(Missing) as caught:
        await engine.load()
    assert caught.value.code == "gguf_missing"
    assert (await error_of(engine))[0] == "engine_not_loaded"
    (tmp_path / "no.gguf").write_bytes(b"not a model")
    with pytest.raises(Missing) as caught:
        await engine.load()
    assert caught.value.code == "engine_load_failed"
    await engine.close()


# The real Gemma.


def listening_tcp_sockets():
    """Of this process."""
    mine = {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if fd_exists(fd)}
    rows = []
    for table in ("tcp", "tcp6"):
        with open(f"/proc/self/net/{table}") as file:
            rows += [line.split() for line in file.readlines()[1:]]
    return [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in mine]


def fd_exists(fd):
    return os.path.lexists(f"/proc/self/fd/{fd}")


@pytest.mark.models
async def test_gemma_loads_and_answers_without_a_port_or_a_stall_of_the_event_loop(gemma):
    before = listening_tcp_sockets()
    longest = SimpleNamespace(gap_s=0.0)

    async def watch():
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.01)
            longest.gap_s = max(longest.gap_s, time.perf_counter() - last)
            last = time.perf_counter()

    started = time.perf_counter()
    async with loaded(gemma):
        load_s, times = time.perf_counter() - started, []
        watcher = asyncio.create_task(watch())
        assert listening_tcp_sockets() == before
        started = time.perf_counter()
        async with aclosing(gemma.answer(Question("Which organ pumps the blood?"))) as pieces:
            async for _ in pieces:
                times.append(time.perf_counter() - started)
        closing = time.perf_counter()
    close_s = time.perf_counter() - closing
    watcher.cancel()
    rate = (len(times) - 1) / (times[-1] - times[0])
    print(f"load {load_s:.2f} s, first {times[0]:.2f} s, {rate:.1f} tok/s")  # noqa: T201
    print(f"close {close_s:.2f} s, longest gap of the loop {longest.gap_s * 1000:.0f} ms")  # noqa: T201
    assert close_s < 1
    assert longest.gap_s < 0.3


@pytest.mark.models
async def test_gemma_stops_while_it_still_reads_a_long_prompt(gemma):
    gemma._completion = lambda _: {"prompt": "word " * 3000, **gemma._generation()}
    async with loaded(gemma):
        reading = asyncio.create_task(ask(gemma))
        await asyncio.sleep(0.5)
        reading.cancel()
        started = time.perf_counter()
        with pytest.raises(asyncio.CancelledError):
            await reading
        del gemma._completion
        assert "Rome" in "".join(await ask(gemma))
        assert time.perf_counter() - started < 10


@pytest.mark.models
async def test_a_prompt_longer_than_gemmas_context_is_too_long(gemma):
    gemma._completion = lambda _: {"prompt": "word " * 5000, **gemma._generation()}
    async with loaded(gemma):
        assert await error_of(gemma) == ("prompt_too_long", "")
