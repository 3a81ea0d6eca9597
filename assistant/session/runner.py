"""The tasks of one session are started, owned and ended here, and nowhere else."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, assert_never

from assistant import telemetry
from assistant.asr.expected_words import words_in
from assistant.asr.hotwords import LONGEST_PHRASE, MOST_PHRASES
from assistant.audio.frames import SAMPLE_RATE_HZ, AudioChunk, LostSound
from assistant.audio.webrtc import with_own_candidates
from assistant.channels import Outbox
from assistant.characters import whole, whole_parts
from assistant.components.components import Components
from assistant.components.personal import Personal
from assistant.config import Settings
from assistant.conversation.asking import Guidelines
from assistant.conversation.core import Conversation
from assistant.conversation.log import Logged
from assistant.conversation.past import Past
from assistant.conversation.transcripts import item_id as item_id_of
from assistant.conversation.types import (
    Action,
    AmendingChosen,
    AnswerRequested,
    AttentionChosen,
    BeginReport,
    Emit,
    EngineChanged,
    Fact,
    FinalHeard,
    FindPassages,
    ImageAttached,
    ImageConfirmed,
    ImageOpened,
    ImageRemoved,
    IntentCorrected,
    ItemAsked,
    ItemDropped,
    ItemEditedByHand,
    KeepCorrectedWords,
    KeepCorrection,
    LibraryLoaded,
    ModeChosen,
    QuestionTyped,
    ReadingAloud,
    RecognitionFailed,
    ReportCommanded,
    ReportCopied,
    ReportEdited,
    ReportOf,
    ReportWasSigned,
    SessionChosen,
    SoundLost,
    SpeechStarted,
    StartAnswer,
    StopAnswer,
    StopRequested,
    StyleChosen,
    UtteranceDropped,
    WakePhraseChosen,
)
from assistant.dictation.editor import signed
from assistant.engines.base import EngineInfo
from assistant.engines.pieces import Piece
from assistant.errors import AssistantError, BadInput, Denied, of_the_system
from assistant.events import (
    Attachment,
    AttachmentConfirm,
    AttachmentLook,
    AttachmentRemove,
    AttentionSet,
    AudioAt,
    AudioEnd,
    BufferCleared,
    ClientEvent,
    CommandDone,
    ConversationItemCreate,
    ConversationItemDelete,
    ConversationItemRetrieve,
    ConversationItemTruncate,
    DocumentChanged,
    DocumentCommand,
    DocumentEdit,
    InputAudioAppend,
    InputAudioClear,
    InputAudioCommit,
    InputImage,
    InputText,
    IntentCorrect,
    ItemEdit,
    LabelsScore,
    ModeSet,
    Notice,
    Order,
    OutputAudioClear,
    Patient,
    ReportAmend,
    ReportDescribe,
    ReportSign,
    ReportSigned,
    ResponseCancel,
    ResponseConfig,
    ResponseCreate,
    SessionClosing,
    SessionConfig,
    SessionState,
    SessionUpdate,
    SessionUpdated,
    SimilarFind,
    SpeechState,
    WebRtcAnswer,
    WebRtcClose,
    WebRtcOffer,
)
from assistant.export.checks import findings_in
from assistant.export.history import SessionInfo
from assistant.export.report import content_sha256
from assistant.imaging.photo import image_from_data_uri
from assistant.imaging.study import Study
from assistant.principal import SOLE, Principal
from assistant.session.attachments import Attachments, KeptStudy, StorageLimit
from assistant.session.belongings import Belongings
from assistant.session.choices import Choices, asked_by, chosen, hints
from assistant.session.delivery import ENDED, GOING_AWAY, Delivery
from assistant.session.image_matching import ImageMatching
from assistant.session.listener import Listener
from assistant.session.microphone import Microphone
from assistant.session.responder import Responder
from assistant.session.state import session_state
from assistant.session.turns import Turns
from assistant.storage import corrections
from assistant.storage.heard import Heard
from assistant.storage.kept_session import KeptSession
from assistant.storage.store import KeptReport
from assistant.storage.writer import Writer

if TYPE_CHECKING:
    from aiortc import RTCDataChannel

log = logging.getLogger(__name__)

FILES_EVERY_S = 2.0
NOTE_EVERY_S = 2.0
HELP_AGAIN_S = 1.0
"""Pause before a helper that failed is started again."""
LAST_TURN_S = 5.0
"""A session that ends waits so long for the final of a turn that its client has not committed."""

Task = asyncio.Task[None]
HEARING_EVERY_S = 1.0

Trouble = Literal["recogniser_failing", "machine_busy", "second_recogniser_failed"]
TROUBLES: dict[Trouble, str] = {
    "recogniser_failing": "The recogniser does not answer. What you say is kept, and written when it works.",
    "machine_busy": "The server is busy: what you say is written late. Nothing is lost.",
    "second_recogniser_failed": "The recogniser for questions failed. The one for dictation hears them now.",
}
LATE: frozenset[Trouble] = frozenset({"recogniser_failing", "machine_busy"})
"""With these, what is said is not written in time."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A session that has ended and is gone on with. ``token`` is what its client holds."""

    kept: KeptReport
    past: Past
    studies: Sequence[KeptStudy]
    token: str

    @property
    def heard(self) -> Heard:
        """Also where the last final was stored and what was noted is older."""
        settled = max([self.kept.heard.settled, *(_sample(each.end_ms) for each in self.past.heard.values())])
        clock = max(self.kept.heard.clock, settled, _sample(self.past.until_ms))
        return self.kept.heard.model_copy(update={"settled": settled, "clock": clock})


