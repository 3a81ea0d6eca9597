"""Models over HTTP: what hears, answers and sees now, what else is here, and using or downloading it.

The page chooses from a list that the server has made and names an entry by its id: no address and no path
comes from a client. Every request carries the session's own token. Changes are for those who may change this
machine.
"""

import asyncio
import json
import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, assert_never
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant import weights
from assistant.addresses import is_loopback
from assistant.components.choosing import Choice, FromBundle, FromServer, Nothing, why_nothing
from assistant.components.components import Components
from assistant.components.opening import MEDASR_BUNDLE, MEDGEMMA_BUNDLE, models_dir, open_choice
from assistant.config import Settings
from assistant.engines.base import Engine
from assistant.engines.counted import Counted
from assistant.engines.local_servers import NAMES, LocalServer, find, is_medgemma, shown
from assistant.errors import AssistantError, BadInput, Denied, Missing
from assistant.server.owner import live
from assistant.server.reports import answered
from assistant.server.rights import known
from assistant.session.runner import SessionRunner

log = logging.getLogger(__name__)

PULLED_HERE = (MEDGEMMA_BUNDLE, MEDASR_BUNDLE)
"""The bundles that the page offers to download."""
DRAIN_S = 120.0
"""The longest time that answers of the engine before may still run after a change; then they are stopped."""
LONGEST_BODY_BYTES = 1000
Where = Literal["in this program", "on this machine", "on another machine"]
Phase = Literal["idle", "running", "stopped", "failed", "done"]


class _Stopped(Exception):
    """The person has stopped the download."""


@dataclass(slots=True)
class Download:
    """The latest download. Written by its thread, read by the event loop."""

    name: str = ""
    phase: Phase = "idle"
    done: int = 0
    total: int = 0
    code: str = ""
    message: str = ""
    stop: bool = False


