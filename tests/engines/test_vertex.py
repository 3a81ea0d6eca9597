"""The Vertex endpoint: google-auth's real login against a local token server, the requests of Google's
notebooks against a local endpoint."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from assistant.engines.base import Question
from assistant.engines.pieces import Image, ImagePiece, LinkPiece
from assistant.engines.vertex import VertexEngine
from assistant.errors import BadInput, EngineFailed, Missing
from tests.engines import model_server
from tests.engines.asking import ask, failure
from tests.engines.model_server import END, chunk

RESOURCE = "projects/p/locations/us-central1/endpoints/42"
ASKED = Question("Is there an effusion?")
X_RAY = ImagePiece(Image("att_1", "x.png", "image/png", b"\x89", 1, 1))
WHOLE = json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": "No."}}]}).encode()


class TokenServer(BaseHTTPRequestHandler):
    """Gives out token-1, token-2, … for ``lasts_s`` seconds each; nothing where that is 0."""

    given, lasts_s = 0, 3600

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        mine = type(self)
        mine.given += 1
        token = {"access_token": f"token-{mine.given}", "expires_in": mine.lasts_s, "token_type": "Bearer"}
        body = json.dumps(token if mine.lasts_s else {"error": "invalid_grant"}).encode()
        self.send_response(200 if mine.lasts_s else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def token_server():
    class Mine(TokenServer):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Mine)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    Mine.address = f"http://127.0.0.1:{server.server_port}/token"
    try:
        yield Mine
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def private_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pkcs8, pem = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
    return key.private_bytes(pem, pkcs8, serialization.NoEncryption()).decode()


@pytest.fixture
def tokens(private_key, tmp_path, monkeypatch):
    """A service account's key file, as GOOGLE_APPLICATION_CREDENTIALS names it."""
    with token_server() as server:
        account = {"type": "service_account", "client_email": "a@p.iam", "private_key": private_key}
        account |= {"private_key_id": "1", "project_id": "p", "token_uri": server.address}
        (tmp_path / "key.json").write_text(json.dumps(account))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
        yield server


@pytest.fixture
async def endpoint():
    async with model_server.running() as server:
        server.body = [chunk("No."), *END]
        yield server


def opened(root, **changes):
    options = {"timeout_s": 5, "sees_images": True, "max_tokens": 50} | changes
    return VertexEngine(base_url=f"{root}/v1beta1/{RESOURCE}", model="medgemma-4b-it", **options)


def token_of(request):
    return next(
        line.split()[-1] for line in request[0].splitlines() if line.lower().startswith("authorization")
    )


async def test_it_asks_as_the_model_garden_notebook_does_and_renews_its_token_in_time(endpoint, tokens):
    tokens.lasts_s = 100  # less than is left when google-auth renews
    engine = opened(endpoint.root)
    await engine.load()
    assert engine.info.name == "medgemma-4b-it"
    for _ in range(2):
        assert await ask(engine, Question("Fracture?", pieces=(X_RAY,))) == ["No."]
    tokens.lasts_s = 3600
    for _ in range(2):
        await ask(engine, ASKED)
    await engine.close()
    assert [token_of(each) for each in endpoint.requests] == ["token-1", "token-2", "token-3", "token-3"]
    head, body = endpoint.requests[0]
    assert head.startswith(f"POST /v1beta1/{RESOURCE}/chat/completions ")
    assert (body["model"], body["stream"], body["temperature"]) == ("", True, 0)
    assert body["messages"][0]["content"][0]["image_url"] == {"url": "data:image/png;base64,iQ=="}


