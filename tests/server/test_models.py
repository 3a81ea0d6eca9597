"""Looking at, using and downloading models from the page, against real local servers and a hub's layout."""

import asyncio
import time
from contextlib import AsyncExitStack

import httpx
import pytest
import yaml

from assistant import installation
from assistant.engines import local_servers
from assistant.engines.scripted import ScriptedEngine
from assistant.engines.stand_in import DECLINED, StandIn
from assistant.errors import Missing
from assistant.server import models as server_models
from assistant.weights import verification
from tests.engines import local_layouts as layouts
from tests.engines import model_server
from tests.weights.hub_layout import hub_of
from tests.weights.test_hub_layout import BASE, CONFIG, TERMS, TEXT, TOWER, define, git_blob
from tests.weights.toy import sha256

PATIENCE_S = 60
EVIL = {"Origin": "https://evil.example"}


class Page:
    """The page's part: a session, and requests with its token."""

    def __init__(self, server, client, session, web):
        self.server, self.client, self.session, self.web = server, client, session, web
        self.path = f"/v1/sessions/{session['id']}/models"

    async def look(self):
        response = await self.web.get(self.path)
        assert response.status_code == 200, response.text
        return response.json()

    async def post(self, what, **fields):
        return await self.web.post(f"{self.path}/{what}", json=fields)

    async def code(self, what, **fields):
        response = await self.post(what, **fields)
        assert response.status_code >= 400, response.text
        return response.json()["error"]["code"]

    async def until_download(self, phase):
        async with asyncio.timeout(PATIENCE_S):
            while True:
                state = await self.look()
                if state["download"]["phase"] == phase:
                    return state
                await asyncio.sleep(0.05)


@pytest.fixture
def manifests(tmp_path, monkeypatch):
    """The two manifests that the page offers, of small files."""
    folder = tmp_path / "manifests"
    folder.mkdir()
    monkeypatch.setattr(installation, "manifests", lambda: folder)
    files = [
        {"path": "config.json", "size": 1000, "git_blob": git_blob(CONFIG)},
        {"path": "medgemma-Q4_K_M.gguf", "size": len(TEXT), "sha256": sha256(TEXT)},
        {"path": "mmproj-F16.gguf", "size": len(TOWER), "sha256": sha256(TOWER)},
    ]
    define(folder, files)
    source = {"kind": "https", "home": "https://example.org", "url": "https://example.org/a.tar.bz2"}
    medasr = {"name": "medasr", "kind": "asr", "purpose": "Hears", "licence": "HAI-DEF", "terms": TERMS}
    files = [{"path": "model.int8.onnx", "size": 10}]
    (folder / "medasr.yaml").write_text(yaml.safe_dump({**medasr, "source": source, "files": files}))
    return folder


@pytest.fixture
async def open_page(start_server, manifests, tmp_path, monkeypatch):
    """``await open_page(engine=…, ports=…, **settings)``"""
    async with AsyncExitStack() as stack:

        async def start(engine=None, ports=None, token=None, **settings):
            monkeypatch.setattr(local_servers, "PORTS", ports or {})
            server = await start_server(
                engine=engine or StandIn(), token=token, models_dir=tmp_path / "models", **settings
            )
            bearer = {"Authorization": f"Bearer {token}"} if token else {}
            client, created = await server.session(additional_headers=bearer)
            session = created["session"]
            headers = {"X-Session-Token": session["resume_token"], **bearer}
            web = await stack.enter_async_context(httpx.AsyncClient(base_url=server.http, headers=headers))
            return Page(server, client, session, web)

        yield start


async def ask(client, text):
    item = {"role": "user", "content": [{"type": "input_text", "text": text}]}
    await client.send("conversation.item.create", item=item)
    await client.send("response.create")
    return await client.until("response.created")


async def answer_of(client, text):
    created = await ask(client, text)
    done = await client.until("response.done")
    return created["engine"]["name"], done["response"]["output"][0]["content"][0]["text"]


