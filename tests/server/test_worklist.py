"""Reports outlive their server: listed, found, gone on with by page and program, deleted for good."""

import asyncio
import contextlib
import sqlite3

import httpx
import pytest
from sqlalchemy import text

from assistant.storage.database import Database
from assistant.storage.store import Store
from tests.imaging.bad_files import png
from tests.server.conftest import RATE
from tests.server.test_wrong_user import ByName, as_user

COMPLETED = "conversation.item.input_audio_transcription.completed"
CHANGED = "assistant.document.changed"


@pytest.fixture
async def http():
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        yield client


async def listed(http, server, **query):
    return (await http.get(f"{server.http}/v1/reports", params=query)).json()["reports"]


async def opened(http, server, report_id):
    return (await http.post(f"{server.http}/v1/reports/{report_id}/open")).json()["token"]


def copy(file, folder):
    """The SQLite file as it is, while a server has it open."""
    with contextlib.closing(sqlite3.connect(file)) as store:
        store.execute("VACUUM INTO ?", (str(folder / file.name),))


def written(changed):
    return "".join(run["text"] for part in changed["sections"] for run in part["runs"])


async def said(server, client, pcm, words, level=0.3):
    """Say it; returns the report."""
    server.model.texts[round(level * 10)] = words
    await client.append(pcm(level))
    return await client.until(CHANGED)


async def described(client, name="Maria Muster", number="P-1", accession="A-77", exam="CT chest"):
    await client.send(
        "assistant.report.describe",
        patient={"id": number, "name": name, "born": "1950-02-01", "sex": "female"},
        order={"accession": accession, "exam": exam, "at": "2026-03-01T10:30"},
    )
    return await client.until("assistant.report.described")


async def until(reached):
    async with asyncio.timeout(60):
        while not reached():  # noqa: ASYNC110 - nothing tells a test
            await asyncio.sleep(0.01)


async def test_what_a_stopped_server_had_is_gone_on_with(start_server, tmp_path, pcm, http):
    """Also in another place."""
    first = await start_server(store=tmp_path / "kept", grace_s=0)
    first.model.texts[3] = "The xylophagous lungs are clear."  # the session's own recogniser is a copy
    client, created = await first.session()
    session = created["session"]
    attached = await http.post(
        f"{first.http}/v1/sessions/{session['id']}/attachments?name=x.png",
        content=png(),
        headers={"X-Session-Token": session["resume_token"]},
    )
    await client.send("assistant.mode.set", mode="dictation")
    await said(first, client, pcm, "The xylophagous lungs are clear.")
    await client.send(
        "conversation.item.create",
        item={"type": "message", "content": [{"type": "input_text", "text": "What is seen?"}]},
    )
    await client.send("response.create")
    await client.until("response.done")
    await described(client)
    before = [event for event in client.events if event["seq"]]
    await first.stop()

    (tmp_path / "kept").rename(tmp_path / "moved")
    second = await start_server(store=tmp_path / "moved")
    second.model.texts[3] = "No effusion."
    again, back = await second.session(resume=session["resume_token"], after=before[-1]["seq"])
    assert back["resumed"] and back["session"]["id"] == session["id"]
    assert back["session"]["mode"] == "dictation"
    changed = await said(second, again, pcm, "No effusion.")
    assert written(changed) == "The xylophagous lungs are clear. No effusion."
    ids = [event["item_id"] for event in again.events if event["type"] == COMPLETED]
    assert ids == ["utt_2"], "numbers go on, and nothing is sent twice"
    url = attached.json()["url"]
    picture = await http.get(
        f"{second.http}{url}", headers={"X-Session-Token": back["session"]["resume_token"]}
    )
    assert picture.status_code == 200 and picture.headers["content-type"].startswith("image/")
    await again.send(
        "conversation.item.create",
        item={"type": "message", "content": [{"type": "input_text", "text": "And now?"}]},
    )
    await again.send("response.create")
    await again.until("response.done")
    question = second.engine.questions[-1]
    assert [each.question for each in question.earlier] == ["What is seen?"]
    assert question.attachment_ids == (attached.json()["id"],)


