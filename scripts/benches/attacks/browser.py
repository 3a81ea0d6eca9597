"""Attacks on a server while a clinician dictates on the page, in Chromium."""

import asyncio
import contextlib
import itertools
import json
import re
import shutil
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import events as ev
from assistant.storage.store import Store
from benches.attacks.rows import Broken, Figures, Row
from benches.attacks.server import free_port, started
from benches.attacks.tones import PITCHES, RATE, SILENCE_S, SPOKEN_S, sound_of

if TYPE_CHECKING:
    from playwright.async_api import Page, WebSocket

KILLS, STANDS = 50, 3
STANDS_S = 12.0
SPEAKS_S = 1_200.0
"""Length of the recording that the microphone plays."""
LEAD_S = 2.5
PATIENCE_S = 60.0
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser") or ""
AS_IT_COMES = """
localStorage.setItem('assistant.microphone', JSON.stringify({
  echoCancellation: false, noiseSuppression: false, autoGainControl: false, deviceId: '' }));
"""
"""The browser would take a tone for noise."""
TONE = re.compile(r"tone (\d+)")
SAID = re.compile(r"tone (\d+)|\[[\d.]+ s not heard\]")
NEAR_S = 0.25
"""Times are compared so exactly: WebRTC has a delay of its own, and sound on its way was not heard. An
utterance that begins so soon after lost sound may have begun in it."""


class Listener:
    """The events that the page received, over all its connections."""

    def __init__(self, page: "Page") -> None:
        self.session_id = ""
        self.connections = 0
        self.shown: dict[str, str] = {}
        page.on("websocket", self._opened)
        self._changed = asyncio.Event()

    def _opened(self, socket: "WebSocket") -> None:
        self.connections += 1
        socket.on("framereceived", self._take)

    def _take(self, frame: bytes | str) -> None:
        event = json.loads(frame)
        match event["type"]:
            case "session.created":
                self.session_id = event["session"]["id"]
            case "conversation.item.input_audio_transcription.completed":
                self.shown[event["item_id"]] = event["transcript"]
        self._changed.set()

    async def one_more_final(self) -> None:
        """Raises ``Broken``."""
        before = len(self.shown)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while len(self.shown) == before:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise Broken(f"no final came any more after {before}") from None


def recording(folder: Path) -> Path:
    """Utterances one after the other, each a tone of its own pitch."""
    path = folder / "microphone.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(bytes(2 * int(LEAD_S * RATE)))
        for number in range(int(SPEAKS_S / (SPOKEN_S + SILENCE_S))):
            file.writeframes(sound_of(number))
    return path


@contextlib.asynccontextmanager
async def speaking_page(url: str, folder: Path) -> AsyncIterator[tuple["Page", Listener]]:
    """The page, with its microphone on and the mode "Dictation"."""
    from playwright.async_api import async_playwright  # noqa: PLC0415  # the tests need no browser for the rest

    flags = [
        "--no-sandbox",
        "--disable-background-networking",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={recording(folder)}%noloop",
    ]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        try:
            page = await browser.new_page()
            await page.add_init_script(AS_IT_COMES)
            listener = Listener(page)
            await page.goto(url)
            await page.locator("#status-connection", has_text="Ready").wait_for()
            await page.get_by_role("radio", name="Dictation").check(force=True)
            await page.click("#mic")
            yield page, listener
        finally:
            await browser.close()


async def killed(short: bool, folder: Path) -> Figures:
    """The server is killed at other moments of an utterance each time, every other time when the sound takes
    WebRTC, and started again."""
    serving = {"port": free_port(), "store": folder / "kept", "log_level": "error"}
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(started(folder, **serving))
        page, listener = await stack.enter_async_context(speaking_page(server.http, folder))
        for number in range(KILLS):
            if number % 2:
                await page.locator("#status", has_text="WebRTC").wait_for()
            await listener.one_more_final()
            await asyncio.sleep((SPOKEN_S + SILENCE_S) * ((number * 3 + 1) % 10) / 10)
            await server.kill()
            server = await stack.enter_async_context(started(folder, **serving))
        return await figures_of(page, listener, folder / "kept", KILLS)


