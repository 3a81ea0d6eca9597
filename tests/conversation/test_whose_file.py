"""A file of another patient is shown as a doubt, and no question is asked with it before a person decides."""

import pytest

from assistant.conversation.core import Conversation
from assistant.conversation.past import past_of
from assistant.conversation.types import (
    AnswerRequested,
    Emit,
    ImageAttached,
    ImageConfirmed,
    ImageRemoved,
    ReportOf,
    StartAnswer,
)
from assistant.events import NO_ORDER, NOBODY, Attachment, AttachmentDoubted, Patient
from assistant.orders.pictures import PicturedPatient
from tests.conversation.talk import INFO

MARIA = Patient(id="P-1", name="Muster, Maria", born="1950-02-01")
OTTO = Patient(id="P-2", name="Test, Otto", born="1960-01-01")
KINDS = ["photo", "ct", "record"]


def picture(kind="ct", patient=MARIA):
    named = PicturedPatient(patient.id, patient.born, patient.name)
    attachment = Attachment(
        id="img_1", name="x", kind=kind, media_type="image/png", width_px=1, height_px=1, url="/x"
    )
    return ImageAttached(attachment, patients=() if patient == NOBODY else (named,))


def told(actions, kind=AttachmentDoubted):
    return [each.event for each in actions if isinstance(each, Emit) and isinstance(each.event, kind)]


def asked_with(conversation):
    (start,) = [
        each
        for each in conversation.handle(AnswerRequested("e", text="What is seen on this image?"))
        if isinstance(each, StartAnswer)
    ]
    return (*start.question.attachment_ids, *start.question.record_ids)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("first", ["patient", "picture"])
def test_a_file_of_another_patient_is_asked_about_and_not_used(kind, first):
    conversation, actions = Conversation(INFO), []
    facts = [ReportOf(OTTO, NO_ORDER, None), picture(kind)]
    for fact in facts if first == "patient" else reversed(facts):
        actions += conversation.handle(fact)
    (doubt,) = told(actions)
    assert "another patient" in doubt.message and not doubt.confirmed
    assert asked_with(conversation) == () and conversation.attachment_ids == ()
    (confirmed,) = told(conversation.handle(ImageConfirmed("img_1")))
    assert (confirmed.message, confirmed.confirmed) == ("", True)
    assert asked_with(conversation) == ("img_1",)


def test_what_was_confirmed_of_one_patient_is_not_of_the_next():
    conversation = Conversation(INFO)
    for fact in (ReportOf(OTTO, NO_ORDER, None), picture(), ImageConfirmed("img_1")):
        conversation.handle(fact)
    assert not told(conversation.handle(ReportOf(OTTO, NO_ORDER, None))), "the same patient"
    (doubt,) = told(conversation.handle(ReportOf(Patient(name="Else"), NO_ORDER, None)))
    assert doubt.message
    (none,) = told(conversation.handle(ReportOf(MARIA, NO_ORDER, None)))
    assert (none.message, none.confirmed) == ("", False)
    assert asked_with(conversation) == ("img_1",)


@pytest.mark.parametrize("patient", [NOBODY, MARIA])
def test_a_file_of_nobody_or_of_the_same_patient_is_used_at_once(patient):
    conversation = Conversation(INFO)
    conversation.handle(ReportOf(MARIA, NO_ORDER, None))
    actions = conversation.handle(picture("ct", patient))
    assert not told(actions) and asked_with(conversation) == ("img_1",)


def test_a_report_without_patient_takes_none_by_itself():
    conversation = Conversation(INFO)
    assert not told(conversation.handle(picture()))
    assert conversation.described.patient == NOBODY and asked_with(conversation) == ("img_1",)


def test_the_doubt_and_its_answer_are_there_when_the_report_is_opened_again():
    for answer in ((), (ImageConfirmed("img_1"),)):
        conversation, events = Conversation(INFO), []
        for fact in (ReportOf(OTTO, NO_ORDER, None), picture(), *answer):
            events += [each.event for each in conversation.handle(fact) if isinstance(each, Emit)]
        again = Conversation(INFO)
        assert not told(again.go_on_from(past_of(events), {"img_1": picture()}))
        assert asked_with(again) == (("img_1",) if answer else ())
        again.handle(ImageRemoved("img_1"))
        assert again.attachment_ids == ()
