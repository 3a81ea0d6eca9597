"""The inputs of a conversation (facts, in the past tense) and its outputs (actions). Pure."""

from dataclasses import dataclass
from typing import Literal

from assistant.asr.base import Word
from assistant.dictation.formatter import Formatter
from assistant.dictation.gaps import Beside
from assistant.dictation.library import Library
from assistant.dictation.own_words import OwnWords
from assistant.engines.base import EngineInfo, Question, Sent, Usage
from assistant.events import (
    Attachment,
    DocumentChanged,
    DocumentCommand,
    DocumentEdit,
    ErrorBody,
    ErrorEvent,
    Mode,
    Order,
    Patient,
    ReportSigned,
    ServerEvent,
)
from assistant.events.reports import Amending
from assistant.guidelines.passages import Passage
from assistant.orders.pictures import PicturedPatient
from assistant.records.fhir import Resource

# Facts from the microphone. ``utterance`` counts from 1 within a session; times are on its sample clock.


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    utterance: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    utterance: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class TurnCommitted:
    """The client has ended a turn that no silence ends; its final follows."""

    utterance: int


@dataclass(frozen=True, slots=True)
class PartialHeard:
    utterance: int
    stable: str
    tentative: str


@dataclass(frozen=True, slots=True)
class FinalExpected:
    """Speech has paused. If none follows, ``text`` is the final."""

    utterance: int
    text: str


@dataclass(frozen=True, slots=True)
class SpeechWentOn:
    """Speech continued after the pause: no final yet."""

    utterance: int


@dataclass(frozen=True, slots=True)
class Hearing:
    """One recogniser's transcript of an utterance. ``disputes``: no question, where the chosen text asks."""

    recogniser: str
    text: str
    disputes: bool = False


@dataclass(frozen=True, slots=True)
class FinalHeard:
    """``at`` is the wall-clock time, ISO 8601; word times are relative to ``start_ms``. ``other`` is what
    another recogniser heard, where two did; the better text is ``text``. ``cut``: the speech went on, and the
    machine ended the utterance."""

    utterance: int
    text: str
    words: tuple[Word, ...]
    start_ms: int
    end_ms: int
    at: str
    other: Hearing | None = None
    cut: bool = False
    lost_before: bool = False
    """Sound was lost right before it: its first word may be a part of one."""
    lost_after: bool = False
    parts: "tuple[TurnPart, ...]" = ()
    """The heard and lost pieces, in order, of a turn in which something was lost. ``text`` has the marks."""

    @property
    def beside(self) -> Beside:
        return Beside(self.lost_before, self.lost_after)


@dataclass(frozen=True, slots=True)
class SoundLost:
    """Nothing was heard for ``duration_ms``, between the utterances told before and after it."""

    start_ms: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class UtteranceDropped:
    """The utterance was discarded on request; it gets no final."""

    utterance: int | None


@dataclass(frozen=True, slots=True)
class RecognitionFailed:
    utterance: int
    code: str
    message: str


TurnPart = FinalHeard | SoundLost | RecognitionFailed
"""A failed utterance is told as lost sound beside this."""

# Facts from the person.


@dataclass(frozen=True, slots=True)
class SessionChosen:
    """``transcribes``: nothing is done with what is heard but to transcribe it. Not ``answers_speech``: a
    question that is heard waits for ``AnswerRequested``. ``speech_stops``: speech ends the running answer.
    ``instructions`` stand before every question."""

    transcribes: bool = False
    answers_speech: bool = True
    speech_stops: bool = False
    instructions: str = ""
    max_tokens: int | None = None
    with_logprobs: bool = False


@dataclass(frozen=True, slots=True)
class ModeChosen:
    mode: Mode


@dataclass(frozen=True, slots=True)
class AttentionChosen:
    """Asleep, nothing is taken but the command that wakes."""

    asleep: bool
    by: Literal["voice", "hand"]


@dataclass(frozen=True, slots=True)
class WakePhraseChosen:
    """With a phrase, only utterances that begin with it are questions; without, any may be."""

    phrase: str


@dataclass(frozen=True, slots=True)
class ReadingAloud:
    """The page reads ``text`` aloud from now on, or, with None, nothing more."""

    text: str | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class IntentCorrected:
    item_id: str
    intent: Literal["dictation", "question", "command"]
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class ItemEditedByHand:
    item_id: str
    text: str
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReportEdited:
    edit: DocumentEdit


@dataclass(frozen=True, slots=True)
class ReportOf:
    """Patient and order were written down."""

    patient: Patient
    order: Order
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReportCopied:
    """This report is to begin with the text of another one, of the same patient."""

    document: DocumentChanged
    patient: Patient


@dataclass(frozen=True, slots=True)
class ReportWasSigned:
    """Somebody who may has signed the report, as it is."""

    signature: ReportSigned


@dataclass(frozen=True, slots=True)
class AmendingChosen:
    """A signed report is to be opened again. ``at`` is ISO 8601."""

    kind: Amending
    reason: str
    at: str
    event_id: str | None


@dataclass(frozen=True, slots=True)
class ReportCommanded:
    """A button was pressed on the page."""

    command: DocumentCommand


@dataclass(frozen=True, slots=True)
class StyleChosen:
    """Fields of ``FormatOptions`` that this session overrides."""

    changes: dict[str, str]


@dataclass(frozen=True, slots=True)
class LibraryLoaded:
    """The clinician's templates, macros and words, read for the first time or again."""

    formatter: Formatter
    library: Library
    own: OwnWords | None = None


