"""NIfTI scans, to the value."""

import numpy as np
import pytest

from assistant.errors import BadInput
from assistant.imaging.nifti import read_nifti


def test_a_nifti_scan_lies_as_a_dicom_one_does(show, tmp_path):
    import nibabel

    left_to_right = np.arange(-900, -900 + 6)[:, None, None]
    volume = left_to_right + 50 * np.arange(8)[None, :, None] + np.zeros((6, 8, 10))
    volume[:, :, 9] = 1000
    affine = np.diag([-1, 1, 1, 1])  # stored with the first axis to the left
    nibabel.save(nibabel.Nifti1Image(volume.astype(np.int16), affine), tmp_path / "scan.nii.gz")
    images, pieces, _ = show(tmp_path / "scan.nii.gz")
    assert len(images) == 10
    shown = np.stack(
        [np.clip(volume[:, ::-1, k].T, -1024, 1024) for k in range(10)]
    )  # front up, left at right
    expected = np.round((shown + 1024) / 2048 * 255)
    padded = np.stack(images)[:, :, 1:7, 0]
    assert np.array_equal(padded, expected)
    assert pieces[1]["source"] == "scan.nii.gz, slice 1"


def nifti(path, values, affine):
    import nibabel

    nibabel.save(nibabel.Nifti1Image(values, affine), path)
    return path


@pytest.mark.parametrize(
    ("axes", "spacing", "picture"),
    [
        ((0, 1, 2), (6, 1, 1), lambda volume, k: volume[::-1][k, ::-1, ::-1].T),  # sagittal, from the right
        ((0, 1, 2), (1, 6, 1), lambda volume, k: volume[:, ::-1][::-1, k, ::-1].T),  # coronal, from the front
        ((2, 0, 1), (1, 1, 1.4), lambda volume, k: volume[::-1, ::-1, k].T),  # worked out: axial
    ],
)
def test_thick_slices_of_a_nifti_scan_are_seen_as_they_were_taken(show, tmp_path, axes, spacing, picture):
    """``axes``: which of right, front, head the file has first, second and third."""
    volume = np.random.default_rng(4).integers(0, 900, (7, 8, 9)).astype(np.int16)
    affine = np.eye(4)
    affine[:3, :3] = np.diag(spacing)[:, list(axes)]
    images, _, _ = show(nifti(tmp_path / "scan.nii", volume.transpose(axes), affine))
    low, high = volume.min(), volume.max()
    for k, image in enumerate(images):
        expected = np.round((picture(volume, k) - low) / (high - low) * 255)
        rows, columns = expected.shape
        top, left = (max(rows, columns) - rows) // 2, (max(rows, columns) - columns) // 2
        assert np.array_equal(image[top : top + rows, left : left + columns, 0], expected)


@pytest.mark.parametrize("nothing", [np.nan, np.inf, -np.inf])
def test_where_a_scan_has_no_value_it_is_dark_and_the_rest_is_as_without(show, tmp_path, nothing):
    volume = np.random.default_rng(5).uniform(-900, 900, (8, 8, 4)).astype(np.float32)
    volume[1, 1, 1] = -1000
    whole, _, _ = show(nifti(tmp_path / "whole.nii", volume, np.eye(4)))
    volume[0, 7] = nothing
    holed, _, _ = show(nifti(tmp_path / "holed.nii", volume, np.eye(4)))
    difference = np.argwhere((np.stack(whole) != np.stack(holed)).any(axis=-1))
    assert {(row, column) for _, row, column in difference.tolist()} == {(0, 7)}
    assert all(image[0, 7].max() <= 3 for image in holed)


