"""The reader that checks what is written: what it lets pass, what it does not, and what it calls doubtful."""

import csv
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.dictation.tokens import table
from assistant.proofreading import clauses, proofread
from assistant.proofreading.grammar import runs
from assistant.proofreading.tokens import tokens
from tests.dictation.mutations import MUTATIONS, mutants
from tests.dictation.truth import Corpus, decimal, whole

PAIRS = Path(__file__).resolve().parents[1] / "data/formatting.tsv"


def pairs() -> list[tuple[str, str]]:
    with PAIRS.open(encoding="utf-8") as file:
        every = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(row["spoken"], row["written"].replace("\\n", "\n")) for row in every]


RIGHT = [
    (
        "at that point twenty milligrams of labetalol was pushed",
        "At that point 20 mg of labetalol was pushed",
    ),
    ("on hospital day three thirty milligrams of prednisone", "On hospital day 3 30 mg of prednisone"),
    ("three-point-eight", "3.8"),
    ("one-thirty-two over seventy-six", "132/76"),
    ("one-twenty thousand", "120000"),
    ("two point one two point four and one point nine", "2.1 2.4 and 1.9"),
    ("segment seven twelve millimeter cyst", "Segment 7 12 mm cyst"),
    ("grade two forty percent", "Grade II 40%"),
    ("stomach small bowel and colon period no free air", "Stomach small bowel and colon. No free air"),
    ("findings colon new line colon colon no mass", "Findings:\nColon: No mass"),
    ("three oh vicryl suture", "3-0 Vicryl suture"),
    ("oh three five inch wire", "0.035-inch wire"),
    ("gravida three para two zero one two", "G3P2012"),
    ("p t two n one m zero", "pT2 N1 M0"),
    ("visual acuity is twenty forty", "Visual acuity is 20/40"),
    ("c a nineteen nine of thirty seven", "CA 19-9 of 37"),
    ("in the nineteen nineties", "In the 1990s"),
    ("the third to the fifth of june", "The 3rd to the 5th of June"),
    ("five foot eleven", "5'11\""),
    ("number one aspirin number two statin", "1. Aspirin\n2. Statin"),
    ("oh silk", "0 silk"),
    ("a point oh one four inch wire", "A 0.014-inch wire"),
    ("o d twenty forty o s twenty two hundred", "OD 20/40 OS 20/200"),
    ("factor ten a inhibitor", "Factor Xa inhibitor"),
    ("bipolar one disorder", "Bipolar I disorder"),
    ("epinephrine one to one hundred thousand", "Epinephrine 1:100,000"),
    ("june third to fifth", "June 3-5"),
    ("lungs clear {{period}} {new {paragraph} heart", "Lungs clear.\n\nHeart"),
    ("two {decimal} five centimeters", "2.5 cm"),
    ("FINDINGS] colon} clear", "FINDINGS: clear"),
    ("one-and-a-half tablets", "1.5 tablets"),
    ("thirty eight and two sevenths weeks", "38 2/7 weeks"),
    ("fetal heart rate one forties", "Fetal heart rate 140s"),
    ("p h q nine fourteen", "PHQ-9 14"),
    ("five foot four one hundred twenty pounds", "5 foot 4 120 pounds"),
    ("take two five hundred milligram tablets", "Take two 500 mg tablets"),
    ("give a hundred milligrams", "Give 100 mg"),
    ("give a hundred milligrams", "Give a hundred milligrams"),
    ("a thousand two hundred units", "1200 units"),
    ("shortening fraction twenty five percent", "Shortening fraction 25%"),
    ("hepatitis a colon negative", "Hepatitis A: Negative"),
    ("two out of three criteria", "2 out of 3 criteria"),
]
WRONG = [
    ("give a hundred milligrams", "Give 10 mg", "numbers"),
    ("give a thousand units", "Give 100 units", "numbers"),
    ("give vitamin a thousand units", "Give vitamin 1000 units", "numbers"),
    ("ejection fraction thirty five percent", "Ejection fraction 30 5%", "numbers"),
    ("at that point twenty milligrams were pushed", "At that 0.2 mg were pushed", "numbers"),
    ("on hospital day three thirty milligrams", "On hospital day 330 mg", "numbers"),
    ("three-point-eight", "3-point-8", "numbers"),
    ("one-thirty-two over seventy-six", "1-32/76", "numbers"),
    ("two point one two point four and one point nine", "2.12 0.4 and 1.9", "numbers"),
    (
        "the entry point four centimeters above the umbilicus",
        "The entry 0.4 cm above the umbilicus",
        "numbers",
    ),
    ("segment seven twelve millimeter cyst", "Segment 712 mm cyst", "numbers"),
    ("grade two forty percent", "Grade 240%", "numbers"),
    ("small bowel and colon period no free air", "Small bowel and: No free air", "marks"),
    ("findings colon new line colon colon no mass", "Findings:\nNo mass", "negations"),
    ("denies chest pain", "Denies. Chest pain", "marks"),
    ("left kidney", "Right kidney", "sides"),
    ("no fracture", "Fracture", "negations"),
    ("prednisone five milligrams", "Prednisolone 5 mg", "drugs"),
    ("five milligrams", "5 mcg", "words"),
    ("ten units", "10 u per hour", "words"),
    ("mass in the liver", "Mass in the spleen", "words"),
    ("gray matter", "Gy matter", "words"),
    ("five", "-5", "numbers"),
    ("on day two fever", "On week 2 fever", "words"),
    ("one one two", "1 12", "numbers"),
    ("record number oh oh seven", "Record number 7", "numbers"),
]
DOUBTFUL = [
    ("take two fifty milligram tablets", "Take 250 mg tablets"),
    ("take two fifty milligram tablets", "Take 2 50 mg tablets"),
    ("twenty forty", "20/40"),
    ("twenty forty", "2040"),
    ("give 1.250 units", "Give 1.250 units"),
    ("at seven thirty", "At 730"),
    ("metoprolol fifty two tablets daily", "Metoprolol 52 tablets daily"),
    ("six hundred one tablet", "601 tablet"),
    ("dose two point five milligrams", "Dose 2.5 mg"),
    ("at level c three four forty eight millimeter", "At level C3-C4 48 mm"),
]


