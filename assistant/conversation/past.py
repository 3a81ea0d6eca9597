"""Reads a session's past from its stored events, so that the session can continue. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from assistant.events import (
    Attachment,
    AttachmentAdded,
    AttachmentDoubted,
    AttachmentRemoved,
    AttentionChanged,
    AudioGap,
    BufferCleared,
    BufferCommitted,
    DocumentChanged,
    DocumentPatched,
    EchoLeftOut,
    IntentEvent,
    ItemDeleted,
    ItemEdited,
    OutputTextDone,
    ReportDescribed,
    ReportReopened,
    ReportSigned,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
    SessionState,
    SessionUpdated,
    SpeechStartedEvent,
    TranscriptCompleted,
    TranscriptFailed,
    TranscriptWords,
    WordTime,
)
from assistant.events.patching import KnownReport

_NUMBER = re.compile(r"(utt|typed|resp)_(\d+)")


@dataclass(slots=True)
class PastAnswer:
    created: ResponseCreated
    text: str = ""
    status: str = "in_progress"


class PastAnswers(dict[str, PastAnswer]):
    """Answers by response, as their events tell them."""

    def take(self, event: ResponseCreated | OutputTextDone | ResponseDone) -> None:
        match event:
            case ResponseCreated():
                self[event.response.id] = PastAnswer(event)
            case OutputTextDone() if answer := self.get(event.response_id):
                answer.text = event.text
            case ResponseDone() if answer := self.get(event.response.id):
                answer.status = event.response.status
            case _:
                pass


@dataclass(slots=True)
class Past:
    """``utterances`` and ``typed`` are the highest numbers that were given to what was said and typed,
    ``turn`` to answers; ``until_ms`` is the latest time of the sound that any event tells."""

    report: KnownReport = field(default_factory=KnownReport)
    session: SessionState | None = None
    asleep: bool = False
    described: ReportDescribed | None = None
    signed: tuple[ReportSigned, ...] = ()
    signed_sections: tuple[tuple[str, str], ...] = ()
    """Title and text of each, as they were when it was last signed."""
    reopened: ReportReopened | None = None
    """Since it was last signed."""
    heard: dict[str, TranscriptCompleted] = field(default_factory=dict)
    words: dict[str, tuple[WordTime, ...]] = field(default_factory=dict)
    intents: dict[str, IntentEvent] = field(default_factory=dict)
    edited: dict[str, str] = field(default_factory=dict)
    echoes: dict[str, str] = field(default_factory=dict)
    committed: dict[str, None] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    speaking: dict[str, None] = field(default_factory=dict)
    """Utterances that began and have neither a final nor another end."""
    answers: PastAnswers = field(default_factory=PastAnswers)
    doubts: dict[str, str] = field(default_factory=dict)
    """By attachment: why it may be of another patient."""
    confirmed: set[str] = field(default_factory=set)
    """Attachments of which a person has said that they are of the report's patient."""
    attachments: dict[str, Attachment] = field(default_factory=dict)
    utterances: int = 0
    typed: int = 0
    turn: int = 0
    until_ms: int = 0

    def _count(self, name: str) -> None:
        if found := _NUMBER.match(name):
            number = int(found[2])
            match found[1]:
                case "utt":
                    self.utterances = max(self.utterances, number)
                case "typed":
                    self.typed = max(self.typed, number)
                case _:
                    self.turn = max(self.turn, number)

    def _take(self, event: ServerEvent) -> None:
        match event:
            case DocumentChanged() | DocumentPatched():
                self.report.take(event)
            case SessionUpdated(session=session):
                self.session, self.asleep = session, session.asleep
            case AttentionChanged(asleep=asleep):
                self.asleep = asleep
            case ReportDescribed():
                self.described = event
            case ReportSigned():
                self.signed, self.reopened = (*self.signed, event), None
                told = self.report.whole()
                self.signed_sections = tuple(
                    (part.title, "".join(run.text for run in part.runs))
                    for part in (told.sections if told else ())
                )
            case ReportReopened():
                self.reopened = event
            case SpeechStartedEvent(item_id=item_id, audio_start_ms=start_ms):
                self._count(item_id)
                self.speaking[item_id] = None
                self.until_ms = max(self.until_ms, start_ms)
            case BufferCommitted(item_id=item_id):
                self._count(item_id)
                self.committed[item_id] = None
            case BufferCleared(item_id=item_id):
                self.speaking.pop(item_id or "", None)
            case TranscriptFailed(item_id=item_id):
                self.speaking.pop(item_id, None)
            case TranscriptCompleted(item_id=item_id):
                self._count(item_id)
                self.speaking.pop(item_id, None)
                self.heard[item_id] = event
                self.until_ms = max(self.until_ms, event.end_ms)
            case TranscriptWords(item_id=item_id, words=words):
                self.words[item_id] = tuple(words)
            case IntentEvent(item_id=item_id):
                self.intents[item_id] = event
            case EchoLeftOut(item_id=item_id, text=text):
                self.echoes[item_id] = text
            case ItemEdited(item_id=item_id, text=text):
                self.edited[item_id] = text
            case ItemDeleted(item_id=item_id):
                self.deleted.add(item_id)
            case AudioGap(start_ms=start_ms, duration_ms=duration_ms):
                self.until_ms = max(self.until_ms, start_ms + duration_ms)
            case ResponseCreated():
                self._count(event.response.id)
                self._count(event.question_item_id)
                self.answers.take(event)
            case OutputTextDone() | ResponseDone():
                self.answers.take(event)
            case AttachmentAdded(attachment=attachment):
                self.attachments[attachment.id] = attachment
            case AttachmentDoubted(attachment_id=attachment_id, message=message, confirmed=confirmed):
                self.doubts[attachment_id] = message
                (self.confirmed.add if confirmed else self.confirmed.discard)(attachment_id)
            case AttachmentRemoved(attachment_id=attachment_id):
                self.attachments.pop(attachment_id, None)
            case _:
                pass


def past_of(events: Iterable[ServerEvent]) -> Past:
    """Raises ``AssistantError``: ``report_out_of_step`` where an event of the report is missing."""
    past = Past()
    for event in events:
        past._take(event)
    return past
