"""Results in HL7 v2."""

import pytest

from assistant.errors import BadInput
from assistant.imaging.options import Options
from assistant.imaging.prepare import prepare
from assistant.imaging.study import SourceFile
from assistant.records.bundles import record_of
from assistant.records.hl7v2 import given_in_hl7

MSH = "MSH|^~\\&|LAB|H|||20240301||ORU^R01|1|P|2.5.1"
ORU = "\r".join([
    MSH, "PID|1||4711^^^H||Marker^Name||19610203|F", "ORC|RE", "OBR|1|||BMP^Basic panel^L|||20240301080000||||||"
    "||||||||||||F", "OBX|1|NM|2823-3^Potassium^LN||5.8|mmol/L|3.5-5.1|HH|||F|||20240302", "NTE|1||Hemolyzed\\T\\ old",
    "OBX|2|SN|CRP^CRP||<^0.6|mg/L^milligram per liter^UCUM|||||F", "OBX|3|CE|BG^Blood group||278147001^A positive^SCT||||||C",
    "OBX|4|FT|NOTE^Comment||First\\.br\\second \\F\\ third~fourth||||||P", "OBX|5|NM|NA^Sodium||99|mmol/L||L|||W",
    "OBX|6|SN|ANA^ANA||^1^:^160||||||F", "OBX|7|ED|PDF^Report||^application^pdf^Base64^JVBE||||||F", "ZXX|1",
])  # fmt: skip


def test_a_result_stands_with_its_unit_range_flag_and_state():
    record = record_of([given_in_hl7(ORU.encode(), "r.hl7")])
    lines = [each.text for each in record.resources if each.type == "Observation"]
    assert lines == [
        "2024-03-02 Potassium: 5.8 mmol/L; critically high; reference 3.5-5.1; final; Hemolyzed& old",
        "2024-03-01 CRP: <0.6 mg/L; final",
        "2024-03-01 Blood group: A positive; corrected",
        "2024-03-01 Comment: First second | third fourth; preliminary",
        "2024-03-01 Entered in error: Sodium: 99 mmol/L; low; entered-in-error",
        "2024-03-01 ANA: 1:160; final",
        "2024-03-01 Report: [a file of type application/pdf is not read]; final",
    ]
    assert record.notes == ("9 resources", "Segments that are not read: ZXX.")
    everything = " ".join(each.text for each in record.resources)
    assert "Marker" not in everything and "4711" not in everything


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends_frames_and_batches_do_not_matter(ends):
    batch = f"FHS|^~\\&\rBHS|^~\\&\r\x0b{ORU}\x1c\r{ORU.replace('Potassium', 'Chloride')}\rBTS|2\rFTS|1\r"
    record = record_of([given_in_hl7(batch.replace("\r", ends).encode(), "r.hl7")])
    assert {"Potassium", "Chloride"} <= {each.code for each in record.resources}


def test_a_file_in_a_message_is_read():
    file = "QlAgPDUgYW5kID4z"  # "BP <5 and >3"
    message = "\r".join([MSH, "PID|1||1", "OBR|1", f"OBX|1|ED|R^Report||L^TEXT^plain^Base64^{file}||||||F"])
    record = record_of([given_in_hl7(message.encode(), "r.hl7")])
    assert "Report: BP <5 and >3; final" in [each.text for each in record.resources]


def test_two_patients_and_other_messages_are_refused():
    other = ORU.replace("4711", "4712")
    with pytest.raises(BadInput, match="2 patients"):
        record_of([given_in_hl7(f"{ORU}\r{other}".encode(), "r.hl7")])
    with pytest.raises(BadInput, match=r"ADT\^A01"):
        given_in_hl7(ORU.replace("ORU^R01", "ADT^A01").encode(), "r.hl7")


def test_it_is_known_by_its_first_letters(tmp_path):
    (tmp_path / "result.txt").write_text(ORU)
    made = prepare([SourceFile("result.txt", tmp_path / "result.txt")], tmp_path, Options())
    assert [each.kind for each in made.studies] == ["record"]
