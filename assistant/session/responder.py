"""Asks models and guidelines for a session, and turns the results into facts."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import assert_never

from assistant import telemetry
from assistant.components.components import Components
from assistant.conversation.types import (
    AnswerFinished,
    AnswerProgressed,
    Fact,
    ModelThought,
    PassagesFound,
    PromptSent,
    RecordRead,
    WaitEnded,
)
from assistant.engines.base import (
    AnswerText,
    CutOff,
    Engine,
    EngineInfo,
    Output,
    Question,
    Sent,
    Thought,
    Usage,
)
from assistant.engines.outputs import whole_outputs
from assistant.errors import AssistantError
from assistant.records.reading import Consulted, answer_from_record
from assistant.session.attachments import Attachments

log = logging.getLogger(__name__)


class Responder:
    """Answers for one session. Its methods run as tasks that the session owns and cancels."""

    def __init__(
        self,
        components: Components,
        attachments: Attachments,
        *,
        passages: int,
        now_ms: Callable[[], int],
        take: Callable[[Fact], None],
    ) -> None:
        """``passages``: how many of the guidelines are looked for; ``now_ms``: the session's sample clock;
        ``take`` gets the facts."""
        self._components, self._attachments = components, attachments
        self._passages, self._now_ms, self._take = passages, now_ms, take

    async def find_passages(self, turn: int, text: str) -> None:
        library = self._components.guidelines
        assert library is not None
        try:
            with telemetry.stage("find_passages"):
                found = await asyncio.to_thread(library.search, text, self._passages)
        except Exception as error:
            log.error("guidelines were not searched", exc_info=error)
            message = "The guidelines could not be searched. Ask again."
            self._take(AnswerFinished(turn, "guidelines_not_searched", message, None, self._now_ms()))
            return
        self._take(PassagesFound(turn, tuple(found), ready=library.shelf.ready))

    async def with_pieces(self, question: Question, engine: EngineInfo) -> Question:
        """The question with the attachments, as this engine will see it."""
        if not question.attachment_ids or engine.declines:
            return question
        most = engine.most_images if engine.sees_images else 1  # one is enough to say so
        labels = question.comparison.labels() if question.comparison else None
        # Places need our own padding, comparisons our labels.
        by_link = engine.follows_links and question.task == "answer"
        links = self._attachments.links(question.attachment_ids) if by_link else ()
        linked = {link.attachment_id for link in links}
        rest = [each for each in question.attachment_ids if each not in linked]
        pieces = [*links, *await self._attachments.pieces(rest, most, labels)]
        pieces.sort(key=lambda piece: question.attachment_ids.index(piece.attachment_id))
        return replace(question, pieces=tuple(pieces))

    async def answer(self, turn: int, question: Question, by_text_engine: bool, wait_ms: int = 0) -> None:
        """Ask, after ``wait_ms``. A failure ends the answer with its reason; the session continues."""
        code: str | None = None
        message = ""
        usage: Usage | None = None
        cut_off = False
        try:
            if wait_ms:
                await asyncio.sleep(wait_ms / 1000)
                self._take(WaitEnded(turn))
            engine = (self._components.text_engine if by_text_engine else None) or self._components.engine
            with telemetry.stage("answer"):
                usage, cut_off = await self._follow(engine, turn, question)
            telemetry.answers.labels("incomplete" if cut_off else "completed").inc()
        except asyncio.CancelledError:
            telemetry.answers.labels("cancelled").inc()
            raise
        except AssistantError as error:
            log.warning("answer failed: %s", error.code)
            telemetry.answers.labels("failed").inc()
            code, message = error.code, error.message
        except Exception as error:  # an engine's bug must not take the dictation with it
            log.error("answer failed by a bug", exc_info=error)
            telemetry.answers.labels("failed").inc()
            code, message = "engine_failed", "The engine failed unexpectedly. Ask again."
        self._take(AnswerFinished(turn, code, message, usage, self._now_ms(), cut_off))

    async def _follow(self, engine: Engine, turn: int, question: Question) -> tuple[Usage | None, bool]:
        """Pass the answer on as it arrives; returns whether it was cut off. Raises what the engine raises."""
        usage: Usage | None = None
        cut_off = False
        question = await self.with_pieces(question, engine.info)
        async with aclosing(whole_outputs(await self._outputs(engine, question, turn))) as outputs:  # type: ignore[type-var]
            async for output in outputs:
                match output:
                    case AnswerText(text):
                        self._take(AnswerProgressed(turn, text))
                    case Thought(text):
                        self._take(ModelThought(turn, text))
                    case Consulted(resources, facts):
                        self._take(RecordRead(turn, resources, facts))
                    case Usage():
                        usage = output
                    case CutOff():
                        cut_off = True
                    case _:
                        assert_never(output)
        return usage, cut_off

    async def _outputs(
        self, engine: Engine, question: Question, turn: int
    ) -> AsyncIterator[Output | Consulted]:
        """The engine's output; answers come from the attached patient records if there are any."""

        def report(sent: Sent) -> None:
            self._take(PromptSent(turn, sent))

        if engine.info.declines:
            return engine.answer(question, report)
        if resources := await self._attachments.records(question.record_ids):
            return answer_from_record(engine, question, resources, report)
        return engine.answer(question, report)
