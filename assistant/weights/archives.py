"""Files out of an archive at an https address."""

import tarfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import IO

from assistant.errors import BadInput, Missing
from assistant.weights.download import Refused, download
from assistant.weights.manifest import BundleFile, ModelBundle
from assistant.weights.writing import Progress, copy, to_disk, unpacking

MOST_MEMBERS = 10_000
MOST_UNPACKED_BYTES = 16 << 30
"""The most bytes of an archive up to the last wanted file: unwanted files have to be read too."""


def from_archive(bundle: ModelBundle, work: Path, on_progress: Progress) -> None:
    url = bundle.source.url
    archive = work.parent / f".{bundle.name}.archive.part"
    try:
        name = PurePosixPath(url).name
        download(url, archive, {}, lambda done, total: on_progress(name, done, total), MOST_UNPACKED_BYTES)
    except Refused:
        raise Missing(f"{url} refuses the download.", code="download_failed") from None
    try:
        with unpacking(f"{url} is not the expected archive"):
            if zipfile.is_zipfile(archive):
                with zipfile.ZipFile(archive) as opened:
                    for file in bundle.files:
                        _extract(opened.open(file.member or file.path), work, file)
            else:
                with tarfile.open(archive) as opened_tar:
                    _extract_from_tar(opened_tar, work, bundle)
    finally:
        archive.unlink(missing_ok=True)


def _extract_from_tar(archive: tarfile.TarFile, work: Path, bundle: ModelBundle) -> None:
    """One pass, which ends at the last file that is wanted."""
    wanted = {file.member or file.path: file for file in bundle.files}
    unpacked = 0
    for number, member in enumerate(archive):
        unpacked += member.size
        if number >= MOST_MEMBERS or unpacked > MOST_UNPACKED_BYTES:
            raise BadInput("The archive is larger than expected.", code="archive_invalid")
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
        copy(source, out, file, lambda *_: None)
        to_disk(out)
