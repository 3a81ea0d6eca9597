import re

from hypothesis import example, given
from hypothesis import strategies as st

from assistant.engines.thinking import ThinkingFilter

PARTS = st.sampled_from(["<unused94>", "<unused95>", "<unused9", "<", "No effusion.", " ", "4>", "ü"])


def filtered(pieces):
    thinking = ThinkingFilter()
    return "".join([*map(thinking.push, pieces), thinking.finish()])


def split(text, cuts):
    places = sorted({min(cut, len(text)) for cut in cuts})
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


@given(st.lists(PARTS, max_size=12).map("".join), st.lists(st.integers(0, 120), max_size=12))
@example("<unused94>thought\nHm.<unused95>Yes.", [3, 12, 25])
@example("a < b", [3])
def test_any_split_gives_the_answer_without_the_thinking(text, cuts):
    expected = re.sub("<unused94>.*?(<unused95>|$)", "", text, flags=re.S)
    assert filtered(split(text, cuts)) == expected


@given(st.text(max_size=40).filter(lambda text: "<unused94>" not in text))
def test_text_without_marks_is_unchanged(text):
    assert filtered(list(text)) == text


def test_text_is_not_held_back_without_reason():
    thinking = ThinkingFilter()
    assert thinking.push("No effusion. <") == "No effusion. "
    assert thinking.push("3 cm") == "<3 cm"
