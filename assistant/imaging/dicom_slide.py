"""A pathology slide in DICOM: the files of one series, one a level of its pyramid → a slide."""

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from assistant.errors import BadInput
from assistant.imaging.dicom import Instance
from assistant.imaging.slide import read_slide
from assistant.imaging.study import Problem, Study, problem_of


def whole_slides(instances: Iterable[Instance], folder: Path) -> Iterator[Study | Problem]:
    """The slides among these files. Their labels are never looked at: names stand there."""
    groups: dict[str, list[Instance]] = defaultdict(list)
    for each in instances:
        if each.whole_slide:
            groups[each.series].append(each)
    for members in groups.values():
        largest = max(members, key=lambda each: each.matrix_px)
        try:
            yield _slide(members, largest, folder)
        except Exception as error:  # readers meet damage with errors of many kinds
            yield problem_of(largest.name, error)


def _slide(members: list[Instance], largest: Instance, folder: Path) -> Study:
    """OpenSlide finds the levels beside the one it opens; they may have come in folders of their own."""
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