@pytest.fixture
async def medgemma():
    """A server that lists two models and answers."""
    async with model_server.running() as answering:
        port = int(answering.root.rpartition(":")[2])
        yield answering, port


def offers_of(*choices):
    """Make ``find`` see these servers, however they list."""

    async def find(**_):
        return choices

    return find


async def test_it_says_what_hears_answers_and_sees_where_and_under_which_licence(open_page):
    page = await open_page()
    state = await page.look()
    assert state["may_change"] is True
    assert state["hears"] == {"name": "loudness", "where": "in this program", "licence": "See its own card"}
    assert state["answers"]["declines"] and not state["answers"]["sees_images"]
    assert state["answers"]["where"] == "in this program"
    assert state["offers"] == []
    assert "no model server was found" in state["none_because"]
    medgemma, medasr = state["bundles"]
    assert (medgemma["name"], medgemma["here"], medgemma["accepted"]) == ("medgemma", False, False)
    assert medgemma["terms"]["url"] == "https://example.org/terms"
    assert medgemma["size"] == 1000 + len(TEXT) + len(TOWER)
    assert medasr["name"] == "medasr"


async def test_servers_are_offered_by_name_medgemma_first_and_those_with_a_key_are_told(open_page):
    async with AsyncExitStack() as stack:
        ports = {}
        for program, body in (
            ("ollama", layouts.lists("ollama", "llama3:8b", "medgemma1.5:4b")),
            ("vllm", layouts.says("401 Unauthorized", b"")),
            ("llama.cpp", layouts.hangs),
            ("lm-studio", layouts.lists("lm-studio", "medgemma-4b-it")),
        ):
            ports[program], _ = await stack.enter_async_context(layouts.serving(body))
        page = await open_page(ports=ports)
        state = await page.look()
        shown = [(offer["title"], offer["where"], offer["medgemma"]) for offer in state["offers"]]
        assert shown == [
            ("medgemma1.5:4b", f"Ollama, port {ports['ollama']}", True),
            ("medgemma-4b-it", f"LM Studio, port {ports['lm-studio']}", True),
            ("llama3:8b", f"Ollama, port {ports['ollama']}", False),
        ]
        assert state["locked"] == [f"port {ports['vllm']} (vLLM)"]
        ids = [offer["id"] for offer in state["offers"]]
        assert [offer["id"] for offer in (await page.look())["offers"]] == ids, "an id stays"


async def offered(page, monkeypatch, port, model="medgemma1.5:4b"):
    server = local_servers.LocalServer("ollama", port, "lists", (model,))
    monkeypatch.setattr(server_models, "find", offers_of(server))
    return (await page.look())["offers"][0]["id"]


async def test_a_server_is_used_in_all_sessions_without_a_restart(open_page, medgemma, monkeypatch):
    answering, port = medgemma
    page = await open_page()
    other, _ = await page.server.session()
    assert (await answer_of(page.client, "Dose?"))[1] == DECLINED
    offer = await offered(page, monkeypatch, port)
    state = (await page.post("use", id=offer)).json()
    assert state["answers"]["name"] == "medgemma1.5:4b"
    assert state["answers"]["where"] == "on this machine"
    assert state["offers"][0]["in_use"] is True
    for client in (page.client, other):
        updated = await client.until("session.updated")
        assert updated["session"]["engine"]["name"] == "medgemma1.5:4b"
        assert not updated["session"]["engine"]["stand_in"]
        assert updated["session"]["engine"]["why"] == "Chosen on the page."
    answering.body = [model_server.chunk("Twice daily."), *model_server.END]
    assert await answer_of(page.client, "Dose?") == ("medgemma1.5:4b", "Twice daily.")
    assert answering.requests[-1][1]["model"] == "medgemma1.5:4b"
    _, created = await page.server.session()
    assert created["session"]["engine"]["name"] == "medgemma1.5:4b"


