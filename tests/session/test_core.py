"""The conversation: facts in, actions out."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from assistant.asr.base import Word
from assistant.engines.base import EngineInfo, Usage
from assistant.events import (
    AnswerBoxes,
    AnswerChanges,
    AnswerLabs,
    AnswerThought,
    Attachment,
    DocumentChanged,
    DocumentEdit,
    ErrorEvent,
    IntentEvent,
    OutputTextDelta,
    OutputTextDone,
    ResponseCreated,
    ResponseDone,
    TranscriptCompleted,
    TranscriptDelta,
    TranscriptWords,
)
from assistant.session.core import Conversation
from assistant.session.types import (
    AnswerFinished,
    AnswerProgressed,
    AnswerRequested,
    Emit,
    FinalExpected,
    FinalHeard,
    Hearing,
    ImageAttached,
    ImageRemoved,
    IntentCorrected,
    ItemEditedByHand,
    KeepCorrection,
    ModeChosen,
    ModelThought,
    PartialHeard,
    QuestionTyped,
    ReportEdited,
    SpeechStarted,
    SpeechWentOn,
    StartAnswer,
    StopAnswer,
    StopRequested,
)

INFO = EngineInfo(name="scripted", stand_in=True, sees_images=False, notice="A stand-in.")


def final(utterance, text, words=()):
    return FinalHeard(utterance, text, tuple(words), 1000, 3000, "2026-01-01T10:00:00+00:00")


def events(actions):
    return [action.event for action in actions if isinstance(action, Emit)]


def of(kind, actions):
    return [event for event in events(actions) if isinstance(event, kind)]


def started(actions):
    return [action for action in actions if isinstance(action, StartAnswer)]


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


def test_a_question_is_answered_with_the_document_and_the_images():
    talk = Conversation(INFO)
    talk.handle(final(1, "The lungs are clear."))
    attachment = Attachment(
        id="att_1", name="chest.png", media_type="image/png", width_px=2, height_px=2, url="/x"
    )
    talk.handle(ImageAttached(attachment))
    actions = talk.handle(final(2, "Is there a pneumothorax on this image?"))
    (start,) = started(actions)
    assert start.question.document == "The lungs are clear."
    assert start.question.attachment_ids == ("att_1",)
    (created,) = of(ResponseCreated, actions)
    assert created.question_item_id == "utt_2"
    assert created.attachment_ids == ["att_1"]
    assert created.engine.stand_in


def test_a_removed_image_goes_with_no_later_question():
    talk = Conversation(INFO)
    attachment = Attachment(id="a", name="x.png", media_type="image/png", width_px=2, height_px=2, url="/x")
    talk.handle(ImageAttached(attachment))
    assert events(talk.handle(ImageRemoved("a")))
    assert talk.handle(ImageRemoved("a")) == []
    (start,) = started(talk.handle(final(1, "What is the diagnosis?")))
    assert start.question.attachment_ids == ()


def test_the_answer_streams_and_ends():
    talk = Conversation(INFO)
    (start,) = started(talk.handle(final(1, "Is there a fracture?")))
    assert of(OutputTextDelta, talk.handle(AnswerProgressed(start.turn, "No")))[0].delta == "No"
    talk.handle(AnswerProgressed(start.turn, "ne."))
    actions = talk.handle(AnswerFinished(start.turn))
    assert of(OutputTextDone, actions)[0].text == "None."
    assert of(ResponseDone, actions)[0].response.status == "completed"


def test_thoughts_go_beside_the_answer_and_the_tokens_are_counted():
    talk = Conversation(INFO)
    (start,) = started(talk.handle(final(1, "Is there a fracture?")))
    (thought,) = of(AnswerThought, talk.handle(ModelThought(start.turn, "The cortex")))
    assert (thought.response_id, thought.delta) == ("resp_1", "The cortex")
    talk.handle(AnswerProgressed(start.turn, "None."))
    actions = talk.handle(AnswerFinished(start.turn, usage=Usage(7, 2)))
    assert of(OutputTextDone, actions)[0].text == "None."
    assert of(ResponseDone, actions)[0].response.usage.total_tokens == 9
    assert talk.handle(ModelThought(start.turn, "late")) == []


def test_thoughts_without_an_answer_are_a_failure():
    talk = Conversation(INFO)
    (start,) = started(talk.handle(final(1, "Is there a fracture?")))
    talk.handle(ModelThought(start.turn, "The cortex"))
    (done,) = of(ResponseDone, talk.handle(AnswerFinished(start.turn)))
    assert done.response.status == "failed"
    assert done.response.status_details["error"]["code"] == "only_thoughts"


def test_a_failed_answer_says_why_and_keeps_what_came():
    talk = Conversation(INFO)
    (start,) = started(talk.handle(final(1, "Is there a fracture?")))
    talk.handle(AnswerProgressed(start.turn, "Par"))
    actions = talk.handle(AnswerFinished(start.turn, "engine_timeout", "The engine is slow."))
    (done,) = of(ResponseDone, actions)
    assert done.response.status == "failed"
    assert done.response.status_details == {
        "error": {"code": "engine_timeout", "message": "The engine is slow."}
    }
    assert of(OutputTextDone, actions)[0].text == "Par"


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


def test_a_new_question_replaces_the_running_answer_and_late_pieces_do_not_leak():
    talk = Conversation(INFO)
    (first,) = started(talk.handle(final(1, "Is there a fracture?")))
    actions = talk.handle(final(2, "What is the diagnosis?"))
    assert actions.index(StopAnswer(first.turn)) < actions.index(started(actions)[0])
    assert talk.handle(AnswerProgressed(first.turn, "late")) == []
    assert talk.handle(AnswerFinished(first.turn)) == []


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


def test_an_empty_final_is_said_and_kept_out_of_the_document():
    talk = Conversation(INFO)
    actions = talk.handle(final(1, " "))
    assert [type(e) for e in events(actions)] == [TranscriptCompleted]
    assert talk.document == ""


def test_word_times_are_on_the_session_clock():
    actions = Conversation(INFO).handle(final(1, "hello", [Word("hello", 100, 300, 0.9)]))
    (words,) = of(TranscriptWords, actions)
    assert (words.words[0].start_ms, words.words[0].end_ms) == (1100, 1300)


def test_stopping_another_response_does_nothing():
    talk = Conversation(INFO)
    talk.handle(final(1, "Is there a fracture?"))
    assert talk.handle(StopRequested("resp_77")) == []
    assert talk.handle(StopRequested("resp_1"))


@given(st.lists(st.text("ab ", max_size=4), max_size=8))
def test_deltas_add_up_to_the_stable_text(pieces):
    talk = Conversation(INFO)
    talk.handle(SpeechStarted(1, 0))
    stable, seen = "", ""
    for piece in pieces:
        stable += piece
        for delta in of(TranscriptDelta, talk.handle(PartialHeard(1, stable, "tail"))):
            seen += delta.delta
    assert seen == stable


def test_questions_without_images_go_to_the_text_engine_and_the_others_to_the_one_that_sees():
    text_engine = EngineInfo(name="medgemma-27b-text-it", stand_in=False, sees_images=False)
    talk = Conversation(INFO, text_engine=text_engine)
    actions = talk.handle(final(1, "What is the dose of amoxicillin?"))
    assert started(actions)[0].by_text_engine
    assert of(ResponseCreated, actions)[0].engine.name == "medgemma-27b-text-it"
    attachment = Attachment(id="a", name="x.png", media_type="image/png", width_px=2, height_px=2, url="/x")
    talk.handle(ImageAttached(attachment))
    actions = talk.handle(final(2, "Is there a pneumothorax on this image?"))
    assert not started(actions)[0].by_text_engine
    created = of(ResponseCreated, actions)[0]
    assert created.engine.name == "scripted"
    assert created.attachment_ids == ["a"]
    assert created.context.images == "", "this engine sees none"


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


def attach(talk, key="a", width=200, height=100):
    attachment = Attachment(
        id=key, name=f"{key}.png", media_type="image/png", width_px=width, height_px=height, url="/x"
    )
    talk.handle(ImageAttached(attachment))


def answered(talk, question, text):
    talk.handle(QuestionTyped(question))
    (start,) = started(talk.handle(AnswerRequested()))
    talk.handle(AnswerProgressed(start.turn, text))
    return start, talk.handle(AnswerFinished(start.turn))


def test_boxes_of_an_answer_come_in_pixels_of_the_picture():
    talk = Conversation(INFO)
    attach(talk)
    said = 'Final Answer:\n```json\n[{"box_2d": [0, 250, 500, 500], "label": "heart"}]\n```'
    start, actions = answered(talk, "Where is the heart on this image?", said)
    assert start.question.task == "locate"
    (boxes,) = of(AnswerBoxes, actions)
    assert (boxes.attachment_id, boxes.response_id) == ("a", "resp_1")
    width, height = boxes.width_px, boxes.height_px
    assert (width, height) == (200, 100)
    assert len(boxes.boxes) == 1
    assert not of(AnswerBoxes, answered(talk, "Where is the heart on this image?", "Everywhere.")[1])


def test_changes_and_lab_tables_are_told_and_kept():
    talk = Conversation(INFO)
    attach(talk)
    said = '```json\n[{"name": "CRP", "result": "9", "unit": "mg/L", "reference": "< 5"}]\n```'
    start, actions = answered(talk, "Extract the lab results from this image", said)
    (labs,) = of(AnswerLabs, actions)
    assert (labs.rows[0].name, labs.rows[0].flag) == ("CRP", "high")
    assert talk.labs("resp_1").rows[0].result == "9"
    assert talk.sent("resp_1") == (start.question, INFO)
    attach(talk, "b")
    _, actions = answered(talk, "Compare these two images.", "Pneumothorax: improved")
    assert [(each.finding, each.change) for each in of(AnswerChanges, actions)[0].changes] == [
        ("pneumothorax", "improved")
    ]
    assert talk.labs("resp_2") is None


def ahead(talk, text="is there a mass"):
    return talk.handle(FinalExpected(1, text))


def test_an_expected_question_starts_the_engine_and_shows_nothing() -> None:
    talk = Conversation(INFO)
    (started,) = ahead(talk)
    assert isinstance(started, StartAnswer)
    assert talk.handle(AnswerProgressed(started.turn, "Yes")) == []
    actions = talk.handle(final(1, "is there a mass"))
    assert [type(event) for event in events(actions)] == [
        TranscriptCompleted,
        IntentEvent,
        ResponseCreated,
        OutputTextDelta,
    ]
    assert not any(isinstance(action, StartAnswer | StopAnswer) for action in actions)
    assert of(OutputTextDelta, talk.handle(AnswerProgressed(started.turn, ", one.")))
    (done,) = of(OutputTextDone, talk.handle(AnswerFinished(started.turn)))
    assert done.text == "Yes, one."


def test_an_answer_that_ended_ahead_is_shown_whole_with_its_question() -> None:
    talk = Conversation(INFO)
    (started,) = ahead(talk)
    talk.handle(AnswerProgressed(started.turn, "No."))
    assert talk.handle(AnswerFinished(started.turn)) == []
    actions = talk.handle(final(1, "is there a mass"))
    assert of(ResponseDone, actions)[0].response.status == "completed"
    assert of(ResponseCreated, actions)[0].question_item_id == "utt_1"


def test_speech_that_goes_on_throws_the_head_start_away() -> None:
    talk = Conversation(INFO)
    (started,) = ahead(talk)
    assert talk.handle(SpeechWentOn(1)) == [StopAnswer(started.turn)]
    assert talk.handle(AnswerProgressed(started.turn, "late")) == []
    actions = talk.handle(final(1, "is there a mass in the liver"))
    (again,) = [action for action in actions if isinstance(action, StartAnswer)]
    assert again.question.text == "is there a mass in the liver"
    assert again.turn != started.turn
    assert of(OutputTextDelta, actions) == []


def test_a_final_that_says_otherwise_throws_the_head_start_away() -> None:
    for text in ("is there a mass or not", "there is a mass", ""):
        talk = Conversation(INFO)
        (started,) = ahead(talk)
        assert StopAnswer(started.turn) in talk.handle(final(1, text))


def test_no_head_start_for_dictation_or_beside_an_answer_that_runs() -> None:
    talk = Conversation(INFO)
    assert ahead(talk, "there is a mass") == []
    assert ahead(talk, "there is a mass period assistant what is it") == []
    talk.handle(final(1, "is there a mass"))
    assert talk.handle(FinalExpected(2, "what is it")) == []


def test_both_hearings_are_kept() -> None:
    heard = FinalHeard(
        1, "Is there a mass?", (), 0, 900, "2026-01-01T10:00:00+00:00", Hearing("medasr", "is their a mass")
    )
    (completed,) = of(TranscriptCompleted, Conversation(INFO).handle(heard))
    assert completed.also_heard is not None
    assert (completed.also_heard.recogniser, completed.also_heard.transcript) == ("medasr", "is their a mass")


def test_a_question_that_only_one_recogniser_heard_is_dictation_and_offered() -> None:
    heard = final(1, "do not resuscitate is in place")
    other = Hearing("moonshine", "Do not resuscitate order is in place.", disputes=True)
    talk = Conversation(INFO)
    actions = talk.handle(replace(heard, text="do we order this", other=other))
    (taken,) = of(IntentEvent, actions)
    assert (taken.intent, taken.doubtful) == ("dictation", True)
    assert of(ResponseCreated, actions) == []
