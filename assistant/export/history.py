"""A session's events, live or from the store, as a report. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from assistant.conversation.past import PastAnswer, PastAnswers
from assistant.dictation.alignment import align
from assistant.dictation.gaps import gap_id
from assistant.errors import AssistantError, BadInput
from assistant.events import (
    NO_ORDER,
    NOBODY,
    AudioGap,
    DocumentChanged,
    DocumentPatched,
    IntentEvent,
    ItemEdited,
    OutputTextDone,
    ReportDescribed,
    ReportReopened,
    ReportSigned,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
    TranscriptCompleted,
    TranscriptWords,
    WordTime,
)
from assistant.events.patching import KnownReport
from assistant.export.report import (
    Answered,
    Lost,
    Report,
    ReportSection,
    Signature,
    Utterance,
    content_sha256,
)


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """Details of a session that its events lack. ``started_at`` carries its offset from UTC."""

    id: str
    started_at: datetime
    recogniser: str


@dataclass(slots=True)
class _Item:
    completed: TranscriptCompleted
    id: str
    intent: str = ""
    written: str = ""
    words: tuple[WordTime, ...] = ()
    is_part: bool = False  # of an utterance that was dictation and question in one


@dataclass(slots=True)
class _History:
    report: KnownReport = field(default_factory=KnownReport)
    items: dict[str, _Item] = field(default_factory=dict)
    answers: PastAnswers = field(default_factory=PastAnswers)
    gaps: dict[str, AudioGap] = field(default_factory=dict)
    described: ReportDescribed | None = None
    signed: list[ReportSigned] = field(default_factory=list)
    is_open: bool = True

    def take(self, event: ServerEvent) -> None:
        match event:
            case DocumentChanged() | DocumentPatched():
                self.report.take(event)
            case TranscriptCompleted() if event.transcript.strip():
                self.items[event.item_id] = _Item(event, event.item_id, written=event.transcript)
            case TranscriptWords() if item := self.items.get(event.item_id):
                item.words = tuple(event.words)
            case IntentEvent() if item := self._item(event):
                item.intent, item.written = event.intent, event.text
            case ItemEdited() if item := self.items.get(event.item_id):
                item.written = event.text
            case ReportDescribed():
                self.described = event
            case ReportSigned():
                self.signed.append(event)
                self.is_open = False
            case ReportReopened():
                self.is_open = True
            case AudioGap():
                self.gaps[gap_id(event.start_ms)] = event
            case ResponseCreated() | OutputTextDone() | ResponseDone():
                self.answers.take(event)
            case _:
                pass

    def _item(self, event: IntentEvent) -> _Item | None:
        whole = self.items.get(event.part_of or "")
        if whole and event.item_id not in self.items:
            whole.is_part = True
            self.items[event.item_id] = replace(whole, id=event.item_id)
        return self.items.get(event.item_id)


def report_from(
    events: Iterable[ServerEvent],
    session: SessionInfo,
    exported_at: datetime,
    revision: int | None = None,
    *,
    signed: int | None = None,
) -> Report:
    """The report at its newest revision, or at ``revision``, or as it was ``signed`` for the first time, the
    second and so on.

    Raises ``BadInput``: ``revision_unknown``, ``signature_unknown``; ``AssistantError``: ``signature_broken``
    where the text is not what was signed.
    """
    history = _History()
    for event in events:
        history.take(event)
        if revision is not None and history.report.revision == revision:
            break
        if signed is not None and not history.is_open and len(history.signed) == signed:
            break
    if signed is not None and len(history.signed) != signed:
        raise BadInput("The report has no such signature.", code="signature_unknown")
    document = history.report.whole()
    if revision is not None and (document is None or document.revision != revision):
        raise BadInput("The report has no such revision.", code="revision_unknown")
    report = Report(
        session_id=session.id,
        status=_status(history),
        patient=history.described.patient if history.described else NOBODY,
        order=history.described.order if history.described else NO_ORDER,
        signatures=tuple(Signature.model_validate(each.model_dump()) for each in history.signed),
        template=(document and document.template) or "",
        started_at=session.started_at,
        exported_at=exported_at,
        recogniser=session.recogniser,
        revision=document.revision if document else 0,
        sections=tuple(
            ReportSection(id=part.id, title=part.title, text="".join(run.text for run in part.runs))
            for part in (document.sections if document else ())
        ),
        utterances=tuple(_utterance(item) for item in history.items.values() if item.intent == "dictation"),
        answers=tuple(_answered(answer) for answer in history.answers.values()),
        lost=tuple(_lost(document, history.gaps)) if document else (),
    )
    if not history.is_open and history.signed[-1].sha256 != _sha256(report, history.signed[-1]):
        raise AssistantError("The report is not what was signed.", code="signature_broken")
    return report


def _status(history: _History) -> Literal["preliminary", "final", "amended"]:
    if history.is_open:
        return "preliminary"
    return "final" if len(history.signed) == 1 else "amended"


def _sha256(report: Report, signed: ReportSigned) -> str:
    return content_sha256(
        report.session_id,
        report.template,
        ((section.title, section.text) for section in report.sections),
        patient=report.patient,
        order=report.order,
        signature=(signed.number, signed.kind, signed.name, signed.at),
        signer=signed.signer,
    )


def _lost(document: DocumentChanged, gaps: dict[str, AudioGap]) -> Iterator[Lost]:
    for run in (run for part in document.sections for run in part.runs):
        gap = gaps.get(run.item_id or "")
        if gap and run.origin == "gap" and run.doubt:
            yield Lost(start_ms=gap.start_ms, end_ms=gap.start_ms + gap.duration_ms, text=run.text)


def _utterance(item: _Item) -> Utterance:
    completed = item.completed
    utterance = Utterance(
        item_id=item.id,
        start_ms=completed.start_ms,
        end_ms=completed.end_ms,
        at=completed.at,
        heard=completed.transcript,
        written=item.written,
        words=item.words,
    )
    return _narrowed(utterance) if item.is_part else utterance


def _narrowed(part: Utterance) -> Utterance:
    """Only what was said of a part, where its words are known."""
    matches = align([word.text for word in part.words], part.written)
    if not matches:
        return part
    words = part.words[matches[0].first : matches[-1].last]
    return part.model_copy(
        update={
            "words": words,
            "heard": " ".join(word.text for word in words),
            "start_ms": words[0].start_ms,
            "end_ms": words[-1].end_ms,
        }
    )


def _answered(answer: PastAnswer) -> Answered:
    created = answer.created
    return Answered(
        question=created.question, answer=answer.text, engine=created.engine.name, status=answer.status
    )
