"""Reports that last: left in one browser, gone on with in another, after the server was stopped too."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from assistant.engines.scripted import ScriptedEngine
from tests.e2e.conftest import ServerThread

pytestmark = [pytest.mark.e2e, pytest.mark.models]
HEARD_MS = 60_000


@pytest.fixture
def server(tmp_path):
    thread = ServerThread(ScriptedEngine(), store=tmp_path / "kept")
    thread.start()
    yield thread
    thread.stop()


def typed(page, text):
    page.click("#report [data-section=text]")
    page.keyboard.press("Control+End")
    page.keyboard.type(text)
    expect(page.locator("#undo")).to_be_enabled()
    page.keyboard.press("Escape")


def test_a_draft_is_left_found_in_another_browser_and_dictated_on(open_page, server, tmp_path):
    page = open_page("audio/chest_xray.flac")
    dialog = page.get_by_test_id("worklist")
    expect(page.get_by_test_id("worklist-open")).to_be_visible()
    expect(dialog).to_be_hidden()  # there is nothing to go on with
    typed(page, "Xylophagous lungs.")
    page.get_by_test_id("about-open").click()
    about = page.get_by_test_id("about")
    about.get_by_label("Name", exact=True).fill("Maria Muster")
    about.get_by_label("Patient number").fill("P-1")
    about.get_by_label("Examination").fill("CT chest")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_test_id("about-open")).to_have_text("Maria Muster, P-1 · CT chest")
    expect(page.get_by_test_id("report")).to_contain_text("Xylophagous lungs.")

    other = page.context.browser.new_context(permissions=["microphone"]).new_page()
    other.goto(server.url)
    dialog = other.get_by_test_id("worklist")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Maria Muster, P-1 · CT chest")
    expect(dialog.get_by_test_id("worklist-kept")).to_have_text(
        re.compile(r"Reports are kept in .* on the server: drafts for 30 days after their last change")
    )
    assert Axe().run(other).violations_count == 0
    other.on("dialog", lambda asked: asked.accept())
    dialog.get_by_role("button", name="Open: Maria Muster").click()
    expect(dialog).to_be_hidden()
    expect(other.get_by_test_id("report")).to_contain_text("Xylophagous lungs.")
    expect(other.get_by_test_id("about-open")).to_have_text("Maria Muster, P-1 · CT chest")
    other.click("#mic")
    expect(other.get_by_test_id("report")).to_have_text(
        re.compile(r"Xylophagous lungs\. ?\w.*\w"), timeout=HEARD_MS
    )
    other.click("#mic")

    other.get_by_test_id("worklist-open").click()
    dialog.get_by_label("Words of the report").fill("xyloph")
    dialog.get_by_role("button", name="Find").click()
    expect(dialog).to_contain_text("1 report")
    dialog.get_by_role("button", name="Delete: Maria Muster").click()
    expect(dialog).to_contain_text("Deleted.")


def test_new_report_is_said_and_dictation_goes_on_in_another_report(open_page):
    """Nothing that was said after it is in the report before, nor is its patient in the new one."""
    page = open_page("audio/chest_xray.flac", "audio/new_report.flac", "audio/hypodense.flac")
    sections = page.locator("#report [data-section]")
    about = page.get_by_test_id("about-open")
    about.click()
    page.get_by_test_id("about").get_by_label("Name", exact=True).fill("Maria Muster")
    page.get_by_role("button", name="Save").click()
    expect(about).to_have_text("Maria Muster")
    page.click("#mic")
    expect(page.get_by_text("This is a new report, with no patient yet")).to_be_visible(timeout=HEARD_MS)
    expect(page.locator("#mic")).to_contain_text("Stop")  # the microphone is on as before
    expect(sections).to_have_text([re.compile("hypodense.*segment")], timeout=HEARD_MS)
    expect(sections).not_to_contain_text("lungs")
    expect(about).not_to_contain_text("Maria")
    expect(page.locator("#report .gap-mark")).to_have_count(0)
    page.get_by_role("button", name="Go back").click()
    expect(about).to_have_text("Maria Muster")
    expect(sections).to_contain_text("lungs")
    expect(sections).not_to_contain_text("hypodense")
    expect(page.locator("#mic")).to_contain_text("Start")


def test_a_page_whose_server_was_stopped_goes_on_with_the_next_one(open_page, server, tmp_path):
    page = open_page()
    typed(page, "Before the stop.")
    expect(page.get_by_test_id("report")).to_contain_text("Before the stop.")
    port = server.port
    server.stop()
    again = ServerThread(ScriptedEngine(), port=port, store=tmp_path / "kept")
    again.start()
    try:
        expect(page.locator("#status")).not_to_contain_text("Not connected", timeout=30_000)
        typed(page, " And after it.")
        page.reload()
        expect(page.get_by_test_id("report")).to_contain_text("Before the stop. And after it.")
        expect(page.get_by_test_id("banners")).not_to_contain_text("restored into a new session")
    finally:
        again.stop()


def test_a_report_is_checked_signed_locked_amended_copied_and_compared(open_page, server):
    page = open_page()
    typed(page, "Nodule of 4 mm. [side]")
    page.get_by_test_id("about-open").click()
    about = page.get_by_test_id("about")
    about.get_by_label("Name", exact=True).fill("Maria Muster")
    about.get_by_label("Patient number").fill("P-1")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_test_id("about-open")).to_have_text("Maria Muster, P-1")
    page.get_by_test_id("sign-open").click()
    dialog = page.get_by_test_id("sign")
    expect(dialog).to_contain_text("1 thing to look at first")
    assert Axe().run(page).violations_count == 0
    dialog.get_by_label("Your name").fill("Dr Ann Example")
    dialog.get_by_role("button", name="Sign").click()
    expect(dialog).to_be_visible()  # what the checks found is to be looked at first
    dialog.get_by_label("I have looked at these places").check()
    dialog.get_by_role("button", name="Sign").click()
    expect(dialog).to_be_hidden()
    signed = page.get_by_test_id("signed")
    expect(signed).to_contain_text("Signed by Dr Ann Example")
    expect(signed).to_contain_text("Locked")
    expect(page.get_by_test_id("report")).to_have_js_property("inert", True)
    page.reload()
    expect(signed).to_contain_text("Locked")

    page.get_by_test_id("amend-open").click()
    page.get_by_test_id("amend").get_by_label("Reason").fill("Side")
    assert Axe().run(page).violations_count == 0
    page.get_by_test_id("amend").get_by_role("button", name="Amendment").click()
    expect(signed).to_contain_text("not signed")
    typed(page, " Left.")
    expect(page.get_by_test_id("report")).to_contain_text("Left.")

    page.get_by_test_id("worklist-open").click()
    worklist = page.get_by_test_id("worklist")
    expect(worklist).to_contain_text("Being amended")
    worklist.get_by_role("button", name="Copy as new: Maria Muster").click()
    expect(worklist).to_be_hidden()
    expect(page.get_by_test_id("report")).to_contain_text("Nodule of 4 mm. [side] Left.")
    expect(signed).to_be_hidden()
    typed(page, " New.")
    page.get_by_test_id("worklist-open").click()
    worklist.get_by_role("button", name="Compare with the prior one").first.click()
    expect(page.get_by_test_id("compared").locator("ins")).to_contain_text("New")
    assert Axe().run(page).violations_count == 0
