"""The page against a socket that says what a test wants: what a real server says too seldom."""

import json

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.e2e, pytest.mark.models]

SOCKET = """
window.sockets = [];
window.sent = [];
window.WebSocket = class extends EventTarget {
  constructor() { super(); this.readyState = 1; window.sockets.push(this); }
  send(data) { if (typeof data === 'string') window.sent.push(JSON.parse(data)); }
  close() { this.dispatchEvent(new Event('close')); }
};
"""
ENGINE = {"name": "scripted", "stand_in": False, "sees_images": False, "notice": ""}
TRANSCRIPTION = "conversation.item.input_audio_transcription"


class Socket:
    def __init__(self, page):
        self._page, self._seq = page, 0

    def opens(self, name):
        session = {
            "id": name,
            "resume_token": name,
            "grace_s": 1,
            "mode": "auto",
            "audio": {},
            "recogniser": {"name": "scripted"},
            "engine": ENGINE,
            "ice_servers": [],
        }
        self._seq = 0
        self._say({"type": "session.created", "seq": 0, "resumed": False, "session": session})

    def says(self, kind, **fields):
        self._seq += 1
        self._say({"type": kind, "seq": self._seq, **fields})

    def is_lost(self):
        self._page.evaluate("window.sockets.at(-1).close()")
        expect(self._page.locator("#status-connection")).to_contain_text("Not connected")
        self.connects()

    def connects(self):
        expect(self._page.locator("#status-connection")).to_contain_text("Connecting")

    def sent(self, kind):
        return [event for event in self._page.evaluate("window.sent") if event["type"] == kind]

    def _say(self, event):
        self._page.evaluate(
            "data => window.sockets.at(-1).dispatchEvent(new MessageEvent('message', {data}))",
            json.dumps(event),
        )


@pytest.fixture
def page(open_page):
    return open_page(init=SOCKET)


@pytest.fixture
def socket(page):
    socket = Socket(page)
    socket.connects()
    socket.opens("first")
    return socket


def test_the_report_and_what_was_half_said_go_into_the_next_session_when_the_server_lost_this_one(
    page, socket
):
    runs = [{"text": "The lungs are clear.", "item_id": "utt_1", "origin": "voice"}]
    socket.says(
        "assistant.document.changed",
        revision=1,
        sections=[
            {"id": "findings", "title": "Findings", "runs": runs},
            {
                "id": "impression",
                "title": "Impression",
                "runs": [
                    {"text": "Seen by me. ", "origin": "typed"},
                    {"text": "Likely benign", "origin": "answer"},
                    {"text": ".", "origin": "typed"},
                ],
            },
        ],
        cursor={"section_id": "findings", "offset": 20},
        applied=[],
        doubtful=[],
    )
    socket.says(
        "assistant.transcript.partial",
        item_id="utt_2",
        stable="the heart is twelve",
        tentative=" centimeters wide",
        written="The heart is 12",
        written_tail=" cm wide",
    )
    socket.is_lost()
    socket.opens("second")
    put = [event for event in socket.sent("assistant.document.command") if event["command"] == "insert_text"]
    assert [(each["name"], each["text"], each["origin"]) for each in put] == [
        ("Findings", "The lungs are clear. The heart is 12 cm wide", "typed"),
        ("Impression", "Seen by me. ", "typed"),
        ("Impression", "Likely benign", "answer"),
        ("Impression", ".", "typed"),
        ("Findings", "", "typed"),
    ]
    expect(page.get_by_test_id("banners")).to_contain_text("Your report was restored into a new session")


def test_what_the_other_recogniser_heard_is_shown_and_can_be_picked(page, socket):
    socket.says(
        f"{TRANSCRIPTION}.completed",
        item_id="utt_1",
        transcript="is their a mass",
        start_ms=0,
        end_ms=900,
        at="2026-01-01T10:00:00+00:00",
        also_heard={"recogniser": "other", "transcript": "Is there a mass?"},
    )
    socket.says(
        "assistant.intent",
        item_id="utt_1",
        intent="dictation",
        confidence=0.9,
        reason="because",
        text="Is their a mass",
        corrected=False,
        doubtful=True,
    )
    page.click("#heard-summary")
    also = page.get_by_test_id("also-heard")
    expect(also).to_contain_text("Also heard: “Is there a mass?”")
    also.get_by_role("button", name="Use this").click()
    (edit,) = socket.sent("assistant.item.edit")
    assert (edit["item_id"], edit["text"]) == ("utt_1", "Is there a mass?")
    socket.says("assistant.item.edited", item_id="utt_1", text="Is there a mass?")
    expect(also).to_have_count(0)


