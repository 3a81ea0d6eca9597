"""Kinds of fault in written dictation, each with its members: generated, and the right value known."""

import csv
from itertools import product
from pathlib import Path

import pytest

from assistant.dictation import FormatOptions, Formatter
from assistant.dictation.labels import _HIGHEST as LABELS
from assistant.dictation.numbers import whole, write_numbers
from assistant.dictation.points import is_noun, opens_decimal
from assistant.dictation.punctuation import SPOKEN
from assistant.dictation.tokens import table
from tests.dictation.test_formatter import said

FORMATTER = Formatter()
ROWS = Path(__file__).resolve().parents[1] / "data/formatting_kinds.tsv"


def rows():
    with ROWS.open(encoding="utf-8") as file:
        return [
            (row["spoken"], row["written"].replace("\\n", "\n"))
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


@pytest.mark.parametrize(("spoken", "written"), rows())
def test_each_example_has_its_right_value(spoken, written):
    assert FORMATTER.format(spoken) == written
    assert FORMATTER.format(written) == written or "\n" in written


# --- 1: the point as a noun ---

NOUNS = table("entry exit trigger pressure tender puncture access starting end bleeding insertion")


def test_behind_a_point_that_is_a_place_a_number_is_whole():
    for noun, number in product(NOUNS, ("four", "twenty", "twelve", "thirty two", "one hundred")):
        value = whole(number.split())
        assert (
            FORMATTER.format(f"the {noun} point {number} centimeters above")
            == f"The {noun} point {value} cm above"
        )


def test_behind_an_unknown_word_point_and_a_digit_stay_as_they_were_said():
    for noun in ("navel", "zebra", "landing", "anterior"):
        assert not opens_decimal(noun)
        assert not is_noun(noun, "")
        assert (
            FORMATTER.format(f"{noun} point four centimeters above").lower()
            == f"{noun} point four centimeters above"
        )


def test_point_and_tens_are_never_a_decimal():
    for before, tens in product(
        ("", "fluoxetine", "the value is", "a", "gave", "navel"), ("ten", "twenty", "ninety five")
    ):
        written = FORMATTER.format(f"{before} point {tens} milligrams".strip())
        assert "0." not in written
        assert not any(f".{digit}" in written for digit in "0123456789")


# --- 2: labels ---


def test_a_label_takes_its_own_number_and_a_unit_its_own():
    """The right digits of both, or the words as they were said; never one number of two."""
    amounts = (
        "five milligrams",
        "twelve millimeters",
        "thirty milligrams",
        "forty percent",
        "one hundred units",
    )
    right = ("5 mg", "12 mm", "30 mg", "40%", "100 units")
    for label, (amount, written), number in product(LABELS, zip(amounts, right, strict=True), (2, 3, 7, 11)):
        if number > LABELS[label] or label in ("level", "number"):
            continue
        got = FORMATTER.format(f"{label} {said(number)} {amount}")
        if "-" in got or any(digit.isdigit() for digit in got):
            tail = got.split(maxsplit=1)[1]
            roman = {2: "II", 3: "III", 7: "VII", 11: "XI"}[number]
            assert tail in (f"{number} {written}", f"{roman} {written}"), got
        else:
            assert got.lower() == f"{label} {said(number)} {amount}"


# --- 3: hyphens ---


def test_hyphens_between_number_words_change_no_value():
    for value in [*range(1, 200), *range(200, 10_000, 37)]:
        plain = said(value)
        assert write_numbers(plain.replace(" ", "-"), lambda *_: True) == str(value)
        assert write_numbers(f"{plain.replace(' ', '-')}-point-five", lambda *_: True) == f"{value}.5"


def test_pressures_in_hyphens():
    for high, low in product(range(90, 210, 7), range(40, 120, 11)):
        short = said(high // 100) + "-" + said(high % 100).replace(" ", "-") if high >= 110 else said(high)
        if high % 100 < 10:
            continue
        assert FORMATTER.format(f"bp {short} over {said(low).replace(' ', '-')}") == f"BP {high}/{low}"


# --- 4: decimals in a row ---


def test_decimals_in_a_row_stay_apart():
    values = ["1.2", "2.5", "10.4", "12.9", "7.1"]
    for first, second in product(values, values):
        words = [f"{said(int(v.split('.')[0]))} point {said(int(v.split('.')[1]))}" for v in (first, second)]
        assert FORMATTER.format(f"it was {words[0]} {words[1]}") == f"It was {first} {second}"


# --- 6: words that are marks ---

TIMES = table("minute hour day week month year")


@pytest.mark.parametrize("time", TIMES)
def test_a_period_closes_the_sentence_behind_a_time_and_is_a_time_behind_a_measured_one(time):
    assert FORMATTER.format(f"worse over the last {time} period") == f"Worse over the last {time}."
    assert FORMATTER.format(f"once a {time} period stable period") == f"Once a {time}. Stable."
    assert (
        FORMATTER.format(f"over a two {time} period she improved") == f"Over a 2-{time} period she improved"
    )
    assert FORMATTER.format(f"over a period of one {time} period") == f"Over a period of 1 {time}."


ORGAN_BEFORE = table("ascending descending transverse sigmoid right left the entire distal")


def test_the_colon_is_an_organ_behind_its_adjectives_and_before_another_mark():
    for adjective, mark in product(ORGAN_BEFORE, ("period", "comma", "semicolon")):
        sign = SPOKEN[mark]
        assert FORMATTER.format(f"normal {adjective} colon {mark} no mass") == (
            f"Normal {adjective} colon{sign} {'No' if sign == '.' else 'no'} mass"
        )
    for section in ("findings", "impression", "lungs", "plan", "technique"):
        assert FORMATTER.format(f"{section} colon normal period") == f"{section.capitalize()}: Normal."


# --- 7: letters ---


def test_i_and_iv_are_no_numbers():
    for words in (
        "i saw her",
        "he and i spoke",
        "she and i agree",
        "what i heard",
        "through iv access",
        "or iv fluids",
    ):
        written = FORMATTER.format(f"{words} today period")
        assert written.lower() == f"{words} today."


# --- 9: torn markers ---


def torn(name):
    """All ways in which ``{name}`` may have lost or doubled its braces, but for losing all."""
    for left, right in product(("", "{", "{{"), ("", "}", "}}")):
        if left or right:
            yield f"{left}{name}{right}"
    if " " in name:
        first, second = name.split()
        yield from (
            f"{{{first}}} {second}}}",
            f"{{{first} {{{second}}}",
            f"{first} {{{second}}}",
            f"{first}}} {second}}}",
        )


@pytest.mark.parametrize(
    "name", ["period", "comma", "colon", "semicolon", "new line", "new paragraph", "question mark"]
)
def test_a_marker_is_read_however_it_is_torn(name):
    whole_one = FORMATTER._passes(f"stable {{{name}}} no change {{period}}", False)
    for marker in torn(name):
        assert FORMATTER._passes(f"stable {marker} no change {{period}}", False) == whole_one, marker


def test_an_unknown_marker_stays_once():
    for marker in ("{foo}", "{unknown thing}", "[Name]", "{tab}"):
        assert FORMATTER.format(f"stable {marker} today {{period}}").count(marker) == 1


# --- 10: numbers that are no list ---


@pytest.mark.parametrize(
    "thing", ["blade", "silk tie", "vicryl suture", "french catheter", "pencil", "concern is pain"]
)
def test_a_numbered_thing_begins_no_list(thing):
    for number in ("one", "two", "ten"):
        assert not FORMATTER.format(f"number {number} {thing} was used").startswith(("1.", "2.", "10."))


# --- house styles ---


@pytest.mark.parametrize(
    ("style", "spoken", "written"),
    [
        ({"classes": "arabic"}, "nyha class three", "NYHA class 3"),
        ({"classes": "arabic"}, "stage three b", "Stage 3B"),
        ({"classes": "arabic"}, "factor five leiden", "Factor 5 Leiden"),
        ({"thousands": "comma"}, "heparin five thousand units", "Heparin 5,000 units"),
        ({"thousands": "comma"}, "platelets one hundred forty five thousand", "Platelets 145,000"),
        ({"thousands": "comma"}, "seen in two thousand and five", "Seen in 2005"),
        ({"thousands": "comma"}, "record number one two three four five", "Record number 12345"),
    ],
)
def test_house_styles(style, spoken, written):
    assert Formatter(FormatOptions(**style)).format(spoken) == written


@pytest.mark.parametrize("unit", ["second", "minute", "hour", "day", "week", "month", "year"])
@pytest.mark.parametrize("number", ["two", "ten", "twenty four"])
@pytest.mark.parametrize("article", ["a", "the", "this"])
def test_a_span_of_time_keeps_its_period(article, number, unit):
    said = f"over {article} {number} {unit} period she improved"
    assert "period she improved" in Formatter().format(said)


# --- shares, counts, letters and hundreds ---


def test_a_share_that_is_a_range_is_written_whole():
    for share, (low, a), (high, b) in product(
        ("ejection fraction", "shortening fraction", "regurgitant fraction"),
        (("twenty five", 25), ("thirty", 30), ("thirty five", 35)),
        (("forty", 40), ("fifty five", 55), ("sixty", 60)),
    ):
        written = FORMATTER.write(f"{share} {low} to {high} percent")
        assert written.text == f"{share.capitalize()} {a}-{b}%"


def test_what_is_counted_is_no_score():
    for things in ("criteria", "lesions", "vessels", "siblings", "cultures", "feet", "specimens", "days"):
        assert FORMATTER.format(f"two out of three {things}") == f"2 out of 3 {things}"
    for scored in ("", " strength", " biceps", " systolic murmur", " pain"):
        assert FORMATTER.format(f"three out of five{scored}") == f"3/5{scored}"


def test_a_hundred_and_a_thousand_are_amounts_in_front_of_what_is_measured():
    for unit, short in (("milligrams", "mg"), ("milliliters", "mL"), ("units", "units"), ("percent", "%")):
        for amount, value in (("hundred", 100), ("thousand", 1000), ("hundred and five", 105)):
            gap = "" if short == "%" else " "
            written = FORMATTER.write(f"a {amount} {unit}")
            assert written.text == f"{value}{gap}{short}"