async def test_the_token_is_neither_stored_nor_replayed_when_the_engine_changes(
    open_page, medgemma, monkeypatch, tmp_path
):
    _, port = medgemma
    page = await open_page(store=tmp_path / "store")
    await answer_of(page.client, "Dose?")
    await page.post("use", id=await offered(page, monkeypatch, port))
    await page.client.until("session.updated")
    token = page.session["resume_token"]
    client, _ = await page.server.session(resume=token, after=0)
    replayed = await client.until("session.updated")
    assert replayed["session"]["engine"]["name"] == "medgemma1.5:4b"
    assert token not in str(replayed)
    await page.server.stop()
    files = [file for file in (tmp_path / "store").rglob("*") if file.is_file()]
    assert any(b"medgemma1.5:4b" in file.read_bytes() for file in files)
    assert not any(token.encode() in file.read_bytes() for file in files)


class Closing(ScriptedEngine):
    """Tells when it was closed."""

    def __init__(self):
        super().__init__()
        self.closed = asyncio.Event()

    async def close(self):
        self.closed.set()


async def test_a_running_answer_ends_on_the_engine_that_began_it(open_page, medgemma, monkeypatch):
    _, port = medgemma
    old, gate = Closing(), asyncio.Semaphore(1)
    old.script("slow", ["one ", "two"], gate=gate)
    page = await open_page(engine=old)
    await ask(page.client, "slow")
    await page.client.until("response.output_text.delta")
    response = await page.post("use", id=await offered(page, monkeypatch, port))
    assert response.status_code == 200
    assert not old.closed.is_set()
    gate.release()
    done = await page.client.until("response.done")
    assert done["response"]["status"] == "completed"
    assert done["response"]["output"][0]["content"][0]["text"] == "one two"
    await asyncio.wait_for(old.closed.wait(), PATIENCE_S)


async def test_an_answer_that_does_not_end_is_stopped_and_says_so(open_page, medgemma, monkeypatch):
    _, port = medgemma
    monkeypatch.setattr(server_models, "DRAIN_S", 0.1)
    old = Closing()
    old.script("slow", ["one ", "two"], gate=asyncio.Semaphore(1))
    page = await open_page(engine=old)
    await ask(page.client, "slow")
    await page.client.until("response.output_text.delta")
    await page.post("use", id=await offered(page, monkeypatch, port))
    done = await page.client.until("response.done")
    assert done["response"]["status"] == "cancelled"
    await asyncio.wait_for(old.closed.wait(), PATIENCE_S)


async def test_one_change_at_a_time_and_a_failed_one_changes_nothing(open_page, monkeypatch):
    page = await open_page()
    before = page.server.components.engine
    offer = await offered(page, monkeypatch, 11434)
    loading = asyncio.Event()

    class Slow(Closing):
        async def load(self):
            await loading.wait()
            raise Missing("No memory.", code="engine_load_failed")

    slow = Slow()
    monkeypatch.setattr(server_models, "open_choice", lambda *_: slow)
    first = asyncio.create_task(page.post("use", id=offer))
    await asyncio.sleep(0.2)
    assert await page.code("use", id=offer) == "change_running"
    loading.set()
    assert (await first).json()["error"]["code"] == "engine_load_failed"
    assert slow.closed.is_set()
    assert page.server.components.engine is before
    assert (await answer_of(page.client, "Dose?"))[1] == DECLINED


@pytest.mark.parametrize(
    "given", ["", "x", "http://169.254.169.254/latest", "http://127.0.0.1:11434/v1", "../../etc/passwd"]
)
async def test_only_what_was_offered_is_used(open_page, monkeypatch, given):
    page = await open_page()
    await offered(page, monkeypatch, 11434)
    before = page.server.components.engine
    assert await page.code("use", id=given, url=given, base_url=given) == "offer_unknown"
    assert page.server.components.engine is before


