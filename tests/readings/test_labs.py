import csv
import io
import json

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given
from hypothesis import strategies as st

from assistant.readings.labs import MOST_ROWS, LabReport, LabRow, flag_of, parse_labs, to_csv, to_fhir
from assistant.readings.notation import is_ambiguous, value_of

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
    assert len(report.rows) == 5
    assert report.rows[-1].printed == "wild", "a flag that is not known does not cost the row"
    assert report.rejected == 2
    assert report.rejected_rows == ["name: CRP", "Sodium 140"]


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
    assert row == ["'=1+1", "-2.5", "mmol/L", "", "", "", 'dip, "stick"', "", "", ""]


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
        left_out = len(report.rejected_rows) + (report.rejected > len(report.rejected_rows))
        assert len(list(csv.reader(io.StringIO(to_csv(report))))) == len(report.rows) + 1 + left_out
        to_fhir(report)


def rows(*given):
    return parse_labs(answer([{"name": f"T{i}", **each} for i, each in enumerate(given)])).rows


@pytest.mark.parametrize(
    ("printed", "flag"),
    [("Critical high", "critical high"), ("HH", "critical high"), ("LL", "critical low"), ("C", "critical"),
     ("*", "abnormal"), ("(H)", "high"), ("↓", "low"), ("A", "abnormal"), ("Panic", "critical"),
     ("see note", ""), (["H"], "high"), (None, ""), ("-", ""), (True, "")],
)  # fmt: skip
def test_no_flag_costs_its_row(printed, flag):
    (row,) = rows({"result": "positive", "flag": printed})
    assert row.flag == flag
    if printed not in (None, "-", True, ["H"]):
        assert row.printed == printed


@pytest.mark.parametrize(
    ("result", "reference", "unit", "flag"),
    [
        ("5.8 H", "3.5-5.1", "mmol/L", "high"),
        ("H 5.8", "3.5-5.1", "mmol/L", "high"),
        ("5.8 mmol/L *", "3.5 - 5.1 mmol/L", "mmol/L", "high"),
        ("5.8*", "3.5-5.1 mmol/l", "mmol/L", "high"),
        ("5.8", "[3.5-5.1]", "", "high"),
        ("5.8", "(3.5 - 5.1 mmol/L)", "mmol/L", "high"),
        ("140", "[135-145] mmol/L", "mmol/L", "normal"),
        ("5.8", "3.5-5.1 mg/dL", "mmol/L", ""),  # the unit is another one
        ("1+", "0-1", "", ""),
        ("5 to 6", "0-1", "", ""),
        ("140 hemolyzed", "135-145", "", ""),
        ("140 hemolyzed", "135-145", "mmol/L", ""),
        ("-2.8", "-2 - 2", "", "low"),
        ("−2.8", "-2 to 2", "", "low"),
        ("100.000", "150.000-400.000", "/µL", ""),
        ("100,5", "150,5-400", "/µL", "low"),
        ("1.234,5", "100-200", "", "high"),
        ("1,234.5", "100-200", "", "high"),
        ("1.250.000", "100-200", "", "high"),
        ("1’250", "100-200", "", "high"),
    ],
)
def test_a_unit_a_flag_and_brackets_do_not_keep_a_number_from_being_read(result, reference, unit, flag):
    assert flag_of(result, reference, unit=unit) == flag


@pytest.mark.parametrize(
    ("other", "result", "reference", "value", "flag"),
    [
        ("4,5", "1.250", "30-400", 1250, "high"),
        ("4.5", "1.250", "0.9-2", 1.25, "normal"),
        ("4.5", "1,250", "30-400", 1250, "high"),
        ("4,5", "2.300", "1.000 - 4.800 /µL", 2300, "normal"),
        ("4", "1.250", "30-400", None, ""),
        ("4", "1,250", "30-400", None, ""),
    ],
)
def test_a_thousand_or_a_decimal_is_told_by_the_whole_report_or_left_as_text(
    other, result, reference, value, flag
):
    said = answer([{"name": "Potassium", "result": other}, {"name": "F", "result": result, "unit": "/µL",
                   "reference": reference}])  # fmt: skip
    report = parse_labs(said)
    row = report.rows[1]
    assert row.flag == flag
    observation = to_fhir(report)["entry"][1]["resource"]
    if value is None:
        assert "may be in thousands or a decimal" in row.note
        assert observation["valueString"] == f"{result} /µL"
        assert "thousands" in observation["note"][0]["text"]
    else:
        assert row.note == ""
        assert observation["valueQuantity"]["value"] == value


