"""Faults of a microphone's sound: nothing comes, too little, so much that it is cut off, or only what a
telephone lets through. Pure."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from assistant.audio.frames import SAMPLE_RATE_HZ, AudioChunk, Rechunker, Samples
from assistant.events.base import InputLevel

FRAME_SAMPLES = SAMPLE_RATE_HZ // 50
FRAMES_A_S = 50
SILENT_RMS = 1e-4
"""−80 dB of full scale. The quietest microphone that is on has more noise than that."""
QUIET_RMS = 0.004
"""−48 dB: speech so quiet is lifted by the recogniser's front end, with its noise, and words are lost."""
SPEECH_OVER_FLOOR = 3.0
"""10 dB: what varies so much is speech; a quiet room does not."""
FULL_SCALE = 0.97
"""A codec on the way leaves a cut-off wave a little under or over full scale."""
CLIPPED_SAMPLES = 3
"""In 20 ms: a single one may be a click."""
CLIPPED_FRAMES = 8
JUDGED_S = 5
"""Speech is judged over so long: longer than most pauses in it."""
PAUSE_S = 20
"""Silence after sound is a pause for so long; some browsers make a quiet room exactly silent."""
NARROW_HZ = 4_300
"""A headset that is used over Bluetooth as a telephone samples at 8 kHz: nothing is left above 4 kHz."""
NARROW = 10 ** (-40 / 10)
"""Power above ``NARROW_HZ``, of that below, in the frame of speech that has most of it. In 52 recordings of
people and voices at least −11 dB, of the same at 8 kHz and back at most −70 dB."""
GLITCHES_AT = 99
"""Percentile of the loud frames that is compared: a click or a lost packet is broad, over a telephone too."""
NARROW_S = 8
"""Speech that is judged: some sentences have few hisses."""
LOUD_RMS = 0.01
"""−40 dB: quieter speech may have its hisses in the noise, and says nothing of the band."""
HELD_S = 3
"""A trouble that was there is told for so long, so that its words can be read."""


@dataclass(frozen=True, slots=True)
class _Frame:
    rms: float
    clipped: bool
    above: float
    """Power above ``NARROW_HZ``, of that below."""


class LevelMeter:
    """One microphone since it was started, on its sample clock: ``push`` all it brings, ask when needed."""

    def __init__(self) -> None:
        self._rechunk = Rechunker(FRAME_SAMPLES)
        self._frames: deque[_Frame] = deque(maxlen=PAUSE_S * FRAMES_A_S)
        self._heard = False
        self._loud: deque[float] = deque(maxlen=NARROW_S * FRAMES_A_S)  # shares above, of frames of speech
        self._trouble: tuple[InputLevel, int] | None = None  # and the frame at which it was last there
        self._count = 0

    def push(self, chunk: AudioChunk) -> None:
        """Sound made up for what the network lost (``concealed``) says nothing about the microphone."""
        if chunk.concealed:
            return
        for frame in self._rechunk.push(chunk):
            one = _measure(frame.samples)
            self._frames.append(one)
            if one.rms >= LOUD_RMS and not one.clipped:
                self._loud.append(one.above)
            self._heard = self._heard or one.rms >= SILENT_RMS
            self._count += 1

    @property
    def level(self) -> InputLevel:
        """As of the last sample."""
        now = self._judge()
        if now in ("quiet", "clipping", "narrow"):
            self._trouble = now, self._count
        elif now == "fine" and self._trouble and self._count - self._trouble[1] < HELD_S * FRAMES_A_S:
            return self._trouble[0]
        return now

    @property
    def overall(self) -> InputLevel:
        """The level; of a whole recording that was pushed at once, that of its last 20 s."""
        levels = np.array([frame.rms for frame in self._frames] or [0.0])
        if levels.max() < SILENT_RMS:
            return "silent"
        if np.percentile(levels, 95) < QUIET_RMS:
            return "quiet"
        return "clipping" if sum(frame.clipped for frame in self._frames) >= CLIPPED_FRAMES else "fine"

    def _judge(self) -> InputLevel:
        frames = list(self._frames)
        judged = frames[-JUDGED_S * FRAMES_A_S :]
        if sum(frame.clipped for frame in judged[-2 * FRAMES_A_S :]) >= CLIPPED_FRAMES:
            return "clipping"
        if len(judged) < JUDGED_S * FRAMES_A_S:
            return "fine"
        levels = np.array([frame.rms for frame in judged])
        if levels.max() < SILENT_RMS:
            paused = self._heard and any(frame.rms >= SILENT_RMS for frame in frames)
            return "fine" if paused or (self._heard and len(frames) < PAUSE_S * FRAMES_A_S) else "silent"
        loud, floor = np.percentile(levels, (95, 20))
        if loud < QUIET_RMS and loud > SPEECH_OVER_FLOOR * floor:
            return "quiet"
        if len(self._loud) < (self._loud.maxlen or 0) or np.percentile(self._loud, GLITCHES_AT) >= NARROW:
            return "fine"
        return "narrow"


def _measure(samples: Samples) -> _Frame:
    clipped = int(np.count_nonzero(np.abs(samples) >= FULL_SCALE)) >= CLIPPED_SAMPLES
    power = np.abs(np.fft.rfft(samples * _WINDOW)) ** 2
    below = float(power[_FIRST:_ABOVE].sum())
    above = float(power[_ABOVE:].sum()) / below if below > 0 else 1.0
    return _Frame(float(np.std(samples)), clipped, above)


_WINDOW = np.blackman(FRAME_SAMPLES).astype(np.float32)
_ABOVE = NARROW_HZ * FRAME_SAMPLES // SAMPLE_RATE_HZ
_FIRST = 100 * FRAME_SAMPLES // SAMPLE_RATE_HZ
"""An offset, and the hum of mains, are no speech."""
