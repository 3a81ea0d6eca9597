"""The coded entries of C-CDA documents, to the value; what is negated is never shown as so."""

import lxml.etree
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import BadInput
from assistant.records.bundles import record_of
from assistant.records.xml import given_in_xml

T = "2.16.840.1.113883.10.20.22.4."
OPEN = (
    '<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:sdtc="urn:hl7-org:sdtc" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><title>Summary</title><recordTarget><patientRole>'
    '<id extension="1"/></patientRole></recordTarget><component><structuredBody><component><section>'
    '<title>S</title><text><content ID="words">Numbness of the left hand</content></text>'
)
CLOSE = "</section></component></structuredBody></component></ClinicalDocument>"


def problem(attributes="", relation="", act="", status="active"):
    return (
        f'<entry><act classCode="ACT" moodCode="EVN" {act}><code code="CONC"/><statusCode code="{status}"/>'
        f'<entryRelationship typeCode="SUBJ" {relation}><observation moodCode="EVN" {attributes}>'
        f'<templateId root="{T}4"/><code code="55607006" displayName="Problem"/><statusCode code="completed"/>'
        '<effectiveTime><low value="20230411"/></effectiveTime><value xsi:type="CD" displayName="Fracture of radius">'
        '<qualifier><name displayName="Laterality"/><value displayName="Left"/></qualifier></value>'
        "</observation></entryRelationship></act></entry>"
    )


def allergy(attributes="", substance='<code displayName="Penicillin G"/>', relation="", reaction=""):
    return (
        '<entry><act moodCode="EVN"><code code="CONC"/><statusCode code="active"/><entryRelationship typeCode="SUBJ" '
        f'{relation}><observation moodCode="EVN" {attributes}><templateId root="{T}7"/><code code="ASSERTION"/>'
        '<effectiveTime><low value="1998"/></effectiveTime><value xsi:type="CD" displayName="Allergy to drug"/>'
        f'<participant typeCode="CSM"><participantRole><playingEntity>{substance}</playingEntity></participantRole>'
        f'</participant><entryRelationship typeCode="MFST" inversionInd="true"><observation moodCode="EVN" {reaction}>'
        '<code code="ASSERTION"/><value xsi:type="CD" displayName="Hives"/></observation></entryRelationship>'
        "</observation></entryRelationship></act></entry>"
    )


def drug(attributes='moodCode="EVN"', status="active"):
    return (
        f'<entry><substanceAdministration {attributes}><templateId root="{T}16"/><statusCode code="{status}"/>'
        '<effectiveTime xsi:type="IVL_TS"><low value="20240102"/><high value="20240301"/></effectiveTime>'
        '<effectiveTime xsi:type="PIVL_TS" operator="A"><period value="12" unit="h"/></effectiveTime>'
        '<routeCode displayName="Oral"/><doseQuantity value="2.50" unit="mg"/><consumable><manufacturedProduct>'
        '<manufacturedMaterial><code displayName="Warfarin"/></manufacturedMaterial></manufacturedProduct>'
        '</consumable><precondition><criterion><value xsi:type="CD" displayName="pain"/></criterion></precondition>'
        "</substanceAdministration></entry>"
    )


def result(value, attributes="", organizer="", status="completed", more=""):
    return (
        f'<entry><organizer moodCode="EVN" {organizer}><code displayName="Blood chemistry"/>'
        f'<component><observation moodCode="EVN" {attributes}><templateId root="{T}2"/>'
        f'<code displayName="Potassium"/><statusCode code="{status}"/><effectiveTime value="20240301"/>{value}{more}'
        "</observation></component></organizer></entry>"
    )


POTASSIUM = '<value xsi:type="PQ" value="5.10" unit="mmol/L"/>'


def lines(*entries):
    record = record_of([given_in_xml((OPEN + "".join(entries) + CLOSE).encode(), "c.xml")])
    return [
        (each.type, each.text) for each in record.resources if each.type not in ("Section", "Patient")
    ], record


def only(entry):
    ((found,), _) = lines(entry)
    return found


