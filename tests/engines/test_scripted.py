import asyncio
from contextlib import aclosing

import pytest

from assistant.engines.base import EngineInfo, Question
from assistant.engines.scripted import ScriptedEngine
from assistant.errors import EngineFailed


async def answer(engine, text):
    return [piece async for piece in engine.answer(Question(text))]


def test_info():
    assert ScriptedEngine().info == EngineInfo("scripted", True, True, "Scripted answers, for tests.")


async def test_answers_by_pattern_in_any_case():
    engine = ScriptedEngine()
    engine.script("Effusion", ["No ", "effusion."])
    assert await answer(engine, "Is there an EFFUSION?") == ["No ", "effusion."]
    assert await answer(engine, "And a fracture?") == ["I have no script for this."]
    assert [question.text for question in engine.questions] == ["Is there an EFFUSION?", "And a fracture?"]


async def test_fails_when_told():
    engine = ScriptedEngine()
    engine.fail("effusion", EngineFailed("Gone.", code="engine_unreachable"))
    with pytest.raises(EngineFailed) as caught:
        await answer(engine, "effusion?")
    assert caught.value.code == "engine_unreachable"
    assert engine.running == 0


async def test_closing_and_cancelling_stop_it():
    engine = ScriptedEngine()
    engine.script("long", ["word "] * 1_000, delay_s=0.001)
    async with aclosing(engine.answer(Question("long"))) as pieces:
        await anext(pieces)
        assert engine.running == 1
    assert engine.running == 0
    task = asyncio.create_task(answer(engine, "long"))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.running == 0
