"""A pathology slide → the patches with tissue on them, and an overview of where they lie."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import openslide
import PIL.Image
import PIL.ImageDraw

from assistant.engines.pieces import ImagePiece, Padding, Piece
from assistant.errors import BadInput
from assistant.imaging.square import saved
from assistant.imaging.study import Picture, Study, new_id
from assistant.imaging.values import chosen_slices
from assistant.records.notes import parsed_xml

PATCH_PX = 896
MAGNIFICATIONS = (20, 10, 5)
"""MedGemma 1.5 was trained on all three, a third each; the first at which all tissue fits is taken."""
MOST_PATCHES = 126
MASK_MAGNIFICATION = 5
CELL_PX = PATCH_PX * MASK_MAGNIFICATION // MAGNIFICATIONS[0]
"""A cell of the tissue mask is one patch at the highest magnification."""
BLOCK_CELLS = 16
"""Read at once: 50 MB where a slide of 20x has no smaller level than its full resolution."""
LEAST_TISSUE = 0.1
STAIN = 20
"""A pixel with this much between its strongest and weakest colour is stained; glass and ink are grey."""
BLUE_OF_INK, RED_OF_INK = 10, 10
"""Most red that a blue may have above its green, and most blue that a red may: tissue has more."""
ROUGH = 5.0
"""Mean step of brightness from pixel to pixel at the mask's magnification, above which it is no ink."""
OVERVIEW_PX, THUMBNAIL_STEP_PX = 1024, 64
MICROMETRES_AT_1X = 10.0
MICROMETRES = {"µm": 1.0, "um": 1.0, "nm": 1e-3, "mm": 1e3, "cm": 1e4, "m": 1e6}


class Patch(NamedTuple):
    """Its upper left corner in pixels of the slide's full resolution, and its side there."""

    x: int
    y: int
    side: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slide(Study):
    """Its patches lie beside an overview in its folder."""

    magnification: int
    patches: tuple[Patch, ...]
    source: str

    @property
    def wanted_images(self) -> int:
        return len(self.patches)

    def pieces(self, most: int) -> tuple[Piece, ...]:
        square = Padding(PATCH_PX, PATCH_PX)
        pieces = []
        for index in chosen_slices(len(self.patches), most):
            patch = self.patches[index]
            image = self._image(index, *self.model_image(index), PATCH_PX)
            source = f"{self.source}, {self.magnification}x, patch at {patch.x}, {patch.y}"
            pieces.append(ImagePiece(image, self.id, source, square))
        return tuple(pieces)

    def view(self, index: int, window: str = "") -> Picture:
        """0 is the overview, then the patches."""
        if window:
            raise KeyError(window)
        if not 0 <= index <= len(self.patches):
            raise IndexError(index)
        if index == 0:
            return Picture("image/jpeg", (self.folder / "overview.jpeg").read_bytes())
        return self.model_image(index - 1)

    def model_image(self, index: int) -> Picture:
        return Picture("image/png", (self.folder / f"patch-{index:03}.png").read_bytes())


def is_slide(path: Path) -> bool:
    """By its content, as far as OpenSlide knows the format."""
    try:
        return openslide.OpenSlide.detect_format(path) is not None
    except openslide.OpenSlideError:
        return True  # it knows the format, and that something is wrong: reading it will say what


def read_slide(path: Path, name: str, folder: Path) -> Study:
    """Raises ``BadInput``: ``slide_not_readable``, ``slide_empty``."""
    try:
        with openslide.OpenSlide(path) as slide:
            return _study(slide, name, folder)
    except openslide.OpenSlideError:
        raise BadInput(f"{name} is not a readable slide, or is damaged.", code="slide_not_readable") from None


def _study(slide: openslide.OpenSlide, name: str, folder: Path) -> Study:
    full, known = _magnification(slide)
    tissue = _tissue(slide, full / MASK_MAGNIFICATION)
    magnification, patches = _chosen_patches(tissue, full, slide.dimensions)
    if not patches:
        raise BadInput(f"{name}: no tissue was found on this slide.", code="slide_empty")
    kept = [patches[index] for index in chosen_slices(len(patches), MOST_PATCHES)]
    study_id = new_id()
    own = folder / study_id
    own.mkdir()
    for index, patch in enumerate(kept):
        png = saved(_region(slide, patch, PATCH_PX), "PNG", compress_level=1)
        (own / f"patch-{index:03}.png").write_bytes(png)
    overview = _overview(slide, kept)
    (own / "overview.jpeg").write_bytes(saved(overview, "JPEG", quality=90))
    notes = [] if known else [f"The slide does not state its magnification; {full:g}x is assumed."]
    if len(kept) < len(patches):
        notes.append(f"{len(kept)} of {len(patches)} patches with tissue are looked at, spread evenly.")
    return Slide(
        id=study_id,
        kind="slide",
        name=f"Slide · {len(kept)} patches at {magnification}x",
        folder=own,
        count=len(kept) + 1,
        width_px=overview.width,
        height_px=overview.height,
        notes=tuple(notes),
        magnification=magnification,
        patches=tuple(kept),
        source=name,
    )


