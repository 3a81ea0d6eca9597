"""Order messages of HL7 v2, checked by another library: hl7apy makes and reads them too."""

import pytest
from hl7apy.parser import parse_message

from assistant.orders.hl7 import CONTROLS, Code, Fault, acknowledgement, merged, orders_in


def message(kind="ORM^O01^ORM_O01", control="NW", status="SC", numbers="P-1^^^HOSP^MR", placer="PL1", **more):
    pid = f"PID|1||{numbers}||Muster^Maria^Anna||19500201|F"
    orc = f"ORC|{control}|{placer}|{more.get('filler', 'FI1')}||{status}||^^^202603011030"
    obr = ["OBR", "1", placer, "FI1", more.get("exam", "CTCH^CT \\T\\ chest^L"), *[""] * 13, "A-77"]
    zds = "ZDS|1.2.840.1^RIS^Application^DICOM"
    lines = [rf"MSH|^~\&|RIS|HOSP|VA||20260301103000||{kind}|4711|P|2.5.1", pid, orc, "|".join(obr), zds]
    return "".join(f"{line}\r" for line in lines).encode()


def test_an_order_has_its_patient_numbers_exam_time_and_study():
    (placed,) = orders_in(message())
    assert placed.patient.model_dump() == {
        "id": "P-1", "name": "Muster, Maria Anna", "born": "1950-02-01", "sex": "female",
    }  # fmt: skip
    assert placed.order.model_dump() == {
        "accession": "A-77", "exam": "CT & chest", "at": "2026-03-01T10:30", "placer": "PL1",
        "filler": "FI1", "request": "", "study": "1.2.840.1",
    }  # fmt: skip
    assert (placed.source, placed.status) == ("hl7", "active")


@pytest.mark.parametrize("control", sorted(CONTROLS))
def test_what_a_control_code_makes_of_an_order(control):
    (placed,) = orders_in(message(control=control, status=""))
    assert placed.status == CONTROLS[control]


@pytest.mark.parametrize(
    ("status", "result"), [("CM", "done"), ("CA", "cancelled"), ("HD", "held"), ("IP", "active")]
)
def test_a_change_of_status_is_that_of_orc_5(status, result):
    (placed,) = orders_in(message(control="SC", status=status))
    assert placed.status == result


FAULTS = [
    (b"", "AR", Code.SEGMENT_SEQUENCE_ERROR),
    (b"\x00\xff not a message", "AR", Code.SEGMENT_SEQUENCE_ERROR),
    (message(kind="ADT^A01^ADT_A01"), "AR", Code.UNSUPPORTED_MESSAGE_TYPE),
    (message(kind="ORU^R01^ORU_R01"), "AR", Code.UNSUPPORTED_MESSAGE_TYPE),
    (message(control="ZZ"), "AE", Code.TABLE_VALUE_NOT_FOUND),
    (message(control="SC", status="??"), "AE", Code.TABLE_VALUE_NOT_FOUND),
    (message(placer="", filler=""), "AE", Code.DATA_TYPE_ERROR),
    (message(numbers=""), "AE", Code.REQUIRED_FIELD_MISSING),
    (message(numbers="P-1~P-2"), "AE", Code.REQUIRED_FIELD_MISSING),
    (message(numbers="P-1^^^A^MR~P-2^^^B^MR"), "AE", Code.REQUIRED_FIELD_MISSING),
    (message(numbers="9" * 65), "AE", Code.DATA_TYPE_ERROR),
    (message().split(b"PID")[0] + b"ORC|NW|1\r", "AE", Code.SEGMENT_SEQUENCE_ERROR),
    (message().split(b"ORC")[0], "AE", Code.SEGMENT_SEQUENCE_ERROR),
]
FAULTS[6] = (
    message(placer="", filler="").replace(b"|FI1|", b"||"), "AE", Code.REQUIRED_FIELD_MISSING,
)  # fmt: skip


@pytest.mark.parametrize(("data", "answer", "code"), FAULTS)
def test_a_message_that_cannot_be_taken_is_refused_with_a_code_and_without_its_words(data, answer, code):
    with pytest.raises(Fault) as raised:
        orders_in(data)
    fault = raised.value
    assert (fault.answer, fault.code) == (answer, code)
    told = acknowledgement(data, fault).decode()
    assert f"MSA|{answer}|" in told and f"ERR|||{code:d}^" in told
    assert "Muster" not in told


def test_an_acknowledgement_names_the_message_and_is_one_for_another_library():
    told = acknowledgement(message()).decode()
    read = parse_message(told, find_groups=False)
    assert (read.msh.msh_9.to_er7(), read.msh.msh_5.to_er7()) == ("ACK^O01^ACK", "RIS")
    assert (read.msa.msa_1.to_er7(), read.msa.msa_2.to_er7()) == ("AA", "4711")


def test_the_number_of_type_mr_is_the_patients_where_there_are_several():
    (placed,) = orders_in(message(numbers="999^^^NHI^SS~P-1^^^HOSP^MR"))
    assert placed.patient.id == "P-1"


def test_a_message_with_several_orders_has_all_of_them():
    extra = b"ORC|NW|PL2\rOBR|1|PL2||MRB^MR brain^L\rORC|CA|PL3\r"
    found = orders_in(message() + extra)
    assert [(each.order.placer, each.order.exam, each.status) for each in found] == [
        ("PL1", "CT & chest", "active"),
        ("PL2", "MR brain", "active"),
        ("PL3", "", "cancelled"),
    ]


def test_what_a_later_message_leaves_empty_an_earlier_one_still_says():
    (first,) = orders_in(message())
    (cancelled,) = orders_in(message().split(b"ORC")[0] + b"ORC|CA|PL1\r")
    now = merged(first, cancelled)
    assert (now.status, now.order.exam, now.order.accession) == ("cancelled", "CT & chest", "A-77")


def test_an_omi_has_accession_and_study_in_ipc():
    data = message(kind="OMI^O23^OMI_O23").split(b"ZDS")[0] + b"IPC|A-99|RP1|1.2.3.4|SPS1|MR\r"
    (placed,) = orders_in(data)
    assert (placed.order.accession, placed.order.study, placed.modality) == ("A-99", "1.2.3.4", "MR")
