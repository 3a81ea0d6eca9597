"""HTTP routes of attachments, below ``/v1/sessions/ID``: upload files, view them, and see what a model would
be given.

One file is one POST to ``attachments``. Files that belong together, such as the slices of a series, go one
by one into an upload, which is then finished: ``POST uploads``, ``PUT uploads/UP``, ``POST
uploads/UP/finish``.
"""

import asyncio
import io
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import PIL.Image
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.engines.pieces import ImagePiece, Piece
from assistant.errors import BadInput
from assistant.events import Attachment
from assistant.imaging.square import saved
from assistant.imaging.study import Picture, Problem, SourceFile, Study, in_short, problem_of
from assistant.server.owner import live
from assistant.server.reports import answered, position
from assistant.server.rights import PREFIX
from assistant.session.attachments import place_for
from assistant.session.runner import SessionRunner

UPLOAD_IDLE_S = 900.0
"""An upload that nothing has come for in this time is deleted."""
THUMBNAIL_PX, LARGE_PX = 256, 1024
STATUS = {
    "image_too_large": 413,
    "upload_too_large": 413,
    "too_many_files": 413,
    "storage_full_for_user": 413,
    "too_many_uploads": 429,
}
PRIVATE = {"Cache-Control": "private, no-store"}


@dataclass(slots=True)
class Upload:
    """The files of one upload received so far, and those that were refused."""

    session: SessionRunner
    folder: Path
    files: list[SourceFile] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)
    size: int = 0
    came: int = 0
    """Files, also those that were refused."""
    busy: int = 0
    """Files on their way."""
    touched: float = field(default_factory=time.monotonic)