async def test_another_browser_gets_the_whole_history_and_goes_on(start_server, tmp_path, pcm, http):
    server = await start_server(store=tmp_path, grace_s=0)
    client, created = await server.session()
    await client.send("assistant.mode.set", mode="dictation")
    await said(server, client, pcm, "The lungs are clear.")
    await client.socket.close()
    await until(lambda: server.hub.find(created["session"]["id"]) is None)
    (report,) = await listed(http, server)
    assert report["state"] == "draft" and not report["is_open"]
    token = await opened(http, server, report["id"])
    other, back = await server.session(resume=token)
    assert back["resumed"] and back["audio_sample"] is None, "its sound has a count of its own"
    final = await other.until(COMPLETED)
    assert final["transcript"] == "The lungs are clear."
    await other.until(CHANGED)
    assert written(await said(server, other, pcm, "No mass.")) == "The lungs are clear. No mass."
    assert (await listed(http, server))[0]["is_open"]


async def test_commands_and_edits_reach_what_was_said_before(start_server, tmp_path, pcm):
    first = await start_server(store=tmp_path)
    client, created = await first.session()
    await client.send("assistant.mode.set", mode="dictation")
    await said(first, client, pcm, "The lungs are clear.")
    await said(first, client, pcm, "No mass.")
    await first.stop()
    second = await start_server(store=tmp_path)
    again, _ = await second.session(resume=created["session"]["resume_token"])
    await again.send("assistant.item.edit", item_id="utt_1", text="The lungs are black.")
    changed = await again.until(CHANGED, revision=client.of(CHANGED)[-1]["revision"] + 1)
    assert written(changed) == "The lungs are black. No mass."
    assert written(await said(second, again, pcm, "Scratch that.")) == "The lungs are black."
    await again.send("assistant.document.command", command="undo")
    assert written(await again.until(CHANGED)) == "The lungs are black. No mass."


async def test_a_gap_stays_marked_and_is_not_undone(start_server, tmp_path, pcm):
    first = await start_server(store=tmp_path)
    client, created = await first.session()
    await client.send("assistant.mode.set", mode="dictation")
    await client.send("assistant.audio.at", sample=0)
    await client.socket.send(pcm(0.3))
    await client.until(CHANGED)
    await client.send("assistant.audio.at", sample=10 * RATE)
    await client.socket.send(pcm(0.3))
    await client.until("assistant.audio.gap")
    await client.until(COMPLETED)
    await client.until(CHANGED)
    await first.stop()
    second = await start_server(store=tmp_path)
    again, _ = await second.session(resume=created["session"]["resume_token"])
    await again.until(COMPLETED)
    marked = written(again.of(CHANGED)[-1]) if again.of(CHANGED) else written(await again.until(CHANGED))
    assert "s not heard]" in marked
    await again.send("assistant.document.command", command="insert_text", text="More.")
    await again.until(CHANGED)
    await again.send("assistant.item.edit", item_id="utt_2", text="")
    assert "s not heard]" in written(await again.until(CHANGED))
    for _ in range(2):
        await again.send("assistant.document.command", command="undo")
        assert "s not heard]" in written(await again.until(CHANGED))


