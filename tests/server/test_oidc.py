"""Users of an identity provider sign in, and programs show its tokens: with a provider over HTTP, made with
Authlib's server side."""

import secrets
import threading
import time
from urllib.parse import parse_qs, urlsplit

import flask
import httpx
import pytest
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from werkzeug.serving import make_server

from assistant.server import oidc
from assistant.server.app import SIGNED_OUT
from assistant.server.sign_in import CALLBACK
from tests.server.conftest import PATIENCE_S

CLIENT, SECRET = "assistant", "the-clients-secret"


class Client(ClientMixin):
    redirects: frozenset[str] = frozenset()

    def get_client_id(self):
        return CLIENT

    def get_default_redirect_uri(self):
        return None

    def get_allowed_scope(self, scope):
        return scope

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri in self.redirects

    def check_client_secret(self, client_secret):
        return secrets.compare_digest(client_secret, SECRET)

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == "authorization_code"


class Code:
    def __init__(self, request, user):
        data = request.payload.data
        self.user, self.used_at = user, time.time()
        self.redirect_uri, self.scope = data["redirect_uri"], data["scope"]
        self.nonce = data.get("nonce")
        self.code_challenge = data.get("code_challenge")
        self.code_challenge_method = data.get("code_challenge_method")

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def get_nonce(self):
        return self.nonce

    def get_auth_time(self):
        return int(self.used_at)

    def get_acr(self):
        return None

    def get_amr(self):
        return None


class Subject(dict):
    """The claims of a user."""

    def get_user_id(self):
        return self["sub"]


class IdentityProvider:
    """``user`` is whoever is signed in there: its claims, or None."""

    def __init__(self):
        self.key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})
        self.published = [self.key]
        self.user = None
        self.client = Client()
        self.changes = {}
        """Claims that its next ID tokens have instead."""
        self.codes = {}
        app = flask.Flask(__name__)
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._routes(app)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def token(self, key=None, alg="RS256", kid="1", **changes):
        """A JWT for programs."""
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": "assistant-api", "sub": "1", "iat": now, "exp": now + 60,
            "preferred_username": "ann", "groups": ["radiology"], **changes,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": alg, "kid": kid}, claims, key or self.key, algorithms=[alg])

    def _routes(self, app):
        provider = self
        oauth = AuthorizationServer(
            app,
            query_client=lambda client_id: self.client if client_id == CLIENT else None,
            save_token=lambda token, request: None,
        )

        class CodeGrant(grants.AuthorizationCodeGrant):
            TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

            def save_authorization_code(self, code, request):
                provider.codes[code] = Code(request, request.user)

            def query_authorization_code(self, code, client):
                return provider.codes.get(code)

            def delete_authorization_code(self, authorization_code):
                provider.codes = {
                    c: each for c, each in provider.codes.items() if each is not authorization_code
                }

            def authenticate_user(self, authorization_code):
                return authorization_code.user

        class IdTokens(OpenIDCode):
            def exists_nonce(self, nonce, request):
                return False

            def resolve_client_private_key(self, client):
                return provider.key

            def get_client_algorithm(self, client):
                return "RS256"

            def get_client_claims(self, client):
                return {"iss": provider.issuer}

            def generate_user_info(self, user, scope):
                return UserInfo(user)

        oauth.register_grant(CodeGrant, [CodeChallenge(required=True), IdTokens(require_nonce=True)])

        @app.get("/.well-known/openid-configuration")
        def about():
            at = {"authorization": "authorize", "token": "token"}
            return {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/jwks",
                **{f"{name}_endpoint": f"{self.issuer}/{path}" for name, path in at.items()},
            }

        @app.get("/jwks")
        def jwks():
            return KeySet(self.published).as_dict(private=False)

        @app.get("/authorize")
        def authorize():
            user = Subject(self.user) if self.user else None
            grant = oauth.get_consent_grant(end_user=user)
            return oauth.create_authorization_response(grant=grant, grant_user=user)

        @app.post("/token")
        def token():
            answer = oauth.create_token_response()
            if self.changes and answer.status_code == 200:
                body = answer.get_json()
                claims = jwt.decode(body["id_token"], self.key).claims | self.changes
                body["id_token"] = self.token(**{"aud": None, **claims})
                return body
            return answer


def other_key(kid="1"):
    return RSAKey.generate_key(2048, {"kid": kid})


