"""The files of the web page: packed on their way, kept by browsers where their name says what is in them."""

import re
from pathlib import Path

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

_BY_CONTENT = re.compile(r"built/page-[0-9A-Z]{8}\.(js|css)")
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


class _Files(StaticFiles):
    def __init__(self, folder: Path, front: str) -> None:
        super().__init__(directory=folder)
        self._front = front

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(self._front if path == "." else path, scope)
        response.headers["Cache-Control"] = FOR_EVER if _BY_CONTENT.fullmatch(path) else ASK_AGAIN
        return response


def page_files(folder: Path, front: str) -> ASGIApp:
    """An application that serves the page in ``folder``, its file ``front`` at ``/``."""
    return GZipMiddleware(_Files(folder, front), minimum_size=500)
