"""Beam search against counting every path; language model, expected phrases and their price."""

import gzip
import itertools
import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.asr.beam import BeamDecoder, BeamSettings, align
from assistant.asr.ctc import BestPath, collapse, log_softmax
from assistant.asr.hotwords import Hotwords, check_phrases, read_phrases
from assistant.asr.language_model import ArpaModel, KenLm, label, open_language_model
from assistant.errors import AssistantError

PIECES = ("<blk>", "<s>", "</s>", "<unk>", "▁a", "b", "▁metoprolol", "▁met", "o", "▁formin", "▁prolol", ",")


def random_log_probs(frames, vocabulary, seed, spread=2.0):
    logits = np.random.default_rng(seed).standard_normal((frames, vocabulary)) * spread
    logits[:, 1:4] = -50
    return log_softmax(logits.astype(np.float32))


def every_reading(log_probs):
    """Readings and their probabilities, by counting all paths."""
    total = defaultdict(float)
    for ids in itertools.product([0, *range(4, log_probs.shape[1])], repeat=len(log_probs)):
        path = BestPath(np.array(ids), np.ones(len(ids), np.float32))
        reading = tuple(token.piece for token in collapse(path))
        total[reading] += math.exp(sum(float(row[i]) for row, i in zip(log_probs, ids, strict=True)))
    return total


@settings(max_examples=25)
@given(st.integers(1, 6), st.integers(0, 10_000))
def test_a_wide_beam_finds_the_likeliest_readings_and_their_probabilities(frames, seed):
    log_probs = random_log_probs(frames, 6, seed)
    exact = every_reading(log_probs)
    found = BeamDecoder(PIECES[:6], BeamSettings(width=200, least=-100)).n_best(log_probs, 5)
    wanted = sorted(exact.values(), reverse=True)[:5]
    assert np.allclose([math.exp(reading.score) for reading in found], wanted[: len(found)], atol=1e-5)
    assert math.isclose(exact[found[0].pieces], max(exact.values()), rel_tol=1e-5)


@settings(max_examples=25)
@given(st.integers(3, 7), st.integers(0, 10_000))
def test_alignment_finds_the_likeliest_frames(frames, seed):
    log_probs = random_log_probs(frames, 6, seed)
    tokens = align(log_probs, (4, 5, 4))
    best, best_path = -np.inf, None
    for ids in itertools.product([0, 4, 5], repeat=frames):
        path = BestPath(np.array(ids), np.ones(frames, np.float32))
        if [token.piece for token in collapse(path)] == [4, 5, 4]:
            score = sum(float(row[i]) for row, i in zip(log_probs, ids, strict=True))
            if score > best:
                best, best_path = score, collapse(path)
    assert [(t.piece, t.first, t.last) for t in tokens] == [(t.piece, t.first, t.last) for t in best_path]


def said(*frames):
    """Log-probabilities from frames of ``{piece: probability}``; the rest is blank's."""
    probabilities = np.full((len(frames), len(PIECES)), 1e-6)
    for row, frame in zip(probabilities, frames, strict=True):
        for piece, probability in frame.items():
            row[PIECES.index(piece)] = probability
        row[0] = max(1e-6, 1 - row[1:].sum())
    return np.log(probabilities).astype(np.float32)


def text(decoder, log_probs):
    return " ".join(word.text for word in decoder.decode(log_probs))


MUMBLED = said({"▁met": 0.99}, {}, {"▁formin": 0.7, "▁prolol": 0.003, "o": 0.2}, {})


def test_without_help_the_beam_reads_what_is_likeliest():
    assert text(BeamDecoder(PIECES), MUMBLED) == "met formin"


@pytest.mark.parametrize("others", [0, 5000])
def test_an_expected_phrase_wins_over_what_is_likelier_also_among_thousands(others):
    phrases = ["Met prolol", *(f"drug{n} name" for n in range(others))]
    decoder = BeamDecoder(PIECES, hotwords=Hotwords(phrases))
    assert text(decoder, MUMBLED) == "met prolol"


@pytest.mark.parametrize(
    ("after", "heard"), [(",", "met prolol,"), ("▁a", "met prolol a"), ("o", "met formino")]
)
def test_an_expected_phrase_ends_where_its_word_does_also_before_a_comma(after, heard):
    """MedASR writes punctuation that was not dictated behind the word, without a space."""
    log_probs = np.concatenate([MUMBLED, said({after: 0.99}, {})])
    assert text(BeamDecoder(PIECES, hotwords=Hotwords(["met prolol"])), log_probs) == heard


def test_expected_phrases_that_were_not_said_are_not_heard():
    decoder = BeamDecoder(PIECES, hotwords=Hotwords(["a b", "ab", "metoprolol"]))
    assert text(decoder, said({"▁met": 0.99}, {}, {"▁formin": 0.98}, {})) == "met formin"
    assert text(decoder, said({}, {"▁a": 1e-5}, {"b": 1e-5}, {})) == ""