@pytest.mark.parametrize("keeps", [True, False])
async def test_speech_that_a_killed_server_heard_in_part_is_heard_again_or_its_loss_is_marked(
    start_server, tmp_path, pcm, keeps
):
    """``keeps``: the client has its sound still. The end without a farewell is made of the store's state."""
    first = await start_server(store=tmp_path)
    client, created = await first.session()
    await client.send("assistant.mode.set", mode="dictation")
    first.model.texts[3], sound = "The lungs are clear.", pcm(0.3)
    await client.send("assistant.audio.at", sample=0)
    await client.socket.send(sound)
    await client.until(CHANGED)
    first.model.texts[3] = "No mass."
    await client.socket.send(sound[:RATE])  # half a second
    started = await client.until("input_audio_buffer.speech_started")
    runner = first.hub.find(created["session"]["id"])
    await runner.kept.note("so that all before is stored")
    kept = tmp_path / "killed"
    kept.mkdir()
    with Store(tmp_path) as store:
        copy(store.path, kept)
    second = await start_server(store=kept)
    second.model.texts[3] = "No mass."
    seq = max(event["seq"] for event in client.events)
    again, back = await second.session(resume=created["session"]["resume_token"], after=seq if keeps else 0)
    assert (await again.until("input_audio_buffer.cleared"))["item_id"] == started["item_id"]
    if keeps:
        have = back["audio_sample"]
        assert have <= len(sound) // 2, "what was heard in part is to be sent again"
        assert have > RATE // 2, "what has a final is not"
        whole = sound + sound
        await again.send("assistant.audio.at", sample=have)
        await again.socket.send(whole[2 * have :])
        changed = await again.until(CHANGED)
        assert written(changed) == "The lungs are clear. No mass."
        assert again.of("assistant.audio.gap") == []
    else:
        assert back["audio_sample"] is None
        await again.until("assistant.audio.gap")
        changed = await again.until(CHANGED)
        while "not heard" not in written(changed):
            changed = await again.until(CHANGED)
        assert written(changed).startswith("The lungs are clear. [")


async def test_an_answer_that_a_killed_server_was_giving_is_told_to_have_failed(start_server, tmp_path):
    first = await start_server(store=tmp_path)
    client, created = await first.session()
    gate = asyncio.Semaphore(0)
    first.engine.script("hold on", ["Wait."], gate=gate)
    await client.send(
        "conversation.item.create",
        item={"type": "message", "content": [{"type": "input_text", "text": "Hold on?"}]},
    )
    await client.send("response.create")
    await client.until("response.created")
    await first.hub.find(created["session"]["id"]).kept.note("all before is stored")
    kept = tmp_path / "killed"
    kept.mkdir()
    with Store(tmp_path) as store:
        copy(store.path, kept)
    gate.release()
    second = await start_server(store=kept)
    again, _ = await second.session(resume=created["session"]["resume_token"])
    done = await again.until("response.done")
    assert done["response"]["status_details"]["error"]["code"] == "server_restarted"


async def test_reports_are_found_by_patient_order_author_day_state_and_words(
    start_server, tmp_path, pcm, http
):
    server = await start_server(store=tmp_path, user="dr-house")
    people = (("Maria Muster", "P-1", "A-77", "CT chest"), ("Otto Other", "P-2", "A-78", "MR knee"))
    for (name, number, accession, exam), words in zip(
        people, ("Lungs are clear.", "Meniscus torn."), strict=True
    ):
        client, _ = await server.session()
        await client.send("assistant.mode.set", mode="dictation")
        await said(server, client, pcm, words)
        await described(client, name, number, accession, exam)
    maria, otto = "Maria Muster", "Otto Other"
    for query, names in (
        ({}, [otto, maria]),
        ({"patient": "muster"}, [maria]),
        ({"patient": "P-2"}, [otto]),
        ({"order": "a-77"}, [maria]),
        ({"order": "knee"}, [otto]),
        ({"text": "menis"}, [otto]),
        ({"text": "clear LUNGS"}, [maria]),
        ({"text": "clear meniscus"}, []),
        ({"text": '"* OR NEAR('}, []),
        ({"author": "dr-house"}, [otto, maria]),
        ({"author": "dr-wilson"}, []),
        ({"state": "draft"}, [otto, maria]),
        ({"state": "final"}, []),
        ({"since": "2000-01-01"}, [otto, maria]),
        ({"until": "2000-01-01"}, []),
        ({"limit": "1"}, [otto]),
        ({"patient": "%"}, []),
    ):
        assert [each["patient_name"] for each in await listed(http, server, **query)] == names, query
    found = (await listed(http, server, patient="P-1"))[0]
    assert found["excerpt"] == "Lungs are clear."
    for query in ({"state": "odd"}, {"since": "yesterday"}, {"limit": "0"}, {"text": "x" * 201}):
        answer = await http.get(f"{server.http}/v1/reports", params=query)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "search_invalid")


