"""Servers with an encrypted store: no word of a patient is in its files, and a report is gone on with."""

import asyncio
import signal
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from assistant.cli import main
from assistant.errors import BadInput
from assistant.storage.database import ENCRYPTED_FILE, FILE
from assistant.storage.keys import Key, use_key
from assistant.storage.store import Store
from tests.imaging.bad_files import png
from tests.server.test_worklist import described, said, written
from tests.storage.test_encryption import SECRET, holding

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
from pathlib import Path
from assistant.session.attachments import seal_kept
from assistant.storage import encrypting
from assistant.storage.keys import Key
folder, secret, name, after = sys.argv[1:]
real = getattr(encrypting, name)
def dies(*given):
    result = real(*given) if after == "after" else None
    os.kill(os.getpid(), signal.SIGKILL)
    return result
setattr(encrypting, name, dies)
encrypting.encrypt(Path(folder), Key(secret), seal_kept)
"""


def kill(folder, name, when):
    """Encrypt in a process that is killed before or after it calls this function."""
    command = [sys.executable, "-c", KILLED, str(folder), SECRET, name, when]
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
        await asyncio.to_thread(kill, kept, *killed.split())
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
