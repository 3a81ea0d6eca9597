"""Questions and their answers in a conversation, also one begun ahead of its question's final."""

from dataclasses import replace

import pytest

from assistant.conversation.core import Conversation
from assistant.conversation.past import past_of
from assistant.conversation.types import (
    AnswerFinished,
    AnswerProgressed,
    AnswerRequested,
    Fact,
    FinalExpected,
    ImageAttached,
    ImageRemoved,
    IntentCorrected,
    ItemDropped,
    ModeChosen,
    ModelThought,
    PromptSent,
    QuestionTyped,
    SpeechWentOn,
    StartAnswer,
    StopAnswer,
    StopRequested,
    TurnCommitted,
    WaitEnded,
)
from assistant.engines.base import EngineInfo, Sent, Usage
from assistant.engines.pieces import Image, ImagePiece, TextPiece
from assistant.events import (
    TRANSIENT,
    AnswerBoxes,
    AnswerChanges,
    AnswerLabs,
    AnswerThought,
    Attachment,
    ContentPartAdded,
    IntentEvent,
    ItemAdded,
    OutputItemAdded,
    OutputTextDelta,
    OutputTextDone,
    ResponseCreated,
    ResponseDone,
    ResponseSent,
    TranscriptCompleted,
)
from tests.conversation.talk import INFO, answered, attach, events, final, of, started


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


def test_an_answer_that_reached_its_limit_is_told_from_a_whole_one():
    talk = Conversation(INFO)
    (start,) = started(talk.handle(final(1, "Is there a fracture?")))
    talk.handle(AnswerProgressed(start.turn, "No fracture of the"))
    (done,) = of(ResponseDone, talk.handle(AnswerFinished(start.turn, usage=Usage(7, 500), cut_off=True)))
    assert done.response.status == "incomplete"
    assert done.response.status_details == {"type": "incomplete", "reason": "max_output_tokens"}
    assert done.response.output[0].status == "incomplete"


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


def test_a_new_question_replaces_the_running_answer_and_late_pieces_do_not_leak():
    talk = Conversation(INFO)
    (first,) = started(talk.handle(final(1, "Is there a fracture?")))
    actions = talk.handle(final(2, "What is the diagnosis?"))
    assert actions.index(StopAnswer(first.turn)) < actions.index(started(actions)[0])
    assert talk.handle(AnswerProgressed(first.turn, "late")) == []
    assert talk.handle(AnswerFinished(first.turn)) == []


def test_stopping_another_response_stops_nothing_and_says_so():
    talk = Conversation(INFO)
    talk.handle(final(1, "Is there a fracture?"))
    (refused,) = events(talk.handle(StopRequested("resp_77", "event_9")))
    assert (refused.error.code, refused.error.event_id) == ("response_cancel_not_active", "event_9")
    assert talk.handle(StopRequested("resp_1"))


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
    _, actions = answered(talk, "Extract the lab results from this image", said)
    (labs,) = of(AnswerLabs, actions)
    assert (labs.rows[0].name, labs.rows[0].flag) == ("CRP", "high")
    assert talk.labs("resp_1").rows[0].result == "9"
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
        OutputItemAdded,
        ItemAdded,
        ContentPartAdded,
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


def picture_of(attachment_id, size):
    image = Image(attachment_id, "x", "image/png", bytes(size), 1, 1)
    return ImagePiece(image, attachment_id)


def test_what_was_sent_is_what_the_engine_reported_and_goes_with_its_attachment():
    talk = Conversation(INFO)
    attach(talk)
    answered(talk, "Is this normal on the image?", "Yes.")
    assert talk.sent("resp_1") is None  # the engine reported nothing: nothing is made up
    talk.handle(QuestionTyped("Is this normal on the image?"))
    (start,) = started(talk.handle(AnswerRequested()))
    reported = Sent((picture_of("a", 3), TextPiece("asked")))
    talk.handle(PromptSent(start.turn, reported))
    assert talk.sent("resp_2") is reported
    talk.handle(ImageRemoved("a"))
    assert talk.sent("resp_2").images == ()
    assert "removed" in talk.sent("resp_2").parts[0].text
    assert talk.sent("resp_2").parts[1] == TextPiece("asked")


def test_images_of_older_prompts_go_when_they_fill_the_memory(monkeypatch):
    monkeypatch.setattr("assistant.conversation.answering.MOST_SENT_BYTES", 100)
    talk = Conversation(INFO)
    for size in (60, 60, 200):
        talk.handle(QuestionTyped("What is gout?"))
        (start,) = started(talk.handle(AnswerRequested()))
        talk.handle(PromptSent(start.turn, Sent((picture_of("a", size),))))
        talk.handle(AnswerFinished(start.turn))
    assert [talk.sent(f"resp_{turn}") is not None for turn in (1, 2, 3)] == [False, False, True]


