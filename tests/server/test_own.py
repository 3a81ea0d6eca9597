"""Own words, templates, macros, settings and corrections, kept on the page."""

import asyncio
import json

import httpx
import pytest

from assistant.storage.database import FILE
from tests.server.conftest import PATIENCE_S, loud
from tests.server.test_wrong_user import ByName, as_user

HEART = {"name": "quiet heart", "text": "The heart is quiet.", "section": "Findings"}
KNEE = {
    "name": "My knee",
    "sections": [
        {"title": "Findings", "text": "{quiet heart} [side: left | right]"},
        {"title": "Impression"},
    ],
}


def http_of(server, user="ann"):
    return httpx.AsyncClient(base_url=server.http, timeout=PATIENCE_S, trust_env=False, headers=as_user(user))


@pytest.fixture
async def server(start_server, tmp_path):
    return await start_server(identifier=ByName(), store=tmp_path / "store", final_limit_s=600)


async def report_of(client):
    return (await client.until("assistant.document.changed"))["sections"][-1]["runs"]


async def test_an_own_word_is_expected_and_what_it_sounds_like_is_written_as_it_in_doubt(server):
    server.model.texts = {3: "She takes sigh von dra daily."}
    client, _ = await server.session(additional_headers=as_user("ann"))
    other, _ = await server.session(additional_headers=as_user("bob"))
    async with http_of(server) as http:
        word = {"written": "Zyvondra", "sounds_like": ["Sigh von-dra", "sigh von dra"]}
        answer = await http.post("/v1/own/words", json=word)
        assert answer.status_code == 201, answer.text
        kept = answer.json()
        await client.append(loud(0.3))
        done = await client.until("conversation.item.input_audio_transcription.completed")
        assert (
            done["transcript"] == "She takes sigh von dra daily. Zyvondra"
        )  # the model says what it expects
        runs = await report_of(client)
        (doubt,) = [run for run in runs if run["doubt"]]
        assert (doubt["text"], doubt["doubt"]["reason"]) == ("Zyvondra", "own_word")
        assert doubt["doubt"]["offer"] == "sigh von dra"
        await other.append(loud(0.3))
        await other.until("conversation.item.input_audio_transcription.completed")
        assert [run["text"] for run in await report_of(other)] == ["She takes sigh von dra daily."]
        tried = (await http.post("/v1/own/try", json={"heard": "zivondra today"})).json()
        assert tried["text"] == "Zyvondra today"
        assert [each["offer"].lower() for each in tried["doubts"]] == ["zivondra"]
        changed = {"written": "Zyvondra", "sounds_like": []}
        assert (await http.put(f"/v1/own/words/{kept['id']}", json=changed)).status_code == 200
        async with http_of(server, "bob") as bob:
            answer = await bob.put(f"/v1/own/words/{kept['id']}", json={"written": "Other"})
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "thing_unknown")
        assert (await http.get("/v1/own")).json()["words"] == [{"id": kept["id"], "of": "", **changed}]
        assert (await http.delete(f"/v1/own/words/{kept['id']}")).status_code == 204
        assert (await http.delete(f"/v1/own/words/{kept['id']}")).json()["error"]["code"] == "thing_unknown"
        await client.append(loud(0.3))
        done = await client.until("conversation.item.input_audio_transcription.completed")
        assert done["transcript"] == "She takes sigh von dra daily."


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("words", {"written": "left"}, "word_is_opposed"),
        ("words", {"written": "Zyvondra", "sounds_like": ["metoprolol"]}, "sound_is_a_word"),
        ("words", {"written": 5}, "parameter_invalid"),
        ("words", {"written": "x", "more": 1}, "parameter_unknown"),
        ("words", {"written": "Known"}, "name_taken"),
        ("macros", {"name": "!!!", "text": "x"}, "macro_invalid"),
        ("macros", {"name": "one", "text": "{none}"}, "macro_invalid"),
        ("macros", {"name": "one", "text": "{one}"}, "macro_invalid"),
        ("templates", {"name": "one", "sections": []}, "template_invalid"),
        ("templates", {"name": "one", "sections": [{"title": " "}]}, "template_invalid"),
        ("templates", {"name": "one", "sections": [{"title": "A"}, {"title": "a"}]}, "template_invalid"),
        ("templates", {"name": "one", "sections": [{"title": "A", "text": "{none}"}]}, "template_invalid"),
        ("drugs", {}, "kind_unknown"),
        ("corrections", {}, "kind_unknown"),
    ],
)
async def test_what_cannot_be_kept_is_refused(server, kind, body, code):
    async with http_of(server) as http:
        await http.post("/v1/own/words", json={"written": "known"})
        answer = await http.post(f"/v1/own/{kind}", json=body)
        assert answer.json()["error"]["code"] == code
        assert answer.status_code == {"name_taken": 409, "kind_unknown": 404}.get(code, 400)


async def test_a_faulty_template_is_refused_with_the_words_of_a_faulty_file(server, tmp_path):
    from assistant.components.personal import PersonalFiles

    body = {"name": "one", "sections": [{"title": "A", "text": "{none}"}]}
    (tmp_path / "one.yaml").write_text(json.dumps(body))
    (problem,) = PersonalFiles(tmp_path).current.library.problems
    async with http_of(server) as http:
        answer = await http.post("/v1/own/templates", json=body)
        assert answer.json()["error"]["message"] == problem.message


