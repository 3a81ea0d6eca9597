"""Why a model or its server refused a question, by its words: there are no common codes. Pure."""

import re

from assistant.errors import AssistantError, BadInput, EngineFailed

_TOO_LONG = re.compile(r"context|too long|longer than the maximum", re.I)
"""As vLLM, llama.cpp and OpenAI say it; likewise below, and Ollama."""
_TOO_MANY_IMAGES = re.compile(r"at most \d+ (?:image|mm|multimodal)", re.I)
_SEES_NO_IMAGES = re.compile(
    r"image input is not supported|not a multimodal model|does not support (?:image|multimodal)", re.I
)
_BAD_IMAGE = re.compile(
    r"cannot identify image|fail\w* to (?:load|decode|process|read) (?:the )?(?:input )?image"
    r"|(?:invalid|unsupported|unreadable) image|image: unknown format",
    re.I,
)


def refused(said: str, by_a_fault: bool = False) -> AssistantError:
    """By the words of the server. After a fault of its own they are not searched for the length of the
    prompt, which they may quote."""
    if _SEES_NO_IMAGES.search(said):
        return EngineFailed(
            "This model cannot see images. Serve one that can (llama.cpp: with its --mmproj), or set "
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


def filtered() -> EngineFailed:
    return EngineFailed(
        "The answer is incomplete: the engine's content filter stopped it.", code="answer_filtered"
    )
