"""Plays recordings at real time over WebRTC to a server of its own and measures what a person would notice.

When a word was spoken is estimated: the recording's characters are spread evenly over its voiced frames
(Silero), which is right to about 0.15 s a word; read those figures as medians, not word by word.
"""

import argparse
import asyncio
import csv
import difflib
import fractions
import json
import os
import platform
import re
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
import websockets
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from assistant.audio.files import read_audio
from assistant.components.opening import open_vad
from assistant.config import Settings
from assistant.events import server_events
from benches.serving import cpu_seconds, start_server

ROOT = Path(__file__).resolve().parents[2]
RATE = 48_000
FRAME = 960
LEAD_S, GAP_S = 1.5, 2.0


@dataclass
class Clip:
    """A recording, and when (seconds from its start) each of its words ends."""

    samples: np.ndarray
    words: list[str]
    word_ends_s: list[float]
    starts_s: float = 0.0


@dataclass
class Measured:
    word_shown_ms: list[float] = field(default_factory=list)
    final_ms: list[float] = field(default_factory=list)
    first_token_ms: list[float] = field(default_factory=list)
    stable_taken_back: int = 0
    stable_words: int = 0
    stable_words_changed: int = 0


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def read_clips(folder: Path, vad: object) -> list[Clip]:
    with (folder / "transcripts.tsv").open() as file:
        rows = [(row["path"], row["text"]) for row in csv.DictReader(file, delimiter="\t")]
    return [make_clip(folder / path, text, vad) for path, text in rows]


def make_clip(path: Path, text: str, vad: object) -> Clip:
    samples = read_audio(path)
    size = vad.frame_samples
    frames = range(0, len(samples) - size, size)
    voiced = [i / 16_000 for i in frames if vad.probability(samples[i : i + size]) > 0.5]
    words = words_of(text)
    shares = np.cumsum([len(word) + 1 for word in words]) / sum(len(word) + 1 for word in words)
    ends = [voiced[min(len(voiced) - 1, int(share * len(voiced)))] + size / 16_000 for share in shares]
    return Clip(samples, words, ends)


