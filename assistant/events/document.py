"""The report: its edits, its current state, and the commands that work on it. Pure."""

from typing import Literal

from pydantic import Field

from assistant.events.base import ClientEventBase, CommandName, DoubtReason, Origin, Part, ServerEventBase


class ItemEdit(ClientEventBase):
    """Replace the text of a dictated item. Empty text removes the item."""

    type: Literal["assistant.item.edit"] = "assistant.item.edit"
    item_id: str = Field(max_length=64)
    text: str = Field(max_length=32_000)


class ItemEdited(ServerEventBase):
    """A dictated item now has this text."""

    type: Literal["assistant.item.edited"] = "assistant.item.edited"
    item_id: str
    text: str


class DocumentEdit(ClientEventBase):
    """A hand edit: ``[start, end)`` of a section's text, as it was at ``revision``, becomes ``text``.

    Changes made in the meantime are kept: the edit moves with its place. Its ``event_id`` comes back
    in ``applied`` of the next ``assistant.document.changed``; or in an ``error``: ``edit_conflict`` (that
    very place has changed), ``edit_too_old``, ``section_unknown``, ``range_invalid``; nothing changed then.
    """

    type: Literal["assistant.document.edit"] = "assistant.document.edit"
    revision: int = Field(ge=0)
    section_id: str = Field(max_length=128)
    start: int = Field(ge=0, description="In code points, like all offsets.")
    end: int = Field(ge=0)
    text: str = Field(max_length=100_000)


ButtonName = Literal[
    "undo",
    "redo",
    "go_to",
    "place_cursor",
    "next_field",
    "previous_field",
    "new_report",
    "insert_template",
    "insert_macro",
    "insert_text",
    "choose",
    "confirm",
]


class DocumentCommand(ClientEventBase):
    """A button's command on the report.

    ``go_to`` takes ``section_id``; ``place_cursor`` takes ``section_id``, ``offset`` and ``revision``, for a
    selection also its ``end``, in the section ``end_section_id`` if that is another. Its ``event_id`` comes
    back in ``applied``, with the place that was taken: fields, and marks of lost sound, are selected whole;
    ``new_report`` takes a template's ``name`` (none: a blank report); a report that has words, or is signed,
    stays in the list, and another begins in a new session (see ``session.created``), which is refused where
    nothing is kept (``nothing_kept``);
    ``insert_template`` adds the sections of a template that the report does not have; ``insert_macro``
    takes a macro's name; ``insert_text`` takes ``text``, its ``origin`` and, for the end of a section
    instead of the cursor, the section's title as ``name``; ``choose`` fills the field at ``offset``, or
    replaces the words there for which it was offered, with ``text``; ``confirm`` takes the doubt off the
    text at ``offset``, or accepts the text of an answer there, and puts ``text`` in its place if there is
    one; confirmed without a text, the mark of a gap is accepted and leaves the report.
    """

    type: Literal["assistant.document.command"] = "assistant.document.command"
    command: ButtonName
    section_id: str | None = Field(None, max_length=128)
    offset: int | None = Field(None, ge=0)
    end: int | None = Field(None, ge=0)
    end_section_id: str | None = Field(None, max_length=128)
    revision: int | None = Field(None, ge=0)
    name: str | None = Field(None, max_length=128)
    text: str | None = Field(None, max_length=100_000)
    origin: Origin = "typed"


class RangePart(Part):
    section_id: str
    start: int
    end: int


class CommandDone(ServerEventBase):
    """A command was carried out, or could not be (``failed``).

    The client carries out ``read_back`` and ``copy``, with ``text``, and ``print``, ``save`` and ``help``.

    Undo, spoken or as a client event, reverses its effect on the report.
    """

    type: Literal["assistant.command.done"] = "assistant.command.done"
    item_id: str | None = Field(None, description="The utterance; none for a button.")
    command: CommandName | ButtonName
    message: str = Field(description="The result, in words for people.")
    text: str = ""
    choices: list[str] = Field([], description="Alternatives to the selection, chosen by number or a click.")
    choices_for: RangePart | None = Field(None, description="The selection that the choices replace.")
    failed: bool = False
    changed: bool = Field(False, description="It changed what the report says, which undo takes back.")


