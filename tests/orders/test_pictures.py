"""Whose pictures the archive's are: the report's patient's, another's, or nobody can tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.events import Patient
from assistant.orders.pictures import PicturedPatient, compare_patients, pictured_patient

NUMBERS = ("", "P-1", "p-1", "P-11", "P1", "0P-1", "P-2")
DATES = ("", "1950", "1950-02", "1950-02-01", "1950-02-10", "1950-01-02", "1951-02-01")


@pytest.mark.parametrize("report_born", DATES)
@pytest.mark.parametrize("born", [each for each in DATES if len(each) in (0, 10)])
def test_every_pair_of_numbers_and_dates(report_born, born):
    for number in NUMBERS:
        for pictured in NUMBERS:
            compared = compare_patients(Patient(id=number, born=report_born), PicturedPatient(pictured, born))
            fits = not (report_born and born) or born.startswith(report_born)
            if number and pictured:
                expected = "same" if number == pictured and fits else "other"
            else:
                expected = "unknown" if fits else "other"
            assert compared.whose == expected
            match expected:
                case "same":
                    assert compared.message == ""
                case "unknown":
                    assert "patient number" in compared.message and "Check yourself" in compared.message
                case _:
                    said = compared.message
                    assert "of another patient" in said
                    assert all(each in said for each in (number, pictured, report_born, born))


@given(st.text(max_size=8), st.text(max_size=8))
def test_two_numbers_are_the_same_only_if_they_are_equal(one, other):
    compared = compare_patients(Patient(id=one), pictured_patient(other, None))
    assert (compared.whose == "same") == (one.strip() == other.strip() != "")


@pytest.mark.parametrize(
    ("number", "born", "expected"),
    [
        (" P-1 ", "19500201", PicturedPatient("P-1", "1950-02-01")),
        ("P-1", "1950.02.01", PicturedPatient("P-1", "1950-02-01")),
        (None, None, PicturedPatient("", "")),
        ("", "unknown", PicturedPatient("", "")),
        ("007", "1950", PicturedPatient("007", "")),
    ],
)
def test_the_values_of_files(number, born, expected):
    assert pictured_patient(number, born) == expected
