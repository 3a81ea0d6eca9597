"""Many files that belong together: sent, read in a process of their own, looked at, asked about."""

import asyncio
import contextlib
import io
import os
import signal
from urllib.parse import quote

import httpx
import numpy as np
import PIL.Image
import pytest

from assistant.imaging.worker import MARK
from assistant.session.attachments import MOST_UPLOADS
from tests.imaging import made
from tests.imaging.bad_files import PDF_BOMB, png
from tests.imaging.test_stacks import stack


@pytest.fixture
async def http(server):
    async with httpx.AsyncClient(base_url=server.http, timeout=120) as client:
        yield client


class Sender:
    def __init__(self, http, session):
        self.http, self.session = http, session
        self.options = {"headers": {"X-Session-Token": session["resume_token"]}}
        self.address = f"/v1/sessions/{session['id']}"

    async def begin(self):
        return (await self.http.post(f"{self.address}/uploads", **self.options)).json()["id"]

    async def put(self, upload, name, data):
        headers = {**self.options["headers"], "X-File-Name": quote(name)}
        return await self.http.put(f"{self.address}/uploads/{upload}", headers=headers, content=data)

    async def finish(self, upload):
        return await self.http.post(f"{self.address}/uploads/{upload}/finish", **self.options)

    async def folder(self, folder):
        upload = await self.begin()
        for path in folder.iterdir():
            assert (
                await self.put(upload, f"{folder.name}/{path.name}", path.read_bytes())
            ).status_code == 204
        return await self.finish(upload)


async def test_a_series_is_read_looked_through_and_asked_about(server, http, tmp_path, caplog):
    client, created = await server.session()
    sender = Sender(http, created["session"])
    folder = made.series(tmp_path / "ct Größe", 90, shape=(16, 12))
    (folder / "notes.txt").write_text("not a picture")
    answer = await sender.folder(folder)
    (attached,), (problem,) = answer.json()["attachments"], answer.json()["problems"]
    assert (attached["kind"], attached["count"], attached["name"]) == ("ct", 90, "CT · 90 slices")
    assert (problem["name"], problem["code"]) == ("ct Größe/notes.txt", "image_not_readable")
    added = await client.until("assistant.attachment.added")
    assert added["attachment"] == attached
    assert "Marker" not in str(answer.json()) + str(client.events) + caplog.text

    slice_url = f"{attached['url']}/slice"
    for window in [*attached["windows"], ""]:
        picture = await http.get(slice_url, params={"i": 40, "window": window}, **sender.options)
        assert picture.headers["cache-control"] == "private, no-store"
        with PIL.Image.open(io.BytesIO(picture.content)) as shown:
            assert shown.size == (12, 16)
    for wrong in [{"i": 90}, {"i": -1}, {"i": "x"}, {"i": 0, "window": "nothing"}]:
        assert (await http.get(slice_url, params=wrong, **sender.options)).json()["error"][
            "code"
        ] == "slice_unknown"

    seen = (await http.get(f"{sender.address}/prompt", **sender.options)).json()["pieces"]
    assert [piece["type"] for piece in seen] == ["text", *["image", "text"] * 85]
    await client.send("conversation.item.create", item=question("Is the liver normal?"))
    await client.send("response.create")
    await client.until("response.done")
    pieces = server.engine.questions[0].pieces
    assert len(pieces) == len(seen)
    assert (await http.get(seen[-2]["url"], **sender.options)).content == pieces[-2].image.data
    assert (await http.get(f"{attached['url']}/model/90", **sender.options)).status_code == 404
    await client.send("assistant.attachment.remove", attachment_id=attached["id"])
    await client.until("assistant.attachment.removed")
    assert (await http.get(slice_url, **sender.options)).status_code == 404


def question(text):
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


async def test_files_are_attached_in_the_order_of_their_names_however_they_came(server, http, tmp_path):
    _, created = await server.session()
    sender = Sender(http, created["session"])
    upload = await sender.begin()
    for name in ("c.png", "a.png", "b.png"):
        PIL.Image.new("RGB", (4, 4)).save(tmp_path / name)
        await sender.put(upload, name, (tmp_path / name).read_bytes())
    answer = await sender.finish(upload)
    assert [each["name"] for each in answer.json()["attachments"]] == ["a.png", "b.png", "c.png"]


async def test_who_does_not_show_the_token_can_neither_send_nor_finish(server, http):
    _, created = await server.session()
    sender = Sender(http, created["session"])
    upload = await sender.begin()
    thief = Sender(http, {**created["session"], "resume_token": "wrong"})
    assert (await thief.put(upload, "a", b"x")).status_code == 404
    assert (await thief.finish(upload)).status_code == 404
    assert (await sender.finish(upload)).json()["error"]["code"] == "upload_empty"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/../../b", "", "x" * 300, "a\0b"])
async def test_a_file_cannot_leave_its_folder(server, http, name):
    _, created = await server.session()
    sender = Sender(http, created["session"])
    answer = await sender.put(await sender.begin(), name, b"x")
    assert answer.json()["error"]["code"] == "file_name_invalid"


