"""Pictures as people attach them (PNG, JPEG, WebP, TIFF) → upright RGB, bounded in size, without metadata."""

import base64
import binascii
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.ExifTags
import PIL.Image
import PIL.ImageOps
import PIL.TiffImagePlugin

from assistant.characters import whole_parts
from assistant.errors import BadInput
from assistant.imaging.options import Begin, Prepared
from assistant.imaging.square import UNEVEN_PIXELS, even_pixels, uneven
from assistant.imaging.study import (
    Pictures,
    Problem,
    SourceFile,
    Study,
    Taken,
    keep_pictures,
    problem_of,
)
from assistant.imaging.values import Pixels, Values, stretched

MAX_BYTES = 20 * 2**20
MAX_PIXELS = 50_000_000
LONGEST_SIDE_PX = 4608
"""Larger than any X-ray detector: pictures are made smaller by the model's processor, once."""
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
LOSSLESS = ("PNG", "TIFF", "BMP", "GIF")
_AS_PICTURE, _AS_PDF = "Save it as PNG or JPEG.", "Save it as PDF, then attach it."
_AS_VOLUME, _UNPACK = "Convert it to NIfTI or DICOM.", "Unpack it, then attach what is in it."
_NO_PICTURE = "Attach the picture or the document itself."
OTHER_KINDS = (
    (0, b"%PDF", "a PDF", _AS_PICTURE),
    (4, b"ftyphei", "a HEIC", _AS_PICTURE),
    (4, b"ftypmif1", "a HEIC", _AS_PICTURE),
    (4, b"ftypavif", "an AVIF", _AS_PICTURE),
    (128, b"DICM", "a DICOM file", _AS_PICTURE),
    (4, b"ftyp", "a video (MP4)", "Attach single pictures of it."),
    (8, b"AVI ", "a video (AVI)", "Attach single pictures of it."),
    (0, b"\x1aE\xdf\xa3", "a video (Matroska)", "Attach single pictures of it."),
    (0, b"Rar!", "a RAR archive", _UNPACK),
    (0, b"\xd0\xcf\x11\xe0", "an old Office file", _AS_PDF),
    (0, b"{\\rtf", "an RTF document", _AS_PDF),
    (0, b"<!DOCTYPE html", "a web page", _AS_PDF),
    (0, b"<html", "a web page", _AS_PDF),
    (0, b"NRRD", "an NRRD volume", _AS_VOLUME),
    (0, b"ObjectType =", "a MetaImage volume", _AS_VOLUME),
    (0, b"NDims =", "a MetaImage volume", _AS_VOLUME),
    (0, b"# === DATA DESCRIPTION FILE", "a Philips PAR file", _AS_VOLUME),
    (0, b"CDF\x01", "a MINC volume", _AS_VOLUME),
    (0, b"\x89HDF", "an HDF5 or MINC volume", _AS_VOLUME),
    (8, b"WAVE", "a sound file", _NO_PICTURE),
    (0, b"OggS", "a sound file", _NO_PICTURE),
    (0, b"ID3", "a sound file", _NO_PICTURE),
    (0, b"fLaC", "a sound file", _NO_PICTURE),
    (0, b"MZ", "a program", _NO_PICTURE),
)
"""Offset, bytes there, what that is, and what to do: kinds that are named rather than called unreadable."""
MOST_PAGES = 20


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
    with PIL.Image.open(io.BytesIO(data), formats=FORMATS) as header:
        notes = _shape_notes(header)
    return keep_pictures(
        [picture], folder, kind="photo", name=Path(name).name, time=taken_time(data), notes=notes
    )


def prepare_photos(given: Sequence[SourceFile], folder: Path, begin: Begin) -> Prepared:
    """Each file as one picture; what is none becomes a problem. ``begin`` is as in ``prepare``."""
    studies: list[Study] = []
    problems: list[Problem] = []
    for file in given:
        if begin(file.name):
            try:
                studies.append(read_photo(file.path, file.name, folder))
            except Exception as error:
                problems.append(problem_of(file.name, error))
    return whole_parts(Prepared(tuple(studies), tuple(problems)))


