"""A lab report, a slide and a scan are dropped, looked at, and seen as the model sees them."""

import base64
import csv
import json

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from fhir.resources.R4B.bundle import Bundle
from fpdf import FPDF
from playwright.sync_api import expect

from tests.e2e.test_answers import ask
from tests.e2e.test_imaging import DROP, PATIENCE_MS
from tests.imaging import made

pytestmark = [pytest.mark.e2e, pytest.mark.models]

LABS = """```json
[{"name": "Hemoglobin", "result": "9.1", "unit": "g/dL", "reference": "12.0 - 15.5", "flag": ""},
 {"name": "Sodium", "result": "140", "unit": "mmol/L", "reference": "135-145", "flag": ""}]
```"""
COLOUR_AT = """(picture, [x, y]) => {
  const canvas = document.createElement('canvas');
  canvas.width = picture.naturalWidth;
  canvas.height = picture.naturalHeight;
  const context = canvas.getContext('2d');
  context.drawImage(picture, 0, 0);
  const { width, height } = canvas;
  return [width, height, ...context.getImageData(x * width, y * height, 1, 1).data];
}"""


def lab_report(path):
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=12)
    pdf.cell(0, 10, "Hemoglobin 9.1 g/dL (12.0 - 15.5)   Sodium 140 mmol/L (135-145)")
    pdf.output(str(path))
    return path


def drop(page, *paths):
    page.evaluate(DROP, [[path.name, base64.b64encode(path.read_bytes()).decode()] for path in paths])


def saved(page, name):
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    return download.value.path().read_text(encoding="utf-8-sig")  # tables begin with a mark, for Excel


def test_a_dropped_lab_report_becomes_a_table_and_files(open_page, server, tmp_path):
    server.engine.script("lab results", [LABS])
    page = open_page()
    drop(page, lab_report(tmp_path / "labs.pdf"))
    expect(page.get_by_role("button", name="Look at labs.pdf")).to_be_visible(timeout=PATIENCE_MS)
    ask(page, "Extract the lab results")
    expect(page.get_by_test_id("labs").locator("tbody tr")).to_have_text(
        ["Hemoglobin9.1↓ lowg/dL12.0 - 15.5", "Sodium140normalmmol/L135-145"], timeout=PATIENCE_MS
    )
    (question,) = server.engine.questions
    assert [piece.source for piece in question.pieces] == ["labs.pdf, page 1"]
    rows = list(csv.DictReader(saved(page, "Save as CSV").splitlines()))
    assert [(row["name"], row["result"], row["flag"]) for row in rows] == [
        ("Hemoglobin", "9.1", "low"),
        ("Sodium", "140", "normal"),
    ]
    bundle = Bundle.model_validate(json.loads(saved(page, "Save as FHIR")))
    hemoglobin, sodium = (entry.resource for entry in bundle.entry)
    assert hemoglobin.code.coding[0].code == "718-7"
    assert sodium.code.coding is None, "of serum or of urine, the report does not say"


def test_a_slide_and_a_scan_are_looked_through_and_seen_as_the_model_does(open_page, server, tmp_path):
    import nibabel

    pixels = np.full((2688, 1792, 3), 244, np.uint8)
    pixels[:896, 896:] = (180, 80, 160)
    pixels[1792:, :896] = (150, 60, 130)
    slide = made.dicom_slide(tmp_path / "slide", pixels, levels=2, tile=448)
    volume = np.random.default_rng(1).integers(0, 900, (24, 20, 9)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), tmp_path / "brain.nii.gz")
    page = open_page(viewport={"width": 1280, "height": 900})
    drop(page, *sorted(slide.iterdir()))
    thumb = page.get_by_role("button", name="Look at Slide · 2 patches at 20x")
    expect(thumb).to_be_visible(timeout=PATIENCE_MS)
    drop(page, tmp_path / "brain.nii.gz")
    expect(page.get_by_role("button", name="Look at MRI · 9 slices")).to_be_visible(timeout=PATIENCE_MS)

    thumb.click()
    picture = page.get_by_test_id("viewer-picture")
    place, slider = page.get_by_test_id("viewer-place"), page.get_by_test_id("viewer-slider")
    expect(place).to_have_text("Overview of 2 patches")
    expect(picture).to_have_js_property("naturalHeight", 1024)
    width, height, red, _, blue, _ = picture.evaluate(COLOUR_AT, [0.75, 0.001])
    assert (width, height) == (683, 1024)
    assert blue > red + 60, "the first patch is outlined"
    assert picture.evaluate(COLOUR_AT, [0.25, 0.16])[2:5] == pytest.approx([244] * 3, abs=4)
    slider.press("End")
    expect(picture).to_have_js_property("naturalWidth", 896)
    assert picture.evaluate(COLOUR_AT, [0.5, 0.5])[2:] == [150, 60, 130, 255]
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Look at MRI · 9 slices").click()
    expect(place).to_have_text("Slice 5 of 9")
    slider.press("Home")
    expect(place).to_have_text("Slice 1 of 9")
    page.get_by_role("radio", name="Middle").check()
    expect(picture).to_have_js_property("naturalWidth", 24)
    page.keyboard.press("Escape")

    page.get_by_test_id("seen-open").click()
    pieces = page.get_by_test_id("seen-pieces")
    expect(pieces.locator("img")).to_have_count(2 + 9, timeout=PATIENCE_MS)
    expect(pieces).to_contain_text("SLICE 9")
    expect(pieces.locator("img").first).to_have_js_property("naturalWidth", 896)
    assert Axe().run(page).violations_count == 0
