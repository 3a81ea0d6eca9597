"""DICOM files → volumes and pictures: which belong together, in which order, and which are left out."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import PIL.Image

from assistant.errors import BadInput
from assistant.imaging.dicom import (
    Frame,
    Instance,
    Vector,
    is_padding,
    measured_values,
    picture_pixels,
    stored_values,
)
from assistant.imaging.dicom_slide import read_dicom_slide
from assistant.imaging.study import Problem, Study, Taken, keep_pictures, no_room, problem_of
from assistant.imaging.values import MOST_SLICES, Values, chosen_slices
from assistant.imaging.volume import NOT_AXIAL, keep_volume

VOLUME_MODALITIES = {"CT", "MR", "PT"}
XRAY_MODALITIES = {"CR", "DX", "RG", "MG", "IO", "PX", "RF", "XA"}
UNTRAINED = {"PT", "NM", "MG", "IO", "PX", "RF", "XA", "US"}
MODALITY_NAMES = {
    "CT": "CT",
    "MR": "MRI",
    "PT": "PET",
    "NM": "Nuclear medicine",
    "MG": "Mammogram",
    "IO": "Dental X-ray",
    "PX": "Dental panorama",
    "RF": "Fluoroscopy",
    "XA": "Angiogram",
    "US": "Ultrasound",
    "OP": "Eye photograph",
    "XC": "Clinical photograph",
    "GM": "Microscope picture",
    "SM": "Microscope picture",
    "ES": "Endoscopy",
}
OFTEN_WRITTEN_ON = {"US", "OT", "ES", "XC", "SC"}
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
SAME_PLACE_MM = 1e-3
SAME_DIRECTION = 0.01
"""Difference of the cosines: half a degree."""
FEWEST_SLICES = 5


@dataclass(frozen=True, slots=True)
class Slice:
    instance: Instance
    frame: Frame

    @property
    def source(self) -> str:
        several = len(self.instance.frames) > 1
        return f"{self.instance.name}, frame {self.frame.index + 1}" if several else self.instance.name


def prepare_series(
    instances: Sequence[Instance], folder: Path, *, most: int, show_identity: bool
) -> Iterator[Study | Problem]:
    """The studies of these files, at most so many, in the order in which they came; and what was left out."""
    groups: dict[Hashable, list[Instance]] = defaultdict(list)
    for each in instances:
        groups[_group(each)].append(each)
    for rank, members in enumerate(groups.values()):
        try:
            if rank >= most:
                raise no_room(members[0].name)
            elif members[0].whole_slide:
                yield read_dicom_slide(members, folder)
            elif _in_volume(members[0]):
                yield from _volume(members, folder, show_identity)
            else:
                yield from _pictures(members, folder, show_identity)
        except Exception as error:  # pixels and tags can be damaged in many ways
            yield problem_of(members[0].name, error)


def _group(instance: Instance) -> Hashable:
    volume = _in_volume(instance)
    if not volume and instance.modality in XRAY_MODALITIES:
        return str(instance.path)  # each X-ray is a picture of its own
    return (instance.study, instance.series, instance.modality, volume)


def _in_volume(instance: Instance) -> bool:
    return (
        instance.modality in VOLUME_MODALITIES
        and not instance.colour
        and not instance.sop_class.startswith(SECONDARY_CAPTURE)
    )


# --- volumes ---


def _volume(members: list[Instance], folder: Path, show_identity: bool) -> Iterator[Study | Problem]:
    slices, notes, problems = chosen_volume([Slice(each, frame) for each in members for frame in each.frames])
    first = slices[0].instance
    ct = first.modality == "CT"
    if ct and not all(each.frame.scaled for each in slices):
        notes.append("The files do not say how their values become Hounsfield units: colours may be wrong.")
    # Stored values do where all mean the same; PET has a scale of its own on each slice.
    scales = {(each.frame.slope, each.frame.intercept) for each in slices}
    measured = ct or len(scales) > 1

    def values() -> Iterator[tuple[str, Values]]:
        for each in slices:
            try:
                stored = _checked(stored_values(each.instance, each.frame), each.instance)
                values = measured_values(stored, each.frame) if measured else stored
                if not ct and (padding := is_padding(each.instance, stored)) is not None:
                    values = np.where(padding, np.nan, values)
                yield each.source, values
            except BadInput as error:
                problems.append(Problem(each.instance.name, error.code, error.message))

    try:
        yield keep_volume(
            values(),
            folder,
            kind="ct" if ct else "mr",
            name=_label(first, show_identity),
            time=min(each.instance.time for each in slices),
            patient=first.patient,
            exam=first.study,
            notes=(*_kind_notes(first), *notes),
        )
    except BadInput as error:
        if not problems:
            problems.append(Problem(first.name, error.code, error.message))
    yield from problems


def _checked(values: Values, instance: Instance) -> Values:
    if values.shape != (instance.rows, instance.columns):
        raise BadInput(
            f"{instance.name}: its picture is not of the size its tags say.", code="dicom_not_readable"
        )
    return values


def chosen_volume(slices: list[Slice]) -> tuple[list[Slice], list[str], list[Problem]]:
    """The slices of one volume from those of one series, in their order through the body; what to know about
    them; and the files that do not belong.

    As Google's server chooses: original before derived, then the last acquisition, one slice a place, sorted
    by position; feet to head in axial ones.
    """
    notes: list[str] = []
    problems: list[Problem] = []
    given = len(slices)
    if originals := [each for each in slices if not each.instance.derived]:
        slices = originals
    if left_out := given - len(slices):
        notes.append(f"Left out: {left_out} that were made from others of the series.")
    given, slices = len(slices), _last_acquisition(slices)
    if left_out := given - len(slices):
        notes.append(f"Left out: {left_out} of earlier acquisitions.")
    size = lambda each: (each.instance.rows, each.instance.columns)  # noqa: E731
    slices = _majority(slices, size, "dicom_size_mixed", "has another size", problems)
    slices = _majority(slices, _direction(), "dicom_orientation_mixed", "lies at another angle", problems)
    if all(each.frame.position and each.frame.orientation for each in slices):
        ordered, left_out = _by_place(slices)
        if left_out:
            notes.append(f"Left out: {left_out} more of the same places.")
        notes += _geometry_notes(ordered)
    else:
        ordered = sorted(slices, key=lambda each: (each.instance.number, each.frame.index))
        if len(ordered) > 1:
            notes.append(
                "The files do not say where their slices lie; they are in the order of their numbers."
            )
    if len(ordered) < FEWEST_SLICES:
        notes.append(f"Fewer than {FEWEST_SLICES} slices: MedGemma was trained on more.")
    return ordered, notes, problems


def _last_acquisition(slices: list[Slice]) -> list[Slice]:
    """Acquisitions that lie side by side are one volume; of those that overlap, the last one counts."""
    runs: dict[int, list[Slice]] = defaultdict(list)
    for each in slices:
        runs[each.instance.acquisition].append(each)
    if len(runs) == 1 or not all(each.frame.position and each.frame.orientation for each in slices):
        return slices
    ranges = []
    for members in runs.values():
        places = [_place(each) for each in members]
        ranges.append((min(places), max(places)))
    ranges.sort()
    overlap = any(later[0] < earlier[1] for earlier, later in pairwise(ranges))
    return runs[max(runs)] if overlap else slices


def _majority(
    slices: list[Slice], key: Callable[[Slice], Hashable], code: str, what: str, problems: list[Problem]
) -> list[Slice]:
    """The slices that agree; the others become problems. Raises ``BadInput`` with ``code`` if no more than
    half do."""
    counts = Counter(map(key, slices))
    (most, count), total = counts.most_common(1)[0], len(slices)
    if count * 2 <= total and len(counts) > 1:
        name = slices[0].instance.name
        raise BadInput(
            f"{name} and the {total - 1} other pictures of its series do not make one volume: each {what}. "
            "Attach one series of parallel slices.",
            code=code,
        )
    for each in slices:
        if key(each) != most:
            message = f"{each.source} {what} than most of its series; it was left out."
            problems.append(Problem(each.instance.name, code, message))
    return [each for each in slices if key(each) == most]


def _direction() -> Callable[[Slice], Hashable]:
    """A key that is the same for slices that are parallel, but for the last digits of their tags."""
    known: list[Vector] = []

    def key(each: Slice) -> Hashable:
        if not (orientation := each.frame.orientation):
            return None
        for index, other in enumerate(known):
            if all(abs(a - b) < SAME_DIRECTION for a, b in zip(orientation, other, strict=True)):
                return index
        known.append(orientation)
        return len(known) - 1

    return key


def _normal(orientation: Vector) -> Vector:
    """Across the slices, pointing to the head, the back or the left: whichever it is nearest to."""
    normal = np.cross(orientation[:3], orientation[3:])
    if normal[np.argmax(np.abs(normal))] < 0:
        normal = -normal
    return tuple(float(part) for part in normal)


def _place(each: Slice) -> float:
    assert each.frame.position and each.frame.orientation
    return float(np.dot(_normal(each.frame.orientation), each.frame.position))


def _by_place(slices: list[Slice]) -> tuple[list[Slice], int]:
    """Sorted, one a place, and how many that left out."""
    ordered: list[Slice] = []
    for each in sorted(slices, key=lambda each: (_place(each), each.instance.number, each.frame.index)):
        if not ordered or _place(each) - _place(ordered[-1]) > SAME_PLACE_MM:
            ordered.append(each)
    return ordered, len(slices) - len(ordered)


def _geometry_notes(ordered: list[Slice]) -> Iterator[str]:
    assert ordered[0].frame.orientation
    if abs(_normal(ordered[0].frame.orientation)[2]) < 0.9:
        yield NOT_AXIAL
    gaps = np.diff([_place(each) for each in ordered])
    if len(gaps) and gaps.max() > 1.5 * np.median(gaps):
        yield "Slices are missing: the gaps between them differ."


# --- pictures ---


def _pictures(members: list[Instance], folder: Path, show_identity: bool) -> Iterator[Study | Problem]:
    first = members[0]
    problems: list[Problem] = []

    def pictures() -> Iterator[Taken]:
        for each in sorted(members, key=lambda each: each.number):
            try:
                for frame in chosen_frames(each):
                    picture = PIL.Image.fromarray(picture_pixels(each, frame)).convert("RGB")
                    yield Taken(picture, True, Slice(each, frame).source)
            except BadInput as error:
                problems.append(Problem(each.name, error.code, error.message))

    try:
        kept = keep_pictures(
            pictures(),
            folder,
            kind="pictures",
            name=_label(first, show_identity),
            time=first.time,
            patient=first.patient,
            exam=first.study,
            notes=(*_kind_notes(first), *_loop_notes(members)),
        )
    except BadInput:
        yield from problems
        return
    yield replace(kept, kind="xray") if first.modality in XRAY_MODALITIES and kept.count == 1 else kept
    yield from problems


def _loop_notes(members: Sequence[Instance]) -> Iterator[str]:
    longest = max(len(each.frames) for each in members)
    if longest > MOST_SLICES:
        yield f"{MOST_SLICES} of {longest} frames are looked at, spread evenly."


def chosen_frames(instance: Instance) -> list[Frame]:
    """All frames of a loop, or as many as are looked at, spread evenly."""
    return [instance.frames[index] for index in chosen_slices(len(instance.frames))]


# --- words ---


def _label(first: Instance, show_identity: bool) -> str:
    kind = "X-ray" if first.modality in {"CR", "DX"} else MODALITY_NAMES.get(first.modality, "DICOM picture")
    return f"{kind} · {first.identity}" if show_identity and first.identity else kind


def _kind_notes(first: Instance) -> Iterator[str]:
    if first.modality in UNTRAINED:
        yield f"{MODALITY_NAMES[first.modality]}: not a kind of image that MedGemma was trained on."
    if first.modality in OFTEN_WRITTEN_ON:
        yield "A name may be written in the picture: look before you ask."
