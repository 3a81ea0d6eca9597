"""Without hands: an answer read aloud and its echo, sleep by voice, a foot pedal, the settings."""

import re
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from assistant.engines.scripted import ScriptedEngine
from tests.e2e.conftest import DATA, ServerThread

pytestmark = [pytest.mark.e2e, pytest.mark.models]

HEARD_MS = 60_000
ANSWER = (
    "No evidence of deep venous thrombosis in the left lower extremity. "
    "There is a small Baker's cyst measuring two point five centimeters."
)
"""The words of audio/answer_leg.flac without the spoken punctuation."""

SPEECH = """
window.said = [];
const speech = {
  voices: [{ name: 'Samantha', lang: 'en-US' }],
  getVoices() { return this.voices; },
  addEventListener() {},
  speak(utterance) {
    window.said.push(utterance.text);
    document.documentElement.dataset.said = window.said.length;
    window.echo?.();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => utterance.onend(), 1000 * utterance.text.length / 10);
  },
  cancel() { clearTimeout(this.timer); document.documentElement.dataset.cancelled = true; },
};
Object.defineProperty(window, 'speechSynthesis', { value: speech });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""
"""Headless Chromium has no voices. This one takes as long as a slow speaker."""

ROOM = """
let context, air;
navigator.mediaDevices.getUserMedia = async () => {
  context = new AudioContext();
  air = context.createMediaStreamDestination();
  return air.stream;
};
window.play = async (clip) => {
  const response = await fetch(`/clips/${clip}`);
  const source = context.createBufferSource();
  source.buffer = await context.decodeAudioData(await response.arrayBuffer());
  source.connect(air);
  source.start();
  await new Promise((resolve) => { source.onended = resolve; });
};
window.echo = () => {
  window.echo = null;  // all of it comes back at once, however often the reading is interrupted
  window.echoed = window.play('audio/answer_leg.flac');
};
"""
"""A room with a microphone in it: a clip is heard when the test plays it, and the echo of an answer once
it is read aloud. From the microphone on all is the page's own."""

PEDAL = """
class Device extends EventTarget {
  vendorId = 2321; productId = 6212; productName = 'Foot Control'; opened = false;
  collections = [{ usagePage: 1, usage: 4 }];
  async open() { this.opened = true; }
  async close() { this.opened = false; }
  async sendReport() {}
  press(bits) {
    const event = new Event('inputreport');
    event.data = new DataView(Uint8Array.of(bits, 0, 0).buffer);
    event.device = this;
    event.reportId = 0;
    this.dispatchEvent(event);
  }
}
class Hid extends EventTarget {
  allowed = [];
  async getDevices() { return this.allowed; }
  async requestDevice() { this.allowed = [window.pedal]; return this.allowed; }
}
window.pedal = new Device();
Object.defineProperty(navigator, 'hid', { value: new Hid() });
"""


def ask(page, text):
    page.fill("#question-text", text)
    page.press("#question-text", "Enter")


def read_aloud(page):
    page.click("#settings-open")
    page.check("#set-aloud")
    page.keyboard.press("Escape")


def test_an_answer_that_is_read_aloud_is_not_taken_for_dictation(open_page, server):
    server.engine.script("image", [ANSWER])
    page = open_page(init=SPEECH + ROOM)
    clip = lambda request: DATA / request.url.partition("/clips/")[2]  # noqa: E731
    page.route("**/clips/**", lambda route: route.fulfill(path=clip(route.request)))
    frames = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda frame: frames.append(str(frame))))
    page.reload()
    read_aloud(page)
    page.click("#mic")
    expect(page.locator("#status")).to_contain_text("Listening")
    page.evaluate("play('audio/question.flac')")
    expect(page.locator("#answers")).to_contain_text("Baker", timeout=HEARD_MS)
    expect(page.locator("html")).to_have_attribute("data-said", re.compile(r"\d"), timeout=HEARD_MS)
    page.evaluate("window.echoed")
    expect(page.locator("#last")).to_contain_text("Left out: echo", timeout=HEARD_MS)
    page.evaluate("play('speech/librivox_0880.flac')")
    sections = page.locator("#report [data-section]")
    expect(sections).to_have_text([re.compile("young man", re.I)], timeout=HEARD_MS)
    assert page.evaluate("window.said")[0].startswith("No evidence of deep venous thrombosis")
    report = sections.inner_text().lower()
    assert "thrombosis" not in report
    assert "baker" not in report
    assert any("assistant.echo.left_out" in frame for frame in frames)


