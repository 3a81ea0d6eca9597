"""Own words, templates, macros, settings and corrections of users, of groups, and of all.

In the database, or in memory only on a server that keeps nothing. Whoever owns a thing is the id of a user,
``group_owner(name)``, or ``SHARED``.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import sqlalchemy as sa

from assistant.errors import BadInput
from assistant.storage.database import Database

Kind = Literal["words", "templates", "macros", "settings", "corrections"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
SHARED: Final = "shared"
MOST: Final[Mapping[Kind, int]] = {
    "words": 5_000,
    "templates": 200,
    "macros": 1_000,
    "settings": 1,
    "corrections": 1_000,
}
"""Most things of a kind that an owner may have. The oldest corrections go; more of the others are refused."""
READ_AGAIN_S = 10.0
"""Longest time until a change by another server on the same database is seen here."""

_table = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("name", sa.Text),
    sa.Column("body", sa.JSON),
    sa.Column("changed_at", sa.Float),
)


def group_owner(name: str) -> str:
    return f"group:{name}"


@dataclass(frozen=True, slots=True)
class Thing:
    """``name`` tells it apart among those of its kind and owner; ``body`` is JSON."""

    id: str
    owner: str
    kind: Kind
    name: str
    body: Mapping[str, Any]
    changed_at: float


class Things:
    """Each method raises ``AssistantError`` (``database_failed``) where the database does not answer. The
    ``database`` is opened by ``start`` and closed by ``close``."""

    def __init__(self, database: Database | None, now: Callable[[], float] = time.time) -> None:
        self._database, self._now = database, now
        self._held: dict[str, tuple[float, tuple[Thing, ...]]] = {}  # by owner: when it was read
        self._changing = asyncio.Lock()

    @property
    def lasts(self) -> bool:
        """Whether anything is kept on disk."""
        return self._database is not None

    async def start(self) -> None:
        """Raises ``BadInput``: ``database_unusable``, ``store_broken``."""
        if self._database:
            await self._database.start()

    async def close(self) -> None:
        if self._database:
            await self._database.close()

    async def of(self, owner: str) -> tuple[Thing, ...]:
        """All of this owner's, by kind and name: the same tuple as long as nothing has changed."""
        read_at, found = self._held.get(owner, (-1.0, ()))
        if self._database is None or 0 <= self._now() - read_at < READ_AGAIN_S:
            return found
        query = sa.select(_table).where(_table.c.owner == owner)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings()
            now = _in_order(Thing(**row) for row in rows)
        if now != found:
            found = now
        self._held[owner] = (self._now(), found)
        return found

    async def one(self, owner: str, kind: Kind, thing_id: str) -> Thing:
        """Raises ``BadInput`` (``thing_unknown``), also for another owner's."""
        found = [each for each in await self.of(owner) if each.id == thing_id and each.kind == kind]
        if not found:
            raise BadInput("There is no such entry any more.", code="thing_unknown")
        return found[0]

    async def put(
        self, owner: str, kind: Kind, name: str, body: Mapping[str, Any], thing_id: str | None = None
    ) -> Thing:
        """Add a thing, or change the one with this id. Raises ``BadInput``: ``thing_unknown``,
        ``name_taken``, ``too_many``."""
        async with self._changing:
            if thing_id is not None:
                await self.one(owner, kind, thing_id)
            others = [each for each in await self._now_of(owner) if each.kind == kind and each.id != thing_id]
            if any(each.name == name for each in others):
                raise BadInput("There is one of this name already: change it there.", code="name_taken")
            drop: tuple[str, ...] = ()
            if len(others) >= MOST[kind]:
                if kind != "corrections":
                    raise BadInput(f"More than {MOST[kind]} are not kept.", code="too_many")
                oldest = min(others, key=lambda each: each.changed_at)
                drop = (oldest.id,)
            thing_id = thing_id or f"{kind}_{secrets.token_urlsafe(9)}"
            thing = Thing(thing_id, owner, kind, name, dict(body), self._now())
            await self._exchange(owner, (thing,), (*drop, thing.id))
            return thing

    async def delete(self, owner: str, kind: Kind, ids: Sequence[str] | None = None) -> int:
        """Delete those with these ids, or all of a kind; returns how many there were."""
        async with self._changing:
            gone = [
                each.id
                for each in await self._now_of(owner)
                if each.kind == kind and (ids is None or each.id in ids)
            ]
            await self._exchange(owner, (), gone)
            if gone and self._database:
                await self._database.overwrite()
            return len(gone)

    async def _now_of(self, owner: str) -> tuple[Thing, ...]:
        """As ``of``, and as it is in the database now."""
        if self._database:
            read_at, found = self._held.get(owner, (0.0, ()))
            self._held[owner] = (min(read_at, -READ_AGAIN_S), found)
        return await self.of(owner)

    async def _exchange(self, owner: str, come: Sequence[Thing], gone: Sequence[str]) -> None:
        _, found = self._held.get(owner, (0.0, ()))
        if self._database:
            async with self._database.write() as connection:
                for at in range(0, len(gone), 500):
                    await connection.execute(_table.delete().where(_table.c.id.in_(gone[at : at + 500])))
                for thing in come:
                    row = {name: getattr(thing, name) for name in Thing.__slots__}
                    await connection.execute(_table.insert().values(row))
        left = [each for each in found if each.id not in gone]
        self._held[owner] = (self._now(), _in_order([*left, *come]))


def _in_order(things: Iterable[Thing]) -> tuple[Thing, ...]:
    """By kind and name: databases sort letters in ways of their own."""
    return tuple(sorted(things, key=lambda each: (each.kind, each.name)))
