"""The events of a session in order, so that a resuming client gets what it missed. Pure."""

from collections import deque

from assistant.events import (
    TRANSIENT,
    DocumentChanged,
    OutputTextDelta,
    OutputTextDone,
    ServerEvent,
    TranscriptCompleted,
    TranscriptDelta,
)


class EventLog:
    """Numbers events and keeps those that stay relevant.

    Deltas are let go when their ``done`` or ``completed`` is there, which has the whole text, and
    of the report only the newest version stays; so the log grows with what was said, not with how it was
    streamed. Beyond ``max_events`` the oldest go.
    """

    def __init__(self, max_events: int = 20_000) -> None:
        self._kept: deque[ServerEvent] = deque(maxlen=max_events)
        self._seq = 0
        self._sent = 0

    def add(self, event: ServerEvent) -> ServerEvent:
        """Number an event; returns it with its ``event_id``, and with a ``seq`` if it is kept."""
        self._sent += 1
        event_id = f"event_{self._sent}"
        if isinstance(event, TRANSIENT):
            return event.model_copy(update={"event_id": event_id})
        self._seq += 1
        event = event.model_copy(update={"event_id": event_id, "seq": self._seq})
        if isinstance(event, TranscriptCompleted | OutputTextDone):
            self._forget_deltas(event.item_id)
        elif isinstance(event, DocumentChanged):
            earlier = (e for e in self._kept if not isinstance(e, DocumentChanged))
            self._kept = deque(earlier, maxlen=self._kept.maxlen)
        self._kept.append(event)
        return event

    def after(self, seq: int) -> list[ServerEvent]:
        """The kept events later than ``seq``, oldest first."""
        return [event for event in self._kept if event.seq > seq]

    def _forget_deltas(self, item_id: str) -> None:
        kept = [
            e
            for e in self._kept
            if not (isinstance(e, TranscriptDelta | OutputTextDelta) and e.item_id == item_id)
        ]
        self._kept = deque(kept, maxlen=self._kept.maxlen)
