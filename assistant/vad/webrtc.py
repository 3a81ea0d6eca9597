"""WebRTC's VAD, through webrtcvad-wheels: no model, very cheap, fooled by loud noise."""

from collections import deque

import numpy as np
import webrtcvad

from assistant.audio.frames import SAMPLE_RATE_HZ, Samples

FRAME_SAMPLES = 320
SMOOTHED_FRAMES = 5


class WebRtcVad:
    """Its yes and no per 20 ms, averaged over 100 ms, so that the endpointer's thresholds have a meaning.

    ``aggressiveness`` 0 to 3: how much has to be speech before it says yes.
    """

    frame_samples = FRAME_SAMPLES

    def __init__(self, aggressiveness: int = 2) -> None:
        self._vad = webrtcvad.Vad(aggressiveness)
        self._last: deque[bool] = deque(maxlen=SMOOTHED_FRAMES)

    def probability(self, frame: Samples) -> float:
        """``frame``: [320] float32."""
        pcm = (np.clip(np.nan_to_num(frame), -1, 1 - 2**-15) * 32768).astype("<i2").tobytes()
        self._last.append(self._vad.is_speech(pcm, SAMPLE_RATE_HZ))
        return sum(self._last) / len(self._last)
