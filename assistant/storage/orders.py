"""Orders as they are kept in the database: what each source said last, and who reports what.

They hold patients' names, in the database that the reports are in. Orders that no source has named for
``keep_days`` are deleted; those of a report that still exists go with it.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from assistant.errors import BadInput
from assistant.events import Order, Patient
from assistant.orders.hl7 import merged
from assistant.orders.order import (
    OPENABLE,
    KeptOrder,
    ListedOrder,
    PlacedOrder,
    Source,
    Status,
    listed,
    same_patient,
)
from assistant.storage.database import Database

SEEN_EVERY_S = 3600.0
"""Precision of the time at which a source named an order last."""
DAY_S = 86_400.0
OtherPatient = Literal["take", "refuse", "mark"]
"""``take``: a list that is asked for says what is so now; what contradicts itself is shown. ``refuse``: and
nothing is changed. ``mark``: refuse, and show the earlier order as doubtful, until its source names it again
as it was."""

_orders = sa.Table(
    "orders",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    *(
        sa.Column(name, sa.Text)
        for name in ("source", "source_key", "accession", "owner", "status", "body", "received_at")
    ),
    sa.Column("changed_at", sa.Text),
    sa.Column("seen_at", sa.Float),
    sa.Column("disputed", sa.Integer),
    *(sa.Column(name, sa.Text) for name in ("taken_by", "report_id", "taken_as")),
)


@dataclass(frozen=True, slots=True)
class News:
    """Something that whoever writes the report of an order is to know."""

    report_id: str
    what: Literal["cancelled", "changed"]


class Orders:
    """In the ``database``, which its owner opens and closes. Every method raises ``AssistantError``
    (``database_failed``) where it does not answer."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        self._database, self._now = database, now
        self._writing = asyncio.Lock()

    # --- sources ---

    async def put(
        self, placed: Sequence[PlacedOrder], owner: str = "", *, other_patient: OtherPatient = "take"
    ) -> list[News]:
        """Add or change orders: all of them or none. ``owner``: the user who writes them by hand.

        ``other_patient``: what to do with an order that is for somebody else than an earlier one with its key
        or its accession number. Raises ``BadInput``: ``order_other_patient``.
        """
        refused: list[str] = []
        news: list[News] = []
        async with self._writing, self._database.write() as connection:
            like_them = sa.or_(
                _orders.c.source_key.in_([each.key for each in placed]),
                _orders.c.accession.in_([each.order.accession for each in placed if each.order.accession]),
            )
            found = await _all(connection, like_them)
            known = {(each.placed.source, each.placed.key): each for each in found}
            if other_patient != "take":
                refused = [other.id for each in placed for other in _others(each, list(known.values()))]
            for each in placed if not refused else ():
                key = (each.source, each.key)
                old = known.get(key)
                if old is None:
                    known[key] = await self._add(connection, each, owner)
                    continue
                now = merged(old.placed, each) if each.source == "hl7" else each
                if news_of_it := _news_between(old, old.placed, now):
                    news.append(news_of_it)
                await self._update(connection, old, now)
                known[key] = replace(old, placed=now)  # a list may name an order twice
            if other_patient == "mark" and refused:
                marked = sa.update(_orders).where(_orders.c.id.in_(refused))
                await connection.execute(marked.values(disputed=1))
        if refused:
            message = "There is an order with this number for another patient. Nothing was taken."
            raise BadInput(message, code="order_other_patient")
        return news

    async def keys(self, source: Source, statuses: Collection[Status]) -> dict[str, PlacedOrder]:
        """The orders of this source in one of these statuses, by their key."""
        async with self._database.read() as connection:
            kept = await _all(connection, _orders.c.source == source, _orders.c.status.in_(list(statuses)))
        return {each.placed.key: each.placed for each in kept}

    # --- people ---

    async def write(self, patient: Patient, order: Order, person: str) -> ListedOrder:
        """An order by hand. Raises as ``put`` does."""
        placed = PlacedOrder(source="hand", key=secrets.token_urlsafe(12), patient=patient, order=order)
        await self.put([placed], person, other_patient="refuse")
        async with self._database.read() as connection:
            kept = await _all(connection)
        (own,) = (each.id for each in kept if each.placed.key == placed.key)
        return next(each for each in listed(kept, person) if own in each.ids)

    async def listed(self, person: str) -> list[ListedOrder]:
        async with self._database.read() as connection:
            return listed(await _all(connection), person)

    async def found(self, order_id: str, person: str) -> ListedOrder:
        """Raises ``BadInput``: ``order_unknown``, also where this person does not see it."""
        entry = next((each for each in await self.listed(person) if order_id in each.ids), None)
        if entry is None:
            raise BadInput("There is no such order.", code="order_unknown")
        return entry

    async def take(self, order_id: str, person: str, report_id: str) -> ListedOrder:
        """This person begins the report of this order; nobody else can then. Raises ``BadInput``:
        ``order_unknown``, ``order_not_open``, ``order_doubtful``."""
        async with self._writing, self._database.write() as connection:
            kept = await _all(connection)
            entry = next((each for each in listed(kept, person) if order_id in each.ids), None)
            if entry is None:
                raise BadInput("There is no such order.", code="order_unknown")
            if entry.state != "open":
                raise _not_open()
            if entry.doubt:
                message = (
                    "This order's number was given for two patients, so nobody can tell whose it is. Ask the "
                    "sender to correct it."
                )
                raise BadInput(message, code="order_doubtful")
            for each in kept:
                if each.id in entry.ids:
                    taken = {"taken_by": person, "report_id": report_id}
                    taken["taken_as"] = each.placed.model_dump_json()
                    free = _of(each.id).where(_orders.c.taken_by == "")
                    if (
                        await connection.execute(free.values(**taken))
                    ).rowcount != 1:  # another server's user
                        raise _not_open()
        return entry

    async def release(self, report_id: str) -> None:
        """The report is gone: its order is to be reported again."""
        free = {"taken_by": "", "report_id": "", "taken_as": ""}
        async with self._writing, self._database.write() as connection:
            await connection.execute(
                sa.update(_orders).where(_orders.c.report_id == report_id).values(**free)
            )

    async def remove(self, order_id: str, person: str) -> None:
        """Delete an order that this person wrote by hand. Raises ``BadInput``: ``order_unknown``,
        ``order_not_by_hand``."""
        async with self._writing, self._database.write() as connection:
            kept = [each for each in await _all(connection) if each.owner in ("", person)]
            found = next((each for each in kept if each.id == order_id), None)
            if found is None:
                raise BadInput("There is no such order.", code="order_unknown")
            if found.owner != person:
                message = "This order came from a hospital system: it is cancelled there."
                raise BadInput(message, code="order_not_by_hand")
            await connection.execute(sa.delete(_orders).where(_orders.c.id == order_id))

    async def news_of(self, report_id: str) -> News | None:
        """The changes to a report's order since the report was begun."""
        async with self._database.read() as connection:
            for each in await _all(connection, _orders.c.report_id == report_id):
                if each.taken_as and (news := _news_between(each, each.taken_as, each.placed)):
                    return news
        return None

    async def delete_old(self, keep_days: int) -> None:
        """Delete orders that were named last so long ago and have no report; 0 days: none."""
        if not keep_days:
            return
        old = _orders.c.seen_at < self._now() - keep_days * DAY_S
        async with self._writing, self._database.write() as connection:
            await connection.execute(sa.delete(_orders).where(old, _orders.c.report_id == ""))

    # ---

    async def _add(self, connection: AsyncConnection, placed: PlacedOrder, owner: str) -> KeptOrder:
        now = self._now()
        at = _stamp(now)
        added = KeptOrder(f"order_{secrets.token_urlsafe(12)}", owner, placed, received_at=at, changed_at=at)
        row = {"id": added.id, "owner": owner, "received_at": at, "changed_at": at, "seen_at": now}
        empty = {"disputed": 0, "taken_by": "", "report_id": "", "taken_as": ""}
        await connection.execute(_orders.insert().values(**row, **empty, **_columns(placed)))
        return added

    async def _update(self, connection: AsyncConnection, old: KeptOrder, placed: PlacedOrder) -> None:
        values: dict[str, Any] = {"seen_at": self._now()}
        if placed != old.placed:
            values |= {**_columns(placed), "changed_at": _stamp(self._now()), "disputed": 0}
        elif old.disputed:
            values["disputed"] = 0  # the source says again whose it is
        elif not await self._is_long_ago(connection, old.id):
            return
        await connection.execute(_of(old.id).values(**values))

    async def _is_long_ago(self, connection: AsyncConnection, order_id: str) -> bool:
        seen = await connection.scalar(sa.select(_orders.c.seen_at).where(_orders.c.id == order_id))
        return bool(seen is None or seen + SEEN_EVERY_S < self._now())


