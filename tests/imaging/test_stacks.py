"""The stacks of a series: told apart by what their tags say, each with its right values and name."""

import numpy as np
import PIL.Image
import pydicom
import pytest
from pydicom.dataset import Dataset

from assistant.imaging.options import Options, Wanted
from assistant.imaging.prepare import prepare
from assistant.imaging.study import SourceFile
from tests.imaging import made

CORONAL = [1, 0, 0, 0, 0, -1]
SAGITTAL = [0, 1, 0, 0, 0, -1]


def read(tmp_path, *paths, **options):
    folder = tmp_path / "prepared"
    folder.mkdir(exist_ok=True)
    made = prepare([SourceFile(path.name, path) for path in paths], folder, Options(**options))
    return made.studies, made.problems


def place(k, spacing=2.0, orientation=made.AXIAL):
    normal = np.cross(orientation[:3], orientation[3:])
    return {"ImagePositionPatient": [float(part) for part in normal * k * spacing],
            "ImageOrientationPatient": list(orientation)}  # fmt: skip


def stack(folder, count, value, *, first=0, modality="MR", orientation=made.AXIAL, shape=(8, 8), **tags):
    """Slices that all measure ``value``, but for one pixel of 0 and one of 1000 in each."""
    folder.mkdir(exist_ok=True)
    number = len(list(folder.iterdir()))
    for k in range(first, first + count):
        pixels = np.full(shape, value, np.int16)
        pixels[0, 0], pixels[0, 1] = 0, 1000
        own = {"RescaleSlope": 1, "RescaleIntercept": 0} if modality == "CT" else {}
        number += 1
        each = {**own, **place(k, orientation=orientation), "InstanceNumber": number, **tags}
        made.dicom(folder / f"{number:04}.dcm", pixels, modality=modality,
                   sop_class=made.MR if modality == "MR" else made.CT, **each)  # fmt: skip
    return folder


def middle(study, index=0):
    return float(study._values(index)[4, 4])


@pytest.mark.parametrize(
    ("one", "two", "labels"),
    [
        ({"EchoTime": 20.0}, {"EchoTime": 80.0}, ["TE 20 ms", "TE 80 ms"]),
        ({"KVP": 80}, {"KVP": 140}, ["80 kV", "140 kV"]),
        ({"TemporalPositionIdentifier": 1}, {"TemporalPositionIdentifier": 2}, ["time 1", "time 2"]),
        ({"NominalPercentageOfCardiacPhase": 40}, {"NominalPercentageOfCardiacPhase": 75},
         ["heart phase 40 %", "heart phase 75 %"]),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "IP"]}, {"ImageType": ["ORIGINAL", "PRIMARY", "M", "W"]},
         ["M, IP", "M, W"]),
        ({"InversionTime": 150}, {"InversionTime": 2500}, ["TI 150 ms", "TI 2500 ms"]),
        ({"ConvolutionKernel": "B30f"}, {"ConvolutionKernel": "B70f"}, ["kernel B30f", "kernel B70f"]),
        ({"SliceThickness": 1}, {"SliceThickness": 5}, ["1 mm thick", "5 mm thick"]),
        ({"PatientPosition": "HFP"}, {"PatientPosition": "HFS"}, ["HFP", "HFS"]),
        ({"DiffusionBValue": 0.0}, {"DiffusionBValue": 1000.0}, ["b 0", "b 1000"]),
        ({"AcquisitionNumber": 2}, {"AcquisitionNumber": 1}, ["acquisition 2", "acquisition 1"]),
        ({"ImageType": ["ORIGINAL", "PRIMARY"]}, {"ImageType": ["DERIVED", "PRIMARY"]},
         ["", "made from others"]),
    ],
)  # fmt: skip
def test_slices_that_share_a_place_are_told_apart_by_their_tags(tmp_path, one, two, labels):
    folder = stack(stack(tmp_path / "mr", 6, 100, **one), 6, 700, **two)
    studies, problems = read(tmp_path, folder)
    assert not problems
    assert [each.count for each in studies] == [6, 6]
    assert [each.name for each in studies] == [
        " · ".join(filter(None, ("MRI", label, "6 slices"))) for label in labels
    ]
    assert [{middle(each, k) for k in range(6)} for each in studies] == [{100.0}, {700.0}]


