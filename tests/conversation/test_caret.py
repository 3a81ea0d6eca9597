"""The place of new words: they replace a selection, whatever is typed, clicked and said, in any order."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.conversation.core import Conversation
from assistant.conversation.types import (
    FinalHeard,
    ModeChosen,
    RecognitionFailed,
    ReportCommanded,
    ReportEdited,
    SpeechStarted,
)
from assistant.dictation.document import Document, Field, Position, Run, Section
from assistant.engines.scripted import ScriptedEngine
from assistant.events import DocumentChanged, DocumentCommand, DocumentEdit
from tests.conversation.talk import of

TEXTS = {"history": "cough since monday", "findings": "the left lung is clear", "impression": ""}


def conversation(texts=TEXTS):
    talk = Conversation(ScriptedEngine().info)
    talk.handle(ModeChosen("dictation"))
    sections = tuple(
        Section(each, each.title(), (Run(text),) if text else ()) for each, text in texts.items()
    )
    document = Document(sections, Position("findings", len(texts["findings"])))
    talk.dictation.editor.begin(document)
    return talk


def final(number, words, **more):
    return FinalHeard(number, words, (), 0, 1000, "2026-01-01T00:00:00+00:00", **more)


# --- the model: characters that know who selected them, and anchors between them ---


class Char(str):
    """One character; equal ones are not the same."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other):
        return self is other


@dataclass(eq=False)
class Anchor:
    """A place in the report: it stands where words go, and ``chosen`` are the characters they replace."""

    chosen: set = field(default_factory=set)


