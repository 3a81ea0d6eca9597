"""Files whose manifest has no sha256: what their first pull brings is recorded and held to."""

import json
import os
import tempfile
from pathlib import Path

from pydantic import Field

from assistant.errors import BadInput
from assistant.weights.manifest import ModelBundle, Strict
from assistant.weights.verification import sha256_of

FIRST_USE = ".{}.first-use.json"
"""Beside a bundle's folder: size and sha256 of the files whose manifest has none. It outlives the folder."""


class _FirstUse(Strict):
    size: int = Field(gt=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


def recorded(bundle: ModelBundle, directory: Path) -> ModelBundle:
    """The manifest with what the first pull found out. Raises ``BadInput`` (``manifest_invalid``)."""
    path = directory / FIRST_USE.format(bundle.name)
    if all(file.sha256 for file in bundle.files) or not path.is_file():
        return bundle
    try:
        known = json.loads(path.read_text())
        files = tuple(
            file if file.sha256 else file.model_copy(update=_FirstUse(**known[file.path]).model_dump())
            for file in bundle.files
        )
    except (ValueError, KeyError, TypeError):
        raise BadInput(f"{path} is damaged. Delete it and pull again.", code="manifest_invalid") from None
    return bundle.model_copy(update={"files": files})


def record(bundle: ModelBundle, work: Path, directory: Path) -> ModelBundle:
    """The same after a pull, written down for all later ones."""
    found = {
        file.path: {"size": (work / file.path).stat().st_size, "sha256": sha256_of(work / file.path)}
        for file in bundle.files
        if not file.sha256
    }
    if not found:
        return bundle
    with tempfile.NamedTemporaryFile("w", dir=directory, delete=False) as out:
        json.dump(found, out, indent=1)
    os.replace(out.name, directory / FIRST_USE.format(bundle.name))
    return recorded(bundle, directory)


def first_use(bundle: ModelBundle, directory: Path) -> dict[str, str]:
    """sha256 by path of the files whose manifest has none, as their first pull brought them."""
    known = recorded(bundle, directory)
    return {
        new.path: new.sha256
        for old, new in zip(bundle.files, known.files, strict=True)
        if new.sha256 and not old.sha256
    }
