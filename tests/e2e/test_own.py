"""Own words, templates and macros on the page, by keyboard; the page's session is a scripted socket."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.test_scripted_socket import SOCKET, Socket

pytestmark = [pytest.mark.e2e, pytest.mark.models]


def test_words_templates_and_macros_are_added_tried_edited_and_deleted(open_page):
    page = open_page(init=SOCKET)
    page.on("dialog", lambda asked: asked.accept())
    socket = Socket(page)
    socket.connects()
    socket.opens("sess_one")
    socket.says("assistant.word.offered", word="levoxylothin", sounds_like=["levo xylothin"])
    offer = page.get_by_test_id("word-offer")
    expect(offer).to_contain_text("Add “levoxylothin” to your words?")
    assert Axe().run(page).violations_count == 0
    offer.get_by_role("button", name="Add").click()
    expect(offer).to_be_hidden()

    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="Edit my words, templates and macros").click()
    dialog = page.get_by_test_id("own")
    words = page.get_by_test_id("own-words")
    expect(words.get_by_role("listitem")).to_have_text("levoxylothin sounds like levo xylothinEditDelete")
    page.get_by_label("Word, as it is written").focus()
    page.keyboard.type("Zyvondra")
    page.keyboard.press("Tab")
    page.keyboard.type("metoprolol")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("own-words-said")).to_contain_text("“metoprolol” is a word of its own")
    page.get_by_label("Sounds like", exact=True).fill("sigh von dra")
    page.get_by_label("Word, as it is written").press("Enter")
    expect(page.get_by_test_id("own-words-said")).to_have_text("Added.")
    page.get_by_label("Try it: type what is heard").fill("take sigh von dra")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("own-tried").locator("mark")).to_have_text("Zyvondra")
    words.get_by_role("button", name="Edit: levoxylothin").click()
    page.get_by_label("Word, as it is written").fill("levoxylotin")
    words.get_by_role("button", name="Save").click()
    expect(words.get_by_role("button", name="Edit: levoxylotin")).to_be_visible()
    words.get_by_role("button", name="Delete: levoxylotin").click()
    expect(words.get_by_role("listitem")).to_have_count(1)

    page.get_by_label("Name of the macro").fill("quiet heart")
    page.get_by_label("Text of the macro").fill("The heart is {none}.")
    page.get_by_role("button", name="Add the macro").click()
    expect(page.get_by_test_id("own-macros-said")).to_contain_text("there is no such macro")
    page.get_by_label("Text of the macro").fill("The heart is [size].")
    page.get_by_role("button", name="Add the macro").click()
    expect(page.get_by_test_id("own-macros").get_by_role("listitem")).to_have_count(1)
    page.get_by_label("Name of the template").fill("My knee")
    page.get_by_label("Section", exact=True).fill("Findings")
    page.get_by_label("Text of the section").fill("{quiet heart}")
    page.get_by_role("button", name="Add a section").click()
    page.keyboard.type("Impression")
    page.get_by_role("button", name="Add the template").click()
    expect(page.get_by_test_id("own-templates").get_by_role("listitem")).to_contain_text(
        "Findings, Impression"
    )
    keeps = page.get_by_label("Keep a list of the words that I correct")
    keeps.check()
    assert Axe().run(page).violations_count == 0
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
