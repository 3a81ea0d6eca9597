"""One DICOM file: what its tags say that matters here, and the pixels of its frames.

No free text of the tags leaves this module, but for what ``Identity`` holds on request, and whom the file
names: that is compared with the report's patient, and goes into no prompt.
"""

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels.processing import (
    apply_color_lut,
    apply_modality_lut,
    apply_presentation_lut,
    apply_voi_lut,
)
from pydicom.pixels.utils import pixel_array
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from assistant.errors import BadInput
from assistant.imaging.values import Pixels, Values, stretched, windowed
from assistant.orders.pictures import PicturedPatient, pictured_patient

pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
logging.getLogger("pydicom").disabled = True  # its messages quote values

NOT_PICTURES = {"RTSTRUCT", "RTPLAN", "RTDOSE", "SEG", "SR", "PR", "KO", "ECG", "AU", "REG"}
WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
ENCAPSULATED = "1.2.840.10008.5.1.4.1.1.104."
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
ULTRASOUND = ("1.2.840.10008.5.1.4.1.1.3.1", "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.6.2")
SCREEN_WORDS = {
    "SCREEN SAVE", "SCREENSAVE", "SCREEN_SAVE", "SCREEN CAPTURE", "SCREENSHOT", "DOSE_INFO", "DOSE REPORT",
    "DOSE INFO", "PATIENT PROTOCOL", "PROTOCOL", "SC", "REPORT",
}  # fmt: skip
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


class Trait(NamedTuple):
    """An attribute that tells slices in one place apart: its words, and where it stands, in a functional
    group or by itself."""

    label: str
    places: tuple[tuple[str, str], ...]


TRAITS = (
    Trait("{}", (("", "ImageType"),)),
    Trait("{}", (("", "PatientPosition"),)),
    Trait("kernel {}", (("CTReconstructionSequence", "ConvolutionKernel"),)),
    Trait("{} kV", (("CTXRayDetailsSequence", "KVP"),)),
    Trait("TE {} ms", (("MREchoSequence", "EffectiveEchoTime"), ("", "EchoTime"))),
    Trait("TI {} ms", (("MRModifierSequence", "InversionTimes"), ("", "InversionTime"))),
    Trait("b {}", (("MRDiffusionSequence", "DiffusionBValue"),)),
    Trait("time {}", (("FrameContentSequence", "TemporalPositionIndex"), ("", "TemporalPositionIdentifier"))),
    Trait("heart phase {} %", (("CardiacSynchronizationSequence", "NominalPercentageOfCardiacPhase"),)),
    Trait("{} mm thick", (("PixelMeasuresSequence", "SliceThickness"),)),
)
"""In the order in which they are tried."""
_PRIVATE_B_VALUES = ((0x0019, 0x100C), (0x2001, 0x1003), (0x0043, 0x1039))
"""Siemens, Philips, GE."""
_MOMENTS = (
    ("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime"),
    ("FrameContentSequence", "TemporalPositionTimeOffset"),
    ("", "TriggerTime"),
    ("FrameContentSequence", "FrameAcquisitionDateTime"),
    ("", "AcquisitionTime"),
    ("", "ContentTime"),
)
_NOT_HOUNSFIELD = {
    "IODINE", "ZEFF", "Z_EFF", "EFF_Z", "EFFECTIVE_Z", "RHO", "ELECTRON_DENSITY", "CBF", "CBV", "RCBF",
    "RCBV", "MTT", "TTP", "TMAX", "TTD", "PBV", "MAT_DECOMP",
}  # fmt: skip
"""Words of an image type that stand for values of another kind, where the tags name no unit."""

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
    unit: str = "HU"
    """Unit of the measured values, as ``RescaleType`` has it; HU where nothing says otherwise."""
    traits: tuple[str, ...] = ("",) * len(TRAITS)
    moment: float | str = ""
    """When in the heartbeat or the examination; only to be compared."""
    pixel_mm: tuple[float, float] | None = None
    """Between rows, and between columns; or only their ratio."""
    tile: tuple[int, int, int, int] | None = None
    """Top, left, rows and columns in a mosaic."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The display of a picture, where something else than its own file describes it."""

    scale: Dataset
    """The tags of the table or the numbers that measured values come from, if there are any."""
    window: Dataset | None
    """The tags of a window or a table."""
    table: Dataset | None
    """From what the window gives to what is shown: an item of ``PresentationLUTSequence``."""
    inverse: bool | None


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
    uid: str
    patients: tuple[PicturedPatient, ...]
    """Whom it names, if anybody."""
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
    screen: bool
    """By its class or image type a picture of a screen or a page, on which names often stand."""
    converted: bool
    """From film, paper or video."""
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
            tags = read_tags(file, force=_without_preamble(path), pixels=False)
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


