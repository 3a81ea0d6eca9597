"""A recogniser on a simulated clock: audio comes at its own pace, each call costs what it really took.

So minutes of live speech are measured in the time that the computing takes, and a way that cannot keep up
falls behind as it would for a person.
"""

import difflib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

RATE = 16_000
CHUNK = 320
PAUSE_S, ENDPOINT_S = 0.2, 0.7
"""After the last word: when the final is prepared, and when the utterance ends."""
LEAD_S = 0.5


def words_of(text: str) -> list[str]:
    """As published figures score: lower case, marks in braces and brackets as their words."""
    return re.findall(r"[a-z0-9']+", text.lower().replace("</s>", ""))


class Way(Protocol):
    """One way of recognising, one utterance at a time."""

    def begin(self) -> None: ...
    def hear(self, audio: np.ndarray) -> tuple[str, str] | None:
        """New audio → (stable, tentative) if there is something new."""
        ...

    def pause(self) -> None: ...
    def finish(self) -> str: ...


@dataclass
class Clip:
    audio: np.ndarray
    """[n], with ``LEAD_S`` of silence before and ``ENDPOINT_S`` after."""
    text: str
    word_ends_s: list[float] = field(default_factory=list)
    """Ends of the words of the reference run's final; the same for every way."""
    final: str = ""


@dataclass
class Measured:
    audio_s: float = 0.0
    cpu_s: float = 0.0
    references: list[str] = field(default_factory=list)
    finals: list[str] = field(default_factory=list)
    shown_ms: list[float] = field(default_factory=list)
    final_ms: list[float] = field(default_factory=list)
    steps_ms: list[float] = field(default_factory=list)
    erased_words: int = 0
    final_words: int = 0
    stable_words: int = 0
    stable_changed: int = 0
    stable_taken_back: int = 0


def padded(audio: np.ndarray) -> np.ndarray:
    """Real rooms are never digitally silent."""
    rng = np.random.default_rng(len(audio))
    noise = rng.standard_normal(len(audio) + int((LEAD_S + ENDPOINT_S) * RATE)) * 1e-3
    lead = int(LEAD_S * RATE)
    noise[lead : lead + len(audio)] += audio
    return noise.astype(np.float32)


def run(way: Way, clips: list[Clip], on_clip: Callable[[int], None] = lambda _: None) -> Measured:
    measured = Measured()
    cpu = time.process_time()
    for number, clip in enumerate(clips):
        _run_clip(way, clip, measured)
        measured.audio_s += len(clip.audio) / RATE
        on_clip(number + 1)
    measured.cpu_s = time.process_time() - cpu
    return measured


def _run_clip(way: Way, clip: Clip, measured: Measured) -> None:
    way.begin()
    free_s = 0.0  # when the recogniser is done with what it has
    shown: list[tuple[float, str, str]] = []
    waiting: list[np.ndarray] = []
    end = len(clip.audio) - int(ENDPOINT_S * RATE)
    paused = False

    def timed(call: Callable[[], object], now_s: float) -> object:
        nonlocal free_s
        started = time.perf_counter()
        result = call()
        took = time.perf_counter() - started
        free_s = max(free_s, now_s) + took
        return result

    for at in range(0, len(clip.audio), CHUNK):
        waiting.append(clip.audio[at : at + CHUNK])
        now_s = (at + CHUNK) / RATE
        if now_s < free_s:
            continue
        audio, waiting = np.concatenate(waiting), []
        if at >= end + int(PAUSE_S * RATE):
            if not paused:
                timed(way.pause, now_s)
                paused = True
            continue
        before = free_s
        found = timed(lambda audio=audio: way.hear(audio), now_s)
        if found:
            measured.steps_ms.append((free_s - max(before, now_s)) * 1000)
            shown.append((free_s, *found))
    end_s = len(clip.audio) / RATE
    final = str(timed(way.finish, end_s))
    measured.final_ms.append((free_s - end_s) * 1000)
    measured.references.append(clip.text)
    measured.finals.append(final)
    _count(shown, final, clip, measured)


def _count(shown: list[tuple[float, str, str]], final: str, clip: Clip, measured: Measured) -> None:
    lines = [words_of(stable + tentative) for _, stable, tentative in shown]
    for earlier, later in zip(lines, [*lines[1:], words_of(final)], strict=True) if lines else ():
        measured.erased_words += len(earlier) - _common(earlier, later)
    measured.final_words += len(words_of(final))
    stable = ""
    for _, each, _ in shown:
        measured.stable_taken_back += not each.startswith(stable)
        stable = each
    held, final_words = words_of(stable), words_of(final)
    matcher = difflib.SequenceMatcher(None, held, final_words, autojunk=False)
    kept = sum(block.size for block in matcher.get_matching_blocks())
    measured.stable_words += len(held)
    measured.stable_changed += len(held) - kept
    target = words_of(clip.final)
    first: dict[int, float] = {}
    for (at_s, *_), line in zip(shown, lines, strict=True):
        matcher = difflib.SequenceMatcher(None, target, line, autojunk=False)
        for block in matcher.get_matching_blocks():
            for k in range(block.a, block.a + block.size):
                first.setdefault(k, at_s)
    measured.shown_ms += [(first[k] - ended) * 1000 for k, ended in enumerate(clip.word_ends_s) if k in first]


def _common(a: list[str], b: list[str]) -> int:
    n = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        n += 1
    return n
