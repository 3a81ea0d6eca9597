"""Which of the attached images a question is about, by its words. Pure.

In doubt all of them: an image too many costs time, one too few gives a wrong answer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NOUN = (
    r"(?:images?|pictures?|photos?|photographs?|films?|radiographs?|x[\s-]?rays?|scans?|stud(?:y|ies)|series|views?"
    r"|ct|cts|mri|mris|ecg|ekg|slides?|mammograms?|ultrasounds?|attachments?)"
)
_ALL = re.compile(
    rf"\b(?:all|both|these|those|every|each|between)\b(?:\s+\w+){{0,3}}?\s+{_NOUN}\b|\b(?:both|all)\s+of\s+them\b"
    r"|\bcompar\w+|\bversus\b|\bvs\b|\binterval\b|\b(?:any|what)\s+change|\bchanged?\s+(?:since|from)\b"
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
_OLD_NAME = re.compile(r"(?<![a-z])(?:prior|previous|prev|old|baseline)(?![a-z])", re.I)
_NEW_NAME = re.compile(r"(?<![a-z])(?:current|new|today|now)(?![a-z])", re.I)
_DATE = re.compile(r"(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?([0-2]\d|3[01])(?!\d)")
_WORD = re.compile(r"[a-z]{3,}")
_COMMON = {"the", "and", "for", "image", "img", "dcm", "png", "jpg", "jpeg", "tiff", "webp", "copy", "scan"}
_COMMON |= {"series", "study", "with", "from", "chest"}


@dataclass(frozen=True, slots=True)
class Attached:
    """An attached image, as far as words can name it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """``why`` is a short phrase for the page: how the images were chosen."""

    ids: tuple[str, ...]
    why: str


def choose_images(question: str, images: Sequence[Attached]) -> Choice:
    """The images to send with ``question``; ``images`` are in the order they were attached."""
    everything = Choice(tuple(image.id for image in images), "all attached" if images else "")
    if len(images) < 2 or _ALL.search(question):
        return everything
    for choose in (_by_number, _by_time, _by_name, _by_pointing):
        if choice := choose(question, images):
            return choice
    return everything


def _by_number(question: str, images: Sequence[Attached]) -> Choice | None:
    places: list[int] = []
    for match in _NUMBERED.finditer(question):
        places += [_number(word) for word in re.findall(r"\w+", match[1]) if word.casefold() != "and"]
    for match in _ORDINAL.finditer(question):
        word = match[1].casefold()
        places.append(len(images) if word == "last" else ORDINALS.index(word) + 1)
    if not places or not all(1 <= place <= len(images) for place in places):
        return None
    ids = tuple(images[place - 1].id for place in sorted(set(places)))
    return Choice(ids, "named by number")


def _by_time(question: str, images: Sequence[Attached]) -> Choice | None:
    prior, current = bool(_PRIOR.search(question)), bool(_CURRENT.search(question))
    if prior == current:
        return None
    named = [image for image in images if (_OLD_NAME if prior else _NEW_NAME).search(image.name)]
    if len(named) == 1:
        return Choice((named[0].id,), "the prior, by its name" if prior else "the current one, by its name")
    dated = sorted((date, image) for image in images if (date := _date(image.name)))
    if len(dated) == len(images) and dated[0][0] != dated[-1][0]:
        image = (dated[0] if prior else dated[-1])[1]
        return Choice((image.id,), "the prior, by its date" if prior else "the newest, by its date")
    return None


def _by_name(question: str, images: Sequence[Attached]) -> Choice | None:
    said = set(_WORD.findall(question.casefold())) - _COMMON
    named = [set(_WORD.findall(image.name.casefold())) for image in images]
    hits = [sum(word in words for words in named) for word in said]
    if not any(count == 1 for count in hits):
        return None
    ids = tuple(
        image.id
        for image, words in zip(images, named, strict=True)
        if any(word in words and sum(word in other for other in named) == 1 for word in said)
    )
    return Choice(ids, "named in the question") if len(ids) < len(images) else None


def _by_pointing(question: str, images: Sequence[Attached]) -> Choice | None:
    if not _THIS.search(question):
        return None
    return Choice((images[-1].id,), "this one: the last one attached")


def _number(word: str) -> int:
    return int(word) if word.isdigit() else NUMBERS.index(word.casefold()) + 1


def _date(name: str) -> str:
    match = _DATE.search(name)
    return "".join(match.groups()) if match else ""
