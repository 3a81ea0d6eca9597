import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.asr.language_model import open_language_model
from training.lasr import ngrams

TEXT = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), min_size=1, max_size=8)


@given(TEXT, st.integers(1, 4))
def test_after_every_history_the_probabilities_of_all_words_sum_to_one(sentences, order):
    counts = ngrams.counted(sentences, order)
    probability, back_off = ngrams.witten_bell(counts)
    vocabulary = {gram[0] for gram in counts[0]}

    def chance(history, word):
        if (*history, word) in probability:
            return probability[*history, word]
        return back_off[history] * chance(history[1:], word)

    for history in back_off:
        assert sum(chance(history, word) for word in vocabulary) == pytest.approx(1)


def test_the_file_is_read_as_a_language_model_and_prefers_what_was_seen(tmp_path):
    pieces = ["<epsilon>", "<s>", "</s>", "<unk>", "▁no", "▁effusion", "▁pain"]
    said = [["▁#no", "▁#effusion"], ["▁#no", "▁#effusion"], ["▁#no", "▁#pain"]]
    ngrams.write_arpa(tmp_path / "lm.arpa.gz", ngrams.counted(said, 3))
    model = open_language_model(tmp_path / "lm.arpa.gz", pieces)
    first, state = model.score(model.start(), 4)
    assert first == pytest.approx(math.log(model_chance(3, 3, 1, (3 + 4 * 1 / 4) / (9 + 4))), rel=1e-3)
    assert model.score(state, 5)[0] > model.score(state, 6)[0] > model.score(state, 4)[0]


def model_chance(seen, of, distinct, lower):
    """Witten and Bell's, for a bigram or a trigram."""
    return (seen + distinct * lower) / (of + distinct)
