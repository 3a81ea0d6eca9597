"""The engine that ``--engine auto`` chooses."""

import logging
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import yaml

from assistant import installation, weights
from assistant.components import choosing
from assistant.components.choosing import FromBundle, FromServer, Nothing, choose, why_nothing
from assistant.components.opening import MEDGEMMA_BUNDLE, open_choice, open_engine
from assistant.config import Settings
from assistant.engines import local_servers
from assistant.engines.llamacpp import LlamaCppEngine
from assistant.engines.local_servers import LocalServer, Program
from assistant.engines.openai_compatible import OpenAICompatibleEngine
from assistant.engines.stand_in import StandIn
from assistant.errors import Missing
from tests.engines import local_layouts as layouts
from tests.weights.toy import sha256

FILES = {"medgemma-tiny.gguf": b"model", "mmproj-tiny.gguf": b"tower"}


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of MedGemma's files, of a manifest that names two small ones."""
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    monkeypatch.setattr(installation, "manifests", lambda: manifests)
    files = [{"path": path, "size": len(data), "sha256": sha256(data)} for path, data in FILES.items()]
    source = {"kind": "huggingface", "home": "h", "repository": "a/b", "revision": "c"}
    content = {"name": "medgemma", "kind": "llm", "purpose": "p", "licence": "l", "source": source}
    (manifests / "medgemma.yaml").write_text(yaml.safe_dump({**content, "files": files}))
    folder = tmp_path / "models" / "medgemma"
    folder.mkdir(parents=True)
    for path, data in FILES.items():
        (folder / path).write_bytes(data)
    return tmp_path / "models"


@pytest.fixture
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_servers, "PORTS", {})


async def test_the_downloaded_medgemma_comes_first_and_no_server_is_asked(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(**_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(choosing, "find_now", asked)
    engine = open_engine(Settings(models_dir=models))
    assert isinstance(engine, LlamaCppEngine)
    assert (engine._gguf, engine._mmproj) == (
        models / "medgemma/medgemma-tiny.gguf",
        models / "medgemma/mmproj-tiny.gguf",
    )
    assert engine.info.name == "medgemma-tiny"
    assert engine.info.sees_images
    assert not engine.info.stand_in
    assert engine.info.why == "MedGemma is downloaded here."
    await engine.close()


def test_files_that_are_not_right_are_said_and_not_passed_over(models: Path) -> None:
    (models / "medgemma" / "mmproj-tiny.gguf").write_bytes(b"other")
    with pytest.raises(Missing) as raised:
        open_engine(Settings(models_dir=models))
    assert raised.value.code == "model_hash_mismatch"


async def test_else_the_first_server_that_lists_a_medgemma(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with AsyncExitStack() as stack:
        ports: dict[Program, int] = {}
        bodies: list[tuple[Program, layouts.Body]] = [
            ("ollama", layouts.lists("ollama", "llama3:8b")),
            ("vllm", layouts.lists("vllm", "google/medgemma-1.5-4b-it")),
            ("llama.cpp", layouts.hangs),
            ("lm-studio", layouts.lists("lm-studio", "medgemma-4b-it")),
        ]
        for program, body in bodies:
            ports[program], _ = await stack.enter_async_context(layouts.serving(body))
        monkeypatch.setattr(local_servers, "PORTS", ports)
        engine = await _in_thread(Settings(models_dir=tmp_path))
    assert isinstance(engine, OpenAICompatibleEngine)
    assert engine._url == f"http://127.0.0.1:{ports['vllm']}/v1/chat/completions"
    assert engine.info.name == "google/medgemma-1.5-4b-it"
    assert engine.info.why == f"The server at port {ports['vllm']} (vLLM) lists medgemma-1.5-4b-it."
    assert engine.info.why in caplog.text
    await engine.close()


async def test_else_the_stand_in_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with (
        layouts.serving(layouts.lists("ollama", "dolphin-private-name")) as (other, _),
        layouts.serving(layouts.says("401 Unauthorized", b"")) as (locked, _),
    ):
        monkeypatch.setattr(local_servers, "PORTS", {"ollama": other, "vllm": locked})
        engine = await _in_thread(Settings(models_dir=tmp_path))
    assert isinstance(engine, StandIn)
    assert engine.info.why == (
        f"MedGemma is not downloaded here, no MedGemma is listed at port {other} (Ollama), and the server at "
        f"port {locked} (vLLM) wants a key (--engine openai, --engine-key-file)."
    )
    assert engine.info.why in caplog.text
    assert "dolphin" not in caplog.text + engine.info.why


async def _in_thread(settings: Settings) -> object:
    """As the server does: the loop that serves the lists here must go on."""
    import asyncio

    return await asyncio.to_thread(open_engine, settings)


@pytest.mark.usefixtures("nobody_listens")
def test_nobody_there_is_said(tmp_path: Path) -> None:
    choice = choose(MEDGEMMA_BUNDLE, tmp_path)
    assert choice == Nothing(
        "MedGemma is not downloaded here, and no model server was found on this machine."
    )


def test_its_own_port_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left_out: list[int] = []

    def find_now(without: tuple[int, ...]) -> tuple[LocalServer, ...]:
        left_out.extend(without)
        return ()

    monkeypatch.setattr(choosing, "find_now", find_now)
    open_engine(Settings(models_dir=tmp_path, port=8080))
    assert left_out == [8080]


@pytest.mark.usefixtures("nobody_listens")
def test_a_named_medgemma_that_is_not_here_comes_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(Missing) as raised:
        open_engine(Settings(models_dir=tmp_path, engine="medgemma"))
    assert raised.value.code == "model_missing"
    assert "pull medgemma" in raised.value.message


async def test_every_choice_opens(models: Path) -> None:
    server = LocalServer("ollama", 11434, "lists", ("medgemma:27b-text",))
    settings = Settings(models_dir=models)
    for choice, kind in (
        (FromBundle(weights.resolve("medgemma", models), "b"), LlamaCppEngine),
        (FromServer(server, "medgemma:27b-text", "s"), OpenAICompatibleEngine),
        (Nothing("n"), StandIn),
    ):
        engine = open_choice(choice, settings)
        assert isinstance(engine, kind)
        assert engine.info.why == choice.why
        assert engine.info.sees_images == isinstance(choice, FromBundle)
        await engine.close()


def test_the_reason_is_one_sentence() -> None:
    assert why_nothing(()).count(".") == 1
