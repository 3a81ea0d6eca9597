"""Takes docs/screenshot.png of the real page: the shipped recording is spoken into it, an image attached.

No medical model is connected, so the spoken question is declined and the summary quotes the report.

Run: .venv/bin/python scripts/screenshot.py [--dark] [FILE.png]
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import soxr
from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
LEAD_S = 2.0


def microphone(folder: Path) -> Path:
    """The demo's recording as the fake microphone wants it: 48 kHz, silence first."""
    samples, rate = soundfile.read(ROOT / "assistant/data/demo.flac", dtype="float32")
    lead = np.zeros(int(LEAD_S * 48_000), np.float32)
    path = folder / "microphone.wav"
    soundfile.write(path, np.concatenate([lead, soxr.resample(samples, rate, 48_000), lead]), 48_000)
    return path


def phantom(folder: Path) -> Path:
    """A drawn chest, so that no patient's picture is in the repository."""
    picture = Image.new("L", (512, 512), 20)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((60, 40, 452, 520), fill=150)
    for x in (110, 290):
        draw.ellipse((x, 90, x + 120, 420), fill=45)
    draw.ellipse((220, 250, 370, 430), fill=170)
    draw.rectangle((244, 40, 268, 500), fill=185)
    path = folder / "chest-phantom.png"
    picture.filter(ImageFilter.GaussianBlur(9)).save(path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=ROOT / "docs/screenshot.png")
    parser.add_argument("--dark", action="store_true")
    args = parser.parse_args()
    command = [sys.executable, "-m", "assistant", "serve", "--no-store", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    url = next(found[1] for line in server.stdout if (found := re.search(r"Ready: (\S+)", line)))
    try:
        with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=[
                    "--no-sandbox",
                    "--use-fake-ui-for-media-stream",
                    "--use-fake-device-for-media-stream",
                    f"--use-file-for-fake-audio-capture={microphone(Path(folder))}%noloop",
                ],
            )
            page = browser.new_page(
                viewport={"width": 1280, "height": 860}, color_scheme="dark" if args.dark else "light"
            )
            page.goto(url)
            page.set_input_files("input[type=file]", str(phantom(Path(folder))))
            page.click("#mic")
            expect(page.locator("#answers article")).to_be_visible(timeout=90_000)
            page.fill("#question-text", "Summarize the report")
            page.click("#ask")
            expect(page.locator("#answers article")).to_have_count(2)
            expect(page.locator("#stop-answer")).to_be_hidden(timeout=60_000)
            page.screenshot(path=args.file)
            browser.close()
    finally:
        server.terminate()
        server.wait(15)


main()
