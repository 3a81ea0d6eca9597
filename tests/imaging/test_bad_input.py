"""Files that cannot be used are named, with the reason; the rest is kept, and memory stays bounded."""

import errno
import io
import shutil
import zipfile

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.imaging.options import Options
from assistant.imaging.prepare import prepare
from assistant.imaging.study import SourceFile, all_pieces
from tests.imaging import made


@pytest.fixture
def read(tmp_path):
    """``read(path, …)`` → names of the studies, and ``{name: code}`` of the problems."""
    folder = tmp_path / "prepared"
    folder.mkdir()

    def run(*paths, **options):
        prepared = prepare([SourceFile(p.name, p) for p in paths], folder, Options(**options))
        for problem in prepared.problems:
            assert problem.name in problem.message
            assert "Marker" not in problem.message
        return [each.name for each in prepared.studies], {each.name: each.code for each in prepared.problems}

    return run


def pixels(value=0):
    return np.full((8, 8), value, np.int16)


def test_a_picture_with_a_name_written_in_it_stays_out_unless_it_is_allowed(read, tmp_path):
    path = made.dicom(tmp_path / "screen.dcm", np.zeros((8, 8, 3), np.uint8), modality="US",
                      BurnedInAnnotation="YES")  # fmt: skip
    assert read(path) == ([], {"screen.dcm": "dicom_burned_in"})
    assert read(path, allow_burned_in=True) == (["Ultrasound"], {})


def test_identity_stands_in_labels_only_when_set(read, tmp_path):
    path = made.dicom(tmp_path / "a.dcm", pixels().astype(np.uint16), sop_class=made.DX, modality="DX")
    assert read(path)[0] == ["X-ray"]
    assert read(path, show_identity=True)[0] == ["X-ray · Marker^Jane, MRN-471100, 20260110"]


def test_a_zip_that_lies_about_its_sizes_yields_no_more_than_it_says(read, tmp_path):
    with zipfile.ZipFile(tmp_path / "liar.zip", "w", zipfile.ZIP_DEFLATED) as liar:
        liar.writestr("a.dcm", bytes(50_000_000))
    data = (tmp_path / "liar.zip").read_bytes()
    (tmp_path / "liar.zip").write_bytes(
        data.replace((50_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    )
    names, problems = read(tmp_path / "liar.zip")
    assert names == []
    assert problems


def test_a_zip_cannot_write_outside_its_folder(read, tmp_path):
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (4, 4), "red").save(buffer, "PNG")
    with zipfile.ZipFile(tmp_path / "slip.zip", "w") as slip:
        slip.writestr("../../../slipped.png", buffer.getvalue())
        slip.writestr("inner.zip", b"PK\5\6" + bytes(18))
    names, problems = read(tmp_path / "slip.zip")
    assert names == ["slipped.png"]
    assert problems == {"slip.zip/inner.zip": "zip_in_zip"}
    assert not list(tmp_path.parent.rglob("slipped.png"))


def test_more_bytes_or_files_than_allowed_are_left_out_by_name(read, tmp_path):
    folder = made.series(tmp_path / "ct", 8, shape=(8, 8))
    names, problems = read(folder, most_files=5)
    assert names == ["CT · 5 slices"]
    assert list(problems.values()) == ["too_many_files"]
    size = max(path.stat().st_size for path in folder.iterdir())
    names, problems = read(folder, most_bytes=size * 6)
    assert names == ["CT · 6 slices"]
    assert list(problems.values()) == ["upload_too_large"]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("slide.svs", b"this is no slide", "slide_not_readable"),
        ("slide.ndpi", b"II*\0" + bytes(400), "slide_not_readable"),
        ("labs.pdf", b"%PDF-1.7 and then nothing", "pdf_not_readable"),
        ("letter.dcm", b"%PDF-1.7", "file_kind_mismatch"),
        ("nothing.dcm", b"", "image_empty"),
        ("words.dcm", b"words" * 100, "dicom_not_readable"),
        ("scan.nii.gz", b"\x1f\x8b\x08" + bytes(50), "image_not_readable"),
        ("broken.zip", b"PK\3\4" + bytes(100), "image_not_readable"),
    ],
)
def test_a_file_that_is_not_what_it_seems(read, tmp_path, name, data, code):
    (tmp_path / name).write_bytes(data)
    good = made.dicom(tmp_path / "good.dcm", pixels())
    assert read(tmp_path / name, good) == (["CT · 1 slice"], {name: code})


