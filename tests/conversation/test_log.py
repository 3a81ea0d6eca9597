"""The event log: what a client that comes back gets."""

import pytest

from assistant.conversation.log import EventLog
from assistant.events import (
    BufferCleared,
    DurationUsage,
    ErrorBody,
    Notice,
    OutputTextDelta,
    OutputTextDone,
    TranscriptCompleted,
    TranscriptDelta,
    TranscriptFailed,
    TranscriptPartial,
    server_events,
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
    assert server_events.validate_json(event.json).event_id
    assert log.after(0) == []


def test_deltas_are_let_go_when_the_whole_text_is_there():
    log = EventLog()
    log.add(TranscriptDelta(item_id="utt_1", delta="a"))
    log.add(OutputTextDelta(response_id="r", item_id="answer_1", delta="x"))
    usage = DurationUsage(seconds=1)
    log.add(TranscriptCompleted(item_id="utt_1", transcript="a", usage=usage, start_ms=0, end_ms=1))
    log.add(OutputTextDone(response_id="r", item_id="answer_1", text="x"))
    assert [event.type for event in log.after(0)] == [
        "conversation.item.input_audio_transcription.completed",
        "response.output_text.done",
    ]


def test_nothing_that_stays_relevant_is_let_go_however_long_the_session():
    log = EventLog()
    for n in range(60_000):
        log.add(note(n))
    assert [event.seq for event in log.after(0)] == list(range(1, 60_001))
    assert [event.seq for event in log.after(59_998)] == [59_999, 60_000]


def test_what_is_kept_is_what_is_sent():
    log = EventLog()
    event = log.add(note(1))
    assert log.after(0) == [event]
    sent = server_events.validate_json(event.json)
    assert (sent.seq, sent.code, sent.event_id) == (1, "n1", "event_1")


def test_an_event_that_cannot_be_serialised_takes_no_number_and_is_not_kept():
    log = EventLog()
    with pytest.raises(ValueError, match="surrogates"):
        log.add(Notice(code="n", message="\ud800"))
    assert log.add(note(1)).seq == 1
    assert len(log.after(0)) == 1


@pytest.mark.parametrize(
    "end",
    [
        TranscriptFailed(item_id="utt_1", error=ErrorBody(code="not_transcribed", message="")),
        BufferCleared(item_id="utt_1"),
    ],
)
def test_deltas_without_a_whole_text_stay_and_are_no_longer_waited_for(end):
    log = EventLog()
    log.add(TranscriptDelta(item_id="utt_1", delta="a"))
    log.add(end)
    assert len(log.after(0)) == 2
    assert not log._deltas
