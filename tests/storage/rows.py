"""Events as the store takes them, and its rows as somebody changes them behind its back."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from assistant.conversation.log import Logged
from assistant.events import ServerEvent
from assistant.storage.database import open_engine, url_of


def logged(events: Iterable[ServerEvent]) -> list[Logged]:
    return [Logged(event.seq, event.type, event.model_dump_json()) for event in events]


@contextmanager
def raw(where: Path | str, *, rules: bool = True) -> Iterator[sa.Connection]:
    """A connection; committed at the end. Without ``rules`` it may change what is only ever added to, and
    refer to what is not there."""
    engine = open_engine(url_of(where))
    if not rules:

        @sa.event.listens_for(engine, "connect")
        def _(connection: Any, _: object) -> None:
            if engine.dialect.name == "sqlite":
                connection.execute("PRAGMA foreign_keys = OFF")
            else:  # triggers, and with them references, are not looked at
                connection.execute("SET session_replication_role = replica")
                connection.commit()

    try:
        with engine.begin() as connection:
            if not rules and engine.dialect.name == "sqlite":
                query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
                for name in connection.execute(sa.text(query)).scalars().all():
                    connection.execute(sa.text(f"DROP TRIGGER {name}"))
            yield connection
    finally:
        engine.dispose()


def dump(where: Path | str, *, index: bool = True) -> str:
    """Every value of every table; without those of the ``index`` of words, if it is not wanted."""
    with raw(where) as connection:
        tables = sa.MetaData()
        tables.reflect(connection)
        wanted = [each for each in tables.sorted_tables if index or not each.name.startswith("report_texts")]
        return "\n".join(str(row) for each in wanted for row in connection.execute(sa.select(each)))
