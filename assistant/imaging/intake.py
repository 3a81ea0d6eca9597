"""Files, folders and archives as people give them → the single files in them, within bounds."""

import contextlib
import gzip
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, assert_never

import py7zr
import pydicom

from assistant.imaging.nifti import is_nifti
from assistant.imaging.options import Begin, Options
from assistant.imaging.study import Problem, SourceFile

IGNORED = {".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX"}
DICOMDIR = "DICOMDIR"
VIEWER_SUFFIXES = {
    ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".ico", ".webp", ".svg", ".htm", ".html", ".css", ".js", ".exe",
    ".dll", ".inf", ".ini", ".cfg", ".jar", ".class", ".bat", ".sh", ".txt", ".xml", ".xsl", ".dat", ".chm",
    ".properties", ".ttf", ".so", ".dylib", ".lib", ".bin", ".app", ".plist",
}  # fmt: skip
ArchiveKind = Literal["zip", "tar", "7z", "gzip"]


def found_files(
    given: Iterable[SourceFile], scratch: Path, limits: Options, begin: Begin = lambda _: True
) -> Iterator[SourceFile | Problem]:
    """Every single file in what was given, folders and zips opened; and what could not be."""
    count = size = 0
    for found in _opened(given, scratch, limits, begin):
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


def _opened(
    given: Iterable[SourceFile], scratch: Path, limits: Options, begin: Begin
) -> Iterator[SourceFile | Problem]:
    given = list(given)
    for source in given:
        if source.path.is_dir():
            inside = [
                SourceFile(f"{source.name}/{path.relative_to(source.path).as_posix()}", path)
                for path in sorted(source.path.rglob("*"))
                if path.is_file()
            ]
            kept, problems = _without_viewer(source.name, inside)
            yield from _opened(kept, scratch, limits, begin)
            yield from problems
        elif not source.path.is_file():
            yield Problem(source.name, "file_not_found", f"{source.name} does not exist.")
        elif _ignored(source.name):
            continue
        elif source.path.name.upper() == DICOMDIR:
            if len(given) == 1:  # else its files were given with it
                yield from _listed(source)
        elif begin(source.name):
            yield from _unpacked(source, scratch, limits)


def _unpacked(source: SourceFile, scratch: Path, limits: Options) -> Iterator[SourceFile | Problem]:
    """The content of an archive, or of a single packed file; any other file itself."""
    match archive_kind(source.path):
        case None:
            yield source
        case "gzip":
            yield _gunzipped(source, scratch, limits)
        case kind:
            yield from _from_archive(source, kind, scratch, limits)


def _without_viewer(name: str, inside: list[SourceFile]) -> tuple[list[SourceFile], list[Problem]]:
    """A disc with a DICOMDIR carries a viewer, whose icons and help are nobody's pictures."""
    if not any(each.name.rpartition("/")[2].upper() == DICOMDIR for each in inside):
        return inside, []
    kept = [each for each in inside if Path(each.name.lower()).suffix not in VIEWER_SUFFIXES]
    count = len(inside) - len(kept)
    if not count:
        return kept, []
    message = f"{name}: {count} files of the viewer on the disc were left out."
    return kept, [Problem(name, "disc_viewer_left_out", message)]


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


def archive_kind(path: Path) -> ArchiveKind | None:
    """By content. A packed NIfTI is no archive: its reader unpacks it."""
    with path.open("rb") as file:
        head = file.read(512)
    if head[:6] == b"7z\xbc\xaf\x27\x1c":
        return "7z"
    if head[257:262] == b"ustar" or head[:3] == b"BZh" or head[:6] == b"\xfd7zXZ\0":
        return "tar"
    if head[:2] == b"\x1f\x8b":
        inside = gzip_head(head)
        return None if not inside or is_nifti(inside) else "tar" if inside[257:262] == b"ustar" else "gzip"
    return "zip" if zipfile.is_zipfile(path) else None


def gzip_head(head: bytes) -> bytes:
    """The first bytes in a gzip file, by its own first ones; empty if it is none."""
    if not head.startswith(b"\x1f\x8b"):
        return b""
    try:
        return zlib.decompressobj(wbits=31).decompress(head, 512)
    except (zlib.error, gzip.BadGzipFile):
        return b""