async def test_own_templates_and_macros_are_used_at_once_and_only_by_their_user(server):
    client, _ = await server.session(additional_headers=as_user("ann"))
    other, _ = await server.session(additional_headers=as_user("bob"))
    async with http_of(server) as http:
        for kind, body in (("macros", HEART), ("templates", KNEE)):
            assert (await http.post(f"/v1/own/{kind}", json=body)).status_code == 201
        while "My knee" not in (told := await client.until("assistant.library"))["templates"]:
            pass
        assert "quiet heart" in told["macros"]
        await client.send("assistant.document.command", command="new_report", name="My knee")
        while not (sections := (await client.until("assistant.document.changed"))["sections"])[0]["title"]:
            pass
        text = "".join(run["text"] for run in sections[0]["runs"])
        assert text == "The heart is quiet. [side]"
        await other.send("assistant.document.command", command="new_report", name="My knee")
        assert await other.code() == "template_unknown"
        (listed,) = (await http.get("/v1/own")).json()["templates"]
        assert listed["sections"] == [KNEE["sections"][0], {"title": "Impression", "text": ""}]


async def test_what_is_shared_or_of_a_group_is_there_for_those_it_is_for(server):
    from dataclasses import replace

    identify = ByName.identify

    class InGroups(ByName):
        async def identify(self, scope):
            found = await identify(self, scope)
            return replace(found, groups=frozenset({"radiology"})) if found.name == "ann" else found

    server.app.state.identifier.__class__ = InGroups
    async with http_of(server, "root") as root, http_of(server) as ann, http_of(server, "bob") as bob:
        assert (await root.post("/v1/shared/words", json={"written": "Sharedine"})).status_code == 201
        grouped = await root.post("/v1/shared/words?group=radiology", json={"written": "Groupine"})
        assert grouped.status_code == 201
        assert [each["written"] for each in (await ann.get("/v1/own")).json()["words"]] == [
            "Sharedine",
            "Groupine",
        ]
        assert [each["written"] for each in (await bob.get("/v1/own")).json()["words"]] == ["Sharedine"]
        thing_id = grouped.json()["id"]
        for address in (f"/v1/own/words/{thing_id}", f"/v1/shared/words/{thing_id}"):
            assert (await ann.delete(address)).json()["error"]["code"] == "thing_unknown"
        assert (await root.delete(f"/v1/shared/words/{thing_id}?group=radiology")).status_code == 204


async def test_a_corrected_word_is_offered_once_and_kept_only_on_request(server):
    server.model.texts = {3: "She takes levo xylothin daily."}
    client, _ = await server.session(additional_headers=as_user("ann"))

    async def correct():
        await client.append(loud(0.3))
        done = await client.until("conversation.item.input_audio_transcription.completed")
        await report_of(client)
        edited = "She takes levoxylothin daily."
        await client.send("assistant.item.edit", item_id=done["item_id"], text=edited)
        await client.until("assistant.item.edited")
        await client.send("conversation.item.retrieve", item_id="none")
        await client.until("error")

    async with http_of(server) as http:
        await correct()
        (offered,) = client.of("assistant.word.offered")
        assert (offered["word"], offered["sounds_like"]) == ("levoxylothin", ["levo xylothin"])
        assert (await http.get("/v1/own")).json()["corrections"] == []
        settings = {"keep_corrections": True, "page": {"theme": "dark"}}
        assert (await http.put("/v1/own/settings", json=settings)).status_code == 204
        await correct()
        assert len(client.of("assistant.word.offered")) == 1
        async with asyncio.timeout(PATIENCE_S):
            while not (has := (await http.get("/v1/own")).json())["corrections"]:  # noqa: ASYNC110 - kept soon
                await asyncio.sleep(0.01)
        assert has["settings"] == settings
        (kept,) = has["corrections"]
        assert (kept["heard"], kept["written"]) == ("levo xylothin", "levoxylothin")
        async with http_of(server, "bob") as bob:
            assert (await bob.get("/v1/own")).json()["corrections"] == []
            await bob.delete(f"/v1/own/corrections/{kept['id']}")
        assert (await http.delete(f"/v1/own/corrections/{kept['id']}")).status_code == 204
        await correct()
        await http.put("/v1/own/settings", json={"keep_corrections": False})
        assert (await http.get("/v1/own")).json()["corrections"] == []


async def test_they_last_over_a_restart_and_without_a_store_until_the_server_stops(start_server, tmp_path):
    for store, lasts in ((tmp_path, True), (None, False)):
        server = await start_server(store=store, final_limit_s=600)
        async with httpx.AsyncClient(base_url=server.http, timeout=PATIENCE_S, trust_env=False) as http:
            await http.post("/v1/own/words", json={"written": "Zyvondra"})
            has = (await http.get("/v1/own")).json()
            assert (len(has["words"]), has["lasts"]) == (1, lasts)
        await server.stop()
        server = await start_server(store=store, final_limit_s=600)
        async with httpx.AsyncClient(base_url=server.http, timeout=PATIENCE_S, trust_env=False) as http:
            assert len((await http.get("/v1/own")).json()["words"]) == int(lasts)
        await server.stop()
    assert (tmp_path / FILE).is_file()
