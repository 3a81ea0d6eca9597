"""Orders of a FHIR server over real HTTP; its resources are valid for another library (fhir.resources)."""

import asyncio
import socket

import pytest
import uvicorn
from fhir.resources.R4B.patient import Patient
from fhir.resources.R4B.servicerequest import ServiceRequest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.errors import AssistantError
from assistant.orders.fhir import FhirOrders

ACSN = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN"}]}
MR = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}


def patient(number="P-1", identifiers=None, **fields):
    resource = {
        "resourceType": "Patient",
        "id": f"pat-{number}",
        "identifier": identifiers or [{"type": MR, "value": number}, {"system": "urn:ssn", "value": "999"}],
        "name": [{"use": "official", "family": "Muster", "given": ["Maria", "Anna"]}],
        "birthDate": "1950-02-01",
        "gender": "female",
        **fields,
    }
    Patient.model_validate(resource)
    return resource


def request(key="r1", number="P-1", **fields):
    resource = {
        "resourceType": "ServiceRequest",
        "id": key,
        "status": "active",
        "intent": "order",
        "identifier": [{"type": ACSN, "value": f"A-{key}"}],
        "code": {"text": "CT chest"},
        "subject": {"reference": f"Patient/pat-{number}"},
        "occurrenceDateTime": "2026-03-01",
        **fields,
    }
    ServiceRequest.model_validate(resource)
    return resource


class Server:
    """A FHIR server of some pages."""

    def __init__(self):
        self.pages, self.single, self.asked, self.status = [[]], {}, [], 200
        self.next = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/r4"
        app = Starlette(
            routes=[Route("/r4/ServiceRequest", self.search), Route("/r4/ServiceRequest/{key}", self.read)]
        )
        config = uvicorn.Config(app, port=self.port, log_config=None, lifespan="off", ws="none")
        self.server = uvicorn.Server(config)

    async def search(self, asked):
        self.asked.append((dict(asked.query_params), asked.headers.get("authorization")))
        if self.status != 200:
            return Response("nothing", self.status)
        page = int(asked.query_params.get("page", "0"))
        following = self.next or f"{self.url}/ServiceRequest?page={page + 1}"
        links = [{"relation": "next", "url": following}] if page + 1 < len(self.pages) or self.next else []
        entries = [{"resource": each} for each in self.pages[page]]
        return JSONResponse({"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries})

    async def read(self, asked):
        found = self.single.get(asked.path_params["key"])
        return JSONResponse(found) if found else Response("gone", 410)

    async def __aenter__(self):
        self.task = asyncio.create_task(self.server.serve())
        while not self.server.started:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_):
        self.server.should_exit = True
        await self.task


@pytest.fixture
async def fhir():
    async with Server() as server:
        yield server


async def test_every_page_is_read_and_an_order_has_patient_number_exam_and_address(fhir):
    fhir.pages = [[request("r1"), patient()], [request("r2", "P-2"), patient("P-2")]]
    found = await FhirOrders(fhir.url, query="category=imaging", token="secret").active()
    one, two = found.orders
    assert (one.patient.id, two.patient.id, found.left_out) == ("P-1", "P-2", 0)
    assert (one.patient.name, one.patient.born) == ("Muster, Maria Anna", "1950-02-01")
    assert one.patient.sex == "female"
    assert (one.order.accession, one.order.exam, one.order.at) == ("A-r1", "CT chest", "2026-03-01")
    assert one.order.request == f"{fhir.url}/ServiceRequest/r1"
    (asked, key), *_ = fhir.asked
    assert (asked["status"], asked["category"], asked["_include"]) == (
        "active", "imaging", "ServiceRequest:subject",
    )  # fmt: skip
    assert key == "Bearer secret"


@pytest.mark.parametrize(
    "fields",
    [
        *({"status": each} for each in ("completed", "revoked", "on-hold", "draft", "unknown")),
        {"status": "entered-in-error"},
        *({"intent": each} for each in ("proposal", "plan", "option", "directive")),
        {"doNotPerform": True},
    ],
)
async def test_only_what_is_to_be_done_is_an_order(fhir, fields):
    fhir.pages = [[request(**fields), patient()]]
    found = await FhirOrders(fhir.url).active()
    assert (found.orders, found.left_out) == ([], 0)


@pytest.mark.parametrize(
    "identifiers",
    [
        [{"system": "urn:a", "value": "1"}, {"system": "urn:b", "value": "2"}],
        [{"type": MR, "value": "1"}, {"type": MR, "value": "2"}],
        [{"system": "urn:a"}],
    ],
)
async def test_a_patient_whose_number_is_not_clear_is_left_out_and_counted(fhir, identifiers):
    fhir.pages = [[request(), patient(identifiers=identifiers)], [request("r2", "P-9")]]
    found = await FhirOrders(fhir.url).active()
    assert (found.orders, found.left_out) == ([], 2), "also one whose patient is not in the answer"


async def test_a_setting_says_which_number_is_the_patients(fhir):
    fhir.pages = [[request(), patient()]]
    (placed,) = (await FhirOrders(fhir.url, patient_system="urn:ssn").active()).orders
    assert placed.patient.id == "999"


@pytest.mark.parametrize(("status", "code"), [(401, "orders_refused"), (500, "orders_refused")])
async def test_a_refusal_is_an_error_and_says_nothing_about_orders(fhir, status, code):
    fhir.status = status
    with pytest.raises(AssistantError) as raised:
        await FhirOrders(fhir.url).active()
    assert raised.value.code == code


async def test_a_next_page_on_another_server_is_not_asked_for(fhir):
    fhir.pages, fhir.next = [[request(), patient()]], "http://127.0.0.1:1/r4/ServiceRequest?page=1"
    with pytest.raises(AssistantError) as raised:
        await FhirOrders(fhir.url, token="secret").active()
    assert raised.value.code == "orders_unreadable"


async def test_a_server_that_is_away_is_said_to_be():
    with pytest.raises(AssistantError) as raised:
        await FhirOrders("http://127.0.0.1:1/r4").active()
    assert raised.value.code == "orders_unreachable"


async def test_what_has_become_of_orders_that_the_search_leaves_out(fhir):
    fhir.single = {
        "done": request(status="completed"),
        "revoked": request(status="revoked"),
        "held": request(status="on-hold"),
        "narrowed": request(),
    }
    found = await FhirOrders(fhir.url).status_of(["done", "revoked", "held", "narrowed", "deleted"])
    assert found == {
        "done": "done", "revoked": "cancelled", "held": "held", "narrowed": "held", "deleted": "cancelled",
    }  # fmt: skip
