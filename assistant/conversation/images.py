"""Which of the attached images a question is about, and what it wants of them. Pure.

In doubt all of them: an image too many costs time, one too few gives a wrong answer. But a place is asked for
on one image, and change in the order of time.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.engines.tasks import Comparison, Task, since_first, wants_comparison, wants_labs, wants_place
from assistant.imaging.timeline import Attached, in_time, is_new, is_old, timeline

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NOUN = (
    r"(?:images?|pictures?|photos?|photographs?|films?|radiographs?|x[\s-]?rays?|scans?|stud(?:y|ies)|series|views?"
    r"|ct|cts|mri|mris|ecg|ekg|slides?|mammograms?|ultrasounds?|attachments?)"
)
_ALL = re.compile(
    rf"\b(?:all|both|these|those|every|each|between)\b(?:\s+\w+){{0,3}}?\s+{_NOUN}\b|\b(?:both|all)\s+of\s+them\b"
    r"|\bcompar\w+|\bversus\b|\bvs\b|\binterval\b|\b(?:any|what)\s+change|\bchanged?\s+(?:since|from)\b"
    r"|\b(?:since|than)\b.{0,30}\b(?:prior|previous|last|first|earlier|baseline)\b|\bover\s+time\b"
    r"|\b(?:progress(?:ed|ion)?|improve[ds]?|improvement|worse(?:ned)?|stable|resolved)\b",
    re.I,
)
_NUMBERED = re.compile(
    rf"\b{_NOUN}\s+(?:number\s+|no\.?\s+|#)?((?:\d{{1,2}}|{'|'.join(NUMBERS)})"
    rf"(?:(?:\s*,\s*|\s+and\s+|\s*,\s*and\s+)(?:\d{{1,2}}|{'|'.join(NUMBERS)}))*)\b(?!\s*(?:mm|cm|mg|%|weeks?|days?|years?))",
    re.I,
)
_ORDINAL = re.compile(rf"\b({'|'.join(ORDINALS)}|last)\s+(?:\w+\s+)?(?:{_NOUN}|one)\b", re.I)
_PRIOR = re.compile(rf"\bprior\b|\b(?:previous|older|old|earlier|baseline)\s+(?:\w+\s+)?{_NOUN}\b", re.I)
_CURRENT = re.compile(
    rf"\b(?:current|new|newer|newest|latest|today'?s)\s+(?:\w+\s+)?{_NOUN}\b|\b{_NOUN}\s+(?:of|from)\s+today\b",
    re.I,
)
_THIS = re.compile(rf"\b(?:this|that)\s+(?:(?!an?\b|the\b|any\b)\w+\s+)?{_NOUN}\b", re.I)
_WORD = re.compile(r"[a-z]{3,}")
_COMMON = {"the", "and", "for", "image", "img", "dcm", "png", "jpg", "jpeg", "tiff", "webp", "copy", "scan"}
_COMMON |= {"series", "study", "with", "from", "chest"}


Found = tuple[Sequence[Attached], str]
"""Images, and why they."""


@dataclass(frozen=True, slots=True)
class Choice:
    """``ids`` in the order in which they are read. ``why`` is a short phrase for the page: how the images
    were chosen; it counts them as they were attached."""

    ids: tuple[str, ...]
    why: str
    task: Task = "answer"
    comparison: Comparison | None = None


def choose_images(question: str, images: Sequence[Attached], open_id: str = "") -> Choice:
    """The images to send with ``question``; ``images`` are in the order they were attached, ``open_id`` is
    that of the one that is open on the page, if one is."""
    named = _named(question, images, open_id)
    if named is None and wants_place(question) and _any_one(question, images):
        named = images[-1:], "the last one attached"
    chosen, why = named or (images, "all attached" if images else "")
    if len(chosen) == 1 < len(images):
        why = f"image {images.index(chosen[0]) + 1} of {len(images)}, {why}"
    if chosen and wants_labs(question):
        return Choice(_ids(chosen), why, "labs")
    if len(chosen) > 1 and wants_comparison(question) and all(each.one_picture for each in chosen):
        return _compared(question, chosen, images)
    if wants_place(question) and len(chosen) == 1 and chosen[0].one_picture:
        return Choice(_ids(chosen), why, "locate")
    return Choice(_ids(in_time(chosen)), why)


def _any_one(question: str, images: Sequence[Attached]) -> bool:
    """Whether it may be about any one of them, and the last one is as good a guess as any."""
    return len(images) > 1 and not _ALL.search(question) and all(each.one_picture for each in images)


def _ids(images: Sequence[Attached]) -> tuple[str, ...]:
    return tuple(image.id for image in images)


def _compared(question: str, chosen: Sequence[Attached], images: Sequence[Attached]) -> Choice:
    order = timeline(chosen)
    ids = [_ids(exam) for exam in order.exams]
    places = {image.id: str(place) for place, image in enumerate(images, 1)}
    said = ", then ".join(" and ".join(places[each] for each in exam) for exam in ids)
    why = f"oldest first {order.by}: image{'s' * (len(chosen) > 1)} {said}"
    comparison = Comparison(tuple(ids), since_first(question))
    return Choice(tuple(each for exam in ids for each in exam), why, "compare", comparison)


def _named(question: str, images: Sequence[Attached], open_id: str) -> Found | None:
    """The images that the words name, in order of attachment; None if none or all are named."""
    if len(images) < 2:
        return None
    numbered = _by_number(question, images)
    if _ALL.search(question):
        return numbered if numbered and len(numbered[0]) > 1 else None
    return (
        numbered
        or _by_time(question, images)
        or _by_name(question, images)
        or _by_pointing(question, images, open_id)
    )


def _by_number(question: str, images: Sequence[Attached]) -> Found | None:
    places: list[int] = []
    for match in _NUMBERED.finditer(question):
        places += [_number(word) for word in re.findall(r"\w+", match[1]) if word.casefold() != "and"]
    for match in _ORDINAL.finditer(question):
        word = match[1].casefold()
        places.append(len(images) if word == "last" else ORDINALS.index(word) + 1)
    if not places or not all(1 <= place <= len(images) for place in places):
        return None
    return [images[place - 1] for place in sorted(set(places))], "named by number"


def _by_time(question: str, images: Sequence[Attached]) -> Found | None:
    prior, current = bool(_PRIOR.search(question)), bool(_CURRENT.search(question))
    if prior == current:
        return None
    named = [image for image in images if (is_old if prior else is_new)(image.name)]
    if len(named) == 1:
        return named, "the prior, by its name" if prior else "the current one, by its name"
    days = sorted({image.day for image in images})
    if len(days) > 1 and all(days):
        day = days[0] if prior else days[-1]
        found = [image for image in images if image.day == day]
        return found, "the prior, by its date" if prior else "the newest, by its date"
    return None


def _by_name(question: str, images: Sequence[Attached]) -> Found | None:
    said = set(_WORD.findall(question.casefold())) - _COMMON
    named = [set(_WORD.findall(image.name.casefold())) for image in images]
    telling = {word for word in said if sum(word in words for words in named) == 1}
    found = [image for image, words in zip(images, named, strict=True) if telling & words]
    return (found, "named in the question") if found and len(found) < len(images) else None


def _by_pointing(question: str, images: Sequence[Attached], open_id: str) -> Found | None:
    """The one that is looked at, whatever the words; else the last one where the words point."""
    for image in images:
        if image.id == open_id:
            return [image], "the one that is open"
    return (images[-1:], "the last one attached") if _THIS.search(question) else None


def _number(word: str) -> int:
    return int(word) if word.isdigit() else NUMBERS.index(word.casefold()) + 1
