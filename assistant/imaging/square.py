"""Square pictures with black bars, as MedGemma was trained on, encoded for an engine."""

import io

import PIL.Image

from assistant.engines.pieces import Padding

LARGEST_PNG_BYTES = 16 * 2**20
JPEG_QUALITY = 95
"""JPEG quality of Google's own server; used only for pictures that would be huge without loss."""


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
