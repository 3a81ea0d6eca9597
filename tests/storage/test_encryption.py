"""Encrypted stores: nothing is readable without the key, and nothing is damaged by a wrong one."""

import io
import os
import shlex
import shutil
import sys
from pathlib import Path

import keyring
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keyring.backend import KeyringBackend

from assistant.config import Settings
from assistant.errors import BadInput
from assistant.storage.backup import back_up, check_restored, restore
from assistant.storage.database import Database
from assistant.storage.keys import Key, key_from, unlocked, use_key
from assistant.storage.sealing import BLOCK_BYTES, Sealing, Unsealing, seal_folder, unseal_folder
from assistant.storage.store import Search, Store
from assistant.storage.users import Users
from tests.storage.rows import logged
from tests.storage.test_store import SAID, SESSION, TAMPERINGS, fill, tampered
from tests.storage.test_store import written as report

SECRET, OTHER = "0123456789abcdef" * 4, "fedcba9876543210" * 4
MARKERS = (b"xylophag", b"quintessa", b"marked-picture")
HERE = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    monkeypatch.setattr("assistant.storage.keys._keys", {})


def holding(folder):
    """Files with a word of the patient in them or in their names."""
    files = [each for each in folder.rglob("*") if each.is_file()]
    return [
        each
        for each in files
        if any(mark in each.read_bytes().lower() or mark in each.name.encode() for mark in MARKERS)
    ]


def filled(folder, key):
    use_key(folder, key)
    with Store(folder) as store:
        store.open_session(SESSION, "secret", "Dr A")
        store.append("sess_1", logged(report(1, SAID, name="Quintessa")), "Dr A")
    return {each.name: each.read_bytes() for each in folder.iterdir()}


@pytest.mark.parametrize("given", [None, Key(OTHER)])
async def test_without_the_right_key_an_encrypted_store_is_refused_and_unchanged(tmp_path, given):
    before = filled(tmp_path, Key(SECRET))
    use_key(tmp_path, given)
    code = "encryption_key_wrong" if given else "encryption_key_missing"
    for create in (True, False):
        with pytest.raises(BadInput) as refused:
            Store(tmp_path, create=create)
        assert refused.value.code == code
    with pytest.raises(BadInput) as refused:
        await Database(tmp_path).start()
    assert refused.value.code == code
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before
    use_key(tmp_path, Key(SECRET))
    with Store(tmp_path, create=False) as store:
        assert len(store.events("sess_1")) == 2


async def test_a_store_that_is_not_encrypted_is_not_opened_with_a_key(tmp_path):
    before = filled(tmp_path, None)
    use_key(tmp_path, Key(SECRET))
    for open_it in (lambda: Store(tmp_path), lambda: Store(tmp_path, create=False)):
        with pytest.raises(BadInput) as refused:
            open_it()
        assert refused.value.code == "store_not_encrypted"
    with pytest.raises(BadInput) as refused:
        await Database(tmp_path).start()
    assert refused.value.code == "store_not_encrypted"
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_changes_by_somebody_with_the_key_are_found_and_named(tmp_path):
    """All of those that the audit finds in stores that are not encrypted."""
    use_key(tmp_path / "whole", Key(SECRET))
    with Store(tmp_path / "whole") as store:
        store.open_session(SESSION, "secret", "Dr A")
        fill(store)
    for number, (tamper, named) in enumerate(TAMPERINGS.items()):
        place = tmp_path / str(number)
        shutil.copytree(tmp_path / "whole", place)
        use_key(place, Key(SECRET))
        with Store(place) as store:
            store.verify()
        tampered(place, tamper)
        with Store(place) as store, pytest.raises(BadInput) as caught:
            store.verify()
        assert caught.value.code == "audit_broken", tamper
        assert named in caught.value.message


async def test_users_and_the_store_share_an_encrypted_file(tmp_path):
    use_key(tmp_path, Key(SECRET))
    database = Database(tmp_path)
    await database.start()
    await Users(database).add("quintessa", ["clinician"], "correct horse battery")
    with Store(tmp_path) as store:
        store.open_session(SESSION, "secret", "quintessa")
        assert [each.name for each in await Users(database).all()] == ["quintessa"]
        with pytest.raises(BadInput) as taken:
            await Users(database).add("quintessa", ["clinician"], "correct horse battery")
        assert taken.value.code == "name_taken"
        store.verify()
        assert holding(tmp_path) == []
    await database.close()


@settings(max_examples=20)
@given(st.lists(st.integers(0, BLOCK_BYTES + 5), max_size=3), st.integers(1_000, BLOCK_BYTES + 1))
def test_what_is_sealed_is_read_again_in_any_pieces(sizes, piece):
    pieces = [os.urandom(size) for size in sizes]
    out = io.BytesIO()
    sealing = Sealing(out, Key(SECRET))
    for each in pieces:
        sealing.write(each)
    sealing.close()
    unsealing = Unsealing(io.BytesIO(out.getvalue()), Key(SECRET))
    read = []
    while data := unsealing.read(piece):
        read.append(data)
    assert b"".join(read) == b"".join(pieces)
    assert Unsealing(io.BytesIO(out.getvalue()), Key(SECRET)).read() == b"".join(pieces)


