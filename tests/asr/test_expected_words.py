"""The worth of an expected word on the way, and at its end."""

import pytest

from assistant.asr.expected_words import ExpectedWords, medical_words, words_in


def encode(text):
    """Two letters a token; the first one holds the space."""
    spaced = " " + text
    return [hash(spaced[at : at + 2]) for at in range(0, len(spaced), 2)]


def worth(words, text):
    """(lent on the way, kept at the end); None where the text leaves the tree."""
    node, lent = words.root, []
    for token in encode(text):
        node = node.next.get(token)
        if node is None:
            return None
        lent.append(node.lent)
    return lent, node.kept


def test_each_token_is_worth_one_and_all_of_it_is_kept_at_the_end():
    lent, kept = worth(ExpectedWords(["vericiguat"], encode), "vericiguat")
    assert lent == [1, 2, 3, 4, 5, 6]
    assert kept == 6


def test_a_capital_at_its_beginning_changes_nothing():
    words = ExpectedWords(["vericiguat"], encode)
    assert worth(words, "Vericiguat") == worth(words, "vericiguat")


@pytest.mark.parametrize(
    ("asked", "other"),
    [
        ("hypodense", "hyperdense"),
        ("hydralazine", "hydroxyzine"),
        ("colectomy", "colostomy"),
        ("intravenous", "intervenous"),
        ("abduction", "adduction"),
    ],
)
def test_words_that_sound_alike_are_worth_the_same_though_only_one_was_asked_for(asked, other):
    words = ExpectedWords([asked], encode)
    assert worth(words, asked)[1] == worth(words, other)[1] > 0
    longest = max(len(encode(asked)), len(encode(other)))
    shortest = min(len(encode(asked)), len(encode(other)))
    assert longest >= shortest == worth(words, asked)[1]
    assert max(worth(words, asked)[0]) == max(worth(words, other)[0])


def test_numbers_and_sides_of_a_phrase_are_worth_nothing():
    words = ExpectedWords(["left cerebellopontine angle", "metoprolol 25 mg"], encode)
    assert worth(words, "left") is None
    assert worth(words, "25") is None
    assert worth(words, "cerebellopontine angle")[1] > 0
    assert worth(words, "metoprolol")[1] > 0


def test_no_more_is_lent_than_the_best_word_ahead_keeps():
    words = ExpectedWords(["insulin", "insulin glargine"], encode)

    def check(node, depth):
        ahead = [node.kept]
        for following in node.next.values():
            ahead.append(check(following, depth + 1))
        assert node.lent == min(depth, max(ahead))
        return max(ahead)

    check(words.root, 0)


def test_the_shipped_list_has_no_number_and_no_short_word():
    words = medical_words()
    assert len(words) > 3000
    assert all(word.isalpha() and word.islower() and len(word) >= 5 for word in words)
    assert {"metoprolol", "pneumothorax", "pleural"} <= set(words)


def test_the_words_of_a_study_are_its_long_ones():
    assert words_in("CT 2 CHEST ANGIOGRAM w/ iv contrast 12") == ["ANGIOGRAM", "contrast"]