@pytest.mark.parametrize(
    ("entry", "kind", "words"),
    [
        (problem(), "Condition", "2023-04-11 Fracture of radius (Laterality: Left): concern active"),
        (problem(status="completed"), "Condition",
         "2023-04-11 Fracture of radius (Laterality: Left): concern completed"),
        (problem(act='nullFlavor="NI"'), "Condition",
         "2023-04-11 No information (NI): Fracture of radius (Laterality: Left): concern active"),
        (allergy(), "AllergyIntolerance", "1998 Penicillin G: Allergy to drug; reaction: Hives; concern active"),
        (allergy(substance='<code nullFlavor="NA"/>', attributes='negationInd="true"'), "AllergyIntolerance",
         "1998 Coded as not so: Allergy to drug: reaction: Hives; concern active"),
        (allergy(substance='<code nullFlavor="OTH"/><name>Study drug 7</name>'), "AllergyIntolerance",
         "1998 not known (OTH): Allergy to drug; reaction: Hives; concern active"),
        (allergy(substance="<name>Study drug 7</name>"), "AllergyIntolerance",
         "1998 Study drug 7: Allergy to drug; reaction: Hives; concern active"),
        (allergy(reaction='negationInd="true"'), "AllergyIntolerance",
         "1998 Penicillin G: Allergy to drug; reaction: Coded as not so: Hives; concern active"),
        (drug(), "MedicationStatement",
         "2024-01-02 Warfarin: Oral; dose 2.50 mg; until 2024-03-01; every 12 h; as needed: pain; active"),
        (drug('moodCode="INT"', "aborted"), "MedicationStatement",
         "2024-01-02 Stopped: Planned: Warfarin: Oral; dose 2.50 mg; until 2024-03-01; every 12 h; "
         "as needed: pain"),
        (result(POTASSIUM), "Observation", "2024-03-01 Potassium: 5.10 mmol/L; Blood chemistry"),
        (result(POTASSIUM, status="nullified"), "Observation",
         "2024-03-01 Entered in error: Potassium: 5.10 mmol/L; Blood chemistry"),
        (result(POTASSIUM, status="active"), "Observation",
         "2024-03-01 Potassium: 5.10 mmol/L; active; Blood chemistry"),
        (result(POTASSIUM, more='<interpretationCode code="H" displayName="High"/><referenceRange><observationRange>'
                '<value xsi:type="IVL_PQ"><low value="3.5" unit="mmol/L"/><high value="5.0" unit="mmol/L"/></value>'
                "</observationRange></referenceRange>"), "Observation",
         "2024-03-01 Potassium: 5.10 mmol/L; High; reference 3.5 mmol/L to 5.0 mmol/L; Blood chemistry"),
        (result('<value xsi:type="SLIST_PQ"/>'), "Observation",
         "2024-03-01 Potassium: value not read (SLIST_PQ); Blood chemistry"),
    ],
)  # fmt: skip
def test_a_coded_statement_says_what_it_says(entry, kind, words):
    assert only(entry) == (kind, words)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ('<value xsi:type="IVL_PQ"><low value="90" unit="mL/min" inclusive="false"/></value>', "> 90 mL/min"),
        ('<value xsi:type="IVL_PQ"><low value="90" unit="mL/min"/></value>', ">= 90 mL/min"),
        ('<value xsi:type="IVL_PQ"><high value="0.01" unit="ng/mL" inclusive="false"/></value>', "< 0.01 ng/mL"),
        ('<value xsi:type="REAL" value="-2.80"/>', "-2.80"),
        ('<value xsi:type="INT" value="9"/>', "9"),
        ('<value xsi:type="PQ" value="1.0" unit="1"/>', "1.0"),
        ('<value xsi:type="PQ" nullFlavor="UNK"/>', "no value (UNK)"),
        ('<value xsi:type="PQ" nullFlavor="OTH"><translation value="152" nullFlavor="OTH"><originalText>THOUS/MCL'
         "</originalText></translation></value>", "152 THOUS/MCL"),
        ('<value xsi:type="IVL_PQ"><low nullFlavor="OTH"><translation value="150" code="K/uL"/></low>'
         '<high value="400" unit="10*3/uL"/></value>', "150 K/uL to 400 10*3/uL"),
        ('<value xsi:type="BL" value="false"/>', "false"),
        ('<value xsi:type="ST">none seen</value>', "none seen"),
        ('<value xsi:type="ED"><reference value="#words"/></value>', "Numbness of the left hand"),
        ('<value xsi:type="CD" nullFlavor="OTH"><originalText><reference value="#words"/></originalText></value>',
         "Numbness of the left hand"),
        ('<value xsi:type="CD" code="260373001" codeSystemName="SNOMED CT"/>', "SNOMED CT 260373001"),
        ('<value xsi:type="RTO"><numerator value="1"/><denominator value="128"/></value>', "1 in 128"),
        ('<value xsi:type="TS" value="20240229"/>', "2024-02-29"),
        ('<value xsi:type="II" root="1.2.3" extension="(01)00643169"/>', "(01)00643169"),
    ],
)  # fmt: skip
def test_values_and_units_are_as_they_are_written(value, shown):
    assert only(result(value)) == ("Observation", f"2024-03-01 Potassium: {shown}; Blood chemistry")


NEGATED = [
    problem('negationInd="true"'),
    problem('negationInd="1"'),
    problem(relation='negationInd="true"'),
    problem(act='negationInd="true"'),
    problem('sdtc:valueNegationInd="true"'),
    allergy('negationInd="true"'),
    allergy(relation='negationInd="true"'),
    drug('moodCode="EVN" negationInd="true"'),
    drug('moodCode="INT" sdtc:actionNegationInd="true"'),
    result(POTASSIUM, 'negationInd="true"'),
    result(POTASSIUM, organizer='negationInd="true"'),
]


