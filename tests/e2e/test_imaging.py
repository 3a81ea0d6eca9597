"""Drop a series, look through it, ask about it aloud, see what the model saw."""

import base64
import re

import numpy as np
import PIL.Image
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from assistant.engines.pieces import TextPiece
from tests.imaging import made
from tests.imaging.test_stacks import stack
from tests.siglip import tiny_siglip

pytestmark = [pytest.mark.e2e, pytest.mark.models]

QUESTION = "audio/question.flac"
PATIENCE_MS = 60_000
DROP = """files => {
  const transfer = new DataTransfer();
  for (const [name, data] of files) {
    transfer.items.add(new File([Uint8Array.from(atob(data), c => c.charCodeAt(0))], name));
  }
  for (const type of ['dragenter', 'dragover', 'drop']) {
    dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }
}"""


def phantom(count=24, size=96):
    """A body with two lungs and a spine, as stored values of a CT."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    values = np.full((count, size, size), 24, np.int16)
    for k in range(count):
        swell = 1 - abs(k - count / 2) / count
        values[k][(x / 0.9) ** 2 + (y / 0.7) ** 2 < 1] = 1064
        for side in (-0.4, 0.4):
            values[k][((x - side) / (0.3 * swell)) ** 2 + (y / (0.5 * swell)) ** 2 < 1] = 180
        values[k][x**2 + (y - 0.45) ** 2 < 0.02] = 1700
    return values


def xray(path, date, value):
    pixels = np.full((20, 30), value, np.uint8)
    made.dicom(path, pixels, sop_class=made.DX, modality="DX", StudyDate=date,
               StudyInstanceUID=f"1.2.{value}", SeriesInstanceUID=f"1.{value}")  # fmt: skip


def dropped(page, folder):
    page.evaluate(DROP, [[p.name, base64.b64encode(p.read_bytes()).decode()] for p in folder.iterdir()])


def test_a_dropped_series_is_looked_through_and_asked_about_aloud(open_page, server, tmp_path):
    server.engine.script("image", ["No ", "pneumothorax."])
    PIL.Image.new("RGB", (40, 30), "gray").save(tmp_path / "foot.png")
    folder = made.series(tmp_path / "ct", 24, values=phantom())
    (folder / "notes.txt").write_text("not a picture")
    page = open_page(QUESTION, viewport={"width": 1280, "height": 900})
    page.set_input_files("#attach-files", [str(tmp_path / "foot.png")])
    expect(page.get_by_role("button", name="Look at foot.png")).to_be_visible(timeout=PATIENCE_MS)
    dropped(page, folder)
    thumb = page.get_by_role("button", name="Look at CT · 24 slices")
    expect(thumb).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("banners")).to_contain_text("notes.txt")

    page.click("#mic")
    thumb.click()
    expect(page.get_by_test_id("viewer-place")).to_have_text("Slice 13 of 24")
    picture = page.get_by_test_id("viewer-picture")
    page.get_by_test_id("viewer-slider").press("Home")
    expect(picture).to_have_attribute("src", re.compile(r"i=0&window=soft"))
    page.get_by_test_id("viewer-slider").press("ArrowRight")
    page.keyboard.press("2")
    expect(page.get_by_role("radio", name="Lung")).to_be_checked()
    expect(picture).to_have_attribute("src", re.compile(r"i=1&window=lung"))
    expect(picture).to_have_js_property("naturalWidth", 96)
    expect(page.get_by_test_id("matching")).to_be_hidden()  # no image matcher here
    assert Axe().run(page).violations_count == 0
    expect(page.locator("#answers")).to_contain_text("No pneumothorax.", timeout=PATIENCE_MS)
    expect(page.locator("#answers")).to_contain_text("image 2 of 2, the one that is open")
    expect(page.locator("#viewer")).to_be_visible()  # the answer stands beside it, and the bar works
    page.keyboard.press("m")
    expect(page.locator("#mic")).to_have_text("Start")
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).to_be_hidden()
    expect(thumb).to_be_focused()
    (question,) = server.engine.questions
    assert [type(piece).__name__ for piece in question.pieces] == [
        "TextPiece",
        *["ImagePiece", "TextPiece"] * 24,
    ]

    page.get_by_test_id("seen-open").click()
    pieces = page.get_by_test_id("seen-pieces")
    expect(pieces.locator("img")).to_have_count(25, timeout=PATIENCE_MS)
    expect(pieces).to_contain_text("SLICE 24")
    expect(pieces.locator("img").last).to_have_js_property("naturalWidth", 96)
    assert Axe().run(page).violations_count == 0


def test_any_stack_of_a_series_is_chosen_where_it_is_looked_at(open_page, tmp_path):
    for echo in range(8):
        stack(tmp_path / "mr", 5, 100 * echo, EchoTime=float(10 + echo))
    page = open_page(viewport={"width": 1280, "height": 900})
    dropped(page, tmp_path / "mr")
    expect(page.locator("#attached .attached")).to_have_count(6, timeout=PATIENCE_MS)
    page.get_by_role("button", name="Look at MRI · TE 10 ms · 5 slices").click()
    stacks = page.get_by_role("combobox", name="Stack")
    expect(stacks.locator("option")).to_have_count(8)
    expect(stacks.locator("option").nth(7)).to_have_text("TE 17 ms · 5 slices (not attached yet)")
    assert Axe().run(page).violations_count == 0
    stacks.select_option("8")
    expect(page.locator("#viewer-title")).to_have_text("MRI · TE 17 ms · 5 slices", timeout=PATIENCE_MS)
    expect(page.locator("#attached .attached")).to_have_count(7)
    expect(stacks).to_have_value("8")
    expect(stacks.locator("option").nth(7)).to_have_text("TE 17 ms · 5 slices")
    stacks.select_option("2")  # one that is attached is only opened
    expect(page.locator("#viewer-title")).to_have_text("MRI · TE 11 ms · 5 slices")
    expect(page.locator("#attached .attached")).to_have_count(7)


def image_matcher(tmp_path):
    return {"siglip_model": str(tiny_siglip.save(tmp_path / "tiny-siglip"))}


@pytest.mark.parametrize("server", [image_matcher], indirect=True)
def test_two_xrays_are_checked_matched_and_asked_about_in_the_order_of_time(open_page, server, tmp_path):
    server.engine.script("these two", ["Pleural effusion: worsened"])
    server.engine.script("what has changed", ["Pneumothorax: improved"])
    folder = tmp_path / "both"
    folder.mkdir()
    for name, date, value in [("a-now.dcm", "20260110", 9), ("b-before.dcm", "20251224", 5)]:
        xray(folder / name, date, value)
    page = open_page()
    dropped(page, folder)
    expect(page.get_by_role("button", name="Look at X-ray")).to_have_count(2, timeout=PATIENCE_MS)
    checked = page.locator("#attached .look-note", has_text="by tiny-siglip; unverified")
    expect(checked).to_have_count(2, timeout=PATIENCE_MS)

    page.get_by_role("button", name="Look at X-ray").first.click()
    page.get_by_label("Labels to score").fill("a chest X-ray, a photo of skin,")
    page.get_by_role("button", name="Score").click()
    scores = page.locator("#matching-scores li")
    expect(scores).to_have_count(2)
    shares = [
        float(re.search(r"^([\d.]+) %", each)[1]) for each in page.locator(".score-number").all_inner_texts()
    ]
    assert shares == sorted(shares, reverse=True) and sum(shares) == pytest.approx(100, abs=1)
    page.get_by_role("button", name="Find similar images").click()
    similar = page.get_by_role("button", name=re.compile(r"similarity \d\.\d\d"))
    expect(similar.locator("img")).to_have_js_property("naturalWidth", 30)
    expect(page.get_by_test_id("matching")).to_contain_text("Most alike first, by tiny-siglip; unverified.")
    assert Axe().run(page).violations_count == 0
    first = page.get_by_test_id("viewer-picture").get_attribute("src")
    similar.click()
    expect(page.get_by_test_id("viewer-picture")).not_to_have_attribute("src", first)
    expect(scores).to_have_count(0)
    page.keyboard.press("Escape")

    page.fill("#question-text", "Compare these two")
    page.press("#question-text", "Enter")
    expect(page.locator("#answers .card")).to_have_count(1, timeout=PATIENCE_MS)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    expect(page.locator("#answers .checks li")).to_have_count(2)
    (question,) = server.engine.questions
    assert question.task == "compare"
    assert [piece.source for piece in question.pieces] == ["b-before.dcm", "a-now.dcm"]
    changes = page.get_by_test_id("changes")
    expect(changes.locator("caption")).to_have_text("Change since the prior study, as the model says")
    expect(changes).to_contain_text("pleural effusionworsened")
    xray(tmp_path / "c-oldest.dcm", "20240101", 3)
    page.set_input_files("#attach-files", [str(tmp_path / "c-oldest.dcm")])
    expect(page.locator("#attached .place")).to_have_text(["1", "2", "3"], timeout=PATIENCE_MS)
    page.fill("#question-text", "What has changed since the first study?")
    page.press("#question-text", "Enter")
    expect(changes).to_have_count(2, timeout=PATIENCE_MS)
    expect(changes.last.locator("caption")).to_have_text("Change since the first study, as the model says")
    last = page.locator("#answers .card").last
    expect(last).to_contain_text("oldest first by the dates in the files: images 3, then 2, then 1")
    texts = [piece.text for piece in server.engine.questions[-1].pieces if isinstance(piece, TextPiece)]
    assert texts == ["Study 1 of 3, the oldest:", "Study 2 of 3:", "Study 3 of 3, the current one:"]
