"""The real stand-in model in process."""

import asyncio
import logging
import subprocess
import sys
import threading
import time
from contextlib import aclosing
from pathlib import Path

import pytest

from assistant.engines.base import AnswerText, Question, Usage
from assistant.engines.llamacpp import LlamaCppEngine, _Run
from assistant.engines.pieces import Image, ImagePiece
from assistant.errors import BadInput, EngineFailed, Missing
from assistant.installation import downloads

LONG = "Tell me about the heart, the lungs, the liver and the kidneys."
SECRET = "Jane Doe has an effusion"


def gguf():
    return next((downloads() / "gemma-3-270m").glob("*.gguf"))


def engine_of(path, *, stand_in=True, **options):
    return LlamaCppEngine(path, mmproj=None, stand_in=stand_in, threads=1, **options)


def run_script(script, *arguments):
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, str(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=root,
        env={"PYTHONPATH": str(root)},
    )


async def answer(engine, text, document=""):
    outputs = [output async for output in engine.answer(Question(text, document))]
    return "".join(output.text for output in outputs if isinstance(output, AnswerText))


async def test_a_file_that_is_not_there(tmp_path):
    engine = engine_of(tmp_path / "none.gguf")
    with pytest.raises(Missing):
        await engine.load()
    await engine.close()


@pytest.mark.models
async def test_a_file_that_is_no_model(tmp_path):
    (tmp_path / "bad.gguf").write_bytes(b"not a model")
    engine = engine_of(tmp_path / "bad.gguf")
    with pytest.raises(Missing):
        await engine.load()
    await engine.close()


@pytest.mark.models
async def test_a_load_that_is_cancelled_leaves_nothing():
    engine = engine_of(gguf())
    loading = asyncio.create_task(engine.load())
    await asyncio.sleep(0)
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    await asyncio.to_thread(engine._worker.shutdown)
    assert engine._server is None
    with pytest.raises(EngineFailed):
        await answer(engine, "?")
    await engine.close()


FREED_AT_ONCE = """
import pathlib, sys
from assistant.engines.llamacpp import LlamaCppEngine

for _ in range(4):
    engine = LlamaCppEngine(pathlib.Path(sys.argv[1]), mmproj=None, stand_in=True, threads=1)
    engine._open()
    engine._free()
"""


@pytest.mark.models
def test_a_model_that_is_freed_as_soon_as_it_is_loaded(tmp_path):
    """In a process of its own: the library's deadlock holds the GIL, so nothing inside could end it."""
    script = tmp_path / "freed.py"
    script.write_text(FREED_AT_ONCE)
    done = run_script(script, gguf())
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


async def test_asking_before_loading(tmp_path):
    engine = engine_of(tmp_path / "none.gguf")
    with pytest.raises(EngineFailed):
        await answer(engine, "?")
    await engine.close()


class FakeServer:
    """The library's in-process server, as far as the engine uses it."""

    def __init__(self, work):
        self.handle_completions = self.handle_chat_completions = lambda body, take: work(take)


def piece(text):
    return {"choices": [{"text": text}]}


@pytest.fixture
def fake(tmp_path):
    def make(work, **options):
        engine = engine_of(tmp_path / "none.gguf", **options)
        engine._server = FakeServer(work)
        return engine

    return make


async def failing(engine, expected=EngineFailed):
    with pytest.raises(expected) as caught:
        await answer(engine, SECRET)
    assert SECRET not in caught.value.message
    await engine.close()
    return caught.value.code


async def test_a_library_that_raises(fake):
    def work(take):
        raise RuntimeError(SECRET)

    assert await failing(fake(work)) == "engine_failed"


async def test_errors_of_the_library(fake):
    def failed(take):
        take({"error": {"code": 500, "message": SECRET, "type": "server_error"}})

    def too_long(take):
        take({"error": {"code": 400, "message": "...", "type": "exceed_context_size_error"}})

    assert await failing(fake(failed)) == "engine_failed"
    assert await failing(fake(too_long), BadInput) == "prompt_too_long"


