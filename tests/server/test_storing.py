"""Faults of the store that really happen, under a running server: everyone is told, and nothing is lost."""

import asyncio
import contextlib
import io
import resource
import shutil
import signal
import sqlite3
import subprocess
import threading

import httpx
import PIL.Image
import pytest

from assistant.errors import BadInput
from assistant.storage import writer as writing
from assistant.storage.database import FILE, Database
from assistant.storage.store import Store
from benches.postgres import Postgres
from tests.postgres import needs_postgres

COMPLETED = "conversation.item.input_audio_transcription.completed"
NOTICE = "assistant.notice"


@pytest.fixture
async def http():
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(writing, "RETRY_S", 0.1)


async def dictates(client, pcm):
    """Say a sentence; its final, and whatever came with it."""
    await client.append(pcm(0.3))
    return await client.until(COMPLETED)


async def told(client):
    if not any(each["code"] == "store_failed" for each in client.of(NOTICE)):
        await client.until(NOTICE, code="store_failed")


async def stored_again(client):
    if not any(each["code"] == "store_works" for each in client.of(NOTICE)):
        await client.until(NOTICE, code="store_works")


def all_is_stored(folder, session, client, *, anew=False):
    """``anew``: the store was begun again, without versions of the report that were superseded by then."""
    with Store(folder, create=False) as store:
        store.verify()
        there = {event.seq for event in store.events(session["id"])}
    sent = [event for event in client.events if event["seq"] and not event["type"].endswith(".delta")]
    if anew:
        reports = [event for event in sent if event["type"] == "assistant.document.changed"]
        sent = [event for event in sent if event not in reports[:-1]]
    assert {event["seq"] for event in sent} <= there
    assert len([event for event in sent if event["type"] == COMPLETED]) == len(client.of(COMPLETED))


async def photo(http, server, session):
    data = io.BytesIO()
    PIL.Image.new("RGB", (64, 64)).save(data, "PNG")
    return await http.post(
        f"{server.http}/v1/sessions/{session['id']}/attachments",
        params={"name": "photo.png"},
        headers={"X-Session-Token": session["resume_token"]},
        content=data.getvalue(),
    )


