"""Archives from a server on this machine: whole, cut, broken and evil ones."""

import hashlib
import io
import random
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from assistant import weights
from assistant.weights import archives
from tests.weights.toy import DATA, OTHER, Define, Web, code_of, damaged, entry, pull, tar_of


def zip_of(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def archive_source(web: Web, name: str, content: bytes) -> dict[str, object]:
    web.files[f"/{name}"] = content
    return {"kind": "https", "home": "h", "url": f"{web.url}/{name}"}


MEMBERS = {"toy/readme": b"hello", "toy/model.onnx": DATA, "toy/tokens.txt": OTHER, "toy/last": b"x"}
FILES = [
    entry("model.onnx", DATA, member="toy/model.onnx"),
    entry("tokens.txt", OTHER, member="toy/tokens.txt"),
]


@pytest.mark.parametrize("ending", ["tar.bz2", "tar.gz", "zip"])
def test_the_files_of_an_archive_are_taken_out(web: Web, define: Define, models: Path, ending: str) -> None:
    content = zip_of(MEMBERS) if ending == "zip" else tar_of(MEMBERS, ending.removeprefix("tar."))
    define(archive_source(web, f"toy.{ending}", content), FILES)
    folder = pull("toy", models)
    assert (folder / "model.onnx").read_bytes() == DATA
    assert (folder / "tokens.txt").read_bytes() == OTHER
    assert not (folder / "readme").exists()


def test_a_cut_archive_goes_on_where_it_stopped(web: Web, define: Define, models: Path) -> None:
    content = tar_of(MEMBERS, "gz")
    define(archive_source(web, "toy.tar.gz", content), FILES)
    web.cut_after["/toy.tar.gz"] = 700
    pull("toy", models)
    assert [asked for _, asked in web.asked] == [None, "bytes=700-"]


def test_a_truncated_archive_is_refused_and_does_not_stay(web: Web, define: Define, models: Path) -> None:
    content = tar_of(MEMBERS, "bz2")
    define(archive_source(web, "toy.tar.bz2", content), FILES)
    web.files["/toy.tar.bz2"] = content[:-50]
    assert code_of(lambda: pull("toy", models)) == "archive_invalid"
    assert not (models / "toy").exists()
    web.files["/toy.tar.bz2"] = content
    pull("toy", models)
    assert weights.verify("toy", models) == []


UNKNOWN = [
    {"path": "model.onnx", "member": "toy/model.onnx", "size": 10 * len(DATA)},
    {"path": "tokens.txt", "member": "toy/tokens.txt", "size": 10 * len(DATA)},
]


def test_files_without_a_known_hash_are_recorded_at_the_first_pull_and_held_to_it(
    web: Web, define: Define, models: Path
) -> None:
    define(archive_source(web, "toy.tar.bz2", tar_of(MEMBERS, "bz2")), UNKNOWN)
    assert code_of(lambda: weights.resolve("toy", models)) == "model_missing"
    folder = pull("toy", models)
    assert weights.resolve("toy", models) == folder
    trusted = weights.first_use(weights.load_manifest("toy"), models)
    assert trusted["model.onnx"] == hashlib.sha256(DATA).hexdigest()
    (folder / "model.onnx").write_bytes(DATA[:-1])
    assert code_of(lambda: weights.resolve("toy", models)) == "model_hash_mismatch"
    shutil.rmtree(folder)
    web.files["/toy.tar.bz2"] = tar_of({**MEMBERS, "toy/model.onnx": DATA[::-1]}, "bz2")
    assert code_of(lambda: pull("toy", models)) == "model_hash_mismatch"
    web.files["/toy.tar.bz2"] = tar_of(MEMBERS, "bz2")
    assert pull("toy", models) == folder


def test_a_file_without_a_known_hash_has_a_largest_size(web: Web, define: Define, models: Path) -> None:
    small = [{**UNKNOWN[0], "size": len(DATA) - 1}]
    define(archive_source(web, "toy.tar.bz2", tar_of(MEMBERS, "bz2")), small)
    assert code_of(lambda: pull("toy", models)) == "archive_invalid"


def test_a_damaged_record_of_the_first_pull_is_said(web: Web, define: Define, models: Path) -> None:
    define(archive_source(web, "toy.tar.bz2", tar_of(MEMBERS, "bz2")), UNKNOWN)
    pull("toy", models)
    (models / ".toy.first-use.json").write_text("{")
    assert code_of(lambda: weights.resolve("toy", models)) == "manifest_invalid"


@pytest.mark.parametrize("evil", ["../../evil", "/tmp/clinical-voice-assistant-evil", "toy/../../evil"])
def test_nothing_of_an_archive_is_written_outside(
    web: Web, define: Define, models: Path, tmp_path: Path, evil: str
) -> None:
    content = tar_of({evil: b"evil", **MEMBERS}, "gz")
    define(archive_source(web, "toy.tar.gz", content), FILES)
    pull("toy", models)
    assert not list(tmp_path.rglob("*evil*"))
    assert not Path("/tmp/clinical-voice-assistant-evil").exists()


def test_a_link_in_an_archive_is_not_followed(web: Web, define: Define, models: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        info = tarfile.TarInfo("toy/model.onnx")
        info.type = tarfile.SYMTYPE
        info.linkname = "/etc/hostname"
        archive.addfile(info)
    define(archive_source(web, "toy.tar.gz", out.getvalue()), FILES[:1])
    assert code_of(lambda: pull("toy", models)) == "archive_invalid"


def test_a_bomb_is_not_unpacked(
    web: Web, define: Define, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_UNPACKED_BYTES", 1 << 20)
    content = tar_of({"toy/bomb": bytes(2 << 20), **MEMBERS}, "bz2")
    define(archive_source(web, "toy.tar.bz2", content), FILES)
    assert code_of(lambda: pull("toy", models)) == "archive_invalid"


def test_a_member_larger_than_its_manifest_says_is_refused(web: Web, define: Define, models: Path) -> None:
    content = zip_of({"toy/model.onnx": bytes(10_000_000)})
    define(archive_source(web, "toy.zip", content), FILES[:1])
    assert code_of(lambda: pull("toy", models)) == "archive_invalid"


def zip_with(method: int, data: bytes, *, flags: int = 0, said_method: int | None = None) -> bytes:
    """A zip of one member, whose headers can claim other flags and another method."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("toy/model.onnx", data)
    content = bytearray(out.getvalue())
    for start in (0, content.rfind(b"PK\1\2") + 2):  # the local header, and the central one
        content[start + 6] |= flags
        if said_method is not None:
            content[start + 8] = said_method
    return bytes(content)


NOISE = random.Random(1).randbytes(300_000)
BROKEN = {
    "deflated.zip": damaged(zip_with(zipfile.ZIP_DEFLATED, NOISE)),
    "bz2.zip": damaged(zip_with(zipfile.ZIP_BZIP2, NOISE)),
    "lzma.zip": damaged(zip_with(zipfile.ZIP_LZMA, NOISE)),
    "encrypted.zip": zip_with(zipfile.ZIP_STORED, NOISE, flags=1),
    "unknown-method.zip": zip_with(zipfile.ZIP_STORED, NOISE, said_method=99),
    "late.tar.bz2": damaged(tar_of({"toy/other": NOISE * 6, "toy/model.onnx": NOISE}, "bz2")),
    "text.zip": b"not an archive at all",
    "empty.zip": b"",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_archive_says_so_and_the_next_pull_works(
    web: Web, define: Define, models: Path, name: str
) -> None:
    define(archive_source(web, name, BROKEN[name]), [entry("model.onnx", NOISE, member="toy/model.onnx")])
    assert code_of(lambda: pull("toy", models)) == "archive_invalid"
    assert not (models / "toy").exists()
    assert not list(models.glob(".*.part"))
    web.files[f"/{name}"] = zip_with(zipfile.ZIP_DEFLATED, NOISE)
    assert (pull("toy", models) / "model.onnx").read_bytes() == NOISE


def test_the_rest_of_another_longer_archive_does_not_stop_a_pull(
    web: Web, define: Define, models: Path
) -> None:
    content = tar_of(MEMBERS, "bz2")
    define(archive_source(web, "toy.tar.bz2", content), FILES)
    models.mkdir()
    (models / ".toy.archive.part").write_bytes(bytes(len(content) + 1))
    assert (pull("toy", models) / "model.onnx").read_bytes() == DATA
    assert [asked for _, asked in web.asked] == [f"bytes={len(content) + 1}-", None]


def test_an_archive_that_was_whole_already_is_not_fetched_again(
    web: Web, define: Define, models: Path
) -> None:
    content = tar_of(MEMBERS, "bz2")
    define(archive_source(web, "toy.tar.bz2", content), FILES)
    models.mkdir()
    (models / ".toy.archive.part").write_bytes(content)
    assert (pull("toy", models) / "model.onnx").read_bytes() == DATA
    assert [asked for _, asked in web.asked] == [f"bytes={len(content)}-"]


def test_a_download_of_an_archive_is_bounded(
    web: Web, define: Define, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_UNPACKED_BYTES", 1000)
    define(archive_source(web, "toy.zip", zip_of(MEMBERS)), FILES)
    assert code_of(lambda: pull("toy", models)) == "download_too_large"
