"""One session's report: turns dictation, commands and typing into changes. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from assistant.dictation import changes, corrections, desk, gaps, literals, pauses, punctuation
from assistant.dictation.alternatives import nearest_word
from assistant.dictation.commands import HEARD_NUMBERS, ROW, Refused
from assistant.dictation.correcting import choices_of, chosen
from assistant.dictation.desk import Command, Desk, Offered, Outcome, Readings, text_at
from assistant.dictation.document import Document, Place, Position, Range, Run
from assistant.dictation.editor import Editor, moved_position, signed
from assistant.dictation.formatter import Formatter
from assistant.dictation.gaps import Beside
from assistant.dictation.glued_numbers import glued_number_marks
from assistant.dictation.grammar import Grammar
from assistant.dictation.insertion import goes_on, insert_running, insert_spoken, open_section, run_together
from assistant.dictation.library import Library, spoken_key
from assistant.dictation.live import LiveWriter
from assistant.dictation.missing_numbers import missing_number_marks
from assistant.dictation.near_misses import near_miss_marks
from assistant.dictation.numbers import UNITS as NUMBERS
from assistant.dictation.own_words import OwnWords
from assistant.dictation.places import off_word
from assistant.dictation.spelling import spelled
from assistant.dictation.written import Written, inside
from assistant.errors import BadInput
from assistant.events import DocumentCommand

_CHANGE = {"accept": Editor.accept}
"""Commands that take marks of gaps away, with their way of changing the report; all others leave the marks."""


_NEARLY_REPLACES = re.compile(
    r"(?P<verb>correct|replace) (?P<old>\w[\w'’. -]*?) (?:to|two|too|toe|do|or|a|the|2|till|into|for|and|width|would|wit|which)"
    r" (?P<new>\w[\w'’.-]*?)\W*",
    re.I,
)
"""With what recognisers make of "to" and "with"."""

MOVES = frozenset({"go_to", "place_cursor", "next_field", "previous_field"})
"""The buttons that change no text."""


class Dictation:
    """The report and everything that changes it."""

    def __init__(
        self, formatter: Formatter | None = None, library: Library | None = None, *, in_sections: bool = True
    ) -> None:
        """Not ``in_sections``: one running text in the order in which it is said, such as a transcript."""
        self.editor = Editor()
        self._insert = insert_spoken if in_sections else insert_running
        self._places: dict[str, tuple[int, Position]] = {}
        self._under_way: dict[str, int | None] = {}  # utterances, with the names of their places, if held
        self._last_held = 0
        self.readings: Readings = lambda *_: ()
        """Other readings of the recogniser at a place; set from outside."""
        self._offered: Offered | None = None  # for the words that are selected
        self._spelling = False  # the letters of what is selected come next
        self._utterances: dict[str, None] = {}  # in the order in which they were taken
        self._says_marks = False  # the speaker says "period": no mark of the recogniser's counts
        self._paused: set[str] = set()  # utterances whose last full stop nobody spoke
        self._right: frozenset[str] = (
            frozenset()
        )  # words that were in doubt, and that a person said are right
        self.own = OwnWords()
        self._heard_rightly: frozenset[str] = frozenset()  # for which no own word is put in
        self.corrected: list[corrections.Correction] = []
        """Words that a person corrected; whoever reads them takes them away."""
        self._before_hand: Document | None = None  # the report before the hand edits that go on
        self._grammar_of: tuple[frozenset[str], Library] | None = None
        self.use(formatter or Formatter(), library or Library())

    def use(self, formatter: Formatter, library: Library, own: OwnWords | None = None) -> None:
        """Use these from now on; ``formatter`` has the clinician's options and words. Without ``own`` the own
        words stay as they are."""
        self.formatter, self.library = formatter, library
        if own is not None:
            self.own = own

    @property
    def document(self) -> Document:
        return self.editor.document

    # --- the places of utterances that are under way ---

    def begin(self, item_id: str) -> None:
        """An utterance begins: its words go where the cursor is now, wherever a hand puts the cursor meanwhile."""
        self._hands_off()
        self._under_way[item_id] = None

    def end(self, item_id: str) -> None:
        """An utterance is over, with or without words."""
        name = self._under_way.pop(item_id, None)
        if name is not None and name not in self._under_way.values():
            self.editor.hold({each: at for each, at in self.document.held.items() if each != name})

    @contextmanager
    def at_its_place(self, item_id: str) -> Iterator[None]:
        """While an utterance is taken, the cursor is where it belongs; then back, and the utterance is over.

        What the utterance does to the cursor holds for those that began after it at the same place."""
        self._join_places(item_id)
        name = self._under_way.get(item_id)
        if name is not None:
            self._swap(name)
        try:
            yield
        finally:
            if name is not None:
                self._swap(name)
            self.end(item_id)

    def _join_places(self, item_id: str) -> None:
        """Utterances whose places have become the same go on behind each other; so does the cursor."""
        name = self._under_way.get(item_id)
        if name is None:
            return
        place = self.document.held.get(name)
        same = {each for each, at in self.document.held.items() if at == place}
        to = None if place is None or place == self.document.place else name
        for item, held in self._under_way.items():
            if held == name or held in same:
                self._under_way[item] = to
        self.editor.hold({each: at for each, at in self.document.held.items() if each not in same - {to}})

    def _swap(self, name: int) -> None:
        """The cursor and a held place change their parts; a place that is gone, with its report, stays away."""
        document = self.document
        if name in document.held:
            self.editor.hold({**document.held, name: document.place})
            self.editor.move(self.document.at(document.held[name]))

    def _by_hand(self) -> None:
        """A hand changes the report or moves the cursor: the utterances under way stay where they are."""
        staying = [item_id for item_id, name in self._under_way.items() if name is None]
        if staying:
            self._last_held += 1
            self._under_way.update(dict.fromkeys(staying, self._last_held))
            self.editor.hold({**self.document.held, self._last_held: self.document.place})

    def _place_of(self, item_id: str) -> Place:
        name = self._under_way.get(item_id)
        return self.document.place if name is None else self.document.held.get(name, self.document.place)

    def go_on_from(self, document: Document, taken: Iterable[tuple[str, str]]) -> None:
        """The report as it was, and the utterances in it, in order, each with the words that were heard.
        Nothing can be undone at first."""
        self.editor = Editor(document)
        for item_id, words in taken:
            self._utterances[item_id] = None
            self._says_marks |= punctuation.says_full_stop(words)
            if pauses.end_mark(words):
                self._paused.add(item_id)

    def begin_section(self, title: str) -> None:
        """A new section at the end of the report, with the cursor in it."""
        last = self.document.sections[-1]
        self.editor.change(self.document.move(Position(last.id, last.length)).add_section(title))

    # --- utterances ---

    def heard(self, item_id: str) -> None:
        """Remember where the words of an utterance would go, whatever its intent."""
        self._places[item_id] = (self.document.revision, self.document.cursor)

    def live(self, item_id: str) -> LiveWriter:
        """A live writer for an utterance, at its place."""
        where = self._place_of(item_id).first
        before = self.document.section(where.section_id).text[: where.start]
        return LiveWriter(
            lambda words, continues: self._write(words, continues).text, continues=goes_on(before)
        )

    def lose(self, start_ms: int, duration_ms: int) -> None:
        """Mark at the cursor that sound was lost: its words would stand there. Undo leaves the mark."""
        document = self.document
        where = document.place.first
        at = Position(where.section_id, where.start)
        self.editor.mark(gaps.inserted(document, at, gaps.gap_run(gaps.gap_id(start_ms), duration_ms)))

    def take(
        self,
        item_id: str,
        words: str,
        *,
        cut: bool = False,
        lost_before: bool = False,
        lost_after: bool = False,
    ) -> str:
        """Insert an utterance at the cursor; returns its written form. ``cut``: the machine ended it.
        ``lost_before`` and ``lost_after``: sound was lost right beside it."""
        self.editor.move(off_word(self.document))
        self._spelling = False
        words = self._without_unspoken_marks(words, cut=cut)
        document = self._joined(words)
        if document is not self.document:
            words = pauses.lowered(words)
        write = self._writer(Beside(lost_before, lost_after))
        document, written = self._insert(document, item_id, words, write)
        self._utterances[item_id] = None
        if pauses.end_mark(words):
            self._paused.add(item_id)
        self.editor.change(document, item_id)
        return written

    def _without_unspoken_marks(self, words: str, *, cut: bool) -> str:
        """``words`` without the full stops that the recogniser wrote where no sentence ended."""
        self._says_marks |= punctuation.says_full_stop(words)
        words = pauses.within(words, says_marks=self._says_marks)
        end = pauses.end_mark(words)
        if end and (self._says_marks or cut or pauses.is_open(words)):
            words = words.removesuffix(end)
        cursor = self.document.cursor
        before = self.document.section(cursor.section_id).text[: cursor.offset]
        if goes_on(before) and self.document.item_at(
            Range(cursor.section_id, cursor.offset - 1, cursor.offset)
        ):
            words = pauses.lowered(words)
        return words

    def _joined(self, words: str) -> Document:
        """The report without the full stops at its end that ``words`` show to be pauses."""
        document = self.document
        section = document.section(document.cursor.section_id)
        at = document.cursor.offset
        if document.selected or section.text[at:].strip():
            return document
        stop = self._pause_before(document, len(section.text[:at].rstrip()))
        if stop is None or not pauses.is_joined(section.text[: stop + 1], words):
            return document
        stops = [stop]
        if re.match(r"(?:or|nor)\b", words, re.I):  # the end of a list: what paused before it belongs to it
            stops = self._pauses_back(document, stop)
            if not pauses.negates(pauses.last_sentence(section.text[: stops[-1]])):
                stops = [stop]
        for stop in stops:
            document = _without_stop(document, section.id, stop)
        return document.move(Position(section.id, len(document.section(section.id).text)))

    @property
    def settled(self) -> int:
        """Length of the section at the cursor that stays as it is while more is said at its end: up to the
        unspoken full stops that the next words may take out."""
        document = self.document
        text = document.section(document.cursor.section_id).text
        stop = self._pause_before(document, len(text.rstrip()))
        return len(text.rstrip()) if stop is None else self._pauses_back(document, stop)[-1]

    def _pauses_back(self, document: Document, stop: int) -> list[int]:
        """``stop``, and before it those of the fragments that it may be the last of."""
        text = document.section(document.cursor.section_id).text
        stops = [stop]
        while (start := text.rfind(". ", 0, stops[-1])) > 0:
            sentence = pauses.last_sentence(text[: stops[-1]])
            before = self._pause_before(document, start + 1)
            if before is None or pauses.negates(sentence) or not pauses.is_fragment(sentence):
                break
            stops.append(before)
        return stops

    def _pause_before(self, document: Document, end: int) -> int | None:
        """Place of the full stop right before ``end``, if nobody spoke it."""
        section = document.section(document.cursor.section_id)
        if end < 1 or section.text[end - 1] != ".":
            return None
        item_id = section.item_at(end - 1)
        if item_id is None or item_id not in self._paused:
            return None
        return end - 1 if document.ends_item(item_id, Position(section.id, end)) else None

    def put_back(
        self, item_id: str, words: str, *, lost_before: bool = False, lost_after: bool = False
    ) -> str:
        """Insert an utterance where the cursor was when it was heard, if that place is still there.

        If a command was wrongly made of it, what that did is undone first, unless more has happened since.
        Otherwise as ``take``.
        """
        if self.editor.last_cause == _cause(item_id):
            self.editor.undo()
            return self.take(item_id, words, lost_before=lost_before, lost_after=lost_after)
        cursor = self.document.cursor
        place = self._place(item_id)
        if place is None or place == cursor or self.document.selected:
            return self.take(item_id, words, lost_before=lost_before, lost_after=lost_after)
        write = self._writer(Beside(lost_before, lost_after))
        document, written = self._insert(self.document.move(place), item_id, words, write)
        self._utterances[item_id] = None
        self.editor.change(document.move(moved_position(cursor, self.document, document)), item_id)
        return written

    def retract(self, item_id: str) -> None:
        """The words of an utterance were a command: the report is as it was before them, if nothing came after."""
        if self.editor.last_cause == item_id:
            self.editor.undo()
        else:
            self.take_out(item_id)

    def take_out(self, item_id: str) -> None:
        """Remove an utterance's text from the report."""
        document = self.document.without_item(item_id)
        self.editor.change(document.move(moved_position(self.document.cursor, self.document, document)))

    def rewrite(self, item_id: str, text: str) -> None:
        """The text of an utterance, corrected by hand; empty takes it out. Raises ``BadInput``."""
        ranges = self.document.ranges_of(item_id)
        if not ranges:
            raise BadInput("The report has no text of this utterance.", code="item_unknown")
        if not text:
            return self.take_out(item_id)
        document = self.document
        for where in ranges[:0:-1]:
            document = document.replace(where, ())
        first = ranges[0]
        said = document.section(first.section_id).text[first.start : first.end]
        lead = said[: len(said) - len(said.lstrip())]
        document = document.replace(first, [Run(lead + text, item_id)])
        before = self.document
        self.editor.change(document.move(moved_position(self.document.cursor, self.document, document)))
        self._note_correction(before)
        return None

    # --- spoken commands ---

    def understand(self, words: str) -> Command | None:
        """The command that an utterance is, in this report; None when its words are text."""
        command = self.parse(words)
        return command if command and self.is_here(command) else None

    def parse(self, words: str) -> Command | None:
        """The command that an utterance is worded as."""
        if self._spelling and spelled(words) is not None:
            return Command("spell", text=words, said=words.casefold())
        return None if literals.begins(words) else self._grammar().parse(words)

    def is_here(self, command: Command) -> bool:
        """Whether the report has what a command names that is worded as clinicians also dictate."""
        return ROW[command.name].if_here(command, self.document, self._desk(None))

    def nearly(self, words: str) -> str | None:
        """A command that an utterance, which is none, comes close to and that can be done; as it would be said."""
        if literals.begins(words):
            return None
        if near := (
            self._nearly_replaces(words) or self._nearly_corrects(words) or self._nearly_chooses(words)
        ):
            return near
        return next((phrase for phrase in self._grammar().nearly(words) if self._is_possible(phrase)), None)

    def _is_possible(self, phrase: str) -> bool:
        command = self.understand(phrase)
        match ROW[command.name].does if command else None:
            case None | Refused():
                return False
            case "undo":
                return self.editor.can_undo
            case "redo":
                return self.editor.can_redo
            case "stop":
                return False  # without an answer there is nothing to stop
            case _:
                return True

    def _nearly_chooses(self, words: str) -> str | None:
        """ "Back two", while there is something to choose from."""
        found = re.fullmatch(r"\w+ (\w+)\W*", words.strip())
        number = HEARD_NUMBERS.get(found[1].lower(), found[1].lower()) if found else ""
        is_number = number in NUMBERS or number.isdigit()
        return f"choose {number}" if is_number and choices_of(self.document, self._desk(None)) else None

    def _nearly_replaces(self, words: str) -> str | None:
        """ "Correct left or right", where the report has "left": the word between the two was misheard."""
        found = _NEARLY_REPLACES.fullmatch(words.strip())
        if found is None or found["old"].casefold() not in self.document.text.casefold():
            return None
        verb = found["verb"].lower()
        phrase = f"{verb} {found['old']} {'to' if verb == 'correct' else 'with'} {found['new']}"
        return phrase if self._is_possible(phrase) else None

    def _nearly_corrects(self, words: str) -> str | None:
        """ "Correct metoprolol", where the report has "metaprolol"."""
        found = re.fullmatch(r"(correct|select) (?:the word )?(\w[\w'’-]*)\W*", words.strip(), re.I)
        if found is None:
            return None
        text = "\n".join(section.text for section in self.document.sections)
        near = nearest_word(found[2], re.findall(r"[^\W\d_][\w'’-]+", text))
        return f"{found[1].lower()} {near}" if near else None

    def obey(self, item_id: str, command: Command) -> Outcome:
        """Raises ``BadInput``, with a message for people, when it cannot be done; then nothing has changed."""
        match ROW[command.name].does:
            case "undo":
                self.undo()
                return Outcome(self.document, "Undone.")
            case "redo":
                self.redo()
                return Outcome(self.document, "Done again.")
            case Refused(message):
                raise BadInput(message, code="command_refused")
            case "stop" | "sleep" | "wake" | "help":
                raise BadInput("This is not a command of the report.", code="command_refused")
            case change:
                self._hands_off()
                before = self.document
                outcome = change(command, before, self._desk(item_id))
                if self.editor.is_locked and _text_of(outcome.document) != _text_of(self.document):
                    raise signed()
                self._spelling = command.name == "spell" and not command.text
                self._offer(outcome)
                if command.name == "insert":
                    self._utterances[item_id] = None  # "scratch that" takes the macro out
                change_to = Editor.begin if outcome.begins else _CHANGE.get(command.name, Editor.change)
                change_to(self.editor, outcome.document, _cause(item_id))
                if command.name in ("choose", "spell"):
                    self._note_correction(before)
                return outcome

    def _offer(self, outcome: Outcome) -> None:
        selected = outcome.document.selected
        if outcome.choices and selected:
            text = text_at(outcome.document, selected[0])
            self._offered = Offered(selected[0], text, outcome.choices)

    def undo(self) -> None:
        """Raises ``BadInput`` (``nothing_to_undo``, ``report_signed``)."""
        if self.editor.is_locked:
            raise signed()
        if not self.editor.undo():
            raise BadInput("There is nothing to undo.", code="nothing_to_undo")

    def redo(self) -> None:
        """Raises ``BadInput`` (``nothing_to_redo``, ``report_signed``)."""
        if self.editor.is_locked:
            raise signed()
        if not self.editor.redo():
            raise BadInput("There is nothing to redo.", code="nothing_to_redo")

    # --- by hand ---

    def edit(self, revision: int, where: Range, text: str) -> None:
        """A hand edit. Raises as ``Editor.edit`` does."""
        self._by_hand()
        before = self.document
        self.editor.edit(revision, where, text)
        self._before_hand = self._before_hand or before

    def _hands_off(self) -> None:
        """Typing has come to an end: what it did may have been a correction."""
        if self._before_hand is not None:
            self._note_correction(self._before_hand)

    def _note_correction(self, before: Document) -> None:
        self._before_hand = None
        if (correction := corrections.corrected(before, self.document)) is not None:
            self.corrected.append(correction)

    def press(self, button: DocumentCommand) -> str:
        """Carry out a button's command; returns a message for the user, or nothing. Raises ``BadInput``."""
        if button.command != "place_cursor":
            self._hands_off()
        before = self.document
        message = self._press(button)
        if button.command in ("choose", "confirm"):
            self._note_correction(before)
        elif self._before_hand and not corrections.goes_on(self._before_hand, self.document):
            self._hands_off()
        return message

    def _press(self, button: DocumentCommand) -> str:
        if self.editor.is_locked:
            if button.command in MOVES:
                return ""
            raise signed()
        self._by_hand()
        match button.command:
            case "undo":
                self.undo()
            case "redo":
                self.redo()
            case "go_to":
                section = self.document.section(button.section_id or "")
                self.editor.move(self.document.move(Position(section.id, len(section.text))))
            case "place_cursor":
                self._place_cursor(button)
            case "next_field" | "previous_field":
                where = desk.field_from(self.document, forward=button.command == "next_field")
                self.editor.move(self.document.select(where))
            case "new_report":
                outcome = (
                    changes.replace_by(self.library.template(button.name))
                    if button.name
                    else changes.new_report(Command("new_report"), self.document, self._desk(None))
                )
                self.editor.begin(outcome.document)
                return outcome.message
            case "insert_template":
                template = self.library.template(button.name or "")
                self.editor.change(changes.insert_template(self.document, template))
                return f"Added the sections of {template.name}."
            case "insert_macro":
                macro = self.library.macro(button.name or "")
                if macro is None:
                    raise BadInput("There is no such macro.", code="macro_unknown")
                self.editor.change(changes.insert_macro(self.document, macro, None))
                return f"Inserted “{macro.name}”."
            case "insert_text" if button.origin == "gap":  # of a session that the server has lost
                self._put_back_gap(button)
            case "insert_text":
                self.insert([Run(button.text or "", origin=button.origin)], section=button.name)
            case "choose":
                self._choose(self._pressed(button), button.text or "")
            case "confirm":
                self._confirm(self._pressed(button), button.text or "")
        return ""

    def insert(self, runs: Sequence[Run], cause: str | None = None, section: str | None = None) -> None:
        """Insert runs at the cursor, or at the end of a section, set off by a space where words would run together."""
        document = self.document if section is None else open_section(self.document, section)
        document, where = off_word(document).ready()
        text = document.section(where.section_id).text
        before, new, after = text[: where.start], "".join(run.text for run in runs), text[where.end :]
        lead = [Run(" ", origin=runs[0].origin)] if run_together(before, new) else []
        tail = [Run(" ", origin=runs[0].origin)] if run_together(new, after) else []
        self.editor.change(document.replace(where, [*lead, *runs, *tail]), cause)

    def _put_back_gap(self, button: DocumentCommand) -> None:
        document = self.document if button.name is None else open_section(self.document, button.name)
        run = gaps.gap_run_of(f"gap_of_revision_{document.revision}", (button.text or "").strip())
        self.editor.mark(gaps.inserted(document, document.cursor, run))

    def _place_cursor(self, button: DocumentCommand) -> None:
        """Put the cursor, or a selection, where the browser has it. Fields and the marks of gaps are selected as a
        whole: a cursor in a field selects it, one in a mark goes behind it."""
        revision = self.document.revision if button.revision is None else button.revision
        start = Position(button.section_id or "", button.offset or 0)
        end = start
        if button.end is not None:
            end = Position(button.end_section_id or start.section_id, button.end)
        start, end = self.editor.position_now(revision, start), self.editor.position_now(revision, end)
        document = self.document
        if start != end:
            place = document.between(start, end)
            whole = tuple(self._widened(each) for each in place.selected)
            if whole:
                place = Place(Position(whole[-1].section_id, whole[-1].end), whole)
            self.editor.move(document.at(place))
            return
        field = self._field_at(Range(start.section_id, start.offset, start.offset))
        self.editor.move(document.select(field) if field else document.move(gaps.outside(document, start)))

    def _widened(self, where: Range) -> Range:
        """With the whole of each field and each mark of a gap that it cuts."""
        section = self.document.section(where.section_id)
        start, end, at = where.start, where.end, 0
        for run in section.runs:
            last = at + len(run.text)
            if (run.field or run.origin == "gap") and at < where.end and where.start < last:
                start, end = min(start, at), max(end, last)
            at = last
        return Range(where.section_id, start, end)

    def _field_at(self, where: Range) -> Range | None:
        fields = (place for place, _ in self.document.fields() if place.section_id == where.section_id)
        return next((place for place in fields if place.start <= where.start < place.end), None)

    def _choose(self, where: Range, text: str) -> None:
        """Fill the field at a place, or take one of the words that were offered for it. Raises ``BadInput``."""
        place = self._field_at(where)
        if place is None and self._offered is not None and self._offered.where.start == where.start:
            is_there = text_at(self.document, self._offered.where) == self._offered.text
            place = self._offered.where if is_there and text in self._offered.choices else None
        if place is None:
            raise BadInput("There is no field here any more.", code="no_field")
        self.editor.change(chosen(self.document, place, Run(text, origin="typed")))

    def _confirm(self, where: Range, text: str) -> None:
        """A person has looked at a text in doubt: it is right, or ``text`` is. Raises ``BadInput``."""
        doubts = (each for each in self.document.doubts() if each[0].section_id == where.section_id)
        found = next((each for each in doubts if each[0].start <= where.start < each[0].end), None)
        if found is None and not text and (answer := self._answer_at(where)):
            self._accept_answer(answer)
            return
        if found is None:
            raise BadInput("There is nothing in doubt here any more.", code="no_doubt")
        place, run = found
        if run.origin == "gap" and not text:
            document = self.document.delete(place)
            document = document.move(moved_position(self.document.cursor, self.document, document))
            self.editor.accept(document)
            return
        if not text and run.doubt is not None and run.doubt.reason in ("near_miss", "glued_number"):
            self._right |= frozenset(run.text.lower().split())
        if run.doubt is not None and run.doubt.reason == "own_word" and text == run.doubt.offer:
            self._heard_rightly |= {" ".join(text.lower().split())}
        new = replace(run, text=text, origin="typed", doubt=None) if text else replace(run, doubt=None)
        document = self.document.replace(place, [new])
        self.editor.change(document.move(moved_position(self.document.cursor, self.document, document)))

    def _answer_at(self, where: Range) -> list[tuple[Range, Run]]:
        """The runs of an answer of the assistant around a place; they stand side by side."""
        found: list[tuple[Range, Run]] = []
        at = 0
        for run in self.document.section(where.section_id).runs:
            place = Range(where.section_id, at, at + len(run.text))
            at = place.end
            if run.origin == "answer":
                found.append((place, run))
            elif found and found[0][0].start <= where.start < place.start:
                break
            else:
                found = []
        return found if found and found[0][0].start <= where.start < found[-1][0].end else []

    def _accept_answer(self, answer: list[tuple[Range, Run]]) -> None:
        """A person says that the text of an answer is right: it is theirs from now on."""
        document, place = self.document, self.document.place
        for where, run in answer:
            document = document.replace(where, [replace(run, origin="typed")])
        self.editor.change(document.at(place))

    def _pressed(self, button: DocumentCommand) -> Range:
        revision = self.document.revision if button.revision is None else button.revision
        offset = button.offset or 0
        return self.editor.rebased(revision, Range(button.section_id or "", offset, offset))

    # --- what the rest needs ---

    def _write(self, words: str, continues: bool) -> Written:
        said, kept = literals.hold(words)
        return literals.put_back(self.formatter.write(said, continues=continues), kept, continues=continues)

    def _write_with_doubts(self, words: str, continues: bool) -> Written:
        """Beside what the writing itself leaves in doubt, words that are nearly a drug or a place, or that have
        a number glued in, and units without a number."""
        written = self.own.put_in(self._write(words, continues), self._heard_rightly)
        right = self.formatter.own_words | self._right
        text = written.text
        marks = [*near_miss_marks(text, right), *glued_number_marks(text, right)]
        marks += [
            bare
            for bare in missing_number_marks(text)
            if not any(each.start < bare.end and bare.start < each.end for each in marks)
        ]
        return replace(written, marks=inside([*written.marks, *marks], len(written.text)))

    def _writer(self, beside: Beside) -> Callable[[str, bool], Written]:
        def write(words: str, continues: bool) -> Written:
            return gaps.in_doubt_beside_gaps(self._write_with_doubts(words, continues), beside)

        return write

    def _desk(self, item_id: str | None) -> Desk:
        return Desk(
            self.library,
            tuple(self._utterances),
            self._write_with_doubts,
            item_id,
            self.readings,
            self.formatter.written_words,
            self._offered,
        )

    def _grammar(self) -> Grammar:
        titles = frozenset(spoken_key(section.title) for section in self.document.sections if section.title)
        if self._grammar_of is None or self._grammar_of != (titles, self.library):
            self._grammar_of = (titles, self.library)
            self._made_grammar = Grammar(titles, self.library.macros)
        return self._made_grammar

    def _place(self, item_id: str) -> Position | None:
        if item_id not in self._places:
            return None
        revision, place = self._places[item_id]
        try:
            where = self.editor.rebased(revision, Range(place.section_id, place.offset, place.offset))
        except BadInput:
            return None
        return Position(where.section_id, where.start)


def _without_stop(document: Document, section_id: str, stop: int) -> Document:
    """The full stop at ``stop`` taken out, and the capital behind it."""
    text = document.section(section_id).text
    rest = text[stop + 1 :]
    lower = pauses.lowered(rest)
    if lower != rest:
        at = next(i for i, (a, b) in enumerate(zip(rest, lower, strict=True)) if a != b)
        where = Range(section_id, stop + 1 + at, stop + 2 + at)
        document = document.replace(
            where, [Run(lower[at], document.item_at(Range(section_id, where.end, where.end)))]
        )
    return document.replace(Range(section_id, stop, stop + 1), ())


def _text_of(document: Document) -> tuple[object, ...]:
    """All but where the cursor is."""
    return document.sections, document.template


def _cause(item_id: str) -> str:
    """The cause of a change made by a command."""
    return f"command {item_id}"
