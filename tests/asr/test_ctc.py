"""Greedy decoding, words and their times, seams."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.asr.ctc import (
    BestPath,
    Token,
    TokenWord,
    collapse,
    covered,
    join_windows,
    log_softmax,
    spell,
    timed,
)

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


def line(text, *firsts):
    """Words, each of one token at its frame."""
    return [
        TokenWord(word, (Token(4, first, first, 0.9),))
        for word, first in zip(text.split(), firsts, strict=True)
    ]


@pytest.mark.parametrize(
    ("before", "words", "rest"),
    [
        # what a full-context pass read up to frame 100, what the steps read, and what of it is new
        (line("are clear", 70, 80), line("are clear there is", 71, 82, 120, 130), "there is"),
        (line("clear {period}", 80, 99), line("clear {period} there", 82, 106, 108), "there"),
        (line("to ten units", 60, 70, 80), line("to tanunits there", 61, 104, 120), "there"),
        (line("clear {period}", 80, 99), line("clear she reports", 82, 106, 115), "she reports"),
        (line("clear {period}", 80, 99), line("clear", 82), ""),
        (line("said no", 80, 90), line("said no no", 80, 91, 120), "no"),
        (line("clear {period}", 80, 99), line("clear {period} {period}", 80, 99, 130), "{period}"),
        ([], line("there", 120), "there"),
    ],
)
def test_what_two_readings_say_is_said_once_also_where_one_spells_it_later(before, words, rest):
    assert " ".join(word.text for word in words[covered(before, words, 100) :]) == rest


def test_what_steps_read_late_does_not_hide_what_a_pass_read_early():
    """Stable is "placement", which the steps spelled up to frame 142; the pass read it and a mark before."""
    words = line("placement {period} the", 109, 133, 150)
    assert covered(line("placement", 139), words, 143) == 1
