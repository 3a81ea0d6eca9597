"""Files, folders and zips as people give them → the single files in them, within bounds."""

import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pydicom

from assistant.imaging.options import Options
from assistant.imaging.study import Problem, SourceFile

IGNORED = {".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX"}
DICOMDIR = "DICOMDIR"


def found_files(
    given: Iterable[SourceFile], scratch: Path, limits: Options
) -> Iterator[SourceFile | Problem]:
    """Every single file in what was given, folders and zips opened; and what could not be."""
    count = size = 0
    for found in _opened(given, scratch, limits):
        if isinstance(found, Problem):
            yield found
            continue
        count, size = count + 1, size + found.path.stat().st_size
        if count > limits.most_files:
            message = (
                f"{found.name} and all after it: more than {limits.most_files:,} files. Give fewer at once."
            )
            yield Problem(found.name, "too_many_files", message)
            return
        if size > limits.most_bytes:
            message = (
                f"{found.name} and all after it: together more than {limits.most_bytes / 2**30:g} GB. "
                "Give fewer at once."
            )
            yield Problem(found.name, "upload_too_large", message)
            return
        yield found


def _opened(given: Iterable[SourceFile], scratch: Path, limits: Options) -> Iterator[SourceFile | Problem]:
    given = list(given)
    for source in given:
        if source.path.is_dir():
            inside = [
                SourceFile(f"{source.name}/{path.relative_to(source.path).as_posix()}", path)
                for path in sorted(source.path.rglob("*"))
                if path.is_file()
            ]
            yield from _opened(inside, scratch, limits)
        elif not source.path.is_file():
            yield Problem(source.name, "file_not_found", f"{source.name} does not exist.")
        elif _ignored(source.name):
            continue
        elif source.path.name.upper() == DICOMDIR:
            if len(given) == 1:  # else its files were given with it
                yield from _listed(source)
        elif zipfile.is_zipfile(source.path):
            yield from _unzipped(source, scratch, limits)
        else:
            yield source


def _ignored(name: str, *also: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return bool({*IGNORED, *also} & set(parts)) or parts[-1].startswith("._")


def _listed(source: SourceFile) -> Iterator[SourceFile | Problem]:
    """The files that a DICOMDIR lists and those beside it; mounted discs may show names in lower case."""
    root = source.path.parent
    try:
        records = pydicom.dcmread(source.path).DirectoryRecordSequence
        names = [each.ReferencedFileID for each in records if each.get("ReferencedFileID")]
    except Exception:  # a damaged file makes pydicom fail in many ways
        yield Problem(source.name, "dicomdir_not_readable", f"{source.name} is a damaged DICOMDIR.")
        return
    beside = {
        path.relative_to(root).as_posix().casefold(): path for path in root.rglob("*") if path.is_file()
    }
    missing = 0
    for name in names:
        parts = [name] if isinstance(name, str) else list(name)
        if path := beside.get("/".join(parts).casefold()):
            yield SourceFile("/".join([*source.name.split("/")[:-1], *parts]), path)
        else:
            missing += 1
    if missing:
        message = f"{source.name} lists {missing} files that are not beside it. Give its whole folder."
        yield Problem(source.name, "dicomdir_files_missing", message)


def _unzipped(source: SourceFile, scratch: Path, limits: Options) -> Iterator[SourceFile | Problem]:
    try:
        with zipfile.ZipFile(source.path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if problem := _too_large(source, entries, limits):
                yield problem
                return
            for index, entry in enumerate(entries):
                name = f"{source.name}/{entry.filename}"
                if not _ignored(entry.filename, DICOMDIR) and not stat.S_ISLNK(entry.external_attr >> 16):
                    yield _entry(archive, entry, name, scratch / f"{source.path.name}-{index}")
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        yield Problem(source.name, "zip_not_readable", f"{source.name} is a damaged zip. Make it again.")


def _too_large(source: SourceFile, entries: list[zipfile.ZipInfo], limits: Options) -> Problem | None:
    total = sum(entry.file_size for entry in entries)
    bomb = total > 2**20 and total > limits.most_expansion * source.path.stat().st_size
    if not bomb and total <= limits.most_bytes and len(entries) <= limits.most_files:
        return None
    message = (
        f"{source.name} would unpack to {total / 2**20:,.0f} MB in {len(entries):,} files; it was left out: "
        f"at most {limits.most_bytes / 2**20:,.0f} MB, {limits.most_files:,} files and "
        f"{limits.most_expansion} times its own size."
    )
    return Problem(source.name, "zip_too_large", message)


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, target: Path) -> SourceFile | Problem:
    """One file of a zip, under a name of our own; no more of it than its entry says."""
    folder = target.with_name(f"{target.name}.d")
    folder.mkdir()
    target = folder / Path(entry.filename.replace("\\", "/")).name
    try:
        with archive.open(entry) as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file)
    except RuntimeError:
        return Problem(name, "zip_encrypted", f"{name} is locked with a password. Unpack the zip first.")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
        return Problem(name, "zip_not_readable", f"{name} is damaged in its zip.")
    if zipfile.is_zipfile(target):
        os.remove(target)
        return Problem(name, "zip_in_zip", f"{name} is a zip in a zip. Unpack the outer one first.")
    return SourceFile(name, target)
