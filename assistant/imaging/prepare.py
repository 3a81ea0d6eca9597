"""Given files → studies ready to be asked about, and the reasons for what was left out."""

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from assistant.characters import whole_parts
from assistant.errors import BadInput
from assistant.imaging.dicom import (
    ENCAPSULATED,
    Instance,
    class_of,
    is_bare,
    read_document,
    read_header,
)
from assistant.imaging.intake import found_files, gzip_head
from assistant.imaging.nifti import is_nifti, read_nifti
from assistant.imaging.options import Begin, Options, Prepared
from assistant.imaging.pdf import read_pdf
from assistant.imaging.photo import MAX_BYTES, read_pages, read_photo
from assistant.imaging.presentation import PRESENTATION, Presentation, read_presentation
from assistant.imaging.record import is_record, read_records
from assistant.imaging.series import prepare_series
from assistant.imaging.slide import is_slide, read_slide
from assistant.imaging.study import Problem, SourceFile, Study, in_short, no_room, problem_of

DICOM_SUFFIXES = {".dcm", ".dicom", ".ima"}
PAIR_SUFFIXES = {".hdr", ".img", ".mat"}
SLIDE_SUFFIXES = {".svs", ".ndpi", ".scn", ".mrxs", ".vms", ".vmu", ".bif", ".svslide"}


def prepare(
    given: Sequence[SourceFile], folder: Path, options: Options, begin: Begin = lambda _: True
) -> Prepared:
    """Read all that was given into ``folder``; what cannot be used becomes a problem, the rest is kept.
    ``begin`` is called with the name of each file before it is read, and says whether it shall be.

    Takes up to minutes: call it in a process of its own. Never raises for what the files hold.
    """
    studies: list[Study] = []
    problems: list[Problem] = []
    instances: list[Instance] = []
    records: list[SourceFile] = []
    presentations: list[Presentation] = []
    halves: list[SourceFile] = []
    with tempfile.TemporaryDirectory(dir=folder) as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the readers' warnings quote what is in the files
        seen: set[Path] = set()
        for found in found_files(given, Path(scratch), options, begin):
            try:
                if isinstance(found, Problem):
                    problems.append(found)
                elif found.path.resolve() not in seen and begin(found.name):
                    seen.add(found.path.resolve())
                    if Path(found.name.lower()).suffix in PAIR_SUFFIXES:
                        halves.append(found)
                        continue
                    read = _read(found, folder, options, full=len(studies) >= options.most_studies)
                    match read:
                        case Instance():
                            instances.append(read)
                        case SourceFile():
                            records.append(read)
                        case Presentation():
                            presentations.append(read)
                        case None:
                            pass
                        case _:
                            studies.append(read)
            except Exception as error:  # readers meet damage with errors of many kinds
                problems.append(problem_of(found.name, error))
        begin("")
        for pair in _pairs(halves, folder, Path(scratch), options):
            studies.append(pair) if isinstance(pair, Study) else problems.append(pair)
        for record in read_records(records, folder, options.most_studies - len(studies)):
            studies.append(record) if isinstance(record, Study) else problems.append(record)
        room = options.most_studies - len(studies)
        given_uids = {each.uid for each in instances}
        for shown_as in presentations:
            if not shown_as.uids & given_uids:
                message = f"{shown_as.name} is a presentation state of pictures that were not given with it."
                problems.append(Problem(shown_as.name, "dicom_kind_unsupported", message))
        for each in prepare_series(
            instances,
            folder,
            most=room,
            show_identity=options.show_identity,
            presentations=presentations,
            wanted=options.wanted,
        ):
            studies.append(each) if isinstance(each, Study) else problems.append(each)
    if not studies and not problems:
        problems.append(Problem("", "nothing_to_read", "None of the given files holds a picture."))
    return whole_parts(Prepared(tuple(studies), tuple(in_short(problems))))