async def test_the_dicom_aware_container_is_asked_by_its_raw_route_in_the_fields_of_its_notebook(
    endpoint, tokens
):
    endpoint.body = [WHOLE]
    engine = opened(endpoint.root, streams=False, follows_links=True, archive_token="ya29.t")
    await engine.load()
    address = "https://healthcare.googleapis.com/v1/projects/p/dicomWeb/studies/1.2/series/1.3/instances/1.4"
    assert await ask(engine, Question("Describe this X-ray.", pieces=(LinkPiece(address),))) == ["No."]
    await engine.close()
    head, body = endpoint.requests[0]
    assert head.startswith(f"POST /v1beta1/{RESOURCE}:rawPredict ")
    assert token_of(endpoint.requests[0]) == "token-1"
    assert body == {
        "@requestFormat": "chatCompletions",
        "messages": [
            {
                "role": "user",
                "content": [
                    {
                        "type": "image_dicom",
                        "image_dicom": {"dicom_source": address, "access_credential": "ya29.t"},
                    },
                    {"type": "text", "text": "Describe this X-ray."},
                ],
            }
        ],
        "max_tokens": 50,
        "temperature": 0,
    }


@pytest.mark.parametrize(
    ("status", "code", "word"),
    [
        ("401 Unauthorized", "engine_unauthorized", "gcloud auth"),
        ("403 Forbidden", "engine_unauthorized", "Vertex AI User"),
        ("404 Not Found", "engine_model_unknown", "--engine-url"),
        ("429 Too Many Requests", "engine_quota", "Try again"),
        ("503 Service Unavailable", "engine_failed", "Ask again"),
    ],
)
async def test_what_google_cloud_refuses_is_said_in_its_own_words(endpoint, tokens, status, code, word):
    endpoint.status, endpoint.body = status, [b'{"error": {"message": "marker", "status": "X"}}']
    for streams in (True, False):
        engine = opened(endpoint.root, streams=streams)
        await engine.load()
        error, _ = await failure(engine, ASKED, EngineFailed)
        await engine.close()
        assert (error.code, word in error.message) == (code, True)


async def test_a_login_that_has_ended_and_is_back_again(endpoint, tokens):
    engine = opened(endpoint.root)
    await engine.load()
    tokens.lasts_s = 0
    error, _ = await failure(engine, ASKED, EngineFailed)
    assert (error.code, "gcloud auth" in error.message) == ("engine_unauthorized", True)
    tokens.lasts_s = 3600
    assert await ask(engine, ASKED) == ["No."]
    await engine.close()


async def test_a_token_that_was_taken_back_is_not_shown_again(endpoint, tokens):
    engine = opened(endpoint.root)
    await engine.load()
    endpoint.status = "401 Unauthorized"
    await failure(engine, ASKED, EngineFailed)
    endpoint.status = "200 OK"
    assert await ask(engine, ASKED) == ["No."]
    await engine.close()
    assert [token_of(each) for each in endpoint.requests] == ["token-1", "token-2"]


async def test_no_login_and_no_package_are_missing_when_it_loads(monkeypatch, tmp_path):
    for name, value in {"HOME": tmp_path, "CLOUDSDK_CONFIG": tmp_path, "NO_GCE_CHECK": "true"}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    engine = opened("https://42.us-central1-1.prediction.vertexai.goog")
    with pytest.raises(Missing) as caught:
        await engine.load()
    assert (caught.value.code, "gcloud auth" in caught.value.message) == ("google_login_missing", True)
    monkeypatch.setitem(__import__("sys").modules, "google.auth", None)
    with pytest.raises(Missing) as caught:
        await engine.load()
    assert caught.value.code == "package_missing"
    await engine.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/v1",
        f"http://42.us-central1-1.prediction.vertexai.goog/v1beta1/{RESOURCE}",
        f"https://42.us-central1-1.prediction.vertexai.goog/{RESOURCE}",
        f"https://user@42.us-central1-1.prediction.vertexai.goog/v1/{RESOURCE}",
        f"https://42.us-central1-1.prediction.vertexai.goog/v1/{RESOURCE}:predict",
    ],
)
def test_an_address_that_is_no_endpoint_or_not_encrypted_is_refused(url):
    with pytest.raises(BadInput) as caught:
        VertexEngine(base_url=url, model="m", timeout_s=5, sees_images=True, max_tokens=50)
    assert caught.value.code == "settings_invalid"
