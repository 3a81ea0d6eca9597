"""Windows, tables and palettes, wherever the standard puts them; and the warning of names in a picture."""

import io

import numpy as np
import PIL.Image
import pydicom
import pytest
import tifffile
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from assistant.imaging.dicom import picture_pixels, read_header
from assistant.imaging.options import Options
from assistant.imaging.photo import read_picture
from assistant.imaging.prepare import prepare
from assistant.imaging.study import SourceFile
from tests.imaging import made

RAMP = np.arange(0, 4096, 64, dtype=np.uint16).reshape(8, 8)


def xray(path, pixels=RAMP, **tags):
    return made.dicom(path, pixels, sop_class=made.DX, modality="DX", **tags)


def pixels_of(path, index=0, shown_as=None):
    instance = read_header(path, path.name)
    return picture_pixels(instance, instance.frames[index], shown_as)


def ramp(low, high):
    return np.clip(np.rint((RAMP.astype(float) - low) / (high - low) * 255), 0, 255)


def window(center, width, function=None):
    item = Dataset()
    item.WindowCenter, item.WindowWidth = center, width
    if function:
        item.VOILUTFunction = function
    return item


def group(name, *items):
    own = Dataset()
    setattr(own, name, list(items))
    return own


def table(entries, bits, first=0):
    item = Dataset()
    item.LUTDescriptor = [len(entries), first, bits]
    item.LUTData = np.asarray(entries, np.uint16).tobytes()
    item["LUTDescriptor"].VR = "US"
    item["LUTData"].VR = "OW"
    return item


def test_a_sigmoid_and_an_exact_window_are_what_the_standard_says(tmp_path):
    plain = pixels_of(xray(tmp_path / "l.dcm", WindowCenter=2048, WindowWidth=1000))
    assert np.array_equal(plain, ramp(1548, 2548))
    sigmoid = pixels_of(
        xray(tmp_path / "s.dcm", WindowCenter=2048, WindowWidth=1000, VOILUTFunction="SIGMOID")
    )
    expected = np.rint(255 / (1 + np.exp(-4 * (RAMP - 2048.0) / 1000)))
    assert np.array_equal(sigmoid, expected)
    exact = pixels_of(
        xray(tmp_path / "e.dcm", WindowCenter=2048, WindowWidth=1001, VOILUTFunction="LINEAR_EXACT")
    )
    assert np.array_equal(exact, ramp(1547.5, 2548.5))


def test_a_table_of_the_display_is_used_over_its_whole_range(tmp_path):
    entries = np.linspace(100, 900, 4096).astype(int)  # of 10 bits: neither black nor white is reached
    path = xray(tmp_path / "t.dcm", BitsStored=12, HighBit=11, VOILUTSequence=[table(entries, 10)])
    assert np.array_equal(pixels_of(path), np.rint(entries[RAMP] / 1023 * 255))


@pytest.mark.parametrize("where", ["own", "shared", "file"])
def test_windows_of_each_frame_the_file_and_what_is_shared_are_found(tmp_path, where):
    frames = np.stack([RAMP, RAMP])
    windows = [window(1000, 500), window(3000, 500)]
    tags = {}
    if where == "own":
        tags["PerFrameFunctionalGroupsSequence"] = [group("FrameVOILUTSequence", each) for each in windows]
    if where == "shared":
        tags["SharedFunctionalGroupsSequence"] = [group("FrameVOILUTSequence", windows[0])]
    tags |= (
        {"WindowCenter": 1000, "WindowWidth": 500}
        if where == "file"
        else {"WindowCenter": 1, "WindowWidth": 2}
    )
    path = made.dicom(
        tmp_path / "f.dcm", frames, modality="XA", sop_class="1.2.840.10008.5.1.4.1.1.12.1.1", **tags
    )
    assert np.array_equal(pixels_of(path, 0), ramp(750, 1250))
    assert np.array_equal(pixels_of(path, 1), ramp(2750, 3250) if where == "own" else ramp(750, 1250))


