"""Guideline passages and earlier turns go with a question; what the answer cites is told."""

import pytest

from assistant.conversation.asking import cited, search_text
from assistant.conversation.core import Conversation
from assistant.conversation.types import (
    AnswerFinished,
    AnswerProgressed,
    AnswerRequested,
    Emit,
    FinalHeard,
    FindPassages,
    ImageAttached,
    IntentCorrected,
    PassagesFound,
    QuestionTyped,
    StartAnswer,
)
from assistant.engines.base import EngineInfo, Exchange, Source
from assistant.events import Attachment, OutputTextDone, ResponseCreated, ResponseDone, ResponseSources
from assistant.guidelines.passages import Document, Page, passages_of

INFO = EngineInfo(name="scripted", stand_in=True, sees_images=True)
PASSAGES = tuple(
    passages_of(Document("gout.md", (Page("# Gout\n\nColchicine.\n\n# Croup\n\nDexamethasone."),), True))
)


def ask(talk, text):
    talk.handle(QuestionTyped(text))
    return talk.handle(AnswerRequested())


def only(kind, actions):
    (found,) = [
        each
        for action in actions
        for each in [action.event if isinstance(action, Emit) else action]
        if isinstance(each, kind)
    ]
    return found


def answer(talk, turn, text):
    talk.handle(AnswerProgressed(turn, text))
    return talk.handle(AnswerFinished(turn))


def test_passages_are_looked_for_before_the_engine_is_asked():
    talk = Conversation(INFO, "only")
    actions = ask(talk, "What helps in gout?")
    assert only(FindPassages, actions) == FindPassages(1, "What helps in gout?")
    actions = talk.handle(PassagesFound(1, PASSAGES))
    told = only(ResponseSources, actions)
    assert [(s.number, s.file, s.place, s.text) for s in told.sources] == [
        (1, "gout.md", "Gout", "Colchicine."),
        (2, "gout.md", "Croup", "Dexamethasone."),
    ]
    assert told.answered
    assert told.sources[0].url == f"/v1/guidelines/{PASSAGES[0].id}"
    question = only(StartAnswer, actions).question
    assert [source.text for source in question.sources] == ["Colchicine.", "Dexamethasone."]


def test_only_passages_really_given_count_as_cited():
    talk = Conversation(INFO, "only")
    ask(talk, "What helps in gout?")
    talk.handle(PassagesFound(1, PASSAGES))
    assert only(ResponseDone, answer(talk, 1, "Colchicine [2][7], not [1,2].")).cited == [1, 2]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("None.", []),
        ("A [1]. B [3, 2].", [1, 2, 3]),
        ("[1-3]", [1, 2, 3]),
        ("[4] [99] [0] [x]", []),
        ("1", []),
    ],
)
def test_citations_are_numbers_in_brackets(text, numbers):
    assert cited(text, [Source(i, "f", "", "t") for i in (1, 2, 3)]) == numbers


def test_with_nothing_found_it_says_so_and_asks_no_model():
    talk = Conversation(INFO, "only")
    ask(talk, "What helps in scabies?")
    actions = talk.handle(PassagesFound(1, ()))
    assert not [action for action in actions if isinstance(action, StartAnswer)]
    assert only(ResponseSources, actions).answered is False
    assert only(OutputTextDone, actions).text.startswith("Nothing in the guideline folder")
    assert only(ResponseDone, actions).response.status == "completed"


def test_while_the_folder_is_being_read_it_says_so():
    talk = Conversation(INFO, "only")
    ask(talk, "What helps in scabies?")
    assert "still being read" in only(OutputTextDone, talk.handle(PassagesFound(1, (), ready=False))).text


def test_by_setting_the_model_answers_without_a_passage_and_knows_that_there_is_none():
    talk = Conversation(INFO, "first")
    ask(talk, "What helps in scabies?")
    question = only(StartAnswer, talk.handle(PassagesFound(1, ()))).question
    assert question.guidelines_searched
    assert not question.sources


def test_a_question_about_an_image_or_the_report_needs_no_guideline():
    talk = Conversation(INFO, "only")
    talk.handle(FinalHeard(1, "The lungs are clear.", (), 0, 900, ""))
    ask(talk, "Summarize the findings so far.")
    assert only(StartAnswer, talk.handle(PassagesFound(1, ())))
    given = Attachment(id="att_1", name="chest.png", media_type="image/png", width_px=2, height_px=2, url="")
    talk.handle(ImageAttached(given))
    ask(talk, "Is there a pneumothorax?")
    assert only(StartAnswer, talk.handle(PassagesFound(2, ())))


def test_passages_of_a_question_that_was_stopped_are_ignored():
    talk = Conversation(INFO, "only")
    ask(talk, "What helps in gout?")
    ask(talk, "What helps in croup?")
    assert talk.handle(PassagesFound(1, PASSAGES)) == []
    assert only(StartAnswer, talk.handle(PassagesFound(2, PASSAGES))).turn == 2


def test_earlier_turns_go_with_a_question_and_help_to_look_for_passages():
    talk = Conversation(INFO, "only")
    ask(talk, "What helps in gout?")
    talk.handle(PassagesFound(1, PASSAGES))
    answer(talk, 1, "Colchicine [1].")
    actions = ask(talk, "And in pregnancy?")
    assert only(FindPassages, actions).text == "What helps in gout? And in pregnancy?"
    assert only(ResponseCreated, actions).context.earlier == 1
    question = only(StartAnswer, talk.handle(PassagesFound(2, PASSAGES))).question
    assert question.earlier == (Exchange("What helps in gout?", "Colchicine [1]."),)


def test_what_turned_out_to_be_dictation_is_no_earlier_question():
    talk = Conversation(INFO)
    talk.handle(FinalHeard(1, "Assistant, is there a pneumothorax?", (), 0, 900, ""))
    answer(talk, 1, "No.")
    talk.handle(IntentCorrected("utt_1", "dictation"))
    assert only(StartAnswer, ask(talk, "What is gout?")).question.earlier == ()


@pytest.mark.parametrize("question", ["And in children?", "Why?", "what about the dose"])
def test_a_question_that_leans_on_the_one_before_is_looked_for_with_it(question):
    before = [Exchange("How is croup treated?", "Dexamethasone.")]
    assert search_text(question, before) == f"How is croup treated? {question}"
    assert search_text("How is gout treated in the elderly?", before) == "How is gout treated in the elderly?"
