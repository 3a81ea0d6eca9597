"""The report in a real browser: spoken into it with punctuation and commands, typed into it meanwhile."""

import io
import json
import re

import docx
import pytest
from fhir.resources.R4B.diagnosticreport import DiagnosticReport
from playwright.sync_api import expect

from tests.e2e.conftest import saved

pytestmark = [pytest.mark.e2e, pytest.mark.models]

HEARD_MS = 60_000
FINDINGS = re.compile(r"The lungs are clear\b.*heart.*", re.S | re.I)
"""The small recogniser of the tests does not hear every word of the second sentence each time."""


def sections(page):
    found = page.eval_on_selector_all(
        "#report .section",
        "all => all.map(s => ['h3', '[data-section]'].map(part => s.querySelector(part).textContent))",
    )
    return dict(found)


WATCH_BAR = """() => {
  const bar = document.querySelector('.bar');
  window.barHeights = new Set();
  new ResizeObserver(() => window.barHeights.add(bar.offsetHeight)).observe(bar);
}"""


def test_a_report_is_dictated_with_punctuation_scratch_that_and_go_to_impression(open_page):
    page = open_page("audio/chest_report.flac")
    page.evaluate(WATCH_BAR)
    page.click("#mic")
    expect(page.locator("#report [data-section=impression]")).to_have_text(
        re.compile("disease", re.I), timeout=HEARD_MS
    )
    assert list(sections(page)) == ["Findings", "Impression"]
    assert FINDINGS.fullmatch(sections(page)["Findings"])
    assert sections(page)["Impression"] == "No acute disease."
    written = sections(page)
    assert page.evaluate("() => window.barHeights.size") == 1, "what is heard moves the page"
    expect(page.locator("#last")).to_contain_text("No acute disease.")
    page.click("#undo")
    expect(page.locator("#report [data-section=impression]")).to_have_text("")
    page.click("#redo")
    expect(page.locator("#report [data-section=impression]")).to_have_text("No acute disease.")
    page.reload()
    expect(page.locator("#report [data-section=impression]")).to_have_text("No acute disease.")
    expect(page.get_by_test_id("banners")).to_have_text(re.compile("the microphone is off. Press Start"))
    assert sections(page) == written
    assert_exports_say(page, written)
    page.keyboard.press("Escape")
    assert_readable_on_a_phone(page)


def assert_readable_on_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.click("#heard-summary")
    for item in page.locator("#heard .item").all():
        time, text = item.locator("time").bounding_box(), item.locator(".text").bounding_box()
        assert time["y"] + time["height"] <= text["y"] + 1
        assert text["x"] == pytest.approx(time["x"], abs=1)


def assert_exports_say(page, written):
    """DOCX and FHIR, as saved through the page, hold what stands on it."""
    page.click("#export-open")
    paragraphs = docx.Document(io.BytesIO(saved(page, "docx"))).paragraphs
    shown = [p.text for p in paragraphs if p.style.name in ("Heading 1", "Normal")]
    assert shown == [text for section in written.items() for text in section]
    resource = DiagnosticReport.model_validate_json(saved(page, "fhir"))
    assert resource.conclusion == written["Impression"]
    whole = "\n\n".join(f"{title}:\n{text}" for title, text in written.items())
    assert resource.presentedForm[0].data.decode() == f"{whole}\n"
    page.click("#export [value=close]")


def test_what_is_typed_and_what_is_dictated_meanwhile_are_both_there(open_page):
    page = open_page("audio/chest_xray.flac")
    text = page.locator("#report [data-section=text]")
    text.click()
    page.keyboard.type("Typed before.")
    page.keyboard.press("Enter")
    page.keyboard.type("On a line of its own.")
    page.keyboard.insert_text(" Two\nlines at once.")
    assert text.text_content() == "Typed before.\nOn a line of its own. Two\nlines at once."
    page.click("#mic")
    page.keyboard.press("Escape")
    text.click()
    page.keyboard.press("Control+Home")
    deadline = page.evaluate("performance.now()") + HEARD_MS
    typed = 0
    while "lungs" not in text.text_content().lower() and page.evaluate("performance.now()") < deadline:
        page.keyboard.type(f"w{typed} ", delay=40)
        typed += 1
    page.keyboard.type("last. ")
    expect(text).to_contain_text(re.compile("lungs are clear", re.I), timeout=HEARD_MS)
    page.wait_for_timeout(500)
    shown = text.text_content()
    for number in range(typed):
        assert f"w{number} " in shown
    assert shown.count("last.") == 1
    assert shown.count("Typed before.") == 1
    page.reload()
    expect(text).to_have_text(shown)


