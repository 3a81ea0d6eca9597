"""A recogniser of tones: utterance 7 is a tone of its own pitch and always has the same text.

So a final that is lost, doubled or mixed up shows, whatever the attack does to the sound.
"""

import threading
import time

import numpy as np

from assistant.asr.base import Partial, Transcript
from assistant.errors import BadInput

RATE = 16_000
LEVEL = 0.3
PITCHES = 72
SPOKEN_S, SILENCE_S = 0.8, 1.2
_WORK = np.ones((256, 256), np.float32)


def text_of(number: int) -> str:
    """The final of utterance ``number``; pitches repeat after ``PITCHES`` utterances."""
    return f"The finding is tone {number % PITCHES}."


def sound_of(number: int, spoken_s: float = SPOKEN_S, silence_s: float = SILENCE_S) -> bytes:
    """Utterance ``number`` and the silence that ends it, as PCM16 at 16 kHz."""
    times = np.arange(int(spoken_s * RATE)) / RATE
    tone = LEVEL * np.sin(2 * np.pi * _pitch_hz(number) * times)
    samples = np.concatenate([tone, np.zeros(int(silence_s * RATE))])
    return bytes((samples * 32767).astype("<i2").tobytes())


def _pitch_hz(number: int) -> float:
    return 300 + 50 * (number % PITCHES)


class LoudnessVad:
    """Speech is what is loud."""

    frame_samples = 512

    def probability(self, frame):
        return 1.0 if np.abs(frame).max() > LEVEL / 6 else 0.0


class Tones:
    """``heard_s`` counts the seconds of tone that reached it, in finals.

    A final takes ``final_s`` of a core, a partial a quarter of that; below 0, so many seconds without a core.
    """

    name = "tones"
    takes_phrases = False
    times_words = False

    def __init__(self, final_s: float = 0.0) -> None:
        self.heard_s = 0.0
        self.raises, self.raised, self.hangs_until = False, 0, 0.0
        self.counting = threading.Lock()
        self._final_s = final_s

    def work(self, share: float) -> None:
        if self.raises and share == 1:  # in a final, where words would be lost
            self.raises, self.raised = False, self.raised + 1
            raise RuntimeError("as the attack wants it")
        time.sleep(max(0.0, self.hangs_until - time.monotonic()))
        if self._final_s < 0:
            time.sleep(-self._final_s * share)
        until = time.thread_time() + self._final_s * share
        while time.thread_time() < until:
            np.dot(_WORK, _WORK)  # as a recogniser does, without the lock of the interpreter

    def expecting(self, phrases, context=()):
        if phrases:
            raise BadInput("Tones cannot be given words to expect.", code="hotwords_not_supported")
        return self

    def open_stream(self):
        return ToneStream(self)


class ToneStream:
    def __init__(self, model):
        self._model, self._heard = model, []

    def wants(self, samples):
        return True

    def accept(self, samples, *, partial=True):
        self._heard.append(np.asarray(samples))
        if not partial:
            return None
        self._model.work(1 / 4)
        return Partial("", self._text())

    def prepare_final(self):
        pass

    def expected(self):
        return None

    def finish(self):
        self._model.work(1.0)
        with self._model.counting:
            self._model.heard_s += len(self._loud()) / RATE
        return Transcript(self._text())

    def _loud(self):
        """The samples between the first loud one and the last."""
        samples = np.concatenate([np.zeros(0, np.float32), *self._heard])
        loud = np.flatnonzero(np.abs(samples) > LEVEL / 6)
        return samples[loud[0] : loud[-1] + 1] if len(loud) else samples[:0]

    def _text(self):
        loud = self._loud()
        if len(loud) < RATE // 20:
            return ""
        spectrum = np.abs(np.fft.rfft(loud * np.hanning(len(loud)), 8 * RATE))
        return text_of(round((np.argmax(spectrum) / 8 - 300) / 50))