class Microphone(MediaStreamTrack):
    """Plays samples at real time and remembers when it began."""

    kind = "audio"

    def __init__(self, samples: np.ndarray) -> None:
        super().__init__()
        self._pcm = (np.repeat(samples, 3) * 32767).astype(np.int16)
        self._at = 0
        self.began = 0.0
        self.over = asyncio.Event()

    async def recv(self) -> av.AudioFrame:
        if not self.began:
            self.began = time.monotonic()
        await asyncio.sleep(max(0.0, self.began + self._at / RATE - time.monotonic()))
        piece = self._pcm[self._at : self._at + FRAME]
        if len(piece) < FRAME:
            self.over.set()
            piece = np.zeros(FRAME, np.int16)
        frame = av.AudioFrame.from_ndarray(piece[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._at, fractions.Fraction(1, RATE)
        self._at += FRAME
        return frame


def line_up(clips: list[Clip]) -> np.ndarray:
    pieces, at = [np.zeros(int(LEAD_S * 16_000), np.float32)], LEAD_S
    for clip in clips:
        clip.starts_s = at
        pieces += [clip.samples, np.zeros(int(GAP_S * 16_000), np.float32)]
        at += len(clip.samples) / 16_000 + GAP_S
    return np.concatenate(pieces)


async def play(url: str, clips: list[Clip]) -> tuple[list[tuple[float, object]], Microphone]:
    """One session over the recordings; returns its events with the second (from the start) each came."""
    microphone = Microphone(line_up(clips))
    heard: list[tuple[float, object]] = []
    address = url.replace("http", "ws") + "/v1/realtime"
    async with websockets.connect(f"{address}?assistant=1", max_size=None) as socket:
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peer.addTrack(microphone)
        await peer.setLocalDescription(await peer.createOffer())
        await socket.send(json.dumps({"type": "assistant.webrtc.offer", "sdp": peer.localDescription.sdp}))

        async def read() -> None:
            async for message in socket:
                event = server_events.validate_json(message)
                if event.type == "assistant.webrtc.answer":
                    await peer.setRemoteDescription(RTCSessionDescription(event.sdp, "answer"))
                heard.append((time.monotonic(), event))

        reading = asyncio.create_task(read())
        await microphone.over.wait()
        await asyncio.sleep(4)
        reading.cancel()
        await peer.close()
    return [(at - microphone.began, event) for at, event in heard], microphone


def score(heard: list[tuple[float, object]], clips: list[Clip], result: Measured) -> None:
    shown: dict[str, list[tuple[float, str]]] = {}
    stable: dict[str, str] = {}
    final_at: dict[str, float] = {}
    responses: dict[str, str] = {}
    for at, event in heard:
        match event.type:
            case "assistant.transcript.partial":
                before = stable.get(event.item_id, "")
                result.stable_taken_back += not event.stable.startswith(before)
                stable[event.item_id] = event.stable
                shown.setdefault(event.item_id, []).append((at, event.stable + event.tentative))
            case "conversation.item.input_audio_transcription.completed":
                shown.setdefault(event.item_id, []).append((at, event.transcript))
                final_at[event.item_id] = at
                count_changes(stable.get(event.item_id, ""), event.transcript, result)
                clip = nearest(clips, event.end_ms / 1000)
                if abs(clip.starts_s + clip.word_ends_s[-1] - event.end_ms / 1000) < 1.5:
                    result.final_ms.append((at - clip.starts_s - clip.word_ends_s[-1]) * 1000)
            case "response.output_text.delta":
                if (asked := responses.get(event.response_id)) in final_at:
                    result.first_token_ms.append((at - final_at.pop(asked)) * 1000)
            case "response.created":
                responses[event.response.id] = event.question_item_id
    for clip in clips:
        result.word_shown_ms += word_delays(clip, [line for lines in shown.values() for line in lines])


def nearest(clips: list[Clip], end_s: float) -> Clip:
    return min(clips, key=lambda clip: abs(clip.starts_s + clip.word_ends_s[-1] - end_s))


def count_changes(stable: str, final: str, result: Measured) -> None:
    before, after = words_of(stable), words_of(final)
    kept = sum(
        b.size for b in difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    )
    result.stable_words += len(before)
    result.stable_words_changed += len(before) - kept


def word_delays(clip: Clip, lines: list[tuple[float, str]]) -> list[float]:
    """For each word of the clip, milliseconds from its (estimated) end to its first showing."""
    first: dict[int, float] = {}
    last_s = clip.starts_s + clip.word_ends_s[-1] + GAP_S + 3
    for at, text in sorted(lines):
        if not clip.starts_s <= at <= last_s:
            continue
        matcher = difflib.SequenceMatcher(None, clip.words, words_of(text), autojunk=False)
        for block in matcher.get_matching_blocks():
            for index in range(block.a, block.a + block.size):
                first.setdefault(index, at)
    return [(at - clip.starts_s - clip.word_ends_s[index]) * 1000 for index, at in first.items()]


def summary(values: list[float]) -> dict[str, float] | None:
    if not values:
        return None
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return {"n": len(values), "median": round(statistics.median(values)), "p95": round(p95)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench live", description=__doc__)
    parser.add_argument(
        "--audio", type=Path, default=ROOT / "tests/data/speech", help="folder with transcripts.tsv"
    )
    parser.add_argument("--question", type=Path, default=ROOT / "tests/data/audio/question.flac")
    parser.add_argument("--streams", type=int, default=1)
    args, extra = parser.parse_known_args()

    vad = open_vad(Settings())()
    question = make_clip(args.question, "is there a pneumothorax on this image", vad)
    # A model that answers: the stand-in's text would be there at once.
    process, url = start_server(["--engine", "gemma-270m", *extra])
    try:
        result = Measured()
        before, began = cpu_seconds(process.pid), time.monotonic()

        async def streams() -> None:
            sets = [[*read_clips(args.audio, vad), question] for _ in range(args.streams)]
            for (heard, _), clips in zip(
                await asyncio.gather(*(play(url, c) for c in sets)), sets, strict=True
            ):
                score(heard, clips, result)

        asyncio.run(streams())
        used = (cpu_seconds(process.pid) - before) / (time.monotonic() - began) / args.streams
    finally:
        process.terminate()
        process.wait(15)
    changed = result.stable_words_changed / max(1, result.stable_words)
    report = {
        "word_spoken_to_shown_ms": summary(result.word_shown_ms),
        "end_of_speech_to_final_ms": summary(result.final_ms),
        "final_to_first_answer_token_ms": summary(result.first_token_ms),
        "stable_taken_back": result.stable_taken_back,
        "stable_words_changed_by_final": round(changed, 4),
        "stable_words": result.stable_words,
        "cpu_share_of_a_core_per_stream": round(used, 3),
        "streams": args.streams,
    }
    for name, value in report.items():
        print(f"{name:34} {value}")
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    print(
        json.dumps(
            {
                "bench": "live",
                "commit": commit.stdout.strip(),
                "machine": f"{platform.machine()}, {os.cpu_count()} cores",
                **report,
            }
        )
    )


main()