def test_tomosynthesis_is_named_and_its_frames_have_their_windows(tmp_path):
    frames = np.stack([RAMP] * 6)
    tags = {"SharedFunctionalGroupsSequence": [group("FrameVOILUTSequence", window(2048, 1000, "SIGMOID"))]}
    path = made.dicom(
        tmp_path / "t.dcm", frames, modality="MG", sop_class="1.2.840.10008.5.1.4.1.1.13.1.3", **tags
    )
    study = prepare([SourceFile("t.dcm", path)], tmp_path, Options()).studies[0]
    assert (study.name, study.kind, study.count) == ("Breast tomosynthesis", "pictures", 6)
    with PIL.Image.open(io.BytesIO(study.view(3).data)) as picture:
        expected = np.rint(255 / (1 + np.exp(-4 * (RAMP - 2048.0) / 1000)))
        assert np.array_equal(np.asarray(picture)[..., 0], expected)


@pytest.mark.parametrize("modality", ["CR", "DX", "US", "NM", "XA", "OT", "MG", "IO"])
def test_monochrome1_is_turned_over_for_every_modality(tmp_path, modality):
    for name, kind in (("one", "MONOCHROME1"), ("two", "MONOCHROME2")):
        made.dicom(tmp_path / f"{name}.dcm", RAMP, modality=modality, sop_class="1.2.840.10008.5.1.4.1.1.1",
                   PhotometricInterpretation=kind)  # fmt: skip
    assert np.array_equal(pixels_of(tmp_path / "one.dcm"), 255 - pixels_of(tmp_path / "two.dcm"))


def presentation(path, image, **tags):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.11.1"
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    data.Modality = "PR"
    reference = Dataset()
    reference.ReferencedSOPInstanceUID = pydicom.dcmread(image).SOPInstanceUID
    data.ReferencedSeriesSequence = [group("ReferencedImageSequence", reference)]
    for name, value in tags.items():
        setattr(data, name, value)
    data.save_as(path, enforce_file_format=True)
    return path


def test_a_presentation_state_says_how_its_picture_is_shown(tmp_path):
    image = xray(tmp_path / "x.dcm", WindowCenter=100, WindowWidth=10)
    state = presentation(tmp_path / "pr.dcm", image, SoftcopyVOILUTSequence=[window(2048, 1000)],
                         PresentationLUTShape="INVERSE")  # fmt: skip
    given = [SourceFile(path.name, path) for path in (state, image)]
    made = prepare(given, tmp_path, Options())
    assert not made.problems
    (study,) = made.studies
    assert "Its brightness is that of its presentation state." in study.notes
    with PIL.Image.open(io.BytesIO(study.view(0).data)) as picture:
        assert np.array_equal(np.asarray(picture)[..., 0], 255 - ramp(1548, 2548))
    alone = prepare(given[:1], tmp_path, Options())
    assert [each.code for each in alone.problems] == ["dicom_kind_unsupported"]


def shown(tmp_path, image, *states):
    given = [SourceFile(path.name, path) for path in (*states, image)]
    made = prepare(given, tmp_path, Options())
    (study,) = made.studies
    with PIL.Image.open(io.BytesIO(study.view(0).data)) as picture:
        return np.asarray(picture)[..., 0], study.notes, made.problems


def test_each_picture_has_the_window_that_the_presentation_state_names_for_it(tmp_path):
    image = xray(tmp_path / "x.dcm", WindowCenter=100, WindowWidth=10)
    own, other = window(2048, 1000), window(300, 100)
    for item, uid in ((other, generate_uid()), (own, pydicom.dcmread(image).SOPInstanceUID)):
        reference = Dataset()
        reference.ReferencedSOPInstanceUID = uid
        item.ReferencedImageSequence = [reference]
    state = presentation(tmp_path / "pr.dcm", image, SoftcopyVOILUTSequence=[other, own])
    pixels, _, problems = shown(tmp_path, image, state)
    assert np.array_equal(pixels, ramp(1548, 2548)) and not problems