@pytest.mark.parametrize(
    ("tag", "value"), [((0x0019, 0x100C), "1000"), ((0x0043, 0x1039), [1000001000, 6, 0, 0])]
)
def test_b_values_of_makers_are_read(tmp_path, tag, value):
    folder = stack(stack(tmp_path / "mr", 6, 100), 6, 700)
    for number in range(7, 13):
        data = pydicom.dcmread(folder / f"{number:04}.dcm")
        creator = data.private_block(
            tag[0], "SIEMENS MR HEADER" if tag[0] == 0x19 else "GEMS_PARM_01", create=True
        )
        creator.add_new(tag[1] & 0xFF, "IS", value)
        data.save_as(folder / f"{number:04}.dcm")
    studies, _ = read(tmp_path, folder)
    assert [(each.name, middle(each)) for each in studies] == [
        ("MRI · b ? · 6 slices", 100.0), ("MRI · b 1000 · 6 slices", 700.0),
    ]  # fmt: skip


def test_heart_phases_by_their_trigger_times_are_told_apart(tmp_path):
    folder = tmp_path / "cine"
    for phase in range(3):
        for k in range(6):
            stack(folder, 1, 100 * (phase + 1), first=k, TriggerTime=phase * 40.0 + k * 0.3)
    studies, _ = read(tmp_path, folder)
    assert [each.name for each in studies] == [f"MRI · time {n} of 3 · 6 slices" for n in (1, 2, 3)]
    assert [{middle(each, k) for k in range(6)} for each in studies] == [{100.0}, {200.0}, {300.0}]


def test_beyond_so_many_stacks_the_others_are_named(tmp_path):
    folder = tmp_path / "mr"
    for echo in range(9):
        stack(folder, 5, 10 * echo, EchoTime=float(10 + echo))
    studies, _ = read(tmp_path, folder)
    assert len(studies) == 6
    assert studies[0].notes[0] == (
        "Of 9 stacks of the series 6 are attached. Not attached: TE 16 ms; TE 17 ms; TE 18 ms."
    )


def test_any_stack_of_a_series_can_be_chosen(tmp_path):
    folder = tmp_path / "mr"
    for echo in range(9):
        stack(folder, 5, 10 * echo, EchoTime=float(10 + echo))
    stack(folder, 2, 999, EchoTime=50.0)  # too few to be attached by themselves
    attached, _ = read(tmp_path, folder)
    names = attached[0].stacks
    assert [each.stack for each in attached] == [1, 2, 3, 4, 5, 6]
    assert {each.stacks for each in attached} == {names} and len({each.series for each in attached}) == 1
    assert len(names) == 10 and names[8] == "TE 18 ms · 5 slices" and names[9] == "TE 50 ms · 2 slices"
    for number in range(1, 11):
        wanted = Wanted(attached[0].series, number)
        (study,), problems = read(tmp_path, folder, wanted=wanted)
        assert not problems and study.name == f"MRI · {names[number - 1]}"
        assert middle(study) == (999.0 if number == 10 else 10.0 * (number - 1))
    _, problems = read(tmp_path, folder, wanted=Wanted(attached[0].series, 11))
    assert [each.code for each in problems] == ["stack_unknown"]


def test_of_other_series_and_files_nothing_comes_with_a_chosen_stack(tmp_path):
    folder = tmp_path / "mr"
    for echo in range(7):
        stack(folder, 5, 10 * echo, EchoTime=float(10 + echo), SeriesInstanceUID="1.2.3")
    other = stack(tmp_path / "other", 6, 500, SeriesInstanceUID="1.2.4")
    photo = tmp_path / "a.png"
    PIL.Image.new("RGB", (8, 8)).save(photo)
    attached, _ = read(tmp_path, other, folder, photo)
    series = next(each for each in attached if each.stacks)
    (study,), problems = read(tmp_path, other, folder, photo, wanted=Wanted(series.series, 7))
    assert (study.name, middle(study), problems) == ("MRI · TE 16 ms · 5 slices", 60.0, ())


