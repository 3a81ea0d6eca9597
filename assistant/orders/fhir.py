"""Orders that are active at a FHIR R4 server: ServiceRequests with their patients, by search.

Only what is to be done is taken: status ``active``, an order's intent, no ``doNotPerform``. The patient's
number is the identifier of type MR, or of ``patient_system`` where that is set, or the only one; a patient
with several numbers of which none is said to be the one is left out, and counted.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx2
from pydantic import ValidationError

from assistant.characters import whole
from assistant.errors import AssistantError
from assistant.events import Order, Patient
from assistant.orders.order import PlacedOrder, Status, person_name

WAIT_S = 20.0
PAGE_ENTRIES = 100
MOST_PAGES, MOST_ORDERS = 100, 5000
LONGEST_PAGE_BYTES = 16 * 2**20
MOST_LOOKED_UP = 200
"""Orders that the search no longer names are read one by one, so many in a round."""
INTENTS: Final = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})
STATUSES: Final[Mapping[str, Status]] = {
    "active": "active",
    "on-hold": "held",
    "draft": "held",
    "revoked": "cancelled",
    "entered-in-error": "cancelled",
    "completed": "done",
    "unknown": "held",
}
"""Codes of the required value set request-status, R4."""
NUMBER_TYPES: Final = "http://terminology.hl7.org/CodeSystem/v2-0203"

Resource = dict[str, Any]


@dataclass(slots=True)
class Found:
    """``left_out``: orders that are active and cannot be taken, since patient or number is not clear."""

    orders: list[PlacedOrder] = field(default_factory=list)
    left_out: int = 0


class FhirOrders:
    """One server at ``url``, its base address. ``query`` narrows the search, as ``category=363679005``."""

    def __init__(
        self, url: str, *, query: str = "", token: str | None = None, patient_system: str = ""
    ) -> None:
        self._url, self._patient_system = url.rstrip("/") + "/", patient_system
        self._query = [*parse_qsl(query), ("status", "active"), ("_include", "ServiceRequest:subject")]
        headers = {"Accept": "application/fhir+json"}
        self._headers = headers | ({"Authorization": f"Bearer {token}"} if token else {})

    async def active(self) -> Found:
        """All orders that are to be done. Raises ``AssistantError``: ``orders_unreachable``,
        ``orders_refused``, ``orders_unreadable``, ``orders_too_many``: then nothing is known of any."""
        found, pages = Found(), 0
        query = httpx2.QueryParams([*self._query, ("_count", str(PAGE_ENTRIES))])
        address: str | None = f"{self._url}ServiceRequest?{query}"
        async with self._client() as client:
            while address:
                pages += 1
                bundle = await self._read(client, address)
                self._take(found, bundle)
                if pages >= MOST_PAGES or len(found.orders) > MOST_ORDERS:
                    message = f"The server has more than {MOST_ORDERS} orders: narrow the search."
                    raise AssistantError(message, code="orders_too_many")
                address = self._next(bundle, address)
        return found

    async def status_of(self, keys: Collection[str]) -> dict[str, Status]:
        """The status of these orders, which the search no longer names. Raises as ``active`` does."""
        found: dict[str, Status] = {}
        async with self._client() as client:
            for key in list(keys)[:MOST_LOOKED_UP]:
                resource = await self._read(client, f"{self._url}ServiceRequest/{key}", may_be_gone=True)
                status = resource.get("status")
                gone = not resource or status not in STATUSES
                found[key] = "cancelled" if gone else STATUSES[str(status)]
                if found[key] == "active":  # it is, but is not what the search asks for
                    found[key] = "held"
        return found

    def _client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(timeout=WAIT_S, headers=self._headers, follow_redirects=False)

    async def _read(self, client: httpx2.AsyncClient, address: str, *, may_be_gone: bool = False) -> Resource:
        try:
            async with client.stream("GET", address) as response:
                if may_be_gone and response.status_code in (404, 410):
                    return {}
                if response.status_code != 200:
                    message = f"The FHIR server refused the search ({response.status_code})."
                    raise AssistantError(message, code="orders_refused")
                body = b""
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > LONGEST_PAGE_BYTES:
                        raise _unreadable()
        except httpx2.HTTPError:
            message = "The FHIR server does not answer."
            raise AssistantError(message, code="orders_unreachable") from None
        try:
            resource = httpx2.Response(200, content=body).json()
        except (ValueError, RecursionError):
            raise _unreadable() from None
        if not isinstance(resource, dict):
            raise _unreadable()
        return resource

    def _next(self, bundle: Resource, address: str) -> str | None:
        """The next page, which must be of the same server: it is sent the token."""
        links = [each.get("url") for each in _dicts(bundle.get("link")) if each.get("relation") == "next"]
        if not links:
            return None
        following = urljoin(address, str(links[0]))
        if urlsplit(following)[:2] != urlsplit(self._url)[:2]:
            message = "The FHIR server names a next page on another server, which is not asked."
            raise AssistantError(message, code="orders_unreadable")
        return following

    def _take(self, found: Found, bundle: Resource) -> None:
        if bundle.get("resourceType") != "Bundle":
            raise _unreadable()
        entries = _dicts(bundle.get("entry"))
        resources = [entry["resource"] for entry in entries if isinstance(entry.get("resource"), dict)]
        patients: dict[str, Resource] = {}
        for entry in entries:
            resource = entry.get("resource")
            if isinstance(resource, dict) and resource.get("resourceType") == "Patient":
                patients[f"Patient/{resource.get('id')}"] = resource
                patients[str(entry.get("fullUrl"))] = resource
        for each in resources:
            if each.get("resourceType") != "ServiceRequest" or not _is_to_be_done(each):
                continue
            placed = self._placed(each, patients)
            if placed is None:
                found.left_out += 1
            else:
                found.orders.append(placed)

    def _placed(self, request: Resource, patients: Mapping[str, Resource]) -> PlacedOrder | None:
        subject = request.get("subject")
        reference = str(subject.get("reference", "")) if isinstance(subject, dict) else ""
        patient = patients.get(reference) or patients.get(reference.removeprefix(self._url))
        person = self._person(patient) if patient else None
        if person is None or not isinstance(request.get("id"), str):
            return None
        numbers = _dicts(request.get("identifier"))
        try:
            return PlacedOrder(
                source="fhir",
                key=request["id"],
                patient=person,
                order=Order(
                    accession=_typed(numbers, "ACSN"),
                    placer=_typed(numbers, "PLAC"),
                    filler=_typed(numbers, "FILL"),
                    exam=_words(request.get("code"))[:200],
                    at=_local(request.get("occurrenceDateTime") or _start(request.get("occurrencePeriod"))),
                    request=f"{self._url}ServiceRequest/{request['id']}",
                ),
                note=_words(next(iter(_dicts(request.get("reasonCode"))), None))[:200],
            )
        except ValidationError:
            return None

    def _person(self, patient: Resource) -> Patient | None:
        """None where the number is not clear."""
        numbers = [each for each in _dicts(patient.get("identifier")) if each.get("value")]
        if self._patient_system:
            numbers = [each for each in numbers if each.get("system") == self._patient_system]
        elif records := [each for each in numbers if _is_of_type(each, "MR")]:
            numbers = records
        values = {str(each["value"]).strip() for each in numbers if each.get("use") != "old"}
        if len(values) != 1:
            return None
        names = sorted(_dicts(patient.get("name")), key=lambda each: each.get("use") != "official")
        born, sex = str(patient.get("birthDate") or ""), str(patient.get("gender") or "")
        try:
            return Patient.model_validate(
                {
                    "id": whole(values.pop()),
                    "name": _name(names[0]) if names else "",
                    "born": born,
                    "sex": sex,
                }
            )
        except ValidationError:
            return None


def _is_to_be_done(request: Resource) -> bool:
    to_do = request.get("status") == "active" and request.get("intent") in INTENTS
    return bool(to_do and request.get("doNotPerform") is not True)


def _name(name: Resource) -> str:
    given = " ".join(str(each) for each in name.get("given") or [])
    return whole(person_name(str(name.get("family") or ""), given) or str(name.get("text") or ""))


def _is_of_type(identifier: Resource, code: str) -> bool:
    kind = identifier.get("type")
    codings = _dicts(kind.get("coding")) if isinstance(kind, dict) else []
    return any(each.get("code") == code and each.get("system") in (NUMBER_TYPES, None) for each in codings)


def _typed(identifiers: list[Resource], code: str) -> str:
    values = [str(each.get("value") or "") for each in identifiers if _is_of_type(each, code)]
    return whole(values[0].strip()) if values else ""


def _words(concept: object) -> str:
    if not isinstance(concept, dict):
        return ""
    displays = [str(each["display"]) for each in _dicts(concept.get("coding")) if each.get("display")]
    return whole(str(concept.get("text") or next(iter(displays), "")))


def _start(period: object) -> object:
    return period.get("start") if isinstance(period, dict) else None


def _local(at: object) -> str:
    """A FHIR dateTime in this machine's time; empty where it is not known to the day."""
    text = str(at or "")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return ""
    if len(text) == len("2026-01-31"):
        return text
    return moment.astimezone().strftime("%Y-%m-%dT%H:%M") if moment.tzinfo else text[:16]


def _dicts(value: object) -> list[Resource]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _unreadable() -> AssistantError:
    return AssistantError("The FHIR server's answer cannot be read.", code="orders_unreadable")
