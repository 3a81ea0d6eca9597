"""Files in odd forms: read, or refused in words that name what they are."""

import gzip
import io
import tarfile
import zipfile

import nibabel
import numpy as np
import PIL.Image
import py7zr
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from assistant.imaging.options import Options
from assistant.imaging.prepare import prepare
from assistant.imaging.square import UNEVEN_PIXELS
from assistant.imaging.study import SourceFile
from tests.imaging import made


@pytest.fixture
def read(tmp_path):
    def run(*paths, **options):
        folder = tmp_path / "prepared"
        folder.mkdir(exist_ok=True)
        made = prepare([SourceFile(path.name, path) for path in paths], folder, Options(**options))
        return made.studies, [(each.code, each.message) for each in made.problems]

    return run


def xray(path):
    return made.dicom(path, np.arange(64, dtype=np.uint16).reshape(8, 8), sop_class=made.DX, modality="DX")


def pixels(study):
    with PIL.Image.open(io.BytesIO(study.view(0).data)) as picture:
        return np.asarray(picture)[..., 0]


def bare(path, *, implicit, little):
    data = pydicom.dcmread(xray(path))
    del data.file_meta, data.preamble
    if not little:
        data.PixelData = np.frombuffer(data.PixelData, np.uint16).byteswap().tobytes()
    pydicom.dcmwrite(path, data, implicit_vr=implicit, little_endian=little, enforce_file_format=False)
    assert path.read_bytes()[128:132] != b"DICM"
    return path


@pytest.mark.parametrize("name", ["x.dcm", "x", "x.bin", "x.001"])
@pytest.mark.parametrize(("implicit", "little"), [(True, True), (False, True), (False, False)])
def test_files_without_preamble_and_meta_header_are_read(read, tmp_path, name, implicit, little):
    (study,), problems = read(bare(tmp_path / name, implicit=implicit, little=little))
    assert not problems and study.name == "X-ray"
    assert np.array_equal(pixels(study), np.rint(np.arange(64).reshape(8, 8) / 63 * 255))


def test_a_real_file_without_a_transfer_syntax_is_read(read):
    from pathlib import Path

    (study,), problems = read(Path(get_testdata_file("OT-PAL-8-face.dcm")))
    assert not problems and pixels(study).std() > 20


def test_a_file_without_meta_header_is_a_slice_like_others(read, tmp_path):
    folder = made.series(tmp_path / "ct", 6, shape=(8, 8))
    for path in list(folder.iterdir())[:3]:
        data = pydicom.dcmread(path)
        del data.file_meta, data.preamble
        pydicom.dcmwrite(path, data, implicit_vr=True, little_endian=True, enforce_file_format=False)
    (study,), problems = read(folder)
    assert not problems and [study._values(k)[0, 0] for k in range(6)] == [0, 10, 20, 30, 40, 50]


def test_a_packed_file_is_read_in_its_place(read, tmp_path):
    data = xray(tmp_path / "x.dcm").read_bytes()
    (tmp_path / "x.dcm.gz").write_bytes(gzip.compress(data))
    (study,), problems = read(tmp_path / "x.dcm.gz")
    assert not problems and pixels(study)[7, 7] == 255
    (tmp_path / "torn.dcm.gz").write_bytes(gzip.compress(data)[:-40])
    studies, problems = read(tmp_path / "torn.dcm.gz")
    assert not studies and problems[0][0] == "zip_not_readable"


def archived(tmp_path, form):
    folder = made.series(tmp_path / "ct", 6, shape=(8, 8))
    path = tmp_path / f"scan.{form}"
    match form:
        case "tar" | "tar.gz" | "tar.bz2" | "tar.xz":
            with tarfile.open(path, f"w:{form.partition('.')[2]}") as archive:
                archive.add(folder, "ct")
        case "7z":
            with py7zr.SevenZipFile(path, "w") as archive:
                archive.writeall(folder, "ct")
        case "gz.zip":
            with zipfile.ZipFile(path, "w") as archive:
                for each in folder.iterdir():
                    archive.writestr(f"{each.name}.gz", gzip.compress(each.read_bytes()))
    return path


@pytest.mark.parametrize("form", ["tar", "tar.gz", "tar.bz2", "tar.xz", "7z", "gz.zip"])
def test_archives_hold_the_series(read, tmp_path, form):
    (study,), problems = read(archived(tmp_path, form))
    assert not problems
    assert [study._values(k)[0, 0] for k in range(6)] == [0, 10, 20, 30, 40, 50]


