"""Administration over HTTP: users, groups and API keys, and the state of the server.

Nothing here shows a patient or a report. Each change is a row of the access log.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from prometheus_client import CollectorRegistry
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from assistant import telemetry
from assistant.characters import whole
from assistant.errors import BadInput
from assistant.installation import page
from assistant.server.accounts import Accounts
from assistant.server.auth import address_of
from assistant.server.rest.bodies import json_body
from assistant.server.rest.errors import answered, invalid
from assistant.server.rights import known
from assistant.session.attachments import held_bytes
from assistant.storage.users import LONGEST_PASSWORD, User

MAX_BODY_BYTES = 16_384
MOST_GROUPS = 50
LATEST = 100
"""Rows of the access log that are shown."""
NO_STORE = {"Cache-Control": "no-store"}
FIGURES = {
    "assistant_finals_total": "Utterances written",
    "assistant_answers_total": "Answers",
    "assistant_asr_failures_total": "Failures of the recogniser",
    "assistant_audio_dropped_ms_total": "Milliseconds of sound lost to overload",
    "assistant_store_failing": "Nothing can be stored (1) or all is well (0)",
}
"""Figures of ``/metrics``, counted since the server started."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewUser(_Body):
    name: str = Field(max_length=64)
    roles: list[str] = Field(max_length=10)
    password: str = Field(max_length=LONGEST_PASSWORD)


class ChangedUser(_Body):
    """A field that is left out stays as it is."""

    roles: list[str] | None = Field(None, max_length=10)
    groups: list[str] | None = Field(None, max_length=MOST_GROUPS)
    password: str | None = Field(None, max_length=LONGEST_PASSWORD)


class NewKey(_Body):
    user: str = Field(max_length=64)
    name: str = Field(max_length=64)
    scopes: list[str] = Field(max_length=20)
    days: int


@answered
async def overview(request: Request) -> Response:
    """GET all that the page shows."""
    hub = request.app.state.hub
    accounts: Accounts | None = hub.accounts
    people = None
    if accounts:
        sessions = [runner.person.id for runner in hub.runners()]
        people = {
            "users": [
                {**_user(each), "sessions": sessions.count(each.id)} for each in await accounts.users.all()
            ],
            "keys": [
                {
                    "id": each.id,
                    "user": each.user,
                    "name": each.name,
                    "scopes": sorted(each.scopes),
                    "ends_at": each.ends_at,
                }
                for each in await accounts.users.keys()
            ],
            "log": [
                {"at": row.at, "who": row.who, "what": row.what, "about": row.about, "address": row.address}
                for row in reversed(await accounts.log.rows(most=LATEST))
            ],
        }
    return JSONResponse({"people": people, **_state(request)}, headers=NO_STORE)


@answered
async def storage(request: Request) -> Response:
    """GET the bytes that each user's reports hold with their attachments, by the user's id. Reads all
    events, so it has its own address."""
    writer = request.app.state.hub.writer
    held = await asyncio.to_thread(held_bytes, writer.store) if writer else {}
    return JSONResponse({"users": held}, headers=NO_STORE)


@answered
async def add_user(request: Request) -> Response:
    """POST a user."""
    accounts, asked = _accounts(request), await _asked(request, NewUser)
    user = await accounts.users.add(whole(asked.name), asked.roles, whole(asked.password))
    await _note(request, "user added", user.id)
    return JSONResponse(_user(user), 201)


@answered
async def change_user(request: Request) -> Response:
    """PATCH a user's roles, groups or password. Another password ends the user's sign-ins and keys. Refused
    (``last_administrator``): nobody would administer the server any more."""
    accounts, asked = _accounts(request), await _asked(request, ChangedUser)
    user = await _named(request)
    if asked.roles is not None:
        if "administrator" not in asked.roles:
            await _check_not_last(request, user)
        await accounts.users.set_roles(user.name, asked.roles)
        await _note(request, f"roles changed: {', '.join(sorted(set(asked.roles)))}", user.id)
    if asked.groups is not None:
        await accounts.users.set_groups(user.name, [whole(each) for each in asked.groups])
        await _note(request, "groups changed", user.id)
    if asked.password is not None:
        await accounts.users.set_password(user.name, whole(asked.password))
        await _note(request, "password changed", user.id)
    return JSONResponse(_user(await _named(request)))


@answered
async def remove_user(request: Request) -> Response:
    """DELETE: sign a user out for ever; what they made stays, their keys end."""
    accounts, user = _accounts(request), await _named(request)
    await _check_not_last(request, user)
    await accounts.users.remove(user.name)
    await _note(request, "user removed", user.id)
    return Response(status_code=204)


