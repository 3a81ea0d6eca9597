"""Chooses the attached images that a question is about, and reads what it asks of them. Pure.

In doubt all of them: an image too many costs time, one too few gives a wrong answer. But a place is asked for
on one image, and change in the order of time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.engines.tasks import Comparison, Task
from assistant.imaging.timeline import Attached, in_time, is_new, is_old, timeline
from assistant.intents.wants import LAST, Wants, wants_of, words_of

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
    wants = wants_of(question)
    named = _named(wants, images, open_id)
    if named is None and wants.place and _any_one(wants, images):
        named = images[-1:], "the last one attached"
    chosen, why = named or (images, "all attached" if images else "")
    if len(chosen) == 1 < len(images):
        why = f"image {images.index(chosen[0]) + 1} of {len(images)}, {why}"
    if chosen and wants.table:
        return Choice(_ids(chosen), why, "labs")
    if len(chosen) > 1 and wants.comparison and all(each.one_picture for each in chosen):
        return _compared(wants, chosen, images)
    if wants.place and len(chosen) == 1 and chosen[0].one_picture:
        return Choice(_ids(chosen), why, "locate")
    return Choice(_ids(in_time(chosen)), why)


def _any_one(wants: Wants, images: Sequence[Attached]) -> bool:
    """Whether it may be about any one of them, and the last one is as good a guess as any."""
    return len(images) > 1 and not wants.several and all(each.one_picture for each in images)


def _ids(images: Sequence[Attached]) -> tuple[str, ...]:
    return tuple(image.id for image in images)


def _compared(wants: Wants, chosen: Sequence[Attached], images: Sequence[Attached]) -> Choice:
    order = timeline(chosen)
    ids = [_ids(exam) for exam in order.exams]
    places = {image.id: str(place) for place, image in enumerate(images, 1)}
    said = ", then ".join(" and ".join(places[each] for each in exam) for exam in ids)
    why = f"oldest first {order.by}: image{'s' * (len(chosen) > 1)} {said}"
    comparison = Comparison(tuple(ids), wants.since_first)
    return Choice(tuple(each for exam in ids for each in exam), why, "compare", comparison)


def _named(wants: Wants, images: Sequence[Attached], open_id: str) -> Found | None:
    """The images that the words name, in order of attachment; None if none or all are named."""
    if len(images) < 2:
        return None
    numbered = _by_number(wants, images)
    if wants.several:
        return numbered if numbered and len(numbered[0]) > 1 else None
    return (
        numbered or _by_time(wants, images) or _by_name(wants, images) or _by_pointing(wants, images, open_id)
    )


def _by_number(wants: Wants, images: Sequence[Attached]) -> Found | None:
    places = {len(images) if place == LAST else place for place in wants.places}
    if not places or not all(1 <= place <= len(images) for place in places):
        return None
    return [images[place - 1] for place in sorted(places)], "named by number"


def _by_time(wants: Wants, images: Sequence[Attached]) -> Found | None:
    prior = wants.prior
    if prior == wants.current:
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


def _by_name(wants: Wants, images: Sequence[Attached]) -> Found | None:
    named = [words_of(image.name) for image in images]
    telling = {word for word in wants.words if sum(word in words for words in named) == 1}
    found = [image for image, words in zip(images, named, strict=True) if telling & words]
    return (found, "named in the question") if found and len(found) < len(images) else None


def _by_pointing(wants: Wants, images: Sequence[Attached], open_id: str) -> Found | None:
    """The one that is looked at, whatever the words; else the last one where the words point."""
    for image in images:
        if image.id == open_id:
            return [image], "the one that is open"
    return (images[-1:], "the last one attached") if wants.points else None
