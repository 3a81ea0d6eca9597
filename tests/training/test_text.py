import re

import pytest

from training.lasr import text

SENTENCES = text.sentences(600, seed=5)


def test_the_same_seed_gives_the_same_sentences_and_none_twice():
    assert text.sentences(600, seed=5) == SENTENCES
    assert len(set(SENTENCES)) == len(SENTENCES)


def test_held_out_sentences_are_never_ones_trained_on():
    train = frozenset(SENTENCES)
    assert not train & set(text.sentences(300, seed=5, avoid=train))


def test_every_slot_is_filled_and_only_known_markers_and_tags_are_left():
    for target in SENTENCES:
        assert "<" not in target
        assert set(re.findall(r"\{([^}]*)\}", target)) <= set(text.MARKERS)
        assert set(re.findall(r"\[([^\]]*)\]", target)) <= set(text.HEADINGS)
        plain = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", target)
        assert re.fullmatch(r"[a-z' -]*", plain), target


def test_what_is_said_is_the_target_with_its_marks_by_name():
    target = "[EXAM TYPE] {colon} chest x-ray {period} {new paragraph} clear"
    assert text.spoken(target) == "exam type colon chest x-ray period new paragraph clear"


@pytest.mark.parametrize(
    ("value", "words"), [(0, "zero"), (7, "seven"), (12, "twelve"), (40, "forty"), (99, "ninety nine")]
)
def test_numbers_are_said_in_words(value, words):
    assert text.below_hundred(value) == words


def test_the_grammar_knows_thousands_of_words_and_the_lists_hold_no_term_twice():
    assert len(text.vocabulary_words()) > 2000
    for name in ("drug", "disease", "anatomy", "finding", "test"):
        assert len(set(text.RULES[name])) == len(text.RULES[name]), name