def test_a_sealed_file_that_was_changed_cut_or_put_together_anew_is_refused():
    out = io.BytesIO()
    sealing = Sealing(out, Key(SECRET))
    sealing.write(b"line\n" * (BLOCK_BYTES // 2))
    sealing.close()
    sealed, head, block = out.getvalue(), 32, BLOCK_BYTES + 16
    assert list(Unsealing(io.BytesIO(sealed), Key(SECRET))) == [b"line\n"] * (BLOCK_BYTES // 2)
    first, second, rest = sealed[head:][:block], sealed[head:][block : 2 * block], sealed[head:][2 * block :]
    wrong = [sealed[:n] for n in (0, 10, head, head + 5, head + block, head + 2 * block, len(sealed) - 1)]
    wrong += [sealed[:head] + second + first + rest, sealed[:head] + first + rest, sealed + b"x"]
    for at in (0, 20, head, head + block, len(sealed) - 1):
        wrong.append(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :])
    for each in wrong:
        with pytest.raises(BadInput) as refused:
            Unsealing(io.BytesIO(each), Key(SECRET)).read()
        assert refused.value.code == "sealed_file_damaged"
    with pytest.raises(BadInput) as refused:
        Unsealing(io.BytesIO(sealed), Key(OTHER))
    assert refused.value.code == "encryption_key_wrong"


def test_a_folder_is_sealed_and_unsealed_as_it_is(tmp_path):
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    content = {"a.png": b"", "inner/b.bin": os.urandom(3 * BLOCK_BYTES), "c": b"x"}
    for name, data in content.items():
        (folder / name).write_bytes(data)
    seal_folder(folder, "about it", tmp_path / "x.sealed", Key(SECRET))
    assert unseal_folder(tmp_path / "x.sealed", tmp_path / "back", Key(SECRET)) == "about it"
    back = {each.relative_to(tmp_path / "back").as_posix(): each for each in (tmp_path / "back").rglob("*")}
    assert {name: each.read_bytes() for name, each in back.items() if each.is_file()} == content


def test_a_backup_of_an_encrypted_store_is_sealed_and_needs_its_key(tmp_path):
    kept, file = tmp_path / "kept", tmp_path / "backup.zip"
    filled(kept, Key(SECRET))
    with Store(kept) as store:
        made = back_up(store, file)
        last = store.last_hash()
    assert holding(tmp_path) == []
    for place, key, code in (
        ("a", None, "encryption_key_missing"),
        ("b", Key(OTHER), "encryption_key_wrong"),
        ("c", Key(SECRET), ""),
    ):
        use_key(tmp_path / place, key)
        with Store(tmp_path / place) as store:
            if code:
                with pytest.raises(BadInput) as refused:
                    restore(file, store)
                assert refused.value.code == code
                continue
            check_restored(store, restore(file, store))
            store.refresh()
            assert store.last_hash() == last
            assert len(store.reports(None, Search(text="xylophagous"))) == 1
    assert made.key == Key(SECRET).id
    filled(tmp_path / "plain", None)
    with Store(tmp_path / "plain") as store:
        back_up(store, tmp_path / "plain.zip")
    with Store(tmp_path / "c") as store, pytest.raises(BadInput) as refused:
        restore(tmp_path / "plain.zip", store, replace=True)
    assert refused.value.code == "backup_not_encrypted"


class InMemory(KeyringBackend):
    """A keyring as a system has it, without a system."""

    priority = 1

    def __init__(self):
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


def test_the_keyring_gets_a_key_with_a_new_store_only(tmp_path):
    before = keyring.get_keyring()
    try:
        keyring.set_keyring(InMemory())
        settings = Settings(store=tmp_path / "kept", encryption_keyring=True)
        filled(unlocked(settings), key_from(settings))
        assert key_from(settings) == key_from(settings)
        unlocked(settings)
        with Store(tmp_path / "kept", create=False) as store:
            assert len(store.events("sess_1")) == 2
        keyring.set_keyring(InMemory())
        with pytest.raises(BadInput) as lost:
            unlocked(settings)
        assert lost.value.code == "encryption_key_unreadable"
        keyring.set_keyring(keyring.backends.fail.Keyring())
        with pytest.raises(BadInput) as none:
            unlocked(settings)
        assert none.value.code == "encryption_keyring_missing"
    finally:
        keyring.set_keyring(before)


def test_a_key_comes_from_a_command_and_one_that_is_weak_or_for_a_database_server_is_refused(tmp_path):
    def code(**settings):
        with pytest.raises(BadInput) as refused:
            unlocked(Settings(**{"store": tmp_path, **settings}))
        return refused.value.code

    command = shlex.join([sys.executable, "-c", f"print({SECRET!r})"])
    told = Settings(store=tmp_path, encryption_key_command=command)
    assert key_from(told) == Key(SECRET)
    assert SECRET not in repr(key_from(told))
    assert code(encryption_key_command="false") == "encryption_key_unreadable"
    assert code(encryption_key_command="'") == "encryption_key_unreadable"
    assert code(encryption_key="short") == code(encryption_key="a" * 64) == "encryption_key_weak"
    assert code(encryption_key=SECRET, store="postgresql://host/name") == "encryption_unsupported"
    with pytest.raises(ValueError, match="one source"):
        Settings(store=tmp_path, encryption_key=SECRET, encryption_keyring=True)
