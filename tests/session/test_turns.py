"""Words reach the conversation once, whichever way turns end while they are being recognised."""

import random
from dataclasses import replace

import pytest

from assistant.conversation.types import (
    FinalExpected,
    FinalHeard,
    Hearing,
    PartialHeard,
    RecognitionFailed,
    SoundLost,
    SpeechStarted,
    SpeechStopped,
    SpeechWentOn,
    TurnCommitted,
    UtteranceDropped,
)
from assistant.session.turns import Turns
from tests.conversation.talk import final


def begun(turns, *utterances):
    """Utterances that were heard to their ends, and have no finals yet."""
    return [
        fact
        for number in utterances
        for each in (SpeechStarted(number, number * 1000), SpeechStopped(number, number * 1000 + 900))
        for fact in turns.take(each)
    ]


@pytest.fixture
def turns():
    turns = Turns()
    turns.switch(by_commit=True, at_ms=0)
    return turns


def test_a_turn_is_one_final_in_the_order_of_speech(turns):
    assert begun(turns, 1, 2) == []
    assert turns.take(final(1, "The liver is normal.")) == []
    assert turns.commit(9, 5_000) == [TurnCommitted(1)]
    (joined,) = turns.take(final(2, "The spleen too."))
    assert (joined.utterance, joined.text) == (1, "The liver is normal. The spleen too.")


def test_what_was_said_with_turn_detection_gets_its_own_final_after_it_is_switched_off():
    turns = Turns()
    assert len(begun(turns, 1)) == 2
    turns.switch(by_commit=True, at_ms=1_900)
    for late in (PartialHeard(1, "No", ""), FinalExpected(1, "No"), SpeechWentOn(1), final(1, "No mass.")):
        assert turns.take(late) == [late]


def test_a_turn_keeps_what_was_heard_of_it_after_turn_detection_is_switched_on(turns):
    begun(turns, 1, 2)
    turns.take(final(1, "No fracture."))
    assert turns.commit(9, 5_000) == [TurnCommitted(1)]
    turns.switch(by_commit=False, at_ms=5_000)
    assert len(begun(turns, 3)) == 2
    (joined,) = turns.take(final(2, "No effusion."))
    assert (joined.utterance, joined.text) == (1, "No fracture. No effusion.")
    assert turns.take(final(3, "Normal.")) == [final(3, "Normal.")]


def test_what_is_thrown_away_gets_no_final(turns):
    begun(turns, 1)
    turns.take(SpeechStarted(2, 2_000))
    assert turns.take(UtteranceDropped(2)) == [UtteranceDropped(1)]
    assert turns.take(PartialHeard(1, "Not", "")) == []
    assert turns.take(final(1, "Not meant.")) == []


@pytest.mark.parametrize("seed", range(100))
def test_whenever_the_way_changes_each_final_is_told_once_and_in_order(seed):
    rng, turns, said = random.Random(seed), Turns(), 0
    waiting, told = [], []

    def switch():
        if turns.by_commit:
            told.extend(turns.commit(10_000 + said, said * 1000))
        turns.switch(by_commit=not turns.by_commit, at_ms=said * 1000)

    for _ in range(60):
        match rng.choice(["say", "say", "final", "final", "switch", "commit"]):
            case "say":
                said += 1
                begun(turns, said)
                waiting.append(said)
            case "final" if waiting:
                number = waiting.pop(0)
                told += turns.take(final(number, f"w{number}"))
            case "switch":
                switch()
            case "commit" if turns.by_commit:
                told += turns.commit(20_000 + said, said * 1000)
    for number in waiting:
        told += turns.take(final(number, f"w{number}"))
    if turns.by_commit:
        switch()
    words = " ".join(fact.text for fact in told if isinstance(fact, FinalHeard)).split()
    assert words == [f"w{number}" for number in range(1, said + 1)]


LOST = SoundLost(1_950, 2_000)


def heard(utterance, text, **fields):
    return replace(final(utterance, text), start_ms=utterance * 1000, end_ms=utterance * 1000 + 900, **fields)


def spoken(turns, *facts, at_ms=9_000):
    """The facts of a turn, each utterance begun before its final, and of its commit."""
    told = []
    for fact in facts:
        if isinstance(fact, FinalHeard | RecognitionFailed):
            told += begun(turns, fact.utterance)
        told += turns.take(fact)
    return [*told, *turns.commit(90, at_ms)]


def test_lost_sound_stands_in_its_turn_and_nothing_is_glued_over_it(turns):
    committed, done = spoken(
        turns, heard(1, "No", lost_after=True), LOST, heard(2, "fracture.", lost_before=True)
    )
    assert (committed, done.text) == (TurnCommitted(1), "No [2.0 s not heard] fracture.")
    assert [type(part) for part in done.parts] == [FinalHeard, SoundLost, FinalHeard]
    assert [part.text for part in done.parts if isinstance(part, FinalHeard)] == ["No", "fracture."]
    assert done.lost_before is done.lost_after is False


