"""One caret in a real browser: what is selected is replaced, and words go where the cursor stands."""

import json
import random
import re

import pytest
from playwright.sync_api import TimeoutError, expect

pytestmark = [pytest.mark.e2e, pytest.mark.models]

HEARD_MS = 60_000
TYPED = "The left lung is clear."

WATCH = """
const Socket = window.WebSocket;
window.WebSocket = class extends Socket {
  constructor(...args) {
    super(...args);
    this.addEventListener('message', ({ data }) => {
      const event = JSON.parse(data);
      if (event.type?.startsWith('assistant.document.')) window.told = event;
    });
  }
};
"""
"""The report as the server sent it last."""

PLACES = """() => {
  const { cursor, selected, also_selected: more, sections } = window.told;
  const last = more?.at(-1) ?? selected;
  const server = selected
    ? [[selected.section_id, selected.start], [last.section_id, last.end]]
    : [[cursor.section_id, cursor.offset], [cursor.section_id, cursor.offset]];
  const range = getSelection().getRangeAt(0);
  const at = (node, offset) => {
    const text = (node.nodeType === 1 ? node : node.parentElement).closest('[data-section]');
    const before = document.createRange();
    before.selectNodeContents(text);
    before.setEnd(node, offset);
    return [text.dataset.section, [...before.toString()].length];
  };
  const browser = [at(range.startContainer, range.startOffset), at(range.endContainer, range.endOffset)];
  const texts = [...document.querySelectorAll('#report [data-section]')].map((each) => each.textContent);
  const serverTexts = sections.map(({ runs }) => runs.map(({ text }) => text).join(''));
  return JSON.stringify({ server, browser, texts, serverTexts });
}"""
"""The place of the next words as the server has it and as the browser selects it, and what stands there."""


def agreed(page, place, texts):
    """Wait until the server and the browser have this place and these texts."""
    wanted = {"server": place, "browser": place, "texts": texts, "serverTexts": texts}
    text = json.dumps(wanted, separators=(",", ":"), ensure_ascii=False)
    try:
        page.wait_for_function(f"wanted => ({PLACES})() === wanted", arg=text, timeout=10_000)
    except TimeoutError:
        assert json.loads(page.evaluate(PLACES)) == wanted


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
    page = open_page(init=WATCH)
    write(page)
    double_click(page, "left")
    agreed(page, [["text", 4], ["text", 8]], [TYPED])
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


def test_the_whole_report_is_selected_right_after_typing_and_replaced_by_typing(open_page):
    page = open_page(init=WATCH)
    page.select_option("#template", "SOAP progress note")
    expect(page.locator("#report h3").first).to_have_text("Subjective")
    page.locator(".field", has_text="[subjective]").click()
    page.keyboard.type("Cough.")
    page.locator(".field", has_text="[plan]").click()
    page.keyboard.type("Rest.")
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+a")
    texts = ["Cough.", "Vitals: [vitals]\nExam: [exam]\nLabs: [labs]", "[assessment]", "Rest."]
    agreed(page, [["subjective", 0], ["plan", 5]], texts)
    page.wait_for_function(
        "texts => [...CSS.highlights.get('selected')].map(String).join('') === texts", arg="".join(texts)
    )
    page.keyboard.type("Well.")
    agreed(page, [["subjective", 5], ["subjective", 5]], ["Well.", "", "", ""])


def test_what_is_selected_over_several_sections_is_what_speech_replaces(open_page):
    page = open_page("corrections/report_bm_george.flac", init=WATCH)
    page.select_option("#template", "SOAP progress note")
    expect(page.locator("#report h3").first).to_have_text("Subjective")
    page.locator(".field", has_text="[subjective]").click()
    page.keyboard.type("Cough.")
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+a")
    texts = ["Cough.", "Vitals: [vitals]\nExam: [exam]\nLabs: [labs]", "[assessment]", "[plan]"]
    agreed(page, [["subjective", 0], ["plan", 6]], texts)
    page.click("#mic")
    expect(section(page, "plan")).to_have_text("", timeout=HEARD_MS)
    written = page.locator("#report [data-section]")
    expect(written).to_have_text([re.compile(r"^The left kidney measures (10|ten) \S+$"), "", "", ""])
    page.click("#mic")
    page.click("#undo")
    agreed(page, [["subjective", 0], ["plan", 6]], texts)


