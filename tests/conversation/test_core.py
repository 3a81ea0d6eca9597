"""The conversation: facts in, actions out."""

from dataclasses import replace

from assistant.conversation.core import Conversation
from assistant.conversation.types import (
    AnswerRequested,
    Hearing,
    IntentCorrected,
    ItemEditedByHand,
    KeepCorrection,
    ModeChosen,
    QuestionTyped,
    ReportEdited,
    StartAnswer,
    StopAnswer,
)
from assistant.events import (
    DocumentChanged,
    DocumentEdit,
    ErrorEvent,
    IntentEvent,
    ResponseCreated,
    ResponseDone,
    TranscriptCompleted,
)
from tests.conversation.talk import INFO, events, final, of, started


def test_dictation_is_kept_and_gets_no_answer():
    talk = Conversation(INFO)
    actions = talk.handle(final(1, "The lungs are clear."))
    assert [type(e) for e in events(actions)] == [TranscriptCompleted, IntentEvent, DocumentChanged]
    assert of(IntentEvent, actions)[0].intent == "dictation"
    assert talk.document == "The lungs are clear."
    assert not started(actions)


def test_dictation_is_kept_in_written_form_and_what_was_heard_goes_beside_it():
    talk = Conversation(INFO)
    heard = "there is a four millimeter nodule in the right upper lobe period"
    actions = talk.handle(final(1, heard))
    assert of(TranscriptCompleted, actions)[0].transcript == heard
    assert of(IntentEvent, actions)[0].text == "There is a 4 mm nodule in the right upper lobe."
    assert talk.document == "There is a 4 mm nodule in the right upper lobe."


def test_spoken_stop_cancels_the_answer_at_once():
    talk = Conversation(INFO)
    (start,) = started(talk.handle(final(1, "Is there a fracture?")))
    actions = talk.handle(final(2, "Stop."))
    assert StopAnswer(start.turn) in actions
    assert of(ResponseDone, actions)[0].response.status == "cancelled"


def test_stop_without_an_answer_is_text():
    talk = Conversation(INFO)
    talk.handle(final(1, "Stop."))
    assert talk.document == "Stop."


def test_dictation_does_not_interrupt_an_answer():
    talk = Conversation(INFO)
    talk.handle(final(1, "Is there a fracture?"))
    actions = talk.handle(final(2, "The heart is normal in size."))
    assert not [a for a in actions if isinstance(a, StopAnswer)]


def test_modes_force_the_intent():
    talk = Conversation(INFO)
    talk.handle(ModeChosen("dictation"))
    assert not started(talk.handle(final(1, "Is there a fracture?")))
    talk.handle(ModeChosen("question"))
    assert started(talk.handle(final(2, "The normal heart rate of a child.")))


def test_a_correction_asks_dictation_and_brings_questions_back():
    talk = Conversation(INFO)
    talk.handle(final(1, "The size of a normal aorta."))
    (start,) = started(talk.handle(IntentCorrected("utt_1", "question")))
    assert talk.document == ""
    actions = talk.handle(IntentCorrected("utt_1", "dictation"))
    assert StopAnswer(start.turn) in actions
    assert talk.document == "The size of a normal aorta."
    assert talk.handle(IntentCorrected("utt_1", "dictation")) == []


def test_correcting_what_is_not_there_is_an_error_event():
    (error,) = of(ErrorEvent, Conversation(INFO).handle(IntentCorrected("utt_9", "question", "ev_1")))
    assert error.error.code == "item_unknown"
    assert error.error.event_id == "ev_1"


def test_an_edit_changes_the_document():
    talk = Conversation(INFO)
    talk.handle(final(1, "The lungs are clean."))
    talk.handle(ItemEditedByHand("utt_1", "The lungs are clear."))
    assert talk.document == "The lungs are clear."