def test_what_was_told_of_a_turn_while_it_went_on_begins_its_final(turns):
    begun(turns, 1)
    turns.take(PartialHeard(1, "No", ""))
    turns.take(heard(1, "No", lost_after=True))
    turns.take(LOST)
    begun(turns, 2)
    (partial,) = turns.take(PartialHeard(2, "frac", "ture"))
    assert (partial.utterance, partial.stable) == (1, "No [2.0 s not heard] frac")


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ([LOST, heard(2, "Fracture.", lost_before=True)], "[2.0 s not heard] Fracture."),
        ([heard(1, "No", lost_after=True), LOST], "No [2.0 s not heard]"),
        ([LOST], "[2.0 s not heard]"),
        (
            [heard(1, "Clear."), heard(2, "No", lost_after=True), LOST, heard(3, "mass.", lost_before=True)],
            "Clear. No [2.0 s not heard] mass.",
        ),
    ],
)
def test_lost_sound_is_in_the_text_wherever_it_was(turns, facts, text):
    *_, done = spoken(turns, *facts)
    assert done.text == text and any(isinstance(part, SoundLost) for part in done.parts)


def test_a_turn_waits_for_what_was_lost_at_its_end(turns):
    begun(turns, 1)
    assert turns.commit(90, 4_000) == [TurnCommitted(1)]
    assert turns.take(heard(1, "No", lost_after=True)) == []
    (done,) = turns.take(LOST)
    assert done.text == "No [2.0 s not heard]"


def test_lost_sound_of_a_turn_that_has_its_final_and_of_none_is_told_alone(turns):
    spoken(turns, heard(1, "No mass."), at_ms=5_000)
    begun(turns, 6)
    assert turns.take(LOST) == [LOST]
    turns.take(heard(6, "Normal."))
    turns.commit(91, 8_000)
    turns.switch(by_commit=False, at_ms=8_000)
    assert turns.take(SoundLost(9_000, 500)) == [SoundLost(9_000, 500)]


FAILED = RecognitionFailed(2, "not_transcribed", "It cannot be read.")
ITS_SOUND = SoundLost(2_000, 900)


@pytest.mark.parametrize("at", range(3))
def test_of_a_turn_in_which_one_utterance_fails_the_other_words_come(turns, at):
    others = [heard(1, "One."), heard(3, "Three.")]
    *_, done = spoken(turns, *others[:at], FAILED, ITS_SOUND, *others[at:])
    words = ["One.", "Three."]
    assert done.text == " ".join([*words[:at], "[0.9 s not heard]", *words[at:]])
    assert [part for part in done.parts if isinstance(part, RecognitionFailed)] == [FAILED]


def test_a_turn_of_which_nothing_was_heard_but_a_failure_has_failed(turns):
    begun(turns, 2)
    assert turns.take(FAILED) == []
    assert turns.commit(90, 9_000) == [TurnCommitted(2)]
    assert turns.take(ITS_SOUND) == [FAILED, ITS_SOUND]


def test_what_another_recogniser_heard_of_a_part_is_told_of_the_turn(turns):
    other = Hearing("medasr", "the left lung is clear", disputes=True)
    *_, done = spoken(turns, heard(1, "No mass."), heard(2, "Is the left lung clear?", other=other))
    assert done.other == Hearing("medasr", "No mass. the left lung is clear", disputes=True)
    *_, alone = spoken(turns, heard(3, "No mass."))
    assert alone.other is None


@pytest.mark.parametrize("seed", range(100))
def test_whatever_is_lost_or_fails_each_word_and_each_loss_is_told_once_and_in_order(seed):
    rng, turns, told, expected, clock = random.Random(seed), Turns(), [], [], 0
    waiting = []  # facts of the recogniser, in order
    for number in range(1, 40):
        clock = number * 1000
        match rng.choice(["say", "say", "lose", "fail", "commit", "switch", "catch up", "catch up"]):
            case "say":
                told += begun(turns, number)
                waiting.append(heard(number, f"w{number}"))
                expected.append(f"w{number}")
            case "lose":
                if waiting and isinstance(waiting[-1], FinalHeard) and rng.random() < 0.5:
                    waiting[-1] = replace(waiting[-1], lost_after=True)
                waiting.append(SoundLost(clock, number * 1000))
                expected.append(number)
            case "fail":
                told += begun(turns, number)
                waiting += [RecognitionFailed(number, "c", ""), SoundLost(clock, number * 1000)]
                expected.append(number)
            case "commit" if turns.by_commit:
                told += turns.commit(1000 + number, clock + 950)
            case "switch":
                if turns.by_commit:
                    told += turns.commit(1000 + number, clock + 950)
                turns.switch(by_commit=not turns.by_commit, at_ms=clock + 950)
            case "catch up":
                told += [each for fact in waiting for each in turns.take(fact)]
                waiting = []
    told += [each for fact in waiting for each in turns.take(fact)]
    if turns.by_commit:
        told += turns.commit(2000, clock + 1_900)
    found = []
    for fact in told:
        for part in getattr(fact, "parts", ()) or (fact,):
            if isinstance(part, FinalHeard):
                found += part.text.split()
            elif isinstance(part, SoundLost):
                found.append(part.duration_ms // 1000)
    assert found == expected
