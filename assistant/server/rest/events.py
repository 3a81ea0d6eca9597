"""Server-sent events, as OpenAI's clients read them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

ALIVE_EVERY_S = 10.0
"""A comment goes out when nothing else does, so that proxies keep the connection."""


async def event_stream(events: AsyncIterator[dict[str, Any]], end: str = "") -> AsyncIterator[str]:
    """Each event as ``data:``, then ``end``, if given."""
    async with aclosing(events):  # type: ignore[type-var]
        waiting = asyncio.ensure_future(anext(events, None))
        try:
            while True:
                done, _ = await asyncio.wait({waiting}, timeout=ALIVE_EVERY_S)
                if not done:
                    yield ": \n\n"
                    continue
                if (event := waiting.result()) is None:
                    break
                yield f"data: {json.dumps(event, ensure_ascii=False)}\n\n"
                waiting = asyncio.ensure_future(anext(events, None))
        finally:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
    if end:
        yield f"data: {end}\n\n"


class Events(StreamingResponse):
    """Releases what ``kept`` holds when the events have ended or the client has gone."""

    def __init__(self, events: AsyncIterator[dict[str, Any]], kept: AsyncExitStack, end: str = "") -> None:
        super().__init__(event_stream(events, end), media_type="text/event-stream")
        self._kept = kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._kept:
            await super().__call__(scope, receive, send)