def read_tags(source: Path | BinaryIO, *, force: bool = True, pixels: bool = True) -> Dataset:
    """A file as pydicom has it. Where a file does not say how it is written, which old ones do not, it is how
    it could be read."""
    tags = pydicom.dcmread(source, stop_before_pixels=not pixels, force=force)
    if getattr(tags, "file_meta", None) is None:
        tags.file_meta = FileMetaDataset()
    if "TransferSyntaxUID" not in tags.file_meta:
        implicit, little = tags.original_encoding
        if implicit is None or little is None:
            return tags
        plain = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        tags.file_meta.TransferSyntaxUID = plain if little else ExplicitVRBigEndian
    return tags


def is_bare(head: bytes) -> bool:
    """Whether a file begins with the tags themselves, as old scanners wrote them: with group 2 or 8, whose
    first elements have small numbers, and short lengths or a plain kind of value."""
    little = head[:2] in (b"\x02\0", b"\x08\0") and head[3:4] == b"\0"
    big = head[:2] in (b"\0\x02", b"\0\x08") and head[2:3] == b"\0"
    return (little or big) and (head[4:6].isalpha() or sum(1 for byte in head[4:8] if byte) <= 1)


class Document(NamedTuple):
    """A PDF or a C-CDA document that lies in a DICOM file."""

    media_type: str
    data: bytes
    patients: tuple[PicturedPatient, ...]
    time: str


def class_of(path: Path) -> str:
    """The SOP class of a file; empty where it cannot be told."""
    try:
        tags = pydicom.dcmread(path, specific_tags=["SOPClassUID"], stop_before_pixels=True, force=True)
        return str(tags.get("SOPClassUID", ""))
    except Exception:  # a damaged file makes pydicom fail in many ways
        return ""


def read_document(path: Path, name: str) -> Document:
    """Raises ``BadInput``: ``dicom_kind_unsupported``, ``dicom_not_readable``."""
    try:
        tags = read_tags(path)
        kind = str(tags.get("MIMETypeOfEncapsulatedDocument", "")).lower()
        data = tags.get("EncapsulatedDocument")
        patients = _patients(tags)
        time = _time(tags)
    except Exception:  # a damaged file makes pydicom fail in many ways
        raise BadInput(f"{name}: its DICOM tags are damaged.", code=DAMAGED) from None
    if kind not in ("application/pdf", "text/xml") or not isinstance(data, bytes):
        raise BadInput(
            f"{name} is a document in a DICOM file, of kind {kind or 'unknown'}, which is not read.",
            code="dicom_kind_unsupported",
        )
    return Document(kind, data.rstrip(b"\0"), patients, time)


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
    frames = () if whole_slide else _mosaic(tags, image_type) or tuple(_frames(tags))
    tile = frames[0].tile if frames else None
    return Instance(
        path=path,
        name=name,
        modality=modality,
        sop_class=sop_class,
        series=str(tags.get("SeriesInstanceUID", "") or path),
        study=str(tags.get("StudyInstanceUID", "") or ""),
        uid=str(tags.get("SOPInstanceUID", "") or ""),
        patients=_patients(tags),
        time=_time(tags),
        number=_whole(tags.get("InstanceNumber")),
        acquisition=_whole(tags.get("AcquisitionNumber")),
        derived="DERIVED" in image_type,
        burned_in=str(tags.get("BurnedInAnnotation", "")).upper() == "YES",
        rows=tile[2] if tile else int(tags.Rows),
        columns=tile[3] if tile else int(tags.Columns),
        colour=int(tags.get("SamplesPerPixel", 1)) > 1
        or tags.get("PhotometricInterpretation") == "PALETTE COLOR",
        inverted=tags.get("PhotometricInterpretation") == "MONOCHROME1",
        screen=_is_screen(sop_class, image_type),
        converted=bool(tags.get("ConversionType")),
        padding=_padding(tags),
        frames=() if whole_slide else frames,
        matrix_px=_matrix_px(tags) if whole_slide and not SLIDE_SURROUNDINGS & set(image_type) else 0,
        identity=_identity(tags),
    )


