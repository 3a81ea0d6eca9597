"""A first minute without a medical model, and connecting one on the page."""

import asyncio
import threading
from contextlib import AsyncExitStack

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from assistant.engines import local_servers
from assistant.engines.stand_in import StandIn
from assistant.server import models as server_models
from tests.e2e.conftest import ServerThread
from tests.engines import model_server

pytestmark = [pytest.mark.e2e, pytest.mark.models]


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setattr(local_servers, "PORTS", {})
    thread = ServerThread(StandIn("No model server was found on this machine."))
    thread.start()
    yield thread
    thread.stop()


@pytest.fixture
def elsewhere():
    """``elsewhere(context manager)`` enters it in a loop of its own, as another program would run."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    stack = AsyncExitStack()
    run = lambda work: asyncio.run_coroutine_threadsafe(work, loop).result(30)  # noqa: E731
    yield lambda manager: run(stack.enter_async_context(manager))
    run(stack.aclose())
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def ask(page, text):
    page.fill("[data-testid=question-text]", text)
    page.click("#ask")
    return page.locator(".card").last


def test_without_a_model_the_page_says_so_declines_and_offers_the_ways(open_page):
    page = open_page()
    notice = page.get_by_test_id("stand-in")
    expect(notice).to_contain_text("No medical model is connected")
    expect(page.locator("#status-recogniser")).to_have_text("Clinical dictation (beta): check drug names")
    card = ask(page, "Is there a pneumothorax on this image?")
    expect(card).to_contain_text("so this was not answered")
    expect(card).to_contain_text("no model was asked")
    expect(card.get_by_test_id("insert-answer")).to_be_hidden()
    page.locator("#report [data-section=text]").click()
    page.keyboard.type("Nodule of 5*3*2 mm, _left_. Stable.")
    expect(page.locator("#undo")).to_be_enabled()
    card = ask(page, "Summarise the report")
    expect(card).to_contain_text("“Nodule of 5*3*2 mm, _left_. Stable.”")
    expect(card.get_by_test_id("insert-answer")).to_be_hidden()
    page.get_by_test_id("connect").click()
    dialog = page.get_by_test_id("models")
    expect(dialog).to_contain_text("no model server was found on this machine")
    expect(dialog.locator("[data-bundle=medgemma]")).to_contain_text("3.3 GB")
    expect(dialog.locator("[data-bundle=medgemma] button")).to_be_disabled()
    assert Axe().run(page).response["violations"] == []
    dialog.locator("[data-bundle=medgemma] input").check()
    expect(dialog.locator("[data-bundle=medgemma] button")).to_be_enabled()


def test_a_server_found_on_this_machine_answers_after_one_click(server, open_page, elsewhere, monkeypatch):
    answering = elsewhere(model_server.running())
    answering.body = [model_server.chunk("No pneumothorax is seen."), *model_server.END]
    port = int(answering.root.rpartition(":")[2])

    async def find(**_):
        return (local_servers.LocalServer("ollama", port, "lists", ("llama3:8b", "medgemma1.5:4b")),)

    monkeypatch.setattr(server_models, "find", find)
    page = open_page()
    page.get_by_test_id("models-open").click()
    dialog = page.get_by_test_id("models")
    expect(dialog.locator("#models-offers li").first).to_contain_text("medgemma1.5:4b")
    expect(dialog.locator("#models-offers li").last).to_contain_text("not made for medical questions")
    dialog.get_by_role("button", name="Use medgemma1.5:4b").click()
    expect(dialog.locator("#models-said")).to_have_text("medgemma1.5:4b answers from now on.")
    expect(dialog.locator("#models-offers li").first).to_contain_text("In use")
    dialog.get_by_role("button", name="Close").click()
    expect(page.get_by_test_id("stand-in")).to_be_hidden()
    card = ask(page, "Is there a pneumothorax?")
    expect(card).to_contain_text("No pneumothorax is seen.")
    expect(card.get_by_test_id("insert-answer")).to_be_visible()
