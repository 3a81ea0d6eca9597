"""Findings of an answer beside its words, on the page; what a press at an answer does."""

import base64
import re

import PIL.Image
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.test_imaging import DROP
from tests.records.test_fhir import bundle

pytestmark = [pytest.mark.e2e, pytest.mark.models]

BOX = 'Centrally.\n\nFinal Answer:\n```json\n[{"box_2d": [250, 100, 750, 600], "label": "heart"}]\n```'
LABS = '```json\n[{"name": "CRP", "result": "9.2", "unit": "mg/L", "reference": "< 5", "flag": ""}]\n```'
THOUGHTS = ["<unused94>thought\nIs the cortex whole?", "<unused95>", "No **fracture**."]


def ask(page, text):
    page.fill("#question-text", text)
    page.press("#question-text", "Enter")


def test_a_box_is_drawn_at_its_pixels_and_said_to_be_approximate(open_page, server, tmp_path):
    server.engine.script("heart", [BOX])
    PIL.Image.new("RGB", (400, 300), "gray").save(tmp_path / "chest.png")
    page = open_page(viewport={"width": 1280, "height": 900})
    page.set_input_files("input[type=file]", [str(tmp_path / "chest.png")])
    expect(page.locator("img[alt*='chest.png']").first).to_be_visible(timeout=10_000)
    ask(page, "Where is the heart on this image?")
    box = page.get_by_test_id("box")
    expect(box).to_have_text("heart", timeout=10_000)
    expect(page.locator(".boxes figcaption")).to_contain_text("Approximate")
    picture = page.locator(".boxes-picture img")
    page.wait_for_function("() => document.querySelector('.boxes-picture img').naturalWidth > 0")
    (piece,) = server.engine.questions[0].pieces
    assert (piece.padding.top_px, piece.padding.side_px) == (50, 400)
    drawn, whole = box.bounding_box(), picture.bounding_box()
    scale = whole["width"] / 400
    expected = {"x": 40, "y": 100 - 50, "width": 200, "height": 200}
    assert drawn["x"] - whole["x"] == pytest.approx(expected["x"] * scale, abs=1.5)
    assert drawn["y"] - whole["y"] == pytest.approx(expected["y"] * scale, abs=1.5)
    assert drawn["width"] == pytest.approx(expected["width"] * scale, abs=1.5)
    assert drawn["height"] == pytest.approx(expected["height"] * scale, abs=1.5)

    PIL.Image.new("RGB", (300, 400), "gray").save(tmp_path / "lateral.png")
    page.set_input_files("input[type=file]", [str(tmp_path / "lateral.png")])
    expect(page.locator("#attached .place")).to_have_text(["1", "2"], timeout=10_000)
    ask(page, "Where is the heart?")
    figures = page.locator(".boxes figcaption")
    expect(figures).to_have_count(2, timeout=10_000)
    expect(figures.last).to_contain_text("On lateral.png, image 2 of 2, the last one attached: heart.")
    page.get_by_role("button", name="Remove lateral.png").click()
    expect(page.locator("#attached .attached")).to_have_count(1)

    server.engine.script("lab results", [LABS])
    ask(page, "Extract the lab results from this image")
    expect(page.locator(".answer-text").first).not_to_contain_text("box_2d")
    expect(page.get_by_test_id("labs")).to_contain_text("↑ high", timeout=10_000)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    assert "CRP,9.2,mg/L,< 5,high" in download.value.path().read_text()
    assert Axe().run(page).violations_count == 0


def test_thoughts_are_folded_the_prompt_is_shown_and_an_answer_enters_the_report_by_a_click(
    open_page, server
):
    server.engine.script("fracture", THOUGHTS)
    page = open_page()
    ask(page, "Is there a fracture?")
    answer = page.locator(".answer-text")
    expect(answer).to_have_text("No fracture.", timeout=10_000)
    assert "cortex" not in answer.inner_text()
    expect(page.get_by_test_id("thoughts").locator(".folded-text")).to_be_hidden()
    page.get_by_test_id("thoughts").locator("summary").click()
    expect(page.get_by_test_id("thoughts").locator(".folded-text")).to_have_text("Is the cortex whole?")
    page.get_by_test_id("sent").locator("summary").click()
    expect(page.get_by_test_id("sent")).to_contain_text("Is there a fracture?", timeout=10_000)
    expect(page.locator(".card-foot .by")).to_contain_text("generated, unverified")
    expect(page.locator("#report")).not_to_contain_text("No fracture.")
    page.get_by_test_id("insert-answer").click()
    expect(page.get_by_test_id("insert-answer")).to_have_text("✓ In the report")
    expect(page.locator("#report")).to_contain_text("No fracture.", timeout=10_000)

    page.get_by_test_id("edit-question").click()
    box = page.locator("#question-text")
    expect(box).to_have_value("Is there a fracture?")
    expect(box).to_be_focused()
    server.engine.script("left hip", ["Never told."], delay_s=3600)
    page.keyboard.press("Home")
    page.keyboard.type("Left hip: ")
    page.keyboard.press("Enter")
    asked = page.locator(".question-text")
    expect(asked).to_have_text(["Is there a fracture?", "Left hip: Is there a fracture?"])
    page.get_by_test_id("edit-question").last.click()  # while it is answered
    expect(page.locator(".card-foot .how").last).to_have_text("Stopped")
    expect(box).to_have_value("Left hip: Is there a fracture?")
    page.fill("#question-text", "Right side: Is there a fracture?")
    page.press("#question-text", "Enter")
    expect(asked.last).to_have_text("Right side: Is there a fracture?")
    expect(answer.last).to_have_text("No fracture.")
    assert server.engine.questions[-1].text == "Right side: Is there a fracture?"
    assert server.engine.questions[-1].earlier == ()
    kinds = ["Edited and asked again", "Edited and asked again", "Question, typed"]
    expect(page.locator(".asked")).to_have_text(kinds)
    expect(answer.first).to_be_hidden()
    page.reload()
    expect(page.locator(".asked")).to_have_text(kinds)
    ask(page, "And on the left?")
    expect(answer.last).not_to_be_empty()
    assert [each.question for each in server.engine.questions[-1].earlier] == [
        "Right side: Is there a fracture?"
    ]


def test_a_dropped_record_is_read_for_a_question_and_the_answer_names_its_resources(open_page, server):
    server.engine.script("last a1c", ["It was 7.2 % ", "[Observation/1]."])
    server.engine.script(
        "Which of them have to be read", ['```json\n[{"type": "Observation", "codes": []}]\n```']
    )
    page = open_page()
    sockets = []
    page.route_web_socket(re.compile("/v1/realtime"), lambda socket: sockets.append(socket))  # noqa: PLW0108 (playwright takes no builtin)
    page.reload()
    page.evaluate(DROP, [["record.json", base64.b64encode(bundle()).decode()]])
    waits = page.get_by_text("“record.json” is attached once the server is connected.")
    expect(waits).to_be_visible()
    sockets[0].connect_to_server()
    expect(waits).to_be_hidden()
    expect(page.locator("#attached")).to_contain_text("record.json, 7 resources", timeout=60_000)
    ask(page, "What was the last A1c?")
    expect(page.locator(".answer-text")).to_have_text("It was 7.2 % [Observation/1].", timeout=10_000)
    found = page.get_by_test_id("record")
    expect(found).to_contain_text("[Observation/1] 2024-03-01 Hemoglobin A1c: 7.2 %; final")
    expect(found.locator("li")).to_have_count(1)
    assert "Body weight: 81.5 kg" in server.engine.questions[-1].record
