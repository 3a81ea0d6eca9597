"""An engine's output, in characters that can be sent, stored and exported."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, TypeVar, cast

from assistant.characters import WholeText
from assistant.engines.base import AnswerText, CutOff, Thought

O = TypeVar("O")  # noqa: E741


async def whole_outputs(outputs: AsyncIterator[O]) -> AsyncIterator[O | AnswerText | Thought | CutOff]:
    """``outputs`` with every text ``whole``: a server may send a character in two halves, or half of one."""
    answer, thoughts = WholeText(), WholeText()
    async with aclosing(cast("Any", outputs)) as source:
        async for output in source:
            match output:
                case AnswerText(text):
                    yield AnswerText(answer.push(text))
                case Thought(text):
                    yield Thought(thoughts.push(text))
                case CutOff():  # nothing of the answer may come behind it
                    if left := answer.end():
                        yield AnswerText(left)
                    yield CutOff()
                case _:
                    yield output
    if left := answer.end():
        yield AnswerText(left)
