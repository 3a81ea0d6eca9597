"""FHIR in XML, and C-CDA documents by the words of their sections; their coded entries are in test_ccda."""

import pytest

from assistant.errors import BadInput
from assistant.imaging.options import Options
from assistant.imaging.prepare import prepare
from assistant.imaging.study import SourceFile
from assistant.records.bundles import record_of
from assistant.records.xml import given_in_xml

FHIR = b"""<?xml version="1.0"?><Bundle xmlns="http://hl7.org/fhir"><type value="collection"/>
<link><relation value="next"/><url value="http://s?2"/></link>
<entry><fullUrl value="urn:uuid:1"/><resource><Patient><id value="p"/><gender value="female"/></Patient></resource>
</entry><entry><resource><MedicationRequest><id value="m1"/><status value="active"/><intent value="order"/>
<doNotPerform value="true"/><medicationCodeableConcept><text value="Warfarin &amp; co"/></medicationCodeableConcept>
<subject><reference value="Patient/p"/></subject><authoredOn value="2024-01-09"/><dosageInstruction><doseAndRate>
<doseQuantity><value value="2.5"/><unit value="mg"/></doseQuantity></doseAndRate></dosageInstruction>
</MedicationRequest></resource></entry><entry><resource><Observation><id value="bad"/><foo value="1"/></Observation>
</resource></entry></Bundle>"""

CDA = b"""<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><title>Summary</title>
<effectiveTime value="20240301"/><recordTarget><patientRole><id extension="MRN-4711"/><patient>
<name><family>Marker-Name</family></name><administrativeGenderCode code="F" displayName="Female"/>
<birthTime value="19610203"/></patient></patientRole></recordTarget><component><structuredBody>
<component><section><title>Allergies</title><text><table><thead><tr><th>Substance</th><th>Reaction</th></tr></thead>
<tbody><tr><td>Penicillin</td><td>Hives</td></tr><tr><td>Latex</td><td/></tr></tbody></table></text></section></component>
<component><section><title>Medications</title><text><paragraph>Takes</paragraph><list><item>Warfarin<content>2.5
mg</content></item><item>no aspirin</item></list>after <content styleCode="Bold">meals</content></text></section></component>
<component><section nullFlavor="NI"><title>Problems</title><text>No known problems</text></section></component>
<component><section><code displayName="Results"/><entry><observation><code displayName="Sodium"/></observation></entry></section></component>
</structuredBody></component></ClinicalDocument>"""


def test_a_bundle_in_xml_is_read_as_its_json_is_and_what_is_not_valid_is_named():
    record = record_of([given_in_xml(FHIR, "r.xml")])
    lines = {each.type: each.text for each in record.resources}
    assert lines["MedicationRequest"] == "2024-01-09 Do not give: Warfarin & co: 2.5 mg; active; order"
    assert lines["Patient"] == "female"
    assert record.notes[1].startswith("Incomplete: ")
    assert record.notes[-1] == "Not valid in any version of FHIR, and not read: 1 Observation."


def test_the_sections_of_a_ccda_document_are_read_row_by_row_and_no_name_with_them():
    record = record_of([given_in_xml(CDA, "ccda.xml")])
    assert [(each.type, each.code, each.text) for each in record.resources if each.type == "Section"] == [
        ("Section", "Allergies", "2024-03-01 Allergies: Substance: Penicillin; Reaction: Hives"),
        ("Section", "Allergies", "2024-03-01 Allergies: Substance: Latex"),
        ("Section", "Medications", "2024-03-01 Medications: Takes after meals"),
        ("Section", "Medications", "2024-03-01 Medications: Warfarin 2.5 mg"),
        ("Section", "Medications", "2024-03-01 Medications: no aspirin"),
        ("Section", "Problems", "2024-03-01 Problems: No known problems"),
        ("Section", "Problems", "2024-03-01 Problems: no information (NI)"),
    ]
    (patient,) = (each for each in record.resources if each.type == "Patient")
    assert patient.text == "1961-02-03 Female"
    assert not any("Marker" in each.text or "4711" in each.text for each in record.resources)
    assert record.notes[1:] == (
        "A C-CDA document (Summary): read by the words of its sections and by 1 coded statement.",
    )


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"<a", "record_not_xml"), (b"<a/>", "record_not_fhir"), (b"<Bundle/>", "record_not_fhir"),
     (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "record_not_fhir")],
)  # fmt: skip
def test_other_xml_is_refused_by_what_it_is(data, code):
    with pytest.raises(BadInput) as refused:
        given_in_xml(data, "x.xml")
    assert refused.value.code == code


def test_nothing_is_fetched_for_a_document():
    secret = b'<!DOCTYPE x [<!ENTITY b SYSTEM "file:///etc/hostname">]>'
    data = CDA.replace(b'<?xml version="1.0"?>', secret).replace(b"no aspirin", b"no &b; aspirin")
    record = record_of([given_in_xml(data, "ccda.xml")])
    assert "2024-03-01 Medications: no &b; aspirin" in [each.text for each in record.resources]


def test_such_files_are_attached_as_records(tmp_path):
    for name, data in (("a.xml", FHIR), ("b", CDA)):
        (tmp_path / name).write_bytes(data)
    made = prepare([SourceFile(name, tmp_path / name) for name in ("a.xml", "b")], tmp_path, Options())
    assert [each.kind for each in made.studies] == ["record", "record"] and not made.problems