def test_a_ct_without_a_scale_and_a_long_loop_say_so(tmp_path):
    made.dicom(tmp_path / "ct.dcm", pixels())
    made.dicom(tmp_path / "loop.dcm", np.zeros((90, 4, 4), np.uint8), modality="US")
    given = [SourceFile(name, tmp_path / name) for name in ("ct.dcm", "loop.dcm")]
    ct, loop = prepare(given, tmp_path, Options()).studies
    assert any("Hounsfield" in note for note in ct.notes)
    assert "85 of 90 frames are looked at, spread evenly." in loop.notes
    scaled = made.series(tmp_path / "scaled", 5, shape=(8, 8))
    (ct,) = prepare([SourceFile("scaled", scaled)], tmp_path, Options()).studies
    assert ct.notes == ()


def test_what_a_volume_does_not_show_of_its_series_is_said(tmp_path):
    folder = made.series(tmp_path / "ct", 6, shape=(8, 8), AcquisitionNumber=1)
    place = {"ImagePositionPatient": [0, 0, 5.0], "ImageOrientationPatient": made.AXIAL}
    made.dicom(folder / "later.dcm", pixels(), AcquisitionNumber=2, **place)
    made.dicom(folder / "derived.dcm", pixels(), ImageType=["DERIVED", "SECONDARY"], **place)
    (study,) = prepare([SourceFile("ct", folder)], tmp_path, Options()).studies
    assert study.count == 6, "the scan is not thrown away for a slice that overlaps it"
    assert {note for note in study.notes if note.startswith("Left out")} == {
        "Left out: 1 that were made from others of the series.",
        "Left out: 1 of other acquisitions or kinds in the same places.",
    }


@pytest.mark.parametrize("place", [40, 254, 280])
def test_a_scan_with_a_damaged_header(read, tmp_path, place):
    import nibabel

    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 4, 4), np.int16), np.eye(4)), tmp_path / "scan.nii")
    data = bytearray((tmp_path / "scan.nii").read_bytes())
    data[place : place + 48] = bytes(48)
    (tmp_path / "scan.nii").write_bytes(data)
    assert set(read(tmp_path / "scan.nii")[1].values()) <= {"nifti_not_readable", "nifti_not_a_volume"}


def test_a_scan_cut_off_in_the_middle(read, tmp_path):
    import nibabel

    volume = np.random.default_rng(1).integers(0, 900, (16, 16, 16)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), tmp_path / "scan.nii.gz")
    data = (tmp_path / "scan.nii.gz").read_bytes()
    (tmp_path / "half.nii.gz").write_bytes(data[: len(data) // 2])
    assert read(tmp_path / "half.nii.gz") == ([], {"half.nii.gz": "nifti_not_readable"})


def test_a_slide_of_glass_has_nothing_to_look_at(read, tmp_path):
    made.slide(tmp_path / "glass.svs", np.full((1024, 1024, 3), 244, np.uint8))
    assert read(tmp_path / "glass.svs") == ([], {"glass.svs": "slide_empty"})


def test_hundreds_of_bad_files_are_counted(read, tmp_path):
    folder = tmp_path / "disc"
    folder.mkdir()
    for k in range(300):
        (folder / f"{k:03}.txt").write_text("autorun")
    _, problems = read(folder)
    assert len(problems) == 11


def test_of_many_pictures_the_model_gets_what_it_has_room_for(tmp_path):
    for k in range(40):
        PIL.Image.new("RGB", (4, 4), (k, 0, 0)).save(tmp_path / f"{k:02}.png")
    ct = made.series(tmp_path / "ct", 100, shape=(8, 8))
    sources = [SourceFile(p.name, p) for p in [*sorted(tmp_path.glob("*.png")), ct]]
    prepared = prepare(sources, tmp_path, Options())
    for most in (1, 10, 60, 126):
        pieces = all_pieces(prepared.studies, most)
        assert sum(hasattr(piece, "image") for piece in pieces) == min(most, 125)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 1200), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_file_is_a_problem_or_still_a_picture(tmp_path_factory, changes):
    folder = tmp_path_factory.mktemp("fuzz", numbered=True)
    data = bytearray(made.dicom(folder / "a.dcm", pixels(5)).read_bytes())
    for place, value in changes:
        data[place % len(data)] = value
    (folder / "a.dcm").write_bytes(data)
    prepared = prepare([SourceFile("a.dcm", folder / "a.dcm")], folder, Options())
    assert prepared.studies or prepared.problems
    shutil.rmtree(folder)


def test_what_fails_in_an_unforeseen_way_is_named_without_the_librarys_words(read, tmp_path, monkeypatch):
    def fail(path, name, folder):
        raise OSError(errno.ENOSPC, "MRN-4711") if name == "full.pdf" else ValueError("Marker^Jane")

    monkeypatch.setattr("assistant.imaging.prepare.read_pdf", fail)
    for name in ("full.pdf", "odd.pdf"):
        (tmp_path / name).write_bytes(b"%PDF-1.7")
    _, problems = read(tmp_path / "full.pdf", tmp_path / "odd.pdf")
    assert problems == {"full.pdf": "disk_full", "odd.pdf": "file_not_readable"}
