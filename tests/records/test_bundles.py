"""Records as FHIR servers and exports write them: negations, owners, and missing parts."""

import base64
import json

import pytest

from assistant.errors import BadInput
from assistant.imaging.options import Options
from assistant.imaging.prepare import prepare
from assistant.imaging.study import SourceFile
from assistant.records.bundles import given_in, record_of

RTF = rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}\f0 Potassium\tab 5.1\par Not 51}"


def drug(words="Warfarin", **fields):
    return {"resourceType": "MedicationRequest", "medicationCodeableConcept": {"text": words}, **fields}


def read(*resources, **bundle):
    data = json.dumps({"resourceType": "Bundle", "entry": [{"resource": e} for e in resources], **bundle})
    return record_of([given_in(data.encode(), "record.json")])


@pytest.mark.parametrize(
    ("resource", "line"),
    [
        (drug(doNotPerform=True, status="active", intent="order"), "Do not give: Warfarin: active; order"),
        (drug(doNotPerform=False, status="active", intent="plan"), "Warfarin: active; plan"),
        ({"resourceType": "ServiceRequest", "code": {"text": "CT"}, "doNotPerform": True, "status": "revoked",
          "intent": "proposal"}, "Do not do: CT: revoked; proposal"),
        ({"resourceType": "Procedure", "code": {"text": "Appendectomy"}, "status": "not-done",
          "statusReason": {"text": "refused"}}, "Not done: Appendectomy: reason: refused; not-done"),
        ({"resourceType": "Procedure", "code": {"text": "Appendectomy"}, "notDone": True},
         "Not done: Appendectomy"),
        ({"resourceType": "Immunization", "vaccineCode": {"text": "MMR"}, "notGiven": True}, "Not done: MMR"),
        ({"resourceType": "Immunization", "vaccineCode": {"text": "MMR"}, "isSubpotent": True},
         "Does not count as a dose: MMR"),
        ({"resourceType": "MedicationAdministration", "medicationCodeableConcept": {"text": "Heparin"},
          "notGiven": True}, "Not done: Heparin"),
        ({"resourceType": "MedicationStatement", "medicationCodeableConcept": {"text": "Aspirin"},
          "taken": "n", "status": "active"}, "Not taken: Aspirin: active"),
        ({"resourceType": "MedicationStatement", "medicationCodeableConcept": {"text": "Aspirin"},
          "status": "not-taken"}, "Not taken: Aspirin: not-taken"),
        ({"resourceType": "MedicationStatement", "medicationCodeableConcept": {"text": "Aspirin"},
          "taken": "unk"}, "Aspirin: not known whether it is taken"),
        ({"resourceType": "MedicationStatement", "medication": {"concept": {"text": "Aspirin"}},
          "adherence": {"code": {"coding": [{"code": "not-taken"}]}}}, "Not taken: Aspirin"),
        ({"resourceType": "MedicationRequest", "medication": {"concept": {"text": "Apixaban"}},
          "reason": [{"concept": {"text": "AF"}}]}, "Apixaban: reason: AF"),
        ({"resourceType": "MedicationRequest", "medication": {"reference": {"reference": "Medication/m"}}},
         "Digoxin"),
        ({"resourceType": "Observation", "code": {"text": "Sodium"}, "status": "entered-in-error",
          "valueString": "99"}, "Entered in error: Sodium: 99; entered-in-error"),
        ({"resourceType": "Condition", "code": {"text": "Asthma"},
          "modifierExtension": [{"url": "http://x.org/only-suspected"}]},
         "With a modifier (only-suspected): Asthma"),
        ({"resourceType": "Observation", "code": {"text": "BP"}, "component": [
            {"code": {"text": "Systolic"}, "valueQuantity": {"value": 180, "unit": "mmHg"},
             "interpretation": [{"text": "high"}]}]}, "BP: Systolic 180 mmHg, high"),
        ({"resourceType": "Goal", "lifecycleStatus": "cancelled", "description": "x"}, "cancelled; x"),
        ({"resourceType": "QuestionnaireResponse", "item": [{"text": "Pain?", "item": [
            {"text": "Where", "answer": [{"valueString": "left knee"}]}]}]}, "Where: left knee"),
        ({"resourceType": "Composition", "title": "Letter", "section": [
            {"title": "Plan", "text": {"div": "<div><p>Stop</p><p>warfarin</p></div>"}}]},
         "Letter; Plan: Stop warfarin"),
        ({"resourceType": "Observation", "text": {"div": "<div>K<table><tr><td>4</td><td>5.1</td></tr></table>"
          "</div>"}}, "K 4 5.1"),
    ],
)  # fmt: skip
def test_what_turns_a_statement_round_stands_in_front_of_it(resource, line):
    record = read({"resourceType": "Medication", "id": "m", "code": {"text": "Digoxin"}}, resource)
    kind = resource["resourceType"]
    assert [each.text for each in record.resources if each.type == kind] == [line]


