"""A session's questions to models: what goes with them, and what comes of whatever an engine does."""

import asyncio
import logging
from types import SimpleNamespace

import pytest

from assistant.conversation.types import (
    AnswerFinished,
    AnswerProgressed,
    ModelThought,
    PromptSent,
    RecordRead,
)
from assistant.engines.base import AnswerText, CutOff, EngineInfo, Question, Sent, Thought, Usage, nobody
from assistant.engines.pieces import Image, ImagePiece, LinkPiece, TextPiece
from assistant.errors import EngineFailed
from assistant.records.fhir import Resource
from assistant.session.responder import Responder

ASKED = Question("Is there a marker?", attachment_ids=("old", "new"))


class Says:
    """An engine that puts out what it is given; an error is raised."""

    def __init__(self, *outputs, reports=False, **info):
        self.reports = reports
        self.outputs, self.asked, self.closed = outputs, [], False
        described = {"name": "says", "stand_in": False, "sees_images": True} | info
        self.info = EngineInfo(**described)

    async def answer(self, question, report=nobody):
        self.asked.append(question)
        if self.reports:
            report(Sent(question.pieces))
        try:
            for output in self.outputs:
                await asyncio.sleep(0)
                if isinstance(output, Exception):
                    raise output
                yield output
        finally:
            self.closed = True


class Attached:
    """Two pictures and a record; the newer picture is of the archive."""

    def __init__(self, resources=()):
        self.resources, self.most = resources, None

    def links(self, ids):
        return tuple(LinkPiece("https://pacs/studies/1", each) for each in ids if each == "new")

    async def pieces(self, ids, most, labels):
        self.most = most
        words = labels or {}
        image = Image("x", "x.png", "image/png", b"", 1, 1)
        return tuple(
            piece
            for each in ids
            for piece in (TextPiece(words.get(each, "SLICE 1"), each), ImagePiece(image, each))
        )

    async def records(self, ids):
        return tuple(each for each in self.resources if ids)


def responder(engine, attached=None, text_engine=None):
    facts = []
    components = SimpleNamespace(engine=engine, text_engine=text_engine, guidelines=None)
    made = Responder(components, attached or Attached(), passages=3, now_ms=lambda: 42, take=facts.append)
    return made, facts


async def test_what_an_engine_reports_that_it_gave_its_model_becomes_a_fact_before_the_answer():
    engine = Says(AnswerText("No."), reports=True)
    made, facts = responder(engine)
    await made.answer(5, ASKED, by_text_engine=False)
    told, answered, _ = facts
    assert told == PromptSent(5, Sent(engine.asked[0].pieces))
    assert len(told.sent.parts) > 1
    assert answered == AnswerProgressed(5, "No.")


async def test_what_an_engine_puts_out_becomes_facts_in_their_order():
    engine = Says(Thought("Hm"), AnswerText("No"), AnswerText("."), Usage(7, 2))
    made, facts = responder(engine)
    await made.answer(5, ASKED, by_text_engine=False)
    assert facts == [
        ModelThought(5, "Hm"),
        AnswerProgressed(5, "No"),
        AnswerProgressed(5, "."),
        AnswerFinished(5, None, "", Usage(7, 2), 42),
    ]


async def test_an_answer_that_reached_its_limit_is_said_to_be_cut_off():
    made, facts = responder(Says(AnswerText("No"), CutOff()))
    await made.answer(1, ASKED, by_text_engine=False)
    assert facts[-1] == AnswerFinished(1, None, "", None, 42, cut_off=True)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (EngineFailed("Away.", code="engine_unreachable"), "engine_unreachable"),
        (KeyError("marker"), "engine_failed"),
    ],
)
async def test_whatever_goes_wrong_is_the_end_of_the_answer_alone(error, code, caplog):
    engine = Says(AnswerText("No"), error)
    made, facts = responder(engine)
    await made.answer(1, ASKED, by_text_engine=False)
    assert facts[0] == AnswerProgressed(1, "No")
    assert facts[1].code == code
    assert "marker" not in facts[1].message
    assert engine.closed


async def test_leaving_it_closes_the_engine_and_ends_in_no_fact():
    engine = Says(AnswerText("No"), *[AnswerText(".")] * 10_000)
    made, facts = responder(engine)
    task = asyncio.create_task(made.answer(1, ASKED, by_text_engine=False))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.closed
    assert facts
    assert not any(isinstance(fact, AnswerFinished) for fact in facts)


async def test_pictures_and_links_go_in_the_order_of_the_question():
    seeing, following = Says(most_images=60), Says(follows_links=True)
    for engine in (seeing, following):
        await responder(engine)[0].answer(1, ASKED, by_text_engine=False)
    assert [piece.attachment_id for piece in seeing.asked[0].pieces] == ["old", "old", "new", "new"]
    assert [type(piece) for piece in following.asked[0].pieces] == [TextPiece, ImagePiece, LinkPiece]


async def test_an_engine_without_eyes_gets_one_image_to_say_so_and_one_with_them_what_it_takes():
    for engine, most in ((Says(sees_images=False), 1), (Says(most_images=60), 60)):
        attached = Attached()
        await responder(engine, attached)[0].answer(1, ASKED, by_text_engine=False)
        assert attached.most == most


async def test_the_engine_for_text_is_asked_where_it_is_named_and_there():
    engine, other = Says(), Says()
    await responder(engine, text_engine=other)[0].answer(1, Question("Dose?"), by_text_engine=True)
    assert (len(engine.asked), len(other.asked)) == (0, 1)
    await responder(engine)[0].answer(1, Question("Dose?"), by_text_engine=True)
    assert len(engine.asked) == 1


async def test_a_record_is_read_before_it_is_answered_from():
    resource = Resource(
        "Observation/1", "Observation", "Observation/a", "2026-01-02", "Hemoglobin", "Hemoglobin: 9.1 g/dL"
    )
    engine = Says(AnswerText("Low [Observation/1]."))
    made, facts = responder(engine, Attached([resource]))
    await made.answer(1, Question("Hemoglobin?", record_ids=("r",)), by_text_engine=False)
    (read,) = [fact for fact in facts if isinstance(fact, RecordRead)]
    assert read.resources == (resource,)
    assert "9.1" in engine.asked[-1].record
    assert facts.index(read) < facts.index(AnswerProgressed(1, "Low [Observation/1]."))


async def test_nothing_of_the_question_is_logged(caplog):
    caplog.set_level(logging.DEBUG)
    made, _ = responder(Says(AnswerText("marker"), EngineFailed("marker", code="engine_failed")))
    await made.answer(1, ASKED, by_text_engine=False)
    assert "marker" not in caplog.text


async def test_an_engine_that_declines_is_given_no_image_and_no_record():
    resource = Resource(
        "Observation/1", "Observation", "Observation/a", "2026-01-02", "Hemoglobin", "9.1 g/dL"
    )
    engine = Says(AnswerText("No."), declines=True)
    made, facts = responder(engine, Attached([resource]))
    question = Question("Hemoglobin?", attachment_ids=("old", "new"), record_ids=("r",))
    await made.answer(1, question, by_text_engine=False)
    assert engine.asked == [question]
    assert not [fact for fact in facts if isinstance(fact, RecordRead)]
