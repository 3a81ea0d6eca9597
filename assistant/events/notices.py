"""Errors, and notices for the user. Pure."""

from typing import Literal

from pydantic import Field

from assistant.events.base import Part, ServerEventBase


class ErrorBody(Part):
    type: Literal["invalid_request_error", "server_error"] = "invalid_request_error"
    code: str = Field(description="Stable, snake_case.")
    message: str = Field(description="For people: what is wrong and what to do.")
    param: str | None = None
    event_id: str | None = Field(None, description="The client event that caused it.")


class ErrorEvent(ServerEventBase):
    """A request failed; the session continues."""

    type: Literal["error"] = "error"
    error: ErrorBody


class Notice(ServerEventBase):
    """Information for the user; nothing failed."""

    type: Literal["assistant.notice"] = "assistant.notice"
    level: Literal["info", "warning"] = "info"
    code: str
    message: str
