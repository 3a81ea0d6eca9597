"""Faults of the microphone's level are told on the page while they happen, with what to do."""

import re

import numpy as np
import pytest
import soxr
from playwright.sync_api import expect

from .conftest import read

pytestmark = [pytest.mark.e2e, pytest.mark.models]

AS_IT_COMES = """
localStorage.setItem('assistant.microphone', JSON.stringify({
  echoCancellation: false, noiseSuppression: false, autoGainControl: false, deviceId: '' }));
"""
"""The browser does nothing to the sound: what it does to a bad microphone differs from machine to machine."""
TOLD_MS = 40_000


def speech(seconds=12.0):
    one = read("audio/chest_xray.flac")
    return np.tile(one, int(seconds * 48_000 / len(one)) + 1)


@pytest.mark.parametrize(
    ("sound", "short", "what_to_do"),
    [
        (np.zeros(12 * 48_000, np.float32), "No sound", "muted"),
        (speech() * np.float32(0.01), "Very quiet", "Move closer"),
        (np.clip(speech() * 30, -1, 0.9999), "Too loud", "Move away"),
        (
            soxr.resample(soxr.resample(speech(24.0), 48_000, 8_000), 8_000, 48_000),
            "Telephone sound",
            "cable",
        ),
    ],
    ids=["silent", "quiet", "clipping", "narrow"],
)
def test_a_microphone_that_is_not_right_is_told_in_words(open_page, sound, short, what_to_do):
    page = open_page(sound, init=AS_IT_COMES)
    expect(page.locator("#level-words")).to_be_hidden()
    page.click("#mic")
    expect(page.locator("#level-words")).to_have_text(f"▲ {short}", timeout=TOLD_MS)
    expect(page.locator("#banners [role=alert]", has_text=what_to_do)).to_be_visible()
    page.click("#mic")
    expect(page.locator("#level-words")).to_be_hidden()
    expect(page.locator("#banners [role=alert]", has_text=what_to_do)).to_have_count(0)
    expect(page.locator("#device option").first).to_contain_text("last time")  # remembered by device


def test_a_microphone_that_is_off_zero_is_heard_and_nothing_is_told(open_page):
    page = open_page(np.clip(read("audio/chest_xray.flac") * 0.5 + 0.3, -1, 0.9999), init=AS_IT_COMES)
    page.click("#mic")
    expect(page.locator("#report")).to_contain_text(re.compile("lungs are clear", re.I), timeout=TOLD_MS)
    expect(page.locator("#level-words")).to_be_hidden()
