"""The files of a served bundle."""

import hashlib
import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from assistant import weights
from assistant.errors import AssistantError

DATA = bytes(range(256)) * 2000
OTHER = b"tokens\n" * 50
REVISION = "0123456789abcdef0123456789abcdef01234567"
PAGE = f"/someone/toy/resolve/{REVISION}"
HUB_SOURCE = {
    "kind": "huggingface",
    "home": "https://example.org",
    "repository": "someone/toy",
    "revision": REVISION,
}

Define = Callable[..., None]
"""Writes the manifest ``toy``."""


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Web:
    """The served files, and the requests for them."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: dict[str, int] = field(default_factory=dict)
    """Bytes after which the connection is dropped, once."""
    ranges: bool = True
    token: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Range header of each request."""


def entry(path: str, data: bytes, **more: object) -> dict[str, object]:
    return {"path": path, "size": len(data), "sha256": sha256(data), **more}


def pull(name: str, directory: Path, *more: weights.Progress) -> Path:
    return weights.pull(weights.load_manifest(name), directory, *more)


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(AssistantError) as raised:
        action()
    return raised.value.code


def message_of(action: Callable[[], object]) -> str:
    with pytest.raises(AssistantError) as raised:
        action()
    return raised.value.message


def tar_of(members: dict[str, bytes], kind: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{kind}") as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def damaged(content: bytes) -> bytes:
    """With a stretch in the middle turned over."""
    middle = len(content) // 2
    return (
        content[:middle]
        + bytes(255 - byte for byte in content[middle : middle + 64])
        + content[middle + 64 :]
    )