def test_a_modifier_that_is_not_known_is_named_and_so_is_what_is_not_read():
    record = read(
        drug(modifierExtension=[{"url": "http://x.org/never"}], priority="stat", substitution={}),
        drug("Aspirin", priority="routine"),
        {"resourceType": "Claim", "id": "c"},
        {"resourceType": "Coverage"},
        {"resourceType": "Claim"},
    )
    assert record.notes == (
        "2 resources",
        "Not read: 2 Claim, 1 Coverage.",
        "Fields that are not read: 2 MedicationRequest.priority, 1 MedicationRequest.substitution.",
        "With modifiers that are not known here and may change their meaning: 1 MedicationRequest (never).",
    )


PATIENT = {"resourceType": "Patient", "id": "p"}


@pytest.mark.parametrize(
    "resources",
    [
        [PATIENT, {"resourceType": "Patient", "id": "q"}],
        [drug(subject={"reference": "Patient/p"}), drug(subject={"reference": "Patient/q"})],
        [PATIENT, drug(subject={"reference": "http://server/fhir/Patient/q"})],
        [drug(subject={"identifier": {"value": "1"}}), drug(subject={"identifier": {"value": "2"}})],
        [PATIENT, {"resourceType": "AllergyIntolerance", "patient": {"reference": "urn:uuid:q"}}],
    ],
)
def test_a_record_of_two_patients_is_refused(resources):
    with pytest.raises(BadInput, match="the records of 2 patients") as refused:
        read(*resources)
    assert refused.value.code == "record_patients_mixed"


@pytest.mark.parametrize(
    "resources",
    [
        [PATIENT, drug(subject={"reference": "Patient/p/_history/3"}), drug(subject={"reference": "urn:uuid:p"})],
        [PATIENT, drug(subject={"reference": "https://server/fhir/Patient/p"})],
        [PATIENT, drug(subject={"identifier": {"value": "1"}})],
        [{**PATIENT, "link": [{"other": {"reference": "Patient/q"}, "type": "seealso"}]},
         {"resourceType": "Patient", "id": "q"}],
        [PATIENT, {"resourceType": "Observation", "subject": {"reference": "Device/d"}}],
    ],
)  # fmt: skip
def test_a_patient_may_be_named_in_several_ways(resources):
    assert read(*resources).resources


def version(number, value, at=""):
    return {"resourceType": "Observation", "id": "o", "code": {"text": "K"}, "valueString": value,
            "meta": {"versionId": str(number), **({"lastUpdated": at} if at else {})}}  # fmt: skip


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_of_a_history_the_newest_version_counts(order):
    versions = [
        version(9, "4.0", "2024-01-01"),
        version(10, "4.5", "2024-01-02"),
        version(11, "5.1", "2024-01-03"),
    ]
    record = read(*(versions[i] for i in order), type="history")
    assert [each.text for each in record.resources] == ["K: 5.1"]
    assert record.notes[1] == "Left out: 2 older or deleted versions of what is in it."
    by_number = read(*({**versions[i], "meta": {"versionId": str(9 + i)}} for i in order))
    assert [each.text for each in by_number.resources] == ["K: 5.1"]


def test_what_was_deleted_is_gone():
    entry = [
        {"fullUrl": "http://s/fhir/Observation/o", "request": {"method": "DELETE", "url": "Observation/o"}},
        {"resource": version(1, "4.0"), "request": {"method": "PUT", "url": "Observation/o"}},
        {"resource": drug()},
    ]
    record = read(type="history", entry=entry)
    assert [each.type for each in record.resources] == ["MedicationRequest"]
    assert "Left out: 1 older" in record.notes[1]


def test_a_page_that_is_missing_is_said_and_one_that_is_there_is_not():
    first = {"resourceType": "Bundle", "link": [{"relation": "next", "url": "http://s?page=2"}],
             "entry": [{"resource": drug()}]}  # fmt: skip
    second = {"resourceType": "Bundle", "link": [{"relation": "self", "url": "http://s?page=2"}],
              "entry": [{"resource": drug("Aspirin")}]}  # fmt: skip
    one, two = (given_in(json.dumps(each).encode(), "p.json") for each in (first, second))
    assert record_of([one]).notes[1].startswith("Incomplete: the server has more, a page is missing.")
    both = record_of([one, two])
    assert len(both.resources) == 2 and len(both.notes) == 1


