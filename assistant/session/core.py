"""The conversation as a state machine: facts in, actions out. Every product decision is made here. Pure.

``handle`` never blocks and never raises for a fact that arrives late; it ignores it.
"""

from collections import deque
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from assistant.dictation.alignment import SpokenWords
from assistant.dictation.commands import Command
from assistant.dictation.dictation import Dictation
from assistant.dictation.document import Range
from assistant.dictation.formatter import Formatter
from assistant.dictation.interpreter import REPORT_COMMANDS
from assistant.dictation.live import LiveWriter
from assistant.engines.base import EngineInfo, Question
from assistant.errors import BadInput
from assistant.events import (
    AlsoHeard,
    AttachmentAdded,
    AttachmentRemoved,
    AttentionChanged,
    BufferCleared,
    BufferCommitted,
    CommandDone,
    ConversationItem,
    DurationUsage,
    EchoLeftOut,
    ErrorBody,
    ErrorEvent,
    Intent,
    IntentEvent,
    ItemAdded,
    ItemEdited,
    Mode,
    SpeechStartedEvent,
    SpeechStop,
    SpeechStoppedEvent,
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
from assistant.intents.split import Part, decide, undecided
from assistant.readings.labs import LabReport
from assistant.session.answering import Answering, reading_order
from assistant.session.asking import (
    Guidelines,
)
from assistant.session.attention import Attention, Order
from assistant.session.report import document_changed, library_read
from assistant.session.types import (
    Action,
    AnswerFinished,
    AnswerProgressed,
    AnswerRequested,
    AttentionChosen,
    Emit,
    Fact,
    FinalExpected,
    FinalHeard,
    ImageAttached,
    ImageOpened,
    ImageRemoved,
    IntentCorrected,
    ItemEditedByHand,
    KeepCorrection,
    LibraryLoaded,
    ModeChosen,
    ModelThought,
    PartialHeard,
    PassagesFound,
    QuestionTyped,
    ReadingAloud,
    RecognitionFailed,
    RecordRead,
    ReportCommanded,
    ReportEdited,
    SpeechStarted,
    SpeechStopped,
    SpeechWentOn,
    StopRequested,
    StyleChosen,
    UtteranceDropped,
    WakePhraseChosen,
)

STOP_COMMAND = "stop"
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
    intent: Intent | Literal["echo"]
    nearly: str | None = None
    """The command that its words came close to."""


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
        self._answers = Answering(engine, text_engine, guidelines)
        self._mark_below = mark_below
        self._spoken = SpokenWords()
        self.dictation = Dictation(Formatter())
        self._style: dict[str, str] = {}
        self._shown_revision = 0
        self._applied: deque[str] = deque(maxlen=APPLIED_EDITS)
        self.mode: Mode = "auto"
        self._attention = Attention()
        self._items: dict[str, Item] = {}
        self._images: dict[str, ImageAttached] = {}
        self._stable_sent: dict[int, str] = {}  # by running utterance
        self._live: dict[int, LiveWriter] = {}  # by running utterance
        self._last_item_id: str | None = None
        self._typed = 0
        self._asked_text: tuple[str, str] | None = None  # (item id, text) waiting for response.create

    @property
    def asleep(self) -> bool:
        return self._attention.asleep

    @property
    def wake_phrase(self) -> str:
        return self._attention.wake_phrase

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
    def attachment_ids(self) -> tuple[str, ...]:
        """In the order in which they are read."""
        return reading_order(self._images)

    def sent(self, response_id: str) -> tuple[Question, EngineInfo] | None:
        """What an answer was asked with, and of whom; of the latest answers."""
        return self._answers.sent.get(response_id)

    def labs(self, response_id: str) -> LabReport | None:
        return self._answers.labs.get(response_id)

    def handle(self, fact: Fact) -> list[Action]:
        """Take one fact; return what to do about it, in order."""
        heard = self._attention.let_through(fact)
        actions = self._handle(heard) if heard is not None else []
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
            case FinalExpected(_, text):
                return self._expect(text.strip())
            case SpeechWentOn():
                return self._answers.drop_ahead()
            case FinalHeard():
                return self._final(fact)
            case UtteranceDropped(utterance):
                return [
                    *self._answers.drop_ahead(),
                    Emit(BufferCleared(item_id=_item_id(utterance) if utterance else None)),
                ]
            case RecognitionFailed(utterance, code, message):
                body = ErrorBody(type="server_error", code=code, message=message)
                return [
                    *self._answers.drop_ahead(),
                    Emit(TranscriptFailed(item_id=_item_id(utterance), error=body)),
                ]
            case ModeChosen(mode):
                self.mode = mode
                return []
            case AttentionChosen(asleep, by):
                return self._attend(asleep, by)
            case WakePhraseChosen(phrase):
                self._attention.wake_phrase = phrase
                return []
            case ReadingAloud(text, at_ms):
                self._attention.read(text, at_ms)
                return []
            case IntentCorrected():
                return self._correct(fact)
            case ItemEditedByHand():
                return self._edit(fact)
            case ReportEdited():
                return self._edit_report(fact)
            case ReportCommanded():
                return self._command_report(fact)
            case StyleChosen(changes):
                self._style |= changes
                self.dictation.use(self.dictation.formatter.styled(**self._style), self.dictation.library)
                return []
            case LibraryLoaded(formatter, library):
                self.dictation.use(formatter.styled(**self._style), library)
                return [Emit(library_read(library))]
            case QuestionTyped(text):
                return self._question_typed(text)
            case AnswerRequested(event_id):
                return self._answer_requested(event_id)
            case StopRequested(response_id):
                running = self._answers.running
                if running and response_id in (None, running.response_id):
                    return self._answers.stop()
                return []
            case ImageAttached(attachment):
                self._images[attachment.id] = fact
                return [Emit(AttachmentAdded(attachment=attachment))]
            case ImageRemoved(attachment_id):
                if self._images.pop(attachment_id, None) is None:
                    return []
                return [Emit(AttachmentRemoved(attachment_id=attachment_id))]
            case ImageOpened(attachment_id):
                self._answers.open_id = attachment_id
                return []
            case PassagesFound():
                return self._answers.passages_found(fact)
            case AnswerProgressed():
                return self._answers.progress(fact)
            case RecordRead():
                return self._answers.record_read(fact)
            case ModelThought():
                return self._answers.thought(fact)
            case AnswerFinished():
                return self._answers.finish(fact)
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
        live = self._live.setdefault(fact.utterance, self.dictation.live())
        written, tail = live.update(fact.stable, fact.tentative)
        partial = TranscriptPartial(
            item_id=item_id, stable=fact.stable, tentative=fact.tentative, written=written, written_tail=tail
        )
        return [*actions, Emit(partial)]

    def _final(self, fact: FinalHeard) -> list[Action]:
        item_id, text = _item_id(fact.utterance), fact.text.strip()
        self._stable_sent.pop(fact.utterance, None)
        self._live.pop(fact.utterance, None)
        completed = TranscriptCompleted(
            item_id=item_id,
            transcript=text,
            usage=DurationUsage(seconds=(fact.end_ms - fact.start_ms) / 1000),
            start_ms=fact.start_ms,
            end_ms=fact.end_ms,
            at=fact.at,
            also_heard=fact.other and AlsoHeard(recogniser=fact.other.recogniser, transcript=fact.other.text),
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
        if self._attention.left_out:
            actions += self._leave_out(item_id, self._attention.left_out)
        elif order := self._attention.order(text, fact.end_ms):
            actions += self._follow(order, item_id, text)
        elif text:
            actions += self._take(item_id, text, disputed=fact.other is not None and fact.other.disputes)
        return [*actions, *self._answers.drop_ahead()]  # what was begun ahead was no question

    def _attend(self, asleep: bool, by: Literal["voice", "hand"]) -> list[Action]:
        if asleep == self._attention.asleep:
            return []
        self._attention.asleep = asleep
        return [Emit(AttentionChanged(asleep=asleep, by=by))]

    def _leave_out(self, item_id: str, text: str) -> list[Action]:
        self.dictation.heard(item_id)
        self._items[item_id] = Item(item_id, text, text, "echo")
        return [Emit(EchoLeftOut(item_id=item_id, text=text))]

    def _follow(self, order: Order, item_id: str, text: str) -> list[Action]:
        self._items[item_id] = Item(item_id, text, text, "command")
        decision = Decision("command", 0.97, "the whole utterance is a command", text, order)
        taken = _taken(item_id, decision, text)
        if order == "stop":
            return [taken, Emit(SpeechStop()), *self._answers.stop()]
        return [taken, *self._attend(order == "sleep", "voice")]

    def _take(self, item_id: str, text: str, *, disputed: bool = False) -> list[Action]:
        """Decide what an utterance is, and act on it. ``disputed``: two recognisers heard it, and only this
        text asks."""
        actions: list[Action] = []
        command = self.dictation.understand(text)
        if command and self._can_obey(command):
            self.dictation.heard(item_id)
            return self._obey(item_id, text, command)
        text, mode = self._attention.meant(text, self.mode)
        parts = decide(text, self._context(mode))
        if disputed and mode == "auto":
            parts = undecided(text, parts)
        meant = CORRECTIONS.get(parts[0].decision.command or "")
        if meant and (wrong := self._last_taken_otherwise(meant)):
            self._items[item_id] = Item(item_id, text, text, "command")
            return [_taken(item_id, parts[0].decision, text), *self._correct(IntentCorrected(wrong, meant))]
        for number, part in enumerate(parts):
            part_id = f"{item_id}_{number + 1}" if number else item_id
            actions += self._take_part(part_id, part, item_id if number else None)
        return actions

    def _expect(self, text: str) -> list[Action]:
        """A final is expected; if it is a question, the engine gets a head start."""
        text, mode = self._attention.meant(text, self.mode)
        parts = decide(text, self._context(mode))
        if len(parts) > 1 or parts[0].decision.intent != "question":
            return self._answers.drop_ahead()
        return self._answers.begin_ahead(tidy(parts[0].decision.text), self.document, self._images)

    def _context(self, mode: Mode) -> Context:
        running = self._answers.running is not None
        return Context(mode=mode, has_images=bool(self._images), answer_running=running)

    def _last_taken_otherwise(self, meant: str) -> str | None:
        """The newest utterance that was taken for something else than ``meant``: what "that" is."""
        spoken = (item for item in reversed(self._items.values()) if item.intent != "command")
        newest = next(spoken, None)
        return newest.id if newest and newest.intent != meant else None

    def _take_part(self, item_id: str, part: Part, part_of: str | None) -> list[Action]:
        text, decision = part.heard.strip(), part.decision
        if part_of:
            self._spoken.share(part_of, item_id)
        self.dictation.heard(item_id)
        if decision.intent == "question":
            kept = tidy(decision.text)
            self._items[item_id] = Item(item_id, text, kept, "question")
            return [_taken(item_id, decision, kept, part_of), *self._ask(item_id, kept)]
        # a command that nobody could carry out is kept as text
        nearly = self.dictation.nearly(text)
        kept = self.dictation.take(item_id, text)
        self._items[item_id] = Item(item_id, text, kept, "dictation", nearly)
        return [_taken(item_id, replace(decision, intent="dictation"), kept, part_of, nearly=nearly)]

    def _can_obey(self, command: Command) -> bool:
        if command.name == STOP_COMMAND:
            return self._answers.running is not None
        return command.name == "help" or command.name in REPORT_COMMANDS

    def _obey(self, item_id: str, text: str, command: Command) -> list[Action]:
        """Carry a spoken command out and say what was done, or why it could not be."""
        self._items[item_id] = Item(item_id, text, text, "command")
        decision = Decision("command", 0.97, "the whole utterance is a command", text, command.name)
        actions: list[Action] = [_taken(item_id, decision, text)]
        message, read, failed = "", "", False
        match command.name:
            case "stop":
                actions += self._answers.stop()
                message = "Stopped the answer."
            case "help":
                message = "The commands are listed."
            case _:
                try:
                    outcome = self.dictation.obey(item_id, command)
                    message, read = outcome.message, outcome.text
                except BadInput as error:
                    message, failed = error.message, True
        done = CommandDone(item_id=item_id, command=command.name, message=message, text=read, failed=failed)
        return [*actions, Emit(done)]

    # --- what the person changed ---

    def _correct(self, fact: IntentCorrected) -> list[Action]:
        item = self._items.get(fact.item_id)
        if item is None:
            return [_error("item_unknown", "There is no such utterance.", fact.event_id)]
        if item.intent == fact.intent:
            return []
        if fact.intent == "command":
            return self._meant_command(item, fact.event_id)
        item.intent = fact.intent
        if fact.intent == "dictation":
            self._answers.forget(item.id)
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
        running = self._answers.running
        if running and running.question_item_id == item.id:
            return [keep, emit, *self._answers.stop()]
        return [keep, emit]

    def _meant_command(self, item: Item, event_id: str | None) -> list[Action]:
        """The person takes the offer: the words leave the report, and what they nearly were is done."""
        command = self.dictation.understand(item.nearly) if item.nearly else None
        if item.nearly is None or command is None or not self._can_obey(command):
            return [_error("not_a_command", "There is no command that this came close to.", event_id)]
        self.dictation.take_out(item.id)
        return self._obey(item.id, item.nearly, command)

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
        if edit.event_id in self._applied:
            return []  # sent again, since the connection was lost before its answer
        try:
            where = Range(edit.section_id, edit.start, edit.end)
            self.dictation.editor.edit(edit.revision, where, edit.text)
        except BadInput as error:
            return [_error(error.code, error.message, edit.event_id)]
        if edit.event_id:
            self._applied.append(edit.event_id)
        return []

    def _command_report(self, fact: ReportCommanded) -> list[Action]:
        button = fact.command
        try:
            message = self.dictation.press(button)
        except BadInput as error:
            return [_error(error.code, error.message, button.event_id)]
        return [Emit(CommandDone(command=button.command, message=message))] if message else []

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
        return self._answers.ask(item_id, text, self.document, self._images)


def _taken(
    item_id: str, decision: Decision, text: str, part_of: str | None = None, *, nearly: str | None = None
) -> Emit:
    return Emit(
        IntentEvent(
            item_id=item_id,
            intent=decision.intent,
            confidence=decision.confidence,
            reason=decision.reason,
            text=text,
            doubtful=decision.doubtful,
            part_of=part_of,
            command=decision.command if decision.intent == "command" else None,
            nearly=nearly,
        )
    )


def _item_id(utterance: int) -> str:
    return f"utt_{utterance}"


def _error(code: str, message: str, event_id: str | None) -> Emit:
    return Emit(ErrorEvent(error=ErrorBody(code=code, message=message, event_id=event_id)))
