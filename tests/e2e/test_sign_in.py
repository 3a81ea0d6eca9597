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
        await Users(database).add("root", ["administrator"], PASSWORD)
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
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Only questions that begin with “assistant”").check()
    with page.expect_response("**/v1/own/settings"):
        page.get_by_test_id("settings").get_by_role("button", name="Close").click()
    new = f"another {PASSWORD}"
    page.get_by_role("button", name="ann", exact=True).click()
    assert Axe().run(page).violations_count == 0
    page.get_by_role("button", name="Change the password").click()
    dialog = page.get_by_test_id("password")
    for old, again, said in (
        ("wrong", new, "The old password is wrong."),
        (PASSWORD, "other", "The new password is not the same twice."),
        (PASSWORD, new, "Changed."),
    ):
        page.get_by_label("Old password").fill(old)
        page.get_by_label("New password, 12 characters or more").fill(new)
        page.get_by_label("New password again").fill(again)
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("alert")).to_have_text(said)
    assert Axe().run(page).violations_count == 0
    page.keyboard.press("Escape")
    page.get_by_role("button", name="ann", exact=True).click()
    page.get_by_role("button", name="Sign out ann").click()
    expect(page).to_have_url(f"{server.url}/sign-in")
    assert page.evaluate("sessionStorage.length + localStorage.length") == 0
    page.goto(server.url)
    expect(page).to_have_url(f"{server.url}/sign-in")
    page.get_by_label("Name").fill("ann")  # what was set in this browser is gone, and comes back
    page.get_by_label("Password").fill(new)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("status")).to_contain_text("Ready")
    expect(page.locator("#wake-assistant")).to_be_checked()


@pytest.mark.parametrize("server", [accounts], indirect=True)
def test_an_administrator_keeps_users_and_keys_by_keyboard(server, open_page):
    page = open_page()
    page.on("dialog", lambda asked: asked.accept())
    page.keyboard.type("root")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{server.url}/administration")  # an administrator sees no report
    users = page.get_by_test_id("users")
    expect(users.get_by_role("row")).to_have_count(3)
    expect(users.get_by_role("row", name="ann")).to_contain_text("0.0 MB")
    expect(page.get_by_test_id("state")).to_contain_text("Ready for more sessions")
    page.locator("#user-name").focus()
    page.keyboard.type("eve")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")  # an administrator too
    expect(page.get_by_label("Administrator", exact=True)).to_be_checked()
    page.get_by_label("Groups, one on each line").fill("mri")
    page.locator("#user-password").fill("short")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("said")).to_contain_text("A password needs 12 characters")
    page.locator("#user-password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("said")).to_have_text("eve can sign in.")
    expect(users.get_by_role("row", name="eve")).to_contain_text("Administrator, Clinician")
    page.locator("#key-user").select_option("eve")
    page.get_by_label("What it is for").fill("script")
    page.locator("#right-dictate").check()
    page.get_by_role("button", name="Add the key").click()
    expect(page.get_by_test_id("key-value")).to_contain_text("cva_")
    page.locator("#shared-group").select_option("mri")
    page.get_by_label("Word, as it is written").fill("Groupine")
    page.get_by_role("button", name="Add the word").click()
    expect(page.get_by_test_id("own-words").get_by_role("listitem")).to_contain_text("Groupine")
    assert Axe().run(page).violations_count == 0
    page.get_by_role("button", name="Revoke: script").click()
    expect(page.get_by_test_id("keys").get_by_role("listitem")).to_have_count(0)
    page.get_by_role("button", name="Remove: eve").click()
    expect(users.get_by_role("row")).to_have_count(3)
    expect(page.get_by_test_id("log")).to_contain_text("user removed")