async def test_a_copy_is_a_new_report_of_the_same_patient_with_the_same_text(
    start_server, tmp_path, pcm, http
):
    server = await start_server(store=tmp_path)
    client, created = await server.session()
    await client.send("assistant.document.command", command="insert_text", text="[side] Prior text.")
    await client.until(CHANGED)
    await client.send("assistant.mode.set", mode="dictation")
    changed = await said(server, client, pcm, "The lungs are clear.")
    await described(client)
    copy = await http.post(f"{server.http}/v1/reports/{created['session']['id']}/copy")
    assert copy.status_code == 201 and copy.json()["id"] != created["session"]["id"]
    other, back = await server.session(resume=copy.json()["token"])
    assert back["resumed"]
    mine = await other.until(CHANGED)
    assert written(mine) == written(changed)
    assert {run["item_id"] for part in mine["sections"] for run in part["runs"]} == {None}
    (about,) = other.of("assistant.report.described")
    assert (about["patient"]["name"], about["order"]["accession"]) == ("Maria Muster", "")
    assert written(await said(server, other, pcm, "No mass.")) == f"{written(changed)} No mass."
    assert len(await listed(http, server)) == 2
    empty, made = await server.session()
    await empty.send("assistant.mode.set", mode="question")
    await described(empty)
    answer = await http.post(f"{server.http}/v1/reports/{made['session']['id']}/copy")
    assert answer.json()["error"]["code"] == "report_empty"


async def test_a_report_is_compared_with_the_prior_one_of_its_patient(start_server, tmp_path, pcm, http):
    server = await start_server(store=tmp_path)
    ids = []
    for number, words in (("P-1", "Nodule of 4 mm."), ("P-2", "Other patient."), ("P-1", "Nodule of 14 mm.")):
        client, created = await server.session()
        await client.send("assistant.mode.set", mode="dictation")
        await said(server, client, pcm, words)
        await described(client, number=number)
        ids.append(created["session"]["id"])
    found = (await http.get(f"{server.http}/v1/reports/{ids[2]}/compare")).json()
    assert found["with"] == ids[0]
    pieces = [(each["kind"], each["text"]) for each in found["sections"][0]["pieces"]]
    assert ("removed", "4") in pieces and ("added", "14") in pieces
    first = await http.get(f"{server.http}/v1/reports/{ids[0]}/compare")
    assert first.json()["error"]["code"] == "no_prior"
    chosen = (await http.get(f"{server.http}/v1/reports/{ids[0]}/compare", params={"with": ids[1]})).json()
    assert chosen["with"] == ids[1]
    unknown = await http.get(f"{server.http}/v1/reports/{ids[0]}/compare", params={"with": "sess_none"})
    assert unknown.status_code == 404


async def test_a_deleted_report_is_in_no_file_any_more(start_server, tmp_path, pcm, http):
    server = await start_server(store=tmp_path)
    client, created = await server.session()
    session = created["session"]
    await client.send("assistant.mode.set", mode="dictation")
    await said(server, client, pcm, "The xylophagous lungs are clear.")
    await described(client, name="Quintessa Marker")
    await http.post(
        f"{server.http}/v1/sessions/{session['id']}/attachments?name=picture.png",
        content=png(),
        headers={"X-Session-Token": session["resume_token"]},
    )
    other, _ = await server.session()
    await other.send("assistant.mode.set", mode="dictation")
    await said(server, other, pcm, "Something else is here.")
    assert await listed(http, server, text="xylophagous")

    def holding(*words):
        files = [each for each in tmp_path.rglob("*") if each.is_file()]
        return [each.name for each in files if any(word in each.read_bytes().lower() for word in words)]

    assert holding(b"xylophagous") and holding(b"quintessa") and holding(b"picture.png")
    assert (await http.delete(f"{server.http}/v1/reports/{session['id']}")).status_code == 204
    assert holding(b"xylophag", b"quintessa", b"picture.png") == []
    assert not (tmp_path / "files" / session["id"]).exists()
    assert len(await listed(http, server)) == 1
    assert await client.until_closed() == 4001
    _, back = await server.session(resume=session["resume_token"])
    assert not back["resumed"]
    with Store(tmp_path, create=False) as store:
        store.verify()
        assert "session_deleted" in [row.what for row in store.audit()]
    assert (await http.delete(f"{server.http}/v1/reports/{session['id']}")).status_code == 404


