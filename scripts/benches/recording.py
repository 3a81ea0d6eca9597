"""Sends a long recording to `POST /v1/audio/transcriptions`, streamed. The last line is JSON.

The recording is the speech of tests/data again and again, as FLAC. What is reported: how long it took, CPU
seconds and the largest memory of the server's process (Linux), when the first text came, the longest time
without news, and whether the progress went on to the end without going back.
"""

import argparse
import asyncio
import io
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np
import soundfile

from assistant.audio.files import read_audio
from scripts.benches.clients import ROOT, ready

RATE_HZ = 16_000


async def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench recording", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "long.flac"
        await asyncio.to_thread(write_recording, file, args.minutes * 60)
        server = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "assistant", "serve", "--port", "0", "--engine", "stand-in", "--no-store",
            cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            address = await ready(server)
            row = await measured(address, file.read_bytes(), server.pid)
        finally:
            server.terminate()
            await server.wait()
    print(json.dumps({"minutes": args.minutes, **row}))


def write_recording(file: Path, seconds: float) -> None:
    folder = ROOT / "tests" / "data"
    sounds = [
        read_audio(each) for each in sorted([*folder.glob("audio/*.flac"), *folder.glob("speech/*.flac")])
    ]
    once = np.concatenate([part for sound in sounds for part in (sound, np.zeros(RATE_HZ, np.float32))])
    with soundfile.SoundFile(file, "w", RATE_HZ, 1, "PCM_16") as out:
        left = int(seconds * RATE_HZ)
        while left > 0:
            out.write(once[:left])
            left -= len(once)


async def measured(address: str, recording: bytes, server: int) -> dict[str, object]:
    before, idle_mb = cpu_s(server), peak_mb(server)
    started = last = time.monotonic()
    first_s, longest_gap_s, events, words, seen, steady = 0.0, 0.0, 0, 0, 0.0, True
    form = {"stream": "true", "response_format": "json", "model": "whisper-1"}
    files = {"file": ("long.flac", io.BytesIO(recording))}
    async with (
        httpx.AsyncClient(timeout=None) as client,
        client.stream("POST", f"{address}/v1/audio/transcriptions", data=form, files=files) as answer,
    ):
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            if not line.startswith("data: {"):
                continue
            event, now = json.loads(line.removeprefix("data: ")), time.monotonic()
            first_s = first_s or now - started
            longest_gap_s, last, events = max(longest_gap_s, now - last), now, events + 1
            match event["type"]:
                case "transcript.text.delta":
                    steady, seen = (
                        steady and event["progress"]["seconds"] >= seen,
                        event["progress"]["seconds"],
                    )
                case "transcript.text.done":
                    words = len(event["text"].split())
                case _:
                    raise SystemExit(line)
    return {
        "took_s": round(last - started),
        "cpu_s": round(cpu_s(server) - before),
        "first_s": round(first_s, 1),
        "longest_gap_s": round(longest_gap_s, 1),
        "events": events,
        "progress_to_s": round(seen),
        "progress_steady": steady,
        "words": words,
        "peak_mb_before": idle_mb,
        "peak_mb": peak_mb(server),
    }


def cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(process: int) -> int:
    """The most memory that the process has had."""
    (line,) = (each for each in Path(f"/proc/{process}/status").read_text().splitlines() if "VmHWM" in each)
    return round(int(line.split()[1]) / 1024)


if __name__ == "__main__":
    asyncio.run(main())
