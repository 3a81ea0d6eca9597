"""Series from a real archive (Orthanc from Debian) over DICOMweb."""

from dataclasses import replace

import httpx
import pytest

from assistant.cli import main
from assistant.engines.pieces import ImagePiece
from assistant.server.answers import LINK
from tests.imaging import made, orthanc
from tests.imaging.orthanc import needs_orthanc

MARIA = {"id": "P-1", "born": "1950-02-01"}
STUDIES = {  # accession number → study, what its pictures say of the patient
    "ACC-P1": ("1.2.3.4.6", {"PatientID": "P-1", "PatientBirthDate": "19500201"}),
    "ACC-P2": ("1.2.3.4.7", {"PatientID": "P-2", "PatientBirthDate": "19500201"}),
    "ACC-NONE": ("1.2.3.4.8", {"PatientID": "", "PatientBirthDate": "19500201"}),
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("orthanc")
    with orthanc.running(folder) as url:
        for accession, (study, patient) in STUDIES.items():
            own = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.1", "AccessionNumber": accession}
            orthanc.put(url, folder / accession, 1, **own, **patient)
        yield url


@pytest.fixture
async def hospital(start_server, archive):
    server = await start_server(dicomweb_url=archive)
    client, created = await server.session()
    address = f"/v1/sessions/{created['session']['id']}/pacs"
    options = {"headers": {"X-Session-Token": created["session"]["resume_token"]}}
    async with httpx.AsyncClient(base_url=server.http, timeout=120) as http:

        async def ask(what, **fields):
            return await http.post(f"{address}/{what}", json=fields, **options)

        yield client, ask


@needs_orthanc
async def test_a_study_is_found_by_its_accession_number_and_a_series_of_it_attached(hospital, caplog):
    client, ask = hospital
    caplog.set_level("DEBUG")
    found = (await ask("find", number="ACC77")).json()["series"]
    assert {each["series"]: each["count"] for each in found} == {"1.2.3.4.5.6": 6, "1.2.3.4.5.1": 1}
    (thin,) = [each for each in found if each["description"] == "a"]
    answer = (await ask("attach", study=thin["study"], series=thin["series"])).json()
    assert (answer["attachments"][0]["name"], answer["problems"]) == ("CT · 6 slices", [])
    await client.until("assistant.attachment.added")
    for said in (caplog.text, str(client.events)):
        assert "ACC77" not in said
        assert "MRN-4711" not in said


@needs_orthanc
async def test_pictures_of_an_order_are_compared_with_its_patient_and_those_of_another_never_attached(
    hospital, caplog
):
    """tests/orders/test_pictures.py has all the cases."""
    client, ask = hospital
    caplog.set_level("DEBUG")
    cases = (
        ("ACC-P2", MARIA, "other"),
        ("ACC-P1", MARIA | {"born": "1951-02-01"}, "other"),
        ("ACC-P1", MARIA, "same"),
        ("ACC-NONE", MARIA, "unknown"),
    )
    for accession, patient, whose in cases:
        study = STUDIES[accession][0]
        order = {"study": study, "accession": accession}
        await client.send("assistant.report.describe", patient=patient, order=order)
        await client.until("assistant.report.described")
        by_study, by_accession = [(await ask("find", number=order[by])).json() for by in order]
        assert by_study == by_accession
        (found,) = by_study["series"]
        assert (found["study"], found["whose"]) == (study, whose)
        answer = (await ask("attach", study=found["study"], series=found["series"])).json()
        match whose:
            case "same":
                assert (found["warning"], len(answer["attachments"])) == ("", 1)
                await client.until("assistant.attachment.added")
                assert client.of("assistant.notice") == []
            case "unknown":
                assert found["warning"].startswith("The archive has no patient number")
                assert len(answer["attachments"]) == 1
                assert (await client.until("assistant.notice"))["message"] == found["warning"]
            case "other":
                assert "are of another patient" in found["warning"]
                told = {"code": "other_patient", "message": found["warning"]}
                assert told.items() <= answer["error"].items()
                assert client.of("assistant.attachment.added") == []
    told = [event for event in client.events if event["type"] != "assistant.report.described"]
    for said in (caplog.text, str(told)):
        assert "ACC-" not in said and "P-2" not in said


@needs_orthanc
async def test_a_series_with_one_file_of_another_patient_is_not_attached_in_part(hospital, archive, tmp_path):
    """An archive describes a series by one of its files; Orthanc keeps patients of equal numbers together."""
    client, ask = hospital
    own = {"StudyInstanceUID": "1.2.3.4.9", "SeriesInstanceUID": "1.2.3.4.9.1", "AccessionNumber": "MIX"}
    for number, born in enumerate(("19500201", "19500201", "19600101")):
        orthanc.put(archive, tmp_path / str(number), 1, PatientID="P-1", PatientBirthDate=born, **own)
    await client.send("assistant.report.describe", patient=MARIA, order={})
    await client.until("assistant.report.described")
    (found,) = (await ask("find", number="MIX")).json()["series"]
    assert (found["study"], found["count"]) == ("1.2.3.4.9", 3)
    answer = await ask("attach", study="1.2.3.4.9", series="1.2.3.4.9.1")
    assert answer.json()["error"]["code"] == "other_patient"
    assert client.of("assistant.attachment.added") == []


@needs_orthanc
async def test_an_engine_that_follows_links_is_given_the_address_of_a_series_for_plain_questions(
    start_server, archive, caplog
):
    caplog.set_level("DEBUG")
    server = await start_server(dicomweb_url=archive)
    server.engine.info = replace(server.engine.info, follows_links=True)
    client, created = await server.session()
    session = created["session"]
    headers = {"X-Session-Token": session["resume_token"]}
    async with httpx.AsyncClient(base_url=server.http, timeout=120, headers=headers) as http:
        one = {"study": "1.2.3.4.5", "series": "1.2.3.4.5.1"}
        await http.post(f"/v1/sessions/{session['id']}/pacs/attach", json=one)
        await client.until("assistant.attachment.added")
        for text in ("Is there a nodule on this image?", "Make a table of the lab results on this image"):
            item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
            await client.send("conversation.item.create", item=item)
            await client.send("response.create")
            done = (await client.until("response.done"))["response"]["id"]
            parts = (await http.get(f"/v1/sessions/{session['id']}/answers/{done}/prompt")).json()["parts"]
            assert (parts[0].get("text") == LINK) == text.startswith("Is")
    linked, placed = (question.pieces for question in server.engine.questions)
    (link,) = linked
    series = f"{archive}/studies/1.2.3.4.5/series/1.2.3.4.5.1"
    assert link.url.startswith(f"{series}/instances/"), "of one image, as Google's notebook names it"
    assert any(isinstance(piece, ImagePiece) for piece in placed)
    assert link.url not in caplog.text + str(client.events)


@needs_orthanc
@pytest.mark.parametrize(
    ("what", "fields", "code"),
    [
        ("find", {"number": ""}, "number_invalid"),
        ("find", {"number": "*"}, "number_invalid"),
        ("attach", {"study": "1.2.3.4.5", "series": "1.9.9"}, "series_unknown"),
        ("attach", {"study": "../../x", "series": "1.2"}, "series_unknown"),
        ("attach", {}, "series_unknown"),
    ],
)
async def test_what_is_not_there_is_said(hospital, what, fields, code):
    _, ask = hospital
    assert (await ask(what, **fields)).json()["error"]["code"] == code


async def test_an_archive_that_is_down_or_not_set(start_server):
    down = {"dicomweb_url": "http://127.0.0.1:9/x"}
    for settings, code in [(down, "archive_unreachable"), ({}, "archive_not_set")]:
        server = await start_server(**settings)
        _, created = await server.session()
        async with httpx.AsyncClient(base_url=server.http, timeout=60) as http:
            answer = await http.post(
                f"/v1/sessions/{created['session']['id']}/pacs/find",
                json={"number": "1"},
                headers={"X-Session-Token": created["session"]["resume_token"]},
            )
        assert answer.json()["error"]["code"] == code


@needs_orthanc
def test_show_takes_the_address_of_a_series(archive, tmp_path):
    address = f"{archive}/studies/1.2.3.4.5/series/1.2.3.4.5.6"
    assert main(["show", address, "--out", str(tmp_path)]) == 0
    assert len(list(tmp_path.glob("*.png"))) == 6
    made.series(tmp_path / "same", 6, shape=(8, 8))
    assert main(["show", str(tmp_path / "same"), "--out", str(tmp_path / "again")]) == 0
    for name in ("000.png", "005.png"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
