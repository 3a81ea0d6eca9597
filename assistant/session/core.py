"""The conversation as a state machine: facts in, actions out. Every product decision is made here. Pure.

``handle`` never blocks and never raises for a fact that arrives late; it ignores it.
"""

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Literal, assert_never

from assistant.dictation.alignment import SpokenWords
from assistant.dictation.dictation import Dictation
from assistant.dictation.document import Range
from assistant.dictation.formatter import Formatter
from assistant.engines.base import EngineInfo, Exchange, Question, Usage
from assistant.engines.pieces import ImagePiece
from assistant.engines.tasks import task_of
from assistant.errors import BadInput
from assistant.events import (
    AnswerThought,
    AttachmentAdded,
    AttachmentRemoved,
    BufferCleared,
    BufferCommitted,
    ContextUsed,
    ConversationItem,
    DurationUsage,
    EngineDescription,
    ErrorBody,
    ErrorEvent,
    Intent,
    IntentEvent,
    ItemAdded,
    ItemEdited,
    Mode,
    OutputTextDelta,
    OutputTextDone,
    ResponseBody,
    ResponseCreated,
    ResponseDone,
    ResponseSources,
    SpeechStartedEvent,
    SpeechStoppedEvent,
    TokenUsage,
    TranscriptCompleted,
    TranscriptDelta,
    TranscriptFailed,
    TranscriptPartial,
    TranscriptWords,
    WordPlace,
    WordTime,
)
from assistant.intents.classifier import tidy
from assistant.intents.detect import Context, Decision
from assistant.intents.split import Part, decide
from assistant.readings.labs import LabReport, parse_labs
from assistant.session.asking import (
    MOST_EARLIER,
    NOT_FOUND,
    NOT_READY,
    Guidelines,
    cited,
    is_about_the_session,
    search_text,
    source_part,
    sources_of,
)
from assistant.session.findings import findings
from assistant.session.images import Attached, choose_images
from assistant.session.report import document_changed
from assistant.session.types import (
    Action,
    AnswerFinished,
    AnswerProgressed,
    AnswerRequested,
    Emit,
    Fact,
    FinalHeard,
    FindPassages,
    ImageAttached,
    ImageRemoved,
    IntentCorrected,
    ItemEditedByHand,
    KeepCorrection,
    ModeChosen,
    ModelThought,
    PartialHeard,
    PassagesFound,
    QuestionTyped,
    RecognitionFailed,
    ReportCommanded,
    ReportEdited,
    SpeechStarted,
    SpeechStopped,
    StartAnswer,
    StopAnswer,
    StopRequested,
    UtteranceDropped,
)

STOP_COMMAND = "stop"
MOST_SENT = 20
"""Answers whose prompt can still be shown; each holds its images."""
CORRECTIONS: dict[str, Literal["dictation", "question"]] = {
    "was_dictation": "dictation",
    "was_question": "question",
}
APPLIED_EDITS = 50
"""So many event ids of hand edits are told; a page has one edit under way at a time."""


@dataclass(slots=True)
class Item:
    """One utterance (or a part of it, or a typed question), and how it was taken."""

    id: str
    heard: str
    text: str
    """As it went into the report or the question."""
    intent: Intent


@dataclass(slots=True)
class Answer:
    """The answer that runs."""

    turn: int
    question_item_id: str
    question: Question
    pieces: list[str] = field(default_factory=list)
    thought: bool = False

    @property
    def response_id(self) -> str:
        return f"resp_{self.turn}"

    @property
    def item_id(self) -> str:
        return f"answer_{self.turn}"


