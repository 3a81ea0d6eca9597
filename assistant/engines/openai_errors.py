"""Translates failures of a server with OpenAI's protocol into this package's errors."""

from dataclasses import dataclass

import httpx2

from assistant.engines.refusals import failed, refused
from assistant.errors import AssistantError, BadInput, EngineFailed

LONGEST_RETRY_S = 3600


@dataclass(frozen=True, slots=True)
class Advice:
    """Advice for a server that is unreachable, refuses the key, or lacks the model."""

    unreachable: str
    unauthorized: str
    unknown: str


def translated(error: BaseException, advice: Advice) -> AssistantError:
    """The library's error as ours. Its own message may quote the prompt, so it is not passed on."""
    match error:
        case AssistantError():
            return error
        case TimeoutError():
            return EngineFailed("The answer engine takes too long.", code="engine_timeout")
        case httpx2.HTTPStatusError():
            return _refusal(error.response, advice)
        case httpx2.TransportError():
            return EngineFailed(advice.unreachable, code="engine_unreachable")
        case _:
            return failed()


def _refusal(response: httpx2.Response, advice: Advice) -> AssistantError:
    match response.status_code:
        case 401 | 403:
            return EngineFailed(advice.unauthorized, code="engine_unauthorized")
        case 301 | 302 | 303 | 307 | 308:
            return EngineFailed(
                "The answer engine names another address, and a question is not passed on: "
                "set --engine-url to the address that it moved to.",
                code="engine_moved",
            )
        case 404:
            return EngineFailed(advice.unknown, code="engine_model_unknown")
        case 413:
            return BadInput(
                "The question has more images than the answer engine accepts: ask about fewer.",
                code="request_too_large",
            )
        case 429:
            return EngineFailed(
                f"The answer engine takes no more questions just now: its limit or quota is reached. "
                f"Try again {_when(response)}.",
                code="engine_quota",
            )
        case _:
            return refused(response.text, by_a_fault=response.is_server_error)


def _when(response: httpx2.Response) -> str:
    after = response.headers.get("retry-after", "")
    known = after.isascii() and after.isdigit() and 0 < int(after) <= LONGEST_RETRY_S
    return f"in {int(after)} s" if known else "later"
