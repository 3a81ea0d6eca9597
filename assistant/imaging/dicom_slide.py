"""A pathology slide in DICOM: the files of one series, one a level of its pyramid → a slide."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from assistant.errors import BadInput
from assistant.imaging.dicom import Instance
from assistant.imaging.slide import read_slide
from assistant.imaging.study import Study


def read_dicom_slide(members: Sequence[Instance], folder: Path) -> Study:
    """Its label and overview, which may be among the files, are never looked at: names stand there.

    OpenSlide finds the levels beside the one that it opens; they may have come in folders of their own.
    Raises ``BadInput``, as ``read_slide`` does.
    """
    largest = max(members, key=lambda each: each.matrix_px)
    if not largest.matrix_px:
        raise BadInput(
            f"{largest.name} is the label or the overview of a slide, without the slide itself.",
            code="slide_not_readable",
        )
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        links: dict[Instance, Path] = {}
        for index, each in enumerate(each for each in members if each.matrix_px):
            links[each] = Path(scratch, f"{index}.dcm")
            links[each].symlink_to(each.path.resolve())
        slide = read_slide(links[largest], largest.name, folder)
    return replace(slide, time=largest.time, patient=largest.patient, exam=largest.study)
