"""The report as a value: sections made of runs, and the cursor. Pure.

Offsets count code points in a section's text. Nothing here knows of time, undo or the wire.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate
from types import MappingProxyType

from assistant.dictation.plain_text import plain_text
from assistant.dictation.written import Doubt
from assistant.errors import BadInput
from assistant.events import Origin

LONGEST_RUN = 2_000
"""Characters up to which neighbours of one source become one run: versions of a report share the runs that did
not change, and a change is told in terms of the run that it is in."""
FIRST_SECTION = "text"
"""The id of the one section, without a title, of a report that no template gave a shape."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field, written ``[name]`` until it is filled; ``choices`` is its pick list, if any."""

    name: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one source. ``item_id`` names the utterance; ``field`` is set while the field is unfilled.

    ``doubt`` is set until a person has changed the text or said that it is right.
    """

    text: str
    item_id: str | None = None
    origin: Origin = "voice"
    field: Field | None = None
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True)
class Section:
    id: str
    title: str
    runs: tuple[Run, ...] = ()
    _text: str | None = field(default=None, init=False, compare=False, repr=False)

    @property
    def text(self) -> str:
        """Joined once. A changed section takes the text of the one before it, which is seldom asked again:
        undo keeps a thousand of those, and their texts would fill the memory."""
        if self._text is None:
            object.__setattr__(self, "_text", "".join([run.text for run in self.runs]))
        return self._text or ""

    def changed(self, where: "Range", new: str, runs: "tuple[Run, ...]") -> "Section":
        """With ``runs``, in which the text of ``where`` is ``new``."""
        text = self.text
        section = replace(self, runs=runs)
        object.__setattr__(section, "_text", text[: where.start] + new + text[where.end :])
        self.forget_text()
        return section

    def forget_text(self) -> None:
        """It is joined again when it is asked for."""
        object.__setattr__(self, "_text", None)

    def item_at(self, offset: int) -> str | None:
        """The utterance that the character at ``offset`` belongs to."""
        at, _ = _run_at(self.runs, offset, self.length)
        return self.runs[at].item_id if at < len(self.runs) else None

    @property
    def length(self) -> int:
        return len(self.text)

    def start_of(self, number: int) -> int:
        """Start of a run; for the number behind the last, the end of the text."""
        if number <= len(self.runs) // 2:
            return sum([len(run.text) for run in self.runs[:number]])
        return self.length - sum([len(run.text) for run in self.runs[number:]])

    def places(self, is_wanted: Callable[[Run], object]) -> "list[tuple[Range, Run]]":
        """The runs that are wanted, in order, each with its place. Quick where few are."""
        found = [(number, run) for number, run in enumerate(self.runs) if is_wanted(run)]
        ends = list(accumulate([len(run.text) for run in self.runs])) if found else []
        return [(Range(self.id, ends[n] - len(run.text), ends[n]), run) for n, run in found]


@dataclass(frozen=True, slots=True)
class Position:
    section_id: str
    offset: int


@dataclass(frozen=True, slots=True)
class Range:
    """``[start, end)`` of one section."""

    section_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Place:
    """The place where words go: they replace ``selected``, if anything is; ``cursor`` is then its end.

    A selection over several sections is a range in each of them, in the order of the report.
    """

    cursor: Position
    selected: tuple[Range, ...] = ()

    @property
    def first(self) -> Range:
        """The range that words replace, in the section where they go; empty at the cursor if nothing is selected."""
        at = self.cursor
        return self.selected[0] if self.selected else Range(at.section_id, at.offset, at.offset)

    def moved(self, where: Range, new_end: int) -> "Place":
        """This place after ``where`` became a text up to ``new_end``.

        Text that goes in right at the place stands behind it: words said before it was typed come before it.
        New text in a selection is no part of it: nobody selected that.
        """
        left = tuple(part for each in self.selected for part in _rest(each, where, new_end))
        if left:
            return Place(Position(left[-1].section_id, left[-1].end), left)
        at = Position(self.first.section_id, self.first.start)
        if at.section_id != where.section_id or at.offset <= where.start:
            return Place(at)
        return Place(Position(at.section_id, new_end + max(0, at.offset - where.end)))


def _rest(each: Range, where: Range, new_end: int) -> list[Range]:
    """The rest of a selected range."""
    if each.section_id != where.section_id:
        return [each]
    before = replace(each, end=min(each.end, where.start))
    after = Range(each.section_id, new_end + max(0, each.start - where.end), new_end + each.end - where.end)
    parts = [part for part in (before, after) if part.start < part.end]
    if len(parts) == 2 and before.end == after.start:
        return [Range(each.section_id, before.start, after.end)]
    return parts


@dataclass(frozen=True, slots=True)
class Document:
    """The next words replace ``selected``, if anything is; ``cursor`` is then its end.

    ``held`` are further places, by name, which stay with their text whatever changes around them: those of
    utterances that are still under way while the cursor has been put elsewhere.
    """

    sections: tuple[Section, ...] = (Section(FIRST_SECTION, ""),)
    cursor: Position = Position(FIRST_SECTION, 0)
    selected: tuple[Range, ...] = ()
    revision: int = 0
    template: str | None = None
    held: Mapping[int, Place] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def text(self) -> str:
        """As plain text."""
        return plain_text((section.title, section.text) for section in self.sections)

    @property
    def is_empty(self) -> bool:
        return not any(section.text.strip() for section in self.sections)

    def section(self, section_id: str) -> Section:
        """Raises ``BadInput`` (``section_unknown``)."""
        for section in self.sections:
            if section.id == section_id:
                return section
        raise no_such_section()

    @property
    def item_ids(self) -> list[str]:
        """The utterances with text in the report, in text order."""
        found = (run.item_id for section in self.sections for run in section.runs)
        return list(dict.fromkeys(item_id for item_id in found if item_id is not None))

    def fields(self) -> list[tuple[Range, Field]]:
        """The unfilled fields in order."""
        found = self.places(lambda run: run.field)
        return [(where, run.field) for where, run in found if run.field is not None]

    def doubts(self) -> list[tuple[Range, Run]]:
        """The texts that a person has to look at, in order."""
        return self.places(lambda run: run.doubt)

    def ranges_of(self, item_id: str) -> list[Range]:
        """The ranges that hold an utterance's text."""
        return [where for where, _ in self.places(lambda run: run.item_id == item_id)]

    def ends_item(self, item_id: str, at: Position) -> bool:
        """Whether the last text of an utterance that is in the report ends there."""
        for section in reversed(self.sections):
            end = section.length
            for run in reversed(section.runs):
                if run.item_id == item_id:
                    return (section.id, end) == (at.section_id, at.offset)
                end -= len(run.text)
        return False

    def places(self, is_wanted: Callable[[Run], object]) -> list[tuple[Range, Run]]:
        """As ``Section.places``, of all sections."""
        return [place for section in self.sections for place in section.places(is_wanted)]

    def item_at(self, where: Range) -> str | None:
        """The utterance that all of ``where``, or both sides of an empty one, belongs to."""
        section = self.section(where.section_id)
        start = max(0, where.start - (where.start == where.end))
        _, rest = _cut(section.runs, start, section.length)
        touched, _ = _cut(rest, max(where.end - where.start, 2), section.length - start)
        ids = {run.item_id for run in touched}
        return ids.pop() if len(ids) == 1 else None

    # --- what changes it; each gives a new document of the same revision ---

    def replace(self, where: Range, runs: Iterable[Run]) -> "Document":
        """``where`` becomes ``runs``; the cursor stands behind them, and nothing is selected.

        A field of which a part is taken away is a field no more: what is left of it is text. A doubt about a
        text is over when a part of that text is changed.
        Raises ``BadInput`` (``section_unknown``, ``range_invalid``).
        """
        section = self.section(where.section_id)
        if not 0 <= where.start <= where.end <= section.length:
            raise BadInput("The position is outside the section's text.", code="range_invalid")
        before, rest = _cut(section.runs, where.start, section.length)
        _, after = _cut(rest, where.end - where.start, section.length - where.start)
        new = tuple(runs)
        joined = (*before[:-1], *_joined((*before[-1:], *new, *after[:1])), *after[1:])
        text = "".join([run.text for run in new])
        offset = where.start + len(text)
        return replace(
            self._with_section(section.changed(where, text, joined)),
            cursor=Position(section.id, offset),
            selected=(),
            held={name: place.moved(where, offset) for name, place in self.held.items()},
        )

    def cleared(self) -> "Document":
        """Without what is selected, as ``delete`` does it; the cursor goes where that began."""
        document = self
        for where in reversed(self.selected):
            document = document.delete(where)
        return document

    def ready(self) -> tuple["Document", Range]:
        """The document that the next words go into, and the range that they replace. Text that is selected in
        further sections is taken out."""
        document = self
        for where in reversed(self.selected[1:]):
            document = document.replace(where, ())
        return document, self.place.first

    @property
    def place(self) -> Place:
        return Place(self.cursor, self.selected)

    def at(self, place: Place) -> "Document":
        """The document with the cursor and the selection there. Raises ``BadInput`` as ``move`` does."""
        return self.move(place.cursor, selected=place.selected)

    def between(self, start: Position, end: Position) -> Place:
        """All from ``start`` to ``end``, which stand in this order. Raises ``BadInput`` (``section_unknown``,
        ``range_invalid``)."""
        order = [section.id for section in self.sections]
        if start.section_id not in order or end.section_id not in order:
            raise no_such_section()
        first, last = order.index(start.section_id), order.index(end.section_id)
        if (first, start.offset) > (last, end.offset):
            raise BadInput("The end of the selection stands before its start.", code="range_invalid")
        ranges = [
            Range(
                section.id,
                start.offset if number == first else 0,
                end.offset if number == last else section.length,
            )
            for number, section in enumerate(self.sections)
            if first <= number <= last
        ]
        selected = tuple(each for each in ranges if each.start < each.end)
        return Place(Position(selected[-1].section_id, selected[-1].end) if selected else end, selected)

    def without_item(self, item_id: str) -> "Document":
        """The document without an utterance's text; the cursor goes to its place."""
        document = self
        while found := document.ranges_of(item_id):
            document = document.delete(found[-1])
        return document

    def delete(self, where: Range) -> "Document":
        """``where`` taken out, and a space that would be left double or at the start of a line with it."""
        text = self.section(where.section_id).text
        start, end = where.start, where.end
        before, after = text[:start], text[end:]
        if after.startswith(" ") and (not before or before[-1].isspace()):
            end += 1
        elif before.endswith(" ") and (not after or after[0] in " \n.,;:?!)"):
            start -= 1
        return self.replace(Range(where.section_id, start, end), ())

    def move(self, to: Position, *, selected: tuple[Range, ...] = ()) -> "Document":
        """The cursor elsewhere. Raises ``BadInput`` (``section_unknown``, ``range_invalid``)."""
        ends = [(each.section_id, each.end) for each in selected]
        for section_id, offset in [(to.section_id, to.offset), *ends]:
            if not 0 <= offset <= self.section(section_id).length:
                raise BadInput("The position is outside the section's text.", code="range_invalid")
        return replace(self, cursor=to, selected=selected)

    def select(self, where: Range) -> "Document":
        return self.move(Position(where.section_id, where.end), selected=(where,))

    def add_section(self, title: str) -> "Document":
        """A new section behind that of the cursor, which goes there. A blank untitled section gives way."""
        new = Section(unique_id(title, [section.id for section in self.sections]), title)
        at = [section.id for section in self.sections].index(self.cursor.section_id)
        current = self.sections[at]
        keep = bool(current.title or current.text.strip())
        sections = (*self.sections[: at + keep], new, *self.sections[at + 1 :])
        gone = None if keep else current.id
        held = {
            name: Place(Position(new.id, 0)) if place.cursor.section_id == gone else place
            for name, place in self.held.items()
        }
        return replace(self, sections=sections, cursor=Position(new.id, 0), selected=(), held=held)

    def _with_section(self, new: Section) -> "Document":
        return replace(self, sections=tuple(new if s.id == new.id else s for s in self.sections))


