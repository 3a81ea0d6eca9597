"""Pictures as people attach them (PNG, JPEG, WebP, TIFF) → upright RGB, bounded in size, without metadata."""

import base64
import binascii
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.ExifTags
import PIL.Image
import PIL.ImageOps
import PIL.TiffImagePlugin

from assistant.errors import BadInput
from assistant.imaging.study import Pictures, Taken, keep_pictures
from assistant.imaging.values import Pixels, Values, stretched

MAX_BYTES = 20 * 2**20
MAX_PIXELS = 50_000_000
LONGEST_SIDE_PX = 4608
"""Larger than any X-ray detector: pictures are made smaller by the model's processor, once."""
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
LOSSLESS = ("PNG", "TIFF", "BMP", "GIF")
OTHER_KINDS = (
    (0, b"%PDF", "a PDF"),
    (4, b"ftyphei", "a HEIC"),
    (4, b"ftypmif1", "a HEIC"),
    (4, b"ftypavif", "an AVIF"),
    (128, b"DICM", "a DICOM file"),
)
"""Offset, bytes there, and what that is: kinds that are named rather than called unreadable."""


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """Limits of ``read_picture``, for its input and its result."""

    max_bytes: int = MAX_BYTES
    max_pixels: int = MAX_PIXELS
    longest_side_px: int = LONGEST_SIDE_PX


DEFAULT_LIMITS = ImageLimits()


def read_picture(
    data: bytes, name: str, limits: ImageLimits = DEFAULT_LIMITS
) -> tuple[PIL.Image.Image, bool]:
    """An attached file, told by its content, not by its name → upright RGB without metadata, and whether the
    file kept its pixels without loss.

    Raises ``BadInput``: ``image_empty``, ``image_too_large``, ``image_too_many_pixels``,
    ``image_type_unsupported``, ``image_not_readable``, ``image_has_pages``. Takes up to seconds: call it in
    a thread.
    """
    if not data:
        raise BadInput(f"{name} is empty. Attach it again.", code="image_empty")
    if len(data) > limits.max_bytes:
        raise BadInput(
            f"{name} is larger than {limits.max_bytes // 2**20} MB. Attach a smaller one.",
            code="image_too_large",
        )
    picture, lossless = _decode(data, name, limits)
    picture.thumbnail((limits.longest_side_px,) * 2, PIL.Image.Resampling.LANCZOS)
    return picture, lossless


def read_photo(path: Path, name: str, folder: Path) -> Pictures:
    """A file as an attachment of its own. Raises as ``read_picture`` does."""
    data = path.read_bytes()
    picture = Taken(*read_picture(data, name), source=name)
    return keep_pictures([picture], folder, kind="photo", name=Path(name).name, time=taken_time(data))


def taken_time(data: bytes) -> str:
    """When the camera took it, ``YYYYMMDDHHMMSS``; empty if it does not say."""
    try:
        with PIL.Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            said = picture.getexif().get_ifd(PIL.ExifTags.IFD.Exif).get(PIL.ExifTags.Base.DateTimeOriginal)
    except Exception:  # decoders meet damage with errors of many kinds
        return ""
    digits = "".join(character for character in str(said or "") if character.isdigit())
    return digits if len(digits) == len("YYYYMMDDHHMMSS") and digits.strip("0") else ""


def is_photo(path: Path) -> bool:
    """Whether it begins as PNG, JPEG or WebP do, and is of a size to be read."""
    if path.stat().st_size > MAX_BYTES:
        return False
    with path.open("rb") as file:
        head = file.read(12)
    return head.startswith((b"\x89PNG", b"\xff\xd8\xff")) or (head[:4] == b"RIFF" and head[8:] == b"WEBP")


def image_from_data_uri(uri: str) -> bytes:
    """The bytes of a ``data:`` URI.

    Raises ``BadInput``: ``image_url_unsupported``, ``image_not_readable``.
    """
    head, comma, body = uri.partition(",")
    if not head.startswith("data:") or not comma or not head.endswith(";base64"):
        raise BadInput("Give the image as a base64 data URI.", code="image_url_unsupported")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("The image's data URI is not base64.", code="image_not_readable") from None


def _decode(data: bytes, name: str, limits: ImageLimits) -> tuple[PIL.Image.Image, bool]:
    """The upright RGB pixels, and whether the file kept them without loss."""
    try:
        picture = PIL.Image.open(io.BytesIO(data), formats=FORMATS)
        _check(picture, name, limits)
        return _upright_rgb(picture), picture.format in LOSSLESS
    except BadInput:
        raise
    except PIL.UnidentifiedImageError:
        raise _unknown(data, name) from None
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning):
        raise _too_many_pixels(name, limits) from None
    except Exception:  # decoders meet damage with errors of many kinds
        raise BadInput(f"{name} is damaged or truncated. Save it again.", code="image_not_readable") from None


def _unknown(data: bytes, name: str) -> BadInput:
    for offset, mark, kind in OTHER_KINDS:
        if data[offset : offset + len(mark)] == mark:
            return BadInput(f"{name} is {kind}. Save it as PNG or JPEG.", code="image_type_unsupported")
    return BadInput(
        f"{name} is not a readable picture. Attach PNG, JPEG, WebP, TIFF, DICOM, NIfTI or PDF.",
        code="image_not_readable",
    )


def _check(picture: PIL.Image.Image, name: str, limits: ImageLimits) -> None:
    """Before any pixel is decoded."""
    if picture.width * picture.height > limits.max_pixels:
        raise _too_many_pixels(name, limits)
    # Pillow calls a JPEG with a preview or a depth map behind it, as many phones write them, MPO.
    if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:
        raise BadInput(f"{name} has several pages or moves. Attach one picture.", code="image_has_pages")


def _too_many_pixels(name: str, limits: ImageLimits) -> BadInput:
    return BadInput(
        f"{name} has more than {limits.max_pixels / 10**6:g} million pixels. Attach a smaller one.",
        code="image_too_many_pixels",
    )


def _upright_rgb(picture: PIL.Image.Image) -> PIL.Image.Image:
    white_is_least = _white_is_least(picture)
    picture = PIL.ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        pixels = _to_8_bit(np.asarray(picture))
        picture = PIL.Image.fromarray(255 - pixels if white_is_least else pixels)
    elif picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        white = PIL.Image.new("RGBA", picture.size, "white")
        picture = PIL.Image.alpha_composite(white, picture.convert("RGBA"))
    picture = picture.convert("RGB")
    picture.info.clear()  # comments, profiles: saving would write some of them again
    return picture


def _white_is_least(picture: PIL.Image.Image) -> bool:
    """Of a TIFF; Pillow turns 1 and 8 bits over by itself, but no more."""
    tags = getattr(picture, "tag_v2", {})
    return bool(picture.format == "TIFF" and tags.get(PIL.TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0)


def _to_8_bit(pixels: Values) -> Pixels:
    """Grey of more than 8 bits: its darkest to its brightest value becomes 0 to 255, what is no number 0."""
    known = pixels[np.isfinite(pixels)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    return stretched(np.nan_to_num(pixels, nan=low, posinf=high, neginf=low), low, high)
