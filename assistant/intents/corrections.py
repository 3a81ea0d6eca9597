"""Spoken corrections of the last utterance: "that was dictation", "that was a question". Pure."""

import re
from typing import Literal

_SAID = re.compile(
    r"(?:no )?(?:sorry )?that (?:was|is) (?:just )?(?P<not>not )?(?:an? )?(?P<what>dictation|question)"
    r"(?: please)?"
)


def correction_of(text: str) -> Literal["dictation", "question"] | None:
    """The intent of the last utterance, if ``text`` as a whole states it."""
    plain = " ".join(re.sub(r"\{[^}]*\}|[^\w\s']", " ", text).casefold().split())
    said = _SAID.fullmatch(plain.removesuffix(" period"))
    if said is None:
        return None
    is_dictation = (said["what"] == "dictation") != bool(said["not"])
    return "dictation" if is_dictation else "question"
