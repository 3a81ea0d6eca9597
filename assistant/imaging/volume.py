"""A CT or MR volume: its values on disk, its slices as the model and as the page see them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import PIL.Image

from assistant.engines.pieces import ImagePiece, Padding, Piece, TextPiece
from assistant.errors import BadInput
from assistant.imaging.square import UNEVEN_PIXELS, even_size, saved, squared, uneven
from assistant.imaging.study import Picture, Study, new_id
from assistant.imaging.values import (
    CT_WINDOWS_HU,
    MOST_SLICES,
    Pixels,
    Values,
    chosen_slices,
    ct_pixels,
    stretched,
    windowed,
)
from assistant.orders.pictures import PicturedPatient

INSTRUCTION = (
    "You are an instructor teaching medical students. You are analyzing a contiguous block of slices from "
    "one volume. Please review the slices provided below carefully."
)
"""Google's wording without what would give the kind of scan and the part of the body away: MedGemma then
repeats it instead of looking."""
NOT_AXIAL = "Not axial: MedGemma was trained on axial slices."
AS_MODEL = "as the model sees it"
VALUES = "values.f32"


class Plane(NamedTuple):
    """One slice on its way into a volume: where it came from, and its values."""

    source: str
    values: Values
    worked_out: bool = False
    """Not taken, but worked out from its neighbours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume(Study):
    """Its values lie on disk as slices × rows × columns in single precision, in Hounsfield units for CT."""

    low: float
    high: float
    """Least and greatest value of the whole volume, or of what is to be seen of it. Where there is no value
    (NaN on disk), the least is shown."""
    sources: tuple[str, ...]
    stored_px: tuple[int, int]
    """Rows and columns on disk; ``width_px`` and ``height_px`` are of the picture with square pixels."""
    inverted: bool = False
    """The least value is white."""

    @property
    def windows(self) -> tuple[str, ...]:
        return (*CT_WINDOWS_HU, AS_MODEL) if self.kind == "ct" else ("whole range", "middle")

    @property
    def wanted_images(self) -> int:
        return min(self.count, MOST_SLICES)

    def pieces(self, most: int) -> tuple[Piece, ...]:
        pieces: list[Piece] = [TextPiece(INSTRUCTION, self.id, "instruction for a volume")]
        for number, index in enumerate(chosen_slices(self.count, min(most, MOST_SLICES)), start=1):
            padding = Padding(self.width_px, self.height_px)
            image = self._image(index, *self.model_image(index), padding.side_px)
            pieces += [
                ImagePiece(image, self.id, self.sources[index], padding),
                TextPiece(f"SLICE {number}", self.id, self.sources[index]),
            ]
        return tuple(pieces)

    def model_image(self, index: int) -> Picture:
        """Made once, then kept beside the values."""
        if not 0 <= index < self.count:
            raise IndexError(index)
        kept = self.folder / f"model-{index:04}.png"
        if not kept.exists():
            picture = self._shaped(self._as_model(self._values(index)))
            new = kept.with_suffix(".new")
            new.write_bytes(saved(squared(picture), "PNG", compress_level=1))
            new.replace(kept)
        return Picture("image/png", kept.read_bytes())

    def _as_model(self, values: Values) -> Pixels:
        if self.kind == "ct":
            return ct_pixels(values)
        return np.repeat(self._turned(stretched(values, self.low, self.high))[..., np.newaxis], 3, axis=-1)

    def _turned(self, pixels: Pixels) -> Pixels:
        return 255 - pixels if self.inverted else pixels

    def _shaped(self, pixels: Pixels) -> PIL.Image.Image:
        picture = PIL.Image.fromarray(pixels)
        size = (self.width_px, self.height_px)
        return picture if picture.size == size else picture.resize(size, PIL.Image.Resampling.BILINEAR)

    def view(self, index: int, window: str = "") -> Picture:
        if not 0 <= index < self.count:
            raise IndexError(index)
        values = self._values(index)
        match window or self.windows[0]:
            case name if name == AS_MODEL:
                pixels = self._as_model(values)
            case "whole range":
                pixels = self._turned(stretched(values, self.low, self.high))
            case "middle":
                low, high = np.percentile(values, (2, 98))
                pixels = self._turned(windowed(values, (low + high) / 2, max(high - low, 1)))
            case name:
                pixels = windowed(values, *CT_WINDOWS_HU[name])
        return Picture("image/jpeg", saved(self._shaped(pixels), "JPEG", quality=90))

    def _values(self, index: int) -> Values:
        rows, columns = self.stored_px
        size = rows * columns
        values = np.fromfile(self.folder / VALUES, np.float32, size, offset=4 * size * index)
        values = np.nan_to_num(values, copy=False, nan=self.low)
        return values.reshape(rows, columns)


def keep_volume(
    slices: Iterable[Plane],
    folder: Path,
    *,
    kind: Literal["ct", "mr"],
    name: str,
    time: str = "",
    patients: tuple[PicturedPatient, ...] = (),
    exam: str = "",
    notes: Sequence[str] = (),
    pixel_mm: tuple[float, float] | None = None,
    limits: tuple[float, float] | None = None,
    inverted: bool = False,
) -> Volume:
    """Write a volume from its slices, all of one shape; what is not finite is no value. ``pixel_mm`` is from
    row to row and from column to column, ``limits`` what is shown as black and as white where that is not the
    whole range. One slice is in memory at a time; single precision holds every value of up to 24 bits.
    """
    study_id = new_id()
    own = folder / study_id
    own.mkdir()
    sources: list[str] = []
    worked_out: list[int] = []
    low, high = np.inf, -np.inf
    rows = columns = 0
    with (own / VALUES).open("wb") as file:
        for source, values, estimated in slices:
            rows, columns = values.shape
            single = values.astype(np.float32)  # a copy
            unknown = ~np.isfinite(single)
            single[unknown] = np.nan
            if not unknown.all():
                low, high = min(low, float(np.nanmin(single))), max(high, float(np.nanmax(single)))
            np.ascontiguousarray(single).tofile(file)
            if estimated:
                worked_out.append(len(sources))
            sources.append(source)
    if low > high:
        raise BadInput("None of its slices could be read.", code="volume_not_readable")
    width, height = even_size(columns, rows, pixel_mm)
    low, high = limits or (low, high)
    volume = Volume(
        id=study_id,
        kind=kind,
        name=f"{name} · {len(sources)} slice{'s' * (len(sources) > 1)}",
        folder=own,
        count=len(sources),
        width_px=width,
        height_px=height,
        stored_px=(rows, columns),
        inverted=inverted,
        time=time,
        patients=patients,
        exam=exam,
        worked_out=tuple(worked_out),
        notes=(*notes, UNEVEN_PIXELS) if uneven(pixel_mm) else tuple(notes),
        low=low,
        high=high,
        sources=tuple(sources),
    )
    volume.pieces(MOST_SLICES)  # so that the first question does not wait for them
    return volume
