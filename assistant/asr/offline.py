"""A whole recording, cut into utterances by voice activity and transcribed one by one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assistant.asr.base import LEAD_MS, AsrModel, Word
from assistant.audio.frames import SAMPLE_RATE_HZ, Samples
from assistant.vad import endpoint
from assistant.vad.base import Vad

SILENCE_MS = 1500
"""In a file nobody waits for the end, so an utterance may hold longer pauses: more context, fewer errors."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One utterance. Times, also of its words, are milliseconds from the start of the recording."""

    start_ms: int
    end_ms: int
    text: str
    words: tuple[Word, ...] = ()


def transcribe(
    samples: Samples,
    model: AsrModel,
    vad: Vad,
    settings: endpoint.EndpointSettings,
    on_progress: Callable[[float], None] | None = None,
) -> list[Segment]:
    """``samples``: [n] at 16 kHz. ``on_progress`` gets the share done, 0 to 1. Utterances without text are
    left out."""
    samples = np.pad(samples, (LEAD_MS * SAMPLE_RATE_HZ // 1000, 0))
    segments: list[Segment] = []
    done = 0
    for start, end in utterances(samples, vad, settings):
        stream = model.open_stream()
        stream.accept(samples[start:end], partial=False)
        transcript = stream.finish()
        words = tuple(word.later(start * 1000 // SAMPLE_RATE_HZ - LEAD_MS) for word in transcript.words)
        if transcript.text:
            segments.append(Segment(_ms(start), _ms(end), transcript.text, words))
        done = end
        if on_progress:
            on_progress(end / len(samples))
    if on_progress and done < len(samples):
        on_progress(1.0)
    return segments


def utterances(samples: Samples, vad: Vad, settings: endpoint.EndpointSettings) -> list[tuple[int, int]]:
    """[start, end) of each utterance, in samples."""
    silence_ms = max(settings.silence_ms, SILENCE_MS)
    unfinished_ms = max(settings.unfinished_silence_ms, silence_ms)
    detector = endpoint.EndpointDetector(
        settings.model_copy(update={"silence_ms": silence_ms, "unfinished_silence_ms": unfinished_ms})
    )
    size = vad.frame_samples
    events: list[endpoint.Event] = []
    padded = np.pad(samples, (0, -len(samples) % size))
    for start in range(0, len(padded), size):
        events += detector.push(vad.probability(padded[start : start + size]), start, size)
    events += detector.flush("forced")
    starts = [event.at for event in events if isinstance(event, endpoint.SpeechStarted)]
    ends = [min(event.at, len(samples)) for event in events if isinstance(event, endpoint.SpeechEnded)]
    return list(zip(starts, ends, strict=True))


def _ms(sample: int) -> int:
    """From the start of the recording, which the lead stands before."""
    return max(0, sample * 1000 // SAMPLE_RATE_HZ - LEAD_MS)
