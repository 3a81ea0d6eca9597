"""One DICOM file: what its tags say that matters here, and the pixels of its frames.

No name, number or free text of the tags leaves this module, but for what ``Identity`` holds on request.
"""

import hashlib
import logging
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.pixels.utils import pixel_array

from assistant.errors import BadInput
from assistant.imaging.values import Pixels, Values, stretched, windowed

pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
logging.getLogger("pydicom").disabled = True  # its messages quote values

NOT_PICTURES = {"RTSTRUCT", "RTPLAN", "RTDOSE", "SEG", "SR", "PR", "KO", "ECG", "AU", "REG"}
WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
SLIDE_SURROUNDINGS = {"LABEL", "OVERVIEW", "THUMBNAIL"}
SOP_CLASS_MODALITY = {
    "1.2.840.10008.5.1.4.1.1.1": "CR",
    "1.2.840.10008.5.1.4.1.1.1.1": "DX",
    "1.2.840.10008.5.1.4.1.1.2": "CT",
    "1.2.840.10008.5.1.4.1.1.2.1": "CT",
    "1.2.840.10008.5.1.4.1.1.4": "MR",
    "1.2.840.10008.5.1.4.1.1.4.1": "MR",
}
MOST_PIXELS = 100_000_000
"""The most pixels of one picture: mammograms have up to 25 million. A few bytes of tags can ask for gigabytes
of memory."""
MOST_FRAMES = 100_000
DAMAGED = "dicom_not_readable"
_SALT = secrets.token_bytes(16)

Vector = tuple[float, ...]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a file: where it lies in the patient (mm) and how stored values become measured ones."""

    index: int
    position: Vector | None
    orientation: Vector | None
    slope: float
    intercept: float
    scaled: bool
    """The tags say so: else slope and intercept are 1 and 0."""


@dataclass(frozen=True, slots=True)
class Instance:
    """The header of one file."""

    path: Path
    name: str
    """As it was given: shown to the one who gave it."""
    modality: str
    sop_class: str
    series: str
    study: str
    patient: str
    """A one-way hash that says, within this process, whether two files are of one patient."""
    time: str
    """Digits, ``YYYYMMDDHHMMSS``; empty if the tags have none."""
    number: int
    acquisition: int
    derived: bool
    burned_in: bool
    rows: int
    columns: int
    colour: bool
    inverted: bool
    """MONOCHROME1: the least value is white."""
    padding: tuple[int, int] | None
    """The least and the greatest stored value that stand for no measurement, around a picture that is not
    rectangular."""
    frames: tuple[Frame, ...]
    """None of a whole slide, which has up to hundreds of thousands."""
    matrix_px: int
    """Pixels of a whole slide at this file's level; 0 of other files, and of a slide's label and overview."""
    identity: str
    """Patient, date and description, for the label of who set ``dicom_identity``."""

    @property
    def whole_slide(self) -> bool:
        return self.sop_class == WHOLE_SLIDE

    @property
    def slide_surroundings(self) -> bool:
        """A whole slide's label, overview or thumbnail: there are names on it, and nothing is read of it."""
        return self.whole_slide and not self.matrix_px


def read_header(path: Path, name: str) -> Instance:
    """Raises ``BadInput``: ``dicom_not_readable``, ``dicom_no_pixels``, ``dicom_kind_unsupported``,
    ``image_too_many_pixels``."""
    try:
        with path.open("rb") as file:
            tags = pydicom.dcmread(file, stop_before_pixels=True, force=_without_preamble(path))
            instance = _instance(tags, path, name)
            whole = _is_whole(file, tags)
    except BadInput:
        raise
    except (InvalidDicomError, EOFError):
        raise BadInput(f"{name} is not a DICOM file, or is truncated.", code=DAMAGED) from None
    except Exception:  # a damaged file makes pydicom fail in many ways
        raise BadInput(f"{name}: its DICOM tags are damaged.", code=DAMAGED) from None
    if not whole:
        raise BadInput(f"{name} is truncated: its picture is incomplete. Copy it again.", code=DAMAGED)
    return instance


def _is_whole(file: BinaryIO, tags: Dataset) -> bool:
    """Whether the picture that follows the tags ends within the file, which stands behind the tags."""
    left = os.fstat(file.fileno()).st_size - file.tell()
    syntax = getattr(getattr(tags, "file_meta", None), "TransferSyntaxUID", None)
    if left == 0 or syntax is None or syntax.is_deflated:
        return True  # there is none; or it cannot be said
    if syntax.is_encapsulated:
        return _ends(file, left)
    bits = int(tags.get("BitsAllocated", 0)) * int(tags.get("SamplesPerPixel", 1))
    if str(tags.get("PhotometricInterpretation")) == "YBR_FULL_422":
        bits = bits * 2 // 3
    return left >= int(tags.Rows) * int(tags.Columns) * bits * (_whole(tags.get("NumberOfFrames")) or 1) // 8