def _others(placed: PlacedOrder, known: Sequence[KeptOrder]) -> list[KeptOrder]:
    """The orders with its key or its number that are for somebody else."""
    number = placed.order.accession
    return [
        each
        for each in known
        if (
            (each.placed.source, each.placed.key) == (placed.source, placed.key)
            or (number and each.placed.order.accession == number and each.placed.status in OPENABLE)
        )
        and not same_patient(each.placed.patient, placed.patient)
    ]


def _news_between(kept: KeptOrder, before: PlacedOrder, now: PlacedOrder) -> News | None:
    if not kept.report_id:
        return None
    if now.status == "cancelled" != before.status:
        return News(kept.report_id, "cancelled")
    if (before.patient, before.order) != (now.patient, now.order):
        return News(kept.report_id, "changed")
    return None


def _not_open() -> BadInput:
    return BadInput("This order is not to be reported any more.", code="order_not_open")


async def _all(connection: AsyncConnection, *where: Any) -> list[KeptOrder]:
    rows = await connection.execute(sa.select(_orders).where(*where).order_by(_orders.c.received_at))
    return [_kept(row) for row in rows.mappings()]


def _kept(row: Any) -> KeptOrder:
    return KeptOrder(
        id=row["id"],
        owner=row["owner"],
        placed=PlacedOrder.model_validate_json(row["body"]),
        received_at=row["received_at"],
        changed_at=row["changed_at"],
        disputed=bool(row["disputed"]),
        taken_by=row["taken_by"],
        report_id=row["report_id"],
        taken_as=PlacedOrder.model_validate_json(row["taken_as"]) if row["taken_as"] else None,
    )


def _columns(placed: PlacedOrder) -> dict[str, str]:
    return {
        "source": placed.source,
        "source_key": placed.key,
        "accession": placed.order.accession,
        "status": placed.status,
        "body": placed.model_dump_json(),
    }


def _of(order_id: str) -> sa.Update:
    return sa.update(_orders).where(_orders.c.id == order_id)


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="milliseconds")
