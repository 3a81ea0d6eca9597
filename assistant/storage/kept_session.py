"""What a session keeps of itself: its events, its audio if wished, and what of it goes into the store."""

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
    """One session's. ``on_trouble`` is told when storing begins to fail; with None, when it works again."""

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
        """Write to the store; ends at once without one."""
        if self._journal:
            await self._journal.run()

    async def finish(self) -> None:
        """The session is over: the last events go into the store."""
        if self._journal:
            await self._journal.finish()

    def add(self, event: ServerEvent) -> ServerEvent:
        """The event as it is sent, numbered; see ``EventLog``."""
        event = self._log.add(event)
        if self._journal and event.seq:
            self._journal.put(event)
        return event

    def after(self, seq: int) -> list[ServerEvent]:
        return self._log.after(seq)

    async def durable(self, event: ServerEvent) -> None:
        """Wait until the event is on disk, if there is a store: only then may it be shown."""
        if self._journal:
            await self._journal.durable(event.seq)

    async def note(self, what: str) -> None:
        """Write into the audit, if there is one, that something was done. Raises ``AssistantError``."""
        if self._journal:
            await self._journal.record(what)

    def hear(self, chunk: AudioChunk) -> None:
        if self._audio:
            self._audio.add(chunk)

    def wav(self, start_ms: int, end_ms: int) -> bytes:
        """Raises ``BadInput``: ``audio_not_kept``, ``audio_gone``, ``range_invalid``."""
        if self._audio is None:
            raise BadInput(
                "This session keeps no audio; start the server with --keep-audio-min.", code="audio_not_kept"
            )
        return self._audio.wav(start_ms, end_ms)

    def report(self) -> Report:
        """The report as it is now."""
        return report_from(self._log.after(0), self._session, datetime.now().astimezone())
