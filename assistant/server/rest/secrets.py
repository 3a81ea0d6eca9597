"""``POST /v1/realtime/client_secrets``: short-lived keys for browsers, which must not hold the token."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.components.components import Components
from assistant.errors import BadInput
from assistant.events import NOT_HAD, AudioFormat, SessionConfig
from assistant.events.session import Asked
from assistant.principal import Principal
from assistant.server.rest.bodies import json_body
from assistant.server.rest.errors import Busy, answered, invalid
from assistant.server.rights import known
from assistant.session.choices import Choices, chosen

MOST = 1000
"""Secrets that are valid at once."""
MAX_BODY_BYTES = 2**20
OPENS = frozenset({"/v1/realtime", "/v1/realtime/calls"})
"""The paths that a secret opens."""


class ExpiresAfter(Asked):
    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Field(ge=10, le=7200)] = 600


class SecretRequest(Asked):
    expires_after: ExpiresAfter = ExpiresAfter()
    session: SessionConfig = SessionConfig()


@dataclass(frozen=True, slots=True)
class Secret:
    """``principal`` made it, and owns the sessions that it opens."""

    expires_at: float
    session: SessionConfig
    principal: Principal


class Secrets:
    """In memory only: a restart ends them."""

    def __init__(self, components: Components, now: Callable[[], float] = time.time) -> None:
        self._components, self._now = components, now
        self._secrets: dict[str, Secret] = {}

    def routes(self) -> list[Route]:
        return [Route("/v1/realtime/client_secrets", answered(self.create), methods=["POST"])]

    def find(self, value: str) -> Secret | None:
        """The secret with this value, if it is valid."""
        secret = self._secrets.get(value)
        return secret if secret and secret.expires_at > self._now() else None

    async def create(self, request: Request) -> Response:
        try:
            asked = SecretRequest.model_validate_json(await json_body(request, MAX_BODY_BYTES) or b"{}")
        except ValidationError as error:
            raise refused(error) from None
        chosen(Choices(AudioFormat()), asked.session, self._components.model)  # refused now or never
        now = self._now()
        self._secrets = {value: each for value, each in self._secrets.items() if each.expires_at > now}
        if len(self._secrets) >= MOST:
            raise Busy("Too many secrets are valid. Ask again soon.", code="too_many_secrets")
        value = f"ek_{secrets.token_urlsafe(32)}"
        expires_at = now + asked.expires_after.seconds
        self._secrets[value] = Secret(expires_at, asked.session, known(request.scope))
        session: dict[str, Any] = asked.session.model_dump(exclude_unset=True)
        session = {"type": asked.session.type or "realtime", **session, "object": "realtime.session"}
        return JSONResponse({"value": value, "expires_at": int(expires_at), "session": session})


def refused(error: ValidationError) -> BadInput:
    """With the code of what cannot be had, where ``session`` asks for it."""
    told = invalid(error)
    field = f"{told.param or ''}."
    code = next((code for known, code in NOT_HAD.items() if field.startswith(f"{known}.")), told.code)
    return BadInput(told.message, code=code, param=told.param)