def curve_key():
    return ECKey.generate_key("P-256", {"kid": "1"})


ANN = {"sub": "1", "preferred_username": "ann", "groups": ["radiology", "unknown"]}


@pytest.fixture
def provider():
    provider = IdentityProvider()
    provider.user = ANN
    provider.start()
    yield provider
    provider.stop()


@pytest.fixture
async def server(start_server, provider, tmp_path, monkeypatch):
    monkeypatch.setattr("assistant.server.auth.LOOK_AGAIN_S", 0.05)
    server = await start_server(
        sign_in="accounts",
        store=tmp_path,
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_audience="assistant-api",
        oidc_roles=("radiology=clinician", "it=administrator"),
    )
    provider.client.redirects = frozenset({f"{server.http}{CALLBACK}"})
    return server


def browser(server):
    return httpx.AsyncClient(base_url=server.http, timeout=PATIENCE_S, trust_env=False)


async def to_provider(http):
    """The address at which the browser comes back from the provider."""
    there = (await http.get("/v1/oidc/begin")).headers["location"]
    return (await http.get(there)).headers["location"]


async def signed_in(http):
    return await http.get(await to_provider(http))


async def test_a_user_signs_in_at_the_provider_and_dictates(server, provider):
    async with browser(server) as http:
        assert (await http.get("/v1/sign-in")).json() == {"oidc": True}
        answer = await signed_in(http)
        assert answer.status_code == 200 and "signed in" in answer.text
        assert "samesite=strict" in answer.headers["set-cookie"].lower()
        me = (await http.get("/v1/me")).json()
        assert (me["name"], me["roles"]) == ("ann", ["clinician"])
        cookie = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
        client, _ = await server.session(additional_headers={"Cookie": cookie}, origin=server.http)
        await client.works()
        provider.user = ANN | {"groups": ["it"], "preferred_username": "ann.new"}
        await signed_in(http)
        again = (await http.get("/v1/me")).json()
        assert (again["id"], again["roles"]) == (me["id"], ["administrator"])
        assert await client.until_closed() == SIGNED_OUT
    done = [row.what for row in await server.hub.accounts.log.rows()]
    assert done.count("signed in") == 2


async def test_a_name_that_somebody_has_here_is_not_theirs(server, provider):
    users = server.hub.accounts.users
    ann = await users.add("ann", ["administrator"], "correct horse battery")
    async with browser(server) as http:
        await signed_in(http)
        me = (await http.get("/v1/me")).json()
    assert me["id"] != ann.id and me["name"] == "ann 2" and me["roles"] == ["clinician"]


@pytest.mark.parametrize("claims", [{"groups": ["unknown"]}, {"groups": "radiology"}, {"groups": None}])
async def test_whoever_has_no_role_here_is_not_let_in(server, provider, claims):
    provider.user = {key: value for key, value in (ANN | claims).items() if value is not None}
    async with browser(server) as http:
        answer = await signed_in(http)
        assert answer.status_code == 403 and "no role" in answer.text
        assert (await http.get("/v1/me")).status_code == 401
    assert await server.hub.accounts.users.all() == []


async def test_whoever_was_removed_here_stays_so(server):
    async with browser(server) as http:
        await signed_in(http)
        await server.hub.accounts.users.remove("ann")
        assert (await http.get("/v1/me")).status_code == 401
        assert (await signed_in(http)).status_code == 403


async def test_a_code_belongs_to_the_browser_that_began_and_works_once(server):
    async with browser(server) as http, browser(server) as thief:
        back = await to_provider(http)
        assert (await thief.get(back)).status_code == 403  # and the sign-in is over
        assert (await http.get(back)).status_code == 403
        back = await to_provider(http)
        assert (await http.get(back)).status_code == 200
        assert (await http.get(back)).status_code == 403
        stolen = parse_qs(urlsplit(await to_provider(http)).query)["code"][0]
        own = parse_qs(urlsplit(await to_provider(thief)).query)["state"][0]
        answer = await thief.get(CALLBACK, params={"code": stolen, "state": own})
        assert answer.status_code == 502  # the provider asks for the verifier of the stolen code
        for query in ("", "state=x&code=y", "code=%00&state=%ff"):
            assert (await http.get(f"{CALLBACK}?{query}")).status_code == 403


