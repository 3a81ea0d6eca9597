"""The microphone check: how loud somebody is, and what is heard of a sentence, over the real path."""

import re

import httpx
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from .conftest import read
from .test_levels import AS_IT_COMES, TOLD_MS

pytestmark = [pytest.mark.e2e, pytest.mark.models]

SENTENCE = "audio/answer_drugs.flac"


def checked(page):
    page.get_by_test_id("mic-check-open").click()
    page.get_by_test_id("mic-check-start").click()
    return page.get_by_test_id("mic-check")


@pytest.mark.parametrize("server", [lambda tmp_path: {"store": tmp_path / "kept"}], indirect=True)
def test_the_sentence_is_heard_word_by_word_and_nothing_of_it_is_kept(open_page, server):
    page = open_page(SENTENCE, init=AS_IT_COMES)
    dialog = checked(page)
    expect(dialog.locator("#mic-check-said")).to_have_text(
        re.compile("This microphone is ready|heard otherwise"), timeout=TOLD_MS
    )
    expect(dialog.get_by_test_id("mic-check-heard")).to_contain_text(re.compile("metoprolol", re.I))
    expect(dialog.get_by_test_id("mic-check-loud")).to_have_text("Good level")
    expect(dialog.locator("#mic-check-said")).to_have_text("Every word was heard. This microphone is ready.")
    expect(dialog.locator(".mic-check-wrong")).to_have_count(0)
    assert Axe().run(page).violations_count == 0
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator("#report [data-section]")).to_have_text([""])
    listed = httpx.get(f"{server.url}/v1/reports", trust_env=False).json()
    assert "metoprolol" not in str(listed).lower()
    assert len(listed["reports"]) <= 1  # this page's own


@pytest.mark.parametrize(
    ("sound", "short", "what_to_do"),
    [
        (np.zeros(12 * 48_000, np.float32), "No sound", "muted"),
        (np.clip(read(SENTENCE) * 30, -1, 0.9999), "Too loud", "Move away"),
    ],
    ids=["silent", "clipping"],
)
def test_a_microphone_that_is_not_right_is_told_with_what_to_do(open_page, sound, short, what_to_do):
    page = open_page(sound, init=AS_IT_COMES)
    dialog = checked(page)
    expect(dialog.get_by_test_id("mic-check-loud")).to_have_text(short, timeout=TOLD_MS)
    expect(dialog.locator("#mic-check-said")).to_contain_text(what_to_do, timeout=TOLD_MS)
    dialog.get_by_role("button", name="Close").click()
    expect(page.locator("#device option").first).to_contain_text("last time")