def test_a_series_of_one_stack_offers_none(tmp_path):
    (study,), _ = read(tmp_path, stack(tmp_path / "mr", 6, 100))
    assert (study.stacks, study.stack) == ((), 0)


def test_neither_a_scout_nor_a_bolus_test_nor_another_run_costs_the_main_scan(tmp_path):
    folder = stack(tmp_path / "ct", 40, 100, modality="CT", AcquisitionNumber=2)
    stack(folder, 2, 500, first=10, modality="CT", AcquisitionNumber=1, orientation=CORONAL)
    for run in range(3, 23):  # a bolus test: one place, again and again, and later than the scan
        stack(folder, 1, 600, first=20, modality="CT", AcquisitionNumber=run)
    stack(folder, 12, 700, first=5, modality="CT", AcquisitionNumber=30)
    studies, problems = read(tmp_path, folder)
    assert [(each.count, middle(each, 3)) for each in studies] == [(40, 100.0), (12, 700.0)]
    assert "Left out: 20 of other acquisitions or kinds in the same places." in studies[0].notes
    assert [each.code for each in problems] == ["dicom_orientation_mixed"] * 2


def test_acquisitions_side_by_side_are_one_scan(tmp_path):
    folder = stack(tmp_path / "ct", 10, 100, modality="CT", AcquisitionNumber=1)
    stack(folder, 10, 200, first=10, modality="CT", AcquisitionNumber=2)
    (study,), _ = read(tmp_path, folder)
    assert (study.count, middle(study, 0), middle(study, 19)) == (20, 100.0, 200.0)


def test_equal_axial_and_coronal_stacks_are_both_offered(tmp_path):
    folder = stack(stack(tmp_path / "ct", 8, 100, modality="CT"), 8, 700, modality="CT", orientation=CORONAL)
    studies, problems = read(tmp_path, folder)
    assert not problems
    assert {(each.name, middle(each)) for each in studies} == {
        ("CT · axial · 8 slices", 100.0), ("CT · coronal · 8 slices", 700.0),
    }  # fmt: skip
    sagittal = stack(tmp_path / "other", 6, 1, modality="CT", orientation=SAGITTAL)
    (study,), _ = read(tmp_path, sagittal)
    assert study.name == "CT · 6 slices" and "Not axial" in study.notes[0]


