"""How an utterance was taken, and what is not taken at all: sleep, and echoes of what is read aloud. Pure."""

from typing import Literal

from pydantic import Field

from assistant.events.base import ClientEventBase, CommandName, Intent, ServerEventBase

Meant = Literal["was_dictation", "was_question"]
"""What is said of the last utterance: how it was meant."""


class IntentCorrect(ClientEventBase):
    """An utterance was taken wrongly: make it dictation, or ask it."""

    type: Literal["assistant.intent.correct"] = "assistant.intent.correct"
    item_id: str = Field(max_length=64)
    intent: Literal["dictation", "question", "command"] = Field(
        description="“command” carries out what the utterance ``nearly`` was."
    )


class IntentEvent(ServerEventBase):
    """How an utterance was taken. A later one for the same item replaces it (a correction)."""

    type: Literal["assistant.intent"] = "assistant.intent"
    item_id: str
    intent: Intent
    confidence: float
    reason: str
    text: str = Field(
        description="What was taken, as it goes into the dictation (in written form) or the question. "
        "What was heard stands in the completed event."
    )
    corrected: bool = False
    doubtful: bool = Field(False, description="Dictation that may have been asked: offer to ask it.")
    part_of: str | None = Field(
        None, description="The utterance whose end this is, where one held dictation and then a question."
    )
    command: CommandName | Meant | None = Field(None, description="For a command: its name.")
    nearly: str | None = Field(
        None, description="For dictation: the command it came close to. A correction to “command” does it."
    )


class AttentionSet(ClientEventBase):
    """Asleep, nothing that is said is kept or sent but the command that wakes."""

    type: Literal["assistant.attention.set"] = "assistant.attention.set"
    asleep: bool


class AttentionChanged(ServerEventBase):
    """Asleep or awake, since somebody said or pressed so."""

    type: Literal["assistant.attention.changed"] = "assistant.attention.changed"
    asleep: bool
    by: Literal["voice", "hand"]


class SpeechState(ClientEventBase):
    """What the client reads aloud, a sentence at a time, so that its echo is not taken for dictation.

    Sent when a sentence begins, with its text, and without a text when nothing is read any more.
    """

    type: Literal["assistant.speech.state"] = "assistant.speech.state"
    text: str | None = Field(None, max_length=4_000)


class SpeechStop(ServerEventBase):
    """Somebody said "stop" while something is read aloud."""

    type: Literal["assistant.speech.stop"] = "assistant.speech.stop"


class EchoLeftOut(ServerEventBase):
    """An utterance was nothing but an echo of what was read aloud. ``assistant.intent.correct`` brings it
    back."""

    type: Literal["assistant.echo.left_out"] = "assistant.echo.left_out"
    item_id: str
    text: str