async def test_bad_requests_and_strangers_change_nothing(open_page, monkeypatch):
    page = await open_page()
    offer = await offered(page, monkeypatch, 11434)
    for body in (b"[1]", b"{", b'"x"', b"\xff", b"[" * 990):
        response = await page.web.post(f"{page.path}/use", content=body)
        assert response.json()["error"]["code"] == "request_invalid"
    assert (await page.web.post(f"{page.path}/use", content=b" " * 2000)).status_code == 400
    for headers in ({"X-Session-Token": "wrong"}, {"X-Session-Token": ""}):
        for method, path in (("GET", page.path), ("POST", f"{page.path}/use"), ("POST", f"{page.path}/pull")):
            response = await page.web.request(method, path, headers=headers, json={"id": offer})
            assert response.status_code == 404
    evil = await page.web.post(
        f"{page.path}/use", headers={"Origin": "https://evil.example"}, json={"id": offer}
    )
    assert evil.status_code == 403
    assert isinstance(page.server.components.engine.engine, StandIn)


async def test_a_shared_server_is_changed_from_the_page_only_where_that_was_allowed(open_page, monkeypatch):
    for host in ("0.0.0.0", "127.0.0.1"):  # with a token, not everyone who reaches it runs it
        page = await open_page(host=host, token="secret")
        state = await page.look()
        assert state["may_change"] is False
        for what in ("use", "pull", "stop"):
            response = await page.post(what, id="x", name="medgemma")
            assert response.status_code == 403
            assert response.json()["error"]["code"] == "models_locked"
    page = await open_page(host="0.0.0.0", token="secret", models_from_page=True)
    assert (await page.look())["may_change"] is True
    assert await page.code("use", id="x") == "offer_unknown"


@pytest.fixture
def hub(monkeypatch):
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with hub_of() as hub:
        hub.small[f"{BASE}/config.json"] = CONFIG
        hub.large[f"{BASE}/medgemma-Q4_K_M.gguf"] = TEXT
        hub.large[f"{BASE}/mmproj-F16.gguf"] = TOWER
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


async def test_medgemma_is_downloaded_after_its_terms_and_then_offered(open_page, hub, monkeypatch, pcm):
    page = await open_page()
    assert await page.code("pull", name="medgemma") == "terms_not_accepted"
    assert await page.code("pull", name="medgemma", accept_terms="yes") == "terms_not_accepted"
    assert await page.code("pull", name="silero-vad", accept_terms=True) == "model_unknown"
    assert await page.code("pull", name="../medgemma", accept_terms=True) == "model_unknown"
    assert hub.asked == []
    assert (await page.post("pull", name="medgemma", accept_terms=True)).status_code == 200
    state = await page.until_download("done")
    assert state["download"]["done"] == state["download"]["total"]
    assert state["bundles"][0]["here"] is True
    (offer,) = state["offers"]
    assert (offer["title"], offer["where"]) == ("MedGemma 1.5 4B", "in this program")
    loaded = ScriptedEngine()
    monkeypatch.setattr(server_models, "open_choice", lambda *_: loaded)
    await page.client.append(pcm(0.3))
    await page.client.until("conversation.item.input_audio_transcription.completed")
    assert await page.code("use", id=offer["id"]) == "microphone_on"
    await page.client.send("input_audio_buffer.commit")
    for _ in range(100):  # until the server has taken the commit
        if (await page.post("use", id=offer["id"])).status_code == 200:
            break
        await asyncio.sleep(0.05)
    assert page.server.components.engine.engine is loaded


async def downloaded(page):
    await page.post("pull", name="medgemma", accept_terms=True)
    return await page.until_download("done")


