"""What conversations are tested with."""

from assistant.conversation.types import (
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
from assistant.events import Attachment

INFO = EngineInfo(name="scripted", stand_in=True, sees_images=False, notice="A stand-in.")


def final(utterance, text, words=()):
    return FinalHeard(utterance, text, tuple(words), 1000, 3000, "2026-01-01T10:00:00+00:00")


def events(actions):
    return [action.event for action in actions if isinstance(action, Emit)]


def of(kind, actions):
    return [event for event in events(actions) if isinstance(event, kind)]


def started(actions):
    return [action for action in actions if isinstance(action, StartAnswer)]


def attach(talk, key="a", width=200, height=100):
    attachment = Attachment(
        id=key, name=f"{key}.png", media_type="image/png", width_px=width, height_px=height, url="/x"
    )
    talk.handle(ImageAttached(attachment))


def answered(talk, question, text):
    talk.handle(QuestionTyped(question))
    (start,) = started(talk.handle(AnswerRequested()))
    talk.handle(AnswerProgressed(start.turn, text))
    return start, talk.handle(AnswerFinished(start.turn))
