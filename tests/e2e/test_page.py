"""The frame of the page: what it asks before it takes something away, and what it remembers."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = [pytest.mark.e2e, pytest.mark.models]


def typed(page, words):
    page.locator("#report [data-section]").first.click()
    page.keyboard.type(words)
    expect(page.locator("#undo")).to_be_enabled()


@pytest.mark.parametrize("server", [lambda tmp_path: {"store": tmp_path}], indirect=True)
def test_a_template_never_replaces_a_report_that_has_text(open_page):
    page = open_page()
    asked = page.get_by_test_id("replace")
    report = page.locator("#report")
    sections = page.locator("#report [data-section]")
    page.select_option("#template", "Chest X-ray")  # nothing to lose
    expect(report).to_contain_text("[indication]")
    expect(asked).to_be_hidden()
    page.select_option("#template", "-")  # nor is a template's own text
    expect(report).not_to_contain_text("[indication]")
    typed(page, "A 4 mm nodule.")
    expect(page.get_by_test_id("sign-open")).to_be_enabled()  # the server has the words

    page.select_option("#template", "Chest X-ray")
    expect(asked).to_contain_text("keeps every word")
    assert Axe().run(page).violations_count == 0
    asked.get_by_role("button", name="Cancel").click()
    expect(sections).to_have_text(["A 4 mm nodule."])

    page.select_option("#template", "Chest X-ray")
    page.keyboard.press("Escape")
    expect(sections).to_have_text(["A 4 mm nodule."])

    page.select_option("#template", "Chest X-ray")
    asked.get_by_role("button", name="Insert").click()
    expect(report).to_contain_text("[indication]")
    expect(report).to_contain_text("A 4 mm nodule.")
    page.get_by_role("button", name="Undo the template").click()
    expect(sections).to_have_text(["A 4 mm nodule."])

    page.select_option("#template", "Chest X-ray")
    asked.get_by_role("button", name="New report").click()
    expect(report).to_contain_text("[indication]")
    expect(report).not_to_contain_text("nodule")
    page.get_by_role("button", name="Go back").click()
    expect(sections).to_have_text(["A 4 mm nodule."])
    expect(page.get_by_role("button", name="Go back")).to_be_hidden()
    page.select_option("#template", "-")
    expect(asked.get_by_role("button", name="Insert")).to_be_hidden()


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


def test_an_empty_report_offers_templates_and_a_sample_that_goes_the_real_way(open_page):
    page = open_page()
    expect(page.locator("#status-connection")).to_contain_text("Ready")
    cards = page.locator("#start-cards button")
    expect(cards.first).to_be_visible()
    page.get_by_test_id("hear-it").click()
    expect(page.locator("#report")).to_contain_text("lungs are clear", ignore_case=True, timeout=60_000)
    expect(page.locator("#mic-verb")).to_have_text("Start", timeout=60_000)  # it ends by itself
    expect(cards.first).to_be_hidden()


def test_a_template_card_begins_its_report(open_page):
    page = open_page()
    page.locator("#start-cards").get_by_role("button", name="Chest X-ray").click()
    expect(page.locator("#report")).to_contain_text("[indication]")


def test_settings_are_found_by_their_words_and_exports_stand_in_groups(open_page):
    page = open_page()
    page.click("#settings-open")
    page.get_by_role("searchbox", name="Search the settings").fill("noise")
    expect(page.locator("#set-noise")).to_be_visible()
    expect(page.locator("#set-talk-key")).to_be_hidden()
    page.get_by_role("searchbox", name="Search the settings").fill("zebra")
    expect(page.locator("#settings-none")).to_have_text("No setting has these words.")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.click("#settings-open")
    expect(page.locator("#set-talk-key")).to_be_visible()
    assert Axe().run(page).violations_count == 0
    page.get_by_role("button", name="Close").click()
    page.click("#export-open")
    documents = page.get_by_role("group", name="Documents")
    expect(documents.get_by_role("button", name="Word")).to_be_visible()
    expect(page.get_by_role("group", name="Records").get_by_role("button")).to_have_count(4)
    expect(page.get_by_role("group", name="Subtitles")).to_be_hidden()
    assert Axe().run(page).violations_count == 0


def test_the_recogniser_has_its_card_and_what_is_right_is_a_sign(open_page):
    page = open_page()
    label = page.locator("#status-recogniser")
    expect(label).to_contain_text("check drug names")
    label.click()
    expect(page.get_by_test_id("models")).to_contain_text("Moonshine", ignore_case=True)


@pytest.mark.parametrize("server", [lambda tmp_path: {"store": tmp_path / "s.sqlite"}], indirect=True)
def test_a_screen_reader_s_tree_of_the_main_states(open_page, server):
    server.engine.script("fracture", ["No **fracture**."])
    page = open_page()
    expect(page.locator("#status-connection")).to_contain_text("Ready")
    expect(page.locator("header")).to_match_aria_snapshot("""
    - banner:
      - heading "Clinical Voice Assistant" [level=1]
      - status: Ready
      - button /check drug names/
      - button "Copy"
      - button "Export"
      - button "New report"
      - button "Settings"
      - button "Keys and what you can say"
    """)
    expect(page.locator("#report-empty")).to_match_aria_snapshot("""
    - heading "Begin with a template" [level=3]
    - group "Begin with a template":
      - button "Chest X-ray"
    - button "Hear it work"
    - status
    """)
    expect(page.locator("footer")).to_match_aria_snapshot("""
    - contentinfo:
      - button "Start"
      - combobox "Microphone"
      - button "Sleep"
      - group "How speech is taken":
        - radio "Auto" [checked]
        - radio "Dictation"
        - radio "Question"
    """)

    typed(page, "A 4 mm nodule.")
    page.fill("#question-text", "Is there a fracture?")
    page.press("#question-text", "Enter")
    expect(page.locator(".answer-text")).to_have_text("No fracture.", timeout=10_000)
    expect(page.get_by_test_id("insert-answer")).to_be_visible()
    expect(page.locator("#answers")).to_match_aria_snapshot("""
    - article:
      - button "Edit and ask again"
      - heading "Is there a fracture?" [level=3]
      - paragraph:
        - strong: fracture
      - text: scripted · generated, unverified
      - button "Put into report"
    """)
    page.get_by_test_id("insert-answer").click()
    expect(page.locator("#report .from-answer")).to_contain_text("No fracture.")
    expect(page.locator("#report")).to_match_aria_snapshot("""
    - group "The report":
      - textbox "Report"
      - list "To check":
        - listitem:
          - button /Nobody has accepted it yet/
          - button "Accept this text"
    """)
    page.click("#export-open")
    expect(page.locator("#export")).to_match_aria_snapshot("""
    - dialog "Export":
      - heading "Export" [level=2]
      - status:
        - heading "1 thing to look at first" [level=3]
      - list "1 thing to look at first":
        - listitem:
          - button /nobody has verified it. Show/
      - group "Save as":
        - group "Documents":
          - button "Word .docx"
        - group "Records":
          - button "Hospital system HL7 v2, ORU^R01"
      - button "Close"
    """)
    page.click("#export [value=close]")
    page.click("#sign-open")
    expect(page.locator("#sign")).to_match_aria_snapshot("""
    - dialog "Sign the report":
      - heading "Sign the report" [level=2]
      - list "1 thing to look at first":
        - listitem:
          - button /nobody has verified it. Show/
      - checkbox "I have looked at these places"
      - textbox "Your name"
      - paragraph:
        - button "Sign"
        - button "Cancel"
    """)
    page.click("#sign-close")
    page.click("#worklist-open")
    expect(page.locator("#worklist")).to_match_aria_snapshot("""
    - dialog "Reports":
      - heading "Reports" [level=2]
      - combobox "State"
      - searchbox "Patient"
      - searchbox "Words of the report"
      - button "Find"
      - list "Reports":
        - listitem
      - button "New report"
      - button "Close"
    """)
    page.click("#worklist [value=close]")
    page.click("#mic")
    expect(page.locator("#status-connection")).to_contain_text("Listening", timeout=20_000)
    expect(page.locator("footer")).to_match_aria_snapshot("""
    - contentinfo:
      - button "Stop dictating" [pressed]
      - button "Sleep"
    """)


def test_on_paper_is_the_report_alone(open_page):
    page = open_page()
    typed(page, "A 4 mm nodule.")
    page.emulate_media(media="print")
    expect(page.locator("#report")).to_be_visible()
    for other in ("header", "footer", "#panel-assistant", ".report-head"):
        expect(page.locator(other).first).to_be_hidden()


@pytest.mark.parametrize("width", [320, 640, 1280, 2560])
def test_nothing_is_wider_than_the_window(open_page, width):
    """1280 px at 200 % zoom are 640."""
    page = open_page(viewport={"width": width, "height": 800})
    expect(page.locator("#status-connection")).to_contain_text("Ready")
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wider) <= 0
    page.click("#settings-open")
    assert page.evaluate(wider) <= 0
