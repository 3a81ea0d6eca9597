"""The report: hand edits from the page, and updates to the page. Pure."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from assistant.conversation.types import (
    Action,
    Emit,
    KeepCorrectedWords,
    ReportCommanded,
    ReportEdited,
    refused,
)
from assistant.dictation.alignment import Excerpt, SpokenWords
from assistant.dictation.commands import HELP
from assistant.dictation.dictation import Dictation
from assistant.dictation.document import Document, Field, Position, Range, Run, Section
from assistant.dictation.editor import changed_runs, text_difference
from assistant.dictation.formatter import Formatter
from assistant.dictation.library import Library
from assistant.dictation.own_words import OwnWords, is_new, own_word
from assistant.dictation.written import Doubt
from assistant.errors import BadInput
from assistant.events import (
    CommandDone,
    CommandHelp,
    DocumentChanged,
    DocumentPatched,
    DoubtPart,
    FieldPart,
    LibraryRead,
    PositionPart,
    RangePart,
    RunPart,
    SectionPart,
    SectionPatch,
    TextPatch,
    WordOffered,
    WordPlace,
)
from assistant.events.patching import MOST_APPLIED, moved, place

SHORT = 4_000
"""A report up to this size in bytes, roughly, is sent whole with every change."""
RUN_BYTES = 100
"""Size of a run as JSON, without its text."""
MOST_CHARS = 2_000_000
"""Most characters of a report with typed text. Ten hours of speech are a quarter of this."""


class Report:
    """The dictation, its spoken words, and the revision that the page has."""

    def __init__(self, mark_below: float) -> None:
        """Words heard with less confidence than ``mark_below`` are doubtful."""
        self.dictation = Dictation(Formatter())
        self.spoken = SpokenWords()
        self.dictation.readings = lambda document, where: self.spoken.readings(
            document.sections, where.section_id, where.start, where.end
        )
        self._mark_below = mark_below
        self._style: dict[str, str] = {}
        self._offered: set[str] = set()  # words that were offered for the own words
        self._applied: deque[str] = deque(maxlen=MOST_APPLIED)  # a page has one edit under way at a time
        self._shown = self.dictation.document
        self._shown_applied: tuple[str, ...] = ()
        self._shown_runs: Counter[str | None] = Counter()  # how many runs each utterance has
        self._whole_bytes = self._patched_bytes = 0  # of the last whole report, and of the patches since

    def words(self) -> list[WordPlace]:
        """The spoken words of the report whose places are known."""
        return self.spoken.place(self.dictation.document.sections)

    def doubtful(self) -> list[WordPlace]:
        """The words heard with too little confidence."""
        return self.spoken.place(self.dictation.document.sections, below=self._mark_below)

    def changed(self) -> list[Action]:
        """The report event, if the report changed since the last one.

        The whole report is sent when the patches since the last one are together as long: so what is sent and
        stored grows with what was changed, and who comes back has as much to read at most twice.
        """
        document = self.dictation.document
        if document.revision == self._shown.revision and tuple(self._applied) == self._shown_applied:
            return []
        event: DocumentChanged | DocumentPatched
        changes = _changes(self._shown, document)
        patches = [_patch(each) for each in changes or ()]
        size = 2 * RUN_BYTES + sum(map(_bytes, patches))
        if changes is None or self._whole_bytes < SHORT or self._patched_bytes + size > self._whole_bytes:
            doubtful = self.doubtful()
            event = document_changed(self.dictation, self._applied, doubtful)
            runs = [run for section in document.sections for run in section.runs]
            self._shown_runs = Counter(run.item_id for run in runs)
            self._whole_bytes = sum(len(run.text) + RUN_BYTES for run in runs)
            self._whole_bytes += RUN_BYTES * len(doubtful)
            self._patched_bytes = 0
        else:
            event = self._patched(document, changes, patches)
            self._patched_bytes += size + RUN_BYTES * (len(event.sure) + len(event.doubtful))
        self._shown, self._shown_applied = document, tuple(self._applied)
        return [Emit(event)]

    def _patched(
        self, document: Document, changes: "list[_Changed]", patches: list[SectionPatch]
    ) -> DocumentPatched:
        sure, doubtful = self._doubts_changed(document, changes, patches)
        editor, selected = self.dictation.editor, selected_parts(document)
        return DocumentPatched(
            base=self._shown.revision,
            revision=document.revision,
            sections=patches,
            cursor=_position(document),
            selected=next(iter(selected), None),
            also_selected=selected[1:],
            can_undo=editor.can_undo,
            can_redo=editor.can_redo,
            applied=[each for each in self._applied if each not in self._shown_applied],
            sure=sure,
            doubtful=doubtful,
        )

    def _doubts_changed(
        self, document: Document, changes: "list[_Changed]", patches: list[SectionPatch]
    ) -> tuple[list[WordPlace], list[WordPlace]]:
        """The doubtful words that are none any more, and the new ones, of the items whose text changed."""
        before, after = ([run.item_id for each in changes for run in runs(each)] for runs in (_old, _new))
        items = {*before, *after} - {None}
        removed, here = Counter(before), self._shown_runs
        are_whole = all(here[item_id] == removed[item_id] for item_id in items)
        here.subtract(removed)
        here.update(after)
        if are_whole:  # so the other runs need not be looked at: there may be thousands
            old, new = ([each.excerpt(runs(each)) for each in changes] for runs in (_old, _new))
        else:
            old, new = (
                [Excerpt(each.id, 0, each.runs) for each in sections]
                for sections in (self._shown.sections, document.sections)
            )
        shown, found = (self.spoken.place_in(each, self._mark_below, items) for each in (old, new))
        for change, patch in zip(changes, patches, strict=True):
            if shown:
                shown = moved(shown, patch, [len(run.text) for run in change.before.runs])
        then = {place(word): word for word in shown}
        now = {place(word): word for word in found}
        return (
            [word for key, word in then.items() if key not in now],
            [word for key, word in now.items() if key not in then],
        )

    def go_on_from(self, told: DocumentChanged, taken: Iterable[tuple[str, str]]) -> None:
        """The report as a session before this one told it, and the utterances in it with their words."""
        self.dictation.go_on_from(_document(told), taken)
        self._applied.extend(told.applied)
        self._shown = self.dictation.document
        self._shown_applied = tuple(told.applied)

    def fill(self, told: DocumentChanged) -> None:
        """The text, fields, marks and doubts of another report. Its words were not said in this session."""
        other = _document(told)
        sections = tuple(
            replace(section, runs=tuple(map(_as_typed, section.runs))) for section in other.sections
        )
        self.dictation.editor.begin(replace(other, sections=sections))

    def use_style(self, changes: dict[str, str]) -> list[Action]:
        self._style |= changes
        self.dictation.use(self.dictation.formatter.styled(**self._style), self.dictation.library)
        return []

    def use_library(
        self, formatter: Formatter, library: Library, own: OwnWords | None = None
    ) -> list[Action]:
        """The clinician's files; a style that was chosen meanwhile still holds."""
        self.dictation.use(formatter.styled(**self._style), library, own)
        return [Emit(library_read(library))]

    def corrected(self) -> list[Action]:
        """Keep new corrections by a person; a word that is in no list is offered for the own words, once."""
        actions: list[Action] = []
        for each in self.dictation.corrected:
            actions.append(KeepCorrectedWords(each.heard, each.written))
            word = each.written.lower()
            if word not in self._offered and is_new(each.written, self.dictation.formatter.own_words):
                self._offered.add(word)
                sounds = [each.heard.lower()]
                try:
                    own_word(each.written, sounds)
                except BadInput:
                    sounds = []
                actions.append(Emit(WordOffered(word=each.written, sounds_like=sounds)))
        self.dictation.corrected.clear()
        return actions

    def edit(self, fact: ReportEdited) -> list[Action]:
        edit = fact.edit
        if edit.event_id in self._applied:
            return []  # sent again, since the connection was lost before its answer
        try:
            self._check_room(len(edit.text))
            where = Range(edit.section_id, edit.start, edit.end)
            self.dictation.edit(edit.revision, where, edit.text)
        except BadInput as error:
            return [refused(error.code, error.message, edit.event_id)]
        if edit.event_id:
            self._applied.append(edit.event_id)
        return []

    def press(self, fact: ReportCommanded) -> list[Action]:
        button = fact.command
        try:
            self._check_room(len(button.text or ""))
            before = self.dictation.document
            message = self.dictation.press(button)
        except BadInput as error:
            return [refused(error.code, error.message, button.event_id)]
        if button.event_id and button.command == "place_cursor":
            self._applied.append(button.event_id)
        if not message:
            return []
        changed = self.dictation.document.sections != before.sections
        return [Emit(CommandDone(command=button.command, message=message, changed=changed))]

    def _check_room(self, chars: int) -> None:
        """Raises ``BadInput``: ``report_too_long``. Speech is never refused."""
        if chars and chars + sum(section.length for section in self.dictation.document.sections) > MOST_CHARS:
            raise BadInput(
                f"The report has {MOST_CHARS} characters, and no room for more. Start a new report.",
                code="report_too_long",
            )


