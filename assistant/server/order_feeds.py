"""The sources of orders: a FHIR server and a modality worklist that are asked now and then, and HL7 messages
from a folder or over MLLP.

What a source no longer names leaves the list only after a whole, readable answer. Log lines hold codes and
counts, never what a message says.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from hl7.mllp import HL7StreamReader, HL7StreamWriter, InvalidBlockError, start_hl7_server

from assistant.config import Settings
from assistant.errors import AssistantError, BadInput, Missing
from assistant.orders import hl7, modality
from assistant.orders.fhir import FhirOrders
from assistant.orders.order import OPENABLE, PlacedOrder, Source, Status
from assistant.server.tls import client_tls, server_tls
from assistant.storage.orders import News, Orders

log = logging.getLogger(__name__)

Tell = Callable[[Sequence[News]], None]
FOLDER_EVERY_S = 2.0
LONGEST_MESSAGE_BYTES = 2**20
MOST_SENDERS = 16
IDLE_S = 3600.0
"""A sender that says nothing for so long is disconnected."""
FAILED: Final = "failed"
"""Folder of messages that were not taken, each with its acknowledgement."""


@dataclass(slots=True)
class Feed:
    """One source, with what is to be told of it. ``run`` ends when it is cancelled."""

    source: Source
    run: Callable[["Feed"], Awaitable[None]]
    works: bool = False
    at: str = ""
    message: str = ""

    def worked(self, left_out: int = 0) -> None:
        self.works, self.at = True, datetime.now().astimezone().isoformat(timespec="seconds")
        self.message = f"{left_out} orders name no patient clearly and are left out." if left_out else ""

    def failed(self, error: AssistantError) -> None:
        if self.works or self.message != error.message:
            log.error("orders of %s cannot be had: %s", self.source, error.code)
        self.works, self.message = False, error.message

    def told(self) -> dict[str, Any]:
        return {"source": self.source, "works": self.works, "at": self.at, "message": self.message}


def feeds_of(settings: Settings, orders: Orders, tell: Tell) -> list[Feed]:
    """The sources that the settings name. Raises ``BadInput``: ``certificate_unusable``."""
    found: list[Feed] = []
    if settings.orders_fhir:
        token = settings.orders_fhir_token
        server = FhirOrders(
            settings.orders_fhir,
            query=settings.orders_fhir_query,
            token=token.get_secret_value() if token else None,
            patient_system=settings.orders_fhir_patient_system,
        )
        found.append(Feed("fhir", _Asked(settings, orders, tell).of_fhir(server)))
    if settings.orders_dicom and (peer := modality.peer_of(settings.orders_dicom)):
        tls = client_tls(settings.orders_dicom_ca, settings.orders_dicom_cert)
        found.append(Feed("dicom", _Asked(settings, orders, tell).of_worklist(peer, tls)))
    if settings.orders_hl7_folder:
        found.append(Feed("hl7", _Messages(orders, tell).of_folder(settings.orders_hl7_folder)))
    if settings.orders_mllp:
        tls = server_tls(settings.orders_mllp_cert, settings.orders_mllp_ca)
        messages = _Messages(orders, tell)
        found.append(Feed("hl7", messages.over_mllp(settings.orders_mllp, settings.orders_mllp_from, tls)))
    return found


class _Asked:
    """Sources that give a whole list."""

    def __init__(self, settings: Settings, orders: Orders, tell: Tell) -> None:
        self._settings, self._orders, self._tell = settings, orders, tell

    def of_fhir(self, server: FhirOrders) -> Callable[[Feed], Awaitable[None]]:
        async def ask(feed: Feed) -> None:
            found = await server.active()
            named = {each.key for each in found.orders}
            missing = (await self._orders.keys("fhir", {"active", "held"})).keys() - named
            await self._take(feed, found.orders, await server.status_of(sorted(missing)))
            feed.worked(found.left_out)

        return self._now_and_then(ask)

    def of_worklist(
        self, peer: modality.Peer, tls: ssl.SSLContext | None
    ) -> Callable[[Feed], Awaitable[None]]:
        settings = self._settings

        async def ask(feed: Feed) -> None:
            found, left_out = await asyncio.to_thread(
                modality.scheduled,
                peer,
                settings.orders_dicom_title,
                days_back=settings.orders_days_back,
                days_ahead=settings.orders_days_ahead,
                modality=settings.orders_dicom_modality,
                tls=tls,
            )
            named = {each.key for each in found}
            missing = (await self._orders.keys("dicom", {"active"})).keys() - named
            await self._take(feed, found, {key: "left" for key in missing})
            feed.worked(left_out)

        return self._now_and_then(ask)

    async def _take(self, feed: Feed, found: list[PlacedOrder], gone: dict[str, Status]) -> None:
        known = await self._orders.keys(feed.source, (*OPENABLE, "held"))
        changed = [
            known[key].model_copy(update={"status": status}) for key, status in gone.items() if key in known
        ]
        self._tell(await self._orders.put([*found, *changed]))

    def _now_and_then(self, ask: Callable[[Feed], Awaitable[None]]) -> Callable[[Feed], Awaitable[None]]:
        async def run(feed: Feed) -> None:
            while True:
                try:
                    await ask(feed)
                except AssistantError as error:
                    feed.failed(error)
                await asyncio.sleep(self._settings.orders_every_s)

        return run


class _Messages:
    """Sources that send a message for each change."""

    def __init__(self, orders: Orders, tell: Tell) -> None:
        self._orders, self._tell = orders, tell

    async def take(self, data: bytes) -> hl7.Fault | None:
        """Take the orders of a message, all of them or none; returns why not."""
        try:
            placed = hl7.orders_in(data)
            known = await self._orders.keys("hl7", ("active", "held", "cancelled", "done"))
            named = [each for each in placed if each.status in OPENABLE or each.key in known]
            self._tell(await self._orders.put(named, other_patient="mark"))
        except hl7.Fault as fault:
            return fault
        except BadInput:
            return hl7.other_patient()
        except AssistantError as error:
            log.error("an order message was not stored: %s", error.code)
            return hl7.not_stored()
        return None

    def of_folder(self, folder: Path) -> Callable[[Feed], Awaitable[None]]:
        """Files that end in .hl7, one message each, the oldest first: whoever writes them gives them this
        name when they are whole. What was taken is deleted; what could not be stored stays, to be tried
        again."""

        async def run(feed: Feed) -> None:
            while True:
                try:
                    for file in await asyncio.to_thread(_waiting, folder):
                        await self._take_file(file)
                    feed.worked()
                except OSError:
                    code = "orders_folder_unusable"
                    feed.failed(AssistantError("The folder of order messages cannot be used.", code=code))
                await asyncio.sleep(FOLDER_EVERY_S)

        return run

    async def _take_file(self, file: Path) -> None:
        data = await asyncio.to_thread(file.read_bytes)
        fault = await self.take(data)
        if fault and fault.code == hl7.Code.APPLICATION_INTERNAL_ERROR:
            return
        if fault:
            log.error("an order message in the folder was not taken: %d", fault.code)
            await asyncio.to_thread(_set_aside, file, hl7.acknowledgement(data, fault))
        else:
            await asyncio.to_thread(file.unlink)

    def over_mllp(
        self, address: str, senders: Sequence[str], tls: ssl.SSLContext | None
    ) -> Callable[[Feed], Awaitable[None]]:
        """A listener; every message gets its acknowledgement once it is stored."""
        host, _, port = address.rpartition(":")
        connected: set[HL7StreamWriter] = set()

        async def talk(reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
            peer = str((writer.get_extra_info("peername") or ("",))[0])
            if (senders and peer not in senders) or len(connected) >= MOST_SENDERS:
                log.warning("a sender of orders was refused")
                writer.close()
                return
            connected.add(writer)
            try:
                while True:
                    async with asyncio.timeout(IDLE_S):
                        data = await reader.readblock()
                    writer.writeblock(hl7.acknowledgement(data, await self.take(data)))
                    await writer.drain()
            except (asyncio.IncompleteReadError, InvalidBlockError, TimeoutError, ValueError, OSError):
                pass  # it has gone, or does not speak MLLP
            finally:
                connected.discard(writer)
                writer.close()

        async def run(feed: Feed) -> None:
            try:
                server = await start_hl7_server(
                    talk,
                    host.strip("[]"),
                    int(port),
                    limit=LONGEST_MESSAGE_BYTES,
                    family=socket.AF_UNSPEC,
                    ssl=tls,
                )
            except OSError as error:
                message = f"Cannot listen for orders on {address} ({error.strerror})."
                feed.failed(Missing(message, code="orders_address_unavailable"))
                return
            async with server:
                feed.worked()
                try:
                    await asyncio.get_running_loop().create_future()
                finally:
                    for writer in list(connected):
                        writer.close()

        return run


def _waiting(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.hl7"), key=lambda file: (file.stat().st_mtime_ns, file.name))


def _set_aside(file: Path, acknowledgement: bytes) -> None:
    """Out of the way, for whoever looks after the interface."""
    aside = file.parent / FAILED
    aside.mkdir(mode=0o700, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        file.rename(aside / file.name)
        (aside / f"{file.name}.ack").write_bytes(acknowledgement)
