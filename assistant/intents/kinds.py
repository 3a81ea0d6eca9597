"""The possible forms of a sentence. Pure."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["asked", "told", "open", "none"]


@dataclass(frozen=True, slots=True)
class Form:
    """``none``: nothing in the sentence asks. ``reason`` is a phrase a person understands."""

    kind: Kind
    reason: str


ASKED = Form("asked", "worded as a question")
REQUEST = Form("asked", "asks the assistant to do something")
OPEN = Form("open", "")
NOTE = Form("told", "has no subject, as in notes")
NONE = Form("none", "a statement")
