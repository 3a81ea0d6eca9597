"""Spoken words find their place in what was written."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from assistant.dictation.alignment import SpokenWords, align
from assistant.events import WordTime


@dataclass
class Run:
    text: str
    item_id: str | None = None


@dataclass
class Section:
    id: str
    runs: list[Run]


def shown(said, written):
    words = said.split()
    return [(" ".join(words[m.first : m.last]), written[m.start : m.end]) for m in align(words, written)]


def test_words_that_stay_match_one_to_one_whatever_their_case_and_marks():
    assert shown("the lungs are clear period", "The lungs are clear.") == [
        ("the", "The"), ("lungs", "lungs"), ("are", "are"), ("clear", "clear."),
    ]  # fmt: skip


def test_a_measure_is_one_match():
    assert shown("a five point two centimeters mass", "A 5.2 cm mass") == [
        ("a", "A"), ("five point two centimeters", "5.2 cm"), ("mass", "mass"),
    ]  # fmt: skip


def test_levels_and_hyphens_are_found():
    found = shown("at L four L five no stenosis", "at L4-L5 no stenosis")
    assert ("L four L five", "L4-L5") in found
    assert found[-1] == ("stenosis", "stenosis")


def test_markers_of_the_recogniser_are_nobodys_words():
    assert shown("[FINDINGS] clear {period} {new paragraph} Normal {comma} yes", "Clear.\n\nNormal, yes") == [
        ("clear", "Clear."), ("Normal", "Normal,"), ("yes", "yes"),
    ]  # fmt: skip


def test_text_that_nobody_said_has_no_match():
    assert align([], "typed text") == []
    assert align(["clear", "period"], "") == []


def test_a_rewritten_stretch_is_left_unclaimed():
    assert align([f"w{i}" for i in range(30)], " ".join(f"x{i}" for i in range(30))) == []


@given(
    st.lists(
        st.sampled_from(["no", "left", "five", "two", "5", "cm", "{period}", "[X]", ",", "."]), max_size=12
    ),
    st.text("nolefright 52cm.,\n{}", max_size=40),
)
def test_matches_are_in_order_inside_the_text_and_never_overlap(words, written):
    end = last = 0
    for match in align(words, written):
        assert end <= match.start < match.end <= len(written)
        assert last <= match.first < match.last <= len(words)
        end, last = match.end, match.last


def place(sections, words):
    spoken = SpokenWords()
    for item_id, each in words.items():
        spoken.heard(item_id, each)
    first = spoken.place(sections)
    assert spoken.place(sections) == first, "what is remembered must say the same"
    return first


WORDS = [
    WordTime(text="four", start_ms=0, end_ms=200, confidence=0.3),
    WordTime(text="millimeters", start_ms=200, end_ms=700, confidence=0.8),
    WordTime(text="nodule", start_ms=700, end_ms=1000),
]


def test_a_group_is_as_sure_as_its_least_sure_word():
    (measure, nodule) = place([Section("s", [Run("A "), Run("4 mm nodule", "u1")])], {"u1": WORDS})
    assert (measure.section_id, measure.start, measure.end, measure.confidence) == ("s", 2, 6, 0.3)
    assert (measure.start_ms, measure.end_ms) == (0, 700)
    assert nodule.confidence is None


def test_an_item_cut_by_typing_and_spread_over_sections_keeps_its_words():
    sections = [
        Section("a", [Run("4 mm", "u1"), Run(" typed ", None)]),
        Section("b", [Run("x ", "u2"), Run("nodule", "u1")]),
    ]
    placed = {(p.section_id, p.start, p.end) for p in place(sections, {"u1": WORDS})}
    assert placed == {("a", 0, 4), ("b", 2, 8)}


def test_a_part_of_an_utterance_finds_its_words_among_those_of_the_whole():
    spoken = SpokenWords()
    spoken.heard("u1", WORDS)
    spoken.share("u1", "u1_2")
    (placed,) = spoken.place([Section("a", [Run("Nodule.", "u1_2")])])
    assert (placed.start, placed.end, placed.start_ms) == (0, 7, 700)


def test_words_that_were_deleted_are_gone():
    assert place([Section("a", [Run("typed", None)])], {"u1": WORDS}) == []


@given(
    st.lists(
        st.tuples(st.text("ab 4m", min_size=1, max_size=8), st.sampled_from(["u1", "u2", None])), max_size=6
    )
)
def test_places_lie_inside_their_own_runs(runs):
    section = Section("s", [Run(*run) for run in runs])
    owner = [run.item_id for run in section.runs for _ in run.text]
    for placed in place([section], {"u1": WORDS}):
        assert set(owner[placed.start : placed.end]) == {"u1"}
