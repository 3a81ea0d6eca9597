"""Attached images in the order of time, and which of them are one examination. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_OLD_NAME = re.compile(r"(?<![a-z])(?:prior|previous|prev|old|baseline)(?![a-z])", re.I)
_NEW_NAME = re.compile(r"(?<![a-z])(?:current|new|today|now)(?![a-z])", re.I)
_DATE = re.compile(r"(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?([0-2]\d|3[01])(?!\d)")
DAY_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Attached:
    """An attached image, as far as it can be named, put in order, and asked for places."""

    id: str
    name: str
    one_picture: bool = True
    """See ``is_one_picture``."""
    taken: str = ""
    """By its tags, ``YYYYMMDDHHMMSS`` or empty."""
    exam: str = ""
    """The examination's identifier; empty if the file has none."""

    @property
    def day(self) -> str:
        """``YYYYMMDD``, by its tags or else its name; empty if neither says."""
        return self.taken[:DAY_DIGITS] or named_day(self.name)


def is_one_picture(kind: str, count: int) -> bool:
    """A photograph or an X-ray: no volume, no slide, no pages."""
    return count == 1 and kind in ("photo", "xray", "pictures")


@dataclass(frozen=True, slots=True)
class Timeline:
    """``by`` is a phrase for the page: what the order rests on."""

    exams: tuple[tuple[Attached, ...], ...]
    by: str


def timeline(images: Sequence[Attached]) -> Timeline:
    """The examinations, oldest first. By the dates of the tags, else of the names, else by words such as
    "prior" in them; where these do not settle it, as attached. A file's own date says when it was copied, so
    it counts for nothing.
    """
    exams = _exams(images)
    for key, by in (
        (lambda image: image.taken, "by the dates in the files"),
        (lambda image: image.day, "by the dates in the files and their names"),
        (lambda image: _age(image.name), "by their names"),
    ):
        keys = [min(map(key, exam)) for exam in exams]
        if all(keys) and len(set(keys)) == len(keys):
            ordered = [exam for _, exam in sorted(zip(keys, exams, strict=True), key=lambda pair: pair[0])]
            return Timeline(tuple(ordered), by)
    return Timeline(tuple(exams), "in the order in which they were attached")


def in_time(images: Sequence[Attached]) -> tuple[Attached, ...]:
    """All of them as they are read: by their times if all tell one, else as attached."""
    return tuple(sorted(images, key=lambda image: image.taken) if all(i.taken for i in images) else images)


def _exams(images: Sequence[Attached]) -> list[tuple[Attached, ...]]:
    """Groups by examination or by day; each alone if that would leave a single group."""
    groups: dict[str, list[Attached]] = {}
    for image in images:
        groups.setdefault(image.exam or image.day or image.id, []).append(image)
    if len(groups) == 1:
        return [(image,) for image in images]
    return [tuple(members) for members in groups.values()]


def _age(name: str) -> str:
    old, new = is_old(name), is_new(name)
    return "" if old == new else "1 old" if old else "2 new"


def is_old(name: str) -> bool:
    return bool(_OLD_NAME.search(name))


def is_new(name: str) -> bool:
    return bool(_NEW_NAME.search(name))


def named_day(name: str) -> str:
    match = _DATE.search(name)
    return "".join(match.groups()) if match else ""