async def test_a_damaged_model_is_read_once_and_not_at_each_look(open_page, hub, monkeypatch, tmp_path):
    page = await open_page()
    await downloaded(page)
    (file,) = (tmp_path / "models" / "medgemma").glob("medgemma-*.gguf")
    good, read = file.read_bytes(), []
    file.write_bytes(bytes(len(good)))
    real = verification.sha256_of
    monkeypatch.setattr(verification, "sha256_of", lambda path: [read.append(path.name), real(path)][1])
    for _ in range(3):
        assert (await page.look())["bundles"][0]["here"] is False
    assert read.count(file.name) == 1
    file.write_bytes(good)
    assert (await page.look())["bundles"][0]["here"] is True


async def test_no_microphone_starts_while_a_model_is_loaded_into_the_program(open_page, hub, monkeypatch):
    page = await open_page()
    (offer,) = (await downloaded(page))["offers"]
    loading, go_on = asyncio.Event(), asyncio.Event()

    class Slow(ScriptedEngine):
        async def load(self):
            loading.set()
            await go_on.wait()

    monkeypatch.setattr(server_models, "open_choice", lambda *_: Slow())
    using = asyncio.create_task(page.post("use", id=offer["id"]))
    await asyncio.wait_for(loading.wait(), PATIENCE_S)
    await page.client.send("assistant.webrtc.offer", sdp="v=0")
    assert await page.client.code() == "model_loading"
    go_on.set()
    assert (await using).status_code == 200
    await page.client.send("assistant.webrtc.offer", sdp="v=0")
    assert await page.client.code() != "model_loading"


async def test_a_download_is_stopped_and_goes_on_and_a_second_one_waits(open_page, hub, monkeypatch):
    page = await open_page()
    started = asyncio.Event()
    loop = asyncio.get_running_loop()
    real = server_models.weights.pull

    def slow(bundle, directory, progress):
        def step(*told):
            loop.call_soon_threadsafe(started.set)
            time.sleep(0.05)
            progress(*told)

        return real(bundle, directory, step)

    monkeypatch.setattr(server_models.weights, "pull", slow)
    await page.post("pull", name="medgemma", accept_terms=True)
    await asyncio.wait_for(started.wait(), PATIENCE_S)
    assert await page.code("pull", name="medgemma") == "download_running"
    await page.post("stop")
    state = await page.until_download("stopped")
    assert state["bundles"][0]["begun"] and not state["bundles"][0]["here"]
    monkeypatch.setattr(server_models.weights, "pull", real)
    await page.post("pull", name="medgemma")
    assert (await page.until_download("done"))["bundles"][0]["here"]


async def test_a_download_that_fails_says_what_to_do(open_page, hub):
    hub.gate = "no_token"
    page = await open_page()
    await page.post("pull", name="medgemma", accept_terms=True)
    download = (await page.until_download("failed"))["download"]
    assert download["code"] == "model_gated"
    assert "Accept its licence" in download["message"]


async def test_an_answer_over_http_that_runs_ends_on_the_engine_that_began_it(
    open_page, medgemma, monkeypatch
):
    _, port = medgemma
    old, gate = Closing(), asyncio.Semaphore(1)
    old.script("slow", ["one ", "two"], gate=gate)
    page = await open_page(engine=old)
    asked = {"model": "scripted", "messages": [{"role": "user", "content": "slow"}]}
    running = asyncio.create_task(page.web.post("/v1/chat/completions", json=asked))
    async with asyncio.timeout(PATIENCE_S):
        while not old.running:  # noqa: ASYNC110 (the engine has no event for it)
            await asyncio.sleep(0.01)
    assert (await page.post("use", id=await offered(page, monkeypatch, port))).status_code == 200
    await asyncio.sleep(0.1)
    assert not old.closed.is_set()
    gate.release()
    said = (await running).json()["choices"][0]["message"]["content"]
    assert said.startswith("one two\n"), "and the engine's notice behind it"
    await asyncio.wait_for(old.closed.wait(), PATIENCE_S)


async def test_this_program_is_not_taken_for_a_model_server(open_page):
    page = await open_page()
    found = await local_servers.find(ports={"llama.cpp": page.server.port})
    assert found == ()
