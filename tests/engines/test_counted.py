"""An engine is closed behind its last answer, and an answer that it cuts off is none."""

import asyncio
from contextlib import aclosing

import pytest

from assistant.engines.base import AnswerText, Question
from assistant.engines.counted import Counted
from assistant.engines.scripted import ScriptedEngine
from assistant.errors import EngineFailed
from tests.engines.asking import ask, failure


async def test_it_is_idle_when_no_answer_runs_however_they_end() -> None:
    inner, gate = ScriptedEngine(), asyncio.Semaphore(1)
    inner.script("slow", ["one ", "two"], gate=gate)
    inner.fail("bad", EngineFailed("It failed.", code="engine_failed"), after=["x"])
    engine = Counted(inner)
    assert engine.info is inner.info
    assert await engine.idle(0)
    running = asyncio.create_task(ask(engine, Question("slow")))
    await asyncio.sleep(0.05)
    assert not await engine.idle(0.01)
    gate.release()
    assert await running == ["one ", "two"]
    assert await engine.idle(5)
    assert (await failure(engine, Question("bad"), EngineFailed))[0].code == "engine_failed"
    assert await engine.idle(5)
    gate.release()
    async with aclosing(engine.answer(Question("slow"))) as outputs:
        assert await anext(outputs) == AnswerText("one ")
        assert not await engine.idle(0)
    assert await engine.idle(5)
    assert inner.running == 0


async def test_an_answer_that_ends_because_the_engine_was_closed_fails() -> None:
    inner, gate = ScriptedEngine(), asyncio.Semaphore(1)
    inner.script("slow", ["one ", "two"], gate=gate)
    engine = Counted(inner)
    with pytest.raises(EngineFailed) as raised:
        async with aclosing(engine.answer(Question("slow"))) as outputs:
            await anext(outputs)
            await engine.close()
            gate.release()
            async for _ in outputs:
                pass
    assert raised.value.code == "engine_changed"
