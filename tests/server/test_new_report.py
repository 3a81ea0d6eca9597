"""“New report”: the report stays in the list as it was, and nothing of it goes into the next one."""

import asyncio

import httpx
import pytest

from assistant.conversation.core import NOT_DESCRIBED
from tests.imaging.bad_files import png
from tests.server.conftest import loud
from tests.server.test_worklist import CHANGED, COMPLETED, described, listed, opened, said, written

CREATED = "session.created"


@pytest.fixture
async def http():
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        yield client


async def asked(client, text):
    content = [{"type": "input_text", "text": text}]
    await client.send(
        "conversation.item.create", item={"type": "message", "role": "user", "content": content}
    )
    await client.send("response.create")
    await client.until("response.done")


async def begun(server, client, http, pcm):
    """A report with words, patient, order, picture, question and answer; its session."""
    created = next(event for event in client.events if event["type"] == CREATED)
    session = created["session"]
    await http.post(
        f"{server.http}/v1/sessions/{session['id']}/attachments?name=x.png",
        content=png(),
        headers={"X-Session-Token": session["resume_token"]},
    )
    await client.send("assistant.mode.set", mode="auto")
    await said(server, client, pcm, "The lungs are clear.", 0.3)
    await described(client)
    await asked(client, "What is seen?")
    return session


async def test_the_words_after_new_report_are_in_the_next_one_and_nothing_else_is(
    start_server, tmp_path, pcm, http
):
    server = await start_server(store=tmp_path, grace_s=0)
    server.model.texts |= {3: "The lungs are clear.", 5: "New report.", 6: "No effusion on the left."}
    server.model.texts[7] = "Is it malignant?"  # before the session: its recogniser is a copy
    client, _ = await server.session()
    left = await begun(server, client, http, pcm)
    await client.append(loud(0.5) + loud(0.6) + loud(0.7))  # without a breath between them
    created = await client.until(CREATED)
    assert created["previous"] == left["id"] and not created["resumed"]
    new = created["session"]
    assert new["id"] != left["id"] and new["resume_token"] != left["resume_token"] and new["mode"] == "auto"
    since = len(client.events)
    done = await client.until("response.done")
    assert done["response"]["status"] == "completed"
    events = client.events[since:]
    assert [written(each) for each in events if each["type"] == CHANGED] == ["No effusion on the left."]
    heard = [(each["item_id"], each["transcript"]) for each in events if each["type"] == COMPLETED]
    assert heard == [("utt_3", "No effusion on the left."), ("utt_4", "Is it malignant?")], "numbers go on"
    question = server.engine.questions[-1]
    assert question.attachment_ids == () and question.earlier == () and "lungs" not in str(question)
    runner = server.hub.find(new["id"])
    assert runner.conversation.described == NOT_DESCRIBED and runner.conversation.attachment_ids == ()

    await until_ended(server, left["id"])
    reports = {each["id"]: each for each in await listed(http, server)}
    assert reports[left["id"]]["patient_name"] == "Maria Muster" and not reports[left["id"]]["is_open"]
    assert reports[new["id"]]["patient_name"] == "" and reports[left["id"]]["state"] == "draft"
    assert "effusion" not in reports[left["id"]]["excerpt"]

    back, resumed = await server.session(resume=await opened(http, server, left["id"]), after=0)
    assert resumed["resumed"]
    while True:
        event = await back.next()
        if event["seq"] and event["seq"] >= resumed["replayed_to"]:
            break
    kinds = [event["type"] for event in back.events]
    assert "assistant.audio.gap" not in kinds, "nothing is missing in it"
    changed = [event for event in back.events if event["type"] == CHANGED]
    assert written(changed[-1]) == "The lungs are clear."
    assert kinds.count("assistant.attachment.added") == 1 and "assistant.attachment.removed" not in kinds
    await asked(back, "And now?")
    assert [each.question for each in server.engine.questions[-1].earlier] == ["What is seen?"]


