"""DICOM presentation states: how pictures that were given with them are to be shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import PIL.Image
from pydicom.dataset import Dataset

from assistant.errors import BadInput
from assistant.imaging.dicom import DAMAGED, Shown, read_tags

PRESENTATION = "1.2.840.10008.5.1.4.1.1.11."
APPLIED = {f"{PRESENTATION}{number}" for number in (1, 2, 5)}
"""Grey, colour, and X-ray angiography. The others colour a picture, blend several, or cut through volumes."""
_TURNS = {
    90: PIL.Image.Transpose.ROTATE_270,  # Pillow turns to the left
    180: PIL.Image.Transpose.ROTATE_180,
    270: PIL.Image.Transpose.ROTATE_90,
}
_NOT_APPLIED = (
    ("a mask that is subtracted", ("MaskSubtractionSequence",)),
    ("a shutter", ("ShutterShape", "ShutterPresentationValue")),
    ("marks and words", ("GraphicAnnotationSequence",)),
)


@dataclass(frozen=True, slots=True)
class Presentation:
    """One file."""

    name: str
    time: str
    """When it was made; only to be compared."""
    uids: frozenset[str]
    """The pictures that it is about."""
    scale: Dataset
    windows: tuple[Dataset, ...]
    table: Dataset | None
    inverse: bool | None
    turned: int
    """Degrees clockwise: 0, 90, 180 or 270."""
    mirrored: bool
    """From left to right, once it is turned."""
    not_applied: tuple[str, ...]

    def of(self, uid: str, frame: int) -> Shown:
        """The display of one picture; frames count from 0."""
        window = next((each for each in self.windows if _is_for(each, uid, frame)), None)
        return Shown(self.scale, window, self.table, self.inverse)

    def shaped(self, picture: PIL.Image.Image) -> PIL.Image.Image:
        """The picture turned and mirrored."""
        if self.turned:
            picture = picture.transpose(_TURNS[self.turned])
        return picture.transpose(PIL.Image.Transpose.FLIP_LEFT_RIGHT) if self.mirrored else picture

    def notes(self) -> Iterator[str]:
        brightness = self.windows or self.table or self.inverse is not None
        if brightness:
            yield "Its brightness is that of its presentation state."
        if self.turned or self.mirrored:
            how = [f"turned by {self.turned}°"] if self.turned else []
            how += ["mirrored"] if self.mirrored else []
            yield f"It is {' and '.join(how)}, as its presentation state says."
        if self.not_applied:
            yield f"Its presentation state has more, which is not shown: {', '.join(self.not_applied)}."


def read_presentation(path: Path, name: str) -> Presentation:
    """Raises ``BadInput``: ``dicom_kind_unsupported``, ``dicom_not_readable``."""
    try:
        tags = read_tags(path)
        if str(tags.get("SOPClassUID", "")) not in APPLIED:
            raise BadInput(
                f"{name} says how pictures are coloured, blended or cut, which is not applied; the pictures "
                "are shown without it.",
                code="dicom_kind_unsupported",
            )
        shape, tables = tags.get("PresentationLUTShape"), tags.get("PresentationLUTSequence")
        turned = int(tags.get("ImageRotation") or 0) % 360
        return Presentation(
            name=name,
            time=f"{tags.get('PresentationCreationDate', '')}{tags.get('PresentationCreationTime', '')}",
            uids=frozenset(_references(tags.get("ReferencedSeriesSequence"))),
            scale=_part(tags, ("ModalityLUTSequence", "RescaleSlope", "RescaleIntercept")),
            windows=tuple(tags.get("SoftcopyVOILUTSequence") or ()),
            table=tables[0] if tables else None,
            inverse=None if shape is None else shape == "INVERSE",
            turned=turned if turned in _TURNS else 0,
            mirrored=tags.get("ImageHorizontalFlip") == "Y",
            not_applied=tuple(_left_out(tags)),
        )
    except BadInput:
        raise
    except Exception:  # a damaged file makes pydicom fail in many ways
        raise BadInput(f"{name}: its DICOM tags are damaged.", code=DAMAGED) from None


def newest_for(uid: str, presentations: Sequence[Presentation]) -> Presentation | None:
    """The presentation state of a picture that was made last."""
    found = [each for each in presentations if uid and uid in each.uids]
    return max(found, key=lambda each: each.time, default=None)


def _references(series: Any) -> Iterator[str]:
    for each in series or ():
        for image in each.get("ReferencedImageSequence") or ():
            yield str(image.ReferencedSOPInstanceUID)


def _part(tags: Dataset, names: Sequence[str]) -> Dataset:
    part = Dataset()
    part.set_original_encoding(*tags.original_encoding)  # of the numbers in tables
    for name in names:
        if name in tags:
            part[name] = tags[name]
    return part


def _is_for(window: Dataset, uid: str, frame: int) -> bool:
    """A window without references is for all pictures."""
    images = window.get("ReferencedImageSequence")
    if not images:
        return True
    for each in images:
        if str(each.get("ReferencedSOPInstanceUID", "")) == uid:
            frames = each.get("ReferencedFrameNumber")
            numbers = [frames] if isinstance(frames, int) else list(frames or ())
            return not numbers or frame + 1 in map(int, numbers)
    return False


def _left_out(tags: Dataset) -> Iterator[str]:
    """The contents of a presentation state beside brightness and direction, in words."""
    for words, names in _NOT_APPLIED:
        if any(tags.get(name) not in (None, "", []) for name in names):
            yield words
    if any(element.tag.group & 0xFF00 == 0x6000 for element in tags):
        yield "an overlay"
    for area in tags.get("DisplayedAreaSelectionSequence") or ():
        if list(area.get("DisplayedAreaTopLeftHandCorner") or (1, 1)) != [1, 1]:
            yield "an enlarged part"
            return
