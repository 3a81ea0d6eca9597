"""The page where users sign in, and signing in and out."""

import html

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from assistant.characters import whole
from assistant.errors import AssistantError, BadInput, Denied
from assistant.installation import page
from assistant.server.accounts import STRANGER, Accounts, cookie_of, is_secure
from assistant.server.auth import address_of
from assistant.server.oidc import Oidc
from assistant.server.rest.bodies import json_body
from assistant.server.rest.errors import answered, invalid, refusal
from assistant.server.rights import known
from assistant.storage.users import LONGEST_PASSWORD, SIGN_IN_PREFIX

MAX_BODY_BYTES = 4096
CALLBACK = "/v1/oidc/callback"
OIDC_COOKIE = "assistant_oidc"
NO_STORE = {"Cache-Control": "no-store"}


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=64)
    password: str = Field(max_length=LONGEST_PASSWORD)


@answered
async def sign_in(request: Request) -> Response:
    """POST ``{"name": …, "password": …}``: sets the cookie of a sign-in."""
    if not request.headers.get("content-type", "").startswith("application/json"):  # no form of another site
        raise BadInput("Send JSON.", code="json_invalid")
    try:
        asked = Asked.model_validate_json(await json_body(request, MAX_BODY_BYTES))
    except ValidationError as error:
        raise invalid(error) from None
    accounts, tries, address = _accounts(request), request.app.state.hub.tries, address_of(request.scope)
    if tries.too_many(address):  # before it is looked at: a password may be guessed, a token not
        return refusal(429, "too_many_tries", "Too many wrong passwords. Wait a moment, then try again.")
    user = await accounts.users.with_password(whole(asked.name), whole(asked.password))
    if user is None:
        await accounts.log.did(STRANGER, "refused: a name or password", address=address)
        tries.wrong(address, "a name or password")
        return refusal(401, "password_wrong", "The name or the password is wrong.")
    response = Response(status_code=204, headers=NO_STORE)
    await _signed_in(request, accounts, user.id, response)
    return response


async def _signed_in(request: Request, accounts: Accounts, user_id: str, response: Response) -> None:
    token = await accounts.users.sign_in(user_id)
    if principal := await accounts.users.signed_in(token):
        await accounts.log.did(principal, "signed in", address=address_of(request.scope))
    _set_cookie(request, response, token)


@answered
async def ways(request: Request) -> Response:
    """GET how users can sign in."""
    return JSONResponse({"oidc": _accounts(request).oidc is not None}, headers=NO_STORE)


async def begin_oidc(request: Request) -> Response:
    """GET: go to the identity provider."""
    try:
        oidc = _oidc(request)
        address, browser = await oidc.begin(f"{request.url.scheme}://{request.url.netloc}{CALLBACK}")
    except AssistantError as error:
        return _told(error.message, 404 if isinstance(error, BadInput) else 502)
    response = RedirectResponse(address, status_code=303, headers=NO_STORE)
    # The browser comes back from another site, which a Strict cookie would not survive.
    response.set_cookie(
        OIDC_COOKIE,
        browser,
        max_age=600,
        path=CALLBACK,
        httponly=True,
        samesite="lax",
        secure=is_secure(request.scope),
    )
    return response


async def end_oidc(request: Request) -> Response:
    """GET: the browser comes back from the identity provider with a code."""
    query, address = request.query_params, address_of(request.scope)
    try:
        accounts, oidc = _accounts(request), _oidc(request)
        browser = request.cookies.get(OIDC_COOKIE, "")
        identity = await oidc.finish(query.get("state", ""), browser, query.get("code", ""))
        principal = await accounts.user_of(identity)
    except Denied as error:
        await _accounts(request).log.did(STRANGER, "refused: a provider's sign-in", address=address)
        return _told(error.message, 403)
    except AssistantError as error:
        return _told(error.message, 404 if isinstance(error, BadInput) else 502)
    # Not a redirect: the cookie is sent where this site itself leads.
    response = _told("You are signed in.", 200, refresh=True)
    await _signed_in(request, accounts, principal.id, response)
    response.delete_cookie(OIDC_COOKIE, path=CALLBACK)
    return response


def _oidc(request: Request) -> Oidc:
    """Raises ``BadInput``: ``oidc_not_set``."""
    oidc = _accounts(request).oidc
    if oidc is None:
        raise BadInput("This server has no identity provider.", code="oidc_not_set")
    return oidc


