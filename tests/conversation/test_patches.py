"""A long report is told in patches: whoever takes them has the same report, whatever was done to it."""

import json
import random
import sys
from collections import Counter
from pathlib import Path

import pytest

from assistant.conversation import report as reports
from assistant.conversation.core import Conversation
from assistant.conversation.past import Past
from assistant.conversation.report import document_changed
from assistant.conversation.types import (
    Emit,
    LibraryLoaded,
    ReportCommanded,
    ReportEdited,
)
from assistant.dictation.document import Document, Position, Run, Section
from assistant.dictation.formatter import Formatter
from assistant.errors import AssistantError
from assistant.events import DocumentChanged, DocumentCommand, DocumentEdit, DocumentPatched, server_events
from assistant.events.patching import KnownReport, place
from tests.conversation.talk import INFO, final
from tests.dictation.test_dictation import PERSONAL, SAYINGS

DATA = Path(__file__).parents[1] / "data" / "patches.json"
TYPED = ("", "x", "No lesion. ", "🫁 clear", "a\nb", " ", "word " * 30)


class Talk:
    """A conversation, and a client of it that knows only what it is sent."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.talk = Conversation(INFO, mark_below=0.5)
        self.known = KnownReport()
        self.events, self.count = [], 0
        self.take(LibraryLoaded(Formatter(), PERSONAL.current.library))

    def take(self, fact):
        for action in self.talk.handle(fact):
            if isinstance(action, Emit) and isinstance(action.event, DocumentChanged | DocumentPatched):
                event = server_events.validate_json(action.event.model_dump_json())
                self.events.append(event)
                self.known.take(event)
                assert alike(self.known.whole(), self.whole())
                self.check_counts()

    def step(self):
        chance, document = self.chance, self.talk.dictation.document
        self.count += 1
        section = chance.choice(document.sections)
        length = len(section.text)
        start = chance.randint(0, length)
        what = chance.random()
        if what < 0.5:
            words = [(word, chance.random()) for word in chance.choice(SAYINGS).split()]
            self.take(final(self.count, " ".join(word for word, _ in words), spoken(words)))
        elif what < 0.8:
            edit = DocumentEdit(
                event_id=f"edit_{self.count}",
                revision=document.revision,
                section_id=section.id,
                start=start,
                end=min(length, start + chance.choice((0, 0, 1, 40))),
                text=chance.choice(TYPED),
            )
            self.take(ReportEdited(edit))
        else:
            command = chance.choice(("undo", "redo", "next_field", "place_cursor", "insert_text", "confirm"))
            press = DocumentCommand(command=command, section_id=section.id, offset=start, text="Typed.")
            self.take(ReportCommanded(press))

    def check_counts(self):
        """The copy kept of the report from change to change is what the report says."""
        runs = [run for section in self.talk.dictation.document.sections for run in section.runs]
        assert +self.talk.report._shown_runs == Counter(run.item_id for run in runs)

    def whole(self):
        report = self.talk.report
        return document_changed(report.dictation, report._applied, report.doubtful())


def spoken(words):
    from assistant.asr.base import Word

    return [Word(word, 100 * i, 100 * i + 90, sure) for i, (word, sure) in enumerate(words)]


def alike(known, whole):
    """The same report; doubtful words may come in another order, and edits long ago are told no more."""
    same = {"event_id": "", "seq": 0, "doubtful": sorted(map(place, known.doubtful)), "applied": []}
    other = {"event_id": "", "seq": 0, "doubtful": sorted(map(place, whole.doubtful)), "applied": []}
    return known.model_copy(update=same) == whole.model_copy(update=other) and (
        known.applied == whole.applied
    )


@pytest.mark.parametrize("seed", range(20))
def test_who_takes_the_patches_has_the_report(seed, monkeypatch):
    monkeypatch.setattr(reports, "SHORT", 0)
    talk = Talk(seed)
    for _ in range(50):
        talk.step()
    assert sum(isinstance(event, DocumentPatched) for event in talk.events) > 10


@pytest.mark.parametrize("seed", range(5))
def test_who_goes_on_with_a_report_has_it_too(seed, monkeypatch):
    monkeypatch.setattr(reports, "SHORT", 0)
    first = Talk(seed)
    for _ in range(20):
        first.step()
    then = Talk(seed + 100)
    then.talk.go_on_from(Past(report=first.known), {})
    then.known, then.count = first.known, 1000
    for _ in range(30):
        then.step()
    assert sum(isinstance(event, DocumentPatched) for event in then.events) > 5


def test_a_short_report_is_sent_whole():
    talk = Talk(1)
    for number in range(5):
        talk.take(final(number, "no effusion"))
    assert {type(event) for event in talk.events} == {DocumentChanged}


def test_what_is_sent_grows_with_what_was_said():
    def sent(utterances):
        talk = Talk(1)
        for number in range(utterances):
            talk.take(final(number, f"nodule number {number} in the left lower lobe is unchanged"))
        return sum(len(event.model_dump_json()) for event in talk.events)

    assert sent(400) < 2.5 * sent(200)


@pytest.mark.parametrize("at", ["end", "middle"])
def test_one_more_utterance_is_no_more_work_in_a_long_report(at):
    """Counted in lines of Python that run, which no busy machine changes."""

    def lines(utterances):
        talk = Talk(1)
        runs = [Run(f"Nodule number {n} is unchanged. ", f"utt_{n}") for n in range(utterances)]
        editor = talk.talk.dictation.editor
        editor.begin(Document((Section("text", "", tuple(runs)),)))
        length = editor.document.sections[0].length
        editor.move(editor.document.move(Position("text", length if at == "end" else len(runs[0].text))))
        told, count = [], 0

        def traced(frame, event, _):
            nonlocal count
            count += event == "line"
            return traced

        for number in range(utterances, utterances + 3):
            said = [(word, 0.2 if word == "lobe" else 0.9) for word in ("nodule", "left", "lobe")]
            fact = final(number, " ".join(word for word, _ in said), spoken(said))
            sys.settrace(traced if number == utterances + 2 else None)
            told = talk.talk.handle(fact)
            sys.settrace(None)
        assert [type(each.event) for each in told][-1] is DocumentPatched
        return count

    assert lines(6_000) < 1.2 * lines(60)


def test_a_patch_without_what_came_before_it_is_refused(monkeypatch):
    monkeypatch.setattr(reports, "SHORT", 0)
    talk = Talk(3)
    while not (talk.events and isinstance(talk.events[-1], DocumentPatched)):
        talk.step()
    known = KnownReport()
    with pytest.raises(AssistantError) as caught:
        known.take(talk.events[-1])
    assert caught.value.code == "report_out_of_step"
    assert known.whole() is None


def test_a_report_has_room_for_what_is_said_but_not_for_endless_typing(monkeypatch):
    monkeypatch.setattr(reports, "MOST_CHARS", 100)
    talk = Conversation(INFO)
    for number in range(20):
        talk.handle(final(number, "no effusion"))
    before = talk.document
    edit = DocumentEdit(event_id="e", revision=20, section_id="text", start=0, end=0, text="x")
    (refused,) = talk.handle(ReportEdited(edit))
    assert (refused.event.error.code, refused.event.error.event_id) == ("report_too_long", "e")
    assert talk.document == before


def samples():
    """A page's report after patches: events, each with the report after it."""
    talk = Talk(7)
    rows = []
    while len(rows) < 60:
        told = len(talk.events)
        talk.step()
        for event in talk.events[told:]:
            rows.append(
                {"event": event.model_dump(mode="json"), "report": talk.known.whole().model_dump(mode="json")}
            )
    return rows


def test_the_page_is_tested_with_what_the_server_sends(monkeypatch):
    """After a change of the events: write ``samples()`` to the file anew."""
    monkeypatch.setattr(reports, "SHORT", 0)
    rows = json.loads(DATA.read_text(encoding="utf-8"))
    assert rows == samples()
    assert sum(row["event"]["type"] == "assistant.document.patched" for row in rows) > 20
