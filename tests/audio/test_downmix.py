from collections.abc import Callable

import numpy as np
import pytest

from assistant.audio.downmix import Downmix
from assistant.audio.frames import Samples

RATE_HZ = 16_000


def mixed(planes: list[Samples], size: int = 1_024) -> Samples:
    together, one = np.stack(planes), Downmix(RATE_HZ)
    return np.concatenate([one.push(together[:, at : at + size]) for at in range(0, together.shape[1], size)])


def test_channels_in_opposite_phase_do_not_take_each_other_away(speech: Samples) -> None:
    assert np.allclose(np.abs(mixed([speech, -speech])), np.abs(speech), atol=1e-6)
    assert np.allclose(np.abs(mixed([speech, -0.5 * speech])), 0.75 * np.abs(speech), atol=1e-6)


def test_the_sign_is_chosen_once_so_that_nothing_jumps(
    speech: Samples, correlation: Callable[..., float]
) -> None:
    noise = np.random.default_rng(1).normal(0, 0.003, (2, len(speech))).astype(np.float32)
    heard = mixed([speech + noise[0], -speech + noise[1]])
    assert max(correlation(heard, speech), correlation(-heard, speech)) > 0.98


def test_other_channels_are_averaged_as_ever(speech: Samples) -> None:
    late = np.roll(speech, 40)
    for second in (speech, np.zeros_like(speech), 0.3 * speech, late):
        assert np.allclose(mixed([speech, second]), (speech + second) / 2, atol=1e-6)
    assert np.array_equal(mixed([speech]), speech)


def test_of_many_channels_only_the_turned_one_is_turned(speech: Samples) -> None:
    heard = mixed([speech, speech, -speech, speech])
    assert np.allclose(heard, speech, atol=1e-6)


@pytest.mark.parametrize("offset", [0.2, -0.4])
def test_an_offset_on_the_channels_does_not_hide_their_phase(speech: Samples, offset: float) -> None:
    heard = mixed([speech + np.float32(offset), -speech + np.float32(offset)])
    assert float(np.std(heard)) > 0.9 * float(np.std(speech))