async def test_a_sign_in_that_takes_too_long_is_begun_again(server, monkeypatch):
    monkeypatch.setattr(oidc, "SIGN_IN_WITHIN_S", -1)
    async with browser(server) as http:
        assert (await signed_in(http)).status_code == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "another"},
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"sub": None},
    ],
)
async def test_an_id_token_that_is_wrong_is_refused(server, provider, changes):
    provider.changes = changes
    async with browser(server) as http:
        assert (await signed_in(http)).status_code == 403
        assert (await http.get("/v1/me")).status_code == 401


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


async def test_a_program_works_with_a_token_of_the_provider_until_it_ends(server, provider):
    token = provider.token(exp=int(time.time()) - oidc.LEEWAY_S + 4)
    client, created = await server.session(additional_headers=bearer(provider.token()))
    await client.works()
    assert server.hub.find(created["session"]["id"]).person.name == "ann"
    short, _ = await server.session(additional_headers=bearer(token))
    assert await short.until_closed() == SIGNED_OUT
    async with browser(server) as http:
        assert (await http.get("/v1/me", headers=bearer(provider.token()))).json()["name"] == "ann"
        other = provider.token(sub="2", preferred_username="bob")
        words = f"/v1/sessions/{created['session']['id']}/words"
        stolen = {"X-Session-Token": created["session"]["resume_token"]}
        assert (await http.get(words, headers=bearer(other) | stolen)).status_code == 404
        assert (await http.get("/metrics", headers=bearer(provider.token()))).status_code == 403
        assert (await http.get("/metrics", headers=bearer(provider.token(groups=["it"])))).status_code == 200


async def test_tokens_that_are_wrong_are_refused(server, provider):
    tokens = {
        "expired": provider.token(exp=int(time.time()) - 2 * oidc.LEEWAY_S),
        "not yet": provider.token(nbf=int(time.time()) + 600),
        "another audience": provider.token(aud=CLIENT),
        "another issuer": provider.token(iss="https://evil.example"),
        "no end": provider.token(exp=None),
        "no subject": provider.token(sub=None),
        "no audience": provider.token(aud=None),
        "another key": provider.token(key=other_key()),
        "an unknown key": provider.token(key=other_key("9"), kid="9"),
        "another algorithm": provider.token(key=curve_key(), alg="ES256"),
        "its own algorithm, weaker": provider.token(alg="PS256"),
        "a secret": provider.token(key=OctKey.import_key("a secret of the attacker"), alg="HS256"),
        "none": provider.token().rpartition(".")[0] + ".",
        "unsigned": "eyJhbGciOiJub25lIn0.e30.",
        "no token": "a.b.c",
        "changed": provider.token()[:-6] + "AAAAAA",
    }
    async with browser(server) as http:
        for why, token in tokens.items():
            answer = await http.get("/v1/me", headers=bearer(token))
            assert answer.status_code == 401, why
    assert await server.hub.accounts.users.all() == []


async def test_a_new_key_of_the_provider_is_fetched(server, provider, monkeypatch):
    async with browser(server) as http:
        assert (await http.get("/v1/me", headers=bearer(provider.token()))).status_code == 200
        provider.key = other_key("2")
        provider.published = [provider.key]
        assert (await http.get("/v1/me", headers=bearer(provider.token(kid="2")))).status_code == 401
        monkeypatch.setattr(oidc, "KEYS_AGAIN_S", 0)
        assert (await http.get("/v1/me", headers=bearer(provider.token(kid="2")))).status_code == 200


async def test_a_provider_that_does_not_answer_is_told_and_lets_nobody_in(server, provider):
    provider.published = []
    token = provider.token()
    async with browser(server) as http:
        assert (await http.get("/v1/me", headers=bearer(token))).status_code in (401, 503)
    provider.issuer = "https://evil.example"
    server.hub.accounts.oidc._about = {}
    async with browser(server) as http:
        assert (await http.get("/v1/oidc/begin")).status_code == 502


async def test_without_an_audience_tokens_of_programs_are_refused(start_server, provider, tmp_path):
    server = await start_server(
        sign_in="accounts",
        store=tmp_path,
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_roles=("radiology=clinician",),
    )
    async with browser(server) as http:
        answer = await http.get("/v1/me", headers=bearer(provider.token(aud="")))
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "oidc_refused")
