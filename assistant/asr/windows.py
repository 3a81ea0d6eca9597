"""The full-context pass over speech of any length, in windows on the frame grid.

Up to ``WINDOW_FRAMES`` it is one pass. Longer speech is cut at fixed places, whatever came when, so that
windows may be decoded while speech goes on and the text is still, word for word, that of decoding the whole.
"""

from collections.abc import Mapping

from assistant.asr.acoustic import Abort, Acoustic
from assistant.asr.bundle import SUBSAMPLING, encoder_frames, mel_frames
from assistant.asr.ctc import LogProbs, join_windows
from assistant.asr.features import FeatureSettings, frame_count, log_mel
from assistant.audio.frames import Samples

WINDOW_FRAMES = 500
"""20 s: what MedASR was trained on."""
OVERLAP_FRAMES = 100
"""4 s, so that every frame has 2 s of context beyond the seam."""
HOP_FRAMES = WINDOW_FRAMES - OVERLAP_FRAMES

Window = tuple[int, int]
"""Encoder frames [first, end)."""


def windows(frames: int) -> list[Window]:
    """They cover ``frames``; each but the last is whole."""
    found: list[Window] = []
    start = 0
    while True:
        found.append((start, min(frames, start + WINDOW_FRAMES)))
        if start + WINDOW_FRAMES >= frames:
            return found
        start += HOP_FRAMES


def full_context(
    acoustic: Acoustic,
    samples: Samples,
    settings: FeatureSettings,
    known: Mapping[Window, LogProbs] | None = None,
    abort: Abort | None = None,
) -> LogProbs:
    """[encoder frames, V]; windows in ``known`` are not decoded again. Raises as ``Acoustic.whole``."""
    joined: LogProbs | None = None
    for window in windows(encoder_frames(frame_count(len(samples), settings))):
        part = known.get(window) if known else None
        if part is None:
            part = decode_window(acoustic, samples, settings, window, abort)
        joined = part if joined is None else join_windows(joined, part, OVERLAP_FRAMES)
    assert joined is not None
    return joined


def decode_window(
    acoustic: Acoustic,
    samples: Samples,
    settings: FeatureSettings,
    window: Window,
    abort: Abort | None = None,
) -> LogProbs:
    """From the window's own samples, so that its numbers do not depend on what else was there, to the bit."""
    first = window[0] * SUBSAMPLING * settings.hop_samples
    return acoustic.whole(log_mel(samples[first : end_sample(window, settings)], settings), abort)


def end_sample(window: Window, settings: FeatureSettings) -> int:
    """The sample after the last that a window reads."""
    return (mel_frames(max(window[1], 1)) - 1) * settings.hop_samples + settings.window_samples