async def stands_still(short: bool, folder: Path) -> Figures:
    """The whole server stands still while sound comes over WebRTC, and again over the way that the page has
    then."""
    async with (
        started(folder, store=folder / "kept", log_level="error") as server,
        speaking_page(server.http, folder) as (page, listener),
    ):
        await page.locator("#status", has_text="WebRTC").wait_for()
        for _ in range(STANDS):
            await listener.one_more_final()
            await server.stand_still(STANDS_S)
        if listener.connections > 1:
            raise Broken(f"the page connected {listener.connections} times")
        return await figures_of(page, listener, folder / "kept", STANDS)


async def figures_of(page: "Page", listener: Listener, store: Path, least: int) -> Figures:
    """Two utterances more, and the microphone is turned off. Then what was not heard is marked in the report.
    Raises ``Broken``, also when fewer utterances than ``least`` came."""
    for _ in range(2):
        await listener.one_more_final()
    await page.click("#mic")
    await page.locator("#mic[aria-pressed='false']").wait_for()
    await asyncio.sleep(2 * SILENCE_S)  # what was said last is written
    report = " ".join(await page.locator("#report [data-section]").all_inner_texts())
    with contextlib.closing(Store(store, create=False)) as reader:
        events = reader.events(listener.session_id)
    figures = compared(report, listener.shown, events)
    if figures.finals_lost == 0 and len(listener.shown) < least:
        raise Broken("the dictation did not go on", figures)
    return figures


def compared(report: str, shown: dict[str, str], events: list[ev.ServerEvent]) -> Figures:
    """``report``: its text. ``shown``: the page's finals by their id. ``events``: of the store."""
    stored = {each.item_id: each.transcript for each in events if isinstance(each, ev.TranscriptCompleted)}
    starts = {each.item_id: each.audio_start_ms for each in events if isinstance(each, ev.SpeechStartedEvent)}
    gaps = [
        (each.start_ms / 1000, each.duration_ms / 1000) for each in events if isinstance(each, ev.AudioGap)
    ]
    lost = sum(stored.get(item) != transcript for item, transcript in shown.items())
    doubled, marked, halves, last, is_marked = 0, 0, 0, -1, False
    for found in SAID.finditer(report):
        if found[1] is None:
            is_marked = True
            continue
        step = _step(last, int(found[1]))
        if step == 0:
            halves += 1  # the utterance was cut in two; were its sound heard twice, the clock would show it
        elif step < 0:
            doubled += 1
        elif is_marked:
            marked += step - 1
        else:
            lost += step - 1
        last, is_marked = last + step, False
    tones = sorted(
        (starts[item] / 1000, int(number[1]))
        for item, transcript in stored.items()
        if (number := TONE.search(transcript))
    )
    whole = [  # those heard from their beginning
        (begun, number)
        for (_, before), (begun, number) in itertools.pairwise([(0.0, -1), *tones])
        if number != before and not any(abs(begun - start - length) < NEAR_S for start, length in gaps)
    ]
    lost_s = told_s = 0.0
    for (begun, number), (next_begun, next_number) in itertools.pairwise(whole):
        told = sum(length for start, length in gaps if begun <= start < next_begun)
        too_long = next_begun - begun - _step(number, next_number) * (SPOKEN_S + SILENCE_S)
        doubled += too_long - told > NEAR_S
        really = told if abs(too_long) < NEAR_S else max(0.0, told - too_long)
        lost_s, told_s = lost_s + really, told_s + min(told, really)
    figures = Figures(
        spoken_s=(last + 1) * SPOKEN_S,
        lost_s=lost_s,
        told_lost_s=told_s,
        finals_lost=lost,
        finals_doubled=doubled,
    )
    print(
        f"  {last + 1} utterances: {marked} are marked as lost, {halves} were cut in two; "
        f"{len(gaps)} marks of {sum(length for _, length in gaps):.1f} s in all",
        flush=True,
    )
    return figures


def _step(last: int, said: int) -> int:
    """From the number of one utterance to that of another, whose tone comes again each ``PITCHES``."""
    step = (said - last) % PITCHES
    return step if step < PITCHES // 2 else step - PITCHES


LACKS = "" if CHROMIUM else "needs Chromium: apt-get install chromium"
ROWS = (
    Row("server killed again and again while the page dictates", killed, LACKS, has_short=False),
    Row("server stands still while the page dictates", stands_still, LACKS, has_short=False),
)