@dataclass(frozen=True, slots=True)
class Following:
    """The session that the client of another one goes on with, and the events that it gets of it."""

    runner: "SessionRunner"
    outbox: Outbox[Logged]


def _sample(at_ms: int) -> int:
    return at_ms * SAMPLE_RATE_HZ // 1000


class SessionRunner:
    """A session, from its first connection until no client has come back within the grace time."""

    def __init__(
        self,
        settings: Settings,
        components: Components,
        person: Principal,
        writer: Writer | None = None,
        earlier: Earlier | None = None,
        *,
        belongings: Belongings,
        follows: "SessionRunner | None" = None,
        begin_another: "Callable[[SessionRunner], SessionRunner] | None" = None,
    ) -> None:
        """With ``earlier``, a session that has ended is gone on with. ``follows``: the session whose client
        and microphone go on with this one. ``begin_another`` starts such a session; called with the one that
        is left. It raises ``AssistantError`` (``server_stopping``)."""
        self.person = person
        """Its owner, as it came last: nobody else may see or change anything of it."""
        self.id = earlier.kept.session.id if earlier else f"sess_{secrets.token_urlsafe(12)}"
        self.resume_token = earlier.token if earlier else secrets.token_urlsafe(24)
        self._settings = settings
        self._components = components
        text_engine = components.text_engine
        guidelines: Guidelines = "none"
        if components.guidelines is not None:
            guidelines = "only" if settings.guidelines_only else "first"
        self.conversation = Conversation(
            components.engine.info,
            guidelines,
            mark_below=settings.mark_below,
            text_engine=text_engine.info if text_engine else None,
            session_path=f"/v1/sessions/{self.id}",
            question_wait_ms=settings.question_wait_ms,
        )
        """Only facts change it; HTTP requests read it."""
        self._belongings = belongings
        self._begin_another = begin_another
        self.following: Following | None = None
        """The session that its client goes on with: "new report" was said here."""
        self.has_no_socket_of_its_own = follows is not None
        """Its client came on the socket of the session before."""
        self._personal = components.personal.current
        self._context_of: tuple[str | None, tuple[str, ...]] = (None, ())
        if follows:
            self._listener: Listener = follows._listener
            self._listener.mean(self.conversation.means)
        else:
            self._listener = Listener(
                vad=components.open_vad(),
                settings=components.endpoint,
                recogniser=components.recogniser,
                second=components.second_model,
                filter_samples=components.open_filter(),
                means=self.conversation.means,
            )
        self._earlier = earlier
        session = SessionInfo(self.id, datetime.now().astimezone(), components.model.name)
        self.kept = KeptSession(
            settings,
            earlier.kept.session if earlier else session,
            writer,
            self.resume_token,
            self._storing_changed,
            person=person,
            stored=earlier.kept.events if earlier else (),
        )
        self._delivery = Delivery(self.id, self.kept, settings.grace_s, on_gone=self.end)
        self._emit, self._warn, self.refuse = self._delivery.emit, self._delivery.warn, self._delivery.refuse
        if follows:
            self._microphone: Microphone = follows._microphone
            self._microphone.bring_to(self._keep_audio, self._emit)
        else:
            self._microphone = Microphone(
                ice_servers=settings.ice_servers, on_chunk=self._keep_audio, emit=self._emit
            )
        if writer is not None:
            self._microphone.settled = self._settled
        self.attachments = Attachments(
            components.reader,
            self.id,
            attached=self._attached,
            warn=self._warn,
            kept=writer.store.files_of(self.id) if writer else None,
            key=writer.store.key if writer else None,
            limit=StorageLimit(writer.store, person.id, settings.storage_gb_per_user)
            if writer and settings.storage_gb_per_user
            else None,
        )
        self._responder = Responder(
            components,
            self.attachments,
            passages=settings.guideline_passages,
            now_ms=lambda: self._microphone.clock_ms,
            take=self._take,
        )
        self._matching = ImageMatching(components.embedder, self.attachments, self._emit, self.refuse)
        self._choices: Choices = follows._choices if follows else Choices(self._microphone.format)
        self._turns: Turns = follows._turns if follows else Turns()
        self._uncommitted: int = follows._uncommitted if follows else 0  # samples since the last commit
        self.done_with = False
        """Its client has closed it, and does not come back."""
        self._address = ""
        self._used = False  # a client has sent something that would be missed
        self._answers: dict[int, Task] = {}
        self._recognising: Task | None = None
        self._ended = asyncio.Event()
        self._comes_back = False  # the client is to try again
        # Where only a commit ends a turn: the end of the last final.
        self._turns_settled: int = follows._turns_settled if follows else 0
        if follows:
            self.conversation.follow(follows.conversation)
            self._context_of = follows._context_of
            self._address = follows._address
        if earlier:
            self._go_on_from(earlier)

    def _go_on_from(self, earlier: Earlier) -> None:
        past = earlier.past
        images = {
            each.study.id: ImageAttached(
                past.attachments[each.study.id], each.study.time, each.study.exam, each.study.patients
            )
            for each in earlier.studies
            if each.study.id in past.attachments
        }
        self.attachments.go_on_from([each for each in earlier.studies if each.study.id in images])
        for action in self.conversation.go_on_from(past, images):
            self._do(action)
        self._used = True
        self._turns_settled = earlier.heard.settled
        self._listener.go_on_from(past.utterances, max(earlier.heard.clock, earlier.heard.settled))

    # --- life ---

    async def run(self) -> None:
        """Serve until the session ends. If a bug ended it, that exception is raised."""
        telemetry.sessions.inc()
        try:
            async with asyncio.TaskGroup() as self._tasks:
                helpers = [
                    self._tasks.create_task(self._listen(), name="listen"),
                    recognising := self._tasks.create_task(self._recognise(), name="recognise"),
                    self._help("report", self._microphone.report),
                    self._help("follow-files", self._follow_files),
                    self._help("match-images", self._matching.run),
                    self._help("tell-how-it-hears", self._tell_how_it_hears),
                    self._help("note-what-is-heard", self._note_what_is_heard),
                ]
                self._recognising = recognising
                await self._ended.wait()
                if self._turns.is_open and not self.following:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self.finish_speech(), LAST_TURN_S)
                for task in [*helpers, *self._answers.values()]:
                    task.cancel()
        except BaseExceptionGroup:
            reason = "The assistant has failed. Everything you said is still on the page."
            self._close(reason)
            raise
        finally:
            self._ended.set()
            telemetry.sessions.dec()
            if not self.following:
                await self._microphone.close_peer()
            await self.attachments.close()
            await self.kept.finish()
            self._delivery.close(GOING_AWAY if self._comes_back else ENDED)

    def _help(self, name: str, work: Callable[[], Awaitable[None]], *, again: bool = True) -> Task:
        """Start a task whose failure is logged and does not end the session. ``again``: it is then started
        anew."""

        async def helped() -> None:
            while True:
                try:
                    await work()
                    return
                except Exception as error:  # a bug, or a system without files or memory to give
                    log.error("session %s: %s failed", self.id, name, exc_info=error)
                if not again:
                    return
                await asyncio.sleep(HELP_AGAIN_S)

        return self._tasks.create_task(helped(), name=name)

    def end(self) -> None:
        self._ended.set()

    # --- another report ---

    def _leave_for(self, wanted: BeginReport) -> None:
        """Another report is begun: this session ends as it is, and its client and microphone go on with
        another one. What is said from now on, also what has begun already, belongs to that one."""
        begun = [] if self._turns.by_commit else self._listener.begun()
        try:
            another = self._may_leave()(self)
        except AssistantError as error:
            if wanted.item_id is None:
                self.refuse(error, wanted.event_id)
            else:
                done = CommandDone(
                    item_id=wanted.item_id, command="new_report", message=error.message, failed=True
                )
                self._emit(done)
            return
        for fact in begun:
            if isinstance(fact, SpeechStarted):
                self._emit(BufferCleared(item_id=item_id_of(fact.utterance)))
        self.kept.put_heard(self._microphone.heard(self._microphone.heard(0).clock))  # none of it is missing
        if self._recognising is not None and self._recognising is not asyncio.current_task():
            self._recognising.cancel()  # it is at rest; the other session's takes its place
        self.following = Following(another, another._follow(self, wanted, begun))
        self.end()

    def _may_leave(self) -> "Callable[[SessionRunner], SessionRunner]":
        """Return the function that begins the other session. Raises ``AssistantError``: ``nothing_kept``,
        ``store_failed``, ``not_connected``."""
        if self._begin_another is None or not self.kept.is_durable:
            message = "This server keeps no reports: this one would be lost. Copy or save it and press “New”."
            raise BadInput(message, code="nothing_kept")
        if self.kept.trouble is not None:
            message = "This report is not stored yet, and no other is begun before it is. Try again soon."
            raise AssistantError(message, code="store_failed")
        if not self.connected:
            message = "No other report was begun: the connection was lost. Say it again."
            raise AssistantError(message, code="not_connected")
        return self._begin_another

    def _follow(self, earlier: "SessionRunner", wanted: BeginReport, begun: Sequence[Fact]) -> Outbox[Logged]:
        """Begin where the client of ``earlier`` is; returns its events."""
        state = earlier._state()
        mine = {"id": self.id, "resume_token": self.resume_token}
        outbox = self._delivery.follow(earlier._delivery, state.model_copy(update=mine))
        self._use(earlier._personal)
        self._take_choices()
        style = asdict(earlier.conversation.dictation.formatter.options)
        wake_phrase = WakePhraseChosen(earlier.conversation.wake_phrase)
        self._take_all([ModeChosen(earlier.conversation.mode), StyleChosen(style), wake_phrase, *begun])
        self._tell_state()  # stored, for a client that takes the session up
        self._used = bool(begun)
        if wanted.template:
            command = DocumentCommand(command="new_report", name=wanted.template)
            self._take(ReportCommanded(command))
        else:
            message = "New report. The one before is in the list of reports."
            self._emit(CommandDone(command="new_report", message=message))
        self._put_heard()
        return outbox

    async def finish_speech(self) -> None:
        """End what is being said, also a turn that its client has not committed, and wait for its final."""
        self._microphone.end_socket()  # sound of WebRTC that waits for it is part of what is being said
        await self._commit()
        await self._listener.at_rest()

    def say_goodbye(self) -> None:
        """The server is stopping: tell the client and end the session."""
        self._close("The server is stopping.")
        self.end()

    def _close(self, reason: str, *, retry: bool = True) -> None:
        self._emit(SessionClosing(reason=reason, retry=retry))
        self._comes_back = True

    @property
    def over(self) -> bool:
        """True once the session has ended or is about to, so that it cannot be resumed."""
        return self._ended.is_set()

    @property
    def listens(self) -> bool:
        """Whether audio arrives, or may at any moment."""
        return self._microphone.is_on

    def use_engine(self, engine: EngineInfo) -> "list[asyncio.Task[None]]":
        """From now on this engine answers; tells the client. Returns the answers that still run."""
        running = list(self._answers.values())
        self._take(EngineChanged(engine))
        self._tell_state()
        return running

    def stop_answers(self, tasks: "frozenset[asyncio.Task[None]]") -> None:
        """Stop the running answer if it is one of these."""
        if any(task in tasks for task in self._answers.values()):
            self._take(StopRequested(None))

    @property
    def connected(self) -> bool:
        return self._delivery.connected

    @property
    def was_used(self) -> bool:
        """Whether a client has sent something that would be missed."""
        return self._used

    @property
    def abandoned(self) -> bool:
        """True if no client is connected and the session was never used."""
        return not self.connected and not self._used

    def connect(self, after_seq: int | None, address: str = "") -> Outbox[Logged]:
        """Connect a client at ``address``; returns its events. ``after_seq`` None means a fresh start.

        A session has one client at a time: an earlier connection gets a notice and is closed, with its
        microphone.
        """
        if self.connected:
            self._help("close-earlier-peer", self._microphone.close_peer, again=False)
        self._address = address
        if self._earlier:
            self._hear_on(self._earlier, sends_again=bool(after_seq))
        outbox = self._delivery.connect(self._state(), after_seq, self._microphone.next_sample)
        if after_seq is None and self.kept.trouble:
            self._storing_changed(self.kept.trouble)
        self._use(self._personal)
        return outbox

    def _hear_on(self, earlier: Earlier, *, sends_again: bool) -> None:
        """With the first client that comes back. Speech that was cut off is heard again as another utterance,
        or its loss is marked."""
        self._earlier = None
        cut_off = list(earlier.past.speaking)
        self._microphone.go_on_from(earlier.heard, sends_again=sends_again, cut_off=bool(cut_off))
        for item_id in cut_off:
            self._emit(BufferCleared(item_id=item_id))
        self._put_heard()

    async def disconnect(self, outbox: Outbox[Logged]) -> None:
        """The connection with this outbox has ended; the session waits for a client to resume it."""
        if self._delivery.disconnect(outbox) and not self.following:
            await self._microphone.disconnected()

    def _tell_state(self) -> None:
        """Without the token: these events are stored, and replayed."""
        self._emit(SessionUpdated(session=self._state().model_copy(update={"resume_token": ""})))

    def _state(self) -> SessionState:
        return session_state(
            self._settings,
            self._components,
            self.conversation,
            session_id=self.id,
            resume_token=self.resume_token,
            choices=self._choices,
            person=self.person,
            is_stored=self.kept.is_durable,
        )

    # --- audio ---

    def _settled(self) -> int:
        return self._turns_settled if self._turns.by_commit else self._listener.settled

    def _put_heard(self) -> None:
        if self.following:
            return  # its sound is the other session's
        self.kept.put_heard(self._microphone.heard(self._settled()))

    async def _note_what_is_heard(self) -> None:
        """So that a server that is started anew knows what it has to hear again."""
        noted = 0
        while self.kept.is_durable:
            await asyncio.sleep(NOTE_EVERY_S)
            if self._microphone.clock_ms != noted:
                noted = self._microphone.clock_ms
                self._put_heard()

    async def take_pcm(self, pcm: bytes) -> None:
        """Audio over the WebSocket; see ``Microphone.take_pcm``."""
        self._used = True
        await self._microphone.take_pcm(pcm)

    def _keep_audio(self, chunk: AudioChunk) -> None:
        if not self.conversation.asleep:
            self.kept.hear(chunk)

    async def _listen(self) -> None:
        while True:
            chunk = await self._microphone.next()
            if chunk is None:
                self._hear(self._listener.expire() if self._listener.speaking else [])
                continue
            if isinstance(chunk, LostSound):
                self._hear(self._listener.lose(chunk))
                continue
            self._uncommitted += len(chunk.samples)
            self._hear(self._listener.hear(chunk))
            await self._listener.room()

    async def _recognise(self) -> None:
        async with aclosing(self._listener.recognise()) as facts:  # type: ignore[type-var]
            async for fact in facts:
                self._hear([fact])
                if self.following:
                    return

    async def _tell_how_it_hears(self) -> None:
        """Tell when the recogniser fails, or finals come late, and when that is over."""
        recogniser, told = self._components.recogniser, set[Trouble]()
        while True:
            now = set[Trouble]()
            if recogniser.state == "failing":
                now.add("recogniser_failing")
            elif recogniser.load.late_s > self._settings.final_limit_s:
                now.add("machine_busy")
            if self._listener.second_failed:
                now.add("second_recogniser_failed")
            for trouble in sorted(now - told):
                self._warn(trouble, TROUBLES[trouble])
            if told & LATE and not now & LATE:
                self._emit(Notice(code="hearing_works", message="What you say is written in time again."))
            told = now
            await asyncio.sleep(HEARING_EVERY_S)

    async def _follow_files(self) -> None:
        """Read templates, macros and words, now and when they change in files or on another server."""
        while True:
            try:
                await self.read_personal()
            except AssistantError as error:
                log.error("session %s: own words and templates were not read: %s", self.id, error.code)
            await asyncio.sleep(FILES_EVERY_S)

    async def read_personal(self) -> None:
        """Use what the person has now. Raises ``AssistantError``: ``database_failed``."""
        personal = await self._belongings.of(self.person)
        if personal is not self._personal:
            self._use(personal)

    def _use(self, personal: Personal) -> None:
        before, self._personal = self._personal, personal
        self._take(LibraryLoaded(personal.formatter, personal.library, personal.own))
        if personal.own.written != before.own.written:
            self._expect()

    def _expect(self) -> None:
        """The recogniser listens for the client's words and the person's own."""
        if self._components.model.takes_phrases:
            own = (word for word in self._personal.own.written if len(word) <= LONGEST_PHRASE)
            self._listener.expect((*hints(self._choices), *own)[:MOST_PHRASES])

    # --- what a client sends ---

    async def receive(self, event: ClientEvent) -> None:
        """Carry out a client's request. Bad input becomes an ``error`` event; the session continues."""
        self._used = self._used or not isinstance(event, SessionUpdate)
        try:
            await self._obey(event)
        except AssistantError as error:
            self.refuse(error, event.event_id)
        except OSError as error:
            log.error("session %s: a request failed", self.id, exc_info=error)
            self.refuse(of_the_system(error), event.event_id)

    async def _obey(self, event: ClientEvent) -> None:
        match event:
            case InputAudioAppend():
                await self.take_pcm(event.pcm())
            case AudioAt(sample=sample, age_ms=age_ms):
                await self._microphone.begin_at(sample, age_ms)
                self._put_heard()
            case AudioEnd():
                self._microphone.end_socket()
            case InputAudioCommit():
                if not await self._commit():
                    raise BadInput("There was nothing to commit.", code="input_audio_buffer_commit_empty")
            case InputAudioClear():
                await self._microphone.drained()  # what was sent before it is part of what is thrown away
                self._uncommitted = 0
                self._hear(self._listener.clear())
            case SessionUpdate():
                await self._update(event)
            case ConversationItemCreate():
                await self._create_item(event)
            case ConversationItemRetrieve():
                self._take(ItemAsked(event.item_id, event.event_id))
            case ConversationItemDelete():
                self._take(ItemDropped(event.item_id, event.event_id))
            case ConversationItemTruncate():
                raise BadInput("Answers are text: there is no sound to cut.", code="item_has_no_audio")
            case OutputAudioClear():
                pass  # there is no sound to clear
            case ResponseCreate():
                self._take(_requested(event))
            case ResponseCancel():
                self._take(StopRequested(event.response_id, event.event_id))
            case WebRtcOffer():
                self._emit(WebRtcAnswer(sdp=await self.offer(event.sdp)))
            case WebRtcClose():
                await self._microphone.turn_off()
                await self._commit()
            case ModeSet():
                self._take(ModeChosen(event.mode))
                self._tell_state()
            case AttentionSet():
                await self._commit()  # what was said before it is still taken
                self._take(AttentionChosen(event.asleep, "hand"))
            case SpeechState():
                self._take(ReadingAloud(event.text, self._microphone.clock_ms))
            case IntentCorrect():
                self._take(IntentCorrected(event.item_id, event.intent, event.event_id))
            case ItemEdit():
                self._take(ItemEditedByHand(event.item_id, event.text, event.event_id))
            case DocumentEdit():
                self._take(ReportEdited(event))
            case DocumentCommand(command="new_report"):
                await self._said_all()  # it belongs to this report, not to the one that is begun
                self._take(ReportCommanded(event))
            case DocumentCommand():
                self._take(ReportCommanded(event))
            case ReportDescribe():
                self._take(ReportOf(whole_parts(event.patient), whole_parts(event.order), event.event_id))
            case ReportSign():
                await self._sign(event)
            case ReportAmend(kind=kind, reason=reason):
                self._take(AmendingChosen(kind, whole(reason), _now(), event.event_id))
            case AttachmentLook():
                self._take(ImageOpened(event.attachment_id or ""))
            case AttachmentConfirm(attachment_id=attachment_id):
                self._take(ImageConfirmed(attachment_id, event.event_id))
            case AttachmentRemove():
                self._take(ImageRemoved(event.attachment_id))
                await self.attachments.remove(event.attachment_id)
            case LabelsScore() | SimilarFind():
                self._matching.ask(event)
            case _:
                assert_never(event)

    def fill(self, document: DocumentChanged, patient: Patient) -> None:
        """Begin with the text of another report of this patient. Its client has yet to come."""
        self._used = True
        self._take(ReportCopied(document, patient))
        self._delivery.wait_for_client()

    def begin_for(self, patient: Patient, order: Order) -> None:
        """Begin the report of an order. Its client has yet to come."""
        self._used = True
        self._take(ReportOf(patient, order))
        self._delivery.wait_for_client()

    def tell_of_order(self, what: Literal["cancelled", "changed"]) -> None:
        """Its order is another one now: the report stays as it is, and its clinician is told."""
        match what:
            case "cancelled":
                self._warn("order_cancelled", "The order of this report was cancelled by its sender.")
            case "changed":
                self._warn(
                    "order_changed",
                    "The order of this report was changed by its sender. Compare patient, number, "
                    "examination and time with the list of orders: the report has them as they were.",
                )
            case _:
                assert_never(what)

    async def _said_all(self) -> None:
        """Wait until all that was said has its final and the recogniser rests. Raises ``AssistantError``:
        ``speech_unfinished``."""
        try:
            async with asyncio.timeout(LAST_TURN_S):
                await self.finish_speech()
                while not self._listener.rests:
                    await self._listener.at_rest()
        except TimeoutError:
            message = "What you said is still being written. Try again in a moment."
            raise AssistantError(message, code="speech_unfinished") from None

    async def _sign(self, event: ReportSign) -> None:
        """Checks first. Raises ``BadInput`` as ``ReportSign`` says."""
        with suppress(TimeoutError):  # what is being said belongs to the report, and changes its revision
            await asyncio.wait_for(self.finish_speech(), LAST_TURN_S)
        if "sign" not in self.person.rights:
            message = "You may not sign reports here. Ask who administers this server for the role."
            raise Denied(message, code="right_missing")
        conversation, document = self.conversation, self.conversation.dictation.document
        if conversation.is_signed:
            raise signed()
        if document.is_empty:
            raise BadInput("An empty report cannot be signed.", code="report_empty")
        if event.revision != document.revision:
            raise BadInput("The report has just changed. Look at it, then sign.", code="report_changed")
        found = findings_in(conversation.report)
        if found and not event.checked:
            message = f"The checks found {len(found)} places to look at first."
            raise BadInput(message, code="report_unchecked")
        sections = [(section.title, section.text) for section in document.sections]
        reopened = conversation.reopened
        if (
            reopened
            and reopened.kind == "addendum"
            and not _is_longer(conversation.signed_sections, sections)
        ):
            message = "An addendum leaves what was signed as it is: undo the changes, or amend the report."
            raise BadInput(message, code="addendum_changes_report")
        name, signer = self._signer(event.name)
        number, kind = len(conversation.signed) + 1, reopened.kind if reopened else "report"
        at, described = _now(), conversation.described
        sha256 = content_sha256(
            self.id,
            document.template or "",
            sections,
            patient=described.patient,
            order=described.order,
            signature=(number, kind, name, at),
            signer=signer,
        )
        self._take(
            ReportWasSigned(
                ReportSigned(
                    number=number,
                    kind=kind,
                    name=name,
                    signer=signer,
                    at=at,
                    revision=document.revision,
                    sha256=sha256,
                    checks=sorted({each.code for each in found}),
                )
            )
        )

    def _signer(self, given: str) -> tuple[str, str]:
        """Name and id of the user, or the name that was typed, with no id, where there are no users."""
        name = whole(given.strip())
        if self.person.id == SOLE:
            if not name:
                raise BadInput("Write the name of the person who signs.", code="name_missing")
            return name, ""
        if name not in ("", self.person.name):
            message = f"You sign as {self.person.name}: nobody signs with another's name."
            raise BadInput(message, code="signer_is_user")
        return self.person.name, self.person.id

    async def offer(
        self,
        sdp: str,
        on_channel: "Callable[[RTCDataChannel], None] | None" = None,
        on_lost: Callable[[], None] = lambda: None,
    ) -> str:
        """See ``Microphone.offer``. Raises also ``BadInput``: ``model_loading``."""
        if self._components.loading:
            raise BadInput(
                "A model is being loaded, and words would be lost. Try again in some seconds.",
                code="model_loading",
            )
        anywhere = self._settings.webrtc_addresses == "any" or not self._address
        sdp = sdp if anywhere else with_own_candidates(sdp, self._address)
        return await self._microphone.offer(sdp, on_channel, on_lost)

    async def _commit(self) -> bool:
        """End the turn now; False if there was nothing in it."""
        await self._microphone.flush()
        speaking = self._listener.speaking
        self._hear(self._listener.commit())
        if not self._turns.by_commit:
            return speaking
        heard, self._uncommitted = self._uncommitted, 0
        if heard:
            self._take_all(self._turns.commit(self._listener.next_number(), self._microphone.clock_ms))
        return bool(heard)

    async def _update(self, event: SessionUpdate) -> None:
        """All of it or nothing: what is refused is refused before anything is taken."""
        await self._choose(event.session)
        self._tell_state()

    async def _choose(self, asked: SessionConfig) -> None:
        new = chosen(self._choices, asked, self._components.model)
        if new != self._choices:
            await self._use_choices(new)
        if asked.mode:
            self._take(ModeChosen(asked.mode))
        if asked.style is not None:
            self._take(StyleChosen(asked.style.model_dump(exclude_none=True)))
        if asked.wake_phrase is not None:
            self._take(WakePhraseChosen(asked.wake_phrase.strip()))

    async def _use_choices(self, new: Choices) -> None:
        before, self._choices = self._choices, new
        if new.form != before.form:
            self._microphone.use_format(new.form)
        if hints(new) != hints(before):
            self._expect()
        if new.turn_detection != before.turn_detection:
            if (by_commit := new.turn_detection is None) != self._turns.by_commit:
                await self._commit()  # what was said before belongs to a turn of the other kind
                self._turns.switch(by_commit=by_commit, at_ms=self._microphone.clock_ms)
                self._uncommitted = 0
            self._listener.cut_by(new.endpoint(self._components.endpoint))
        self._take_choices()

    def _take_choices(self) -> None:
        new = self._choices
        self._take(
            SessionChosen(
                transcribes=new.kind == "transcription",
                answers_speech=new.answers_speech,
                speech_stops=new.speech_stops,
                instructions=new.instructions,
                max_tokens=new.max_output_tokens,
                with_logprobs=bool(new.include),
            )
        )

    async def take_up(self) -> None:
        """Apply the choices of the stored session's client, before it comes back."""
        if self._earlier and (session := self._earlier.past.session):
            await self.start_with(asked_by(session, self._components.endpoint))

    async def start_with(self, asked: SessionConfig) -> None:
        """Apply the settings that the client asked for when it connected. A language or rate that cannot be
        had is refused as in ``session.update``."""
        try:
            await self._choose(asked)
        except AssistantError as error:
            self.refuse(error)

    async def _create_item(self, event: ConversationItemCreate) -> None:
        if event.previous_item_id not in (None, "root", self.conversation.last_item_id):
            raise BadInput(
                "Items stand in order of time: leave 'previous_item_id' out.",
                code="item_order_not_supported",
                param="previous_item_id",
            )
        self.conversation.check_item(event.item.id)
        texts = [part.text for part in event.item.content if isinstance(part, InputText)]
        images = [part for part in event.item.content if isinstance(part, InputImage)]
        read = [(image_from_data_uri(each.image_url), each.name) for each in images]
        for data, name in read:
            await self.attachments.add_data(data, name)
        if text := "\n".join(texts).strip():
            self._take(QuestionTyped(text, event.item.id or "", event.event_id))

    async def model_pieces(self) -> tuple[Piece, ...]:
        """Everything attached as the model would be given it."""
        ids = self.conversation.attachment_ids
        return await self.attachments.pieces(ids, self._components.engine.info.most_images)

    def _attached(self, attachment: Attachment, study: Study) -> None:
        self._used = True
        self._take(ImageAttached(attachment, study.time, study.exam, study.patients))
        self._matching.check(attachment)

    def _storing_changed(self, error: AssistantError | None) -> None:
        if error is None:
            self._emit(Notice(code="store_works", message="Storage works again. Everything is stored."))
            return
        log.error("session %s: %s", self.id, error.code)
        if error.code == "session_elsewhere":
            self._warn(error.code, f"Your last words or edits here are not kept. {error.message}")
            self._close("This report goes on elsewhere.", retry=False)
            self.end()
            return
        self._warn(
            "store_failed",
            "What is said and typed now is not stored; it is kept in memory and stored when this is fixed. "
            f"{error.message}",
        )

    # --- facts and actions ---

    def _hear(self, facts: list[Fact]) -> None:
        """Facts of the listener, as those of turns where commits end these."""
        for fact in facts:
            self._take_all(self._turns.take(fact))

    def _take_all(self, facts: Sequence[Fact]) -> None:
        """Take facts of what is heard. Once a session follows this one, they belong to that one."""
        for fact in facts:
            (self.following.runner if self.following else self)._take(fact)

    def _take(self, fact: Fact) -> None:
        if isinstance(fact, FinalHeard):
            self._turns_settled = max(self._turns_settled, fact.end_ms * SAMPLE_RATE_HZ // 1000)
        for action in self.conversation.handle(fact):
            self._do(action)
        if self.following:
            return
        if isinstance(fact, FinalHeard | SpeechStarted | SoundLost | UtteranceDropped | RecognitionFailed):
            self._put_heard()  # with the events of this fact
        self._listener.question_mode = self.conversation.mode == "question"
        self._expect_context()

    def _expect_context(self) -> None:
        """The words of the template and of the names of what is attached, whenever these change."""
        document, attached = self.conversation.dictation.document, self.conversation.attachment_ids
        if (document.template, attached) == self._context_of:
            return
        self._context_of = (document.template, attached)
        texts = [section.text for section in document.sections] if document.template else []
        studies = [self.attachments.study(each) for each in attached]
        texts += [study.name for study in studies if study]
        self._listener.expect_context([word for text in texts for word in words_in(text)])

    def _do(self, action: Action) -> None:
        match action:
            case Emit(event):
                self._emit(event)
            case FindPassages(turn, text):
                find = partial(self._responder.find_passages, turn, text)
                self._help(f"find-passages-{turn}", find, again=False)
            case KeepCorrection(heard, intent):
                if (kept := self._settings.keep_corrections) is not None:
                    self._help("keep-correction", partial(self._keep, kept, heard, intent), again=False)
            case KeepCorrectedWords(heard, written):
                keep = partial(self._belongings.keep_correction, self.person, heard, written)
                self._help("keep-corrected-words", keep, again=False)
            case StartAnswer(turn, question, by_text_engine, wait_ms):
                answer = partial(self._responder.answer, turn, question, by_text_engine, wait_ms)
                task = self._help(f"answer-{turn}", answer, again=False)
                self._answers[turn] = task
                task.add_done_callback(lambda _: self._answers.pop(turn))
            case BeginReport():
                self._leave_for(action)
            case StopAnswer(turn):
                if running := self._answers.get(turn):
                    running.cancel()
            case _:
                assert_never(action)

    async def _keep(self, file: Path, heard: str, intent: str) -> None:
        try:
            await asyncio.to_thread(corrections.add, file, heard, intent)
        except AssistantError as error:
            log.error("a correction was not kept: %s", error.code)
            self._warn(error.code, error.message)


def _is_longer(before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]]) -> bool:
    """Whether ``after`` has all sections of ``before``, as they were and first, and more text."""
    same = len(before)
    return list(after[:same]) == list(before) and any(text.strip() for _, text in after[same:])


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


def _requested(event: ResponseCreate) -> AnswerRequested:
    wanted = event.response or ResponseConfig()
    texts = [part.text for item in wanted.input or () for part in item.content]
    return AnswerRequested(
        event.event_id,
        text="\n".join(texts).strip(),
        instructions=wanted.instructions,
        max_tokens=wanted.max_output_tokens,
        remembered=wanted.conversation == "auto",
        metadata=wanted.metadata,
    )
