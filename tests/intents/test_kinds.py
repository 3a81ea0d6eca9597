"""Kinds of utterances that are easily mistaken, by members that are generated from their parts."""

import csv
from itertools import product
from pathlib import Path

import pytest

from assistant.intents.detect import Context, detect
from assistant.intents.hearing import Heard
from assistant.intents.split import decide
from assistant.intents.turn import closing_silence_ms
from assistant.vad.endpoint import EndpointSettings

AUTO = Context()
DATA = Path(__file__).parents[1] / "data"

ORDERS = ("check the drain", "compare with the prior study", "review the culture", "measure the girth",
          "calculate the deficit", "describe the output", "summarize at the meeting", "look for new nodes",
          "list for surgery", "identify the vessel and clip it", "draft the referral")  # fmt: skip
LATER = ("on the next scan", "at the next visit", "tomorrow morning", "every six hours", "in three months")
CALLS = ("Okay assistant, ", "okay assistant ", "OK, assistant. ", "Okay so assistant, ", "Okay. Assistant, ",
         "Um, okay, assistant: ", "Hey, assistant, ", "Alright assistant, ", "and assistant ")  # fmt: skip
ASKED = ("what is the dose of heparin", "is there an effusion", "summarize the findings")


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("end", (" period", ", period.", " {period}", " full stop"))
def test_an_order_that_ends_in_a_spoken_period_is_dictation(order: str, end: str) -> None:
    for text in (order + end, order.capitalize() + end):
        assert detect(text, AUTO).intent == "dictation", text


def test_an_order_that_names_the_assistant_or_me_is_a_request_also_with_a_period() -> None:
    assert detect("Assistant, check the guideline on aspirin period", AUTO).intent == "question"
    assert detect("tell me what the guideline says period", AUTO).intent == "question"
    assert detect("give me the dose of heparin period", AUTO).intent == "question"


def test_a_question_that_ends_in_a_spoken_period_is_still_one() -> None:
    assert detect("what is the dose of heparin period", AUTO).intent == "question"
    assert detect("is azithromycin safe with a long QT period", AUTO).intent == "question"


@pytest.mark.parametrize("when", LATER)
def test_an_order_for_later_is_dictation(when: str) -> None:
    for what in ("check for interval growth", "measure the aortic root", "repeat the metabolic panel"):
        assert detect(f"{what} {when}", AUTO).intent == "dictation", f"{what} {when}"
        assert detect(f"{what.capitalize()} {when}.", AUTO).intent == "dictation", f"{what} {when}"


MEASURES = ("five point one centimeters", "5.1 cm", "eleven millimeters", "forty millimeters")
PLACES = ("an aortic root", "a common bile duct", "an appendix", "a spleen")


@pytest.mark.parametrize(("measure", "place"), list(product(MEASURES, PLACES)))
def test_what_a_measure_means_is_a_question(measure: str, place: str) -> None:
    for word in ("dilated", "large", "too wide", "normal", "thick"):
        for text in (f"is {measure} {word} for {place}", f"Is {measure} {word} for {place}?"):
            assert detect(text, AUTO).intent == "question", text


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    "rest",
    ("in diameter", "in greatest dimension", "from the carina", "above the anal verge", "and unchanged",
     "on the left", "below the costal margin", ""),
)  # fmt: skip
def test_a_measure_that_is_told_is_dictation(measure: str, rest: str) -> None:
    for verb in ("is", "was"):
        text = f"{verb} {measure} {rest}".strip()
        assert detect(text, AUTO).intent == "dictation", text
        assert detect(f"{text.capitalize()}.", AUTO).intent == "dictation", text


@pytest.mark.parametrize(
    "preface",
    ("quick question", "one more question", "just a quick question", "I have a quick question",
     "question for you", "another quick question", "quick question for you"),
)  # fmt: skip
def test_a_question_that_is_announced_is_one(preface: str) -> None:
    for asked in ("is doxycycline safe in pregnancy", "what is the half life of digoxin", "can she fly"):
        for text in (f"{preface} {asked}", f"{preface}, {asked}?".capitalize()):
            assert detect(text, AUTO).intent == "question", text


@pytest.mark.parametrize(
    "want", ("I need to know", "I want to know", "I want to find out", "I was wondering", "I'm curious")
)
def test_who_wants_to_know_asks(want: str) -> None:
    for what in ("what the ferritin was", "if this is a lipoma", "how long to hold apixaban"):
        assert detect(f"{want} {what}", AUTO).intent == "question", f"{want} {what}"


@pytest.mark.parametrize(
    "text",
    (
        "she needs to know that the results take a week",
        "he had a quick question about his permit",
        "I need to see him back in two weeks",
        "I want him to stop smoking",
        "a question was raised about the airway",
        "one question is whether the effusion is old",
        "question of a small effusion",
        "Not sure what triggered the flare.",
    ),
)
def test_what_only_sounds_like_asking_is_dictation(text: str) -> None:
    assert detect(text, AUTO).intent == "dictation"


@pytest.mark.parametrize(
    "text",
    ("I have", "I have a", "I have a quick", "quick question", "a question", "is 5", "is a of", "what"),
)
def test_a_sentence_that_is_cut_short_gets_an_answer(text: str) -> None:
    assert detect(text, AUTO).intent in ("dictation", "question")


@pytest.mark.parametrize(("call", "asked"), list(product(CALLS, ASKED)))
def test_calling_the_assistant_leaves_nothing_in_the_report(call: str, asked: str) -> None:
    (part,) = decide(call + asked, AUTO)
    assert (part.decision.intent, part.decision.text) == ("question", asked[0].upper() + asked[1:])


@pytest.mark.parametrize(("call", "asked"), list(product(CALLS, ASKED)))
def test_dictation_before_the_call_is_kept_whole_and_without_it(call: str, asked: str) -> None:
    for said in ("The lungs are clear. ", "no change again period ", "the dose was doubled now "):
        told, question = decide(said + call + asked, AUTO)
        assert (told.heard, told.decision.intent) == (said, "dictation")
        assert question.decision.intent == "question"


def test_an_assistant_who_is_a_person_stays_in_the_report() -> None:
    for text in ("Okay. The assistant retracted the liver.", "and assistant surgeon doctor Lee closed"):
        parts = decide(text, AUTO)
        assert [(part.heard, part.decision.intent) for part in parts] == [(text, "dictation")]


def test_a_pause_after_the_call_does_not_cut_it_off_from_the_question() -> None:
    settings = EndpointSettings()
    for call in ("Okay assistant", "assistant,", "Hey, assistant."):
        assert (
            closing_silence_ms(Heard(call, detect(call)), False, settings) == settings.unfinished_silence_ms
        )


@pytest.mark.parametrize(
    ("name", "least", "most_taken"), (("intents_sixth.tsv", 0.96, 4), ("intents_seventh.tsv", 0.95, 2))
)
def test_the_sets_of_these_kinds_keep_their_figures(name: str, least: float, most_taken: int) -> None:
    with (DATA / name).open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    taken = [(row["label"], decide(row["text"], AUTO)[-1].decision.intent) for row in rows]
    assert sum(label == got for label, got in taken) / len(taken) >= least
    assert sum(got == "question" for label, got in taken if label == "dictation") <= most_taken
