import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import BadInput
from assistant.extraction.schema import Extracted, Problem, find, instruction, parse_schema, read_answer

SCHEMA = {
    "properties": {
        "histology": {
            "type": "string",
            "enum": ["adenocarcinoma", "squamous"],
            "description": "Type of tumour",
        },
        "size_mm": {"type": "number"},
        "nodes": {"type": "integer"},
        "pleura": {"type": "boolean"},
    }
}
FIELDS = parse_schema(json.dumps(SCHEMA))
REPORT = "Lung, lobectomy:\nAdenocarcinoma, 23\nmm. Two of 11 nodes involved. Pleura free."


def answer(**values):
    return f"```json\n{json.dumps(values)}\n```"


def said(value, source):
    return {"value": value, "source": source}


def test_values_come_with_their_place_in_the_report():
    values, problems = read_answer(
        FIELDS,
        REPORT,
        answer(
            histology=said("adenocarcinoma", "adenocarcinoma, 23 mm"),
            size_mm=said("23", "23 mm"),
            nodes=said(2, "two"),
            pleura=said(False, "Pleura free"),
        ),
    )
    assert not problems
    assert values["size_mm"] == Extracted(23, "23\nmm", 33, 38)
    assert values["nodes"].value == 2
    for value in values.values():
        assert REPORT[value.start : value.end] == value.source


@pytest.mark.parametrize(
    ("field", "given", "code"),
    [
        ("size_mm", said(23, "24 mm"), "source_not_in_text"),
        ("size_mm", said(32, "23 mm"), "value_not_in_source"),
        ("size_mm", said(3, "3 mm"), "source_not_in_text"),
        ("nodes", said(1, "of 1"), "source_not_in_text"),
        ("size_mm", said("large", "23 mm"), "value_invalid"),
        ("size_mm", said(23, ""), "source_missing"),
        ("size_mm", {"value": 23}, "source_missing"),
        ("size_mm", 23, "source_missing"),
        ("nodes", said(2.5, "Two"), "value_invalid"),
        ("nodes", said(True, "Two"), "value_invalid"),
        ("histology", said("small cell", "Adenocarcinoma"), "value_invalid"),
        ("pleura", said("no", "Pleura free"), "value_invalid"),
    ],
)
def test_what_does_not_hold_is_named_and_left_out(field, given, code):
    values, problems = read_answer(FIELDS, REPORT, answer(**{field: given}))
    assert (values, problems) == ({}, [Problem(field, code)])


@pytest.mark.parametrize(
    ("report", "source", "value", "holds"),
    [
        ("Volume 1,250 mL.", "Volume 1,250 mL", 1250, True),
        ("Volume 1,250 mL.", "1,250", 125, False),
        ("Size 2.3 mm", "3 mm", 3, False),
        ("Size 2.35 mm", "Size 2.3", 2.3, False),
        ("Sizes 23, 3 mm", "3 mm", 3, True),
        ("Size 3.", "3", 3, True),
    ],
)
def test_a_number_is_the_one_that_the_report_prints(report, source, value, holds):
    values, problems = read_answer(FIELDS, report, answer(size_mm=said(value, source)))
    assert bool(values) == holds
    assert bool(problems) != holds


def test_what_is_not_stated_is_no_problem():
    assert read_answer(FIELDS, REPORT, answer(size_mm=None, nodes=said(None, ""))) == ({}, [])
    assert read_answer(FIELDS, REPORT, "I cannot.") is None
    assert read_answer(FIELDS, REPORT, "[1]") is None


@pytest.mark.parametrize(
    "schema",
    ["", "[]", "{}", '{"properties": {}}', '{"properties": {"a b": {"type": "string"}}}',
     '{"properties": {"a": {"type": "array"}}}', '{"properties": {"a": {"type": "integer", "enum": ["x"]}}}'],
)  # fmt: skip
def test_a_schema_that_cannot_be_used_says_so(schema):
    with pytest.raises(BadInput) as caught:
        parse_schema(schema)
    assert caught.value.code == "schema_invalid"


def test_the_model_is_told_fields_choices_and_the_report():
    text = instruction(FIELDS, REPORT)
    assert '- histology (string, one of ["adenocarcinoma", "squamous"]): Type' in text
    assert REPORT in text


