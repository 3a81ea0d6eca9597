"""OpenID Connect: users of the hospital's identity provider sign in there, and programs show its tokens.

For the page: the authorisation code with PKCE, a nonce and a state that is bound to the browser. For
programs: JWTs as ``Authorization: Bearer``, where an audience is set for them. Only the algorithm of the
settings is accepted, and only keys that the provider publishes. What a token may do follows from its groups.
"""

import asyncio
import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx2
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from assistant.addresses import is_loopback
from assistant.config import Settings
from assistant.errors import AssistantError, Denied
from assistant.principal import ROLES, Role

WAIT_S = 10.0
LONGEST_ANSWER_BYTES = 2**20
SIGN_IN_WITHIN_S = 600.0
MOST_BEGUN = 1000
"""Sign-ins that were begun; of more, the oldest are forgotten."""
KEYS_FOR_S, KEYS_AGAIN_S = 3600.0, 30.0
"""Keys are asked for after so long, and for an unknown one at most this often."""
LEEWAY_S: Final = 30
"""Two clocks may differ by so much."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as the provider knows them. ``ends_at``: of the token, in seconds since 1970."""

    issuer: str
    subject: str
    name: str
    groups: frozenset[str]
    roles: frozenset[Role]
    ends_at: float


@dataclass(frozen=True, slots=True)
class _Begun:
    until: float
    browser: str
    verifier: str
    nonce: str
    redirect: str


