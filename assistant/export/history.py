"""A session's events, live or from the store, as a report. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from assistant.dictation.alignment import align
from assistant.dictation.gaps import gap_id
from assistant.errors import BadInput
from assistant.events import (
    AudioGap,
    DocumentChanged,
    DocumentPatched,
    IntentEvent,
    ItemEdited,
    OutputTextDone,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
    TranscriptCompleted,
    TranscriptWords,
    WordTime,
)
from assistant.events.patching import KnownReport
from assistant.export.report import Answered, Lost, Report, ReportSection, Utterance


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
class _Answer:
    created: ResponseCreated
    text: str = ""
    status: str = "in_progress"


@dataclass(slots=True)
class _History:
    report: KnownReport = field(default_factory=KnownReport)
    items: dict[str, _Item] = field(default_factory=dict)
    answers: dict[str, _Answer] = field(default_factory=dict)
    gaps: dict[str, AudioGap] = field(default_factory=dict)

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
            case AudioGap():
                self.gaps[gap_id(event.start_ms)] = event
            case ResponseCreated():
                self.answers[event.response.id] = _Answer(event)
            case OutputTextDone() if answer := self.answers.get(event.response_id):
                answer.text = event.text
            case ResponseDone() if answer := self.answers.get(event.response.id):
                answer.status = event.response.status
            case _:
                pass

    def _item(self, event: IntentEvent) -> _Item | None:
        whole = self.items.get(event.part_of or "")
        if whole and event.item_id not in self.items:
            whole.is_part = True
            self.items[event.item_id] = replace(whole, id=event.item_id)
        return self.items.get(event.item_id)


def report_from(
    events: Iterable[ServerEvent], session: SessionInfo, exported_at: datetime, revision: int | None = None
) -> Report:
    """The report at its newest revision, or at ``revision``. Raises ``BadInput``: ``revision_unknown``."""
    history = _History()
    for event in events:
        history.take(event)
        if revision is not None and history.report.revision == revision:
            break
    document = history.report.whole()
    if revision is not None and (document is None or document.revision != revision):
        raise BadInput("The report has no such revision.", code="revision_unknown")
    return Report(
        session_id=session.id,
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


def _answered(answer: _Answer) -> Answered:
    created = answer.created
    return Answered(
        question=created.question, answer=answer.text, engine=created.engine.name, status=answer.status
    )
