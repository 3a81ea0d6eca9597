"""A whole recording, cut into utterances by voice activity and transcribed one by one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assistant.asr.base import LEAD_MS, AsrModel, Word
from assistant.asr.seams import BACK_SAMPLES, BEYOND_SAMPLES, after_cut, before_cut
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
    found = utterances(samples, vad, settings)
    cuts = {end for _, end in found} & {start for start, _ in found} if model.times_words else set[int]()
    kept: tuple[Word, ...] = ()
    for start, end in found:
        first = max(0, start - BACK_SAMPLES) if start in cuts else start
        stream = model.open_stream()
        stream.accept(samples[first : end + BEYOND_SAMPLES if end in cuts else end], partial=False)
        transcript = stream.finish()
        text, words = transcript.text, tuple(word.later(_clock_ms(first)) for word in transcript.words)
        if end in cuts:
            words = before_cut(words, _clock_ms(end))
        if start in cuts:
            words = after_cut(kept, words)
        if start in cuts or end in cuts:
            text = " ".join(word.text for word in words)
        kept = words
        if text:
            segments.append(
                Segment(_ms(start), _ms(end), text, tuple(word.later(-LEAD_MS) for word in words))
            )
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


def _clock_ms(sample: int) -> int:
    return sample * 1000 // SAMPLE_RATE_HZ


def _ms(sample: int) -> int:
    """From the start of the recording, which the lead stands before."""
    return max(0, _clock_ms(sample) - LEAD_MS)
