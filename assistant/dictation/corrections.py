"""Corrections by a person: the words that were heard, and those that came in their place. Pure."""

import re
from dataclasses import dataclass

from assistant.dictation.document import Document, Range, Section
from assistant.dictation.editor import difference

MOST_WORDS = 4
"""More words at once are another sentence, not a word that was misheard."""
_EDGE = ' \t\n.,;:?!()“”"'


@dataclass(frozen=True, slots=True)
class Correction:
    heard: str
    written: str


def corrected(before: Document, after: Document) -> Correction | None:
    """The correction that made ``after`` of ``before``: a few spoken words became a few others, in one place."""
    if (change := _changed_words(before, after)) is None:
        return None
    section, was, now = change
    heard = section.text[was.start : was.end].strip(_EDGE)
    written = after.section(now.section_id).text[now.start : now.end].strip(_EDGE)
    if not heard or not written or heard == written:
        return None
    if set(heard.split()) <= set(written.split()):
        return None  # more was added to what was heard
    if max(len(heard.split()), len(written.split())) > MOST_WORDS or "[" in heard:
        return None
    at, spoken = 0, False
    for run in section.runs:
        begins, at = at, at + len(run.text)
        spoken |= run.origin == "voice" and begins < was.end and was.start < at
    return Correction(heard, written) if spoken else None


def goes_on(before: Document, after: Document) -> bool:
    """Whether the cursor is still in or beside the words that were changed."""
    change, cursor = _changed_words(before, after), after.cursor
    if change is None:
        return False
    now = change[2]
    return cursor.section_id == now.section_id and now.start <= cursor.offset <= now.end


def _changed_words(before: Document, after: Document) -> tuple[Section, Range, Range] | None:
    """The section as it was, and its whole words that differ, then and now; None for more than one place."""
    if [each.id for each in before.sections] != [each.id for each in after.sections]:
        return None
    pairs = zip(before.sections, after.sections, strict=True)
    changed = [(old, new) for old, new in pairs if old.runs is not new.runs and old.text != new.text]
    if len(changed) != 1:
        return None
    old, new = changed[0]
    start, end, new_end = difference(old, new)
    first = len(re.sub(r"\S+\Z", "", old.text[:start]))
    rest = len(old.text[end:]) - len(re.sub(r"\A\S+", "", old.text[end:]))
    return old, Range(old.id, first, end + rest), Range(old.id, first, new_end + rest)
