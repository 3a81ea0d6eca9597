"""Places that an answer gives on an image. Pure.

MedGemma 1.5 writes, behind its reasoning, a fenced JSON list of
``{"box_2d": [y0, x0, y1, x1], "label": "…"}`` on a scale of 0 to 1000 over the square that it was shown.
"""

import math
from dataclasses import dataclass
from typing import Any

from assistant.engines.pieces import Padding
from assistant.readings.fenced import fenced_json

SCALE = 1000.0
MOST_BOXES = 50
LONGEST_LABEL_CHARS = 100


@dataclass(frozen=True, slots=True)
class Box:
    """``y0, x0`` is the upper left corner, on the model's scale."""

    label: str
    box_2d: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PlacedBox:
    """A box in the pixels of the picture as it was attached."""

    label: str
    x0: float
    y0: float
    x1: float
    y1: float


def parse_boxes(answer: str) -> tuple[Box, ...]:
    """The boxes that make sense, in their order; what does not is left out."""
    found = fenced_json(answer)
    if not isinstance(found, list):
        return ()
    boxes = (_box(each) for each in found[:MOST_BOXES])
    return tuple(box for box in boxes if box is not None)


def _box(each: Any) -> Box | None:
    match each:
        case {"box_2d": [y0, x0, y1, x1], "label": str(label)} if label.strip():
            corners = (y0, x0, y1, x1)
        case _:
            return None
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in corners):
        return None
    if all(0 <= value <= 1 for value in corners):  # as the paper scores them
        corners = (y0 * SCALE, x0 * SCALE, y1 * SCALE, x1 * SCALE)
    y0, x0, y1, x1 = (float(value) for value in corners)
    if not all(math.isfinite(value) and 0 <= value <= SCALE for value in (y0, x0, y1, x1)):
        return None
    if y0 >= y1 or x0 >= x1:
        return None
    return Box(label.strip()[:LONGEST_LABEL_CHARS], (y0, x0, y1, x1))


def place(boxes: tuple[Box, ...], padding: Padding) -> tuple[PlacedBox, ...]:
    """The boxes on the picture that was padded for the model; those wholly in its padding are left out."""
    placed = ((box.label, padding.to_pixels(box.box_2d)) for box in boxes)
    return tuple(PlacedBox(label, *corners) for label, corners in placed if corners is not None)
