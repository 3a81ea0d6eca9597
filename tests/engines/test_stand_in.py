"""The engine without a model: it helps with this program, quotes the report, and declines all else."""

import asyncio
import csv
import itertools
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.dictation.plain_text import plain_text
from assistant.engines import stand_in
from assistant.engines.base import AnswerText, Question, Sent, Source
from assistant.engines.stand_in import (
    DECLINED,
    EMPTY_REPORT,
    GREETED,
    HELP,
    IMAGES_NOT_SEEN,
    Greeting,
    Help,
    Other,
    StandIn,
    Summary,
    first_sentence,
    reply,
    summary,
    wish_of,
)

DATA = Path(__file__).resolve().parents[1] / "data"


def _wordings() -> dict[str, list[str]]:
    """By their wish: a greeting, a topic of the help, a summary of the report, of what is here, or other."""
    found: dict[str, list[str]] = {}
    with (DATA / "stand_in.tsv").open() as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            found.setdefault(row["wish"], []).append(row["text"])
    return found


WORDINGS = _wordings()
HELPED = [(topic, text) for topic in HELP for text in WORDINGS[topic]]


def questions_of_the_data() -> list[str]:
    """Questions of people, as the tests of intents and guidelines have it."""
    found: list[str] = []
    for path in sorted(DATA.glob("intents*.tsv")):
        with path.open() as lines:
            found += [
                row["text"] for row in csv.DictReader(lines, delimiter="\t") if row["label"] == "question"
            ]
    for path in sorted(DATA.glob("guideline_questions*.tsv")):
        with path.open() as lines:
            found += [row["question"] for row in csv.DictReader(lines, delimiter="\t")]
    return found


@pytest.mark.parametrize("text", WORDINGS["greeting"])
def test_a_greeting_is_answered(text: str) -> None:
    assert wish_of(text) == Greeting()
    assert reply(Question(text)) == GREETED


@pytest.mark.parametrize(("topic", "text"), HELPED)
def test_how_the_program_is_used_is_answered_from_a_fixed_text(topic: stand_in.Topic, text: str) -> None:
    assert wish_of(text) == Help(topic)
    assert reply(Question(text, attachment_ids=("a",))) == HELP[topic]


@pytest.mark.parametrize("text", WORDINGS["report"])
def test_a_summary_of_the_report_quotes_it_whatever_is_attached(text: str) -> None:
    assert wish_of(text) == Summary(names_it=True)
    assert reply(Question(text, "Lungs are clear.", attachment_ids=("a",))) == summary("Lungs are clear.")


@pytest.mark.parametrize("text", WORDINGS["here"])
@pytest.mark.parametrize("attached", [{"attachment_ids": ("a",)}, {"record_ids": ("r",)}])
def test_a_summary_of_something_is_declined_where_that_may_be_what_is_attached(
    text: str, attached: dict[str, tuple[str]]
) -> None:
    assert reply(Question(text, "Lungs are clear.")) == summary("Lungs are clear.")
    assert reply(Question(text, "Lungs are clear.", **attached)).startswith(DECLINED)


@pytest.mark.parametrize("text", [*WORDINGS["other"], ""])
def test_everything_else_is_declined(text: str) -> None:
    assert reply(Question(text, "Lungs are clear.")) == DECLINED


def test_the_questions_of_all_test_data_are_declined() -> None:
    asked = questions_of_the_data()
    assert len(asked) > 400
    answered = {text: wish_of(text) for text in asked if wish_of(text) != Other()}
    reports = {text for text, wish in answered.items() if isinstance(wish, Summary)}
    assert set(answered) == reports, answered


def test_a_wording_that_is_answered_is_declined_with_anything_medical_around_it() -> None:
    known = [text for wish, texts in WORDINGS.items() if wish != "other" for text in texts]
    around = [
        "with warfarin",
        "for this patient",
        "and is there an effusion",
        "of the left lung",
        "in the abdomen",
        "about pneumonia",
        "on this image",
    ]
    for wording, more in itertools.product(known, around):
        bare = wording.rstrip(".?! ")
        for text in (f"{bare} {more}", f"{bare}, {more}?", f"{more} {wording}", f"{bare}. What {more}?"):
            assert wish_of(text) == Other(), text


@given(st.text(max_size=80))
def test_no_text_breaks_it_and_nothing_unknown_is_answered(text: str) -> None:
    told = reply(Question(text))
    if wish_of(text) == Other() or not set(text.lower()) & set(string.ascii_lowercase):
        assert told == DECLINED
    else:
        assert told.strip()