@pytest.mark.parametrize("entry", NEGATED)
def test_wherever_it_is_negated_the_name_says_so_first(entry):
    ((kind, text),), record = lines(entry)
    (each,) = (each for each in record.resources if each.type == kind)
    assert "Coded as not" in each.code.split(":")[0] or each.code.startswith("Planned: Coded as not")
    assert text.split(" ", 1)[1].startswith(
        each.code
    )  # so in the line that is read, and in the list of what there is


@pytest.mark.parametrize(("attribute", "word"), [('moodCode="GOL"', "Goal"), ('moodCode="RQO"', "Requested"),
                                                 ('moodCode="ZZZ"', "Not an event (ZZZ)")])  # fmt: skip
def test_what_has_not_happened_says_so(attribute, word):
    entry = result(POTASSIUM).replace('<observation moodCode="EVN"', f"<observation {attribute}")
    assert only(entry)[1] == f"2024-03-01 {word}: Potassium: 5.10 mmol/L; Blood chemistry"


def test_a_relative_s_illness_is_never_the_patient_s():
    subject = '<subject><relatedSubject><code displayName="Father"/><subject/></relatedSubject></subject>'
    entry = result(POTASSIUM).replace("<component>", f"{subject}<component>", 1)
    assert only(entry)[1] == "2024-03-01 Father: Potassium: 5.10 mmol/L; Blood chemistry"
    unnamed = result(POTASSIUM).replace("<component>", "<subject><relatedSubject/></subject><component>", 1)
    assert only(unnamed)[1].startswith("2024-03-01 Of another person: Potassium")


def test_people_who_take_part_are_not_named():
    people = (
        "<participant typeCode='VRF'><participantRole><playingEntity><name>Dr. Marker</name></playingEntity>"
        "</participantRole></participant><author><assignedAuthor><assignedPerson><name>Marker</name>"
        "</assignedPerson></assignedAuthor></author>"
    )
    assert "Marker" not in only(result(POTASSIUM, more=people))[1]


def test_what_is_not_read_is_counted_and_named():
    picture = "<entry><observationMedia/></entry>"
    _, record = lines(result(POTASSIUM, more='<sdtc:category code="x"/>'), picture)
    assert record.notes[-2:] == (
        "A C-CDA document (Summary): read by the words of its sections and by 1 coded statement.",
        "Not read of its coded entries: 1 observation.category, 1 observationMedia.",
    )


def test_an_encounter_says_how_it_ended():
    encounter = (
        '<entry><encounter moodCode="EVN"><code displayName="Hospital stay"/><effectiveTime value="20240301"/>'
        '<sdtc:dischargeDispositionCode displayName="Against medical advice"/></encounter></entry>'
    )
    assert only(encounter) == ("Encounter", "2024-03-01 Hospital stay: discharge: Against medical advice")


@pytest.mark.parametrize(
    "part",
    [
        OPEN[OPEN.index("<section>") :] + result(POTASSIUM) + "</section>",  # its prefixes are not declared
        f'<section><templateId root="{T}1"/><title>Results</title></section>',
        f'<section xmlns="urn:hl7-org:v3"><templateId root="{T}1"/><title>Results</title></section>',
        problem(),
        problem() + problem(),  # two roots
        f'<observation><templateId root="{T}2"/>... </observation>',
        f'<participant typeCode="IND"><templateId root="{T}2"/></participant>',
    ],
)
def test_a_part_of_a_document_is_refused_as_one(part):
    with pytest.raises(BadInput, match=r"^a\.xml is only a part of a C-CDA document") as refused:
        given_in_xml(part.encode(), "a.xml")
    assert refused.value.code == "record_not_whole"


DOCUMENT = (OPEN + problem() + drug() + allergy() + result(POTASSIUM) + CLOSE).encode()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(1, 80), max_size=8), st.sampled_from([None, -1, 400, 900]))
def test_a_document_with_missing_parts_is_read_or_refused_in_words(left_out, end):
    """Elements left out, or its end cut off: so stand many of HL7's own examples by themselves."""
    root = lxml.etree.fromstring(DOCUMENT)
    elements = [*root.iter()]
    for number in left_out:
        element = elements[number % len(elements)]
        if (parent := element.getparent()) is not None:
            parent.remove(element)
    try:
        assert record_of([given_in_xml(lxml.etree.tostring(root)[:end], "a.xml")]).resources
    except BadInput as refused:
        assert refused.code.startswith("record_") and str(refused).startswith("a.xml ")


numbers = st.from_regex(r"-?[0-9]{1,6}(\.[0-9]{1,6})?", fullmatch=True)
units = st.sampled_from(["mmol/L", "10*9/L", "mm[Hg]", "{nb}/uL", "ug/dL", "%", "[iU]/L", "Cel"])


@given(numbers, units)
def test_any_number_keeps_its_digits(number, unit):
    shown = only(result(f'<value xsi:type="PQ" value="{number}" unit="{unit}"/>'))[1]
    assert shown == f"2024-03-01 Potassium: {number} {unit}; Blood chemistry"
