"""Model servers on this machine: which of the usual ones answer, and the models that they list.

Only 127.0.0.1 is asked, at the ports that these programs use by themselves, with ``GET /v1/models`` of
OpenAI's protocol, which all of them speak. Nothing else is sent: no key, no question.
"""

import asyncio
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import httpx2
from pydantic import BaseModel, ValidationError

Program = Literal["ollama", "vllm", "llama.cpp", "lm-studio"]
NAMES: Mapping[Program, str] = {
    "ollama": "Ollama",
    "vllm": "vLLM",
    "llama.cpp": "llama.cpp",
    "lm-studio": "LM Studio",
}
PORTS: Mapping[Program, int] = {"ollama": 11434, "vllm": 8000, "llama.cpp": 8080, "lm-studio": 1234}
"""The ports of their documentation: https://docs.ollama.com/api, https://docs.vllm.ai (``vllm serve``), the
README of llama.cpp's server, https://lmstudio.ai/docs."""
WAIT_S = 1.0
"""The longest wait for one server, connection and answer together."""
MOST_BYTES = 1 << 20
"""A longer answer is no list of models."""
MOST_MODELS = 100
LONGEST_NAME = 300

State = Literal["lists", "needs_key"]


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server that answered. ``models`` are the names by which it takes questions, as it lists them."""

    program: Program
    port: int
    state: State
    models: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.address}/v1"

    @property
    def shown(self) -> str:
        """E.g. ``port 11434 (Ollama)``: the port is certain, the program is the one that uses it."""
        return f"port {self.port} ({NAMES[self.program]})"


OWN = "this-server"
"""The ``owned_by`` of another server of this program: it is no model server, and may ask this one."""


class _Model(BaseModel):
    id: str
    owned_by: Any = None


class _Models(BaseModel):
    data: tuple[_Model, ...] | None


async def find(
    *, ports: Mapping[Program, int] | None = None, without: Iterable[int] = (), wait_s: float = WAIT_S
) -> tuple[LocalServer, ...]:
    """The servers that answer, in the order of ``PORTS``; all are asked at once. ``without``: ports that are
    not asked, such as this server's own. Never raises."""
    asked = {program: port for program, port in (ports or PORTS).items() if port not in set(without)}
    async with httpx2.AsyncClient(timeout=wait_s, follow_redirects=False, trust_env=False) as client:
        found = await asyncio.gather(*(_ask(client, each, port, wait_s) for each, port in asked.items()))
    return tuple(server for server in found if server is not None)


def find_now(*, without: Iterable[int] = ()) -> tuple[LocalServer, ...]:
    """``find``, for callers that are not async; also while an event loop runs in this thread."""
    with ThreadPoolExecutor(1, thread_name_prefix="local-servers") as pool:
        return pool.submit(lambda: asyncio.run(find(without=without))).result()


async def _ask(client: httpx2.AsyncClient, program: Program, port: int, wait_s: float) -> LocalServer | None:
    try:
        async with (
            asyncio.timeout(wait_s),
            client.stream("GET", f"http://127.0.0.1:{port}/v1/models") as response,
        ):
            if response.status_code in (401, 403):
                return LocalServer(program, port, "needs_key")
            if response.status_code != httpx2.codes.OK:
                return None
            body = b""
            async for block in response.aiter_bytes():
                body += block
                if len(body) > MOST_BYTES:
                    return None
        listed = _Models.model_validate_json(body).data or ()
    except (httpx2.HTTPError, TimeoutError, ValidationError, ValueError):
        return None
    if any(each.owned_by == OWN for each in listed):
        return None
    names = [each.id for each in listed if each.id.isprintable() and 0 < len(each.id) <= LONGEST_NAME]
    return LocalServer(program, port, "lists", tuple(names[:MOST_MODELS]))


def shown(model: str) -> str:
    """A model's name for people: llama.cpp lists the path of its file."""
    return model.replace("\\", "/").rpartition("/")[2].removesuffix(".gguf") or model


def is_medgemma(model: str) -> bool:
    """Whether the name says MedGemma, as it answers questions: not the pretrained one, which only goes on."""
    name = model.lower().replace("_", "-")
    return "medgemma" in name and not ("-pt" in name and "-it" not in name)


def sees_images(model: str) -> bool:
    """MedGemma sees images, but for its text-only variant. Other models may not: then the server says so."""
    return "-text" not in model.lower()


def best_medgemma(models: Iterable[str]) -> str | None:
    """The best of several MedGemmas: one that sees images before one that does not, 1.5 before 1, and else
    the first."""
    found = [model for model in models if is_medgemma(model)]
    return min(found, key=lambda model: (not sees_images(model), "1.5" not in model), default=None)
