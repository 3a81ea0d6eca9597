"""DICOM series and slides that tests make, with values that are known."""

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

AXIAL = [1, 0, 0, 0, 1, 0]
CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
DX = "1.2.840.10008.5.1.4.1.1.1.1"


def dicom(path, pixels, *, sop_class=CT, modality="CT", **tags):
    """Write one file: 16-bit values as they are stored, 8-bit ones as grey or RGB."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = sop_class
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


def series(folder, count, *, shape=(32, 24), spacing=2.0, orientation=AXIAL, values=None, **tags):
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


def enhanced(path, values, *, modality="CT", spacing=2.0):
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


def slide(path, pixels, *, power=20, tile=256, levels=3):
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


def dicomdir(folder):
    """Index the files of a folder, as a CD has it."""
    from pydicom.fileset import FileSet

    index = FileSet()
    for path in sorted(folder.glob("*.dcm")):
        index.add(pydicom.dcmread(path))
    out = folder.parent / "cd"
    index.write(out)
    index._stage["t"].cleanup()  # else it warns of it later
    return out / "DICOMDIR"
