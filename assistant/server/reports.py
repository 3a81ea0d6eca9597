"""A session's report over HTTP: export, checks, words, and the audio behind a word.

No part of the report is in a URL.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.errors import AssistantError, BadInput, Denied
from assistant.export.checks import findings_in
from assistant.export.formats import file_name, find_format
from assistant.export.history import report_from
from assistant.export.report import Report
from assistant.server.owner import live
from assistant.server.rights import known
from assistant.storage.writer import Writer

Handler = Callable[[Request], Awaitable[Response]]
NOT_FOUND = frozenset({"session_unknown", "upload_unknown", "audio_gone", "audio_not_kept", "order_unknown"})
_STATUS: dict[type[AssistantError], int] = {BadInput: 400, Denied: 403}
NO_STORE = ("Cache-Control", "no-store")


def answered(handler: Handler) -> Handler:
    """Errors become JSON with an HTTP status."""

    async def answer(request: Request) -> Response:
        try:
            response = await handler(request)
        except AssistantError as error:
            status = 404 if error.code in NOT_FOUND else _STATUS.get(type(error), 500)
            body = {"error": {"code": error.code, "message": error.message}}
            response = JSONResponse(body, status_code=status)
        response.headers.setdefault(*NO_STORE)
        return response

    return answer


@answered
async def export(request: Request) -> Response:
    """GET the report: ``?format=`` as in ``assistant export``; with ``signed=N`` as it was signed for the Nth
    time. Stored sessions that have ended work too."""
    form = find_format(request.query_params.get("format", ""))
    report = await _report(request)
    data = await asyncio.to_thread(form.write, report)
    disposition = f'attachment; filename="{file_name(report, form)}"'
    return Response(data, media_type=form.media_type, headers={"Content-Disposition": disposition})


@answered
async def checks(request: Request) -> Response:
    """GET the list of places to check before exporting."""
    findings = findings_in(live(request).conversation.report)
    return JSONResponse({"findings": [asdict(finding) for finding in findings]})


@answered
async def words(request: Request) -> Response:
    """GET the position in the report and the time of each spoken word."""
    report = live(request).conversation.report
    places = [place.model_dump() for place in report.words()]
    return JSONResponse({"revision": report.dictation.document.revision, "words": places})


@answered
async def audio(request: Request) -> Response:
    """GET ``?start_ms=&end_ms=`` : that part of the session's audio as WAV, if audio is kept."""
    runner = live(request)
    start_ms, end_ms = _milliseconds(request, "start_ms"), _milliseconds(request, "end_ms")
    data = runner.kept.wav(start_ms, end_ms)
    await runner.kept.note("audio_played")
    return Response(data, media_type="audio/wav")


ROUTES = [Route("/export", export), Route("/checks", checks), Route("/words", words), Route("/audio", audio)]
"""Below ``/v1/sessions/ID``."""


async def _report(request: Request) -> Report:
    given = request.query_params.get("signed", "")
    what = f"exported_{request.query_params['format']}"
    signed = _whole(given, "'signed' must be a number.", "number_invalid") if given else None
    writer: Writer | None = request.app.state.hub.writer
    if request.state.session is not None:
        runner = live(request)
        await runner.kept.note(what)
        if signed is None or writer is None:  # what was changed since is in the store only
            return await asyncio.to_thread(runner.kept.history(signed))
    assert writer is not None
    session_id, who = request.path_params["session_id"], known(request.scope).name
    store = writer.store

    def read() -> Report:
        store.record(session_id, who, what)
        events, session = store.events(session_id), store.session(session_id)
        return report_from(events, session, datetime.now().astimezone(), signed=signed)

    return await writer.read(read)


def position(request: Request, name: str) -> int:
    """A number in the path. Raises ``BadInput``: ``number_invalid``."""
    return _whole(request.path_params[name], f"'{name}' must be a whole number.", "number_invalid")


def _milliseconds(request: Request, name: str) -> int:
    message = f"'{name}' must be a whole number of milliseconds."
    return _whole(request.query_params.get(name, ""), message, "range_invalid")


def _whole(given: str, message: str, code: str) -> int:
    """Python itself takes no number of thousands of digits."""
    if not (given.isascii() and given.isdecimal() and len(given) < 12):
        raise BadInput(message, code=code)
    return int(given)
