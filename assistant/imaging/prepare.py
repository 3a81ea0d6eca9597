"""Given files → studies ready to be asked about, and the reasons for what was left out."""

import gzip
import tempfile
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path

from assistant.errors import BadInput
from assistant.imaging.dicom import Instance, Presentation, read_header, read_presentation
from assistant.imaging.intake import found_files
from assistant.imaging.nifti import is_nifti, read_nifti
from assistant.imaging.options import Options, Prepared
from assistant.imaging.pdf import read_pdf
from assistant.imaging.photo import MAX_BYTES, read_photo
from assistant.imaging.record import is_record, read_records
from assistant.imaging.series import prepare_series
from assistant.imaging.slide import is_slide, read_slide
from assistant.imaging.study import Problem, SourceFile, Study, in_short, no_room, problem_of

DICOM_SUFFIXES = {".dcm", ".dicom", ".ima"}
SLIDE_SUFFIXES = {".svs", ".ndpi", ".scn", ".mrxs", ".vms", ".vmu", ".bif", ".svslide"}


def prepare(given: Sequence[SourceFile], folder: Path, options: Options) -> Prepared:
    """Read all that was given into ``folder``; what cannot be used becomes a problem, the rest is kept.

    Takes up to minutes: call it in a process of its own. Never raises for what the files hold.
    """
    studies: list[Study] = []
    problems: list[Problem] = []
    instances: list[Instance] = []
    records: list[SourceFile] = []
    presentations: list[Presentation] = []
    with tempfile.TemporaryDirectory(dir=folder) as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the readers' warnings quote what is in the files
        seen: set[Path] = set()
        for found in found_files(given, Path(scratch), options):
            try:
                if isinstance(found, Problem):
                    problems.append(found)
                elif found.path.resolve() not in seen:
                    seen.add(found.path.resolve())
                    read = _read(found, folder, options, full=len(studies) >= options.most_studies)
                    match read:
                        case Instance():
                            instances.append(read)
                        case SourceFile():
                            records.append(read)
                        case Presentation():
                            presentations.append(read)
                        case _:
                            studies.append(read)
            except Exception as error:  # readers meet damage with errors of many kinds
                problems.append(problem_of(found.name, error))
        for record in read_records(records, folder, options.most_studies - len(studies)):
            studies.append(record) if isinstance(record, Study) else problems.append(record)
        room = options.most_studies - len(studies)
        given_uids = {each.uid for each in instances}
        for shown_as in presentations:
            if not shown_as.uids & given_uids:
                message = f"{shown_as.name} says how pictures are shown that were not given with it."
                problems.append(Problem(shown_as.name, "dicom_kind_unsupported", message))
        for each in prepare_series(
            instances,
            folder,
            most=room,
            show_identity=options.show_identity,
            presentations=presentations,
        ):
            studies.append(each) if isinstance(each, Study) else problems.append(each)
    if not studies and not problems:
        problems.append(Problem("", "nothing_to_read", "None of the given files holds a picture."))
    return Prepared(tuple(studies), tuple(in_short(problems)))


def _read(
    found: SourceFile, folder: Path, options: Options, *, full: bool
) -> Study | Instance | Presentation | SourceFile:
    """DICOM files are only looked into, and files of a record only found: they may belong together. Raises
    ``BadInput``; of all else ``too_many_images`` if it is ``full``."""
    path, name = found.path, found.name
    with path.open("rb") as file:
        head = file.read(512)
    suffix = Path(name.lower()).suffix
    if not head:
        raise BadInput(f"{name} is empty. Attach it again.", code="image_empty")
    if suffix in DICOM_SUFFIXES or head[128:132] == b"DICM":
        return _dicom(found, head, options)
    if full:
        raise no_room(name)
    if head.startswith(b"%PDF"):
        return read_pdf(path, name, folder)
    if is_nifti(head) or is_nifti(_unpacked_head(head)):
        return read_nifti(path, name, folder, options.most_bytes)
    if suffix in SLIDE_SUFFIXES or (head[:2] in (b"II", b"MM") and is_slide(path)):
        return read_slide(path, name, folder)
    if is_record(head, name):
        return found
    if path.stat().st_size > MAX_BYTES:
        raise BadInput(f"{name} is larger than {MAX_BYTES // 2**20} MB.", code="image_too_large")
    try:
        return read_photo(path, name, folder)
    except BadInput as error:
        if error.code == "image_not_readable" and not suffix:
            return _bare_dicom(found, options, error)
        raise


def _unpacked_head(head: bytes) -> bytes:
    if not head.startswith(b"\x1f\x8b"):
        return b""
    try:
        return zlib.decompressobj(wbits=31).decompress(head, 352)
    except (zlib.error, gzip.BadGzipFile):
        return b""


def _dicom(found: SourceFile, head: bytes, options: Options) -> Instance | Presentation:
    if head.startswith(b"%PDF"):
        raise BadInput(
            f"{found.name} is named like a DICOM file but is a PDF. Rename it to attach it as a PDF.",
            code="file_kind_mismatch",
        )
    if shown_as := read_presentation(found.path, found.name):
        return shown_as
    instance = read_header(found.path, found.name)
    if instance.burned_in and not options.allow_burned_in and not instance.slide_surroundings:
        raise BadInput(
            f"{found.name}: its tags say that text, perhaps a name, is written in its picture; "
            "it was left out. Start the server with --allow-burned-in to take such pictures.",
            code="dicom_burned_in",
        )
    return instance


def _bare_dicom(found: SourceFile, options: Options, error: BadInput) -> Instance | Presentation:
    """Old scanners write DICOM without its mark, and without a suffix. Raises ``error`` if it is none."""
    try:
        return _dicom(found, b"", options)
    except BadInput as other:
        raise (error if other.code == "dicom_not_readable" else other) from None
