"""The silence that ends an utterance, and the better one of two hearings."""

import pytest

from assistant.intents.detect import detect
from assistant.intents.hearing import Heard, Verdict, verdict, worth_hearing_again
from assistant.intents.turn import closing_silence_ms
from assistant.vad.endpoint import EndpointSettings

SETTINGS = EndpointSettings(question_silence_ms=400, silence_ms=700, unfinished_silence_ms=1300)


def heard(text: str) -> Heard:
    return Heard(text, detect(text))


@pytest.mark.parametrize(
    ("text", "silence_ms"),
    [
        ("is there a pneumothorax", 400),
        ("What is the dose of amoxicillin?", 400),
        ("summarize the findings so far", 400),
        ("scratch that", 400),
        ("is there a", 1300),
        ("what is the dose of", 1300),
        ("the lungs are clear and", 1300),
        ("there is a mass in the left", 1300),
        ("the lungs are clear", 700),
        ("the lungs are clear period", 700),
        ("question of a small effusion", 700),
        ("is unchanged", 700),
        ("", 700),
    ],
)
def test_the_silence_fits_what_was_said(text: str, silence_ms: int) -> None:
    assert closing_silence_ms(heard(text), False, SETTINGS) == silence_ms


def test_in_question_mode_whatever_is_whole_ends_soon() -> None:
    assert closing_silence_ms(heard("the left lung"), True, SETTINGS) == 400
    assert closing_silence_ms(heard("the left lung and the"), True, SETTINGS) == 1300


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("is there a new methorax", True),
        ("explain the risks", True),
        ("umarize the findings", True),
        ("whould this be a mass", True),
        ("there is a mass in it", False),
        ("right lower lobe nodule is stable", False),
        ("the lungs are clear bilaterally", False),
        ("there is no pleural effusion {period}", False),
        ("scratch that", False),
        ("scrat at", True),
        ("patient asks whether it is cancer", False),
    ],
)
def test_what_may_be_asked_is_heard_again(text: str, again: bool) -> None:
    assert worth_hearing_again(heard(text), question_mode=False) is again
    assert worth_hearing_again(heard(text), question_mode=True)


@pytest.mark.parametrize(
    ("first", "second", "question_mode", "counts"),
    [
        ("is there a new methorax", "Is there a pneumothorax?", False, "second"),
        ("scrat at", "Scratch that.", False, "second"),
        ("there is a new methorax", "There is a pneumothorax.", False, "first"),
        ("the new methorax", "The pneumothorax.", True, "second"),
        ("the new methorax", "", True, "first"),
        ("the order is in place", "Do not resuscitate order is in place.", False, "first"),
        ("do we order this", "Do not resuscitate order is in place.", False, "disputed"),
    ],
)
def test_the_general_recogniser_is_believed_if_what_it_heard_asks(
    first: str, second: str, question_mode: bool, counts: Verdict
) -> None:
    assert verdict(heard(first), heard(second), question_mode) == counts
