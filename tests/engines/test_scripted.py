import asyncio
from contextlib import aclosing

import pytest

from assistant.engines.base import AnswerText, EngineInfo, Question, Thought
from assistant.engines.scripted import ScriptedEngine
from assistant.errors import EngineFailed


async def answer(engine, text):
    return [output.text async for output in engine.answer(Question(text)) if isinstance(output, AnswerText)]


def test_info():
    assert ScriptedEngine().info == EngineInfo("scripted", True, True, "Scripted answers, for tests.")


async def test_answers_by_pattern_in_any_case():
    engine = ScriptedEngine()
    engine.script("Effusion", ["No ", "effusion."])
    assert await answer(engine, "Is there an EFFUSION?") == ["No ", "effusion."]
    assert await answer(engine, "And a fracture?") == ["I have no script for this."]
    assert [question.text for question in engine.questions] == ["Is there an EFFUSION?", "And a fracture?"]


async def test_a_script_can_hold_thoughts():
    engine = ScriptedEngine()
    engine.script("effusion", ["<unused94>thought\nLeft base?<unused95>", "No."])
    outputs = [output async for output in engine.answer(Question("Effusion?"))]
    assert outputs == [Thought("Left base?"), AnswerText("No.")]


async def test_a_gate_lets_out_one_piece_per_release():
    engine, gate = ScriptedEngine(), asyncio.Semaphore(0)
    engine.script("italy", ["Rome ", "it is."], gate=gate)
    async with aclosing(engine.answer(Question("Italy?"))) as outputs:
        first = asyncio.ensure_future(anext(outputs))
        await asyncio.sleep(0)
        assert not first.done()
        gate.release()
        assert await first == AnswerText("Rome ")


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