async def test_a_session_in_which_nothing_was_done_leaves_nothing(start_server, tmp_path, http):
    server = await start_server(store=tmp_path, grace_s=0)
    client, created = await server.session()
    await client.send("session.update", session={"mode": "dictation"})
    await client.until("session.updated")
    await client.socket.close()
    store = server.hub.writer.store
    await until(lambda: store.owner_of(created["session"]["id"]) is None)
    assert await listed(http, server) == []


async def test_nothing_of_a_session_that_keeps_nothing_is_stored(start_server, tmp_path, pcm, http):
    server = await start_server(store=tmp_path, grace_s=0)
    client, created = await server.session("?keep=nothing")
    assert not created["session"]["stored"]
    assert created["session"]["keeping"] is None
    await said(server, client, pcm, "The patient is Quixote.")
    await client.socket.close()
    await until(lambda: not server.hub.runners())
    assert await listed(http, server) == []
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and b"Quixote" in file.read_bytes()]


async def test_what_nobody_changed_for_longer_than_its_time_is_deleted(start_server, where, pcm, http):
    first = await start_server(store=where, grace_s=0)
    ids = []
    for _ in range(3):
        client, created = await first.session()
        await client.send("assistant.mode.set", mode="dictation")
        await said(first, client, pcm, "The lungs are clear.")
        ids.append(created["session"]["id"])
    await first.stop()
    database = Database(where)
    await database.start()
    async with database.write() as connection:
        old = {"at": "2020-01-01T00:00:00+00:00", "draft": ids[0], "final": ids[1]}
        await connection.execute(
            text("UPDATE reports SET changed_at = :at, held_at = :at WHERE id IN (:draft, :final)"), old
        )
        await connection.execute(text("UPDATE reports SET state = 'final' WHERE id = :final"), old)
    await database.close()
    second = await start_server(store=where, keep_drafts_days=30)
    store = second.hub.writer.store
    await until(lambda: store.owner_of(ids[0]) is None)
    assert {each["id"] for each in await listed(http, second)} == set(ids[1:])


async def test_the_reports_of_another_user_are_not_seen_opened_or_deleted(start_server, tmp_path, pcm, http):
    server = await start_server(store=tmp_path, identifier=ByName(), grace_s=0)
    client, created = await server.session(additional_headers=as_user("ann"))
    await client.send("assistant.mode.set", mode="dictation")
    await said(server, client, pcm, "The lungs are clear.")
    report_id, token = created["session"]["id"], created["session"]["resume_token"]
    for is_alive in (True, False):
        http.headers.update(as_user("bob"))
        assert await listed(http, server, text="lungs") == []
        assert (await http.post(f"{server.http}/v1/reports/{report_id}/open")).status_code == 404
        assert (await http.post(f"{server.http}/v1/reports/{report_id}/copy")).status_code == 404
        assert (await http.get(f"{server.http}/v1/reports/{report_id}/compare")).status_code == 404
        assert (await http.delete(f"{server.http}/v1/reports/{report_id}")).status_code == 404
        _, back = await server.session(resume=token, additional_headers=as_user("bob"))
        assert not back["resumed"]
        http.headers.update(as_user("ann"))
        assert len(await listed(http, server, text="lungs")) == 1
        if is_alive:
            await client.socket.close()
            await until(lambda: server.hub.find(report_id) is None)
    _, back = await server.session(resume=token, additional_headers=as_user("ann"))
    assert back["resumed"]


async def test_a_server_that_keeps_nothing_says_so(server, http):
    answer = await http.get(f"{server.http}/v1/reports")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "nothing_kept")
    _, created = await server.session()
    assert created["session"]["keeping"] is None
