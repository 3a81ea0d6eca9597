"""The engine behind ``--engine auto``: the MedGemma that is here, else one that a server on this machine
lists, else the stand-in, which declines medical questions."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from assistant import weights
from assistant.engines.local_servers import LocalServer, best_medgemma, find_now, shown
from assistant.errors import Missing

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FromBundle:
    """MedGemma out of its files in ``folder``."""

    folder: Path
    why: str


@dataclass(frozen=True, slots=True)
class FromServer:
    """MedGemma by ``model``, the name under which ``server`` lists it."""

    server: LocalServer
    model: str
    why: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """No MedGemma: the stand-in answers."""

    why: str


Choice = FromBundle | FromServer | Nothing


def choose(bundle: str, directory: Path, *, without: Iterable[int] = ()) -> Choice:
    """``bundle``: the name of MedGemma's files, looked for in ``directory``. ``without``: ports that are not
    asked. Servers are asked only if the files are not there. Raises ``Missing`` (``model_hash_mismatch``) for
    files that are not what they should be."""
    choice = _choice(bundle, directory, without)
    match choice:
        case FromBundle(_, why) | FromServer(_, _, why):
            log.info("answers: %s", why)
        case Nothing(why):
            log.info("no medical model answers: %s", why)
        case _:
            assert_never(choice)
    return choice


def _choice(bundle: str, directory: Path, without: Iterable[int]) -> Choice:
    try:
        folder = weights.resolve(bundle, directory)
    except Missing as error:
        if error.code != "model_missing":
            raise
    else:
        return FromBundle(folder, "MedGemma is downloaded here.")
    servers = find_now(without=without)
    for server in servers:
        if model := best_medgemma(server.models):
            return FromServer(server, model, f"The server at {server.shown} lists {shown(model)}.")
    return Nothing(why_nothing(servers))


def why_nothing(servers: Iterable[LocalServer]) -> str:
    """Why no server's model is taken, in a sentence for people. It names programs and ports, no models: what
    they are called is their owner's business."""
    servers = tuple(servers)
    locked = [server.shown for server in servers if server.state == "needs_key"]
    others = [server.shown for server in servers if server.state == "lists"]
    said = ["MedGemma is not downloaded here"]
    if others:
        said.append(f"no MedGemma is listed at {' or '.join(others)}")
    if locked:
        said.append(f"the server at {' and '.join(locked)} wants a key (--engine openai, --engine-key-file)")
    if not servers:
        said.append("no model server was found on this machine")
    return f"{', and '.join([', '.join(said[:-1]), said[-1]]) if len(said) > 1 else said[0]}."
