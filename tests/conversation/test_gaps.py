"""Lost sound in a conversation: a mark in the report, and nothing obeyed or asked that was heard in part."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from assistant.conversation.core import Conversation
from assistant.conversation.types import (
    AttentionChosen,
    IntentCorrected,
    ItemEditedByHand,
    ModeChosen,
    ReadingAloud,
    RecognitionFailed,
    SessionChosen,
    SoundLost,
    WakePhraseChosen,
)
from assistant.dictation.gaps import gaps_in
from assistant.events import (
    AttentionChanged,
    AudioGap,
    CommandDone,
    DocumentChanged,
    IntentEvent,
    Notice,
    SpeechStop,
    TranscriptCompleted,
)
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


SIDES = pytest.mark.parametrize("side", ["lost_before", "lost_after"])


@SIDES
@pytest.mark.parametrize("said", ["stop listening", "go to sleep", "stop", "stop that", "unmute"])
def test_what_was_heard_in_part_steers_no_hearing(said, side):
    talk = Conversation(INFO)
    talk.handle(ReadingAloud("There is no fracture.", 500))
    actions = talk.handle(replace(final(1, said), **{side: True}))
    assert not talk.asleep and not of(SpeechStop, actions)
    assert said in talk.document.lower()
    talk.handle(AttentionChosen(True, "hand"))
    assert not of(AttentionChanged, talk.handle(replace(final(2, "unmute"), **{side: True})))
    assert talk.asleep


ALL_IS_ASKED = [(ModeChosen("question"), ""), (WakePhraseChosen("computer"), "computer, ")]


@SIDES
@pytest.mark.parametrize(("choice", "call"), ALL_IS_ASKED)
@pytest.mark.parametrize("said", ["is there a fracture?", "that was dictation", "stop listening"])
def test_where_all_is_asked_a_question_says_what_was_not_heard_of_it(choice, call, said, side):
    talk = Conversation(INFO)
    talk.handle(final(1, "What is the dose?"))
    talk.handle(choice)
    actions = talk.handle(replace(final(2, call + said), **{side: True}))
    (start,), (taken,) = started(actions), of(IntentEvent, actions)
    said = said[:1].upper() + said[1:] if call else said
    asked = f"[not heard] {said}" if side == "lost_before" else f"{said} [not heard]"
    assert start.question.text == taken.text == asked
    assert taken.intent == "question" and "lost" in taken.reason


def test_a_question_heard_in_part_is_offered_to_be_asked():
    talk = Conversation(INFO)
    for number, said, asks in [(1, "Is there a fracture?", True), (2, "the lungs are clear", False)]:
        (taken,) = of(IntentEvent, talk.handle(replace(final(number, said), lost_before=True)))
        assert taken.doubtful is asks


def in_doubt(talk):
    return [run.text for _, run in talk.dictation.document.doubts()]


@SIDES
def test_however_often_an_utterance_is_taken_otherwise_its_doubt_beside_a_gap_stays(side):
    talk = Conversation(INFO)
    talk.handle(replace(final(1, "Is there a fracture here?"), **{side: True}))
    words = {"lost_before": ["Is", "there"], "lost_after": ["fracture", "here?"]}[side]
    asked = {"lost_before": "[not heard] Is there", "lost_after": "fracture here? [not heard]"}[side]
    for move_cursor in (False, True):
        assert in_doubt(talk) == words
        actions = talk.handle(IntentCorrected("utt_1", "question"))
        (taken,) = of(IntentEvent, actions)
        assert asked in taken.text and started(actions)[0].question.text == taken.text
        assert talk.document.strip() == ""
        if move_cursor:
            talk.handle(final(2, "Clear."))
        talk.handle(IntentCorrected("utt_1", "dictation"))
    assert in_doubt(talk) == words


def test_what_a_person_has_written_is_asked_as_it_stands():
    talk = Conversation(INFO)
    talk.handle(replace(final(1, "there a fracture"), lost_before=True))
    talk.handle(ItemEditedByHand("utt_1", "Is there a fracture?"))
    actions = talk.handle(IntentCorrected("utt_1", "question"))
    assert started(actions)[0].question.text == "Is there a fracture?"


FAILED = RecognitionFailed(2, "not_transcribed", "It cannot be read.")
TURN = replace(
    final(1, "no [2.0 s not heard] fracture delete that"),
    parts=(
        replace(final(1, "no"), lost_after=True),
        FAILED,
        SoundLost(3_000, 2_000),
        replace(final(3, "fracture delete that"), lost_before=True),
    ),
)


def test_a_turn_in_which_sound_was_lost_has_the_mark_at_its_place_in_the_report():
    talk = Conversation(INFO)
    actions = talk.handle(TURN)
    assert of(TranscriptCompleted, actions)[0].transcript == TURN.text
    assert [notice.code for notice in of(Notice, actions)] == ["not_transcribed"]
    assert re.fullmatch(r"No \[2\.0 s not heard\] [Ff]racture delete that", talk.document)
    assert [run.text for _, run in gaps_in(talk.dictation.document)] == [MARK]
    assert [word.lower() for word in in_doubt(talk)] == ["no", MARK, "fracture", "delete"]
    assert [taken.item_id for taken in of(IntentEvent, actions)] == ["utt_1", "utt_1_2"]
    actions = talk.handle(IntentCorrected("utt_1_2", "question"))
    assert started(actions)[0].question.text.startswith("[not heard]")
    assert re.fullmatch(r"No \[2\.0 s not heard\]", talk.document.strip())


def test_a_turn_in_which_sound_was_lost_is_asked_with_what_was_lost():
    talk = Conversation(INFO)
    talk.handle(ModeChosen("question"))
    assert started(talk.handle(TURN))[0].question.text == TURN.text


def test_a_session_that_only_transcribes_tells_what_failed():
    talk = Conversation(INFO)
    talk.handle(SessionChosen(transcribes=True))
    actions = talk.handle(TURN)
    assert of(TranscriptCompleted, actions)[0].transcript == TURN.text
    assert [notice.code for notice in of(Notice, actions)] == ["not_transcribed"]
    assert not talk.document


def test_an_echo_in_a_turn_in_which_sound_was_lost_is_left_out():
    talk = Conversation(INFO)
    talk.handle(ReadingAloud("There is no evidence of a pneumothorax on this image.", 1_000))
    said = "There is no evidence of a pneumothorax on this image."
    parts = (
        final(1, said),
        SoundLost(3_000, 2_000),
        replace(final(2, "Clear."), start_ms=60_000, end_ms=61_000),
    )
    (done,) = of(TranscriptCompleted, talk.handle(replace(final(1, f"{said} {MARK} Clear."), parts=parts)))
    assert done.transcript == f"{MARK} Clear."
    assert "pneumothorax" not in talk.document and "Clear." in talk.document and MARK in talk.document


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