class Oidc:
    """The provider of the settings. Nothing is asked of it before somebody signs in."""

    def __init__(self, settings: Settings) -> None:
        assert settings.oidc_issuer
        self._settings, self._issuer = settings, settings.oidc_issuer.rstrip("/")
        self._roles = roles_of(settings.oidc_roles)
        self._begun: dict[str, _Begun] = {}
        self._about: dict[str, str] = {}
        self._keys, self._keys_at = KeySet([]), 0.0
        self._asking = asyncio.Lock()

    async def begin(self, redirect: str) -> tuple[str, str]:
        """Begin a sign-in; returns the provider's address to go to, and a secret for the browser's cookie.

        Raises ``AssistantError``: ``oidc_failed``.
        """
        about, now = await self._provider(), time.monotonic()
        state, browser, verifier, nonce = (secrets.token_urlsafe(32) for _ in range(4))
        self._begun = {name: each for name, each in self._begun.items() if each.until > now}
        if len(self._begun) >= MOST_BEGUN:
            del self._begun[next(iter(self._begun))]
        self._begun[state] = _Begun(now + SIGN_IN_WITHIN_S, browser, verifier, nonce, redirect)
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": redirect,
            "scope": "openid profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in about["authorization_endpoint"] else "?"
        return f"{about['authorization_endpoint']}{joint}{urlencode(query)}", browser

    async def finish(self, state: str, browser: str, code: str) -> Identity:
        """The user who comes back with this code. Raises ``Denied`` (``oidc_refused``), ``AssistantError``
        (``oidc_failed``)."""
        begun = self._begun.pop(state, None)
        if begun is None or begun.until < time.monotonic() or not _same(begun.browser, browser):
            raise _refused("This sign-in was not begun in this browser, or it took too long. Begin again.")
        about = await self._provider()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": begun.redirect,
            "client_id": self._settings.oidc_client_id,
            "code_verifier": begun.verifier,
        }
        secret = self._settings.oidc_client_secret
        auth = (self._settings.oidc_client_id, secret.get_secret_value()) if secret else None
        token = (await _ask("POST", about["token_endpoint"], data=form, auth=auth)).get("id_token")
        if not isinstance(token, str):
            raise _failed()
        claims = await self._claims(token, self._settings.oidc_client_id)
        if not _same(str(claims.get("nonce", "")), begun.nonce):
            raise _refused("The identity provider answered another sign-in. Begin again.")
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if len(audiences) > 1 and claims.get("azp") != self._settings.oidc_client_id:
            raise _refused("The identity provider's answer is for another program.")
        return self._identity(claims)

    async def of_bearer(self, token: str) -> Identity:
        """The owner of a program's token. Raises as ``finish`` does."""
        if not self._settings.oidc_audience:
            raise _refused("Tokens of the identity provider are not accepted: --oidc-audience is not set.")
        return self._identity(await self._claims(token, self._settings.oidc_audience))

    async def _claims(self, token: str, audience: str) -> dict[str, Any]:
        registry = jwt.JWTClaimsRegistry(
            now=lambda: int(time.time()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        try:
            try:
                decoded = jwt.decode(token, await self._key_set(), algorithms=[self._settings.oidc_alg])
            except (InvalidKeyIdError, ValueError):  # a new key, perhaps
                keys = await self._key_set(older_than_s=KEYS_AGAIN_S)
                decoded = jwt.decode(token, keys, algorithms=[self._settings.oidc_alg])
            registry.validate(decoded.claims)
        except (JoseError, ValueError, TypeError, KeyError):
            raise _refused("The identity provider's token is wrong, or has expired.") from None
        return dict(decoded.claims)

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        named = claims.get(self._settings.oidc_groups_claim)
        listed = named if isinstance(named, list) else []
        groups = frozenset(each for each in listed if isinstance(each, str))
        roles = frozenset(role for group in groups for role in self._roles.get(group, ()))
        names = (claims.get("preferred_username"), claims.get("name"))
        name = next((each for each in names if isinstance(each, str)), "")
        return Identity(self._issuer, claims["sub"], name, groups, roles, float(claims["exp"]))

    # --- what the provider publishes ---

    async def _provider(self) -> dict[str, str]:
        async with self._asking:
            if not self._about:
                found = await _ask("GET", f"{self._issuer}/.well-known/openid-configuration")
                names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
                about = {name: str(found.get(name, "")) for name in names}
                issuer = str(found.get("issuer", "")).rstrip("/")
                if issuer != self._issuer or not all(map(is_private, about.values())):
                    raise _failed()
                self._about = about
            return self._about

    async def _key_set(self, older_than_s: float = KEYS_FOR_S) -> KeySet:
        about = await self._provider()
        async with self._asking:
            if not self._keys_at or time.monotonic() - self._keys_at > older_than_s:
                found = await _ask("GET", about["jwks_uri"])
                try:
                    self._keys, self._keys_at = KeySet.import_key_set(found), time.monotonic()  # type: ignore[arg-type]
                except (JoseError, ValueError, TypeError, KeyError):
                    raise _failed() from None
            return self._keys


def roles_of(pairs: tuple[str, ...]) -> dict[str, frozenset[Role]]:
    """``("radiology=clinician", …)``, as the settings have checked it → the roles of each group."""
    found: dict[str, frozenset[Role]] = {}
    for pair in pairs:
        group, _, wanted = pair.rpartition("=")
        found[group] = found.get(group, frozenset()) | {role for role in ROLES if role == wanted}
    return found


def is_private(url: str) -> bool:
    """Whether nobody on the way can read or change what is asked there."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


async def _ask(method: str, url: str, **options: Any) -> dict[str, Any]:
    """The JSON object at this address. Raises ``AssistantError``: ``oidc_failed``."""
    try:
        async with httpx2.AsyncClient(timeout=WAIT_S, follow_redirects=False) as client:
            answer = await client.request(method, url, **options)
        found = answer.json() if len(answer.content) <= LONGEST_ANSWER_BYTES else None
    except (httpx2.HTTPError, ValueError):
        raise _failed() from None
    if answer.status_code != httpx2.codes.OK or not isinstance(found, dict):
        raise _failed()
    return found


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _refused(message: str) -> Denied:
    return Denied(message, code="oidc_refused")


def _failed() -> AssistantError:
    return AssistantError("The identity provider does not answer as it should.", code="oidc_failed")
