"""The access log of a server with users: sign-ins and every use of a right, with user, time and address.

No row holds a patient's words: ``what`` names a route or an action of this program, ``about`` a session, a
user or a key. Each row has the hash of what it says and of the row before it, as the audit of ``Store`` has.
"""

import asyncio
import getpass
import hashlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from assistant.errors import AssistantError, BadInput
from assistant.principal import Principal
from assistant.storage.database import Database

log = logging.getLogger(__name__)

SAME_FOR_S = 300.0
"""The same user doing the same with the same from the same address is one row for so long."""
MOST_REMEMBERED = 10_000
ROWS_AT_ONCE = 1_000
MOST_WAITING = 10_000
"""Rows that could not be written; of more, only how many they were is written."""

_table = sa.Table(
    "access_log",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    *(
        sa.Column(name, sa.Text)
        for name in ("at", "user_id", "who", "credential", "what", "about", "address", "hash")
    ),
)


@dataclass(frozen=True, slots=True)
class Access:
    """One row. ``credential``: the sign-in or key that was shown."""

    at: str
    user_id: str
    who: str
    credential: str
    what: str
    about: str
    address: str

    def chained(self, previous: str) -> str:
        """The hash of this row when it follows the row with the hash ``previous``."""
        text = json.dumps([previous, *astuple(self)], ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class AccessLog:
    """In the ``database``, which its owner opens and closes."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        self._database, self._now = database, now
        self._waiting: list[Access] = []
        self._lost = 0
        self._writing = asyncio.Lock()
        self._noted: dict[tuple[str, ...], float] = {}

    async def used(self, principal: Principal, what: str, about: str, address: str) -> None:
        """Note the use of a right, once in ``SAME_FOR_S``; on disk on return."""
        key, now = (principal.id, principal.credential, what, about, address), self._now()
        if self._noted.get(key, 0.0) + SAME_FOR_S > now:
            return
        self._noted.pop(key, None)
        if len(self._noted) >= MOST_REMEMBERED:
            self._noted.pop(next(iter(self._noted)))
        self._noted[key] = now
        await self.did(principal, what, about, address)

    async def did(self, principal: Principal, what: str, about: str = "", address: str = "") -> None:
        """Note something that somebody did; on disk on return.

        While the database fails, rows wait in memory for the next one, and the log says so.
        """
        at = datetime.fromtimestamp(self._now()).astimezone().isoformat(timespec="milliseconds")
        row = Access(at, principal.id, principal.name, principal.credential, what, about, address)
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(row)
        else:
            self._lost += 1
        async with self._writing:
            if not self._waiting:  # whoever wrote before took this row along
                return
            rows = list(self._waiting)
            if self._lost:
                rows.append(Access(at, "", "assistant", "", f"{self._lost} rows were lost", "", ""))
            lost = self._lost
            try:
                async with self._database.write() as connection:
                    await _append(connection, rows)
            except AssistantError as error:
                log.error("the access log cannot be written (%s): %d rows wait", error.code, len(rows))
                return
            del self._waiting[: len(rows) - bool(lost)]
            self._lost -= lost

    # --- reading ---

    async def rows(self, *, who: str = "", about: str = "", most: int = 1000) -> list[Access]:
        """The newest ``most`` rows, oldest first, of this user and about this session, user or key."""
        query = sa.select(_table).order_by(_table.c.id.desc()).limit(most)
        for column, wanted in ((_table.c.who, who), (_table.c.about, about)):
            if wanted:
                query = query.where(column == wanted)
        async with self._database.read() as connection:
            return [_access(row) for row in reversed((await connection.execute(query)).all())]

    async def last_hash(self) -> str:
        """The hash that the chain ends with; empty where there is no row."""
        async with self._database.read() as connection:
            return await _last(connection)

    async def verify(self, earlier: Sequence[str] = ()) -> str:
        """Check the chain; returns its last hash. ``earlier`` are hashes that were the last one at some time.

        Raises ``BadInput``: ``audit_broken``, which names the row; ``audit_cut`` if one of ``earlier``
        is gone.
        """
        missing, previous = set(earlier) - {""}, ""
        query = sa.select(_table).order_by(_table.c.id).limit(ROWS_AT_ONCE)
        following = query
        async with self._database.read() as connection:
            while rows := (await connection.execute(following)).all():
                for row in rows:
                    previous = _access(row).chained(previous)
                    if previous != row.hash:
                        raise BadInput(
                            f"Row {row.id} of the access log was changed, or rows before it were changed,"
                            " moved or deleted.",
                            code="audit_broken",
                        )
                    missing.discard(previous)
                following = query.where(_table.c.id > rows[-1].id)
        if missing:
            message = "The access log lacks a hash that it once ended with: its end was cut off."
            raise BadInput(message, code="audit_cut")
        return previous


def command_line() -> Principal:
    """Whoever uses a command on the server's machine."""
    return Principal("", f"{getpass.getuser()} (command line)")


async def _append(connection: AsyncConnection, rows: Sequence[Access]) -> None:
    previous = await _last(connection)
    for row in rows:
        previous = row.chained(previous)
        values = {name: getattr(row, name) for name in Access.__slots__}
        await connection.execute(_table.insert().values(**values, hash=previous))


async def _last(connection: AsyncConnection) -> str:
    query = sa.select(_table.c.hash).order_by(_table.c.id.desc()).limit(1)
    return str((await connection.execute(query)).scalar() or "")


def _access(row: sa.Row) -> Access:  # type: ignore[type-arg]
    return Access(row.at, row.user_id, row.who, row.credential, row.what, row.about, row.address)