class WordOffered(ServerEventBase):
    """A word that a person wrote over a spoken one, and that is in no list: it may be kept as an own word.

    Each word comes once. ``sounds_like``: what was heard instead, where that may be exchanged for it.
    """

    type: Literal["assistant.word.offered"] = "assistant.word.offered"
    word: str
    sounds_like: list[str] = []


class CommandHelp(Part):
    say: str
    does: str


class LibraryRead(ServerEventBase):
    """The templates, macros and words that can be spoken or inserted; sent again when their files change."""

    type: Literal["assistant.library"] = "assistant.library"
    templates: list[str]
    macros: list[str]
    commands: list[CommandHelp]
    problems: list[str] = Field([], description="Faults of files, in words for people.")


class FieldPart(Part):
    """A field, shown as ``[name]`` until it is filled."""

    name: str
    choices: list[str] = []


class DoubtPart(Part):
    """Why a clinician has to look at a text, and what was likely meant, if anything is known."""

    reason: DoubtReason
    message: str = Field(description="For people.")
    offer: str = ""


class RunPart(Part):
    """Text from one source; ``item_id`` is the utterance it came from."""

    text: str
    item_id: str | None = None
    origin: Origin
    field: FieldPart | None = None
    doubt: DoubtPart | None = Field(None, description="Set until a person has changed or confirmed the text.")


class SectionPart(Part):
    id: str
    title: str = Field(description="Empty for the one section of a report without a template.")
    runs: list[RunPart]


class PositionPart(Part):
    section_id: str
    offset: int


class WordPlace(Part):
    """``[start, end)`` of a section's text, and when it was said, on the session's sample clock."""

    section_id: str
    start: int
    end: int
    item_id: str
    start_ms: int
    end_ms: int
    confidence: float | None = None


class DocumentChanged(ServerEventBase):
    """The whole report. Only the newest of these events is kept for a resuming client, and what patches it.

    A short report comes whole with every change; a longer one now and then, and in between as
    ``assistant.document.patched``.
    """

    type: Literal["assistant.document.changed"] = "assistant.document.changed"
    revision: int = Field(description="Rises with every change, undo included.")
    sections: list[SectionPart]
    cursor: PositionPart = Field(description="Place of the next words.")
    selected: RangePart | None = Field(None, description="Range that the next words replace.")
    also_selected: list[RangePart] = Field(
        [], description="The rest of a selection that goes over several sections, in their order."
    )
    template: str | None = None
    can_undo: bool = False
    can_redo: bool = False
    applied: list[str] = Field(
        [], description="The event ids of the latest hand edits, and cursors put by hand, that are in it."
    )
    doubtful: list[WordPlace] = Field(
        [], description="Words heard with less than the session's mark_below; none where nothing is known."
    )


class TextPatch(Part):
    """``[start, end)`` of a run's text becomes ``text``."""

    start: int = Field(description="In code points, like all offsets.")
    end: int
    text: str


class SectionPatch(Part):
    """The change of one section: ``drop`` of its runs, from number ``at`` on, give way to ``runs``; or only
    the text of run ``at`` changed."""

    section_id: str
    at: int
    drop: int = 0
    runs: list[RunPart] = []
    text: TextPatch | None = None


class DocumentPatched(ServerEventBase):
    """The changes of the report since ``base``, the revision of the event before. The template, the sections
    and their titles are as they were."""

    type: Literal["assistant.document.patched"] = "assistant.document.patched"
    base: int
    revision: int
    sections: list[SectionPatch] = Field(description="At most one for each section.")
    cursor: PositionPart
    selected: RangePart | None = None
    also_selected: list[RangePart] = []
    can_undo: bool = False
    can_redo: bool = False
    applied: list[str] = Field([], description="The event ids of the hand edits that came in with it.")
    sure: list[WordPlace] = Field(
        [],
        description="Doubtful words that are none any more, at their new places. A doubtful word behind a "
        "changed text moves with it, and one that touches it is gone.",
    )
    doubtful: list[WordPlace] = Field([], description="Doubtful words that are new.")