def _gunzipped(source: SourceFile, scratch: Path, limits: Options) -> SourceFile | Problem:
    name = source.name[:-3] if source.name.lower().endswith(".gz") else source.name
    target = _own_folder(scratch) / (Path(name).name or "unpacked")
    most = min(limits.most_bytes, max(2**20, limits.most_expansion * source.path.stat().st_size))
    try:
        with gzip.open(source.path) as packed, target.open("wb") as file:
            while block := packed.read(2**20):
                if file.tell() + len(block) > most:
                    return Problem(source.name, "zip_too_large", f"{source.name} is too large unpacked.")
                file.write(block)
    except (OSError, EOFError, zlib.error):
        return Problem(source.name, "zip_not_readable", f"{source.name} is damaged or truncated.")
    return SourceFile(name, target)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One file of an archive; ``copy`` writes it to a path."""

    name: str
    size: int
    copy: Callable[[Path], None]


def _from_archive(
    source: SourceFile, kind: ArchiveKind, scratch: Path, limits: Options
) -> Iterator[SourceFile | Problem]:
    try:
        with contextlib.ExitStack() as stack:
            entries = list(_entries(source.path, kind, stack, _own_folder(scratch), limits))
            if document := _office_document({entry.name for entry in entries}):
                message = f"{source.name} is {document}. Save it as PDF, then attach it."
                yield Problem(source.name, "file_type_unsupported", message)
                return
            if problem := _too_large(source, entries, limits):
                yield problem
                return
            wanted = [entry for entry in entries if not _ignored(entry.name)]
            named = [SourceFile(f"{source.name}/{entry.name}", source.path) for entry in wanted]
            kept, problems = _without_viewer(source.name, named)
            names = {each.name for each in kept}
            for entry in wanted:
                name = f"{source.name}/{entry.name}"
                if name in names and not _ignored(entry.name, DICOMDIR):
                    yield _taken(entry, name, scratch, limits)
            yield from problems
    except py7zr.exceptions.PasswordRequired:
        yield Problem(
            source.name, "zip_encrypted", f"{source.name} is locked with a password. Unpack it first."
        )
    except (zipfile.BadZipFile, tarfile.TarError, py7zr.exceptions.ArchiveError, lzma.LZMAError, OSError,
            EOFError, zlib.error, NotImplementedError):  # fmt: skip
        yield Problem(
            source.name, "zip_not_readable", f"{source.name} is a damaged {kind} file. Make it again."
        )


def _entries(
    path: Path, kind: ArchiveKind, stack: contextlib.ExitStack, scratch: Path, limits: Options
) -> Iterator[_Entry]:
    """The files in an archive; links are none."""
    match kind:
        case "zip":
            packed = stack.enter_context(zipfile.ZipFile(path))
            for entry in packed.infolist():
                if not entry.is_dir() and not stat.S_ISLNK(entry.external_attr >> 16):
                    yield _Entry(entry.filename, entry.file_size, partial(_copy_zip, packed, entry))
        case "tar":
            tar = stack.enter_context(tarfile.open(path))  # noqa: SIM115
            for member in tar:
                if member.isfile():
                    yield _Entry(member.name, member.size, partial(_copy_tar, tar, member))
        case "7z":
            with py7zr.SevenZipFile(path) as seven:
                if seven.needs_password():
                    raise py7zr.exceptions.PasswordRequired
                infos = [info for info in seven.list() if not info.is_directory]
                sized = [_Entry(info.filename, info.uncompressed, lambda _: None) for info in infos]
                if _too_large(SourceFile(path.name, path), sized, limits):
                    yield from sized
                    return
                seven.extractall(scratch)
            for info in infos:
                place = scratch / info.filename
                if place.is_file() and not place.is_symlink():
                    yield _Entry(info.filename, info.uncompressed, partial(shutil.copyfile, place))
        case "gzip":
            raise AssertionError
        case _:
            assert_never(kind)


def _copy_zip(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    with archive.open(entry) as packed, target.open("wb") as file:
        shutil.copyfileobj(packed, file)


def _copy_tar(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    packed = archive.extractfile(member)
    assert packed is not None
    with packed, target.open("wb") as file:
        shutil.copyfileobj(packed, file)


def _office_document(names: set[str]) -> str:
    """The kind of document that a zip is; empty if it is none."""
    if "[Content_Types].xml" in names:
        kinds = {"word": "a Word document", "xl": "an Excel table", "ppt": "a PowerPoint file"}
        folders = {name.split("/")[0] for name in names}
        return next((kind for folder, kind in kinds.items() if folder in folders), "an Office document")
    if "META-INF/manifest.xml" in names and "content.xml" in names:
        return "an OpenDocument file"
    return "an e-book" if "META-INF/container.xml" in names else ""


def _too_large(source: SourceFile, entries: Sequence[_Entry], limits: Options) -> Problem | None:
    total = sum(entry.size for entry in entries)
    bomb = total > 2**20 and total > limits.most_expansion * source.path.stat().st_size
    if not bomb and total <= limits.most_bytes and len(entries) <= limits.most_files:
        return None
    message = (
        f"{source.name} would unpack to {total / 2**20:,.0f} MB in {len(entries):,} files; it was left out: "
        f"at most {limits.most_bytes / 2**20:,.0f} MB, {limits.most_files:,} files and "
        f"{limits.most_expansion} times its own size."
    )
    return Problem(source.name, "zip_too_large", message)


def _taken(entry: _Entry, name: str, scratch: Path, limits: Options) -> SourceFile | Problem:
    """One file of an archive, under a name of our own; no more of it than its entry says."""
    target = _own_folder(scratch) / Path(entry.name.replace("\\", "/")).name
    try:
        entry.copy(target)
    except RuntimeError:
        return Problem(name, "zip_encrypted", f"{name} is locked with a password. Unpack the zip first.")
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, NotImplementedError):
        return Problem(name, "zip_not_readable", f"{name} is damaged in its archive.")
    match archive_kind(target):
        case None:
            return SourceFile(name, target)
        case "gzip":
            return _gunzipped(SourceFile(name, target), scratch, limits)
        case kind:
            os.remove(target)
            message = f"{name} is a {kind} in an archive. Unpack the outer one first."
            return Problem(name, "zip_in_zip", message)


def _own_folder(scratch: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=scratch))
