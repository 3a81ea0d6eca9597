"""Answers that are read aloud and come back through the microphone are left out; a person's words stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation.echo import AFTER_MS, LONGEST_READING_MS, Loudspeaker, may_be_echo, without_echo

ANSWER = (
    "There is no evidence of a pneumothorax on this image. The heart size is at the upper limit of normal."
)


def left(heard, read=ANSWER):
    return without_echo(heard, read, lambda text: text.lower().strip(".") in ("stop", "go to impression"))


@pytest.mark.parametrize(
    "heard",
    [
        "There is no evidence of a pneumothorax on this image.",
        "there is no evidence of a new methorax on this image the heart size is at the upper limit of normal",
        "The heart sizes at the opera limit of Norman.",
        "There is no evidence of a new move or act on this image.",
    ],
)
def test_an_echo_is_left_out_also_when_it_is_misheard(heard):
    assert left(heard) == ""


@pytest.mark.parametrize(
    "heard",
    [
        "The lungs are clear.",
        "No pneumothorax.",
        "Is the heart normal?",
        "There is a small effusion on the left.",
        "The heart is enlarged and there is a pacemaker.",
        "stop",
        "",
    ],
)
def test_what_a_person_says_meanwhile_stays(heard):
    assert left(heard) == heard


def test_a_person_speaking_after_a_long_echo_in_one_utterance_stays():
    heard = "There is no evidence of a pneumothorax on this image there is a fracture of the left clavicle"
    assert left(heard).endswith("fracture of the left clavicle")
    assert "pneumothorax" not in left(heard)


def test_a_command_in_the_midst_of_an_echo_stays():
    assert left("there is no evidence of a pneumothorax stop on this image") == "stop"


def test_with_nothing_read_nothing_is_left_out():
    assert left("There is no evidence of a pneumothorax.", "") == "There is no evidence of a pneumothorax."


WORDS = st.lists(
    st.sampled_from(["no", "heart", "normal", "size", "effusion", "stop", "4", "—", "é"]), max_size=30
)


@given(WORDS, WORDS)
def test_what_is_left_is_part_of_what_was_heard(heard, read):
    text = " ".join(heard)
    for word in left(text, " ".join(read)).split():
        assert word in text


def test_what_could_be_heard_when_follows_the_reading():
    speaker = Loudspeaker()
    speaker.begun("One.", 1_000)
    speaker.begun("Two.", 3_000)
    assert speaker.is_reading(3_500)
    speaker.ended(5_000)
    assert not speaker.is_reading(5_001)
    assert speaker.between(0, 400) == ""
    assert speaker.between(1_000, 2_000) == "One."
    assert speaker.between(3_200, 4_000) == "One. Two."
    assert speaker.between(5_000 + AFTER_MS, 9_000) == ""


def test_a_reading_whose_end_is_never_told_ends_by_itself():
    speaker = Loudspeaker()
    speaker.begun("One.", 0)
    assert speaker.is_reading(LONGEST_READING_MS - 1)
    assert not speaker.is_reading(LONGEST_READING_MS)


@pytest.mark.parametrize(
    "heard", ["Level, level,", "No, no, no, no, no,", "Air air air air air air", "You", "Their hiss,"]
)
def test_garble_of_the_first_half_second_does_not_yet_stop_the_reading(heard):
    assert may_be_echo(heard, ANSWER)


@pytest.mark.parametrize(
    "heard", ["What about the left kidney", "Now compare with last week", "Call Dr. Okonkwo-Reyes"]
)
def test_what_a_person_says_meanwhile_is_judged_after_a_few_words(heard):
    assert not may_be_echo(heard, ANSWER)