def test_what_was_attached_or_found_is_named_and_not_used() -> None:
    source = Source(1, "pneumonia.md", "", "Amoxicillin 500 mg")
    told = reply(Question("What is the dose?", attachment_ids=("a",), sources=(source,)))
    assert told.startswith(DECLINED)
    assert IMAGES_NOT_SEEN in told
    assert stand_in.PASSAGES_FOUND in told
    assert "500" not in told


REPORT = plain_text(
    [
        ("Technique", ""),
        (
            "Findings",
            "No pneumothorax. Nodule of 5.2 cm in the left upper lobe. Seen with Dr. Smith at 2 p.m. Stable.",
        ),
        ("Impression", "No acute disease."),
    ]
)


def test_a_summary_is_the_reports_own_words() -> None:
    assert summary(REPORT).splitlines() == [
        "This summary counts and quotes; no model wrote it. The report has 22 words in 2 parts.",
        "Findings (19 words) begins: “No pneumothorax.” …",
        "Impression (3 words): “No acute disease.”",
    ]
    assert summary("") == summary(" \n\n ") == EMPTY_REPORT
    assert summary("Clear.").splitlines()[1] == "Without a heading (1 word): “Clear.”"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("No pneumothorax. Heart normal.", "No pneumothorax."),
        ("Seen by Dr. Smith today. Stable.", "Seen by Dr. Smith today."),
        ("Seen by Prof. Jones today. Stable.", "Seen by Prof. Jones today."),
        ("Nodule of 5. The next line.", "Nodule of 5. The next line."),
        ("Grade II vs. Grade III tumour. Stable.", "Grade II vs. Grade III tumour."),
        ("Given at 8 p.m. Patient stable overnight. Fine.", "Given at 8 p.m. Patient stable overnight."),
        ("No evidence of:\n- pneumothorax\n- effusion", "No evidence of:\n- pneumothorax\n- effusion"),
        ("No evidence of\n\nfracture or effusion.", "No evidence of\n\nfracture or effusion."),
        ("Lungs clear.\nHeart normal.", "Lungs clear."),
        ("1. No effusion.\n2. No fracture.", "1. No effusion."),
        ("Size 3.5 x 2.1 mm, i.e. small. Stable.", "Size 3.5 x 2.1 mm, i.e. small."),
        ("Is there an effusion? None seen.", "Is there an effusion?"),
    ],
)  # fmt: skip
def test_a_first_sentence_is_never_cut_short(text: str, first: str) -> None:
    assert first_sentence(text) == first


@given(
    st.lists(
        st.sampled_from(
            ["No", "effusion", "Dr.", "5.2", "vs.", "L.", "lobe.", "Left", "mm.", "\n", "Prof.", "is?"]
        ),
        min_size=1,
        max_size=12,
    )
)
def test_every_quotation_is_in_the_report_as_it_stands(pieces: list[str]) -> None:
    text = plain_text([("Findings", " ".join(pieces)), ("Impression", "Stable.")])
    for line in summary(text).split("“")[1:]:
        assert line.partition("”")[0] in text


def test_a_long_first_sentence_is_not_quoted_in_part() -> None:
    long = "no " + "finding " * 60
    told = summary(long)
    assert "“" not in told
    assert "61 words" in told


async def test_it_streams_in_pieces_tells_no_model_and_keeps_what_it_says() -> None:
    engine = StandIn("nothing was found")
    told: list[Sent] = []
    pieces = [output async for output in engine.answer(Question("Summarise the report", REPORT), told.append)]
    assert told == [Sent(())]
    assert len(pieces) > 20
    assert all(isinstance(piece, AnswerText) for piece in pieces)
    assert "".join(piece.text for piece in pieces if isinstance(piece, AnswerText)) == summary(REPORT)
    assert engine.info.stand_in
    assert engine.info.declines
    assert not engine.info.sees_images
    assert engine.info.why == "nothing was found"
    both = await asyncio.gather(*(anext(aiter(engine.answer(Question("Hello")))) for _ in range(2)))
    assert both == [AnswerText("Hello. ")] * 2


def test_the_help_names_only_commands_that_exist() -> None:
    commands = (DATA.parents[1] / "docs" / "commands.md").read_text()
    said = "what can I say, new paragraph, scratch that, undo, go to impression, next field, correct …, "
    for command in f"{said}save the report, copy the report, print the report, use template".split(", "):
        assert command in commands
