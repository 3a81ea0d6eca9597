"""Pictures as people attach them (PNG, JPEG, WebP) → upright RGB, bounded in size, without metadata."""

import base64
import binascii
import io
import secrets
import warnings

import numpy as np
import PIL.Image
import PIL.ImageOps

from assistant.engines.base import Image
from assistant.errors import BadInput

MAX_BYTES = 20 * 2**20
MAX_PIXELS = 50_000_000
LONGEST_SIDE_PX = 2048
LARGEST_PNG_BYTES = 4 * 2**20
FORMATS = ("PNG", "JPEG", "WEBP")


def read_image(data: bytes, name: str) -> Image:
    """An attached file, told by its content, not by its name.

    Raises ``BadInput``: ``image_empty``, ``image_too_large``, ``image_too_many_pixels``,
    ``image_type_unsupported``, ``image_not_readable``, ``image_has_pages``. Takes up to a second: call it in
    a thread.
    """
    if not data:
        raise BadInput(f"{name} is empty.", code="image_empty")
    if len(data) > MAX_BYTES:
        raise BadInput(f"{name} is larger than {MAX_BYTES // 2**20} MB.", code="image_too_large")
    picture, lossless = _decode(data, name)
    picture = _upright_rgb(picture)
    picture.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX), PIL.Image.Resampling.LANCZOS)
    media_type, encoded = _encode(picture, lossless)
    return Image(f"att_{secrets.token_urlsafe(9)}", name, media_type, encoded, *picture.size)


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


def thumbnail(image: Image, size_px: int) -> bytes:
    """A JPEG no larger than ``size_px`` on either side."""
    with PIL.Image.open(io.BytesIO(image.data)) as picture:
        small = picture.convert("RGB")
    small.thumbnail((size_px, size_px))
    return _saved(small, "JPEG", quality=85)


def _decode(data: bytes, name: str) -> tuple[PIL.Image.Image, bool]:
    """The pixels, and whether the file kept them without loss."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
            picture = PIL.Image.open(io.BytesIO(data))
            _check(picture, name)
            picture.load()
    except BadInput:
        raise
    except PIL.UnidentifiedImageError:
        raise BadInput(
            f"{name} is not a picture that can be read. Attach PNG, JPEG or WebP.", code="image_not_readable"
        ) from None
    except PIL.Image.DecompressionBombError:
        raise _too_many_pixels(name) from None
    except (OSError, ValueError, SyntaxError, EOFError):
        raise BadInput(f"{name} is damaged or cut off. Save it again.", code="image_not_readable") from None
    return picture, picture.format == "PNG"


def _check(picture: PIL.Image.Image, name: str) -> None:
    if picture.format not in FORMATS:
        raise BadInput(
            f"{name} is {picture.format or 'of an unknown kind'}. Attach PNG, JPEG or WebP.",
            code="image_type_unsupported",
        )
    if picture.width * picture.height > MAX_PIXELS:
        raise _too_many_pixels(name)
    if getattr(picture, "n_frames", 1) > 1:
        raise BadInput(f"{name} has several pages or moves. Attach one picture.", code="image_has_pages")


def _too_many_pixels(name: str) -> BadInput:
    return BadInput(
        f"{name} has more than {MAX_PIXELS // 10**6} million pixels. Attach a smaller one.",
        code="image_too_many_pixels",
    )


def _upright_rgb(picture: PIL.Image.Image) -> PIL.Image.Image:
    picture = PIL.ImageOps.exif_transpose(picture)
    if picture.mode in ("I;16", "I;16B", "I", "F"):
        return PIL.Image.fromarray(_to_8_bit(np.asarray(picture, np.float64))).convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        white = PIL.Image.new("RGBA", picture.size, "white")
        return PIL.Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")
    return picture.convert("RGB")


def _to_8_bit(pixels: np.ndarray) -> np.ndarray:
    """Grey of more than 8 bits: its darkest to its brightest value becomes 0 to 255."""
    low, high = float(pixels.min()), float(pixels.max())
    return np.round((pixels - low) * (255 / (high - low or 1.0))).astype(np.uint8)


def _encode(picture: PIL.Image.Image, lossless: bool) -> tuple[str, bytes]:
    if lossless and len(png := _saved(picture, "PNG")) <= LARGEST_PNG_BYTES:
        return "image/png", png
    return "image/jpeg", _saved(picture, "JPEG", quality=95)


def _saved(picture: PIL.Image.Image, form: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()