def _pairs(
    halves: Sequence[SourceFile], folder: Path, scratch: Path, options: Options
) -> Iterator[Study | Problem]:
    """Volumes whose header and values are two files of one name: Analyze, and NIfTI as a pair."""
    by_name: dict[str, dict[str, SourceFile]] = {}
    for each in halves:
        stem, _, suffix = each.name.rpartition(".")
        by_name.setdefault(stem, {})[suffix.lower()] = each
    for stem, parts in by_name.items():
        name = next(iter(parts.values())).name
        if options.wanted and ("hdr" not in parts or options.wanted.series != parts["hdr"].name):
            continue
        matlab = parts.pop("mat", None)  # what SPM knows beside a pair; the pair is read without it
        if matlab and not parts:
            yield Problem(name, "file_type_unsupported", f"{name} is a MATLAB file, which is not read.")
            continue
        if len(parts) < 2:
            other = "img" if "hdr" in parts else "hdr"
            message = f"{name} is one half of a volume: give {Path(stem).name}.{other} with it."
            yield Problem(name, "volume_half_missing", message)
            continue
        place = Path(tempfile.mkdtemp(dir=scratch))
        for suffix, part in parts.items():
            (place / f"volume.{suffix}").symlink_to(part.path.resolve())
        try:
            number = options.wanted.stack if options.wanted else 1
            header = place / "volume.hdr"
            yield read_nifti(header, parts["hdr"].name, folder, options.most_bytes, number=number)
        except Exception as error:  # readers meet damage with errors of many kinds
            yield problem_of(parts["hdr"].name, error)


def _read(
    found: SourceFile, folder: Path, options: Options, *, full: bool
) -> Study | Instance | Presentation | SourceFile | None:
    """DICOM files are only looked into, and files of a record only found: they may belong together. None of
    what is not wanted. Raises ``BadInput``; of all else ``too_many_images`` if it is ``full``."""
    path, name = found.path, found.name
    with path.open("rb") as file:
        head = file.read(512)
    suffix = Path(name.lower()).suffix
    if not head:
        raise BadInput(f"{name} is empty. Attach it again.", code="image_empty")
    if suffix in DICOM_SUFFIXES or head[128:132] == b"DICM" or is_bare(head):
        return _dicom(found, head, folder, options)
    if options.wanted and options.wanted.series != name:
        return None
    if full:
        raise no_room(name)
    if head.startswith(b"%PDF"):
        return read_pdf(path, name, folder)
    if is_nifti(head) or is_nifti(gzip_head(head)):
        number = options.wanted.stack if options.wanted else 1
        most, most_times = options.most_bytes, options.most_expansion
        return read_nifti(path, name, folder, most, most_expansion=most_times, number=number)
    if suffix in SLIDE_SUFFIXES or (head[:2] in (b"II", b"MM") and is_slide(path)):
        return read_slide(path, name, folder)
    if is_record(head, name):
        return found
    if path.stat().st_size > MAX_BYTES:
        raise BadInput(f"{name} is larger than {MAX_BYTES // 2**20} MB.", code="image_too_large")
    try:
        return read_pages(path, name, folder) or read_photo(path, name, folder)
    except BadInput as error:
        if error.code == "image_not_readable" and not suffix:
            return _bare_dicom(found, folder, options, error)
        raise


def _dicom(
    found: SourceFile, head: bytes, folder: Path, options: Options
) -> Study | Instance | Presentation | SourceFile:
    if head.startswith(b"%PDF"):
        raise BadInput(
            f"{found.name} is named like a DICOM file but is a PDF. Rename it to attach it as a PDF.",
            code="file_kind_mismatch",
        )
    sop_class = class_of(found.path)
    if sop_class.startswith(ENCAPSULATED):
        return _document(found, folder)
    if sop_class.startswith(PRESENTATION):
        return read_presentation(found.path, found.name)
    instance = read_header(found.path, found.name)
    if instance.burned_in and not options.allow_burned_in and not instance.slide_surroundings:
        raise BadInput(
            f"{found.name}: its tags say that text, perhaps a name, is written in its picture; "
            "it was left out. Start the server with --allow-burned-in to take such pictures.",
            code="dicom_burned_in",
        )
    return instance


def _document(found: SourceFile, folder: Path) -> Study | SourceFile:
    document = read_document(found.path, found.name)
    place = Path(tempfile.mkdtemp(dir=folder)) / "document"
    place.write_bytes(document.data)
    if document.media_type != "application/pdf":
        return SourceFile(found.name, place)
    study = read_pdf(place, found.name, folder)
    note = "From a DICOM file: a name may be written in it."
    return replace(study, patients=document.patients, time=document.time, notes=(*study.notes, note))


def _bare_dicom(
    found: SourceFile, folder: Path, options: Options, error: BadInput
) -> Study | Instance | Presentation | SourceFile:
    """Old scanners write DICOM without its mark, and without a suffix. Raises ``error`` if it is none."""
    try:
        return _dicom(found, b"", folder, options)
    except BadInput as other:
        raise (error if other.code == "dicom_not_readable" else other) from None
