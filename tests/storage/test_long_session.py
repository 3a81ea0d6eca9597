"""A session of ten hours: nothing of its beginning is missing from a resume or an export."""

from datetime import UTC, datetime

import pytest

from assistant.config import Settings
from assistant.events import (
    BufferCommitted,
    DurationUsage,
    IntentEvent,
    SpeechStartedEvent,
    SpeechStoppedEvent,
    TranscriptCompleted,
    TranscriptDelta,
    server_events,
)
from assistant.export.formats import FORMATS
from assistant.export.history import SessionInfo
from assistant.export.report import read_report
from assistant.principal import sole_user
from assistant.storage.kept_session import KeptSession

UTTERANCES = 5_000
INFO = SessionInfo("sess_1", datetime(2026, 11, 24, 8, 0, tzinfo=UTC), "scripted")


@pytest.fixture(scope="module")
def kept():
    """Seven events for each utterance."""
    session = KeptSession(Settings(), INFO, None, "t", lambda _: None, person=sole_user("person"))
    for number in range(UTTERANCES):
        item_id, start, text = f"utt_{number}", 7_000 * number, f"Nodule {number} is unchanged."
        for event in (
            SpeechStartedEvent(audio_start_ms=start, item_id=item_id),
            TranscriptDelta(item_id=item_id, delta="Nodule"),
            SpeechStoppedEvent(audio_end_ms=start + 5_000, item_id=item_id),
            BufferCommitted(item_id=item_id),
            TranscriptDelta(item_id=item_id, delta=f" {number} is unchanged."),
            TranscriptCompleted(
                item_id=item_id,
                transcript=text,
                usage=DurationUsage(seconds=5),
                start_ms=start,
                end_ms=start + 5_000,
            ),
            IntentEvent(item_id=item_id, intent="dictation", confidence=1, reason="", text=text),
        ):
            session.add(event)
    return session


def test_it_resumes_whole(kept):
    events = [server_events.validate_json(each.json) for each in kept.after(0)]
    finals = [each.item_id for each in events if isinstance(each, TranscriptCompleted)]
    assert finals == [f"utt_{number}" for number in range(UTTERANCES)]
    assert [each.seq for each in kept.after(events[-3].seq)] == [each.seq for each in events[-2:]]


def test_what_is_kept_is_what_was_said_and_not_how_it_was_streamed(kept):
    assert not [each for each in kept.after(0) if each.type.endswith(".delta")]
    assert sum(len(each.json) for each in kept.after(0)) < 2_000 * UTTERANCES


@pytest.mark.parametrize("name", ["json", "srt", "vtt"])
def test_it_is_exported_whole(kept, name):
    data = FORMATS[name].write(kept.history()())
    if name == "json":
        assert len(read_report(data).utterances) == UTTERANCES
    text = data.decode()
    assert text.count("-->") == (0 if name == "json" else UTTERANCES)
    assert "Nodule 0 is unchanged." in text
    assert f"Nodule {UTTERANCES - 1} is unchanged." in text
