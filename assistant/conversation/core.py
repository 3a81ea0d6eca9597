"""The conversation as a state machine: facts in, actions out. Every product decision is made here. Pure.

``handle`` never blocks and never raises for a fact that arrives late; it ignores it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from assistant.characters import whole_parts
from assistant.conversation.answering import Answering, reading_order
from assistant.conversation.asking import Guidelines
from assistant.conversation.attention import Attention, Order
from assistant.conversation.items import Items
from assistant.conversation.past import Past
from assistant.conversation.report import Report, selected_parts
from assistant.conversation.transcripts import Transcripts, word_times
from assistant.conversation.transcripts import item_id as item_id_of
from assistant.conversation.types import (
    Action,
    AmendingChosen,
    AnswerFinished,
    AnswerProgressed,
    AnswerRequested,
    AttentionChosen,
    BeginReport,
    Emit,
    EngineChanged,
    Fact,
    FinalExpected,
    FinalHeard,
    ImageAttached,
    ImageConfirmed,
    ImageOpened,
    ImageRemoved,
    IntentCorrected,
    ItemAsked,
    ItemDropped,
    ItemEditedByHand,
    KeepCorrection,
    LibraryLoaded,
    ModeChosen,
    ModelThought,
    PartialHeard,
    PassagesFound,
    PromptSent,
    QuestionTyped,
    ReadingAloud,
    RecognitionFailed,
    RecordRead,
    ReportCommanded,
    ReportCopied,
    ReportEdited,
    ReportOf,
    ReportWasSigned,
    SessionChosen,
    SoundLost,
    SpeechStarted,
    SpeechStopped,
    SpeechWentOn,
    StopRequested,
    StyleChosen,
    TurnCommitted,
    UtteranceDropped,
    WaitEnded,
    WakePhraseChosen,
    refused,
)
from assistant.conversation.utterances import Item, Utterances
from assistant.dictation.changes import is_filled
from assistant.dictation.commands import ROW
from assistant.dictation.desk import Command
from assistant.dictation.editor import signed
from assistant.dictation.gaps import NOT_BESIDE, Beside
from assistant.engines.base import EngineInfo, Sent
from assistant.errors import BadInput
from assistant.events import (
    NO_ORDER,
    NOBODY,
    Attachment,
    AttachmentAdded,
    AttachmentDoubted,
    AttachmentRemoved,
    AttentionChanged,
    CommandDone,
    CommandName,
    ConversationItem,
    DocumentCommand,
    EchoLeftOut,
    IntentEvent,
    ItemEdited,
    Meant,
    Mode,
    Notice,
    ReportDescribed,
    ReportReopened,
    ReportSigned,
    ResponseDone,
    SpeechStop,
    TranscriptWords,
)
from assistant.intents.classifier import tidy
from assistant.intents.detect import Context, Decision, detect, of_the_last
from assistant.intents.split import Part, split, undecided
from assistant.orders.pictures import doubt_about_file
from assistant.readings.labs import LabReport

BESIDE_LOSS = "sound was lost right beside it"

ONLY_TRANSCRIBES = "A transcription session asks no model."
CORRECTIONS: dict[CommandName | Meant, Literal["dictation", "question"]] = {
    "was_dictation": "dictation",
    "was_question": "question",
}


MOST_LOOKS = 4
"""Kept: the texts of two recognisers at a pause and at the end."""
NOT_DESCRIBED = ReportDescribed(patient=NOBODY, order=NO_ORDER)


@dataclass(frozen=True, slots=True)
class Look:
    """The meaning of an utterance: a command, or the parts that are dictated and asked. ``text`` is without
    the wake phrase. A ``command`` that is worded so and is none here has parts."""

    text: str
    mode: Mode
    command: Command | None
    parts: tuple[Part, ...]


class Conversation:
    """The conversation of one session."""

    def __init__(
        self,
        engine: EngineInfo,
        guidelines: Guidelines = "none",
        *,
        mark_below: float = 0.5,
        text_engine: EngineInfo | None = None,
        session_path: str = "",
        question_wait_ms: int = 0,
    ) -> None:
        """Words heard with less confidence than ``mark_below`` are doubtful. ``session_path`` is where the
        server has what belongs to this session: addresses in events begin with it.
        ``question_wait_ms``: how long a spoken question can be stopped before it goes to the engine."""
        self._items = Items()
        self._chosen = SessionChosen()
        self._answers = Answering(
            engine, text_engine, guidelines, session_path, self._items, wait_ms=question_wait_ms
        )
        self.report = Report(mark_below)
        self.dictation = self.report.dictation
        self._transcripts = Transcripts(self.dictation.live, self._items)
        self.mode: Mode = "auto"
        self._attention = Attention()
        self._utterances = Utterances()
        self._images: dict[str, ImageAttached] = {}
        self._doubts: dict[str, str] = {}
        """Why an attachment may be of another patient: no question is asked with these."""
        self._confirmed: set[str] = set()
        """Attachments of which a person has said that they are of the report's patient."""
        self._typed = 0
        self._looks: dict[tuple[str, Context, int], Look] = {}  # the latest ones
        self._asked_text: tuple[str, str] | None = None  # (item id, text) waiting for response.create
        self.described = NOT_DESCRIBED
        self.signed: tuple[ReportSigned, ...] = ()
        self.signed_sections: tuple[tuple[str, str], ...] = ()
        """Title and text of each, as they were when it was last signed."""
        self.reopened: ReportReopened | None = None
        """Why a signed report is open again."""

    @property
    def asleep(self) -> bool:
        return self._attention.asleep

    @property
    def wake_phrase(self) -> str:
        return self._attention.wake_phrase

    @property
    def is_signed(self) -> bool:
        """Nothing changes the report now."""
        return bool(self.signed) and self.reopened is None

    @property
    def document(self) -> str:
        """The report as text."""
        return self.dictation.document.text

    @property
    def attachment_ids(self) -> tuple[str, ...]:
        """Ids of the attachments that questions are asked with, in reading order."""
        return reading_order(self._usable)

    @property
    def last_item_id(self) -> str | None:
        return self._items.last_id

    def sent(self, response_id: str) -> Sent | None:
        """The prompt and the engine of a recent answer."""
        return self._answers.sent.get(response_id)

    def labs(self, response_id: str) -> LabReport | None:
        return self._answers.labs.get(response_id)

    def go_on_from(self, past: Past, images: Mapping[str, ImageAttached]) -> list[Action]:
        """Be where the session was that ``past`` tells of. ``images`` are those of its attachments that are
        still there; the others are told to be gone."""
        dictated = {each: told for each, told in past.intents.items() if told.intent == "dictation"}
        if told := past.report.whole():
            said = ((item_id, self._heard_in(past, item_id)) for item_id in dictated)
            self.report.go_on_from(told, said)
        for item_id, words in past.words.items():
            self.report.spoken.heard(item_id, words)
        for item_id, taken in past.intents.items():
            if taken.part_of:
                self.report.spoken.share(taken.part_of, item_id)
            text = past.edited.get(item_id, taken.text)
            item = Item(item_id, self._heard_in(past, item_id), text, taken.intent, taken.nearly)
            self._utterances.put(item)
        for item_id, text in past.echoes.items():
            self._utterances.put(Item(item_id, text, text, "echo"))
        self._items.go_on_from(past)
        self._typed = past.typed
        if past.session is not None:
            self.mode = past.session.mode
            self._attention.wake_phrase = past.session.wake_phrase
        self._attention.asleep = past.asleep
        self._images = dict(images)
        self._doubts = {each: told for each, told in past.doubts.items() if told and each in images}
        self._confirmed = set(past.confirmed)
        gone = [each for key, each in past.attachments.items() if key not in images]
        self.described = past.described or NOT_DESCRIBED
        self.signed, self.reopened = past.signed, past.reopened
        self.signed_sections = past.signed_sections
        self.dictation.editor.is_locked = self.is_signed
        actions = [action for each in gone for action in _lost(each)]
        return [*actions, *self._compare_patients(), *self._answers.go_on_from(past)]

    @staticmethod
    def _heard_in(past: Past, item_id: str) -> str:
        """The whole utterance's words, or the words of the part that has this id."""
        whole = past.heard.get(item_id)
        return whole.transcript if whole else past.intents[item_id].text

    def handle(self, fact: Fact) -> list[Action]:
        """Take one fact; return the resulting actions in order."""
        heard = self._attention.let_through(whole_parts(fact))
        actions = self._handle(heard) if heard is not None else []
        if any(isinstance(each, Emit) and isinstance(each.event, ResponseDone) for each in actions):
            self._attention.answer_ended()
        return [*actions, *self.report.changed(), *self.report.corrected(), *self._refused_change()]

    def _refused_change(self) -> list[Action]:
        """Tell that a signed report was not changed, where no request can get the error."""
        editor = self.dictation.editor
        if not editor.was_refused:
            return []
        editor.was_refused = False
        message = "This report is signed: what you say is not written. Amend it, or start a new report."
        return [Emit(Notice(level="warning", code="report_signed", message=message))]

    def _amend(self, fact: AmendingChosen) -> list[Action]:
        if not self.is_signed:
            return [refused("report_not_signed", "Only a signed report can be amended.", fact.event_id)]
        self.reopened = ReportReopened(kind=fact.kind, reason=fact.reason, at=fact.at)
        self.dictation.editor.is_locked = False
        if fact.kind == "addendum":
            self.dictation.begin_section(
                "Addendum" if len(self.signed) == 1 else f"Addendum {len(self.signed)}"
            )
        return [Emit(self.reopened)]

    def means(self, text: str) -> Decision:
        """The meaning of all of ``text``, for the listener: in how much silence it ends, and whether a second
        recogniser is to hear it."""
        if self._attention.asleep:
            return detect(text)  # nothing of it is kept
        look = self._look(text.strip())
        if look.command:
            return _commanded(look.text, look.command.name)
        if len(look.parts) == 1:
            return look.parts[0].decision
        return Decision("dictation", 0.97, "dictation and a question", look.text)

    def _handle(self, fact: Fact) -> list[Action]:
        match fact:
            case SpeechStarted(utterance):
                self.dictation.begin(item_id_of(utterance))
                stopped = self._answers.stop("turn_detected") if self._chosen.speech_stops else []
                return [*self._transcripts.started(fact), *stopped]
            case SpeechStopped():
                return self._transcripts.stopped(fact)
            case TurnCommitted():
                return self._transcripts.committed(fact)
            case PartialHeard():
                return self._transcripts.partial(fact)
            case FinalExpected(_, text):
                return self._expect(text.strip())
            case SpeechWentOn():
                return self._answers.drop_ahead()
            case FinalHeard(utterance):
                with self.dictation.at_its_place(item_id_of(utterance)):
                    return self._final(fact)
            case SoundLost():
                return self._lose(fact)
            case UtteranceDropped(utterance):
                if utterance is not None:
                    self.dictation.end(item_id_of(utterance))
                return [*self._answers.drop_ahead(), *self._transcripts.dropped(fact)]
            case RecognitionFailed(utterance):
                self.dictation.end(item_id_of(utterance))
                return [*self._answers.drop_ahead(), *self._transcripts.failed(fact)]
            case SessionChosen():
                self._chosen, self._transcripts.with_logprobs = fact, fact.with_logprobs
                self._answers.instructions, self._answers.max_tokens = fact.instructions, fact.max_tokens
                return []
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
                return self.report.edit(fact)
            case ReportCommanded(button) if button.command == "new_report" and self._is_taken:
                return self._begin_by_button(button)
            case ReportCommanded():
                return self.report.press(fact)
            case ReportOf(event_id=event_id) if self.is_signed:
                return [_signed(event_id)]
            case ReportCopied(document, patient):
                self.report.fill(document)
                return self._describe(ReportDescribed(patient=patient, order=NO_ORDER))
            case ReportWasSigned(signature):
                self.signed, self.reopened = (*self.signed, signature), None
                self.signed_sections = tuple(
                    (section.title, section.text) for section in self.dictation.document.sections
                )
                self.dictation.editor.is_locked = True
                return [Emit(signature)]
            case AmendingChosen():
                return self._amend(fact)
            case ReportOf(patient, order):
                return self._describe(ReportDescribed(patient=patient, order=order))
            case StyleChosen(changes):
                return self.report.use_style(changes)
            case LibraryLoaded(formatter, library, own):
                return self.report.use_library(formatter, library, own)
            case QuestionTyped():
                return self._question_typed(fact)
            case AnswerRequested():
                return self._answer_requested(fact)
            case StopRequested(response_id, event_id):
                running = self._answers.running
                if running and response_id in (None, running.response_id):
                    return self._answers.stop()
                return [refused("response_cancel_not_active", "No such answer is running.", event_id)]
            case ItemAsked(item_id, event_id):
                return self._items.told(item_id, event_id)
            case ItemDropped(item_id, event_id):
                self._answers.forget_item(item_id)
                if self._asked_text and self._asked_text[0] == item_id:
                    self._asked_text = None
                return self._items.delete(item_id, event_id)
            case ImageAttached(attachment):
                self._images[attachment.id] = fact
                return [Emit(AttachmentAdded(attachment=attachment)), *self._compare_patients()]
            case ImageConfirmed(attachment_id, event_id):
                if attachment_id not in self._images:
                    return [refused("attachment_unknown", "There is no such image.", event_id)]
                self._confirmed.add(attachment_id)
                return self._compare_patients()
            case ImageRemoved(attachment_id):
                if self._images.pop(attachment_id, None) is None:
                    return []
                self._doubts.pop(attachment_id, None)
                self._answers.image_removed(attachment_id)
                return [Emit(AttachmentRemoved(attachment_id=attachment_id))]
            case ImageOpened(attachment_id):
                self._answers.open_id = attachment_id
                return []
            case EngineChanged(engine):
                return self._answers.use_engine(engine)
            case PassagesFound():
                return self._answers.passages_found(fact)
            case WaitEnded():
                return self._answers.wait_ended(fact)
            case AnswerProgressed():
                return self._answers.progress(fact)
            case RecordRead():
                return self._answers.record_read(fact)
            case PromptSent():
                return self._answers.prompt_sent(fact)
            case ModelThought():
                return self._answers.thought(fact)
            case AnswerFinished():
                return self._answers.finish(fact)
            case _:
                assert_never(fact)

    @property
    def _is_taken(self) -> bool:
        """Whether the report has words that a template would replace, or is signed."""
        return is_filled(self.dictation.document) or bool(self.signed)

    @property
    def _is_of_something(self) -> bool:
        """Whether it has anything that does not belong into another report."""
        described = self.described != NOT_DESCRIBED
        return self._is_taken or described or bool(self._images) or self._answers.have_begun

    def _begin_by_button(self, button: DocumentCommand) -> list[Action]:
        try:
            name = self.dictation.library.template(button.name).name if button.name else ""
        except BadInput as error:
            return [refused(error.code, error.message, button.event_id)]
        return [BeginReport(name, event_id=button.event_id)]

    def follow(self, earlier: "Conversation") -> None:
        """Go on with the client of this one, whose report is left: ids that it gave are not given again."""
        self._typed = earlier._typed
        self._answers.number_from(earlier._answers)

    # --- whose it is ---

    @property
    def _usable(self) -> dict[str, ImageAttached]:
        """The attachments without those that may be of another patient."""
        return {each: image for each, image in self._images.items() if each not in self._doubts}

    def _describe(self, described: ReportDescribed) -> list[Action]:
        if described.patient != self.described.patient:
            self._confirmed.clear()  # it was said of another patient
        self.described = described
        return [Emit(described), *self._compare_patients()]

    def _compare_patients(self) -> list[Action]:
        """Tell what has changed in the doubts about whose the attachments are."""
        actions: list[Action] = []
        for attachment_id, image in self._images.items():
            found = (doubt_about_file(self.described.patient, each) for each in image.patients)
            is_confirmed = attachment_id in self._confirmed
            message = "" if is_confirmed else next(filter(None, found), "")
            if message == self._doubts.get(attachment_id, ""):
                continue
            self._doubts.pop(attachment_id, None)
            if message:
                self._doubts[attachment_id] = message
            doubted = AttachmentDoubted(attachment_id=attachment_id, message=message, confirmed=is_confirmed)
            actions.append(Emit(doubted))
        return actions

    # --- what was heard ---

    def _final(self, fact: FinalHeard) -> list[Action]:
        completed = self._transcripts.final(fact)
        item_id, text = completed.item_id, completed.transcript
        actions: list[Action] = [Emit(completed)]
        if words := word_times(fact):
            self.report.spoken.heard(item_id, words)
            actions.append(Emit(TranscriptWords(item_id=item_id, words=words)))
        actions += [
            Emit(Notice(level="warning", code=part.code, message=part.message))
            for part in fact.parts
            if isinstance(part, RecognitionFailed)
        ]
        if self._chosen.transcribes:
            return actions
        if self._attention.left_out:
            actions += self._leave_out(item_id, self._attention.left_out)
            return [*actions, *self._answers.drop_ahead()]
        look = self._look(text)
        if fact.parts or fact.lost_before or fact.lost_after:
            actions += self._take_rest(item_id, look, fact)
        elif order := self._attention.order(look.command, fact.start_ms, fact.end_ms):
            actions += self._follow(order, item_id, text)
        elif look.command and not look.parts:
            self.dictation.heard(item_id)
            actions += self._obey(item_id, text, look.command)
        elif text:
            disputed = fact.other is not None and fact.other.disputes
            actions += self._take(item_id, look, disputed=disputed, cut=fact.cut)
        return [*actions, *self._answers.drop_ahead()]  # what was begun ahead was no question

    def _look(self, text: str) -> Look:
        """The one decision on a text: the listener, an expected final and the final that comes share it."""
        said, mode = self._attention.meant(text, self.mode)
        running = self._answers.running is not None
        context = Context(mode=mode, has_images=bool(self._usable), answer_running=running)
        of = (said, context, self.dictation.document.revision)
        look = self._looks.get(of) or self._decide(said, context)
        self._looks = dict([*self._looks.items(), (of, look)][-MOST_LOOKS:])
        return look

    def _decide(self, said: str, context: Context) -> Look:
        command = self.dictation.parse(said)
        if command is None:
            about_last = of_the_last(said)
            parts = (Part(said, about_last),) if about_last else split(said, context)
            return Look(said, context.mode, None, parts)
        if self._is_meant(command):
            return Look(said, context.mode, command, ())
        words = Decision("dictation", 0.97, "worded as a command that has no place here", said)
        return Look(said, context.mode, command, (Part(said, words),))

    def _attend(self, asleep: bool, by: Literal["voice", "hand"]) -> list[Action]:
        if asleep == self._attention.asleep:
            return []
        self._attention.asleep = asleep
        return [Emit(AttentionChanged(asleep=asleep, by=by))]

    def _leave_out(self, item_id: str, text: str) -> list[Action]:
        self.dictation.heard(item_id)
        self._utterances.put(Item(item_id, text, text, "echo"))
        return [Emit(EchoLeftOut(item_id=item_id, text=text))]

    def _follow(self, order: Order, item_id: str, text: str) -> list[Action]:
        decision = _commanded(text, order)
        taken = self._utterances.take(item_id, text, decision)
        if order == "stop":
            return [taken, Emit(SpeechStop()), *self._answers.stop()]
        return [taken, *self._attend(order == "sleep", "voice")]

    def _lose(self, lost: SoundLost) -> list[Action]:
        if self.mode != "question" and not self._chosen.transcribes:  # else there is no report
            self.dictation.lose(lost.start_ms, lost.duration_ms)
        return []

    def _take_rest(self, item_id: str, look: Look, fact: FinalHeard) -> list[Action]:
        """Take an utterance of which sound was lost. It gives no command: "delete that" may be the end of "do
        not delete that". It asks only where everything is asked, and then its text says what was lost."""
        if look.mode == "question" and look.text:
            asked = look.text if fact.parts else fact.beside.marked(tidy(look.text))
            self.dictation.heard(item_id)
            decision = Decision("question", 0.5, BESIDE_LOSS, asked)
            return self._take_question(item_id, look.text, decision, None, fact.beside)
        actions: list[Action] = []
        number = 0
        for part in fact.parts or (fact,):
            match part:
                case SoundLost():
                    actions += self._lose(part)
                case FinalHeard() if part.text.strip():
                    number += 1
                    part_id = f"{item_id}_{number}" if number > 1 else item_id
                    actions += self._take_beside(part_id, part, item_id if number > 1 else None)
        return actions

    def _take_beside(self, item_id: str, fact: FinalHeard, part_of: str | None) -> list[Action]:
        """Words beside lost sound are dictation; if they ask, it is offered to ask them."""
        text = fact.text.strip()
        asks = any(part.decision.intent == "question" for part in self._look(text).parts)
        decision = Decision("dictation", 0.5, BESIDE_LOSS, text, doubtful=asks)
        return self._take_part(item_id, Part(text, decision), part_of, cut=fact.cut, beside=fact.beside)

    def _take(self, item_id: str, look: Look, *, disputed: bool = False, cut: bool = False) -> list[Action]:
        """Act on an utterance that is no command of the report. ``disputed``: two recognisers heard it, and
        only this text asks. ``cut``: the machine ended it."""
        actions: list[Action] = []
        text, parts = look.text, look.parts
        if disputed and look.mode == "auto":
            parts = undecided(text, parts)
        command = parts[0].decision.command
        meant = CORRECTIONS.get(command) if command else None
        if meant and (wrong := self._utterances.last_taken_otherwise(meant)):
            taken = self._utterances.take(item_id, text, parts[0].decision)
            return [taken, *self._correct(IntentCorrected(wrong, meant))]
        for number, part in enumerate(parts):
            part_id = f"{item_id}_{number + 1}" if number else item_id
            ends_cut = cut and number == len(parts) - 1
            actions += self._take_part(part_id, part, item_id if number else None, cut=ends_cut)
        return actions

    def _expect(self, text: str) -> list[Action]:
        """A final is expected: if it looks like a question, start answering early."""
        if self._chosen.transcribes or not self._chosen.answers_speech:
            return []
        parts = self._look(text).parts
        if len(parts) != 1 or parts[0].decision.intent != "question":
            return self._answers.drop_ahead()
        return self._answers.begin_ahead(tidy(parts[0].decision.text), self.document, self._usable)

    def _take_part(
        self,
        item_id: str,
        part: Part,
        part_of: str | None,
        *,
        cut: bool = False,
        beside: Beside = NOT_BESIDE,
    ) -> list[Action]:
        text, decision = part.heard.strip(), part.decision
        if part_of:
            self.report.spoken.share(part_of, item_id)
        self.dictation.heard(item_id)
        if decision.intent == "question":
            return self._take_question(item_id, text, replace(decision, text=tidy(decision.text)), part_of)
        nearly = None if any(beside) else self.dictation.nearly(text)
        kept = self.dictation.take(item_id, text, cut=cut, lost_before=beside.before, lost_after=beside.after)
        decision = replace(decision, intent="dictation")  # also "that was a question", with none before it
        return [
            self._utterances.take(
                item_id, text, decision, text=kept, part_of=part_of, nearly=nearly, beside=beside
            )
        ]

    def _take_question(
        self,
        item_id: str,
        heard: str,
        decision: Decision,
        part_of: str | None,
        beside: Beside = NOT_BESIDE,
    ) -> list[Action]:
        asked = decision.text
        taken = self._utterances.take(item_id, heard, decision, text=asked, part_of=part_of, beside=beside)
        if not self._chosen.answers_speech:
            self._asked_text = (item_id, asked)
            return [taken]
        return [taken, *self._answers.ask(item_id, asked, self.document, self._usable, as_heard=True)]

    def _is_meant(self, command: Command) -> bool:
        """Whether it is a command here. "Stop", said while no answer runs, may be the spoken full stop."""
        row = ROW[command.name]
        waits = row.needs_answer and self._answers.running is None
        is_dictated = waits and command.said in row.also_dictated
        return not is_dictated and self.dictation.is_here(command)

    def _obey(self, item_id: str, text: str, command: Command) -> list[Action]:
        """Carry a spoken command out and say what was done, or why it could not be."""
        decision = _commanded(text, command.name)
        actions: list[Action] = [self._utterances.take(item_id, text, decision)]
        message, read, failed = "", "", False
        choices: tuple[str, ...] = ()
        before = self.dictation.document.sections
        match ROW[command.name].does:
            case "stop" if self._answers.running is None:
                message, failed = "No answer is running.", True
            case "stop":
                actions += self._answers.stop()
                message = "Stopped the answer."
            case "sleep":
                actions += self._attend(True, "voice")
                message = "Asleep. “Start listening” wakes."
            case "wake":
                actions += self._attend(False, "voice")
                message = "Listening."
            case "help":
                message = "The commands are listed."
            case _ if command.name == "new_report" and not command.target and self._is_of_something:
                return [*actions, BeginReport(item_id=item_id)]
            case _:
                try:
                    outcome = self.dictation.obey(item_id, command)
                    message, read, choices = outcome.message, outcome.text, outcome.choices
                except BadInput as error:
                    message, failed = error.message, True
        changed = self.dictation.document.sections != before
        done = CommandDone(
            item_id=item_id,
            command=command.name,
            message=message,
            text=read,
            choices=list(choices),
            choices_for=next(iter(selected_parts(self.dictation.document)), None) if choices else None,
            failed=failed,
            changed=changed,
        )
        return [*actions, Emit(done)]

    # --- what the person changed ---

    def _correct(self, fact: IntentCorrected) -> list[Action]:
        item = self._utterances.get(fact.item_id)
        if item is None:
            return [refused("item_unknown", "There is no such utterance.", fact.event_id)]
        if self.is_signed:
            return [_signed(fact.event_id)]
        if item.intent == fact.intent:
            return []
        if fact.intent == "command":
            return self._meant_command(item, fact.event_id)
        item.intent = fact.intent
        if fact.intent == "dictation":
            self._answers.forget(item.id)
            lost_before, lost_after = item.beside
            item.text = self.dictation.put_back(
                item.id, item.heard, lost_before=lost_before, lost_after=lost_after
            )
        else:
            self.dictation.take_out(item.id)
            item.text = item.beside.marked(item.text)
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
        """The user accepts the offered command: its words leave the report and it is carried out."""
        command = self.dictation.understand(item.nearly) if item.nearly else None
        if item.nearly is None or command is None:
            return [refused("not_a_command", "No command is similar to this.", event_id)]
        self.dictation.retract(item.id)
        return self._obey(item.id, item.nearly, command)

    def _edit(self, fact: ItemEditedByHand) -> list[Action]:
        item = self._utterances.get(fact.item_id)
        if item is None:
            return [refused("item_unknown", "There is no such utterance.", fact.event_id)]
        if self.is_signed:
            return [_signed(fact.event_id)]
        try:
            self.dictation.rewrite(item.id, fact.text.strip())
        except BadInput as error:
            return [refused(error.code, error.message, fact.event_id)]
        item.text, item.beside = fact.text.strip(), NOT_BESIDE
        return [Emit(ItemEdited(item_id=item.id, text=item.text))]

    # --- questions and answers ---

    def check_item(self, item_id: str | None) -> None:
        """Raises ``BadInput`` if a client's item of this id is not taken: ``response_not_supported``,
        ``item_id_taken``."""
        if self._chosen.transcribes:
            raise BadInput(ONLY_TRANSCRIBES, code="response_not_supported")
        if item_id and item_id in self._items:
            raise BadInput("An item has this id already.", code="item_id_taken", param="item.id")

    def _question_typed(self, fact: QuestionTyped) -> list[Action]:
        try:
            self.check_item(fact.item_id)
        except BadInput as error:
            return [refused(error.code, error.message, fact.event_id, error.param)]
        self._typed += 1
        item_id = fact.item_id or f"typed_{self._typed}"
        self._asked_text = (item_id, fact.text)
        content = [{"type": "input_text", "text": fact.text}]
        return self._items.add(ConversationItem(id=item_id, role="user", content=content))

    def _answer_requested(self, fact: AnswerRequested) -> list[Action]:
        if self._chosen.transcribes:
            return [_only_transcribes(fact.event_id)]
        if fact.text:
            self._typed += 1
            return self._ask(f"typed_{self._typed}", fact.text, fact)
        if self._asked_text is None:
            return [
                refused("nothing_to_answer", "Ask something first: conversation.item.create.", fact.event_id)
            ]
        (item_id, text), self._asked_text = self._asked_text, None
        if self._utterances.get(item_id) is None:
            self._utterances.put(Item(item_id, text, text, "question"))
        return self._ask(item_id, text, fact)

    def _ask(self, item_id: str, text: str, wanted: AnswerRequested | None = None) -> list[Action]:
        return self._answers.ask(item_id, text, self.document, self._usable, wanted)


def _commanded(text: str, command: CommandName | Meant) -> Decision:
    return Decision("command", 0.97, "the whole utterance is a command", text, command)


def _signed(event_id: str | None) -> Emit:
    error = signed()
    return refused(error.code, error.message, event_id)


def _only_transcribes(event_id: str | None) -> Emit:
    return refused("response_not_supported", ONLY_TRANSCRIBES, event_id)


def _lost(attachment: Attachment) -> list[Action]:
    message = f"{attachment.name} is not there any more. Attach its files again."
    return [
        Emit(AttachmentRemoved(attachment_id=attachment.id)),
        Emit(Notice(level="warning", code="attachment_gone", message=message)),
    ]
