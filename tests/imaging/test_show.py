"""``assistant show``: exactly what the model would be given, for every kind of file, to the value."""

import numpy as np
import PIL.Image
import pydicom
import pytest
from pydicom.data import get_testdata_file

from tests.imaging import made


def texts(pieces):
    return [piece["text"] for piece in pieces if piece["type"] == "text"]


def bundled(name):
    return get_testdata_file(name, download=False)


# --- CT and MR ---


def test_a_ct_is_three_windows_in_colour_padded_to_a_square(show):
    (image,), pieces, _ = show(bundled("CT_small.dcm"))
    data = pydicom.dcmread(bundled("CT_small.dcm"))
    hounsfield = data.pixel_array * 1.0 + float(data.RescaleIntercept)
    for channel, (low, high) in enumerate([(-1024, 1024), (-135, 215), (0, 80)]):
        expected = np.round((np.clip(hounsfield, low, high) - low) / (high - low) * 255)
        assert np.array_equal(image[..., channel], expected)
    assert [piece["type"] for piece in pieces] == ["text", "image", "text"]
    assert pieces[2]["text"] == "SLICE 1"
    assert pieces[1]["source"] == "CT_small.dcm"


@pytest.mark.parametrize("order", [made.AXIAL, [-1, 0, 0, 0, 1, 0]])
def test_slices_go_from_the_feet_to_the_head_whatever_their_numbers(show, tmp_path, order):
    folder = made.series(tmp_path / "ct", 12, orientation=order)
    images, pieces, _ = show(folder)
    places = [image[16, 16, 2] for image in images]  # blue rises from 0 to 80 HU
    expected = sorted(places) if order == made.AXIAL else sorted(places, reverse=True)
    assert places == expected
    assert len(set(places)) > 8
    assert texts(pieces)[1:] == [f"SLICE {k}" for k in range(1, 13)]
    assert [piece["type"] for piece in pieces] == ["text", *["image", "text"] * 12]


def test_of_many_slices_85_are_taken_evenly_to_the_last(show, tmp_path):
    images, pieces, _ = show(made.series(tmp_path / "ct", 120, shape=(8, 8)))
    expected = [round(i / 85 * 119) for i in range(1, 86)]
    sources = [piece["source"] for piece in pieces if piece["type"] == "image"]
    assert [int(source[-7:-4]) for source in sources] == expected
    assert len(images) == 85
    assert texts(pieces)[-1] == "SLICE 85"


def test_another_run_leaves_nothing_of_the_one_before(show, tmp_path):
    ct = made.series(tmp_path / "ct", 5, shape=(8, 8))
    assert len(show(ct)[0]) == 5
    assert len(show(next(ct.iterdir()))[0]) == 1  # the fixture compares with the files that are there


def test_a_question_comes_last(show, tmp_path):
    _, pieces, _ = show(made.series(tmp_path / "ct", 5, shape=(8, 8)), question="Is the liver normal?")
    assert pieces[-1]["text"] == "Is the liver normal?"


def test_neither_the_kind_of_scan_nor_the_part_of_the_body_is_given_away(show, tmp_path):
    _, pieces, _ = show(made.series(tmp_path / "ct", 5, shape=(8, 8), BodyPartExamined="ABDOMEN"))
    assert not {"CT", "MR", "MRI", "abdomen", "ABDOMEN"} & set(
        " ".join(texts(pieces)).replace(".", " ").split()
    )


def test_a_narrow_picture_stands_between_black_bars(show, tmp_path):
    images, _, _ = show(made.series(tmp_path / "ct", 1, shape=(32, 25)))
    assert images[0].shape == (32, 32, 3)
    assert not images[0][:, :3].any()
    assert not images[0][:, 28:].any()
    assert images[0][:, 3:28].any(axis=2).all()


def test_an_mri_is_stretched_over_the_whole_volume(show, tmp_path):
    values = np.random.default_rng(2).integers(40, 900, (7, 16, 16)).astype(np.int16)
    images, pieces, _ = show(made.series(tmp_path / "mr", 7, values=values, sop_class=made.MR, modality="MR"))
    expected = np.round((values - values.min()) / (values.max() - values.min()) * 255)
    for k, image in enumerate(images):
        assert np.array_equal(image, np.repeat(expected[k][..., None], 3, axis=-1))
    assert texts(pieces)[1:] == [f"SLICE {k}" for k in range(1, 8)]