def _told(message: str, status: int, *, refresh: bool = False) -> HTMLResponse:
    """A sentence for people, with the way on."""
    goes_on = '<meta http-equiv="refresh" content="0; url=/">' if refresh else ""
    way = '<a href="/">Go on</a>' if refresh else '<a href="/sign-in">Sign in</a>'
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        f'<meta name="viewport" content="width=device-width"><title>Sign in</title>{goes_on}'
        f"<main><h1>Clinical Voice Assistant</h1><p>{html.escape(message)}</p><p>{way}</p></main></html>"
    )
    return HTMLResponse(page, status, NO_STORE)


@answered
async def sign_out(request: Request) -> Response:
    """POST: end this sign-in, and what it opened."""
    accounts, asks = _accounts(request), known(request.scope)
    await accounts.users.sign_out(asks.credential)
    await accounts.log.did(asks, "signed out", address=address_of(request.scope))
    response = Response(status_code=204, headers=NO_STORE | {"Clear-Site-Data": '"cache", "storage"'})
    _set_cookie(request, response, "")
    return response


class NewPassword(BaseModel):
    model_config = ConfigDict(extra="forbid")

    old: str = Field(max_length=LONGEST_PASSWORD)
    new: str = Field(max_length=LONGEST_PASSWORD)


@answered
async def change_password(request: Request) -> Response:
    """POST ``{"old": …, "new": …}``: a new password for who is signed in; their other sign-ins end."""
    accounts, asks = _accounts(request), known(request.scope)
    if not asks.credential.startswith(SIGN_IN_PREFIX):
        raise Denied("Only who is signed in in a browser changes the password.", code="sign_in_needed")
    try:
        asked = NewPassword.model_validate_json(await json_body(request, MAX_BODY_BYTES))
    except ValidationError as error:
        raise invalid(error) from None
    tries, address = request.app.state.hub.tries, address_of(request.scope)
    if tries.too_many(address):
        return refusal(429, "too_many_tries", "Too many wrong passwords. Wait a moment, then try again.")
    if not await accounts.users.change_password(asks, whole(asked.old), whole(asked.new)):
        await accounts.log.did(asks, "refused: a new password", address=address)
        tries.wrong(address, "a password that was to be changed")
        return refusal(403, "password_wrong", "The old password is wrong.")
    await accounts.log.did(asks, "changed the password", about=asks.id, address=address)
    return Response(status_code=204, headers=NO_STORE)


@answered
async def me(request: Request) -> Response:
    """GET who is signed in."""
    asks = known(request.scope)
    accounts: Accounts | None = request.app.state.hub.accounts
    has_password = accounts is not None and await accounts.users.has_password(asks.id)
    told = {"id": asks.id, "name": asks.name, "roles": sorted(asks.roles)}
    return JSONResponse(
        {**told, "signs_out": accounts is not None, "has_password": has_password},
        headers=NO_STORE,
    )


async def show(request: Request) -> Response:
    """GET the page, and the files that it loads."""
    name = request.url.path.removeprefix("/")
    return FileResponse(page() / (name if "." in name else f"{name}.html"))


def _accounts(request: Request) -> Accounts:
    """Raises ``BadInput``: ``accounts_not_set``."""
    accounts: Accounts | None = request.app.state.hub.accounts
    if accounts is None:
        raise BadInput("This server has no accounts.", code="accounts_not_set")
    return accounts


def _set_cookie(request: Request, response: Response, value: str) -> None:
    response.set_cookie(
        cookie_of(request.scope),
        value,
        max_age=None if value else 0,
        httponly=True,
        samesite="strict",
        secure=is_secure(request.scope),
    )


ROUTES = [
    Route("/sign-in", show),
    Route("/sign-in.js", show),
    Route("/sign-in.css", show),
    Route("/favicon.svg", show),
    Route("/v1/sign-in", ways),
    Route("/v1/sign-in", sign_in, methods=["POST"]),
    Route("/v1/oidc/begin", begin_oidc),
    Route(CALLBACK, end_oidc),
    Route("/v1/sign-out", sign_out, methods=["POST"]),
    Route("/v1/me", me),
    Route("/v1/me/password", change_password, methods=["POST"]),
]