async def test_an_upload_beyond_the_limit_is_refused_and_its_files_go_with_the_session(start_server):
    from assistant.imaging.options import Options

    server = await start_server()
    server.components.reader.options = Options(most_bytes=1000)
    _, created = await server.session()
    async with httpx.AsyncClient(base_url=server.http, timeout=120) as http:
        sender = Sender(http, created["session"])
        upload = await sender.begin()
        assert (await sender.put(upload, "a", bytes(900))).status_code == 204
        answer = await sender.put(upload, "b", bytes(200))
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "upload_too_large")
    attachments = server.hub.find(created["session"]["id"]).attachments
    folder = attachments._folder
    assert folder.stat().st_mode & 0o777 == 0o700
    await server.stop()
    assert not folder.exists()


async def test_a_file_that_kills_the_reader_costs_only_its_own_upload(server, http, tmp_path):
    _, created = await server.session()
    sender = Sender(http, created["session"])
    made.dicom(tmp_path / "a.dcm", np.zeros((8, 8), np.int16))
    upload = await sender.begin()
    await sender.put(upload, "a.dcm", (tmp_path / "a.dcm").read_bytes())
    await sender.finish(upload)
    reader = server.components.reader
    (pool,) = reader._idle
    (process,) = pool._processes.values()
    os.kill(process.pid, signal.SIGKILL)  # between two uploads: nobody is told
    upload = await sender.begin()
    await sender.put(upload, "a.dcm", (tmp_path / "a.dcm").read_bytes())
    assert (await sender.finish(upload)).json()["attachments"]
    upload = await sender.begin()
    await sender.put(upload, "b.dcm", (tmp_path / "a.dcm").read_bytes())
    await sender.put(upload, "c.pdf", PDF_BOMB)
    finishing = asyncio.create_task(sender.finish(upload))
    await reading(reader, "c.pdf")
    (busy,) = reader._busy
    (process,) = busy._processes.values()
    os.kill(process.pid, signal.SIGKILL)
    answer = (await finishing).json()
    assert [(each["name"], each["code"]) for each in answer["problems"]] == [("c.pdf", "reader_died")]
    assert len(answer["attachments"]) == 1
    assert (await sender.folder(made.series(tmp_path / "ct", 5, shape=(8, 8)))).json()["attachments"]


async def test_a_photo_is_read_apart_from_the_server_and_waits_for_no_large_upload(server, http, monkeypatch):
    def read_here(*_):
        raise AssertionError("a photo was read in the server's own process")

    monkeypatch.setattr("assistant.imaging.photo.read_picture", read_here)
    _, created = await server.session()
    sender = Sender(http, created["session"])
    reader = server.components.reader
    large = io.BytesIO()
    PIL.Image.new("L", (7_000, 7_000)).save(large, "PNG", compress_level=1)
    url = f"{sender.address}/attachments"
    sending = asyncio.create_task(
        http.post(f"{url}?name=large.png", content=large.getvalue(), **sender.options)
    )
    await reading(reader, "large.png")
    (busy,) = reader._busy
    (process,) = busy._processes.values()
    os.kill(process.pid, signal.SIGKILL)  # as a fault in a decoder would
    answer = await sending
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "reader_died")
    async with contextlib.AsyncExitStack() as others:
        for _ in range(reader._free._value):
            await others.enter_async_context(reader._free)
        answer = await http.post(f"{url}?name=a.png", content=png(), **sender.options)
        assert answer.status_code == 201


async def reading(reader, name):
    """Some reader has begun to read this file."""
    async with asyncio.timeout(120):
        while not any(  # noqa: ASYNC110 (the reader's process tells nobody)
            mark.read_text().endswith(f"\n{name}")
            for mark in (reader.scratch._folder or reader.scratch.new()).rglob(MARK)
        ):
            await asyncio.sleep(0.05)


async def test_a_file_that_takes_for_ever_is_stopped_its_neighbours_are_read_and_other_users_do_not_wait(
    server, http, tmp_path, monkeypatch
):
    _, created = await server.session()
    _, other = await server.session()
    sender, neighbour = Sender(http, created["session"]), Sender(http, other["session"])
    made.dicom(tmp_path / "a.dcm", np.zeros((8, 8), np.int16))
    data = (tmp_path / "a.dcm").read_bytes()
    upload = await sender.begin()
    for name, content in [("a.dcm", data), ("b.pdf", PDF_BOMB), ("c.png", png())]:
        await sender.put(upload, name, content)
    finishing = asyncio.create_task(sender.finish(upload))
    await reading(server.components.reader, "b.pdf")
    (busy,) = server.components.reader._busy
    (process,) = busy._processes.values()
    os.kill(process.pid, signal.SIGSTOP)  # else it would die of its memory first
    theirs = await neighbour.begin()
    await neighbour.put(theirs, "a.dcm", data)
    assert (await neighbour.finish(theirs)).json()["attachments"]
    assert not finishing.done()
    monkeypatch.setattr("assistant.imaging.worker.LONGEST_FILE_S", 1)
    answer = (await finishing).json()
    assert [(each["name"], each["code"]) for each in answer["problems"]] == [("b.pdf", "reading_too_slow")]
    assert sorted(each["kind"] for each in answer["attachments"]) == ["ct", "photo"]