async def until_ended(server, session_id):
    async with asyncio.timeout(60):
        while server.hub.find(session_id):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_what_is_being_said_when_the_button_is_pressed_belongs_to_the_report_that_is_left(
    start_server, tmp_path, pcm, http
):
    server = await start_server(store=tmp_path)
    server.model.texts |= {3: "The lungs are clear.", 6: "No effusion on the left."}
    client, created = await server.session()
    left = created["session"]["id"]
    await client.send("assistant.mode.set", mode="dictation")
    await said(server, client, pcm, "The lungs are clear.", 0.3)
    await described(client)
    await client.append(loud(0.6, silence_s=0))
    await client.until("input_audio_buffer.speech_started")
    await client.send("assistant.document.command", command="new_report", name="chest x-ray")
    created = await client.until(CREATED)
    assert created["previous"] == left
    before = [event for event in client.events if event["type"] == CHANGED]
    assert written(before[-1]) == "The lungs are clear. No effusion on the left."
    changed = await client.until(CHANGED)
    assert changed["template"] == "Chest X-ray" and "lungs are" not in written(changed)
    assert server.hub.find(created["session"]["id"]).conversation.described == NOT_DESCRIBED
    await client.append(loud(0.3))
    assert (await client.until(COMPLETED))["item_id"] == "utt_3"
    await client.send("assistant.document.command", command="new_report", name="Elbow", event_id="e")
    assert await client.code() == "template_unknown"


@pytest.mark.parametrize("by", ["voice", "button"])
async def test_without_a_store_no_report_is_left_since_it_would_be_lost(server, pcm, by):
    server.model.texts[5] = "New report."
    client, created = await server.session()
    await client.send("assistant.mode.set", mode="dictation")
    changed = await said(server, client, pcm, "The lungs are clear.", 0.3)
    if by == "voice":
        await client.append(loud(0.5))
        done = await client.until("assistant.command.done")
        assert done["failed"] and "Copy or save it" in done["message"]
    else:
        await client.send("assistant.document.command", command="new_report")
        assert await client.code() == "nothing_kept"
    conversation = server.hub.find(created["session"]["id"]).conversation
    assert (conversation.document, changed["revision"]) == (
        "The lungs are clear.",
        conversation.dictation.document.revision,
    )


async def test_a_signed_report_stays_signed_when_another_is_begun(start_server, tmp_path, pcm, http):
    server = await start_server(store=tmp_path)
    server.model.texts[5] = "New report."
    client, created = await server.session()
    changed = await said(server, client, pcm, "The lungs are clear.", 0.3)
    fields = {"revision": changed["revision"], "name": "Ann", "checked": True}
    await client.send("assistant.report.sign", **fields)
    await client.until("assistant.report.signed")
    await client.append(loud(0.5))
    again = await client.until(CREATED)
    assert again["previous"] == created["session"]["id"]
    assert written(await said(server, client, pcm, "The lungs are clear.", 0.3)) == "The lungs are clear."
    await until_ended(server, again["previous"])
    (row,) = await listed(http, server, state="final")
    assert row["id"] == again["previous"]


async def test_a_stock_client_goes_on_in_the_new_report_and_a_transcription_hears_words(
    start_server, tmp_path, pcm
):
    server = await start_server(store=tmp_path)
    server.model.texts |= {3: "Is it malignant?", 5: "New report."}
    stock = await server.connect("?model=x")
    first = await stock.until(CREATED)
    await stock.append(loud(0.3))
    await stock.until("response.done")
    await stock.append(loud(0.5))
    created = await stock.until(CREATED)
    assert created["previous"] == first["session"]["id"]
    since = len(stock.events)
    await stock.append(loud(0.3))
    done = await stock.until("response.done")
    assert done["response"]["id"] not in {
        event["response"]["id"] for event in stock.events[:since] if event["type"] == "response.done"
    }
    assert server.engine.questions[-1].earlier == ()
    transcription = await server.connect("?intent=transcription")
    created = await transcription.until(CREATED)
    for level, words in ((0.3, "Is it malignant?"), (0.5, "New report."), (0.3, "Is it malignant?")):
        await transcription.append(loud(level))
        assert (await transcription.until(COMPLETED))["transcript"] == words
    assert sum(event["type"] == CREATED for event in transcription.events) == 1
