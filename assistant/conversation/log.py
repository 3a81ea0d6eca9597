"""The events of a session in order, so that a resuming client gets what it missed. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from assistant.events import (
    TRANSIENT,
    BufferCleared,
    DocumentChanged,
    DocumentPatched,
    OutputTextDelta,
    OutputTextDone,
    ServerEvent,
    TranscriptCompleted,
    TranscriptDelta,
    TranscriptFailed,
)

LATER = 1_000_000
"""Gap that a resumed session leaves in its numbers: clients have seen numbers beyond the
last stored one, of events that are not stored."""


@dataclass(frozen=True, slots=True)
class Logged:
    """An event as it is sent, kept and stored. ``seq`` is 0 for a passing event."""

    seq: int
    type: str
    json: str


class EventLog:
    """Numbers and serialises events, once, and keeps those that stay relevant.

    Deltas are let go when their ``done`` or ``completed`` is there, which has the whole text, and of the
    report only the newest whole one stays, with its patches; so the log grows with what was said, not with
    how it was streamed. Nothing else is ever let go.
    """

    def __init__(self, stored: Iterable[Logged] = ()) -> None:
        """``stored`` are the events of a session that is gone on with."""
        self._kept: dict[int, Logged] = {}  # by seq, in order
        self._deltas: dict[str, list[int]] = {}  # by item, of those that are not whole yet
        self._report: list[int] = []
        self._seq = 0
        self._sent = 0
        for event in stored:
            self._keep_report(event)
            self._kept[event.seq] = event
        if self._kept:
            self._sent = self._seq = max(self._kept) + LATER

    @property
    def last_seq(self) -> int:
        """Number of the last event that is kept; 0 before the first."""
        return next(reversed(self._kept), 0)

    def add(self, event: ServerEvent) -> Logged:
        """Number an event; returns it with its ``event_id``, and with a ``seq`` if it is kept."""
        passing = isinstance(event, TRANSIENT)
        seq = 0 if passing else self._seq + 1
        event = event.model_copy(update={"event_id": f"event_{self._sent + 1}", "seq": seq})
        logged = Logged(seq, event.type, event.model_dump_json())
        self._sent += 1
        if passing:
            return logged
        self._seq = seq
        match event:
            case TranscriptDelta() | OutputTextDelta():
                self._deltas.setdefault(event.item_id, []).append(seq)
            case TranscriptCompleted() | OutputTextDone():
                self._forget(self._deltas.pop(event.item_id, []))
            case TranscriptFailed() | BufferCleared() if event.item_id is not None:
                self._deltas.pop(event.item_id, None)  # they stay: nothing else has their text
            case _:
                self._keep_report(logged)
        self._kept[seq] = logged
        return logged

    def after(self, seq: int) -> list[Logged]:
        """The kept events later than ``seq``, oldest first."""
        later: list[Logged] = []
        for kept in reversed(self._kept):
            if kept <= seq:
                break
            later.append(self._kept[kept])
        return later[::-1]

    def _keep_report(self, event: Logged) -> None:
        if event.type == DocumentChanged.model_fields["type"].default:
            self._forget(self._report)
            self._report = [event.seq]
        elif event.type == DocumentPatched.model_fields["type"].default:
            self._report.append(event.seq)

    def _forget(self, seqs: list[int]) -> None:
        for seq in seqs:
            del self._kept[seq]