class Conversation:
    """One clinician's session."""

    def __init__(
        self,
        engine: EngineInfo,
        guidelines: Guidelines = "none",
        *,
        mark_below: float = 0.5,
        text_engine: EngineInfo | None = None,
    ) -> None:
        """Words heard with less confidence than ``mark_below`` are doubtful."""
        self._engine, self._text_engine = engine, text_engine
        self._mark_below = mark_below
        self._spoken = SpokenWords()
        self._guidelines = guidelines
        self._earlier: deque[tuple[str, Exchange]] = deque(maxlen=MOST_EARLIER)  # by the question's item
        self.dictation = Dictation(Formatter())
        self._shown_revision = 0
        self._applied: deque[str] = deque(maxlen=APPLIED_EDITS)
        self.mode: Mode = "auto"
        self._items: dict[str, Item] = {}
        self._images: dict[str, ImageAttached] = {}
        self._stable_sent: dict[int, str] = {}  # by running utterance
        self._last_item_id: str | None = None
        self._turn = 0
        self._typed = 0
        self._asked_text: tuple[str, str] | None = None  # (item id, text) waiting for response.create
        self._answer: Answer | None = None
        self._sent: dict[str, tuple[Question, EngineInfo]] = {}  # by response
        self._labs: dict[str, LabReport] = {}  # by response

    @property
    def document(self) -> str:
        """The report as text."""
        return self.dictation.document.text

    def words(self) -> list[WordPlace]:
        """The words of the report that were spoken, where their places are known."""
        return self._spoken.place(self.dictation.document.sections)

    def doubtful(self) -> list[WordPlace]:
        """Those that were heard with too little confidence."""
        return self._spoken.place(self.dictation.document.sections, below=self._mark_below)

    @property
    def image_count(self) -> int:
        return len(self._images)

    def image(self, attachment_id: str) -> ImageAttached | None:
        return self._images.get(attachment_id)

    def sent(self, response_id: str) -> tuple[Question, EngineInfo] | None:
        """What an answer was asked with, and of whom; of the last ``MOST_SENT`` answers."""
        return self._sent.get(response_id)

    def labs(self, response_id: str) -> LabReport | None:
        return self._labs.get(response_id)

    def handle(self, fact: Fact) -> list[Action]:
        """Take one fact; return what to do about it, in order."""
        actions = self._handle(fact)
        if self.dictation.document.revision != self._shown_revision:
            self._shown_revision = self.dictation.document.revision
            actions.append(Emit(document_changed(self.dictation, self._applied, self.doubtful())))
        return actions

    def _handle(self, fact: Fact) -> list[Action]:
        match fact:
            case SpeechStarted(utterance, at_ms):
                return [Emit(SpeechStartedEvent(audio_start_ms=at_ms, item_id=_item_id(utterance)))]
            case SpeechStopped(utterance, at_ms):
                return self._speech_stopped(_item_id(utterance), at_ms)
            case PartialHeard():
                return self._partial(fact)
            case FinalHeard():
                return self._final(fact)
            case UtteranceDropped(utterance):
                return [Emit(BufferCleared(item_id=_item_id(utterance) if utterance else None))]
            case RecognitionFailed(utterance, code, message):
                body = ErrorBody(type="server_error", code=code, message=message)
                return [Emit(TranscriptFailed(item_id=_item_id(utterance), error=body))]
            case ModeChosen(mode):
                self.mode = mode
                return []
            case IntentCorrected():
                return self._correct(fact)
            case ItemEditedByHand():
                return self._edit(fact)
            case ReportEdited():
                return self._edit_report(fact)
            case ReportCommanded():
                return self._command_report(fact)
            case QuestionTyped(text):
                return self._question_typed(text)
            case AnswerRequested(event_id):
                return self._answer_requested(event_id)
            case StopRequested(response_id):
                if self._answer and response_id in (None, self._answer.response_id):
                    return self._stop()
                return []
            case ImageAttached(_, attachment):
                self._images[attachment.id] = fact
                return [Emit(AttachmentAdded(attachment=attachment))]
            case ImageRemoved(attachment_id):
                if self._images.pop(attachment_id, None) is None:
                    return []
                return [Emit(AttachmentRemoved(attachment_id=attachment_id))]
            case PassagesFound():
                return self._passages_found(fact)
            case AnswerProgressed():
                return self._progress(fact)
            case ModelThought():
                return self._thought(fact)
            case AnswerFinished():
                return self._finish(fact)
            case _:
                assert_never(fact)

    # --- what was heard ---

    def _speech_stopped(self, item_id: str, at_ms: int) -> list[Action]:
        previous, self._last_item_id = self._last_item_id, item_id
        return [
            Emit(SpeechStoppedEvent(audio_end_ms=at_ms, item_id=item_id)),
            Emit(BufferCommitted(item_id=item_id, previous_item_id=previous)),
        ]

    def _partial(self, fact: PartialHeard) -> list[Action]:
        item_id = _item_id(fact.utterance)
        actions: list[Action] = []
        if delta := fact.stable[len(self._stable_sent.get(fact.utterance, "")) :]:
            actions.append(Emit(TranscriptDelta(item_id=item_id, delta=delta)))
            self._stable_sent[fact.utterance] = fact.stable
        return [
            *actions,
            Emit(TranscriptPartial(item_id=item_id, stable=fact.stable, tentative=fact.tentative)),
        ]

    def _final(self, fact: FinalHeard) -> list[Action]:
        item_id, text = _item_id(fact.utterance), fact.text.strip()
        self._stable_sent.pop(fact.utterance, None)
        completed = TranscriptCompleted(
            item_id=item_id,
            transcript=text,
            usage=DurationUsage(seconds=(fact.end_ms - fact.start_ms) / 1000),
            start_ms=fact.start_ms,
            end_ms=fact.end_ms,
            at=fact.at,
        )
        actions: list[Action] = [Emit(completed)]
        if fact.words:
            words = [
                WordTime(
                    text=word.text,
                    start_ms=fact.start_ms + word.start_ms,
                    end_ms=fact.start_ms + word.end_ms,
                    confidence=word.confidence,
                )
                for word in fact.words
            ]
            self._spoken.heard(item_id, words)
            actions.append(Emit(TranscriptWords(item_id=item_id, words=words)))
        return [*actions, *self._take(item_id, text)] if text else actions

    def _take(self, item_id: str, text: str) -> list[Action]:
        """Decide what an utterance is, and act on it."""
        context = Context(
            mode=self.mode, has_images=bool(self._images), answer_running=self._answer is not None
        )
        actions: list[Action] = []
        parts = decide(text, context)
        meant = CORRECTIONS.get(parts[0].decision.command or "")
        if meant and (wrong := self._last_taken_otherwise(meant)):
            self._items[item_id] = Item(item_id, text, text, "command")
            return [_taken(item_id, parts[0].decision, text), *self._correct(IntentCorrected(wrong, meant))]
        for number, part in enumerate(parts):
            part_id = f"{item_id}_{number + 1}" if number else item_id
            actions += self._take_part(part_id, part, item_id if number else None)
        return actions

    def _last_taken_otherwise(self, meant: str) -> str | None:
        """The newest utterance that was taken for something else than ``meant``: what "that" is."""
        spoken = (item for item in reversed(self._items.values()) if item.intent != "command")
        newest = next(spoken, None)
        return newest.id if newest and newest.intent != meant else None

    def _take_part(self, item_id: str, part: Part, part_of: str | None) -> list[Action]:
        text, decision = part.heard.strip(), part.decision
        self.dictation.heard(item_id)
        intent = decision.intent
        if intent == "command" and not (decision.command == STOP_COMMAND and self._answer):
            intent = "dictation"  # nothing that could be carried out: what was said is kept as text
        kept = text
        if intent == "question":
            kept = tidy(decision.text)
        elif intent == "dictation":
            kept = self.dictation.take(item_id, text)
        self._items[item_id] = Item(item_id, text, kept, intent)
        emit = _taken(item_id, replace(decision, intent=intent), kept, part_of)
        match intent:
            case "question":
                return [emit, *self._ask(item_id, kept)]
            case "command":
                return [emit, *self._stop()]
            case _:
                return [emit]

    # --- what the person changed ---

    def _correct(self, fact: IntentCorrected) -> list[Action]:
        item = self._items.get(fact.item_id)
        if item is None:
            return [_error("item_unknown", "There is no such utterance.", fact.event_id)]
        if item.intent == fact.intent:
            return []
        item.intent = fact.intent
        if fact.intent == "dictation":
            self._earlier = deque((e for e in self._earlier if e[0] != item.id), MOST_EARLIER)
            item.text = self.dictation.put_back(item.id, item.heard)
        else:
            self.dictation.take_out(item.id)
        keep = KeepCorrection(item.heard, fact.intent)
        emit = Emit(
            IntentEvent(
                item_id=item.id,
                intent=fact.intent,
                confidence=1.0,
                reason="corrected by hand",
                text=item.text,
                corrected=True,
            )
        )
        if fact.intent == "question":
            return [keep, emit, *self._ask(item.id, item.text)]
        if self._answer and self._answer.question_item_id == item.id:
            return [keep, emit, *self._stop()]
        return [keep, emit]

    def _edit(self, fact: ItemEditedByHand) -> list[Action]:
        item = self._items.get(fact.item_id)
        if item is None:
            return [_error("item_unknown", "There is no such utterance.", fact.event_id)]
        try:
            self.dictation.rewrite(item.id, fact.text.strip())
        except BadInput as error:
            return [_error(error.code, error.message, fact.event_id)]
        item.text = fact.text.strip()
        return [Emit(ItemEdited(item_id=item.id, text=item.text))]

    def _edit_report(self, fact: ReportEdited) -> list[Action]:
        edit = fact.edit
        try:
            where = Range(edit.section_id, edit.start, edit.end)
            self.dictation.editor.edit(edit.revision, where, edit.text)
        except BadInput as error:
            return [_error(error.code, error.message, edit.event_id)]
        if edit.event_id:
            self._applied.append(edit.event_id)
        return []

    def _command_report(self, fact: ReportCommanded) -> list[Action]:
        command = fact.command
        try:
            self.dictation.obey(command)
        except BadInput as error:
            return [_error(error.code, error.message, command.event_id)]
        return []

    # --- questions and answers ---

    def _question_typed(self, text: str) -> list[Action]:
        self._typed += 1
        item_id = f"typed_{self._typed}"
        self._asked_text = (item_id, text)
        item = ConversationItem(id=item_id, role="user", content=[{"type": "input_text", "text": text}])
        return [Emit(ItemAdded(item=item))]

    def _answer_requested(self, event_id: str | None) -> list[Action]:
        if self._asked_text is None:
            return [_error("nothing_to_answer", "Ask something first: conversation.item.create.", event_id)]
        (item_id, text), self._asked_text = self._asked_text, None
        self._items[item_id] = Item(item_id, text, text, "question")
        return self._ask(item_id, text)

    def _ask(self, item_id: str, text: str) -> list[Action]:
        stopped = self._stop()
        self._turn += 1
        chosen = choose_images(text, [Attached(key, each.image.name) for key, each in self._images.items()])
        question = Question(
            text=text,
            document=self.document,
            pieces=tuple(ImagePiece(self._images[key].image, key) for key in chosen.ids),
            earlier=tuple(exchange for _, exchange in self._earlier),
        )
        question = replace(question, task=task_of(text, len(question.images)))
        self._answer = answer = Answer(self._turn, item_id, question)
        created = ResponseCreated(
            response=ResponseBody(id=answer.response_id, status="in_progress"),
            question=text,
            question_item_id=item_id,
            attachment_ids=list(chosen.ids),
            engine=describe(self._engine_for(question)),
            context=ContextUsed(
                document_chars=len(question.document), earlier=len(question.earlier), images=chosen.why
            ),
        )
        if self._guidelines == "none":
            return [*stopped, Emit(created), self._start(answer)]
        return [*stopped, Emit(created), FindPassages(answer.turn, search_text(text, question.earlier))]

    def _start(self, answer: Answer) -> StartAnswer:
        self._sent[answer.response_id] = (answer.question, self._engine_for(answer.question))
        if len(self._sent) > MOST_SENT:
            del self._sent[next(iter(self._sent))]
        by_text_engine = self._engine_for(answer.question) is self._text_engine
        return StartAnswer(answer.turn, answer.question, by_text_engine)

    def _engine_for(self, question: Question) -> EngineInfo:
        """Places, slices and changes are what the engine that sees is better at, even a smaller one; what has
        no image goes to the engine for text, if there is one."""
        return self._engine if question.images else self._text_engine or self._engine

    def _passages_found(self, fact: PassagesFound) -> list[Action]:
        answer = self._answer
        if answer is None or fact.turn != answer.turn:
            return []
        answer.question = question = replace(
            answer.question, sources=sources_of(fact.passages), guidelines_searched=fact.ready
        )
        answered = bool(question.sources) or self._guidelines == "first" or is_about_the_session(question)
        told = ResponseSources(
            response_id=answer.response_id,
            sources=list(map(source_part, question.sources)),
            answered=answered,
        )
        if answered:
            return [Emit(told), self._start(answer)]
        says = self._progress(AnswerProgressed(answer.turn, NOT_FOUND if fact.ready else NOT_READY))
        return [Emit(told), *says, *self._finish(AnswerFinished(answer.turn))]

    def _progress(self, fact: AnswerProgressed) -> list[Action]:
        answer = self._answer
        if answer is None or fact.turn != answer.turn:
            return []
        answer.pieces.append(fact.piece)
        return [
            Emit(OutputTextDelta(response_id=answer.response_id, item_id=answer.item_id, delta=fact.piece))
        ]

    def _thought(self, fact: ModelThought) -> list[Action]:
        answer = self._answer
        if answer is None or fact.turn != answer.turn:
            return []
        answer.thought = True
        return [Emit(AnswerThought(response_id=answer.response_id, delta=fact.piece))]

    def _finish(self, fact: AnswerFinished) -> list[Action]:
        if self._answer is None or fact.turn != self._answer.turn:
            return []
        code, message = fact.code, fact.message
        if code is None and self._answer.thought and not self._answer.pieces:
            code, message = "only_thoughts", "The model only thought: raise --engine-max-tokens."
        if code is None:
            return self._close_answer("completed", usage=fact.usage)
        details: dict[str, object] = {"error": {"code": code, "message": message}}
        return self._close_answer("failed", details, fact.usage)

    def _stop(self) -> list[Action]:
        if self._answer is None:
            return []
        return [StopAnswer(self._answer.turn), *self._close_answer("cancelled")]

    def _close_answer(
        self, status: str, details: dict[str, object] | None = None, usage: Usage | None = None
    ) -> list[Action]:
        answer, self._answer = self._answer, None
        assert answer is not None
        text = "".join(answer.pieces)
        found: list[Action] = []
        if status == "completed":
            if answer.question.task == "labs" and (report := parse_labs(text)):
                self._labs[answer.response_id] = report
            found = [Emit(event) for event in findings(answer.response_id, answer.question, text)]
        if text:
            self._earlier.append((answer.question_item_id, Exchange(answer.question.text, text)))
        item = ConversationItem(
            id=answer.item_id,
            role="assistant",
            status="completed" if status == "completed" else "incomplete",
            content=[{"type": "output_text", "text": text}],
        )
        tokens = usage and TokenUsage(
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.output_tokens,
            total_tokens=usage.prompt_tokens + usage.output_tokens,
        )
        body = ResponseBody.model_validate(
            {
                "id": answer.response_id,
                "status": status,
                "status_details": details,
                "output": [item],
                "usage": tokens,
            }
        )
        return [
            Emit(OutputTextDone(response_id=answer.response_id, item_id=answer.item_id, text=text)),
            *found,
            Emit(ResponseDone(response=body, cited=cited(text, answer.question.sources))),
        ]


def describe(info: EngineInfo) -> EngineDescription:
    """The engine as it stands on the wire."""
    return EngineDescription(
        name=info.name,
        stand_in=info.stand_in,
        sees_images=info.sees_images,
        notice=info.notice,
        revision=info.revision,
    )


def _taken(item_id: str, decision: Decision, text: str, part_of: str | None = None) -> Emit:
    return Emit(
        IntentEvent(
            item_id=item_id,
            intent=decision.intent,
            confidence=decision.confidence,
            reason=decision.reason,
            text=text,
            doubtful=decision.doubtful,
            part_of=part_of,
        )
    )


def _item_id(utterance: int) -> str:
    return f"utt_{utterance}"


def _error(code: str, message: str, event_id: str | None) -> Emit:
    return Emit(ErrorEvent(error=ErrorBody(code=code, message=message, event_id=event_id)))