@pytest.mark.parametrize(
    ("air", "tissue", "ct"),
    [
        (500, 40, True),
        (10, 40, True),
        (10, 9_000, False),  # no tissue measures so much
        (1, 300, False),  # a filter's undershoot
        (0, 40, False),
    ],
)
def test_a_scan_is_taken_for_a_ct_where_its_values_are_those_of_one(tmp_path, air, tissue, ct):
    volume = np.full((20, 20, 10), tissue, np.int16)
    volume.reshape(-1)[:air] = -610
    volume[10, 10, 5] = 30_000  # metal, or a vessel
    study = read_nifti(nifti(tmp_path / "scan.nii", volume, np.eye(4)), "scan.nii", tmp_path, 2**30)
    assert study.kind == ("ct" if ct else "mr")
    assert f"Taken for {'a CT' if ct else 'an MRI'}" in study.notes[0]


def test_of_the_volumes_of_a_scan_the_first_is_kept(show, tmp_path):
    volume = np.arange(4 * 4 * 4 * 3).reshape(4, 4, 4, 3).astype(np.int16)
    images, _, _ = show(nifti(tmp_path / "bold.nii.gz", volume, np.eye(4)))
    assert len(images) == 4
    assert images[-1].max() == 255


def test_any_volume_of_a_scan_can_be_chosen(tmp_path):
    volume = np.zeros((5, 6, 7, 2, 3), np.int16)
    for index in np.ndindex(2, 3):
        volume[(..., *index)] = 10 * (index[0] + 2 * index[1]) + np.arange(5 * 6 * 7).reshape(5, 6, 7) % 2
    path = nifti(tmp_path / "bold.nii", volume, np.eye(4))
    for number in range(1, 7):
        study = read_nifti(path, "bold.nii", tmp_path, 10**9, number=number)
        assert study.stacks == tuple(f"volume {n} · 7 slices" for n in range(1, 7))
        assert (study.stack, study.name) == (number, f"MRI · volume {number} · 7 slices")
        assert {float(study._values(k).min()) for k in range(7)} == {10.0 * (number - 1)}
        assert f"Volume {number} of the 6 in the file." in study.notes
    with pytest.raises(BadInput) as error:
        read_nifti(path, "bold.nii", tmp_path, 10**9, number=7)
    assert error.value.code == "stack_unknown"


def placed(path, affine, *, code):
    import nibabel

    volume = np.arange(6 * 6 * 6).reshape(6, 6, 6).astype(np.int16)
    image = nibabel.Nifti1Image(volume, affine)
    image.set_qform(affine, code)
    image.set_sform(affine, code)
    nibabel.save(image, path)
    return path


@pytest.mark.parametrize(("code", "unknown"), [(0, True), (1, False)])
def test_a_nifti_without_an_orientation_says_that_left_and_right_are_unknown(tmp_path, code, unknown):
    study = read_nifti(placed(tmp_path / "v.nii", np.eye(4), code=code), "v.nii", tmp_path, 10**9)
    assert any("left and right are unknown" in note for note in study.notes) == unknown


def test_the_aspect_of_a_nifti_is_put_right(tmp_path):
    path = nifti(tmp_path / "v.nii", np.zeros((6, 6, 6), np.int16), np.diag([1.0, 2.0, 2.0, 1]))
    study = read_nifti(path, "v.nii", tmp_path, 10**9)
    assert (study.width_px, study.height_px) == (6, 12)


def test_a_packed_volume_that_would_unpack_to_far_more_than_it_is_is_left_out(tmp_path, monkeypatch):
    path = nifti(tmp_path / "zeros.nii.gz", np.zeros((128, 128, 256), np.int16), np.eye(4))
    unpacked = 128 * 128 * 256 * 2
    assert unpacked > 200 * path.stat().st_size
    assert read_nifti(path, path.name, tmp_path, 2**30).count == 256  # a mask may pack so well
    monkeypatch.setattr("assistant.imaging.nifti.LEAST_BYTES", 2**20)
    with pytest.raises(BadInput) as error:
        read_nifti(path, path.name, tmp_path, 2**30)
    assert error.value.code == "file_too_large"
    assert read_nifti(path, path.name, tmp_path, 2**30, most_expansion=10_000).count == 256
