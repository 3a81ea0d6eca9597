"""The contents of a session: its events, optionally its audio, and its entries in the store."""

from collections.abc import Callable, Sequence
from datetime import datetime

from assistant.audio.frames import AudioChunk
from assistant.audio.kept import KeptAudio
from assistant.config import Settings
from assistant.conversation.log import EventLog, Logged
from assistant.errors import AssistantError, BadInput
from assistant.events import ServerEvent, server_events
from assistant.export.history import SessionInfo, report_from
from assistant.export.report import Report
from assistant.principal import Principal
from assistant.storage.heard import Heard
from assistant.storage.journal import Journal
from assistant.storage.writer import Writer


class KeptSession:
    """Keeps one session of ``person``. ``on_trouble`` is called when writing starts to fail, and with None
    when it works again."""

    def __init__(
        self,
        settings: Settings,
        session: SessionInfo,
        writer: Writer | None,
        token: str,
        on_trouble: Callable[[AssistantError | None], None],
        *,
        person: Principal,
        stored: Sequence[Logged] = (),
    ) -> None:
        """``stored`` are the events of a session that is gone on with."""
        self._session = session
        self._log = EventLog(stored)
        self._audio = KeptAudio(settings.keep_audio_min) if settings.keep_audio_min else None
        self._writer = writer
        self._journal: Journal | None = None
        if writer:
            self._journal = Journal(
                self._log,
                session,
                token=token,
                who=person.name,
                owner=person.id,
                on_trouble=on_trouble,
                on_work=writer.look,
            )
            writer.join(self._journal)

    @property
    def is_durable(self) -> bool:
        """Whether there is a store."""
        return self._journal is not None

    @property
    def trouble(self) -> AssistantError | None:
        """Why nothing is being stored at the moment, if it should be."""
        return self._writer.trouble if self._writer else None

    async def finish(self) -> None:
        """End of the session: wait a little for the store; it goes on writing what is left."""
        if self._journal:
            await self._journal.finish()

    def add(self, event: ServerEvent) -> Logged:
        """Number the event and keep it; returns the event to send. See ``EventLog``."""
        logged = self._log.add(event)
        if self._journal and logged.seq:
            self._journal.put(logged)
        return logged

    def put_heard(self, heard: Heard) -> None:
        """With a store, write how far the sound is written down."""
        if self._journal:
            self._journal.put_heard(heard)

    def after(self, seq: int) -> list[Logged]:
        return self._log.after(seq)

    async def durable(self, event: Logged) -> None:
        """With a store, wait until the event is on disk, or is told not to be: it may be shown only then."""
        if self._journal:
            await self._journal.durable(event.seq)

    async def note(self, what: str) -> None:
        """Add an audit entry, if there is a store; wait as for an event."""
        if self._journal:
            await self._journal.note(what)

    def hear(self, chunk: AudioChunk) -> None:
        if self._audio:
            self._audio.add(chunk)

    def wav(self, start_ms: int, end_ms: int) -> bytes:
        """Raises ``BadInput``: ``audio_not_kept``, ``audio_gone``, ``range_invalid``."""
        if self._audio is None:
            raise BadInput(
                "This session keeps no audio. Start the server with --keep-audio-min.", code="audio_not_kept"
            )
        return self._audio.wav(start_ms, end_ms)

    def history(self, signed: int | None = None) -> Callable[[], Report]:
        """Makes the report as it is now; takes long for a long session, and may be called in a thread."""
        events = self._log.after(0)

        def read() -> Report:
            parsed = (server_events.validate_json(event.json) for event in events)
            return report_from(parsed, self._session, datetime.now().astimezone(), signed=signed)

        return read