@pytest.mark.parametrize(
    ("own", "there"),
    [("https://s?page=2&_count=9", True), ("http://s?_count=9&page=2", True), ("http://s/?_count=9&page=2", True),
     ("http://s?_count=9&page=3", False), ("http://t?_count=9&page=2", False)],
)  # fmt: skip
def test_a_page_is_known_however_its_address_is_written(own, there):
    pages = [
        {"resourceType": "Bundle", "link": [link], "entry": [{"resource": drug(name)}]}
        for name, link in (
            ("Warfarin", {"relation": "next", "url": "http://s?_count=9&page=2"}),
            ("Aspirin", {"relation": "self", "url": own}),
        )
    ]
    record = record_of([given_in(json.dumps(each).encode(), "p.json") for each in pages])
    assert (len(record.notes) == 1) == there


def test_answers_of_a_batch_parameters_and_lists_are_opened():
    search = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": drug("Inner")}]}
    batch = {"resourceType": "Bundle", "type": "batch-response", "entry": [
        {"resource": search, "response": {"status": "200 OK"}}, {"response": {"status": "404 Not Found"}},
        {"resource": {"resourceType": "OperationOutcome"}, "response": {"status": "500"}}]}  # fmt: skip
    parameters = {"resourceType": "Parameters", "parameter": [
        {"name": "return", "resource": drug("Param")}, {"name": "x", "part": [{"resource": drug("Part")}]}]}  # fmt: skip
    record = record_of([given_in(json.dumps([batch, parameters]).encode(), "all.json")])
    assert [each.code for each in record.resources] == ["Inner", "Param", "Part"]
    assert record.notes[1] == "2 of the requests of a batch failed: their answers are missing."


@pytest.mark.parametrize(
    ("resource", "version"),
    [
        ({"resourceType": "Procedure", "notDone": False, "code": {"text": "x"}}, "STU3"),
        ({"resourceType": "MedicationRequest", "medication": {"concept": {"text": "x"}}}, "R5"),
        ({"resourceType": "MedicationOrder", "medicationCodeableConcept": {"text": "x"}}, "DSTU2"),
    ],
)
def test_a_version_other_than_r4_is_said(resource, version):
    assert f"1 resources are of FHIR {version}" in read(resource).notes[1]


@pytest.mark.parametrize(
    ("resource", "note"),
    [
        ({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"}, "It states FHIR 4.0.1."),
        ({"resourceType": "CapabilityStatement", "fhirVersion": "5.0.0"},
         "It states FHIR 5.0.0: read by what it shares with R4."),
        (drug(meta={"profile": ["http://hl7.org/fhir/3.0/StructureDefinition/MedicationRequest"]}),
         "It states FHIR 3.0: read by what it shares with R4."),
        (drug(meta={"profile": ["http://hl7.org/fhir/StructureDefinition/MedicationRequest|4.0.1"]}),
         "It states FHIR 4.0.1."),
    ],
)  # fmt: skip
def test_a_version_that_is_stated_is_taken_from_there(resource, note):
    assert read(resource).notes[1] == note


def test_the_version_of_a_profile_of_others_is_none_of_fhir():
    us_core = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-medicationrequest|3.1.1"
    assert len(read(drug(meta={"profile": [us_core]})).notes) == 1


def attachment(kind, data):
    return {"contentType": kind, "data": base64.b64encode(data).decode()}


def _pdf():
    from fpdf import FPDF

    document = FPDF()
    document.add_page()
    document.set_font("Helvetica", size=12)
    document.cell(text="Potassium 5.1 mmol/L")
    return bytes(document.output())


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("text/plain", "Größe 5".encode(), "Größe 5"),
        ("text/plain; charset=iso-8859-1", "Größe 5".encode("latin-1"), "Größe 5"),
        ("text/html", b"<p>Potassium</p><table><tr><td>4</td><td>5.1</td></tr></table><script>x</script>",
         "Potassium 4 5.1"),
        ("text/html; charset=utf-8", b"no<b>n</b>invasive &lt;5", "noninvasive <5"),
        ("application/rtf", RTF, "Potassium 5.1 Not 51"),
        ("text/rtf", RTF, "Potassium 5.1 Not 51"),
        ("application/pdf", _pdf(), "Potassium 5.1 mmol/L"),
        ("application/xhtml+xml", b"<div><p>a</p><p>b</p></div>", "a b"),
    ],
)  # fmt: skip
def test_notes_in_any_form_are_read(kind, data, words):
    for field in (
        {"content": [{"attachment": attachment(kind, data)}]},
        {"presentedForm": [attachment(kind, data)]},
    ):
        record = read({"resourceType": "DocumentReference", "type": {"text": "Note"}, **field})
        assert record.resources[0].text == f"Note: {words}"
        assert len(record.notes) == 1


