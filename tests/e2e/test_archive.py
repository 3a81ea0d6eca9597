"""A series of the hospital's archive, found and attached from the page."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from assistant.engines.scripted import ScriptedEngine
from tests.e2e.conftest import ServerThread
from tests.imaging import orthanc

pytestmark = [pytest.mark.e2e, pytest.mark.models, orthanc.needs_orthanc]


@pytest.fixture
def server(tmp_path):
    """In place of the usual one: it has an archive."""
    with orthanc.running(tmp_path) as url:
        uids = {"StudyInstanceUID": "1.2.3.4.6", "SeriesInstanceUID": "1.2.3.4.6.1"}
        orthanc.put(url, tmp_path / "other", 1, AccessionNumber="ACC78", **uids)
        kept = {"store": tmp_path / "kept", "final_limit_s": 600}  # nobody is refused for load
        thread = ServerThread(ScriptedEngine(), dicomweb_url=url, **kept)
        thread.start()
        yield thread
        thread.stop()


def test_a_series_is_found_by_its_accession_number_and_attached(open_page, server):
    page = open_page()
    page.get_by_test_id("archive-open").click()
    dialog = page.get_by_test_id("archive")
    for number, said in [("NONE1", "Nothing was found."), ("ACC77", "2 series. Choose one to attach.")]:
        dialog.get_by_label("Accession number").fill(number)
        dialog.get_by_label("Accession number").press("Enter")
        expect(dialog).to_contain_text(said, timeout=30_000)
    assert Axe().run(page).violations_count == 0
    dialog.get_by_role("button", name="CT · a").click()
    expect(page.get_by_role("button", name="Look at CT · 6 slices")).to_be_visible(timeout=60_000)
    expect(dialog).to_be_hidden()


def test_an_order_offers_the_pictures_of_its_patient_and_says_that_others_are_another_patients(
    open_page, server
):
    page = open_page()
    page.on("dialog", lambda asked: asked.accept())
    for name, patient, order in (
        ("Marker", "MRN-471100", {"accession": "ACC77", "study": "1.2.3.4.55"}),  # not the archive's UID
        ("Other", "MRN-471101", {"accession": "ACC78", "study": "1.2.3.4.6"}),
    ):
        written = {"patient": {"name": name, "id": patient}, "order": {"exam": "CT", **order}}
        assert page.request.post(f"{server.url}/v1/orders", data=written).status == 201
    archive = page.get_by_test_id("archive")

    def begin(name):
        page.get_by_test_id("worklist-open").click()
        page.get_by_test_id("orders-open").click()
        page.get_by_test_id("orders").get_by_role("button", name=re.compile(f"^Report: {name}")).click()
        expect(page.get_by_test_id("about-open")).to_contain_text(name, timeout=30_000)

    begin("Marker")
    expect(archive).to_contain_text("2 series. Choose one to attach.", timeout=30_000)
    expect(archive.locator(".wrong")).to_have_count(0)
    archive.get_by_role("button", name="CT · a").click()
    expect(page.get_by_role("button", name="Look at CT · 6 slices")).to_be_visible(timeout=60_000)
    begin("Other")
    expect(archive).to_contain_text("pictures are of another patient than the report", timeout=30_000)
    expect(archive.locator(".wrong")).to_contain_text("number MRN-471100")
    expect(archive.locator(".archive-series").get_by_role("button")).to_have_count(0)
    assert Axe().run(page).violations_count == 0
