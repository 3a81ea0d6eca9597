"""Codes for what is sure, and for nothing else."""

import re

import pytest

from assistant.readings.lab_codes import _TESTS, loinc_of, ucum_of


@pytest.mark.parametrize(
    ("name", "unit", "specimen", "code"),
    [
        ("Haemoglobin", "g/L", "", "718-7"),
        ("Hemoglobin (blood)", "g/dL", "EDTA whole blood", "718-7"),
        ("Hemoglobin", "g/dL", "arterial blood", ""),
        ("Hemoglobin", "mmol/L", "", ""),
        ("Hemoglobin", "", "", ""),
        ("HbA1c", "%", "", "4548-4"),
        ("HbA1c", "mmol/mol", "", "59261-8"),
        ("ALT (SGPT)", "IU/L", "", "1742-6"),
        ("Sodium", "mmol/L", "", ""),
        ("Sodium", "mmol/L", "serum", "2951-2"),
        ("Serum sodium", "mEq/L", "", "2951-2"),
        ("Sodium", "mmol/L", "urine", ""),
        ("Sodium, serum", "mmol/L", "urine", ""),
        ("Creatinine", "µmol/L", "Plasma", "14682-9"),
        ("Blood urea nitrogen", "mg/dL", "serum", "3094-0"),
        ("Cholesterol", "mmol/L", "", "14647-2"),
        ("LDL cholesterol", "mg/dL", "", ""),
        ("Platelets", "G/L", "", ""),
        ("Platelets", "×10³/µL", "", "26515-7"),
        ("Fasting glucose", "mg/dL", "serum", ""),
    ],
)
def test_a_code_is_given_only_where_name_unit_and_specimen_leave_no_doubt(name, unit, specimen, code):
    assert loinc_of(name, unit, specimen) == code


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        ("MG/DL", "mg/dL"),
        ("x10^9/L", "10*9/L"),
        ("10*12/L", "10*12/L"),
        ("10e3/uL", "10*3/uL"),
        ("K/uL", "10*3/uL"),
        ("mIU/L", "m[IU]/L"),
        ("G/L", ""),
        ("g/L", "g/L"),
        ("mm/hr", "mm/h"),
        ("copies/mL", ""),
        ("", ""),
    ],
)
def test_units(unit, code):
    assert ucum_of(unit) == code


def test_every_code_has_the_check_digit_of_loinc():
    codes = [code for test in _TESTS for code in test.codes.values()]
    assert len(set(codes)) == len(codes)
    for code in codes:
        number, check = re.fullmatch(r"(\d{3,5})-(\d)", code).groups()
        odd = str(int(number[::-1][::2][::-1]) * 2)
        even = number[::-1][1::2][::-1]
        total = sum(int(digit) for digit in even + odd)
        assert (10 - total % 10) % 10 == int(check), code


def test_every_unit_of_the_table_is_one_that_can_be_printed():
    for test in _TESTS:
        for code in " ".join(test.codes).split():
            assert ucum_of(code.replace("[", "").replace("]", "").replace("*", "^")) == code