def read_pages(path: Path, name: str, folder: Path) -> Pictures | None:
    """The pages of a fax or a scan in a TIFF, in their true shape; None where it is not one of several pages.
    Raises ``BadInput``: ``image_too_many_pixels``, ``image_not_readable``."""
    with path.open("rb") as file:
        if file.read(2) not in (b"II", b"MM"):
            return None
    try:
        with PIL.Image.open(path, formats=["TIFF"]) as picture:
            count = getattr(picture, "n_frames", 1)
            if count < 2:
                return None

            def pages() -> Iterator[Taken]:
                for index in range(min(count, MOST_PAGES)):
                    picture.seek(index)
                    if picture.width * picture.height > MAX_PIXELS:
                        raise _too_many_pixels(name, DEFAULT_LIMITS)
                    page = _upright_rgb(picture)
                    page.thumbnail((LONGEST_SIDE_PX,) * 2, PIL.Image.Resampling.LANCZOS)
                    yield Taken(page, True, f"{name}, page {index + 1}")

            notes = _shape_notes(picture)
            if count > MOST_PAGES:
                notes = (*notes, f"Only the first {MOST_PAGES} of {count} pages are kept.")
            return keep_pictures(pages(), folder, kind="pages", name=Path(name).name, notes=notes)
    except PIL.UnidentifiedImageError:
        return None
    except BadInput:
        raise
    except Exception:  # decoders meet damage with errors of many kinds
        raise BadInput(f"{name} is damaged or truncated. Save it again.", code="image_not_readable") from None


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
    for offset, mark, kind, advice in OTHER_KINDS:
        if data[offset : offset + len(mark)] == mark:
            return BadInput(f"{name} is {kind}. {advice}", code="image_type_unsupported")
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
        raise BadInput(f"{name} has several pages or moves. Attach a single picture.", code="image_has_pages")


def _too_many_pixels(name: str, limits: ImageLimits) -> BadInput:
    return BadInput(
        f"{name} has more than {limits.max_pixels / 10**6:g} million pixels. Attach a smaller one.",
        code="image_too_many_pixels",
    )


def _upright_rgb(picture: PIL.Image.Image) -> PIL.Image.Image:
    white_is_least, pixel_mm = _white_is_least(picture), _pixel_mm(picture)
    picture = PIL.ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        pixels = _to_8_bit(np.asarray(picture))
        picture = PIL.Image.fromarray(255 - pixels if white_is_least else pixels)
    elif picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        white = PIL.Image.new("RGBA", picture.size, "white")
        picture = PIL.Image.alpha_composite(white, picture.convert("RGBA"))
    picture = even_pixels(picture.convert("RGB"), pixel_mm)
    picture.info.clear()  # comments, profiles: saving would write some of them again
    return picture


def _shape_notes(picture: PIL.Image.Image) -> tuple[str, ...]:
    return (UNEVEN_PIXELS,) if uneven(_pixel_mm(picture)) else ()


def _pixel_mm(picture: PIL.Image.Image) -> tuple[float, float] | None:
    """Between rows and between columns of a TIFF, once it is upright: a fax has half as many rows."""
    across, down = picture.info.get("dpi", (0, 0)) if picture.format == "TIFF" else (0, 0)
    if not (across > 0 and down > 0):
        return None
    sideways = picture.getexif().get(PIL.ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
    return (1 / across, 1 / down) if sideways else (1 / down, 1 / across)


def _white_is_least(picture: PIL.Image.Image) -> bool:
    """Whether a TIFF's lowest value is white. Pillow inverts 1 and 8 bits by itself, but no more."""
    tags = getattr(picture, "tag_v2", {})
    return bool(picture.format == "TIFF" and tags.get(PIL.TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0)


def _to_8_bit(pixels: Values) -> Pixels:
    """Grey of more than 8 bits: its darkest to its brightest value becomes 0 to 255, what is no number 0."""
    known = pixels[np.isfinite(pixels)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    return stretched(np.nan_to_num(pixels, nan=low, posinf=high, neginf=low), low, high)