class Model:
    """The report as lists of characters with anchors between them. There are no offsets to go wrong."""

    def __init__(self, texts, at):
        self.sections = {each: [Char(c) for c in text] for each, text in texts.items()}
        self.now = Anchor()  # the cursor
        self.said = {}  # by utterance under way, the anchor where its words go
        self._put(self.now, at, len(texts[at]))

    def text(self, section):
        return "".join(each for each in self.sections[section] if isinstance(each, Char))

    def _index(self, section, offset):
        """Behind the anchors that stand at an offset."""
        seen = 0
        for index, each in enumerate(self.sections[section]):
            if isinstance(each, Char):
                if seen == offset:
                    return index
                seen += 1
        return len(self.sections[section])

    def _put(self, anchor, section, offset):
        for tokens in self.sections.values():
            if anchor in tokens:
                tokens.remove(anchor)
        self.sections[section].insert(self._index(section, offset), anchor)

    def place(self, anchor):
        section = next(each for each, tokens in self.sections.items() if anchor in tokens)
        before = self.sections[section][: self.sections[section].index(anchor)]
        return section, sum(isinstance(each, Char) for each in before)

    def _anchors(self):
        return {self.now, *self.said.values()}

    def _settle(self):
        """An anchor that has characters stands before the first of them."""
        there = [each for tokens in self.sections.values() for each in tokens if isinstance(each, Char)]
        for anchor in self._anchors():
            anchor.chosen &= set(there)
            first = next((each for each in there if each in anchor.chosen), None)
            if first is not None:
                section = next(each for each, tokens in self.sections.items() if first in tokens)
                offset = [each for each in self.sections[section] if isinstance(each, Char)].index(first)
                self._put(anchor, section, offset)

    def by_hand(self):
        """Words under way keep their anchor; the cursor gets another one."""
        was = self.now
        section, offset = self.place(was)
        self.now = Anchor(set(was.chosen))
        self._put(self.now, section, offset)
        if was not in self.said.values():
            self.sections[section].remove(was)

    def select(self, start, end):
        self.by_hand()
        order = list(self.sections)
        self.now.chosen = set()
        for number in range(order.index(start[0]), order.index(end[0]) + 1):
            chars = [each for each in self.sections[order[number]] if isinstance(each, Char)]
            first = start[1] if order[number] == start[0] else 0
            last = end[1] if order[number] == end[0] else len(chars)
            self.now.chosen |= set(chars[first:last])
        self._put(self.now, *(start if self.now.chosen else end))
        self._settle()

    def type(self, section, start, end, text):
        self.by_hand()
        self._replace(section, start, end, text)
        self.now.chosen = set()
        self._put(self.now, section, start + len(text))
        self._settle()

    def _replace(self, section, start, end, text):
        tokens = self.sections[section]
        first = self._index(section, start)
        gone = [each for each in tokens if isinstance(each, Char)][start:end]
        moved = []
        while gone and any(each in gone for each in tokens[first:]):
            each = tokens.pop(first)
            if isinstance(each, Anchor):
                moved.append(each)
        tokens[first:first] = [*(Char(c) for c in text), *moved]

    def begin(self, number):
        self.said[number] = self.now

    def final(self, number, words):
        anchor = self.said.get(number, self.now)
        mine = (self.place(anchor), anchor.chosen)
        others = [each for each in self._anchors() - {anchor} if (self.place(each), each.chosen) == mine]
        for other in others:  # they have become one place
            self.said = {each: anchor if at is other else at for each, at in self.said.items()}
            if other is self.now:
                self.now = anchor
            self.sections[mine[0][0]].remove(other)
        if not anchor.chosen:
            self._leave_word(anchor)
        section, offset = self.place(anchor)
        chars = [each for each in self.sections[section] if isinstance(each, Char)]
        end = offset
        while end < len(chars) and chars[end] in anchor.chosen:
            end += 1
        further = anchor.chosen - set(chars[offset:end])
        for tokens in self.sections.values():
            tokens[:] = [each for each in tokens if each not in further]
        anchor.chosen = set()
        before, after = self.text(section)[:offset][-1:].strip(), self.text(section)[end:][:1].strip()
        text = " " * bool(before) + words + " " * bool(after)
        self._replace(section, offset, end, text)
        self._put(anchor, section, offset + len(text))
        self.said.pop(number, None)
        for tokens in self.sections.values():
            tokens[:] = [each for each in tokens if isinstance(each, Char) or each in self._anchors()]
        self._settle()

    def _leave_word(self, anchor):
        section, offset = self.place(anchor)
        text = self.text(section)
        start = len(text[:offset].rpartition(" ")[0]) + (" " in text[:offset])
        end = offset + len(text[offset:].partition(" ")[0])
        if not start < offset < end:
            return
        ends = {self._end(each) for each in self._anchors() - {anchor}}
        near = offset - start < end - offset
        typed = any(at[0] == section and start < at[1] <= end for at in ends)
        goes = start if (section, start) not in ends and (near or typed) else end
        self._put(anchor, section, goes)

    def _end(self, anchor):
        """The place of a selection's cursor."""
        ends = [
            (section, number + 1)
            for section, tokens in self.sections.items()
            for number, each in enumerate(each for each in tokens if isinstance(each, Char))
            if each in anchor.chosen
        ]
        return ends[-1] if ends else self.place(anchor)


# --- both at once ---

WORDS = ("renal", "hilar", "small", "distal", "stable mild")
TYPED = ("a", "no", " ", "xy z", " q")


