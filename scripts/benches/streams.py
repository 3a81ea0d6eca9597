"""Live PCM streams at real time against a server of its own: how late finals come, what is lost and used.

Every session plays the same recordings in another order, with pauses between them, over the WebSocket. A
final's delay is counted from the moment that the audio which ended its utterance was sent, until it came.
"""

import argparse
import asyncio
import csv
import json
import os
import platform
import random
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from assistant.audio.files import read_audio
from assistant.client import AssistantClient
from benches.serving import cpu_seconds, memory_mb, start_server

ROOT = Path(__file__).resolve().parents[2]
RATE, CHUNK_S, PAUSE_S, LEAD_S = 16_000, 0.04, 1.6, 1.0
WAIT_FOR_LAST_S = 20.0


@dataclass
class Heard:
    """The events of one session, counted."""

    sent_until: list[tuple[float, float]] = field(default_factory=list)
    """(second of the audio, when it was sent)"""
    ended_ms: dict[str, int] = field(default_factory=dict)
    finals: int = 0
    final_ms: list[float] = field(default_factory=list)
    partials: int = 0
    words: int = 0
    gaps: int = 0
    behind_s: float = 0.0


def line_up(folder: Path, seconds: float, seed: int) -> np.ndarray:
    with (folder / "transcripts.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    rng, parts, length = (
        random.Random(seed),
        [np.zeros(int((LEAD_S + seed % 7 * 0.3) * RATE), np.float32)],
        0.0,
    )
    while length < seconds:
        clip = read_audio(folder / rng.choice(rows)["path"])
        parts += [clip, np.zeros(int(PAUSE_S * RATE), np.float32)]
        length += len(clip) / RATE + PAUSE_S
    noise = np.random.default_rng(seed)
    samples = np.concatenate(parts)
    return (samples + 5e-4 * noise.standard_normal(len(samples))).astype(np.float32)


async def play(url: str, samples: np.ndarray) -> Heard:
    heard = Heard()
    pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    size = int(CHUNK_S * RATE) * 2
    async with AssistantClient(url, rate_hz=RATE) as client:

        async def read() -> None:
            async for event in client.events():
                take(event, heard)

        reading = asyncio.create_task(read())
        began = time.monotonic()
        for at in range(0, len(pcm), size):
            due = began + at / 2 / RATE
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await client.send_audio(pcm[at : at + size])
            heard.behind_s = max(heard.behind_s, time.monotonic() - due - CHUNK_S)
            heard.sent_until.append(((at + size) / 2 / RATE, time.monotonic()))
        until = time.monotonic() + WAIT_FOR_LAST_S
        while heard.finals < len(heard.ended_ms) and time.monotonic() < until:  # noqa: ASYNC110 (a bench)
            await asyncio.sleep(0.1)
        reading.cancel()
    return heard


def take(event: object, heard: Heard) -> None:
    match event.type:
        case "input_audio_buffer.speech_stopped":
            heard.ended_ms[event.item_id] = event.audio_end_ms
        case "assistant.transcript.partial":
            heard.partials += 1
        case "assistant.audio.gap":
            heard.gaps += 1
        case "conversation.item.input_audio_transcription.completed":
            heard.finals += 1
            heard.words += len(event.transcript.split())
            ended_s = heard.ended_ms.get(event.item_id, 0) / 1000
            sent = next((when for until, when in heard.sent_until if until >= ended_s), None)
            if sent is not None:
                heard.final_ms.append((time.monotonic() - sent) * 1000)


def p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(0.95 * len(values)))] if values else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench streams", description=__doc__)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--audio", type=Path, default=ROOT / "tests/data/dictation")
    args, extra = parser.parse_known_args()
    process, url = start_server(extra)
    try:
        lines = [line_up(args.audio, args.seconds, seed) for seed in range(args.streams)]
        before, began, load = cpu_seconds(process.pid), time.monotonic(), os.getloadavg()[0]

        async def all_of_them() -> list[Heard]:
            return await asyncio.gather(*(play(url, samples) for samples in lines))

        sessions = asyncio.run(all_of_them())
        took = time.monotonic() - began
        used, memory = cpu_seconds(process.pid) - before, memory_mb(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
    delays = [delay for heard in sessions for delay in heard.final_ms]
    report = {
        "streams": args.streams,
        "audio_s": round(sum(map(len, lines)) / RATE),
        "final_ms_p50": round(statistics.median(delays)) if delays else None,
        "final_ms_p95": round(p95(delays)),
        "finals": sum(heard.finals for heard in sessions),
        "utterances": sum(len(heard.ended_ms) for heard in sessions),
        "words": sum(heard.words for heard in sessions),
        "partials": sum(heard.partials for heard in sessions),
        "gaps": sum(heard.gaps for heard in sessions),
        "feed_behind_s": round(max(heard.behind_s for heard in sessions), 2),
        "cores_per_stream": round(used / (sum(map(len, lines)) / RATE), 3),
        "cores": round(used / took, 2),
        "memory_mb": round(memory),
        "load_before": round(load, 1),
    }
    for name, value in report.items():
        print(f"{name:18} {value}")
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    print(json.dumps({"bench": "streams", "commit": commit.stdout.strip(), "machine": machine, **report}))


if __name__ == "__main__":
    main()