def test_an_enhanced_file_is_read_frame_by_frame(show, tmp_path):
    values = (np.arange(6)[:, None, None] * 20 + 1000 + np.zeros((6, 8, 8))).astype(np.int16)
    images, pieces, _ = show(made.enhanced(tmp_path / "enhanced.dcm", values))
    hounsfield = [20 * k - k for k in range(6)][::-1]  # frames lie from the head to the feet
    expected = [np.round(np.clip(value, 0, 80) / 80 * 255) for value in hounsfield]
    assert [image[0, 0, 2] for image in images] == expected
    assert pieces[1]["source"] == "enhanced.dcm, frame 6"


@pytest.mark.parametrize(
    "name", ["MR_small_RLE", "MR_small_jp2klossless", "MR_small_jpeg_ls_lossless", "MR_small_bigendian"]
)
def test_compression_without_loss_changes_no_value(show, name):
    (plain,), _, _ = show(bundled("MR_small.dcm"))
    (packed,), _, _ = show(bundled(f"{name}.dcm"))
    assert np.array_equal(plain, packed)


@pytest.mark.parametrize(
    "name",
    [
        "SC_rgb_jpeg_gdcm",
        "SC_rgb_jpeg_dcmtk",
        "SC_rgb_rle_16bit",
        "JPGExtended",
        "JPEG2000",
        "examples_palette",
        "SC_ybr_full_422_uncompressed",
        "image_dfl",
        "693_J2KI",
        "JPEGLSNearLossless_16",
    ],
)
def test_other_compressions_and_colours_are_read(show, name):
    (image,), _, _ = show(bundled(f"{name}.dcm"))
    assert image.min() < image.max()


def mr(tmp_path, values, **tags):
    return made.series(tmp_path / "mr", len(values), values=values, sop_class=made.MR, modality="MR", **tags)


def test_padding_is_dark_and_no_part_of_an_mris_range(show, tmp_path):
    values = np.random.default_rng(6).integers(0, 900, (6, 16, 16)).astype(np.int16)
    values[:, 3, 3], values[:, 4, 4] = 0, 900
    values[:, :, :4] = -32768
    images, _, _ = show(mr(tmp_path, values, PixelPaddingValue=-32768))
    low, high = values[:, :, 4:].min(), values.max()
    for k, image in enumerate(images):
        assert not image[:, :4].any()
        expected = np.round((values[k][:, 4:] - low) / (high - low) * 255)
        assert np.array_equal(image[:, 4:, 0], expected)


def test_slices_with_scales_of_their_own_are_compared_by_what_they_measure(show, tmp_path):
    folder = tmp_path / "pet"
    folder.mkdir()
    for k in range(6):
        made.dicom(folder / f"{k}.dcm", np.full((8, 8), 30_000, np.int16), modality="PT",
                   sop_class="1.2.840.10008.5.1.4.1.1.128", RescaleSlope=float(k), RescaleIntercept=0,
                   ImagePositionPatient=[0, 0, k], ImageOrientationPatient=made.AXIAL)  # fmt: skip
    images, _, _ = show(folder)
    assert [image[0, 0, 0] for image in images] == [0, 51, 102, 153, 204, 255]


def test_slices_whose_directions_differ_in_the_last_digit_are_one_volume(show, tmp_path):
    folder = tmp_path / "ct"
    folder.mkdir()
    for k in range(6):
        made.dicom(folder / f"{k}.dcm", np.zeros((8, 8), np.int16), RescaleSlope=1, RescaleIntercept=0,
                   ImageOrientationPatient=[1, 0.005 + (-1) ** k * 1e-6, 0, 0, 1, 0],
                   ImagePositionPatient=[0, 0, k])  # fmt: skip
    assert len(show(folder)[0]) == 6


# --- X-rays and photos ---


def xray(path, **tags):
    values = np.random.default_rng(3).integers(100, 3900, (40, 30)).astype(np.uint16)
    made.dicom(path, values, sop_class=made.DX, modality="DX", **tags)
    return values.astype(float)


def test_an_xray_without_a_window_is_stretched(show, tmp_path):
    values = xray(tmp_path / "a.dcm")
    (image,), pieces, _ = show(tmp_path / "a.dcm")
    expected = np.round((values - values.min()) / (values.max() - values.min()) * 255)
    assert image.shape == (40, 40, 3)
    assert np.array_equal(image[:, 5:35, 1], expected)
    assert texts(pieces) == []


def test_an_xrays_window_counts_and_monochrome1_is_turned_over(show, tmp_path):
    values = xray(
        tmp_path / "a.dcm", WindowCenter=2000, WindowWidth=1500, PhotometricInterpretation="MONOCHROME1"
    )
    (image,), _, _ = show(tmp_path / "a.dcm")
    expected = 255 - np.round((np.clip(values, 1250, 2750) - 1250) / 1500 * 255)
    assert np.array_equal(image[:, 5:35, 0], expected)


