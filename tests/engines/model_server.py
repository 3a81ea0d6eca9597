"""A real HTTP server that speaks OpenAI's server-sent events, as it is told to."""

import asyncio
import base64
import contextlib
import io
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import PIL.Image

Said = tuple[str, Sequence[bytes | float]]
"""A status, and the pieces of the body with the seconds between them."""


def chunk(text: str | None = None, finish: str | None = None) -> bytes:
    delta = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(body)}\n\n".encode()


END = [chunk(finish="stop"), b"data: [DONE]\n\n"]
USAGE = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],'
    b'"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}\n\n'
)


class ModelServer:
    """Says what it is told to: a status, and pieces of the body with waits (numbers) between them. ``react``
    may choose them by the request, as ``as_vllm`` does."""

    react: Callable[[dict[str, Any]], Said] | None = None
    root = ""

    def __init__(self) -> None:
        self.status, self.headers = "200 OK", ""
        self.body: Sequence[bytes | float] = []
        self.whole = True
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.gone = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = int(next(x.split(":")[1] for x in head.lower().splitlines() if "content-length" in x))
            self.requests.append((head, json.loads(await reader.readexactly(length))))
            if self.react:
                self.status, self.body = self.react(self.requests[-1][1])
            first = next((part for part in self.body if isinstance(part, bytes)), b"")
            kind = "application/json" if first.startswith(b"{") else "text/event-stream"
            headers = f"{self.headers}\r\n" if self.headers else ""
            writer.write(f"HTTP/1.1 {self.status}\r\n{headers}Content-Type: {kind}\r\n".encode())
            writer.write(b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
            await writer.drain()
            for part in self.body:
                if isinstance(part, bytes):
                    writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                    await writer.drain()
                else:
                    waited = asyncio.ensure_future(reader.read(1))
                    done, _ = await asyncio.wait({waited}, timeout=part)
                    if done:
                        self.gone.set()
                        return
                    waited.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await waited
            if self.whole:
                writer.write(b"0\r\n\r\n")
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            self.gone.set()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


def as_vllm(request: dict[str, Any]) -> Said:
    """A model server's answers to questions it takes, and its refusals."""
    content = request["messages"][-1]["content"]
    text = content[-1]["text"]
    if len(text) > 20_000:
        return refusal("This model's maximum context length is 4096 tokens.")
    for part in (each for each in content if each["type"] == "image_url"):
        try:
            PIL.Image.open(io.BytesIO(base64.b64decode(part["image_url"]["url"].partition(",")[2])))
        except PIL.UnidentifiedImageError:
            return refusal("cannot identify image file <_io.BytesIO object>")
    if not request.get("stream"):
        message = {"role": "assistant", "content": "Rome it is."}
        return "200 OK", [0.05, json.dumps({"choices": [{"index": 0, "message": message}]}).encode()]
    return "200 OK", [chunk("Rome "), 0.05, chunk("it "), 0.05, chunk("is."), *END]


def refusal(message: str) -> Said:
    return "400 Bad Request", [json.dumps({"error": {"message": message, "code": 400}}).encode()]


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[ModelServer]:
    """One on a free port; ``root`` is its address."""
    model = ModelServer()
    listener = await asyncio.start_server(model.serve, "127.0.0.1", 0)
    model.root = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield model
    finally:
        listener.close()
        await listener.wait_closed()
