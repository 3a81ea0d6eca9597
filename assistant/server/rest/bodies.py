"""Reads the bodies of requests within their limits: JSON, and forms with a file."""

import asyncio
import errno
import re
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack, aclosing
from typing import IO, Any, TypeVar

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.types import Message

from assistant.errors import BadInput, Missing

MAX_FIELDS = 20_100
"""As many as there may be expected words, and the others."""
MAX_FIELDS_BYTES = 8 * 2**20
"""Size of all fields together, without the file: they are held in memory."""
T = TypeVar("T")
_NESTED = re.compile(r"^([^\[\]]+)\[([^\[\]]*)\]$")


def limited(request: Request, most_bytes: int) -> Request:
    """The same request, whose body may have ``most_bytes``; reading it raises ``BadInput``
    (``body_too_large``) beyond."""
    read = 0

    async def receive() -> Message:
        nonlocal read
        message = await request.receive()
        read += len(message.get("body", b""))
        if read > most_bytes:
            raise _too_large(most_bytes)
        return message

    stated = request.headers.get("content-length", "")
    if stated.isascii() and stated.isdecimal() and (len(stated) > 18 or int(stated) > most_bytes):
        raise _too_large(most_bytes)
    return Request(request.scope, receive)


async def json_body(request: Request, most_bytes: int) -> bytes:
    return await limited(request, most_bytes).body()


async def form_with_file(
    request: Request, most_bytes: int, stack: AsyncExitStack
) -> tuple[dict[str, Any], IO[bytes]]:
    """A form's fields by name and its ``file``, which lies on disk until ``stack`` is closed. ``name[]`` is a
    list, ``name[key]`` an object, as OpenAI's clients write them. Raises ``BadInput``: ``file_missing``,
    ``body_too_large``, ``request_invalid``; ``Missing``: ``disk_full``."""
    form = await form_of(request, most_bytes, max_files=1)
    stack.push_async_callback(form.close)
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise BadInput("Send the recording as the form's field 'file'.", code="file_missing", param="file")
    pairs = [(name, value) for name, value in form.multi_items() if name != "file"]
    return fields({name: [v for n, v in pairs if n == name] for name in dict(pairs)}), file.file


async def form_of(request: Request, most_bytes: int, max_files: int) -> FormData:
    """A form, which the caller closes. Raises ``BadInput``: ``body_too_large``, ``request_invalid``;
    ``Missing``: ``disk_full``."""
    stream = limited(request, most_bytes).stream()
    try:
        async with aclosing(stream):
            return await _Form(
                request.headers,
                stream,
                max_files=max_files,
                max_fields=MAX_FIELDS,
                max_part_size=MAX_FIELDS_BYTES,
            ).parse()
    except MultiPartException as error:
        raise BadInput(error.message, code="request_invalid") from None
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise Missing("There is no room left on the server's disk.", code="disk_full") from None


class _Form(MultiPartParser):
    """Bounds what its fields take together, which the library does for each alone."""

    held = 0

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._current_part.file is None:
            self.held += end - start
            if self.held > MAX_FIELDS_BYTES:
                raise MultiPartException(
                    f"The fields may have {MAX_FIELDS_BYTES // 2**20} MB together at most."
                )
        super().on_part_data(data, start, end)


def fields(form: Mapping[str, list[Any]]) -> dict[str, Any]:
    """``a=1``, ``b[]=2``, ``b[]=3`` and ``c[d]=4`` → ``{"a": "1", "b": ["2", "3"], "c": {"d": "4"}}``."""
    found: dict[str, Any] = {}
    for name, values in form.items():
        nested = _NESTED.match(name)
        if nested and nested[2]:
            inner = found.setdefault(nested[1], {})
            if isinstance(inner, dict):
                inner[nested[2]] = values[-1]
        elif nested:
            found[nested[1]] = values
        else:
            found[name] = values if len(values) > 1 else values[0]
    return found


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, which is stopped when the client hangs up.

    Raises ``BadInput``: ``client_gone``.
    """

    async def hang_up() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    both = (asyncio.create_task(work), asyncio.create_task(hang_up()))
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if both[0].done():
            return both[0].result()
        raise BadInput("The client has gone.", code="client_gone")
    finally:
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)


def _too_large(most_bytes: int) -> BadInput:
    size = f"{most_bytes / 2**30:g} GB" if most_bytes >= 2**30 else f"{most_bytes / 2**20:g} MB"
    return BadInput(f"The request may have {size} at most.", code="body_too_large")