@contextlib.contextmanager
def locked(folder):
    with contextlib.closing(sqlite3.connect(folder / FILE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextlib.contextmanager
def no_more_bytes(folder):
    """No file may grow: what a quota does, and the nearest to a full disk that needs no rights."""
    size = max(file.stat().st_size for file in folder.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@needs_postgres
@pytest.mark.parametrize("fault", ["gone", "hung"])
async def test_postgresql_that_goes_and_comes_back_is_told_and_nothing_is_lost(
    start_server, pcm, http, *, postgres_server, postgres, tmp_path, fault
):
    faults = {
        "gone": (Postgres.stop, Postgres.start),
        "hung": (lambda each: each.signal(signal.SIGSTOP), lambda each: each.signal(signal.SIGCONT)),
    }
    server = await start_server(store=postgres, store_files=tmp_path)
    client, created = await server.session()
    session = created["session"]
    assert session["stored"]
    assert session["keeping"]["where"].startswith("postgresql:///test_")
    await dictates(client, pcm)
    assert (await photo(http, server, session)).status_code == 201
    begin, end = faults[fault]
    begin(postgres_server)
    try:
        for _ in range(2):
            assert (await dictates(client, pcm))["transcript"]
        await told(client)
    finally:
        end(postgres_server)
    await stored_again(client)
    await dictates(client, pcm)
    await server.stop()
    all_is_stored(postgres, session, client)


async def test_a_second_server_goes_on_with_a_session_and_the_first_adds_nothing_to_it(
    start_server, pcm, http, where, tmp_path
):
    """The first one lives, and does not know: as behind a proxy that sends a client elsewhere."""
    servers = [await start_server(store=where, store_files=tmp_path / "files", grace_s=60) for _ in range(2)]
    client, created = await servers[0].session()
    session = created["session"]
    await client.send("assistant.mode.set", mode="dictation")
    await dictates(client, pcm)
    added = (await photo(http, servers[0], session)).json()
    seq = max(event["seq"] for event in client.events)
    servers[1].model.texts[3] = "No mass."
    moved, _ = await servers[1].session(resume=session["resume_token"], after=seq)
    await dictates(moved, pcm)
    await moved.until("assistant.document.changed")
    await client.append(pcm(0.3))
    assert (await client.until(NOTICE, code="session_elsewhere"))["level"]
    assert (await client.until("assistant.session.closing"))["retry"] is False
    token = {"X-Session-Token": session["resume_token"]}
    picture = await http.get(f"{servers[1].http}{added['url']}", headers=token)
    assert picture.headers["content-type"].startswith("image/")
    back, _ = await servers[0].session(resume=session["resume_token"])
    report = (await back.until("assistant.document.changed"))["sections"]
    assert "No mass." in str(report)
    await dictates(back, pcm)
    for server in servers:
        await server.stop()
    with Store(where, create=False) as store:
        store.verify()
        finals = [each.transcript for each in store.events(session["id"]) if each.type == COMPLETED]
    assert finals == ["The lungs are clear.", "No mass.", "The lungs are clear."]


@pytest.mark.parametrize("fault", [locked, no_more_bytes])
async def test_a_store_that_cannot_be_written_is_told_and_dictation_goes_on(
    start_server, pcm, http, tmp_path, fault
):
    server = await start_server(store=tmp_path)
    client, created = await server.session()
    other, _ = await server.session()
    session = created["session"]
    await dictates(client, pcm)
    with fault(tmp_path):
        for _ in range(3):
            assert (await dictates(client, pcm))["transcript"]
        await told(client)
        await told(other)  # who says nothing at the moment
        late, _ = await server.session()
        await told(late)
        response = await http.get(
            f"{server.http}/v1/sessions/{session['id']}/export",
            params={"format": "txt"},
            headers={"X-Session-Token": session["resume_token"]},
        )
        assert response.text.count("The lungs are clear.") == 4
        assert (await photo(http, server, session)).status_code == 201
        metrics = (await http.get(f"{server.http}/metrics")).text
        assert "assistant_store_failing 1.0" in metrics
    await stored_again(client)
    await stored_again(other)
    await stored_again(late)
    await dictates(client, pcm)
    await server.stop()
    all_is_stored(tmp_path, session, client)
    with Store(tmp_path, create=False) as store:
        assert [row.what for row in store.audit()].count("exported_txt") == 1


async def test_a_folder_that_is_deleted_is_told_without_a_word_being_said_and_begun_again(
    start_server, pcm, tmp_path
):
    folder = tmp_path / "kept"
    server = await start_server(store=folder)
    client, created = await server.session()
    await dictates(client, pcm)
    shutil.rmtree(folder)
    await client.until(NOTICE, code="store_failed")
    await stored_again(client)
    await dictates(client, pcm)
    await server.stop()
    all_is_stored(folder, created["session"], client, anew=True)


@pytest.mark.parametrize("name", [FILE, f"{FILE}-wal"])
async def test_a_file_of_the_store_that_is_deleted_is_told(start_server, pcm, tmp_path, name):
    server = await start_server(store=tmp_path)
    client, created = await server.session()
    await dictates(client, pcm)
    (tmp_path / name).unlink()
    await client.until(NOTICE, code="store_failed")
    await stored_again(client)
    await dictates(client, pcm)
    await server.stop()
    all_is_stored(tmp_path, created["session"], client)


async def test_a_file_that_takes_the_place_of_the_store_is_refused_and_told(start_server, pcm, tmp_path):
    server = await start_server(store=tmp_path)
    client, created = await server.session()
    await dictates(client, pcm)
    aside = tmp_path / "aside"
    (tmp_path / FILE).rename(aside)
    (tmp_path / FILE).write_bytes(b"not a database, but long enough to look" * 30)
    await client.until(NOTICE, code="store_failed")
    assert (await dictates(client, pcm))["transcript"]
    (tmp_path / FILE).unlink()
    await stored_again(client)
    await server.stop()
    all_is_stored(tmp_path, created["session"], client, anew=True)


def mounted(folder, *options):
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", ",".join(["size=1m", *options]), "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("mounting needs root")


def only_read(folder):
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)


def unmount(folder):
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def disk(tmp_path):
    """A real disk of 1 MB. The tables alone take up to 330 kB of it: their pages, the same again in the
    write-ahead log, and its index."""
    folder = tmp_path / "disk"
    mounted(folder)
    yield folder
    unmount(folder)


async def test_a_full_disk_is_told_and_what_was_said_is_stored_when_there_is_room(start_server, pcm, disk):
    server = await start_server(store=disk / "kept")
    client, created = await server.session()
    await dictates(client, pcm)
    filler = disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as out:
        while True:
            out.write(bytes(4096))
    assert filler.stat().st_size > 256 * 1024  # else deleting it makes no room
    while not client.of(NOTICE):
        assert (await dictates(client, pcm))["transcript"]
    await told(client)
    filler.unlink()
    await stored_again(client)
    await server.stop()
    all_is_stored(disk / "kept", created["session"], client)


async def test_a_disk_that_is_taken_away_is_told_and_nothing_is_written_in_its_place(
    start_server, pcm, disk, tmp_path
):
    server = await start_server(store=disk / "kept")
    client, created = await server.session()
    await dictates(client, pcm)
    shutil.copytree(disk / "kept", tmp_path / "backup")
    unmount(disk)
    await client.until(NOTICE, code="store_failed")
    assert (await dictates(client, pcm))["transcript"]
    assert list(disk.iterdir()) == []
    mounted(disk)
    shutil.copytree(tmp_path / "backup", disk / "kept")
    await stored_again(client)
    await server.stop()
    all_is_stored(disk / "kept", created["session"], client)


def test_a_disk_that_can_only_be_read_is_refused_at_the_start(disk):
    Store(disk).close()
    only_read(disk)
    with pytest.raises(BadInput) as caught:
        Store(disk)
    assert caught.value.code == "store_unwritable"


async def test_a_disk_that_can_only_be_read_is_refused_also_where_a_server_was_killed(disk, tmp_path):
    """Its write-ahead log is left, so SQLite can read the store."""
    with Store(tmp_path / "running"):
        shutil.copytree(tmp_path / "running", disk / "kept")
    assert (disk / "kept" / f"{FILE}-wal").stat().st_size
    only_read(disk)
    with pytest.raises(BadInput) as caught:
        Store(disk / "kept")
    assert caught.value.code == "store_unwritable"
    with pytest.raises(BadInput) as caught:
        await Database(disk / "kept").start()
    assert caught.value.code == "database_unusable"


async def test_a_disk_that_does_not_answer_holds_up_the_end_of_the_server_for_a_while_only(
    start_server, tmp_path, monkeypatch
):
    monkeypatch.setattr("assistant.storage.writer.LAST_TRY_S", 0.2)
    server = await start_server(store=tmp_path, shutdown_s=1)
    client, _ = await server.session()
    await client.works()
    hung, real = threading.Event(), server.hub.writer.store.append
    monkeypatch.setattr(server.hub.writer.store, "append", lambda *rows: (hung.wait(60), real(*rows)))
    monkeypatch.setattr(server.hub.writer.store, "close", lambda: hung.wait(60))
    await client.send("assistant.mode.set", mode="dictation")
    await client.until("assistant.notice", code="store_failed")
    try:
        async with asyncio.timeout(20):
            await server.stop()
    finally:
        hung.set()
