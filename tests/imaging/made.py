"""DICOM series and slides that tests make, with values that are known."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

Values = npt.NDArray[Any]
AXIAL = [1, 0, 0, 0, 1, 0]
CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
DX = "1.2.840.10008.5.1.4.1.1.1.1"
WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"


def dicom(
    path: Path,
    pixels: Values,
    *,
    sop_class: str = CT,
    modality: str = "CT",
    syntax: UID = ExplicitVRLittleEndian,
    **tags: Any,
) -> Path:
    """Write one file: 16-bit values as they are stored, 8-bit ones as grey or RGB."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = UID(sop_class)
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    data.Modality = modality
    data.PatientName, data.PatientID = "Marker^Jane", "MRN-471100"
    data.StudyDate, data.StudyTime, data.StudyID = "20260110", "0800", "1"
    data.SeriesNumber = data.InstanceNumber = 1
    data.StudyInstanceUID, data.SeriesInstanceUID = "1.2.3", "1.2.3.4"
    colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    data.Rows, data.Columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    if pixels.ndim == 3 and not colour:
        data.NumberOfFrames = len(pixels)
    data.SamplesPerPixel = 3 if colour else 1
    data.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        data.PlanarConfiguration = 0
    data.BitsAllocated = data.BitsStored = pixels.dtype.itemsize * 8
    data.HighBit = data.BitsStored - 1
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    data.PixelData = pixels.tobytes()
    for name, value in tags.items():
        setattr(data, name, value)
    data.save_as(path, enforce_file_format=True)
    return path


def series(
    folder: Path,
    count: int,
    *,
    shape: tuple[int, int] = (32, 24),
    spacing: float = 2.0,
    orientation: Sequence[float] = AXIAL,
    values: Sequence[Values] | Values | None = None,
    **tags: Any,
) -> Path:
    """CT slices of 1024 + 10 × the slice's place, so that slice k measures 10 k HU; in an order that is not
    theirs."""
    folder.mkdir(parents=True, exist_ok=True)
    normal = np.cross(orientation[:3], orientation[3:])
    for k in np.random.default_rng(1).permutation(count):
        pixels = values[k] if values is not None else np.full(shape, 1024 + 10 * k, np.int16)
        own = {
            "RescaleSlope": 1,
            "RescaleIntercept": -1024,
            "InstanceNumber": int(count - k),
            "ImagePositionPatient": [float(part) for part in normal * k * spacing],
            "ImageOrientationPatient": list(orientation),
            **tags,
        }
        dicom(folder / f"IM{hash((int(k), 7)) % 10**6:06}-{k:03}.dcm", np.ascontiguousarray(pixels), **own)
    return folder


def enhanced(path: Path, values: Values, *, modality: str = "CT", spacing: float = 2.0) -> Path:
    """One multi-frame file; its frames lie in the order of ``values`` from the head to the feet."""
    frames = []
    for k in range(len(values)):
        frame, plane, rescale = Dataset(), Dataset(), Dataset()
        plane.ImagePositionPatient = [0.0, 0.0, -k * spacing]
        rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = 1, -1000 - k, "HU"
        frame.PlanePositionSequence = [plane]
        frame.PixelValueTransformationSequence = [rescale]
        frames.append(frame)
    shared, orientation = Dataset(), Dataset()
    orientation.ImageOrientationPatient = AXIAL
    shared.PlaneOrientationSequence = [orientation]
    return dicom(
        path,
        values,
        sop_class=CT + ".1",
        modality=modality,
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=frames,
    )


def slide(path: Path, pixels: Values, *, power: int = 20, tile: int = 256, levels: int = 3) -> Path:
    """A pyramid in the manner of Aperio, without loss."""
    import tifffile

    height, width, _ = pixels.shape
    description = f"Aperio Image Library v12\r\n{width}x{height} |AppMag = {power}|MPP = {10 / power}"
    with tifffile.TiffWriter(path) as file:
        for level in range(levels):
            shown = pixels[:: 4**level, :: 4**level]
            file.write(
                np.ascontiguousarray(shown),
                photometric="rgb",
                tile=(tile, tile),
                description=description,
                metadata=None,
                subfiletype=0,
            )
    return path


