"""Whether files are what their manifest says.

A stamp beside them (size, time of change, sha256) saves hashing a quarter of a gigabyte at every start.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

from assistant.errors import BadInput
from assistant.weights.manifest import STAMP, BundleFile, ModelBundle


def check(path: Path, file: BundleFile) -> None:
    """Raises ``BadInput`` and removes the file when it is not what its manifest says."""
    if problem := problem_of(path, file):
        path.unlink(missing_ok=True)
        raise BadInput(f"{problem}. The file was removed. Pull again.", code="model_hash_mismatch")


def check_git_blob(path: Path, file: BundleFile) -> None:
    """The same by git's hash of the file, for small ones that are pulled without a sha256."""
    data = path.read_bytes()
    found = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    if found != file.git_blob:
        path.unlink()
        raise BadInput(
            f"{file.path} has git hash {found} ({len(data)} bytes), not {file.git_blob}. It was removed. "
            "Pull again.",
            code="model_hash_mismatch",
        )


def problem_of(path: Path, file: BundleFile) -> str:
    """The problem with a file; empty if there is none."""
    if not path.is_file():
        return f"{file.path} is missing"
    if not file.sha256:
        return f"{file.path} has no recorded sha256"
    if (found := sha256_of(path)) != file.sha256:
        size = path.stat().st_size
        return f"{file.path} has sha256 {found} ({size} bytes), not {file.sha256} ({file.size} bytes)"
    return ""


def problems_in(bundle: ModelBundle, folder: Path) -> list[str]:
    """The problems of a bundle; reads only the files that differ from the stamp."""
    try:
        stamp = json.loads((folder / STAMP).read_text())
    except (OSError, ValueError):
        stamp = {}
    if stamp and stamp == stamp_of(bundle, folder) and len(stamp) == len(bundle.files):
        return []
    problems = [problem for file in bundle.files if (problem := problem_of(folder / file.path, file))]
    if not problems:
        with contextlib.suppress(OSError):  # the folder may be read-only; then it is checked every time
            write_stamp(bundle, folder)
    return problems


def stamp_of(bundle: ModelBundle, folder: Path) -> dict[str, list[int | str]]:
    found: dict[str, list[int | str]] = {}
    for file in bundle.files:
        with contextlib.suppress(OSError):
            status = (folder / file.path).stat()
            found[file.path] = [status.st_size, status.st_mtime_ns, file.sha256]
    return found


def write_stamp(bundle: ModelBundle, folder: Path) -> None:
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=STAMP, delete=False) as out:
        json.dump(stamp_of(bundle, folder), out)
    os.replace(out.name, folder / STAMP)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
