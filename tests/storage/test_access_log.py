"""The access log and its checkpoints: whatever is done to them behind their back is found."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from assistant.errors import AssistantError, BadInput
from assistant.principal import Principal
from assistant.storage.access_log import SAME_FOR_S, Access, AccessLog
from assistant.storage.checkpoints import (
    Checkpoint,
    Checkpoints,
    private_key,
    public_key,
    public_pem,
    read_checkpoints,
)
from assistant.storage.database import Database
from tests.storage.rows import raw

ANN = Principal("user_ann", "ann", credential="sign_in_1")


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(where: Path | str) -> AsyncIterator[Database]:
    database = Database(where)
    await database.start()
    yield database
    await database.close()


@pytest.fixture
def log(database: Database, clock: Clock) -> AccessLog:
    return AccessLog(database, clock)


def behind_its_back(where: Path | str, *statements: str) -> None:
    with raw(where, rules=False) as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


async def three(log: AccessLog) -> None:
    for what in ("signed in", "GET /v1/sessions/{session_id}/export", "signed out"):
        await log.did(ANN, what, "sess_1", "192.0.2.7")


async def test_rows_say_who_what_when_and_from_where(log: AccessLog) -> None:
    await three(log)
    rows = await log.rows()
    assert [row.what for row in rows] == ["signed in", "GET /v1/sessions/{session_id}/export", "signed out"]
    assert (rows[0].user_id, rows[0].who, rows[0].credential) == ("user_ann", "ann", "sign_in_1")
    assert (rows[0].about, rows[0].address) == ("sess_1", "192.0.2.7")
    assert rows[0].at[:4] == "2027"
    assert await log.verify() == await log.last_hash() != ""
    assert [row.what for row in await log.rows(most=1)] == ["signed out"]
    assert await log.rows(who="bob") == await log.rows(about="sess_2") == []


@pytest.mark.parametrize("column", Access.__slots__)
async def test_a_change_of_any_value_is_found(log: AccessLog, where: Path | str, column: str) -> None:
    await three(log)
    behind_its_back(where, f"UPDATE access_log SET {column} = 'x' WHERE id = 2")
    with pytest.raises(BadInput) as broken:
        await log.verify()
    assert (broken.value.code, "Row 2" in broken.value.message) == ("audit_broken", True)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM access_log WHERE id = 1",
        "DELETE FROM access_log WHERE id = 2",
        "UPDATE access_log SET id = 9 WHERE id = 1",
        "INSERT INTO access_log SELECT 9, at, user_id, who, credential, what, about, address, hash"
        " FROM access_log WHERE id = 1",
    ],
)
async def test_rows_that_were_deleted_moved_or_added_are_found(
    log: AccessLog, where: Path | str, statement: str
) -> None:
    await three(log)
    behind_its_back(where, statement)
    with pytest.raises(BadInput) as broken:
        await log.verify()
    assert broken.value.code == "audit_broken"


async def test_the_database_itself_refuses_changes(log: AccessLog, where: Path | str) -> None:
    await three(log)
    for statement in ("UPDATE access_log SET who = 'x'", "DELETE FROM access_log"):
        with pytest.raises(DBAPIError, match="append only"), raw(where) as connection:
            connection.execute(sa.text(statement))


async def test_an_end_that_was_cut_off_is_found_by_an_earlier_hash(log: AccessLog, where: Path | str) -> None:
    await three(log)
    last = await log.last_hash()
    behind_its_back(where, "DELETE FROM access_log WHERE id = 3")
    assert await log.verify()  # what is left fits together
    with pytest.raises(BadInput) as cut:
        await log.verify([last])
    assert cut.value.code == "audit_cut"


async def test_the_same_again_is_one_row_for_a_while(log: AccessLog, clock: Clock) -> None:
    for _ in range(3):
        await log.used(ANN, "GET /slice", "sess_1", "192.0.2.7")
    await log.used(replace(ANN, id="user_bob"), "GET /slice", "sess_1", "192.0.2.7")
    await log.used(ANN, "GET /slice", "sess_2", "192.0.2.7")
    await log.used(ANN, "GET /slice", "sess_1", "192.0.2.8")
    assert len(await log.rows()) == 4
    clock.now += SAME_FOR_S
    await log.used(ANN, "GET /slice", "sess_1", "192.0.2.7")
    assert len(await log.rows()) == 5


async def test_while_the_database_fails_rows_wait_and_what_was_lost_is_counted(
    log: AccessLog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise AssistantError("failed", code="database_failed")

    monkeypatch.setattr("assistant.storage.access_log.MOST_WAITING", 3)
    with monkeypatch.context() as broken:
        broken.setattr(database, "write", fails)
        for number in range(5):
            await log.did(ANN, f"number {number}")
    await log.did(ANN, "number 5")
    await log.did(ANN, "number 6")
    found = [row.what for row in await log.rows()]
    assert found == ["number 0", "number 1", "number 2", "3 rows were lost", "number 6"]
    await log.verify()


# --- checkpoints ---


def checkpoint(number: int) -> Checkpoint:
    return Checkpoint(f"2026-12-0{number}", f"sessions{number}", f"access{number}")


@pytest.fixture
def signed(tmp_path: Path) -> tuple[Path, Path]:
    """A file with three checkpoints, the last of a server that was started again; the public key's file."""
    file, key = tmp_path / "elsewhere" / "checkpoints", tmp_path / "key.pem"
    first = Checkpoints(file, key)
    for number in (1, 1, 2):
        first.add(checkpoint(number))
    Checkpoints(file, key).add(checkpoint(3))
    public = tmp_path / "public.pem"
    public.write_text(public_pem(private_key(key)))
    assert key.stat().st_mode & 0o777 == 0o600
    return file, public