@answered
async def add_key(request: Request) -> Response:
    """POST an API key; the answer alone has its value."""
    accounts, asked = _accounts(request), await _asked(request, NewKey)
    key, value = await accounts.users.add_key(whole(asked.user), whole(asked.name), asked.scopes, asked.days)
    await _note(request, "key added", key.id)
    return JSONResponse({"id": key.id, "value": value}, 201, headers=NO_STORE)


@answered
async def revoke_key(request: Request) -> Response:
    """DELETE an API key."""
    await _accounts(request).users.revoke_key(request.path_params["key_id"])
    await _note(request, "key revoked", request.path_params["key_id"])
    return Response(status_code=204)


async def show(request: Request) -> Response:
    """GET the page."""
    return FileResponse(page() / "administration.html", headers={"Cache-Control": "no-cache"})


ROUTES = [
    Route("/administration", show),
    Route("/v1/administration", overview),
    Route("/v1/administration/storage", storage),
    Route("/v1/administration/users", add_user, methods=["POST"]),
    Route("/v1/administration/users/{user_id}", change_user, methods=["PATCH"]),
    Route("/v1/administration/users/{user_id}", remove_user, methods=["DELETE"]),
    Route("/v1/administration/keys", add_key, methods=["POST"]),
    Route("/v1/administration/keys/{key_id}", revoke_key, methods=["DELETE"]),
]


def figures(registry: CollectorRegistry) -> list[dict[str, Any]]:
    """The ``FIGURES``, each kind of them with its labels."""
    return [
        {"what": " ".join([FIGURES[each.name], *each.labels.values()]), "value": each.value}
        for metric in registry.collect()
        for each in metric.samples
        if each.name in FIGURES
    ]


def _state(request: Request) -> dict[str, Any]:
    hub = request.app.state.hub
    components, settings = hub.components, hub.settings
    refusal = hub.refusal()
    engines = [components.engine.info, *([components.text_engine.info] if components.text_engine else [])]
    return {
        "health": {
            "ready": refusal is None and components.recogniser.state == "works",
            "why": refusal.message if refusal else "",
            "recogniser": components.recogniser.state,
            "late_s": round(components.recogniser.load.late_s, 2),
        },
        "models": {
            "hears": components.model.name,
            "answers": [
                {"name": each.name, "revision": each.revision, "address": each.address, "why": each.why}
                for each in engines
            ],
            "sees": any(each.sees_images for each in engines),
        },
        "usage": {"sessions": len(hub.runners()), "most": settings.max_sessions},
        "figures": figures(telemetry.registry),
        "retention": {
            "kept": settings.store is not None,
            "drafts_days": settings.keep_drafts_days,
            "finals_days": settings.keep_finals_days,
            "audio_min": settings.keep_audio_min,
        },
        "limits": {
            "sessions": settings.max_sessions_per_user,
            "requests_s": settings.max_requests_per_s,
            "upload_gb": settings.upload_gb,
            "storage_gb": settings.storage_gb_per_user,
        },
    }


def _user(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "roles": sorted(user.roles),
        "groups": sorted(user.groups),
        "has_password": user.has_password,
    }


def _accounts(request: Request) -> Accounts:
    """Raises ``BadInput``: ``accounts_not_set``."""
    accounts: Accounts | None = request.app.state.hub.accounts
    if accounts is None:
        raise BadInput("This server has no accounts.", code="accounts_not_set")
    return accounts


async def _named(request: Request) -> User:
    """Raises ``BadInput``: ``user_unknown``."""
    everybody: Sequence[User] = await _accounts(request).users.all()
    for each in everybody:
        if each.id == request.path_params["user_id"]:
            return each
    raise BadInput("There is no such user.", code="user_unknown")


async def _check_not_last(request: Request, user: User) -> None:
    """Raises ``BadInput``: ``last_administrator``."""
    others = [each for each in await _accounts(request).users.all() if each.id != user.id]
    if "administrator" in user.roles and not any("administrator" in each.roles for each in others):
        raise BadInput("This is the last administrator. Make another one first.", code="last_administrator")


async def _asked(request: Request, body: Any) -> Any:
    try:
        return body.model_validate_json(await json_body(request, MAX_BODY_BYTES))
    except ValidationError as error:
        raise invalid(error) from None


async def _note(request: Request, what: str, about: str) -> None:
    accounts, address = _accounts(request), address_of(request.scope)
    await accounts.log.did(known(request.scope), what, about=about, address=address)