def _ends(file: BinaryIO, left: int) -> bool:
    """Whether the mark is there that ends a compressed picture, or its last item does (PS3.5, A.4)."""
    end = file.tell() + left
    file.seek(12, os.SEEK_CUR)  # the element's tag, VR and length
    while (item := file.read(8))[:4] == b"\xfe\xff\x00\xe0":
        if file.seek(int.from_bytes(item[4:], "little"), os.SEEK_CUR) > end:
            return False
    return item[:4] == b"\xfe\xff\xdd\xe0" or file.tell() == end


def _without_preamble(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] != b"DICM"


def _instance(tags: Dataset, path: Path, name: str) -> Instance:
    sop_class = str(tags.get("SOPClassUID", ""))
    modality = str(tags.get("Modality", "") or SOP_CLASS_MODALITY.get(sop_class, "OT"))
    if not sop_class and "Rows" not in tags:
        raise InvalidDicomError
    if modality in NOT_PICTURES:
        raise BadInput(
            f"{name} is a DICOM file of kind {modality}, which is not a picture; it was left out.",
            code="dicom_kind_unsupported",
        )
    if not tags.get("Rows") or not tags.get("Columns"):
        raise _no_picture(name)
    if int(tags.Rows) * int(tags.Columns) > MOST_PIXELS:
        raise BadInput(
            f"{name} has more than {MOST_PIXELS / 10**6:g} million pixels in one picture.",
            code="image_too_many_pixels",
        )
    if tags.get("ConcatenationUID"):
        raise BadInput(
            f"{name} is one part of a picture split over several files. Export it as one.",
            code="dicom_kind_unsupported",
        )
    image_type = [str(part) for part in tags.get("ImageType", []) or []]
    whole_slide = sop_class == WHOLE_SLIDE
    return Instance(
        path=path,
        name=name,
        modality=modality,
        sop_class=sop_class,
        series=str(tags.get("SeriesInstanceUID", "") or path),
        study=str(tags.get("StudyInstanceUID", "") or ""),
        patient=_hashed(f"{tags.get('PatientID', '')}\0{tags.get('IssuerOfPatientID', '')}"),
        time=_time(tags),
        number=_whole(tags.get("InstanceNumber")),
        acquisition=_whole(tags.get("AcquisitionNumber")),
        derived="DERIVED" in image_type,
        burned_in=str(tags.get("BurnedInAnnotation", "")).upper() == "YES",
        rows=int(tags.Rows),
        columns=int(tags.Columns),
        colour=int(tags.get("SamplesPerPixel", 1)) > 1
        or tags.get("PhotometricInterpretation") == "PALETTE COLOR",
        inverted=tags.get("PhotometricInterpretation") == "MONOCHROME1",
        padding=_padding(tags),
        frames=() if whole_slide else tuple(_frames(tags)),
        matrix_px=_matrix_px(tags) if whole_slide and not SLIDE_SURROUNDINGS & set(image_type) else 0,
        identity=_identity(tags),
    )


def _no_picture(name: str) -> BadInput:
    return BadInput(f"{name} contains no picture, or is truncated.", code="dicom_no_pixels")


def _matrix_px(tags: Dataset) -> int:
    return _whole(tags.get("TotalPixelMatrixColumns")) * _whole(tags.get("TotalPixelMatrixRows"))


def _hashed(patient: str) -> str:
    return hashlib.sha256(_SALT + patient.encode()).hexdigest() if patient.strip("\0") else ""


def _time(tags: Dataset) -> str:
    for date, time in (
        ("AcquisitionDateTime", None),
        ("AcquisitionDate", "AcquisitionTime"),
        ("ContentDate", "ContentTime"),
        ("SeriesDate", "SeriesTime"),
        ("StudyDate", "StudyTime"),
    ):
        text = str(tags.get(date, "") or "") + (str(tags.get(time, "") or "") if time else "")
        digits = "".join(character for character in text.split("+")[0].split(".")[0] if character.isdigit())
        if len(digits) >= 8:
            return digits[:14].ljust(14, "0")
    return ""


