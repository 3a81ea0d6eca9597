"""One session's tasks: started, owned and ended here, and nowhere else."""

import asyncio
import base64
import binascii
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import assert_never

from assistant import __version__, corrections, telemetry
from assistant.attachments import Attachments
from assistant.audio.frames import SAMPLE_RATE_HZ, AudioChunk
from assistant.audio.pcm import StreamResampler
from assistant.audio.track import AudioStats
from assistant.channels import DropOldest, Outbox
from assistant.components import Components
from assistant.config import Settings
from assistant.dictation.library import spoken_key
from assistant.engines.base import AnswerText, Engine, EngineInfo, Output, Question, Thought, Usage
from assistant.engines.pieces import Piece
from assistant.errors import AssistantError, BadInput
from assistant.events import (
    Attachment,
    AttachmentLook,
    AttachmentRemove,
    AttentionSet,
    AudioFormat,
    AudioGap,
    AudioInput,
    AudioStatus,
    ClientEvent,
    ConversationItemCreate,
    DocumentCommand,
    DocumentEdit,
    ErrorBody,
    ErrorEvent,
    GuidelineShelf,
    HouseStyle,
    ImageMatcher,
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
    Recogniser,
    ResponseCancel,
    ResponseCreate,
    ServerEvent,
    SessionAudio,
    SessionClosing,
    SessionCreated,
    SessionState,
    SessionUpdate,
    SessionUpdated,
    SimilarFind,
    SpeechState,
    TranscriptPartial,
    WebRtcAnswer,
    WebRtcClose,
    WebRtcOffer,
    WordPlace,
)
from assistant.export.checks import Finding, check
from assistant.export.history import SessionInfo
from assistant.image_matching import ImageMatching
from assistant.imaging.photo import image_from_data_uri
from assistant.imaging.study import Study
from assistant.listener import Listener
from assistant.personal import Personal
from assistant.readings.labs import LabReport
from assistant.record import SessionRecord
from assistant.record_reading import Consulted, answer_from_record
from assistant.server.webrtc import MicrophonePeer
from assistant.session.answering import describe
from assistant.session.asking import Guidelines
from assistant.session.core import Conversation
from assistant.session.types import (
    Action,
    AnswerFinished,
    AnswerProgressed,
    AnswerRequested,
    AttentionChosen,
    Emit,
    Fact,
    FindPassages,
    ImageAttached,
    ImageOpened,
    ImageRemoved,
    IntentCorrected,
    ItemEditedByHand,
    KeepCorrection,
    LibraryLoaded,
    ModeChosen,
    ModelThought,
    PassagesFound,
    QuestionTyped,
    ReadingAloud,
    RecordRead,
    ReportCommanded,
    ReportEdited,
    StartAnswer,
    StopAnswer,
    StopRequested,
    StyleChosen,
    WakePhraseChosen,
)
from assistant.store import Store

log = logging.getLogger(__name__)

AUDIO_CHUNKS = 3_000
"""60 s at 20 ms: a machine that is busy for a while writes later, and loses no word."""
PCM_CHUNK_SAMPLES = 320
OUTBOX_EVENTS = 2_000
"""Holds a long answer's deltas for a client that stalls; a full replay goes in beside it."""
SILENT_S = 1.0
"""No audio for so long, in the middle of an utterance, ends it: packets stop when a microphone is muted."""
STATUS_EVERY_S = 1.0
FILES_EVERY_S = 2.0


