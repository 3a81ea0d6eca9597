"""Files that are attached by hand: whom each kind names is compared with the report's patient."""

import json

import httpx
import numpy as np
import pytest

from tests.imaging import made
from tests.imaging.bad_files import png
from tests.records.test_hl7v2 import MSH
from tests.server.conftest import PATIENCE_S

MARIA = {"id": "P-1", "name": "Muster, Maria", "born": "1950-02-01"}


def dicom(tmp_path):
    pixels = np.arange(64, dtype=np.uint16).reshape(8, 8)
    named = {"PatientID": "P-2", "PatientName": "Test^Otto", "PatientBirthDate": "19600101"}
    return made.dicom(tmp_path / "x.dcm", pixels, sop_class=made.DX, modality="DX", **named).read_bytes()


def fhir(_):
    patient = {
        "resourceType": "Patient",
        "id": "1",
        "identifier": [{"system": "urn:x", "value": "P-2"}],
        "name": [{"family": "Test", "given": ["Otto"]}],
        "birthDate": "1960-01-01",
    }
    allergy = {
        "resourceType": "AllergyIntolerance",
        "code": {"text": "Penicillin"},
        "patient": {"reference": "Patient/1"},
    }
    entries = [{"resource": patient}, {"resource": allergy}]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def hl7(_):
    person = "PID|1||P-2^^^H||Test^Otto||19600101|M"
    return "\r".join([MSH, person, "OBR|1|||K", "OBX|1|NM|K^Potassium||5.8|mmol/L"]).encode()


def ccda(_):
    return (
        b'<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><title>Summary</title><recordTarget>'
        b'<patientRole><id root="1.2" extension="P-2"/><patient><name><given>Otto</given>'
        b'<family>Test</family></name><birthTime value="19600101"/></patient></patientRole></recordTarget>'
        b"<component><structuredBody>"
        b"<component><section><title>Allergies</title><text>Penicillin</text></section></component>"
        b"</structuredBody></component></ClinicalDocument>"
    )


@pytest.mark.parametrize("file", [dicom, fhir, hl7, ccda])
async def test_a_file_of_another_patient_is_asked_about_and_used_when_a_person_says_so(
    server, tmp_path, file, caplog
):
    client, created = await server.session()
    session = created["session"]
    headers = {"X-Session-Token": session["resume_token"]}

    async def ask():
        item = {"type": "message", "content": [{"type": "input_text", "text": "What is in this?"}]}
        await client.send("conversation.item.create", item=item)
        await client.send("response.create")
        await client.until("response.done")
        question = server.engine.questions[-1]
        return (*question.attachment_ids, *question.record_ids)

    async with httpx.AsyncClient(base_url=server.http, timeout=PATIENCE_S, trust_env=False) as http:
        path = f"/v1/sessions/{session['id']}/attachments"
        made_of = await http.post(path, params={"name": "x"}, content=file(tmp_path), headers=headers)
        assert made_of.status_code == 201, made_of.text
        await client.until("assistant.attachment.added")
        assert server.hub.find(session["id"]).conversation.described.patient.id == ""
        await client.send("assistant.report.describe", patient=MARIA, order={})
        doubted = await client.until("assistant.attachment.doubted")
        assert "another patient" in doubted["message"] and "Otto" in doubted["message"]
        assert await ask() == ()
        await client.send("assistant.attachment.confirm", attachment_id=doubted["attachment_id"])
        assert (await client.until("assistant.attachment.doubted"))["confirmed"]
        assert await ask() == (doubted["attachment_id"],)
        shown = await http.get(f"/v1/sessions/{session['id']}/prompt", headers=headers)
        assert "Otto" not in shown.text and "P-2" not in shown.text, "whom it names is in no prompt"
        await http.post(path, params={"name": "y.png"}, content=png(), headers=headers)
        await client.send("assistant.attachment.confirm", attachment_id="img_x", event_id="e")
        assert await client.code() == "attachment_unknown"
    assert "Otto" not in caplog.text and "P-2" not in caplog.text
