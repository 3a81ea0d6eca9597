"""Errors in OpenAI's shape: ``{"error": {"message", "type", "param", "code"}}``."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Match

from assistant.errors import AssistantError, BadInput, Denied, EngineFailed, Missing, TooSlow, fault_of

Handler = Callable[[Request], Awaitable[Response]]

STATUS = {
    "audio_too_long": 413,
    "body_too_large": 413,
    "image_too_large": 413,
    "model_not_found": 404,
    "call_unknown": 404,
    "kind_unknown": 404,
    "thing_unknown": 404,
    "user_unknown": 404,
    "key_unknown": 404,
    "last_administrator": 409,
    "name_taken": 409,
    "server_full": 503,
    "server_stopping": 503,
    "too_many_sessions": 429,
    "engine_timeout": 504,
    "engine_unreachable": 502,
    "engine_failed": 502,
}
"""Status of the codes that differ from their class."""


class Busy(AssistantError):
    """Too much is under way; the client comes back after ``RETRY_AFTER_S``."""


RETRY_AFTER_S = 5
ANY_METHOD = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def refusal(
    status: int, code: str, message: str, param: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    return JSONResponse(_body(status, code, message, param), status_code=status, headers=headers)


def refused(error: AssistantError) -> JSONResponse:
    status, body = described(error)
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 429 else None
    return JSONResponse(body, status_code=status, headers=headers)


def described(error: AssistantError) -> tuple[int, dict[str, Any]]:
    """The status and the body of a refusal."""
    match error:
        case BadInput():
            status = 400
        case Denied():
            status = 403
        case Busy():
            status = 429
        case Missing() | TooSlow():
            status = 503
        case EngineFailed():
            status = 502
        case _:
            status = 500
    status = STATUS.get(error.code, status)
    return status, _body(status, error.code, error.message, error.param)


def _body(status: int, code: str, message: str, param: str | None) -> dict[str, Any]:
    match status:
        case 401 | 403:
            kind = "authentication_error"
        case 429:
            kind = "rate_limit_error"
        case _:
            kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def answered(handler: Handler) -> Handler:
    """Errors become JSON in OpenAI's shape."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except AssistantError as error:
            return refused(error)

    answer.__doc__ = handler.__doc__
    return answer


def invalid(error: ValidationError, code: str = "parameter_invalid") -> BadInput:
    """The fault of a request's first wrong field; never its value."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "json_invalid":
        return BadInput("The body is not JSON.", code="json_invalid")
    if first["type"] == "extra_forbidden":
        return BadInput(f"{where}: this field is not supported.", code="parameter_unknown", param=where)
    return BadInput(f"{where or 'The body'}: {fault_of(first)}.", code=code, param=where or None)


async def no_such_path(request: Request) -> Response:
    """404 for paths under /v1 that there are not, 405 with ``Allow`` for another method."""
    allowed: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] == Match.PARTIAL:
            allowed |= getattr(route, "methods", None) or set()
    if allowed:
        return refusal(
            405,
            "method_not_allowed",
            f"This path does not accept {request.method}.",
            headers={"Allow": ", ".join(sorted(allowed))},
        )
    return refusal(404, "path_unknown", "There is no such path. See /openapi.json for those there are.")


async def http_error(request: Request, error: Exception) -> Response:
    """Starlette's own refusals, in the shape of the path's other errors."""
    assert isinstance(error, HTTPException)
    if not request.url.path.startswith("/v1/"):
        return PlainTextResponse(error.detail, status_code=error.status_code, headers=error.headers)
    return refusal(error.status_code, "request_invalid", error.detail, headers=error.headers)
