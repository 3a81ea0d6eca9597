"""The list of orders over HTTP: listed and found, written by hand, opened as reports, removed.

Orders of hospital systems are seen by everybody who may dictate, until somebody begins to report one: then it
is theirs. Orders written by hand are their writer's.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.errors import BadInput
from assistant.events import Order, Patient
from assistant.orders.order import STATES, ListedOrder
from assistant.server.auth import address_of
from assistant.server.reports import answered
from assistant.server.rest.bodies import json_body
from assistant.server.rest.errors import invalid
from assistant.server.rights import known
from assistant.storage.orders import Orders

MAX_BODY_BYTES = 8192
MOST_LISTED = 500
LONGEST_WORDS = 200


class Written(BaseModel):
    """An order as a person writes it."""

    model_config = ConfigDict(extra="forbid")

    patient: Patient
    order: Order


@answered
async def listed(request: Request) -> Response:
    """GET the orders in a state (``open`` if none is given) that have these words, and how the sources
    are."""
    asked = request.query_params
    state = asked.get("state", "open")
    words = asked.get("text", "").casefold().split()
    if state not in (*STATES, "all") or len(asked.get("text", "")) > LONGEST_WORDS:
        message = "The list cannot be asked for so: see docs/protocol.md."
        raise BadInput(message, code="search_invalid")
    found = [
        each
        for each in await _orders(request).listed(known(request.scope).id)
        if state in ("all", each.state) and all(word in _text_of(each) for word in words)
    ]
    sources = [each.told() for each in request.app.state.hub.feeds]
    body = {"orders": [_told(each) for each in found[:MOST_LISTED]], "count": len(found), "sources": sources}
    return JSONResponse(body)


@answered
async def written(request: Request) -> Response:
    """POST ``{"patient": …, "order": …}``: an order by hand."""
    try:
        asked = Written.model_validate_json(await json_body(request, MAX_BODY_BYTES))
    except ValidationError as error:
        raise invalid(error) from None
    if not (asked.patient.id.strip() or asked.patient.name.strip()):
        raise BadInput("Write the patient's number or name.", code="patient_missing")
    if not (asked.order.exam.strip() or asked.order.accession.strip()):
        raise BadInput("Write the examination or the order's number.", code="order_empty")
    entry = await _orders(request).write(asked.patient, asked.order, known(request.scope).id)
    return JSONResponse(_told(entry), 201)


@answered
async def opened(request: Request) -> Response:
    """POST: begin the report of this order, with its patient and order; a token opens it, as for reports. One
    that this person has begun is gone on with."""
    hub, person = request.app.state.hub, known(request.scope)
    session_id, token = await hub.report_order(
        request.path_params["order_id"], person, address_of(request.scope)
    )
    return JSONResponse({"id": session_id, "token": token}, 201)


@answered
async def removed(request: Request) -> Response:
    """DELETE an order that was written by hand."""
    await _orders(request).remove(request.path_params["order_id"], known(request.scope).id)
    return Response(status_code=204)


ROUTES = [
    Route("/v1/orders", listed),
    Route("/v1/orders", written, methods=["POST"]),
    Route("/v1/orders/{order_id}/open", opened, methods=["POST"]),
    Route("/v1/orders/{order_id}", removed, methods=["DELETE"]),
]


def _orders(request: Request) -> Orders:
    """Raises ``BadInput``: ``nothing_kept``."""
    orders: Orders | None = request.app.state.hub.orders
    if orders is None:
        raise BadInput("This server keeps no orders (--no-store).", code="nothing_kept")
    return orders


def _text_of(entry: ListedOrder) -> str:
    patient, order = entry.patient, entry.order
    parts = (
        patient.id,
        patient.name,
        patient.born,
        order.accession,
        order.placer,
        order.exam,
        entry.modality,
    )
    return " ".join((*parts, order.at.replace("T", " "))).casefold()


def _told(entry: ListedOrder) -> dict[str, Any]:
    return {
        "id": entry.id,
        "sources": list(entry.sources),
        "state": entry.state,
        "patient": entry.patient.model_dump(),
        "order": entry.order.model_dump(),
        "modality": entry.modality,
        "note": entry.note,
        "received_at": entry.received_at,
        "changed_at": entry.changed_at,
        "doubt": entry.doubt,
        "changed": entry.changed,
        "report_id": entry.report_id,
        "by_hand": entry.by_hand,
    }