@given(st.text(max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_words_of_the_report_are_found_where_they_stand(report, a, b):
    source = report[min(a, b) : max(a, b)]
    if source.split() and not any(part.isdecimal() for part in report):
        place = find(source, report)
        if place is None:
            first, last = report.find(source), report.find(source) + len(source)
            assert any(
                one[-1:].isalnum() or one[-1:] == "_" for one in (report[:first], report[last : last + 1])
            ), "only what begins or ends within a word is not found"
            return
        assert report[slice(*place)].split() == report[slice(*place)].split()
        assert "".join(report[slice(*place)].split()).lower() == "".join(source.split()).lower()


WORDS = st.text(st.sampled_from("abcERHnoivsT"), min_size=1, max_size=6)


@given(st.lists(WORDS, min_size=1, max_size=6), WORDS, st.integers(0, 5))
def test_a_word_is_found_where_it_stands_whole_and_nowhere_else(words, source, at):
    report = " ".join(words)
    stands = source.lower() in [word.lower() for word in words]
    assert (find(source, report) is not None) == (
        stands
        and any(
            w.lower() == source.lower() and (i == 0 or words[i - 1].lower() != "non")
            for i, w in enumerate(words)
        )
    )
    for glued in (f"x{source}", f"{source}x", *([] if source.lower() == "non" else [f"non-{source}"])):
        assert find(source, glued) is None


@pytest.mark.parametrize(
    ("source", "report", "found"),
    [
        ("invasive", "Noninvasive carcinoma", False),
        ("invasive", "Non-invasive carcinoma", False),
        ("invasive", "non invasive", False),
        ("invasive", "Noninvasive; invasive in one focus", True),
        ("ER positive", "HER positive", False),
        ("ER positive", "ER positive", True),
        ("HER2", "HER2-negative", True),
        ("T2", "pT2a", False), ("pT2", "pT2a", False), ("T2", "T2 N0", True),
        ("2.8", "T-score of -2.8", False), ("2.8", "T-score: −2.8", False), ("-2.8", "T-score of -2.8", True),
        ("2.8", "2.1-2.8 cm", True), ("2.8", "< 2.8 cm", False), ("<2.8", "<2.8 cm", True),
        ("23", "a 23mm mass", True), ("8", "2.8", False),
    ],
)  # fmt: skip
def test_evidence_stands_on_word_boundaries_and_signs(source, report, found):
    assert (find(source, report) is not None) == found


@pytest.mark.parametrize(
    ("report", "source", "value", "holds"),
    [
        ("T-score -2.8", "-2.8", -2.8, True),
        ("T-score -2.8", "-2.8", 2.8, False),
        ("T-score -2.8", "T-score -2.8", 2.8, False),
        ("minus 2.8", "minus 2.8", -2.8, True),
        ("minus 2.8", "minus 2.8", 2.8, False),
        ("2-3 cm", "2-3 cm", 3, True),
        ("three nodes", "three nodes", 3, True),
        ("three nodes", "three nodes", 4, False),
        ("three nodes", "three nodes", "three", True),
        ("twenty-three nodes", "twenty-three nodes", 3, False),
        ("twenty-three nodes", "twenty-three nodes", 23, True),
        ("one hundred and five", "one hundred and five", 105, True),
        ("two point five cm", "two point five cm", 2.5, True),
        ("two and a half cm", "two and a half cm", 2.5, True),
        ("solitary nodule", "solitary nodule", 1, True),
        ("no nodes", "no nodes", 0, True),
        ("several nodes", "several nodes", 3, False),
        ("grade III", "grade III", 3, True),
        ("size 3,5 cm", "3,5 cm", "3,5", True),
        ("size 3,5 cm", "3,5 cm", 3.5, True),
        ("size 3,5 cm", "3,5 cm", 35, False),
        ("3,5 cm, volume 1.250 ml", "1.250 ml", 1250, True),
        ("3,5 cm, volume 1.250 ml", "1.250 ml", 1.25, False),
        ("3.5 cm, volume 1,250 ml", "1,250 ml", "1,250", True),
    ],
)
def test_a_number_is_stated_by_its_sign_its_words_and_its_notation(report, source, value, holds):
    values, problems = read_answer(FIELDS, report, answer(size_mm=said(value, source)))
    assert (bool(values), bool(problems)) == (holds, not holds)
