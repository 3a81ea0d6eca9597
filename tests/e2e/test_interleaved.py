"""Dictation and questions, one after the other into one microphone: what was asked is answered, what was
dictated stands in the report, and no word is missing."""

import json
import re
from collections import Counter

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.e2e, pytest.mark.models]

SPOKEN = [
    "audio/chest_xray.flac",
    "audio/question.flac",
    "speech/librivox_0880.flac",
    "audio/question.flac",
    "speech/librivox_0930.flac",
]
HEARD_MS = 90_000
MARKS = Counter({"period": 2})
"""Spoken marks, which are written as such."""


def words(text):
    return re.findall(r"[a-z']+", text.lower().replace("two views", "views").replace("2 views", "views"))


def test_dictation_and_questions_interleaved_lose_no_word(open_page, server):
    server.engine.script("image", ["There is no ", "pneumothorax."])
    page = open_page(*SPOKEN, init=WATCH)
    page.click("#mic")
    report, answers = page.locator("#report"), page.locator("#answers")
    expect(report).to_contain_text(re.compile("himself", re.I), timeout=HEARD_MS)
    expect(answers.locator("text=There is no pneumothorax.")).to_have_count(2, timeout=10_000)

    events = [json.loads(text) for text in page.evaluate("window.received")]
    heard = [e for e in events if e["type"].endswith("transcription.completed") and e["transcript"]]
    taken = {e["item_id"]: e for e in events if e["type"] == "assistant.intent"}
    assert [taken[e["item_id"]]["intent"] for e in heard].count("question") == 2
    asked = [question.text for question in server.engine.questions]
    assert len(asked) == 2
    assert all("on this image" in text.lower() for text in asked)
    document = [e for e in events if e["type"] == "assistant.document.changed"][-1]
    kept = " ".join(run["text"] for section in document["sections"] for run in section["runs"])
    assert "on this image" not in kept.lower()
    spoken = Counter(word for e in heard for word in words(e["transcript"]))
    stands = Counter(words(kept)) + Counter(word for text in asked for word in words(text))
    missing = spoken - stands
    assert not missing - MARKS, (missing, kept, asked)
    assert not stands - spoken
    assert "lungs are clear" in server.engine.questions[0].document.lower()


WATCH = """
window.received = [];
const Socket = window.WebSocket;
window.WebSocket = class extends Socket {
  constructor(...args) {
    super(...args);
    this.addEventListener('message', (message) => {
      if (typeof message.data === 'string') window.received.push(message.data);
    });
  }
};
"""
