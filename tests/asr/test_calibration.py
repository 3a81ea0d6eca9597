"""Confidences that mean what they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.asr.base import Word
from assistant.asr.calibration import Calibration, expected_error, fit, judge


def overconfident(count, seed=0):
    """Posteriors near one, of words that are right two times in three."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.2, 1.0, count)
    odds = truth / (1 - truth + 1e-9)
    posterior = odds**2 * 5 / (1 + odds**2 * 5)
    return posterior.tolist(), (rng.uniform(size=count) < truth).tolist()


def test_a_fit_mends_what_is_overconfident_also_on_words_it_has_not_seen():
    calibrated = fit(*overconfident(2000))
    posterior, right = overconfident(2000, seed=1)
    before, after = (
        expected_error(posterior, right),
        expected_error([calibrated(p) for p in posterior], right),
    )
    assert before > 0.15
    assert after < 0.05


def test_a_few_words_do_not_make_it_run_away():
    calibrated = fit([0.9, 0.99, 0.8], [True, True, True])
    assert 0.5 < calibrated(0.5) < 1
    assert calibrated(0.99) <= 1


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.05, 3), st.floats(-3, 3))
def test_it_is_a_probability_and_keeps_the_order(a, b, scale, shift):
    calibrated = Calibration(scale=scale, shift=shift)
    low, high = sorted((a, b))
    assert 0 <= calibrated(low) <= calibrated(high) <= 1


def test_words_are_judged_in_order_and_markers_by_what_is_in_them():
    words = [Word("the", 0, 1, 0.9), Word("lunch", 1, 2, 0.4), Word("{new paragraph}", 2, 3, 0.8)]
    assert judge(words, "the lungs {new paragraph}") == [(0.9, True), (0.4, False), (0.8, True), (0.8, True)]


def test_no_change_is_no_change():
    assert Calibration()(0.3) == pytest.approx(0.3)
