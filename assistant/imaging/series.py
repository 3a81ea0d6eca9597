"""DICOM files → volumes and pictures: which belong together, in which order, and which are left out."""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image

from assistant.errors import BadInput
from assistant.imaging.dicom import (
    SECONDARY_CAPTURE,
    Frame,
    Instance,
    is_padding,
    measured_values,
    picture_pixels,
    stored_values,
    window_of,
)
from assistant.imaging.dicom_slide import read_dicom_slide
from assistant.imaging.options import Wanted
from assistant.imaging.presentation import Presentation, newest_for
from assistant.imaging.square import UNEVEN_PIXELS, even_pixels, uneven
from assistant.imaging.stacks import Slice, Stack, stacks_of
from assistant.imaging.study import Problem, Study, Taken, keep_pictures, no_room, problem_of
from assistant.imaging.values import MOST_SLICES, Values, chosen_slices
from assistant.imaging.volume import Plane, keep_volume

TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"
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


def prepare_series(
    instances: Sequence[Instance],
    folder: Path,
    *,
    most: int,
    show_identity: bool,
    presentations: Sequence[Presentation] = (),
    wanted: Wanted | None = None,
) -> Iterator[Study | Problem]:
    """The studies of at most so many series, in the order in which they came; and what was left out. Pictures
    are shown as their presentation state says, where one was given with them."""
    groups: dict[Hashable, list[Instance]] = defaultdict(list)
    for each in instances:
        groups[_group(each)].append(each)
    if wanted:
        groups = {group: members for group, members in groups.items() if _key(group) == wanted.series}
    for rank, (group, members) in enumerate(groups.items()):
        try:
            if rank >= most:
                raise no_room(members[0].name)
            elif members[0].whole_slide:
                yield read_dicom_slide(members, folder)
            elif _in_volume(members[0]):
                number = wanted.stack if wanted else 0
                for found in _volume(members, folder, show_identity, presentations, number):
                    yield replace(found, series=_key(group)) if isinstance(found, Study) else found
            else:
                yield from _pictures(members, folder, show_identity, presentations)
        except Exception as error:  # pixels and tags can be damaged in many ways
            yield problem_of(members[0].name, error)


def _group(instance: Instance) -> Hashable:
    volume = _in_volume(instance)
    if not volume and instance.modality in XRAY_MODALITIES:
        return str(instance.path)  # each X-ray is a picture of its own
    return (instance.study, instance.series, instance.modality, volume)


def _key(group: Hashable) -> str:
    return repr(group)


def _in_volume(instance: Instance) -> bool:
    return (
        instance.modality in VOLUME_MODALITIES
        and not instance.colour
        and not instance.sop_class.startswith(SECONDARY_CAPTURE)
        and not instance.screen
    )


# --- volumes ---


def _volume(
    members: list[Instance],
    folder: Path,
    show_identity: bool,
    presentations: Sequence[Presentation],
    number: int,
) -> Iterator[Study | Problem]:
    found = stacks_of([Slice(each, frame) for each in members for frame in each.frames], number)
    stacks, problems = found.chosen, found.problems
    if any(newest_for(each.uid, presentations) for each in members):
        stacks[0].notes.append("Its presentation state is not applied: volumes have windows of their own.")
    for stack in stacks:
        try:
            study = _stack(stack, folder, show_identity, problems)
            yield replace(study, stack=stack.number, stacks=found.names)
        except BadInput as error:
            if not problems:
                problems.append(Problem(stack.slices[0].instance.name, error.code, error.message))
    yield from problems


