"""Greedy decoding, words and their times, seams."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.asr.ctc import BestPath, collapse, join_windows, log_softmax, spell, timed

PIECES = ("<blk>", "<s>", "</s>", "<unk>", "▁the", "▁lung", "s", "▁are", "▁clear", "▁{", "period", "}")
PIECES += ("▁{new", "▁paragraph", "▁[", "EXAM", "▁TYPE", "]", "▁", "▁a")


def path(*names, sure=0.9):
    ids = np.array([PIECES.index(name) for name in names])
    return BestPath(ids, np.full(len(ids), sure, np.float32))


def text(*names):
    return [word.text for word in spell(collapse(path(*names)), PIECES)]


def test_repeats_are_one_and_blanks_part_them():
    assert text("▁the", "▁the", "<blk>", "▁lung", "s", "<blk>", "s") == ["the", "lungss"]


def test_sentence_ends_and_unknown_pieces_are_no_text():
    assert text("▁the", "</s>", "▁lung", "<unk>", "s", "<s>") == ["the", "lungs"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["▁clear", "▁{", "period", "}"], ["clear", "{period}"]),
        (["▁{new", "▁paragraph", "}", "▁the"], ["{new paragraph}", "the"]),
        (["▁[", "EXAM", "▁TYPE", "]", "▁the"], ["[EXAM TYPE]", "the"]),
        (
            ["▁{new", "▁the", "▁lung", "s", "▁are", "▁clear", "▁a"],
            ["{new", "the", "lungs", "are", "clear", "a"],
        ),
        (["▁{new", "▁[", "EXAM", "]"], ["{new", "[EXAM]"]),
        (["▁", "EXAM", "▁", "▁the"], ["EXAM", "the"]),
    ],
)
def test_markers_are_one_word_and_are_kept_as_they_are(names, words):
    assert text(*names) == words


def test_words_have_times_on_the_frame_grid_and_the_probability_of_their_least_likely_piece():
    heard = path("<blk>", "▁lung", "s", "s", "<blk>", "▁are")
    heard.probabilities[:] = [0.9, 0.8, 0.5, 0.6, 0.9, 0.7]
    lungs, are = timed(spell(collapse(heard), PIECES))
    assert (lungs.text, lungs.start_ms, lungs.end_ms, lungs.confidence) == ("lungs", 92, 212, 0.6)
    assert (are.start_ms, are.end_ms) == (252, 292)


@given(st.lists(st.integers(0, len(PIECES) - 1), max_size=40), st.integers(0, 40))
def test_a_path_in_two_parts_reads_like_the_whole(ids, cut):
    probabilities = np.linspace(0.5, 0.9, len(ids)).astype(np.float32)
    whole = BestPath(np.array(ids, np.int64), probabilities)
    parts = BestPath(whole.pieces[:cut], whole.probabilities[:cut]) + BestPath(
        whole.pieces[cut:], whole.probabilities[cut:]
    )
    assert collapse(parts) == collapse(whole)
    assert not any(word.text == "" for word in spell(collapse(whole), PIECES))


def one_hot(ids, vocabulary=6):
    logits = np.zeros((len(ids), vocabulary), np.float32)
    logits[np.arange(len(ids)), ids] = 8
    return log_softmax(logits)


def test_log_softmax_sums_to_one_also_for_large_numbers():
    logits = np.array([[1e4, 0, -1e4], [1, 2, 3]], np.float32)
    assert np.allclose(np.exp(log_softmax(logits)).sum(-1), 1)


@given(st.lists(st.sampled_from([0, 0, 0, 4, 5]), min_size=60, max_size=60), st.integers(-1, 1))
def test_at_a_seam_nothing_is_lost_or_doubled_even_when_the_windows_differ_by_a_frame(ids, shift):
    """The right window hears everything a frame sooner or later than the left one."""
    ids[25:35] = [0] * 10  # somewhere in the overlap nothing is said
    ids[:2] = ids[-2:] = [0, 0]
    whole = np.array(ids)
    left, right = one_hot(whole[:40]), one_hot(np.roll(whole, shift)[20:])
    joined = join_windows(left, right, 20)
    assert len(joined) == 60
    wanted = [token.piece for token in collapse(BestPath.of(one_hot(whole)))]
    assert [token.piece for token in collapse(BestPath.of(joined))] == wanted