async def test_the_files_of_an_upload_are_counted_also_those_that_are_refused(start_server):
    from assistant.imaging.options import Options

    server = await start_server()
    server.components.reader.options = Options(most_files=2)
    _, created = await server.session()
    async with httpx.AsyncClient(base_url=server.http, timeout=120) as http:
        sender = Sender(http, created["session"])
        upload = await sender.begin()
        assert (await sender.put(upload, "a", b"x")).status_code == 204
        assert (await sender.put(upload, "../b", b"x")).json()["error"]["code"] == "file_name_invalid"
        for _ in range(3):
            answer = await sender.put(upload, "c", b"x")
            assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_many_files")
        problems = (await sender.finish(upload)).json()["problems"]
        assert len(problems) <= 2


async def test_single_files_wait_for_their_turn_while_others_are_on_their_way(server, http):
    """So that no more of them lie on the disk at once; uploads that were begun do not hold them up."""
    _, created = await server.session()
    sender = Sender(http, created["session"])
    for _ in range(MOST_UPLOADS):
        await sender.begin()
    answer = await http.post(f"{sender.address}/uploads", **sender.options)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too_many_uploads")
    attachments = server.hub.find(created["session"]["id"]).attachments
    async with contextlib.AsyncExitStack() as others:
        for _ in range(MOST_UPLOADS):
            await others.enter_async_context(attachments.coming())
        url = f"{sender.address}/attachments?name=a.png"
        waiting = asyncio.create_task(http.post(url, content=png(), **sender.options))
        done, _ = await asyncio.wait({waiting}, timeout=0.5)
        assert not done
    assert (await waiting).status_code == 201


async def test_an_upload_that_nobody_goes_on_with_is_deleted(server, http, monkeypatch):
    _, created = await server.session()
    sender = Sender(http, created["session"])
    monkeypatch.setattr("assistant.server.uploads.UPLOAD_IDLE_S", 0.2)
    upload = await sender.begin()
    await sender.put(upload, "a.png", b"x")
    scratch = server.components.reader.scratch._folder
    async with asyncio.timeout(60):
        while any(path.name == "a.png" for path in scratch.rglob("*")):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert (await sender.finish(upload)).json()["error"]["code"] == "upload_unknown"


async def test_any_stack_of_a_series_is_attached_when_it_is_chosen(server, http, tmp_path):
    client, created = await server.session()
    sender = Sender(http, created["session"])
    for echo in range(8):
        stack(tmp_path / "mr", 5, 10 * echo, EchoTime=float(10 + echo))
    attached = (await sender.folder(tmp_path / "mr")).json()["attachments"]
    offers = [each["stacks"] for each in attached]
    assert [each["number"] for each in offers] == [1, 2, 3, 4, 5, 6]
    assert offers[0]["names"][7] == "TE 17 ms · 5 slices"

    async def choose(series, number):
        query = {"series": series, "number": number}
        return await http.post(f"{sender.address}/stacks", params=query, **sender.options)

    series = offers[0]["series"]
    chosen = await choose(series, 8)
    (one,) = chosen.json()["attachments"]
    assert (chosen.status_code, one["name"], one["stacks"]["number"]) == (201, "MRI · TE 17 ms · 5 slices", 8)
    added = [await client.until("assistant.attachment.added") for _ in range(7)]
    assert added[-1]["attachment"] == one
    assert (await choose(series, 8)).json()["attachments"] == [one]  # it is there already
    assert (await choose(series, 2)).json()["attachments"] == [attached[1]]
    for series_id, number in ((series, 9), (series, "x"), ("series_x", 1)):
        refused = await choose(series_id, number)
        problem = (refused.json().get("problems") or [refused.json().get("error")])[0]
        assert (refused.status_code, problem["code"]) == (400, "stack_unknown")
    assert (await http.post(f"{sender.address}/stacks?series={series}&number=7")).status_code == 404
    for each in (*attached, one):
        await client.send("assistant.attachment.remove", attachment_id=each["id"])
        await client.until("assistant.attachment.removed")
    assert (await choose(series, 7)).status_code == 400  # its files are gone with the last of it


async def test_pictures_of_another_patient_are_pointed_out(server, http, tmp_path):
    client, created = await server.session()
    sender = Sender(http, created["session"])
    upload = await sender.begin()
    for name, patient in [("a.dcm", "1"), ("b.dcm", "2")]:
        path = made.dicom(tmp_path / name, np.arange(64, dtype=np.uint16).reshape(8, 8), sop_class=made.DX,
                          modality="DX", PatientID=patient)  # fmt: skip
        await sender.put(upload, name, path.read_bytes())
    assert len((await sender.finish(upload)).json()["attachments"]) == 2
    assert (await client.until("assistant.notice"))["code"] == "patients_differ"
