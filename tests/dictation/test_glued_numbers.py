"""A word with a number glued in is shown as doubtful, however sure the recogniser was."""

import pytest

from assistant.dictation import numbers
from assistant.dictation.dictation import Dictation
from assistant.dictation.glued_numbers import glued_number, glued_number_marks
from assistant.dictation.near_misses import all_terms, known_words
from assistant.events import DocumentCommand

IN_LISTS = known_words() | all_terms() | numbers.WORDS
OF_WORDS_TOO = {"one", "nine", "ten", "four"}
"""Drugs and names that are in no list begin or end like these."""
OTHERS = "dapsone thioguanine teniposide Fournier chlorzoxazone finerenone ceftibuten macitentan Malone"


def glued(beside: str, number: str) -> list[str]:
    """In both orders, as recognisers write them: in small letters, or with the capital of a sentence."""
    found = (beside + number, (beside + number).title(), number + beside, (number + beside).title())
    return [word for word in found if word.lower() not in IN_LISTS]


@pytest.mark.parametrize("number", sorted(numbers.WORDS))
def test_a_number_glued_to_a_word_or_to_garble_is_in_doubt(number: str) -> None:
    words = [f"ICO{number}", f"ICO{number.title()}", f"{number.title()}ICO"]
    for beside in ("the", "is", "of", "left", "nodule", "millimeter", "milligrams"):
        words += glued(beside, number)
    for garble in ("icob", "aforb", "vrx") if number not in OF_WORDS_TOO else ():
        words += glued(garble, number)
    for word in words:
        text = f"There is {word} millimeter nodule."
        (mark,) = glued_number_marks(text, frozenset())
        assert (text[mark.start : mark.end], mark.doubt.reason) == (word, "glued_number")


def test_words_of_the_lists_and_names_of_drugs_are_not_in_doubt() -> None:
    assert [word for word in IN_LISTS if glued_number(word) or glued_number(word.title())] == []
    assert [word for word in OTHERS.split() if glued_number(word)] == []


def test_it_is_shown_in_the_report_until_a_person_says_that_it_is_right() -> None:
    dictation = Dictation()
    dictation.take("utt_1", "ICONine millimeter nodule period")
    assert dictation.document.text == "ICONine millimeter nodule."
    ((place, run),) = dictation.document.doubts()
    assert run.doubt is not None
    assert (run.text, run.doubt.message) == ("ICONine", "“ICONine” may hold the number “nine”.")
    dictation.press(DocumentCommand(command="confirm", section_id="text", offset=place.start))
    assert list(dictation.document.doubts()) == []
    dictation.take("utt_2", "ICONine millimeter again")
    assert list(dictation.document.doubts()) == []
