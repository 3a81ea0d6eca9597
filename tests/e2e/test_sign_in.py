"""Users sign in and out on the page."""

import asyncio

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from assistant.storage.database import Database
from assistant.storage.users import Users

pytestmark = pytest.mark.e2e
PASSWORD = "correct horse battery"


def accounts(tmp_path):
    async def add():
        database = Database(tmp_path)
        await database.start()
        await Users(database).add("ann", ["clinician"], PASSWORD)
        await database.close()

    asyncio.run(add())
    return {"sign_in": "accounts", "store": tmp_path}


@pytest.mark.parametrize("server", [accounts], indirect=True)
def test_a_user_signs_in_by_keyboard_and_signs_out(server, open_page):
    page = open_page()
    expect(page).to_have_url(f"{server.url}/sign-in")
    assert Axe().run(page).violations_count == 0
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("ann")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    page.keyboard.type(PASSWORD)  # the wrong one is selected
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("status")).to_contain_text("Ready")
    assert Axe().run(page).violations_count == 0
    page.get_by_role("button", name="Sign out ann").click()
    expect(page).to_have_url(f"{server.url}/sign-in")
    assert page.evaluate("sessionStorage.length + localStorage.length") == 0
    page.goto(server.url)
    expect(page).to_have_url(f"{server.url}/sign-in")