def _whole(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def _padding(tags: Dataset) -> tuple[int, int] | None:
    """In the representation of the stored values: many files write -2000 as 63536."""
    first, last = tags.get("PixelPaddingValue"), tags.get("PixelPaddingRangeLimit")
    if not isinstance(first, int):  # there is none, or it is damaged
        return None
    values = 1 << int(tags.get("BitsAllocated", 16))
    bounds = [first % values, (last if isinstance(last, int) else first) % values]
    if tags.get("PixelRepresentation"):
        bounds = [bound - values if bound >= values // 2 else bound for bound in bounds]
    return min(bounds), max(bounds)


def _identity(tags: Dataset) -> str:
    parts = (tags.get(name) for name in ("PatientName", "PatientID", "StudyDate", "SeriesDescription"))
    return ", ".join(str(part) for part in parts if part)


def _frames(tags: Dataset) -> Iterator[Frame]:
    count = _whole(tags.get("NumberOfFrames")) or 1
    if count > MOST_FRAMES:
        raise InvalidDicomError
    shared = (tags.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    each = tags.get("PerFrameFunctionalGroupsSequence") or []
    for index in range(count):
        own = each[index] if index < len(each) else Dataset()

        def find(
            group: str, name: str, own: Dataset = own
        ) -> Any:  # in the frame's own group, the shared one, the file
            for groups in (own, shared):
                if (sequence := groups.get(group)) and sequence[0].get(name) is not None:
                    return sequence[0].get(name)
            return tags.get(name)

        slope = find("PixelValueTransformationSequence", "RescaleSlope")
        intercept = find("PixelValueTransformationSequence", "RescaleIntercept")
        yield Frame(
            index,
            _vector(find("PlanePositionSequence", "ImagePositionPatient"), 3),
            _vector(find("PlaneOrientationSequence", "ImageOrientationPatient"), 6),
            1.0 if slope is None else float(slope),
            0.0 if intercept is None else float(intercept),
            intercept is not None,
        )


def _vector(value: Any, length: int) -> Vector | None:
    if value is None or len(value) != length:
        return None
    return tuple(float(part) for part in value)


def stored_values(instance: Instance, frame: Frame) -> Values:
    """The frame's values as stored, colours as RGB. Raises ``BadInput``: ``dicom_no_pixels``,
    ``dicom_compression_unsupported``, ``dicom_not_readable``."""
    try:
        if len(instance.frames) > 1:  # read alone, out of what may be gigabytes
            return pixel_array(instance.path, index=frame.index)
        return pydicom.dcmread(instance.path, force=True).pixel_array
    except AttributeError:
        raise _no_picture(instance.name) from None
    except (RuntimeError, NotImplementedError):
        raise BadInput(
            f"{instance.name}: its picture is damaged, or compressed in a way that cannot be read here. "
            "Export it uncompressed.",
            code="dicom_compression_unsupported",
        ) from None
    except MemoryError:
        raise BadInput(f"{instance.name}: its picture is too large.", code="image_too_many_pixels") from None
    except Exception:  # decoders meet damage with errors of many kinds
        raise BadInput(f"{instance.name}: its picture is damaged or truncated.", code=DAMAGED) from None


def measured_values(stored: Values, frame: Frame) -> Values:
    """Stored values through the rescale of the tags: Hounsfield units for CT."""
    if frame.slope == 1 and frame.intercept == 0:
        return stored
    return stored.astype(np.float64) * frame.slope + frame.intercept


def is_padding(instance: Instance, stored: Values) -> Mask | None:
    """A mask of the pixels without a measurement; None if all have one."""
    if instance.padding is None:
        return None
    mask: Mask = (stored >= instance.padding[0]) & (stored <= instance.padding[1])
    return mask if mask.any() and not mask.all() else None


def picture_pixels(instance: Instance, frame: Frame) -> Pixels:
    """A single picture (X-ray, ultrasound, camera) as 8 bits, grey or RGB.

    Grey as in the model's own DICOM handler: modality table, the tags' window if there is one, else least to
    greatest value (8-bit values stay as they are), MONOCHROME1 turned over. Padding, where no window says how
    it looks, is black and no part of the range.
    """
    stored = stored_values(instance, frame)
    try:
        tags = pydicom.dcmread(instance.path, stop_before_pixels=True, force=True)
        return _colour(stored, tags) if instance.colour else _grey(stored, tags, instance)
    except Exception:  # tables and windows can be damaged too
        raise BadInput(f"{instance.name}: its picture's tags are damaged.", code=DAMAGED) from None


def _grey(stored: Values, tags: Dataset, instance: Instance) -> Pixels:
    padding = None
    values = apply_modality_lut(stored, tags)
    center, width = _first(tags.get("WindowCenter")), _first(tags.get("WindowWidth"))
    if center is not None and width:
        pixels = windowed(values, center, width)
    elif tags.get("VOILUTSequence"):
        values = apply_voi_lut(values, tags)
        pixels = stretched(values, values.min(), values.max())
    elif values.dtype == np.uint8 and tags.get("BitsStored") == 8:
        pixels = values
    else:
        padding = is_padding(instance, stored)
        measured = values if padding is None else values[~padding]
        pixels = stretched(values, measured.min(), measured.max())
    pixels = 255 - pixels if instance.inverted else pixels
    return pixels if padding is None else np.where(padding, np.uint8(0), pixels)


def _first(value: Any) -> float | None:
    if value is None or value == "":
        return None
    return float(value[0]) if isinstance(value, pydicom.multival.MultiValue) else float(value)


def _colour(stored: Values, tags: Dataset) -> Pixels:
    bits = int(tags.get("BitsStored", 8))
    if tags.PhotometricInterpretation == "PALETTE COLOR":
        stored = apply_color_lut(stored, tags)
        bits = stored.dtype.itemsize * 8
    return stored if bits == 8 and stored.dtype == np.uint8 else stretched(stored, 0, 2**bits - 1)
