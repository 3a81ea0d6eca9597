"""A clinician's day: from the order to the export of the signed and amended report, in two browsers; another
user sees none of it."""

import asyncio
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from assistant.storage.database import Database
from assistant.storage.users import Users
from tests.e2e.conftest import saved

pytestmark = [pytest.mark.e2e, pytest.mark.models]
PASSWORD = "correct horse battery"
HEARD_MS = 60_000
MARIA = "Muster, Maria"


def accounts(tmp_path):
    async def add():
        database = Database(tmp_path)
        await database.start()
        for name in ("ann", "bob"):
            await Users(database).add(name, ["clinician"], PASSWORD)
        await database.close()

    asyncio.run(add())
    return {"sign_in": "accounts", "store": tmp_path, "final_limit_s": 600}  # nobody is refused for load


def sign_in(page, server, name):
    page.goto(f"{server.url}/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("status")).to_contain_text("Ready")


def text_of(page):
    return page.locator("#report [data-section]")


@pytest.mark.parametrize("server", [accounts], indirect=True)
def test_a_day_from_the_order_to_the_amended_report_and_nothing_of_it_for_others(server, open_page):
    page = open_page("audio/chest_xray.flac")
    sign_in(page, server, "ann")
    page.get_by_test_id("worklist-open").click()
    page.get_by_test_id("orders-open").click()
    orders = page.get_by_test_id("orders")
    expect(orders).to_contain_text("No order fits.")
    orders.get_by_text("New order", exact=True).click()
    orders.get_by_label("Name", exact=True).fill(MARIA)
    orders.get_by_label("Patient number").fill("P-1")
    orders.get_by_label("Examination", exact=True).fill("Chest x-ray")
    orders.get_by_label("Order number").fill("A-77")
    orders.get_by_label("Order number").press("Enter")  # the keyboard alone does it
    expect(orders).to_contain_text("1 order")
    assert Axe().run(page).violations_count == 0
    orders.get_by_role("button", name=re.compile("^Report: Muster")).press("Enter")
    expect(orders).to_be_hidden()
    about = f"{MARIA}, P-1 · Chest x-ray, A-77"
    expect(page.get_by_test_id("about-open")).to_have_text(about)
    page.click("#mic")
    expect(text_of(page).first).to_have_text(re.compile(r"\w{3}.*\w{3}.*\."), timeout=HEARD_MS)
    page.click("#mic")
    expect(page.locator("#mic")).to_contain_text("Start")
    page.close()

    browser = page.context.browser
    other = browser.new_context(accept_downloads=True).new_page()
    sign_in(other, server, "ann")
    worklist = other.get_by_test_id("worklist")
    expect(worklist).to_be_visible()  # the drafts
    other.on("dialog", lambda asked: asked.accept())
    worklist.get_by_role("button", name=re.compile("^Open: Muster")).click()
    expect(other.get_by_test_id("about-open")).to_have_text(about)
    expect(text_of(other).first).to_have_text(re.compile(r"\w{3}.*\w{3}.*\."))
    dictated = text_of(other).first.inner_text().strip()

    sign = other.get_by_test_id("sign")

    def signed(words):
        other.get_by_test_id("sign-open").click()
        expect(sign).to_contain_text("You sign as ann.")
        expect(sign).to_contain_text(about)
        expect(sign.locator("#sign-now")).to_be_enabled()
        if sign.locator("#sign-seen-row").is_visible():
            sign.locator("#sign-seen").check()
        sign.locator("#sign-now").click()
        expect(sign).to_be_hidden()
        expect(other.get_by_test_id("signed")).to_contain_text(words)

    signed("Signed by ann,")
    expect(other.get_by_test_id("signed")).not_to_contain_text("not verified")
    other.get_by_test_id("amend-open").click()
    other.get_by_test_id("amend").get_by_role("button", name="Amendment").click()
    expect(other.get_by_test_id("signed")).to_contain_text("not signed")
    other.click("#report [data-section]")
    other.keyboard.press("Control+End")
    other.keyboard.type(" Xylophagous.")
    expect(other.locator("#undo")).to_be_enabled()
    other.keyboard.press("Escape")
    expect(text_of(other).first).to_contain_text("Xylophagous.")
    signed("Signed again (amendment) by ann,")

    other.get_by_test_id("worklist-open").click()
    worklist.get_by_label("Words of the report").fill("xyloph")
    worklist.get_by_role("button", name="Find").click()
    expect(worklist).to_contain_text("1 report")
    expect(worklist).to_contain_text("Amended")
    worklist.get_by_role("button", name="Close").click()
    other.click("#export-open")
    made = saved(other, "hl7").decode()
    assert "|A-77|" in made and "&ann" in made and "Xylophagous" in made
    assert dictated.split()[0] in made
    other.click("#export [value=close]")

    def of_list(button, name):
        other.get_by_test_id("worklist-open").click()
        worklist.get_by_role("button", name=re.compile(f"^{button}: {name}$")).click()

    of_list("Copy as new", about)
    expect(worklist).to_be_hidden()
    of_copy = f"{MARIA}, P-1"
    expect(other.get_by_test_id("about-open")).to_have_text(of_copy)  # the patient, not the order
    expect(text_of(other).first).to_contain_text("Xylophagous.")
    other.click("#report [data-section]")
    other.keyboard.press("Control+End")
    other.keyboard.type(" Unchanged.")
    expect(other.locator("#undo")).to_be_enabled()
    other.keyboard.press("Escape")
    expect(text_of(other).first).to_contain_text("Unchanged.")
    of_list("Compare with the prior one", of_copy)
    expect(worklist.locator("#worklist-compared ins")).to_have_text("Unchanged.")
    expect(worklist.locator("#worklist-compared del")).to_have_count(0)
    worklist.get_by_role("button", name="Close").click()
    of_list("Open", about)
    expect(other.get_by_test_id("signed")).to_contain_text("Signed again")
    of_list("Delete", of_copy)
    expect(worklist).to_contain_text("Deleted.")
    expect(worklist.locator("[data-report]")).to_have_count(1)
    worklist.get_by_role("button", name="Close").click()

    third = browser.new_context().new_page()
    sign_in(third, server, "bob")
    third.get_by_test_id("worklist-open").click()
    theirs = third.get_by_test_id("worklist")
    expect(theirs).to_contain_text("No report fits.")
    third.get_by_test_id("orders-open").click()
    third.get_by_test_id("orders").get_by_label("State").select_option("all")
    expect(third.get_by_test_id("orders")).to_contain_text("No order fits.")
    assert MARIA not in third.content()
