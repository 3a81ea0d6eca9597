"""A pathology slide in DICOM: the files of one series, one a level of its pyramid → a slide."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pydicom
from pydicom.uid import (
    JPEG2000,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
)

from assistant.errors import BadInput
from assistant.imaging.dicom import Instance
from assistant.imaging.slide import read_slide
from assistant.imaging.study import Study

READ = {ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit, JPEG2000, JPEG2000Lossless}
"""Transfer syntaxes of OpenSlide 4."""


def read_dicom_slide(members: Sequence[Instance], folder: Path) -> Study:
    """Read a slide. Its label and overview are never read, because they may show names.

    OpenSlide finds the levels beside the one that it opens; they may have come in folders of their own.
    Raises ``BadInput``: ``dicom_compression_unsupported``, and as ``read_slide`` does.
    """
    largest = max(members, key=lambda each: each.matrix_px)
    if not largest.matrix_px:
        raise BadInput(
            f"{largest.name} is the label or the overview of a slide, without the slide itself.",
            code="slide_not_readable",
        )
    if pydicom.filereader.read_file_meta_info(largest.path).get("TransferSyntaxUID") not in READ:
        raise BadInput(
            f"{largest.name}: slides are read uncompressed, in JPEG or in JPEG 2000; this one is compressed "
            "in another way. Export it so.",
            code="dicom_compression_unsupported",
        )
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        links: dict[Instance, Path] = {}
        for index, each in enumerate(each for each in members if each.matrix_px):
            links[each] = Path(scratch, f"{index}.dcm")
            links[each].symlink_to(each.path.resolve())
        slide = read_slide(links[largest], largest.name, folder)
    return replace(slide, time=largest.time, patients=largest.patients, exam=largest.study)
