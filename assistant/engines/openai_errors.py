"""What a server of OpenAI's protocol, or the way to it, fails with → errors of ours."""

from dataclasses import dataclass

import openai

from assistant.engines.refusals import failed, refused
from assistant.errors import AssistantError, BadInput, EngineFailed

LONGEST_RETRY_S = 3600


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about a server that is away, refuses the key, or lacks the model."""

    unreachable: str
    unauthorized: str
    unknown: str


def translated(error: BaseException, advice: Advice) -> AssistantError:
    """The library's error as ours. Its own message may quote the prompt, so it is not passed on."""
    match error:
        case AssistantError():
            return error
        case openai.APITimeoutError() | TimeoutError():
            return EngineFailed("The answer engine takes too long.", code="engine_timeout")
        case openai.APIConnectionError():
            return EngineFailed(advice.unreachable, code="engine_unreachable")
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return EngineFailed(advice.unauthorized, code="engine_unauthorized")
        case openai.NotFoundError():
            return EngineFailed(advice.unknown, code="engine_model_unknown")
        case openai.RateLimitError():
            return EngineFailed(
                f"The answer engine takes no more questions just now: its limit or quota is reached. "
                f"Try again {_when(error)}.",
                code="engine_quota",
            )
        case openai.APIStatusError() if error.status_code == 413:
            return BadInput(
                "The images of this question are more than the answer engine takes: ask about fewer.",
                code="request_too_large",
            )
        case openai.APIError():
            return refused(f"{error} {error.body}", isinstance(error, openai.InternalServerError))
        case _:
            return failed()


def _when(error: openai.RateLimitError) -> str:
    after = error.response.headers.get("retry-after", "")
    known = after.isascii() and after.isdigit() and 0 < int(after) <= LONGEST_RETRY_S
    return f"in {int(after)} s" if known else "later"