@dataclass(frozen=True, slots=True)
class QuestionTyped:
    """``item_id`` is the client's own, if it gave one."""

    text: str
    item_id: str = ""
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerRequested:
    """``text`` is asked in place of the last item. What is None is as the session has it. Not ``remembered``:
    neither the question nor the answer becomes part of the conversation."""

    event_id: str | None = None
    text: str = ""
    instructions: str | None = None
    max_tokens: int | Literal["inf"] | None = None
    remembered: bool = True
    metadata: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class StopRequested:
    """``response_id`` None stops whichever answer runs."""

    response_id: str | None = None
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class ItemAsked:
    """The client wants an item told again."""

    item_id: str
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class ItemDropped:
    """The client takes an item out of the conversation."""

    item_id: str
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class ImageAttached:
    """``taken`` and ``exam``: when, and in which examination, as its file says; they are put on no wire."""

    attachment: Attachment
    taken: str = ""
    exam: str = ""
    patients: tuple[PicturedPatient, ...] = ()
    """Whom its file names."""


@dataclass(frozen=True, slots=True)
class ImageConfirmed:
    """A person says that it is of the report's patient."""

    attachment_id: str
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class ImageRemoved:
    attachment_id: str


@dataclass(frozen=True, slots=True)
class ImageOpened:
    """An image was opened on the page; empty when it is closed."""

    attachment_id: str


# Facts from the engine. ``turn`` counts the answers of a session.


@dataclass(frozen=True, slots=True)
class EngineChanged:
    """Another engine answers from now on."""

    engine: EngineInfo


@dataclass(frozen=True, slots=True)
class PassagesFound:
    """The passages in the guideline folder for the question of ``turn``. Not ``ready``: it is still being
    read."""

    turn: int
    passages: tuple[Passage, ...]
    ready: bool = True


@dataclass(frozen=True, slots=True)
class WaitEnded:
    """The question goes to the model now."""

    turn: int


@dataclass(frozen=True, slots=True)
class AnswerProgressed:
    turn: int
    piece: str


@dataclass(frozen=True, slots=True)
class ModelThought:
    """A piece of the model's reasoning, never part of the answer."""

    turn: int
    piece: str


@dataclass(frozen=True, slots=True)
class PromptSent:
    """The prompt that the engine gave its model, as it reports."""

    turn: int
    sent: Sent


@dataclass(frozen=True, slots=True)
class RecordRead:
    """The resources read in the attached records for an answer, and the facts noted from them."""

    turn: int
    resources: tuple[Resource, ...]
    facts: str


@dataclass(frozen=True, slots=True)
class AnswerFinished:
    turn: int
    code: str | None = None
    message: str = ""
    usage: Usage | None = None
    at_ms: int = 0
    cut_off: bool = False
    """It reached the most tokens that it may have."""


Fact = (
    SpeechStarted
    | SpeechStopped
    | TurnCommitted
    | PartialHeard
    | FinalExpected
    | SpeechWentOn
    | FinalHeard
    | SoundLost
    | UtteranceDropped
    | RecognitionFailed
    | SessionChosen
    | ModeChosen
    | AttentionChosen
    | WakePhraseChosen
    | ReadingAloud
    | IntentCorrected
    | ItemEditedByHand
    | ReportEdited
    | ReportOf
    | ReportCopied
    | ReportWasSigned
    | AmendingChosen
    | ReportCommanded
    | LibraryLoaded
    | StyleChosen
    | QuestionTyped
    | AnswerRequested
    | StopRequested
    | ItemAsked
    | ItemDropped
    | ImageAttached
    | ImageRemoved
    | ImageConfirmed
    | ImageOpened
    | EngineChanged
    | PassagesFound
    | WaitEnded
    | AnswerProgressed
    | ModelThought
    | PromptSent
    | RecordRead
    | AnswerFinished
)

# Actions, in the imperative.


@dataclass(frozen=True, slots=True)
class Emit:
    event: ServerEvent


@dataclass(frozen=True, slots=True)
class FindPassages:
    """Look in the guideline folder; ``PassagesFound`` comes back, also when nothing is found."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class StartAnswer:
    turn: int
    question: Question
    by_text_engine: bool = False
    """The engine for questions without images answers."""
    wait_ms: int = 0
    """Time for which nothing of it goes to the engine; then ``WaitEnded`` comes back. 0: no fact comes."""


@dataclass(frozen=True, slots=True)
class StopAnswer:
    turn: int


@dataclass(frozen=True, slots=True)
class KeepCorrection:
    """A transcript and its corrected intent: training data, kept only on request."""

    heard: str
    intent: Literal["dictation", "question"]


@dataclass(frozen=True, slots=True)
class KeepCorrectedWords:
    """Words that a person corrected: kept only on request."""

    heard: str
    written: str


@dataclass(frozen=True, slots=True)
class BeginReport:
    """Another report is wanted: this one stays as it is, in the list. Nothing of it goes over: no patient,
    order, picture, question or answer."""

    template: str = ""
    """Name of the template that it begins with; "" is a blank one."""
    item_id: str | None = None
    """The utterance that asked; none for a button."""
    event_id: str | None = None


Action = Emit | KeepCorrection | KeepCorrectedWords | FindPassages | StartAnswer | StopAnswer | BeginReport


def refused(code: str, message: str, event_id: str | None, param: str | None = None) -> Emit:
    """A client's request failed; ``event_id`` is the id of the request, ``param`` its wrong field."""
    return Emit(ErrorEvent(error=ErrorBody(code=code, message=message, event_id=event_id, param=param)))