def test_what_is_typed_at_the_cursor_while_the_server_is_away_stands_in_one_line(open_page, server):
    page = open_page()
    text = page.locator("#report [data-section=text]")
    text.click()
    page.keyboard.type("Nodule.")
    expect(page.locator("#report .voice-cursor")).to_be_attached()
    expect(page.locator("#undo")).to_be_enabled()
    box = text.bounding_box()
    server.stop()
    expect(page.locator("#status")).to_contain_text("Not connected", timeout=10_000)
    text.click(position={"x": box["width"] - 20, "y": box["height"] / 2})
    page.keyboard.type(" Typed while away.")
    assert text.text_content() == "Nodule. Typed while away."
    assert text.evaluate("text => text.scrollHeight - text.clientHeight") <= 0


def test_a_template_is_chosen_its_fields_picked_and_a_macro_inserted(open_page):
    page = open_page()
    page.select_option("#template", "Chest X-ray")
    expect(page.locator("#report h3").first).to_have_text("Exam")
    page.locator(".field", has_text="[views]").click()
    page.locator("#field-menu button", has_text="AP portable").click()
    expect(page.locator("[data-section=exam]")).to_have_text("Chest X-ray, AP portable.")
    page.select_option("#macro", "normal chest")
    expect(page.locator("[data-section=findings]")).to_contain_text("The lungs are clear.")
    page.locator(".field", has_text="[indication]").click()
    page.keyboard.type("Cough.")
    expect(page.locator("[data-section=indication]")).to_have_text("Cough.")
    page.keyboard.press("Control+z")
    expect(page.locator("[data-section=indication]")).to_have_text("[indication]")
    page.click("#help-open")
    expect(page.locator("#say")).to_contain_text("scratch that")


def test_a_house_style_chosen_in_the_settings_holds_for_what_is_dictated_then_and_after_a_reload(open_page):
    page = open_page("audio/chest_report.flac")
    page.click("#settings-open")
    page.get_by_test_id("style-units").select_option("as_dictated")
    expect(page.get_by_test_id("style-dates")).to_have_value("long")
    page.click("#settings [value=close]")
    page.reload()
    page.click("#settings-open")
    expect(page.get_by_test_id("style-units")).to_have_value("as_dictated")
    style = page.evaluate(
        """() => new Promise((resolve) => {
          const socket = new WebSocket(`ws://${location.host}/v1/realtime`,
            ['assistant', `assistant.resume.${sessionStorage.getItem('assistant.resume_token')}`]);
          socket.addEventListener('message',
            ({data}) => resolve(JSON.parse(data).session.style), {once: true});
        })"""
    )
    assert style["units"] == "as_dictated"
    assert style["dates"] == "long"


@pytest.mark.parametrize("server", [lambda _tmp_path: {"asr": "lasr-mini"}], indirect=True)
def test_names_written_in_the_settings_are_told_to_the_recogniser_now_and_at_the_next_visit(open_page):
    page = open_page()
    expect(page.get_by_text("Test recogniser: not for use").first).to_be_visible()
    told = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda m: told.append(m)))  # noqa: PLW0108
    page.reload()
    page.click("#settings-open")
    box = page.get_by_label("Names and words to expect")
    box.fill("ziprasidone\nCefazolin, Dr. Okonkwo")
    page.click("#settings [value=close]")
    page.reload()
    expect(box).to_have_value("ziprasidone\nCefazolin, Dr. Okonkwo")
    expect(page.locator("#status")).to_contain_text("Ready")
    sent = [m for m in map(json.loads, told) if m["type"] == "session.update"]
    keywords = [m["session"]["audio"]["input"]["transcription"]["keywords"] for m in sent]
    assert keywords == [["ziprasidone", "Cefazolin", "Dr. Okonkwo"]] * 2
