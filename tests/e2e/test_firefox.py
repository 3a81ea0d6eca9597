"""The page in Debian's Firefox: typing, selecting, a question, WebRTC with hidden addresses, an export."""

import shutil
import time

import pytest

from .conftest import DATA
from .firefox import firefox

pytestmark = [pytest.mark.e2e, pytest.mark.models]

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")
LEAD_S = 2.5
WORD = """(() => {
  const section = document.querySelector('#report [data-section]');
  const text = document.createTreeWalker(section, NodeFilter.SHOW_TEXT);
  while (text.nextNode()) {
    const at = text.currentNode.data.indexOf('WORD');
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(text.currentNode, at);
    range.setEnd(text.currentNode, at + 4);
    return range.getBoundingClientRect();
  }
})()"""
PEERS = """() => {
  const Peer = globalThis.RTCPeerConnection;
  globalThis.peers = [];
  globalThis.RTCPeerConnection = class extends Peer {
    constructor(...given) { super(...given); globalThis.peers.push(this); }
  };
}"""


@pytest.mark.skipif(PROGRAM is None, reason="No Firefox: apt-get install firefox-esr")
def test_typing_selection_a_question_webrtc_and_an_export_in_firefox(server, tmp_path):
    assert PROGRAM
    server.engine.script("fracture", ["No **fracture**."])
    profile = tmp_path / "profile"
    profile.mkdir()
    with firefox(PROGRAM, profile) as page:
        page.open(server.url, DATA / "audio/chest_xray.flac", LEAD_S)
        page.until("document.querySelector('#status-connection').textContent.includes('Ready')")
        page.watch(PEERS)
        page.click("#report [data-section]")
        page.type("The left lung is small.")
        page.until("!document.querySelector('#undo').disabled")
        page.click("", count=2, place=WORD.replace("WORD", "left"))
        page.until("getSelection().toString().trim() === 'left'")
        page.type("right")
        page.until(
            "document.querySelector('#report [data-section]').textContent === 'The right lung is small.'"
        )

        page.click("#question-text")
        page.type("Is there a fracture?\ue007")  # Enter
        page.until("document.querySelector('.answer-text')?.textContent === 'No fracture.'")

        page.click("#mic")
        page.until("document.querySelector('#status-transport').dataset.transport === 'webrtc'", 40)
        offer = page.look("peers[0].localDescription.sdp")
        assert ".local" in offer, "Firefox did not hide its address: this test shows nothing of it"
        page.click("#mic")
        assert page.text("#report [data-section]").startswith("The right lung is small.")

        page.click("#export-open")
        page.until("document.querySelector('[data-format=txt]')?.offsetHeight")
        page.click("[data-format=txt]")
        page.until("document.querySelector('#export').textContent.includes('was saved')")
        deadline = time.monotonic() + 20
        while not any(
            "The right lung is small." in text for text in _saved(profile)
        ):  # Firefox writes it soon after
            assert time.monotonic() < deadline
            time.sleep(0.05)


def _saved(profile):
    return [file.read_text() for file in profile.glob("*.txt") if file.name != "stderr.txt"]
