"""Identifies users by the cookie of their sign-in, and programs by API keys."""

import logging

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from assistant.config import Settings
from assistant.errors import AssistantError, Denied
from assistant.principal import Principal
from assistant.server.auth import Refused, address_of, cookie_name, keys, too_many_tries
from assistant.server.oidc import Identity, Oidc
from assistant.storage.access_log import AccessLog
from assistant.storage.database import Database
from assistant.storage.users import TOKEN_PREFIX, Users

log = logging.getLogger(__name__)

COOKIE = "assistant_sign_in"
STRANGER = Principal("", "unknown")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
PAGE = "/sign-in"


class Accounts:
    """An ``Identifier``. Open between ``start`` and ``close``."""

    def __init__(self, settings: Settings) -> None:
        assert settings.store is not None, "the settings require it"
        self._database = Database(settings.store)
        self.log = AccessLog(self._database)
        self.oidc = Oidc(settings) if settings.oidc_issuer else None
        self.users = Users(
            self._database,
            idle_s=settings.sign_in_idle_min * 60,
            longest_s=settings.sign_in_hours * 3600,
        )

    async def start(self) -> None:
        """Raises ``BadInput``: ``database_unusable``, ``store_broken``."""
        await self._database.start()

    async def close(self) -> None:
        await self._database.close()

    async def identify(self, scope: Scope) -> Principal | Response:
        try:
            return await self._identified(scope)
        except AssistantError as error:
            log.error("nobody can be identified: %s", error.code)
            return Refused(error.code, "Users cannot be looked up just now. Try again.", 503)

    async def again(self, principal: Principal, *, used: bool) -> Principal | None:
        """While the database does not answer, whoever is connected stays so."""
        try:
            return await self.users.by_credential(principal.credential, used=used)
        except AssistantError as error:
            log.error("sign-ins cannot be looked up: %s", error.code)
            return principal

    async def user_of(self, identity: Identity) -> Principal:
        """The user whom the identity provider names. Raises ``Denied``: ``oidc_refused``."""
        user = None
        if identity.roles:
            user = await self.users.of_provider(
                identity.issuer, identity.subject, identity.name, identity.roles, identity.groups
            )
        if user is None:
            raise Denied("You have no role here. Ask the server's administrator.", code="oidc_refused")
        return user.principal(f"{TOKEN_PREFIX}{identity.ends_at:.0f}_{user.id}")

    async def _identified(self, scope: Scope) -> Principal | Response:
        headers = Headers(scope=scope)
        tries, address = scope["app"].state.hub.tries, address_of(scope)
        if shown := keys(headers):
            found = [each for key in shown if (each := await self.users.of_key(key))]
            if found:
                return found[0]
            if self.oidc and (token := next((key for key in shown if key.count(".") == 2), None)):
                try:
                    return await self.user_of(await self.oidc.of_bearer(token))
                except Denied as error:
                    if tries.wrong(address, "a token of the identity provider"):
                        return too_many_tries()
                    await self.log.did(STRANGER, "refused: a provider's token", address=address)
                    return Refused(error.code, error.message, 401)
            if tries.wrong(address, "an API key"):
                return too_many_tries()
            await self.log.did(STRANGER, "refused: an API key", address=address)
            return Refused("key_invalid", "This API key is wrong, has expired or was revoked.", 401)
        if token := HTTPConnection(scope).cookies.get(cookie_of(scope), ""):
            if not _from_the_page(scope, headers):
                return Refused("origin_missing", "This is for the page of this server only.")
            if principal := await self.users.signed_in(token):
                return principal
        if scope["type"] == "http" and "text/html" in headers.get("accept", ""):
            return RedirectResponse(PAGE, status_code=303)
        return Refused("sign_in_missing", "Sign in, or send an API key.", 401)


def cookie_of(scope: Scope) -> str:
    """The name of the cookie. With https, browsers take one of this name from this host alone."""
    name = cookie_name(Headers(scope=scope).get("host", ""), COOKIE)
    return f"__Host-{name}" if is_secure(scope) else name


def is_secure(scope: Scope) -> bool:
    return scope["scheme"] in ("https", "wss")


def _from_the_page(scope: Scope, headers: Headers) -> bool:
    """Whether a request with the cookie comes from our page, where it may change something. Browsers send
    ``Origin`` with each of these, and the gate has refused those of other sites."""
    if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
        return True
    return "origin" in headers or headers.get("sec-fetch-site") == "same-origin"
