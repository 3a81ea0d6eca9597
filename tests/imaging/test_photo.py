"""Pictures as people attach them: read by content, upright, bounded, and nothing but pixels."""

import base64
import io

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engines.pieces import Image
from assistant.errors import BadInput
from assistant.imaging import square
from assistant.imaging.photo import DEFAULT_LIMITS, ImageLimits, image_from_data_uri, read_picture

RED, GREEN = (200, 20, 20), (20, 180, 20)


def encoded(picture, form, **options):
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def two_tone(width=40, height=20):
    """Red on the left, green on the right."""
    picture = PIL.Image.new("RGB", (width, height), RED)
    picture.paste(GREEN, (width // 2, 0, width, height))
    return picture


def read_image(data, name, limits=DEFAULT_LIMITS):
    """The picture as it goes to a model that takes any shape."""
    picture, lossless = read_picture(data, name, limits)
    return Image("att_1", name, *square.encoded(picture, lossless), *picture.size)


def pixels(image):
    with PIL.Image.open(io.BytesIO(image.data)) as picture:
        assert picture.mode == "RGB"
        assert picture.size == (image.width_px, image.height_px)
        assert picture.format == image.media_type.removeprefix("image/").upper()
        return np.asarray(picture)


def code_of(data, limits=None):
    with pytest.raises(BadInput) as caught:
        read_image(data, "scan.png", limits or ImageLimits())
    assert "scan.png" in caught.value.message
    return caught.value.code


@pytest.mark.parametrize(
    ("form", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/jpeg")]
)
def test_the_content_says_what_it_is_not_the_name(form, media_type):
    image = read_image(encoded(two_tone(), form), "holiday.txt")
    assert image.media_type == media_type
    assert image.name == "holiday.txt"
    shown = pixels(image)
    assert np.allclose(shown[10, 5], RED, atol=12)
    assert np.allclose(shown[10, 35], GREEN, atol=12)


def test_a_picture_held_sideways_is_put_upright():
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    shown = pixels(read_image(encoded(two_tone(), "JPEG", exif=exif, quality=95), "a.jpg"))
    assert shown.shape == (40, 20, 3)
    assert np.allclose(shown[4, 10], RED, atol=12)
    assert np.allclose(shown[36, 10], GREEN, atol=12)


def test_grey_of_16_bits_is_spread_over_8():
    grey = np.linspace(1000, 3000, 64, dtype=np.uint16).reshape(8, 8)
    shown = pixels(read_image(encoded(PIL.Image.fromarray(grey), "PNG"), "x.png"))
    assert (shown.min(), shown.max()) == (0, 255)
    assert np.all(np.diff(shown[..., 0].ravel().astype(int)) >= 3)


def test_what_is_no_number_is_black_and_no_part_of_the_range():
    grey = np.linspace(10, 20, 16, dtype=np.float32).reshape(4, 4)
    grey[0, 0], grey[0, 1] = np.nan, np.inf
    shown = pixels(read_image(encoded(PIL.Image.fromarray(grey), "TIFF"), "x.tif"))[..., 0]
    assert (shown[0, 0], shown[0, 1], shown[0, 2], shown[3, 3]) == (0, 255, 0, 255)


def test_flat_grey_of_16_bits_does_not_divide_by_zero():
    flat = PIL.Image.fromarray(np.full((4, 4), 700, np.uint16))
    assert pixels(read_image(encoded(flat, "PNG"), "x.png")).max() == 0


def test_transparent_is_white():
    shown = pixels(read_image(encoded(PIL.Image.new("RGBA", (4, 4), (0, 0, 0, 0)), "PNG"), "x.png"))
    assert shown.min() == 255


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "RGBA"])
def test_every_kind_of_pixel_becomes_rgb(mode):
    pixels(read_image(encoded(two_tone().convert(mode), "PNG"), "x.png"))


def test_cmyk_becomes_rgb():
    shown = pixels(read_image(encoded(two_tone().convert("CMYK"), "JPEG", quality=95), "x.jpg"))
    assert np.allclose(shown[10, 5], RED, atol=12)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_metadata_is_gone(form):
    exif = PIL.Image.Exif()
    exif[0x010E] = "Jane Roe"
    options = {"exif": exif, "icc_profile": b"Jane Roe"}
    if form == "JPEG":
        options["comment"] = b"Jane Roe"
    if form == "PNG":
        options["pnginfo"] = PIL.PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Comment", "Jane Roe")
    data = encoded(two_tone(), form, **options)
    assert b"Jane Roe" in data
    image = read_image(data, "x")
    assert b"Jane Roe" not in image.data
    with PIL.Image.open(io.BytesIO(image.data)) as picture:
        assert not picture.getexif()
        assert not {"icc_profile", "comment", "Comment"} & picture.info.keys()


def test_a_large_picture_is_made_smaller_and_keeps_its_shape():
    image = read_image(encoded(two_tone(9216, 600), "JPEG"), "x.jpg")
    assert (image.width_px, image.height_px) == (4608, 300)


def test_a_png_that_stays_large_becomes_jpeg(monkeypatch):
    monkeypatch.setattr("assistant.imaging.square.LARGEST_PNG_BYTES", 4 * 2**20)
    noise = np.random.default_rng(1).integers(0, 256, (1400, 1400, 3), np.uint8)
    assert read_image(encoded(PIL.Image.fromarray(noise), "PNG"), "x.png").media_type == "image/jpeg"


def test_a_phones_jpeg_with_a_second_picture_behind_it_is_read():
    data = encoded(two_tone(), "MPO", save_all=True, append_images=[two_tone(8, 8)])
    image = read_image(data, "x.jpg")
    assert (image.media_type, image.width_px) == ("image/jpeg", 40)


def test_nothing_at_all_is_empty():
    assert code_of(b"") == "image_empty"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_half_a_file_is_not_readable(form):
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    data = encoded(PIL.Image.fromarray(noise), form)
    assert code_of(data[: len(data) // 2]) == "image_not_readable"


def test_text_with_the_name_of_a_picture_is_not_readable():
    assert code_of(b"this is a letter, not a scan" * 10) == "image_not_readable"


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7 ...",
        b"\0\0\0\x18ftypheic....",
        bytes(128) + b"DICM....",
    ],
    ids=["pdf", "heic", "dicom"],
)
def test_other_kinds_are_named(data):
    assert code_of(data) == "image_type_unsupported"


@pytest.mark.parametrize("form", ["GIF", "BMP", "TIFF"])
def test_other_kinds_that_hold_one_picture_are_read(form):
    image = read_image(encoded(two_tone(), form), "x")
    assert (image.media_type, image.width_px, image.height_px) == ("image/png", 40, 20)


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF", "TIFF"])
def test_moving_pictures_and_pages_are_refused(form):
    frames = [PIL.Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN)]
    assert code_of(encoded(frames[0], form, save_all=True, append_images=frames[1:])) == "image_has_pages"


