import csv
import io
import json

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given
from hypothesis import strategies as st

from assistant.readings.labs import LabReport, LabRow, flag_of, parse_labs, to_csv, to_fhir

ROWS = [
    {"name": "Hemoglobin", "result": 9.1, "unit": "g/dL", "reference": "12.0 - 15.5", "flag": "N"},
    {"name": "CRP", "result": "<0.6", "unit": "mg/L", "reference": "< 5", "flag": ""},
    {"name": "Urine culture", "result": "no growth", "unit": None, "reference": None, "flag": None},
    {
        "name": "Ferritin",
        "result": "410",
        "unit": "µg/L",
        "reference": "30–300",
        "flag": "H",
        "specimen": "serum",
    },
]


def answer(rows):
    return f"Here is the table.\n```json\n{json.dumps(rows, ensure_ascii=False)}\n```"


def test_rows_are_read_and_their_flags_worked_out_from_their_own_numbers():
    report = parse_labs(answer(ROWS))
    assert [(row.name, row.result, row.flag) for row in report.rows] == [
        ("Hemoglobin", "9.1", "low"),
        ("CRP", "<0.6", ""),
        ("Urine culture", "no growth", ""),
        ("Ferritin", "410", "high"),
    ]
    assert report.rejected == 0


def test_rows_that_do_not_fit_are_counted_and_the_others_kept():
    report = parse_labs(
        answer([{"name": "CRP"}, "Sodium 140", *ROWS, {"name": "x", "result": "1", "flag": "wild"}])
    )
    assert len(report.rows) == 4
    assert report.rejected == 3


@pytest.mark.parametrize(
    "said", ["", "No table.", "```json\n{}\n```", "```json\n[]\n```", '```json\n["a"]\n```']
)
def test_an_answer_without_a_table_gives_none(said):
    assert parse_labs(said) is None


def test_a_table_inside_an_object_is_found():
    assert parse_labs(answer({"patient": "x", "results": ROWS})).rows[0].name == "Hemoglobin"


@pytest.mark.parametrize(
    ("result", "reference", "flag"),
    [
        ("140", "135-145", "normal"),
        ("135", "135-145", "normal"),
        ("134,9", "135-145", "low"),
        ("150", "(135 to 145)", "high"),
        ("7", "< 5", "high"),
        ("5", "up to 5", "normal"),
        ("30", "> 60", "low"),
        ("<135", "135-145", "low"),
        (">145", "135-145", "high"),
        (">100", "135-145", ""),
        ("<200", "135-145", ""),
        ("140", "negative", ""),
        ("positive", "135-145", ""),
        ("140", "145-135", ""),
        ("1+", "0-1", ""),
        ("1,250", "< 500", ""),
        ("0,500", "0,4-0,6", "normal"),
        ("7", "1,000-2,000", ""),
    ],
)
def test_a_flag_is_given_only_where_the_numbers_settle_it(result, reference, flag):
    assert flag_of(result, reference) == flag


def test_csv_has_a_header_and_runs_no_formula():
    report = LabReport(rows=[LabRow(name="=1+1", result="-2.5", unit="mmol/L", method='dip, "stick"')])
    header, row = csv.reader(io.StringIO(to_csv(report)))
    assert header[:5] == ["name", "result", "unit", "reference", "flag"]
    assert row == ["'=1+1", "-2.5", "mmol/L", "", "", "", 'dip, "stick"', ""]


def test_what_may_be_in_thousands_or_a_decimal_is_no_number():
    said = answer([{"name": "D-dimer", "result": "1,250", "unit": "ng/mL", "reference": "<500", "flag": "H"}])
    assert parse_labs(said).rows[0].flag == "high", "as printed"
    observation = to_fhir(parse_labs(said))["entry"][0]["resource"]
    assert observation["valueString"] == "1,250 ng/mL"
    assert "valueQuantity" not in observation


def test_fhir_is_a_valid_bundle_of_preliminary_observations():
    bundle = to_fhir(parse_labs(answer(ROWS)))
    Bundle.model_validate(bundle)
    first, crp, culture, ferritin = (entry["resource"] for entry in bundle["entry"])
    assert first["status"] == "preliminary"
    unit = {"unit": "g/dL", "system": "http://unitsofmeasure.org", "code": "g/dL"}
    assert first["code"]["coding"] == [{"system": "http://loinc.org", "code": "718-7"}]
    assert first["valueQuantity"] == {"value": 9.1, **unit}
    assert first["referenceRange"] == [
        {"low": {"value": 12.0, **unit}, "high": {"value": 15.5, **unit}, "text": "12.0 - 15.5"}
    ]
    assert first["interpretation"][0]["coding"][0]["code"] == "L"
    assert crp["valueQuantity"] == {"value": 0.6, "comparator": "<", **unit, "unit": "mg/L", "code": "mg/L"}
    assert "coding" not in culture["code"]
    assert culture["valueString"] == "no growth"
    assert "not verified" in ferritin["note"][0]["text"]
    assert "subject" not in first


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9),
        lambda x: (
            st.lists(x, max_size=4)
            | st.dictionaries(st.sampled_from(["name", "result", "flag", "unit"]), x, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_no_answer_breaks_the_reader_and_what_is_read_can_be_written(found):
    report = parse_labs(answer(found))
    if report:
        assert len(list(csv.reader(io.StringIO(to_csv(report))))) == len(report.rows) + 1
        to_fhir(report)
