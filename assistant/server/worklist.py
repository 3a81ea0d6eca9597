"""The reports that are kept, over HTTP: listed and found, opened, deleted.

Everybody sees their own: those of the user whom a request is from, or all where the server has no users.
"""

from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Literal, get_args

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.errors import AssistantError, BadInput
from assistant.export.compare import Compared, compare
from assistant.server.auth import address_of
from assistant.server.reports import answered
from assistant.server.rights import known
from assistant.storage.store import Search, State
from assistant.storage.writer import Writer

STATES: tuple[State | Literal[""], ...] = ("", *get_args(State))
MOST_LISTED = 500
LONGEST_WORDS = 200


@answered
async def listed(request: Request) -> Response:
    """GET the reports that fit the query, the one that was changed last first."""
    writer, search = _writer(request), _search(request)
    try:
        await writer.write(writer.store.refresh)
    except AssistantError:
        if search.text:
            raise  # what was said last would not be found
    found = await writer.read(partial(writer.store.reports, known(request.scope).id, search))
    open_now = {runner.id for runner in request.app.state.hub.runners()}
    return JSONResponse({"reports": [{**asdict(each), "is_open": each.id in open_now} for each in found]})


@answered
async def opened(request: Request) -> Response:
    """POST: a token with which a client goes on with this report's session, as after a lost connection."""
    _, report_id = await _own(request)
    token = await request.app.state.hub.key_to(report_id, known(request.scope))
    return JSONResponse({"id": report_id, "token": token})


@answered
async def copied(request: Request) -> Response:
    """POST: a new report that begins with the text of this one, for the same patient; as ``opened``."""
    _, report_id = await _own(request)
    runner = await request.app.state.hub.copy(report_id, known(request.scope), address_of(request.scope))
    return JSONResponse({"id": runner.id, "token": runner.resume_token}, 201)


@answered
async def compared(request: Request) -> Response:
    """GET what changed since another report, ``?with=ID``, or since the patient's prior one."""
    writer, report_id = await _own(request)
    owner, other = known(request.scope).id, request.query_params.get("with", "")
    store = writer.store
    if other and await writer.read(partial(store.owner_of, other)) != owner:
        raise BadInput("There is no such report.", code="session_unknown")
    prior: str | None = other or None
    if prior is None:
        prior = await writer.read(partial(store.prior, report_id, owner))
    if prior is None:
        raise BadInput("There is no earlier report of this patient.", code="no_prior")

    def read() -> list[Compared]:
        store.record(report_id, known(request.scope).name, "compared_with_another")
        return compare(store.sections(prior), store.sections(report_id))

    sections = [asdict(each) for each in await writer.read(read)]
    return JSONResponse({"id": report_id, "with": prior, "sections": sections})


@answered
async def deleted(request: Request) -> Response:
    """DELETE a report, with what was said, its answers and its attachments. The audit keeps that it was
    here."""
    _, report_id = await _own(request)
    await request.app.state.hub.delete(report_id, known(request.scope).name)
    return Response(status_code=204)


ROUTES = [
    Route("/v1/reports", listed),
    Route("/v1/reports/{report_id}/open", opened, methods=["POST"]),
    Route("/v1/reports/{report_id}/copy", copied, methods=["POST"]),
    Route("/v1/reports/{report_id}/compare", compared),
    Route("/v1/reports/{report_id}", deleted, methods=["DELETE"]),
]


def _writer(request: Request) -> Writer:
    """Raises ``BadInput``: ``nothing_kept``."""
    writer: Writer | None = request.app.state.hub.writer
    if writer is None:
        raise BadInput("This server keeps no reports (--no-store).", code="nothing_kept")
    return writer


async def _own(request: Request) -> tuple[Writer, str]:
    """Raises ``BadInput``: ``session_unknown``, also where the report is another user's."""
    writer, report_id = _writer(request), request.path_params["report_id"]
    if await writer.read(partial(writer.store.owner_of, report_id)) != known(request.scope).id:
        raise BadInput("There is no such report.", code="session_unknown")
    return writer, report_id


def _search(request: Request) -> Search:
    """Raises ``BadInput``: ``search_invalid``."""
    asked = request.query_params
    words = {name: asked.get(name, "") for name in ("patient", "order", "author", "text", "since", "until")}
    limit, given = asked.get("limit", "100"), asked.get("state", "")
    state = next((each for each in STATES if each == given), None)
    right = (
        all(len(value) <= LONGEST_WORDS for value in words.values())
        and all(_is_day(words[name]) for name in ("since", "until"))
        and (limit.isascii() and limit.isdecimal() and len(limit) < 5 and 0 < int(limit) <= MOST_LISTED)
    )
    if state is None or not right:
        message = "A field of this search is unknown or invalid. See docs/api.md."
        raise BadInput(message, code="search_invalid")
    return Search(state=state, limit=int(limit), **words)


def _is_day(value: str) -> bool:
    try:
        return not value or bool(date.fromisoformat(value))
    except ValueError:
        return False