class Both:
    """A conversation and its model, given the same."""

    def __init__(self):
        self.talk, self.model = conversation(), Model(TEXTS, "findings")
        self.begun = self.ended = 0

    @property
    def document(self):
        return self.talk.dictation.document

    def select(self, start, end):
        order = list(TEXTS)
        start, end = sorted((start, end), key=lambda each: (order.index(each[0]), each[1]))
        self.model.select(start, end)
        command = DocumentCommand(
            command="place_cursor",
            section_id=start[0],
            offset=start[1],
            revision=self.document.revision,
            end_section_id=end[0],
            end=end[1],
        )
        self.talk.handle(ReportCommanded(command))

    def type(self, section, start, end, text):
        if self.model.text(section)[start:end] == text:
            return  # a page sends no edit that changes nothing
        self.model.type(section, start, end, text)
        edit = DocumentEdit(
            revision=self.document.revision, section_id=section, start=start, end=end, text=text
        )
        self.talk.handle(ReportEdited(edit))

    def begin(self):
        self.begun += 1
        self.model.begin(self.begun)
        self.talk.handle(SpeechStarted(self.begun, 0))

    def final(self, words):
        if self.ended == self.begun:
            return
        self.ended += 1
        self.model.final(self.ended, words)
        self.talk.handle(final(self.ended, words))

    def check(self):
        for section in self.document.sections:
            assert section.text.lower() == self.model.text(section.id)
        selected = {
            (each.section_id, offset)
            for each in self.document.selected
            for offset in range(each.start, each.end)
        }
        chosen = {
            (section, number)
            for section, tokens in self.model.sections.items()
            for number, each in enumerate(each for each in tokens if isinstance(each, Char))
            if each in self.model.now.chosen
        }
        assert selected == chosen
        cursor = self.document.cursor
        assert (cursor.section_id, cursor.offset) == self.model._end(self.model.now)
        under_way = self.begun - self.ended
        assert len(self.document.held) <= under_way


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_selections_edits_and_finals_in_any_order_do_what_the_model_does(data):
    both = Both()
    for _ in range(data.draw(st.integers(1, 14))):
        lengths = {section.id: section.length for section in both.document.sections}
        position = st.sampled_from(sorted(TEXTS)).flatmap(
            lambda each: st.tuples(st.just(each), st.integers(0, lengths[each]))  # noqa: B023
        )
        match data.draw(st.sampled_from(["click", "select", "type", "begin", "final", "final"])):
            case "click":
                at = data.draw(position)
                both.select(at, at)
            case "select":
                both.select(data.draw(position), data.draw(position))
            case "type":
                section, start = data.draw(position)
                end = data.draw(st.integers(start, min(lengths[section], start + 9)))
                both.type(section, start, end, data.draw(st.sampled_from(TYPED)))
            case "begin":
                both.begin()
            case "final":
                both.final(data.draw(st.sampled_from(WORDS)))
        both.check()


# --- single cases, as a clinician would see them ---


def select(talk, section, words):
    text = talk.dictation.document.section(section).text
    start = text.index(words)
    command = DocumentCommand(
        command="place_cursor",
        section_id=section,
        offset=start,
        end=start + len(words),
        revision=talk.dictation.document.revision,
    )
    return talk.handle(ReportCommanded(command))


def click(talk, section, offset, **more):
    command = DocumentCommand(
        command="place_cursor",
        section_id=section,
        offset=offset,
        revision=talk.dictation.document.revision,
        **more,
    )
    return talk.handle(ReportCommanded(command))


def text(talk, section="findings"):
    return talk.dictation.document.section(section).text


def say(talk, number, words):
    talk.handle(SpeechStarted(number, 0))
    talk.handle(final(number, words))


def test_a_selected_word_is_what_speech_replaces():
    talk = conversation()
    select(talk, "findings", "left")
    say(talk, 1, "right")
    assert text(talk) == "the right lung is clear"


def test_an_utterance_under_way_keeps_its_place_and_the_next_goes_where_the_click_was():
    talk = conversation()
    select(talk, "findings", "left")
    talk.handle(SpeechStarted(1, 0))
    click(talk, "history", 18)
    talk.handle(SpeechStarted(2, 2000))
    talk.handle(final(1, "right"))
    talk.handle(final(2, "and fever"))
    assert text(talk) == "the right lung is clear"
    assert text(talk, "history") == "cough since monday and fever"


def test_two_utterances_that_began_at_one_place_follow_each_other_there():
    talk = conversation()
    select(talk, "findings", "left")
    talk.handle(SpeechStarted(1, 0))
    talk.handle(SpeechStarted(2, 2000))
    click(talk, "impression", 0)
    talk.handle(final(1, "right"))
    talk.handle(final(2, "upper"))
    assert text(talk) == "the right upper lung is clear"
    assert text(talk, "impression") == ""


