"""The live line in written form."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.dictation.formatter import Formatter
from assistant.dictation.live import LiveWriter


def writer(continues=False):
    formatter = Formatter()
    return LiveWriter(lambda words, goes_on: formatter.format(words, continues=goes_on), continues=continues)


def test_what_is_settled_is_written_and_numbers_wait_for_their_units():
    live = writer()
    assert live.update("there is a", " four") == ("", "There is a 4")
    said = "there is a stable nodule in the right upper lobe measuring four"
    written, rest = live.update(said, " millimeters period")
    assert written + rest == "There is a stable nodule in the right upper lobe measuring 4 mm."
    assert written.startswith("There is a")
    assert "4" not in written


SAID = """there is stable nodule measuring four point two millimeters period comma right upper lobe left one
hundred forty over ninety new line paragraph The heart T two weighted milligrams"""
WORDS = st.sampled_from(SAID.split())


@given(st.lists(WORDS, max_size=30))
def test_what_is_settled_is_never_changed_and_no_word_is_lost(words):
    live, before = writer(), ""
    for count in range(len(words) + 1):
        stable = " ".join(words[:count])
        written, rest = live.update(stable, "")
        assert written.startswith(before)
        before = written
        for word in ("nodule", "lobe", "heart", "measuring"):
            assert (written + rest).lower().count(word) == stable.lower().split().count(word)
