"""The page's files: packed, and kept by browsers only where the name says what is in them."""

import gzip

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from assistant.server.page import ASK_AGAIN, FOR_EVER, page_files

SCRIPT = "built/page-ABCDEFGH.js"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "built").mkdir()
    for name, text in [("index.html", "as it is written"), ("built.html", "bundled"), ("app.js", "x" * 5000),
                       (SCRIPT, "y" * 5000)]:  # fmt: skip
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(("front", "text"), [("index.html", "as it is written"), ("built.html", "bundled")])
def test_the_front_page_is_the_one_that_was_chosen(folder, front, text):
    answer = TestClient(page_files(folder, front)).get("/")
    assert (answer.status_code, answer.text, answer.headers["cache-control"]) == (200, text, ASK_AGAIN)


def test_only_what_is_named_by_its_content_is_kept_for_ever(folder):
    client = TestClient(page_files(folder, "index.html"))
    assert client.get(f"/{SCRIPT}").headers["cache-control"] == FOR_EVER
    assert client.get("/app.js").headers["cache-control"] == ASK_AGAIN
    known = client.get("/app.js").headers["etag"]
    assert client.get("/app.js", headers={"if-none-match": known}).status_code == 304


def test_files_are_packed_for_browsers_that_can_unpack(folder):
    client = TestClient(page_files(folder, "index.html"))
    with client.stream("GET", "/app.js", headers={"accept-encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert len(packed) < 200 and gzip.decompress(packed) == b"x" * 5000
    plain = client.get("/app.js", headers={"accept-encoding": "identity"})
    assert plain.content == b"x" * 5000 and "content-encoding" not in plain.headers


@pytest.mark.parametrize("path", ["/../secret", "/%2e%2e/secret", "/nothing.js"])
def test_nothing_else_is_served(folder, path):
    (folder.parent / "secret").write_text("secret")
    client = TestClient(Starlette(routes=[Mount("/", page_files(folder, "index.html"))]))
    assert client.get(path).status_code == 404
