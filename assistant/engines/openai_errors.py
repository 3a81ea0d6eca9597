"""What a server of OpenAI's protocol, or the way to it, fails with → errors of ours."""

import re
from dataclasses import dataclass

import openai

from assistant.errors import AssistantError, BadInput, EngineFailed

_TOO_LONG = re.compile(r"context|too long|longer than the maximum", re.I)
"""As vLLM, llama.cpp and OpenAI say it: there is no common code."""
_TOO_MANY_IMAGES = re.compile(r"at most \d+ (?:image|mm|multimodal)", re.I)
_SEES_NO_IMAGES = re.compile(
    r"image input is not supported|not a multimodal model|does not support (?:image|multimodal)", re.I
)
_BAD_IMAGE = re.compile(
    r"cannot identify image|fail\w* to (?:load|decode|process|read) (?:the )?(?:input )?image"
    r"|(?:invalid|unsupported|unreadable) image|image: unknown format",
    re.I,
)
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


def refused(said: str, by_a_fault: bool = False) -> AssistantError:
    """By the words of the server. After a fault of its own they are not searched for the length of the
    prompt, which they may quote."""
    if _SEES_NO_IMAGES.search(said):
        return EngineFailed(
            "This model sees no images: serve one that does (llama.cpp: with its --mmproj), or set "
            "--no-engine-images.",
            code="engine_sees_no_images",
        )
    if _TOO_MANY_IMAGES.search(said):
        return BadInput(
            "The answer engine takes fewer images than this question has: start vLLM with "
            """--limit-mm-per-prompt '{"image": 126}', or ask about fewer.""",
            code="too_many_images",
        )
    if _BAD_IMAGE.search(said):
        return BadInput("The answer engine could not read an image.", code="image_not_readable")
    if not by_a_fault and _TOO_LONG.search(said):
        return BadInput(
            "The question with its dictation and images is too long for this model.", code="prompt_too_long"
        )
    return failed()


def failed() -> EngineFailed:
    return EngineFailed("The answer engine failed. Ask again.", code="engine_failed")


def cut_off() -> EngineFailed:
    return EngineFailed("The answer was cut off: the engine closed the connection.", code="engine_failed")


def _when(error: openai.RateLimitError) -> str:
    after = error.response.headers.get("retry-after", "")
    known = after.isascii() and after.isdigit() and 0 < int(after) <= LONGEST_RETRY_S
    return f"in {int(after)} s" if known else "later"
