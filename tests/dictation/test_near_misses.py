"""Words that are nearly a drug or a place: the likely word is offered, and what is right is let be."""

import csv
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation.report import document_changed
from assistant.dictation.dictation import Dictation
from assistant.dictation.document import Range
from assistant.dictation.formatter import Formatter
from assistant.dictation.near_misses import DATA, NearMiss, known_words, near_misses
from assistant.events import DocumentCommand
from assistant.export.checks import check

LINES = (DATA / "terms.txt").read_text().splitlines()
TERMS = [line.split("\t")[0] for line in LINES]
OFFERED = {line.split("\t")[0] for line in LINES if not line.endswith("finding")}
ROOT = Path(__file__).parents[1]


def offered(text: str) -> list[tuple[str, str]]:
    return [(text[miss.start : miss.end], miss.likely) for miss in near_misses(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Continue metaprolol 25 mg twice daily.", [("metaprolol", "metoprolol")]),
        ("Metaprolol was held.", [("Metaprolol", "Metoprolol")]),
        ("Start at orvasted in 40 mg.", [("at orvasted in", "atorvastatin")]),
        ("At orvasted in 40 mg was started.", [("At orvasted in", "Atorvastatin")]),
        (
            "She takes lysinopril and sephalexin.",
            [("lysinopril", "lisinopril"), ("sephalexin", "cephalexin")],
        ),
        ("Ordered sip ro floxacin.", [("sip ro floxacin", "ciprofloxacin")]),
        ("The duodeenum is normal.", [("duodeenum", "duodenum")]),
        ("A lesion of the mesen terry.", [("mesen terry", "mesentery")]),
        ("hydro chloro thia zide 25 mg", [("hydro chloro thia zide", "hydrochlorothiazide")]),
        ("Continue war, fa rin.", [("war, fa rin", "warfarin")]),
    ],
)
def test_a_near_miss_is_offered_with_its_place(text: str, found: list[tuple[str, str]]) -> None:
    assert offered(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "She takes metoprolol, lisinopril and hydroxyzine; hydralazine was stopped.",
        "The foramina are patent, the nodule lies inferiorly, the acetabular cup is intact.",
        "Preaortic and para-aortic nodes; the infraspinatus is normal.",
        "He walked along the road in front of the hospital and asked for a man to come.",
        "Prednisone was changed to prednisolone.",
        "The gall bladder is normal.",
        "It is located in the spleen and able to be seen.",
        "Hypotension, not hypertension. Hypodense, not hyperdense.",
        "A nu methorax is seen.",  # a finding, and no hemithorax
        "",
    ],
)
def test_what_is_a_word_of_its_own_is_let_be(text: str) -> None:
    assert offered(text) == []


def test_no_term_is_taken_for_another_one() -> None:
    assert [term for term in TERMS if offered(f"The {term} was noted.")] == []


def test_a_term_torn_apart_is_found_whole_in_nearly_all_cases() -> None:
    rng = random.Random(2)
    torn = []
    for term in TERMS:
        if len(term) >= 10 and known_words().isdisjoint((term[:4], term[4:])):
            cut = rng.randrange(3, len(term) - 3)
            torn.append((f"given {term[:cut]} {term[cut:]} today", term))
    wanted = [(text, term) for text, term in torn if term in OFFERED]
    assert len(wanted) > 300
    assert sum(term in [likely for _, likely in offered(text)] for text, term in wanted) / len(wanted) > 0.9


def test_words_of_the_clinician_are_never_doubted() -> None:
    assert near_misses("Continue metaprolol.", frozenset({"metaprolol"})) == ()


def test_the_own_dictation_is_hardly_ever_marked() -> None:
    lines = []
    with (ROOT / "data/formatting.tsv").open(encoding="utf-8") as file:
        lines += [row["written"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    with (ROOT / "data/intents_fifth.tsv").open(encoding="utf-8") as file:
        lines += [row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    assert sum(len(line.split()) for line in lines) > 2_500
    assert [marked for line in lines for marked in offered(line)] == []


@given(st.text(max_size=120))
def test_any_text_gets_places_in_order_inside_it(text: str) -> None:
    found = near_misses(text)
    ends = [0, *(miss.end for miss in found)]
    for before, miss in zip(ends, found, strict=False):
        assert isinstance(miss, NearMiss) and before <= miss.start < miss.end
    assert ends[-1] <= len(text)


@pytest.fixture
def report() -> Dictation:
    dictation = Dictation()
    dictation.take("utt_1", "continue metaprolol twenty five milligrams twice daily period")
    return dictation


def doubts(dictation: Dictation) -> list[tuple[str, str, str]]:
    runs = [run for section in document_changed(dictation, ()).sections for run in section.runs]
    return [(run.text, run.doubt.reason, run.doubt.offer) for run in runs if run.doubt]


def test_the_report_keeps_what_was_heard_and_offers_the_likely_word(report: Dictation) -> None:
    assert report.document.text == "Continue metaprolol 25 mg twice daily."
    assert doubts(report) == [("metaprolol", "near_miss", "metoprolol")]


def test_the_checks_before_export_name_the_near_miss(report: Dictation) -> None:
    (finding,) = [each for each in check(report.document) if each.code == "text_doubtful"]
    assert finding.message == "“metaprolol” may be “metoprolol”."
    assert report.document.text[finding.start : finding.end] == "metaprolol"


def test_the_offer_is_taken_with_one_command_and_undone_with_one(report: Dictation) -> None:
    place = report.document.text.index("meta")
    report.press(DocumentCommand(command="confirm", section_id="text", offset=place, text="metoprolol"))
    assert report.document.text == "Continue metoprolol 25 mg twice daily."
    assert doubts(report) == []
    report.undo()
    assert report.document.text == "Continue metaprolol 25 mg twice daily."
    assert doubts(report) == [("metaprolol", "near_miss", "metoprolol")]


def test_a_word_that_a_person_said_is_right_is_not_doubted_again(report: Dictation) -> None:
    place = report.document.text.index("meta")
    report.press(DocumentCommand(command="confirm", section_id="text", offset=place))
    assert doubts(report) == []
    report.take("utt_2", "metaprolol was well tolerated period")
    assert doubts(report) == []
    assert report.document.text.endswith("Metaprolol was well tolerated.")


def test_words_of_a_clinicians_list_are_known_in_either_form() -> None:
    dictation = Dictation(Formatter(words={"meta pro lol": "Metaprolol-X", "lysinopril": "lysinopril"}))
    dictation.take("utt_1", "continue lysinopril and meta pro lol period")
    assert doubts(dictation) == []


def test_a_near_miss_that_replaces_other_words_is_doubted_too() -> None:
    dictation = Dictation()
    dictation.take("utt_1", "continue aspirin period")
    command = dictation.understand("replace aspirin with metaprolol")
    assert command is not None
    dictation.obey("utt_2", command)
    assert doubts(dictation) == [("metaprolol", "near_miss", "metoprolol")]


def test_what_is_typed_is_not_doubted() -> None:
    dictation = Dictation()
    dictation.editor.edit(dictation.document.revision, Range("text", 0, 0), "Continue metaprolol.")
    assert doubts(dictation) == []


@pytest.mark.parametrize(
    "said",
    ["start at orvasted in forty milligrams period", "No sephalexin, no lysinopril and no pancreas lesion."],
)
def test_nothing_is_ever_changed_by_it(said: str) -> None:
    dictation = Dictation()
    dictation.take("utt_1", said)
    assert dictation.document.text == Formatter().format(said)
    assert doubts(dictation) != []
