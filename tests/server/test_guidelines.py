"""From the guideline folder to a cited answer whose passages open at their place."""

import shutil
from pathlib import Path

import httpx
import pytest

from assistant.engines.scripted import ScriptedEngine
from assistant.guidelines.library import Library

GUIDELINES = Path(__file__).resolve().parents[1] / "data" / "guidelines"


@pytest.fixture
def library(tmp_path):
    shutil.copytree(GUIDELINES, tmp_path / "guidelines")
    library = Library(tmp_path / "guidelines")
    library.refresh()
    return library


async def ask(client, text):
    await client.send(
        "conversation.item.create",
        item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]},
    )
    await client.send("response.create")
    return await client.until("assistant.response.sources")


@pytest.fixture
async def started(start_server, library):
    return await start_server(engine=ScriptedEngine(), guidelines_library=library, token="secret")


async def test_an_answer_names_its_passages_and_each_opens_at_its_place(started):
    started.engine.script("vasopressin", ["Above 0.25 micrograms/kg/min ", "[1]."])
    client, _ = await started.session(additional_headers={"Authorization": "Bearer secret"})
    told = await ask(client, "When do I add vasopressin in sepsis?")
    first = told["sources"][0]
    assert (first["file"], first["place"]) == ("sepsis.pdf", "page 2, 4 Vasopressors")
    assert (await client.until("response.done"))["cited"] == [1]
    assert started.engine.questions[0].sources[0].text == first["text"]
    async with httpx.AsyncClient(base_url=started.http, headers={"Authorization": "Bearer secret"}) as web:
        page = await web.get(first["url"])
        assert page.status_code == 200
        assert "vasopressin" in page.text
        assert page.headers["cache-control"] == "private, no-store"
        picture = await web.get(f"{first['url']}/page.png")
        assert picture.content.startswith(b"\x89PNG")
        assert (await web.get("/v1/guidelines/unknown")).status_code == 404


async def test_a_text_passage_is_marked_and_markup_in_it_is_text(started, library):
    client, _ = await started.session(additional_headers={"Authorization": "Bearer secret"})
    folder = library._folder
    (folder / "gout.md").write_text("# Gout\n\nColchicine <script>alert(1)</script> twice daily.")
    library.refresh()
    told = await ask(client, "Colchicine in gout?")
    async with httpx.AsyncClient(base_url=started.http, headers={"Authorization": "Bearer secret"}) as web:
        page = (await web.get(told["sources"][0]["url"])).text
    assert "<script>" not in page
    assert '<mark id="passage" tabindex="-1">Colchicine &lt;script&gt;' in page


async def test_what_the_folder_does_not_hold_is_not_answered(started):
    client, _ = await started.session(additional_headers={"Authorization": "Bearer secret"})
    told = await ask(client, "How do I treat scabies?")
    assert (told["sources"], told["answered"]) == ([], False)
    done = await client.until("response.output_text.done")
    assert "Nothing in the guideline folder" in done["text"]
    assert started.engine.questions == []


async def test_passages_are_behind_the_gate(started, library):
    (passage, *_) = library.search("vasopressin in sepsis", 1)
    async with httpx.AsyncClient(base_url=started.http) as web:
        assert (await web.get(f"/v1/guidelines/{passage.id}")).status_code == 401
