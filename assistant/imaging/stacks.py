"""The slices of one series → the stacks that a person would look through, each in its order. Pure.

A series may hold several: echoes, b-values, energies, time points, heart phases, reconstructions, two
directions, a scout or a bolus test beside the scan. Slices that would lie in one place are told apart by what
their tags say of them, and none is thrown away for another: each becomes a stack with a name, the largest
first.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field

import numpy as np

from assistant.errors import BadInput
from assistant.imaging.dicom import TRAITS, Frame, Instance, Vector
from assistant.imaging.study import Problem
from assistant.imaging.volume import NOT_AXIAL

SAME_PLACE_MM = 1e-3
SAME_DIRECTION = 0.01
"""Difference of the cosines: half a degree."""
FEWEST_SLICES = 5
MOST_STACKS = 6
"""Stacks of one series that are attached by themselves; the others can be chosen."""
SPACING_DIFFERS = 0.05
MOST_FILLED = 4
"""Slices worked out between two that were taken; a wider gap stays one, since nobody knows what is in it."""
SIDE_BY_SIDE = 3.0
"""Acquisitions this many spacings apart, or fewer, are one scan."""
_ACROSS = {0: "sagittal", 1: "coronal", 2: "axial"}


@dataclass(frozen=True, slots=True)
class Slice:
    instance: Instance
    frame: Frame

    @property
    def source(self) -> str:
        several = len(self.instance.frames) > 1
        return f"{self.instance.name}, frame {self.frame.index + 1}" if several else self.instance.name


@dataclass(slots=True)
class Stack:
    """``label`` is empty where the series has but one."""

    slices: list[Slice]
    label: str = ""
    number: int = 0
    """Among those of the series, from 1; 0 where it has but one."""
    notes: list[str] = field(default_factory=list)
    between: list[int] = field(default_factory=list)
    """Slices to be worked out in each gap so that the stack is to scale; empty where its spacing is even."""


@dataclass(frozen=True, slots=True)
class Stacks:
    """The stacks of one series: those to attach, the name of each that it has (empty where it has but one),
    and the files that belong to none."""

    chosen: list[Stack]
    names: tuple[str, ...]
    problems: list[Problem]


def stacks_of(slices: list[Slice], number: int = 0) -> Stacks:
    """The first ``MOST_STACKS`` of a series, or the one of this number. Raises ``BadInput``:
    ``dicom_size_mixed``, ``dicom_orientation_mixed`` where there is none, ``stack_unknown``."""
    problems: list[Problem] = []
    if not all(each.frame.position and each.frame.orientation for each in slices):
        return Stacks([_without_places(slices, problems)], (), problems)
    groups = _groups(slices, problems)
    stacks: list[Stack] = []
    left_out: list[str] = []
    for name, members in groups:
        for label, part in _parts(members):
            words = ", ".join(filter(None, (name if len(groups) > 1 else "", *label)))
            stacks.append(Stack(part, words))
    largest = max(len(stack.slices) for stack in stacks)
    kept = [stack for stack in stacks if len(stack.slices) >= FEWEST_SLICES or largest < FEWEST_SLICES]
    kept.sort(key=lambda stack: -len(stack.slices))
    rest = sorted((stack for stack in stacks if stack not in kept), key=lambda stack: -len(stack.slices))
    small = Counter(_kind_of_rest(stack) for stack in rest for _ in stack.slices)
    names = tuple(_name(stack) for stack in (*kept, *rest))
    left_out += [f"Left out: {count} {what}." for what, count in small.items()]
    if more := kept[MOST_STACKS:]:
        others = "; ".join(stack.label for stack in more[:MOST_STACKS])
        others += f" and {len(more) - MOST_STACKS} more" if len(more) > MOST_STACKS else ""
        left_out.append(
            f"Of {len(kept)} stacks of the series {MOST_STACKS} are attached. Not attached: {others}."
        )
    kept[0].notes += left_out
    if len(names) > 1:
        for place, stack in enumerate((*kept, *rest), 1):
            stack.number = place
    if number:
        chosen = [stack for stack in (*kept, *rest) if stack.number == number]
        if not chosen:
            raise BadInput("There is no such stack in the series.", code="stack_unknown")
    else:
        chosen = kept[:MOST_STACKS]
    for stack in chosen:
        stack.slices, doubles = _by_place(stack.slices)
        if doubles:
            stack.notes.append(f"Left out: {doubles} more of the same places.")
        _note_geometry(stack)
        _note_few(stack)
        if len(kept) == 1 and stack is kept[0]:
            stack.label = ""
    return Stacks(chosen, names if len(names) > 1 else (), problems)


def _name(stack: Stack) -> str:
    count = len(_at_places(stack.slices))
    return f"{stack.label or 'without a name'} · {count} slice{'s' * (count != 1)}"


def _kind_of_rest(stack: Stack) -> str:
    if all(each.instance.derived for each in stack.slices):
        return "that were made from others of the series"
    return "of other acquisitions or kinds in the same places"


def _note_few(stack: Stack) -> None:
    if len(stack.slices) < FEWEST_SLICES:
        stack.notes.append(f"Fewer than {FEWEST_SLICES} slices: MedGemma was trained on more.")


def _without_places(slices: list[Slice], problems: list[Problem]) -> Stack:
    """Originals before what was made of them, in the order of their numbers."""
    notes: list[str] = []
    given = len(slices)
    if originals := [each for each in slices if not each.instance.derived]:
        slices = originals
    if left_out := given - len(slices):
        notes.append(f"Left out: {left_out} that were made from others of the series.")
    slices = _majority(slices, _size, "dicom_size_mixed", "has another size", problems)
    slices = _majority(slices, _direction(), "dicom_orientation_mixed", "lies at another angle", problems)
    ordered = sorted(slices, key=lambda each: (each.instance.number, each.frame.index))
    if len(ordered) > 1:
        notes.append("The files do not say where their slices lie; they are in the order of their numbers.")
    stack = Stack(ordered, notes=notes)
    _note_few(stack)
    return stack


# --- what lies in one direction ---


def _groups(slices: list[Slice], problems: list[Problem]) -> list[tuple[str, list[Slice]]]:
    """By size and direction, the largest first. Those that are too few for a stack become problems, unless
    all are."""
    direction = _direction()
    found: dict[Hashable, list[Slice]] = defaultdict(list)
    for each in slices:
        found[_size(each), direction(each)].append(each)
    groups = sorted(found.values(), key=len, reverse=True)
    large = [members for members in groups if len(members) >= FEWEST_SLICES]
    if not large:  # nothing to look through: what most of them are, or nothing
        slices = _majority(slices, _size, "dicom_size_mixed", "has another size", problems)
        slices = _majority(slices, _direction(), "dicom_orientation_mixed", "lies at another angle", problems)
        large = [slices]
    else:
        kept = {id(each) for members in large for each in members}
        sizes = {_size(each) for members in large for each in members}
        for each in slices:
            if id(each) not in kept:
                other = _size(each) not in sizes
                code = "dicom_size_mixed" if other else "dicom_orientation_mixed"
                what = "has another size" if other else "lies at another angle"
                message = f"{each.source} {what} than most of its series; it was left out."
                problems.append(Problem(each.instance.name, code, message))
    names = [_across(members[0]) for members in large]
    sized = [f"{members[0].instance.columns} × {members[0].instance.rows}" for members in large]
    return [
        (name if names.count(name) == 1 else f"{name} {size}", members)
        for name, size, members in zip(names, sized, large, strict=True)
    ]


def _across(each: Slice) -> str:
    assert each.frame.orientation
    normal = np.abs(_normal(each.frame.orientation))
    name = _ACROSS[int(np.argmax(normal))]
    return name if normal.max() > 0.9 else f"oblique {name}"


def _size(each: Slice) -> Hashable:
    return each.instance.rows, each.instance.columns


def _majority(
    slices: list[Slice], key: Callable[[Slice], Hashable], code: str, what: str, problems: list[Problem]
) -> list[Slice]:
    """The slices that agree; the others become problems. Raises ``BadInput`` with ``code`` if no more than
    half do."""
    counts = Counter(map(key, slices))
    (most, count), total = counts.most_common(1)[0], len(slices)
    if count * 2 <= total and len(counts) > 1:
        name = slices[0].instance.name
        raise BadInput(
            f"{name} and the {total - 1} other pictures of its series do not make one volume: each {what}. "
            "Attach one series of parallel slices.",
            code=code,
        )
    for each in slices:
        if key(each) != most:
            message = f"{each.source} {what} than most of its series; it was left out."
            problems.append(Problem(each.instance.name, code, message))
    return [each for each in slices if key(each) == most]


def _direction() -> Callable[[Slice], Hashable]:
    """A key that is the same for slices that are parallel, but for the last digits of their tags."""
    known: list[Vector] = []

    def key(each: Slice) -> Hashable:
        if not (orientation := each.frame.orientation):
            return None
        for index, other in enumerate(known):
            if all(abs(a - b) < SAME_DIRECTION for a, b in zip(orientation, other, strict=True)):
                return index
        known.append(orientation)
        return len(known) - 1

    return key


def _normal(orientation: Vector) -> Vector:
    """Across the slices, pointing to the head, the back or the left: whichever it is nearest to."""
    normal = np.cross(orientation[:3], orientation[3:])
    if normal[np.argmax(np.abs(normal))] < 0:
        normal = -normal
    return tuple(float(part) for part in normal)


def _place(each: Slice) -> float:
    assert each.frame.position and each.frame.orientation
    return float(np.dot(_normal(each.frame.orientation), each.frame.position))


# --- what lies in one place ---


def _parts(slices: list[Slice]) -> Iterator[tuple[list[str], list[Slice]]]:
    """Originals and what was made of them are never one stack."""
    derived = [each for each in slices if each.instance.derived]
    originals = [each for each in slices if not each.instance.derived]
    for made, part in ((False, originals), (True, derived)):
        for label, members in _split(part, 0) if part else []:
            yield ["made from others", *label] if made and originals else label, members


def _split(slices: list[Slice], first: int) -> Iterator[tuple[list[str], list[Slice]]]:
    """By the first trait that differs between slices in one place, then by the next ones."""
    places = _at_places(slices)
    for index in range(first, len(TRAITS)):
        values: dict[str, list[Slice]] = defaultdict(list)
        for each in slices:
            values[each.frame.traits[index]].append(each)
        if len(values) > 1 and _tells_apart(values, places):
            for value in sorted(values, key=_natural):
                for label, members in _split(values[value], index + 1):
                    yield [TRAITS[index].label.format(value or "?"), *label], members
            return
    runs = _acquisitions(slices)
    if len(runs) > 1:
        for number, run in runs:
            yield [f"acquisition {number}"], run
        return
    counts = {len(members) for members in places}
    if len(places) >= FEWEST_SLICES and len(counts) == 1 and (several := counts.pop()) > 1:
        times = [sorted(members, key=_moment) for members in places]
        if all(len({_moment(each)[0] for each in members}) == several for members in times):
            for rank in range(several):
                yield [f"time {rank + 1} of {several}"], [members[rank] for members in times]
            return
    yield [], slices


def _tells_apart(values: dict[str, list[Slice]], places: list[list[Slice]]) -> bool:
    """Whether slices in one place differ in it, and one of its values runs through most of the stack."""
    of = {id(each): value for value, members in values.items() for each in members}
    shared = any(len({of[id(each)] for each in members}) > 1 for members in places)
    most = max(len(_at_places(members)) for members in values.values())
    return shared and most * 2 >= len(places)


def _natural(value: str) -> tuple[float, str]:
    if not value:
        return float("-inf"), ""
    try:
        return float(value), ""
    except ValueError:
        return float("inf"), value


def _moment(each: Slice) -> tuple[float | str, int]:
    return each.frame.moment, each.instance.number


def _at_places(slices: list[Slice]) -> list[list[Slice]]:
    found: list[list[Slice]] = []
    last = -np.inf
    for each in sorted(slices, key=_place):
        if (place := _place(each)) - last > SAME_PLACE_MM:
            found.append([])
            last = place
        found[-1].append(each)
    return found


def _acquisitions(slices: list[Slice]) -> list[tuple[int, list[Slice]]]:
    """Those that lie side by side are one stack; of those that overlap each is one, the largest first, and of
    equal ones the last."""
    numbers: dict[int, list[Slice]] = defaultdict(list)
    for each in slices:
        numbers[each.instance.acquisition].append(each)
    if len(numbers) == 1:
        return []
    reach = SIDE_BY_SIDE * _spacing(slices)
    runs: list[tuple[int, list[Slice], list[tuple[float, float]]]] = []
    for number, members in sorted(numbers.items(), key=lambda item: (-len(item[1]), -item[0])):
        span = (min(map(_place, members)), max(map(_place, members)))
        for _, run, spans in runs:
            if not any(_overlap(span, other) for other in spans) and any(
                max(span[0], other[0]) - min(span[1], other[1]) <= reach for other in spans
            ):
                run.extend(members)
                spans.append(span)
                break
        else:
            runs.append((number, list(members), [span]))
    return [(number, run) for number, run, _ in runs]


def _spacing(slices: list[Slice]) -> float:
    gaps = np.diff([_place(members[0]) for members in _at_places(slices)])
    return float(np.median(gaps)) if len(gaps) else 0.0


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    if one[0] == one[1] or other[0] == other[1]:  # a single place, as a bolus test has
        return max(one[0], other[0]) <= min(one[1], other[1])
    return max(one[0], other[0]) < min(one[1], other[1])


def _by_place(slices: list[Slice]) -> tuple[list[Slice], int]:
    """Sorted, one a place, and how many that left out."""
    ordered: list[Slice] = []
    for each in sorted(slices, key=lambda each: (_place(each), each.instance.number, each.frame.index)):
        if not ordered or _place(each) - _place(ordered[-1]) > SAME_PLACE_MM:
            ordered.append(each)
    return ordered, len(slices) - len(ordered)


def _note_geometry(stack: Stack) -> None:
    """Note what is odd in how the slices lie; where their spacing changes, plan slices between them."""
    orientation = stack.slices[0].frame.orientation
    assert orientation
    if abs(_normal(orientation)[2]) < 0.9:
        stack.notes.append(NOT_AXIAL)
    gaps = np.diff([_place(each) for each in stack.slices])
    if len(gaps) < 2:
        return
    usual = float(np.median(gaps))
    odd = np.abs(gaps - usual) > max(SPACING_DIFFERS * usual, 2 * SAME_PLACE_MM)
    if not odd.any():
        return
    wholes = np.rint(gaps / usual)
    if (
        odd.sum() <= len(gaps) / 4
        and np.all(np.abs(gaps - wholes * usual)[odd] <= 0.1 * usual)
        and np.all(wholes[odd] >= 2)
        and np.convolve(odd, np.ones(3)).max() < 3  # as many in a row are another spacing
    ):
        stack.notes.append("Slices are missing: the gaps between them differ.")
        return
    note = f"The spacing of the slices is not even: {gaps.min():.3g} to {gaps.max():.3g} mm. "
    step = gaps[gaps >= usual / (MOST_FILLED + 1)].min()
    counts = [max(round(gap / step) - 1, 0) for gap in gaps.tolist()]
    stack.between = [count if count <= MOST_FILLED else 0 for count in counts]
    if filled := sum(stack.between):
        note += f"{filled} between them were worked out from their neighbours, and are labelled so. "
    if filled < sum(counts) or not filled:
        note += "They are shown one after the other, not to scale."
    stack.notes.append(note.strip())
