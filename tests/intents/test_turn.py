"""How long a silence ends an utterance, and which of two hearings is the better one."""

import pytest

from assistant.intents.hearing import is_disputed, second_is_better, worth_hearing_again
from assistant.intents.turn import closing_silence_ms
from assistant.vad.endpoint import EndpointSettings

SETTINGS = EndpointSettings(question_silence_ms=400, silence_ms=700, unfinished_silence_ms=1300)


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
    assert closing_silence_ms(text, False, SETTINGS) == silence_ms


def test_in_question_mode_whatever_is_whole_ends_soon() -> None:
    assert closing_silence_ms("the left lung", True, SETTINGS) == 400
    assert closing_silence_ms("the left lung and the", True, SETTINGS) == 1300


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
    assert worth_hearing_again(text, question_mode=False) is again
    assert worth_hearing_again(text, question_mode=True)


def test_the_general_recogniser_is_believed_if_what_it_heard_asks() -> None:
    assert second_is_better("Is there a pneumothorax?", question_mode=False)
    assert not second_is_better("There is a pneumothorax.", question_mode=False)
    assert second_is_better("The pneumothorax.", question_mode=True)
    assert not second_is_better("", question_mode=True)
    assert not is_disputed("the order is in place", "Do not resuscitate order is in place.")
    assert is_disputed("do we order this", "Do not resuscitate order is in place.")
