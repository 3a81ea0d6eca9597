"""Slides: their physical size wherever it stands, and pen marks that are no tissue."""

import numpy as np
import pytest
import tifffile

from assistant.imaging.slide import read_slide
from tests.imaging import made

GLASS, PATCH = 244, 896
PENS = {
    "blue": (45, 70, 170), "dark blue": (25, 30, 90), "light blue": (120, 170, 220), "green": (40, 120, 70),
    "light green": (130, 200, 140), "red": (200, 40, 45), "orange": (230, 120, 50), "yellow": (230, 210, 60),
    "black": (40, 40, 42), "brown": (130, 80, 40),
}  # fmt: skip
STAINS = {
    "H&E": ((200, 110, 170), (110, 70, 150)), "DAB": ((150, 95, 50), (120, 125, 170)),
    "trichrome": ((90, 110, 190), (170, 50, 70)), "pale H&E": ((235, 205, 225), (180, 150, 200)),
}  # fmt: skip


def glass(rows=2, columns=3):
    return np.full((rows * PATCH, columns * PATCH, 3), GLASS, np.uint8)


def inked(pixels, colour, seed=1):
    """As a marker leaves it: one colour, that changes slowly, with a little noise."""
    height, width, _ = pixels.shape
    slow = 12 * np.sin(np.arange(width) / 150)[None, :, None]
    noise = np.random.default_rng(seed).normal(0, 2, (height, width, 1))
    pixels[:] = np.clip(np.array(colour) + slow + noise, 0, 255)


def stained(pixels, colours, seed=1):
    """Cells of one colour in a ground of the other, eight pixels across at 20x."""
    height, width, _ = pixels.shape
    cells = np.random.default_rng(seed).random((height // 8 + 1, width // 8 + 1)) < 0.4
    cells = cells.repeat(8, 0).repeat(8, 1)[:height, :width, None]
    pixels[:] = np.where(cells, np.array(colours[1]), np.array(colours[0]))


@pytest.mark.parametrize("pen", PENS)
def test_a_pen_mark_is_no_tissue(tmp_path, pen):
    pixels = glass()
    inked(pixels[:PATCH, :PATCH], PENS[pen])
    stained(pixels[PATCH:, 2 * PATCH :], STAINS["H&E"])
    slide = read_slide(made.slide(tmp_path / "s.svs", pixels), "s.svs", tmp_path)
    assert [(patch.x, patch.y) for patch in slide.patches] == [(2 * PATCH, PATCH)]


@pytest.mark.parametrize("stain", STAINS)
def test_a_stain_of_any_colour_is_tissue(tmp_path, stain):
    pixels = glass()
    stained(pixels[:PATCH, PATCH : 2 * PATCH], STAINS[stain])
    slide = read_slide(made.slide(tmp_path / "s.svs", pixels), "s.svs", tmp_path)
    assert [(patch.x, patch.y) for patch in slide.patches] == [(PATCH, 0)]


@pytest.mark.parametrize("colour", [(150, 110, 190), (120, 80, 180), (235, 170, 200), (215, 120, 160)])
def test_smooth_violet_and_pink_is_tissue_even_if_a_pen_could_have_that_colour(tmp_path, colour):
    pixels = glass()  # cartilage, colloid, oedema: a patch of ink too many is better than one of these lost
    inked(pixels[:PATCH, :PATCH], colour)
    slide = read_slide(made.slide(tmp_path / "s.svs", pixels), "s.svs", tmp_path)
    assert [(patch.x, patch.y) for patch in slide.patches] == [(0, 0)]


@pytest.mark.parametrize(
    ("size", "unit", "lens", "magnification"),
    [(0.5, "µm", None, 20), (250, "nm", None, 20), (0.001, "mm", None, 10), (1.0, None, None, 10),
     (None, None, 40, 20), (None, None, None, None)],
)  # fmt: skip
def test_the_physical_size_of_an_ome_tiff_counts(tmp_path, size, unit, lens, magnification):
    pixels = glass(4, 4)
    stained(pixels[: 2 * PATCH, : 2 * PATCH], STAINS["H&E"])
    attributes = (
        "" if size is None else f'PhysicalSizeX="{size}"' + (f' PhysicalSizeXUnit="{unit}"' if unit else "")
    )
    objective = f'<Instrument><Objective NominalMagnification="{lens}"/></Instrument>' if lens else ""
    ome = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        f'{objective}<Image><Pixels {attributes} SizeX="{4 * PATCH}"/></Image></OME>'
    )
    path = tmp_path / "s.ome.tif"
    tifffile.imwrite(
        path, pixels, photometric="rgb", tile=(256, 256), description=ome.encode(), metadata=None
    )
    slide = read_slide(path, "s.ome.tif", tmp_path)
    if magnification is None:
        assert "does not state its magnification" in slide.notes[0]
        return
    assert not slide.notes
    assert slide.magnification == magnification
