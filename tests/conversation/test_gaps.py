"""Lost sound in a conversation: a mark in the report, and nothing obeyed or asked that was heard in part."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from assistant.conversation.core import Conversation
from assistant.conversation.types import AttentionChosen, ModeChosen, SoundLost
from assistant.events import AudioGap, CommandDone, DocumentChanged, IntentEvent
from assistant.export.formats import FORMATS
from assistant.export.history import SessionInfo, report_from
from tests.conversation.talk import INFO, events, final, of, started
from tests.export.test_tokens import READERS

MARK = "[2.0 s not heard]"


def across(before="the liver measures 8.1", after="you 12 of the liver"):
    """A conversation of which two seconds were lost, and its events."""
    talk = Conversation(INFO)
    told = events(talk.handle(replace(final(1, before), cut=True, lost_after=True)))
    told.append(AudioGap(start_ms=3_000, duration_ms=2_000, reason="network"))
    told += events(talk.handle(SoundLost(3_000, 2_000)))
    later = replace(final(2, after), lost_before=True, start_ms=5_000, end_ms=7_000)
    told += events(talk.handle(later))
    return talk, told


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_of_the_report_has_the_mark_at_its_place(name):
    _, told = across()
    now = datetime.now(UTC)
    report = report_from(told, SessionInfo("s", now, "r"), now)
    reader = READERS.get(name, lambda made: FORMATS[name].write(made).decode())
    text = " ".join(reader(report).split())
    assert re.search(r"8\.1\b.*\[2\.0 s not heard\].*[Yy]ou 12 of the liver", text), text


@pytest.mark.parametrize("said", ["delete the report", "scratch that", "undo", "stop"])
@pytest.mark.parametrize("side", ["lost_before", "lost_after"])
def test_what_was_heard_in_part_is_no_command(said, side):
    """ "Do not delete the report", of which "do not" was lost."""
    talk = Conversation(INFO)
    talk.handle(final(1, "The lungs are clear."))
    actions = talk.handle(replace(final(2, said), **{side: True}))
    assert not of(CommandDone, actions)
    assert talk.document.lower().startswith("the lungs are clear") and said in talk.document.lower()


def test_what_was_heard_in_part_is_not_asked_by_itself():
    talk = Conversation(INFO)
    actions = talk.handle(replace(final(1, "Is there a fracture?"), lost_before=True))
    assert not started(actions)
    assert of(IntentEvent, actions)[0].intent == "dictation"


def test_a_sleeping_session_and_one_that_only_asks_have_no_marks():
    for fact in (AttentionChosen(True, "hand"), ModeChosen("question")):
        talk = Conversation(INFO)
        talk.handle(fact)
        assert not of(DocumentChanged, talk.handle(SoundLost(0, 2_000)))


@pytest.mark.parametrize("said", ["accept the gap", "accept the gaps", "Accept all gaps."])
def test_a_gap_is_accepted_by_voice(said):
    talk, _ = across()
    assert MARK in talk.document
    talk.handle(final(3, said))
    assert MARK not in talk.document and "8.1 You 12 of the liver" in talk.document
    talk.handle(final(4, "undo"))
    assert MARK in talk.document


def test_without_a_gap_there_is_nothing_to_accept_and_the_words_are_text():
    talk = Conversation(INFO)
    talk.handle(final(1, "accept the gap"))
    assert talk.document == "Accept the gap"
