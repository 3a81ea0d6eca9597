"""FHIR, checked by fhir.resources (R4B); HL7 v2, read back by hl7apy."""

import hashlib
import json
from datetime import datetime

import hl7
import pytest
from fhir.resources.R4B.diagnosticreport import DiagnosticReport
from fhir.resources.R4B.documentreference import DocumentReference
from hl7apy import load_reference
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.exceptions import HL7apyException
from hl7apy.parser import parse_message
from hl7apy.validation import Validator
from hypothesis import given, settings

from assistant.export.fhir import diagnostic_report, document_reference, write_json
from assistant.export.hl7 import oru_r01
from assistant.export.text import plain_text
from tests.export.builders import FINDINGS, ORDER, PATIENT, SIGNATURE, report, reports


def test_a_diagnostic_report_is_valid_and_says_what_the_report_says():
    made = report()
    resource = DiagnosticReport.model_validate_json(write_json(diagnostic_report(made)))
    assert resource.status == "preliminary"
    assert resource.conclusion == "Nodule, right upper lobe."
    assert resource.code.coding[0].code == "18748-4"
    assert resource.category[0].coding[0].code == "RAD"
    assert resource.effectiveDateTime == made.started_at
    form = resource.presentedForm[0]
    assert form.data.decode() == plain_text(made)  # the library decodes base64
    assert "No fever" in resource.text.div


def test_a_document_reference_is_valid_and_holds_the_text_with_its_hash():
    made = report(("Subjective", "Well."), title="Progress note (SOAP)")
    resource = DocumentReference.model_validate_json(write_json(document_reference(made)))
    assert (resource.status, resource.docStatus) == ("current", "preliminary")
    assert resource.type.coding[0].code == "11506-3"
    attachment = resource.content[0].attachment
    data = attachment.data  # the library decodes base64
    assert data.decode() == plain_text(made)
    assert attachment.size == len(data)
    assert attachment.hash == hashlib.sha1(data).digest()


@settings(max_examples=40)
@given(reports)
def test_any_report_is_valid_fhir(made):
    DiagnosticReport.model_validate_json(write_json(diagnostic_report(made)))
    DocumentReference.model_validate_json(write_json(document_reference(made)))


def test_an_unknown_template_gets_no_code_that_nobody_chose():
    resource = diagnostic_report(report(("", "Text."), title=""))
    assert resource["code"] == {"text": "Dictation"}
    assert "category" not in resource


def test_an_empty_report_is_valid_fhir_without_a_form():
    resource = diagnostic_report(report(("Findings", "")))
    DiagnosticReport.model_validate_json(json.dumps(resource))
    assert "presentedForm" not in resource


def _with_text_values(reference):
    """A message profile: hl7apy's own structure, with OBX-5 of type FT.

    In its structure of 2.5.1, OBX-5 "varies", and its parser then takes every value for ST, of 199 characters
    at most, whatever OBX-2 says. A profile is its way to say what a field holds; FT brings its limit.
    """
    if not isinstance(reference, (tuple, list)):
        return reference
    if reference[:1] == ("OBX_5",):
        return ("OBX_5", ("leaf", None, "FT", "OBSERVATION_VALUE", None, -1), *reference[2:])
    return tuple(map(_with_text_values, reference))


PROFILE = {"ORU_R01": _with_text_values(load_reference("ORU_R01", "Message", "2.5.1"))}


def _strict(text):
    """A message that is valid as a whole, with every value of the type that OBX-2 names."""
    rows = [segment.split("|") for segment in text.split("\r") if segment.startswith("OBX")]
    assert all(row[2] == "FT" for row in rows)
    message = parse_message(
        text, validation_level=VALIDATION_LEVEL.STRICT, find_groups=True, message_profile=PROFILE
    )
    assert Validator.validate(message, PROFILE["ORU_R01"])
    return message


def _parsed(made):
    return _strict(oru_r01(made).decode())


def _observations(made):
    return _parsed(made).ORU_R01_PATIENT_RESULT.ORU_R01_ORDER_OBSERVATION.ORU_R01_OBSERVATION


def test_an_hl7_message_is_a_valid_oru_r01():
    made = report(("Findings", "Clear."), ("Impression", "x^y"))
    message = _parsed(made)
    message.validate()
    assert message.msh.msh_9.to_er7() == "ORU^R01^ORU_R01"
    assert message.msh.msh_18.value == "UNICODE UTF-8"
    order = message.ORU_R01_PATIENT_RESULT.ORU_R01_ORDER_OBSERVATION
    assert order.obr.obr_4.to_er7() == "18748-4^Diagnostic imaging study^LN"
    assert order.obr.obr_7.to_er7() == "20261124093000+0100"
    assert (order.obr.obr_24.value, order.obr.obr_25.value) == ("RAD", "P")
    assert [o.obx.obx_3.obx_3_2.value for o in order.ORU_R01_OBSERVATION] == ["Findings", "Impression"]


@pytest.mark.parametrize(
    "made",
    [
        report(),
        report(("", "Just this.")),
        report(("Findings", "")),
        report(patient=PATIENT, order=ORDER),
        report(patient=PATIENT, order=ORDER, status="final", signatures=(SIGNATURE,)),
        report(title=""),
        report(("A|B", "x " * 900)),
        report(("Findings", "line\n" * 12_000)),
        report(("Findings", "word | " * 20_000), ("Past medical history in all detail", "x")),
    ],
)
def test_any_hl7_message_is_strictly_valid(made):
    _parsed(made)
    if made.filled:
        assert {each.obx.obx_5.datatype for each in _observations(made)} == {"FT"}