def test_a_phrase_within_a_phrase_is_not_paid_for_twice():
    """Beside "insulin", "insulin glargine" must not make "glargine" likelier than it does alone."""
    log_probs = said({"▁met": 0.99}, {}, {"▁prolol": 0.5}, {}, {"▁a": 0.9}, {})
    longer, both, inner = (
        BeamDecoder(PIECES, hotwords=Hotwords(phrases)).n_best(log_probs, 1)[0]
        for phrases in (["met prolol"], ["met prolol", "met"], ["met prolol", "prolol", "prolol a"])
    )
    assert longer.pieces == both.pieces == inner.pieces
    assert both.score == pytest.approx(longer.score)
    assert inner.score == pytest.approx(longer.score + 2 * BeamSettings().hotword_bonus)  # " a"


def test_half_a_phrase_earns_nothing():
    plain, helped = (
        BeamDecoder(PIECES, hotwords=hotwords).n_best(said({"▁met": 0.99}, {}, {}), 1)[0].score
        for hotwords in (None, Hotwords(["metoprolol"]))
    )
    assert helped == pytest.approx(plain, abs=1e-6)


def test_words_of_a_beam_have_times_and_confidence():
    (met, formin) = BeamDecoder(PIECES).decode(MUMBLED)
    assert (met.tokens[0].first, formin.tokens[0].first) == (0, 2)
    assert formin.probability == pytest.approx(0.7, abs=1e-3)


ARPA = """\\data\\
ngram 1=6
ngram 2=2

\\1-grams:
-1.0\t<s>\t-0.3
-9.0\t<unk>
-1.0\t▁#a\t-0.3
-1.0\t▁#met\t-0.3
-3.0\t▁#formin
-1.0\t▁#prolol

\\2-grams:
-0.1\t▁#met ▁#prolol
-0.2\t<s> ▁#met

\\end\\
"""
LM_PIECES = ("<blk>", "<s>", "</s>", "<unk>", "▁a", "▁met", "▁formin", "▁prolol")


@pytest.mark.parametrize("name", ["lm.arpa", "lm.arpa.gz"])
def test_a_language_model_is_read_and_decides(tmp_path, name):
    data = ARPA.encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    model = open_language_model(tmp_path / name, LM_PIECES)
    score, state = model.score(model.start(), LM_PIECES.index("▁met"))
    assert score == pytest.approx(-0.2 * math.log(10))
    assert model.score(state, LM_PIECES.index("▁prolol"))[0] == pytest.approx(-0.1 * math.log(10))
    assert model.score(state, LM_PIECES.index("▁formin"))[0] == pytest.approx(-3.3 * math.log(10))
    probabilities = np.full((3, len(LM_PIECES)), 1e-6)
    probabilities[0, 5], probabilities[1, 0], probabilities[2, 6:8] = 0.99, 0.99, [0.5, 0.4]
    log_probs = np.log(probabilities).astype(np.float32)
    assert text(BeamDecoder(LM_PIECES), log_probs) == "met formin"
    assert text(BeamDecoder(LM_PIECES, language_model=model), log_probs) == "met prolol"


def test_kenlms_own_reader_gives_the_same_scores(tmp_path):
    pytest.importorskip("kenlm")
    path = tmp_path / "lm.arpa"
    path.write_text(ARPA.replace("ngram 1=6", "ngram 1=7").replace("\\2-grams", "-1.5\t</s>\n\n\\2-grams"))
    ours, theirs = ArpaModel(path, LM_PIECES), KenLm(path, LM_PIECES)
    for reading in itertools.product(range(4, len(LM_PIECES)), repeat=3):
        states = ours.start(), theirs.start()
        for piece in reading:
            (mine, a), (its, b) = ours.score(states[0], piece), theirs.score(states[1], piece)
            states = a, b
            assert mine == pytest.approx(its, abs=1e-4)
    (tmp_path / "bad.kenlm").write_bytes(b"hello")
    assert code_of(lambda: open_language_model(tmp_path / "bad.kenlm", LM_PIECES)) == "language_model_invalid"


def test_pieces_are_called_in_the_model_as_medasrs_own_model_calls_them():
    assert [label(p) for p in ("▁the", "s", "<unk>", "▁")] == ["▁#the", "▁s", "<unk>", "▁#"]


def code_of(call):
    with pytest.raises(AssistantError) as error:
        call()
    return error.value.code


def test_language_models_that_cannot_be_used_are_refused(tmp_path):
    assert code_of(lambda: open_language_model(tmp_path / "no.arpa", PIECES)) == "language_model_missing"
    (tmp_path / "bad.arpa").write_text("hello")
    assert code_of(lambda: open_language_model(tmp_path / "bad.arpa", PIECES)) == "language_model_invalid"
    (tmp_path / "lm.arpa").write_text(ARPA)
    other = ("<blk>", *(f"▁z{n}" for n in range(20)))
    assert (
        code_of(lambda: open_language_model(tmp_path / "lm.arpa", other))
        == "language_model_vocabulary_mismatch"
    )


def test_phrases_are_read_from_a_file_and_checked(tmp_path):
    path = tmp_path / "drugs.txt"
    path.write_text("\ufeff# house list\nLevetiracetam\n\nmetoprolol  # beta blocker\nLevetiracetam\n")
    assert read_phrases(path) == ("Levetiracetam", "metoprolol")
    assert code_of(lambda: read_phrases(tmp_path / "no.txt")) == "hotwords_invalid"
    assert code_of(lambda: check_phrases(["x" * 81])) == "hotwords_invalid"
    assert code_of(lambda: check_phrases(str(n) for n in range(20_001))) == "hotwords_invalid"