def no_such_section() -> BadInput:
    return BadInput("The report has no such section.", code="section_unknown")


def unique_id(title: str, taken: Iterable[str]) -> str:
    """``"Clinical history"`` → ``clinical_history``, with a number behind it if that is taken."""
    plain = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_") or "section"
    others, name, count = set(taken), plain, 2
    while name in others:
        name, count = f"{plain}_{count}", count + 1
    return name


def _cut(runs: tuple[Run, ...], offset: int, length: int) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    """Runs of ``length`` characters, cut in two. A field or a text in doubt that is cut is none any more."""
    index, start = _run_at(runs, max(0, offset), length)
    if offset <= start or index == len(runs):
        return runs[:index], runs[index:]
    run = runs[index]
    left = replace(run, text=run.text[: offset - start], field=None, doubt=None)
    right = replace(run, text=run.text[offset - start :], field=None, doubt=None)
    return (*runs[:index], left), (right, *runs[index + 1 :])


def _run_at(runs: tuple[Run, ...], offset: int, length: int) -> tuple[int, int]:
    """The number of the run that the character at ``offset`` is in, and where it begins. Looked for from the
    nearer end: most words come at the end of a long report."""
    if offset < length // 2:
        end = 0
        for number, run in enumerate(runs):
            start, end = end, end + len(run.text)
            if offset < end:
                return number, start
        return len(runs), end
    start = length
    for number in range(len(runs) - 1, -1, -1):
        end, start = start, start - len(runs[number].text)
        if start <= offset:
            return (number, start) if offset < end else (number + 1, end)
    return 0, start


def _joined(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """Without empty runs, and neighbours of one source made one, up to ``LONGEST_RUN``."""
    out: list[Run] = []
    for run in runs:
        if not run.text:
            continue
        last = out[-1] if out else None
        if (
            last
            and last.field is run.field is None
            and last.doubt is run.doubt is None
            and (last.item_id, last.origin) == (run.item_id, run.origin)
            and len(last.text) + len(run.text) <= LONGEST_RUN
        ):
            out[-1] = replace(last, text=last.text + run.text)
        else:
            out.append(run)
    return tuple(out)