class _Changed(NamedTuple):
    """A section whose runs from number ``at`` on changed from ``old`` to ``new``."""

    before: Section
    after: Section
    at: int
    old: Sequence[Run]
    new: Sequence[Run]

    def excerpt(self, runs: Sequence[Run]) -> Excerpt:
        """``old`` or ``new``, with its place."""
        return Excerpt(self.after.id, self.after.start_of(self.at), runs)


def _old(change: _Changed) -> Sequence[Run]:
    return change.old


def _new(change: _Changed) -> Sequence[Run]:
    return change.new


def _changes(before: Document, after: Document) -> list[_Changed] | None:
    """The sections that changed; None where more than their text did."""
    if before.template != after.template or len(before.sections) != len(after.sections):
        return None
    pairs = list(zip(before.sections, after.sections, strict=True))
    if any((old.id, old.title) != (new.id, new.title) for old, new in pairs):
        return None
    return [
        _Changed(old, new, *changed_runs(old.runs, new.runs))
        for old, new in pairs
        if old.runs is not new.runs
    ]


def _patch(change: _Changed) -> SectionPatch:
    section_id, at, old, new = change.before.id, change.at, change.old, change.new
    if len(old) == len(new) == 1 and replace(old[0], text="") == replace(new[0], text=""):
        start, end, new_end = text_difference(old[0].text, new[0].text)
        text = TextPatch(start=start, end=end, text=new[0].text[start:new_end])
        return SectionPatch(section_id=section_id, at=at, text=text)
    return SectionPatch(section_id=section_id, at=at, drop=len(old), runs=[_run(run) for run in new])