ASKED = "Is there a pneumothorax on this image?"
SPOKEN: dict[str, list[Fact]] = {
    "alone": [final(1, ASKED)],
    "in the question mode": [ModeChosen("question"), final(1, "The lungs are clear.")],
    "beside lost sound": [ModeChosen("question"), replace(final(1, ASKED), lost_before=True)],
    "in place of an answer that runs": [final(1, "Is there a fracture?"), final(2, ASKED)],
}
CONFIRMED: dict[str, list[Fact]] = {
    "typed": [QuestionTyped(ASKED), AnswerRequested()],
    "by a program": [AnswerRequested(text=ASKED)],
    "pressed": [final(1, "The lungs are clear."), IntentCorrected("utt_1", "question")],
    "said": [final(1, "The lungs are clear."), final(2, "that was a question")],
}


@pytest.mark.parametrize("said", SPOKEN.values(), ids=SPOKEN)
def test_a_spoken_question_waits_and_what_stops_it_keeps_it_from_the_model(said):
    talk = Conversation(INFO, question_wait_ms=500)
    *before, last = said
    for fact in before:
        talk.handle(fact)
    actions = talk.handle(last)
    (start,), (created,) = started(actions), of(ResponseCreated, actions)
    assert start.wait_ms == created.wait_ms == 500
    (sent,) = of(ResponseSent, talk.handle(WaitEnded(start.turn)))
    assert sent.response_id == created.response.id

    again = Conversation(INFO, question_wait_ms=500)
    for fact in said:
        actions = again.handle(fact)
    (start,) = started(actions)
    stopped = again.handle(StopRequested(None))
    assert stopped[0] == StopAnswer(start.turn)
    assert of(ResponseDone, stopped)[0].response.status == "cancelled"
    assert again.handle(WaitEnded(start.turn)) == []


@pytest.mark.parametrize("asked", CONFIRMED.values(), ids=CONFIRMED)
def test_a_question_that_somebody_typed_or_confirmed_waits_for_nothing(asked):
    talk = Conversation(INFO, question_wait_ms=500)
    actions = [action for fact in asked for action in talk.handle(fact)]
    assert [start.wait_ms for start in started(actions)] == [0]


def test_nothing_goes_to_the_model_ahead_of_a_question_that_waits():
    talk = Conversation(INFO, question_wait_ms=500)
    assert talk.handle(FinalExpected(1, ASKED)) == []
    (start,) = started(talk.handle(final(1, ASKED)))
    assert start.wait_ms == 500


@pytest.mark.parametrize("is_spoken", [True, False])
@pytest.mark.parametrize("ending", ["completed", "stopped", "running", "cut off"])
@pytest.mark.parametrize("deleted", ["question", "answer", "both"])
@pytest.mark.parametrize("is_reopened", [True, False])
def test_a_question_that_was_deleted_is_not_given_to_the_model_again(is_spoken, ending, deleted, is_reopened):
    """Nor is its answer, whenever it was deleted, and in a session that is gone on with."""
    talk, told = Conversation(INFO), []

    def do(fact):
        actions = talk.handle(fact)
        told.extend(events(actions))
        return started(actions)

    def delete(turn):
        asked = {
            each.response.id: each.question_item_id for each in told if isinstance(each, ResponseCreated)
        }
        question, answer = asked[f"resp_{turn}"], f"answer_{turn}"
        for item_id in {"question": [question], "answer": [answer], "both": [question, answer]}[deleted]:
            do(ItemDropped(item_id, None))

    def ask(text, number):
        if is_spoken:
            do(TurnCommitted(number))
            return do(final(number, text))
        do(QuestionTyped(text))
        return do(AnswerRequested())

    for number, word in enumerate(("fracture", "mass"), 1):
        (start,) = ask(f"Is there a {word} on this image?", number)
        do(AnswerProgressed(start.turn, f"No {word}."))
        if word == "mass" and ending == "running":
            delete(start.turn)
        if word == "mass" and ending == "stopped":
            do(StopRequested(None, None))
        else:
            do(AnswerFinished(start.turn, cut_off=ending == "cut off"))
        if word == "mass" and ending != "running":
            delete(start.turn)
    if is_reopened:
        talk = Conversation(INFO)
        talk.go_on_from(past_of(each for each in told if not isinstance(each, TRANSIENT)), {})
    (last,) = ask("Is there a nodule on this image?", 7)
    assert [each.answer for each in last.question.earlier] == ["No fracture."]