def _magnification(slide: openslide.OpenSlide) -> tuple[float, bool]:
    """Magnification of the full resolution, and whether the file states it."""
    power = _number(slide, openslide.PROPERTY_NAME_OBJECTIVE_POWER)
    micrometres = _number(slide, openslide.PROPERTY_NAME_MPP_X)
    nominal, size = _of_ome(slide)
    sizes = (each and MICROMETRES_AT_1X / each for each in (micrometres, size))
    for value in (power, *sizes, nominal):
        if value and 1 <= value <= 200:
            return min((*MAGNIFICATIONS, 40, 60, 80), key=lambda usual: abs(usual - value)), True
    return float(MAGNIFICATIONS[0]), False


def _of_ome(slide: openslide.OpenSlide) -> tuple[float, float]:
    """The magnification of the lens and the size of a pixel in micrometres that an OME-TIFF states; 0 where
    it does not."""
    text = str(slide.properties.get("tiff.ImageDescription", ""))
    root = parsed_xml(text.encode()) if "<OME" in text else None
    if root is None:
        return 0.0, 0.0
    pixels, lens = (next(root.iter(f"{{*}}{tag}"), None) for tag in ("Pixels", "Objective"))
    size = _float(pixels.get("PhysicalSizeX")) if pixels is not None else 0.0
    unit = str(pixels.get("PhysicalSizeXUnit") or "µm") if pixels is not None else ""
    nominal = _float(lens.get("NominalMagnification")) if lens is not None else 0.0
    return nominal, size * MICROMETRES.get(unit.replace("μ", "µ"), 0.0)


def _float(text: Any) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def _number(slide: openslide.OpenSlide, name: str) -> float:
    """0 if the slide does not tell it."""
    try:
        return float(slide.properties.get(name, 0))
    except ValueError:
        return 0.0


def _tissue(slide: openslide.OpenSlide, downsample: float) -> npt.NDArray[np.float64]:
    """The share of stained pixels in each cell, read in blocks of cells at the mask's magnification."""
    side = round(CELL_PX * downsample)
    columns, rows = math.ceil(slide.dimensions[0] / side), math.ceil(slide.dimensions[1] / side)
    level = slide.get_best_level_for_downsample(downsample + 1e-3)
    shrink = slide.level_downsamples[level]
    height = round(side / shrink)
    shares = np.zeros((rows, columns))
    for row in range(rows):
        for start in range(0, columns, BLOCK_CELLS):
            count = min(BLOCK_CELLS, columns - start)
            width = round(count * side / shrink)
            block = np.asarray(slide.read_region((start * side, row * side), level, (width, height)))
            edges = np.linspace(0, width, count + 1).astype(int)[:-1]
            stained = _stained(block)
            for left, right in pairwise([*edges.tolist(), width]):
                part = stained[:, left:right] & ~_ink(block[:, left:right], stained[:, left:right])
                shares[row, start] = part.sum() / (height * width / count)
                start += 1  # noqa: PLW2901 (the cells of the block)
    return shares