def _no_picture(name: str) -> BadInput:
    return BadInput(f"{name} contains no picture, or is truncated.", code="dicom_no_pixels")


def _matrix_px(tags: Dataset) -> int:
    return _whole(tags.get("TotalPixelMatrixColumns")) * _whole(tags.get("TotalPixelMatrixRows"))


def _patients(tags: Dataset) -> tuple[PicturedPatient, ...]:
    named = ("PatientID", "PatientBirthDate", "PatientName", "IssuerOfPatientID")
    patient = pictured_patient(*(tags.get(each) for each in named))
    return (patient,) if patient.number or patient.name or patient.born else ()


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
            for groups in (own, shared) if group else ():
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
            unit=_unit(find("PixelValueTransformationSequence", "RescaleType"), tags),
            traits=tuple(_trait(trait, find, tags) for trait in TRAITS),
            moment=next((_moment(value) for place in _MOMENTS if (value := find(*place)) is not None), ""),
            pixel_mm=_pixel_mm(tags, find("PixelMeasuresSequence", "PixelSpacing")),
        )


def _trait(trait: Trait, find: Callable[[str, str], Any], tags: Dataset) -> str:
    value = next((found for place in trait.places if (found := find(*place)) not in (None, "")), None)
    if trait.places[0][1] == "ImageType":
        words = find("MRImageFrameTypeSequence", "FrameType") or find("CTImageFrameTypeSequence", "FrameType")
        return ", ".join(str(word) for word in (words or value or [])[2:])
    if value is None and trait.places[0][1] == "DiffusionBValue":
        found = (tags.get(tag) for tag in _PRIVATE_B_VALUES)
        return next((b for each in found if each is not None and (b := _b_value(each.value))), "")
    if isinstance(value, pydicom.multival.MultiValue):
        value = value[0] if value else None
    return f"{value:g}" if isinstance(value, int | float) else str(value or "")


def _b_value(value: Any) -> str:
    """GE adds a billion to it, and writes three more numbers behind it."""
    first = value[0] if isinstance(value, pydicom.multival.MultiValue | list | tuple) else value
    try:
        return f"{float(first) % 1e9:g}"
    except (TypeError, ValueError):
        return ""


def _moment(value: Any) -> float | str:
    return float(value) if isinstance(value, int | float) else str(value)


def _unit(rescale_type: Any, tags: Dataset) -> str:
    """CT has Hounsfield units unless it says that it has not."""
    given = str(rescale_type or "").strip().upper()
    if given and given not in ("US", "UNSPECIFIED"):
        return "HU" if given in ("HU", "HU_MOD") else given
    words = {str(word).upper() for word in tags.get("ImageType", []) or []}
    return next(iter(words & _NOT_HOUNSFIELD), "HU")


def _pixel_mm(tags: Dataset, spacing: Any) -> tuple[float, float] | None:
    """None where pixels are square as far as it is known."""
    for value in (spacing, tags.get("ImagerPixelSpacing"), tags.get("PixelAspectRatio")):
        vector = _vector(value, 2)
        if vector and min(vector) > 0:
            return vector[0], vector[1]
    return None


