"""One utterance that holds dictation and then a question."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.intents.detect import Context
from assistant.intents.split import decide

AUTO = Context()


def parts(text: str, context: Context = AUTO) -> list[tuple[str, str]]:
    return [(part.decision.intent, part.decision.text.strip()) for part in decide(text, context)]


@pytest.mark.parametrize(
    ("text", "told", "asked"),
    [
        (
            "there is a mass in the left kidney period assistant what is the Bosniak class",
            "there is a mass in the left kidney period",
            "What is the Bosniak class",
        ),
        (
            "There is a cyst in the left kidney. Assistant, what is the Bosniak class?",
            "There is a cyst in the left kidney.",
            "What is the Bosniak class?",
        ),
        (
            "there is a mass in the left kidney hey assistant what is the Bosniak class",
            "there is a mass in the left kidney",
            "What is the Bosniak class",
        ),
        (
            "The heart is large {period} is there an effusion",
            "The heart is large {period}",
            "is there an effusion",
        ),
        (
            "The lungs are clear period summarize the findings so far",
            "The lungs are clear period",
            "summarize the findings so far",
        ),
    ],
)
def test_a_question_at_the_end_is_split_off(text: str, told: str, asked: str) -> None:
    assert parts(text) == [("dictation", told), ("question", asked)]


@pytest.mark.parametrize(
    "text",
    [
        "Do you smoke? No.",
        "Chest pain? None. Fever? None.",
        "Is there an effusion? The heart is normal.",
        "She was worried. She asked about the scan. Is it cancer?",
        "Over a long period is there any change",
        "The patient was admitted. Is status post appendectomy.",
        "The assistant held the retractor. The wound was closed.",
        "no fracture period scratch that",
    ],
)
def test_what_a_statement_follows_stays_dictation(text: str) -> None:
    assert parts(text) == [("dictation", text)]


def test_a_question_that_a_statement_follows_is_offered() -> None:
    (part,) = decide("Is there an effusion? The heart is normal.", AUTO)
    assert part.decision.doubtful


def test_a_greeting_belongs_to_its_question() -> None:
    assert parts("Okay. Thank you. Is there a fracture?") == [
        ("question", "Okay. Thank you. Is there a fracture?")
    ]


@pytest.mark.parametrize("mode", ["dictation", "question"])
def test_a_forced_mode_takes_the_utterance_whole(mode: str) -> None:
    text = "There is a mass. Assistant, what is it?"
    assert parts(text, Context(mode=mode)) == [(mode, text)]  # type: ignore[arg-type]


WORDS = "there is a mass period assistant what is it ? . {period} the heart Is no question mark hey stop"
PIECES = st.sampled_from(WORDS.split(" "))


@given(st.lists(PIECES, max_size=14).map(" ".join))
def test_no_word_is_lost(text: str) -> None:
    said = " ".join(part.heard for part in decide(text, AUTO))
    assert re.findall(r"\S+", said) == re.findall(r"\S+", text)