def _ink(pixels: npt.NDArray[np.uint8], stained: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Cells of the mask that are marked with a pen: most of their stain is smooth, and of a hue that ink has
    and the pink and violet of tissue have not. Brown and blue stains are rough: there are cells in them."""
    red, green, blue = (pixels[..., channel].astype(np.int16) for channel in range(3))
    greens = (green >= red) & (green >= blue)
    blues = (blue > red) & (blue >= green) & (red <= green + BLUE_OF_INK)
    reds = (red > green) & (red > blue) & (blue <= green + RED_OF_INK)
    inked = stained & (greens | blues | reds)
    if inked.sum() * 2 < stained.sum():
        return np.zeros_like(stained)
    grey = red + green + blue
    both = inked[:, 1:] & inked[:, :-1]
    if not both.any():
        return np.zeros_like(stained)
    rough = float(np.abs(np.diff(grey, axis=1))[both].mean()) / 3
    return inked if rough < ROUGH else np.zeros_like(stained)


def _stained(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Mask of the stained pixels of rows × columns × RGBA."""
    red, green, blue, seen = (pixels[..., channel] for channel in range(4))
    spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    stained: npt.NDArray[np.bool_] = (spread >= STAIN) & (seen > 0)
    return stained


def _chosen_patches(
    tissue: npt.NDArray[np.float64], full: float, size: tuple[int, int]
) -> tuple[int, list[Patch]]:
    """The highest magnification at which all patches with tissue fit, else the lowest; row by row."""
    possible = [each for each in MAGNIFICATIONS if each <= full] or [MAGNIFICATIONS[-1]]
    for magnification in possible:
        patches = list(_patches(tissue, magnification, full, size))
        if len(patches) <= MOST_PATCHES:
            break
    return magnification, patches


def _patches(
    tissue: npt.NDArray[np.float64], magnification: int, full: float, size: tuple[int, int]
) -> Iterator[Patch]:
    cells = MAGNIFICATIONS[0] // magnification
    side = round(PATCH_PX * full / magnification)
    for row in range(math.ceil(size[1] / side)):  # the last ones may reach beyond the scan
        for column in range(math.ceil(size[0] / side)):
            share = tissue[row * cells : (row + 1) * cells, column * cells : (column + 1) * cells]
            if share.sum() / cells**2 >= LEAST_TISSUE:
                yield Patch(column * side, row * side, side)


def _region(slide: openslide.OpenSlide, patch: Patch, side_px: int) -> PIL.Image.Image:
    """A square of the slide at ``side_px``; what lies outside of the scan is white."""
    downsample = patch.side / side_px
    level = slide.get_best_level_for_downsample(downsample + 1e-3)
    there = round(patch.side / slide.level_downsamples[level])
    flat = _read(slide, (patch.x, patch.y), level, (there, there))
    if there % side_px == 0:  # as scanners make their levels
        return flat.reduce(there // side_px)
    return flat.resize((side_px, side_px), PIL.Image.Resampling.LANCZOS)


def _read(
    slide: openslide.OpenSlide, corner: tuple[int, int], level: int, size: tuple[int, int]
) -> PIL.Image.Image:
    """``corner`` in pixels of the full resolution, ``size`` in those of the level; what was not scanned is
    white."""
    region = slide.read_region(corner, level, size)
    if np.asarray(region)[..., 3].min() < 255:
        region = PIL.Image.alpha_composite(PIL.Image.new("RGBA", region.size, "white"), region)
    return region.convert("RGB")


def _overview(slide: openslide.OpenSlide, patches: list[Patch]) -> PIL.Image.Image:
    """The whole slide, with the patches outlined."""
    scale = OVERVIEW_PX / max(slide.dimensions)
    overview = _thumbnail(slide, scale)
    draw = PIL.ImageDraw.Draw(overview)
    for patch in patches:
        corners = (patch.x, patch.y, patch.x + patch.side, patch.y + patch.side)
        draw.rectangle([corner * scale for corner in corners], outline=(20, 80, 220), width=2)
    return overview


def _thumbnail(slide: openslide.OpenSlide, scale: float) -> PIL.Image.Image:
    """Made of small squares: OpenSlide's own reads a whole level at once, gigabytes where there is one."""
    level = slide.get_best_level_for_downsample(1 / scale)
    shrink = slide.level_downsamples[level]
    size = [max(round(side * scale), 1) for side in slide.dimensions]
    thumbnail = PIL.Image.new("RGB", (size[0], size[1]), "white")
    columns, rows = (range(0, side, THUMBNAIL_STEP_PX) for side in size)
    for top in rows:
        for left in columns:
            box = (left, top, min(left + THUMBNAIL_STEP_PX, size[0]), min(top + THUMBNAIL_STEP_PX, size[1]))
            x0, y0, x1, y1 = (round(side / scale / shrink) for side in box)
            there = (max(x1 - x0, 1), max(y1 - y0, 1))
            square = _read(slide, (round(x0 * shrink), round(y0 * shrink)), level, there)
            small = square.resize((box[2] - left, box[3] - top), PIL.Image.Resampling.BOX)
            thumbnail.paste(small, (left, top))
    return thumbnail
