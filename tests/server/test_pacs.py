"""Series from a real archive (Orthanc from Debian) over DICOMweb."""

from dataclasses import replace

import httpx
import pytest

from assistant.cli import main
from assistant.engines.pieces import ImagePiece
from assistant.server.answers import LINK
from tests.imaging import made, orthanc
from tests.imaging.orthanc import needs_orthanc


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with orthanc.running(tmp_path_factory.mktemp("orthanc")) as url:
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
