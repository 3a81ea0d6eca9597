"""NIfTI files → volumes, in axial slices from the feet to the head, shown as radiologists look at them."""

import gzip
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError

from assistant.errors import BadInput
from assistant.imaging.study import Study
from assistant.imaging.values import Values
from assistant.imaging.volume import keep_volume

AIR_HU = -500
"""NIfTI does not say what was measured. Values below this are taken for Hounsfield units: there is air."""


def is_nifti(head: bytes) -> bool:
    """By its first 352 bytes, unpacked."""
    return head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0")


def read_nifti(path: Path, name: str, folder: Path, most_bytes: int) -> Study:
    """Raises ``BadInput``: ``nifti_not_readable``, ``nifti_not_a_volume``, ``file_too_large``."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        plain = _unpacked(path, name, Path(scratch) / "volume.nii", most_bytes)
        try:
            return _study(plain, name, folder)
        except (ImageFileError, HeaderDataError, OSError, ValueError, EOFError):
            raise _damaged(name) from None


def _damaged(name: str) -> BadInput:
    return BadInput(f"{name} is a damaged NIfTI file, or cut off.", code="nifti_not_readable")


def _unpacked(path: Path, name: str, target: Path, most_bytes: int) -> Path:
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            target.symlink_to(path.resolve())
            return target
    left = most_bytes
    try:
        with gzip.open(path) as packed, target.open("wb") as file:
            while block := packed.read(2**20):
                left -= len(block)
                if left < 0:
                    raise BadInput(
                        f"{name} would unpack to more than {most_bytes / 2**30:g} GB.", code="file_too_large"
                    )
                file.write(block)
    except (OSError, EOFError, zlib.error):
        raise _damaged(name) from None
    return target


def _study(path: Path, name: str, folder: Path) -> Study:
    image = nibabel.as_closest_canonical(nibabel.load(path))  # type: ignore[no-untyped-call]  # axes to the right, the front, the head
    shape = image.shape
    if len(shape) < 3 or min(shape[:3]) < 2:
        raise BadInput(f"{name} does not hold a volume.", code="nifti_not_a_volume")
    notes = ["Of a series of volumes the first is kept."] if shape[3:] and max(shape[3:]) > 1 else []
    first = (0,) * (len(shape) - 3)

    def slices() -> Iterator[tuple[str, Values]]:
        for index in range(shape[2]):
            values = np.asanyarray(image.dataobj[(slice(None), slice(None), index, *first)])
            # The front up, the patient's right on the left.
            yield f"{name}, slice {index + 1}", values[::-1, ::-1].T

    lowest = min(float(values.min()) for _, values in slices())
    ct = lowest < AIR_HU
    return keep_volume(slices(), folder, kind="ct" if ct else "mr", name="CT" if ct else "MRI", notes=notes)
