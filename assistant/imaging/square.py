"""Square pictures with black bars, as MedGemma was trained on, encoded for an engine."""

import io

import PIL.Image

from assistant.engines.pieces import Padding

LARGEST_PNG_BYTES = 16 * 2**20
LONGEST_EVEN_PX = 8192
"""A damaged ratio can ask for any length."""
JPEG_QUALITY = 95
"""JPEG quality of Google's own server; used only for pictures that would be huge without loss."""


UNEVEN_PIXELS = "Its pixels are not square; the picture was stretched to its true shape."
EVEN = 0.01
"""Sides of pixels that differ by less than this are one."""


def uneven(pixel_mm: tuple[float, float] | None) -> bool:
    """``pixel_mm``: from row to row, and from column to column; None where it is not known."""
    return pixel_mm is not None and abs(pixel_mm[0] / pixel_mm[1] - 1) > EVEN


def even_size(width: int, height: int, pixel_mm: tuple[float, float] | None) -> tuple[int, int]:
    """The size at which the pixels are square: the finer side is kept."""
    if pixel_mm is None or not uneven(pixel_mm):
        return width, height
    ratio = pixel_mm[0] / pixel_mm[1]
    if ratio > 1:
        return width, min(round(height * ratio), LONGEST_EVEN_PX)
    return min(round(width / ratio), LONGEST_EVEN_PX), height


def even_pixels(picture: PIL.Image.Image, pixel_mm: tuple[float, float] | None) -> PIL.Image.Image:
    """The picture in its true shape; itself where its pixels are square."""
    size = even_size(*picture.size, pixel_mm)
    return picture if size == picture.size else picture.resize(size, PIL.Image.Resampling.BILINEAR)


def squared(picture: PIL.Image.Image) -> PIL.Image.Image:
    """The picture in the middle of a black square; itself if it is square."""
    padding = Padding(*picture.size)
    if picture.width == picture.height:
        return picture
    square = PIL.Image.new("RGB", (padding.side_px, padding.side_px))
    square.paste(picture, (padding.left_px, padding.top_px))
    return square


def encoded(picture: PIL.Image.Image, lossless: bool = True) -> tuple[str, bytes]:
    """Media type and bytes: PNG, or JPEG if it came from one or a PNG would be very large."""
    if lossless and len(png := saved(picture, "PNG", compress_level=1)) <= LARGEST_PNG_BYTES:
        return "image/png", png
    return "image/jpeg", saved(picture, "JPEG", quality=JPEG_QUALITY)


def saved(picture: PIL.Image.Image, form: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()
