"""Fixtures that all tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from benches.postgres import Postgres, running
from tests.postgres import needs_postgres

settings.register_profile("no clock", deadline=None)  # a busy machine is no failure
settings.load_profile("no clock")

ROOT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several workers (``-n``) one drives the browser, where time passes as people speak."""
    for item in items:
        if item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    return ROOT / "tests" / "data"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """For tests that are marked ``needs_postgres``."""
    with running() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: Postgres) -> Iterator[str]:
    """The URL of a PostgreSQL database of the test's own, with the tables of the newest version."""
    yield postgres_server.new_database()
    postgres_server.drop_databases()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_postgres)])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Address of a store: a folder, or the URL of a PostgreSQL database."""
    if request.param == "sqlite":
        return tmp_path / "kept"
    url: str = request.getfixturevalue("postgres")
    return url