def test_a_table_of_the_presentation_state_is_used_in_place_of_an_inversion(tmp_path):
    image = xray(tmp_path / "x.dcm", PhotometricInterpretation="MONOCHROME1")
    entries = 4095 - (np.arange(256) ** 2 // 16)  # of 12 bits, darker the higher
    state = presentation(tmp_path / "pr.dcm", image, SoftcopyVOILUTSequence=[window(2048, 4096)],
                         PresentationLUTSequence=[table(entries, 12)])  # fmt: skip
    pixels, _, _ = shown(tmp_path, image, state)
    assert np.array_equal(pixels, np.rint(entries[ramp(0, 4096).astype(int)] / 4095 * 255))


def test_a_table_of_windows_and_a_scale_of_the_presentation_state_are_used(tmp_path):
    image = xray(tmp_path / "x.dcm", RescaleSlope=1, RescaleIntercept=-500)
    entries = np.arange(4096)[::-1]
    state = presentation(tmp_path / "pr.dcm", image, RescaleSlope=1, RescaleIntercept=0, RescaleType="US",
                         SoftcopyVOILUTSequence=[group("VOILUTSequence", table(entries, 12))])  # fmt: skip
    pixels, _, _ = shown(tmp_path, image, state)
    assert np.array_equal(pixels, np.rint(entries[RAMP] / 4095 * 255))


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("flip", ["N", "Y"])
def test_a_picture_is_turned_clockwise_then_mirrored_as_its_presentation_state_says(tmp_path, rotation, flip):
    pixels = np.arange(64, dtype=np.uint16).reshape(4, 16) * 64
    image = xray(tmp_path / "x.dcm", pixels)
    state = presentation(tmp_path / "pr.dcm", image, SoftcopyVOILUTSequence=[window(2016, 4032)],
                         ImageRotation=rotation, ImageHorizontalFlip=flip)  # fmt: skip
    seen, notes, _ = shown(tmp_path, image, state)
    expected = np.rot90(np.clip(np.rint(pixels / 4032 * 255), 0, 255), -rotation // 90)
    assert np.array_equal(seen, expected[:, ::-1] if flip == "Y" else expected)
    assert any("as its presentation state says" in note for note in notes) == (rotation > 0 or flip == "Y")


def test_of_several_presentation_states_the_newest_counts(tmp_path):
    image = xray(tmp_path / "x.dcm")
    states = [
        presentation(tmp_path / f"{day}.dcm", image, PresentationCreationDate=day,
                     PresentationCreationTime="080000", SoftcopyVOILUTSequence=[window(center, 1000)])
        for day, center in (("20260103", 2048), ("20260102", 1000), ("20260101", 3000))
    ]  # fmt: skip
    assert np.array_equal(shown(tmp_path, image, *states)[0], ramp(1548, 2548))


def test_what_a_presentation_state_says_beyond_that_is_named(tmp_path):
    image = xray(tmp_path / "x.dcm")
    area = Dataset()
    area.DisplayedAreaTopLeftHandCorner, area.DisplayedAreaBottomRightHandCorner = [3, 3], [5, 5]
    state = presentation(tmp_path / "pr.dcm", image, SoftcopyVOILUTSequence=[window(2048, 1000)],
                         ShutterShape="CIRCULAR", GraphicAnnotationSequence=[Dataset()],
                         MaskSubtractionSequence=[Dataset()], DisplayedAreaSelectionSequence=[area])  # fmt: skip
    _, notes, problems = shown(tmp_path, image, state)
    assert (
        "Its presentation state has more, which is not shown: a mask that is subtracted, a shutter, "
        "marks and words, an enlarged part."
    ) in notes
    assert not problems


def test_presentation_states_that_colour_or_blend_are_refused_in_words(tmp_path):
    image = xray(tmp_path / "x.dcm")
    state = presentation(tmp_path / "pr.dcm", image, SOPClassUID="1.2.840.10008.5.1.4.1.1.11.4")
    _, notes, (problem,) = shown(tmp_path, image, state)
    assert notes == ()
    assert problem.code == "dicom_kind_unsupported" and "coloured, blended or cut" in problem.message


def test_the_presentation_state_of_a_volume_is_not_applied_and_that_is_said(tmp_path):
    folder = made.series(tmp_path / "ct", 6, shape=(8, 8))
    state = presentation(tmp_path / "pr.dcm", next(folder.iterdir()), SoftcopyVOILUTSequence=[window(1, 2)])
    studies = prepare([SourceFile("ct", folder), SourceFile("pr.dcm", state)], tmp_path, Options()).studies
    assert "Its presentation state is not applied: volumes have windows of their own." in studies[0].notes


def test_a_palette_of_8_bits_in_16_is_not_black(tmp_path):
    palette = np.arange(256, dtype=np.uint16)
    tables = {}
    for n, colour in enumerate(("Red", "Green", "Blue")):
        tables[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tables[f"{colour}PaletteColorLookupTableData"] = np.roll(palette, n).tobytes()
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
    path = made.dicom(
        tmp_path / "p.dcm", pixels, modality="US", PhotometricInterpretation="PALETTE COLOR", **tables
    )
    shown = pixels_of(path)
    assert np.array_equal(shown[..., 0], pixels)
    assert np.array_equal(shown[..., 1], np.roll(palette, 1)[pixels])


@pytest.mark.parametrize("name", ["OT-PAL-8-face.dcm", "examples_palette.dcm", "mlut_18.dcm", "vlut_04.dcm"])
def test_real_palettes_and_tables_show_a_picture_of_full_range(tmp_path, name):
    from pathlib import Path

    shown = pixels_of(Path(get_testdata_file(name)))
    assert shown.min() < 40 and shown.max() > 200 and shown.std() > 20


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("kind", ["miniswhite", "minisblack"])
def test_a_tiff_whose_least_is_white_is_turned_over(tmp_path, bits, kind):
    pixels = (np.arange(256).reshape(16, 16) * (257 if bits == 16 else 1)).astype(f"uint{bits}")
    tifffile.imwrite(tmp_path / "x.tif", pixels, photometric=kind)
    picture, _ = read_picture((tmp_path / "x.tif").read_bytes(), "x.tif")
    shown = np.asarray(picture)[..., 0]
    straight = np.arange(256).reshape(16, 16)
    assert np.array_equal(shown, 255 - straight if kind == "miniswhite" else straight)


SC = "1.2.840.10008.5.1.4.1.1.7"


@pytest.mark.parametrize(
    ("tags", "warned"),
    [
        ({"modality": "CT", "sop_class": SC}, True),
        ({"modality": "CT", "sop_class": SC + ".2"}, True),
        ({"modality": "CT", "sop_class": made.CT, "ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, True),
        ({"modality": "CT", "sop_class": made.CT, "ImageType": ["DERIVED", "SECONDARY", "OTHER", "DOSE_INFO"]}, True),
        ({"modality": "OT", "sop_class": "1.2.840.10008.5.1.4.1.1.6.1"}, True),
        ({"modality": "DX", "sop_class": made.DX}, False),
        ({"modality": "CR", "sop_class": "1.2.840.10008.5.1.4.1.1.1", "ConversionType": "DF"}, True),
        ({"modality": "US", "sop_class": "1.2.840.10008.5.1.4.1.1.6.1"}, True),
        ({"modality": "MR", "sop_class": made.MR}, False),
    ],
)  # fmt: skip
def test_the_warning_of_a_written_name_goes_by_class_and_image_type(tmp_path, tags, warned):
    path = made.dicom(tmp_path / "x.dcm", np.zeros((8, 8), np.uint16), **tags)
    (study,) = prepare([SourceFile("x.dcm", path)], tmp_path, Options()).studies
    assert any("A name may be written" in note for note in study.notes) == warned


def test_a_dose_report_is_no_slice_of_its_series(tmp_path):
    folder = made.series(tmp_path / "ct", 6, shape=(8, 8))
    made.dicom(folder / "dose.dcm", np.zeros((8, 8), np.int16), ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"],
               ImagePositionPatient=[0, 0, 99.0], ImageOrientationPatient=made.AXIAL)  # fmt: skip
    studies = prepare([SourceFile("ct", folder)], tmp_path, Options()).studies
    assert sorted((each.kind, each.count) for each in studies) == [("ct", 6), ("pictures", 1)]


@pytest.mark.parametrize(
    ("name", "study"),
    [("eCT_Supplemental.dcm", "CT map · 2 slices"), ("explicit_VR-UN.dcm", "CT · 1 slice"),
     ("emri_small.dcm", "MRI · 10 slices"), ("color-pl.dcm", "Ultrasound")],
)  # fmt: skip
def test_real_files_are_what_they_are(tmp_path, name, study):
    from pathlib import Path

    made = prepare([SourceFile(name, Path(get_testdata_file(name)))], tmp_path, Options())
    assert [each.name for each in made.studies] == [study]
    if name == "eCT_Supplemental.dcm":
        assert any("not Hounsfield units but RCBF" in note for note in made.studies[0].notes)
    if name == "color-pl.dcm":
        assert made.studies[0].sizes[0] == (256, 160), "its pixels are 4 high and 3 wide"
