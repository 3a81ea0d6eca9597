"""Asking an engine, in tests."""

from contextlib import aclosing

import pytest

from assistant.engines.base import AnswerText
from assistant.engines.prompt import messages, turns
from assistant.errors import AssistantError


def content(question, *, sees_images):
    """The parts of the one turn that a chat model gets, in OpenAI's form."""
    (turn,) = messages(turns(question, sees_images=sees_images))
    return turn["content"]


async def ask(engine, question):
    """The pieces of the answer."""
    async with aclosing(engine.answer(question)) as outputs:
        return [output.text async for output in outputs if isinstance(output, AnswerText)]


async def ask_one_piece(engine, question):
    """The first piece; then the answer is left."""
    async with aclosing(engine.answer(question)) as outputs:
        async for output in outputs:
            if isinstance(output, AnswerText):
                return output.text


async def failure(engine, question, expected=AssistantError):
    """The error, and what came before it."""
    pieces = []
    with pytest.raises(expected) as caught:
        async with aclosing(engine.answer(question)) as outputs:
            async for output in outputs:
                pieces.append(output.text)
    assert "marker" not in caught.value.message
    return caught.value, "".join(pieces)
