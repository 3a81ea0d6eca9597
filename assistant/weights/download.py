"""One file over HTTP, whole or the rest of it; and where a Hugging Face hub keeps its files."""

import os
from collections.abc import Callable
from pathlib import Path

import httpx2

from assistant.errors import BadInput, Missing

TIMEOUT_S = 30.0
MOST_TRIES = 5
"""The most attempts for one download; an attempt that brings no bytes is the last."""


class Refused(Exception):
    """401 or 403. ``reason`` is what a hub says in ``X-Error-Code``, e.g. ``GatedRepo``; empty elsewhere."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status)
        self.status, self.reason = status, reason


class NotThere(Missing):
    """404."""


def hub_url(repository: str, revision: str, path: str) -> str:
    base = (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
    return f"{base}/{repository}/resolve/{revision}/{path}"


def hub_headers() -> dict[str, str]:
    """With the user's token, if there is one. Raises ``BadInput`` (``token_invalid``)."""
    token = (os.environ.get("HF_TOKEN") or os.environ.get("HUGGING_FACE_HUB_TOKEN") or "").strip()
    if not (token.isascii() and token.isprintable()):
        raise BadInput("HF_TOKEN contains invalid characters. Set it again.", code="token_invalid")
    return {"Authorization": f"Bearer {token}"} if token else {}


def download(
    url: str,
    part: Path,
    headers: dict[str, str],
    progress: Callable[[int, int], None],
    most_bytes: int | None = None,
) -> None:
    """``url`` → ``part``, going on where an earlier try stopped if the server can.

    Beside ``part``, ``part.etag`` holds the version that it is of: of another version nothing is kept. What
    ``progress`` raises ends the download, which can be resumed.
    Raises ``Refused``, ``Missing`` (``download_failed``; ``NotThere`` where the server has no such file) and
    ``BadInput`` (``download_too_large``: over ``most_bytes``).
    """
    for number in range(MOST_TRIES):
        before = part.stat().st_size if part.exists() else 0
        try:
            _download_once(url, part, headers, progress, most_bytes)
            return _etag_file(part).unlink(missing_ok=True)
        except httpx2.HTTPStatusError as error:
            status = error.response.status_code
            kind = NotThere if status == httpx2.codes.NOT_FOUND else Missing
            raise kind(f"{url} answered {status}.", code="download_failed") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            after = part.stat().st_size if part.exists() else 0
            if after <= before or number == MOST_TRIES - 1:
                raise Missing(
                    f"{url} could not be downloaded ({type(error).__name__}). Pull again to resume.",
                    code="download_failed",
                ) from None


def _download_once(
    url: str,
    part: Path,
    headers: dict[str, str],
    progress: Callable[[int, int], None],
    most_bytes: int | None,
) -> None:
    done = part.stat().st_size if part.exists() else 0
    # Not compressed on the way: a range counts the bytes as sent.
    asked = {**headers, "Accept-Encoding": "identity"}
    if done:
        asked["Range"] = f"bytes={done}-"
        if version := _version(part):
            asked["If-Range"] = version
    with httpx2.stream("GET", url, headers=asked, follow_redirects=True, timeout=TIMEOUT_S) as response:
        if response.status_code in (401, 403):
            raise Refused(response.status_code, response.headers.get("x-error-code", ""))
        if response.status_code == 416 and response.headers.get("content-range") == f"bytes */{done}":
            return  # it was whole already
        if response.status_code == 416 and done:
            part.unlink()  # of another file; without it the next try asks for the whole
            return _download_once(url, part, headers, progress, most_bytes)
        response.raise_for_status()
        if response.status_code != 206 or not _starts_at(response, done):
            done = 0
        total = done + int(response.headers.get("content-length", 0))
        _keep_version(part, response.headers.get("etag", ""))
        with part.open("ab" if done else "wb") as out:
            for block in response.iter_bytes():
                done += len(block)
                if most_bytes is not None and done > most_bytes:
                    out.truncate(0)
                    raise BadInput(
                        f"{url} is larger than the {most_bytes} bytes of its manifest.",
                        code="download_too_large",
                    )
                out.write(block)
                progress(done, total)


def _starts_at(response: httpx2.Response, done: int) -> bool:
    """Whether a 206 is the rest that was asked for."""
    return str(response.headers.get("content-range", "")).startswith(f"bytes {done}-")


def _etag_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.etag")


def _version(part: Path) -> str:
    try:
        return _etag_file(part).read_text()
    except (OSError, ValueError):
        return ""


def _keep_version(part: Path, etag: str) -> None:
    """A weak one ("W/…") does not say that the bytes are the same, so it is no use for a range."""
    if etag.startswith('"') and etag.isprintable():
        _etag_file(part).write_text(etag)
    else:
        _etag_file(part).unlink(missing_ok=True)
