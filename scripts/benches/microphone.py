"""Effect of the browser's microphone processing on the words: real Chromium, WebRTC and recogniser.

Plays recordings as Chromium's microphone, with and without its noise suppression and levelling, in quiet
and in noise, and compares the finals with what was said. Takes as long as the recordings, each time.
"""

import argparse
import contextlib
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

import jiwer
import numpy as np
import scipy.signal
import soundfile
import soxr
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from assistant.engines.scripted import ScriptedEngine  # noqa: E402
from tests.e2e.conftest import ServerThread  # noqa: E402

RATE = 48_000
LEAD_S, GAP_S, TAIL_S = 3.0, 1.6, 6.0
LOUDNESS = 0.08
"""Root mean square of speech, of full scale: about -22 dBFS."""
WAYS = {
    "all of it": ("echoCancellation", "noiseSuppression", "autoGainControl"),
    "no noise suppression": ("echoCancellation", "autoGainControl"),
    "echo alone": ("echoCancellation",),
    "none": (),
}


def recordings(folder):
    rows = [line.split("\t") for line in (folder / "transcripts.tsv").read_text().splitlines()]
    at, said = rows[0].index("path"), rows[0].index("text")
    return [(folder / row[at], row[said]) for row in rows[1:]]


def microphone(path, clips, snr_db):
    """Writes what the microphone hears; returns its seconds."""
    parts = [np.zeros(int(LEAD_S * RATE))]
    for clip, _ in clips:
        samples, rate = soundfile.read(clip, always_2d=True)
        samples = soxr.resample(samples.mean(1), rate, RATE)
        loud = samples[np.abs(samples) > 0.1 * np.abs(samples).max()]
        parts += [samples * LOUDNESS / np.sqrt(np.mean(loud**2)), np.zeros(int(GAP_S * RATE))]
    heard = np.concatenate(parts)
    if snr_db is not None:
        white = np.random.default_rng(0).standard_normal(len(heard))
        noise = scipy.signal.lfilter([1.0], [1.0, -0.9], white)
        heard += noise / noise.std() * LOUDNESS * 10 ** (-snr_db / 20)
    soundfile.write(path, np.clip(heard, -1, 1), RATE, subtype="PCM_16")
    return len(heard) / RATE


def finals(url, wav, seconds, processing):
    """Finals of one visit to the page, in the order they came."""
    got = []
    chosen = {name: name in processing for name in WAYS["all of it"]}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=[
                "--no-sandbox",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                f"--use-file-for-fake-audio-capture={wav}%noloop",
            ],
        )
        page = browser.new_page()
        stored = json.dumps(json.dumps(chosen))
        page.add_init_script(f"localStorage.setItem('assistant.microphone', {stored})")
        page.on("websocket", lambda socket: socket.on("framereceived", lambda m: got.append(m)))  # noqa: PLW0108
        page.goto(url)
        page.get_by_text("Ready").wait_for()
        page.click("#mic")
        page.wait_for_timeout(1000 * (seconds + TAIL_S))
        browser.close()
    events = [json.loads(message) for message in got if isinstance(message, str)]
    return [event["transcript"] for event in events if event["type"].endswith("transcription.completed")]


def plain(texts):
    return " ".join(re.findall(r"[a-z0-9']+", " ".join(texts).lower()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--asr", default="moonshine-clinical")
    parser.add_argument("--data", type=Path, default=ROOT / "tests/data/speech")
    parser.add_argument("--noise", type=float, nargs="*", default=[20.0, 10.0], help="dB under the speech")
    args = parser.parse_args()
    clips = recordings(args.data)
    said = plain(text for _, text in clips)
    print(f"{len(said.split())} words\n\n| noise | the browser's processing | word error |\n|---|---|---|")
    result = {}
    for snr_db in (None, *args.noise):
        for name, processing in WAYS.items():
            with contextlib.ExitStack() as stack:
                folder = stack.enter_context(tempfile.TemporaryDirectory())
                seconds = microphone(wav := Path(folder) / "heard.wav", clips, snr_db)
                server = ServerThread(ScriptedEngine(), asr=args.asr)
                server.start()
                stack.callback(server.stop)
                heard = plain(finals(server.url, wav, seconds, processing))
            noise = "none" if snr_db is None else f"{snr_db:.0f} dB under"
            result[f"{noise}, {name}"] = rate = round(100 * jiwer.wer(said, heard or "-"), 1)
            print(f"| {noise} | {name} | {rate} % |", flush=True)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
