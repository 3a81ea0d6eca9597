"""The endpointer: probabilities in, starts, pauses and ends out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.vad.endpoint import (
    EndpointDetector,
    EndpointSettings,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
)

FRAME = 512
FRAME_MS = 32


def run(probabilities, settings=None, flush=True):
    detector = EndpointDetector(settings or EndpointSettings())
    events = []
    for i, p in enumerate(probabilities):
        events += detector.push(p, i * FRAME, FRAME)
    return events + (detector.flush("forced") if flush else [])


def frames(*pattern):
    """(milliseconds, probability) … → one probability a frame."""
    return [p for ms, p in pattern for _ in range(ms // FRAME_MS)]


def test_speech_has_a_start_before_its_first_frame_and_an_end_after_its_last():
    events = run(frames((992, 0.0), (1984, 0.9), (1984, 0.0)), flush=False)
    start, pause, end = events
    assert isinstance(start, SpeechStarted)
    assert start.at == 992 * 16 - 500 * 16
    assert isinstance(pause, SpeechPaused)
    assert isinstance(end, SpeechEnded)
    assert end.reason == "silence"
    assert end.at >= (992 + 1984 + 700) * 16


def test_a_click_is_not_speech():
    assert run(frames((512, 0.0), (64, 1.0), (2048, 0.0))) == []


def test_a_short_pause_does_not_end_speech():
    events = run(frames((992, 0.9), (480, 0.0), (992, 0.9), (1024, 0.0)))
    kinds = [type(event) for event in events]
    assert kinds == [SpeechStarted, SpeechPaused, SpeechResumed, SpeechPaused, SpeechEnded]


def test_the_silence_that_ends_speech_can_be_shortened_while_it_runs():
    detector = EndpointDetector(EndpointSettings())
    events = []
    for i, p in enumerate(frames((992, 0.9), (416, 0.0))):
        if i == 32:
            detector.silence_ms = 300
        events += detector.push(p, i * FRAME, FRAME)
    assert isinstance(events[-1], SpeechEnded)


def test_the_longest_utterance_is_cut_at_its_quietest_place_and_goes_on_there():
    settings = EndpointSettings(longest_utterance_s=5)
    pattern = frames((3008, 0.9), (64, 0.5), (4000, 0.9), (1024, 0.0))
    first, cut, second, *_ = run(pattern, settings)
    assert isinstance(cut, SpeechEnded)
    assert cut.reason == "longest"
    assert 3008 * 16 <= cut.at <= 3072 * 16
    assert second == SpeechStarted(cut.at)
    assert first.at == 0


def test_packets_that_stop_end_the_utterance_with_all_that_came():
    detector = EndpointDetector(EndpointSettings())
    for i in range(30):
        detector.push(0.9, i * FRAME, FRAME)
    assert detector.flush("timer") == [SpeechEnded(30 * FRAME, "timer")]
    assert detector.flush("timer") == []


def test_a_hole_as_long_as_a_closing_silence_ends_the_utterance_where_audio_stopped():
    detector = EndpointDetector(EndpointSettings())
    for i in range(30):
        detector.push(0.9, i * FRAME, FRAME)
    events = detector.push(0.9, 30 * FRAME + 80_000, FRAME)
    assert events == [SpeechEnded(30 * FRAME, "silence")]


def test_speech_on_both_sides_of_a_hole_is_not_long_enough_together():
    detector = EndpointDetector(EndpointSettings(start_ms=96))
    assert detector.push(0.9, 0, FRAME) == []
    assert detector.push(0.9, 80_000, FRAME) == []


def test_a_cut_never_leaves_a_sliver_when_speech_starts_faintly():
    settings = EndpointSettings(longest_utterance_s=4)
    rising = [0.61 + i * 0.002 for i in range(140)]
    events = run(rising, settings)
    first = next(event for event in events if isinstance(event, SpeechEnded))
    assert first.reason == "longest"
    assert first.at >= 2 * 16_000


@pytest.mark.parametrize(
    "wrong", [{"vad_start": 1.5}, {"pause_ms": 900}, {"longest_utterance_s": 1}, {"pre_roll_ms": -1}]
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError):
        EndpointSettings(**wrong)


@given(st.lists(st.floats(0, 1), max_size=700), st.integers(4, 8))
def test_utterances_never_overlap_are_bounded_and_hold_all_sustained_speech(probabilities, longest_s):
    settings = EndpointSettings(longest_utterance_s=longest_s)
    events = run(probabilities, settings)
    starts = [e.at for e in events if isinstance(e, SpeechStarted)]
    ends = [e.at for e in events if isinstance(e, SpeechEnded)]
    assert len(starts) == len(ends)
    edges = [edge for pair in zip(starts, ends, strict=True) for edge in pair]
    assert edges == sorted(edges)
    assert all(end - start <= longest_s * 16000 + FRAME for start, end in zip(starts, ends, strict=True))
    for i in range(len(probabilities) - 3):
        if min(probabilities[i : i + 4]) >= settings.vad_start:
            middle = i * FRAME + 2 * FRAME
            assert any(start <= middle <= end for start, end in zip(starts, ends, strict=True))


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.sampled_from([0] * 9 + [FRAME, 4000, 12_000, 60_000])), max_size=400
    ),
    st.integers(4, 8),
)
def test_holes_in_the_audio_never_make_utterances_overlap_or_grow_too_long(pushes, longest_s):
    detector = EndpointDetector(EndpointSettings(longest_utterance_s=longest_s))
    events, at = [], 0
    for probability, hole in pushes:
        at += hole
        events += detector.push(probability, at, FRAME)
        at += FRAME
    events += detector.flush("timer")
    marks = [e for e in events if isinstance(e, SpeechStarted | SpeechEnded)]
    assert all(isinstance(e, (SpeechStarted, SpeechEnded)[i % 2]) for i, e in enumerate(marks))
    assert [e.at for e in marks] == sorted(e.at for e in marks)
    for start, end in zip(marks[::2], marks[1::2], strict=True):
        assert 0 < end.at - start.at <= longest_s * 16_000 + FRAME
