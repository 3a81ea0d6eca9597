"""Whether a file that is attached by hand is of the report's patient: every kind of difference is a doubt."""

import pytest

from assistant.events import NOBODY, Patient
from assistant.orders.pictures import PicturedPatient, are_apart, doubt_about_file, pictured_patient

MARIA = Patient(id="P-1", name="Muster, Maria", born="1950-02-01")
NUMBERS = {"same": "P-1", "other": "P-2", "none": ""}
BORN = {"same": "19500201", "other": "19500102", "none": "", "no date": "195O"}
SAME_NAMES = [
    "Muster^Maria",
    "MUSTER^MARIA",
    "Maria Muster",
    "muster, maria",
    "Muster^Maria^^Dr.",
    "Muster^Mària",
    "Muster^Maria^Anna",
    "Muster^M.",
    "Muster^Maria=ムスター^マリア",
]
OTHER_NAMES = ["Muster^Otto", "Test^Maria", "Mustermann^Maria", "Muster^N."]


def of(number, born, name):
    return pictured_patient(number or None, born or None, name or None)


@pytest.mark.parametrize("born", BORN)
@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_or_birth_date_that_differs_is_another_patient_whatever_else_agrees(number, born):
    for name in [*SAME_NAMES, *OTHER_NAMES, ""]:
        said = doubt_about_file(MARIA, of(NUMBERS[number], BORN[born], name))
        if "other" in (number, born):
            assert "another patient" in said, name
        elif name in OTHER_NAMES:
            assert said, name
        elif name in SAME_NAMES or number == "same":
            assert not said, name
        else:  # a birth date alone, or nothing
            assert bool(said) == (born == "same"), name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller, Jörg", "MUELLER^JOERG"),
        ("Müller, Jörg", "Muller^Jorg"),
        ("Strauß, Jo", "STRAUSS^JO"),
        ("O'Neill, Áine", "O’NEILL^AINE"),
        ("Smith-Jones, Ann", "SMITH JONES^ANN"),
        ("García Márquez, José", "GARCIA MARQUEZ^JOSE"),
    ],
)
def test_case_accents_order_and_hyphens_do_not_make_another_name(one, other):
    assert not doubt_about_file(Patient(name=one), of("", "", other))
    assert doubt_about_file(Patient(name=one), of("", "", "Else^Somebody"))


def test_a_file_or_report_that_names_nobody_is_no_doubt():
    assert not doubt_about_file(MARIA, of("", "", ""))
    assert not doubt_about_file(NOBODY, of("P-2", "19500201", "Test^Otto"))


def test_any_number_of_the_person_counts_and_an_issuer_only_against_another():
    several = PicturedPatient("SSN-9", "", "Muster, Maria", ("P-1",))
    assert not doubt_about_file(MARIA, several)
    assert doubt_about_file(MARIA, PicturedPatient("SSN-9", "", "Muster, Maria", ("P-7",)))
    here, there = (pictured_patient("P-1", None, None, issuer) for issuer in ("HERE", "THERE"))
    assert are_apart(here, there) and not doubt_about_file(MARIA, here)


def test_the_doubt_names_both_people():
    said = doubt_about_file(MARIA, of("P-2", "19600101", "Test^Otto"))
    for words in ("Test, Otto", "P-2", "1960-01-01", "Muster, Maria", "P-1", "1950-02-01"):
        assert words in said
