"""Asking an engine, in tests."""

from contextlib import aclosing
from typing import Any, cast

import pytest

from assistant.engines.base import AnswerText, Engine, Question
from assistant.engines.prompt import messages, turns
from assistant.errors import AssistantError


def content(question: Question, *, sees_images: bool) -> list[dict[str, Any]]:
    """The parts of the one turn that a chat model gets, in OpenAI's form."""
    (turn,) = messages(turns(question, sees_images=sees_images))
    parts: list[dict[str, Any]] = turn["content"]
    return parts


async def ask(engine: Engine, question: Question) -> list[str]:
    """The pieces of the answer."""
    async with aclosing(cast("Any", engine.answer(question))) as outputs:
        return [output.text async for output in outputs if isinstance(output, AnswerText)]


async def ask_one_piece(engine: Engine, question: Question) -> str | None:
    """The first piece; then the answer is left."""
    async with aclosing(cast("Any", engine.answer(question))) as outputs:
        async for output in outputs:
            if isinstance(output, AnswerText):
                return output.text
    return None


async def failure(
    engine: Engine, question: Question, expected: type[AssistantError] = AssistantError
) -> tuple[AssistantError, str]:
    """The error, and what came before it."""
    pieces: list[str] = []
    with pytest.raises(expected) as caught:
        async with aclosing(cast("Any", engine.answer(question))) as outputs:
            async for output in outputs:
                pieces.append(output.text if isinstance(output, AnswerText) else "")
    assert "marker" not in caught.value.message
    return caught.value, "".join(pieces)
