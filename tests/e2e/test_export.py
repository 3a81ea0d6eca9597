"""A report dictated in a real browser leaves as DOCX and FHIR; doubtful words are marked and played."""

import io
import json
import re

import docx
import pytest
from axe_playwright_python.sync_playwright import Axe
from fhir.resources.R4B.diagnosticreport import DiagnosticReport
from playwright.sync_api import expect

from assistant.asr.base import Partial, Transcript, Word
from assistant.engines.scripted import ScriptedEngine
from tests.asr.fakes import FakeModel, FakeStream
from tests.e2e.conftest import ServerThread, saved

pytestmark = [pytest.mark.e2e, pytest.mark.models]

SPOKEN = "a four millimeter nodule in the left upper lobe period {next field}"
WRITTEN = "A 4 mm nodule in the left upper lobe. {next field}"
DOUBTFUL = "nodule"


class ScriptedModel(FakeModel):
    """A recogniser with confidences: every utterance is the same sentence, one word of it doubtful."""

    name = "scripted"

    def open_stream(self):
        return ScriptedStream()


class ScriptedStream(FakeStream):
    def accept(self, samples, *, partial=True):
        return Partial("", "a four") if partial else None

    def finish(self):
        words = SPOKEN.split()
        return Transcript(
            SPOKEN,
            tuple(
                Word(w, 200 * i, 200 * i + 200, 0.31 if w == DOUBTFUL else 0.97) for i, w in enumerate(words)
            ),
        )


@pytest.fixture
def start_server(tmp_path):
    """``start_server()`` → a server that stores and keeps audio; stopped after the test."""
    running = []

    def start(port=0):
        thread = ServerThread(
            ScriptedEngine(), ScriptedModel(), port, keep_audio_min=2, store=tmp_path / "store"
        )
        thread.start()
        running.append(thread)
        return thread

    yield start
    running[-1].stop()


@pytest.fixture
def server(start_server):
    return start_server()


@pytest.fixture
def page(open_page):
    """The sentence has been dictated once."""
    page = open_page("audio/stop.flac", permissions=["microphone", "clipboard-read", "clipboard-write"])
    page.click("#mic")
    expect(page.locator("#report")).to_contain_text(WRITTEN, timeout=40_000)
    page.click("#mic")
    return page


def test_docx_and_fhir_say_what_the_page_says(page):
    page.click("#export-open")
    expect(page.locator("#export-findings")).to_contain_text("{next field} was left in the text.")
    document = docx.Document(io.BytesIO(saved(page, "docx")))
    assert document.paragraphs[-1].text == WRITTEN
    resource = DiagnosticReport.model_validate_json(saved(page, "fhir"))
    assert resource.presentedForm[0].data.decode() == f"{WRITTEN}\n"
    report = json.loads(saved(page, "json"))
    assert report["utterances"][0]["heard"] == SPOKEN
    expect(page.locator("#export-said")).to_contain_text("was saved")


def test_copy_keeps_text_and_html(page):
    page.click("#copy")
    expect(page.locator("#copy")).to_have_text("Copied")
    pasted = page.evaluate(
        "async () => { const [item] = await navigator.clipboard.read();"
        " return Promise.all(['text/plain', 'text/html'].map(async (t) => (await item.getType(t)).text())); }"
    )
    assert pasted[0].strip() == WRITTEN
    assert f"<p>{WRITTEN}</p>" in pasted[1]


def test_a_finding_jumps_to_its_place(page):
    page.click("#export-open")
    page.click("[data-code='marker_unresolved']")
    expect(page.locator("#export")).to_be_hidden()
    assert page.evaluate("getSelection().toString()") == "{next field}"


def test_a_doubtful_word_is_marked_and_a_click_plays_it(page):
    page.wait_for_function("() => CSS.highlights.get('doubtful')?.size === 1")
    assert page.evaluate("[...CSS.highlights.get('doubtful')][0].toString()") == DOUBTFUL
    expect(page.locator("#status-kept")).to_contain_text("Audio kept 2 min in memory")
    expect(page.locator("#status-kept")).to_contain_text("Stored on this server")
    box = page.evaluate(
        "(({x, y, width, height}) => [x + width / 2, y + height / 2])"
        "([...CSS.highlights.get('doubtful')][0].getBoundingClientRect())"
    )
    page.mouse.click(*box)
    expect(page.locator("#trust")).to_contain_text("31 % confidence")
    expect(page.locator("#report")).to_have_attribute("data-played", re.compile(r"\d"), timeout=10_000)


def test_axe_finds_nothing_in_the_export_dialog(page):
    page.click("#export-open")
    expect(page.locator("#export-findings button")).to_have_count(2)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_a_stored_report_is_exported_after_the_server_was_restarted(page, server, start_server):
    server.stop()
    start_server(server.port)
    expect(page.get_by_test_id("banners")).to_contain_text("The server is stopping")
    expect(page.get_by_test_id("banners")).to_be_empty(timeout=20_000)  # the session goes on
    expect(page.locator("#report")).to_contain_text(WRITTEN)
    page.click("#export-open")
    assert saved(page, "txt").decode() == f"{WRITTEN}\n"
