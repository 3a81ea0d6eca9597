import re

from hypothesis import example, given
from hypothesis import strategies as st

from assistant.engines.base import AnswerText, Thought
from assistant.engines.thinking import ThinkingFilter

PARTS = st.sampled_from(
    ["<unused94>", "<unused95>", "<unused9", "<", "No effusion.", " ", "4>", "ü", "thought\n"]
)


def filtered(pieces):
    thinking = ThinkingFilter()
    out = [output for piece in pieces for output in thinking.push(piece)] + thinking.finish()
    assert all(output.text for output in out)
    return tuple("".join(o.text for o in out if isinstance(o, kind)) for kind in (AnswerText, Thought))


def split(text, cuts):
    places = sorted({min(cut, len(text)) for cut in cuts})
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


@given(st.lists(PARTS, max_size=12).map("".join), st.lists(st.integers(0, 120), max_size=12))
@example("<unused94>thought\nHm.<unused95>Yes.", [3, 12, 25])
@example("a < b", [3])
def test_any_split_gives_the_same_answer_and_the_same_thoughts(text, cuts):
    assert filtered(split(text, cuts)) == filtered([text])


@given(st.lists(PARTS, max_size=12).map("".join))
def test_nothing_between_the_marks_is_answer(text):
    text = "Yes. " + text  # no heading at the start
    expected = re.sub(r"<unused94>.*?(<unused95>|\Z)", "", text, flags=re.S)
    assert filtered([text])[0] == expected


@given(st.text(max_size=40).filter(lambda text: "<unused94>" not in text and "thought\n" not in text))
def test_text_without_marks_is_whole(text):
    assert filtered(list(text)) == (text.lstrip(), "")


def test_thoughts_and_answer_are_told_apart_and_the_heading_is_dropped():
    assert filtered(["<unused94>thought\nLeft base.<unused95>\n\nEffusion."]) == ("Effusion.", "Left base.")
    assert filtered([" thou", "ght\nLeft base."]) == ("", "Left base."), "a runtime that swallows the marks"
    assert filtered(["thought", " of a fracture"]) == ("thought of a fracture", "")
    assert filtered(["Yes<unused94>thought\nHm<unused95> indeed."]) == ("Yes indeed.", "Hm")
    assert filtered(["<unused94>thought\nthought\nHm"]) == ("", "thought\nHm")


def test_text_is_not_held_back_without_reason():
    thinking = ThinkingFilter()
    assert thinking.push("No effusion. <") == [AnswerText("No effusion. ")]
    assert thinking.push("3 cm") == [AnswerText("<3 cm")]