def test_a_report_in_two_notations_tells_nothing():
    found = rows({"result": "4,5"}, {"result": "4.5"}, {"result": "1.250", "reference": "30-400"})
    assert found[2].flag == "" and "thousands" in found[2].note


@pytest.mark.parametrize(
    ("printed", "result", "flag", "noted"),
    [("L", "5.8", "high", True), ("N", "5.8", "high", True), ("H", "5.8", "high", False),
     ("H", "4", "normal", True), ("C", "5.8", "critical high", False), ("HH", "5.8", "critical high", False),
     ("HH", "2", "low", True), ("*", "2", "low", False), ("*", "4", "normal", True),
     ("?!", "4", "normal", True), ("", "4", "normal", False)],
)  # fmt: skip
def test_a_printed_flag_that_the_numbers_contradict_is_shown_with_them(printed, result, flag, noted):
    (row,) = rows({"result": result, "reference": "3.5-5.1", "flag": printed})
    assert (row.flag, row.printed, bool(row.note)) == (flag, printed, noted)
    if noted:
        assert printed in row.note and result in row.note


def test_cells_that_are_long_or_no_text_do_not_cost_the_row():
    (row,) = rows({"result": 5, "unit": ["mmol", "L"], "reference": {"adult": "3-5"}, "method": "m" * 5000})
    assert (row.unit, row.reference) == ("mmol; L", "adult: 3-5")
    assert row.method.startswith("mmm") and len(row.method) == 500


def test_tables_of_several_groups_are_one():
    grouped = {"blood": [ROWS[0]], "urine": [ROWS[2]]}
    assert [row.name for row in parse_labs(answer(grouped)).rows] == ["Hemoglobin", "Urine culture"]


@given(st.integers(0, 9_999_999), st.sampled_from(["", "5", "25", "1250"]))
def test_a_number_has_the_same_value_in_both_notations(whole, decimals):
    grouped = f"{whole:,}"
    point = grouped + ("." + decimals if decimals else "")
    comma = point.translate(str.maketrans(",.", ".,"))
    value = float(f"{whole}.{decimals or 0}")
    assert value_of(point, "point") == value_of(comma, "comma") == value
    for number, notation in ((point, "comma"), (comma, "point"), (point, "unknown"), (comma, "unknown")):
        other = value_of(number, notation)
        if other not in (None, value):
            assert is_ambiguous(number) and notation != "unknown"


def test_what_is_no_row_is_in_the_files_as_text():
    said = [*ROWS, {"name": "CRP"}, "=Sodium 140", {}]
    said += [{"name": f"Test {n}", "result": "1"} for n in range(MOST_ROWS)]
    report = parse_labs(answer(said))
    texts = [
        "Not read as a row: name: CRP",
        "Not read as a row: =Sodium 140",
        "Not read as a row: an empty row",
        f"{len(said) - MOST_ROWS} more could not be read as rows: see the report itself.",
    ]
    lines = list(csv.DictReader(io.StringIO(to_csv(report))))
    assert len(lines) == len(report.rows) + 4
    assert [line["note"] for line in lines[-4:]] == texts
    assert not any(line[key] for line in lines[-4:] for key in line if key != "note")
    bundle = to_fhir(report)
    Bundle.model_validate_json(json.dumps(bundle))
    outcome = bundle["entry"][-1]["resource"]
    assert [issue["diagnostics"] for issue in outcome["issue"]] == texts
    whole = to_fhir(parse_labs(answer(ROWS)))
    assert {entry["resource"]["resourceType"] for entry in whole["entry"]} == {"Observation"}