def _stack(stack: Stack, folder: Path, show_identity: bool, problems: list[Problem]) -> Study:
    slices, notes = stack.slices, list(stack.notes)
    first = slices[0].instance
    units = {each.frame.unit for each in slices}
    ct = first.modality == "CT" and units == {"HU"}
    if ct and not all(each.frame.scaled for each in slices):
        notes.append("The files do not say how their values become Hounsfield units: colours may be wrong.")
    if first.modality == "CT" and not ct:
        notes.append(
            f"Its values are not Hounsfield units but {', '.join(sorted(units - {'HU'}))}: they are shown "
            "in grey, without the colours of CT."
        )
    # Stored values do where all mean the same; PET has a scale of its own on each slice.
    scales = {(each.frame.slope, each.frame.intercept) for each in slices}
    measured = ct or len(scales) > 1 or first.modality == "CT"

    def read(each: Slice) -> Values | None:
        try:
            stored = _checked(stored_values(each.instance, each.frame), each.instance)
        except BadInput as error:
            problems.append(Problem(each.instance.name, error.code, error.message))
            return None
        values = measured_values(stored, each.frame) if measured else stored
        if not ct and (padding := is_padding(each.instance, stored)) is not None:
            return np.where(padding, np.nan, values)
        return values

    def values() -> Iterator[Plane]:
        before: Values | None = None
        for index, each in enumerate(slices):
            here = read(each)
            if before is not None and here is not None and index and stack.between:
                yield from _worked_out(before, here, stack.between[index - 1], slices[index - 1], each)
            if here is not None:
                yield Plane(each.source, here)
            before = here

    name = _label(first, show_identity)
    if first.modality == "CT" and not ct:
        name = name.replace("CT", "CT map", 1)
    return keep_volume(
        values(),
        folder,
        kind="ct" if ct else "mr",
        name=f"{name} · {stack.label}" if stack.label else name,
        time=min(each.instance.time for each in slices),
        patients=first.patients,
        exam=first.study,
        notes=(*_kind_notes(first), *notes),
        pixel_mm=slices[0].frame.pixel_mm,
        limits=window_of(first, slices[0].frame) if first.modality == "CT" and not ct else None,
        inverted=not ct and all(each.instance.inverted for each in slices),
    )


def _worked_out(before: Values, after: Values, count: int, one: Slice, other: Slice) -> Iterator[Plane]:
    """So many slices between two, evenly spaced; each value lies on the line from its neighbour to its
    neighbour."""
    source = f"worked out between {one.source} and {other.source}"
    for number in range(1, count + 1):
        share = number / (count + 1)
        yield Plane(source, before * (1 - share) + after * share, worked_out=True)


def _checked(values: Values, instance: Instance) -> Values:
    if values.shape != (instance.rows, instance.columns):
        raise BadInput(
            f"{instance.name}: its picture is not of the size its tags say.", code="dicom_not_readable"
        )
    return values


# --- pictures ---


def _pictures(
    members: list[Instance], folder: Path, show_identity: bool, presentations: Sequence[Presentation]
) -> Iterator[Study | Problem]:
    first = members[0]
    shown_as = {each.path: newest_for(each.uid, presentations) for each in members}
    problems: list[Problem] = []

    def pictures() -> Iterator[Taken]:
        for each in sorted(members, key=lambda each: each.number):
            try:
                state = shown_as[each.path]
                for frame in chosen_frames(each):
                    pixels = picture_pixels(each, frame, state.of(each.uid, frame.index) if state else None)
                    picture = even_pixels(PIL.Image.fromarray(pixels).convert("RGB"), frame.pixel_mm)
                    picture = state.shaped(picture) if state else picture
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
            patients=first.patients,
            exam=first.study,
            notes=(*_kind_notes(first), *_loop_notes(members), *_shown_notes(members, shown_as)),
        )
    except BadInput:
        yield from problems
        return
    yield replace(kept, kind="xray") if first.modality in XRAY_MODALITIES and kept.count == 1 else kept
    yield from problems


def _shown_notes(members: Sequence[Instance], shown_as: Mapping[Path, Presentation | None]) -> Iterator[str]:
    yield from dict.fromkeys(note for state in shown_as.values() if state for note in state.notes())
    if any(uneven(frame.pixel_mm) for each in members for frame in each.frames[:1]):
        yield UNEVEN_PIXELS


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
    kind = "Breast tomosynthesis" if first.sop_class == TOMOSYNTHESIS else kind
    return f"{kind} · {first.identity}" if show_identity and first.identity else kind


def _kind_notes(first: Instance) -> Iterator[str]:
    if first.modality in UNTRAINED:
        yield f"{MODALITY_NAMES[first.modality]}: not a kind of image that MedGemma was trained on."
    if first.modality in OFTEN_WRITTEN_ON or first.screen or first.converted:
        yield "A name may be written in the picture: look before you ask."