@pytest.mark.parametrize(
    ("padding", "tag", "form"),
    [(0, 0, "MONOCHROME2"), (65535, 65535, "MONOCHROME1"), (60000, -5536, "MONOCHROME1")],
)
def test_padding_is_black_and_no_part_of_an_xrays_range(show, tmp_path, padding, tag, form):
    values = np.random.default_rng(7).integers(2000, 3000, (30, 30)).astype(np.uint16)
    values[:, :5] = padding
    path = made.dicom(
        tmp_path / "a.dcm", values, sop_class=made.DX, modality="DX", PhotometricInterpretation=form
    )
    data = pydicom.dcmread(path)
    data.add_new("PixelPaddingValue", "SS" if tag < 0 else "US", tag)
    data.save_as(path)
    (image,), _, _ = show(path)
    inside = values[:, 5:].astype(float)
    expected = np.round((inside - inside.min()) / (inside.max() - inside.min()) * 255)
    assert np.array_equal(image[:, 5:, 0], expected if form == "MONOCHROME2" else 255 - expected)
    assert not image[:, :5].any()


def test_a_padding_value_that_is_damaged_counts_for_nothing(show, tmp_path):
    path = tmp_path / "a.dcm"
    values = xray(path)
    data = pydicom.dcmread(path)
    data.add_new("PixelPaddingValue", "US", [0, 1])
    data.save_as(path)
    (image,), _, _ = show(path)
    expected = np.round((values - values.min()) / (values.max() - values.min()) * 255)
    assert np.array_equal(image[:, 5:35, 1], expected)


def test_black_and_white_of_one_bit_is_black_and_white(show, tmp_path):
    ones = np.tile(np.array([0, 1], np.uint8), (16, 8))
    path = made.dicom(tmp_path / "a.dcm", ones, sop_class="1.2.840.10008.5.1.4.1.1.7", modality="OT")
    data = pydicom.dcmread(path)
    data.BitsAllocated, data.BitsStored, data.HighBit = 1, 1, 0
    data.PixelData = np.packbits(ones, bitorder="little").tobytes()
    data.save_as(path)
    (image,), _, _ = show(path)
    assert np.array_equal(image[..., 0], ones * 255)


def test_two_xrays_go_in_the_order_in_which_they_were_taken(show, tmp_path):
    xray(tmp_path / "now.dcm", StudyDate="20260110", StudyTime="0800")
    xray(tmp_path / "before.dcm", StudyDate="20251224", StudyTime="2359", SeriesInstanceUID="1.2.5")
    _, pieces, _ = show(tmp_path / "now.dcm", tmp_path / "before.dcm")
    assert [piece["source"] for piece in pieces] == ["before.dcm", "now.dcm"]


def test_grey_is_never_inverted(show, tmp_path):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    PIL.Image.fromarray(grey).save(tmp_path / "grey.png")
    (image,), pieces, _ = show(tmp_path / "grey.png")
    assert np.array_equal(image, np.repeat(grey[..., None], 3, axis=-1))
    assert pieces == [{"type": "image", "file": "000.png", "source": "grey.png"}]


def test_a_photo_is_upright_and_square(show, tmp_path):
    picture = PIL.Image.new("RGB", (40, 20), (200, 0, 0))
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side
    picture.save(tmp_path / "photo.png", exif=exif)
    (image,), _, _ = show(tmp_path / "photo.png")
    assert image.shape == (40, 40, 3)
    assert np.all(image[:, 10:30] == (200, 0, 0))
    assert not image[:, :10].any()
    assert not image[:, 30:].any()


def test_cmyk_is_read(show, tmp_path):
    PIL.Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "print.jpg")
    (image,), _, _ = show(tmp_path / "print.jpg")
    assert np.all(abs(image.astype(int) - (255, 0, 0)) < 12)


# --- slides and PDF ---

GLASS, TISSUE = (244, 244, 244), (180, 80, 160)


def with_tissue(height, width, *boxes):
    pixels = np.full((height, width, 3), GLASS, np.uint8)
    for left, top, right, bottom in boxes:
        pixels[top:bottom, left:right] = TISSUE
        pixels[top:bottom, left:right, 0] -= (np.arange(right - left) % 50).astype(np.uint8)
    return pixels


def test_a_slide_gives_its_patches_with_tissue_row_by_row(show, tmp_path):
    pixels = with_tissue(896 * 3, 896 * 4, (896, 0, 1792, 896), (0, 1792, 1792, 2688))
    images, pieces, _ = show(made.slide(tmp_path / "biopsy.svs", pixels))
    places = [(896, 0), (0, 1792), (896, 1792)]
    assert [piece["source"] for piece in pieces] == [f"biopsy.svs, 20x, patch at {x}, {y}" for x, y in places]
    for image, (x, y) in zip(images, places, strict=True):
        assert np.array_equal(image, pixels[y : y + 896, x : x + 896])


