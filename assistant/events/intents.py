"""The intent of each utterance, and utterances that are ignored: while asleep, and echoes of speech output.
Pure."""

from typing import Literal

from pydantic import Field

from assistant.events.base import ClientEventBase, CommandName, Intent, ServerEventBase

Meant = Literal["was_dictation", "was_question"]
"""A spoken correction of the last utterance: how it was meant."""


class IntentCorrect(ClientEventBase):
    """Correct the intent of an utterance: make it dictation, or ask it."""

    type: Literal["assistant.intent.correct"] = "assistant.intent.correct"
    item_id: str = Field(max_length=64)
    intent: Literal["dictation", "question", "command"] = Field(
        description="“command” carries out what the utterance ``nearly`` was."
    )


class IntentEvent(ServerEventBase):
    """The intent of an utterance. A later event for the same item replaces it (a correction)."""

    type: Literal["assistant.intent"] = "assistant.intent"
    item_id: str
    intent: Intent
    confidence: float
    reason: str
    text: str = Field(
        description="The words as they go into the dictation (in written form) or the question. "
        "The completed event has them as heard."
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
    """Sleep or wake. While asleep, nothing said is kept or sent except the wake command."""

    type: Literal["assistant.attention.set"] = "assistant.attention.set"
    asleep: bool


class AttentionChanged(ServerEventBase):
    """The session fell asleep or woke, by voice or button."""

    type: Literal["assistant.attention.changed"] = "assistant.attention.changed"
    asleep: bool
    by: Literal["voice", "hand"]


class SpeechState(ClientEventBase):
    """The sentence that the client is reading aloud, so that its echo is not taken for dictation.

    Sent with the text when a sentence begins, and without text when reading ends.
    """

    type: Literal["assistant.speech.state"] = "assistant.speech.state"
    text: str | None = Field(None, max_length=4_000)


class SpeechStop(ServerEventBase):
    """Someone said "stop" while text was being read aloud."""

    type: Literal["assistant.speech.stop"] = "assistant.speech.stop"


class EchoLeftOut(ServerEventBase):
    """An utterance was only an echo of the text being read aloud. ``assistant.intent.correct`` restores
    it."""

    type: Literal["assistant.echo.left_out"] = "assistant.echo.left_out"
    item_id: str
    text: str
