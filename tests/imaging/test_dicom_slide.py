"""Pathology slides in DICOM: each series one slide, to the value, however its files came."""

import io
import shutil
import zipfile

import numpy as np
import PIL.Image
import pytest

from assistant.imaging.options import Options
from assistant.imaging.prepare import prepare
from assistant.imaging.study import SourceFile
from tests.imaging import made

PATCH = 896
PLACES = [(896, 0), (0, 896), (896, 1792)]


@pytest.fixture(scope="module")
def pixels():
    """Glass of 2 × 3 patches, three of them full of tissue."""
    pixels = np.full((3 * PATCH, 2 * PATCH, 3), 244, np.uint8)
    random = np.random.default_rng(1)
    smooth = random.integers(0, 60, (PATCH // 16, PATCH // 16, 1)).repeat(16, 0).repeat(16, 1)
    for x, y in PLACES:
        pixels[y : y + PATCH, x : x + PATCH] = np.array((120, 60, 110)) + smooth
    return pixels


@pytest.fixture
def read(tmp_path):
    def run(*paths):
        prepared = prepare([SourceFile(path.name, path) for path in paths], tmp_path, Options())
        return prepared.studies, {each.name: each.code for each in prepared.problems}

    return run


def patches(slide):
    pieces = slide.pieces(126)
    images = []
    for piece in pieces:
        with PIL.Image.open(io.BytesIO(piece.image.data)) as picture:
            images.append(np.asarray(picture).astype(int))
    return images, [piece.source for piece in pieces]


@pytest.mark.parametrize("sparse", [False, True], ids=["full", "sparse"])
@pytest.mark.parametrize("codec", ["raw", "jpeg", "jpeg2000"])
def test_a_slides_levels_in_a_folder_are_one_slide(read, tmp_path, pixels, sparse, codec):
    folder = made.dicom_slide(tmp_path / "biopsy", pixels, sparse=sparse, codec=codec)
    (slide,), problems = read(folder)
    assert problems == {}  # not even for the label, though a name is written on it
    assert (slide.kind, slide.magnification, slide.count) == ("slide", 20, 4)
    images, sources = patches(slide)
    assert sources == [f"biopsy/level-0.dcm, 20x, patch at {x}, {y}" for x, y in PLACES]
    for image, (x, y) in zip(images, PLACES, strict=True):
        off = abs(image - pixels[y : y + PATCH, x : x + PATCH])
        assert off.mean() < 3 if codec == "jpeg" else not off.any()


def test_in_a_zip_the_smaller_levels_are_found_too(read, tmp_path, pixels):
    """A large slide cannot be read without them, and a zip's files are unpacked apart from each other."""
    folder = made.dicom_slide(tmp_path / "biopsy", pixels, mpp=0.125)
    with zipfile.ZipFile(tmp_path / "biopsy.zip", "w") as archive:
        for index, path in enumerate(sorted(folder.iterdir())):
            archive.write(path, f"disc/{index}/{path.name}")
    (slide,), problems = read(tmp_path / "biopsy.zip")
    assert (problems, slide.magnification) == ({}, 20)
    ((image,), _) = patches(slide)
    seen = pixels[::4, ::4]  # as level 1 was made; of level 0 it would be means
    assert np.array_equal(image[: len(seen), : len(seen[0])], seen)
    assert image[len(seen) :].min() == 255  # outside of the scan


def test_two_slides_in_one_folder_stay_apart(read, tmp_path, pixels):
    made.dicom_slide(tmp_path / "both" / "a", pixels, levels=2)
    made.dicom_slide(tmp_path / "both" / "b", pixels[::-1, ::-1], levels=2, SeriesInstanceUID="1.2.3.5",
                     StudyDate="20260111", PatientID="another")  # fmt: skip
    (first, second), problems = read(tmp_path / "both")
    assert problems == {}
    assert [patch[:2] for patch in first.patches] == PLACES
    assert [patch[:2] for patch in second.patches] == [(0, 0), (896, 896), (0, 1792)]
    assert first.time < second.time
    assert first.patients != second.patients


def test_a_file_that_was_given_twice_changes_nothing(read, tmp_path, pixels):
    folder = made.dicom_slide(tmp_path / "biopsy", pixels, levels=2)
    shutil.copy(folder / "level-0.dcm", folder / "copy of level-0.dcm")
    (slide,), problems = read(folder)
    assert (slide.count, problems) == (4, {})


def test_a_low_level_alone_is_a_slide_of_that_magnification(read, tmp_path, pixels):
    folder = made.dicom_slide(tmp_path / "biopsy", np.tile(pixels, (2, 2, 1)), mpp=1.0, levels=2)
    (slide,), _ = read(folder / "level-0.dcm")
    assert slide.magnification == 10


def test_a_compression_that_is_not_read_is_said(read, tmp_path, pixels):
    import pydicom

    path = made.dicom_slide(tmp_path / "biopsy", pixels[:224, :224], levels=1) / "level-0.dcm"
    data = pydicom.dcmread(path)
    data.compress(pydicom.uid.RLELossless)
    data.save_as(path)
    assert read(path) == ((), {"level-0.dcm": "dicom_compression_unsupported"})


def test_a_label_alone_and_a_level_cut_off(read, tmp_path, pixels):
    folder = made.dicom_slide(tmp_path / "biopsy", pixels, levels=1, codec="jpeg")
    assert read(folder / "label.dcm") == ((), {"label.dcm": "slide_not_readable"})
    data = (folder / "level-0.dcm").read_bytes()
    (folder / "level-0.dcm").write_bytes(data[: len(data) * 2 // 3])
    assert read(folder / "level-0.dcm") == ((), {"level-0.dcm": "dicom_not_readable"})
