"""The progress of an utterance: the table alone, without audio, clock or tasks."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from assistant.session.utterance import Event, Phase, Step, after, next_step

EVENTS = st.lists(st.sampled_from(get_args(Event)), max_size=20)
PHASES = st.sampled_from(get_args(Phase))


def reached(events):
    phase = "speaking"
    for event in events:
        phase = after(phase, event)
    return phase


def test_an_utterance_is_spoken_pauses_goes_on_and_ends():
    assert reached(["pause", "prepare", "expect"]) == "expected"
    assert reached(["pause", "prepare", "go_on"]) == "speaking"
    assert reached(["pause", "prepare", "expect", "go_on", "pause"]) == "paused"
    assert reached(["pause", "prepare", "expect", "end"]) == "ended"


@given(EVENTS, EVENTS)
def test_nothing_brings_back_what_has_ended_or_was_dropped(before, later):
    assert reached([*before, "end", *later]) in ("ended", "dropped")
    assert reached([*before, "drop", *later]) == "dropped"


@given(EVENTS)
def test_a_final_is_told_ahead_only_if_it_was_prepared_in_this_pause(events):
    """A final computed for an earlier pause is not told in a later one: more was said between."""
    if reached(events) == "expected":
        since = max((i for i, event in enumerate(events) if event == "go_on"), default=0)
        assert "prepare" in events[since:]
    assert reached([*events, "go_on", "pause", "expect"]) in ("paused", "ended", "dropped")


@given(PHASES, st.booleans(), st.booleans())
def test_there_is_one_next_step_for_every_phase(phase, has_audio, hears_on):
    step = next_step(phase, has_audio=has_audio, hears_on=hears_on)
    assert step in get_args(Step)
    assert (step == "leave") == (phase == "dropped")
    if step == "finish":
        assert (phase, has_audio, hears_on) == ("ended", False, False)
    if step in ("prepare", "look"):
        assert not has_audio


def test_every_step_is_taken_by_some_phase():
    steps = {
        next_step(phase, has_audio=audio, hears_on=on)
        for phase in get_args(Phase)
        for audio in (True, False)
        for on in (True, False)
    }
    assert steps == set(get_args(Step))
