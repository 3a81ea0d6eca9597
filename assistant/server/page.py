"""The files of the web page: packed on their way, kept by browsers where their name says what is in them."""

import re
from pathlib import Path

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

_BY_CONTENT = re.compile(r"built/page-[0-9A-Z]{8}\.(js|css)")
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
SAMPLE = Path(__file__).parents[1] / "data" / "demo.flac"
"""The dictation that the page plays to show how it works."""


class _Files(StaticFiles):
    def __init__(self, folder: Path, front: str) -> None:
        super().__init__(directory=folder)
        self._front = front

    async def get_response(self, path: str, scope: Scope) -> Response:
        if path == "sample.flac":
            return FileResponse(SAMPLE, headers={"Cache-Control": ASK_AGAIN})
        response = await super().get_response(self._front if path == "." else path, scope)
        response.headers["Cache-Control"] = FOR_EVER if _BY_CONTENT.fullmatch(path) else ASK_AGAIN
        return response


def page_files(folder: Path, front: str) -> ASGIApp:
    """An application that serves the page in ``folder``, its file ``front`` at ``/``."""
    return GZipMiddleware(_Files(folder, front), minimum_size=500)
