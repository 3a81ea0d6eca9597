"""``GET /v1/models``: the recogniser and the answer engines."""

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.components.components import Components
from assistant.engines.local_servers import OWN
from assistant.errors import BadInput
from assistant.server.rest.errors import answered


class Models:
    def __init__(self, components: Components) -> None:
        self._components = components
        self._started = int(time.time())

    def routes(self) -> list[Route]:
        return [
            Route("/v1/models", answered(self.all)),
            Route("/v1/models/{model:path}", answered(self.one)),  # names of models have slashes in them
        ]

    async def all(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": self._listed()})

    async def one(self, request: Request) -> Response:
        wanted = request.path_params["model"]
        for each in self._listed():
            if each["id"] == wanted:
                return JSONResponse(each)
        raise BadInput("There is no such model. See /v1/models.", code="model_not_found", param="model")

    def _listed(self) -> list[dict[str, Any]]:
        """``created`` is when this server started: models do not say when they were made."""
        parts = self._components
        found = {parts.model.name: self._described(parts.model.name, "audio.transcriptions")}
        for engine in (parts.engine, parts.text_engine):
            if engine is not None and engine.info.name not in found:
                notice = {"notice": engine.info.notice} if engine.info.notice else {}
                found[engine.info.name] = self._described(engine.info.name, "chat.completions") | notice
        return list(found.values())

    def _described(self, name: str, used_for: str) -> dict[str, Any]:
        return {
            "id": name,
            "object": "model",
            "created": self._started,
            "owned_by": OWN,
            "used_for": used_for,
        }
