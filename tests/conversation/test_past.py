"""A reopened report keeps every mark of doubt, and names the attachments that are gone."""

from typing import get_args

from assistant.conversation.core import Conversation
from assistant.conversation.past import past_of
from assistant.conversation.types import Emit, ReportCommanded
from assistant.events import (
    Attachment,
    AttachmentAdded,
    AttachmentRemoved,
    DocumentChanged,
    DocumentCommand,
    DurationUsage,
    IntentEvent,
    Notice,
    TranscriptCompleted,
    TranscriptWords,
    WordTime,
)
from assistant.events.base import DoubtReason, Origin
from assistant.events.document import DoubtPart, FieldPart, PositionPart, RunPart, SectionPart
from tests.conversation.talk import INFO

HEARD = "Nodule of 4 mm."


def reopened(*events):
    """A conversation that goes on from these, and what it tells at once."""
    talk = Conversation(INFO, mark_below=0.5)
    actions = talk.go_on_from(past_of(events), {})
    return talk, [action.event for action in actions if isinstance(action, Emit)]


def test_every_mark_of_doubt_every_origin_and_field_is_there_after_the_next_change():
    reasons = [
        RunPart(text=f"{reason} ", item_id="utt_1", origin="voice",
                doubt=DoubtPart(reason=reason, message=f"Why {reason}", offer=f"Other {reason}"))
        for reason in get_args(DoubtReason)
    ]  # fmt: skip
    origins = [RunPart(text=f"{origin} ", origin=origin) for origin in get_args(Origin)]
    field = RunPart(
        text="[side] ", origin="template", field=FieldPart(name="side", choices=["left", "right"])
    )
    runs = [*reasons, *origins, field, RunPart(text=HEARD, item_id="utt_2", origin="voice")]
    words = [
        WordTime(text=word, start_ms=100 * i, end_ms=100 * i + 90, confidence=0.2 if word == "4" else 0.9)
        for i, word in enumerate(HEARD.split())
    ]
    length = sum(len(run.text) for run in runs)
    talk, told = reopened(
        TranscriptCompleted(item_id="utt_2", transcript=HEARD, usage=DurationUsage(seconds=1), start_ms=0,
                            end_ms=500),
        TranscriptWords(item_id="utt_2", words=words),
        IntentEvent(item_id="utt_2", intent="dictation", confidence=1, reason="test", text=HEARD),
        DocumentChanged(revision=7, sections=[SectionPart(id="report", title="", runs=runs)],
                        cursor=PositionPart(section_id="report", offset=length)),
    )  # fmt: skip
    assert told == []
    command = DocumentCommand(command="insert_text", text="More.")
    (changed,) = [
        action.event
        for action in talk.handle(ReportCommanded(command))
        if isinstance(action, Emit) and isinstance(action.event, DocumentChanged)
    ]
    after = changed.sections[0].runs
    assert after[: len(runs)] == runs
    assert "".join(run.text for run in after[len(runs) :]).strip() == "More."
    text = "".join(run.text for run in after)
    assert [text[word.start : word.end] for word in changed.doubtful] == ["4"]


def test_an_attachment_that_is_not_there_any_more_is_said_by_its_name_once():
    stack = Attachment(id="img_1", name="MRI · TE 17 ms · 5 slices", kind="mr", media_type="image/png",
                       width_px=1, height_px=1, url="/x", count=5)  # fmt: skip
    added = AttachmentAdded(attachment=stack)
    _, (removed, notice) = reopened(added)
    assert removed == AttachmentRemoved(attachment_id="img_1")
    assert isinstance(notice, Notice) and notice.level == "warning" and stack.name in notice.message
    _, told = reopened(added, removed, notice)
    assert told == []
