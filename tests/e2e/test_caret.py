"""One caret in a real browser: what is selected is replaced, and words go where the cursor stands."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.e2e, pytest.mark.models]

HEARD_MS = 60_000
TYPED = "The left lung is clear."

PLACE = """() => new Promise((resolve) => {
  const token = sessionStorage.getItem('assistant.resume_token');
  const protocols = ['assistant', `assistant.resume.${token}`];
  const socket = new WebSocket(`ws://${location.host}/v1/realtime`, protocols);
  socket.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (event.type === 'assistant.document.changed') resolve(event);
  };
})"""
"""The report as the server has it, told to another connection of this session, which ends the page's own."""


def write(page, text=TYPED):
    page.locator("#report [data-section=text]").click()
    page.keyboard.type(text)
    expect(page.locator("#undo")).to_be_enabled()


def section(page, name="text"):
    return page.locator(f"#report [data-section={name}]")


def double_click(page, word, name="text"):
    """On the word, as a person does it: with the pointer."""
    box = page.evaluate(
        """([name, word]) => {
          const node = document.querySelector(`#report [data-section=${name}]`);
          const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
          for (let text = walker.nextNode(); text; text = walker.nextNode()) {
            const at = text.nodeValue.indexOf(word);
            if (at < 0) continue;
            const range = document.createRange();
            range.setStart(text, at);
            range.setEnd(text, at + word.length);
            const { left, top, width, height } = range.getBoundingClientRect();
            return [left + width / 2, top + height / 2];
          }
        }""",
        [name, word],
    )
    page.mouse.dblclick(*box)
    assert page.evaluate("getSelection().toString().trim()") == word


def selected(page):
    """The browser's selection and the ground that is painted under what the next words replace."""
    return page.evaluate(
        "() => [getSelection().toString(), [...CSS.highlights.get('selected')].map(String).join('')]"
    )


def test_a_double_clicked_word_is_what_speech_replaces(open_page):
    page = open_page("audio/chest_xray.flac")
    write(page)
    double_click(page, "left")
    page.click("#mic")
    expect(section(page)).to_have_text(re.compile(r"^The (?!left)\S.* lung is clear\.$"), timeout=HEARD_MS)
    page.click("#undo")
    expect(section(page)).to_have_text(TYPED)
    section(page).focus()
    assert selected(page) == ["left", "left"], "what was selected is selected again"
    page.keyboard.type("right")
    expect(section(page)).to_have_text("The right lung is clear.")