def test_checkpoints_are_signed_and_written_when_something_has_changed(signed: tuple[Path, Path]) -> None:
    file, public = signed
    assert read_checkpoints(file, public_key(public)) == [checkpoint(1), checkpoint(2), checkpoint(3)]


@pytest.mark.parametrize("what", ["at", "sessions", "access", "signature", "deleted", "moved", "forged"])
def test_checkpoints_that_were_changed_are_found(
    signed: tuple[Path, Path], tmp_path: Path, what: str
) -> None:
    file, public = signed
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    match what:
        case "deleted":
            del lines[1]
        case "moved":
            lines.reverse()
        case "forged":
            Checkpoints(tmp_path / "forged", tmp_path / "other.pem").add(checkpoint(1))
            lines = [json.loads(line) for line in (tmp_path / "forged").read_text().splitlines()]
        case _:
            lines[1][what] = lines[0][what]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(BadInput) as wrong:
        read_checkpoints(file, public_key(public))
    assert wrong.value.code == "checkpoint_wrong"


@pytest.mark.parametrize("text", ["nonsense\n", "[]\n", '{"at": 1}\n', "\x00\n", "null\n"])
def test_a_file_that_holds_no_checkpoints_is_refused(
    signed: tuple[Path, Path], tmp_path: Path, text: str
) -> None:
    file, public = signed
    file.write_text(text)
    for read in (
        lambda: read_checkpoints(file, public_key(public)),
        lambda: Checkpoints(file, tmp_path / "key.pem"),
    ):
        with pytest.raises(BadInput) as wrong:
            read()
        assert wrong.value.code == "checkpoint_wrong"


def test_half_a_line_of_a_killed_server_is_dropped(signed: tuple[Path, Path], tmp_path: Path) -> None:
    file, public = signed
    with file.open("a") as out:
        out.write('{"at": "2026')
    Checkpoints(file, tmp_path / "key.pem").add(checkpoint(4))
    assert len(read_checkpoints(file, public_key(public))) == 4


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("nonsense")
    for make, code in (
        (lambda: Checkpoints(tmp_path / "c", tmp_path / "no.pem"), "audit_key_unusable"),
        (lambda: Checkpoints(tmp_path, tmp_path / "key.pem"), "checkpoints_unwritable"),
        (lambda: public_key(tmp_path / "no.pem"), "audit_key_unusable"),
        (
            lambda: read_checkpoints(tmp_path / "none", public_key(tmp_path / "key.pem")),
            "checkpoints_unreadable",
        ),
    ):
        with pytest.raises(BadInput) as wrong:
            make()
        assert wrong.value.code == code