class SessionRunner:
    """A session from its first connection until nobody has come back for the grace time."""

    def __init__(self, settings: Settings, components: Components, store: Store | None = None) -> None:
        self.id = f"sess_{secrets.token_urlsafe(12)}"
        self.resume_token = secrets.token_urlsafe(24)
        self._settings = settings
        self._components = components
        self._engine: Engine = components.engine
        text_engine = components.text_engine
        self._conversation = Conversation(
            self._engine.info,
            _guidelines(settings, components),
            mark_below=settings.mark_below,
            text_engine=text_engine.info if text_engine else None,
        )
        self._personal = components.personal.current
        self._listener: Listener = components.new_listener()
        session = SessionInfo(self.id, datetime.now().astimezone(), components.model.name)
        self.record = SessionRecord(settings, session, store, self.resume_token, self._storing_changed)
        self.attachments = Attachments(components.reader, self.id, attached=self._attached, warn=self._warn)
        self._matching = ImageMatching(components.embedder, self.attachments, self._emit, self.refuse)
        self._outbox: Outbox[ServerEvent] | None = None
        self._chunks: DropOldest[AudioChunk] = DropOldest(AUDIO_CHUNKS)
        self._clock = 0  # the session's sample clock: the end of the last audio
        self._used = False  # a client has sent something that would be missed
        self._answers: dict[int, asyncio.Task[None]] = {}
        self._peer: MicrophonePeer | None = None
        self._pcm_rate = AudioFormat().rate
        self._pcm: StreamResampler | None = None
        self._pcm_frames = 0
        self._dropped_ms = 0
        self._ended = asyncio.Event()
        self._grace: asyncio.TimerHandle | None = None

    # --- life ---

    async def run(self) -> None:
        """Serve until the session is over. Raises what ended it, if that was a bug."""
        telemetry.sessions.inc()
        try:
            async with asyncio.TaskGroup() as self._tasks:
                helpers = [
                    self._tasks.create_task(self._listen(), name="listen"),
                    self._tasks.create_task(self._recognise(), name="recognise"),
                    self._tasks.create_task(self._report(), name="report"),
                    self._tasks.create_task(self._follow_files(), name="follow-files"),
                    self._tasks.create_task(self.record.run(), name="record"),
                    self._tasks.create_task(self._matching.run(), name="match-images"),
                ]
                await self._ended.wait()
                for task in [*helpers, *self._answers.values()]:
                    task.cancel()
        except BaseExceptionGroup:
            reason = "Something went wrong in the assistant. What was said is still on the page."
            self._emit(SessionClosing(reason=reason, retry=True))
            raise
        finally:
            self._ended.set()
            if self._grace:
                self._grace.cancel()
            telemetry.sessions.dec()
            await self._close_peer()
            await self.attachments.close()
            await self.record.finish()
            if self._outbox:
                self._outbox.close()

    def end(self) -> None:
        self._ended.set()

    def say_goodbye(self) -> None:
        """The server stops: tell the client, and end."""
        self._emit(SessionClosing(reason="The server is stopping.", retry=True))
        self.end()

    @property
    def over(self) -> bool:
        """It has ended, or is about to: nobody can come back to it."""
        return self._ended.is_set()

    @property
    def connected(self) -> bool:
        return self._outbox is not None

    @property
    def abandoned(self) -> bool:
        """Nobody is here, and nobody has left anything."""
        return not self.connected and not self._used

    def connect(self, after_seq: int | None) -> Outbox[ServerEvent]:
        """A client is here; returns its events. ``after_seq`` None is a fresh start.

        One client at a time: an earlier connection of the same session is told and closed.
        """
        if self._outbox is not None:
            earlier = self._outbox
            self._emit(SessionClosing(reason="This session was opened elsewhere.", retry=False))
            earlier.close()  # _emit has let it go already, if it was full
            if self._peer:  # the earlier client's microphone
                peer, self._peer = self._peer, None
                self._tasks.create_task(peer.close(), name="close-earlier-peer")
        if self._grace:
            self._grace.cancel()
        replay = self.record.after(after_seq) if after_seq is not None else []
        self._outbox = Outbox(OUTBOX_EVENTS + len(replay), key=_coalesce)
        self._outbox.put(
            self.record.add(SessionCreated(session=self._state(), resumed=after_seq is not None))
        )
        for event in replay:
            self._outbox.put(event)
        self._use(self._components.personal.current)
        return self._outbox

    async def disconnect(self, outbox: Outbox[ServerEvent]) -> None:
        """The connection that got this outbox is gone; the session waits for it to come back."""
        if self._outbox is not outbox:
            return
        self._outbox = None
        await self._close_peer()
        self._end_pcm()
        self._start_grace()

    def _start_grace(self) -> None:
        if self.over:
            return
        if self._grace:
            self._grace.cancel()
        loop = asyncio.get_running_loop()
        self._grace = loop.call_later(self._settings.grace_s, self.end)

    def _state(self) -> SessionState:
        return SessionState(
            id=self.id,
            resume_token=self.resume_token,
            grace_s=self._settings.grace_s,
            mode=self._conversation.mode,
            asleep=self._conversation.asleep,
            wake_phrase=self._conversation.wake_phrase,
            style=HouseStyle.model_validate(asdict(self._conversation.dictation.formatter.options)),
            guidelines=_shelf(self._components),
            audio=SessionAudio(input=AudioInput(format=AudioFormat(rate=self._pcm_rate))),
            recogniser=Recogniser(name=self._components.model.name),
            engine=describe(self._engine.info),
            ice_servers=list(self._settings.ice_servers),
            version=__version__,
            mark_below=self._settings.mark_below,
            keep_audio_min=self._settings.keep_audio_min,
            archive=self._settings.dicomweb_url is not None,
            stored=self._settings.store is not None,
            image_matcher=_matcher(self._components),
        )

    # --- audio ---

    async def take_pcm(self, pcm: bytes) -> None:
        """PCM16 mono at the session's rate, from the WebSocket. Raises ``BadInput``.

        Waits while there is no room: a client that sends faster than real time is slowed down, not cut.
        """
        self._used = True
        if self._pcm is None:
            self._pcm = StreamResampler(self._pcm_rate, start_sample=self._clock)
            self._pcm_frames = 0
        self._pcm_frames += 1
        chunk = self._pcm.push(pcm)
        for i in range(0, len(chunk.samples), PCM_CHUNK_SAMPLES):
            await self._chunks.room()
            self._hear(AudioChunk(chunk.samples[i : i + PCM_CHUNK_SAMPLES], chunk.start + i))

    def _end_pcm(self) -> None:
        pcm, self._pcm = self._pcm, None
        if pcm is not None:
            self._hear(pcm.finish())

    def _hear(self, chunk: AudioChunk) -> None:
        """Audio, on the session's sample clock."""
        self._clock = chunk.end
        if not self._conversation.asleep:
            self.record.hear(chunk)
        dropped = self._chunks.put(chunk)
        telemetry.queue_peak.labels("audio").set(self._chunks.peak)
        if dropped is not None:
            lost_ms = len(dropped.samples) * 1000 // SAMPLE_RATE_HZ
            self._dropped_ms += lost_ms
            telemetry.audio_dropped_ms.inc(lost_ms)
            self._emit(AudioGap(start_ms=_ms(dropped.start), duration_ms=lost_ms, reason="overload"))

    async def _listen(self) -> None:
        while True:
            try:
                async with asyncio.timeout(SILENT_S):
                    chunk = await self._chunks.get()
            except TimeoutError:
                self._take_all(self._listener.expire() if self._listener.speaking else [])
                continue
            self._take_all(self._listener.hear(chunk))
            await self._listener.room()

    async def _recognise(self) -> None:
        async with aclosing(self._listener.recognise()) as facts:  # type: ignore[type-var]
            async for fact in facts:
                self._take(fact)

    async def _follow_files(self) -> None:
        """Templates, macros and words that were edited are there without a restart."""
        while True:
            await asyncio.sleep(FILES_EVERY_S)
            personal = await asyncio.to_thread(self._components.personal.refresh)
            if personal is not self._personal:
                self._use(personal)

    def _use(self, personal: Personal) -> None:
        self._personal = personal
        self._take(LibraryLoaded(personal.formatter, personal.library))

    async def _report(self) -> None:
        """Say about once a second what came and what was lost, while audio comes."""
        last = 0
        while True:
            await asyncio.sleep(STATUS_EVERY_S)
            if self._clock != last:
                last = self._clock
                self._emit(self._audio_status())

    def _audio_status(self) -> AudioStatus:
        if self._peer is None:
            return AudioStatus(transport="websocket", received=self._pcm_frames, dropped_ms=self._dropped_ms)
        stats: AudioStats = self._peer.stats
        return AudioStatus(
            transport="webrtc",
            received=stats.received,
            lost=stats.lost,
            recovered=stats.recovered,
            late=stats.late,
            concealed_ms=stats.concealed_ms,
            dropped_ms=self._dropped_ms,
        )

    # --- WebRTC ---

    async def _offer(self, sdp: str) -> None:
        await self._close_peer()
        self._end_pcm()
        offset = self._clock

        def heard(chunk: AudioChunk) -> None:
            nonlocal offset
            self._end_pcm()  # what was said while this connected came over the WebSocket, and is before it
            offset = max(offset, self._clock - chunk.start)
            self._hear(AudioChunk(chunk.samples, chunk.start + offset, chunk.concealed))

        def lost(start: int, samples: int) -> None:
            self._emit(AudioGap(start_ms=_ms(start + offset), duration_ms=_ms(samples), reason="network"))

        peer = MicrophonePeer(
            sink=heard,
            on_gap=lost,
            on_failed=self._peer_failed,
            ice_servers=self._settings.ice_servers,
        )
        self._peer = peer
        try:
            answer = await peer.accept(sdp)
        except AssistantError:
            if self._peer is peer:
                self._peer = None
            await peer.close()
            raise
        self._emit(WebRtcAnswer(sdp=answer))

    def _peer_failed(self, error: AssistantError) -> None:
        self._peer = None  # it has closed itself
        self._emit(Notice(level="warning", code=error.code, message=error.message))

    async def _close_peer(self) -> None:
        peer, self._peer = self._peer, None
        if peer:
            await peer.close()

    # --- what a client sends ---

    async def receive(self, event: ClientEvent) -> None:
        """Do what a client asks. What it got wrong becomes an ``error`` event; the session goes on."""
        self._used = self._used or not isinstance(event, SessionUpdate)
        try:
            await self._obey(event)
        except AssistantError as error:
            self.refuse(error, event.event_id)

    def refuse(self, error: AssistantError, event_id: str | None = None) -> None:
        """Tell the client that something was not possible."""
        kind = "invalid_request_error" if isinstance(error, BadInput) else "server_error"
        body = ErrorBody.model_validate(
            {"type": kind, "code": error.code, "message": error.message, "event_id": event_id}
        )
        self._emit(ErrorEvent(error=body))

    async def _obey(self, event: ClientEvent) -> None:
        match event:
            case InputAudioAppend():
                await self.take_pcm(_decode_base64(event.audio))
            case InputAudioCommit():
                await self._commit()
            case InputAudioClear():
                await self._chunks.drained()  # what was sent before it is part of what is thrown away
                self._take_all(self._listener.clear())
            case SessionUpdate():
                self._update(event)
            case ConversationItemCreate():
                await self._create_item(event)
            case ResponseCreate():
                self._take(AnswerRequested(event.event_id))
            case ResponseCancel():
                self._take(StopRequested(event.response_id))
            case WebRtcOffer():
                await self._offer(event.sdp)
            case WebRtcClose():
                await self._close_peer()
                await self._commit()
            case ModeSet():
                self._set_mode(event.mode)
            case AttentionSet():
                await self._commit()  # what was said before it is still taken
                self._take(AttentionChosen(event.asleep, "hand"))
            case SpeechState():
                self._take(ReadingAloud(event.text, _ms(self._clock)))
            case IntentCorrect():
                self._take(IntentCorrected(event.item_id, event.intent, event.event_id))
            case ItemEdit():
                self._take(ItemEditedByHand(event.item_id, event.text, event.event_id))
            case DocumentEdit():
                self._take(ReportEdited(event))
            case DocumentCommand():
                self._take(ReportCommanded(event))
            case AttachmentLook():
                self._take(ImageOpened(event.attachment_id or ""))
            case AttachmentRemove():
                self._take(ImageRemoved(event.attachment_id))
                await self.attachments.remove(event.attachment_id)
            case LabelsScore() | SimilarFind():
                self._matching.ask(event)
            case _:
                assert_never(event)

    async def _commit(self) -> None:
        self._end_pcm()  # the last milliseconds wait in its filter
        await self._chunks.drained()
        self._take_all(self._listener.commit())

    def _update(self, event: SessionUpdate) -> None:
        audio = event.session.audio
        if audio and audio.input and audio.input.format:
            StreamResampler(audio.input.format.rate)  # refuses a rate it cannot take
            self._pcm_rate = audio.input.format.rate
            self._end_pcm()
        transcription = audio.input.transcription if audio and audio.input else None
        if transcription and transcription.keywords is not None:
            self._listener.expect(transcription.keywords)
        if event.session.mode:
            self._take(ModeChosen(event.session.mode))
        if event.session.style is not None:
            self._take(StyleChosen(event.session.style.model_dump(exclude_none=True)))
        if event.session.wake_phrase is not None:
            self._take(WakePhraseChosen(event.session.wake_phrase.strip()))
        self._emit(SessionUpdated(session=self._state()))

    def _set_mode(self, mode: str) -> None:
        self._take(ModeChosen(mode))  # type: ignore[arg-type]
        self._emit(SessionUpdated(session=self._state()))

    async def _create_item(self, event: ConversationItemCreate) -> None:
        texts = [part.text for part in event.item.content if isinstance(part, InputText)]
        for part in event.item.content:
            if isinstance(part, InputImage):
                data = image_from_data_uri(part.image_url)
                await self.attachments.add_data(data, part.name)
        if text := "\n".join(texts).strip():
            self._take(QuestionTyped(text))

    async def model_pieces(self) -> tuple[Piece, ...]:
        """What the model would be given of everything attached."""
        ids = self._conversation.attachment_ids
        return await self.attachments.pieces(ids, self._engine.info.most_images)

    async def _with_pieces(self, question: Question, engine: EngineInfo) -> Question:
        if not question.attachment_ids:
            return question
        most = engine.most_images if engine.sees_images else 1  # one is enough to say so
        labels = question.comparison.labels() if question.comparison else None
        return replace(question, pieces=await self.attachments.pieces(question.attachment_ids, most, labels))

    def _attached(self, attachment: Attachment, study: Study) -> None:
        self._used = True
        self._take(ImageAttached(attachment, study.time, study.exam))
        self._matching.check(attachment)

    def _warn(self, code: str, message: str) -> None:
        self._emit(Notice(level="warning", code=code, message=message))

    # --- the report ---

    def findings(self) -> list[Finding]:
        """What to look at before the report leaves."""
        dictation = self._conversation.dictation
        template = dictation.library.templates.get(spoken_key(dictation.document.template or ""))
        required = [section.title for section in template.sections] if template else []
        return check(dictation.document, required=required, doubtful=self._conversation.doubtful())

    def words(self) -> tuple[int, list[WordPlace]]:
        """The report's revision, and where its spoken words stand."""
        return self._conversation.dictation.document.revision, self._conversation.words()

    def _storing_changed(self, error: AssistantError | None) -> None:
        if error is None:
            self._emit(Notice(code="store_works", message="Everything is stored again."))
            return
        log.error("session %s: %s", self.id, error.code)
        message = f"What is said now is not stored, until this is mended. {error.message}"
        self._emit(Notice(level="warning", code=error.code, message=message))

    async def sent(self, response_id: str) -> tuple[Question, EngineInfo] | None:
        """What an answer was asked with, and of whom; without what was removed since."""
        sent = self._conversation.sent(response_id)
        return sent and (await self._with_pieces(*sent), sent[1])

    def labs(self, response_id: str) -> LabReport | None:
        """The lab table that was read from the images of an answer."""
        return self._conversation.labs(response_id)

    # --- facts and actions ---

    def _take_all(self, facts: list[Fact]) -> None:
        for fact in facts:
            self._take(fact)

    def _take(self, fact: Fact) -> None:
        for action in self._conversation.handle(fact):
            self._do(action)
        self._listener.question_mode = self._conversation.mode == "question"

    def _do(self, action: Action) -> None:
        match action:
            case Emit(event):
                self._emit(event)
            case FindPassages(turn, text):
                self._tasks.create_task(self._find_passages(turn, text), name=f"find-passages-{turn}")
            case KeepCorrection(heard, intent):
                if (kept := self._settings.keep_corrections) is not None:
                    self._tasks.create_task(self._keep(kept, heard, intent), name="keep-correction")
            case StartAnswer(turn, question, by_text_engine):
                engine = self._components.text_engine if by_text_engine else None
                answering = self._answer(engine or self._engine, turn, question)
                task = self._tasks.create_task(answering, name=f"answer-{turn}")
                self._answers[turn] = task
                task.add_done_callback(lambda _: self._answers.pop(turn))
            case StopAnswer(turn):
                if running := self._answers.get(turn):
                    running.cancel()
            case _:
                assert_never(action)

    def _emit(self, event: ServerEvent) -> None:
        event = self.record.add(event)
        if self._outbox is None:
            return
        try:
            self._outbox.put(event)
        except AssistantError as error:
            log.warning("session %s: %s", self.id, error.code)
            self._outbox.close()
            self._outbox = None
            self._start_grace()

    async def _keep(self, file: Path, heard: str, intent: str) -> None:
        try:
            await asyncio.to_thread(corrections.add, file, heard, intent)
        except AssistantError as error:
            log.error("a correction was not kept: %s", error.code)
            self._emit(Notice(level="warning", code=error.code, message=error.message))

    async def _find_passages(self, turn: int, text: str) -> None:
        library = self._components.guidelines
        assert library is not None
        with telemetry.stage("find_passages"):
            found = await asyncio.to_thread(library.search, text, self._settings.guideline_passages)
        self._take(PassagesFound(turn, tuple(found), ready=library.shelf.ready))

    async def _outputs(self, engine: Engine, question: Question) -> AsyncIterator[Output | Consulted]:
        """The engine's answer, read out of the attached records if there are any."""
        if resources := await self.attachments.records(question.record_ids):
            return answer_from_record(engine, question, resources)
        return engine.answer(question)

    async def _answer(self, engine: Engine, turn: int, question: Question) -> None:
        code: str | None = None
        message = ""
        usage: Usage | None = None
        try:
            with telemetry.stage("answer"):
                question = await self._with_pieces(question, engine.info)
                async with aclosing(await self._outputs(engine, question)) as outputs:  # type: ignore[type-var]
                    async for output in outputs:
                        match output:
                            case AnswerText(text):
                                self._take(AnswerProgressed(turn, text))
                            case Thought(text):
                                self._take(ModelThought(turn, text))
                            case Consulted(resources, facts):
                                self._take(RecordRead(turn, resources, facts))
                            case Usage():
                                usage = output
                            case _:
                                assert_never(output)
            telemetry.answers.labels("completed").inc()
        except asyncio.CancelledError:
            telemetry.answers.labels("cancelled").inc()
            raise
        except AssistantError as error:
            log.warning("answer failed: %s", error.code)
            telemetry.answers.labels("failed").inc()
            code, message = error.code, error.message
        except Exception as error:  # an engine's bug must not take the dictation with it
            log.error("answer failed by a bug", exc_info=error)
            telemetry.answers.labels("failed").inc()
            code, message = "engine_failed", "The engine failed unexpectedly. Ask again."
        self._take(AnswerFinished(turn, code, message, usage))


def _shelf(components: Components) -> GuidelineShelf | None:
    if components.guidelines is None:
        return None
    shelf = components.guidelines.shelf
    return GuidelineShelf(
        ready=shelf.ready, files=shelf.files, passages=shelf.passages, problems=list(shelf.problems)
    )


def _matcher(components: Components) -> ImageMatcher | None:
    if components.embedder is None:
        return None
    return ImageMatcher(name=components.embedder.loaded.name, revision=components.embedder.loaded.revision)


def _guidelines(settings: Settings, components: Components) -> Guidelines:
    if components.guidelines is None:
        return "none"
    return "only" if settings.guidelines_only else "first"


def _coalesce(event: ServerEvent) -> object | None:
    match event:
        case TranscriptPartial():
            return ("partial", event.item_id)
        case AudioStatus():
            return "audio_status"
        case _:
            return None


def _decode_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("'audio' is not base64.", code="audio_not_base64") from None


def _ms(samples: int) -> int:
    return samples * 1000 // SAMPLE_RATE_HZ