def test_a_hand_edit_against_an_older_revision_keeps_what_was_said_meanwhile():
    talk = Conversation(INFO)
    (first,) = of(DocumentChanged, talk.handle(final(1, "The lungs are clean.")))
    talk.handle(final(2, "The heart is normal."))
    edit = DocumentEdit(
        revision=first.revision, section_id="text", start=14, end=19, text="clear", event_id="e1"
    )
    (changed,) = of(DocumentChanged, talk.handle(ReportEdited(edit)))
    assert talk.document == "The lungs are clear. The heart is normal."
    assert changed.applied == ["e1"]
    assert talk.handle(ReportEdited(edit)) == []  # sent again
    again = edit.model_copy(update={"event_id": "e2"})
    (error,) = of(ErrorEvent, talk.handle(ReportEdited(again)))
    assert (error.error.code, error.error.event_id) == ("edit_conflict", "e2")


def test_a_typed_question_is_asked_on_request_and_only_once():
    talk = Conversation(INFO)
    talk.handle(QuestionTyped("What is the normal heart rate?"))
    assert started(talk.handle(AnswerRequested()))
    (error,) = of(ErrorEvent, talk.handle(AnswerRequested()))
    assert error.error.code == "nothing_to_answer"


def test_a_sentence_that_holds_both_is_split() -> None:
    talk = Conversation(INFO)
    actions = talk.handle(final(1, "there is a mass in the left kidney period assistant what is the class"))
    told, asked = of(IntentEvent, actions)
    assert (told.item_id, told.intent, told.part_of) == ("utt_1", "dictation", None)
    assert (asked.item_id, asked.intent, asked.part_of) == ("utt_1_2", "question", "utt_1")
    assert of(ResponseCreated, actions)[0].question_item_id == "utt_1_2"
    assert talk.document == "There is a mass in the left kidney."


def test_that_was_dictation_puts_a_question_back_and_stops_its_answer() -> None:
    talk = Conversation(INFO)
    talk.handle(final(1, "the heart is normal"))
    talk.handle(final(2, "is the heart normal"))
    actions = talk.handle(final(3, "that was dictation"))
    command, corrected = of(IntentEvent, actions)
    assert (command.item_id, command.intent) == ("utt_3", "command")
    assert (corrected.item_id, corrected.intent, corrected.corrected) == ("utt_2", "dictation", True)
    assert KeepCorrection("is the heart normal", "dictation") in actions
    assert any(isinstance(action, StopAnswer) for action in actions)
    assert "s the heart normal" in talk.document
    assert "that was" not in talk.document


def test_that_was_a_question_takes_the_words_out_of_the_report_and_asks() -> None:
    talk = Conversation(INFO)
    talk.handle(final(1, "question of a mass"))
    actions = talk.handle(final(2, "that was a question"))
    assert talk.document == ""
    assert [event.item_id for event in of(IntentEvent, actions)] == ["utt_2", "utt_1"]
    assert any(isinstance(action, StartAnswer) for action in actions)


def test_a_correction_with_nothing_to_correct_is_text() -> None:
    talk = Conversation(INFO)
    (taken,) = of(IntentEvent, talk.handle(final(1, "that was dictation")))
    assert taken.intent == "dictation"


def test_doubtful_dictation_is_marked() -> None:
    talk = Conversation(INFO)
    (taken,) = of(IntentEvent, talk.handle(final(1, "Is there an effusion? The heart is normal.")))
    assert (taken.intent, taken.doubtful) == ("dictation", True)
    (taken,) = of(IntentEvent, talk.handle(final(2, "the lungs are clear")))
    assert not taken.doubtful


def test_a_question_that_only_one_recogniser_heard_is_dictation_and_offered() -> None:
    heard = final(1, "do not resuscitate is in place")
    other = Hearing("moonshine", "Do not resuscitate order is in place.", disputes=True)
    talk = Conversation(INFO)
    actions = talk.handle(replace(heard, text="do we order this", other=other))
    (taken,) = of(IntentEvent, actions)
    assert (taken.intent, taken.doubtful) == ("dictation", True)
    assert of(ResponseCreated, actions) == []
