"""What a session keeps: its events, optionally its audio, and its entries in the store."""

from collections.abc import Callable
from datetime import datetime

from assistant.audio.frames import AudioChunk
from assistant.audio.kept import KeptAudio
from assistant.config import Settings
from assistant.conversation.log import EventLog
from assistant.errors import AssistantError, BadInput
from assistant.events import ServerEvent
from assistant.export.history import SessionInfo, report_from
from assistant.export.report import Report
from assistant.storage.journal import Journal
from assistant.storage.store import Store


class KeptSession:
    """Keeps one session. ``on_trouble`` is called when writing starts to fail, and with None when it works
    again."""

    def __init__(
        self,
        settings: Settings,
        session: SessionInfo,
        store: Store | None,
        token: str,
        on_trouble: Callable[[AssistantError | None], None],
    ) -> None:
        self._session = session
        self._log = EventLog()
        self._audio = KeptAudio(settings.keep_audio_min) if settings.keep_audio_min else None
        self._journal = store and Journal(
            store, session, token=token, who=settings.user, on_trouble=on_trouble
        )

    async def run(self) -> None:
        """Write to the store; returns at once without a store."""
        if self._journal:
            await self._journal.run()

    async def finish(self) -> None:
        """End of the session: write the last events to the store."""
        if self._journal:
            await self._journal.finish()

    def add(self, event: ServerEvent) -> ServerEvent:
        """Number the event and keep it; returns the event to send. See ``EventLog``."""
        event = self._log.add(event)
        if self._journal and event.seq:
            self._journal.put(event)
        return event

    def after(self, seq: int) -> list[ServerEvent]:
        return self._log.after(seq)

    async def durable(self, event: ServerEvent) -> None:
        """With a store, wait until the event is on disk: it may be shown only then."""
        if self._journal:
            await self._journal.durable(event.seq)

    async def note(self, what: str) -> None:
        """Add an audit entry, if there is a store. Raises ``AssistantError``."""
        if self._journal:
            await self._journal.record(what)

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

    def report(self) -> Report:
        """The current report."""
        return report_from(self._log.after(0), self._session, datetime.now().astimezone())