def test_the_browser_and_the_server_agree_on_the_place_however_fast_a_hand_is(open_page):
    """Random typing and selecting without a wait, against strings and two positions."""
    page = open_page(init=WATCH)
    page.select_option("#template", "SOAP progress note")
    expect(page.locator("#report h3").first).to_have_text("Subjective")
    ids = ["subjective", "objective", "assessment", "plan"]
    texts = [""] * 4
    for name in ids:
        section(page, name).click()
        page.keyboard.press("Control+a")
        page.keyboard.press("Delete")
    draw = random.Random(5)
    for burst in range(20):
        here = draw.randrange(4)
        section(page, ids[here]).focus()
        page.keyboard.press("End")
        anchor = head = len(texts[here])
        for _ in range(draw.randrange(1, 6)):
            act = draw.choice(["type", "type", "ArrowLeft", "Shift+ArrowLeft", "Shift+Home", "Home", "all"])
            start, end = sorted((anchor, head))
            if act == "type":
                word = draw.choice(["no ", "left", "ä "])
                page.keyboard.type(word)
                texts[here] = texts[here][:start] + word + texts[here][end:]
                anchor = head = start + len(word)
            elif act == "all":
                if (start, end) == (0, len(texts[here])):
                    continue  # the next would be the whole report
                page.keyboard.press("Control+a")
                anchor, head = 0, len(texts[here])
            else:
                page.keyboard.press(act)
                if "Home" in act:
                    head = 0
                else:
                    head = start if act == "ArrowLeft" and start < end else max(0, head - 1)
                anchor = anchor if "Shift" in act else head
        start, end = sorted((anchor, head))
        agreed(page, [[ids[here], start], [ids[here], end]], texts)
        if burst % 5 < 4 or not any(texts):
            continue
        page.keyboard.press("Control+a")
        page.keyboard.press("Control+a")
        page.select_option("#macro", "normal heart")  # at once, and it replaces what is selected all the same
        first = next(number for number in range(4) if texts[number])
        written = ["The heart is normal in size." if number == first else "" for number in range(4)]
        expect(page.locator("#report [data-section]")).to_have_text(written)
        page.click("#undo")
        expect(page.locator("#report [data-section]")).to_have_text(texts)


def test_show_in_the_checks_selects_what_the_next_words_replace(open_page):
    page = open_page(init=WATCH)
    page.select_option("#template", "SOAP progress note")
    expect(page.locator("#report h3").first).to_have_text("Subjective")
    page.click("#export-open")
    page.locator("#export-findings .finding").nth(1).click()
    page.wait_for_function(
        f"() => window.told.selected && (({{ server, browser }}) => "
        f"`${{server}}` === `${{browser}}`)(JSON.parse(({PLACES})()))"
    )
    browser, painted = selected(page)
    assert browser
    assert painted == browser


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


def test_what_a_command_did_stands_at_the_caret_and_what_it_offers_is_taken_by_a_click_or_a_number(open_page):
    page = open_page(
        "corrections/report_bm_george.flac", "corrections/correct_left_bm_george.flac", gap_s=2.5
    )
    page.click("#mic")
    said, menu = page.locator(".caret-said"), page.locator("#field-menu")
    expect(said).to_have_text("Selected “left”: the next words replace it.", timeout=HEARD_MS)
    expect(menu.get_by_role("button").first).to_have_text("1 right")
    expect(page.locator("#command-said")).to_contain_text("1: right.")
    expect(said).to_be_hidden(timeout=4_000)
    before = section(page).text_content()
    page.keyboard.press("1")
    expect(section(page)).to_have_text(before.replace("left", "right"))
    expect(menu).to_be_hidden()
    page.click("#undo")
    expect(section(page)).to_have_text(before)
    page.keyboard.press("1")  # nothing is open: it is typed
    expect(section(page)).to_have_text(before.replace("left", "1"))
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
