"""Faults of a microphone's level: nothing comes, too little, or so much that it is cut off. Pure."""

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
HELD_S = 3
"""A trouble that was there is told for so long, so that its words can be read."""


@dataclass(frozen=True, slots=True)
class _Frame:
    rms: float
    clipped: bool


class LevelMeter:
    """One microphone since it was started, on its sample clock: ``push`` all it brings, ask when needed."""

    def __init__(self) -> None:
        self._rechunk = Rechunker(FRAME_SAMPLES)
        self._frames: deque[_Frame] = deque(maxlen=PAUSE_S * FRAMES_A_S)
        self._heard = False
        self._trouble: tuple[InputLevel, int] | None = None  # and the frame at which it was last there
        self._count = 0

    def push(self, chunk: AudioChunk) -> None:
        """Sound made up for what the network lost (``concealed``) says nothing about the microphone."""
        if chunk.concealed:
            return
        for frame in self._rechunk.push(chunk):
            one = _measure(frame.samples)
            self._frames.append(one)
            self._heard = self._heard or one.rms >= SILENT_RMS
            self._count += 1

    @property
    def level(self) -> InputLevel:
        """As of the last sample."""
        now = self._judge()
        if now in ("quiet", "clipping"):
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
        return "quiet" if loud < QUIET_RMS and loud > SPEECH_OVER_FLOOR * floor else "fine"


def _measure(samples: Samples) -> _Frame:
    clipped = int(np.count_nonzero(np.abs(samples) >= FULL_SCALE)) >= CLIPPED_SAMPLES
    return _Frame(float(np.std(samples)), clipped)
