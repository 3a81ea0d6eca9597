"""The event log: what a client that comes back gets."""

from assistant.conversation.log import EventLog
from assistant.events import (
    DurationUsage,
    Notice,
    OutputTextDelta,
    OutputTextDone,
    TranscriptCompleted,
    TranscriptDelta,
    TranscriptPartial,
)


def note(n):
    return Notice(code=f"n{n}", message="")


def test_events_are_numbered_and_replayed_from_where_the_client_was():
    log = EventLog()
    for n in range(3):
        log.add(note(n))
    assert [event.seq for event in log.after(1)] == [2, 3]
    assert log.after(3) == []


def test_passing_events_have_an_id_but_no_number_and_are_not_replayed():
    log = EventLog()
    event = log.add(TranscriptPartial(item_id="utt_1", stable="", tentative="a"))
    assert event.seq == 0
    assert event.event_id
    assert log.after(0) == []


def test_deltas_are_let_go_when_the_whole_text_is_there():
    log = EventLog()
    log.add(TranscriptDelta(item_id="utt_1", delta="a"))
    log.add(OutputTextDelta(response_id="r", item_id="answer_1", delta="x"))
    usage = DurationUsage(seconds=1)
    log.add(TranscriptCompleted(item_id="utt_1", transcript="a", usage=usage, start_ms=0, end_ms=1))
    log.add(OutputTextDone(response_id="r", item_id="answer_1", text="x"))
    assert [type(event) for event in log.after(0)] == [TranscriptCompleted, OutputTextDone]


def test_the_oldest_go_first_when_it_is_full():
    log = EventLog(max_events=2)
    for n in range(3):
        log.add(note(n))
    assert [event.seq for event in log.after(0)] == [2, 3]
