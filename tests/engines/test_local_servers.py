"""Finding model servers on this machine: each real layout, and everything that may listen at such a port."""

import asyncio
import socket
from contextlib import AsyncExitStack

import pytest

from assistant.engines import local_servers
from assistant.engines.local_servers import (
    PORTS,
    LocalServer,
    Program,
    best_medgemma,
    find,
    find_now,
    is_medgemma,
    sees_images,
    shown,
)
from tests.engines import local_layouts as layouts

NAMES: dict[Program, str] = {
    "ollama": "hf.co/unsloth/medgemma-1.5-4b-it-GGUF:Q4_K_M",
    "vllm": "google/medgemma-1.5-4b-it",
    "llama.cpp": "/models/medgemma-1.5-4b-it-Q4_K_M.gguf",
    "lm-studio": "medgemma-1.5-4b-it",
}


async def find_at(
    body: layouts.Body, program: Program = "vllm", wait_s: float = 5
) -> tuple[LocalServer, ...]:
    async with layouts.serving(body) as (port, _):
        return await find(ports={program: port}, wait_s=wait_s)


@pytest.mark.parametrize("program", PORTS)
async def test_each_program_is_found_with_what_it_lists(program: Program) -> None:
    async with layouts.serving(layouts.lists(program, "llama3:8b", NAMES[program])) as (port, requests):
        found = await find(ports={program: port}, wait_s=5)
    assert found == (LocalServer(program, port, "lists", ("llama3:8b", NAMES[program])),)
    assert best_medgemma(found[0].models) == NAMES[program]
    assert len(requests) == 1
    head = requests[0].lower()
    assert head.startswith("get /v1/models http/1.1")
    assert "authorization" not in head
    assert "cookie" not in head


async def test_a_server_without_models_or_with_others_only_has_no_medgemma() -> None:
    for names in ((), ("gemma3:4b", "qwen2.5:7b", "nomic-embed-text")):
        (found,) = await find_at(layouts.lists("ollama", *names), "ollama")
        assert found.models == names
        assert best_medgemma(found.models) is None


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
async def test_a_server_that_wants_a_key_is_told_apart(status: str) -> None:
    (found,) = await find_at(layouts.says(status, b'{"error": "no key"}'))
    assert found.state == "needs_key"
    assert found.models == ()


BODIES = {
    "a page": layouts.says("200 OK", b"<!doctype html><title>Something else</title>"),
    "another list": layouts.says("200 OK", b'{"models": ["a"]}'),
    "no list": layouts.says("200 OK", b'{"data": "medgemma"}'),
    "names that are numbers": layouts.says("200 OK", b'{"data": [{"id": 7}]}'),
    "half a character": layouts.says("200 OK", b'{"data": [{"id": "medgemma\\ud800"}]}'),
    "another server of this program": layouts.says(
        "200 OK", b'{"data": [{"id": "medgemma-1.5-4b-it", "owned_by": "this-server"}]}'
    ),
    "half of it": layouts.says("200 OK", b'{"data": [{"id": "medgemma"'),
    "bytes": layouts.says("200 OK", bytes(range(256))),
    "too much": layouts.says("200 OK", b" " * (local_servers.MOST_BYTES + 1)),
    "not found": layouts.says("404 Not Found", b"{}"),
    "broken": layouts.says("500 Internal Server Error", b"{}"),
    "another place": layouts.says("302 Found", b"", "Location: http://127.0.0.1:1/v1/models\r\n"),
    "no http": layouts.speaks_no_http,
    "nothing": layouts.leaves,
}


@pytest.mark.parametrize("kind", BODIES)
async def test_what_is_no_model_server_is_left_out(kind: str) -> None:
    assert await find_at(BODIES[kind]) == ()


@pytest.mark.parametrize("body", [layouts.hangs, layouts.trickles])
async def test_a_server_that_hangs_or_trickles_delays_nobody(body: layouts.Body) -> None:
    async with AsyncExitStack() as stack:
        stuck, _ = await stack.enter_async_context(layouts.serving(body))
        port, _ = await stack.enter_async_context(layouts.serving(layouts.lists("ollama", "medgemma1.5:4b")))
        async with asyncio.timeout(20):
            found = await find(ports={"ollama": port, "vllm": stuck, "lm-studio": stuck}, wait_s=0.5)
    assert [server.port for server in found] == [port]


async def test_all_are_asked_at_once() -> None:
    all_asked = asyncio.Barrier(len(PORTS))

    async def answers_when_all_are_asked(writer: asyncio.StreamWriter) -> None:
        await all_asked.wait()
        await layouts.lists("vllm", "medgemma")(writer)

    async with layouts.serving(answers_when_all_are_asked) as (port, requests):
        found = await find(ports=dict.fromkeys(PORTS, port), wait_s=30)
        assert [server.program for server in found] == list(PORTS)
        assert len(requests) == len(PORTS)


async def test_a_redirect_is_not_followed() -> None:
    async with layouts.serving(layouts.lists("vllm", "medgemma")) as (elsewhere, requests):
        place = f"Location: http://127.0.0.1:{elsewhere}/v1/models\r\n"
        assert await find_at(layouts.says("307 Temporary Redirect", b"", place)) == ()
    assert requests == []


async def test_ports_to_leave_out_are_not_asked_and_proxies_are_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with layouts.serving(layouts.lists("vllm", "medgemma")) as (port, requests):
        assert await find(ports={"vllm": port}, without=(port,)) == ()
        assert requests == []
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        assert len(await find(ports={"vllm": port}, wait_s=5)) == 1


async def test_it_works_where_an_event_loop_runs_and_with_nobody_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(local_servers, "PORTS", {"vllm": free.getsockname()[1]})
        assert find_now() == ()


async def test_names_that_cannot_be_shown_are_left_out() -> None:
    names = ("good", "bad\nname", "\u202e", "\x1b[31m", "x" * (local_servers.LONGEST_NAME + 1), "")
    (found,) = await find_at(layouts.lists("vllm", *names))
    assert found.models == ("good",)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        *((name, True) for name in NAMES.values()),
        ("medgemma", True),
        ("medgemma1.5:4b", True),
        ("MedGemma-27B-text-it", True),
        ("alibayram/medgemma:27b", True),
        ("google/medgemma-4b-pt", False),
        ("gemma3:4b", False),
        ("medllama2", False),
        ("google/medsiglip-448", False),
        ("", False),
    ],
)
def test_medgemma_is_known_by_its_name(name: str, known: bool) -> None:
    assert is_medgemma(name) is known


def test_of_several_the_one_that_sees_images_and_is_newer_comes_first() -> None:
    assert best_medgemma(["medgemma:27b-text", "medgemma:4b", "medgemma1.5:4b"]) == "medgemma1.5:4b"
    assert best_medgemma(["medgemma-27b-text-it"]) == "medgemma-27b-text-it"
    assert sees_images("medgemma1.5:4b")
    assert not sees_images("google/medgemma-27b-text-it")
    assert shown("/models/medgemma-1.5-4b-it-Q4_K_M.gguf") == "medgemma-1.5-4b-it-Q4_K_M"
    assert shown("google/medgemma-1.5-4b-it") == "medgemma-1.5-4b-it"