@settings(max_examples=25, deadline=None)
@given(reports)
def test_whatever_was_dictated_is_strictly_valid(made):
    _parsed(made)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("Clear.", "x" * 65_537),
        lambda text: text.replace("Clear.", "a^b"),
        lambda text: text.replace("Clear.", "a&b"),
        lambda text: text.replace("||||||P\r", "||||||\r"),
        lambda text: text.replace("OBR|1|", "OBR|one|"),
    ],
)
def test_the_strict_check_can_fail(damage):
    text = oru_r01(report(("Findings", "Clear."))).decode()
    assert damage(text) != text
    _strict(text)
    with pytest.raises((HL7apyException, ValueError)):
        _strict(damage(text))


def test_the_exam_and_its_time_stand_in_fhir_and_hl7_as_they_were_written():
    made = report(patient=PATIENT, order=ORDER)
    resource = DiagnosticReport.model_validate_json(write_json(diagnostic_report(made)))
    assert resource.effectiveDateTime.isoformat() == "2026-03-01"  # nobody has told its time zone
    assert b"Examined: 2026-03-01 10:30\n" in resource.presentedForm[0].data
    reference = DocumentReference.model_validate_json(write_json(document_reference(made)))
    assert reference.context.period.start.isoformat() == "2026-03-01"
    segments = {row[:3]: row.split("|") for row in oru_r01(made).decode().split("\r")}
    assert segments["OBR"][4] == (
        "18748-4^Diagnostic imaging study^LN^CT_CHEST_LOW_DOSE^CT *chest* <low dose>^L"
    )
    assert segments["OBR"][7] == "202603011030"


def test_whoever_signed_is_the_result_s_interpreter():
    signed = _parsed(report(status="final", signatures=(SIGNATURE,)))
    order = signed.ORU_R01_PATIENT_RESULT.ORU_R01_ORDER_OBSERVATION.obr
    assert order.obr_32.ndl_1.cnn_2.to_er7() == "Dr Ann Example"


def test_a_section_is_named_by_an_identifier_its_title_and_a_coding_system():
    titles = ["Findings", "Past medical history", "胸部", "A|B", "Findings", ""]
    rows = oru_r01(report(*((title, "x") for title in titles))).decode().split("\r")[3:-1]
    named = [tuple(row.split("|")[3:5]) for row in rows]
    assert named[0] == ("FINDINGS^Findings^L", "1") and named[4] == ("FINDINGS^Findings^L", "2")
    assert named[1][0].endswith("^Past medical history^L") and named[3] == ("A_B^A\\F\\B^L", "")
    assert named[5] == ("TEXT^Text^L", "")
    assert all(0 < len(name.split("^")[0]) <= 20 for name, _ in named)
    assert len({name for name, _ in named}) == 5


@pytest.mark.parametrize("text", ["word | " * 20_000, "|" * 100_000, "x" * 70_000])
def test_a_text_longer_than_an_ft_goes_on_in_the_next_one(text):
    rows = [row.split("|") for row in oru_r01(report(("Findings", text))).decode().split("\r")[3:-1]]
    assert len(rows) > 1 and [row[4] for row in rows] == [str(n) for n in range(1, len(rows) + 1)]
    assert len({row[3] for row in rows}) == 1 and all(len(row[5]) <= 65_536 for row in rows)
    assert "".join(row[5] for row in rows).replace("\\F\\", "|") == text.strip()
    assert all(row[5].count("\\") % 2 == 0 for row in rows)


def _observed(made):
    """(title, text) of each OBX as python-hl7 reads them."""
    message = hl7.parse(oru_r01(made).decode())
    segments = message["OBX"] if made.filled else []
    return [
        (message.unescape(str(obx[3][0][1])), message.unescape(str(obx[5])).replace("\r", "\n"))
        for obx in segments
    ]


def test_hl7_separators_in_the_text_are_escaped_and_lines_are_kept():
    text = "x^y & z~ \\ |\nnext\n\n\tlast"
    written = oru_r01(report(("A|B", f"{text}\x0b"))).decode()
    assert "|A_B^A\\F\\B^L||x\\S\\y \\T\\ z\\R\\ \\E\\ \\F\\\\.br\\next\\.br\\\\.br\\\\X09\\last||" in written
    assert _observed(report(("A|B", text))) == [("A|B", text)]


def test_hl7_gives_back_the_text():
    assert _observed(report())[0] == ("Findings", FINDINGS)


@settings(max_examples=40)
@given(reports)
def test_any_report_keeps_its_segments(made):
    segments = oru_r01(made).decode().split("\r")
    assert segments.pop() == ""
    assert [segment[:3] for segment in segments] == ["MSH", "ORC", "OBR", *["OBX"] * len(made.filled)]
    assert all(segment.count("|") == 11 for segment in segments[3:])
    assert not any(sign in segment for segment in segments for sign in "\n\x0b\x1c")


@pytest.mark.parametrize("at", [datetime(2026, 11, 24).astimezone()])
def test_the_control_id_fits_and_is_steady(at):
    made = report(exported_at=at)
    control = oru_r01(made).decode().split("|")[9]
    assert len(control) <= 20
    assert oru_r01(made) == oru_r01(made)
