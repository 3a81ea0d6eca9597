"""The rights that each route needs. A route that is not in the table keeps the application from starting.

``Gate`` finds out who asks; ``guarded`` puts the check in front of each route.
"""

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.principal import Principal, Right
from assistant.server.rest.errors import refusal

Need = Right | Literal["nothing", "known"]
"""``nothing``: strangers too. ``known``: anybody whom the server knows."""

PREFIX: Final = "/v1/sessions/{session_id}"
"""Everything below it needs the session's own token and its owner too, see ``owner.py``."""

NEEDS: Final[Mapping[str, Need]] = {
    "/healthz": "nothing",
    "/readyz": "nothing",
    "/sign-in": "nothing",  # the page, with what it loads
    "/sign-in.js": "nothing",
    "/sign-in.css": "nothing",
    "/favicon.svg": "nothing",
    "/v1/sign-in": "nothing",
    "/v1/oidc/begin": "nothing",
    "/v1/oidc/callback": "nothing",
    "/v1/sign-out": "known",
    "/v1/me": "known",
    "/v1/me/password": "known",
    "/metrics": "watch",
    "/openapi.json": "known",
    "": "known",  # the page's files
    "/{path:path}": "known",  # no such socket
    "/v1/{path:path}": "known",  # no such path
    "/v1/realtime": "dictate",
    "/v1/realtime/calls": "dictate",
    "/v1/realtime/calls/{call_id}/hangup": "dictate",
    "/v1/realtime/client_secrets": "dictate",
    "/v1/reports": "dictate",
    "/v1/reports/{report_id}": "dictate",
    "/v1/reports/{report_id}/open": "dictate",
    "/v1/reports/{report_id}/copy": "dictate",
    "/v1/reports/{report_id}/compare": "dictate",
    "/v1/orders": "dictate",
    "/v1/orders/{order_id}": "dictate",
    "/v1/orders/{order_id}/open": "dictate",
    "/v1/own": "dictate",
    "/v1/own/settings": "dictate",
    "/v1/own/try": "dictate",
    "/v1/own/corrections": "dictate",
    "/v1/own/{kind}": "dictate",
    "/v1/own/{kind}/{thing_id}": "dictate",
    "/v1/shared": "administer",
    "/v1/shared/{kind}": "administer",
    "/v1/shared/{kind}/{thing_id}": "administer",
    "/administration": "administer",
    "/v1/administration": "administer",
    "/v1/administration/storage": "administer",
    "/v1/administration/users": "administer",
    "/v1/administration/users/{user_id}": "administer",
    "/v1/administration/keys": "administer",
    "/v1/administration/keys/{key_id}": "administer",
    "/v1/audio/transcriptions": "transcribe",
    "/v1/chat/completions": "ask",
    "/v1/models": "known",
    "/v1/models/{model:path}": "known",
    "/v1/guidelines/{passage_id}": "known",
    "/v1/guidelines/{passage_id}/page.png": "known",
    "/v1/attachments": "known",  # old addresses, which look at nothing
    "/v1/attachments/{rest:path}": "known",
    "/v1/uploads": "known",
    "/v1/uploads/{rest:path}": "known",
    "/v1/pacs": "known",
    "/v1/pacs/{rest:path}": "known",
    "/v1/prompt": "known",
    "/v1/prompt/{rest:path}": "known",
    f"{PREFIX}/attachments": "dictate",
    f"{PREFIX}/attachments/{{attachment_id}}": "dictate",
    f"{PREFIX}/attachments/{{attachment_id}}/slice": "dictate",
    f"{PREFIX}/attachments/{{attachment_id}}/model/{{index}}": "dictate",
    f"{PREFIX}/uploads": "dictate",
    f"{PREFIX}/uploads/{{upload_id}}": "dictate",
    f"{PREFIX}/uploads/{{upload_id}}/finish": "dictate",
    f"{PREFIX}/stacks": "dictate",
    f"{PREFIX}/prompt": "dictate",
    f"{PREFIX}/pacs/find": "dictate",
    f"{PREFIX}/pacs/attach": "dictate",
    f"{PREFIX}/export": "dictate",
    f"{PREFIX}/checks": "dictate",
    f"{PREFIX}/words": "dictate",
    f"{PREFIX}/audio": "dictate",
    f"{PREFIX}/answers/{{response_id}}/prompt": "dictate",
    f"{PREFIX}/answers/{{response_id}}/images/{{number}}": "dictate",
    f"{PREFIX}/answers/{{response_id}}/labs": "dictate",
    f"{PREFIX}/models": "dictate",
    f"{PREFIX}/models/use": "change_models",
    f"{PREFIX}/models/pull": "change_models",
    f"{PREFIX}/models/stop": "change_models",
}
_ID = re.compile(r"(?:sess|order)_[\w-]{16}")
OPEN_PATHS: Final = frozenset(path for path, need in NEEDS.items() if need == "nothing")


class Guard:
    """In front of one route: who lacks the right is refused. Each use of a right is in the access log."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self.app, self.path, self.need = app, path, NEEDS[path]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        principal = principal_of(scope)
        may = _may(principal, self.need)
        if principal and self.need not in ("nothing", "known"):
            what = f"{scope.get('method', 'socket')} {self.path}"
            await note_use(scope, principal, what if may else f"refused: {what}")
        if not may:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 4403, "reason": "denied"})
                return
            message = "You may not do this here. Ask the server's administrator for the role."
            await refusal(403, "right_missing", message, self.need)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def guarded(routes: Sequence[BaseRoute], prefix: str = "") -> list[BaseRoute]:
    """The same routes, each behind what the table says. Raises ``KeyError`` for one that it lacks."""
    return [_guarded(route, prefix) for route in routes]


def _guarded(route: BaseRoute, prefix: str) -> BaseRoute:
    assert isinstance(route, (Route, WebSocketRoute, Mount)), route
    if isinstance(route, Mount) and route.path == PREFIX:
        return route  # its routes are guarded one by one
    other = copy.copy(route)
    other.app = Guard(route.app, prefix + route.path)
    return other


def principal_of(scope: Scope) -> Principal | None:
    """The sender; None where a stranger may ask."""
    principal: Principal | None = scope.get("state", {}).get("principal")
    return principal


async def note_use(scope: Scope, principal: Principal, what: str, session_id: str = "") -> None:
    """Put what somebody does into the access log, where there is one."""
    accounts = scope["app"].state.hub.accounts
    if accounts is None:
        return
    given = scope.get("path_params", {})
    named = session_id or next(filter(None, map(given.get, ("session_id", "report_id", "order_id"))), "")
    client = scope.get("client")
    about = named if _ID.fullmatch(named) else ""
    await accounts.log.used(principal, what, about, str(client[0]) if client else "")


def known(scope: Scope) -> Principal:
    """The sender, behind the gate."""
    principal = principal_of(scope)
    assert principal is not None, "the gate lets strangers in only where nothing is needed"
    return principal


def _may(principal: Principal | None, need: Need) -> bool:
    match need:
        case "nothing":
            return True
        case "known":
            return principal is not None
        case _:
            return principal is not None and need in principal.rights
