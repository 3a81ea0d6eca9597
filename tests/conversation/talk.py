"""Helpers for tests of conversations."""

from collections.abc import Iterable
from typing import TypeVar

from assistant.asr.base import Word
from assistant.conversation.core import Conversation
from assistant.conversation.types import (
    Action,
    AnswerFinished,
    AnswerProgressed,
    AnswerRequested,
    Emit,
    FinalHeard,
    ImageAttached,
    QuestionTyped,
    StartAnswer,
)
from assistant.engines.base import EngineInfo
from assistant.events import Attachment, ServerEvent

INFO = EngineInfo(name="scripted", stand_in=True, sees_images=False, notice="A stand-in.")


T = TypeVar("T")


def final(utterance: int, text: str, words: Iterable[Word] = ()) -> FinalHeard:
    return FinalHeard(utterance, text, tuple(words), 1000, 3000, "2026-01-01T10:00:00+00:00")


def events(actions: Iterable[Action]) -> list[ServerEvent]:
    return [action.event for action in actions if isinstance(action, Emit)]


def of(kind: type[T], actions: Iterable[Action]) -> list[T]:
    return [event for event in events(actions) if isinstance(event, kind)]


def started(actions: Iterable[Action]) -> list[StartAnswer]:
    return [action for action in actions if isinstance(action, StartAnswer)]


def attach(talk: Conversation, key: str = "a", width: int = 200, height: int = 100) -> None:
    attachment = Attachment(
        id=key, name=f"{key}.png", media_type="image/png", width_px=width, height_px=height, url="/x"
    )
    talk.handle(ImageAttached(attachment))


def answered(talk: Conversation, question: str, text: str) -> tuple[StartAnswer, list[Action]]:
    talk.handle(QuestionTyped(question))
    (start,) = started(talk.handle(AnswerRequested()))
    talk.handle(AnswerProgressed(start.turn, text))
    return start, talk.handle(AnswerFinished(start.turn))