def test_a_slide_that_does_not_fit_is_looked_at_from_farther_away(show, tmp_path, monkeypatch):
    monkeypatch.setattr("assistant.imaging.slide.MOST_PATCHES", 8)
    pixels = with_tissue(896 * 4, 896 * 4, (0, 0, 896 * 4, 896 * 4))
    images, pieces, _ = show(made.slide(tmp_path / "large.tif", pixels, levels=2))
    assert len(images) == 4
    assert pieces[1]["source"] == "large.tif, 10x, patch at 1792, 0"
    assert {image.shape for image in images} == {(896, 896, 3)}


def test_a_pdf_gives_its_pages(show, tmp_path):
    pages = [PIL.Image.new("RGB", (300, 400), "white") for _ in range(3)]
    pages[0].save(tmp_path / "labs.pdf", save_all=True, append_images=pages[1:])
    images, pieces, _ = show(tmp_path / "labs.pdf")
    assert [piece["source"] for piece in pieces] == [f"labs.pdf, page {k}" for k in (1, 2, 3)]
    assert images[0].shape == (1792, 1792, 3)
    assert images[0][896, 896].min() > 250
    assert not images[0][:, :100].any()


FILLED_IN = b"""%PDF-1.5
1 0 obj<</Type/Catalog/Pages 2 0 R
/AcroForm<</Fields[4 0 R]/DR<</Font<</F 5 0 R>>>>/NeedAppearances true>>>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Annots[4 0 R]>>endobj
4 0 obj<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(Potassium 5.9)
/Rect[10 200 290 240]/F 4/DA(/F 30 Tf 0 g)>>endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
"""


def test_what_is_filled_into_the_form_of_a_pdf_is_seen(show, tmp_path):
    (tmp_path / "form.pdf").write_bytes(FILLED_IN)
    (image,), _, _ = show(tmp_path / "form.pdf")
    dark = np.argwhere(image[..., 0] < 100) * 300 / 1792
    assert len(dark) > 1000
    assert dark[:, 0].min() > 60
    assert dark[:, 0].max() < 100


# --- folders, zips, and what is wrong with them ---


def test_a_zip_holds_the_series(show, tmp_path):
    import shutil

    folder = made.series(tmp_path / "ct", 6, shape=(8, 8))
    archive = shutil.make_archive(tmp_path / "ct", "zip", folder)
    from_folder, _, _ = show(folder)
    from_zip, pieces, _ = show(archive)
    assert np.array_equal(from_folder, from_zip)
    assert pieces[1]["source"].startswith("ct.zip/IM")


def test_a_dicomdir_leads_to_the_files_of_its_disc(show, tmp_path):
    disc = made.dicomdir(made.series(tmp_path / "ct", 6, shape=(8, 8)))
    from_index, pieces, _ = show(disc)
    from_folder, _, _ = show(disc.parent)
    assert len(from_index) == 6
    assert np.array_equal(from_index, from_folder)
    assert pieces[1]["source"].startswith("PT000000/ST000000/SE000000/IM")
    for path in sorted(disc.parent.rglob("*"), reverse=True):  # as Linux shows a disc
        path.rename(path.with_name(path.name.lower()))
    assert np.array_equal(show(disc.with_name("dicomdir"))[0], from_index)


def test_what_is_bad_is_named_and_the_rest_kept(show, tmp_path):
    folder = made.series(tmp_path / "mixed", 6, shape=(8, 8))
    whole = next(folder.glob("*.dcm")).read_bytes()
    (folder / "half.dcm").write_bytes(whole[: len(whole) - 20])
    (folder / "letter.dcm").write_bytes(b"%PDF-1.7\n")
    (folder / "words.txt").write_text("just words")
    made.dicom(folder / "tilted.dcm", np.zeros((8, 8), np.int16), ImagePositionPatient=[0, 0, 0],
               ImageOrientationPatient=[0, 1, 0, 0, 0, -1], RescaleSlope=1, RescaleIntercept=0)  # fmt: skip
    images, _, said = show(folder, status=1)
    assert len(images) == 6
    for name, code in [
        ("half.dcm", "dicom_not_readable"),
        ("letter.dcm", "file_kind_mismatch"),
        ("words.txt", "image_not_readable"),
        ("tilted.dcm", "dicom_orientation_mixed"),
    ]:
        (line,) = [line for line in said.splitlines() if name in line]
        assert f"[{code}]" in line
