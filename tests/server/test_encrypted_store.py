"""Servers with an encrypted store: no word of a patient is in its files, and a report is gone on with."""

import asyncio
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import pytest

from assistant.cli import main
from assistant.errors import BadInput
from assistant.session.attachments import kept_studies
from assistant.storage.database import ENCRYPTED_FILE, FILE
from assistant.storage.keys import Key, use_key
from assistant.storage.sealing import key_id_of
from assistant.storage.store import Search, Store
from tests.imaging.bad_files import png
from tests.server.test_worklist import described, said, written
from tests.storage.test_encryption import OTHER, SECRET, holding

HERE = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    monkeypatch.setattr("assistant.storage.keys._keys", {})


@pytest.fixture
async def http():
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        yield client


async def dictated(server, pcm, http):
    """A report with text, a patient and an attachment."""
    client, created = await server.session()
    session = created["session"]
    await client.send("assistant.mode.set", mode="dictation")
    await said(server, client, pcm, "The xylophagous lungs are clear.")
    await described(client, name="Quintessa")
    attached = await http.post(
        f"{server.http}/v1/sessions/{session['id']}/attachments?name=marked-picture.png",
        content=png(),
        headers={"X-Session-Token": session["resume_token"]},
    )
    assert attached.status_code == 201
    return client, session, attached.json()


async def gone_on_with(server, session, attached, http):
    again, back = await server.session(resume=session["resume_token"])
    changed = await again.until("assistant.document.changed")
    assert written(changed) == "The xylophagous lungs are clear."
    picture = await http.get(
        f"{server.http}{attached['url']}", headers={"X-Session-Token": back["session"]["resume_token"]}
    )
    assert picture.status_code == 200 and picture.headers["content-type"].startswith("image/")
    found = await http.get(f"{server.http}/v1/reports", params={"text": "xylophagous"})
    assert [each["patient_name"] for each in found.json()["reports"]] == ["Quintessa"]
    return again


async def test_no_word_of_a_patient_is_in_any_file_of_an_encrypted_store(start_server, pcm, http, tmp_path):
    kept = tmp_path / "kept"
    options = {"store": kept, "encryption_key": SECRET, "grace_s": 0}
    first = await start_server(**options)
    client, session, attached = await dictated(first, pcm, http)
    assert holding(kept) == []
    await client.until("assistant.attachment.added")
    await first.stop()
    assert holding(kept) == []
    assert list(kept.rglob("*.sealed"))
    assert {stat.S_IMODE(each.stat().st_mode) for each in kept.rglob("*") if each.is_file()} == {0o600}
    second = await start_server(**options)
    again = await gone_on_with(second, session, attached, http)
    await again.socket.close()
    await second.stop()
    assert holding(kept) == []
    assert (kept / ENCRYPTED_FILE).exists() and not (kept / FILE).exists()


KILLED = """
import os, signal, sys
from assistant.cli import main
from assistant.storage import encrypting
name, when, *command = sys.argv[1:]
place = os if name == "replace" else encrypting
real = getattr(place, name)
left = 2 if when == "second" else 1
def dies(*given):
    global left
    left -= 1
    if left:
        return real(*given)
    if when == "after":
        real(*given)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(place, name, dies)
main(command)
"""


