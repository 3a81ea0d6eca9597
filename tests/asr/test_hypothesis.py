"""Stable text is never taken back."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.asr.hypothesis import Hypothesis


def test_words_become_stable_when_hypotheses_agree_and_they_are_not_the_newest():
    hypothesis = Hypothesis()
    hypothesis.update("the lungs are")
    hypothesis.update("the lungs are clear")
    hypothesis.update("the lungs are clear and")
    partial = hypothesis.update("the lungs are clear and the")
    assert partial.stable == "the lungs are"
    assert partial.tentative == " clear and the"


def test_the_newest_word_is_tentative_however_often_it_comes_back():
    hypothesis = Hypothesis()
    partials = [hypothesis.update("the lungs") for _ in range(8)]
    assert (partials[-1].stable, partials[-1].tentative) == ("the", " lungs")


def test_a_recogniser_that_goes_round_in_a_circle_makes_nothing_stable_there():
    hypothesis = Hypothesis()
    for _ in range(6):
        partial = hypothesis.update("pressure is " + "carburet 66, " * 5)
    assert partial.stable == "pressure is"
    assert partial.tentative.startswith(" carburet 66")


def test_case_and_punctuation_do_not_count_as_disagreement():
    hypothesis = Hypothesis()
    hypothesis.update("The lungs.")
    hypothesis.update("The lungs are clear.")
    hypothesis.update("the Lungs are clear")
    assert hypothesis.update("the lungs, are clear today").stable == "the lungs,"


def test_a_later_hypothesis_that_spells_the_beginning_differently_changes_only_what_follows():
    hypothesis = Hypothesis()
    for text in ("a b c d", "a b c d e", "a b c d e f", "a b c d e f g"):
        hypothesis.update(text)
    partial = hypothesis.update("a x c d e f g")
    assert partial.stable.startswith("a b c")
    assert partial.tentative.endswith("f g")


@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=8), max_size=12))
def test_stable_text_only_grows(hypotheses):
    hypothesis = Hypothesis()
    before = ""
    for words in hypotheses:
        partial = hypothesis.update(" ".join(words))
        assert partial.stable.startswith(before)
        assert (partial.stable + partial.tentative).split() == [
            *partial.stable.split(),
            *partial.tentative.split(),
        ]
        before = partial.stable