def dicomdir(folder: Path) -> Path:
    """Index the files of a folder, as a CD has it."""
    from pydicom.fileset import FileSet

    index = FileSet()
    for path in sorted(folder.glob("*.dcm")):
        index.add(pydicom.dcmread(path))
    out = folder.parent / "cd"
    index.write(out)
    index._stage["t"].cleanup()  # else it warns of it later
    return out / "DICOMDIR"


def dicom_slide(
    folder: Path,
    pixels: Values,
    *,
    tile: int = 224,
    levels: int = 3,
    sparse: bool = False,
    codec: str = "raw",
    mpp: float = 0.5,
    **tags: Any,
) -> Path:
    """A pyramid as scanners write it in DICOM, one file a level (1, 4, 16 …), with a label beside them.

    ``sparse`` leaves out tiles of nothing but glass; ``codec`` is ``raw``, ``jpeg`` or ``jpeg2000``.
    """
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEG2000, JPEGBaseline8Bit

    folder.mkdir(parents=True, exist_ok=True)
    syntax = {"raw": ExplicitVRLittleEndian, "jpeg": JPEGBaseline8Bit, "jpeg2000": JPEG2000}[codec]
    for level in range(levels):
        shown = pixels[:: 4**level, :: 4**level]
        places, tiles = [], []
        for top in range(0, shown.shape[0], tile):
            for left in range(0, shown.shape[1], tile):
                cut = shown[top : top + tile, left : left + tile]
                whole = np.full((tile, tile, 3), 244, np.uint8)
                whole[: cut.shape[0], : cut.shape[1]] = cut
                if not sparse or np.ptp(whole):
                    places.append((left + 1, top + 1))
                    tiles.append(_packed(whole, codec))
        measures, optical, shared = Dataset(), Dataset(), Dataset()
        measures.PixelSpacing = [mpp * 4**level / 1000] * 2
        measures.SliceThickness = 0.001
        shared.PixelMeasuresSequence = [measures]
        optical.OpticalPathIdentifier = "1"
        whole_slide: dict[str, Any] = {
            "ImageType": ["ORIGINAL", "PRIMARY", "VOLUME", "RESAMPLED" if level else "NONE"],
            "TotalPixelMatrixColumns": shown.shape[1],
            "TotalPixelMatrixRows": shown.shape[0],
            "TotalPixelMatrixFocalPlanes": 1,
            "NumberOfOpticalPaths": 1,
            "OpticalPathSequence": [optical],
            "DimensionOrganizationType": "TILED_SPARSE" if sparse else "TILED_FULL",
            "SharedFunctionalGroupsSequence": [shared],
            "NumberOfFrames": len(tiles),
            "InstanceNumber": level + 1,
            "PixelData": b"".join(tiles) if codec == "raw" else encapsulate(tiles),
        }
        if sparse:
            whole_slide["PerFrameFunctionalGroupsSequence"] = [_tile_place(*place) for place in places]
        if codec == "jpeg":
            whole_slide["PhotometricInterpretation"] = "YBR_FULL_422"
        if codec == "jpeg2000":
            whole_slide["PhotometricInterpretation"] = "YBR_RCT"
        blank = np.zeros((tile, tile, 3), np.uint8)
        dicom(folder / f"level-{level}.dcm", blank, sop_class=WHOLE_SLIDE, modality="SM", syntax=syntax,
              **whole_slide, **tags)  # fmt: skip
    label: dict[str, Any] = {
        "ImageType": ["ORIGINAL", "PRIMARY", "LABEL", "NONE"],
        "TotalPixelMatrixColumns": 64,
        "TotalPixelMatrixRows": 32,
        "NumberOfFrames": 1,
    }
    dicom(folder / "label.dcm", np.zeros((32, 64, 3), np.uint8), sop_class=WHOLE_SLIDE, modality="SM",
          BurnedInAnnotation="YES", InstanceNumber=9, **label)  # fmt: skip
    return folder


def _packed(pixels: Values, codec: str) -> bytes:
    import io

    import PIL.Image

    if codec == "raw":
        return pixels.tobytes()
    form, options = {
        "jpeg": ("JPEG", {"quality": 95}),
        "jpeg2000": ("JPEG2000", {"irreversible": False, "mct": 1, "no_jp2": True}),
    }[codec]
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()


def _tile_place(column: int, row: int) -> Dataset:
    frame, place = Dataset(), Dataset()
    place.ColumnPositionInTotalImagePixelMatrix, place.RowPositionInTotalImagePixelMatrix = column, row
    frame.PlanePositionSlideSequence = [place]
    return frame