def test_an_enhanced_file_of_two_echoes_is_two_stacks(tmp_path):
    values = np.concatenate([np.full((5, 8, 8), 100), np.full((5, 8, 8), 700)]).astype(np.int16)
    values[:, 0, 0] = 0
    path = made.enhanced(tmp_path / "e.dcm", values, modality="MR")
    data = pydicom.dcmread(path)
    for k, frame in enumerate(data.PerFrameFunctionalGroupsSequence):
        frame.PlanePositionSequence[0].ImagePositionPatient = [0, 0, float(k % 5)]
        del frame.PixelValueTransformationSequence
        echo = Dataset()
        echo.EffectiveEchoTime = 20.0 if k < 5 else 80.0
        frame.MREchoSequence = [echo]
    data.SOPClassUID = made.MR + ".1"
    data.save_as(path)
    studies, _ = read(tmp_path, path)
    assert [(each.name, middle(each)) for each in studies] == [
        ("MRI · TE 20 ms · 5 slices", 100.0), ("MRI · TE 80 ms · 5 slices", 700.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "tags", [{"RescaleType": "MGML"}, {"RescaleType": "Z_EFF"}, {"ImageType": ["DERIVED", "PRIMARY", "CBF"]}]
)
def test_values_that_are_no_hounsfield_units_are_not_coloured_as_ct(tmp_path, tags):
    folder = stack(tmp_path / "ct", 5, 500, modality="CT", **tags)
    (study,), _ = read(tmp_path, folder)
    assert study.kind == "mr" and study.name == "CT map · 5 slices"
    assert any("not Hounsfield units" in note for note in study.notes)
    with pil(study.model_image(0).data) as picture:
        assert picture.getpixel((4, 4)) == (128, 128, 128)
    (ct,), _ = read(tmp_path, stack(tmp_path / "hu", 5, 500, modality="CT", RescaleType="HU"))
    assert ct.kind == "ct" and not ct.notes


def pil(data):
    import io

    import PIL.Image

    return PIL.Image.open(io.BytesIO(data))


def test_a_mosaic_is_unpacked_into_its_slices_from_the_feet_to_the_head(tmp_path):
    import gzip
    import warnings
    from pathlib import Path

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it is an experiment
        import nibabel.nicom.dicomwrappers as wrappers
        from nibabel.nicom import tests

    packed = Path(tests.__file__).with_name("data").joinpath("siemens_dwi_0.dcm.gz")
    (tmp_path / "m.dcm").write_bytes(gzip.decompress(packed.read_bytes()))
    wrapper = wrappers.wrapper_from_file(tmp_path / "m.dcm")
    rows, columns, count = wrapper.image_shape
    data = pydicom.dcmread(tmp_path / "m.dcm")  # its pixels are all 0: put the number of each slice there
    across = data.Columns // columns
    mosaic = np.zeros((data.Rows, data.Columns), np.uint16)
    for k in range(count):
        mosaic[k // across * rows :, k % across * columns :][:rows, :columns] = k + 1
    mosaic[0, 0] = 99
    data.PixelData = mosaic.tobytes()
    data.save_as(tmp_path / "m.dcm")
    (study,), problems = read(tmp_path, tmp_path / "m.dcm")
    assert not problems
    assert (study.count, study.stored_px) == (count, (rows, columns))
    places = [
        wrapper.image_position + wrapper.slice_normal * wrapper.voxel_sizes[2] * k for k in range(count)
    ]
    order = np.argsort([place[2] for place in places]) + 1
    assert [study._values(k)[5, 5] for k in range(count)] == order.tolist()
    assert [np.argwhere(study._values(k) == 99).tolist() for k in np.flatnonzero(order == 1)] == [[[0, 0]]]


@pytest.mark.parametrize(
    ("spacing", "size"), [([2.0, 1.0], (8, 16)), ([1.0, 2.0], (16, 8)), ([1.0, 1.0], (8, 8))]
)
def test_pixels_that_are_not_square_are_put_right_and_it_is_said(tmp_path, spacing, size):
    (study,), _ = read(tmp_path, stack(tmp_path / "mr", 5, 100, PixelSpacing=spacing))
    assert (study.width_px, study.height_px) == size
    assert any("not square" in note for note in study.notes) == (size != (8, 8))
    with pil(study.view(0).data) as view, pil(study.model_image(0).data) as model:
        assert view.size == size and model.size == (max(size),) * 2


@pytest.mark.parametrize(("ratio", "size"), [([2, 1], (8, 16)), ([1, 2], (16, 8))])
def test_the_aspect_of_a_picture_is_put_right(tmp_path, ratio, size):
    path = made.dicom(tmp_path / "us.dcm", np.zeros((8, 8), np.uint8), modality="US", PixelAspectRatio=ratio)
    (study,), _ = read(tmp_path, path)
    assert study.sizes[0] == size
    assert any("not square" in note for note in study.notes)


def spaced(folder, places):
    folder.mkdir()
    for number, z in enumerate(places):
        made.dicom(folder / f"{number}.dcm", np.zeros((8, 8), np.int16), InstanceNumber=number,
                   RescaleSlope=1, RescaleIntercept=0, ImagePositionPatient=[0, 0, float(z)],
                   ImageOrientationPatient=made.AXIAL)  # fmt: skip
    return folder


@pytest.mark.parametrize(
    ("places", "note"),
    [
        ([0, 1, 2, 3, 4, 5], None),
        ([0, 1, 2.001, 3, 3.999, 5], None),
        ([0, 1, 2, 3, 5, 6, 7, 8], "Slices are missing"),
        ([0, 1, 2, 3, 4, 5, 10, 15, 20, 25, 30], "not even: 1 to 5 mm"),
        ([0, 1, 2.2, 3, 4.3, 5, 6.4, 7], "not even"),
    ],
)
def test_a_spacing_that_changes_is_said(tmp_path, places, note):
    (study,), _ = read(tmp_path, spaced(tmp_path / "ct", places))
    assert bool(study.notes) == bool(note)
    assert not note or note in study.notes[0]


@pytest.mark.parametrize(
    ("places", "filled"),
    [
        ([0, 1, 2, 3, 4, 8, 12], {4: 3, 5: 3}),
        ([0, 4, 8, 9, 10, 11, 12], {0: 3, 1: 3}),
        ([0, 2, 4, 7, 10, 13], {2: 1, 3: 1, 4: 1}),
        ([0, 1, 2.2, 3, 4.3, 5, 6.4, 7], {0: 1, 1: 1, 3: 1, 5: 1}),
        ([*range(12), 15, 19, 23], {11: 3, 12: 3, 13: 3}),  # the few at the end are no missing slices
        ([0, 1, 2, 3, 5, 6, 7, 8], {}),  # a slice is missing: none is made up for it
        ([0, 0.01, 10, 20, 30, 40], {}),  # two that nearly coincide are no reason to fill the others up
        ([0, 1, 2, 3, 4, 300, 304, 308], {5: 3, 6: 3}),  # nobody knows what lies in so wide a gap
    ],
)
@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_an_uneven_stack_is_filled_up_and_no_slice_that_was_taken_is_changed(
    tmp_path, places, filled, modality
):
    folder = tmp_path / "scan"
    folder.mkdir()
    taken = {}
    for number, z in enumerate(places):
        pixels = np.full((8, 8), 100 + round(10 * z), np.int16)
        pixels[0, 0], pixels[number % 8, 3] = 0, 1000
        taken[f"{number}.dcm"] = pixels
        made.dicom(folder / f"{number}.dcm", pixels, modality=modality, InstanceNumber=number,
                   sop_class=made.CT if modality == "CT" else made.MR, RescaleSlope=1, RescaleIntercept=0,
                   ImagePositionPatient=[0, 0, float(z)], ImageOrientationPatient=made.AXIAL)  # fmt: skip
    (study,), problems = read(tmp_path, folder)
    assert not problems
    kept = [k for k in range(study.count) if k not in study.worked_out]
    for k, (name, pixels) in zip(kept, taken.items(), strict=True):
        assert study.sources[k] == f"scan/{name}"
        assert np.array_equal(study._values(k), pixels), "as it was taken"
    assert {k: int(n) - 1 for k, n in enumerate(np.diff(kept)) if n > 1} == filled
    assert any("worked out from their neighbours" in note for note in study.notes) == bool(filled)
    for k in study.worked_out:
        before, after = (max(i for i in kept if i < k), min(i for i in kept if i > k))
        share = (k - before) / (after - before)
        expected = study._values(before) * (1 - share) + study._values(after) * share
        assert np.allclose(study._values(k), expected, atol=0.01)
        one, other = kept.index(before), kept.index(after)
        assert study.sources[k] == f"worked out between scan/{one}.dcm and scan/{other}.dcm"


def test_a_monochrome1_volume_is_turned_over_unless_it_is_a_ct(tmp_path):
    folder = stack(tmp_path / "mr", 5, 250, PhotometricInterpretation="MONOCHROME1")
    (study,), _ = read(tmp_path, folder)
    with pil(study.model_image(0).data) as picture:
        assert picture.getpixel((0, 0))[0] == 255 and picture.getpixel((1, 0))[0] == 0
        assert picture.getpixel((4, 4))[0] == 255 - 64
    ct = stack(tmp_path / "ct", 5, 250, modality="CT", PhotometricInterpretation="MONOCHROME1")
    plain = stack(tmp_path / "plain", 5, 250, modality="CT")
    (turned,), (straight,) = read(tmp_path, ct)[0], read(tmp_path, plain)[0]
    assert turned.model_image(0).data == straight.model_image(0).data, "Hounsfield units are what they are"