@pytest.mark.parametrize(("said", "written"), RIGHT)
def test_what_says_the_same_holds_and_is_not_doubtful(said: str, written: str) -> None:
    proof = proofread(said, written)
    assert proof.holds
    assert not proof.doubts


@pytest.mark.parametrize(("said", "written", "kind"), WRONG)
def test_what_says_something_else_is_an_alarm(said: str, written: str, kind: str) -> None:
    assert kind in proofread(said, written).kinds


@pytest.mark.parametrize(("said", "written"), DOUBTFUL)
def test_words_with_two_readings_are_doubtful_whichever_is_written(said: str, written: str) -> None:
    proof = proofread(said, written)
    assert proof.holds
    assert proof.doubts


def test_an_alarm_names_the_place_in_both_texts() -> None:
    said, written = "the liver is normal comma five milligrams", "The liver is normal, 50 mg"
    (alarm,) = proofread(said, written).alarms
    assert said[alarm.said_start :].startswith("five")
    assert written[alarm.start :].startswith("50")


def test_every_number_up_to_two_thousand_is_read_however_it_is_said() -> None:
    for value in [*range(2000), *range(2000, 100_000, 997)]:
        for said in whole(value):
            (run,) = runs(tokens(said)).values()
            assert str(value) in {part.value for reading in run.readings for part in reading}, said
            assert proofread(f"{said} units", f"{value} units").holds, said
    for value in (f"{a}.{b}" for a in range(30) for b in (1, 5, 25, 75)):
        for said in decimal(value):
            assert proofread(f"{said} units", f"{value} units").holds, said


def test_the_written_pairs_raise_no_alarm() -> None:
    for said, written in pairs():
        assert proofread(said, written).holds, said
        assert proofread(said, said).holds, said


def test_right_texts_raise_no_alarm_and_two_readings_are_marked() -> None:
    alarms = unmarked = 0
    dictations = Corpus(4000, seed=7).dictations
    for each in dictations:
        proof = proofread(each.text, each.written)
        alarms += not proof.holds
        unmarked += each.doubtful and not proof.doubts
    assert alarms == 0
    assert unmarked <= len(dictations) * 0.001


def test_a_broken_formatter_is_caught() -> None:
    """A thousand and more mutations of right texts, of every kind: 99.5 % of them must be alarms."""
    chance = random.Random(11)
    found = [
        (each.text, each.written, each.verdict)
        for each in Corpus(400, seed=11).dictations
        if not each.doubtful
    ]
    total = caught = 0
    kinds: set[str] = set()
    for said, written, verdict in found:
        for kind, broken in mutants(written, chance, most=1):
            if verdict(broken) != "wrong":
                continue  # another right way to write it
            kinds.add(kind)
            total += 1
            caught += not proofread(said, broken).holds
    for said, written in pairs():
        for _, broken in mutants(written, chance, most=1):
            total += 1
            caught += not proofread(said, broken).holds
    assert kinds == MUTATIONS.keys()
    assert total > 1000
    assert caught / total >= 0.995


SOUP = table(
    "one two nine ten nineteen twenty ninety hundred thousand point oh o zero and half third thirds of "
    "june the may period colon dash new line l t c stage day dose segment to over by x times mg "
    "milligram inch tablets percent am pm hours o'clock at between level a minus plus 5 12 0.5 1.250 .5 "
    "3rd 007 { } [ ] - / : , . visual acuity vision nineties ratio number out per iv II ½ morning "
    "suture hco twenty-one"
)


@settings(max_examples=600)
@given(st.lists(st.sampled_from(SOUP), max_size=14), st.lists(st.sampled_from(SOUP), max_size=14))
def test_any_two_texts_are_read_to_their_ends(said: list[str], written: list[str]) -> None:
    one, two = " ".join(said), " ".join(written)
    proof = proofread(one, two)
    assert proofread(one, one).holds
    for alarm in proof.alarms:
        assert 0 <= alarm.said_start <= alarm.said_end <= len(one)
        assert 0 <= alarm.start <= alarm.end <= len(two)
    for doubt in proof.doubts:
        assert 0 <= doubt.start < doubt.end <= len(two)
    places = clauses(one)
    assert all(a.start < a.end <= a.next_start for a in places)


@settings(max_examples=300)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_characters_are_read(said: str, written: str) -> None:
    proofread(said, written)
    assert proofread(said, said).holds
    clauses(said)


def test_clauses_are_cut_at_marks_and_not_at_organs() -> None:
    said = "the colon is normal period findings colon no mass comma 2.5 cm. no pain"
    assert [said[each.start : each.end] for each in clauses(said)] == [
        "the colon is normal", "findings", "no mass", "2.5 cm", "no pain",
    ]  # fmt: skip
