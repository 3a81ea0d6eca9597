"""Takes each state of the page at four widths in both themes, and one sheet of them all.

A sample dictation is played through the page; nothing is drawn or scripted. Run:
.venv/bin/python scripts/screenshots.py DIR [--sheet docs/screenshots.webp]
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect, sync_playwright

WIDTHS = (320, 768, 1280, 2560)
HEIGHTS = {320: 640, 768: 1024, 1280: 860, 2560: 1300}
THUMB_PX = 300


def empty(_: Page) -> None:
    """The page as it is at first."""


def dictated(page: Page) -> None:
    page.click("#hear-it")
    expect(page.locator("#answers article")).to_be_attached(timeout=90_000)


def opened(button: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.locator(button).evaluate("button => button.click()")
        page.wait_for_timeout(300)

    return act


def closed(page: Page) -> None:
    for dialog in page.locator("dialog[open]").all():
        dialog.evaluate("dialog => dialog.close()")


def asked(page: Page) -> None:
    closed(page)
    page.locator("#template").select_option("Chest X-ray")


STATES: dict[str, Callable[[Page], None]] = {
    "empty": empty, "dictated": dictated, "export": opened("#export-open"),
    "settings": opened("#settings-open"),
    "models": opened("#models-open"), "help": opened("#help-open"), "replace": asked,
}  # fmt: skip


def taken(page: Page, folder: Path, theme: str, width: int) -> dict[str, Path]:
    pictures: dict[str, Path] = {}
    for state, act in STATES.items():
        closed(page)
        act(page)
        clipped = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if clipped > 0:
            print(f"{state} at {width} px, {theme}: {clipped} px wider than the window")
        pictures[state] = folder / f"{state}-{width}-{theme}.png"
        page.screenshot(path=pictures[state])
    return pictures


def sheet(pictures: dict[tuple[str, int, str], Path], path: Path) -> None:
    """All in one: a row a state and theme, a column a width."""
    rows = [(state, theme) for state in STATES for theme in ("light", "dark")]
    height = 230
    whole = Image.new("RGB", (THUMB_PX * len(WIDTHS), (height + 16) * len(rows)), "white")
    draw = ImageDraw.Draw(whole)
    for row, (state, theme) in enumerate(rows):
        for column, width in enumerate(WIDTHS):
            with Image.open(pictures[state, width, theme]) as picture:
                picture.thumbnail((THUMB_PX - 8, height))
                whole.paste(picture, (column * THUMB_PX, row * (height + 16) + 14))
            draw.text((column * THUMB_PX + 2, row * (height + 16)), f"{state} {width} {theme}", fill="black")
    whole.save(path, "WEBP", quality=70)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sheet", type=Path)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "assistant", "serve", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    url = next(found[1] for line in server.stdout if (found := re.search(r"Ready: (\S+)", line)))
    pictures: dict[tuple[str, int, str], Path] = {}
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"],
            )
            for theme in ("light", "dark"):
                for width in WIDTHS:
                    page = browser.new_page(
                        viewport={"width": width, "height": HEIGHTS[width]}, color_scheme=theme
                    )
                    page.goto(url)
                    expect(page.locator("#status-connection")).to_contain_text("Ready", timeout=30_000)
                    for state, path in taken(page, args.folder, theme, width).items():
                        pictures[state, width, theme] = path
                    page.close()
            browser.close()
    finally:
        server.terminate()
        server.wait(15)
    if args.sheet:
        sheet(pictures, args.sheet)


main()