async def test_a_model_that_is_too_slow_and_then_works_again(fake):
    slow = True

    def work(take):
        if slow:
            time.sleep(0.5)
        take(piece("Yes."))

    engine = fake(work, timeout_s=0.2)
    with pytest.raises(EngineFailed) as caught:
        await answer(engine, "?")
    assert caught.value.code == "engine_timeout"
    slow = False
    assert await answer(engine, "?") == "Yes."
    await engine.close()


async def test_a_stuck_model_keeps_its_turn_and_gives_it_back(fake):
    stuck = threading.Event()

    def work(take):
        stuck.wait(10)
        take(piece("Yes."))

    engine = fake(work, timeout_s=0.1)
    for code in ("engine_timeout", "engine_busy"):
        with pytest.raises(EngineFailed) as caught:
            await answer(engine, "?")
        assert caught.value.code == code
    stuck.set()
    assert await answer(engine, "?") == "Yes."
    await engine.close()


async def test_a_cancelled_wait_for_the_turn_leaves_the_turn_to_others(fake):
    stuck = threading.Event()

    def work(take):
        stuck.wait(10)
        take(piece("Yes."))

    engine = fake(work)
    running, waiting = (asyncio.create_task(answer(engine, "?")) for _ in range(2))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    stuck.set()
    assert await running == await answer(engine, "?") == "Yes."
    await engine.close()


async def test_more_pieces_than_were_asked_for_are_a_failure():
    run = _Run(asyncio.get_running_loop(), 0, lambda _: None)
    for _ in range(20):
        run.take(piece("x"))
        await asyncio.sleep(0)
    assert run.take(piece("x")), "the model is told to stop"
    with pytest.raises(EngineFailed):
        while True:
            await run.next_piece(1)


async def test_one_question_at_a_time(fake):
    at_work, most = 0, 0

    def work(take):
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        time.sleep(0.02)
        take(piece("Yes."))
        at_work -= 1

    engine = fake(work)
    assert await asyncio.gather(*(answer(engine, "?") for _ in range(5))) == ["Yes."] * 5
    assert most == 1
    await engine.close()


async def test_a_stop_ends_the_generation_at_the_next_piece(fake):
    taken = 0

    def work(take):
        nonlocal taken
        while not take(piece("word ")):
            taken += 1
            time.sleep(0.01)

    engine = fake(work)
    async with aclosing(engine.answer(Question("?"))) as pieces:
        await anext(pieces)
    at_stop = taken
    await asyncio.sleep(0.1)
    assert taken <= at_stop + 1
    await engine.close()


@pytest.fixture(scope="module")
def loaded():
    """One loaded engine; the tests of this module share its event loop."""
    with asyncio.Runner() as runner:
        engine = engine_of(gguf())
        runner.run(engine.load())
        yield lambda work: runner.run(work(engine))
        began = time.monotonic()
        runner.run(engine.close())
        assert time.monotonic() - began < 1.5


@pytest.mark.models
def test_the_stand_in_says_what_it_is(loaded):
    async def work(engine):
        assert engine.info.name == "gemma-3-270m (stand-in)"
        assert engine.info.stand_in and not engine.info.sees_images
        assert "not for medical use" in engine.info.notice

    loaded(work)


@pytest.mark.models
def test_it_streams_one_line_and_the_same_again(loaded):
    async def work(engine):
        *outputs, usage = [output async for output in engine.answer(Question("Which organ pumps blood?"))]
        pieces = [output.text for output in outputs]
        text = "".join(pieces)
        assert isinstance(usage, Usage) and usage.prompt_tokens > usage.output_tokens >= len(pieces)
        assert len(pieces) > 1
        assert "heart" in text.lower()
        assert "\n" not in text and text == text.strip()
        assert await answer(engine, "Which organ pumps blood?") == text

    loaded(work)


