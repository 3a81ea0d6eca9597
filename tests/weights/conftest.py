"""A web server on this machine, and the manifest of a bundle that it serves."""

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant import installation
from tests.weights.toy import DATA, HUB_SOURCE, OTHER, PAGE, Define, Web, entry


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
    monkeypatch.setattr(installation, "manifests", lambda: folder)
    return folder


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


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


@pytest.fixture
def hub(web: Web, define: Define, monkeypatch: pytest.MonkeyPatch) -> Web:
    monkeypatch.setenv("HF_ENDPOINT", web.url)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
    web.files = {f"{PAGE}/onnx/model.onnx": DATA, f"{PAGE}/tokens.txt": OTHER}
    files = [entry("model.onnx", DATA, member="onnx/model.onnx"), entry("tokens.txt", OTHER)]
    define(
        HUB_SOURCE,
        files,
    )
    return web
