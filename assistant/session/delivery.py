"""Delivers a session's events to its one client, which may disconnect and come back."""

import asyncio
import logging
from collections.abc import Callable

from assistant.channels import Outbox
from assistant.conversation.log import Logged
from assistant.errors import AssistantError, BadInput
from assistant.events import (
    AudioStatus,
    ErrorBody,
    ErrorEvent,
    Notice,
    ServerEvent,
    SessionClosing,
    SessionCreated,
    SessionState,
    TranscriptPartial,
)
from assistant.events.sending import sendable
from assistant.storage.kept_session import KeptSession

log = logging.getLogger(__name__)

OUTBOX_BYTES = 4 * 2**20
"""May wait for a client that stalls. A replay goes in beside it: its events are in the log anyway."""

GOING_AWAY, ENDED, TOO_SLOW = 1001, 4001, 4008
"""WebSocket close codes: come back; the session is over or elsewhere; come back and read faster."""


class Delivery:
    """Numbers and keeps every event, and sends it if a client is connected."""

    def __init__(
        self, session_id: str, kept: KeptSession, grace_s: float, on_gone: Callable[[], None]
    ) -> None:
        """``on_gone`` is called when no client has come back for ``grace_s``."""
        self._session_id, self._kept = session_id, kept
        self._grace_s, self._on_gone = grace_s, on_gone
        self._outbox: Outbox[Logged] | None = None
        self._grace: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def connected(self) -> bool:
        return self._outbox is not None

    def emit(self, event: ServerEvent) -> None:
        """Send an event. A client that does not read is disconnected; it gets everything when it resumes."""
        logged = self._add(event)
        if self._outbox is None:
            return
        try:
            self._outbox.put(logged, _replaces(event))
        except AssistantError as error:
            log.warning("session %s: %s", self._session_id, error.code)
            self._outbox.drop(TOO_SLOW)
            self._outbox = None
            self._start_grace()
            self.emit(
                Notice(
                    code=error.code,
                    message="This page could not keep up and was disconnected. Everything was sent again.",
                )
            )

    def _add(self, event: ServerEvent) -> Logged:
        try:
            return self._kept.add(event)
        except ValueError:  # it is no JSON, and was neither numbered nor kept
            return self._kept.add(sendable(event))

    def warn(self, code: str, message: str) -> None:
        self.emit(Notice(level="warning", code=code, message=message))

    def refuse(self, error: AssistantError, event_id: str | None = None) -> None:
        """Send an error about a client's request; ``event_id`` is the id of that request."""
        kind = "invalid_request_error" if isinstance(error, BadInput) else "server_error"
        body = ErrorBody.model_validate(
            {
                "type": kind,
                "code": error.code,
                "message": error.message,
                "param": error.param,
                "event_id": event_id,
            }
        )
        self.emit(ErrorEvent(error=body))

    def connect(
        self, state: SessionState, after_seq: int | None, audio_sample: int | None = None
    ) -> Outbox[Logged]:
        """Connect a client; returns its events. ``after_seq`` None means a fresh start.

        An earlier connection of the same session gets a notice and is closed.
        """
        if self._outbox is not None:
            earlier = self._outbox
            self.emit(SessionClosing(reason="This session was opened in another window.", retry=False))
            earlier.close(ENDED)  # emit has let it go already, if it was full
        if self._grace:
            self._grace.cancel()
        replay = self._kept.after(after_seq) if after_seq is not None else []
        created = SessionCreated(
            session=state,
            resumed=after_seq is not None,
            audio_sample=audio_sample,
            replayed_to=replay[-1].seq if replay else 0,
        )
        first = [self._add(created), *replay]
        self._outbox = Outbox(OUTBOX_BYTES, size=lambda event: len(event.json), first=first)
        return self._outbox

    def follow(self, earlier: "Delivery", state: SessionState) -> Outbox[Logged]:
        """Take over the client of a session that ends now; returns the events that it gets after those of
        ``earlier``."""
        assert earlier._outbox is not None
        earlier._outbox.close(ENDED)
        earlier._outbox = None
        first = [self._add(SessionCreated(session=state, previous=earlier._session_id))]
        self._outbox = Outbox(OUTBOX_BYTES, size=lambda event: len(event.json), first=first)
        return self._outbox

    def wait_for_client(self) -> None:
        """Nobody has connected yet: somebody will within the grace time."""
        self._start_grace()

    def disconnect(self, outbox: Outbox[Logged]) -> bool:
        """The connection with this outbox has ended. False if another has already replaced it."""
        if self._outbox is not outbox:
            return False
        self._outbox = None
        self._start_grace()
        return True

    def close(self, code: int) -> None:
        """End the session: deliver what was emitted, without waiting for a client to come back."""
        self._closed = True
        if self._grace:
            self._grace.cancel()
        if self._outbox:
            self._outbox.close(code)

    def _start_grace(self) -> None:
        if self._closed:
            return
        if self._grace:
            self._grace.cancel()
        self._grace = asyncio.get_running_loop().call_later(self._grace_s, self._on_gone)


def _replaces(event: ServerEvent) -> object | None:
    """The key that a waiting event shares with one that makes it superfluous. What says that sound need not
    be kept stands behind the finals that were made of it, and takes no other place."""
    match event:
        case TranscriptPartial():
            return ("partial", event.item_id)
        case AudioStatus():
            return "audio_status"
        case _:
            return None
