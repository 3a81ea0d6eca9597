"""Run by clients.py: OpenAI's agents for JavaScript, unmodified, over WebRTC in Chromium.

Its microphone plays a file. Arguments: URL, sound file, what is said in it, the bundled script, its version.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import soxr
from playwright.sync_api import Error, sync_playwright

from assistant.audio.files import read_audio

RATE_HZ = 48_000
LEAD_S, TAIL_S = 6, 3
"""Silence: the typed question is asked first."""


def microphone(sound: Path, folder: Path) -> Path:
    samples = soxr.resample(read_audio(sound), 16_000, RATE_HZ)
    silence = np.zeros(RATE_HZ, np.float32)
    file = folder / "microphone.wav"
    soundfile.write(
        file, np.concatenate([*[silence] * LEAD_S, samples, *[silence] * TAIL_S]), RATE_HZ, "PCM_16"
    )
    return file


def tried(url: str, sound: Path, spoken: str, script: Path) -> str:
    """Why it failed; empty if it did not."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if chromium is None:
        return "there is no Chromium"
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        flags = [
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={microphone(sound, Path(folder))}%noloop",
        ]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        try:
            page = browser.new_context(bypass_csp=True).new_page()
            page.goto(f"{url}/openapi.json")
            page.add_script_tag(path=script)
            result = page.evaluate("url => calls(url)", url)
        except Error as error:
            return error.message
        finally:
            browser.close()
    history = result["history"]
    if result["errors"]:
        return "; ".join(result["errors"])
    if sorted(role for role, _ in history) != ["assistant", "assistant", "user", "user"] or not all(
        text for _, text in history
    ):
        return f"history: {json.dumps(history)}"
    if not any(role == "user" and spoken in text.lower() for role, text in history):
        return f"heard: {json.dumps(history)}"
    return ""


if __name__ == "__main__":
    url, sound, spoken, script, version = sys.argv[1:]
    why = tried(url, Path(sound), spoken, Path(script))
    row = {"client": "@openai/agents-realtime, WebRTC in Chromium", "version": version, "why": why}
    print(json.dumps(row))