@pytest.mark.parametrize("form", ["tar.gz", "7z", "gz"])
def test_a_bomb_is_not_unpacked(read, tmp_path, form):
    zeros = bytes(50_000_000)
    path = tmp_path / f"bomb.{form}"
    match form:
        case "tar.gz":
            with tarfile.open(path, "w:gz") as archive:
                info = tarfile.TarInfo("a.dcm")
                info.size = len(zeros)
                archive.addfile(info, io.BytesIO(zeros))
        case "7z":
            with py7zr.SevenZipFile(path, "w") as archive:
                archive.writestr(zeros, "a.dcm")
        case _:
            path.write_bytes(gzip.compress(zeros))
    studies, problems = read(path)
    assert not studies and [code for code, _ in problems] == ["zip_too_large"]


def test_an_archive_cannot_write_outside_its_folder_and_links_are_no_files(read, tmp_path):
    path = tmp_path / "evil.tar"
    data = xray(tmp_path / "x.dcm").read_bytes()
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("../../evil.dcm")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("passwd")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    (study,), problems = read(path)
    assert not problems and study.name == "X-ray"
    assert not (tmp_path.parent / "evil.dcm").exists() and not (tmp_path / "evil.dcm").exists()


def test_archives_that_are_locked_torn_or_nested_are_named(read, tmp_path):
    with py7zr.SevenZipFile(tmp_path / "locked.7z", "w", password="p") as archive:
        archive.writestr(b"x", "a.dcm")
    (tmp_path / "torn.7z").write_bytes((tmp_path / "locked.7z").read_bytes()[:40])
    with tarfile.open(tmp_path / "nested.tar", "w") as archive:
        archive.add(archived(tmp_path, "7z"), "inner.7z")
    _, problems = read(tmp_path / "locked.7z", tmp_path / "torn.7z", tmp_path / "nested.tar")
    assert [code for code, _ in problems] == ["zip_encrypted", "zip_not_readable", "zip_in_zip"]


def test_a_fax_of_several_pages_is_read_in_its_true_shape(read, tmp_path):
    pages = [PIL.Image.new("1", (204, 98), 1) for _ in range(3)]
    for number, page in enumerate(pages):
        page.putpixel((number, 0), 0)
    pages[0].save(tmp_path / "fax.tif", "TIFF", save_all=True, append_images=pages[1:], compression="group4",
                  dpi=(204, 98))  # fmt: skip
    (study,), problems = read(tmp_path / "fax.tif")
    assert not problems
    assert (study.kind, study.count, study.sizes[0]) == ("pages", 3, (204, 204))
    assert study.sources[2] == "fax.tif, page 3"
    assert study.notes == (UNEVEN_PIXELS,)
    with PIL.Image.open(io.BytesIO(study.view(1).data)) as picture:
        assert [x for x in range(204) if picture.getpixel((x, 0))[0] < 128] == [1]
    one = PIL.Image.new("1", (204, 98), 1)
    one.save(tmp_path / "one.tif", "TIFF", compression="group4", dpi=(204, 98))
    (study,), _ = read(tmp_path / "one.tif")
    assert study.sizes[0] == (204, 204) and study.notes == (UNEVEN_PIXELS,)
    one.save(tmp_path / "square.tif", "TIFF", compression="group4", dpi=(204, 204))
    (study,), _ = read(tmp_path / "square.tif")
    assert study.sizes[0] == (204, 98) and study.notes == ()


def encapsulated(path, kind, document):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    sop_class = "1.2.840.10008.5.1.4.1.1.104." + ("1" if kind == "application/pdf" else "2")
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = sop_class
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    data.Modality, data.PatientID, data.StudyDate = "DOC", "MRN-1", "20260110"
    data.MIMETypeOfEncapsulatedDocument = kind
    data.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
    data.save_as(path, enforce_file_format=True)
    return path


def test_documents_in_dicom_files_are_read_or_named(read, tmp_path):
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (60, 80), "white").save(buffer, "PDF")
    (study,), problems = read(encapsulated(tmp_path / "a.dcm", "application/pdf", buffer.getvalue()))
    assert not problems
    assert (study.kind, study.count, study.time[:8]) == ("pages", 1, "20260110") and study.patients
    from tests.records.test_xml import CDA

    (study,), problems = read(encapsulated(tmp_path / "b.dcm", "text/xml", CDA))
    assert not problems and study.kind == "record"
    _, problems = read(encapsulated(tmp_path / "c.dcm", "model/stl", b"solid"))
    assert problems == [
        (
            "dicom_kind_unsupported",
            "c.dcm is a document in a DICOM file, of kind model/stl, which is not read.",
        )
    ]


VOLUME = np.random.default_rng(1).integers(0, 900, (6, 7, 8)).astype(np.int16)


