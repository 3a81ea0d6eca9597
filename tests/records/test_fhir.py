"""A record as Synthea writes it: read, listed, and asked about."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistant.engines.base import AnswerText, EngineInfo, Output, Question, Report, Sent, Thought, nobody
from assistant.engines.pieces import TextPiece
from assistant.imaging.options import Options
from assistant.imaging.prepare import prepare
from assistant.imaging.record import RecordStudy
from assistant.imaging.study import SourceFile
from assistant.records.bundles import given_in, record_of
from assistant.records.fhir import Resource, manifest, named_in
from assistant.records.reading import Consulted, answer_from_record


def coded(text: str) -> dict[str, object]:
    return {"coding": [{"system": "http://loinc.org", "code": "1-1", "display": text}], "text": text}


def observation(number: int, text: str, value: float, unit: str, date: str) -> dict[str, object]:
    return {
        "resourceType": "Observation", "id": f"obs-{number}", "status": "final", "code": coded(text),
        "effectiveDateTime": f"{date}T08:00:00+00:00", "valueQuantity": {"value": value, "unit": unit},
    }  # fmt: skip


def bundle(*more: dict[str, object]) -> bytes:
    resources = [
        {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1961-02-03",
         "name": [{"family": "Marker-Name"}], "identifier": [{"value": "MRN-4711"}],
         "telecom": [{"value": "555-0100"}]},
        {"resourceType": "Condition", "id": "c1", "code": coded("Type 2 diabetes mellitus"),
         "onsetDateTime": "2015-05-01", "clinicalStatus": coded("active")},
        {"resourceType": "AllergyIntolerance", "id": "a1", "code": coded("Penicillin V"),
         "criticality": "high", "reaction": [{"manifestation": [coded("Hives")]}]},
        {"resourceType": "MedicationRequest", "id": "m1", "authoredOn": "2024-01-09", "status": "active",
         "medicationCodeableConcept": coded("Metformin 500 mg"),
         "dosageInstruction": [{"text": "twice daily"}]},
        observation(1, "Hemoglobin A1c", 8.1, "%", "2023-02-01"),
        observation(2, "Hemoglobin A1c", 7.2, "%", "2024-03-01"),
        observation(3, "Body weight", 81.5, "kg", "2024-03-01"),
        {"resourceType": "Provenance", "id": "x"},
        *more,
    ]  # fmt: skip
    return json.dumps(
        {"resourceType": "Bundle", "entry": [{"resource": each} for each in resources]}
    ).encode()


class Model:
    """Answers by what it is asked, and remembers."""

    def __init__(self, *, chooses: str, completes: bool = False) -> None:
        self.info = EngineInfo("model", stand_in=False, sees_images=True, completes=completes)
        self.chooses, self.asked = chooses, list[Question]()

    async def answer(self, question: Question, report: Report = nobody) -> AsyncIterator[Output]:
        self.asked.append(question)
        report(Sent((TextPiece(question.record),)))
        if "Which of them have to be read" in question.text:
            yield AnswerText(self.chooses)
        elif "Write down the facts" in question.text:
            yield AnswerText("2024-03-01 A1c 7.2 % [Observation/1]" if "7.2" in question.text else "NONE")
        else:
            yield AnswerText("The last A1c was 7.2 % [Observation/1], and [Observation/999] is made up.")


def read_bundle(data: bytes, name: str) -> tuple[Resource, ...]:
    return record_of([given_in(data, name)]).resources


async def heard(model: Model, text: str, data: bytes) -> tuple[list[Output], Consulted]:
    resources = read_bundle(data, "record.json")
    outputs = [each async for each in answer_from_record(model, Question(text), resources)]  # type: ignore[arg-type]
    consulted = next(each for each in outputs if isinstance(each, Consulted))
    return [each for each in outputs if not isinstance(each, Consulted)], consulted


def test_resources_come_newest_first_as_one_line_each_and_people_stay_out_of_it() -> None:
    resources = read_bundle(bundle(), "record.json")
    by_label = {each.label: each for each in resources}
    assert by_label["Observation/1"].text == "2024-03-01 Hemoglobin A1c: 7.2 %; final"
    assert by_label["Observation/1"].reference == "Observation/obs-2"
    assert by_label["MedicationRequest/1"].text == "2024-01-09 Metformin 500 mg: twice daily; active"
    assert by_label["AllergyIntolerance/1"].text == "Penicillin V: Hives; high"
    everything = " ".join(each.text for each in resources) + manifest(resources)
    assert not any(secret in everything for secret in ("Marker-Name", "4711", "0100"))
    assert "Provenance" not in everything


@pytest.mark.parametrize(
    ("resource", "line"),
    [
        (
            {"resourceType": "MedicationRequest", "status": "active", "authoredOn": "2024-01-09",
             "medicationReference": {"reference": "urn:uuid:w"},
             "dosageInstruction": [{"doseAndRate": [{"doseQuantity": {"value": 2.5, "unit": "mg"}}],
                                    "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
                                    "asNeededBoolean": True}]},
            "2024-01-09 Warfarin: 2.5 mg 1 times in 1 d as needed; active",
        ),
        (
            {"resourceType": "MedicationAdministration", "medicationReference": {"reference": "#in"},
             "contained": [{"resourceType": "Medication", "id": "in", "code": coded("Heparin")}]},
            "Heparin",
        ),
        (
            {"resourceType": "AllergyIntolerance", "code": coded("Latex"), "verificationStatus":
             {"coding": [{"code": "refuted"}]}, "reaction": [{"manifestation": [], "severity": "severe"}]},
            "Latex: refuted; severe",
        ),
        (
            {"resourceType": "Condition", "code": coded("Asthma"), "abatementDateTime": "2011-02-03",
             "onsetAge": {"value": 12, "unit": "a"}, "verificationStatus": {"text": "confirmed"}},
            "Asthma: at the age of 12 a, until 2011-02-03",
        ),
        (
            {"resourceType": "Observation", "code": coded("Platelets"), "effectiveInstant": "2024-05-06",
             "valueQuantity": {"value": 234567.5, "unit": "/uL"}, "referenceRange": [
                 {"low": {"value": 150000, "unit": "/uL"}, "high": {"value": 400000, "unit": "/uL"}}]},
            "2024-05-06 Platelets: 234568 /uL; reference 150000 /uL to 400000 /uL",
        ),
        (
            {"resourceType": "Observation", "code": coded("ANA"),
             "valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 160}}},
            "ANA: 1:160",
        ),
        (
            {"resourceType": "Observation", "code": coded("Pain"), "valueRange": {"low": {"value": 3}}},
            "Pain: from 3",
        ),
        (
            {"resourceType": "Observation", "code": coded("TSH"), "dataAbsentReason": coded("Not performed")},
            "TSH: no value (Not performed)",
        ),
        (
            {"resourceType": "FamilyMemberHistory", "relationship": coded("Mother"), "condition": [
                {"code": coded("Breast cancer"), "onsetAge": {"value": 45, "unit": "a"}}]},
            "Mother: Breast cancer at the age of 45 a",
        ),
    ],
)  # fmt: skip
def test_what_bears_on_a_resource_stands_in_its_line(resource: dict[str, object], line: str) -> None:
    warfarin = {"resourceType": "Medication", "id": "w", "code": coded("Warfarin")}
    resources = read_bundle(bundle(warfarin, resource), "record.json")
    assert line in [each.text for each in resources if each.type == resource["resourceType"]]


def test_that_a_patient_died_stands_in_the_line() -> None:
    patient = {"resourceType": "Patient", "id": "q", "deceasedDateTime": "2020-01-01"}
    (resource,) = read_bundle(json.dumps(patient).encode(), "record.json")
    assert resource.text == "died 2020-01-01"


def test_the_list_counts_types_and_codes() -> None:
    listed = manifest(read_bundle(bundle(), "record.json"))
    assert "- Observation: 3, 2023-02-01 to 2024-03-01: Hemoglobin A1c (2), Body weight (1)" in listed


async def test_what_the_model_chooses_is_read_and_the_answer_names_what_it_rests_on() -> None:
    model = Model(chooses='```json\n[{"type": "Observation", "codes": ["Hemoglobin A1c"]}]\n```')
    outputs, consulted = await heard(model, "What was the last A1c?", bundle())
    assert [each.code for each in consulted.resources if each.type == "Observation"] == ["Hemoglobin A1c"] * 2
    assert "Body weight" not in model.asked[-1].record
    assert "Hemoglobin A1c: 7.2 %" in model.asked[-1].record
    assert len(model.asked) == 2, "one page needs no notes"
    answer = "".join(each.text for each in outputs if isinstance(each, AnswerText))
    assert [each.reference for each in named_in(answer, consulted.resources)] == ["Observation/obs-2"]
    assert any(isinstance(each, Thought) for each in outputs), "what it does is told"


async def test_many_pages_are_read_one_by_one_and_only_facts_are_kept() -> None:
    many = [observation(n, "Glucose", 90 + n % 9, "mg/dL", "2022-01-01") for n in range(10, 400)]
    model = Model(chooses='```json\n[{"type": "Observation", "codes": []}]\n```')
    _, consulted = await heard(model, "What was the last A1c?", bundle(*many))
    assert model.asked[-1].record.startswith("2024-03-01 A1c 7.2 % [Observation/1]")
    assert "Glucose" not in model.asked[-1].record
    assert len(consulted.resources) > 300


@pytest.mark.parametrize(
    "useless", ["I would read everything.", "```json\n[]\n```", '```json\n{"type": 3}\n```']
)
async def test_where_the_model_chooses_nothing_the_words_of_the_question_do(useless: str) -> None:
    model = Model(chooses=useless)
    _, consulted = await heard(model, "Is she allergic to penicillin?", bundle())
    assert [each.type for each in consulted.resources] == ["AllergyIntolerance"]


async def test_a_base_model_gets_what_fits_and_is_given_no_instructions() -> None:
    model = Model(chooses="", completes=True)
    await heard(model, "What was the last hemoglobin result?", bundle())
    assert len(model.asked) == 1
    assert len(model.asked[0].record) < 1_400


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{not json", "record_not_json"),
        (b"[1, 2]", "record_not_fhir"),
        (b'{"a": 1}', "record_not_fhir"),
        (b'{"resourceType": "Bundle", "entry": 3}', "record_not_fhir"),
        (b'{"resourceType": "Bundle", "entry": [{"resource": 3}, 4]}', "record_empty"),
    ],
)
def test_wrong_json_is_named_and_the_rest_of_the_upload_is_kept(
    tmp_path: Path, data: bytes, code: str
) -> None:
    (tmp_path / "bad.json").write_bytes(data)
    (tmp_path / "good.json").write_bytes(bundle())
    given = [SourceFile(name, tmp_path / name) for name in ("bad.json", "good.json")]
    made = prepare(given, tmp_path, Options())
    assert [(each.name, each.code) for each in made.problems] == [("bad.json", code)]
    assert "bad.json" in made.problems[0].message
    (study,) = made.studies
    assert isinstance(study, RecordStudy)
    assert study.notes == ("7 resources", "Not read: 1 Provenance.")
    assert len(study.resources()) == 7


async def test_what_was_sent_for_the_answer_itself_is_reported_and_nothing_of_the_reading_before() -> None:
    reported: list[Sent] = []
    model = Model(chooses='```json\n[{"type": "Observation", "codes": []}]\n```')
    resources = read_bundle(bundle(), "record.json")
    outputs = answer_from_record(model, Question("What is the A1c?"), resources, reported.append)  # type: ignore[arg-type]
    assert [each async for each in outputs]
    assert len(reported) == 1
    assert len(model.asked) == 2
