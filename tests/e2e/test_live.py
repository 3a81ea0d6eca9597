"""Speak into the browser, see the words, get the answer."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = [pytest.mark.e2e, pytest.mark.models]

DICTATION = "audio/chest_xray.flac"
QUESTION = "audio/question.flac"
STOP = "audio/stop.flac"
HEARD_MS = 40_000


def words(text):
    return re.sub(r"[^a-z ]", " ", text.lower()).split()


def test_the_words_arrive_on_the_page_while_they_are_spoken(open_page):
    page = open_page(DICTATION)
    page.click("#mic")
    expect(page.locator("#live")).to_contain_text(re.compile("lungs", re.I), timeout=HEARD_MS)
    expect(page.locator("#report")).to_contain_text(re.compile("lungs are clear", re.I), timeout=HEARD_MS)
    expect(page.locator("#status")).to_contain_text("WebRTC")


def test_a_spoken_question_is_answered_beside_the_dictation(open_page, server):
    server.engine.script("image", ["There is **no** ", "pneumothorax."])
    page = open_page(DICTATION, QUESTION)
    page.click("#mic")
    expect(page.locator("#answers")).to_contain_text("There is no pneumothorax.", timeout=2 * HEARD_MS)
    expect(page.locator("#report")).to_contain_text(re.compile("lungs are clear", re.I))
    (question,) = server.engine.questions
    assert "lungs are clear" in question.document.lower()


def test_stop_ends_an_answer_that_goes_on(open_page, server):
    server.engine.script("pneumothorax", ["word "] * 1000, delay_s=0.05)
    page = open_page()
    page.fill("#question-text", "Is there a pneumothorax?")
    page.press("#question-text", "Enter")
    expect(page.locator("#answers")).to_contain_text("word word", timeout=10_000)
    page.click("#stop-answer")
    expect(page.locator("#stop-answer")).to_be_hidden()
    expect(page.locator("#answers")).to_contain_text(re.compile("stopped", re.I))


def test_saying_stop_ends_an_answer(open_page, server):
    server.engine.script("image", ["word "] * 2000, delay_s=0.05)
    page = open_page(QUESTION, STOP)
    page.click("#mic")
    expect(page.locator("#answers")).to_contain_text("word word", timeout=HEARD_MS)
    expect(page.locator("#answers")).to_contain_text("Stopped", timeout=HEARD_MS)
    expect(page.locator("#heard")).to_contain_text("Command")


def test_reload_brings_everything_back(open_page, server):
    server.engine.script("pneumothorax", ["No pneumothorax."])
    page = open_page()
    page.fill("#question-text", "Is there a pneumothorax?")
    page.press("#question-text", "Enter")
    expect(page.locator("#answers")).to_contain_text("No pneumothorax.", timeout=10_000)
    page.reload()
    expect(page.locator("#answers")).to_contain_text("Is there a pneumothorax?")
    expect(page.locator("#answers")).to_contain_text("No pneumothorax.")


SLOW_ANSWER = """
const answered = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = async function (description) {
  await new Promise((resolve) => { setTimeout(resolve, 2000); });
  return answered.call(this, description);
};
"""


def test_what_is_said_while_the_microphone_connects_is_heard(open_page):
    page = open_page(DICTATION, lead_s=0.3, init=SLOW_ANSWER)
    page.click("#mic")
    expect(page.locator("#report")).to_contain_text(
        re.compile("views.*lungs are clear", re.I), timeout=HEARD_MS
    )
    expect(page.locator("#report")).to_contain_text(re.compile("pneumothorax", re.I), timeout=HEARD_MS)
    expect(page.locator("#status")).to_contain_text("WebRTC", timeout=15_000)
    said = words(page.inner_text("#report"))
    assert said.count("views") == said.count("lungs") == 1


KEEP_PEERS = """
const Connection = window.RTCPeerConnection;
window.peers = [];
window.RTCPeerConnection = class extends Connection {
  constructor(options) { super(options); window.peers.push(this); }
};
"""


def test_a_connection_that_breaks_is_made_anew_and_the_silence_is_told(open_page):
    page = open_page(DICTATION, QUESTION, init=KEEP_PEERS)
    page.click("#mic")
    expect(page.locator("#status")).to_contain_text("WebRTC", timeout=15_000)
    page.evaluate("() => window.peers[0].getSenders()[0].replaceTrack(null)")  # nothing arrives any more
    page.wait_for_timeout(1_700)
    page.evaluate("""() => {
      Object.defineProperty(window.peers[0], 'connectionState', { value: 'disconnected' });
      window.peers[0].dispatchEvent(new Event('connectionstatechange'));
    }""")
    expect(page.locator("#heard")).to_contain_text(re.compile(r"About [1-9][.0-9]* s of audio was lost here"))
    page.wait_for_function(
        "() => window.peers.length === 2 && window.peers[1].connectionState === 'connected'"
    )
    expect(page.locator("#status")).to_contain_text("WebRTC")
    expect(page.locator("#report")).to_contain_text(re.compile("pneumothorax", re.I), timeout=HEARD_MS)
    assert words(page.inner_text("#report")).count("pneumothorax") <= 1


RELAY_ONLY = """
const Connection = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Connection {
  constructor(options) { super({ ...options, iceTransportPolicy: 'relay' }); }
};
"""
"""Without a relay there is no path for UDP, as behind a firewall that blocks it."""


def test_with_udp_blocked_the_page_falls_back_to_the_socket_and_says_so(open_page):
    page = open_page(DICTATION, init=RELAY_ONLY)
    page.click("#mic")
    expect(page.locator("#live")).to_contain_text(re.compile("lungs", re.I), timeout=HEARD_MS)
    expect(page.locator("#status")).to_contain_text("WebSocket", timeout=30_000)
    expect(page.locator("body")).to_contain_text("WebRTC did not connect")
    expect(page.locator("#report")).to_contain_text(re.compile("lungs are clear", re.I), timeout=HEARD_MS)


WORKLET_FAILS = """
AudioWorklet.prototype.addModule = () => new Promise((_, reject) => {
  window.fail = () => reject(new DOMException('Unable to load', 'AbortError'));
});
"""


def test_a_microphone_that_is_stopped_while_it_starts_is_off_and_one_that_cannot_start_says_so(open_page):
    page = open_page(init=WORKLET_FAILS)
    page.click("#mic")
    page.wait_for_function("() => window.fail")
    page.click("#mic")
    page.evaluate("() => window.fail()")
    expect(page.locator("#mic")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("body")).not_to_contain_text("did not load")
    page.evaluate("() => { delete window.fail; }")
    page.click("#mic")
    page.wait_for_function("() => window.fail")
    page.evaluate("() => window.fail()")
    expect(page.locator("body")).to_contain_text("part of this page did not load")
    expect(page.locator("#mic")).to_have_attribute("aria-pressed", "false")


def test_a_refused_microphone_is_explained(open_page):
    page = open_page(grant=False)
    page.click("#mic")
    expect(page.locator("body")).to_contain_text(re.compile("microphone is blocked", re.I), timeout=10_000)


@pytest.mark.parametrize("server", [lambda _: {"token": "secret"}], indirect=True)
def test_without_https_the_page_says_why_there_is_no_microphone_and_what_to_do(server, open_page):
    """Browsers have no ``navigator.mediaDevices`` there."""
    server.url = f"http://assistant.example:{server.port}/?token=secret"
    page = open_page(arguments=["--host-resolver-rules=MAP assistant.example 127.0.0.1"])
    assert page.evaluate("() => [isSecureContext, navigator.mediaDevices === undefined]") == [False, True]
    page.click("#mic")
    expect(page.locator("#mic")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("body")).to_contain_text("only on https:// pages and on localhost. Open this page at")
    expect(page.locator("#status-connection")).to_contain_text("Ready")  # the rest of the page works


def test_an_image_is_attached_with_a_picture_and_a_text_file_is_refused(open_page, server, tmp_path):
    from PIL import Image

    good, bad = tmp_path / "chest.png", tmp_path / "fake.png"
    Image.new("RGB", (64, 48), "gray").save(good)
    bad.write_text("not an image")
    page = open_page()
    page.set_input_files("input[type=file]", [str(good)])
    expect(page.locator("img[alt*='chest.png']").first).to_be_visible(timeout=10_000)
    page.set_input_files("input[type=file]", [str(bad)])
    expect(page.locator("body")).to_contain_text(re.compile("fake.png"), timeout=10_000)
    server.engine.script("finding", ["Gray."])
    page.fill("#question-text", "What is the finding?")
    page.press("#question-text", "Enter")
    expect(page.locator("#answers")).to_contain_text("Gray.", timeout=10_000)
    assert len(server.engine.questions[0].images) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(open_page, server, scheme):
    server.engine.script("pneumothorax", ["# Heading\n\n- no **pneumothorax**"])
    page = open_page(color_scheme=scheme)
    page.fill("#question-text", "Is there a pneumothorax?")
    page.press("#question-text", "Enter")
    expect(page.locator("#answers")).to_contain_text("pneumothorax", timeout=10_000)
    page.wait_for_timeout(500)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_at_phone_width_nothing_is_wider_than_the_screen(open_page):
    page = open_page(viewport={"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