def test_a_spoken_question_that_waits_is_told_to_be_unsent_and_can_be_kept_back(page, socket):
    def asked(number):
        body = {"id": f"resp_{number}", "status": "in_progress"}
        socket.says(
            "response.created",
            response=body,
            question="Is there a mass?",
            question_item_id=f"utt_{number}",
            engine=ENGINE,
            wait_ms=500,
        )

    asked(1)
    running = page.locator(".card .running")
    expect(running).to_have_text("Not sent yet. Stop keeps it back.")
    page.get_by_test_id("stop-answer").click()
    (stopped,) = socket.sent("response.cancel")
    assert stopped["response_id"] == "resp_1"
    socket.says("response.done", response={"id": "resp_1", "status": "cancelled"})
    expect(page.locator(".card .how")).to_have_text("Stopped before it was sent")
    asked(2)
    socket.says("assistant.response.sent", response_id="resp_2")
    expect(running.last).to_have_text("Answering …")


EXPORTED = {
    "txt": ("text/plain", "The lungs are clear.\n"),
    "html": ("text/html", "<!doctype html><title>Dictation</title><p>The lungs are clear.</p>"),
}
PRINTS = "window.print = () => { window.top.printed = document.body.innerText; };"


@pytest.fixture
def exports(page, socket):
    """The exports of the session that the socket made up."""

    def answer(route):
        media_type, text = EXPORTED[route.request.url.split("format=")[1]]
        route.fulfill(content_type=media_type, body=text)

    page.route("**/v1/sessions/first/export*", answer)
    page.route("**/v1/sessions/first/checks", lambda route: route.fulfill(json={"findings": []}))


def done(socket, command, message, **fields):
    socket.says(
        "assistant.command.done", command=command, message=message, **{"text": "", "failed": False, **fields}
    )


def test_a_spoken_copy_puts_the_text_on_the_clipboard_and_says_so(page, socket, exports):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    done(socket, "copy", "Copying the report.", text="The lungs are clear.")
    expect(page.locator("#command-said")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "The lungs are clear."
    page.evaluate("void (navigator.clipboard.writeText = () => Promise.reject(new Error('no')))")
    done(socket, "copy", "Copying the report.", text="The heart is normal.")
    expect(page.locator("#command-said")).to_contain_text("press Copy")


def test_a_spoken_print_prints_the_report_and_nothing_else_of_the_page(open_page):
    page = open_page(init=SOCKET + PRINTS)
    socket = Socket(page)
    socket.connects()
    socket.opens("first")
    page.route(
        "**/v1/sessions/first/export*",
        lambda route: route.fulfill(content_type="text/html", body=EXPORTED["html"][1]),
    )
    done(socket, "print", "Opening the print dialog.")
    expect(page.locator("#command-said")).to_have_text("The print dialog was opened.")
    assert page.evaluate("window.printed").strip() == "The lungs are clear."


def test_a_spoken_save_opens_the_checks_and_the_formats_and_a_refusal_opens_nothing(page, socket, exports):
    done(socket, "sign", "Signing is not available yet.", failed=True)
    expect(page.locator("#command-said")).to_have_text("Signing is not available yet.")
    expect(page.locator("#export")).not_to_be_visible()
    done(socket, "save", "Choose a format to save the report in.")
    expect(page.locator("#export")).to_be_visible()
    expect(page.locator("#export")).to_contain_text("The checks found nothing")


def test_a_command_that_is_sent_again_is_shown_and_not_done_again(page, socket, exports):
    done(socket, "help", "The commands are listed.")
    expect(page.locator("#help")).to_be_visible()
    page.reload()
    socket.connects()
    session = {"id": "first", "resume_token": "first", "grace_s": 1, "mode": "auto", "audio": {},
               "recogniser": {"name": "scripted"}, "engine": ENGINE, "ice_servers": []}  # fmt: skip
    socket._say({"type": "session.created", "seq": 0, "resumed": True, "replayed_to": 2, "session": session})
    socket._seq = 0
    done(socket, "save", "Choose a format to save the report in.")
    done(socket, "help", "The commands are listed.")
    expect(page.locator("#command-said")).to_have_text("The commands are listed.")
    expect(page.locator("#export")).not_to_be_visible()
    expect(page.locator("#help")).not_to_be_visible()
