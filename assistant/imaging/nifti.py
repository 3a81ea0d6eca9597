"""NIfTI files → volumes, in slices from the feet to the head, shown as radiologists look at them."""

import gzip
import math
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.affines import voxel_sizes

from assistant.errors import BadInput
from assistant.imaging.study import Study
from assistant.imaging.values import Values
from assistant.imaging.volume import NOT_AXIAL, Plane, keep_volume

AIR_HU = -500
LEAST_AIR = 0.001
MOST_HU = 3071
"""NIfTI does not say what was measured. It is taken for a CT where at least a share of ``LEAST_AIR`` of its
values lies below ``AIR_HU``, and most are no larger than ``MOST_HU``, the largest of 12 bits. Single values
below zero are also in filtered MR images."""

LEAST_BYTES = 256 * 2**20
"""Bytes of unpacked values that are always taken: a mask is nearly all zeros, and packs to a thousandth."""

THICK = 1.5
"""Slices this many times as thick as their pixels are large were taken so, not worked out."""


def is_nifti(head: bytes) -> bool:
    """By its first 352 bytes, unpacked."""
    return head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0")


def read_nifti(
    path: Path, name: str, folder: Path, most_bytes: int, *, most_expansion: int = 100, number: int = 1
) -> Study:
    """The volume of this number, from 1. A packed file is unpacked to ``most_bytes`` and ``most_expansion``
    times its size at most.

    Raises ``BadInput``: ``nifti_not_readable``, ``nifti_not_a_volume``, ``file_too_large``,
    ``stack_unknown``."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        pair = path.suffix == ".hdr"  # its values lie beside it
        plain = (
            path if pair else _unpacked(path, name, Path(scratch) / "volume.nii", most_bytes, most_expansion)
        )
        try:
            return _study(plain, name, folder, number)
        except (BadInput, MemoryError):
            raise
        except Exception:  # a damaged header makes nibabel fail in many ways
            raise _damaged(name) from None


def _damaged(name: str) -> BadInput:
    return BadInput(f"{name} is a damaged or truncated NIfTI file.", code="nifti_not_readable")


def _unpacked(path: Path, name: str, target: Path, most_bytes: int, most_expansion: int) -> Path:
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            target.symlink_to(path.resolve())
            return target
    left = most = min(most_bytes, max(LEAST_BYTES, most_expansion * path.stat().st_size))
    try:
        with gzip.open(path) as packed, target.open("wb") as file:
            while block := packed.read(2**20):
                left -= len(block)
                if left < 0:
                    raise BadInput(
                        f"{name} would unpack to more than {most / 2**30:.2g} GB.", code="file_too_large"
                    )
                file.write(block)
    except (OSError, EOFError, zlib.error):
        raise _damaged(name) from None
    return target


def _study(path: Path, name: str, folder: Path, number: int) -> Study:
    image: Any = nibabel.load(path)
    shape, kept = image.shape, image.dataobj
    stored = kept.get_unscaled()  # not in memory: a map of the file
    if len(shape) < 3 or min(shape[:3]) < 2 or stored.dtype.kind not in "iuf":
        raise BadInput(f"{name} does not hold a volume.", code="nifti_not_a_volume")
    count = math.prod(shape[3:])
    if not 1 <= number <= count:
        raise BadInput("There is no such volume in the file.", code="stack_unknown")
    # Axes to the right, the front, the head.
    orientation = nibabel.io_orientation(image.affine)  # type: ignore[no-untyped-call]
    stored = stored.reshape(*shape[:3], -1, order="F")[..., number - 1]
    volume = nibabel.apply_orientation(stored, orientation)  # type: ignore[no-untyped-call]
    sizes_mm = voxel_sizes(image.affine)[np.argsort(orientation[:, 0])]  # type: ignore[no-untyped-call]
    axis = _across(sizes_mm)
    planes = np.moveaxis(volume, axis, 0)

    def slices() -> Iterator[Plane]:
        for place, plane in enumerate(planes if axis == 2 else planes[::-1], start=1):
            values = plane if (kept.slope, kept.inter) == (1, 0) else plane * kept.slope + kept.inter
            # The front (or the head) up, the patient's right (or the front) on the left.
            yield Plane(f"{name}, slice {place}", values[::-1, ::-1].T)

    notes = [] if axis == 2 else [NOT_AXIAL]
    if count > 1:
        notes.append(f"Volume {number} of the {count} in the file.")
    ct = _is_hounsfield(values for _, values, _ in slices())
    notes.append(f"Taken for {'a CT' if ct else 'an MRI'}: NIfTI does not say what was measured.")
    if _unplaced(image):
        notes.append("The file does not state its orientation: left and right are unknown.")
    across, down = [size for index, size in enumerate(sizes_mm) if index != axis]
    kept_volume = keep_volume(
        slices(),
        folder,
        kind="ct" if ct else "mr",
        name=("CT" if ct else "MRI") + (f" · volume {number}" if count > 1 else ""),
        notes=notes,
        pixel_mm=(float(down), float(across)) if min(down, across) > 0 else None,
    )
    names = tuple(f"volume {place} · {kept_volume.count} slices" for place in range(1, count + 1))
    return replace(kept_volume, series=name, stack=number, stacks=names) if count > 1 else kept_volume


def _is_hounsfield(planes: Iterable[Values]) -> bool:
    air = above = total = 0
    for values in planes:
        finite = values[np.isfinite(values)]
        air, above = air + int((finite < AIR_HU).sum()), above + int((finite > MOST_HU).sum())
        total += finite.size
    return air > 0 and air >= LEAST_AIR * total and above <= total / 2


def _unplaced(image: Any) -> bool:
    """Neither of a NIfTI's two orientations is set; the older Analyze has none."""
    header = image.header
    return "qform_code" not in header or not (int(header["qform_code"]) or int(header["sform_code"]))


def _across(sizes_mm: Values) -> int:
    """The axis to cut across: from the feet to the head, but for thick slices that were taken across another:
    cut otherwise they would be stripes."""
    _, middle, largest = np.sort(sizes_mm)
    return int(np.argmax(sizes_mm)) if largest > THICK * middle else 2
