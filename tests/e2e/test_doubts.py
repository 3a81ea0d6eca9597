"""Doubtful text is shown on the page, in words, reached by keys, and named before export."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from assistant.asr.base import Partial, Transcript
from assistant.dictation import Formatter
from assistant.engines.scripted import ScriptedEngine
from tests.e2e.conftest import ServerThread

pytestmark = [pytest.mark.e2e, pytest.mark.models]

SPOKEN = "no pain on the left side comma take two fifty milligram tablets period the lungs are clear period"


class ScriptedModel:
    """Every utterance is the same: one number in it has two readings."""

    name = "scripted"
    takes_phrases = False

    def open_stream(self):
        return ScriptedStream()


class ScriptedStream:
    def wants(self, samples):
        return True

    def accept(self, samples, *, partial=True):
        return Partial("", "no pain") if partial else None

    def prepare_final(self):
        pass

    def expected(self):
        return None

    def finish(self):
        return Transcript(SPOKEN, ())


@pytest.fixture
def server(monkeypatch):
    """A server whose formatter takes left for right."""
    numbers = Formatter._numbers
    monkeypatch.setattr(
        Formatter, "_numbers", lambda self, text: numbers(self, text).replace("left", "right")
    )
    thread = ServerThread(ScriptedEngine(), ScriptedModel())
    thread.start()
    yield thread
    thread.stop()


@pytest.fixture
def page(open_page):
    page = open_page("audio/stop.flac", permissions=["microphone"])
    page.click("#mic")
    expect(page.locator("#report")).to_contain_text("The lungs are clear.", timeout=40_000)
    page.click("#mic")
    return page


def test_a_wrong_clause_is_kept_as_said_alone_and_two_readings_are_marked(page):
    report = page.locator("#report .section-text")
    expect(report).to_contain_text(
        "No pain on the left side, take two fifty milligram tablets. The lungs are clear."
    )
    expect(report.locator("mark.doubt")).to_have_text(["No pain on the left side", "two fifty"])
    items = page.locator(".doubts li")
    expect(items).to_have_count(2)
    expect(items.nth(0)).to_contain_text("stays as it was said")
    expect(items.nth(1)).to_contain_text("“two fifty” can be read as 250 or 2 50")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_the_checks_before_export_name_both(page):
    page.click("#export-open")
    expect(page.locator("[data-code='text_doubtful']")).to_have_count(2)
    page.locator("[data-code='text_doubtful']").nth(1).click()
    assert page.evaluate("getSelection().toString()") == "two fifty"


def test_keys_alone_confirm_a_doubt_and_undo_brings_it_back(page):
    button = page.locator(".doubts li").nth(1).get_by_role("button", name="It is right")
    page.locator(".doubt-go").nth(1).focus()
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".doubts li")).to_have_count(1)
    expect(page.locator("mark.doubt")).to_have_text(["No pain on the left side"])
    page.click("#undo")
    expect(page.locator(".doubts li")).to_have_count(2)
