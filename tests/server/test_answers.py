"""The parts of one answer, over HTTP."""

import httpx
import PIL.Image

from tests.server.conftest import loud

SAID = 'Table:\n```json\n[{"name": "CRP", "result": "9", "unit": "mg/L", "reference": "< 5"}]\n```'


async def test_the_prompt_its_images_and_the_lab_table_are_shown_to_who_has_the_token(server, tmp_path):
    server.engine.script("lab results", [SAID])
    client, created = await server.session()
    session = created["session"]
    PIL.Image.new("RGB", (8, 4), "white").save(tmp_path / "labs.png")
    token = {"X-Session-Token": session["resume_token"]}
    async with httpx.AsyncClient(base_url=server.http, headers=token) as http:
        await http.post(
            f"/v1/sessions/{session['id']}/attachments",
            params={"name": "labs.png"},
            content=(tmp_path / "labs.png").read_bytes(),
        )
        text = "Extract the lab results from this image"
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        await client.send("conversation.item.create", item=item)
        await client.send("response.create")
        labs = await client.until("assistant.answer.labs")
        assert labs["rows"][0]["flag"] == "high"

        answer = f"/v1/sessions/{session['id']}/answers/{labs['response_id']}"
        assert labs["url"] == f"{answer}/labs"
        *_, words = parts = (await http.get(f"{answer}/prompt")).json()["parts"]
        assert [part["type"] for part in parts] == ["image", "text"]
        assert text in words["text"] and "exactly as it is printed" in words["text"]
        image = await http.get(f"{answer}/images/0")
        assert image.content == server.engine.questions[0].images[0].data
        assert (await http.get(f"{answer}/images/1")).status_code == 400
        table = await http.get(f"{answer}/labs", params={"format": "csv"})
        assert "CRP,9,mg/L,< 5,high" in table.text
        bundle = (await http.get(f"{answer}/labs", params={"format": "fhir"})).json()
        assert bundle["entry"][0]["resource"]["valueQuantity"]["value"] == 9
        for wrong in ("labs", "labs?format=xls"):
            assert (await http.get(f"{answer}/{wrong}")).json()["error"]["code"] == "format_unknown"
        gone = await http.get(f"/v1/sessions/{session['id']}/answers/resp_9/prompt")
        assert gone.json()["error"]["code"] == "prompt_gone"
        for what in ("prompt", "images/0", "labs?format=csv"):
            stranger = await http.get(f"{answer}/{what}", headers={"X-Session-Token": "no"})
            assert stranger.status_code == 404


async def test_a_spoken_question_is_kept_from_the_model_while_it_waits(start_server):
    server = await start_server(question_wait_ms=5000)
    client, _ = await server.session()
    await client.append(loud(0.6))
    created = await client.until("response.created")
    assert created["wait_ms"] == 5000
    await client.send("response.cancel", response_id=created["response"]["id"])
    assert (await client.until("response.done"))["response"]["status"] == "cancelled"
    assert server.engine.questions == []
    assert not client.of("assistant.response.sent")


async def test_a_question_that_has_waited_is_told_to_be_sent_and_answered(start_server):
    server = await start_server(question_wait_ms=1)
    server.engine.script("pneumothorax", ["None."])
    client, _ = await server.session()
    await client.append(loud(0.6))
    created = await client.until("response.created")
    sent = await client.until("assistant.response.sent")
    assert sent["response_id"] == created["response"]["id"]
    assert not client.of("response.output_text.delta")
    assert (await client.until("response.output_text.done"))["text"] == "None."