@pytest.mark.models
def test_closing_the_answer_frees_the_worker(loaded):
    async def work(engine):
        async with aclosing(engine.answer(Question(LONG))) as pieces:
            await anext(pieces)
            began = time.monotonic()
        assert time.monotonic() - began < 1
        assert "heart" in (await answer(engine, "Which organ pumps blood?")).lower()

    loaded(work)


@pytest.mark.models
def test_an_answer_does_not_stall_the_event_loop(loaded):
    async def work(engine):
        longest_s = 0.0

        async def watch():
            nonlocal longest_s
            while True:
                before = time.monotonic()
                await asyncio.sleep(0.01)
                longest_s = max(longest_s, time.monotonic() - before)

        watching = asyncio.create_task(watch())
        await answer(engine, LONG)
        watching.cancel()
        assert longest_s < 0.3

    loaded(work)


@pytest.mark.models
@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.5])
def test_cancelling_frees_the_worker(loaded, after_s):
    async def work(engine):
        task = asyncio.create_task(answer(engine, LONG, "The lungs are clear. " * 60))
        waiting = asyncio.create_task(answer(engine, LONG))
        await asyncio.sleep(after_s)
        began = time.monotonic()
        task.cancel()
        waiting.cancel()
        await asyncio.wait({task, waiting})
        assert time.monotonic() - began < 1.5
        assert "heart" in (await answer(engine, "Which organ pumps blood?")).lower()

    loaded(work)


@pytest.mark.models
def test_a_document_of_any_length_is_cut_to_fit(loaded):
    async def work(engine):
        assert await answer(engine, "Is there an effusion?", "The lungs are clear. " * 3_000)

    loaded(work)


@pytest.mark.models
def test_images_are_not_needed_to_answer(loaded):
    async def work(engine):
        image = Image("att_1", "x.png", "image/png", b"not read", 1, 1)
        question = Question("Which organ pumps blood?", pieces=(ImagePiece(image),))
        assert [piece async for piece in engine.answer(question)]

    loaded(work)


@pytest.mark.models
async def test_chat_completions_and_a_question_too_long_for_the_model():
    engine = engine_of(gguf(), stand_in=False, max_tokens=4)
    try:
        await engine.load()
        assert engine.info.name == gguf().stem
        assert await answer(engine, "Which organ pumps blood?", "The lungs are clear.")
        with pytest.raises(BadInput) as caught:
            await answer(engine, "effusion " * 40_000)
        assert caught.value.code == "prompt_too_long"
        assert await answer(engine, "Which organ pumps blood?")
    finally:
        await engine.close()


SILENT = """
import asyncio, pathlib, sys
from assistant.engines.base import Question
from assistant.engines.llamacpp import LlamaCppEngine, _Run

async def main():
    engine = LlamaCppEngine(pathlib.Path(sys.argv[1]), mmproj=None, stand_in=True, threads=1)
    await engine.load()
    async for piece in engine.answer(Question("Jane Doe has an effusion", "Clear lungs.")):
        pass
    inodes = {str(p.readlink()) for p in pathlib.Path("/proc/self/fd").glob("*") if p.is_symlink()}
    mine = [
        line.split()[1] for line in pathlib.Path("/proc/self/net/tcp").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and f"socket:[{line.split()[9]}]" in inodes
    ]
    assert all(address.startswith("0100007F") for address in mine), mine
    await engine.close()

asyncio.run(main())
"""


@pytest.mark.models
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_is_printed_and_nothing_listens_to_the_network(tmp_path):
    script = tmp_path / "silent.py"
    script.write_text(SILENT)
    done = run_script(script, gguf())
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_nothing_is_logged(fake, caplog):
    caplog.set_level(logging.DEBUG)

    def work(take):
        take(piece("private"))
        raise RuntimeError(SECRET)

    async def ask():
        engine = fake(work)
        with pytest.raises(EngineFailed):
            await answer(engine, SECRET)
        await engine.close()

    asyncio.run(ask())
    assert "Jane" not in caplog.text
    assert "private" not in caplog.text
