"""The base classes of all events and their parts. Pure."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Mode = Literal["auto", "dictation", "question"]
Intent = Literal["dictation", "question", "command"]
DoubtReason = Literal[
    "two_readings", "kept_as_said", "near_miss", "glued_number", "missing_number", "own_word", "gap"
]
"""Why text of the report may not be what was said: two readings, a form not checked, words that are nearly a
drug or a place, a word with a number glued in, a unit without one, or lost sound: of a run whose origin is a
gap, all of it; else right beside it."""
InputLevel = Literal["fine", "silent", "quiet", "clipping", "narrow"]
"""Loudness of the microphone: nothing comes, too little, or so much that it is cut off."""
Origin = Literal["voice", "typed", "template", "macro", "answer", "gap"]
"""Origin of a piece of the report; ``gap`` marks a place where sound was lost."""


CommandName = Literal[
    "stop",
    "undo",
    "redo",
    "scratch",
    "delete",
    "next",
    "previous",
    "go_to",
    "sleep",
    "wake",
    "pause",
    "resume",
    "new_report",
    "insert",
    "insert_at",
    "select",
    "replace",
    "correct",
    "format",
    "new",
    "read_back",
    "help",
    "copy",
    "print",
    "save",
    "sign",
    "close",
    "cut",
    "paste",
    "emphasis",
    "accept",
    "choose",
    "spell",
]
"""Every voice command; ``assistant.dictation.commands`` has a row for each."""


LONGEST_EVENT_ID = 512


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ClientEventBase(Part):
    """A field that is not named is refused (``parameter_unknown``), never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    event_id: str | None = Field(
        None, max_length=LONGEST_EVENT_ID, description="Echoed in an error about this event."
    )


class ServerEventBase(Part):
    """``event_id`` and ``seq`` are set when the event is sent; ``seq`` rises by one per kept event."""

    event_id: str = ""
    seq: int = Field(
        0,
        description="Position in the session's log, from 1; 0 for passing events, which are not replayed.",
    )