def test_notes_that_cannot_be_read_are_counted_by_kind():
    content = [{"attachment": attachment("image/jpeg", b"\xff\xd8")},
               {"attachment": attachment("application/pdf", b"%PDF broken")},
               {"attachment": {"url": "https://server/note"}}]  # fmt: skip
    record = read({"resourceType": "DocumentReference", "type": {"text": "Note"}, "content": content})
    assert record.notes[1:] == (
        "Not in it: 1 attached notes that lie on a server.",
        "Attached notes that are not read: 1 image/jpeg, 1 application/pdf.",
    )


def ndjson(*resources):
    return "\n".join(map(json.dumps, resources)).encode()


def folder_of(tmp_path, **files):
    folder = tmp_path / "export"
    folder.mkdir()
    for name, data in files.items():
        (folder / f"{name}.ndjson").write_bytes(data)
    made = prepare([SourceFile("export", folder)], tmp_path, Options())
    return made.studies, made.problems


def test_a_folder_of_a_bulk_export_is_one_record_with_its_references(tmp_path):
    studies, problems = folder_of(
        tmp_path,
        Medication=ndjson({"resourceType": "Medication", "id": "w", "code": {"text": "Warfarin"}}),
        MedicationRequest=ndjson({"resourceType": "MedicationRequest", "subject": {"reference": "Patient/p"},
                                  "medicationReference": {"reference": "Medication/w"}}),
        Patient=ndjson(PATIENT),
    )  # fmt: skip
    assert problems == ()
    (study,) = studies
    assert study.name == "export · 3 files"
    assert "Warfarin" in [each.text for each in study.resources() if each.type == "MedicationRequest"]


def test_two_patients_in_a_folder_are_told_apart_by_file_and_refused_within_one(tmp_path):
    studies, problems = folder_of(
        tmp_path,
        one=ndjson(PATIENT, drug(subject={"reference": "Patient/p"})),
        two=ndjson(drug("Aspirin", subject={"reference": "Patient/q"})),
        mixed=ndjson(drug(subject={"reference": "Patient/p"}), drug(subject={"reference": "Patient/q"})),
    )
    assert [len(each.resources()) for each in studies] == [2, 1]
    assert [each.code for each in problems] == ["record_patients_mixed"]


def loose(tmp_path, **files):
    for name, data in files.items():
        (tmp_path / f"{name}.ndjson").write_bytes(data)
    made = prepare(
        [SourceFile(f"{name}.ndjson", tmp_path / f"{name}.ndjson") for name in files], tmp_path, Options()
    )
    return made.studies, made.problems


def test_files_given_together_without_a_folder_are_one_record_with_its_references(tmp_path):
    studies, problems = loose(
        tmp_path,
        Medication=ndjson({"resourceType": "Medication", "id": "w", "code": {"text": "Warfarin"}}),
        MedicationRequest=ndjson({"resourceType": "MedicationRequest", "subject": {"reference": "Patient/p"},
                                  "medicationReference": {"reference": "Medication/w"}}),
        Patient=ndjson(PATIENT),
    )  # fmt: skip
    (study,) = studies
    assert not problems and study.name == "MedicationRequest.ndjson · 3 files"
    assert "Warfarin" in [each.text for each in study.resources() if each.type == "MedicationRequest"]


@pytest.mark.parametrize(
    "other",
    [{"birthDate": "1990-01-01"}, {"gender": "male"}, {"identifier": [{"system": "s", "value": "2"}]}],
)
def test_two_people_with_one_id_are_not_one_record(tmp_path, other):
    one = {**PATIENT, "birthDate": "1950-01-01", "gender": "female",
           "identifier": [{"system": "s", "value": "1"}]}  # fmt: skip
    studies, problems = loose(
        tmp_path,
        one=ndjson(one, drug(subject={"reference": "Patient/p"})),
        two=ndjson({**one, **other}, drug("Aspirin", subject={"reference": "Patient/p"})),
    )
    assert not problems
    assert [len(each.resources()) for each in studies] == [2, 2]


def test_files_of_one_person_that_say_different_things_of_them_are_one_record(tmp_path):
    studies, _ = loose(
        tmp_path,
        one=ndjson({**PATIENT, "birthDate": "1950-01-01"}, drug(subject={"reference": "Patient/p"})),
        two=ndjson({**PATIENT, "gender": "female"}, drug("Aspirin", subject={"reference": "Patient/p"})),
    )
    assert [len(each.resources()) for each in studies] == [3]
