"""Live streams at their own pace, all at once: how many does this machine carry?

Each stream is a Listener as a session has it (voice activity, utterances, partials, finals), fed 20 ms of the
test sentences every 20 ms by the clock, a second between sentences; recogniser and threads are shared,
as in the server. What a partial waited counts from when the first of its new samples came to its text.
Without --bundle it is the real shape with random weights (scripts/bench asr makes it).
"""

import argparse
import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from asr import CACHE, real_shape

from assistant.asr.base import LEAD_MS
from assistant.asr.shared import SharedRecogniser
from assistant.asr.turns import Turns
from assistant.audio.files import read_audio
from assistant.audio.frames import AudioChunk
from assistant.components.opening import open_recogniser, open_vad
from assistant.config import Settings
from assistant.conversation.types import FinalHeard, SpeechStarted, SpeechStopped
from assistant.session.listener import Listener

ROOT = Path(__file__).resolve().parents[2]
RATE, CHUNK = 16_000, 320


@dataclass
class Stats:
    partials_ms: list[float] = field(default_factory=list)
    finals_ms: list[float] = field(default_factory=list)
    stopped: dict[tuple[int, int], float] = field(default_factory=dict)
    behind_s: list[float] = field(default_factory=list)
    begun: int = 0


class TimedModel:
    """The shared recogniser as one stream has it: notes what partials waited, in its threads' queue too."""

    def __init__(self, model, stats):
        self.name, self.takes_phrases = model.name, model.takes_phrases
        self.times_words = model.times_words
        self.model, self.stats = model, stats
        self.came = []  # when each chunk did

    def open_stream(self):
        self.opened = TimedStream(self)
        return self.opened


class TimedStream:
    def __init__(self, model):
        self.timed, self.inner = model, model.model.open_stream()
        self.wants, self.prepare_final, self.expected, self.finish = (
            self.inner.wants,
            self.inner.prepare_final,
            self.inner.expected,
            self.inner.finish,
        )
        self.at = 0  # on the sample clock, of what comes next

    def accept(self, samples, *, partial=True):
        first, self.at = self.at, self.at + len(samples)
        found = self.inner.accept(samples, partial=partial)
        if found:
            waited_s = time.perf_counter() - self.timed.came[max(0, first // CHUNK)]
            self.timed.stats.partials_ms.append(waited_s * 1000)
        return found


def speech(folder, seconds, seed):
    """The sentences in an order of its own, a second apart, over a room's noise."""
    rng = np.random.default_rng(seed)
    clips = [read_audio(path) for path in sorted(folder.glob("*.flac"))]
    parts, total = [], 0
    while total < seconds * RATE:
        parts += [clips[rng.integers(len(clips))], np.zeros(RATE, np.float32)]
        total += len(parts[-2]) + RATE
    audio = np.concatenate([*parts, np.zeros(RATE, np.float32)])
    return np.asarray(audio + rng.standard_normal(len(audio)) * 1e-3, np.float32)


async def feed(number, listener, model, audio, stats):
    started = time.perf_counter() + number * 0.037  # not all in the same instant
    for at in range(0, len(audio) - CHUNK, CHUNK):
        wait = started + (at + CHUNK) / RATE - time.perf_counter()
        await asyncio.sleep(max(0.0, wait))
        stats.behind_s.append(max(0.0, -wait))
        model.came.append(time.perf_counter())
        for fact in listener.hear(AudioChunk(audio[at : at + CHUNK], at)):
            if isinstance(fact, SpeechStarted):
                model.opened.at = (fact.at_ms or -LEAD_MS) * RATE // 1000
                stats.begun += 1
            if isinstance(fact, SpeechStopped):
                stats.stopped[number, fact.utterance] = time.perf_counter()


async def follow(number, listener, stats):
    async for fact in listener.recognise():
        if isinstance(fact, FinalHeard):
            stats.finals_ms.append((time.perf_counter() - stats.stopped[number, fact.utterance]) * 1000)


async def live(streams, seconds, settings, folder):
    stats, vad, model = Stats(), open_vad(settings), open_recogniser(settings)
    turns = Turns(settings.asr_workers)
    models = [TimedModel(model, stats) for _ in range(streams)]
    listeners = [
        Listener(vad=vad(), settings=settings, recogniser=SharedRecogniser(each, turns=turns))
        for each in models
    ]
    model.transcribe(np.zeros(2 * RATE, np.float32))  # warm
    following = [asyncio.create_task(follow(n, each, stats)) for n, each in enumerate(listeners)]
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(
        *(
            feed(n, listener, each, speech(folder, seconds, n), stats)
            for n, (listener, each) in enumerate(zip(listeners, models, strict=True))
        )
    )
    cores = (time.process_time() - cpu) / (time.perf_counter() - wall)
    await asyncio.sleep(2.0)
    for task in following:
        task.cancel()
    return stats, cores, stats.begun - len(stats.finals_ms)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--streams", type=int, nargs="+", default=[5, 10, 15])
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--bundle", type=Path, help="instead of the real shape, which is made when needed")
    parser.add_argument("--preset", default="balanced", choices=["fast", "balanced", "accurate"])
    parser.add_argument("--provider", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--data", type=Path, default=ROOT / "tests" / "data" / "dictation")
    args = parser.parse_args()
    settings = Settings(
        asr="medasr",
        asr_bundle=args.bundle or real_shape(CACHE)[1],
        asr_precision="int8",
        asr_preset=args.preset,
        asr_provider=args.provider,
        asr_batch=args.batch,
    )
    print(
        "| streams | cores used | partials | a partial waited ms, median | p95 "
        "| final after the endpoint ms, median | p95 | unread at the end |\n|---|---|---|---|---|---|---|---|"
    )
    rows = []
    for count in args.streams:
        stats, cores, waiting = asyncio.run(live(count, args.seconds, settings, args.data))
        middle, high, final, final_high = (
            float(np.percentile(values or [0.0], q))
            for values in (stats.partials_ms, stats.finals_ms)
            for q in (50, 95)
        )
        row = {
            "streams": count,
            "cores": cores,
            "partials": len(stats.partials_ms),
            "partial_ms_p50": middle,
            "partial_ms_p95": high,
            "final_ms_p50": final,
            "final_ms_p95": final_high,
            "unread": waiting,
        }
        cells = [f"{cell:.2f}" if key == "cores" else f"{cell:.0f}" for key, cell in row.items()]
        print(f"| {' | '.join(cells)} |", flush=True)
        rows.append(row | {"feed_behind_s_max": max(stats.behind_s)})
    print(
        json.dumps({"bench": "asr_streams", "preset": args.preset, "provider": args.provider, "rows": rows})
    )


if __name__ == "__main__":
    main()
