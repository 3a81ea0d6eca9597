"""A whole store in one file, and back: nothing is missing, nothing is half done, nothing wrong is taken."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from assistant.cli import main
from assistant.errors import BadInput
from assistant.principal import Principal
from assistant.storage.access_log import AccessLog
from assistant.storage.backup import STAGING, back_up, check_restored, restore
from assistant.storage.database import Database
from assistant.storage.store import Search, Store
from assistant.storage.users import Users
from tests.postgres import needs_postgres
from tests.storage.rows import dump, logged, raw
from tests.storage.test_store import SAID, SESSION, written

PASSWORD = "correct horse battery"
HERE = Path(__file__).parents[2]


@pytest.fixture
async def full(where, tmp_path):
    """A store with a report, an attachment, a user with a key, and both audits."""
    store = Store(where, files=tmp_path / "files")
    store.open_session(SESSION, "secret", "Dr A")
    store.append("sess_1", logged(written(1, SAID, "naïve \x00 肺")), "Dr A")
    store.refresh()
    study = store.files_of("sess_1") / "tmp1" / "att_1"
    study.mkdir(parents=True)
    (study / "model-000.png").write_bytes(os.urandom(3_000_000))
    (study.parent.parent / "att_1.json").write_text("{}")
    database = Database(where)
    await database.start()
    users = Users(database)
    await users.add("ann", ["clinician", "administrator"], PASSWORD)
    await users.add_key("ann", "robot", ["watch"], 5)
    await AccessLog(database).did(Principal("user_ann", "ann"), "signed in")
    await database.close()
    yield store
    store.close()


def files_in(folder):
    """Without those of a restore that was killed."""
    found = {each.relative_to(folder): each for each in folder.rglob("*") if each.is_file()}
    return {path: each.read_bytes() for path, each in found.items() if path.parts[0] != STAGING}


def content(where, store):
    """Every value, without the index of words, which is made again, and whose report it is at the moment."""
    return sorted(dump(where, index=False).replace(store.holder, "").splitlines())


@pytest.mark.parametrize("into", ["sqlite", pytest.param("postgresql", marks=needs_postgres)])
async def test_what_was_backed_up_is_there_again_in_either_database(full, where, tmp_path, request, into):
    server = None if into == "sqlite" else request.getfixturevalue("postgres_server")
    other = server.new_database() if server else tmp_path / "other"
    made = back_up(full, tmp_path / "backup.zip")
    assert stat.S_IMODE((tmp_path / "backup.zip").stat().st_mode) == 0o600
    assert (made.rows["users"], made.rows["api_keys"], made.rows["reports"], made.attachments) == (1, 1, 1, 2)
    with Store(other, files=tmp_path / "others") as back:
        check_restored(back, restore(tmp_path / "backup.zip", back))
        assert files_in(back.files) == files_in(full.files)
        assert back.verify(full.last_hash()) == full.last_hash()
        assert back.events("sess_1") == full.events("sess_1")
        assert back.is_token_of("sess_1", "secret")
        back.refresh()
        (found,) = back.reports(None, Search(text="xylophagous naive"))
        assert found == full.reports(None, Search())[0]
        back.take_up("sess_1")
        back.append("sess_1", logged(written(100, "More.")), "Dr A")
        back.record("sess_1", "Dr A", "exported_txt")
        back.verify(full.last_hash())
    database = Database(other)
    await database.start()
    principal = await Users(database).with_password("ann", PASSWORD)
    assert principal and principal.roles == {"clinician", "administrator"}
    log = AccessLog(database)
    await log.did(Principal("user_ann", "ann"), "signed out")
    assert [row.what for row in await log.rows()] == ["signed in", "signed out"]
    await log.verify([made.access])
    await database.close()


async def test_a_store_that_has_something_is_replaced_only_if_that_is_said(full, where, tmp_path):
    back_up(full, tmp_path / "backup.zip")
    before = content(where, full), files_in(full.files)
    with pytest.raises(BadInput) as refused:
        restore(tmp_path / "backup.zip", full)
    assert refused.value.code == "store_not_empty"
    assert (content(where, full), files_in(full.files)) == before
    full.append("sess_1", logged(written(50, "quintessential")), "Dr A")
    (full.files_of("sess_2")).mkdir()
    (full.files_of("sess_2") / "late.png").write_bytes(b"late")
    check_restored(full, restore(tmp_path / "backup.zip", full, replace=True))
    assert "quintessential" not in dump(where)
    assert files_in(full.files) == before[1]
    full.refresh()
    assert content(where, full) == before[0]
    with pytest.raises(
        BadInput
    ) as elsewhere:  # a session that is alive does not add to what it does not know
        full.append("sess_1", logged(written(60, "quintessential")), "Dr A")
    assert elsewhere.value.code == "session_elsewhere"


KILLED = """
import os, signal, sys
from pathlib import Path
from assistant.storage import backup
from assistant.storage.store import Store
what, name, where, files, file = sys.argv[1:]
left, real = [2], getattr(backup, name)
def dies(*given):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given)
setattr(backup, name, dies)
store = Store(where if "://" in where else Path(where), files=Path(files))
backup.back_up(store, Path(file)) if what == "backup" else backup.restore(Path(file), store, replace=True)
"""


def killed(what, name, where, files, file):
    """Run it in a process that is killed at the second call of ``name``."""
    command = [sys.executable, "-c", KILLED, what, name, str(where), str(files), str(file)]
    done = subprocess.run(command, cwd=HERE, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


async def test_a_backup_that_is_killed_leaves_no_file_that_looks_like_one(full, where, tmp_path):
    before = content(where, full)
    await asyncio.to_thread(killed, "backup", "_write_rows", where, full.files, tmp_path / "backup.zip")
    assert not (tmp_path / "backup.zip").exists()
    assert content(where, full) == before
    made = back_up(full, tmp_path / "backup.zip")
    assert made.rows["events"] == 2
    assert not list(tmp_path.glob("*.part"))


async def test_a_restore_that_is_killed_has_done_nothing_and_can_be_done_again(full, where, tmp_path):
    back_up(full, tmp_path / "backup.zip")
    full.append("sess_1", logged(written(50, "quintessential")), "Dr A")
    before, files = content(where, full), files_in(full.files)
    await asyncio.to_thread(killed, "restore", "_read_rows", where, full.files, tmp_path / "backup.zip")
    assert content(where, full) == before
    assert files_in(full.files) == files
    full.verify()
    check_restored(full, restore(tmp_path / "backup.zip", full, replace=True))
    assert "quintessential" not in dump(where)
    assert files_in(full.files) == files


def changed(file, name, change):
    """The archive again, with one member changed."""
    with zipfile.ZipFile(file) as source:
        members = {each: source.read(each) for each in source.namelist()}
    members[name] = change(members.get(name, b""))
    with zipfile.ZipFile(file, "w") as target:
        for each, data in members.items():
            if data is not None:
                target.writestr(each, data)


def lines(data):
    return data.splitlines(keepends=True)


def manifest(**fields):
    return lambda data: json.dumps({**json.loads(data), **fields}).encode()


WRONG = {
    "not whole": (None, lambda file: file.write_bytes(file.read_bytes()[:-5_000]), "backup_unreadable"),
    "no archive": (None, lambda file: file.write_bytes(b"nothing of the kind"), "backup_unreadable"),
    "another word": ("tables/events.jsonl", lambda data: data.replace(b"lung", b"hear"), "backup_unreadable"),
    "a row less": ("tables/audit.jsonl", lambda data: b"".join(lines(data)[:-1]), "backup_unreadable"),
    "a table less": ("tables/users.jsonl", lambda data: None, "backup_unreadable"),
    "one more": ("files/../../etc/passwd", lambda data: b"x", "backup_unreadable"),
    "no manifest": ("manifest.json", lambda data: None, "backup_unreadable"),
    "another form": ("manifest.json", lambda data: b"[]", "backup_unreadable"),
    "newer form": ("manifest.json", manifest(format=2), "backup_newer"),
    "newer tables": ("manifest.json", manifest(revisions=["9999"]), "backup_newer"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_backup_is_refused_and_nothing_is_changed(tmp_path, wrong):
    name, change, code = WRONG[wrong]
    file = tmp_path / "backup.zip"
    with Store(tmp_path / "kept") as store:
        store.open_session(SESSION, "secret", "Dr A")
        store.append("sess_1", logged(written(1, SAID)), "Dr A")
        back_up(store, file)
        before = content(tmp_path / "kept", store)
        change(file) if name is None else changed(file, name, change)
        with pytest.raises(BadInput) as refused:
            restore(file, store, replace=True)
        assert refused.value.code == code
        assert SAID not in refused.value.message
        assert content(tmp_path / "kept", store) == before


def test_the_commands_say_what_they_did_and_what_is_wrong(tmp_path, capsys):
    with Store(tmp_path / "kept") as store:
        store.open_session(SESSION, "secret", "Dr A")
        store.append("sess_1", logged(written(1, SAID)), "Dr A")
    (tmp_path / "points").write_text('{"at": "then"}\n')
    file, kept = str(tmp_path / "backup.zip"), str(tmp_path / "kept")
    points = ["--audit-checkpoints", str(tmp_path / "points"), "--audit-key", str(tmp_path / "key.pem")]
    assert main(["backup", file, "--store", kept, *points]) == 0
    out = capsys.readouterr()
    assert "events  2\n" in out.out and "attachments  0\n" in out.out and "not encrypted" in out.err
    assert main(["backup", file, "--store", kept]) == 2
    assert "[backup_exists]" in capsys.readouterr().err
    assert main(["restore", file, "--store", kept]) == 2
    assert "[store_not_empty]" in capsys.readouterr().err
    points[1] = str(tmp_path / "elsewhere" / "points")
    assert main(["restore", file, "--store", str(tmp_path / "new"), *points]) == 0
    assert "fits the audit" in capsys.readouterr().err
    assert (tmp_path / "elsewhere" / "points").read_text() == '{"at": "then"}\n'
    assert main(["audit", "verify", "--store", str(tmp_path / "new")]) == 0
    assert main(["audit", "list", "--store", str(tmp_path / "new")]) == 0
    assert "restored from a backup" in capsys.readouterr().out
    with raw(tmp_path / "kept", rules=False) as connection:
        connection.exec_driver_sql("UPDATE audit SET who = 'Dr B' WHERE id = 1")
    assert main(["backup", str(tmp_path / "second.zip"), "--store", kept]) == 2
    assert "[audit_broken]" in capsys.readouterr().err
    assert (tmp_path / "second.zip").exists()