@pytest.mark.parametrize("command", ["delete last word", "scratch that", "new line"])
def test_a_command_acts_where_it_was_said(command):
    talk = conversation()
    say(talk, 1, "today")
    talk.handle(SpeechStarted(2, 0))
    click(talk, "history", 18)
    talk.handle(final(2, command))
    assert text(talk, "history") == "cough since monday"
    assert text(talk) in ("the left lung is clear", "the left lung is clear today\n")
    say(talk, 3, "and fever")
    assert text(talk, "history") == "cough since monday and fever"


def test_a_selection_over_several_sections_is_replaced_and_undo_brings_it_back_selected():
    talk = conversation()
    before = talk.dictation.document
    click(talk, "history", 6, end_section_id="findings", end=9)
    selected = talk.dictation.document.selected
    say(talk, 1, "resolved")
    assert text(talk, "history") == "cough resolved"
    assert text(talk) == "lung is clear"
    talk.handle(ReportCommanded(DocumentCommand(command="undo")))
    assert talk.dictation.document.sections == before.sections
    assert talk.dictation.document.selected == selected


@pytest.mark.parametrize(
    ("before", "offset", "after"),
    [
        ("the left lung", 5, "the new left lung"),
        ("the left lung", 7, "the left new lung"),
        ("well-defined mass", 3, "New well-defined mass"),
        ("measures 12.5 mm", 10, "measures new 12.5 mm"),
        ("measures 12.5 mm", 12, "measures 12.5 new mm"),
        ("pressure 120/80 today", 13, "pressure 120/80 new today"),
        ("at L4-L5 only", 5, "at new L4-L5 only"),
        ("patient's chest", 8, "patient's new chest"),
        ("50% stenosis", 2, "50% new stenosis"),
        ("value -5 here", 7, "value -5 new here"),
        ("value >5 here", 7, "value >5 new here"),
        ("on 01/02/2026 seen", 6, "on new 01/02/2026 seen"),
        ("clear. heart", 5, "clear new. heart"),
    ],
)
def test_words_said_in_a_word_or_number_go_to_its_edge(before, offset, after):
    talk = conversation({"findings": before})
    click(talk, "findings", offset)
    say(talk, 1, "new")
    assert text(talk) == after


def test_words_said_before_the_word_that_is_being_typed_stand_before_it():
    talk = conversation({"findings": "seen "})
    for number, letter in enumerate("Ty"):
        _type(talk, 5 + number, letter)
    talk.handle(SpeechStarted(1, 0))
    _type(talk, 7, "ped")
    talk.handle(final(1, "said"))
    assert text(talk) == "seen said Typed"
    assert talk.dictation.document.cursor.offset == len("seen said Typed")


def _type(talk, at, letters):
    revision = talk.dictation.document.revision
    edit = DocumentEdit(revision=revision, section_id="findings", start=at, end=at, text=letters)
    talk.handle(ReportEdited(edit))


def test_an_utterance_that_fails_or_is_dropped_leaves_no_place_behind():
    talk = conversation()
    talk.handle(SpeechStarted(1, 0))
    click(talk, "history", 0)
    assert talk.dictation.document.held
    talk.handle(RecognitionFailed(1, "asr_failed", "It failed."))
    assert not talk.dictation.document.held


def test_a_cursor_that_is_put_where_it_is_already_is_still_answered():
    talk = conversation()
    for number in range(2):
        told = of(DocumentChanged, click(talk, "history", 3, event_id=f"place-{number}"))
        assert told[-1].applied[-1] == f"place-{number}"
        assert told[-1].cursor.offset == 3


def test_a_selection_that_cuts_a_field_takes_all_of_it():
    talk = conversation({"findings": "in the [side] lung"})
    document = talk.dictation.document
    field_run = Run("[side]", origin="template", field=Field("side", ("left", "right")))
    runs = (Run("in the "), field_run, Run(" lung"))
    talk.dictation.editor.begin(
        Document((Section("findings", "Findings", runs),), document.cursor, revision=document.revision)
    )
    click(talk, "findings", 3, end=9)
    (where,) = talk.dictation.document.selected
    assert text(talk)[where.start : where.end] == "the [side]"