def _mosaic(tags: Dataset, image_type: list[str]) -> tuple[Frame, ...]:
    """The slices of a Siemens mosaic, each with its place; none where it is not one, or cannot be told."""
    if "MOSAIC" not in image_type:
        return ()
    from nibabel.nicom.dicomwrappers import MosaicWrapper  # noqa: PLC0415 (a second of libraries)

    try:
        mosaic: Any = MosaicWrapper(tags)  # type: ignore[no-untyped-call]
        rows, columns, count = (int(part) for part in mosaic.image_shape)
        first = np.asarray(mosaic.image_position, float)
        normal = np.asarray(mosaic.slice_normal, float)
        gap = float(mosaic.voxel_sizes[2])
    except Exception:  # private tags of many makes
        return ()
    across = int(tags.Columns) // columns
    (whole,) = _frames(tags)
    return tuple(
        replace(
            whole,
            index=index,
            position=tuple(float(part) for part in first + normal * gap * index),
            tile=(index // across * rows, index % across * columns, rows, columns),
        )
        for index in range(count)
    )


def _is_screen(sop_class: str, image_type: list[str]) -> bool:
    """Secondary captures, dose reports, screen saves, ultrasound: by class and image type, not modality."""
    return bool(
        sop_class.startswith((SECONDARY_CAPTURE, *ULTRASOUND))
        or bool(SCREEN_WORDS & {word.upper() for word in image_type})
    )


def _vector(value: Any, length: int) -> Vector | None:
    if value is None or len(value) != length:
        return None
    return tuple(float(part) for part in value)


def stored_values(instance: Instance, frame: Frame) -> Values:
    """The frame's values as stored, colours as RGB. Raises ``BadInput``: ``dicom_no_pixels``,
    ``dicom_compression_unsupported``, ``dicom_not_readable``."""
    try:
        if frame.tile:
            top, left, rows, columns = frame.tile
            whole = read_tags(instance.path).pixel_array
            return whole[top : top + rows, left : left + columns]
        if len(instance.frames) > 1:  # read alone, out of what may be gigabytes
            return pixel_array(_source(instance.path), index=frame.index)
        return read_tags(instance.path).pixel_array
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


def _source(path: Path) -> Path | Dataset:
    """The file, of which one frame is read; all of it where the file does not say how it is written."""
    meta = Dataset() if _without_preamble(path) else pydicom.filereader.read_file_meta_info(path)
    return path if "TransferSyntaxUID" in meta else read_tags(path)


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


def picture_pixels(instance: Instance, frame: Frame, shown_as: Shown | None = None) -> Pixels:
    """A single picture (X-ray, ultrasound, camera) as 8 bits, grey or RGB.

    Grey as in the model's own DICOM handler: modality table, the tags' window if there is one, else least to
    greatest value (8-bit values stay as they are), MONOCHROME1 turned over. Padding, where no window says how
    it looks, is black and no part of the range.
    """
    stored = stored_values(instance, frame)
    try:
        tags = read_tags(instance.path, pixels=False)
        if instance.colour:
            return _colour(stored, tags)
        return _grey(stored, _display_tags(tags, frame, shown_as), instance, shown_as)
    except Exception:  # tables and windows can be damaged too
        raise BadInput(f"{instance.name}: its picture's tags are damaged.", code=DAMAGED) from None


def _display_tags(tags: Dataset, frame: Frame, shown_as: Shown | None) -> Dataset:
    """The tables and windows of a frame, wherever they stand: in a presentation state, in the frame's own
    group, in the shared one, in the file."""
    shared = (tags.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    each = tags.get("PerFrameFunctionalGroupsSequence") or []
    own = each[frame.index] if frame.index < len(each) else Dataset()
    found = Dataset()
    found.set_original_encoding(*tags.original_encoding)  # of the numbers in tables
    for group, names in (
        ("PixelValueTransformationSequence", ("ModalityLUTSequence", "RescaleSlope", "RescaleIntercept")),
        ("FrameVOILUTSequence", ("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence")),
    ):
        places = [tags, *(sequence[0] for groups in (shared, own) if (sequence := groups.get(group)))]
        if shown_as and group == "FrameVOILUTSequence" and shown_as.window is not None:
            places = [shown_as.window]
        if shown_as and group == "PixelValueTransformationSequence":
            places.append(shown_as.scale)
        for place in places:  # the last one counts
            if any(name in place for name in names):
                for name in names:
                    if name in found:
                        del found[name]
                    if name in place:
                        found[name] = place[name]
    for name in ("PixelRepresentation", "BitsStored", "BitsAllocated"):
        if name in tags:
            found[name] = tags[name]
    return found


def window_of(instance: Instance, frame: Frame) -> tuple[float, float] | None:
    """The least and the greatest measured value that the tags want to be seen, if they name any."""
    tags = _display_tags(read_tags(instance.path, pixels=False), frame, None)
    center, width = _first(tags.get("WindowCenter")), _first(tags.get("WindowWidth"))
    return (center - width / 2, center + width / 2) if center is not None and width else None


def _grey(stored: Values, tags: Dataset, instance: Instance, shown_as: Shown | None) -> Pixels:
    padding = None
    values = apply_modality_lut(stored, tags)
    center, width = _first(tags.get("WindowCenter")), _first(tags.get("WindowWidth"))
    function = str(tags.get("VOILUTFunction") or "LINEAR").upper()
    if center is not None and width and function == "SIGMOID":
        pixels = stretched(1 / (1 + np.exp(-4 * (values.astype(np.float64) - center) / width)), 0, 1)
    elif center is not None and width and function == "LINEAR_EXACT":
        low, high = center - width / 2, center + width / 2
        pixels = stretched(np.clip(values, low, high), low, high)
    elif center is not None and width:
        pixels = windowed(values, center, width)
    elif tags.get("VOILUTSequence"):
        values = apply_voi_lut(values, tags)
        pixels = stretched(values, 0, 2 ** int(tags.VOILUTSequence[0].LUTDescriptor[2]) - 1)
    elif values.dtype == np.uint8 and tags.get("BitsStored") == 8:
        pixels = values
    else:
        padding = is_padding(instance, stored)
        measured = values if padding is None else values[~padding]
        pixels = stretched(values, measured.min(), measured.max())
    if shown_as and shown_as.table is not None:
        pixels = _looked_up(pixels, shown_as.table)
    elif shown_as.inverse if shown_as and shown_as.inverse is not None else instance.inverted:
        pixels = 255 - pixels
    return pixels if padding is None else np.where(padding, np.uint8(0), pixels)


def _looked_up(pixels: Pixels, item: Dataset) -> Pixels:
    """A table of the whole range from black to white, applied to pixels of 8 bits."""
    table = Dataset()
    table.PresentationLUTSequence = [item]
    count, first, bits = (int(part) for part in item.LUTDescriptor)
    places = np.rint(np.arange(256) / 255 * ((count or 2**16) - 1)).astype(np.int64) + first
    shown = apply_presentation_lut(places, table)
    return stretched(shown, 0, 2**bits - 1)[pixels]


def _first(value: Any) -> float | None:
    if value is None or value == "":
        return None
    return float(value[0]) if isinstance(value, pydicom.multival.MultiValue) else float(value)


def _colour(stored: Values, tags: Dataset) -> Pixels:
    bits = int(tags.get("BitsStored", 8))
    if tags.PhotometricInterpretation == "PALETTE COLOR":
        stored = apply_color_lut(stored, tags)
        bits = stored.dtype.itemsize * 8
        if bits == 16 and int(stored.max()) < 256 and _palette_of_8_bits(tags):
            return stored.astype(np.uint8)
    return stored if bits == 8 and stored.dtype == np.uint8 else stretched(stored, 0, 2**bits - 1)


def _palette_of_8_bits(tags: Dataset) -> bool:
    """Whether no entry of a palette of 16 bits needs more than 8: its makers did not scale them."""
    tables = (tags.get(f"{colour}PaletteColorLookupTableData") for colour in ("Red", "Green", "Blue"))
    return all(isinstance(each, bytes) and not any(each[1::2]) for each in tables)