class Uploads:
    """``find`` returns the session with an id, if it is alive."""

    def __init__(self, find: Callable[[str], SessionRunner | None]) -> None:
        self._find = find
        self._open: dict[str, Upload] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        """Below ``/v1/sessions/ID``."""
        picture = "/attachments/{attachment_id}"
        return [
            Route("/attachments", answered(self.attach), methods=["POST"]),
            Route("/uploads", answered(self.begin), methods=["POST"]),
            Route("/uploads/{upload_id}", answered(self.put), methods=["PUT"]),
            Route("/uploads/{upload_id}/finish", answered(self.finish), methods=["POST"]),
            Route(picture, answered(self.thumbnail)),
            Route(f"{picture}/slice", answered(self.slice)),
            Route(f"{picture}/model/{{index}}", answered(self.model_image)),
            Route("/stacks", answered(self.add_stack), methods=["POST"]),
            Route("/prompt", answered(self.prompt)),
        ]

    # --- in ---

    async def attach(self, request: Request) -> Response:
        """POST one file of any kind; returns the first attachment found in it. Further attachments arrive as
        events, and anything left out as notices."""
        session = live(request)
        name = request.query_params.get("name", "image")[:255]
        try:
            async with session.attachments.coming() as folder:
                upload = Upload(session, folder)
                await self._take(request, upload, name)
                attachments, problems = await session.attachments.add(upload.files)
        except ClientDisconnect:
            return refusal(400, "upload_cut", "Upload interrupted. Attach the file again.")
        except (BadInput, OSError) as error:
            problem = problem_of(name, error)
            return _bad(problem.code, problem.message)
        if not attachments:
            return _bad(problems[0].code, problems[0].message)
        for each in problems:
            session.attachments.warn(each.code, each.message)
        return JSONResponse(attachments[0].model_dump(), status_code=201)

    async def begin(self, request: Request) -> Response:
        session = live(request)
        self._forget_ended()
        try:
            await session.attachments.check_room()
            folder = session.attachments.begin_upload()
        except BadInput as error:
            return _bad(error.code, error.message)
        upload_id = f"up_{secrets.token_urlsafe(9)}"
        self._open[upload_id] = Upload(session, folder)
        self._expire_later(upload_id, UPLOAD_IDLE_S)
        return JSONResponse({"id": upload_id}, status_code=201)

    async def put(self, request: Request) -> Response:
        """One file (raw body); ``X-File-Name`` is its percent-encoded name, with its folders. A refused
        file does not affect the others."""
        upload = self._upload(request)
        name = unquote(request.headers.get("x-file-name", "file"))
        if upload.came >= upload.session.attachments.most_files:
            return _bad("too_many_files", f"{name} was left out: too many files. Give fewer at once.")
        upload.came += 1
        try:
            await self._take(request, upload, name)
        except ClientDisconnect:
            return refusal(400, "upload_cut", "Upload interrupted. Attach the file again.")
        except (BadInput, OSError) as error:
            problem = problem_of(name, error)
            upload.refused.append(problem)
            return _bad(problem.code, problem.message)
        return Response(status_code=204)

    async def finish(self, request: Request) -> Response:
        """Read the uploaded files; returns the attachments, and the reason for each file left out."""
        upload = self._upload(request)
        del self._open[request.path_params["upload_id"]]
        try:
            if not upload.files and not upload.refused:
                return _bad("upload_empty", "Nothing was uploaded.")
            attachments: list[Attachment] = []
            problems = list(in_short(upload.refused))
            if upload.files:
                in_order = sorted(upload.files, key=lambda file: file.name)  # they came several at a time
                attachments, unread = await upload.session.attachments.add(in_order)
                problems += unread
        finally:
            await upload.session.attachments.end_upload(upload.folder)
        return result(attachments, problems)

    async def add_stack(self, request: Request) -> Response:
        """POST ``?series=…&number=7``, as attachments name them: attach one more stack of a series."""
        session = live(request)
        series, number = request.query_params.get("series", ""), request.query_params.get("number", "")
        if not (number.isascii() and number.isdecimal() and len(number) <= 6):
            raise BadInput("Name a series and the number of its stack.", code="stack_unknown")
        try:
            return result(*await session.attachments.add_stack(series, int(number)))
        except OSError as error:
            problem = problem_of("", error)
            return _bad(problem.code, problem.message)

    async def _take(self, request: Request, upload: Upload, name: str) -> None:
        """Stream the body to disk. Raises ``BadInput``: ``upload_too_large``,
        ``file_name_invalid``."""
        place = place_for(name, upload.folder)
        upload.busy += 1
        size, limit = 0, upload.session.attachments.most_bytes
        try:
            with place.open("wb") as file:
                async for part in request.stream():
                    size += len(part)
                    upload.size += len(part)
                    if upload.size > limit:
                        raise BadInput(
                            f"{name} was left out: an upload may have {limit / 2**30:g} GB at most.",
                            code="upload_too_large",
                        )
                    await asyncio.to_thread(file.write, part)
        except (BadInput, ClientDisconnect, OSError):
            upload.size -= size
            place.unlink(missing_ok=True)
            raise
        finally:
            upload.busy -= 1
            upload.touched = time.monotonic()
        upload.files.append(SourceFile(name, place))

    def _upload(self, request: Request) -> Upload:
        """Raises ``BadInput``: ``upload_unknown``."""
        upload = self._open.get(request.path_params["upload_id"])
        if upload is None or upload.session is not live(request):
            raise BadInput("There is no such upload. Attach the files again.", code="upload_unknown")
        return upload

    def _expire_later(self, upload_id: str, after_s: float) -> None:
        def look() -> None:
            upload = self._open.get(upload_id)
            if upload is None:
                return
            idle_s = 0.0 if upload.busy else time.monotonic() - upload.touched
            if idle_s < UPLOAD_IDLE_S:
                self._expire_later(upload_id, UPLOAD_IDLE_S - idle_s)
                return
            del self._open[upload_id]
            ending = loop.create_task(upload.session.attachments.end_upload(upload.folder))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

        loop = asyncio.get_running_loop()
        loop.call_later(after_s, look)

    def _forget_ended(self) -> None:
        for upload_id, upload in list(self._open.items()):
            if self._find(upload.session.id) is None:  # its folder went with it
                del self._open[upload_id]

    # --- out ---

    def _study(self, request: Request) -> Study | None:
        return live(request).attachments.study(request.path_params["attachment_id"])

    async def thumbnail(self, request: Request) -> Response:
        """A thumbnail of picture ``?i=`` (from 0), larger with ``?size=large``. Without ``i``: the middle of
        a
        volume, the overview of a slide."""
        if (study := self._study(request)) is None:
            return _unknown()
        size_px = LARGE_PX if request.query_params.get("size") == "large" else THUMBNAIL_PX
        usual = study.count // 2 if study.kind in ("ct", "mr") else 0
        index = request.query_params.get("i", str(usual))
        if not index.isdecimal() or len(index) > 6 or int(index) >= study.count:
            return _bad("slice_unknown", "There is no such picture.")
        data = await asyncio.to_thread(_small, study, int(index), size_px)
        return Response(data, media_type="image/jpeg", headers=PRIVATE)

    async def slice(self, request: Request) -> Response:
        """Picture ``?i=`` from 0, in the window ``&window=``."""
        if (study := self._study(request)) is None:
            return _unknown()
        index = request.query_params.get("i", "0")
        window = request.query_params.get("window", "")
        if not index.isdecimal() or len(index) > 6:
            return _bad("slice_unknown", "There is no such slice.")
        try:
            return _picture(await asyncio.to_thread(study.view, int(index), window))
        except (IndexError, KeyError, OSError):
            return _bad("slice_unknown", "There is no such slice, or no such window.")

    async def model_image(self, request: Request) -> Response:
        """One image exactly as the model is given it."""
        if (study := self._study(request)) is None:
            return _unknown()
        try:
            return _picture(await asyncio.to_thread(study.model_image, position(request, "index")))
        except (IndexError, OSError):
            return _unknown()

    async def prompt(self, request: Request) -> Response:
        """Everything attached as the model would read it, in order."""
        session = live(request)
        pieces = await session.model_pieces()
        return JSONResponse({"pieces": [_shown(piece, session.id) for piece in pieces]}, headers=PRIVATE)


def _shown(piece: Piece, session_id: str) -> dict[str, str]:
    if not isinstance(piece, ImagePiece):
        return {"type": "text", "text": piece.text, "source": piece.source}
    index = piece.image.id.rpartition("-")[2]
    url = f"{PREFIX.format(session_id=session_id)}/attachments/{piece.attachment_id}/model/{index}"
    return {"type": "image", "url": url, "source": piece.source}


def _small(study: Study, index: int, size_px: int) -> bytes:
    with PIL.Image.open(io.BytesIO(study.view(index).data)) as picture:
        small = picture.convert("RGB")
    small.thumbnail((size_px, size_px))
    return saved(small, "JPEG", quality=85)


def _picture(picture: Picture) -> Response:
    return Response(picture.data, media_type=picture.media_type, headers=PRIVATE)


def result(attachments: list[Attachment], problems: list[Problem]) -> Response:
    """The result of an upload of several files."""
    left_out = [{"name": each.name, "code": each.code, "message": each.message} for each in problems]
    return JSONResponse(
        {"attachments": [each.model_dump() for each in attachments], "problems": left_out},
        status_code=201 if attachments else 400,
    )


def _bad(code: str, message: str) -> Response:
    return refusal(STATUS.get(code, 400), code, message)


def _unknown() -> Response:
    return refusal(404, "attachment_unknown", "There is no such image.")


def refusal(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)
