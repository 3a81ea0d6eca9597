"""Model servers on this machine that list their models as the real programs do, and some that misbehave."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from assistant.engines.local_servers import Program

Body = Callable[[asyncio.StreamWriter], Awaitable[None]]


def listing(program: Program, *names: str) -> dict[str, Any]:
    """``GET /v1/models`` of a program, with the fields that it sends."""
    match program:
        case "ollama":  # without a model, data is null
            data = [{"id": n, "object": "model", "created": 1790000000, "owned_by": "library"} for n in names]
            return {"object": "list", "data": data or None}
        case "vllm":
            more = {"owned_by": "vllm", "parent": None, "max_model_len": 32768, "permission": [{"id": "p"}]}
            data = [{"id": n, "object": "model", "created": 1790000000, "root": n, **more} for n in names]
            return {"object": "list", "data": data}
        case "llama.cpp":
            can = {
                "type": "model",
                "capabilities": ["completion", "multimodal"],
                "details": {"format": "gguf"},
            }
            models = [{"name": n, "model": n, **can} for n in names]
            meta = {"n_ctx_train": 131072, "n_params": 3880099328}
            data = [{"id": n, "object": "model", "owned_by": "llamacpp", "meta": meta} for n in names]
            return {"models": models, "object": "list", "data": data}
        case "lm-studio":
            data = [{"id": n, "object": "model", "owned_by": "organization_owner"} for n in names]
            return {"data": data, "object": "list"}


def says(status: str, body: bytes, headers: str = "") -> Body:
    async def answer(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return answer


def lists(program: Program, *names: str) -> Body:
    return says("200 OK", json.dumps(listing(program, *names)).encode())


async def hangs(_: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


async def trickles(writer: asyncio.StreamWriter) -> None:
    """Never silent for as long as the client waits for the next byte, and never done."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def speaks_no_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\x01220 mail.example.org\r\n")
    await writer.drain()


async def leaves(_: asyncio.StreamWriter) -> None:
    """Closes the connection without a word."""


@contextlib.asynccontextmanager
async def serving(body: Body) -> AsyncIterator[tuple[int, list[str]]]:
    """Its port on 127.0.0.1, and the heads of the requests that it got."""
    requests: list[str] = []
    open_: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            open_.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
            await body(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], requests
    finally:
        server.close()
        for task in open_:
            task.cancel()
        await asyncio.gather(*open_, return_exceptions=True)
