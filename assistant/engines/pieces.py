"""The pieces of a prompt besides the question: text and images in reading order. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Padding:
    """The padding that made a picture of ``width_px`` × ``height_px`` square: black on both sides of the
    short axis.

    MedGemma was trained on squares made this way; a processor that gets anything else squashes it. An odd
    pixel goes to the right or to the bottom.
    """

    width_px: int
    height_px: int

    @property
    def side_px(self) -> int:
        return max(self.width_px, self.height_px)

    @property
    def left_px(self) -> int:
        return (self.side_px - self.width_px) // 2

    @property
    def top_px(self) -> int:
        return (self.side_px - self.height_px) // 2

    def to_pixels(self, box_2d: Sequence[float]) -> tuple[float, float, float, float] | None:
        """A model's ``[y0, x0, y1, x1]`` on a scale of 0 to 1000 → ``(x0, y0, x1, y1)`` in the picture's own
        pixels, cut to the picture. None if it lies wholly in the padding, is empty or is turned over.
        """
        y0, x0, y1, x1 = (value * self.side_px / 1000 for value in box_2d)
        left, right = (min(max(x - self.left_px, 0.0), float(self.width_px)) for x in (x0, x1))
        top, bottom = (min(max(y - self.top_px, 0.0), float(self.height_px)) for y in (y0, y1))
        return (left, top, right, bottom) if left < right and top < bottom else None


@dataclass(frozen=True, slots=True)
class Image:
    """An image ready for a model: upright RGB, encoded. ``name`` is shown to the user, never logged."""

    id: str
    name: str
    media_type: str
    """``image/png`` or ``image/jpeg``."""
    data: bytes
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class TextPiece:
    """Words that belong to what was attached, e.g. ``SLICE 3``."""

    text: str
    attachment_id: str = ""
    source: str = ""
    """Its origin; shown on request, never sent to a model or logged."""


@dataclass(frozen=True, slots=True)
class ImagePiece:
    """A square image; ``padding`` brings places on it back to the picture that was attached."""

    image: Image
    attachment_id: str = ""
    source: str = ""
    """E.g. ``slice 12 of 300``; shown on request, never sent to a model or logged."""
    padding: Padding | None = None


@dataclass(frozen=True, slots=True)
class LinkPiece:
    """A series of the archive, in place of its images: the model's server fetches it from there itself."""

    url: str
    """The DICOMweb address of a series or an instance. It names the examination: never logged."""
    attachment_id: str = ""
    source: str = ""


Piece = TextPiece | ImagePiece
