"""Loudness of speech, gain for quiet microphones, and the end of speech. Pure.

LASR's front end has no normalisation: a microphone turned down costs words. One gain is chosen for an
utterance and held, so nothing pumps; decision 0015 has the measurements.
"""

import numpy as np
import numpy.typing as npt

from assistant.audio.frames import SAMPLE_RATE_HZ, Samples

LEVEL_SAMPLES = SAMPLE_RATE_HZ // 50
LOUD_PERCENTILE = 90.0
QUIET_RMS = 0.02
"""Speech whose loud parts stay under this is lifted to it; −34 dB of full scale."""
MOST_GAIN = 30.0
"""29.5 dB. Beyond it there is more of the microphone's noise than of the voice."""
SMOOTH_LEVELS = 10
ABOVE_FLOOR, BELOW_LOUD = 1.6, 0.02
"""Sound counts while it is 4 dB above the quietest 200 ms and within 34 dB of the loud ones."""
LOUD_LEVELS = 40
"""Speech is as loud as the loudest 0.8 s of the utterance: a door that slams is shorter, and must not cost
the words after it. A share of the whole would change with the silence that follows."""
TAIL_SAMPLES = SAMPLE_RATE_HZ * 160 // 1000
"""Kept after the last loud place: less than the pause after which the final is prepared."""


def levels(samples: Samples) -> npt.NDArray[np.float32]:
    """RMS of each whole 20 ms."""
    frames = samples[: len(samples) // LEVEL_SAMPLES * LEVEL_SAMPLES].reshape(-1, LEVEL_SAMPLES)
    return np.asarray(np.sqrt(np.mean(frames**2, axis=1)), np.float32)


def gain_for(samples: Samples) -> float:
    """The gain, from 1 to ``MOST_GAIN``. Never below 1: the model was trained on loud speech."""
    found = levels(samples)
    if not len(found):
        return 1.0
    loud = float(np.percentile(found, LOUD_PERCENTILE))
    return float(np.clip(QUIET_RMS / max(loud, 1e-9), 1.0, MOST_GAIN))


def speech_end(samples: Samples) -> int:
    """The sample up to which the final decodes: a little after the last place that is not quiet.

    What is quiet is judged by the loud and the quietest 200 ms of the utterance itself, which a longer
    silence after it hardly changes: so the final that was prepared at the pause is, nearly always, the one
    that decoding the whole gives (and else it is decoded again).
    """
    found = levels(samples)
    if len(found) < SMOOTH_LEVELS:
        return len(samples)
    smooth = np.convolve(found, np.ones(SMOOTH_LEVELS) / SMOOTH_LEVELS, mode="valid")
    loud = float(np.sort(smooth)[-LOUD_LEVELS:][0])
    threshold = max(ABOVE_FLOOR * float(smooth.min()), BELOW_LOUD * loud)
    speech = np.flatnonzero(found > threshold)
    if not len(speech):
        return len(samples)
    return min(len(samples), int(speech[-1] + 1) * LEVEL_SAMPLES + TAIL_SAMPLES)