def _bytes(patch: SectionPatch) -> int:
    """About its size as JSON."""
    text = len(patch.text.text) if patch.text else 0
    return RUN_BYTES + text + sum(len(run.text) + RUN_BYTES for run in patch.runs)


def document_changed(
    dictation: Dictation, applied: Iterable[str], doubtful: Iterable[WordPlace] = ()
) -> DocumentChanged:
    """The newest revision; ``applied`` are the event ids of the latest hand edits."""
    document, editor = dictation.document, dictation.editor
    selected = selected_parts(document)
    return DocumentChanged(
        revision=document.revision,
        sections=[
            SectionPart(id=section.id, title=section.title, runs=[_run(run) for run in section.runs])
            for section in document.sections
        ],
        cursor=_position(document),
        selected=next(iter(selected), None),
        also_selected=selected[1:],
        template=document.template,
        can_undo=editor.can_undo,
        can_redo=editor.can_redo,
        applied=list(applied),
        doubtful=list(doubtful),
    )


def _document(told: DocumentChanged) -> Document:
    """The values that ``document_changed`` was made from."""
    selected = [*filter(None, [told.selected]), *told.also_selected]
    return Document(
        sections=tuple(
            Section(each.id, each.title, tuple(map(_run_of, each.runs))) for each in told.sections
        ),
        cursor=Position(told.cursor.section_id, told.cursor.offset),
        selected=tuple(Range(part.section_id, part.start, part.end) for part in selected),
        revision=told.revision,
        template=told.template,
    )


def _run_of(part: RunPart) -> Run:
    field = Field(part.field.name, tuple(part.field.choices)) if part.field else None
    doubt = Doubt(part.doubt.reason, part.doubt.message, part.doubt.offer) if part.doubt else None
    return Run(part.text, part.item_id, part.origin, field, doubt)


def _as_typed(run: Run) -> Run:
    if run.origin == "gap":
        return run
    return replace(run, item_id=None, origin="typed" if run.origin == "voice" else run.origin)


def _position(document: Document) -> PositionPart:
    return PositionPart(section_id=document.cursor.section_id, offset=document.cursor.offset)


def selected_parts(document: Document) -> list[RangePart]:
    """The range that the next words replace."""
    return [
        RangePart(section_id=each.section_id, start=each.start, end=each.end) for each in document.selected
    ]


def _run(run: Run) -> RunPart:
    field = run.field and FieldPart(name=run.field.name, choices=list(run.field.choices))
    doubt = run.doubt and DoubtPart(reason=run.doubt.reason, message=run.doubt.message, offer=run.doubt.offer)
    return RunPart(text=run.text, item_id=run.item_id, origin=run.origin, field=field, doubt=doubt)


def library_read(library: Library) -> LibraryRead:
    """The event that lists templates, macros and words."""
    return LibraryRead(
        templates=[template.name for template in library.templates.values()],
        macros=[macro.name for macro in library.macros.values()],
        commands=[CommandHelp(say=say, does=does) for say, does in HELP],
        problems=[f"{problem.file}: {problem.message}" for problem in library.problems],
    )