def kill(command, name, when):
    """Run the command in a process that is killed before or after it calls this function, or at the second
    call."""
    command = [sys.executable, "-c", KILLED, name, when, *command]
    done = subprocess.run(command, cwd=HERE, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def refused(command):
    """The code with which another process is refused."""
    run = [sys.executable, "-m", "assistant", *command]
    return subprocess.run(run, cwd=HERE, check=False, capture_output=True, text=True).stderr.split("[")[-1][
        :-2
    ]


@pytest.mark.parametrize("killed", ["", "_export after", "_delete_plain after", "_hide before"])
async def test_a_store_is_encrypted_in_its_place_and_may_be_killed_meanwhile(
    start_server, pcm, http, tmp_path, killed
):
    kept, key_file = tmp_path / "kept", tmp_path / "key"
    key_file.write_text(SECRET + "\n")
    command = ["store", "encrypt", "--store", str(kept), "--encryption-key-file", str(key_file)]
    first = await start_server(store=kept, grace_s=0)
    client, session, attached = await dictated(first, pcm, http)
    await client.until("assistant.attachment.added")
    if not killed:
        assert await asyncio.to_thread(refused, command) == "store_in_use"
    await first.stop()
    assert len(holding(kept)) > 1
    if killed:
        await asyncio.to_thread(kill, command, *killed.split())
        use_key(kept, None)
        if killed == "_export after":
            Store(kept, create=False).close()
        else:
            for key in (None, Key(SECRET)):
                use_key(kept, key)
                with pytest.raises(BadInput):
                    Store(kept, create=False)
    assert await asyncio.to_thread(main, command) == 0
    assert holding(kept) == []
    assert await asyncio.to_thread(main, command) == 2, "it is encrypted already"
    second = await start_server(store=kept, encryption_key=SECRET)
    await gone_on_with(second, session, attached, http)


KILLED_CHANGING = {
    "reseal after": SECRET,
    "_export after": SECRET,
    "replace second": SECRET,  # the first one is an attachment's
    "_sync after": OTHER,
    "_overwrite after": OTHER,
}
"""Steps at which the command is killed, each with the key that opens the store then."""


async def test_a_store_gets_another_key_and_may_be_killed_meanwhile(start_server, pcm, http, tmp_path):
    """Killed at any step it opens with one of the two keys, with everything; run again, with the new one."""
    made, old, new = tmp_path / "made", tmp_path / "old", tmp_path / "new"
    old.write_text(SECRET)
    new.write_text(OTHER)

    def command(kept):
        keys = ["--encryption-key-file", str(old), "--new-key-file", str(new)]
        return ["store", "rekey", "--store", str(kept), *keys]

    def whole(kept):
        """The key that opens it, with everything that is in it."""
        assert holding(kept) == []
        (secret,) = (secret for secret in (SECRET, OTHER) if opens(kept, secret))
        use_key(kept, Key(secret))
        with Store(kept, create=False) as store:
            store.refresh()
            assert len(store.reports(None, Search(text="xylophagous"))) == 1
            (folder,) = store.files.iterdir()
        (study,) = kept_studies(folder, Key(secret), lambda: Path(tempfile.mkdtemp(dir=tmp_path)))
        assert study.study.name == "marked-picture.png"
        assert any(file.is_file() for file in study.study.folder.rglob("*"))
        return secret

    first = await start_server(store=made, encryption_key=SECRET, grace_s=0)
    client, session, attached = await dictated(first, pcm, http)
    await client.until("assistant.attachment.added")
    assert await asyncio.to_thread(refused, command(made)) == "store_in_use"
    await first.stop()
    for killed, key in KILLED_CHANGING.items():
        kept = tmp_path / killed
        shutil.copytree(made, kept)
        await asyncio.to_thread(kill, command(kept), *killed.split())
        assert whole(kept) == key, killed
        assert await asyncio.to_thread(main, command(kept)) == 0
        assert whole(kept) == OTHER
        assert [key_id_of(each) for each in kept.rglob("files/*/*")] == [Key(OTHER).id]
    assert await asyncio.to_thread(main, command(made)) == 0
    second = await start_server(store=made, encryption_key=OTHER)
    await gone_on_with(second, session, attached, http)


def opens(folder, secret):
    use_key(folder, Key(secret))
    try:
        with Store(folder, create=False) as store:
            store.verify()
    except BadInput as error:
        assert error.code == "encryption_key_wrong"
        return False
    return True


async def test_a_change_of_keys_is_refused_where_it_cannot_be_whole(
    start_server, pcm, http, tmp_path, capsys
):
    kept, right, wrong, weak = (tmp_path / name for name in ("kept", "right", "wrong", "weak"))
    right.write_text(SECRET)
    wrong.write_text(OTHER)
    weak.write_text("secret")

    async def changed(old, new):
        """The code with which it is refused."""
        command = ["store", "rekey", "--store", str(kept), "--encryption-key-file", str(old)]
        status = await asyncio.to_thread(main, [*command, "--new-key-file", str(new)])
        return capsys.readouterr().err.split("[")[-1][:-2] if status else "done"

    assert await changed(right, wrong) == "store_missing"
    first = await start_server(store=kept, encryption_key=SECRET, grace_s=0)
    client, _, _ = await dictated(first, pcm, http)
    await client.until("assistant.attachment.added")
    await first.stop()
    third = tmp_path / "third"
    third.write_text("0f1e2d3c4b5a6978" * 4)
    assert await changed(right, right) == "encryption_key_same"
    assert await changed(wrong, third) == "encryption_key_wrong"
    assert await changed(right, weak) == "encryption_key_weak"
    assert await changed(right, tmp_path / "none") == "encryption_key_unreadable"
    (attachment,) = kept.rglob("*.sealed")
    whole = attachment.read_bytes()
    attachment.write_bytes(whole[:-1])
    assert await changed(right, wrong) == "sealed_file_damaged"
    assert opens(kept, SECRET)
    attachment.write_bytes(whole)
    assert await changed(right, wrong) == "done"
    assert opens(kept, OTHER)


@pytest.mark.parametrize("killed", ["replace after", "_hide second"])
async def test_a_store_is_decrypted_and_may_be_killed_meanwhile(start_server, pcm, http, tmp_path, killed):
    kept, key_file = tmp_path / "kept", tmp_path / "key"
    key_file.write_text(SECRET)
    command = ["store", "decrypt", "--store", str(kept), "--encryption-key-file", str(key_file)]
    first = await start_server(store=kept, encryption_key=SECRET, grace_s=0)
    client, session, attached = await dictated(first, pcm, http)
    await client.until("assistant.attachment.added")
    await first.stop()
    await asyncio.to_thread(kill, command, *killed.split())
    assert await asyncio.to_thread(main, command) == 0
    assert not (kept / ENCRYPTED_FILE).exists() and not list(kept.rglob("*.sealed"))
    use_key(kept, None)
    second = await start_server(store=kept)
    await gone_on_with(second, session, attached, http)
