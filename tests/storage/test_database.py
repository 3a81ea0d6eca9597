"""The database: its file, its migrations, its transactions."""

import sqlite3
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from assistant.errors import AssistantError, BadInput
from assistant.storage.database import FILE, Database, url_of
from assistant.storage.store import Store
from benches.postgres import Postgres
from tests.postgres import needs_postgres
from tests.storage.rows import dump, raw


async def test_a_new_database_is_for_the_user_alone_and_has_its_tables(tmp_path: Path) -> None:
    database = Database(tmp_path / "kept")
    await database.start()
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM sessions"))).scalar_one() == 0
        assert (await connection.execute(text("PRAGMA journal_mode"))).scalar_one() == "wal"
        assert (await connection.execute(text("PRAGMA synchronous"))).scalar_one() == 2
        files = list((tmp_path / "kept").iterdir())
        assert len(files) > 1
        assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700
    await database.close()


async def test_a_store_and_a_database_use_one_place_at_once(where: Path | str) -> None:
    with Store(where) as store:
        database = Database(where)
        await database.start()
        store.record("sess_1", "somebody", "exported_txt")
        async with database.read() as connection:
            found = await connection.execute(text("SELECT what FROM audit"))
            assert found.scalars().all() == ["exported_txt"]
        await database.close()


async def test_a_transaction_that_fails_leaves_nothing_also_no_table(where: Path | str) -> None:
    database = Database(where)
    await database.start()
    with pytest.raises(AssistantError) as failed:
        async with database.write() as connection:
            await connection.execute(text("CREATE TABLE half (word TEXT)"))
            await connection.execute(
                text("INSERT INTO nowhere VALUES (:word)"), {"word": "said-by-a-patient"}
            )
    assert failed.value.code == "database_failed"
    assert "said-by-a-patient" not in failed.value.message
    async with database.read() as connection:
        assert not await connection.run_sync(lambda each: inspect(each).has_table("half"))
    await database.close()


@pytest.mark.parametrize("revision", ["9999", None])
async def test_the_file_of_a_newer_version_or_another_program_is_left_as_it_is(
    tmp_path: Path, revision: str | None
) -> None:
    if revision:
        Store(tmp_path).close()
        with sqlite3.connect(tmp_path / FILE) as connection:
            connection.execute("DELETE FROM alembic_version")
            connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
    else:
        with sqlite3.connect(tmp_path / FILE) as connection:
            connection.execute("CREATE TABLE theirs (word TEXT)")
    connection.close()
    before = (tmp_path / FILE).read_bytes()
    database = Database(tmp_path)
    with pytest.raises(BadInput) as refused:
        await database.start()
    assert refused.value.code == "store_broken"
    with pytest.raises(BadInput):
        Store(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("somewhere", "sqlite"),
        ("sqlite:////var/kept.sqlite3", "sqlite"),
        ("postgresql://me@host/reports", "postgresql+psycopg"),
    ],
)
def test_a_database_is_named_by_a_folder_or_a_url(given: str, driver: str) -> None:
    assert url_of(given).drivername == driver


@needs_postgres
async def test_a_postgresql_database_of_a_newer_version_is_left_as_it_is(postgres: str) -> None:
    with raw(postgres) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999' WHERE version_num = '0003'"))
    before = dump(postgres)
    with pytest.raises(BadInput) as refused:
        await Database(postgres).start()
    assert refused.value.code == "store_broken"
    with pytest.raises(BadInput) as refused:
        Store(postgres)
    assert refused.value.code == "store_broken"
    assert dump(postgres) == before


@needs_postgres
def test_servers_that_begin_at_once_make_the_tables_once(postgres_server: Postgres) -> None:
    url = postgres_server.new_database("template0")
    with ThreadPoolExecutor(3) as pool:
        for store in list(pool.map(Store, [url] * 3)):
            store.close()
    postgres_server.drop_databases()


def test_without_the_extra_package_postgresql_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for make in (Store, Database):
        with pytest.raises(BadInput) as refused:
            make("postgresql://me@127.0.0.1:9/reports")
        assert refused.value.code == "database_driver_missing"


@pytest.mark.parametrize("given", ["mysql://host/reports", "://", "postgresql://host:port/x"])
def test_other_databases_are_refused(given: str) -> None:
    with pytest.raises(BadInput) as refused:
        url_of(given)
    assert refused.value.code == "database_unsupported"