@pytest.mark.parametrize("kind", [nibabel.Nifti1Pair, nibabel.AnalyzeImage, nibabel.Spm99AnalyzeImage])
@pytest.mark.parametrize("way", ["folder", "files", "zip"])
def test_a_header_and_its_values_in_two_files_are_one_volume(read, tmp_path, kind, way):
    folder = tmp_path / "pair"
    folder.mkdir()
    nibabel.save(kind(VOLUME, np.eye(4)), folder / "brain.img")
    given = [folder]
    if way == "files":
        given = [folder / "brain.hdr", folder / "brain.img"]
    if way == "zip":
        with zipfile.ZipFile(tmp_path / "pair.zip", "w") as archive:
            for each in folder.glob("brain.*"):
                archive.write(each, each.name)
        given = [tmp_path / "pair.zip"]
    (study,), problems = read(*given)
    assert not problems and study.count == 8
    values = study._values(3)
    assert sorted(values.ravel()) == sorted(VOLUME[:, :, 3].ravel())
    unknown = any("left and right are unknown" in note for note in study.notes)
    assert unknown == (kind is not nibabel.Nifti1Pair)


def test_half_of_a_pair_says_what_is_missing(read, tmp_path):
    nibabel.save(nibabel.Nifti1Pair(VOLUME, np.eye(4)), tmp_path / "brain.img")
    for half, other in (("hdr", "img"), ("img", "hdr")):
        _, problems = read(tmp_path / f"brain.{half}")
        assert problems == [
            ("volume_half_missing", f"brain.{half} is one half of a volume: give brain.{other} with it.")
        ]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.rar", b"Rar!\x1a\x07\0", "a RAR archive. Unpack it"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Office file. Save it as PDF"),
        ("a.mp4", b"\0\0\0\x20ftypisom", "a video (MP4)"),
        ("a.avi", b"RIFF\0\0\0\0AVI LIST", "a video (AVI)"),
        ("a.heic", b"\0\0\0\x18ftypheic", "a HEIC"),
        ("a.nrrd", b"NRRD0004\n", "an NRRD volume. Convert it to NIfTI or DICOM"),
        ("a.mha", b"ObjectType = Image\n", "a MetaImage volume"),
        ("a.PAR", b"# === DATA DESCRIPTION FILE ===", "a Philips PAR file"),
        ("a.mnc", b"CDF\x01", "a MINC volume"),
        ("a.rtf", b"{\\rtf1 x}", "an RTF document. Save it as PDF"),
        ("a.htm", b"<!DOCTYPE html><p>", "a web page"),
        ("a.wav", b"RIFF\0\0\0\0WAVEfmt ", "a sound file"),
        ("a.exe", b"MZ\x90\0", "a program"),
    ],
)
def test_other_kinds_are_refused_by_what_they_are(read, tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data + bytes(600))
    studies, problems = read(tmp_path / name)
    assert not studies
    assert problems[0][0] == "image_type_unsupported" and f"{name} is {words}" in problems[0][1]


@pytest.mark.parametrize(("folder", "words"), [("word", "a Word document"), ("xl", "an Excel table")])
def test_an_office_document_is_no_zip_of_its_thumbnail(read, tmp_path, folder, words):
    picture = io.BytesIO()
    PIL.Image.new("RGB", (8, 8)).save(picture, "JPEG")
    with zipfile.ZipFile(tmp_path / "letter.docx", "w") as document:
        document.writestr("[Content_Types].xml", "<x/>")
        document.writestr(f"{folder}/document.xml", "<x/>")
        document.writestr("docProps/thumbnail.jpeg", picture.getvalue())
    studies, problems = read(tmp_path / "letter.docx")
    assert not studies
    assert problems == [("file_type_unsupported", f"letter.docx is {words}. Save it as PDF, then attach it.")]


@pytest.mark.parametrize("way", ["folder", "zip"])
def test_the_viewer_on_a_patients_disc_is_not_attached(read, tmp_path, way):
    folder = made.series(tmp_path / "ct", 6, shape=(8, 8))
    disc = made.dicomdir(folder).parent
    (disc / "VIEWER").mkdir()
    PIL.Image.new("RGB", (8, 8)).save(disc / "VIEWER" / "logo.png")
    (disc / "VIEWER" / "help.html").write_text("<html>")
    (disc / "autorun.inf").write_text("[autorun]")
    given = disc
    if way == "zip":
        given = tmp_path / "cd.zip"
        with zipfile.ZipFile(given, "w") as archive:
            for each in disc.rglob("*"):
                archive.write(each, each.relative_to(disc))
    studies, problems = read(given)
    assert [study.name for study in studies] == ["CT · 6 slices"]
    assert problems == [
        ("disc_viewer_left_out", f"{given.name}: 3 files of the viewer on the disc were left out.")
    ]
    PIL.Image.new("RGB", (8, 8)).save(folder / "photo.png")
    studies, problems = read(folder)
    assert len(studies) == 2 and not problems, "a picture beside a series, on no disc, is a picture"