class ModelsDialog:
    """For the page's dialog, one per server: the offers, the one download, and the one change at a time."""

    def __init__(
        self,
        settings: Settings,
        components: Components,
        runners: Callable[[], list[SessionRunner]],
        *,
        shared: bool,
    ) -> None:
        """``shared``: those who reach the server, also from this machine, need not be those who run it."""
        self._settings, self._components, self._runners = settings, components, runners
        self._shared = shared or not is_loopback(settings.host)
        self._directory = models_dir(settings)
        self._offers: dict[str, Choice] = {}
        self._ids: dict[Choice, str] = {}
        self._looked: dict[str, tuple[object, Path | None]] = {}  # a bundle's files, and what they were
        self._changing = asyncio.Lock()
        self._old: set[asyncio.Task[None]] = set()
        self.download = Download()

    def routes(self) -> list[Route]:
        """Below ``/v1/sessions/ID``."""
        path = "/models"
        return [
            Route(path, answered(self.show)),
            Route(f"{path}/use", answered(self.use), methods=["POST"]),
            Route(f"{path}/pull", answered(self.pull), methods=["POST"]),
            Route(f"{path}/stop", answered(self.stop), methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """GET: the models in use, the offers, and the download."""
        live(request)
        state = await self._state()
        state["may_change"] = self.may_change and "change_models" in known(request.scope).rights
        return JSONResponse(state)

    async def use(self, request: Request) -> Response:
        """POST ``{"id": …}`` of an offer: answer with it from now on, in all sessions."""
        fields = await self._allowed(request)
        await self._use(str(fields.get("id", "")))
        return JSONResponse(await self._state())

    async def pull(self, request: Request) -> Response:
        """POST ``{"name": …, "accept_terms": true}``: download, or go on with a download."""
        fields = await self._allowed(request)
        self._pull(str(fields.get("name", "")), accept=fields.get("accept_terms") is True)
        return JSONResponse(await self._state())

    async def stop(self, request: Request) -> Response:
        """POST: stop the download. What came is kept."""
        await self._allowed(request)
        self.download.stop = True
        return JSONResponse(await self._state())

    async def close(self) -> None:
        """Stop the download, and end what still runs of earlier engines."""
        self.download.stop = True
        for task in list(self._old):
            task.cancel()
        await asyncio.gather(*self._old, return_exceptions=True)

    # --- who may ---

    @property
    def may_change(self) -> bool:
        return self._settings.models_from_page or not self._shared

    async def _allowed(self, request: Request) -> Mapping[str, Any]:
        """The fields of a request that changes something. Raises ``Denied`` and ``BadInput``."""
        live(request)
        if not self.may_change:
            raise Denied(
                "This server is shared, so its models are not changed from the page. See --models-from-page.",
                code="models_locked",
            )
        body = b""
        async for block in request.stream():
            body += block
            if len(body) > LONGEST_BODY_BYTES:
                raise BadInput("The request is too long.", code="request_invalid")
        try:
            fields = json.loads(body or b"{}")
        except (ValueError, RecursionError):  # not JSON, or nested too deeply
            fields = None
        if not isinstance(fields, dict):
            raise BadInput("The request is not a JSON object.", code="request_invalid")
        return fields

    # --- what is there ---

    async def _state(self) -> dict[str, Any]:
        servers = await find(without=(self._settings.port,))
        here = await asyncio.to_thread(self._bundles_here)
        self._offer(servers, here.get(MEDGEMMA_BUNDLE))
        engine = self._components.engine.info
        download = self.download
        return {
            "may_change": self.may_change,
            "hears": {
                "name": self._components.model.name,
                "where": "in this program",
                "licence": _licence(self._components.model.name),
            },
            "answers": {
                "name": engine.name,
                "where": self._where(),
                "licence": self._engine_licence(),
                "declines": engine.declines,
                "sees_images": engine.sees_images,
                "why": engine.why,
            },
            "offers": [self._offered(each) for each in self._offers.items()],
            "locked": [server.shown for server in servers if server.state == "needs_key"],
            "none_because": why_nothing(servers) if not self._offers else "",
            "bundles": [self._bundle(name, here.get(name) is not None) for name in PULLED_HERE],
            "download": {
                "name": download.name,
                "phase": download.phase,
                "done": download.done,
                "total": download.total,
                "code": download.code,
                "message": download.message,
            },
        }

    def _bundles_here(self) -> dict[str, Path]:
        found = {}
        for name in PULLED_HERE:
            if (state := weights.state_of(name, self._directory)) != self._looked.get(name, (None, None))[0]:
                try:
                    folder = weights.resolve(name, self._directory)
                except AssistantError:
                    folder = None
                self._looked[name] = state, folder
            if here := self._looked[name][1]:
                found[name] = here
        return found

    def _offer(self, servers: tuple[LocalServer, ...], folder: Path | None) -> None:
        """Make the list anew; what was offered before keeps its id."""
        choices: list[Choice] = [FromBundle(folder, "Chosen on the page.")] if folder else []
        by_medgemma = sorted(
            ((server, model) for server in servers for model in server.models),
            key=lambda each: not is_medgemma(each[1]),
        )
        choices += [FromServer(server, model, "Chosen on the page.") for server, model in by_medgemma]
        for choice in choices:
            self._ids.setdefault(choice, secrets.token_urlsafe(8))
        self._offers = {self._ids[choice]: choice for choice in choices}

    def _offered(self, offer: tuple[str, Choice]) -> dict[str, Any]:
        offer_id, choice = offer
        engine = self._components.engine.info
        match choice:
            case FromBundle(folder, _):
                names = {file.stem for file in folder.glob("*.gguf")}
                in_use = not engine.address and engine.name in names
                title, where, medgemma = "MedGemma 1.5 4B", "in this program", True
            case FromServer(server, model, _):
                in_use = (engine.address, engine.name) == (server.address, model)
                title, where = shown(model), f"{NAMES[server.program]}, port {server.port}"
                medgemma = is_medgemma(model)
            case Nothing():
                raise AssertionError("nothing is no offer")
            case _:
                assert_never(choice)
        return {"id": offer_id, "in_use": in_use, "title": title, "where": where, "medgemma": medgemma}

    def _bundle(self, name: str, here: bool) -> dict[str, Any]:
        bundle = weights.load_manifest(name)
        terms = bundle.terms
        return {
            "name": name,
            "purpose": bundle.purpose,
            "licence": bundle.licence,
            "home": bundle.source.home,
            "size": bundle.size,
            "here": here,
            "begun": (self._directory / f".{name}.partial").is_dir(),
            "accepted": weights.accepted(bundle, self._directory),
            "terms": terms.model_dump() if terms else None,
        }

    def _where(self) -> Where:
        address = self._components.engine.info.address
        if not address:
            return "in this program"
        host = urlsplit(address).hostname or ""
        return "on this machine" if is_loopback(host) else "on another machine"

    def _engine_licence(self) -> str:
        info = self._components.engine.info
        if info.declines:
            return "Part of this program"
        if is_medgemma(info.name):
            return _licence(MEDGEMMA_BUNDLE)
        return "See the model's own licence"

    # --- changes ---

    async def _use(self, offer_id: str) -> None:
        """Raises ``BadInput`` (``offer_unknown``, ``change_running``, ``microphone_on``) and what loading
        raises. One change at a time; the engine before goes on with its running answers."""
        choice = self._offers.get(offer_id)
        if choice is None:
            raise BadInput("This model is not offered any more. Look again.", code="offer_unknown")
        if self._changing.locked():
            raise BadInput("Another change of the model is running. Wait for it.", code="change_running")
        async with self._changing:
            if isinstance(choice, FromBundle) and any(runner.listens for runner in self._runners()):
                raise BadInput(
                    "Loading a model into this program stops everything for some seconds, and words would be "
                    "lost. Stop the microphone first, in every session.",
                    code="microphone_on",
                )
            engine = Counted(open_choice(choice, self._settings))
            self._components.loading = isinstance(choice, FromBundle)
            try:
                await engine.load()
            except BaseException:
                await engine.close()
                raise
            finally:
                self._components.loading = False
            old, self._components.engine = self._components.engine, engine
            log.info("answers from now on: %s", type(choice).__name__)
            running = [task for runner in self._runners() for task in runner.use_engine(engine.info)]
            ending = asyncio.create_task(self._end(old, frozenset(running)), name="end-engine")
            self._old.add(ending)
            ending.add_done_callback(self._old.discard)

    async def _end(self, old: Engine, running: frozenset["asyncio.Task[None]"]) -> None:
        """Close the engine before once its answers have ended; those that take too long are stopped, and say
        so."""
        try:
            if isinstance(old, Counted) and not await old.idle(DRAIN_S):
                for runner in self._runners():
                    runner.stop_answers(running)
                await old.idle(1)
        finally:
            await old.close()

    def _pull(self, name: str, *, accept: bool) -> None:
        if name not in PULLED_HERE:
            raise BadInput("This model is not offered for download.", code="model_unknown")
        if self.download.phase == "running":
            raise BadInput("A download is running. Stop it first.", code="download_running")
        bundle = weights.load_manifest(name)
        if not weights.accepted(bundle, self._directory):
            if not accept:
                raise BadInput("Accept the terms of use first.", code="terms_not_accepted")
            try:
                weights.accept(bundle, self._directory)
            except OSError:
                raise Missing(
                    "The folder of the models cannot be written.", code="models_dir_not_writable"
                ) from None
        self.download = Download(name, "running", total=bundle.size)
        # A daemon: a download that waits for the network does not hold up the end of the server.
        threading.Thread(target=self._fetch, args=(bundle, self.download), daemon=True, name="pull").start()

    def _fetch(self, bundle: weights.ModelBundle, download: Download) -> None:
        """On its own thread. Never raises."""
        before: dict[str, int] = {}
        total = 0
        for file in bundle.files:
            before[file.path] = total
            total += file.size

        def progress(name: str, done: int, size: int) -> None:
            if download.stop:
                raise _Stopped
            if name in before:
                download.done = before[name] + done
            else:
                download.done, download.total = done, size

        try:
            weights.pull(bundle, self._directory, progress)
            download.done, download.phase = download.total, "done"
        except _Stopped:
            download.phase = "stopped"
        except AssistantError as error:
            log.warning("download of %s failed: %s", bundle.name, error.code)
            download.code, download.message, download.phase = error.code, error.message, "failed"
        except Exception as error:  # a bug must be told, too
            log.error("download of %s failed by a bug", bundle.name, exc_info=error)
            download.code, download.message = "internal", "The download failed. Try again."
            download.phase = "failed"


def _licence(name: str) -> str:
    """The licence of a bundle; of anything else it is not known here."""
    try:
        return weights.load_manifest(name).licence
    except BadInput:
        return "See its own card"
