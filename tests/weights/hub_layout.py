"""A hub as Hugging Face lays it out, on this machine: ``/OWNER/NAME/resolve/COMMIT/PATH`` answers itself for
small files and sends large ones (LFS) to another host, which knows ranges, versions and no tokens."""

import hashlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Gate = Literal["open", "no_token", "bad_token", "no_access", "no_repository"]
_REFUSALS: dict[Gate, tuple[int, str]] = {
    "no_token": (401, "GatedRepo"),
    "bad_token": (401, ""),
    "no_access": (403, "GatedRepo"),
    "no_repository": (401, "RepoNotFound"),
}


@dataclass
class Hub:
    url: str = ""
    small: dict[str, bytes] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    """By path behind the host."""
    gate: Gate = "open"
    cut_after: dict[str, int] = field(default_factory=dict)
    """Bytes after which the connection of a large file is dropped, once."""
    asked: list[tuple[Literal["hub", "cdn"], str, dict[str, str]]] = field(default_factory=list)
    """Host, path and headers (in small letters) of each request."""

    def ranges(self, path: str) -> list[str | None]:
        return [
            headers.get("range") for host, asked, headers in self.asked if host == "cdn" and path in asked
        ]


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            if not isinstance(sys.exception(), ConnectionError):
                super().handle_error(request, client_address)

    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, status: int, headers: dict[str, str], body: bytes, most: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        if most is not None:
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body if most is None else body[:most])

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def hub_of() -> Iterator[Hub]:
    hub = Hub()

    class Cdn(_Quiet):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            hub.asked.append(("cdn", self.path, headers))
            path = self.path.partition("?")[0]
            data = hub.large[path]
            etag = f'"{hashlib.sha256(data).hexdigest()}"'
            most = hub.cut_after.pop(path, None)
            same = headers.get("if-range", etag) == etag
            if "range" in headers and same:
                start = int(headers["range"].removeprefix("bytes=").removesuffix("-"))
                if start >= len(data):
                    return self.reply(416, {"Content-Range": f"bytes */{len(data)}"}, b"")
                place = f"bytes {start}-{len(data) - 1}/{len(data)}"
                return self.reply(206, {"Content-Range": place, "ETag": etag}, data[start:], most)
            self.reply(200, {"ETag": etag, "Accept-Ranges": "bytes"}, data, most)

    with _serving(Cdn) as cdn:

        class Front(_Quiet):
            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                hub.asked.append(("hub", self.path, headers))
                if hub.gate != "open":
                    status, reason = _REFUSALS[hub.gate]
                    return self.reply(
                        status, {"X-Error-Code": reason, "X-Error-Message": "Access denied"}, b"Access denied"
                    )
                commit = {"X-Repo-Commit": self.path.split("/")[4]}
                if (data := hub.large.get(self.path)) is not None:
                    linked = {
                        "X-Linked-Size": str(len(data)),
                        "X-Linked-ETag": f'"{hashlib.sha256(data).hexdigest()}"',
                    }
                    # localhost is another host than 127.0.0.1, so the token must not go along.
                    place = f"{cdn.replace('127.0.0.1', 'localhost')}{self.path}?X-Amz-Signature=abc"
                    return self.reply(302, {**commit, **linked, "Location": place}, b"Found. Redirecting")
                if (data := hub.small.get(self.path)) is not None:
                    etag = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
                    return self.reply(200, {**commit, "ETag": f'"{etag}"'}, data)
                self.reply(404, {"X-Error-Code": "EntryNotFound"}, b"Entry not found")

        with _serving(Front) as front:
            hub.url = front
            yield hub
