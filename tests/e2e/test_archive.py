"""A series of the hospital's archive, found and attached from the page."""

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
        thread = ServerThread(ScriptedEngine(), dicomweb_url=url)
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
