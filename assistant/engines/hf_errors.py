"""Why a model of the Hugging Face hub was not loaded, in words that say what to do."""

import logging
from typing import Any

from assistant.errors import Missing

log = logging.getLogger(__name__)


def not_loaded(error: BaseException, name: str, *, part: str, option: str, family: str) -> Missing:
    """``part`` begins the codes (``PART_model_gated``, ``PART_model_missing``, ``PART_load_failed``),
    ``option`` is the setting that named the model, ``family`` what it should be."""
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError  # noqa: PLC0415

    chain = [error]
    while cause := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(cause)
    refused = [each for each in chain if isinstance(each, HfHubHTTPError)]
    if any(isinstance(each, GatedRepoError) or _status(each) in (401, 403) for each in refused):
        return Missing(
            f"{name} is gated. Accept its terms at "
            f"https://huggingface.co/{name}, then set HF_TOKEN to your token (hf auth login).",
            code=f"{part}_model_gated",
        )
    log.error("the model was not loaded: %s", type(error).__name__)
    if isinstance(error, OSError):
        return Missing(
            f"{name} is neither a directory with a model nor a model that can be downloaded now: "
            f"see {option}, and the connection to huggingface.co.",
            code=f"{part}_model_missing",
        )
    return Missing(f"{name} could not be loaded: is it a {family}?", code=f"{part}_load_failed")


def _status(error: Any) -> int | None:
    return getattr(error.response, "status_code", None)
