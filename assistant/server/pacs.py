"""Routes to the hospital's archive: find a study, attach one of its series. Only the configured archive is
asked. Pictures of another patient than the report's are told and never attached."""

import asyncio
import json
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.characters import whole_parts
from assistant.config import Settings
from assistant.errors import AssistantError, BadInput, Missing
from assistant.events import NOBODY
from assistant.orders.pictures import PicturedPatient, compare_patients
from assistant.server.owner import live
from assistant.server.uploads import refusal, result
from assistant.session.runner import SessionRunner

LONGEST_BODY_BYTES = 4096


class Pacs:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def routes(self) -> list[Route]:
        """Below ``/v1/sessions/ID``."""
        return [
            Route("/pacs/find", self.find, methods=["POST"]),
            Route("/pacs/attach", self.attach, methods=["POST"]),
        ]

    async def find(self, request: Request) -> Response:
        """``{"number": …}``: an accession number or the UID of a study; returns its series, and of each
        whether its patient is the report's (``whose``), with words (``warning``) where that is not sure."""
        return await self._answered(request, self._find)

    async def attach(self, request: Request) -> Response:
        """``{"study": UID, "series": UID}``: fetch that series and attach it; the response is that of an
        upload. ``other_patient``: a file names another patient than the report."""
        return await self._answered(request, self._attach)

    async def _answered(self, request: Request, handler: Any) -> Response:
        try:
            answer: Response = await handler(live(request), await _fields(request))
            return answer
        except AssistantError as error:
            status = 400 if isinstance(error, BadInput) else 503 if isinstance(error, Missing) else 502
            if error.code == "session_unknown":
                status = 404
            return refusal(status, error.code, error.message)

    async def _find(self, session: SessionRunner, fields: dict[str, str]) -> Response:
        found = await asyncio.to_thread(self._archive().find, fields.get("number", ""))
        report = session.conversation.described.patient
        compared = [compare_patients(report, each.patient) for each in found]
        series = [
            {
                "study": each.study,
                "series": each.series,
                "modality": each.modality,
                "description": each.description,
                "date": each.date,
                "count": each.count,
                "whose": patient.whose,
                "warning": patient.message,
            }
            for each, patient in zip(found, compared, strict=True)
        ]
        return JSONResponse({"series": series}, headers={"Cache-Control": "private, no-store"})

    async def _attach(self, session: SessionRunner, fields: dict[str, str]) -> Response:
        attachments = session.attachments
        seen: set[PicturedPatient] = set()

        def check(patient: PicturedPatient) -> None:
            seen.add(patient)
            _doubt_about(session, patient)

        async with attachments.coming() as folder:
            archive = self._archive()
            study, series = fields.get("study", ""), fields.get("series", "")
            limits = attachments.most_files, attachments.most_bytes
            fetch = partial(archive.fetch, study, series, folder, *limits, check=check)
            files = await asyncio.to_thread(fetch)
            link = await asyncio.to_thread(archive.address_of, study, series, files)
            doubts = {_doubt_about(session, each) for each in seen} - {""}  # the report's may be new
            attached, problems = await attachments.add(files, link)
        if attached and session.conversation.described.patient != NOBODY:
            for words in doubts:
                attachments.warn("pictures_patient_unknown", words)
        return result(attached, problems)

    def _archive(self) -> Any:
        from assistant.imaging.dicomweb import Archive  # noqa: PLC0415 (loads requests and pydicom)

        if self._settings.dicomweb_url is None:
            raise BadInput("No archive is set: start the server with --dicomweb-url.", code="archive_not_set")
        token = self._settings.dicomweb_token
        return Archive(self._settings.dicomweb_url, token.get_secret_value() if token else None)


def _doubt_about(session: SessionRunner, pictured: PicturedPatient) -> str:
    """Why nobody can tell whether the report is of this patient, or ''. Raises ``BadInput``:
    ``other_patient``."""
    compared = compare_patients(session.conversation.described.patient, pictured)
    if compared.whose == "other":
        raise BadInput(compared.message, code="other_patient")
    return compared.message


async def _fields(request: Request) -> dict[str, str]:
    """The JSON object of the body, its values as text. Raises ``BadInput``."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_BODY_BYTES:
            raise BadInput("That is too long.", code="json_invalid")
    try:
        fields = whole_parts(json.loads(body))
    except (ValueError, RecursionError):  # nested a thousand times
        fields = None
    if not isinstance(fields, dict):
        raise BadInput("Send a JSON object.", code="json_invalid")
    return {name: value for name, value in fields.items() if isinstance(value, str)}