def test_stop_by_key_ends_the_reading_of_an_answer_that_is_complete(open_page, server):
    server.engine.script("pneumothorax", ["One sentence. ", "Another **sentence** [1]."])
    page = open_page(init=SPEECH)
    read_aloud(page)
    ask(page, "Is there a pneumothorax?")
    expect(page.locator("#answers")).to_contain_text("Another sentence", timeout=10_000)
    expect(page.locator("html")).to_have_attribute("data-said", "2", timeout=10_000)
    assert page.evaluate("window.said") == ["One sentence.", "Another sentence."]
    page.locator("body").press("Escape")
    expect(page.locator("html")).to_have_attribute("data-cancelled", "true")


def test_sleep_and_wake_by_voice_and_what_is_said_in_between_is_private(open_page, server):
    page = open_page("audio/sleep.flac", "audio/question.flac", *["audio/wake.flac"] * 6)
    page.click("#mic")
    expect(page.locator("#asleep")).to_be_visible(timeout=HEARD_MS)
    expect(page.locator("#status")).to_contain_text("Asleep")
    expect(page.locator("#asleep")).to_be_hidden(timeout=HEARD_MS)
    assert server.engine.questions == []
    assert "pneumothorax" not in page.inner_text("body").lower()


def test_sleep_by_button_and_key_stays_over_a_reload(open_page):
    page = open_page()
    page.click("#attention")
    expect(page.locator("#asleep")).to_be_visible()
    page.reload()
    expect(page.locator("#asleep")).to_be_visible(timeout=10_000)
    page.locator("body").press("s")
    expect(page.locator("#asleep")).to_be_hidden()


def test_a_foot_pedal_talks_while_it_is_down_and_is_found_again(open_page):
    page = open_page(init=PEDAL)
    page.click("#settings-open")
    page.click("#pedals-connect")
    expect(page.locator("#pedals-said")).to_have_text("Connected: Foot Control")
    page.keyboard.press("Escape")
    page.evaluate("pedal.press(2)")
    expect(page.locator("#mic")).to_have_attribute("aria-pressed", "true")
    page.evaluate("pedal.press(0)")
    expect(page.locator("#mic")).to_have_attribute("aria-pressed", "false", timeout=5_000)
    page.evaluate("pedal.press(8)")
    expect(page.locator("#asleep")).to_be_visible()


def test_the_talk_key_can_be_another_one_that_turns_on_and_off(open_page):
    page = open_page()
    page.click("#settings-open")
    page.select_option("#set-talk-key", "F8")
    page.check("#talk-toggle")
    page.keyboard.press("Escape")
    page.reload()
    page.focus("#question-text")
    page.keyboard.press("F8")
    expect(page.locator("#mic")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("F8")
    expect(page.locator("#mic")).to_have_attribute("aria-pressed", "false", timeout=5_000)


def test_with_a_wake_word_only_what_begins_with_it_is_asked(open_page, server):
    server.engine.script("image", ["Never."])
    page = open_page("audio/question.flac")
    page.click("#settings-open")
    page.check("#wake-assistant")
    page.keyboard.press("Escape")
    page.click("#mic")
    expect(page.locator("#report")).to_contain_text(re.compile("image", re.I), timeout=HEARD_MS)
    assert server.engine.questions == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_in_the_settings_and_asleep(open_page, scheme):
    page = open_page(color_scheme=scheme, init=SPEECH + PEDAL)
    page.click("#attention")
    expect(page.locator("#asleep")).to_be_visible()
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    page.click("#settings-open")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


@pytest.fixture
def guided(tmp_path):
    folder = tmp_path / "guidelines"
    folder.mkdir()
    shutil.copy(DATA / "guidelines/sepsis.pdf", folder)
    (folder / "gout.md").write_text("# Gout\n\n## Attack\n\nColchicine 500 micrograms twice daily.\n")
    (folder / "broken.pdf").write_bytes(b"no PDF")
    thread = ServerThread(ScriptedEngine(), guidelines=folder)
    thread.start()
    yield thread
    thread.stop()


def test_an_answer_shows_the_guideline_passages_it_cites_and_each_opens_at_its_place(open_page, guided):
    guided.engine.script("gout", ["Colchicine twice daily [1], but not [7]."])
    page = open_page()
    page.goto(guided.url)
    page.click("#settings-open")
    expect(page.locator("#guidelines")).to_contain_text("broken.pdf", timeout=10_000)
    page.keyboard.press("Escape")
    ask(page, "What helps in a gout attack?")
    expect(page.locator(".sources")).to_contain_text("gout.md, Gout › Attack", timeout=10_000)
    expect(page.locator(".answer-text a.citation")).to_have_text("1")
    with page.expect_popup() as opened:
        page.locator(".sources a").first.click()
    passage = opened.value
    expect(passage.locator("mark")).to_have_text("Colchicine 500 micrograms twice daily.")
    assert Axe().run(passage).violations_count == 0
    ask(page, "How is scabies treated?")
    expect(page.locator("#answers")).to_contain_text("Nothing in the guideline folder", timeout=10_000)
