"""Files that people give by mistake, each beside a good picture: made here, used over HTTP and through
``show``."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image

from tests.imaging import made

Named = dict[str, str]
"""The bad files by name, each with the code of its problem."""
GOOD = "a good one.png"
LOCKED_PDF = b"""%%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj
4 0 obj<</Filter/Standard/V 1/R 2/P -44/O<%s>/U<%s>>>endobj
trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]>>
""" % (b"28" * 32, b"BF" * 32)


def png(value: int = 0) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (4, 4), (value % 256, value // 256, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def cut_off(folder: Path) -> Named:
    from pydicom.data import get_testdata_file

    data = made.dicom(folder / "whole.dcm", np.ones((64, 64), np.int16)).read_bytes()
    (folder / "whole.dcm").unlink()
    (folder / "plain.dcm").write_bytes(data[: len(data) * 2 // 3])
    with open(str(get_testdata_file("MR_small_jp2klossless.dcm", download=False)), "rb") as file:
        data = file.read()
    (folder / "packed.dcm").write_bytes(data[: len(data) * 2 // 3])
    return {"plain.dcm": "dicom_not_readable", "packed.dcm": "dicom_not_readable"}


def without_pixels(folder: Path) -> Named:
    made.dicom(folder / "empty.dcm", np.ones((8, 8), np.int16), Rows=0)
    made.dicom(folder / "report.dcm", np.ones((8, 8), np.int16), modality="SR")
    return {"empty.dcm": "dicom_no_pixels", "report.dcm": "dicom_kind_unsupported"}


def pdf_named_dcm(folder: Path) -> Named:
    (folder / "letter.dcm").write_bytes(b"%PDF-1.7\n")
    return {"letter.dcm": "file_kind_mismatch"}


def zip_bombs(folder: Path) -> Named:
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("a.dcm", bytes(200_000_000))
    with zipfile.ZipFile(folder / "nested.zip", "w") as outer:
        outer.writestr("inner.zip", (folder / "bomb.zip").read_bytes())
    return {"bomb.zip": "zip_too_large", "nested.zip/inner.zip": "zip_in_zip"}


def no_slide(folder: Path) -> Named:
    (folder / "biopsy.svs").write_bytes(b"this is no slide")
    (folder / "biopsy.ndpi").write_bytes(b"II*\0" + bytes(400))
    return {"biopsy.svs": "slide_not_readable", "biopsy.ndpi": "slide_not_readable"}


def mixed_orientations(folder: Path) -> Named:
    for k, orientation in enumerate([[1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, -1], [0, 1, 0, 0, 0, -1]]):
        made.dicom(folder / f"scout{k}.dcm", np.ones((8, 8), np.int16), ImageOrientationPatient=orientation,
                   ImagePositionPatient=[0, 0, k], RescaleSlope=1, RescaleIntercept=0)  # fmt: skip
    return {"scout0.dcm": "dicom_orientation_mixed"}


def hundreds_of_images(folder: Path) -> Named:
    for k in range(500):
        (folder / f"photo {k:03}.png").write_bytes(png(k))
    return {"photo 499.png": "too_many_images"}


def locked_pdf(folder: Path) -> Named:
    (folder / "locked.pdf").write_bytes(LOCKED_PDF)
    return {"locked.pdf": "pdf_encrypted"}


def wrong_json(folder: Path) -> Named:
    (folder / "torn.json").write_text('{"resourceType": "Bundle", "entry": [')
    (folder / "other.json").write_text(json.dumps({"name": "Marker^Jane"}))
    (folder / "odd.json").write_text(json.dumps({"resourceType": "Bundle", "entry": {"resource": 1}}))
    (folder / "empty.json").write_text(json.dumps({"resourceType": "Bundle", "entry": [None, {}]}))
    return {
        "torn.json": "record_not_json",
        "other.json": "record_not_fhir",
        "odd.json": "record_not_fhir",
        "empty.json": "record_empty",
    }


def asks_for_much_memory(folder: Path) -> Named:
    made.dicom(folder / "wide.dcm", np.ones((8, 8), np.int16), Rows=60_000, Columns=60_000)
    made.dicom(folder / "long.dcm", np.ones((8, 8), np.int16), NumberOfFrames=2**31 - 1)
    return {"wide.dcm": "image_too_many_pixels", "long.dcm": "dicom_not_readable"}


CASES = [
    cut_off,
    without_pixels,
    pdf_named_dcm,
    zip_bombs,
    no_slide,
    mixed_orientations,
    hundreds_of_images,
    locked_pdf,
    wrong_json,
    asks_for_much_memory,
]


def made_in(folder: Path, case: Callable[[Path], Named]) -> Named:
    """The good picture and the bad files in ``folder`` → what each bad one is called by."""
    folder.mkdir()
    (folder / GOOD).write_bytes(png())
    return case(folder)


def sparse_ct(path: Path, frames: int, side: int = 512) -> Path:
    """A file of ``frames`` slices that takes no room on the disk."""
    made.enhanced(path, np.zeros((frames, 1, 1), np.int16))
    import pydicom

    data = pydicom.dcmread(path)
    data.Rows = data.Columns = side
    del data.PixelData
    data.save_as(path)
    with path.open("ab") as file:
        length = frames * side * side * 2
        file.write(b"\xe0\x7f\x10\x00OW\0\0" + length.to_bytes(4, "little"))
        file.truncate(file.tell() + length)
    return path


def pdf_bomb(depth: int = 12, wide: int = 10) -> bytes:
    """A page of forms in forms: each draws the next ten times, so that a page has 10¹² of them."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>",
        b"<</Length 5>>stream\n/F Do\nendstream",
    ]
    for level in range(depth):
        draws = b"/F Do " * wide if level < depth - 1 else b"0 0 9 9 re f "
        inner = f"/Resources<</XObject<</F {6 + level} 0 R>>>>" if level < depth - 1 else ""
        head = f"<</Type/XObject/Subtype/Form/BBox[0 0 99 99]{inner}/Length {len(draws)}>>stream\n"
        objects.append(head.encode() + draws + b"\nendstream")
    body = b"%PDF-1.4\n"
    places: list[int] = []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    tail = b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF" % (len(places) + 1, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1) + table + tail


PDF_BOMB = pdf_bomb()
