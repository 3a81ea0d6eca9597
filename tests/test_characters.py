"""Halves of surrogate pairs are joined where they meet and replaced where not; nothing else changes."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from assistant.characters import WholeText, is_whole, whole, whole_parts

any_text = st.text(st.characters(exclude_categories=()))


@given(any_text)
def test_what_can_be_written_stays_and_the_rest_is_replaced_one_by_one(text):
    made = whole(text)
    made.encode()
    if is_whole(text):
        assert made is text
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    assert len(made) == len(joined)
    assert all(
        new == old or (new == "\ufffd" and not is_whole(old)) for new, old in zip(made, joined, strict=True)
    )


@given(st.lists(any_text))
def test_pieces_come_out_as_the_whole_text_would(pieces):
    stream = WholeText()
    assert "".join([*map(stream.push, pieces), stream.end()]) == whole("".join(pieces))


@dataclass(frozen=True)
class Thing:
    text: str
    more: object = ()


def test_texts_are_found_wherever_they_stand_and_what_is_right_is_not_copied():
    right = Thing("a", (["b"], {"c": Thing("d")}))
    assert whole_parts(right) is right
    bad = Thing("a\ud800", (["b\udc80"], {"c\ud800": Thing("\ud83d\ude00")}, 5))
    assert whole_parts(bad) == Thing("a\ufffd", (["b\ufffd"], {"c\ufffd": Thing("😀")}, 5))