def test_what_is_selected_is_replaced_by_a_macro_and_a_paste_and_a_click_puts_the_cursor_there(open_page):
    page = open_page()
    write(page)
    double_click(page, "left")
    page.select_option("#macro", "normal heart")
    expect(section(page)).to_have_text("The The heart is normal in size. lung is clear.")
    page.keyboard.type("!")
    expect(section(page)).to_have_text("The The heart is normal in size.! lung is clear.")
    double_click(page, "clear")
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.setData('text/plain', 'dark');
          const range = getSelection().getRangeAt(0);
          const event = new InputEvent('beforeinput', {
            inputType: 'insertFromPaste', dataTransfer: data, bubbles: true, cancelable: true,
            targetRanges: [new StaticRange(range)],
          });
          document.activeElement.dispatchEvent(event);
        }"""
    )
    expect(section(page)).to_have_text("The The heart is normal in size.! lung is dark.")


def test_the_place_is_the_same_in_a_second_tab_and_typing_goes_on_there(open_page):
    page = open_page()
    write(page)
    double_click(page, "left")
    expect(page.locator("#status")).to_contain_text("Ready")
    page.wait_for_timeout(300)
    token = page.evaluate("sessionStorage.getItem('assistant.resume_token')")
    second = page.context.new_page()
    second.add_init_script(f"sessionStorage.setItem('assistant.resume_token', {token!r})")
    second.goto(page.url)
    expect(section(second)).to_have_text(TYPED)
    assert selected(second) == ["", "left"]
    section(second).focus()
    assert selected(second)[0] == "left"
    second.keyboard.type("right")
    expect(section(second)).to_have_text("The right lung is clear.")


def test_the_whole_report_is_selected_over_its_sections_and_replaced_by_typing(open_page):
    page = open_page()
    page.select_option("#template", "SOAP progress note")
    expect(page.locator("#report h3").first).to_have_text("Subjective")
    page.locator(".field", has_text="[subjective]").click()
    page.keyboard.type("Cough.")
    page.locator(".field", has_text="[plan]").click()
    page.keyboard.type("Rest.")
    page.wait_for_timeout(500)  # it is with the server
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+a")
    page.wait_for_timeout(300)
    assert selected(page)[1] == "Cough.Vitals: [vitals]\nExam: [exam]\nLabs: [labs][assessment]Rest."
    page.keyboard.type("Well.")
    texts = page.locator("#report [data-section]")
    expect(texts).to_have_text(["Well.", "", "", ""])
    page.wait_for_timeout(300)
    place = page.evaluate(PLACE)
    assert place["cursor"] == {"section_id": "subjective", "offset": 5}
    assert place["selected"] is None
    assert [len(each["runs"]) for each in place["sections"]] == [1, 0, 0, 0]


def test_show_in_the_checks_selects_what_the_next_words_replace(open_page):
    page = open_page()
    page.select_option("#template", "SOAP progress note")
    expect(page.locator("#report h3").first).to_have_text("Subjective")
    page.click("#export-open")
    finding = page.locator("#export-findings .finding").nth(1)
    finding.click()
    page.wait_for_timeout(300)
    browser, painted = selected(page)
    assert browser
    assert painted == browser
    place = page.evaluate(PLACE)["selected"]
    assert place["end"] - place["start"] == len(browser)


def test_tab_goes_from_field_to_field_and_pick_lists_are_used_by_keyboard(open_page):
    page = open_page()
    page.select_option("#template", "Chest X-ray")
    expect(page.locator("#report h3").first).to_have_text("Exam")
    section(page, "exam").click(position={"x": 3, "y": 8})
    page.keyboard.press("Tab")
    expect(page.locator("#field-menu")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(section(page, "exam")).to_have_text("Chest X-ray, AP portable.")
    page.keyboard.press("Tab")
    page.keyboard.type("Cough.")
    expect(section(page, "indication")).to_have_text("Cough.")
    page.keyboard.press("Tab")
    page.keyboard.type("Earlier.")
    expect(section(page, "comparison")).to_have_text("Earlier.")
    page.keyboard.press("Control+z")
    expect(section(page, "comparison")).to_have_text("[comparison]")
    section(page, "findings").click()
    page.keyboard.press("Shift+Tab")
    assert selected(page)[0] == "[comparison]"
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.matches('[data-section=comparison]')")


def test_typing_after_a_tool_goes_into_the_report_and_single_keys_can_be_changed_and_turned_off(open_page):
    page = open_page()
    write(page)
    double_click(page, "left")
    page.click("#copy")
    page.keyboard.type("ms")
    expect(section(page)).to_have_text("The ms lung is clear.")
    page.locator("#undo").focus()
    page.keyboard.type("m")
    expect(section(page)).to_have_text("The msm lung is clear.")
    expect(page.locator("#mic")).to_have_attribute("aria-pressed", "false")
    page.click("#help-open")
    page.fill("#key-mic", "x")
    page.click("#help [value=close]")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("m")
    expect(page.locator("#mic")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("x")
    expect(page.locator("#mic")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("x")
    expect(page.locator("#mic")).to_have_attribute("aria-pressed", "false")
    page.reload()
    page.click("#help-open")
    expect(page.locator("#key-mic")).to_have_value("x")
    page.uncheck("#keys-on")
    page.click("#help [value=close]")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("x")
    expect(page.locator("#mic")).to_have_attribute("aria-pressed", "false")


def test_what_a_command_did_stands_at_the_caret_for_a_while_and_with_its_words(open_page):
    page = open_page(
        "corrections/report_bm_george.flac", "corrections/correct_left_bm_george.flac", gap_s=2.5
    )
    page.click("#mic")
    said = page.locator(".caret-said")
    expect(said).to_have_text("Selected “left”: the next words replace it.", timeout=HEARD_MS)
    expect(said).to_be_hidden(timeout=4_000)
    page.click("#heard-summary")
    expect(page.locator("#heard")).to_contain_text("Selected “left”")


def test_the_text_of_an_answer_is_marked_until_it_is_accepted_by_its_button_and_undo_brings_the_mark_back(
    open_page, server
):
    server.engine.script("fracture", ["No **fracture**."])
    page = open_page()
    write(page)
    page.fill("#question-text", "Is there a fracture?")
    page.press("#question-text", "Enter")
    page.get_by_test_id("insert-answer").click()
    marked = page.locator("#report .from-answer")
    expect(marked).to_contain_text("No fracture.")
    text = section(page).text_content()
    assert text.replace("\n", " ").split() == f"{TYPED} No fracture.".split()
    item = page.locator(".doubts li")
    expect(item).to_contain_text("Nobody has accepted it yet.")
    item.get_by_role("button", name="Accept this text").click()
    expect(marked).to_have_count(0)
    expect(item).to_have_count(0)
    assert section(page).text_content() == text
    page.click("#undo")
    expect(marked).to_contain_text("No fracture.")
    expect(item).to_have_count(1)
    assert section(page).text_content() == text