def test_too_many_bytes_are_refused_unread():
    assert code_of(bytes(101), ImageLimits(max_bytes=100)) == "image_too_large"


@pytest.mark.parametrize("side", [8_000, 10_000, 20_000])
def test_a_bomb_is_refused_by_its_header(side):
    """64, 100 and 400 million pixels: below, above and far above where Pillow itself warns and refuses."""
    bomb = bytearray(encoded(PIL.Image.new("1", (8, 8)), "PNG"))
    bomb[16:24] = side.to_bytes(4, "big") * 2
    import zlib

    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    assert code_of(bytes(bomb)) == "image_too_many_pixels"


SEEDS = [encoded(two_tone(), form) for form in ("PNG", "JPEG", "WEBP")]


@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8))
def test_damage_is_bad_input_or_still_a_picture(seed, changes):
    data = bytearray(seed)
    for place, value in changes:
        data[place % len(data)] = value
    try:
        read_image(bytes(data), "x", ImageLimits(max_pixels=10**6))
    except BadInput as error:
        assert error.code.startswith("image_")


def test_transparent_entries_of_a_palette_are_white():
    picture = two_tone().convert("P", palette=PIL.Image.Palette.ADAPTIVE, colors=2)
    data = encoded(picture, "PNG", transparency=picture.getpixel((0, 0)))
    shown = pixels(read_image(data, "x.png"))
    assert np.all(shown[10, 5] == 255)
    assert np.allclose(shown[10, 35], GREEN, atol=12)


def test_half_transparent_is_mixed_with_white():
    shown = pixels(read_image(encoded(PIL.Image.new("RGBA", (4, 4), (0, 0, 0, 128)), "PNG"), "x.png"))
    assert np.all(abs(shown.astype(int) - 127) <= 1)


@pytest.mark.parametrize(("size", "expected"), [((20_000, 1), (4608, 1)), ((1, 20_000), (1, 4608))])
def test_a_sliver_keeps_at_least_one_pixel(size, expected):
    image = read_image(encoded(PIL.Image.new("RGB", size, RED), "PNG"), "x.png")
    assert (image.width_px, image.height_px) == expected


def test_a_data_uri_holds_its_bytes_and_they_are_read_as_a_file_is():
    data = encoded(two_tone(), "PNG")
    uri = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    assert image_from_data_uri(uri) == data
    assert pixels(read_image(image_from_data_uri(uri), "x.png")).shape == (20, 40, 3)


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("https://example.org/x.png", "image_url_unsupported"),
        ("file:///etc/passwd", "image_url_unsupported"),
        ("data:image/png,raw", "image_url_unsupported"),
        ("data:image/png;base64", "image_url_unsupported"),
        ("", "image_url_unsupported"),
        ("data:image/png;base64,not base64!", "image_not_readable"),
        ("data:image/png;base64,abc", "image_not_readable"),
        ("data:image/png;base64,\u00e9\u00e9\u00e9\u00e9", "image_not_readable"),
    ],
)
def test_a_data_uri_that_holds_no_image_is_refused(uri, code):
    with pytest.raises(BadInput) as caught:
        image_from_data_uri(uri)
    assert caught.value.code == code
