"""JSON between the fences of an answer. Pure."""

import json
from typing import Any

from assistant.characters import whole_parts

FENCE = "```"


def fenced_json(answer: str) -> Any:
    """The JSON between the first ```` ```json ```` and the last fence, or in the only fence without a
    name; the whole answer if it has none. None where that is no JSON."""
    _, opened, rest = answer.partition(f"{FENCE}json")
    if not opened:
        _, opened, rest = answer.partition(FENCE)
    inside = (rest.rpartition(FENCE)[0] or rest) if opened else answer
    try:
        return whole_parts(json.loads(inside, parse_constant=lambda _: None))
    except (ValueError, RecursionError):
        return None
