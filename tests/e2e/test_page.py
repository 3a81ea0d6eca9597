"""The frame of the page: what it asks before it takes something away, and what it remembers."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = [pytest.mark.e2e, pytest.mark.models]


def typed(page, words):
    page.locator("#report [data-section]").first.click()
    page.keyboard.type(words)
    expect(page.locator("#undo")).to_be_enabled()


def test_a_template_never_replaces_a_report_that_has_text_without_asking(open_page):
    page = open_page()
    asked = page.get_by_test_id("replace")
    report = page.locator("#report")
    page.select_option("#template", "Chest X-ray")  # nothing to lose
    expect(report).to_contain_text("[indication]")
    expect(asked).to_be_hidden()
    page.select_option("#template", "-")  # nor is a template's own text
    expect(report).not_to_contain_text("[indication]")
    typed(page, "A 4 mm nodule.")

    page.select_option("#template", "Chest X-ray")
    expect(asked).to_contain_text("keeps every word")
    assert Axe().run(page).violations_count == 0
    asked.get_by_role("button", name="Cancel").click()
    expect(report).to_have_text("A 4 mm nodule.")

    page.select_option("#template", "Chest X-ray")
    page.keyboard.press("Escape")
    expect(report).to_have_text("A 4 mm nodule.")

    page.select_option("#template", "Chest X-ray")
    asked.get_by_role("button", name="Insert").click()
    expect(report).to_contain_text("[indication]")
    expect(report).to_contain_text("A 4 mm nodule.")
    page.get_by_role("button", name="Undo the template").click()
    expect(report).to_have_text("A 4 mm nodule.")

    page.select_option("#template", "Chest X-ray")
    asked.get_by_role("button", name="Replace").click()
    expect(report).not_to_contain_text("nodule")
    page.get_by_role("button", name="Undo the new report").click()
    expect(report).to_have_text("A 4 mm nodule.")
    page.select_option("#template", "-")
    expect(asked.get_by_role("button", name="Insert")).to_be_hidden()
    assert not page.errors


def test_the_mode_and_the_settings_last_over_a_new_session_and_a_reload(open_page):
    page = open_page()
    expect(page.locator("#status-connection")).to_contain_text("Ready")
    page.locator("#mode-dictation").check()
    page.click("#settings-open")
    page.locator("#set-noise").uncheck()
    page.keyboard.press("Escape")
    for again in ("new session", "reload"):
        if again == "reload":
            page.reload()
        else:
            page.click("#new-session")
        expect(page.locator("#status-connection")).to_contain_text("Ready")
        expect(page.locator("#mode-dictation")).to_be_checked()
        expect(page.locator("#set-noise")).not_to_be_checked()
    assert not page.errors
